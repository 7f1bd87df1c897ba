"""Where learners are: the report by country."""

from __future__ import annotations

from insights_pipeline.schema.columns import COURSE, DATE, Table, integer, text

COURSE_ENROLLMENT_LOCATION_CURRENT = Table(
    "course_enrollment_location_current",
    "Learners by the country of their latest address.",
    (
        COURSE,
        DATE,
        text(
            "country_code",
            "ISO 3166-1 alpha-2; UNKNOWN: the address is of no country; null: no address",
            nullable=True,
        ),
        integer("count", "learners enrolled"),
        integer("cumulative_count", "learners ever enrolled"),
    ),
    key=("course_id", "date", "country_code"),
)
