"""Joining an LMS: settings that follow from it, what to run in it, and whether it all works."""

from __future__ import annotations

from typing import TYPE_CHECKING

from invoke import Exit

from tasks.lib.task import task

if TYPE_CHECKING:
    from invoke import Context

    from tasks.lib.connect.site import LmsSite

_YES = "write conf/*.env without asking"


@task(
    help={
        "root": "root of the Tutor site; by default TUTOR_ROOT, or where Tutor itself has it",
        "yes": _YES,
    },
)
def tutor(context: Context, root: str = "", yes: bool = False) -> None:
    """Fill conf/ from a Tutor site's own configuration, and say what to run in its LMS."""
    from tasks.lib.environment import ensure

    ensure("local")
    from tasks.lib.connect import tutor as tutor_site

    _join(tutor_site.read(tutor_site.root_folder(root)), yes)


@task(
    positional=["url"],
    help={
        "url": "the LMS's root URL, such as https://lms.example.org",
        "database": "HOST or HOST:PORT of its MySQL, where tables come from there and not as CSV",
        "database-name": "the database's name",
        "discovery": "root URL of its course discovery service",
        "yes": _YES,
    },
)
def lms(
    context: Context,
    url: str,
    database: str = "",
    database_name: str = "openedx",
    discovery: str = "",
    yes: bool = False,
) -> None:
    """Fill conf/ for an LMS at a URL, and say what to run in it."""
    from tasks.lib.environment import ensure

    ensure("local")
    from tasks.lib.connect import elsewhere

    _join(elsewhere.site(url, database, database_name, discovery), yes)


@task
def check(context: Context) -> None:
    """Try the connections to LMS and mail server that conf/ names, and say what is wrong."""
    from tasks.lib.environment import ROOT, ensure

    ensure("local")
    from tasks.lib import settings
    from tasks.lib.connect import trying

    failed = False
    for result in trying.each(settings.load(ROOT)):
        failed |= result.failed
        print(result, flush=True)
    if failed:
        raise Exit(code=1)


def _join(site: LmsSite, yes: bool) -> None:
    from tasks.lib import console, settings
    from tasks.lib.connect import filling, steps
    from tasks.lib.containers.confirmation import confirm
    from tasks.lib.environment import ROOT

    planned = filling.changes(settings.load(ROOT), site)
    for line in filling.shown(planned):
        print(line)
    if planned:
        confirm(f"{len(planned)} settings of conf/ will be changed as shown", "yes", yes)
        filling.write(ROOT, planned)
        console.say(f"{len(planned)} settings written")
    else:
        console.say(f"conf/ has all that follows from {site.url}: nothing to write")
    print("\nNothing was changed in the LMS. What is left to do:")
    for number, step in enumerate(steps.write(settings.load(ROOT), site), 1):
        print(f"\n{number}. {step}")
