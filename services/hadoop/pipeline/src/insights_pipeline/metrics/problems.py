"""What learners answer, by answer, by tag and by learner.

Upstream: insights/answer_dist.py, insights/tags_dist.py and insights/problem_response.py. What an
event says is read by `insights_pipeline.problem_checks`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from insights_pipeline import course_keys, schema
from insights_pipeline.forgotten import PSEUDONYM
from insights_pipeline.metrics import payload
from insights_pipeline.metrics.definition import (
    Appended,
    Metric,
    PerEntity,
    Relation,
    Sql,
    Whole,
)
from insights_pipeline.problem_checks import LONGEST_ID, LONGEST_TEXT, Answer, ProblemCheck, Tag
from insights_pipeline.report_files import ReportFiles
from insights_pipeline.schema.columns import GONE, RUN
from insights_pipeline.schema.inputs import BETWEEN_TITLES, DELETED

if TYPE_CHECKING:
    from insights_pipeline.interval import Interval

SHOWN_TYPES = (
    "choiceresponse",
    "optionresponse",
    "multiplechoiceresponse",
    "numericalresponse",
    "stringresponse",
    "formularesponse",
)
"""Kinds of parts whose answers are worth counting: no images, drawings, uploads or programs."""
SAME_VARIANT = "1"
"""Older events give this seed to a problem that is not randomised; newer ones give none."""


def problem_check(events: Relation) -> Sql:
    """Each problem_check that the server logged for a course, as it was read."""
    return f"""
        SELECT
            course_id,
            said.problem_id AS problem_id,
            COALESCE(username, '') AS username,
            time,
            date,
            said.org_id AS org_id,
            said.correct AS correct,
            said.score AS score,
            said.max_score AS max_score,
            LEFT(COALESCE(module_display_name, ''), {LONGEST_TEXT}) AS problem_display_name,
            said.title AS title,
            said.tags AS tags,
            said.answers AS answers,
            said.flaw AS flaw
        FROM (
            SELECT
                course_id,
                username,
                time,
                date,
                module_display_name,
                {payload.struct("problem_check", ProblemCheck)} AS said
            FROM {events}
            WHERE problem_check IS NOT NULL AND course_id IS NOT NULL
        ) AS checked
    """


def problem_check_flaw(problem_check: Relation) -> Sql:
    """Events with something that could not be used, by what it was, of all days ever read."""
    return f"""
        SELECT flaw, COUNT(*) AS count FROM {problem_check} WHERE flaw IS NOT NULL GROUP BY flaw
    """


def problem_tally(problem_check: Relation, interval: Interval) -> Sql:
    """Submissions to each problem, by whomever, and the tags that the last of them named.

    Within a microsecond the tags that come last in the order of their text hold; none come first.
    """
    return f"""
        SELECT
            course_id,
            problem_id,
            MAX(org_id) AS org_id,
            MAX(CASE WHEN place = 1 THEN tags END) AS tags,
            COUNT(*) AS total_submissions,
            SUM(CASE WHEN correct THEN 1 ELSE 0 END) AS correct_submissions
        FROM (
            SELECT
                *,
                ROW_NUMBER() OVER (
                    PARTITION BY course_id, problem_id ORDER BY time DESC, tags DESC NULLS LAST
                ) AS place
            FROM {problem_check}
            WHERE problem_id <> '' AND {_within(interval)}
        ) AS submission
        GROUP BY course_id, problem_id
    """


def tags_distribution(problem_tally: Relation) -> Sql:
    """Submissions to each problem, once for each tag that it had when last submitted.

    A submission is a problem_check of the server with a problem's id, from whomever, with answers
    or without; it is correct if all of the problem was.
    """
    return f"""
        SELECT
            course_id,
            org_id,
            problem_id AS module_id,
            tag.name AS tag_name,
            tag.value AS tag_value,
            total_submissions,
            correct_submissions
        FROM (
            SELECT
                course_id,
                org_id,
                problem_id,
                total_submissions,
                correct_submissions,
                UNNEST({payload.structs("tags", Tag)}) AS tag
            FROM {problem_tally}
            WHERE tags IS NOT NULL AND org_id IS NOT NULL
        ) AS tagged
    """


def problem_answer(problem_check: Relation, interval: Interval) -> Sql:
    """The parts of each learner's first and last attempt at each problem.

    An attempt is a problem_check of a named learner with answers, and the attempts of a learner at
    a problem are in the order of time; within a microsecond in that of what was answered, so that
    only what is alike can change places. An attempt that is the only one is the first and the last.
    Parts that a learner answered in between, and in neither of the two, are not there.
    """
    one_learner = "PARTITION BY course_id, problem_id, username"
    ascending = "time, answers, score NULLS FIRST, max_score NULLS FIRST, problem_display_name"
    descending = (
        "time DESC, answers DESC, score DESC NULLS LAST, max_score DESC NULLS LAST,"
        " problem_display_name DESC"
    )
    return f"""
        WITH attempt AS (
            SELECT
                *,
                ROW_NUMBER() OVER ({one_learner} ORDER BY {ascending}) AS from_first,
                ROW_NUMBER() OVER ({one_learner} ORDER BY {descending}) AS from_last,
                COUNT(*) OVER ({one_learner}) AS attempts,
                MIN(time) OVER ({one_learner}) AS first_attempt,
                MAX(time) OVER ({one_learner}) AS last_attempt
            FROM {problem_check}
            WHERE problem_id <> '' AND username <> '' AND answers IS NOT NULL
                AND {_within(interval)}
        ),
        kept AS (
            SELECT *, 'first' AS attempt FROM attempt WHERE from_first = 1
            UNION ALL
            SELECT *, 'last' AS attempt FROM attempt WHERE from_last = 1
        ),
        part AS (
            SELECT
                course_id,
                problem_id,
                username,
                attempt,
                time,
                problem_display_name,
                title,
                score,
                max_score,
                attempts,
                first_attempt,
                last_attempt,
                UNNEST({payload.structs("answers", Answer)}) AS said
            FROM kept
        )
        SELECT
            course_id,
            problem_id,
            username,
            attempt,
            said.part_id AS part_id,
            time,
            said.value_id AS value_id,
            said.answer AS answer,
            COALESCE(said.plain, said.answer) AS plain_answer,
            COALESCE(said.response, said.answer, said.value_id) AS response,
            said.correct AS correct,
            said.correctness AS correctness,
            said.variant AS variant,
            said.seed AS seed,
            said.question AS question,
            COALESCE(said.clean_question, said.question) AS clean_question,
            said.response_type AS response_type,
            problem_display_name,
            title,
            score,
            max_score,
            attempts,
            first_attempt,
            last_attempt
        FROM part
    """


def answer_distribution(problem_answer: Relation) -> Sql:
    """How many learners gave each answer to a part of a problem first, and how many last.

    Answers are told apart by the choice's id, or by their text where there is none, and by variant;
    a problem that is not randomised, and one of an older event with seed 1, are the same variant.
    What a row shows of an answer (its text, whether it is right, the question, the variant) is from
    the latest event that gave it. Whether a part is there at all, which problem it is of, and
    whether choices are shown by id, is from the part's latest event: parts of other kinds than
    `SHOWN_TYPES`, and those known from older events alone, are left out. Markup is taken out of
    the texts of choices, and of nothing that learners typed.
    """
    part = "PARTITION BY course_id, part_id"
    answer = f"{part}, COALESCE(value_id, answer), COALESCE(NULLIF(variant, ''), '{SAME_VARIANT}')"
    latest = (
        "ORDER BY time DESC, username DESC, problem_id DESC, attempt DESC, value_id NULLS LAST,"
        " answer NULLS LAST, variant, response_type NULLS LAST, correct, question,"
        " plain_answer NULLS LAST, problem_display_name"
    )
    types = ", ".join(f"'{name}'" for name in SHOWN_TYPES)
    return f"""
        WITH ranked AS (
            SELECT
                *,
                ROW_NUMBER() OVER ({part} {latest}) AS place,
                ROW_NUMBER() OVER ({answer} {latest}) AS place_of_answer,
                SUM(CASE WHEN attempt = 'first' THEN 1 ELSE 0 END) OVER ({answer}) AS firsts,
                SUM(CASE WHEN attempt = 'last' THEN 1 ELSE 0 END) OVER ({answer}) AS lasts
            FROM {problem_answer}
        ),
        newest AS (
            SELECT
                course_id,
                part_id,
                problem_id AS module_id,
                problem_display_name AS display_name,
                CASE WHEN value_id IS NOT NULL THEN TRUE ELSE FALSE END AS shows_ids
            FROM ranked
            WHERE place = 1 AND response_type IN ({types})
        )
        SELECT
            course_id,
            newest.module_id AS module_id,
            part_id,
            correct,
            firsts AS first_response_count,
            lasts AS last_response_count,
            CASE WHEN shows_ids THEN NULLIF(LEFT(value_id, {LONGEST_ID}), '') END AS value_id,
            CASE
                WHEN NOT shows_ids THEN COALESCE(answer, value_id)
                WHEN value_id <> '' THEN COALESCE(plain_answer, '')
                ELSE COALESCE(answer, '')
            END AS answer_value_text,
            seed AS variant,
            newest.display_name AS problem_display_name,
            question AS question_text
        FROM ranked
        JOIN newest USING (course_id, part_id)
        WHERE place_of_answer = 1
    """


def problem_response(problem_answer: Relation) -> Sql:
    """What each learner answered last to each part of each problem.

    An answer is right or not as the LMS's correct_map has it; of other verdicts it is unknown.
    Forgotten learners are left out.
    """
    return f"""
        SELECT
            course_id,
            username,
            problem_id,
            part_id AS answer_id,
            title,
            clean_question AS question,
            score,
            max_score,
            CASE correctness WHEN 'correct' THEN TRUE WHEN 'incorrect' THEN FALSE END AS correct,
            response AS answer,
            attempts AS total_attempts,
            first_attempt AS first_attempt_date,
            last_attempt AS last_attempt_date
        FROM {problem_answer}
        WHERE attempt = 'last' AND username NOT LIKE '{PSEUDONYM}%'
    """


def problem_place(problem_response: Relation, course_blocks: Relation) -> Sql:
    """Where in its course each problem with a response is, as far as the course's blocks tell."""
    return f"""
        SELECT
            course_id,
            problem_id,
            course_path,
            COALESCE(sort_idx, -1) AS sort_idx
        FROM (SELECT DISTINCT course_id, problem_id FROM {problem_response}) AS answered
        LEFT JOIN (
            SELECT course_id, block_id AS problem_id, course_path, sort_idx FROM {course_blocks}
        ) AS block USING (course_id, problem_id)
    """


def _within(interval: Interval) -> Sql:
    return f"date >= DATE '{interval.start}' AND date < DATE '{interval.end}'"


METRICS = (
    Metric(schema.PROBLEM_CHECK, problem_check, Appended()),
    Metric(schema.PROBLEM_CHECK_FLAW, problem_check_flaw, Whole()),
    Metric(schema.PROBLEM_TALLY, problem_tally, PerEntity(("course_id", "problem_id"))),
    Metric(schema.TAGS_DISTRIBUTION, tags_distribution, Whole()),
    Metric(
        schema.PROBLEM_ANSWER,
        problem_answer,
        PerEntity(("course_id", "problem_id", "username")),
    ),
    Metric(schema.ANSWER_DISTRIBUTION, answer_distribution, PerEntity(("course_id", "part_id"))),
    Metric(
        schema.PROBLEM_RESPONSE,
        problem_response,
        PerEntity(("course_id", "problem_id", "username")),
    ),
    Metric(schema.PROBLEM_PLACE, problem_place, Whole()),
)


def _changed(since: int) -> Sql:
    tables = ("problem_response", f"problem_response{GONE}", "problem_place")
    return " UNION ".join(f"SELECT course_id FROM {name} WHERE {RUN} > {since}" for name in tables)


_RESPONSES = ReportFiles(
    name="problem_response",
    pattern="*_problem_response*.csv",
    group=("course_id",),
    groups="SELECT DISTINCT course_id FROM problem_response",
    changed=_changed,
    rows=f"""
        SELECT
            * REPLACE (
                STRFTIME(first_attempt_date, '%Y-%m-%dT%H:%M:%SZ') AS first_attempt_date,
                STRFTIME(last_attempt_date, '%Y-%m-%dT%H:%M:%SZ') AS last_attempt_date
            ),
            CONCAT(COALESCE(course_path, '{DELETED}'), '{BETWEEN_TITLES}', title) AS location
        FROM problem_response
        JOIN problem_place USING (course_id, problem_id)
    """,
    columns=(
        "username",
        "problem_id",
        "answer_id",
        "location",
        "question",
        "score",
        "max_score",
        "correct",
        "answer",
        "total_attempts",
        "first_attempt_date",
        "last_attempt_date",
    ),
    order="sort_idx, username, first_attempt_date, problem_id, answer_id",
    path=lambda course_id: f"{course_keys.as_file_name(course_id)}_problem_response.csv",
    cell=str,
)
"""The problem response report: one file a course, in upstream's form."""

FILES = (_RESPONSES,)
