from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tasks.lib import console

ROOT = Path(__file__).parents[3]
TIMESTAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
WORK = """
from tasks.lib import console
console.say("reading [2] files")
with console.progress("Reading") as progress:
    progress.update(0, None)
    progress.update(50, 100, "tracking.log")
    progress.update(100, 100, "7 lines")
"""


def test_without_a_terminal_every_line_has_its_time() -> None:
    run = subprocess.run(
        [sys.executable, "-c", WORK], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert run.stdout == ""
    said, ended = run.stderr.splitlines()
    assert re.fullmatch(rf"{TIMESTAMP} reading \[2\] files", said)
    assert re.fullmatch(rf"{TIMESTAMP} Reading: done in \d+\.\d s, 7 lines", ended)


def test_on_a_terminal_there_is_a_bar() -> None:
    terminal, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    subprocess.run(
        [sys.executable, "-c", WORK], cwd=ROOT, stderr=theirs, env=environment, check=True
    )
    os.close(theirs)
    shown = os.read(terminal, 100_000).decode()
    os.close(terminal)
    assert "reading [2] files" in shown
    assert "━━━" in shown
    assert "100%" in shown
    assert "7 lines" in shown
    assert not re.search(TIMESTAMP, shown)


def test_long_work_is_heard_of_now_and_then(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console, "SECONDS_BETWEEN_LINES", 0.0)
    with console.progress("Reading") as progress:
        progress.update(1, 3, "tracking.log")
        progress.update(2000, None)
    first, second, _ = capsys.readouterr().err.splitlines()
    assert first.endswith("Reading: 33%, tracking.log")
    assert second.endswith("Reading: 2,000")


def test_work_that_fails_is_not_said_to_be_done(capsys: pytest.CaptureFixture[str]) -> None:
    def work() -> None:
        with console.progress("Reading") as progress:
            progress.update(1, 2)
            raise OSError

    with pytest.raises(OSError):  # noqa: PT011, any
        work()
    assert capsys.readouterr().err == ""
