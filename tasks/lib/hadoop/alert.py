"""Tells somebody who is asleep: a command, and a URL, are given the record of what went wrong."""

from __future__ import annotations

import subprocess
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

from tasks.lib import console

if TYPE_CHECKING:
    from tasks.lib.hadoop.attempts import Attempt
    from tasks.lib.settings import Settings

_SECONDS = 30


def send(settings: Settings, attempt: Attempt) -> None:
    """Call ALERT_COMMAND with the attempt as JSON on its input, and post it to ALERT_WEBHOOK.

    What fails is said, and changes nothing else.
    """
    content = attempt.as_json().encode()
    if command := settings.get("ALERT_COMMAND"):
        try:
            done = subprocess.run(
                command, shell=True, input=content, cwd=settings.root, timeout=_SECONDS, check=False
            )
            if done.returncode:
                console.say(f"ALERT_COMMAND ended with exit code {done.returncode}")
        except subprocess.TimeoutExpired:
            console.say(f"ALERT_COMMAND did not end within {_SECONDS} s, and was killed")
        except OSError as error:
            console.say(f"ALERT_COMMAND cannot be run: {error.strerror}")
    if url := settings.get("ALERT_WEBHOOK"):
        request = urllib.request.Request(
            url, content, {"Content-Type": "application/json"}, method="POST"
        )
        try:
            urllib.request.urlopen(request, timeout=_SECONDS).close()
        except (urllib.error.URLError, OSError) as error:
            console.say(f"ALERT_WEBHOOK: {getattr(error, 'reason', error)}")
