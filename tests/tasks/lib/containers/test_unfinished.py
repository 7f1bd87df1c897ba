"""The note that a restore leaves when it is cut short."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.lib.containers import unfinished
from tasks.lib.errors import OperatorError

BACKUP = Path("/srv/backup")


def test_a_restore_that_ended_well_leaves_nothing(tmp_path: Path) -> None:
    with unfinished.noted(tmp_path, BACKUP), pytest.raises(OperatorError):
        unfinished.refuse(tmp_path)

    unfinished.refuse(tmp_path)


def test_one_that_was_cut_short_says_how_to_begin_anew(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(KeyboardInterrupt), unfinished.noted(tmp_path, BACKUP):
        raise KeyboardInterrupt

    assert f"begins anew: `inv restore --from {BACKUP}`" in capsys.readouterr().err
    with pytest.raises(OperatorError, match="half restored: `inv restore --from /srv/backup`"):
        unfinished.refuse(tmp_path)


def test_it_is_forgotten_with_the_site(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="disk"), unfinished.noted(tmp_path, BACKUP):
        raise ValueError("disk")

    unfinished.forget(tmp_path)

    unfinished.refuse(tmp_path)
