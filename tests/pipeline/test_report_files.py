"""CSV files follow the warehouse's tables, run by run, whatever happened to them in between."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest

from insights_pipeline import report_files
from insights_pipeline.report_files import ReportFiles
from insights_pipeline.warehouse import Warehouse, discard, open_warehouse

if TYPE_CHECKING:
    from collections.abc import Generator

MIB = 2**20
GRADES = ReportFiles(
    name="grades",
    pattern="grades/*.csv",
    group=("course",),
    groups="SELECT DISTINCT course FROM grade",
    changed=lambda since: f"SELECT DISTINCT course FROM grade WHERE changed_in > {since}",
    rows='SELECT course, learner, grade AS "Grade" FROM grade',
    columns=("learner", "Grade"),
    order="learner",
    path=lambda course: f"grades/{course.lower()}.csv",
)


class Site:
    """A warehouse with one table of grades, and the files that are made of it."""

    def __init__(self, warehouse: Warehouse) -> None:
        self.warehouse = warehouse
        self.folder = warehouse.folder / "reports"
        self.notes: list[str] = []
        warehouse.connection.execute(
            "CREATE TABLE IF NOT EXISTS grade"
            " (course VARCHAR, learner VARCHAR, grade DOUBLE, changed_in BIGINT)"
        )

    def run(self, *grades: tuple[str, str, float | None], without: str = "") -> None:
        """One run: a course is removed, grades come, the files follow."""
        run_id = f"{self.warehouse.id}-{self.warehouse.sequence + 1}"
        with self.warehouse.run(run_id) as number:
            self.warehouse.connection.execute("DELETE FROM grade WHERE course = ?", [without])
            for grade in grades:
                self.warehouse.connection.execute(
                    "INSERT INTO grade VALUES (?, ?, ?, ?)", [*grade, number]
                )
        self.write(run_id)

    def write(self, run_id: str, kind: ReportFiles = GRADES) -> None:
        self.notes = report_files.bring_up_to_date([kind], self.warehouse, self.folder, run_id)

    def files(self) -> dict[str, str]:
        return {
            str(path.relative_to(self.folder)): path.read_bytes().decode()
            for path in self.folder.rglob("*.csv*")
        }


@pytest.fixture
def site(tmp_path: Path) -> Generator[Site]:
    with open_warehouse(tmp_path, 200 * MIB, 1) as warehouse:
        yield Site(warehouse)


def test_a_file_for_each_group(site: Site) -> None:
    site.run(("A", "zoë", 0.5), ("A", "bob, the 1st", None), ("B", "eve", 1.0))

    assert site.files() == {
        "grades/a.csv": 'learner,Grade\r\n"bob, the 1st",\r\nzoë,0.5\r\n',
        "grades/b.csv": "learner,Grade\r\neve,1.0\r\n",
    }


def test_only_what_changed_is_written(site: Site) -> None:
    site.run(("A", "bob", 0.5), ("B", "eve", 1.0))
    (site.folder / "grades" / "b.csv").write_text("as it was")

    site.run(("A", "zoë", 0.0))

    assert site.files() == {
        "grades/a.csv": "learner,Grade\r\nbob,0.5\r\nzoë,0.0\r\n",
        "grades/b.csv": "as it was",
    }


def test_what_memory_cannot_sort_at_once_is_written_by_halves(site: Site) -> None:
    site.run()
    wide = "repeat('x', 200) || learner"
    essays = replace(GRADES, rows=f'SELECT course, {wide} AS learner, grade AS "Grade" FROM grade')
    connection = site.warehouse.connection
    connection.execute("""
        INSERT INTO grade
        SELECT 'C' || n % 20, lpad(CAST(n AS VARCHAR), 6, '0'), 0.5, 1 FROM range(200000) AS t(n)
    """)
    connection.execute("SET max_temp_directory_size = '0MiB'")  # or it would sort there
    site.warehouse.use(48 * MIB, threads=1)
    with pytest.raises(duckdb.OutOfMemoryException):
        connection.execute(f"{essays.rows} ORDER BY course, learner").fetchall()

    site.write("none that it knows", essays)

    files = site.files()
    assert len(files) == 20
    for text in files.values():
        _, *lines = text.splitlines()
        assert len(lines) == 10_000
        assert lines == sorted(lines)


def test_what_is_due_no_more_is_removed(site: Site) -> None:
    site.run(("A", "bob", 0.5), ("B", "eve", 1.0))
    (site.folder / "other.csv").write_text("of another kind")

    site.run(without="A")

    assert set(site.files()) == {"grades/b.csv", "other.csv"}


def test_a_file_that_was_lost_comes_back(site: Site) -> None:
    site.run(("A", "bob", 0.5))
    (site.folder / "grades" / "a.csv").unlink()

    site.run()

    assert set(site.files()) == {"grades/a.csv"}


def test_after_a_crash_the_next_run_writes_what_both_changed(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.run(("A", "bob", 0.5), ("B", "eve", 1.0))
    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", crash)
        with pytest.raises(KeyboardInterrupt):
            site.run(("A", "zoë", 0.0))
    assert site.files()["grades/a.csv"] == "learner,Grade\r\nbob,0.5\r\n"

    site.run()

    assert site.files() == {
        "grades/a.csv": "learner,Grade\r\nbob,0.5\r\nzoë,0.0\r\n",
        "grades/b.csv": "learner,Grade\r\neve,1.0\r\n",
    }


def crash(*_: object) -> None:
    raise KeyboardInterrupt


def test_another_warehouse_replaces_all(tmp_path: Path) -> None:
    with open_warehouse(tmp_path, 200 * MIB, 1) as warehouse:
        Site(warehouse).run(("A", "bob", 0.5), ("B", "eve", 1.0))
    discard(tmp_path)

    with open_warehouse(tmp_path, 200 * MIB, 1) as warehouse:
        site = Site(warehouse)
        site.run(("B", "zoë", 0.0))

        assert site.files() == {"grades/b.csv": "learner,Grade\r\nzoë,0.0\r\n"}


@pytest.mark.parametrize("content", ["", "[]", '{"grades": 7}', '{"grades": ["1", "run-1"]}'])
def test_a_note_that_cannot_be_read_is_none(site: Site, content: str) -> None:
    site.run(("A", "bob", 0.5))
    (site.folder / ".shown.json").write_text(content)
    (site.folder / "grades" / "a.csv").write_text("spoilt")

    site.run()

    assert site.files() == {"grades/a.csv": "learner,Grade\r\nbob,0.5\r\n"}
    assert json.loads((site.folder / ".shown.json").read_text()) == {
        "grades": [2, f"{site.warehouse.id}-2"]
    }


def test_groups_that_would_share_a_file_do_not(site: Site) -> None:
    site.run(("A", "bob", 0.5), ("a", "eve", 1.0), ("B", "zoë", 0.0))

    assert sorted(site.files().values()) == [
        "learner,Grade\r\nbob,0.5\r\n",
        "learner,Grade\r\neve,1.0\r\n",
        "learner,Grade\r\nzoë,0.0\r\n",
    ]
    assert "grades/a.csv" not in site.files()
    assert site.notes == [
        "2 grades files would be grades/a.csv; each is named with a digest instead: A, a"
    ]


def test_a_group_without_rows_has_a_header(site: Site) -> None:
    kind = replace(GRADES, groups="SELECT 'C' AS course")
    site.write("run-0", kind)

    assert site.files() == {"grades/c.csv": "learner,Grade\r\n"}
