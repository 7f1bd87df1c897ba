"""The nightly run as a program, in its container or wherever its settings are in the environment.

It says on stdout how far it is, in lines for people or, with --json, for programs: each line is an
object with `step`, with `done` and `total`, with `record` (the run's, as the table pipeline_run has
it, with rows_written), or with `error` and `exit_code`. An operator's mistake is
one line and an exit code.

With --follow it goes on from one run to the next as the logs grow, with a line for each, until it
is stopped.

With --forget it forgets a learner instead, whom an object on stdin names: `username`, `user_id`
(or null) and `dry_run`. It says what there was of the learner, in lines or objects with `said`.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from argparse import ArgumentParser
from contextlib import suppress
from datetime import date
from typing import TYPE_CHECKING

from insights_pipeline.errors import BadOption, PipelineError
from insights_pipeline.forgotten import Learner
from insights_pipeline.interval import Interval
from insights_pipeline.settings import Settings
from insights_pipeline.telling import JsonLines, TimedLines

if TYPE_CHECKING:
    from collections.abc import Sequence

_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Do one run; returns the exit code."""
    parser = ArgumentParser(prog="insights-pipeline", description="Bring the reports up to date.")
    parser.add_argument("--interval", metavar="A:B", help="UTC dates to cover, B exclusive")
    parser.add_argument("--date", metavar="D", help="run as on this UTC date: cover all before it")
    parser.add_argument("--so-far", action="store_true", help="cover that date too, so far")
    parser.add_argument("--full", action="store_true", help="read all logs anew")
    parser.add_argument(
        "--follow", metavar="SECONDS", type=float, help="run again so often, and cover today too"
    )
    parser.add_argument("--forget", action="store_true", help="forget the learner named on stdin")
    parser.add_argument("--json", action="store_true", help="tell programs, not people")
    options = parser.parse_args(arguments)
    telling = JsonLines(sys.stdout) if options.json else TimedLines(sys.stdout)
    # `docker stop` is to be as orderly an end as Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        settings = Settings.of(os.environ)
        if options.forget:
            for line in _forget(settings, sys.stdin.read()):
                telling.said(line)
            return 0
        text = options.interval or settings.interval
        interval = Interval.parse(text) if text and not options.date else None
        if options.follow is not None:
            _follow(settings, interval, options.follow)
            return 0
        record = settings.run(
            interval=interval,
            until=_date(options.date) if options.date else None,
            so_far=options.so_far,
            full=options.full,
            progress=telling,
        )
    except PipelineError as error:
        telling.failed(str(error), error.exit_code)
        return error.exit_code
    except KeyboardInterrupt:
        telling.failed("interrupted: nothing was published; the next run goes on", _INTERRUPTED)
        return _INTERRUPTED
    telling.succeeded(record)
    return 0


def _follow(settings: Settings, interval: Interval | None, every: float) -> None:
    telling = TimedLines(sys.stdout)
    telling.news(f"following {settings.logs}: {settings.reports.place} every {every:g} s")
    with suppress(KeyboardInterrupt):
        settings.follow(interval, every, telling.news)
    telling.news("stopped")


def _forget(settings: Settings, request: str) -> list[str]:
    try:
        asked = json.loads(request)
        learner = Learner(str(asked["username"]), asked["user_id"] and int(asked["user_id"]))
        dry_run = bool(asked["dry_run"])
    except (ValueError, KeyError, TypeError):
        raise BadOption("--forget: stdin has no object with username, user_id, dry_run") from None
    return settings.forget(learner, dry_run)


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadOption(f"--date {text!r} is no date: give one such as 2026-02-01") from None


if __name__ == "__main__":
    sys.exit(main())
