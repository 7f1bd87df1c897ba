"""From the version that runs to the one that is checked out, with a way back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tasks.lib import console, version
from tasks.lib.backup.take import take
from tasks.lib.containers import stack
from tasks.lib.errors import OperatorError
from tasks.lib.hadoop import lock
from tasks.lib.images.build import Options, build
from tasks.lib.settings.initialise import initialise

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tasks.lib.version import Version


def upgrade(root: Path, folder: Path) -> None:
    """Back the running site up, then bring up the version that is checked out; no run starts
    meanwhile.

    Args:
        root: the checkout.
        folder: for the backup: a new or an empty one.

    Raises:
        OperatorError: what runs is newer, or the backup failed: nothing was changed. Or a later
            step failed: the message names it, how to go on, and the way back.
    """
    with lock.hold(root, "inv upgrade"):
        before, after = version.running(root), version.of_checkout(root)
        if before and before.is_newer_than(after):
            raise OperatorError(
                f"version {before} runs, and the older {after} is checked out: the way back is"
                " `inv restore --from` a backup of that version"
            )
        console.say(f"upgrade from {before or 'an unknown version'} to {after}")
        take(root, folder)
        back = _WayBack(before, folder)
        _do("init", lambda: _init(root), back)
        _do("build", lambda: build(root, options=Options("inv upgrade")), back)
        _do("up", lambda: stack.up(root, detach=True), back)


@dataclass(frozen=True)
class _WayBack:
    before: Version | None
    """What ran before, where that is known."""
    backup: Path

    def __str__(self) -> str:
        old = f"check out {self.before or 'the version that ran before'}"
        if self.before and self.before.commit:
            old = f"`git checkout {self.before.commit}`"
        return f"{old}, `inv dev`, `inv restore --from {self.backup}`, `inv up --detach`"


def _init(root: Path) -> None:
    for line in initialise(root):
        console.say(line)


def _do(name: str, step: Callable[[], object], back: _WayBack) -> None:
    """Do a step. Raises OperatorError, with its exit code, where it fails."""
    console.say(f"upgrade: {name}")
    try:
        step()
    except KeyboardInterrupt:
        raise _failed(name, "interrupted", back, 130) from None
    except Exception as error:
        code = getattr(error, "exit_code", None)
        if not isinstance(code, int):
            raise
        raise _failed(name, str(error), back, code) from error


def _failed(name: str, reason: str, back: _WayBack, code: int) -> OperatorError:
    return OperatorError(
        f"upgrade: {name} failed: {reason}. Once that is mended: `inv dev`, `inv up --detach`. The"
        f" way back: {back}",
        code,
    )
