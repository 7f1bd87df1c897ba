"""Weekly reports by mail."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tasks.lib.task import task

if TYPE_CHECKING:
    from invoke import Context


@task(
    help={
        "data": "folder that was given to local.update; without it, the running stack",
        "url": "with --data: where its readers find Insights, for links",
    },
)
def weekly(context: Context, data: str = "", url: str = "http://127.0.0.1:8110") -> None:
    """Send the report of the last whole week to who asked for it, once; for cron, each day."""
    from tasks.lib.environment import ROOT, ensure

    if data:
        ensure("local")
    from tasks.lib import settings
    from tasks.lib.local import mail

    if data:
        mail.send_from(Path(data).absolute(), mail.environment(settings.load(ROOT), url))
    else:
        mail.send_from_stack(ROOT)
