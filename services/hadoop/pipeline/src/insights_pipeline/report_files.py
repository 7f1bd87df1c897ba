"""Reports that are CSV files: brought up to date with the warehouse after a run's commit.

Which run the files show is noted beside them once all of them are in place. So a crash at any
moment leaves each file as it was before or as it is to be, and the next run mends the rest. Where
the warehouse was never in the state that is noted, because one of the two was removed or restored,
all files are written anew.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
from collections import defaultdict
from dataclasses import dataclass
from itertools import chain, groupby
from typing import TYPE_CHECKING, Any

import duckdb

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from insights_pipeline.metrics.definition import Sql
    from insights_pipeline.warehouse import Warehouse

FOLDER = "reports"
"""Of the data folder: the files that people are given."""
_SHOWN = ".shown.json"
_PART = ".part"  # ends the name of a file that is being written
_BATCH = 10_000  # rows

Group = tuple[Any, ...]


@dataclass(frozen=True)
class ReportFiles:
    """One kind of report: a file for each group of rows.

    Attributes:
        name: tells kinds apart.
        pattern: that the paths of its files match, and of no other's, below the folder of reports.
        group: columns whose values tell its files apart; never NULL.
        groups: query for these columns, of each file that there has to be.
        changed: query for the same of those whose content may not be what it was after the run of
            the given number. Files that there have to be no more need not be among them.
        rows: query for the columns of `group` and `columns`, and what `order` names.
        columns: the header; each is a column of `rows`.
        order: of a file's rows, as after ORDER BY.
        path: where the file of a group lies, below the folder of reports.
        cell: how a value is written; None: as Python prints it, and NULL as nothing.
    """

    name: str
    pattern: str
    group: tuple[str, ...]
    groups: Sql
    changed: Callable[[int], Sql]
    rows: Sql
    columns: tuple[str, ...]
    order: Sql
    path: Callable[..., str]
    cell: Callable[[Any], str] | None = None


def bring_up_to_date(
    kinds: Iterable[ReportFiles], warehouse: Warehouse, folder: Path, run_id: str
) -> list[str]:
    """Write the files whose content may have changed, and remove those that are due no more.

    Args:
        kinds: of reports.
        warehouse: as its last run left it.
        folder: of reports; made where it is not there.
        run_id: the id of that run.

    Returns: notes for the operator.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.rglob(f".*{_PART}"):
        left.unlink()
    shown = _read_shown(folder)
    notes: list[str] = []
    parts: list[Path] = []
    stray: list[Path] = []
    for kind in kinds:
        writing = _Writing(kind, warehouse, folder, _since(shown.get(kind.name), warehouse))
        parts += writing.write_parts()
        stray += writing.stray()
        notes += writing.notes
        shown[kind.name] = [warehouse.sequence, run_id]
    parts.append(_part(folder / _SHOWN))
    parts[-1].write_text(json.dumps(shown), encoding="utf-8")
    _put_in_place(parts, stray)
    return notes


class _Writing:
    """The files of one kind, after the run `since`; of all runs where that is None."""

    def __init__(
        self, kind: ReportFiles, warehouse: Warehouse, folder: Path, since: int | None
    ) -> None:
        self._kind, self._folder, self._since = kind, folder, since
        self._connection = warehouse.connection
        self.notes: list[str] = []
        self._paths = self._due()

    def write_parts(self) -> list[Path]:
        """Write what changed, each under a name of its own beside the file that it will be."""
        return self._write_groups(sorted(self._out_of_date()))

    def _write_groups(self, groups: Sequence[Group]) -> list[Path]:
        """Write the files of these groups, by halves where memory cannot hold what sorts them."""
        if not groups:
            return []
        try:
            return self._write_at_once(groups)
        except duckdb.OutOfMemoryException:
            middle = len(groups) // 2
            if not middle:
                raise
        return self._write_groups(groups[:middle]) + self._write_groups(groups[middle:])

    def _write_at_once(self, groups: Sequence[Group]) -> list[Path]:
        width, left, parts = len(self._kind.group), set(groups), []
        for group, rows in groupby(self._rows(groups), lambda row: row[:width]):
            parts.append(self._write(group, (row[width:] for row in rows)))
            left.remove(group)
        return parts + [self._write(group, ()) for group in left]

    def stray(self) -> Iterator[Path]:
        """Files of this kind that are due no more."""
        due = set(self._paths.values())
        return (path for path in self._folder.glob(self._kind.pattern) if path not in due)

    def _due(self) -> dict[Group, Path]:
        """Every group's path. Groups that would share one, each get one with a digest."""
        at: dict[str, list[Group]] = defaultdict(list)
        for group in self._connection.execute(self._kind.groups).fetchall():
            at[self._kind.path(*group)].append(group)
        paths: dict[Group, Path] = {}
        for name, groups in sorted(at.items()):
            path = self._folder / name
            if len(groups) == 1:
                paths[groups[0]] = path
                continue
            self.notes.append(
                f"{len(groups)} {self._kind.name} files would be {name}; each is named with a"
                f" digest instead: {', '.join(sorted(' '.join(map(str, g)) for g in groups))}"
            )
            for group in groups:
                digest = hashlib.sha1("|".join(map(str, group)).encode()).hexdigest()[:12]
                paths[group] = path.with_stem(f"{path.stem}-{digest}")
        return paths

    def _out_of_date(self) -> set[Group]:
        if self._since is None:
            return set(self._paths)
        changed = set(self._connection.execute(self._kind.changed(self._since)).fetchall())
        return {
            group for group, path in self._paths.items() if group in changed or not path.exists()
        }

    def _rows(self, groups: Sequence[Group]) -> Iterator[Group]:
        """The rows of these groups, each with its group before it, in order."""
        import pyarrow as pa

        kind = self._kind
        keys, columns = _list(kind.group), _list((*kind.group, *kind.columns))
        values = zip(*groups, strict=True)
        self._connection.register("written", pa.table(list(map(pa.array, values)), kind.group))
        self._connection.execute(
            f"SELECT {columns} FROM ({kind.rows}) SEMI JOIN written USING ({keys})"
            f" ORDER BY {keys}, {kind.order}"
        )
        while batch := self._connection.fetchmany(_BATCH):
            yield from batch
        self._connection.unregister("written")

    def _write(self, group: Group, rows: Iterable[Sequence[Any]]) -> Path:
        part = _part(self._paths[group])
        part.parent.mkdir(parents=True, exist_ok=True)
        with part.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(self._kind.columns)
            if cell := self._kind.cell:
                rows = ([cell(value) for value in row] for row in rows)
            writer.writerows(rows)
        return part


def _list(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _part(path: Path) -> Path:
    return path.with_name(f".{path.name}{_PART}")


def _put_in_place(parts: Sequence[Path], stray: Iterable[Path]) -> None:
    """Give the files their names, that of what is shown last; all content is on the disk before."""
    for part in parts:
        with part.open("rb+") as file:
            os.fsync(file.fileno())
    *files, shown = parts
    for path in stray:
        path.unlink()
    for part in chain(files, [shown]):
        part.replace(part.with_name(part.name.removeprefix(".").removesuffix(_PART)))


def _read_shown(folder: Path) -> dict[str, list[Any]]:
    """Number and id of the run that each kind of files shows."""
    try:
        found = json.loads((folder / _SHOWN).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _since(shown: object, warehouse: Warehouse) -> int | None:
    match shown:
        case [int(run), str(run_id)] if warehouse.made(run, run_id):
            return run
    return None
