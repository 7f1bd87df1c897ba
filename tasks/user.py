"""Accounts of Insights for a site without an LMS to sign in through, and what users saw."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tasks.lib.task import task

if TYPE_CHECKING:
    from invoke import Context


@task(
    positional=["name"],
    iterable=["course"],
    help={
        "name": "what the user signs in with",
        "superuser": "may see all courses",
        "course": "id of a course that the user may see; give it once for each course",
        "email": "where weekly reports can be sent, if the user asks for them",
        "data": "folder that was given to local.update",
        "stack": "in the running stack, in place of a folder",
        "ask": "ask for the password on the terminal; else one is generated and printed",
        "update": "of a user who is there already: a new password, more courses, another address",
    },
)
def create(
    context: Context,
    name: str,
    superuser: bool = False,
    course: list[str] | None = None,
    email: str = "",
    data: str = "data/demo",
    ask: bool = False,
    update: bool = False,
    stack: bool = False,
) -> None:
    """Create an account that can sign in to Insights."""
    from tasks.lib.environment import ROOT, ensure

    if not stack:
        ensure("local")
    from tasks.lib import console
    from tasks.lib.local import users

    user = users.ask(name) if ask else users.generate(name)
    if stack:
        users.create_in_stack(ROOT, user, superuser, course or [], update, email)
    else:
        users.create(Path(data).absolute(), user, superuser, course or [], update, email)
    if not ask:
        print(f"password of {user.name}: {user.password}")
    if not superuser and not course:
        console.say(f"{name} may see no course yet: add some with --update --course ID")


@task(
    help={
        "user": "only what this user did",
        "course": "only of the course of this id",
        "learner": "only what is about this learner alone",
        "days": "only what was in the last days",
        "data": "folder that was given to local.update",
        "stack": "in the running stack, in place of a folder",
    },
)
def audit(
    context: Context,
    user: str = "",
    course: str = "",
    learner: str = "",
    days: int = 0,
    data: str = "data/demo",
    stack: bool = False,
) -> None:
    """Show who opened a learner's page or downloaded personal data, as CSV; newest first."""
    from tasks.lib.environment import ROOT, ensure

    if not stack:
        ensure("local")
    from tasks.lib.local import users

    given = {"user": user, "course": course, "learner": learner, "days": str(days or "")}
    wanted = [f"--{name}={value}" for name, value in given.items() if value]
    print(users.manage(ROOT if stack else None, Path(data), "audit", *wanted), end="")
