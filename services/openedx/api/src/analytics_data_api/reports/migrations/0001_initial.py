"""The enrollment, activity and video tables, and the records of runs."""

from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    operations = [
        migrations.CreateModel(
            name="PipelineRun",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("created", models.DateTimeField(db_comment="when the row was published")),
                (
                    "run_id",
                    models.CharField(db_comment="the run's own id", max_length=64, unique=True),
                ),
                (
                    "sequence",
                    models.BigIntegerField(
                        db_comment="the warehouse's run counter, higher for a later state of its tables"
                    ),
                ),
                (
                    "warehouse_id",
                    models.CharField(db_comment="warehouse whose tables were read", max_length=255),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[("succeeded", "Succeeded"), ("failed", "Failed")],
                        db_comment="succeeded or failed",
                        max_length=255,
                    ),
                ),
                (
                    "error",
                    models.TextField(db_comment="why the run failed; NULL: it did not", null=True),
                ),
                ("started", models.DateTimeField(db_comment="when the run began")),
                ("ended", models.DateTimeField(db_comment="when the run ended")),
                (
                    "interval_start",
                    models.DateField(db_comment="first day of the interval", null=True),
                ),
                (
                    "interval_end",
                    models.DateField(
                        db_comment="day after the interval's last, exclusive", null=True
                    ),
                ),
                ("engine", models.CharField(db_comment="duckdb or spark", max_length=255)),
                ("version", models.CharField(db_comment="version of the pipeline", max_length=255)),
                ("files", models.IntegerField(db_comment="log files read")),
                ("bytes", models.BigIntegerField(db_comment="bytes of log read")),
                (
                    "lines",
                    models.BigIntegerField(db_comment="lines read: events and rejected lines"),
                ),
                ("events", models.BigIntegerField(db_comment="lines that became events")),
                ("rejected", models.BigIntegerField(db_comment="lines that did not become events")),
                (
                    "late_events",
                    models.BigIntegerField(db_comment="events of days that an earlier run covered"),
                ),
                (
                    "rejects_by_reason",
                    models.JSONField(db_comment="reason: rejected lines", default=dict),
                ),
                (
                    "rows_by_table",
                    models.JSONField(db_comment="table: rows in it after the run", default=dict),
                ),
                (
                    "seconds_by_step",
                    models.JSONField(db_comment="step: seconds it took", default=dict),
                ),
                (
                    "notes",
                    models.JSONField(
                        db_comment="remarks for the operator, a list of strings", default=list
                    ),
                ),
            ],
            options={
                "db_table": "pipeline_run",
                "ordering": ["-started", "-id"],
                "get_latest_by": "started",
            },
        ),
        migrations.CreateModel(
            name="CourseActivity",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("created", models.DateTimeField(db_comment="when the row was published")),
                (
                    "course_id",
                    models.CharField(db_comment="course key, in either form", max_length=255),
                ),
                (
                    "interval_start",
                    models.DateTimeField(db_comment="Monday on which the week begins"),
                ),
                (
                    "interval_end",
                    models.DateTimeField(db_comment="the following Monday, exclusive"),
                ),
                (
                    "label",
                    models.CharField(
                        db_comment="the activity: ACTIVE, ATTEMPTED_PROBLEM, PLAYED_VIDEO or POSTED_FORUM",
                        max_length=255,
                    ),
                ),
                ("count", models.IntegerField(db_comment="distinct learners with that activity")),
            ],
            options={
                "db_table": "course_activity",
                "ordering": ["interval_end", "course_id", "label"],
                "get_latest_by": "interval_end",
                "indexes": [
                    models.Index(
                        fields=["course_id", "label", "interval_end"],
                        name="course_activity_label_week",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="CourseEnrollmentBirthYearDaily",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("created", models.DateTimeField(db_comment="when the row was published")),
                (
                    "course_id",
                    models.CharField(db_comment="course key, in either form", max_length=255),
                ),
                (
                    "date",
                    models.DateField(db_comment="the day at whose end the learners are counted"),
                ),
                (
                    "count",
                    models.IntegerField(db_comment="learners enrolled at the end of the day"),
                ),
                (
                    "cumulative_count",
                    models.IntegerField(
                        db_comment="distinct learners ever enrolled up to the end of the day"
                    ),
                ),
                (
                    "birth_year",
                    models.IntegerField(db_comment="year of birth; NULL: unknown", null=True),
                ),
            ],
            options={
                "db_table": "course_enrollment_birth_year_daily",
                "ordering": ["date", "course_id", "birth_year"],
                "get_latest_by": "date",
                "abstract": False,
                "constraints": [
                    models.UniqueConstraint(
                        fields=("course_id", "date", "birth_year"),
                        name="course_enrollment_birth_year_daily_key",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="CourseEnrollmentDaily",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("created", models.DateTimeField(db_comment="when the row was published")),
                (
                    "course_id",
                    models.CharField(db_comment="course key, in either form", max_length=255),
                ),
                (
                    "date",
                    models.DateField(db_comment="the day at whose end the learners are counted"),
                ),
                (
                    "count",
                    models.IntegerField(db_comment="learners enrolled at the end of the day"),
                ),
                (
                    "cumulative_count",
                    models.IntegerField(
                        db_comment="distinct learners ever enrolled up to the end of the day"
                    ),
                ),
            ],
            options={
                "db_table": "course_enrollment_daily",
                "ordering": ["date", "course_id"],
                "get_latest_by": "date",
                "abstract": False,
                "constraints": [
                    models.UniqueConstraint(
                        fields=("course_id", "date"), name="course_enrollment_daily_key"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="CourseEnrollmentEducationLevelDaily",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("created", models.DateTimeField(db_comment="when the row was published")),
                (
                    "course_id",
                    models.CharField(db_comment="course key, in either form", max_length=255),
                ),
                (
                    "date",
                    models.DateField(db_comment="the day at whose end the learners are counted"),
                ),
                (
                    "count",
                    models.IntegerField(db_comment="learners enrolled at the end of the day"),
                ),
                (
                    "cumulative_count",
                    models.IntegerField(
                        db_comment="distinct learners ever enrolled up to the end of the day"
                    ),
                ),
                (
                    "education_level",
                    models.CharField(
                        db_comment="highest level of education; NULL: unknown",
                        max_length=255,
                        null=True,
                    ),
                ),
            ],
            options={
                "db_table": "course_enrollment_education_level_daily",
                "ordering": ["date", "course_id", "education_level"],
                "get_latest_by": "date",
                "abstract": False,
                "constraints": [
                    models.UniqueConstraint(
                        fields=("course_id", "date", "education_level"),
                        name="course_enrollment_education_level_daily_key",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="CourseEnrollmentGenderDaily",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("created", models.DateTimeField(db_comment="when the row was published")),
                (
                    "course_id",
                    models.CharField(db_comment="course key, in either form", max_length=255),
                ),
                (
                    "date",
                    models.DateField(db_comment="the day at whose end the learners are counted"),
                ),
                (
                    "count",
                    models.IntegerField(db_comment="learners enrolled at the end of the day"),
                ),
                (
                    "cumulative_count",
                    models.IntegerField(
                        db_comment="distinct learners ever enrolled up to the end of the day"
                    ),
                ),
                (
                    "gender",
                    models.CharField(
                        db_comment="f, m or o as in the profile; NULL: unknown",
                        max_length=255,
                        null=True,
                    ),
                ),
            ],
            options={
                "db_table": "course_enrollment_gender_daily",
                "ordering": ["date", "course_id", "gender"],
                "get_latest_by": "date",
                "abstract": False,
                "constraints": [
                    models.UniqueConstraint(
                        fields=("course_id", "date", "gender"),
                        name="course_enrollment_gender_daily_key",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="CourseEnrollmentModeDaily",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("created", models.DateTimeField(db_comment="when the row was published")),
                (
                    "course_id",
                    models.CharField(db_comment="course key, in either form", max_length=255),
                ),
                (
                    "date",
                    models.DateField(db_comment="the day at whose end the learners are counted"),
                ),
                (
                    "count",
                    models.IntegerField(db_comment="learners enrolled at the end of the day"),
                ),
                (
                    "cumulative_count",
                    models.IntegerField(
                        db_comment="distinct learners ever enrolled up to the end of the day"
                    ),
                ),
                (
                    "mode",
                    models.CharField(
                        db_comment="enrollment mode, such as audit or verified", max_length=255
                    ),
                ),
            ],
            options={
                "db_table": "course_enrollment_mode_daily",
                "ordering": ["date", "course_id", "mode"],
                "get_latest_by": "date",
                "abstract": False,
                "constraints": [
                    models.UniqueConstraint(
                        fields=("course_id", "date", "mode"),
                        name="course_enrollment_mode_daily_key",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="CourseMetaSummaryEnrollment",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("created", models.DateTimeField(db_comment="when the row was published")),
                (
                    "course_id",
                    models.CharField(db_comment="course key, in either form", max_length=255),
                ),
                (
                    "catalog_course_title",
                    models.CharField(
                        db_comment="title; NULL: not in the catalog", max_length=255, null=True
                    ),
                ),
                (
                    "catalog_course",
                    models.CharField(
                        db_comment="key of the course without its run", max_length=255, null=True
                    ),
                ),
                (
                    "start_time",
                    models.DateTimeField(db_comment="when the course begins", null=True),
                ),
                ("end_time", models.DateTimeField(db_comment="when the course ends", null=True)),
                (
                    "pacing_type",
                    models.CharField(
                        db_comment="instructor_paced or self_paced", max_length=255, null=True
                    ),
                ),
                (
                    "availability",
                    models.CharField(
                        db_comment="state in the catalog, such as Current or Archived",
                        max_length=255,
                        null=True,
                    ),
                ),
                (
                    "enrollment_mode",
                    models.CharField(
                        db_comment="enrollment mode, such as audit or verified", max_length=255
                    ),
                ),
                (
                    "count",
                    models.IntegerField(db_comment="learners enrolled at the end of the last day"),
                ),
                (
                    "cumulative_count",
                    models.IntegerField(db_comment="distinct learners ever enrolled"),
                ),
                (
                    "count_change_7_days",
                    models.IntegerField(db_comment="count less the count of seven days earlier"),
                ),
                ("passing_users", models.IntegerField(db_comment="learners with a passing grade")),
            ],
            options={
                "db_table": "course_meta_summary_enrollment",
                "ordering": ["course_id", "enrollment_mode"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("course_id", "enrollment_mode"),
                        name="course_meta_summary_enrollment_key",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Video",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("created", models.DateTimeField(db_comment="when the row was published")),
                (
                    "course_id",
                    models.CharField(db_comment="course key, in either form", max_length=255),
                ),
                (
                    "pipeline_video_id",
                    models.CharField(
                        db_comment="course_id|encoded_module_id: the video's id in both tables",
                        max_length=255,
                    ),
                ),
                (
                    "encoded_module_id",
                    models.CharField(
                        db_comment="usage key of the video block as the player writes it",
                        max_length=255,
                    ),
                ),
                (
                    "duration",
                    models.IntegerField(db_comment="length of the video in seconds; -1: unknown"),
                ),
                (
                    "segment_length",
                    models.IntegerField(db_comment="length of a segment in seconds"),
                ),
                (
                    "users_at_start",
                    models.IntegerField(db_comment="distinct learners who watched the beginning"),
                ),
                (
                    "users_at_end",
                    models.IntegerField(db_comment="distinct learners who watched near the end"),
                ),
                (
                    "total_viewed_seconds",
                    models.IntegerField(db_comment="seconds watched by all, with repeats"),
                ),
            ],
            options={
                "db_table": "video",
                "ordering": ["pipeline_video_id"],
                "indexes": [
                    models.Index(fields=["course_id"], name="video_course"),
                    models.Index(fields=["pipeline_video_id"], name="video_id"),
                ],
            },
        ),
        migrations.CreateModel(
            name="VideoTimeline",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("created", models.DateTimeField(db_comment="when the row was published")),
                (
                    "pipeline_video_id",
                    models.CharField(db_comment="the video's id in table video", max_length=255),
                ),
                ("segment", models.IntegerField(db_comment="number of the segment, from 0")),
                (
                    "num_users",
                    models.IntegerField(db_comment="distinct learners who watched the segment"),
                ),
                ("num_views", models.IntegerField(db_comment="times that the segment was watched")),
            ],
            options={
                "db_table": "video_timeline",
                "ordering": ["pipeline_video_id", "segment"],
                "indexes": [
                    models.Index(
                        fields=["pipeline_video_id", "segment"], name="video_timeline_segment"
                    )
                ],
            },
        ),
    ]
