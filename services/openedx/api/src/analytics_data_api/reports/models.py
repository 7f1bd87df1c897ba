"""The tables of the ``reports`` database, one model a table.

The pipeline's publisher fills them through the database's own driver, without Django; here they
are declared, migrated and read. Datetimes are UTC, dates are UTC dates, intervals are left-closed
and right-open.

A unique key also serves as the index for its leading columns, so that queries by course, and by
course and date, need no index of their own. Where a column of it may be NULL, both SQLite and
MySQL hold NULLs for different: one row for "unknown" is then the publisher's duty.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models

if TYPE_CHECKING:
    from datetime import date, datetime


class PublishedModel(models.Model):
    """What all tables have in common."""

    created = models.DateTimeField(db_comment="when the row was published")

    class Meta:
        abstract = True


class CourseModel(PublishedModel):
    """A table about courses."""

    course_id = models.CharField(max_length=255, db_comment="course key, in either form")

    class Meta:
        abstract = True


class CourseEnrollmentModel(CourseModel):
    """Learners of a course, day by day, in all or by one property of theirs."""

    date = models.DateField(db_comment="the day at whose end the learners are counted")
    count = models.IntegerField(db_comment="learners enrolled at the end of the day")
    cumulative_count = models.IntegerField(
        db_comment="distinct learners ever enrolled up to the end of the day"
    )

    class Meta:
        abstract = True
        get_latest_by = "date"


class CourseEnrollmentDaily(CourseEnrollmentModel):
    """Learners of a course on each day."""

    class Meta(CourseEnrollmentModel.Meta):
        db_table = "course_enrollment_daily"
        ordering = ["date", "course_id"]
        constraints = [
            models.UniqueConstraint(
                fields=["course_id", "date"], name="course_enrollment_daily_key"
            )
        ]


class CourseEnrollmentModeDaily(CourseEnrollmentModel):
    """Learners of a course on each day by enrollment mode."""

    mode = models.CharField(max_length=255, db_comment="enrollment mode, such as audit or verified")

    class Meta(CourseEnrollmentModel.Meta):
        db_table = "course_enrollment_mode_daily"
        ordering = ["date", "course_id", "mode"]
        constraints = [
            models.UniqueConstraint(
                fields=["course_id", "date", "mode"], name="course_enrollment_mode_daily_key"
            )
        ]


class CourseEnrollmentGenderDaily(CourseEnrollmentModel):
    """Learners of a course on each day by gender."""

    gender = models.CharField(
        max_length=255, null=True, db_comment="f, m or o as in the profile; NULL: unknown"
    )

    class Meta(CourseEnrollmentModel.Meta):
        db_table = "course_enrollment_gender_daily"
        ordering = ["date", "course_id", "gender"]
        constraints = [
            models.UniqueConstraint(
                fields=["course_id", "date", "gender"], name="course_enrollment_gender_daily_key"
            )
        ]


class CourseEnrollmentBirthYearDaily(CourseEnrollmentModel):
    """Learners of a course on the last day by year of birth."""

    birth_year = models.IntegerField(null=True, db_comment="year of birth; NULL: unknown")

    class Meta(CourseEnrollmentModel.Meta):
        db_table = "course_enrollment_birth_year_daily"
        ordering = ["date", "course_id", "birth_year"]
        constraints = [
            models.UniqueConstraint(
                fields=["course_id", "date", "birth_year"],
                name="course_enrollment_birth_year_daily_key",
            )
        ]


class CourseEnrollmentEducationLevelDaily(CourseEnrollmentModel):
    """Learners of a course on the last day by level of education."""

    education_level = models.CharField(
        max_length=255, null=True, db_comment="highest level of education; NULL: unknown"
    )

    class Meta(CourseEnrollmentModel.Meta):
        db_table = "course_enrollment_education_level_daily"
        ordering = ["date", "course_id", "education_level"]
        constraints = [
            models.UniqueConstraint(
                fields=["course_id", "date", "education_level"],
                name="course_enrollment_education_level_daily_key",
            )
        ]


class CourseMetaSummaryEnrollment(CourseModel):
    """Each course with its learners of the last day by mode, and what the catalog says of it."""

    catalog_course_title = models.CharField(
        max_length=255, null=True, db_comment="title; NULL: not in the catalog"
    )
    catalog_course = models.CharField(
        max_length=255, null=True, db_comment="key of the course without its run"
    )
    start_time = models.DateTimeField(null=True, db_comment="when the course begins")
    end_time = models.DateTimeField(null=True, db_comment="when the course ends")
    pacing_type = models.CharField(
        max_length=255, null=True, db_comment="instructor_paced or self_paced"
    )
    availability = models.CharField(
        max_length=255, null=True, db_comment="state in the catalog, such as Current or Archived"
    )
    enrollment_mode = models.CharField(
        max_length=255, db_comment="enrollment mode, such as audit or verified"
    )
    count = models.IntegerField(db_comment="learners enrolled at the end of the last day")
    cumulative_count = models.IntegerField(db_comment="distinct learners ever enrolled")
    count_change_7_days = models.IntegerField(
        db_comment="count less the count of seven days earlier"
    )
    passing_users = models.IntegerField(db_comment="learners with a passing grade")

    class Meta:
        db_table = "course_meta_summary_enrollment"
        ordering = ["course_id", "enrollment_mode"]
        constraints = [
            models.UniqueConstraint(
                fields=["course_id", "enrollment_mode"], name="course_meta_summary_enrollment_key"
            )
        ]


class CourseActivity(CourseModel):
    """Learners of a course by what they did in each whole week."""

    interval_start = models.DateTimeField(db_comment="Monday on which the week begins")
    interval_end = models.DateTimeField(db_comment="the following Monday, exclusive")
    label = models.CharField(
        max_length=255,
        db_comment="the activity: ACTIVE, ATTEMPTED_PROBLEM, PLAYED_VIDEO or POSTED_FORUM",
    )
    count = models.IntegerField(db_comment="distinct learners with that activity")

    class Meta:
        db_table = "course_activity"
        ordering = ["interval_end", "course_id", "label"]
        get_latest_by = "interval_end"
        indexes = [
            models.Index(
                fields=["course_id", "label", "interval_end"], name="course_activity_label_week"
            )
        ]


class Video(CourseModel):
    """Each video of a course that was watched."""

    pipeline_video_id = models.CharField(
        max_length=255, db_comment="course_id|encoded_module_id: the video's id in both tables"
    )
    encoded_module_id = models.CharField(
        max_length=255, db_comment="usage key of the video block as the player writes it"
    )
    duration = models.IntegerField(db_comment="length of the video in seconds; -1: unknown")
    segment_length = models.IntegerField(db_comment="length of a segment in seconds")
    users_at_start = models.IntegerField(db_comment="distinct learners who watched the beginning")
    users_at_end = models.IntegerField(db_comment="distinct learners who watched near the end")
    total_viewed_seconds = models.IntegerField(db_comment="seconds watched by all, with repeats")

    class Meta:
        db_table = "video"
        ordering = ["pipeline_video_id"]
        indexes = [
            models.Index(fields=["course_id"], name="video_course"),
            models.Index(fields=["pipeline_video_id"], name="video_id"),
        ]


class VideoTimeline(PublishedModel):
    """Viewers of each segment of a video."""

    pipeline_video_id = models.CharField(max_length=255, db_comment="the video's id in table video")
    segment = models.IntegerField(db_comment="number of the segment, from 0")
    num_users = models.IntegerField(db_comment="distinct learners who watched the segment")
    num_views = models.IntegerField(db_comment="times that the segment was watched")

    class Meta:
        db_table = "video_timeline"
        ordering = ["pipeline_video_id", "segment"]
        indexes = [
            models.Index(fields=["pipeline_video_id", "segment"], name="video_timeline_segment")
        ]


class CourseEnrollmentLocationCurrent(CourseModel):
    """Learners of a course on the last day by country."""

    date = models.DateField(db_comment="the day at whose end the learners are counted")
    country_code = models.CharField(
        max_length=255,
        null=True,
        db_comment="ISO 3166-1 alpha-2, or UNKNOWN; NULL: no address is known",
    )
    count = models.IntegerField(db_comment="learners enrolled")
    cumulative_count = models.IntegerField(db_comment="learners ever enrolled")

    class Meta:
        db_table = "course_enrollment_location_current"
        ordering = ["date", "course_id", "country_code"]
        get_latest_by = "date"
        constraints = [
            models.UniqueConstraint(
                fields=["course_id", "date", "country_code"],
                name="course_enrollment_location_current_key",
            )
        ]


class CourseProgramMetadata(CourseModel):
    """The programs that each course is part of."""

    program_id = models.CharField(max_length=255, db_comment="the program's id in the catalog")
    program_type = models.CharField(
        max_length=255, null=True, db_comment="kind of program, such as MicroMasters"
    )
    program_title = models.CharField(max_length=255, null=True, db_comment="title")

    class Meta:
        db_table = "course_program_metadata"
        ordering = ["course_id", "program_id"]
        constraints = [
            models.UniqueConstraint(
                fields=["course_id", "program_id"], name="course_program_metadata_key"
            )
        ]


class CourseStructure(CourseModel):
    """The blocks that each course is made of."""

    block_id = models.CharField(max_length=255, db_comment="usage key of the block")
    block_type = models.CharField(
        max_length=255, db_comment="such as chapter, sequential, vertical, problem or video"
    )
    display_name = models.CharField(max_length=255, db_comment="title; empty: none")
    parent_id = models.CharField(
        max_length=255, null=True, db_comment="block that it is in; NULL: the course, or deleted"
    )
    section_id = models.CharField(
        max_length=255, null=True, db_comment="section (chapter) that it is, or is in"
    )
    subsection_id = models.CharField(
        max_length=255, null=True, db_comment="subsection (sequential) that it is, or is in"
    )
    unit_id = models.CharField(
        max_length=255, null=True, db_comment="unit (vertical) that it is, or is in"
    )
    position = models.IntegerField(
        null=True, db_comment="place in the course, read from top to bottom; NULL: deleted"
    )
    graded = models.BooleanField(db_comment="whether it counts towards the grade")
    assignment_type = models.CharField(
        max_length=255, null=True, db_comment="kind of assignment that it is part of"
    )

    class Meta:
        db_table = "course_structure"
        ordering = ["course_id", "position", "block_id"]
        constraints = [
            models.UniqueConstraint(fields=["course_id", "block_id"], name="course_structure_key")
        ]
        # To find the courses themselves, which come first in each.
        indexes = [models.Index(fields=["position", "course_id"], name="course_structure_place")]


class ModuleModel(CourseModel):
    """A table about blocks of courses."""

    module_id = models.CharField(max_length=255, db_comment="usage key of the block")

    class Meta:
        abstract = True


class AnswerDistribution(ModuleModel):
    """How often each answer was given to each part of a problem."""

    part_id = models.CharField(max_length=255, db_comment="id of the part that was answered")
    correct = models.BooleanField(
        null=True, db_comment="whether the answer is right; NULL: unknown"
    )
    first_response_count = models.IntegerField(db_comment="learners whose first answer it was")
    last_response_count = models.IntegerField(db_comment="learners whose latest answer it is")
    value_id = models.CharField(
        max_length=255, null=True, db_comment="id of the choice; NULL: not a choice"
    )
    answer_value_text = models.TextField(db_comment="the answer as learners see it")
    variant = models.IntegerField(null=True, db_comment="seed of a randomised problem")
    problem_display_name = models.TextField(db_comment="the problem's title")
    question_text = models.TextField(db_comment="the question as learners see it")

    class Meta:
        db_table = "answer_distribution"
        ordering = ["course_id", "module_id", "part_id", "id"]
        indexes = [
            models.Index(fields=["course_id", "module_id"], name="answer_distribution_course"),
            models.Index(fields=["course_id", "part_id"], name="answer_distribution_part"),
            models.Index(fields=["module_id", "part_id"], name="answer_distribution_module"),
        ]


class GradeDistribution(ModuleModel):
    """Learners by their points in each block that they were graded in."""

    grade = models.FloatField(db_comment="points")
    max_grade = models.FloatField(null=True, db_comment="points that can be had; NULL: unknown")
    count = models.IntegerField(db_comment="learners")

    class Meta:
        db_table = "grade_distribution"
        ordering = ["course_id", "module_id", "max_grade", "grade"]
        indexes = [
            models.Index(fields=["course_id", "module_id"], name="grade_distribution_course"),
            models.Index(fields=["module_id"], name="grade_distribution_module"),
        ]


class SequentialOpenDistribution(ModuleModel):
    """Learners who opened each subsection."""

    count = models.IntegerField(db_comment="learners")

    class Meta:
        db_table = "sequential_open_distribution"
        ordering = ["course_id", "module_id"]
        indexes = [
            models.Index(fields=["course_id", "module_id"], name="sequential_open_course"),
            models.Index(fields=["module_id"], name="sequential_open_module"),
        ]


class TagsDistribution(ModuleModel):
    """Submissions to the problems with a tag."""

    org_id = models.CharField(max_length=255, db_comment="organisation that runs the course")
    tag_name = models.CharField(max_length=255, db_comment="kind of tag, such as difficulty")
    tag_value = models.CharField(max_length=255, db_comment="the tag, such as easy")
    total_submissions = models.IntegerField(db_comment="submissions to the problem")
    correct_submissions = models.IntegerField(db_comment="those that were right")

    class Meta:
        db_table = "tags_distribution"
        ordering = ["course_id", "module_id", "tag_name", "tag_value"]
        indexes = [
            models.Index(fields=["course_id", "module_id"], name="tags_distribution_course"),
        ]


class ModuleEngagement(CourseModel):
    """How often a learner did what with which block on which day."""

    username = models.CharField(max_length=255, db_comment="the learner's name in the LMS")
    date = models.DateField(db_comment="UTC date")
    entity_type = models.CharField(max_length=255, db_comment="video, problem or discussion")
    entity_id = models.CharField(max_length=255, db_comment="the block's id, or the discussion's")
    event = models.CharField(
        max_length=255, db_comment="viewed, attempted, completed or contributed"
    )
    count = models.IntegerField(db_comment="how often")

    class Meta:
        db_table = "module_engagement"
        ordering = ["course_id", "username", "date", "entity_type", "entity_id", "event"]
        indexes = [
            models.Index(fields=["course_id", "username", "date"], name="module_engagement_learner")
        ]


class EnterpriseLearner(PublishedModel):
    """The learners of each enterprise customer."""

    enterprise_customer_id = models.CharField(
        max_length=255, db_comment="the customer's UUID: lower case, with hyphens"
    )
    username = models.CharField(max_length=255, db_comment="the learner's name in the LMS")

    class Meta:
        db_table = "enterprise_learner"
        ordering = ["enterprise_customer_id", "username"]
        constraints = [
            models.UniqueConstraint(
                fields=["enterprise_customer_id", "username"], name="enterprise_learner_key"
            )
        ]


class ModuleEngagementMetricRanges(CourseModel):
    """Which values of a measure are low, normal and high among a course's active learners."""

    start_date = models.DateField(db_comment="first day of the week that was looked at")
    end_date = models.DateField(db_comment="day after its last, exclusive")
    metric = models.CharField(max_length=255, db_comment="the measure")
    range_type = models.CharField(max_length=255, db_comment="low, normal or high")
    high_value = models.FloatField(null=True, db_comment="upper bound; NULL: none")
    low_value = models.FloatField(null=True, db_comment="lower bound; NULL: none")

    class Meta:
        db_table = "module_engagement_metric_ranges"
        ordering = ["course_id", "metric", "range_type"]
        indexes = [
            models.Index(fields=["course_id", "metric"], name="module_engagement_ranges_key")
        ]


class LearnerRoster(CourseModel):
    """Each learner enrolled in a course, with what they did in the last week."""

    username = models.CharField(max_length=255, db_comment="the learner's name in the LMS")
    user_id = models.BigIntegerField(db_comment="the LMS's number of the learner")
    name = models.TextField(null=True, db_comment="full name")
    email = models.TextField(null=True, db_comment="e-mail address")
    location = models.TextField(null=True, db_comment="where the learner is, in own words")
    language = models.TextField(null=True, db_comment="language, in own words")
    year_of_birth = models.IntegerField(null=True, db_comment="NULL: not given")
    gender = models.TextField(null=True, db_comment="as the learner gave it")
    level_of_education = models.TextField(null=True, db_comment="the LMS's code")
    mailing_address = models.TextField(null=True, db_comment="postal address")
    city = models.TextField(null=True, db_comment="city")
    country = models.TextField(null=True, db_comment="code of a country")
    goals = models.TextField(null=True, db_comment="why the learner is here, in own words")
    cohort = models.CharField(max_length=255, null=True, db_comment="NULL: in none")
    enrollment_mode = models.CharField(max_length=255, null=True, db_comment="enrollment mode")
    enrollment_date = models.DateField(null=True, db_comment="when the learner enrolled")
    start_date = models.DateField(db_comment="first day of the week that was looked at")
    end_date = models.DateField(db_comment="day after its last, exclusive")
    problem_attempts = models.IntegerField(db_comment="submissions")
    problems_attempted = models.IntegerField(db_comment="problems tried")
    problems_completed = models.IntegerField(db_comment="problems solved")
    problem_attempts_per_completed = models.FloatField(
        null=True, db_comment="submissions for each problem solved; NULL: without bound"
    )
    attempt_ratio_order = models.IntegerField(
        db_comment="sorts learners by that ratio and their attempts"
    )
    videos_viewed = models.IntegerField(db_comment="videos played")
    discussion_contributions = models.IntegerField(db_comment="posts, responses and comments")
    segments = models.CharField(
        max_length=255, null=True, db_comment="kinds of learner, such as struggling"
    )

    class Meta:
        db_table = "learner_roster"
        ordering = ["course_id", "username"]
        constraints = [
            models.UniqueConstraint(fields=["course_id", "username"], name="learner_roster_key")
        ]


class StudentEngagementModel(CourseModel):
    """What each learner did in a course in a period."""

    end_date = models.DateField(db_comment="the period's last day")
    username = models.CharField(max_length=255, db_comment="the learner's name in the LMS")
    days_active = models.IntegerField(db_comment="days with an event")
    problems_attempted = models.IntegerField(db_comment="problems tried")
    problem_attempts = models.IntegerField(db_comment="submissions")
    problems_correct = models.IntegerField(db_comment="problems solved")
    videos_played = models.IntegerField(db_comment="videos played")
    forum_posts = models.IntegerField(db_comment="discussions begun")
    forum_responses = models.IntegerField(db_comment="responses written")
    forum_comments = models.IntegerField(db_comment="comments written")
    forum_upvotes_given = models.IntegerField(db_comment="votes up given")
    forum_downvotes_given = models.IntegerField(db_comment="votes down given")
    forum_upvotes_received = models.IntegerField(db_comment="votes up received")
    forum_downvotes_received = models.IntegerField(db_comment="votes down received")
    textbook_pages_viewed = models.IntegerField(db_comment="pages of textbooks viewed")
    last_subsection_viewed = models.TextField(db_comment="URL of the last one; empty: none")

    class Meta:
        abstract = True


class StudentEngagementDaily(StudentEngagementModel):
    """What each learner did in a course on each day."""

    class Meta:
        db_table = "student_engagement_daily"
        ordering = ["end_date", "course_id", "username"]
        constraints = [
            models.UniqueConstraint(
                fields=["course_id", "end_date", "username"], name="student_engagement_daily_key"
            )
        ]


class StudentEngagementWeekly(StudentEngagementModel):
    """What each learner did in a course in each week, counted back from the interval's end."""

    class Meta:
        db_table = "student_engagement_weekly"
        ordering = ["end_date", "course_id", "username"]
        constraints = [
            models.UniqueConstraint(
                fields=["course_id", "end_date", "username"], name="student_engagement_weekly_key"
            )
        ]


class PipelineRun(PublishedModel):
    """Each run of the pipeline: what it read, what it published, how it ended."""

    class Status(models.TextChoices):
        """How a run ended."""

        SUCCEEDED = "succeeded"
        FAILED = "failed"

    run_id = models.CharField(max_length=64, unique=True, db_comment="the run's own id")
    sequence = models.BigIntegerField(
        db_comment="the warehouse's run counter, higher for a later state of its tables"
    )
    warehouse_id = models.CharField(max_length=255, db_comment="warehouse whose tables were read")
    status = models.CharField(
        max_length=255, choices=Status.choices, db_comment="succeeded or failed"
    )
    error = models.TextField(null=True, db_comment="why the run failed; NULL: it did not")
    started = models.DateTimeField(db_comment="when the run began")
    ended = models.DateTimeField(db_comment="when the run ended")
    interval_start = models.DateField(null=True, db_comment="first day of the interval")
    interval_end = models.DateField(
        null=True, db_comment="day after the interval's last, exclusive"
    )
    newest_event = models.DateField(
        null=True, db_comment="day of the latest event, inside the interval or not"
    )
    engine = models.CharField(max_length=255, db_comment="duckdb or spark")
    version = models.CharField(max_length=255, db_comment="version of the pipeline")
    files = models.IntegerField(db_comment="log files read")
    bytes = models.BigIntegerField(db_comment="bytes of log read")
    lines = models.BigIntegerField(db_comment="lines read: events and rejected lines")
    events = models.BigIntegerField(db_comment="lines that became events")
    rejected = models.BigIntegerField(db_comment="lines that did not become events")
    late_events = models.BigIntegerField(db_comment="events of days that an earlier run covered")
    rejects_by_reason = models.JSONField(default=dict, db_comment="reason: rejected lines")
    rows_by_table = models.JSONField(default=dict, db_comment="table: rows in it after the run")
    seconds_by_step = models.JSONField(default=dict, db_comment="step: seconds it took")
    notes = models.JSONField(default=list, db_comment="remarks for the operator, a list of strings")

    class Meta:
        db_table = "pipeline_run"
        ordering = ["-started", "-id"]
        get_latest_by = "started"

    @property
    def whole_end(self) -> date | None:
        """The day after the interval's last one that was over when the run began."""
        return whole_end(self.interval_end, self.started)


def whole_end(interval_end: date | None, started: datetime) -> date | None:
    """The same of a run of which just these two are known."""
    return interval_end and min(interval_end, started.date())
