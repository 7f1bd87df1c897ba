"""Where learners are (upstream: insights/location_per_course.py)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from insights_pipeline import schema
from insights_pipeline.metrics.definition import Latest, LookedUp, Metric, PerEntity, Whole

if TYPE_CHECKING:
    from insights_pipeline.interval import Interval
    from insights_pipeline.metrics.definition import Relation, Sql


def learner_address_day(events: Relation) -> Sql:
    """The address of each learner's latest event with one on each day; of several the greatest.

    An event is of the learner whom its context names by number, so that an enrollment by staff
    tells where staff is. Where learners have no number in it, nothing is known of them.
    """
    # An address of a day first: those are few, and only they are sorted.
    return f"""
        SELECT user_id, date, time, ip
        FROM (
            SELECT
                *,
                ROW_NUMBER() OVER (
                    PARTITION BY user_id, date ORDER BY time DESC, ip DESC
                ) AS from_the_last
            FROM (
                SELECT user_id, date, ip, MAX(time) AS time
                FROM (
                    SELECT
                        CASE
                            WHEN event_type LIKE 'edx.course.enrollment.%' THEN actor_id
                            ELSE user_id
                        END AS user_id,
                        date,
                        time,
                        ip
                    FROM {events}
                    WHERE ip <> ''
                ) AS event
                WHERE user_id IS NOT NULL
                GROUP BY user_id, date, ip
            ) AS address
        ) AS address
        WHERE from_the_last = 1
    """


def learner_address(learner_address_day: Relation, interval: Interval) -> Sql:
    """The address of each learner's latest event with one in the interval."""
    return f"""
        SELECT user_id, MAX(time) AS time, ARG_MAX(ip, date) AS ip
        FROM {learner_address_day}
        WHERE date >= DATE '{interval.start}' AND date < DATE '{interval.end}'
        GROUP BY user_id
    """


def address_country(learner_address: Relation) -> Sql:
    """The addresses to look up: each once, however many learners share it."""
    return f"SELECT DISTINCT ip, NULL AS country_code FROM {learner_address}"


def course_enrollment_location_current(
    student_courseenrollment: Relation,
    learner_address: Relation,
    address_country: Relation,
    interval: Interval,
) -> Sql:
    """Who is, or was ever, enrolled by the LMS's own account, by country, on the last day.

    The country is that of the learner's latest address: UNKNOWN where the database of countries
    has none for it, or where there is no database; NULL of learners without one.
    """
    return f"""
        SELECT
            course_id,
            DATE '{interval.last_day}' AS date,
            country_code,
            SUM(CASE WHEN is_active THEN 1 ELSE 0 END) AS count,
            COUNT(*) AS cumulative_count
        FROM (
            SELECT
                enrollment.course_id,
                enrollment.is_active,
                CASE
                    WHEN learner.ip IS NOT NULL THEN COALESCE(country.country_code, 'UNKNOWN')
                END AS country_code
            FROM {student_courseenrollment} AS enrollment
            LEFT JOIN {learner_address} AS learner ON learner.user_id = enrollment.user_id
            LEFT JOIN {address_country} AS country ON country.ip = learner.ip
        ) AS enrollment
        GROUP BY course_id, country_code
    """


METRICS = (
    Metric(schema.LEARNER_ADDRESS_DAY, learner_address_day, Latest()),
    Metric(schema.LEARNER_ADDRESS, learner_address, PerEntity(("user_id",))),
    Metric(schema.ADDRESS_COUNTRY, address_country, LookedUp()),
    Metric(schema.COURSE_ENROLLMENT_LOCATION_CURRENT, course_enrollment_location_current, Whole()),
)
