"""Forgets a learner in the stack: in the tables of its pipeline, and in all that shows them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks.lib import console
from tasks.lib.containers import following
from tasks.lib.hadoop import cluster, driver, lock, nightly
from tasks.lib.local import users

if TYPE_CHECKING:
    from collections.abc import Mapping


def forget(root: Path, username: str, user_id: int | None, dry_run: bool) -> list[str]:
    """Forget a learner; returns what was, or on a dry run would be, removed, a line each.

    With ENGINE=spark the hadoop stack comes up for it, as for a nightly run.

    Args:
        root: the checkout.
        username: the learner's name in the LMS.
        user_id: the LMS's number, where the tables do not tell it.
        dry_run: whether to leave everything as it is.

    Raises:
        LockedError: a run is under way (exit code 75).
        CoreStackError: the core stack is not up (69).
        OperatorError: it cannot be done, or not to the end: do it again.
    """
    request = {"username": username, "user_id": user_id, "dry_run": dry_run}
    with lock.hold(root, "inv learner.forget"), nightly.signals_as_errors():
        told = _in_pipeline(root, request)
    return [*told, *users.forget_learner("stack", Path(), root, username, dry_run).splitlines()]


def _in_pipeline(root: Path, request: Mapping[str, Any]) -> list[str]:
    ours = cluster.of(root)
    ours.check_core()
    was_kept = bool(ours.containers)
    nightly.clear(ours)
    services = ours.needed(with_sql=False)
    with following.paused(ours.stack), nightly.taken_down(ours, keep=was_kept):
        ours.up(services)
        console.say("looking for the learner")
        return driver.forget(ours, services, request)
