from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tasks.lib.errors import OperatorError
from tasks.lib.images import build_lock
from tasks.lib.images.build_lock import BuildLockedError

ROOT = Path(__file__).parents[3]

HOLD = """
import sys, time
from pathlib import Path
from tasks.lib.images import build_lock
with build_lock.hold(Path(sys.argv[1]), "inv build"):
    print("held", flush=True)
    time.sleep(60)
"""


def start_holder(root: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(root)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdout
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_build_is_told_who_is_at_work(tmp_path: Path) -> None:
    with start_holder(tmp_path) as holder:
        try:
            with pytest.raises(BuildLockedError) as raised, build_lock.hold(tmp_path, "inv build"):
                pass
        finally:
            holder.kill()
    message = str(raised.value)
    assert message.startswith(
        f"`inv build` (process {holder.pid}) has been building in this checkout since 20"
    )
    assert raised.value.exit_code == 75


def test_a_crash_leaves_no_held_lock(tmp_path: Path) -> None:
    with start_holder(tmp_path) as holder:
        holder.send_signal(signal.SIGKILL)
    with build_lock.hold(tmp_path, "inv build"):
        pass


def test_it_is_let_go_of_at_the_end(tmp_path: Path) -> None:
    for _ in range(2):
        with build_lock.hold(tmp_path, "inv build"):
            assert '"command": "inv build"' in (tmp_path / ".build.lock").read_text()
        assert (tmp_path / ".build.lock").read_text() == ""


def test_a_checkout_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with (
        pytest.raises(OperatorError, match=r"nowhere/\.build\.lock cannot be written: No such"),
        build_lock.hold(tmp_path / "nowhere", "inv build"),
    ):
        pass


def test_what_is_written_after_the_beginning_is_newer(tmp_path: Path) -> None:
    file = tmp_path / "file"
    with build_lock.hold(tmp_path, "inv build") as lock:
        for _ in range(50):
            file.write_text("before")
            before = file.stat().st_mtime_ns
            began = lock.begin()
            file.write_text("after")
            assert before <= began < file.stat().st_mtime_ns
