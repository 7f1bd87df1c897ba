"""Questions to hive-server."""

from __future__ import annotations

import csv
import sys
from io import StringIO
from typing import TYPE_CHECKING

from tasks.lib.containers.compose import ComposeError
from tasks.lib.errors import OperatorError
from tasks.lib.hadoop import cluster
from tasks.lib.hadoop.cluster import HIVE_SERVER

if TYPE_CHECKING:
    from pathlib import Path


def ask(root: Path, statement: str) -> None:
    """Print what hive-server answers: a table on a terminal, CSV with a header elsewhere.

    Raises:
        OperatorError: it is not up, or refuses the statement.
    """
    stack = cluster.of(root).stack
    if HIVE_SERVER not in {each.service for each in stack.containers if each.healthy}:
        raise OperatorError(
            f"{HIVE_SERVER} is not up: `inv hadoop-tasks --keep` leaves it up after a run, and"
            f" `inv start.{HIVE_SERVER}` starts it"
        )
    try:
        answer = stack.compose.ask(HIVE_SERVER, "hive-sql", statement)
    except ComposeError as error:
        raise OperatorError(f"{HIVE_SERVER}: {error}") from error
    if not sys.stdout.isatty():
        sys.stdout.write(answer if answer.endswith("\n") or not answer else f"{answer}\n")
        return
    from rich.console import Console
    from rich.table import Table

    rows = list(csv.reader(StringIO(answer)))
    if not rows:
        return
    table = Table(*rows[0], box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for row in rows[1:]:
        table.add_row(*row)
    Console(markup=False, highlight=False).print(table)
