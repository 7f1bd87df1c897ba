"""Forgets a learner in a data folder and where it was published to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from insights_pipeline.forgetting import forget as forget_in
from insights_pipeline.forgotten import Learner
from insights_pipeline.resources import Resources
from tasks.lib.local import pipeline, users

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def forget(
    data: Path,
    root: Path,
    username: str,
    user_id: int | None,
    targets: Sequence[str],
    dry_run: bool,
) -> list[str]:
    """Forget a learner; returns what was, or on a dry run would be, removed, a line each.

    Args:
        data: a folder of `inv local.update`, of either engine.
        root: the checkout.
        username: the learner's name in the LMS.
        user_id: the LMS's number, where the folder does not tell it.
        targets: where the folder was published to, of pipeline.TARGETS.
        dry_run: whether to leave everything as it is.

    Raises:
        PipelineError, OperatorError: it cannot be done, or not to the end: do it again.
    """
    reports = [pipeline.reports(target, data, root) for target in targets]
    told = forget_in(
        *(data, Learner(username, user_id), reports, Resources.default(), dry_run),
        cluster=pipeline.cluster(data),
    )
    for target in targets:
        told += users.forget_learner(target, data, root, username, dry_run).splitlines()
    return told
