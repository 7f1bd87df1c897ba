"""Answers to problems, tidy and wild, as log lines: always the same ones."""

from __future__ import annotations

import json

from hypothesis import HealthCheck, Phase, given, settings

from reference.problem_strategies import COURSES, PROBLEMS, Answers, answers

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


def lines(count: int) -> list[bytes]:
    """So many histories of answers, of both shapes, and the wild ones."""
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
    return [line for some in found for line in some.lines] + _wild_lines()


def _wild_lines() -> list[bytes]:
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


def blocks() -> list[dict[str, object]]:
    """Of one of the courses, as the LMS's course blocks service answers."""
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
