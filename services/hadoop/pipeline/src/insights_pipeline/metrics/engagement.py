"""How learners engage with what a course offers, and the roster that sums it up.

Upstream: insights/module_engagement.py.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from insights_pipeline import schema
from insights_pipeline.forgotten import PSEUDONYM
from insights_pipeline.metrics import payload
from insights_pipeline.metrics.definition import (
    Appended,
    Metric,
    PerDay,
    Relation,
    Sql,
    Whole,
)

if TYPE_CHECKING:
    from insights_pipeline.interval import Interval

_WEEK = timedelta(weeks=1)
_LONGEST_USERNAME = 30
"""Characters; what is longer is the name of a learner who was retired."""
_LONGEST_TEXT = 20_000
"""Characters of a text in the roster."""

_RATIO = "problem_attempts_per_completed"
_MEASURES = (
    "problem_attempts",
    "problems_attempted",
    "problems_completed",
    _RATIO,
    "videos_viewed",
    "discussion_contributions",
)
_PRAISED = ("problems_attempted", "problems_completed", "videos_viewed", "discussion_contributions")
"""A learner who does much of one of these is highly engaged."""


def engagement_event(events: Relation) -> Sql:
    """What learners did to problems, videos and discussions: one row an interaction.

    The server's problem_check is a problem `attempted`, and one more row, `completed`, where its
    `success` is correct (in any case); the entity is its `problem_id`. A play_video of any source
    is a video `viewed`, by its `id` without the white space around it. An edx.forum.*.created of
    any source is a discussion `contributed`, by its `commentable_id`. Entities without a name do
    not count; names are cut at 255 characters. Names of learners of more than 30 characters are
    those of retired ones, and left out, as are those of forgotten ones. The username is NULL for
    visitors.
    """
    return f"""
        WITH interaction AS (
            SELECT
                course_id,
                username,
                date,
                CASE
                    WHEN event_type = 'problem_check' THEN 'problem'
                    WHEN event_type = 'play_video' THEN 'video'
                    ELSE 'discussion'
                END AS entity_type,
                CASE
                    WHEN event_type = 'problem_check' THEN {payload.text("problem_id", trim=False)}
                    WHEN event_type = 'play_video' THEN {payload.text("id")}
                    ELSE {payload.text("commentable_id", trim=False)}
                END AS entity_id,
                CASE
                    WHEN event_type = 'problem_check'
                    THEN LOWER({payload.text("success", trim=False)})
                END AS success
            FROM {events}
            WHERE course_id IS NOT NULL
                AND COALESCE(LENGTH(username), 0) <= {_LONGEST_USERNAME}
                AND COALESCE(username, '') NOT LIKE '{PSEUDONYM}%'
                AND (
                    (event_type = 'problem_check' AND event_source = 'server')
                    OR event_type = 'play_video'
                    OR (event_type LIKE 'edx.forum.%' AND event_type LIKE '%.created')
                )
        )
        SELECT
            course_id,
            username,
            date,
            entity_type,
            LEFT(entity_id, 255) AS entity_id,
            CASE entity_type
                WHEN 'problem' THEN 'attempted'
                WHEN 'video' THEN 'viewed'
                ELSE 'contributed'
            END AS event
        FROM interaction
        WHERE entity_id <> ''
        UNION ALL
        SELECT course_id, username, date, entity_type, LEFT(entity_id, 255), 'completed'
        FROM interaction
        WHERE entity_id <> '' AND success = 'correct'
    """


def module_engagement(
    engagement_event: Relation, visitor_name: Relation, interval: Interval
) -> Sql:
    """How often each learner did what to which entity on each day.

    All visitors count as one learner more where the site gives them a name, and else not at all.
    """
    return f"""
        SELECT course_id, username, date, entity_type, entity_id, event, COUNT(*) AS count
        FROM (
            SELECT
                course_id, date, entity_type, entity_id, event,
                COALESCE(username, (SELECT MAX(username) FROM {visitor_name})) AS username
            FROM {engagement_event}
        ) AS interaction
        WHERE username IS NOT NULL
            AND date >= DATE '{interval.start}'
            AND date < DATE '{interval.end}'
        GROUP BY course_id, username, date, entity_type, entity_id, event
    """


def learner_week(module_engagement: Relation, interval: Interval) -> Sql:
    """What each learner did in the interval's last seven days, and in the seven before them.

    Attempts and contributions add up; problems attempted or completed and videos viewed are
    distinct entities. The ratio is attempts by problems completed: infinite, which is NULL, where
    none was completed, attempted or not. Learners who did nothing in a week have no row for it.
    """
    attempted = "entity_type = 'problem' AND event = 'attempted'"
    return f"""
        SELECT
            *,
            CAST(problem_attempts AS DOUBLE) / NULLIF(problems_completed, 0) AS {_RATIO}
        FROM (
            SELECT
                course_id,
                username,
                end_date,
                SUM(CASE WHEN {attempted} THEN count ELSE 0 END) AS problem_attempts,
                {_distinct(attempted)} AS problems_attempted,
                {_distinct("entity_type = 'problem' AND event = 'completed'")}
                    AS problems_completed,
                {_distinct("entity_type = 'video'")} AS videos_viewed,
                SUM(CASE WHEN entity_type = 'discussion' THEN count ELSE 0 END)
                    AS discussion_contributions,
                COUNT(DISTINCT date) AS days_active
            FROM (
                SELECT
                    *,
                    CASE
                        WHEN date >= DATE '{interval.end - _WEEK}' THEN DATE '{interval.end}'
                        ELSE DATE '{interval.end - _WEEK}'
                    END AS end_date
                FROM {module_engagement}
                WHERE date >= DATE '{interval.end - 2 * _WEEK}' AND date < DATE '{interval.end}'
            ) AS engagement
            GROUP BY course_id, username, end_date
        ) AS week
    """


def module_engagement_metric_ranges(learner_week: Relation, interval: Interval) -> Sql:
    """What counts as low, normal and high in each course, by what its learners did last week.

    For each of the six measures, over all learners who did anything in the course that week: low is
    below the 15th percentile, normal from there on below the 85th, high the rest. Ranges hold their
    lower end, not their upper one; infinity is NULL. Where the 15th percentile is 0 nothing is
    low; where both are the same nothing is high, and normal has no upper end.

    Percentiles are numpy's: between the two values around the place 0.15 (N - 1), from 0, in
    proportion; infinite as soon as the upper of the two is. Into the ratio of attempts go only
    learners with an attempt; where there is none, all of it is normal.
    """
    measured = " UNION ALL ".join(
        f"SELECT course_id, '{measure}' AS metric, CAST({measure} AS DOUBLE) AS value,"
        f" {'problem_attempts > 0' if measure == _RATIO else 'TRUE'} AS counts FROM week"
        for measure in _MEASURES
    )
    return f"""
        WITH week AS (
            SELECT * FROM {learner_week} WHERE end_date = DATE '{interval.end}'
        ),
        measured AS ({measured}),
        placed AS (
            SELECT
                course_id,
                metric,
                value,
                ROW_NUMBER() OVER (PARTITION BY course_id, metric ORDER BY value NULLS LAST) - 1
                    AS place,
                COUNT(*) OVER (PARTITION BY course_id, metric) - 1 AS last
            FROM measured
            WHERE counts
        ),
        bounded AS (
            SELECT
                course_id,
                metric,
                {_percentile(0.15)} AS low_end,
                {_percentile(0.85)} AS high_begin
            FROM placed
            GROUP BY course_id, metric
        ),
        ranged AS (
            SELECT course_id, metric, 'low' AS range_type, 0 AS low_value, low_end AS high_value
            FROM bounded
            WHERE low_end IS DISTINCT FROM 0
            UNION ALL
            SELECT
                course_id,
                metric,
                'normal',
                low_end,
                CASE WHEN low_end IS DISTINCT FROM high_begin THEN high_begin END
            FROM bounded
            UNION ALL
            SELECT course_id, metric, 'high', high_begin, NULL
            FROM bounded
            WHERE low_end IS DISTINCT FROM high_begin
            UNION ALL
            SELECT course_id, metric, 'normal', 0, NULL
            FROM measured
            GROUP BY course_id, metric
            HAVING NOT BOOL_OR(counts)
        )
        SELECT
            *,
            DATE '{interval.end - _WEEK}' AS start_date,
            DATE '{interval.end}' AS end_date
        FROM ranged
    """


def learner_roster(
    learner_week: Relation,
    module_engagement_metric_ranges: Relation,
    enrollment_day: Relation,
    auth_user: Relation,
    auth_userprofile: Relation,
    course_groups_courseusergroup: Relation,
    course_groups_courseusergroup_users: Relation,
    interval: Interval,
) -> Sql:
    """Each learner enrolled at the interval's end, with profile, last week and segments.

    Only whom auth_user and auth_userprofile know; of accounts of the same name, the newest. The
    enrollment's mode is the last day's; its date is the first day at whose end the learner was
    enrolled. Of several cohorts in a course the first by name counts. What learners did is found
    by their username, letter for letter; who did nothing in the last week has zeros. The ratio is
    NULL without a problem completed; attempt_ratio_order sorts learners of the same ratio: it is
    their attempts, negative without a ratio.

    Segments are separated by commas, in this order:

    - inactive: nothing done in the last two weeks;
    - disengaging: something done in the week before the last, nothing in the last;
    - highly_engaged: in the high range of problems attempted or completed, of videos viewed or of
      contributions;
    - struggling: in the high range of attempts by problem completed. An infinite ratio is in it
      even without an attempt, as upstream has it.

    In what learners write about themselves tabs and ends of lines become spaces, backslashes go,
    and 20,000 characters stay.
    """
    high = f"(SELECT * FROM {module_engagement_metric_ranges} WHERE range_type = 'high')"
    bounds = ", ".join(
        f"MAX(CASE WHEN metric = '{measure}' THEN low_value END) AS {measure}"
        for measure in _PRAISED
    )
    engaged = " OR ".join(f"week.{measure} >= high.{measure}" for measure in _PRAISED)
    segments = {
        "inactive": "week.days_active IS NULL AND week_before.days_active IS NULL",
        "disengaging": "week.days_active IS NULL AND week_before.days_active IS NOT NULL",
        "highly_engaged": engaged,
        "struggling": f"""
            week.days_active IS NOT NULL
            AND high.some_struggle = 1
            AND (week.{_RATIO} IS NULL OR week.{_RATIO} >= high.{_RATIO})
        """,
    }
    listed = ", ".join(
        f"CASE WHEN {condition} THEN '{segment}' END" for segment, condition in segments.items()
    )
    numbers = ", ".join(
        f"COALESCE(week.{measure}, 0) AS {measure}" for measure in _MEASURES if measure != _RATIO
    )
    written = ", ".join(
        f"{_plain(f'profile.{name}')} AS {name}"
        for name in (
            *("name", "language", "location", "level_of_education", "gender"),
            *("mailing_address", "city", "country", "goals"),
        )
    )
    return f"""
        WITH enrolled AS (
            SELECT
                course_id,
                user_id,
                ARG_MAX(mode, date) AS enrollment_mode,
                MIN(CASE WHEN enrolled THEN date END) AS enrollment_date
            FROM {enrollment_day}
            GROUP BY course_id, user_id
            HAVING ARG_MAX(enrolled, date)
        ),
        account AS (
            SELECT * FROM {auth_user}
            WHERE id IN (SELECT MAX(id) FROM {auth_user} GROUP BY username)
        ),
        cohort AS (
            SELECT members.user_id, groups.course_id, MIN(LEFT(groups.name, 255)) AS name
            FROM {course_groups_courseusergroup_users} AS members
            JOIN {course_groups_courseusergroup} AS groups
                ON groups.id = members.courseusergroup_id
            GROUP BY members.user_id, groups.course_id
        ),
        high AS (
            SELECT
                course_id,
                {bounds},
                MAX(CASE WHEN metric = '{_RATIO}' THEN 1 ELSE 0 END) AS some_struggle,
                MAX(CASE WHEN metric = '{_RATIO}' THEN low_value END) AS {_RATIO}
            FROM {high} AS high
            GROUP BY course_id
        )
        SELECT
            enrolled.course_id,
            account.username,
            enrolled.user_id,
            {_spaced("account.email")} AS email,
            profile.year_of_birth,
            {written},
            {_spaced("cohort.name")} AS cohort,
            enrolled.enrollment_mode,
            enrolled.enrollment_date,
            {numbers},
            week.{_RATIO},
            CASE
                WHEN week.{_RATIO} IS NULL THEN -COALESCE(week.problem_attempts, 0)
                ELSE week.problem_attempts
            END AS attempt_ratio_order,
            DATE '{interval.end - _WEEK}' AS start_date,
            DATE '{interval.end}' AS end_date,
            CONCAT_WS(',', {listed}) AS segments
        FROM enrolled
        JOIN account ON account.id = enrolled.user_id
        JOIN {auth_userprofile} AS profile ON profile.user_id = enrolled.user_id
        LEFT JOIN cohort
            ON cohort.user_id = enrolled.user_id AND cohort.course_id = enrolled.course_id
        LEFT JOIN {learner_week} AS week
            ON week.course_id = enrolled.course_id
            AND week.username = account.username
            AND week.end_date = DATE '{interval.end}'
        LEFT JOIN {learner_week} AS week_before
            ON week_before.course_id = enrolled.course_id
            AND week_before.username = account.username
            AND week_before.end_date = DATE '{interval.end - _WEEK}'
        LEFT JOIN high ON high.course_id = enrolled.course_id
    """


def enterprise_learner(enterprise_enterprisecustomeruser: Relation, auth_user: Relation) -> Sql:
    """The learners of each enterprise customer, by name.

    Only whom auth_user knows, and who are still linked: an LMS that does not say so has no others.
    A customer's id is what is left of it without hyphens, 32 characters; others are no ids.

    Upstream: EnterpriseUser of edx-enterprise-data, by which the Data API's view finds engagements.
    """
    parts = ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))
    hyphenated = ", ".join(f"SUBSTR(customer, {begin}, {length})" for begin, length in parts)
    return f"""
        SELECT DISTINCT CONCAT_WS('-', {hyphenated}) AS enterprise_customer_id, account.username
        FROM (
            SELECT
                LOWER(REPLACE(enterprise_customer_id, '-', '')) AS customer,
                user_id
            FROM {enterprise_enterprisecustomeruser}
            WHERE COALESCE(linked, TRUE)
        ) AS member
        JOIN {auth_user} AS account ON account.id = member.user_id
        WHERE LENGTH(customer) = 32
    """


def _distinct(condition: str) -> Sql:
    return f"COUNT(DISTINCT CASE WHEN {condition} THEN entity_id END)"


def _percentile(share: float) -> Sql:
    """The percentile of `value`, of which `place` counts from 0 to `last`; NULL if infinite."""
    place = f"(CAST({share} AS DOUBLE) * MAX(last))"
    below = f"MAX(CASE WHEN place = FLOOR(CAST({share} AS DOUBLE) * last) THEN value END)"
    above = (
        f"MAX(CASE WHEN place = LEAST(FLOOR(CAST({share} AS DOUBLE) * last) + 1, last)"
        " THEN value END)"
    )
    part = f"({place} - FLOOR({place}))"
    # Numpy's own way to round: from the nearer of the two.
    return f"""
        CASE
            WHEN {part} < 0.5 THEN {below} + ({above} - {below}) * {part}
            ELSE {above} - ({above} - {below}) * (1 - {part})
        END
    """


def _spaced(text: str) -> Sql:
    return f"LEFT(REGEXP_REPLACE({text}, '[\\t\\n\\r]', ' ', 'g'), {_LONGEST_TEXT})"


def _plain(text: str) -> Sql:
    return _spaced(f"REPLACE({text}, CHR(92), '')")


METRICS = (
    Metric(schema.ENGAGEMENT_EVENT, engagement_event, Appended()),
    Metric(schema.MODULE_ENGAGEMENT, module_engagement, PerDay()),
    Metric(schema.LEARNER_WEEK, learner_week, Whole()),
    Metric(schema.MODULE_ENGAGEMENT_METRIC_RANGES, module_engagement_metric_ranges, Whole()),
    Metric(schema.LEARNER_ROSTER, learner_roster, Whole()),
    Metric(schema.ENTERPRISE_LEARNER, enterprise_learner, Whole()),
)
