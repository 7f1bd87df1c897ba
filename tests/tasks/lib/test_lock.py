from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tasks.lib import lock
from tasks.lib.errors import OperatorError
from tasks.lib.lock import LockedError

ROOT = Path(__file__).parents[3]

HOLD = """
import sys, time
from pathlib import Path
from tasks.lib import lock
with lock.hold(Path(sys.argv[1]), "inv build", "building"):
    print("held", flush=True)
    time.sleep(60)
"""


def start_holder(path: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdout
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_one_is_told_who_is_at_work(tmp_path: Path) -> None:
    with start_holder(tmp_path / "lock") as holder:
        try:
            with (
                pytest.raises(LockedError) as raised,
                lock.hold(tmp_path / "lock", "inv build", "building"),
            ):
                pass
        finally:
            holder.kill()
    message = str(raised.value)
    assert message.startswith(f"`inv build` (process {holder.pid}) has been building since 20")
    assert raised.value.exit_code == 75


def test_a_crash_leaves_no_held_lock(tmp_path: Path) -> None:
    with start_holder(tmp_path / "lock") as holder:
        holder.send_signal(signal.SIGKILL)
    with lock.hold(tmp_path / "lock", "inv build", "building"):
        pass


def test_it_is_let_go_of_at_the_end(tmp_path: Path) -> None:
    for _ in range(2):
        with lock.hold(tmp_path / "lock", "inv build", "building"):
            assert '"command": "inv build"' in (tmp_path / "lock").read_text()
        assert (tmp_path / "lock").read_text() == ""


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with (
        pytest.raises(OperatorError, match=r"nowhere/lock cannot be written: No such"),
        lock.hold(tmp_path / "nowhere" / "lock", "inv build", "building"),
    ):
        pass
