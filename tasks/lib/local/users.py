"""Accounts of Insights; a password reaches it through stdin alone."""

from __future__ import annotations

import getpass
import secrets
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tasks.lib.errors import OperatorError
from tasks.lib.local import applications
from tasks.lib.local.secrets import Secrets

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@dataclass(frozen=True)
class User:
    """Whom an account is for."""

    name: str
    password: str = field(repr=False)


def generate(name: str) -> User:
    """A user with a random password of 96 bits."""
    return User(name, secrets.token_urlsafe(12))


def ask(name: str) -> User:
    """A user whose password is typed twice.

    Raises:
        OperatorError: there is no terminal to type it on, or the two differ.
    """
    if not sys.stdin.isatty():
        raise OperatorError("--ask needs a terminal; without it a password is generated")
    password = getpass.getpass(f"Password of {name}: ")
    if getpass.getpass("Once more: ") != password:
        raise OperatorError("the two passwords differ: nothing was done")
    return User(name, password)


def create(
    data: Path,
    user: User,
    superuser: bool,
    courses: Sequence[str],
    update: bool = False,
    email: str = "",
) -> None:
    """Create the account, or with `update` change one that may be there, in a data folder.

    Raises:
        OperatorError: there is no such folder, or Insights does not accept name, password, a
            course id or the e-mail address.
    """
    manage(None, data, *_create_user(user, superuser, courses, update, email), stdin=user.password)


def create_in_stack(
    root: Path,
    user: User,
    superuser: bool,
    courses: Sequence[str],
    update: bool = False,
    email: str = "",
) -> None:
    """As `create`, in the running stack of a checkout.

    Raises:
        OperatorError: Insights is not running there, or does not accept name, password, a course
            id or the e-mail address.
    """
    manage(root, None, *_create_user(user, superuser, courses, update, email), stdin=user.password)


def manage(root: Path | None, data: Path | None, *arguments: str, stdin: str = "") -> str:
    """Run a command of Insights, in a checkout's running stack or else on a data folder.

    Raises:
        OperatorError: there is neither, or the command fails.
    """
    if root:
        from tasks.lib.containers.stack import Stack

        container = Stack.of(root).running("insights")
        command = ["docker", "exec", "--interactive", container.id, "python", "-m", "insights"]
        return applications.finish([*command, *arguments], stdin=stdin)
    if data is None or not data.is_dir():
        raise OperatorError(
            f"no folder {data}: run `inv local.update`, or name another with --data"
        )
    insights = applications.insights(data.absolute(), Secrets.of(data))
    insights.manage("prepare")
    return insights.manage(*arguments, stdin=stdin)


def forget_learner(target: str, data: Path, root: Path, learner: str, dry_run: bool) -> str:
    """Take a learner's name out of the audit trail of Insights; returns what to say about it.

    Args:
        target: `data`, Insights of the data folder, or `stack`, the running one of a checkout.
        data: the data folder.
        root: the checkout.
        learner: the name in the LMS.
        dry_run: whether to leave everything as it is.

    Raises:
        OperatorError: Insights is not running there, or its database cannot be used.
    """
    command = ["forget_learner", *(["--dry-run"] if dry_run else []), "--", learner]
    if target == "stack":
        return manage(root, None, *command)
    return manage(None, data, *command) if (data / applications.INSIGHTS_FILE).is_file() else ""


def _create_user(
    user: User, superuser: bool, courses: Sequence[str], update: bool, email: str
) -> list[str]:
    """The arguments of Insights' command; the password is none of them."""
    return [
        "create_user",
        *(["--superuser"] if superuser else []),
        *(f"--course={course}" for course in courses),
        *([f"--email={email}"] if email else []),
        *(["--update"] if update else []),
        "--",
        user.name,
    ]
