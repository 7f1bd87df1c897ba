"""The attempts at a nightly run: also those that failed before the pipeline could keep a record."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

FILE = "data/logs/hadoop-tasks.jsonl"


def now() -> str:
    """The current time in UTC, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class Attempt:
    """One `inv hadoop-tasks`; times in UTC.

    Attributes:
        status: succeeded or failed.
        step: the one that was under way at the end of a failed one.
        error: why it failed, in one line.
        exit_code: what the command ended with.
        stale_since: the UTC date after which there are no data, where they are older than they
            should be.
        run: the pipeline's own record, a row of the table pipeline_run, where it came so far.
    """

    project: str
    engine: str
    started: str = field(default_factory=now)
    ended: str = ""
    status: str = "failed"
    step: str = ""
    error: str | None = None
    exit_code: int = 0
    stale_since: str | None = None
    run: dict[str, Any] | None = None

    def as_json(self) -> str:
        """One line."""
        return json.dumps(asdict(self))


def keep(root: Path, attempt: Attempt) -> None:
    """Add an attempt to the file of the checkout."""
    path = root / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(attempt.as_json() + "\n")


def last(root: Path) -> Attempt | None:
    """The newest attempt, or None where there is none that can be read."""
    try:
        *_, line = (root / FILE).read_text(encoding="utf-8").splitlines()
        return Attempt(**json.loads(line))
    except (OSError, ValueError, TypeError):
        return None
