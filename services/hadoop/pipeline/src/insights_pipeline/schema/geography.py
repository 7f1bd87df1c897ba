"""Where learners are: their latest addresses, the countries of those, and the report."""

from __future__ import annotations

from insights_pipeline.schema.columns import (
    COURSE,
    DATE,
    TIME,
    USER,
    Table,
    integer,
    text,
)

_ADDRESS = text("ip", "the client's address, as the event has it", long=True)

LEARNER_ADDRESS_DAY = Table(
    "learner_address_day",
    "A learner's latest address on each day with one.",
    (USER, DATE, TIME, _ADDRESS),
    key=("user_id", "date"),
    personal=True,
)

LEARNER_ADDRESS = Table(
    "learner_address",
    "A learner's latest address.",
    (USER, TIME, _ADDRESS),
    key=("user_id",),
    personal=True,
)

ADDRESS_COUNTRY = Table(
    "address_country",
    "What the database of countries says about each learner's latest address.",
    (
        _ADDRESS,
        text(
            "country_code",
            "ISO 3166-1 alpha-2; UNKNOWN: the database has none; null: there was no database",
            nullable=True,
        ),
    ),
    key=("ip",),
)

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
