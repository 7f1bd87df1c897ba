"""What the tables and figures of each page must show: SQL on the reports tables, nothing else.

`TABLES` has for each page of test_pages.py the queries of its tables, each by the id of its answer
(or the class of a list), and of its figures. A row is a title, and all numbers, dates and ids that
stand beside it, in the order of the page; `None` is what is not known, `ANY` a title that the
reports do not have.
`FINDINGS` has for each page the queries of its sentences, each by the id of its answer (or the
title of its card): all titles, numbers and dates in the order of the sentence, in a row or several.
Parameters: `:course`, and `:part`, which the page's address ends with.
"""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from datetime import datetime
from typing import TYPE_CHECKING, Any

from insights_pipeline.update import REPORTS_FILE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

Row = tuple[Any, ...]

ANY = "*"

_COMMON = """
WITH RECURSIVE
-- The last whole week ends where the data do.
last(day) AS (SELECT max(date) FROM course_enrollment_daily),
active AS (
    SELECT course_id,
        sum(count) FILTER (WHERE interval_end = datetime(day, '+1 day')) AS now,
        sum(count) FILTER (WHERE interval_end = datetime(day, '-6 days')) AS before
    FROM course_activity, last WHERE label = 'ACTIVE' GROUP BY course_id
),
summary AS (
    SELECT course_id, max(catalog_course_title) AS title, date(max(start_time)) AS start,
        sum(count) AS enrolled, sum(cumulative_count) AS ever,
        sum(count_change_7_days) AS change, sum(passing_users) AS passing,
        coalesce(sum(count) FILTER (WHERE enrollment_mode = 'verified'), 0) AS verified
    FROM course_meta_summary_enrollment GROUP BY course_id
),
age AS (
    SELECT strftime('%Y', date) - birth_year AS age, count,
        count * 1.0 / sum(count) OVER () AS share
    FROM course_enrollment_birth_year_daily WHERE course_id = :course
),
aged AS (
    SELECT count, share,
        CASE WHEN age <= 25 THEN 1 WHEN age <= 40 THEN 2 WHEN age > 40 THEN 3 ELSE 4 END AS place
    FROM age
),
block AS (SELECT * FROM course_structure WHERE course_id = :course),
watched AS (
    SELECT v.*, b.display_name AS title, b.section_id, b.subsection_id,
        users_at_start - users_at_end AS stopped
    FROM video AS v LEFT JOIN block AS b
        ON b.block_type = 'video' AND b.block_id LIKE '%@' || v.encoded_module_id
    WHERE v.course_id = :course
),
-- A problem of several parts has their average.
part AS (
    SELECT module_id, sum(last_response_count) AS n,
        coalesce(sum(last_response_count) FILTER (WHERE correct), 0) AS right
    FROM answer_distribution WHERE course_id = :course GROUP BY module_id, part_id
),
answered AS (
    SELECT module_id, sum(n) / count(*) AS n, sum(right) / count(*) AS right
    FROM part GROUP BY module_id
),
problem AS (
    SELECT b.*, coalesce(n, 0) AS n, coalesce(right, 0) AS right
    FROM block AS b LEFT JOIN answered ON module_id = block_id
    WHERE block_type = 'problem' AND position IS NOT NULL
),
tag AS (SELECT * FROM tags_distribution WHERE course_id = :course),
tagged AS (SELECT DISTINCT module_id, total_submissions, correct_submissions FROM tag),
grade AS (
    SELECT * FROM grade_distribution WHERE course_id = :course AND module_id = :part
),
done AS (
    SELECT date, sum(CASE WHEN event = 'attempted' THEN 1 ELSE 0 END) AS tried,
        sum(CASE WHEN event = 'completed' THEN 1 ELSE 0 END) AS solved,
        sum(CASE WHEN event = 'viewed' THEN 1 ELSE 0 END) AS videos,
        sum(CASE WHEN event = 'contributed' THEN count ELSE 0 END) AS posts
    FROM module_engagement WHERE course_id = :course AND username = :part GROUP BY date
),
day(date) AS (
    SELECT min(date) FROM done
    UNION ALL SELECT date(date, '+1 day') FROM day, last WHERE date < last.day
),
segment(number) AS (
    SELECT 0 UNION ALL SELECT number + 1 FROM segment WHERE number < (
        SELECT max(segment) FROM video_timeline WHERE pipeline_video_id = :course || '|' || :part
    )
)
"""
_ENROLLED = """
SELECT date, count{before} FROM course_enrollment_daily AS d
WHERE course_id = :course {days} ORDER BY date
"""
_MODES = """
SELECT date, coalesce(sum(count) FILTER (WHERE mode = 'audit'), 0),
    coalesce(sum(count) FILTER (WHERE mode = 'verified'), 0), sum(count){before}
FROM course_enrollment_mode_daily AS d WHERE course_id = :course {days} GROUP BY date ORDER BY date
"""
_BEFORE = """, (
    SELECT count FROM course_enrollment_daily
    WHERE course_id = :course AND date = date(d.date, '-14 days')
)"""
_RANGE = "AND date BETWEEN '2026-02-02' AND '2026-02-15'"
_VIDEOS = """
SELECT title, duration, users_at_start, users_at_end, users_at_end * 1.0 / users_at_start,
    encoded_module_id
FROM watched {where} ORDER BY users_at_start DESC, encoded_module_id
"""
_STOPS = """
SELECT title, stopped, users_at_start, stopped * 1.0 / users_at_start, encoded_module_id
FROM watched WHERE stopped > 0 {where} ORDER BY stopped DESC, encoded_module_id
"""
_WATCHED_IN = """
SELECT display_name, count(*), sum(users_at_start), sum(users_at_end),
    sum(users_at_end) * 1.0 / sum(users_at_start), block_id
FROM watched AS w JOIN block ON block_id = w.{part} {where} GROUP BY block_id ORDER BY position
"""
_SOLVED_IN = """
SELECT block.display_name, count(*), sum(n), sum(right), sum(right) * 1.0 / nullif(sum(n), 0),
    block.block_id
FROM problem JOIN block ON block.block_id = problem.{part} WHERE {where}
GROUP BY block.block_id ORDER BY block.position
"""
_PROBLEMS = """
SELECT display_name, n, right, right * 1.0 / nullif(n, 0), block_id FROM problem WHERE {where}
ORDER BY position
"""
_TAG = """
SELECT tag_value, count(*), sum(total_submissions), sum(correct_submissions),
    sum(correct_submissions) * 1.0 / sum(total_submissions)
FROM tag WHERE tag_name = '{name}' GROUP BY tag_value ORDER BY tag_value
"""
_STATED = """
SELECT title, coalesce(sum(count), 0), coalesce(sum(count), 0) * 1.0 / (
    SELECT sum(count) FROM {table}, last WHERE course_id = :course AND date = last.day
)
FROM (SELECT column1 AS place, column2 AS code, column3 AS title FROM (VALUES {names})), last
LEFT JOIN {table} ON course_id = :course AND date = last.day AND {column} IS code
GROUP BY place ORDER BY place
"""
_GENDERS = "(1, 'f', 'Female'), (2, 'm', 'Male'), (3, 'o', 'Other'), (4, NULL, 'Unknown')"
_LEVELS = """
(1, 'none', 'No formal education'), (2, 'primary', 'Primary school'),
(3, 'junior_secondary', 'Middle school'), (4, 'secondary', 'High school'),
(5, 'associates', 'Associate degree'), (6, 'bachelors', 'Bachelor’s degree'),
(7, 'masters', 'Master’s degree'), (8, 'doctorate', 'Doctorate'), (9, 'other', 'Other'),
(10, NULL, 'Unknown')
"""
_AGE_GROUPS = """(
    VALUES (1, '25 and younger'), (2, '26 to 40'), (3, '41 and older'), (4, 'Unknown')
)"""
_WEEK = """
SELECT 'Problems tried', problems_attempted FROM learner_roster
    WHERE course_id = :course AND username = :part
UNION ALL SELECT 'Problems solved', problems_completed FROM learner_roster
    WHERE course_id = :course AND username = :part
UNION ALL SELECT 'Attempts per problem solved', problem_attempts_per_completed FROM learner_roster
    WHERE course_id = :course AND username = :part
UNION ALL SELECT 'Videos played', videos_viewed FROM learner_roster
    WHERE course_id = :course AND username = :part
UNION ALL SELECT 'Contributions to discussions', discussion_contributions FROM learner_roster
    WHERE course_id = :course AND username = :part
UNION ALL SELECT 'Enrolled since', date(enrollment_date) FROM learner_roster
    WHERE course_id = :course AND username = :part
UNION ALL SELECT 'Year of birth', year_of_birth FROM learner_roster
    WHERE course_id = :course AND username = :part
"""

# A section's learners are those of its video or problem with most.
_REACHED = """
SELECT s.display_name, count(*) AS items, max(n) AS learners,
    max(max(n)) OVER (
        ORDER BY s.position ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING
    ) AS later,
    s.block_id, s.position
FROM block AS s JOIN (
    SELECT section_id, coalesce(users_at_start, 0) AS n FROM block LEFT JOIN video AS v
        ON v.course_id = :course AND block_id LIKE '%@' || encoded_module_id
    WHERE block_type = 'video' AND position IS NOT NULL
    UNION ALL SELECT section_id, n FROM problem
) AS done ON done.section_id = s.block_id
GROUP BY s.block_id
"""
# Two courses side by side are :course, A, and :part, B.
_SIDE_BY_SIDE = """
SELECT CASE course_id WHEN :course THEN 'A: ' ELSE 'B: ' END || title AS name, ever, enrolled,
    coalesce(now, 0) AS active, coalesce(now, 0) * 1.0 / enrolled AS share,
    verified * 1.0 / enrolled, passing * 1.0 / enrolled,
    (SELECT coalesce(sum(users_at_start), 0) FROM video WHERE course_id = s.course_id) * 1.0 / ever,
    (
        SELECT sum(n) FROM (
            SELECT sum(n) / count(*) AS n FROM (
                SELECT module_id, sum(last_response_count) AS n FROM answer_distribution
                WHERE course_id = s.course_id GROUP BY module_id, part_id
            ) GROUP BY module_id
        )
    ) * 1.0 / ever, course_id
FROM summary AS s LEFT JOIN active USING (course_id)
WHERE course_id IN (:course, :part) ORDER BY name
"""
# Weeks, Monday to Sunday, from the one that has the course's start.
_SUNDAYS = """
SELECT course_id, date, count, interval_count,
    CAST((julianday(date) - julianday(start, 'weekday 0')) / 7 AS INTEGER) + 1 AS week
FROM course_enrollment_daily AS d JOIN summary USING (course_id) LEFT JOIN (
    SELECT course_id, date(interval_end, '-1 day') AS date, count AS interval_count
    FROM course_activity WHERE label = 'ACTIVE'
) USING (course_id, date)
WHERE course_id IN (:course, :part) AND strftime('%w', date) = '0'
    AND date >= date(start, 'weekday 0')
"""
_BY_WEEK = """
SELECT week, max({count}) FILTER (WHERE course_id = :course) AS a,
    max({count}) FILTER (WHERE course_id = :part) AS b
FROM ({sundays}) GROUP BY week ORDER BY week
"""
_ENROLLED_BY_WEEK = _BY_WEEK.format(count="count", sundays=_SUNDAYS)
# A week in which nobody did anything has no row.
_ACTIVE_BY_WEEK = _BY_WEEK.format(count="coalesce(interval_count, 0)", sundays=_SUNDAYS)

TABLES: dict[str, dict[str, str]] = {
    "courses": {
        "courses": """
            SELECT title, start, enrolled, ever, change, coalesce(now, 0),
                coalesce(now, 0) - coalesce(before, 0), verified, passing
            FROM summary LEFT JOIN active USING (course_id) ORDER BY lower(title)
        """,
        "figures": """
            SELECT 'Enrolled', sum(enrolled) FROM summary
            UNION ALL SELECT 'Change in 7 days', sum(change) FROM summary
            UNION ALL SELECT 'Ever enrolled', sum(ever) FROM summary
            UNION ALL SELECT 'Verified', sum(verified) FROM summary
        """,
        "below": "SELECT 'courses', count(*) FROM summary",
    },
    "home": {
        "figures": f"""
            SELECT 'How many learners are enrolled?', count
                FROM course_enrollment_daily, last WHERE course_id = :course AND date = last.day
            UNION ALL SELECT 'How old are the learners?', * FROM (
                SELECT column2 FROM aged JOIN {_AGE_GROUPS} ON column1 = place WHERE place < 4
                GROUP BY place ORDER BY sum(count) DESC LIMIT 1
            )
            UNION ALL SELECT 'Where are the learners?', count(*)
                FROM course_enrollment_location_current
                WHERE course_id = :course AND length(country_code) = 2 AND count > 0
            UNION ALL SELECT 'How many learners are active each week?', now
                FROM active WHERE course_id = :course
            UNION ALL SELECT 'Which videos are watched, and to the end?', count(*) FROM watched
            UNION ALL SELECT 'How do learners do in each type of assignment?',
                sum(right) * 1.0 / sum(n) FROM problem WHERE graded
            UNION ALL SELECT 'Who may need attention?',
                sum(segments LIKE '%struggling%') + sum(segments LIKE '%disengaging%')
                FROM learner_roster WHERE course_id = :course
        """
    },
    "enrollment": {
        "enrollment": _ENROLLED.format(before="", days=""),
        "enrollment-modes": _MODES.format(before="", days=""),
    },
    "range": {
        "enrollment": _ENROLLED.format(before=_BEFORE, days=_RANGE),
        "enrollment-modes": _MODES.format(before=_BEFORE, days=_RANGE),
    },
    "age": {
        "age-groups": f"""
            SELECT column2, coalesce(sum(count), 0), coalesce(sum(share), 0.0)
            FROM {_AGE_GROUPS} LEFT JOIN aged ON place = column1 GROUP BY column1 ORDER BY column1
        """,
        "ages": "SELECT age, sum(count), sum(share) FROM age GROUP BY age ORDER BY age NULLS LAST",
    },
    "education": {
        "education": _STATED.format(
            table="course_enrollment_education_level_daily", column="education_level", names=_LEVELS
        )
    },
    "gender": {
        "gender": _STATED.format(
            table="course_enrollment_gender_daily", column="gender", names=_GENDERS
        )
    },
    "geography": {
        "countries": f"""
            SELECT '{ANY}', nullif(country_code, 'UNKNOWN') AS code, sum(count) AS n,
                sum(count) * 1.0 / sum(sum(count)) OVER ()
            FROM course_enrollment_location_current WHERE course_id = :course
            GROUP BY code HAVING sum(count) > 0 ORDER BY code IS NULL, n DESC, code
        """
    },
    "engagement": {
        "weekly-activity": """
            SELECT date(interval_start), date(interval_end, '-1 day'),
                sum(CASE label WHEN 'ACTIVE' THEN count ELSE 0 END),
                sum(CASE label WHEN 'ATTEMPTED_PROBLEM' THEN count ELSE 0 END),
                sum(CASE label WHEN 'PLAYED_VIDEO' THEN count ELSE 0 END),
                sum(CASE label WHEN 'POSTED_FORUM' THEN count ELSE 0 END)
            FROM course_activity WHERE course_id = :course GROUP BY interval_start ORDER BY 1
        """
    },
    "engagement-sections": {
        "section-stops": f"""
            SELECT display_name, items, learners, later,
                CASE WHEN learners > 0 AND later IS NOT NULL
                    THEN max(0.0, (learners - later) * 1.0 / learners) END, block_id
            FROM ({_REACHED}) ORDER BY position
        """
    },
    "compare": {
        "numbers": _SIDE_BY_SIDE,
        "enrollment": _ENROLLED_BY_WEEK,
        "activity": _ACTIVE_BY_WEEK,
    },
    "videos": {
        "videos": _VIDEOS.format(where=""),
        "stops": _STOPS.format(where=""),
        "sections": _WATCHED_IN.format(part="section_id", where=""),
    },
    "videos-section": {
        "videos": _VIDEOS.format(where="WHERE section_id = :part"),
        "stops": _STOPS.format(where="AND section_id = :part"),
        "subsections": _WATCHED_IN.format(part="subsection_id", where="WHERE w.section_id = :part"),
    },
    "video": {
        "timeline": """
            SELECT number * 5, coalesce(num_users, 0), coalesce(num_views - num_users, 0),
                coalesce(num_views, 0)
            FROM segment LEFT JOIN video_timeline
                ON segment = number AND pipeline_video_id = :course || '|' || :part
            ORDER BY number
        """,
        "figures": "SELECT 'Length', duration FROM video WHERE encoded_module_id = :part",
    },
    "graded": {
        "assignment-types": """
            SELECT assignment_type, count(DISTINCT subsection_id), count(*), sum(n), sum(right),
                sum(right) * 1.0 / sum(n)
            FROM problem WHERE graded GROUP BY assignment_type ORDER BY min(position)
        """,
        "assignments": _SOLVED_IN.format(part="subsection_id", where="problem.graded"),
    },
    "assignment": {
        "problems": _PROBLEMS.format(where="graded AND subsection_id = :part"),
        "figures": """
            SELECT 'Learners who opened it', count FROM sequential_open_distribution
            WHERE course_id = :course AND module_id = :part
        """,
    },
    "ungraded": {
        "sections": _SOLVED_IN.format(part="section_id", where="NOT problem.graded"),
    },
    "section": {
        "subsections": _SOLVED_IN.format(
            part="subsection_id", where="NOT problem.graded AND problem.section_id = :part"
        ),
        "problems": _PROBLEMS.format(where="NOT graded AND section_id = :part"),
    },
    "outcomes": {
        "tag-1": _TAG.format(name="difficulty"),
        "tag-2": _TAG.format(name="learning_outcome"),
        "tagged-problems": """
            SELECT display_name, total_submissions, correct_submissions,
                correct_submissions * 1.0 / total_submissions, module_id
            FROM tagged JOIN block ON block_id = module_id ORDER BY module_id
        """,
    },
    "problem": {
        "part-1": """
            SELECT answer_value_text, last_response_count,
                last_response_count * 1.0 / sum(last_response_count) OVER (), first_response_count,
                variant, value_id
            FROM answer_distribution WHERE course_id = :course AND module_id = :part
            ORDER BY last_response_count DESC
        """,
        "points": """
            SELECT printf('%g of %g', grade, max_grade), count, count * 1.0 / sum(count) OVER ()
            FROM grade ORDER BY max_grade, grade
        """,
    },
    "learners": {
        "learners": """
            SELECT username, date(enrollment_date), problems_attempted, problems_completed,
                problem_attempts_per_completed, videos_viewed, discussion_contributions
            FROM learner_roster WHERE course_id = :course ORDER BY username LIMIT 25
        """,
        "below": "SELECT 'learners', count(*) FROM learner_roster WHERE course_id = :course",
    },
    "learner": {
        "timeline": """
            SELECT date, coalesce(tried + videos + posts, 0), coalesce(tried, 0),
                coalesce(solved, 0), coalesce(videos, 0), coalesce(posts, 0)
            FROM day LEFT JOIN done USING (date) ORDER BY date
        """,
        "figures": _WEEK,
    },
    # They show no number of the reports: sizes of files, and forms.
    **{page: {} for page in ("reports", "password", "choice", "notes", "note", "note-removal")},
}

TABLES["report"] = {
    "figures": TABLES["home"]["figures"],
    "enrollment": TABLES["enrollment"]["enrollment"],
    "weekly-activity": TABLES["engagement"]["weekly-activity"],
}


_ENROLLED_AT_THE_END = """
SELECT now.count, day, abs(now.count - ago.count), {days}
FROM last JOIN course_enrollment_daily AS now ON now.course_id = :course AND now.date = day
JOIN course_enrollment_daily AS ago
    ON ago.course_id = :course AND ago.date = date(day, '-{days} days')
"""
_BETWEEN = """
UNION ALL SELECT min(date), min(count), max(count), NULL
FROM course_enrollment_daily WHERE course_id = :course {days}
"""
_IN_MODES = """
SELECT sum(count), date, NULL FROM course_enrollment_mode_daily, last
WHERE course_id = :course AND date = day
UNION ALL SELECT * FROM (
    SELECT sum(count), mode, sum(count) * 1.0 / sum(sum(count)) OVER ()
    FROM course_enrollment_mode_daily, last WHERE course_id = :course AND date = day
    GROUP BY mode ORDER BY 1 DESC
)
"""
_AGED = """
SELECT sum(count), day,
    sum(share) FILTER (WHERE place = 1), 25, sum(share) FILTER (WHERE place = 2), 26, 40,
    sum(share) FILTER (WHERE place = 3), 41,
    sum(count) FILTER (WHERE place = 4), sum(share) FILTER (WHERE place = 4)
FROM aged, last
"""


def _named(stated: str) -> str:
    """Of a table of what learners stated: how many there are, the three most frequent, the rest."""
    return f"""
    SELECT sum(count), day, NULL FROM course_enrollment_daily, last
    WHERE course_id = :course AND date = day
    UNION ALL SELECT * FROM (
        SELECT * FROM ({stated}) WHERE title <> 'Unknown' ORDER BY 2 DESC LIMIT 3
    )
    UNION ALL SELECT count, share, NULL FROM (
        SELECT 0 AS title, 0 AS count, 0.0 AS share WHERE FALSE
        UNION ALL SELECT * FROM ({stated})
    ) WHERE title = 'Unknown'
    """


_PLACES = f"""
SELECT sum(count), day, NULL FROM course_enrollment_location_current, last
WHERE course_id = :course
UNION ALL SELECT count(*), NULL, NULL FROM ({TABLES["geography"]["countries"]})
WHERE code IS NOT NULL
UNION ALL SELECT * FROM (
    SELECT n, n * 1.0 / sum(n) OVER (), NULL FROM ({TABLES["geography"]["countries"]})
    ORDER BY code IS NULL, n DESC, code LIMIT 3
)
UNION ALL SELECT n, share, NULL FROM (
    SELECT code, n, n * 1.0 / sum(n) OVER () AS share FROM ({TABLES["geography"]["countries"]})
) WHERE code IS NULL
"""
_ACTIVE = """
SELECT now, date(day, '-6 days'), day, abs(now - before),
    sum(count) FILTER (WHERE label = 'ATTEMPTED_PROBLEM'),
    sum(count) FILTER (WHERE label = 'PLAYED_VIDEO'),
    sum(count) FILTER (WHERE label = 'POSTED_FORUM')
FROM course_activity JOIN active USING (course_id), last
WHERE course_id = :course AND interval_end = datetime(day, '+1 day')
"""


def _most_watched(where: str = "") -> str:
    return f"""
    SELECT (SELECT count(*) FROM watched {where}), title, users_at_start, users_at_end,
        users_at_end * 1.0 / users_at_start
    FROM watched {where} ORDER BY users_at_start DESC, encoded_module_id LIMIT 1
    """


def _most_stop(where: str = "") -> str:
    return f"""
    SELECT title, stopped, users_at_start, stopped * 1.0 / users_at_start, NULL
    FROM watched WHERE stopped > 0 {where} ORDER BY stopped DESC, encoded_module_id LIMIT 1
    """


def _fewest_watch(parts: str) -> str:
    """Of a table of parts of a course, the one whose videos are watched least to their end."""
    return f"""
    SELECT display_name, at_end, at_start, share FROM (
        SELECT '' AS display_name, 0, 0 AS at_start, 0 AS at_end, 0.0 AS share, '' WHERE FALSE
        UNION ALL SELECT * FROM ({parts})
    ) ORDER BY share LIMIT 1
    """


def _right(where: str, hardest: str = "") -> str:
    """How many answers are right; and of parts of a course, if there are several, the hardest."""
    found = f"SELECT sum(right), sum(n), sum(right) * 1.0 / sum(n) FROM problem WHERE {where}"
    if not hardest:
        return found
    return f"""
    {found} UNION ALL SELECT * FROM (
        SELECT display_name, sum(right) * 1.0 / sum(n) AS share, NULL FROM (
            SELECT block.block_id, block.display_name, problem.n, problem.right
            FROM problem JOIN block ON block.block_id = problem.{hardest} WHERE {where}
        ) GROUP BY block_id HAVING sum(n) > 0 ORDER BY share LIMIT 1
    )
    WHERE (SELECT count(DISTINCT {hardest}) FROM problem WHERE n > 0 AND {where}) > 1
    """


def _hardest_tags(name: str) -> str:
    return f"""
    SELECT tag_value, sum(correct_submissions) * 1.0 / sum(total_submissions)
    FROM tag WHERE tag_name = '{name}' GROUP BY tag_value ORDER BY 2 LIMIT 3
    """


# In whole numbers: the difference is more than twice the root of the sum, and a tenth of what was.
_IN_EARNEST = """
    abs(now) + abs(before) >= 30
    AND (now - before) * (now - before) > 4 * (abs(now) + abs(before))
    AND 10 * abs(now - before) >= abs(before)
"""
_CHANGED = f"""
SELECT * FROM (
    SELECT a.count AS now, date(a.interval_start) AS monday, b.count AS before
    FROM course_activity AS a JOIN course_activity AS b
        ON b.course_id = a.course_id AND b.label = a.label AND b.interval_end = a.interval_start
    WHERE a.course_id = :course AND a.interval_start = (
        SELECT max(interval_start) FROM course_activity WHERE course_id = :course
    )
    ORDER BY instr('ACTIVE ATTEMPTED_PROBLEM PLAYED_VIDEO POSTED_FORUM', a.label)
) WHERE {_IN_EARNEST}
UNION ALL
SELECT abs(now), day, abs(before) FROM (
    SELECT day, third.count - second.count AS now, second.count - first.count AS before
    FROM last
    JOIN course_enrollment_daily AS third ON third.date = day
    JOIN course_enrollment_daily AS second ON second.date = date(day, '-7 days')
    JOIN course_enrollment_daily AS first ON first.date = date(day, '-14 days')
    WHERE third.course_id = :course AND second.course_id = :course AND first.course_id = :course
) WHERE {_IN_EARNEST}
"""

_LAST_COMMON = "SELECT a, b, week FROM ({weeks}) WHERE a + b IS NOT NULL ORDER BY week DESC LIMIT 1"
# The sample's course goes on: neither the last section that at least a tenth of the learners of the
# largest have reached, nor what comes after it, is one that they stop before.
_BEGUN = f"""
SELECT *, row_number() OVER (ORDER BY position DESC) AS from_last FROM ({_REACHED}) AS r
WHERE learners > 0 AND position <= (
    SELECT max(position) FROM ({_REACHED})
    WHERE 10 * learners >= (SELECT max(learners) FROM ({_REACHED}))
)
"""
_SECTION_STOPS = f"""
SELECT * FROM (
    SELECT display_name, learners, later, (learners - later) * 1.0 / learners
    FROM (SELECT *, later AS now, learners AS before FROM ({_BEGUN}))
    WHERE from_last > 2 AND later < learners AND {_IN_EARNEST}
    ORDER BY learners - later DESC, position LIMIT 1
)
UNION ALL SELECT display_name, NULL, NULL, NULL FROM ({_BEGUN}) WHERE from_last = 1
"""

FINDINGS: dict[str, dict[str, str]] = {
    "home": {
        "What changed this week?": _CHANGED,
        "How many learners are enrolled?": _ENROLLED_AT_THE_END.format(days=7),
        "How old are the learners?": _AGED,
        "Where are the learners?": _PLACES,
        "How many learners are active each week?": _ACTIVE,
        "Which videos are watched, and to the end?": (
            f"SELECT * FROM ({_most_watched()}) UNION ALL SELECT * FROM ({_most_stop()})"
        ),
        "How do learners do in each type of assignment?": _right("problem.graded"),
        "Who may need attention?": """
            SELECT sum(segments LIKE '%struggling%'), sum(segments LIKE '%disengaging%'),
                sum(segments LIKE '%highly_engaged%')
            FROM learner_roster WHERE course_id = :course
        """,
    },
    "enrollment": {
        "enrollment": _ENROLLED_AT_THE_END.format(days=7) + _BETWEEN.format(days=""),
        "enrollment-modes": _IN_MODES,
    },
    "range": {
        "enrollment": _ENROLLED_AT_THE_END.format(days=14) + _BETWEEN.format(days=_RANGE),
        "enrollment-modes": f"""
            {_IN_MODES} UNION ALL SELECT difference, 14, NULL FROM (
                SELECT 0 AS n, '' AS day, 0 AS difference, 0 WHERE FALSE
                UNION ALL {_ENROLLED_AT_THE_END.format(days=14)}
            )
        """,
    },
    "age": {
        "age-groups": _AGED,
        "ages": """
            SELECT (
                SELECT min(age) FROM (
                    SELECT age, sum(count) OVER (ORDER BY age) AS seen, sum(count) OVER () AS n
                    FROM age WHERE age IS NOT NULL
                ) WHERE seen * 2 >= n
            ), min(age), max(age) FROM age
        """,
    },
    "education": {"education": _named(TABLES["education"]["education"])},
    "gender": {"gender": _named(TABLES["gender"]["gender"])},
    "geography": {"countries": _PLACES},
    "engagement": {"weekly-activity": _ACTIVE},
    "engagement-sections": {"section-stops": _SECTION_STOPS},
    "compare": {
        "numbers": f"SELECT max(enrolled), max(share) FROM ({_SIDE_BY_SIDE})",
        "enrollment": _LAST_COMMON.format(weeks=_ENROLLED_BY_WEEK),
        "activity": _LAST_COMMON.format(weeks=_ACTIVE_BY_WEEK),
    },
    "videos": {
        "videos": _most_watched(),
        "stops": _most_stop(),
        "sections": _fewest_watch(TABLES["videos"]["sections"]),
    },
    "videos-section": {
        "videos": _most_watched("WHERE section_id = :part"),
        "stops": _most_stop("AND section_id = :part"),
        "subsections": _fewest_watch(TABLES["videos-section"]["subsections"]),
    },
    "video": {
        "timeline": f"""SELECT * FROM (
            WITH segments AS (
                SELECT 0 AS at, 0 AS users, 0 AS again, 0 WHERE FALSE
                UNION ALL SELECT * FROM ({TABLES["video"]["timeline"]})
            ), falls AS (
                SELECT at, users, lag(users) OVER (ORDER BY at) AS before FROM segments
            )
            SELECT users, 5, NULL FROM segments WHERE at = 0
            UNION ALL SELECT * FROM (
                SELECT at, before, users FROM falls ORDER BY before - users DESC, at LIMIT 1
            )
            UNION ALL SELECT * FROM (
                SELECT at, again, NULL FROM segments ORDER BY again DESC, at LIMIT 1
            )
        )"""
    },
    "graded": {
        "assignment-types": _right("problem.graded"),
        "assignments": _right("problem.graded", "subsection_id"),
    },
    "assignment": {
        "problems": _right("problem.graded AND problem.subsection_id = :part", "block_id")
    },
    "ungraded": {"sections": _right("NOT problem.graded", "section_id")},
    "section": {
        "subsections": _right("NOT problem.graded AND problem.section_id = :part", "subsection_id"),
        "problems": _right("NOT problem.graded AND problem.section_id = :part", "block_id"),
    },
    "outcomes": {
        "tag-1": _hardest_tags("difficulty"),
        "tag-2": _hardest_tags("learning_outcome"),
        "tagged-problems": "SELECT count(*) FROM tagged",
    },
    "problem": {
        "part-1": """
            SELECT sum(last_response_count), sum(last_response_count) FILTER (WHERE correct),
                sum(last_response_count) FILTER (WHERE correct) * 1.0 / sum(last_response_count)
            FROM answer_distribution WHERE course_id = :course AND module_id = :part
            UNION ALL SELECT * FROM (
                SELECT answer_value_text, last_response_count * 1.0 / (
                    SELECT sum(last_response_count) FROM answer_distribution
                    WHERE course_id = :course AND module_id = :part
                ), NULL
                FROM answer_distribution
                WHERE course_id = :course AND module_id = :part AND NOT correct
                ORDER BY last_response_count DESC LIMIT 1
            )
        """,
        "points": """
            SELECT sum(count) FILTER (WHERE grade = max_grade), sum(count),
                sum(count) FILTER (WHERE grade = max_grade) * 1.0 / sum(count)
            FROM grade
        """,
    },
    "learner": {
        "timeline": """
            SELECT (SELECT min(date) FROM done), day, sum(tried), sum(solved), sum(videos),
                sum(posts), (SELECT max(date) FROM done)
            FROM done, last
        """
    },
    # They say nothing about the course.
    **{page: {} for page in ("courses", "learners", "reports", "password", "choice")},
    **{page: {} for page in ("notes", "note", "note-removal")},
}
FINDINGS["report"] = {
    "enrollment": FINDINGS["enrollment"]["enrollment"],
    "weekly-activity": FINDINGS["engagement"]["weekly-activity"],
    **{
        title: query
        for title, query in FINDINGS["home"].items()
        # Those of the two charts are above.
        if not title.startswith("How many learners")
    },
}


def reported(data: Path, sql: str, course: str, part: str) -> list[Row]:
    """What the reports database answers to a query of `TABLES` or `FINDINGS`."""
    with closing(sqlite3.connect(f"file:{data / REPORTS_FILE}?mode=ro", uri=True)) as reports:
        return reports.execute(_COMMON + sql, {"course": course, "part": part}).fetchall()


def agrees(texts: Sequence[str], row: Row) -> bool:
    """Whether a row of a page shows what a row of the reports holds."""
    return len(texts) == len(row) and all(map(_shows, texts, row))


def is_of(text: str, row: Row) -> bool:
    """Whether what a chart says of a point has no number but those of its row, before any note."""
    told = re.sub(r"\d+ (day|week)s? before", "", text.partition(" – ")[0])
    numbers = {int(number.replace(",", "")) for number in re.findall(r"[\d,]*\d", told)}
    return numbers != set() and numbers <= {*row}


def tells(sentence: str, rows: Sequence[Row]) -> bool:
    """Whether a sentence has all titles of the rows, and their numbers and dates and no others."""
    values = [value for row in rows for value in row if value is not None]
    titles = [value for value in values if isinstance(value, str) and not _DAY.fullmatch(value)]
    sentence = sentence.casefold()
    for title in titles:
        if title.casefold() not in sentence:
            return False
        sentence = sentence.replace(title.casefold(), "", 1)
    return agrees(_TOLD.findall(sentence), tuple(each for each in values if each not in titles))


_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_TOLD = re.compile(r"\d{1,2} [a-z]{3} \d{4}|\d+(?::\d\d)+|[<>]?[\d,]*\d%?")


def _shows(text: str, value: Any) -> bool:
    if value is None:
        return text in ("–", "unknown", "Unknown")
    if isinstance(value, str):
        return value in (ANY, text, _iso(text))
    if text.endswith("%"):
        return _is_percent(text, value)
    if ":" in text:
        return _seconds(text) == value
    number = float(text.replace(",", "").replace("−", "-"))
    return bool(number == value if isinstance(value, int) else abs(number - value) <= 0.05)


def _iso(text: str) -> str:
    try:
        return datetime.strptime(text, "%d %b %Y").date().isoformat()
    except ValueError:
        return ""


def _is_percent(text: str, share: float) -> bool:
    if text in ("<1%", ">99%"):
        return bool(0 < share < 0.005 if text == "<1%" else 0.995 <= share < 1)
    return abs(int(text.rstrip("%")) - 100 * share) <= 0.5 + 1e-9


def _seconds(text: str) -> int:
    seconds = 0
    for part in re.findall(r"\d+", text):
        seconds = seconds * 60 + int(part)
    return seconds
