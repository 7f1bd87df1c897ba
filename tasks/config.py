"""Settings: what is in effect, and what is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from invoke import Exit

from tasks.lib.task import task

if TYPE_CHECKING:
    from invoke import Context


@task
def check(context: Context) -> None:
    """Check settings, certificate, ports, engine, disk and memory, and show all findings."""
    from tasks.lib.environment import ROOT
    from tasks.lib.settings import checks

    findings = checks.check(ROOT)
    for finding in findings:
        print(finding)
    print(checks.summary(findings))
    if checks.errors(findings):
        raise Exit(code=1)


@task(help={"json": "for programs; secrets are masked there too"})
def show(context: Context, json: bool = False) -> None:
    """Show each setting's effective value and where it comes from; secrets are masked."""
    from tasks.lib import settings
    from tasks.lib.environment import ROOT
    from tasks.lib.settings import table as settings_table

    rows = settings_table.rows(settings.load(ROOT))
    if json:
        print(settings_table.as_json(rows))
    else:
        settings_table.show(rows)
