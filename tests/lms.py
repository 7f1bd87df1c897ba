"""A running LMS to sign in through."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests

from tasks.lib.local.serve import listen

if TYPE_CHECKING:
    from collections.abc import Generator

CLIENT_ID, CLIENT_SECRET = "insights-of-tests", "not-known-to-others-0123456789"


@dataclass(frozen=True)
class Lms:
    """The provider of `lms_provider.py`, running."""

    url: str
    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """The settings by which Insights signs in through it."""
        return {
            "INSIGHTS_LMS_URL": self.url,
            "INSIGHTS_LMS_CLIENT_ID": CLIENT_ID,
            "INSIGHTS_LMS_CLIENT_SECRET": CLIENT_SECRET,
        }

    def change(self, name: str, **values: Any) -> None:
        """Change what the LMS knows of somebody; `courses=None` and the like take it away."""
        file = self.folder / "people.json"
        people = json.loads(file.read_text())
        person = people.get(name, {}) | values
        people[name] = {key: value for key, value in person.items() if value is not None}
        self._write(people)

    def remove(self, name: str) -> None:
        """Somebody's account is no more."""
        people = json.loads((self.folder / "people.json").read_text())
        del people[name]
        self._write(people)

    def _write(self, people: dict[str, Any]) -> None:
        part = self.folder / "people.part"
        part.write_text(json.dumps(people))
        part.replace(self.folder / "people.json")


@contextmanager
def lms(folder: Path, people: dict[str, Any], *redirect_uris: str) -> Generator[Lms]:
    """Run an LMS; `redirect_uris` are those of its application for Insights."""
    (folder / "people.json").write_text(json.dumps(people))
    (folder / "application.json").write_text(
        json.dumps(
            {
                "client_id": CLIENT_ID,
                "client_secret": CLIENT_SECRET,
                "redirect_uris": " ".join(redirect_uris),
            }
        )
    )
    with listen(0) as address:
        descriptor = address.listener.fileno()
        process = subprocess.Popen(
            [
                *(sys.executable, "-P", "-m", "gunicorn", "lms_provider:application", "--preload"),
                *("--bind", f"fd://{descriptor}", "--threads", "4", "--log-level", "warning"),
                "--no-control-socket",
            ],
            env={
                **{k: v for k, v in os.environ.items() if k != "DJANGO_SETTINGS_MODULE"},
                "LMS_PROVIDER": str(folder),
                "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path]),
            },
            pass_fds=[descriptor],
        )
        try:
            _wait_for(f"{address.url}/status/", process)
            yield Lms(address.url, folder)
        finally:
            process.terminate()
            process.wait(30)


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            requests.get(url, timeout=1).raise_for_status()
        except requests.RequestException:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the LMS of the tests did not start")
