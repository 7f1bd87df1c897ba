"""The learners of enterprise customers."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("reports", "0003_course_structure"),
    ]

    operations = [
        migrations.CreateModel(
            name="EnterpriseLearner",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("created", models.DateTimeField(db_comment="when the row was published")),
                (
                    "enterprise_customer_id",
                    models.CharField(
                        db_comment="the customer's UUID: lower case, with hyphens", max_length=255
                    ),
                ),
                (
                    "username",
                    models.CharField(db_comment="the learner's name in the LMS", max_length=255),
                ),
            ],
            options={
                "db_table": "enterprise_learner",
                "ordering": ["enterprise_customer_id", "username"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("enterprise_customer_id", "username"), name="enterprise_learner_key"
                    )
                ],
            },
        ),
    ]
