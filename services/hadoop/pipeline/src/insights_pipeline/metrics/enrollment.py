"""Who is enrolled, day by day and by learner (upstream: insights/enrollments.py)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from insights_pipeline import schema
from insights_pipeline.metrics import payload
from insights_pipeline.metrics.definition import (
    Appended,
    Metric,
    PerEntity,
    Relation,
    Sql,
    Viewed,
    Whole,
)

if TYPE_CHECKING:
    from insights_pipeline.interval import Interval

_LEARNER = ("course_id", "user_id")
_IN_ORDER = "PARTITION BY course_id, user_id ORDER BY time, kind, mode"


def enrollment_event(events: Relation) -> Sql:
    """Enrollment events that say who, which course run and which mode: a text, not too long."""
    return f"""
        SELECT *
        FROM (
            SELECT
                course_id,
                user_id,
                time,
                date,
                REPLACE(event_type, 'edx.course.enrollment.', '') AS kind,
                {payload.text("mode")} AS mode
            FROM {events}
            WHERE event_type IN (
                'edx.course.enrollment.activated',
                'edx.course.enrollment.deactivated',
                'edx.course.enrollment.mode_changed'
            )
        ) AS event
        WHERE
            course_id IS NOT NULL
            AND user_id IS NOT NULL
            AND mode <> ''
            AND LENGTH(mode) <= 255
    """


def enrollment_day(enrollment_event: Relation, interval: Interval) -> Sql:
    """A learner's state at the end of each day with an enrollment event.

    In time order (within a microsecond by kind, then mode): activated enrolls, deactivated
    unenrolls, mode_changed leaves it as it is; the mode is always the last event's. The state
    holds until the learner's next row. A first event that is no activation leaves the learner
    unenrolled: it proves nothing about earlier days.
    """
    return f"""
        SELECT
            course_id,
            user_id,
            date,
            LEAD(date) OVER (PARTITION BY course_id, user_id ORDER BY date) AS next_date,
            enrolled,
            mode
        FROM (
            SELECT
                course_id,
                user_id,
                date,
                mode,
                COALESCE(
                    LAST_VALUE(
                        CASE kind WHEN 'activated' THEN TRUE WHEN 'deactivated' THEN FALSE END
                        IGNORE NULLS
                    ) OVER ({_IN_ORDER} ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW),
                    FALSE
                ) AS enrolled,
                ROW_NUMBER() OVER (
                    PARTITION BY course_id, user_id, date ORDER BY time DESC, kind DESC, mode DESC
                ) AS from_the_last
            FROM {enrollment_event}
            WHERE {_inside(interval)}
        ) AS event
        WHERE from_the_last = 1
    """


def learner_enrollment(enrollment_event: Relation, interval: Interval) -> Sql:
    """A learner's history in one course run.

    An event counts when it changes something: an activation while not enrolled, a deactivation
    or a mode change while enrolled. Modes are taken from activations and mode changes that
    count; learners who were never seen enrolling are left out.
    """
    return f"""
        WITH told AS (
            SELECT
                *,
                COALESCE(
                    LAST_VALUE(
                        CASE kind WHEN 'activated' THEN 1 WHEN 'deactivated' THEN 0 END IGNORE NULLS
                    ) OVER ({_IN_ORDER} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING),
                    0
                ) AS was_enrolled,
                ROW_NUMBER() OVER ({_IN_ORDER}) AS place
            FROM {enrollment_event}
            WHERE {_inside(interval)}
        ),
        counted AS (
            SELECT
                *,
                kind = 'activated' AS enrolls,
                kind = 'deactivated' AS unenrolls
            FROM told
            WHERE CASE kind WHEN 'activated' THEN was_enrolled = 0 ELSE was_enrolled = 1 END
        )
        SELECT
            course_id,
            user_id,
            ARG_MAX(mode, place) FILTER (WHERE NOT unenrolls) AS current_enrollment_mode,
            CASE WHEN ARG_MAX(unenrolls, place) THEN 0 ELSE 1 END AS current_enrollment_is_active,
            ARG_MIN(mode, place) FILTER (WHERE enrolls) AS first_enrollment_mode,
            MIN(time) FILTER (WHERE enrolls) AS first_enrollment_time,
            MAX(time) FILTER (WHERE unenrolls) AS last_unenrollment_time,
            MIN(time) FILTER (
                WHERE NOT unenrolls AND mode = 'verified'
            ) AS first_verified_enrollment_time,
            MIN(time) FILTER (
                WHERE NOT unenrolls AND mode = 'credit'
            ) AS first_credit_enrollment_time
        FROM counted
        GROUP BY course_id, user_id
    """


def course_enrollment_summary(learner_enrollment: Relation, interval: Interval) -> Sql:
    """Each learner's history, with the end of the interval that it was taken from."""
    return f"""
        SELECT *, CAST(DATE '{interval.end}' AS TIMESTAMP) AS end_time FROM {learner_enrollment}
    """


def course_enrollment_daily(enrollment_day: Relation, interval: Interval) -> Sql:
    """Learners enrolled at the end of each day and ever up to it, from the first event on."""
    return _by_day(enrollment_day, interval)


def course_enrollment_mode_daily(enrollment_day: Relation, interval: Interval) -> Sql:
    """As course_enrollment_daily, by the mode that each learner has on that day.

    A mode that no learner has on a day has no row for it.
    """
    return _by_day(enrollment_day, interval, "mode")


def course_enrollment_gender_daily(
    enrollment_day: Relation, auth_userprofile: Relation, interval: Interval
) -> Sql:
    """As course_enrollment_daily, by gender; unknown is NULL. Empty without profiles."""
    learners = f"""(
        SELECT learner.*, NULLIF(LEFT(profile.gender, 255), '') AS gender
        FROM {enrollment_day} AS learner
        LEFT JOIN {auth_userprofile} AS profile ON profile.user_id = learner.user_id
        WHERE EXISTS (SELECT 1 FROM {auth_userprofile})
    )"""
    return _by_day(learners, interval, "gender")


def course_enrollment_birth_year_daily(
    enrollment_day: Relation, auth_userprofile: Relation, interval: Interval
) -> Sql:
    """Learners enrolled on the interval's last day by year of birth. Empty without profiles."""
    return _on_last_day(
        enrollment_day, auth_userprofile, interval, "profile.year_of_birth", "birth_year"
    )


def course_enrollment_education_level_daily(
    enrollment_day: Relation, auth_userprofile: Relation, interval: Interval
) -> Sql:
    """Learners enrolled on the interval's last day by education. Empty without profiles.

    The LMS's codes become upstream's words; codes that it does not know count as unknown.
    """
    words = """
        CASE profile.level_of_education
            WHEN 'el' THEN 'primary'
            WHEN 'jhs' THEN 'junior_secondary'
            WHEN 'hs' THEN 'secondary'
            WHEN 'a' THEN 'associates'
            WHEN 'b' THEN 'bachelors'
            WHEN 'm' THEN 'masters'
            WHEN 'p' THEN 'doctorate'
            WHEN 'p_se' THEN 'doctorate'
            WHEN 'p_oth' THEN 'doctorate'
            WHEN 'none' THEN 'none'
            WHEN 'other' THEN 'other'
        END
    """
    return _on_last_day(enrollment_day, auth_userprofile, interval, words, "education_level")


def course_meta_summary_enrollment(
    enrollment_day: Relation,
    course_catalog: Relation,
    grades_persistentcoursegrade: Relation,
    interval: Interval,
) -> Sql:
    """Each course run and mode on the interval's last day.

    The change is against the same mode's count seven days before that day, or none then. A
    learner passes with a time of passing and a letter grade (who loses the pass loses the letter
    but keeps the time), in the mode held on the day when the grade last changed, or on the last
    day if that is later; a grade that changed nobody knows when does not count. Catalog columns are
    NULL without a catalog; without grades nobody is known to have passed.
    """
    last_day = f"DATE '{interval.last_day}'"
    week_before = f"CAST({last_day} - INTERVAL 7 DAY AS DATE)"
    return f"""
        WITH now AS (
            SELECT
                course_id,
                mode,
                SUM(CAST(enrolled AS INTEGER)) AS count,
                COUNT(*) AS cumulative_count
            FROM {enrollment_day}
            WHERE next_date IS NULL
            GROUP BY course_id, mode
        ),
        week_before AS (
            SELECT course_id, mode, SUM(CAST(enrolled AS INTEGER)) AS count
            FROM {enrollment_day}
            WHERE date <= {week_before} AND (next_date IS NULL OR {week_before} < next_date)
            GROUP BY course_id, mode
        ),
        grade AS (
            SELECT course_id, user_id, LEAST(CAST(modified AS DATE), {last_day}) AS date
            FROM {grades_persistentcoursegrade}
            WHERE passed_timestamp IS NOT NULL AND letter_grade <> '' AND modified IS NOT NULL
        ),
        passed AS (
            SELECT learner.course_id, learner.mode, COUNT(*) AS passing_users
            FROM grade
            JOIN {enrollment_day} AS learner
                ON learner.course_id = grade.course_id
                AND learner.user_id = grade.user_id
                AND learner.date <= grade.date
                AND (learner.next_date IS NULL OR grade.date < learner.next_date)
            GROUP BY learner.course_id, learner.mode
        )
        SELECT
            now.course_id,
            course.catalog_course_title,
            course.catalog_course,
            course.start_time,
            course.end_time,
            course.pacing_type,
            course.availability,
            now.mode AS enrollment_mode,
            now.count,
            now.count - COALESCE(week_before.count, 0) AS count_change_7_days,
            now.cumulative_count,
            COALESCE(passed.passing_users, 0) AS passing_users
        FROM now
        LEFT JOIN week_before
            ON week_before.course_id = now.course_id AND week_before.mode = now.mode
        LEFT JOIN {course_catalog} AS course ON course.course_id = now.course_id
        LEFT JOIN passed ON passed.course_id = now.course_id AND passed.mode = now.mode
    """


def _inside(interval: Interval) -> Sql:
    return f"date >= DATE '{interval.start}' AND date < DATE '{interval.end}'"


def _by_day(learners: Relation, interval: Interval, dimension: str | None = None) -> Sql:
    """Count learners on every day from the first on: running sums over what each day changed."""
    group = "course_id" if dimension is None else f"course_id, {dimension}"
    return f"""
        WITH learner AS (SELECT * FROM {learners}),
        change AS (
            SELECT {group}, date, SUM(learners) AS learners, SUM(enrolled) AS enrolled
            FROM (
                SELECT {group}, date, 1 AS learners, CAST(enrolled AS INTEGER) AS enrolled
                FROM learner
                UNION ALL
                SELECT {group}, next_date AS date, -1, -CAST(enrolled AS INTEGER)
                FROM learner
                WHERE next_date IS NOT NULL
            ) AS step
            GROUP BY {group}, date
        ),
        day AS (
            SELECT
                {group},
                UNNEST(
                    GENERATE_SERIES(first_date, DATE '{interval.last_day}', INTERVAL 1 DAY)
                ) AS midnight
            FROM (SELECT {group}, MIN(date) AS first_date FROM change GROUP BY {group}) AS first
        ),
        step AS (
            SELECT {group}, date, learners, enrolled FROM change
            UNION ALL
            SELECT {group}, CAST(midnight AS DATE), 0, 0 FROM day
        ),
        summed AS (
            SELECT
                {group},
                date,
                SUM(SUM(enrolled)) OVER (PARTITION BY {group} ORDER BY date) AS count,
                SUM(SUM(learners)) OVER (PARTITION BY {group} ORDER BY date) AS cumulative_count
            FROM step
            GROUP BY {group}, date
        )
        SELECT * FROM summed WHERE cumulative_count > 0
    """


def _on_last_day(
    learners: Relation, profiles: Relation, interval: Interval, dimension: Sql, name: str
) -> Sql:
    return f"""
        SELECT
            course_id,
            DATE '{interval.last_day}' AS date,
            {name},
            SUM(enrolled) AS count,
            COUNT(*) AS cumulative_count
        FROM (
            SELECT
                learner.course_id,
                CAST(learner.enrolled AS INTEGER) AS enrolled,
                {dimension} AS {name}
            FROM {learners} AS learner
            LEFT JOIN {profiles} AS profile ON profile.user_id = learner.user_id
            WHERE learner.next_date IS NULL AND EXISTS (SELECT 1 FROM {profiles})
        ) AS learner
        GROUP BY course_id, {name}
    """


METRICS = (
    Metric(schema.ENROLLMENT_EVENT, enrollment_event, Appended()),
    Metric(schema.ENROLLMENT_DAY, enrollment_day, PerEntity(_LEARNER)),
    Metric(schema.LEARNER_ENROLLMENT, learner_enrollment, PerEntity(_LEARNER)),
    Metric(schema.COURSE_ENROLLMENT_SUMMARY, course_enrollment_summary, Viewed()),
    Metric(schema.COURSE_ENROLLMENT_DAILY, course_enrollment_daily, Whole()),
    Metric(schema.COURSE_ENROLLMENT_MODE_DAILY, course_enrollment_mode_daily, Whole()),
    Metric(schema.COURSE_ENROLLMENT_GENDER_DAILY, course_enrollment_gender_daily, Whole()),
    Metric(schema.COURSE_ENROLLMENT_BIRTH_YEAR_DAILY, course_enrollment_birth_year_daily, Whole()),
    Metric(
        schema.COURSE_ENROLLMENT_EDUCATION_LEVEL_DAILY,
        course_enrollment_education_level_daily,
        Whole(),
    ),
    Metric(schema.COURSE_META_SUMMARY_ENROLLMENT, course_meta_summary_enrollment, Whole()),
)
