"""From the version that runs to the one that is checked out, with a way back."""

from __future__ import annotations

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
        steps: dict[str, Callable[[], object]] = {
            "init": lambda: _init(root),
            "build": lambda: build(root, options=Options("inv upgrade")),
            "up": lambda: stack.up(root, detach=True),
        }
        for name, step in steps.items():
            _do(name, step, before, folder)


def _init(root: Path) -> None:
    for line in initialise(root):
        console.say(line)


def _do(name: str, step: Callable[[], object], before: Version | None, folder: Path) -> None:
    console.say(f"upgrade: {name}")
    try:
        step()
    except KeyboardInterrupt:
        raise _failed(name, "interrupted", before, folder, 130) from None
    except Exception as error:
        code = getattr(error, "exit_code", None)
        if not isinstance(code, int):
            raise
        raise _failed(name, str(error), before, folder, code) from error


def _failed(
    name: str, reason: str, before: Version | None, folder: Path, code: int
) -> OperatorError:
    old = f"check out {before or 'the version that ran before'}"
    if before and before.commit:
        old = f"`git checkout {before.commit}`"
    return OperatorError(
        f"upgrade: {name} failed: {reason}. Once that is mended: `inv dev`, `inv up --detach`. The"
        f" way back: {old}, `inv dev`, `inv restore --from {folder}`, `inv up --detach`",
        code,
    )
