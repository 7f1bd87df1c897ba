"""Learners who use their right to be forgotten."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tasks.lib.errors import OperatorError
from tasks.lib.task import task

if TYPE_CHECKING:
    from invoke import Context


@task(
    positional=["username"],
    iterable=["publish"],
    help={
        "username": "the learner's name in the LMS",
        "user-id": "the LMS's number of the learner, where the tables do not tell it",
        "data": "folder that was given to local.update; without it, the stack's own tables",
        "publish": "where that was published to: data (the default) or stack; once for each",
        "dry-run": "show what there is of the learner, and leave it",
    },
)
def forget(
    context: Context,
    username: str,
    user_id: int = 0,
    data: str = "",
    publish: list[str] | None = None,
    dry_run: bool = False,
) -> None:
    """Remove what is personal of a learner from the stack, or from a data folder, for good."""
    from tasks.lib import console
    from tasks.lib.environment import ROOT, ensure

    if not data and publish:
        raise OperatorError("--publish goes with --data: the stack's own tables have one place", 2)
    if data:
        ensure("local")
        from tasks.lib.local import forgetting

        told = forgetting.forget(
            Path(data), ROOT, username.strip(), user_id or None, publish or ["data"], dry_run
        )
    else:
        from tasks.lib.hadoop import forgetting as stack_forgetting

        told = stack_forgetting.forget(ROOT, username.strip(), user_id or None, dry_run)
    for line in told:
        print(line)
    console.say("nothing was changed" if dry_run else "the learner is forgotten")
