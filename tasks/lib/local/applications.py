"""The web applications of a data folder: the environment of each, and its commands.

Data API and Insights run in processes of their own, here as in their containers, and learn all that
they need from environment variables; their `settings.py` say what each one means.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from tasks.lib.environment import APPLICATIONS
from tasks.lib.errors import OperatorError
from tasks.lib.local.runs import REPORTS_FILE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tasks.lib.local.secrets import Secrets


@dataclass(frozen=True)
class Application:
    """A Django project under services/.

    Attributes:
        title: its name for people.
        package: its Python package, which is also its command line (`python -m package`).
        environment: its settings.
    """

    title: str
    package: str
    environment: Mapping[str, str]

    @property
    def process_environment(self) -> dict[str, str]:
        """The environment of a process of it: this one's, its settings, and where its code is."""
        environment = {**os.environ, **self.environment}
        search_path = [*map(str, APPLICATIONS), environment.get("PYTHONPATH", "")]
        return {
            **environment,
            "DJANGO_SETTINGS_MODULE": f"{self.package}.settings",
            "PYTHONPATH": os.pathsep.join(filter(None, search_path)),
        }

    def manage(self, *arguments: str, stdin: str = "") -> str:
        """Run a management command to its end; returns what it printed.

        Raises:
            OperatorError: it failed; with its last line, which says why.
        """
        return finish(self.command(*arguments), stdin, self.process_environment)

    def command(self, *arguments: str) -> list[str]:
        """A management command, as a command line for `process_environment`."""
        return [sys.executable, "-P", "-m", self.package, *arguments]


def finish(
    command: Sequence[str], stdin: str = "", environment: Mapping[str, str] | None = None
) -> str:
    """Run a command to its end, with this process's environment by default; returns its output.

    Raises:
        OperatorError: it failed; with its last line, which says why.
    """
    done = subprocess.run(
        command,
        env=environment,
        input=stdin,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    _check(done)
    return done.stdout


def follow(command: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
    """As `finish`, for a command whose output is seen as it comes.

    Raises:
        OperatorError: it failed; with its last line, which says why, below its others.
    """
    done = subprocess.run(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        check=False,
    )
    lines = done.stderr.splitlines()
    for line in lines[:-1] if done.returncode else lines:
        print(line, file=sys.stderr)
    _check(done)


def _check(done: subprocess.CompletedProcess[str]) -> None:
    if done.returncode:
        reason = (done.stderr.strip() or f"exit code {done.returncode}").splitlines()[-1]
        raise OperatorError(reason.removeprefix("CommandError: "), done.returncode)


INSIGHTS_FILE = "insights.sqlite3"
"""Accounts, sessions and audit trail of Insights, in a data folder."""

# Where nothing listens: for commands of Insights that need no Data API, as its settings want one.
_NOWHERE = "http://127.0.0.1:9/api/v0"


def data_api(data: Path, secrets: Secrets) -> Application:
    """The Data API on the reports of a data folder."""
    return Application(
        "Data API",
        "analytics_data_api",
        {
            "ANALYTICS_DATA_API_REPORTS": str(data / REPORTS_FILE),
            "ANALYTICS_DATA_API_REPORT_FILES": str(data / "reports"),
            "ANALYTICS_DATA_API_DATABASE": str(data / "api.sqlite3"),
            "ANALYTICS_DATA_API_SECRET_KEY": secrets.api_secret_key,
            "ANALYTICS_DATA_API_TOKEN": secrets.api_token,
            "ANALYTICS_DATA_API_ALLOWED_HOSTS": "127.0.0.1,localhost",
            "ANALYTICS_DATA_API_HTTPS": "off",
        },
    )


def insights(
    data: Path,
    secrets: Secrets,
    data_api_url: str = _NOWHERE,
    mail: Mapping[str, str] = MappingProxyType({}),
) -> Application:
    """Insights of a data folder; `data_api_url` ends with the API's version.

    Without a URL it has its own commands, but no numbers to show; without its settings of `mail`,
    it sends none.
    """
    return Application(
        "Insights",
        "insights",
        {
            "INSIGHTS_DATABASE": str(data / INSIGHTS_FILE),
            "INSIGHTS_SECRET_KEY": secrets.insights_secret_key,
            "INSIGHTS_DATA_API_URL": data_api_url,
            "INSIGHTS_DATA_API_TOKEN": secrets.api_token,
            "INSIGHTS_ALLOWED_HOSTS": "127.0.0.1,localhost",
            "INSIGHTS_HTTPS": "off",
            "INSIGHTS_STATIC_ROOT": str(data / "cache" / "static"),
            "INSIGHTS_CACHE": str(data / "cache" / "insights"),
            **mail,
        },
    )
