"""MariaDB shows what SQLite shows, row for row, whatever happens while it is published to."""

from __future__ import annotations

import json
import shutil
import signal
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import pytest

import updating
from analytics_data_api.database import known_migrations
from embedded import Site, in_order
from insights_pipeline import schema
from insights_pipeline.errors import PipelineError
from insights_pipeline.interval import Interval
from insights_pipeline.publish import mariadb as publish_mariadb
from insights_pipeline.publish.mariadb import Account, MariaDBReports, ReportsUnavailable
from insights_pipeline.update import Update, run_update
from mariadb_server import PASSWORDS
from tasks.lib.containers.status import LAST_RUN
from tasks.lib.local import runs
from updating import SampleSite

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence
    from pathlib import Path

    from insights_pipeline.publish.reports import Transaction
    from insights_pipeline.runs import RunRecord
    from mariadb_server import Databases, Server
    from updating import Tables

JANUARY = Interval(date(2026, 1, 5), date(2026, 1, 19))


@pytest.fixture(scope="module")
def sample_site(tmp_path_factory: pytest.TempPathFactory) -> SampleSite:
    """A sample site of two weeks."""
    return SampleSite.make(tmp_path_factory.mktemp("sample"))


@pytest.fixture(scope="module")
def empty(mariadb: Server) -> Databases:
    """A site's databases with the tables that the Data API makes; not to be written to."""
    made = mariadb.make_databases()
    made.prepare()
    return made


@pytest.fixture
def databases(mariadb: Server, empty: Databases) -> Databases:
    """The same for a site of a test's own."""
    made = mariadb.make_databases()
    made.copy_reports(empty)
    return made


@pytest.fixture
def account(databases: Databases) -> Account:
    """The pipeline's."""
    return account_on(databases)


@pytest.fixture
def reports(account: Account) -> MariaDBReports:
    return MariaDBReports(account, known_migrations())


def account_on(databases: Databases) -> Account:
    return Account(
        "127.0.0.1", "pipeline", PASSWORDS["pipeline"], databases.reports, databases.server.port
    )


def shown_by(databases: Databases) -> Tables:
    """All reports tables, as `updating.reports_of` has them of SQLite."""
    return {
        table.name: in_order(
            tuple(map(as_sqlite_has_it, row))
            for row in databases.select(
                databases.reports,
                f"SELECT {', '.join(f'`{name}`' for name in table.names)} FROM {table.name}",
            )
        )
        for table in schema.REPORTS
    }


def as_sqlite_has_it(value: Any) -> Any:
    return str(value) if isinstance(value, date | datetime) else value


def runs_in(databases: Databases) -> list[tuple[Any, ...]]:
    """All run records but for what is new in each: id, times, and the seconds of steps."""
    columns = "status, interval_start, interval_end, files, bytes, `lines`, events, rejected"
    columns += ", late_events, rejects_by_reason, rows_by_table, notes, sequence, engine"
    query = f"SELECT {columns} FROM pipeline_run ORDER BY id"
    return [tuple(map(as_sqlite_has_it, row)) for row in databases.select(databases.reports, query)]


def runs_of(data: Path) -> list[tuple[Any, ...]]:
    columns = "status, interval_start, interval_end, files, bytes, lines, events, rejected"
    columns += ", late_events, rejects_by_reason, rows_by_table, notes, sequence, engine"
    return updating.query(data, f"SELECT {columns} FROM pipeline_run ORDER BY id")


# The same in both.


def test_both_show_the_same_run_after_run(
    sample_site: SampleSite, databases: Databases, reports: MariaDBReports, tmp_path: Path
) -> None:
    here, there = tmp_path / "sqlite", tmp_path / "mariadb"
    for update in (sample_site.earlier_update(here), sample_site.update(here)):
        in_sqlite = updating.run(update)
        in_mariadb = run_update(replace(update, data=there), reports)

        assert shown_by(databases) == updating.reports_of(here)
        assert in_mariadb.rows_written == in_sqlite.rows_written
    assert runs_in(databases) == runs_of(here)
    assert all(rows for rows in shown_by(databases).values())


@pytest.mark.parametrize("name", ["activity", "enrollment", "video"])
def test_both_show_the_same_of_the_published_logs(
    name: str, fixtures: Path, databases: Databases, reports: MariaDBReports, tmp_path: Path
) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    for log in (fixtures / name).glob("tracking.log*"):
        shutil.copy2(log, logs)
    answer = json.loads((fixtures / name / "expected.json").read_bytes())
    interval = Interval(*map(date.fromisoformat, answer["interval"]))
    update = Update(logs, tmp_path / "data", interval, resources=updating.RESOURCES)

    updating.run(update)
    run_update(update, reports)

    assert shown_by(databases) == updating.reports_of(update.data)
    assert any(shown_by(databases).values())


def test_one_warehouse_publishes_here_and_there(
    sample_site: SampleSite, databases: Databases, reports: MariaDBReports, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    earlier, now = sample_site.earlier_update(data), sample_site.update(data)
    updating.run(earlier)

    in_mariadb = [run_update(earlier, reports), run_update(now, reports)]
    in_sqlite = updating.run(now)

    assert shown_by(databases) == updating.reports_of(data)
    assert [record.lines > 0 for record in in_mariadb] == [False, True]
    assert in_sqlite.lines == 0
    [note] = [note for note in in_sqlite.notes if "not published here" in note]
    assert note == f"with {in_mariadb[1].events:,} events of earlier runs that were not" + (
        " published here"
    )


def test_another_warehouse_replaces_all(
    sample_site: SampleSite, databases: Databases, reports: MariaDBReports, tmp_path: Path
) -> None:
    run_update(sample_site.update(tmp_path / "one"), reports)

    record = run_update(sample_site.earlier_update(tmp_path / "two"), reports)
    updating.run(sample_site.earlier_update(tmp_path / "two"))

    assert any("all reports replaced" in note for note in record.notes)
    assert shown_by(databases) == updating.reports_of(tmp_path / "two")


def test_run_reads_as_inv_status_asks_for_it(
    databases: Databases, reports: MariaDBReports, tmp_path: Path
) -> None:
    site = Site(tmp_path)
    site.log([enrolls(1, 6), b"no JSON"])
    record = publish(site, reports)

    [(answer,)] = databases.select(databases.reports, LAST_RUN[-1])

    run = runs.from_json(answer)
    assert (run.status, run.lines, run.error) == ("succeeded", 2, None)
    assert run.rejects_by_reason == {"not_json": 1}
    assert run.notes == record.notes
    assert runs.from_json(json.dumps(json.loads(runs.as_json([run]))[0])) == run


def test_only_rows_that_changed_are_written(
    databases: Databases, reports: MariaDBReports, tmp_path: Path
) -> None:
    def ids() -> dict[tuple[Any, ...], int]:
        rows = databases.select(
            databases.reports, "SELECT course_id, date, id FROM course_enrollment_daily"
        )
        return {(course_id, str(day)): id for course_id, day, id in rows}

    site = Site(tmp_path)
    site.log([enrolls(1, 6), enrolls(2, 6, course="A/B/Second")])
    publish(site, reports)
    before = ids()
    site.log([enrolls(3, 15)])

    record = publish(site, reports)

    kept = {key for key, id in before.items() if ids()[key] == id}
    assert before.keys() - kept == {("A/B/C", f"2026-01-{day}") for day in range(15, 19)}
    assert record.rows_by_table["course_enrollment_daily"] == len(ids()) == 26


def test_rows_of_unknown_gender_are_one(
    databases: Databases, reports: MariaDBReports, tmp_path: Path
) -> None:
    """A unique key holds NULLs for different."""
    site, lms = Site(tmp_path), tmp_path / "lms"
    lms.mkdir()
    profiles = "user_id,gender,year_of_birth,level_of_education\n9,f,1990,b\n"
    (lms / "auth_userprofile.csv").write_text(profiles)
    inputs = replace(updating.Inputs(), lms=lms)
    for user in (1, 2, 3):
        site.log([enrolls(user, 6)])
        publish(site, reports, inputs=inputs)

    rows = shown_by(databases)["course_enrollment_gender_daily"]
    assert rows == [("A/B/C", f"2026-01-{day:02}", None, 3, 3) for day in range(6, 19)]


def test_texts_count_as_they_stand(
    databases: Databases, reports: MariaDBReports, tmp_path: Path
) -> None:
    """Case, accents, and characters outside the basic plane; a text that is too long is none."""
    site = Site(tmp_path)
    modes = ["honor", "Honor", "hönor", "honor 🎓", "x" * 255, "y" * 256]
    site.log([enrolls(user, 6, mode=mode) for user, mode in enumerate(modes, 1)])
    publish(site, reports)
    updating.run(update_of(site))

    assert shown_by(databases) == updating.reports_of(site.data)
    rows = shown_by(databases)["course_enrollment_mode_daily"]
    assert {mode for _, _, mode, _, _ in rows} == set(modes[:5])


# A database that is not as it should be.


def refusal(reports: MariaDBReports, tmp_path: Path) -> str:
    """The line with which a run is refused before it reads or makes anything."""
    site = Site(tmp_path / "refused")
    site.log([enrolls(1, 6)])
    with pytest.raises(ReportsUnavailable) as caught:
        publish(site, reports)
    assert not (site.data / "warehouse.duckdb").exists()
    line = str(caught.value)
    assert "\n" not in line
    assert PASSWORDS["pipeline"] not in line
    assert caught.value.exit_code == 1
    return line


@pytest.mark.parametrize(
    ("statement", "complaint"),
    [
        ("DROP TABLE django_migrations", "is missing or empty: build and start the Data API"),
        ("DELETE FROM django_migrations", "is of an older version (it lacks migration 0001"),
        ("CREATE TABLE first_preparation (nothing INT)", "was never completed: build and start"),
        (
            "INSERT INTO django_migrations (app, name, applied) VALUES ('reports', '9999', NOW())",
            "was made by a newer version (migration 9999): upgrade this checkout",
        ),
    ],
)
def test_another_schema_is_refused(
    statement: str,
    complaint: str,
    databases: Databases,
    reports: MariaDBReports,
    tmp_path: Path,
) -> None:
    databases.server.do(statement, database=databases.reports)

    assert complaint in refusal(reports, tmp_path)


def test_database_that_is_not_there(mariadb: Server, tmp_path: Path) -> None:
    account = account_on(mariadb.make_databases())
    mariadb.do(f"DROP DATABASE {account.database}")

    line = refusal(MariaDBReports(account, known_migrations()), tmp_path)

    assert "is missing or empty: build and start the Data API" in line


def test_wrong_password(account: Account, tmp_path: Path) -> None:
    wrong = replace(account, password="not the one")

    line = refusal(MariaDBReports(wrong, known_migrations()), tmp_path)

    assert "Access denied for user 'pipeline'" in line
    assert "conf/mysql.env" in line
    assert "not the one" not in line


def test_server_that_does_not_answer(account: Account, tmp_path: Path) -> None:
    nowhere = replace(account, port=9)

    assert "does not answer" in refusal(MariaDBReports(nowhere, known_migrations()), tmp_path)


def test_one_publishes_at_a_time(
    databases: Databases,
    reports: MariaDBReports,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(publish_mariadb, "_WAIT", 1)
    site = Site(tmp_path)
    site.log([enrolls(1, 6)])

    with reports.transaction(), pytest.raises(ReportsUnavailable, match="by another process"):
        publish(site, reports)

    assert publish(site, reports).status == "succeeded"
    assert shown_by(databases)["course_enrollment_daily"]


# What happens amid the publishing.


class Interrupted(MariaDBReports):
    """Something happens when rows of a table are about to be added for the `call`th time."""

    def __init__(self, account: Account, happens: Any, call: int) -> None:
        super().__init__(account, known_migrations())
        self.happens, self.calls = happens, call

    @contextmanager
    def transaction(self) -> Generator[Any]:
        with super().transaction() as real:
            yield _Counting(real, self)

    def count(self) -> None:
        self.calls -= 1
        if self.calls == 0:
            self.happens()


class _Counting:
    def __init__(self, real: Transaction, reports: Interrupted) -> None:
        self._real, self._reports = real, reports

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def insert(self, table: str, columns: Sequence[str], rows: Sequence[Any]) -> int:
        self._reports.count()
        return self._real.insert(table, columns, rows)


@pytest.fixture
def mortal(mariadb: Server) -> Iterator[Server]:
    """A server that may be killed; it runs again afterwards."""
    yield mariadb
    mariadb.end(signal.SIGKILL)
    mariadb.start()


@pytest.fixture
def rest(sample_site: SampleSite, reports: MariaDBReports, tmp_path: Path) -> Update:
    """What is left to publish of a site whose earlier logs are published."""
    data = tmp_path / "data"
    run_update(sample_site.earlier_update(data), reports)
    return sample_site.update(data)


@pytest.mark.parametrize("call", [1, 5])
def test_server_killed_amid_publishing(
    call: int,
    mortal: Server,
    databases: Databases,
    account: Account,
    reports: MariaDBReports,
    rest: Update,
) -> None:
    before = shown_by(databases)
    dying = Interrupted(account, lambda: mortal.end(signal.SIGKILL), call)

    with pytest.raises(PipelineError, match=r"does not answer.*nothing was published") as caught:
        run_update(rest, dying)
    mortal.start()

    assert "\n" not in str(caught.value)
    assert shown_by(databases) == before
    record = run_update(rest, reports)
    updating.run(rest)
    assert record.lines == 0
    assert shown_by(databases) == updating.reports_of(rest.data)


def test_connection_lost_amid_publishing(
    databases: Databases, account: Account, rest: Update
) -> None:
    before = shown_by(databases)

    def cut() -> None:
        query = "SELECT id FROM information_schema.processlist WHERE user = 'pipeline'"
        for (connection,) in databases.server.do(query):
            databases.server.do(f"KILL {connection}")

    with pytest.raises(ReportsUnavailable, match="does not answer"):
        run_update(rest, Interrupted(account, cut, 3))

    assert shown_by(databases) == before
    [failed] = databases.select(
        databases.reports, "SELECT error FROM pipeline_run WHERE status = 'failed'"
    )
    assert failed[0].endswith("(in step publish)")


def test_ctrl_c_amid_publishing(databases: Databases, account: Account, rest: Update) -> None:
    before = shown_by(databases)

    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_update(rest, Interrupted(account, interrupt, 3))

    assert shown_by(databases) == before


def enrolls(user: int, day: int, *, course: str = "A/B/C", mode: str = "honor") -> bytes:
    """A line of the log."""
    event_type = "edx.course.enrollment.activated"
    event = {
        "event_type": event_type,
        "name": event_type,
        "event_source": "server",
        "time": f"2026-01-{day:02}T10:00:00+00:00",
        "context": {"course_id": course, "org_id": "A", "user_id": None},
        "event": {"course_id": course, "user_id": user, "mode": mode},
    }
    return json.dumps(event).encode()


def update_of(site: Site, **changes: Any) -> Update:
    update = Update(site.logs, site.data, JANUARY, resources=updating.RESOURCES)
    return replace(update, **changes)


def publish(site: Site, reports: MariaDBReports, **changes: Any) -> RunRecord:
    return run_update(update_of(site, **changes), reports)
