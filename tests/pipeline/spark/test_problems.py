"""Answers of both shapes, tidy and wild: both engines leave the same tables and files."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, Phase, given, settings

import on_spark
import updating
from insights_pipeline.inputs import Inputs
from insights_pipeline.interval import Interval
from insights_pipeline.update import Update
from reference.problem_strategies import COURSES, PROBLEMS, Answers, answers

if TYPE_CHECKING:
    from pathlib import Path

WILD_TEXTS = [
    "\0 \x01\x1f\x7f\x85\u2028\ufeff",
    "\ud800 alone",
    "🐇 \u202e بالعربية",
    "quote ' \" \\ \\n | [a|b] \ttab\nline\r\n",
    '{"a": ["$.x", null]}',
    "<b>" * 500,
    "<script>x</script><!-- y -->&lt;&#0;&nbsp;z",
    "x" * 40_000,
    "名" * 20_000,
]


def test_same_tables_and_files(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    found = some_answers(40)
    lines = [line for some in found for line in some.lines] + wild_lines()
    (logs / "tracking.log").write_bytes(b"\n".join(lines) + b"\n")
    blocks = tmp_path / "blocks.jsonl"
    blocks.write_text("\n".join(map(json.dumps, some_blocks())))
    interval = Interval.parse("2015-03-03:2015-03-08")
    embedded = Update(
        logs, tmp_path / "embedded", interval, Inputs(course_blocks=blocks), updating.RESOURCES
    )
    expected = updating.run(embedded)
    update = on_spark.on_spark(replace(embedded, data=tmp_path / "spark"))

    record = on_spark.run(update)

    assert updating.reports_of(update.data) == updating.reports_of(embedded.data)
    store = on_spark.store_of(update.data)
    for name, rows in updating.warehouse_of(embedded.data).items():
        if rows:
            assert on_spark.tables_in(store, name)[name] == rows, name
    assert files_in(update.data) == files_in(embedded.data)
    assert len(files_in(update.data)) == 2
    assert [note for note in record.notes if "problem_check" in note] == [
        note for note in expected.notes if "problem_check" in note
    ]


def some_answers(count: int) -> list[Answers]:
    """Always the same ones."""
    found: list[Answers] = []

    @settings(
        max_examples=count,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        deadline=None,
    )
    @given(answers(at_once=True))
    def collect(some: Answers) -> None:
        found.append(some)

    collect()
    return found


def wild_lines() -> list[bytes]:
    """Each wild text wherever a learner's or an author's may stand."""
    return [
        json.dumps(
            {
                "username": f"learner-{number}",
                "event_type": "problem_check",
                "event_source": "server",
                "time": f"2015-03-04T10:00:{number:02}.5+00:00",
                "context": {
                    "course_id": COURSES[number % 2],
                    "user_id": number + 1,
                    "module": {"display_name": f"Title {text}"},
                    "asides": {"tagging_aside": {"saved_tags": {text: text, "b": ["c", text]}}},
                },
                "event": {
                    "problem_id": PROBLEMS[number % 2],
                    "grade": 10.0**number,
                    "max_grade": 1e400,
                    "answers": {"p_2_1": f"id {text}", f"wild {text!r}": text},
                    "correct_map": {"p_2_1": {"correctness": text}},
                    "submission": {
                        part_id: {
                            "answer": text,
                            "question": text,
                            "response_type": "stringresponse",
                            "variant": text[:300],
                        }
                        for part_id in ("p_2_1", f"wild {text!r}")
                    },
                },
            }
        ).encode()
        for number, text in enumerate(WILD_TEXTS)
    ]


def some_blocks() -> list[dict[str, object]]:
    """One of the courses."""
    root, unit = "block-v1:edX+DemoX+2014+type@course+block@course", "unit"
    return [
        {
            "course_id": COURSES[1],
            "root": root,
            "blocks": {
                root: {"id": root, "display_name": "Demo \t course", "children": [unit]},
                unit: {"id": unit, "display_name": WILD_TEXTS[3], "children": [PROBLEMS[1]]},
                PROBLEMS[1]: {"id": PROBLEMS[1], "type": "problem", "display_name": "P"},
            },
        }
    ]


def files_in(data: Path) -> dict[str, bytes]:
    return {
        path.name: path.read_bytes() for path in (data / "reports").glob("*_problem_response.csv")
    }
