"""The nightly run: the hadoop stack up, the pipeline's run, the stack down, whatever happens."""

from __future__ import annotations

import json
import signal
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, NoReturn

from tasks.lib import console
from tasks.lib import settings as setting_files
from tasks.lib.containers import following
from tasks.lib.containers.health import UnhealthyError
from tasks.lib.errors import OperatorError
from tasks.lib.hadoop import alert, attempts, cluster, driver, lock
from tasks.lib.hadoop.attempts import Attempt
from tasks.lib.local import runs
from tasks.lib.settings.compose_env import FOLLOW

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path
    from typing import Any

    from tasks.lib.hadoop.cluster import Cluster
    from tasks.lib.hadoop.driver import Options
    from tasks.lib.settings import Settings

COMMAND = "inv hadoop-tasks"
_INTERRUPTED = {signal.SIGINT: 130, signal.SIGTERM: 143}


class InterruptedRunError(OperatorError):
    """Somebody ended the command."""


def run(root: Path, options: Options, keep: bool = False) -> None:
    """Do the nightly run of a checkout.

    Args:
        root: the checkout.
        options: what to do.
        keep: whether to leave the stack up, with hive-server, for queries.

    Raises:
        LockedError: another one is under way (exit code 75).
        CoreStackError: the core stack is not up (69).
        InterruptedRunError: SIGINT (130) or SIGTERM (143) came.
        OperatorError: the run failed; what was published before still stands.
    """
    with lock.hold(root, COMMAND), signals_as_errors():
        settings = setting_files.load(root)
        attempt = Attempt(settings.project, settings["ENGINE"], step="core stack")
        try:
            attempt.run = _run(root, options, keep, attempt)
            attempt.status, attempt.step = "succeeded", ""
        except BaseException as error:
            attempt.error = str(error)
            attempt.exit_code = getattr(error, "exit_code", 1)
            raise
        finally:
            _close(root, settings, attempt)
    for line in _describe(attempt.run):
        console.say(line)


def _run(root: Path, options: Options, keep: bool, attempt: Attempt) -> dict[str, Any]:
    def step(name: str) -> None:
        attempt.step = name

    ours = cluster.of(root)
    ours.check_core()
    if FOLLOW in ours.stack.compose.services and not options.date:
        # What it shows of today stays there meanwhile.
        options = replace(options, so_far=True)
    step("clean up")
    clear(ours)
    with following.paused(ours.stack), taken_down(ours, keep):
        try:
            step("stack")
            services = ours.needed(with_sql=keep)
            ours.up(services)
            step("pipeline")
            return driver.run(ours, services, options, step)
        except UnhealthyError as error:
            for line in error.log.splitlines():
                console.say(f"{error.service} | {line}")
            raise OperatorError(f"step {attempt.step}: {error}", error.exit_code) from error
        except OperatorError as error:
            if error.exit_code in _INTERRUPTED.values():
                raise
            raise OperatorError(f"step {attempt.step}: {error}", error.exit_code) from error


def clear(ours: Cluster) -> None:
    """Remove what a run that was killed left; a stack that was kept, and is well, stays."""
    ours.end_pipeline()
    if ours.containers and not all(each.healthy for each in ours.containers):
        console.say("an earlier run left containers behind: they are removed first")
        ours.down()


@contextmanager
def taken_down(ours: Cluster, keep: bool) -> Generator[None]:
    """Take the stack down at the end, unless it is to be kept; signals wait until that is done."""
    try:
        yield
    except BaseException:
        with _undisturbed():
            try:
                _leave(ours, keep)
            except OperatorError as error:
                console.say(f"the hadoop stack is not taken down: {error}; the next run does it")
        raise
    with _undisturbed():
        try:
            _leave(ours, keep)
        except OperatorError as error:
            raise OperatorError(
                f"the numbers are published, but the hadoop stack is not taken down: {error}: the"
                " next run does it, or `inv down` with all else"
            ) from error


def _leave(ours: Cluster, keep: bool) -> None:
    if keep:
        ours.end_pipeline()
    else:
        ours.down()


def _close(root: Path, settings: Settings, attempt: Attempt) -> None:
    """Keep the record of what was tried, and tell who is to know."""
    attempt.ended = attempts.now()
    attempt.stale_since = _stale_since(settings, attempt)
    attempts.keep(root, attempt)
    if attempt.error is not None or attempt.stale_since:
        alert.send(settings, attempt)


def _stale_since(settings: Settings, attempt: Attempt) -> str | None:
    """The last date with events, where the end of that day is too long ago."""
    newest = (attempt.run or {}).get("newest_event")
    if not newest:
        return None
    ended = datetime.combine(date.fromisoformat(newest), datetime.min.time(), UTC)
    age = datetime.now(UTC) - ended - timedelta(days=1)
    return str(newest) if age > timedelta(hours=int(settings["STALE_AFTER_HOURS"])) else None


def _describe(record: dict[str, Any] | None) -> Iterator[str]:
    if record:
        yield from runs.describe(runs.from_row(record))
        rows = sum(json.loads(record["rows_by_table"]).values())
        yield f"published: {rows:,} rows, {record['rows_written']:,} of them changed"


@contextmanager
def signals_as_errors() -> Generator[None]:
    """Turn SIGINT and SIGTERM into an error, so that what was started is ended first."""

    def interrupt(number: int, _frame: object) -> NoReturn:
        raise InterruptedRunError(
            f"interrupted ({signal.Signals(number).name}): what was published before still stands",
            _INTERRUPTED[signal.Signals(number)],
        )

    before = {number: signal.signal(number, interrupt) for number in _INTERRUPTED}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _undisturbed() -> Generator[None]:
    """Have SIGINT and SIGTERM wait."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _INTERRUPTED)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
