"""What a run takes in beside the logs: the LMS's tables as CSV and the course catalog.

They are read whole, and only when they changed. An input that is not given leaves what an earlier
run took in.
"""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from insights_pipeline import schema
from insights_pipeline.errors import BadInput

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

    from insights_pipeline.warehouse import Warehouse

_NULL = r"\N"
_PLACE = "place"
"""The column that counts the rows of an input, in the file's order."""
_LACKING = {
    "auth_userprofile": "enrollment by age, education and gender stays empty",
    "grades_persistentcoursegrade": "nobody counts as passing",
    "course_catalog": "course titles and dates stay empty",
}


@dataclass(frozen=True)
class Inputs:
    """Where the inputs beside the logs are.

    Attributes:
        lms: folder of CSV files, one an LMS table, named after it, with a header and \\N for null.
        catalog: course runs as the course discovery service gives them, one JSON object a line.
    """

    lms: Path | None = None
    catalog: Path | None = None


def check(inputs: Inputs) -> None:
    """Make sure that what was named is there.

    Raises:
        BadInput: it is not.
    """
    if inputs.lms and not inputs.lms.is_dir():
        raise BadInput(f"no folder of LMS tables at {inputs.lms}: name it with --lms")
    if inputs.catalog and not inputs.catalog.is_file():
        raise BadInput(f"no course catalog at {inputs.catalog}: name it with --catalog")


def take_in(warehouse: Warehouse, inputs: Inputs) -> list[str]:
    """Read what changed into the warehouse; returns a note on each input that it lacks.

    Raises:
        BadInput: a file is not what it should be.
    """
    if inputs.lms:
        for table in schema.LMS:
            path = inputs.lms / f"{table.name}.csv"
            if path.is_file():
                _replace(warehouse, table, path)
    if inputs.catalog:
        _replace(warehouse, schema.COURSE_CATALOG, inputs.catalog)
    known = warehouse.connection.execute("SELECT name FROM ledger.input").fetchall()
    names = {name for (name,) in known}
    return [f"no {name}: {effect}" for name, effect in _LACKING.items() if name not in names]


def _replace(warehouse: Warehouse, table: schema.Table, path: Path) -> None:
    import pyarrow as pa

    status = path.stat()
    version = f"{path.resolve()} {status.st_size} {status.st_mtime_ns}"
    connection = warehouse.connection
    found = connection.execute(
        "SELECT version FROM ledger.input WHERE name = ?", [table.name]
    ).fetchone()
    if found == (version,):
        return
    try:
        content = _read_catalog(path) if table is schema.COURSE_CATALOG else _read_csv(path, table)
    except OSError as error:
        reason = error.strerror or str(error)
        raise BadInput(f"{path}: {reason}: check that you may read it") from error
    keys = ", ".join(f'"{name}"' for name in table.key)
    columns = ", ".join(f'TRY_CAST("{c.name}" AS {c.type}) AS "{c.name}"' for c in table.columns)
    connection.execute(f"DELETE FROM {table.name}")
    connection.register("input", content.append_column(_PLACE, pa.array(range(content.num_rows))))
    # Of rows with the same key the last one holds.
    connection.execute(f"""
        INSERT INTO {table.name} BY NAME
        SELECT * EXCLUDE ({_PLACE}) FROM (SELECT {columns}, {_PLACE} FROM input)
        QUALIFY ROW_NUMBER() OVER (PARTITION BY {keys} ORDER BY {_PLACE} DESC) = 1
    """)
    connection.unregister("input")
    connection.execute("INSERT OR REPLACE INTO ledger.input VALUES (?, ?)", [table.name, version])


def _read_csv(path: Path, table: schema.Table) -> pa.Table:
    import pyarrow as pa
    import pyarrow.csv

    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        header = next(csv.reader(file), [])
    missing = [c.name for c in table.columns if c.name not in header and not c.optional]
    if missing:
        raise BadInput(
            f"{path}, line 1: no column {', '.join(missing)}: export the LMS's table"
            f" {table.name} with its header"
        )
    try:
        return pyarrow.csv.read_csv(
            path,
            parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
            convert_options=pyarrow.csv.ConvertOptions(
                include_columns=table.names,
                include_missing_columns=True,
                column_types=dict.fromkeys(table.names, pa.string()),
                null_values=[_NULL],
                strings_can_be_null=True,
            ),
        )
    except pa.ArrowInvalid as error:
        raise BadInput(f"{path}: {str(error).splitlines()[0]}: export the table anew") from error


def _read_catalog(path: Path) -> pa.Table:
    import pyarrow as pa

    runs: dict[str, dict[str, Any]] = {}
    with path.open(encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                run = _read_course_run(line, f"{path}, line {number}")
                runs[run["course_id"]] = run
    return pa.table(
        {
            name: pa.array([run[name] for run in runs.values()], pa.string())
            for name in schema.COURSE_CATALOG.names
        }
    )


def _read_course_run(line: str, place: str) -> dict[str, Any]:
    try:
        run = json.loads(line)
    except (ValueError, RecursionError):
        run = None
    key = run.get("key") if isinstance(run, dict) else None
    if not isinstance(key, str):
        raise BadInput(
            f"{place}: no course run: one JSON object a line with at least a key is needed, as the"
            " discovery service's course_runs gives them"
        )
    return {
        "course_id": key,
        "catalog_course_title": _one_line(run.get("title")),
        "catalog_course": _one_line(run.get("course")),
        "start_time": _one_line(run.get("start")),
        "end_time": _one_line(run.get("end")),
        "pacing_type": _one_line(run.get("pacing_type")),
        "availability": _one_line(run.get("availability")),
    }


def _one_line(value: Any) -> str | None:
    return None if value is None else " ".join(str(value).split())[:255]
