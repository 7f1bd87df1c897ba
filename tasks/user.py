"""Accounts of Insights for a site without an LMS to sign in through."""

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
        "data": "folder that was given to local.update",
        "stack": "in the running stack, in place of a folder",
        "ask": "ask for the password on the terminal; else one is generated and printed",
        "update": "of a user who is there already: a new password, more courses",
    },
)
def create(
    context: Context,
    name: str,
    superuser: bool = False,
    course: list[str] | None = None,
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
        users.create_in_stack(ROOT, user, superuser, course or [], update)
    else:
        users.create(Path(data).absolute(), user, superuser, course or [], update)
    if not ask:
        print(f"password of {user.name}: {user.password}")
    if not superuser and not course:
        console.say(f"{name} may see no course yet: add some with --update --course ID")
