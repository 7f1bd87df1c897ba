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
        "user-id": "the LMS's number of the learner, where the data folder does not tell it",
        "data": "folder that was given to local.update",
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
    """Remove what is personal of a learner from a data folder and its reports, for good."""
    from tasks.lib.environment import ROOT, ensure

    if not data:
        raise OperatorError("--data is missing: name the folder that was given to local.update", 2)
    ensure("local")
    from insights_pipeline.forgetting import forget
    from insights_pipeline.forgotten import Learner
    from insights_pipeline.resources import Resources
    from tasks.lib import console
    from tasks.lib.local import pipeline, users

    folder = Path(data)
    targets = publish or ["data"]
    reports = [pipeline.reports(target, folder, ROOT) for target in targets]
    learner = Learner(username.strip(), user_id or None)
    for line in forget(folder, learner, reports, Resources.default(), dry_run):
        print(line)
    for target in targets:
        print(users.forget_learner(target, folder, ROOT, learner.username, dry_run), end="")
    console.say("nothing was changed" if dry_run else "the learner is forgotten")
