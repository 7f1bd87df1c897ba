"""Course structure: what courses are made of, under their titles."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("reports", "0002_upstreams_other_tables"),
    ]

    operations = [
        migrations.CreateModel(
            name="CourseStructure",
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
                ("block_id", models.CharField(db_comment="usage key of the block", max_length=255)),
                (
                    "block_type",
                    models.CharField(
                        db_comment="such as chapter, sequential, vertical, problem or video",
                        max_length=255,
                    ),
                ),
                ("display_name", models.CharField(db_comment="title; empty: none", max_length=255)),
                (
                    "parent_id",
                    models.CharField(
                        db_comment="block that it is in; NULL: the course, or deleted",
                        max_length=255,
                        null=True,
                    ),
                ),
                (
                    "section_id",
                    models.CharField(
                        db_comment="section (chapter) that it is, or is in",
                        max_length=255,
                        null=True,
                    ),
                ),
                (
                    "subsection_id",
                    models.CharField(
                        db_comment="subsection (sequential) that it is, or is in",
                        max_length=255,
                        null=True,
                    ),
                ),
                (
                    "unit_id",
                    models.CharField(
                        db_comment="unit (vertical) that it is, or is in", max_length=255, null=True
                    ),
                ),
                (
                    "position",
                    models.IntegerField(
                        db_comment="place in the course, read from top to bottom; NULL: deleted",
                        null=True,
                    ),
                ),
                ("graded", models.BooleanField(db_comment="whether it counts towards the grade")),
                (
                    "assignment_type",
                    models.CharField(
                        db_comment="kind of assignment that it is part of",
                        max_length=255,
                        null=True,
                    ),
                ),
            ],
            options={
                "db_table": "course_structure",
                "ordering": ["course_id", "position", "block_id"],
                "indexes": [
                    models.Index(fields=["position", "course_id"], name="course_structure_place")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("course_id", "block_id"), name="course_structure_key"
                    )
                ],
            },
        ),
    ]
