"""SQL over a data folder: one answer, or a prompt."""

from __future__ import annotations

import csv
import sys
from itertools import islice
from typing import TYPE_CHECKING

from insights_pipeline.asking import Session
from insights_pipeline.errors import PipelineError
from insights_pipeline.resources import Resources
from tasks.lib import console
from tasks.lib.errors import OperatorError, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from insights_pipeline.asking import Answer

FORMATS = ("table", "csv", "tsv")
_SHOWN_ROWS = 1000
_HELP = """\
Statements end with a semicolon. What they make ends with the prompt; the warehouse stays as it is.
  .tables      all tables with what they hold
  .quit        the end, as is Ctrl-D"""


def answer(data: Path, statement: str, form: str) -> None:
    """Print the answer to a statement; without one, to each of those that are typed or piped in.

    Args:
        data: a data folder.
        statement: SQL, or nothing.
        form: table, csv or tsv; by default a table on a terminal, and CSV elsewhere.

    Raises:
        OperatorError: there is no such form.
        PipelineError: the statement cannot be answered.
    """
    if form not in ("", *FORMATS):
        raise OperatorError(f"--format {form} is not known: give {', '.join(FORMATS)}", 2)
    form = form or ("table" if sys.stdout.isatty() else "csv")
    session = Session(data, Resources.default())
    if session.engine() != "duckdb":
        console.say(
            "this folder is kept by the engine spark: events and the tables between them and the"
            " reports are asked for with `inv hadoop.sql`, and have no rows here"
        )
    if statement or not sys.stdin.isatty():
        _print(session, statement or sys.stdin.read(), form)
        return
    print(_HELP)
    for typed in _statements():
        try:
            if typed == ".tables":
                for name, meaning in session.tables():
                    print(f"{name}  {meaning}")
            elif typed.startswith("."):
                print(_HELP)
            else:
                _print(session, typed, form)
        except PipelineError as error:
            print(one_line(str(error)), file=sys.stderr)
        except (KeyboardInterrupt, RuntimeError):  # what DuckDB makes of Ctrl-C
            print(one_line("interrupted"), file=sys.stderr)


def _statements() -> Iterator[str]:
    """What is typed: up to a semicolon, or a line that begins with a dot."""
    import readline  # noqa: F401  so that input() knows the arrow keys

    typed = ""
    while True:
        try:
            line = input("   ...> " if typed else "sql> ")
        except EOFError:
            print()
            return
        except KeyboardInterrupt:
            print()
            typed = ""
            continue
        if not typed and line.strip() in (".quit", ".exit"):
            return
        typed = f"{typed}\n{line}".strip()
        if typed.endswith(";") or typed.startswith("."):
            yield typed
            typed = ""


def _print(session: Session, statement: str, form: str) -> None:
    with session.ask(statement) as found:
        if form == "table":
            _show(found)
            return
        delimiter = "\t" if form == "tsv" else ","
        writer = csv.writer(sys.stdout, delimiter=delimiter, lineterminator="\n")
        writer.writerow(found.columns)
        writer.writerows(found.rows())


def _show(found: Answer) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(*found.columns, box=None, pad_edge=False, padding=(0, 2, 0, 0))
    rows = found.rows()
    for row in islice(rows, _SHOWN_ROWS):
        table.add_row(*("" if value is None else str(value) for value in row))
    Console(markup=False, highlight=False).print(table)
    if next(rows, None) is not None:
        console.say(f"only the first {_SHOWN_ROWS:,} rows are shown; --format csv gives all")
