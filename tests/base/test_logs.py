"""Log lines, for people and for programs."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from openedx_base.logs import logging_for

PROGRAM = """
import logging, logging.config, sys
from openedx_base.logs import DJANGO, logging_for

logging.config.dictConfig(logging_for(sys.argv[1], DJANGO))
logging.getLogger("insights").info("a course: %s", "Ünïts")
logging.getLogger("django.request").warning("Not Found: /nowhere", extra={"status_code": 404})
try:
    1 / 0
except ZeroDivisionError:
    logging.getLogger("insights").exception("it failed")
"""


def lines_of(form: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, form], capture_output=True, text=True, check=True
    )
    assert done.stdout == ""
    return done.stderr.splitlines()


def test_plain_lines() -> None:
    first, *rest = lines_of("plain")

    assert first.endswith(" INFO insights: a course: Ünïts")
    assert rest[0].endswith(" ERROR insights: it failed")
    assert rest[-1] == "ZeroDivisionError: division by zero"


def test_an_object_a_line() -> None:
    first, failure = map(json.loads, lines_of("json"))

    assert first.keys() == {"time", "level", "logger", "message"}
    assert (first["level"], first["logger"]) == ("INFO", "insights")
    assert first["message"] == "a course: Ünïts"
    assert failure["exc_info"].endswith("ZeroDivisionError: division by zero")


def test_there_is_no_other_form() -> None:
    with pytest.raises(KeyError):
        logging_for("xml")
