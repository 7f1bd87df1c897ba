"""How far the events go, which the interval does not tell."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("reports", "0004_enterprise_learner"),
    ]

    operations = [
        migrations.AddField(
            model_name="pipelinerun",
            name="newest_event",
            field=models.DateField(
                db_comment="day of the latest event, inside the interval or not", null=True
            ),
        ),
    ]
