from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tasks.lib.images import build_lock
from tasks.lib.lock import LockedError

if TYPE_CHECKING:
    from pathlib import Path


def test_a_second_build_is_told_who_is_at_work(tmp_path: Path) -> None:
    with (
        build_lock.hold(tmp_path, "inv build"),
        pytest.raises(LockedError, match=r"^`inv build` \(.*has been building in this checkout"),
        build_lock.hold(tmp_path, "inv build.web"),
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
