"""Follows logs that grow, under the console's eyes."""

from __future__ import annotations

import signal
from contextlib import suppress
from typing import TYPE_CHECKING

from insights_pipeline import following
from tasks.lib import console
from tasks.lib.errors import OperatorError

if TYPE_CHECKING:
    from insights_pipeline.publish.reports import Reports
    from insights_pipeline.update import Update

_MOST = 24 * 3600


def follow(update: Update, reports: Reports, every: float) -> None:
    """Follow the logs until Ctrl-C or SIGTERM, which undo what an update has begun.

    Args:
        every: seconds from the start of an update to the start of the next.

    Raises:
        OperatorError, PipelineError: it cannot be begun.
    """
    if not 1 <= every <= _MOST:
        raise OperatorError(f"--every {every:g} is not from 1 to {_MOST} seconds", 2)
    console.say(f"following {update.logs} until Ctrl-C: {reports.place} every {every:g} s")
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with suppress(KeyboardInterrupt):
            following.follow(update, reports, every, console.say)
    finally:
        signal.signal(signal.SIGTERM, before)
    console.say("stopped")
