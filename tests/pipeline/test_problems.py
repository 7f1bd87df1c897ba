"""Answers, tags and responses are those of the slow reference, in whatever order logs arrive."""

from __future__ import annotations

import json
import tempfile
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from embedded import Rows, Site, in_order
from insights_pipeline import schema
from insights_pipeline.errors import BadInput
from insights_pipeline.inputs import Inputs
from insights_pipeline.interval import Interval
from insights_pipeline.metrics import SUBJECTS
from reference.problem_strategies import Answers, answers
from reference.problems import problem_tables

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn

generated = settings(deadline=None, suppress_health_check=list(HealthCheck), database=None)
# Without shrinking, which takes minutes: `full` does that.
quickly = settings(generated, derandomize=True, phases=[Phase.generate])


@settings(quickly, max_examples=25)
@given(answers())
def test_same_tables(found: Answers) -> None:
    check(found)


@pytest.mark.full
@settings(generated, max_examples=500)
@given(answers())
def test_same_tables_of_ever_new_answers(found: Answers) -> None:
    check(found)


def check(found: Answers) -> None:
    with tempfile.TemporaryDirectory() as folder:
        site = Site(Path(folder))
        site.log(found.lines)
        site.update(Interval(*found.interval))
        tables = site.warehouse(
            schema.ANSWER_DISTRIBUTION, schema.TAGS_DISTRIBUTION, schema.PROBLEM_RESPONSE
        )
        published = site.reports()
    for name, rows in problem_tables(found.lines, found.interval).items():
        assert tables[name] == in_order(rows), name
        assert name == "problem_response" or published[name] == tables[name]


@st.composite
def arrivals(draw: DrawFn) -> tuple[Answers, list[list[bytes]], list[Interval]]:
    """Answers, some in the same microsecond, that arrive in several runs."""
    found = draw(answers(at_once=True))
    count = draw(st.integers(2, 4))
    runs: list[list[bytes]] = [[] for _ in range(count)]
    for line in found.lines:
        runs[draw(st.integers(0, count - 1))].append(line)
    last = Interval(*found.interval)
    others = st.builds(lambda other: Interval(*other.interval), answers())
    earlier = draw(st.lists(st.just(last) | others, min_size=count - 1, max_size=count - 1))
    return found, runs, [*earlier, last]


@settings(quickly, max_examples=6)
@given(arrivals())
def test_runs_add_up_to_a_single_one(
    arrived: tuple[Answers, list[list[bytes]], list[Interval]],
) -> None:
    check_growth(*arrived)


@pytest.mark.full
@settings(generated, max_examples=200)
@given(arrivals())
def test_any_runs_add_up_to_a_single_one(
    arrived: tuple[Answers, list[list[bytes]], list[Interval]],
) -> None:
    check_growth(*arrived)


def check_growth(found: Answers, runs: list[list[bytes]], intervals: list[Interval]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        grown, at_once = Site(Path(folder, "grown")), Site(Path(folder, "at-once"))
        grown.log([])
        for lines, interval in zip(runs, intervals, strict=True):
            grown.log(lines)
            # The first runs may find no event yet.
            with suppress(BadInput):
                grown.update(interval)
        at_once.log(found.lines)
        at_once.update(intervals[-1])

        assert everything(grown) == everything(at_once)


def everything(site: Site) -> dict[str, Rows | str]:
    """All tables of the subject, as kept and as published, and the files."""
    files = {
        path.name: path.read_text()
        for path in (site.data / "reports").glob("*_problem_response.csv")
    }
    tables = site.warehouse(*(metric.table for metric in SUBJECTS["problems"]))
    published = {f"{name} as published": rows for name, rows in site.reports().items()}
    return {**tables, **published, **files}


COURSE = "course-v1:edX+DemoX+2015"
PROBLEM = "block-v1:edX+DemoX+2015+type@problem+block@p1"
MARCH = Interval(date(2015, 3, 1), date(2015, 4, 1))


def line(username: str, time: str, problem_id: str = PROBLEM, **event: Any) -> bytes:
    """A learner's answer to a problem."""
    return json.dumps(
        {
            "username": username,
            "event_type": "problem_check",
            "event_source": "server",
            "time": f"2015-03-{time}+00:00",
            "context": {"course_id": COURSE, "module": {"display_name": "Your favourite"}},
            "event": {"problem_id": problem_id, **event},
        }
    ).encode()


def choice(value_id: str, text: str, correct: bool = False) -> dict[str, Any]:
    return {
        "grade": int(correct),
        "max_grade": 1,
        "answers": {"p1_2_1": value_id},
        "correct_map": {"p1_2_1": {"correctness": "correct" if correct else "incorrect"}},
        "submission": {
            "p1_2_1": {
                "answer": text,
                "question": "Which?",
                "response_type": "multiplechoiceresponse",
                "correct": correct,
                "variant": "",
            }
        },
    }


def test_the_fixture(tmp_path: Path, fixtures: Path) -> None:
    site = Site(tmp_path)
    site.log((fixtures / "answers" / "tracking.log-20140101").read_bytes().splitlines())
    site.update(Interval(date(2014, 1, 1), date(2015, 1, 1)))

    names = schema.ANSWER_DISTRIBUTION.names
    rows = [dict(zip(names, row, strict=True)) for row in site.reports()["answer_distribution"]]
    courses = [
        "course-v1:edX+DemoX+Test_2014",
        "edX/E929/2014_T2",
        "edX/Open_DemoX/edx_demo_course",
    ]
    assert sorted({row["course_id"] for row in rows if row["last_response_count"] > 0}) == courses
    capital = [row for row in rows if row["question_text"].startswith("Which US state has Lansing")]
    assert [
        (row["answer_value_text"], row["correct"], row["last_response_count"]) for row in capital
    ] == [("New Hampshire", 0, 1), ("Vermont", 0, 1), ("Michigan", 1, 2)]


def test_answers_that_look_alike_are_two(tmp_path: Path) -> None:
    """What was a choice became a text: upstream counts its id and its text apart."""
    site = Site(tmp_path)
    site.log([line("ann", "01T10:00:00", **choice("choice_1", "Blue"))])
    site.log([line("bob", "02T10:00:00", **choice("Blue", "Blue"))])

    site.update(MARCH)
    row = (COURSE, PROBLEM, "p1_2_1", 0, 1, 1, None, "Blue", None, "Your favourite", "Which?")
    assert site.reports()["answer_distribution"] == [row, row]

    site.log([line("ann", "03T10:00:00", **choice("Blue", "Blue"))])
    site.update(MARCH)
    assert [found[4:6] for found in site.reports()["answer_distribution"]] == [(1, 0), (1, 2)]
    assert site.update(MARCH).rows_written == 0

    site.update(Interval(date(2015, 3, 5), date(2015, 4, 1)))
    assert site.reports()["answer_distribution"] == []


def test_the_response_report(tmp_path: Path) -> None:
    site = Site(tmp_path)
    other = PROBLEM.replace("p1", "p2")
    blocks = tmp_path / "blocks.jsonl"
    blocks.write_text(
        json.dumps({"course_id": COURSE, "root": "course", "blocks": some_blocks(other)})
    )
    site.log(
        [
            line("zoë", "02T10:00:00.9", **choice("choice_1", "Blue,\n or <b>so</b>")),
            line("bob", "02T10:00:00", **choice("choice_2", "=1+1", correct=True)),
            line("zoë", "01T10:00:00", **choice("choice_2", "Red")),
            line("bob", "03T10:00:00", other, answers={"q_2_1": ["a", "b"]}, submission={}),
            line(
                "bob", "03T10:00:00", other, answers={"q": ["a", "b"]}, correct_map={"q": {"a": 1}}
            ),
            line("eve", "03T10:00:00", "deleted", answers={"r": "c"}, correct_map={"r": {"a": 1}}),
            line(" ", "03T10:00:00", other, answers={"r": "c"}, correct_map={"r": {"a": 1}}),
        ]
    )

    site.update(MARCH, Inputs(course_blocks=blocks))

    (report,) = (site.data / "reports").glob("*_problem_response.csv")
    assert report.name == "edX_DemoX_2015_problem_response.csv"
    path = "Demo / Week 1"
    assert report.read_bytes().decode().split("\r\n") == [
        "username,problem_id,answer_id,location,question,score,max_score,correct,answer,"
        "total_attempts,first_attempt_date,last_attempt_date",
        "eve,deleted,r,(Deleted block :) / Your favourite,,None,None,None,c,1,"
        "2015-03-03T10:00:00Z,2015-03-03T10:00:00Z",
        f"bob,{other},q,{path} / Your favourite,,None,None,None,a|b,2,"
        "2015-03-03T10:00:00Z,2015-03-03T10:00:00Z",
        f"bob,{PROBLEM},p1_2_1,{path} / Your favourite,Which?,1.0,1.0,True,=1+1,1,"
        "2015-03-02T10:00:00Z,2015-03-02T10:00:00Z",
        f'zoë,{PROBLEM},p1_2_1,{path} / Your favourite,Which?,0.0,1.0,False,"Blue, or <b>so</b>",2,'
        "2015-03-01T10:00:00Z,2015-03-02T10:00:00Z",
        "",
    ]


def some_blocks(other: str) -> dict[str, dict[str, Any]]:
    return {
        "course": {"display_name": "Demo", "children": ["week"]},
        "week": {"display_name": "Week 1", "children": [other, PROBLEM]},
        other: {"display_name": "Other"},
        PROBLEM: {"display_name": "Another"},
    }


def test_blocks_that_come_later_move_what_is_there(tmp_path: Path) -> None:
    site, blocks = Site(tmp_path), tmp_path / "blocks.jsonl"
    site.log([line("bob", "02T10:00:00", **choice("choice_2", "Red"))])
    site.update(MARCH)
    (report,) = (site.data / "reports").glob("*_problem_response.csv")
    assert "(Deleted block :) / Your favourite" in report.read_text()

    blocks.write_text(
        json.dumps({"course_id": COURSE, "root": "course", "blocks": some_blocks("o")})
    )
    site.update(MARCH, Inputs(course_blocks=blocks))
    assert "Demo / Week 1 / Your favourite" in report.read_text()

    site.update(Interval(date(2015, 3, 5), date(2015, 4, 1)))
    assert not report.exists()


def test_what_could_not_be_used_is_counted_once(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.log([line("bob", "02T10:00:00", answers="none"), line("bob", "02T11:00:00", answers=7)])

    assert "2 problem_check events: answers of the wrong shape" in site.update(MARCH).notes
    assert not any("problem_check" in note for note in site.update(MARCH).notes)
