"""Upstream's other tables: problems, grades, countries, programs, engagement and the roster."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("reports", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="AnswerDistribution",
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
                    "module_id",
                    models.CharField(db_comment="usage key of the block", max_length=255),
                ),
                (
                    "part_id",
                    models.CharField(db_comment="id of the part that was answered", max_length=255),
                ),
                (
                    "correct",
                    models.BooleanField(
                        db_comment="whether the answer is right; NULL: unknown", null=True
                    ),
                ),
                (
                    "first_response_count",
                    models.IntegerField(db_comment="learners whose first answer it was"),
                ),
                (
                    "last_response_count",
                    models.IntegerField(db_comment="learners whose latest answer it is"),
                ),
                (
                    "value_id",
                    models.CharField(
                        db_comment="id of the choice; NULL: not a choice", max_length=255, null=True
                    ),
                ),
                ("answer_value_text", models.TextField(db_comment="the answer as learners see it")),
                (
                    "variant",
                    models.IntegerField(db_comment="seed of a randomised problem", null=True),
                ),
                ("problem_display_name", models.TextField(db_comment="the problem's title")),
                ("question_text", models.TextField(db_comment="the question as learners see it")),
            ],
            options={
                "db_table": "answer_distribution",
                "ordering": ["course_id", "module_id", "part_id", "id"],
                "indexes": [
                    models.Index(
                        fields=["course_id", "module_id"], name="answer_distribution_course"
                    ),
                    models.Index(fields=["course_id", "part_id"], name="answer_distribution_part"),
                    models.Index(
                        fields=["module_id", "part_id"], name="answer_distribution_module"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CourseEnrollmentLocationCurrent",
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
                    "country_code",
                    models.CharField(
                        db_comment="ISO 3166-1 alpha-2, or UNKNOWN; NULL: no address is known",
                        max_length=255,
                        null=True,
                    ),
                ),
                ("count", models.IntegerField(db_comment="learners enrolled")),
                ("cumulative_count", models.IntegerField(db_comment="learners ever enrolled")),
            ],
            options={
                "db_table": "course_enrollment_location_current",
                "ordering": ["date", "course_id", "country_code"],
                "get_latest_by": "date",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("course_id", "date", "country_code"),
                        name="course_enrollment_location_current_key",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="CourseProgramMetadata",
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
                    "program_id",
                    models.CharField(db_comment="the program's id in the catalog", max_length=255),
                ),
                (
                    "program_type",
                    models.CharField(
                        db_comment="kind of program, such as MicroMasters",
                        max_length=255,
                        null=True,
                    ),
                ),
                ("program_title", models.CharField(db_comment="title", max_length=255, null=True)),
            ],
            options={
                "db_table": "course_program_metadata",
                "ordering": ["course_id", "program_id"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("course_id", "program_id"), name="course_program_metadata_key"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="GradeDistribution",
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
                    "module_id",
                    models.CharField(db_comment="usage key of the block", max_length=255),
                ),
                ("grade", models.FloatField(db_comment="points")),
                (
                    "max_grade",
                    models.FloatField(
                        db_comment="points that can be had; NULL: unknown", null=True
                    ),
                ),
                ("count", models.IntegerField(db_comment="learners")),
            ],
            options={
                "db_table": "grade_distribution",
                "ordering": ["course_id", "module_id", "max_grade", "grade"],
                "indexes": [
                    models.Index(
                        fields=["course_id", "module_id"], name="grade_distribution_course"
                    ),
                    models.Index(fields=["module_id"], name="grade_distribution_module"),
                ],
            },
        ),
        migrations.CreateModel(
            name="LearnerRoster",
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
                    "username",
                    models.CharField(db_comment="the learner's name in the LMS", max_length=255),
                ),
                ("user_id", models.BigIntegerField(db_comment="the LMS's number of the learner")),
                ("name", models.TextField(db_comment="full name", null=True)),
                ("email", models.TextField(db_comment="e-mail address", null=True)),
                (
                    "location",
                    models.TextField(db_comment="where the learner is, in own words", null=True),
                ),
                ("language", models.TextField(db_comment="language, in own words", null=True)),
                ("year_of_birth", models.IntegerField(db_comment="NULL: not given", null=True)),
                ("gender", models.TextField(db_comment="as the learner gave it", null=True)),
                ("level_of_education", models.TextField(db_comment="the LMS's code", null=True)),
                ("mailing_address", models.TextField(db_comment="postal address", null=True)),
                ("city", models.TextField(db_comment="city", null=True)),
                ("country", models.TextField(db_comment="code of a country", null=True)),
                (
                    "goals",
                    models.TextField(db_comment="why the learner is here, in own words", null=True),
                ),
                ("cohort", models.CharField(db_comment="NULL: in none", max_length=255, null=True)),
                (
                    "enrollment_mode",
                    models.CharField(db_comment="enrollment mode", max_length=255, null=True),
                ),
                (
                    "enrollment_date",
                    models.DateField(db_comment="when the learner enrolled", null=True),
                ),
                (
                    "start_date",
                    models.DateField(db_comment="first day of the week that was looked at"),
                ),
                ("end_date", models.DateField(db_comment="day after its last, exclusive")),
                ("problem_attempts", models.IntegerField(db_comment="submissions")),
                ("problems_attempted", models.IntegerField(db_comment="problems tried")),
                ("problems_completed", models.IntegerField(db_comment="problems solved")),
                (
                    "problem_attempts_per_completed",
                    models.FloatField(
                        db_comment="submissions for each problem solved; NULL: without bound",
                        null=True,
                    ),
                ),
                (
                    "attempt_ratio_order",
                    models.IntegerField(
                        db_comment="sorts learners by that ratio and their attempts"
                    ),
                ),
                ("videos_viewed", models.IntegerField(db_comment="videos played")),
                (
                    "discussion_contributions",
                    models.IntegerField(db_comment="posts, responses and comments"),
                ),
                (
                    "segments",
                    models.CharField(
                        db_comment="kinds of learner, such as struggling", max_length=255, null=True
                    ),
                ),
            ],
            options={
                "db_table": "learner_roster",
                "ordering": ["course_id", "username"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("course_id", "username"), name="learner_roster_key"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ModuleEngagement",
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
                    "username",
                    models.CharField(db_comment="the learner's name in the LMS", max_length=255),
                ),
                ("date", models.DateField(db_comment="UTC date")),
                (
                    "entity_type",
                    models.CharField(db_comment="video, problem or discussion", max_length=255),
                ),
                (
                    "entity_id",
                    models.CharField(
                        db_comment="the block's id, or the discussion's", max_length=255
                    ),
                ),
                (
                    "event",
                    models.CharField(
                        db_comment="viewed, attempted, completed or contributed", max_length=255
                    ),
                ),
                ("count", models.IntegerField(db_comment="how often")),
            ],
            options={
                "db_table": "module_engagement",
                "ordering": ["course_id", "username", "date", "entity_type", "entity_id", "event"],
                "indexes": [
                    models.Index(
                        fields=["course_id", "username", "date"], name="module_engagement_learner"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ModuleEngagementMetricRanges",
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
                    "start_date",
                    models.DateField(db_comment="first day of the week that was looked at"),
                ),
                ("end_date", models.DateField(db_comment="day after its last, exclusive")),
                ("metric", models.CharField(db_comment="the measure", max_length=255)),
                ("range_type", models.CharField(db_comment="low, normal or high", max_length=255)),
                ("high_value", models.FloatField(db_comment="upper bound; NULL: none", null=True)),
                ("low_value", models.FloatField(db_comment="lower bound; NULL: none", null=True)),
            ],
            options={
                "db_table": "module_engagement_metric_ranges",
                "ordering": ["course_id", "metric", "range_type"],
                "indexes": [
                    models.Index(
                        fields=["course_id", "metric"], name="module_engagement_ranges_key"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="SequentialOpenDistribution",
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
                    "module_id",
                    models.CharField(db_comment="usage key of the block", max_length=255),
                ),
                ("count", models.IntegerField(db_comment="learners")),
            ],
            options={
                "db_table": "sequential_open_distribution",
                "ordering": ["course_id", "module_id"],
                "indexes": [
                    models.Index(fields=["course_id", "module_id"], name="sequential_open_course"),
                    models.Index(fields=["module_id"], name="sequential_open_module"),
                ],
            },
        ),
        migrations.CreateModel(
            name="StudentEngagementDaily",
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
                ("end_date", models.DateField(db_comment="the period's last day")),
                (
                    "username",
                    models.CharField(db_comment="the learner's name in the LMS", max_length=255),
                ),
                ("days_active", models.IntegerField(db_comment="days with an event")),
                ("problems_attempted", models.IntegerField(db_comment="problems tried")),
                ("problem_attempts", models.IntegerField(db_comment="submissions")),
                ("problems_correct", models.IntegerField(db_comment="problems solved")),
                ("videos_played", models.IntegerField(db_comment="videos played")),
                ("forum_posts", models.IntegerField(db_comment="discussions begun")),
                ("forum_responses", models.IntegerField(db_comment="responses written")),
                ("forum_comments", models.IntegerField(db_comment="comments written")),
                ("forum_upvotes_given", models.IntegerField(db_comment="votes up given")),
                ("forum_downvotes_given", models.IntegerField(db_comment="votes down given")),
                ("forum_upvotes_received", models.IntegerField(db_comment="votes up received")),
                ("forum_downvotes_received", models.IntegerField(db_comment="votes down received")),
                (
                    "textbook_pages_viewed",
                    models.IntegerField(db_comment="pages of textbooks viewed"),
                ),
                (
                    "last_subsection_viewed",
                    models.TextField(db_comment="URL of the last one; empty: none"),
                ),
            ],
            options={
                "db_table": "student_engagement_daily",
                "ordering": ["end_date", "course_id", "username"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("course_id", "end_date", "username"),
                        name="student_engagement_daily_key",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="StudentEngagementWeekly",
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
                ("end_date", models.DateField(db_comment="the period's last day")),
                (
                    "username",
                    models.CharField(db_comment="the learner's name in the LMS", max_length=255),
                ),
                ("days_active", models.IntegerField(db_comment="days with an event")),
                ("problems_attempted", models.IntegerField(db_comment="problems tried")),
                ("problem_attempts", models.IntegerField(db_comment="submissions")),
                ("problems_correct", models.IntegerField(db_comment="problems solved")),
                ("videos_played", models.IntegerField(db_comment="videos played")),
                ("forum_posts", models.IntegerField(db_comment="discussions begun")),
                ("forum_responses", models.IntegerField(db_comment="responses written")),
                ("forum_comments", models.IntegerField(db_comment="comments written")),
                ("forum_upvotes_given", models.IntegerField(db_comment="votes up given")),
                ("forum_downvotes_given", models.IntegerField(db_comment="votes down given")),
                ("forum_upvotes_received", models.IntegerField(db_comment="votes up received")),
                ("forum_downvotes_received", models.IntegerField(db_comment="votes down received")),
                (
                    "textbook_pages_viewed",
                    models.IntegerField(db_comment="pages of textbooks viewed"),
                ),
                (
                    "last_subsection_viewed",
                    models.TextField(db_comment="URL of the last one; empty: none"),
                ),
            ],
            options={
                "db_table": "student_engagement_weekly",
                "ordering": ["end_date", "course_id", "username"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("course_id", "end_date", "username"),
                        name="student_engagement_weekly_key",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="TagsDistribution",
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
                    "module_id",
                    models.CharField(db_comment="usage key of the block", max_length=255),
                ),
                (
                    "org_id",
                    models.CharField(
                        db_comment="organisation that runs the course", max_length=255
                    ),
                ),
                (
                    "tag_name",
                    models.CharField(db_comment="kind of tag, such as difficulty", max_length=255),
                ),
                ("tag_value", models.CharField(db_comment="the tag, such as easy", max_length=255)),
                ("total_submissions", models.IntegerField(db_comment="submissions to the problem")),
                ("correct_submissions", models.IntegerField(db_comment="those that were right")),
            ],
            options={
                "db_table": "tags_distribution",
                "ordering": ["course_id", "module_id", "tag_name", "tag_value"],
                "indexes": [
                    models.Index(fields=["course_id", "module_id"], name="tags_distribution_course")
                ],
            },
        ),
    ]
