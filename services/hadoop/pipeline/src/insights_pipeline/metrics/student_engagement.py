"""What each learner does in each course (upstream: data_api/student_engagement.py).

Learners are told apart by their usernames, as the events have them. Upstream's total events per day
(monitor/overall_events.py) are here too.
"""

from __future__ import annotations

from hashlib import sha1
from typing import TYPE_CHECKING

from insights_pipeline import schema
from insights_pipeline.forgotten import PSEUDONYM
from insights_pipeline.metrics import payload
from insights_pipeline.metrics.definition import (
    Added,
    Metric,
    PerDay,
    Relation,
    Sql,
    Whole,
)
from insights_pipeline.report_files import ReportFiles
from insights_pipeline.schema.columns import GONE, RUN

if TYPE_CHECKING:
    from datetime import date

    from insights_pipeline.interval import Interval

LONGEST_NAME = 255
_SUBSECTION = "^/courses/[^/+]+(/|\\+)[^/+]+(/|\\+)[^/]+/courseware/[^/]+/[^/]+/"
_VOTES = "CASE WHEN payload ->> '$.undo_vote' = 'true' THEN -1 ELSE 1 END"
_VOTE = "^edx\\.forum\\.\\w+\\.voted"


def learner_action(events: Relation) -> Sql:
    """What each learner did in each course run on each day, and how often.

    All events count that have a username, a course run in their context and data of their own: an
    object, if an empty one. An action is one of

    - problem: the server's problem_check with a problem_id; `correct` counts those whose `success`
      is "correct" in any case. Without a problem_id, or from elsewhere, it is no event at all.
    - video: play_video with an id; without one it is no event.
    - subsection: a request for /courses/RUN/courseware/CHAPTER/SEQUENCE/…; its path is the entity.
    - post, response, comment: edx.forum.{thread,response,comment}.created.
    - upvote_given, downvote_given: edx.forum.{thread,response}.voted, by `vote_value`; one that
      `undo_vote` takes back counts -1. A vote on anything (edx.forum.*.voted) that is neither up
      nor down is no event.
    - upvote_received, downvote_received: the same, of the learner whom `target_username` names.
    - page: book.
    - other: any other event, and votes on comments on either side; all that they show is that the
      learner was active.
    """
    # Each CASE spares most events the search in their payloads, which an AND would not.
    vote = f"""
        CASE
            WHEN is_vote
            THEN CASE {payload.text("vote_value")}
                WHEN 'up' THEN 'upvote'
                WHEN 'down' THEN 'downvote'
            END
        END
    """
    return f"""
        WITH event AS (
            SELECT
                CASE
                    WHEN event_type LIKE 'edx.course.enrollment.%' THEN context_course_id
                    ELSE course_id
                END AS course_id,
                date,
                time,
                username,
                event_type,
                event_source,
                payload,
                CASE
                    WHEN event_type LIKE 'edx.forum.%' THEN REGEXP_MATCHES(event_type, '{_VOTE}')
                    ELSE FALSE
                END AS is_vote
            FROM {events}
            WHERE username IS NOT NULL AND payload LIKE '{{%'
        ),
        told AS (
            SELECT
                *,
                {vote} AS vote,
                CASE
                    WHEN event_type = 'problem_check' THEN 'problem'
                    WHEN event_type = 'play_video' THEN 'video'
                    WHEN event_type LIKE '/courses/%'
                    THEN CASE
                        WHEN REGEXP_MATCHES(event_type, '{_SUBSECTION}') THEN 'subsection'
                        ELSE 'other'
                    END
                    WHEN event_type = 'edx.forum.thread.created' THEN 'post'
                    WHEN event_type = 'edx.forum.response.created' THEN 'response'
                    WHEN event_type = 'edx.forum.comment.created' THEN 'comment'
                    WHEN event_type = 'book' THEN 'page'
                    ELSE 'other'
                END AS action,
                CASE event_type
                    WHEN 'problem_check' THEN {payload.text("problem_id")}
                    WHEN 'play_video' THEN {payload.text("id")}
                END AS entity_id
            FROM event
            WHERE event_type <> 'problem_check' OR event_source = 'server'
        ),
        done AS (
            SELECT
                course_id,
                date,
                time,
                username,
                CASE
                    WHEN event_type IN ('edx.forum.thread.voted', 'edx.forum.response.voted')
                    THEN CONCAT(vote, '_given')
                    ELSE action
                END AS action,
                CASE
                    WHEN action IN ('problem', 'video') THEN entity_id
                    WHEN action = 'subsection' THEN event_type
                    ELSE ''
                END AS entity_id,
                CASE WHEN vote IS NULL THEN 1 ELSE {_VOTES} END AS count,
                CASE
                    WHEN action = 'problem'
                    THEN CASE LOWER({payload.text("success")}) WHEN 'correct' THEN 1 ELSE 0 END
                    ELSE 0
                END AS correct
            FROM told
            WHERE (NOT is_vote OR vote IS NOT NULL)
                AND (action NOT IN ('problem', 'video') OR entity_id <> '')
            UNION ALL
            SELECT
                course_id,
                date,
                time,
                {payload.text("target_username")} AS username,
                CASE
                    WHEN REGEXP_MATCHES(event_type, '^edx\\.forum\\.(thread|response)\\.')
                    THEN CONCAT(vote, '_received')
                    ELSE 'other'
                END AS action,
                '' AS entity_id,
                {_VOTES} AS count,
                0 AS correct
            FROM told
            WHERE vote IS NOT NULL
        )
        SELECT
            course_id,
            date,
            username,
            action,
            entity_id,
            SUM(CASE action WHEN 'other' THEN 1 ELSE count END) AS count,
            SUM(correct) AS correct,
            MAX(time) AS last_time
        FROM done
        WHERE course_id IS NOT NULL
            AND username <> ''
            AND LENGTH(username) <= {LONGEST_NAME}
            AND username NOT LIKE '{PSEUDONYM}%'
        GROUP BY course_id, date, username, action, entity_id
    """


def student_engagement_daily(learner_action: Relation, interval: Interval) -> Sql:
    """What each learner did on each day, of those who were active in the course run.

    Problems and videos count once each, however often they were tried or played; a problem is
    correct if one of the day's checks was. The last subsection is the path of the latest request
    for one (of the same microsecond, the one that sorts last); empty without one.
    """
    unique = ", ".join(
        f"COUNT(*) FILTER (WHERE {condition}) AS {name}" for name, condition in _UNIQUE.items()
    )
    sums = ", ".join(
        f"COALESCE(SUM(count) FILTER (WHERE action = '{action}'), 0) AS {name}"
        for name, action in _SUMS.items()
    )
    return f"""
        SELECT
            date AS end_date,
            course_id,
            username,
            1 AS days_active,
            {unique},
            {sums},
            COALESCE(
                {_path_of_last("action = 'subsection'", "last_time", "entity_id")}, ''
            ) AS last_subsection_viewed
        FROM {learner_action}
        WHERE {_inside("date", interval)}
        GROUP BY date, course_id, username
    """


def student_engagement_weekly(
    learner_action: Relation, student_engagement_daily: Relation, interval: Interval
) -> Sql:
    """As student_engagement_daily, by week: seven days each, back from the interval's last day.

    The earliest week may begin before the interval does.
    """
    end = f"""CAST(
        {{}} + CAST(DATE_DIFF('day', {{}}, DATE '{interval.last_day}') % 7 AS INTEGER) AS DATE
    )"""
    return _summed(
        learner_action,
        student_engagement_daily,
        interval,
        {"end_date": (end.format("end_date", "end_date"), end.format("date", "date"))},
    )


def student_engagement_all(
    learner_action: Relation, student_engagement_daily: Relation, interval: Interval
) -> Sql:
    """As student_engagement_daily, over the whole interval."""
    return _summed(learner_action, student_engagement_daily, interval, {})


def student_engagement_learner(
    enrollment_day: Relation,
    auth_user: Relation,
    course_groups_courseusergroup: Relation,
    course_groups_courseusergroup_users: Relation,
) -> Sql:
    """The days on which a learner whom auth_user knows came to a course run, or left it.

    What a row says holds at the end of its day and until the learner's next row in that course run;
    nobody is enrolled before the first. Of several cohorts in one course run the one whose name
    sorts first counts; without one it is empty.
    """
    return f"""
        WITH cohort AS (
            SELECT cohort.course_id, member.user_id, MIN(cohort.name) AS name
            FROM {course_groups_courseusergroup_users} AS member
            JOIN {course_groups_courseusergroup} AS cohort
                ON cohort.id = member.courseusergroup_id
            GROUP BY cohort.course_id, member.user_id
        ),
        step AS (
            SELECT
                course_id,
                user_id,
                date,
                enrolled,
                COALESCE(
                    LAG(enrolled) OVER (PARTITION BY course_id, user_id ORDER BY date), FALSE
                ) AS was_enrolled
            FROM {enrollment_day}
        )
        SELECT
            step.course_id,
            step.user_id,
            step.date,
            step.enrolled,
            learner.username,
            COALESCE(learner.email, '') AS email,
            COALESCE(cohort.name, '') AS cohort
        FROM step
        JOIN {auth_user} AS learner ON learner.id = step.user_id
        LEFT JOIN cohort
            ON cohort.course_id = step.course_id AND cohort.user_id = step.user_id
        WHERE step.enrolled <> step.was_enrolled
    """


def events_of_day(events: Relation) -> Sql:
    """How many events were read of each day."""
    return f"SELECT date, COUNT(*) AS event_count FROM {events} GROUP BY date"


def total_events_daily(events_of_day: Relation, interval: Interval) -> Sql:
    """How many readable events each day of the interval has; a day without any has no row.

    Lines that are no event (see the rejects) count in no day.
    """
    return f"SELECT * FROM {events_of_day} WHERE {_inside('date', interval)}"


_UNIQUE = {
    "problems_attempted": "action = 'problem'",
    "problems_correct": "action = 'problem' AND correct > 0",
    "videos_played": "action = 'video'",
}
_SUMS = {
    "problem_attempts": "problem",
    "forum_posts": "post",
    "forum_responses": "response",
    "forum_comments": "comment",
    "forum_upvotes_given": "upvote_given",
    "forum_downvotes_given": "downvote_given",
    "forum_upvotes_received": "upvote_received",
    "forum_downvotes_received": "downvote_received",
    "textbook_pages_viewed": "page",
}


def _summed(
    actions: Relation, daily: Relation, interval: Interval, period: dict[str, tuple[Sql, Sql]]
) -> Sql:
    """Daily engagement added up by period, but what counts once in each: problems and videos.

    Args:
        period: name of the column that tells periods apart, if there are several, and what it is
            in `daily` and in `actions`.
    """
    group = ", ".join(("course_id", "username", *period))
    of_day = "".join(f", {sql} AS {name}" for name, (sql, _) in period.items())
    of_action = "".join(f", {sql} AS {name}" for name, (_, sql) in period.items())
    unique = ", ".join(
        f"COUNT(*) FILTER (WHERE {condition}) AS {name}" for name, condition in _UNIQUE.items()
    )
    sums = ", ".join(f"SUM({name}) AS {name}" for name in ("days_active", *_SUMS))
    names = ", ".join(f"COALESCE({name}, 0) AS {name}" for name in _UNIQUE)
    path = _path_of_last("last_subsection_viewed <> ''", "day", "last_subsection_viewed")
    return f"""
        WITH day AS (
            SELECT
                {group},
                {sums},
                COALESCE({path}, '') AS last_subsection_viewed
            FROM (
                SELECT * EXCLUDE (end_date), end_date AS day{of_day} FROM {daily}
            ) AS daily
            GROUP BY {group}
        ),
        entity AS (
            SELECT {group}, action, entity_id, SUM(correct) AS correct
            FROM (
                SELECT course_id, username, action, entity_id, correct{of_action}
                FROM {actions}
                WHERE action IN ('problem', 'video') AND {_inside("date", interval)}
            ) AS action
            GROUP BY {group}, action, entity_id
        ),
        once AS (SELECT {group}, {unique} FROM entity GROUP BY {group})
        SELECT {group}, {", ".join(("days_active", *_SUMS))}, {names}, last_subsection_viewed
        FROM day
        LEFT JOIN once USING ({group})
    """


def _path_of_last(condition: Sql, time: Sql, path: Sql) -> Sql:
    """An aggregate: the path of the latest row, of which it is NULL if none fulfills it."""
    return f"(MAX(STRUCT_PACK(time := {time}, path := {path})) FILTER (WHERE {condition})).path"


def _inside(column: str, interval: Interval) -> Sql:
    return f"{column} >= DATE '{interval.start}' AND {column} < DATE '{interval.end}'"


METRICS = (
    Metric(schema.LEARNER_ACTION, learner_action, Added(latest=("last_time",))),
    Metric(schema.STUDENT_ENGAGEMENT_DAILY, student_engagement_daily, PerDay("end_date")),
    Metric(schema.STUDENT_ENGAGEMENT_WEEKLY, student_engagement_weekly, Whole()),
    Metric(schema.STUDENT_ENGAGEMENT_ALL, student_engagement_all, Whole()),
    Metric(schema.STUDENT_ENGAGEMENT_LEARNER, student_engagement_learner, Whole()),
    Metric(schema.EVENTS_OF_DAY, events_of_day, Added()),
    Metric(schema.TOTAL_EVENTS_DAILY, total_events_daily, Whole()),
)

# --- CSV files ------------------------------------------------------------------------------------

_TITLES = {
    "problems_attempted": "Unique Problems Attempted",
    "problem_attempts": "Total Problem Attempts",
    "problems_correct": "Unique Problems Correct",
    "videos_played": "Unique Videos Played",
    "forum_posts": "Discussion Posts",
    "forum_responses": "Discussion Responses",
    "forum_comments": "Discussion Comments",
    "forum_upvotes_given": "Discussion Upvotes Given",
    "forum_downvotes_given": "Discussion Downvotes Given",
    "forum_upvotes_received": "Discussion Upvotes Received",
    "forum_downvotes_received": "Discussion Downvotes Received",
    "textbook_pages_viewed": "Textbook Pages Viewed",
}
_BOUNDS = """
    SELECT
        CAST(SPLIT_PART(value, ':', 1) AS DATE) AS first_day,
        CAST(SPLIT_PART(value, ':', 2) AS DATE) - 1 AS last_day
    FROM meta
    WHERE name = 'interval'
"""
_LEARNER = schema.STUDENT_ENGAGEMENT_LEARNER.name


def _engagement_files(kind: str, date_title: str, active_title: str, ends: Sql) -> ReportFiles:
    """Every learner enrolled at the period's end whom auth_user knows: a file a course and period.

    Args:
        kind: of period; also ends the name of the table of what learners did in it.
        date_title: of the column with the period's last day.
        active_title: of the column with the days on which the learner was active.
        ends: condition on `day`, and on `first_day` and `last_day` of the interval: it ends one.
    """
    table = f"student_engagement_{kind}"
    # The table of whole intervals has but one, which no column needs to name.
    has_end = kind != "all"
    period = "CAST(first_day AS VARCHAR) || '-' || CAST(last_day + 1 AS VARCHAR)"
    name = "CAST(day AS VARCHAR)" if has_end else period
    due = f"""
        SELECT course_id, day AS end_date, {name} AS period
        FROM (
            SELECT
                *,
                CAST(UNNEST(GENERATE_SERIES(
                    GREATEST(date, first_day),
                    COALESCE(CAST(next_date - 1 AS DATE), last_day),
                    INTERVAL 1 DAY
                )) AS DATE) AS day
            FROM (
                SELECT
                    course_id,
                    date,
                    LEAD(date) OVER (PARTITION BY course_id ORDER BY date) AS next_date,
                    SUM(learners) OVER (PARTITION BY course_id ORDER BY date) AS learners
                FROM (
                    SELECT
                        course_id, date, SUM(CASE WHEN enrolled THEN 1 ELSE -1 END) AS learners
                    FROM {_LEARNER}
                    GROUP BY course_id, date
                )
            )
            CROSS JOIN ({_BOUNDS})
            WHERE learners > 0
        )
        WHERE {ends}
    """

    def changed(since: int) -> Sql:
        """Where an enrollment or what is known of a learner changed, or what learners did."""
        did = "end_date, course_id" if has_end else "course_id"
        return f"""
            WITH due AS ({due}),
            moved AS (
                SELECT course_id, user_id, date FROM {_LEARNER} WHERE {RUN} > {since}
                UNION
                SELECT course_id, user_id, date FROM {_LEARNER}{GONE} WHERE {RUN} > {since}
            ),
            stretch AS (
                SELECT moved.course_id, moved.date, MIN(step.date) AS next_date
                FROM moved
                LEFT JOIN {_LEARNER} AS step
                    ON step.course_id = moved.course_id
                    AND step.user_id = moved.user_id
                    AND step.date > moved.date
                GROUP BY moved.course_id, moved.user_id, moved.date
            )
            SELECT DISTINCT due.*
            FROM due
            JOIN stretch
                ON stretch.course_id = due.course_id
                AND stretch.date <= due.end_date
                AND (stretch.next_date IS NULL OR due.end_date < stretch.next_date)
            UNION
            SELECT due.*
            FROM due
            SEMI JOIN (
                SELECT {did} FROM {table} WHERE {RUN} > {since}
                UNION
                SELECT {did} FROM {table}{GONE} WHERE {RUN} > {since}
            ) AS did USING ({did})
        """

    numbers = ", ".join(
        f'COALESCE(did.{name}, 0) AS "{title}"'
        for name, title in {"days_active": active_title, **_TITLES}.items()
    )
    rows = f"""
        SELECT
            written.*,
            written.course_id AS "Course ID",
            written.end_date AS "{date_title}",
            learner.username AS "Username",
            learner.email AS "Email",
            learner.cohort AS "Cohort",
            {numbers},
            COALESCE(did.last_subsection_viewed, '') AS "URL of Last Subsection Viewed"
        FROM written
        JOIN (
            SELECT
                *,
                LEAD(date) OVER (PARTITION BY course_id, user_id ORDER BY date) AS next_date
            FROM {_LEARNER}
            SEMI JOIN written USING (course_id)
        ) AS learner
            ON learner.course_id = written.course_id
            AND learner.enrolled
            AND learner.date <= written.end_date
            AND (learner.next_date IS NULL OR written.end_date < learner.next_date)
        LEFT JOIN {table} AS did
            ON did.course_id = written.course_id
            AND did.username = learner.username
            {"AND did.end_date = written.end_date" if has_end else ""}
    """

    def path(course_id: str, _end_date: date, period: str) -> str:
        folder = sha1(course_id.encode(), usedforsecurity=False).hexdigest()
        return f"student_engagement/{kind}/{folder}/student_engagement_{kind}_{period}.csv"

    return ReportFiles(
        name=table,
        pattern=f"student_engagement/{kind}/*/*.csv",
        group=("course_id", "end_date", "period"),
        groups=due,
        changed=changed,
        rows=rows,
        columns=(
            "Course ID",
            date_title,
            "Username",
            "Email",
            "Cohort",
            active_title,
            *_TITLES.values(),
            "URL of Last Subsection Viewed",
        ),
        order='"Username", "Email"',
        path=path,
    )


FILES = (
    _engagement_files("daily", "Date", "Was Active", "TRUE"),
    _engagement_files(
        "weekly",
        "End Date",
        "Days Active This Week",
        "DATE_DIFF('day', day, last_day) % 7 = 0",
    ),
    _engagement_files("all", "End Date", "Days Active", "day = last_day"),
    ReportFiles(
        name="total_events_daily",
        pattern="total_events_daily.csv",
        group=("name",),
        groups="SELECT 'total_events_daily' AS name",
        changed=lambda since: (
            f"""
            SELECT 'total_events_daily'
            WHERE EXISTS (FROM total_events_daily WHERE {RUN} > {since})
                OR EXISTS (FROM total_events_daily{GONE} WHERE {RUN} > {since})
        """
        ),
        rows="SELECT 'total_events_daily' AS name, * FROM total_events_daily",
        columns=("date", "event_count"),
        order="date DESC",
        path="{}.csv".format,
    ),
)
