"""Who is active, week by week (upstream: insights/user_activity.py)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from insights_pipeline import schema
from insights_pipeline.metrics.definition import Appended, Metric, PerWeek, Relation, Sql

if TYPE_CHECKING:
    from insights_pipeline.interval import Interval


def user_activity(events: Relation) -> Sql:
    """What each learner did in each course on each day.

    ACTIVE: any event with a course run and a user id, but enrollment events and those of
    background tasks. ATTEMPTED_PROBLEM: the server's problem_check. PLAYED_VIDEO: a browser's or
    an app's play_video. POSTED_FORUM: the server's edx.forum.*.created.
    """
    return f"""
        WITH active AS (
            SELECT
                course_id,
                date,
                user_id,
                MAX(
                    CASE WHEN event_source = 'server' AND event_type = 'problem_check' THEN 1 END
                ) AS attempted_problem,
                MAX(
                    CASE
                        WHEN event_source IN ('browser', 'mobile') AND event_type = 'play_video'
                        THEN 1
                    END
                ) AS played_video,
                MAX(
                    CASE
                        WHEN event_source = 'server'
                            AND event_type LIKE 'edx.forum.%'
                            AND event_type LIKE '%.created'
                        THEN 1
                    END
                ) AS posted_forum
            FROM {events}
            WHERE course_id IS NOT NULL
                AND user_id IS NOT NULL
                AND event_source IS DISTINCT FROM 'task'
                AND event_type NOT LIKE 'edx.course.enrollment.%'
            GROUP BY course_id, date, user_id
        )
        SELECT course_id, date, user_id, 'ACTIVE' AS label FROM active
        UNION ALL
        SELECT course_id, date, user_id, 'ATTEMPTED_PROBLEM' AS label
        FROM active
        WHERE attempted_problem = 1
        UNION ALL
        SELECT course_id, date, user_id, 'PLAYED_VIDEO' AS label
        FROM active
        WHERE played_video = 1
        UNION ALL
        SELECT course_id, date, user_id, 'POSTED_FORUM' AS label
        FROM active
        WHERE posted_forum = 1
    """


def course_activity(user_activity: Relation, interval: Interval) -> Sql:
    """Distinct learners by course run and label in each whole week, Monday to Monday UTC.

    A week counts only if all of it lies inside the interval and is over; without a learner it has
    no row.
    """
    return f"""
        SELECT
            course_id,
            CAST(monday AS TIMESTAMP) AS interval_start,
            CAST(monday AS TIMESTAMP) + INTERVAL 7 DAY AS interval_end,
            label,
            COUNT(DISTINCT user_id) AS count
        FROM (
            SELECT course_id, label, user_id, CAST(DATE_TRUNC('WEEK', date) AS DATE) AS monday
            FROM {user_activity}
        ) AS activity
        WHERE monday >= DATE '{interval.start}'
            AND CAST(monday + INTERVAL 7 DAY AS DATE) <= DATE '{interval.whole_end}'
        GROUP BY course_id, monday, label
    """


METRICS = (
    Metric(schema.USER_ACTIVITY, user_activity, Appended()),
    Metric(schema.COURSE_ACTIVITY, course_activity, PerWeek("interval_start")),
)
