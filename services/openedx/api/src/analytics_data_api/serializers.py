"""The members of each answer, in their order, which is also that of the columns of its CSV."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urljoin

from django.conf import settings
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from analytics_data_api.answers import plain
from analytics_data_api.reports import models

if TYPE_CHECKING:
    from collections.abc import Sequence


class ErrorSerializer(serializers.Serializer):
    """What is wrong with a request, or with the server."""

    error_code = serializers.CharField(help_text="for programs; does not change")
    developer_message = serializers.CharField(help_text="what is wrong, and what to do")


STATES = ("OK", "UNAVAILABLE")


class HealthDetailSerializer(serializers.Serializer):
    """The state of each part."""

    database_connection = serializers.ChoiceField(STATES)


class HealthSerializer(serializers.Serializer):
    """Whether reports can be served."""

    overall_status = serializers.ChoiceField(STATES)
    detailed_status = HealthDetailSerializer()


class ChosenFields:
    """A serializer that may be asked for some of its fields only, in an order of one's own."""

    def __init__(self, *args: Any, only: Sequence[str] = (), **kwargs: Any) -> None:
        """Take the names of the fields; without any, all are serialized."""
        self._only = only
        super().__init__(*args, **kwargs)

    def get_fields(self) -> dict[str, serializers.Field]:
        """The fields that were asked for."""
        fields: dict[str, serializers.Field] = super().get_fields()  # type: ignore[misc]
        return {name: fields[name] for name in self._only or fields}


class CourseActivitySerializer(ChosenFields, serializers.Serializer):
    """A week of a course: learners by what they did."""

    interval_start = serializers.DateTimeField()
    interval_end = serializers.DateTimeField()
    course_id = serializers.CharField()
    any = serializers.IntegerField()
    attempted_problem = serializers.IntegerField()
    played_video = serializers.IntegerField()
    posted_forum = serializers.IntegerField()
    created = serializers.DateTimeField()


class RecentActivitySerializer(ChosenFields, serializers.Serializer):
    """A course's latest week: learners with one kind of activity."""

    interval_start = serializers.DateTimeField()
    interval_end = serializers.DateTimeField()
    activity_type = serializers.CharField()
    count = serializers.IntegerField()
    course_id = serializers.CharField()


class CourseEnrollmentSerializer(ChosenFields, serializers.ModelSerializer):
    """A day of a course: learners enrolled at its end."""

    class Meta:
        model = models.CourseEnrollmentDaily
        fields = ("course_id", "date", "count", "created")


class CourseEnrollmentByModeSerializer(ChosenFields, serializers.Serializer):
    """A day of a course: learners enrolled at its end by enrollment mode."""

    course_id = serializers.CharField()
    date = serializers.DateField()
    count = serializers.IntegerField()
    cumulative_count = serializers.IntegerField()
    created = serializers.DateTimeField()
    audit = serializers.IntegerField()
    credit = serializers.IntegerField()
    honor = serializers.IntegerField()
    masters = serializers.IntegerField()
    professional = serializers.IntegerField()
    verified = serializers.IntegerField()


class CourseEnrollmentByBirthYearSerializer(ChosenFields, serializers.ModelSerializer):
    """A day of a course: learners of one year of birth, which may be unknown."""

    class Meta:
        model = models.CourseEnrollmentBirthYearDaily
        fields = ("course_id", "date", "birth_year", "count", "created")


class CourseEnrollmentByEducationSerializer(ChosenFields, serializers.ModelSerializer):
    """A day of a course: learners of one level of education, which may be unknown."""

    class Meta:
        model = models.CourseEnrollmentEducationLevelDaily
        fields = ("course_id", "date", "education_level", "count", "created")


class CourseEnrollmentByGenderSerializer(ChosenFields, serializers.Serializer):
    """A day of a course: learners by gender."""

    course_id = serializers.CharField()
    date = serializers.DateField()
    female = serializers.IntegerField()
    male = serializers.IntegerField()
    other = serializers.IntegerField()
    unknown = serializers.IntegerField()
    created = serializers.DateTimeField()


class CountrySerializer(serializers.Serializer):
    """A country; without codes if it is unknown."""

    alpha2 = serializers.CharField(allow_null=True)
    alpha3 = serializers.CharField(allow_null=True)
    name = serializers.CharField()


class CourseEnrollmentByLocationSerializer(ChosenFields, serializers.Serializer):
    """A day of a course: learners of one country, which may be unknown."""

    date = serializers.DateField()
    course_id = serializers.CharField()
    country = CountrySerializer()
    count = serializers.IntegerField()
    created = serializers.DateTimeField()


class CourseStructureSerializer(ChosenFields, serializers.ModelSerializer):
    """A block of a course, and where in it that is."""

    class Meta:
        model = models.CourseStructure
        fields = (
            "block_id",
            "block_type",
            "display_name",
            "parent_id",
            "section_id",
            "subsection_id",
            "unit_id",
            "position",
            "graded",
            "assignment_type",
            "created",
        )


class ProblemSerializer(ChosenFields, serializers.Serializer):
    """A problem of a course: submissions to it, by their latest answers."""

    module_id = serializers.CharField()
    total_submissions = serializers.IntegerField()
    correct_submissions = serializers.IntegerField()
    part_ids = serializers.ListField(child=serializers.CharField())
    created = serializers.DateTimeField()


class ProblemAndTagsSerializer(ChosenFields, serializers.Serializer):
    """A problem of a course with the values of each of its tags."""

    module_id = serializers.CharField()
    total_submissions = serializers.IntegerField()
    correct_submissions = serializers.IntegerField()
    tags = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))
    created = serializers.DateTimeField()


class PlainAnswerField(serializers.CharField):
    """An answer without its markup."""

    def to_representation(self, value: str) -> str | None:
        """The answer as text."""
        return plain(value)


class AnswerDistributionSerializer(ChosenFields, serializers.ModelSerializer):
    """An answer to a part of a problem: for how many it was the first one, and the latest one."""

    value_id = PlainAnswerField(allow_null=True)
    answer_value = PlainAnswerField(source="answer_value_text")
    consolidated_variant = serializers.BooleanField()

    class Meta:
        model = models.AnswerDistribution
        fields = (
            "course_id",
            "module_id",
            "part_id",
            "correct",
            "value_id",
            "answer_value",
            "problem_display_name",
            "question_text",
            "variant",
            "created",
            "first_response_count",
            "last_response_count",
            "consolidated_variant",
        )


class GradeDistributionSerializer(ChosenFields, serializers.ModelSerializer):
    """Learners with a number of points in a problem."""

    class Meta:
        model = models.GradeDistribution
        fields = ("module_id", "course_id", "grade", "max_grade", "count", "created")


class SequentialOpenDistributionSerializer(ChosenFields, serializers.ModelSerializer):
    """Learners who opened a subsection."""

    class Meta:
        model = models.SequentialOpenDistribution
        fields = ("module_id", "course_id", "count", "created")


class UserEngagementSerializer(ChosenFields, serializers.Serializer):
    """What a learner did in a course: since it began, and in the last week."""

    username = serializers.CharField()
    videos_overall = serializers.IntegerField()
    videos_last_week = serializers.IntegerField()
    problems_overall = serializers.IntegerField()
    problems_last_week = serializers.IntegerField()
    correct_problems_overall = serializers.IntegerField()
    correct_problems_last_week = serializers.IntegerField()
    problems_attempts_overall = serializers.IntegerField()
    problems_attempts_last_week = serializers.IntegerField()
    forum_posts_overall = serializers.IntegerField()
    forum_posts_last_week = serializers.IntegerField()
    date_last_active = serializers.DateField()


class EnterpriseEngagementSerializer(ChosenFields, serializers.ModelSerializer):
    """What a learner did with a block of a course on a day."""

    class Meta:
        model = models.ModuleEngagement
        fields = (
            *("id", "course_id", "created", "username"),
            *("date", "entity_type", "entity_id", "event", "count"),
        )


class EngagementsSerializer(serializers.Serializer):
    """What a learner did in the last week."""

    discussion_contributions = serializers.IntegerField()
    problems_attempted = serializers.IntegerField()
    problems_completed = serializers.IntegerField()
    videos_viewed = serializers.IntegerField()
    problem_attempts_per_completed = serializers.FloatField(allow_null=True)


class LearnerSerializer(ChosenFields, serializers.Serializer):
    """A learner of a course: who it is, and what the learner did in the last week."""

    user_id = serializers.IntegerField()
    username = serializers.CharField()
    enrollment_mode = serializers.CharField(allow_null=True)
    name = serializers.CharField(allow_null=True)
    account_url = serializers.SerializerMethodField()
    email = serializers.CharField(allow_null=True)
    language = serializers.CharField(allow_null=True)
    location = serializers.CharField(allow_null=True)
    year_of_birth = serializers.IntegerField(allow_null=True)
    level_of_education = serializers.CharField(allow_null=True)
    gender = serializers.CharField(allow_null=True)
    mailing_address = serializers.CharField(allow_null=True)
    city = serializers.CharField(allow_null=True)
    country = serializers.CharField(allow_null=True)
    goals = serializers.CharField(allow_null=True)
    segments = serializers.ListField(child=serializers.CharField())
    engagements = EngagementsSerializer(source="*")
    enrollment_date = serializers.DateField(allow_null=True)
    cohort = serializers.CharField(allow_null=True)
    last_updated = serializers.DateField(allow_null=True)

    def get_account_url(self, learner: dict[str, Any]) -> str | None:
        """The learner's page in the LMS."""
        if not settings.LMS_ACCOUNT_URL:
            return None
        url: str = urljoin(settings.LMS_ACCOUNT_URL, quote(learner["username"], safe=""))
        return url


class EngagementDaySerializer(ChosenFields, serializers.Serializer):
    """What a learner did on a day."""

    date = serializers.DateField()
    problems_attempted = serializers.IntegerField()
    problems_completed = serializers.IntegerField()
    discussion_contributions = serializers.IntegerField()
    videos_viewed = serializers.IntegerField()


class DateRangeSerializer(serializers.Serializer):
    """Days from the first one on, before the last one."""

    start = serializers.DateField(allow_null=True)
    end = serializers.DateField(allow_null=True)


class RangeField(serializers.ListField):
    """Values from one on, below another; either may be null, for without bound."""

    child = serializers.FloatField(allow_null=True)


class MeasureRangesSerializer(serializers.Serializer):
    """Which values of a measure are those of most learners, and of the few below and above."""

    class_rank_bottom = RangeField(allow_null=True)
    class_rank_average = RangeField(allow_null=True)
    class_rank_top = RangeField(allow_null=True)


class EngagementRangesSerializer(serializers.Serializer):
    """Which values of each measure were high and low in a course in the last week."""

    date_range = DateRangeSerializer()
    problem_attempts_per_completed = MeasureRangesSerializer()
    problems_attempted = MeasureRangesSerializer()
    problems_completed = MeasureRangesSerializer()
    discussion_contributions = MeasureRangesSerializer()
    videos_viewed = MeasureRangesSerializer()


class LearnerMetadataSerializer(ChosenFields, serializers.Serializer):
    """The learners of a course by what the list of them can be filtered by."""

    enrollment_modes = serializers.DictField(child=serializers.IntegerField())
    segments = serializers.DictField(child=serializers.IntegerField())
    cohorts = serializers.DictField(child=serializers.IntegerField())
    engagement_ranges = EngagementRangesSerializer()


class ReportLinkSerializer(ChosenFields, serializers.Serializer):
    """A report that is a file, and a link by which it can be had for a while without a token."""

    course_id = serializers.CharField()
    report_name = serializers.CharField()
    download_url = serializers.URLField()
    last_modified = serializers.DateTimeField()
    expiration_date = serializers.DateTimeField()
    file_size = serializers.IntegerField()


class VideoSerializer(ChosenFields, serializers.ModelSerializer):
    """A video of a course."""

    class Meta:
        model = models.Video
        fields = (
            "pipeline_video_id",
            "encoded_module_id",
            "duration",
            "segment_length",
            "users_at_start",
            "users_at_end",
            "created",
        )


class VideoTimelineSerializer(ChosenFields, serializers.ModelSerializer):
    """A segment of a video."""

    class Meta:
        model = models.VideoTimeline
        fields = ("segment", "num_users", "num_views", "created")


class CountsSerializer(ChosenFields, serializers.Serializer):
    """Learners of a course with one enrollment mode."""

    count = serializers.IntegerField()
    cumulative_count = serializers.IntegerField()
    count_change_7_days = serializers.IntegerField()
    passing_users = serializers.IntegerField()


class CountsByModeSerializer(serializers.Serializer):
    """Learners of a course by enrollment mode."""

    audit = CountsSerializer()
    credit = CountsSerializer()
    honor = CountsSerializer()
    masters = CountsSerializer()
    professional = CountsSerializer()
    verified = CountsSerializer()


@extend_schema_field(CountsByModeSerializer)
class CountsByModeField(serializers.ReadOnlyField):
    """The same as it comes: of hundreds of courses, serializers would take longer than all else."""


class CourseSummarySerializer(ChosenFields, serializers.Serializer):
    """A course: what the catalog says of it, and its learners of the last day."""

    course_id = serializers.CharField()
    catalog_course_title = serializers.CharField(allow_null=True)
    catalog_course = serializers.CharField(allow_null=True)
    start_date = serializers.DateTimeField(allow_null=True)
    end_date = serializers.DateTimeField(allow_null=True)
    pacing_type = serializers.CharField(allow_null=True)
    availability = serializers.CharField(allow_null=True)
    count = serializers.IntegerField()
    cumulative_count = serializers.IntegerField()
    count_change_7_days = serializers.IntegerField()
    verified_enrollment = serializers.IntegerField()
    passing_users = serializers.IntegerField()
    enrollment_modes = CountsByModeField()
    created = serializers.DateTimeField()
    recent_count_change = serializers.IntegerField()
    programs = serializers.ListField(child=serializers.CharField())
    active_count = serializers.IntegerField(allow_null=True)
    active_count_change = serializers.IntegerField(allow_null=True)


class ProgramSerializer(ChosenFields, serializers.Serializer):
    """A program, and the courses that are part of it."""

    program_id = serializers.CharField()
    program_type = serializers.CharField(allow_null=True)
    program_title = serializers.CharField(allow_null=True)
    course_ids = serializers.ListField(child=serializers.CharField())
    created = serializers.DateTimeField()


class CourseTotalsSerializer(ChosenFields, serializers.Serializer):
    """Learners of several courses together."""

    count = serializers.IntegerField()
    cumulative_count = serializers.IntegerField()
    count_change_7_days = serializers.IntegerField()
    verified_enrollment = serializers.IntegerField()


class PipelineRunSerializer(ChosenFields, serializers.ModelSerializer):
    """A run of the pipeline.

    Days from ``whole_end`` on, up to ``interval_end``, were not over when it began: what the
    reports have of them is what they had been so far.
    """

    whole_end = serializers.DateField(read_only=True, allow_null=True)

    class Meta:
        model = models.PipelineRun
        fields = (
            "run_id",
            "sequence",
            "status",
            "error",
            "started",
            "ended",
            "interval_start",
            "interval_end",
            "whole_end",
            "newest_event",
            "engine",
            "version",
            "files",
            "bytes",
            "lines",
            "events",
            "rejected",
            "late_events",
            "rejects_by_reason",
            "rows_by_table",
            "seconds_by_step",
            "notes",
        )
