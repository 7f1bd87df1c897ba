"""A look at everything, on sample logs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tasks.lib.errors import task

if TYPE_CHECKING:
    from invoke import Context


@task(help={"no-serve": "end after the summary, without serving pages"})
def demo(context: Context, no_serve: bool = False) -> None:
    """Make sample logs, run the pipeline on them and show the numbers."""
    from tasks.lib.environment import ROOT, ensure

    ensure("local")
    from tasks.lib import console
    from tasks.lib.demo import prepare, show

    show(prepare(ROOT / "data" / "demo"))
    if not no_serve:
        console.say("There are no pages to serve yet: Data API and Insights are being built.")
