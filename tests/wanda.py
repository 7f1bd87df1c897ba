"""A learner who is to be forgotten: where the logs and tables of a site name her."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from insights_pipeline.inputs import Inputs

if TYPE_CHECKING:
    from pathlib import Path

COURSE = "course-v1:edX+DemoX+2014"
GONE, NUMBER, EMAIL = "wanda_möwe", 70007, "wanda@example.com"
OTHER = "otto"
TEXTS = (GONE, json.dumps(GONE)[1:-1], EMAIL, str(NUMBER))
"""How she is written."""


def line(second: int, event_type: str, username: str, number: int, /, **payload: Any) -> bytes:
    return json.dumps(
        {
            "time": f"2014-07-22T10:00:{second:02}",
            "event_type": event_type,
            "event_source": "server",
            "username": username,
            "ip": "203.0.113.7",
            "context": {"course_id": COURSE, "user_id": number},
            "event": payload,
        }
    ).encode()


def answered(answer: str) -> dict[str, Any]:
    """What a problem_check says of a problem with one field for text."""
    part = {
        "answer": answer,
        "correct": True,
        "input_type": "textline",
        "question": "Who are you?",
        "response_type": "stringresponse",
        "variant": "",
    }
    problem = "block-v1:edX+DemoX+2014+type@problem+block@p"
    return {
        "problem_id": problem,
        "success": "correct",
        "grade": 1,
        "max_grade": 1,
        "attempts": 1,
        "answers": {"p_2_1": answer},
        "correct_map": {"p_2_1": {"correctness": "correct"}},
        "submission": {"p_2_1": part},
    }


def lines() -> list[bytes]:
    found = []
    for number, (name, user) in enumerate([(GONE, NUMBER), (OTHER, 2)]):
        second = number * 20
        enrolled = {"course_id": COURSE, "user_id": user, "mode": "audit"}
        found += [
            line(second, "edx.course.enrollment.activated", name, user, **enrolled),
            line(second + 1, "play_video", name, user, id="v", currentTime=0),
            line(second + 9, "pause_video", name, user, id="v", currentTime=8),
            line(second + 10, "problem_check", name, user, **answered(f"I am {name}")),
        ]
    vote = {"vote_value": "up", "target_username": GONE}
    found += [
        line(50, "edx.forum.thread.voted", OTHER, 2, **vote),
        line(51, "edx.staff", OTHER, 2, text=f"Dear @{GONE}, <{EMAIL}>!", students=[NUMBER]),
        line(52, f"/courses/{COURSE}/progress/{NUMBER}", OTHER, 2),
        line(53, f"/u/{GONE}", OTHER, 2),
        f'2014 "{GONE}" {{"username": "{GONE}", "cut": '.encode(),
    ]
    return found


def tables(folder: Path) -> Inputs:
    folder.mkdir(exist_ok=True)
    (folder / "auth_user.csv").write_text(
        f"id,username,email\n{NUMBER},{GONE},{EMAIL}\n2,{OTHER},o@example.com\n"
    )
    (folder / "auth_userprofile.csv").write_text(
        f"user_id,gender,year_of_birth,level_of_education,name\n{NUMBER},f,1980,m,{GONE}\n"
    )
    return Inputs(lms=folder)
