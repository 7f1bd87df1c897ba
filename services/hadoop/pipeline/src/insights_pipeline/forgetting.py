"""Forgets a learner: takes all that is personal out of a data folder and what was made of it.

The list of the forgotten is written first, so that nothing of them is read again; then events,
tables, CSV files, reports and rejects are cleared. Whatever cuts it short, doing it again ends it.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import uuid
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Any

import duckdb

from insights_pipeline import clearing, forgotten, report_files, schema
from insights_pipeline.errors import BadDataFolder, BadOption
from insights_pipeline.forgotten import Forgotten, Learner
from insights_pipeline.metrics import METRICS, REPORT_FILES, Viewed
from insights_pipeline.publish import roster_index
from insights_pipeline.publish.reports import bring, date_anew
from insights_pipeline.publish.sqlite import SqliteReports
from insights_pipeline.schema.columns import GONE, RUN
from insights_pipeline.update import alone
from insights_pipeline.warehouse import FILE, describe, open_warehouse, told_as_pipeline_errors

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from insights_pipeline.publish.reports import Reports
    from insights_pipeline.resources import Resources
    from insights_pipeline.schema import Table
    from insights_pipeline.spark.forgetting import StoredTables
    from insights_pipeline.spark.update import Cluster
    from insights_pipeline.warehouse import Warehouse

_EVENTS = "events/date=*/*.parquet"


def forget(
    data: Path,
    learner: Learner,
    reports: Sequence[Reports],
    resources: Resources,
    dry_run: bool,
    *,
    files: Path | None = None,
    elasticsearch: str = "",
    cluster: Cluster | None = None,
) -> list[str]:
    """Forget a learner; returns what was, or on a dry run would be, removed, a line each.

    Args:
        data: a data folder.
        learner: with the LMS's number where the folder does not tell it.
        reports: all databases that the folder was published to.
        resources: memory and processors to use.
        dry_run: whether to leave everything as it is.
        files: folder of the reports that are files; by default in the data folder.
        elasticsearch: URLs of the learner search's servers, comma-separated; or empty.
        cluster: that keeps the tables, of a folder of the Spark engine.

    Raises:
        PipelineError: it cannot be done, or not to the end: do it again.
    """
    if not (data / FILE).is_file():
        raise BadDataFolder(f"{data} holds no {FILE}: name the folder of an update with --data")
    with told_as_pipeline_errors(data), alone(data):
        with ExitStack() as stack:
            warehouse = stack.enter_context(
                open_warehouse(data, resources.engine_memory, resources.threads)
            )
            stored = _stored(warehouse, cluster, resources, stack)
            learner = _complete(warehouse, learner)
            gone = forgotten.load(data).also(learner)
            told = [
                *_counted(warehouse, learner, gone),
                *(stored.counted(learner) if stored else ()),
            ]
            if dry_run:
                return told
            forgotten.store(data, gone)
            _clear_events(warehouse, learner, gone)
            if stored:
                stored.clear(learner, gone)
            run_id = uuid.uuid4().hex
            run = _clear_warehouse(warehouse, learner, gone, run_id)
            folder = files or data / report_files.FOLDER
            report_files.bring_up_to_date(REPORT_FILES, warehouse, folder, run_id)
            for target in reports:
                _clear_reports(target, warehouse, run, learner)
            roster_index.bring_up_to_date(elasticsearch, warehouse, run_id)
            _clear_keys(warehouse, gone)
        _rewrite(data)
        _clear_rejects(data, gone)
    return told


def _stored(
    warehouse: Warehouse, cluster: Cluster | None, resources: Resources, stack: ExitStack
) -> StoredTables | None:
    """The cluster's tables, of a warehouse that has some."""
    if warehouse.engine != "spark":
        return None
    if not cluster:
        raise BadOption(
            f"{warehouse.folder} is of the Spark engine: its tables are in a cluster's store, which"
            " was not named"
        )
    from insights_pipeline.spark.forgetting import stored_tables

    scratch = warehouse.incoming(f"forgotten-{uuid.uuid4().hex}")
    scratch.mkdir(parents=True)
    stack.callback(shutil.rmtree, scratch, ignore_errors=True)
    memory = resources.engine_memory_beside_driver
    warehouse.use(memory, resources.threads_with(memory))
    heap = resources.driver_heap
    return stack.enter_context(stored_tables(warehouse, cluster, scratch, heap))


def _complete(warehouse: Warehouse, learner: Learner) -> Learner:
    """The learner with number and address, as far as the folder tells them.

    Raises:
        BadOption: several numbers go with the name, or another one than was given.
    """
    connection, number, email = warehouse.connection, learner.user_id, ""
    if _has(warehouse, schema.AUTH_USER.name):
        for known, address in connection.execute(
            "SELECT id, email FROM auth_user WHERE username = ?", [learner.username]
        ).fetchall():
            if number not in (None, known):
                raise BadOption(
                    f"--user-id {number} is not {learner.username}'s in auth_user, which is {known}"
                )
            number, email = known, address or ""
    if number is None and any(warehouse.folder.glob(_EVENTS)):
        rows = connection.execute(
            f"SELECT DISTINCT user_id FROM {_events(warehouse)} WHERE username = ?"
            " AND user_id IS NOT NULL AND event_type NOT LIKE 'edx.course.enrollment.%'",
            [learner.username],
        ).fetchall()
        if len(rows) > 1:
            raise BadOption(
                f"{learner.username} has several numbers in the events"
                f" ({', '.join(str(found) for (found,) in rows)}): name one with --user-id"
            )
        number = rows[0][0] if rows else None
    return Learner(learner.username, number, email)


def _counted(warehouse: Warehouse, learner: Learner, gone: Forgotten) -> Iterator[str]:
    """What there is of the learner, table by table."""
    if learner.user_id is None:
        yield "no number of the LMS's is known: what has no username stays; see --user-id"
    if any(warehouse.folder.glob(_EVENTS)):
        condition, values = _mentions(learner, _has_actors(warehouse))
        rows = warehouse.connection.execute(
            f"SELECT COUNT(*) FROM {_events(warehouse)} WHERE {condition}", values
        ).fetchall()
        yield f"events: {rows[0][0]:,} lose address and names"
    for table, name in _tables(warehouse):
        found = list(forgotten.found(warehouse.connection, table, gone, name))
        if found:
            condition = " OR ".join(f'"{column}" = ?' for column, _, _ in found)
            rows = warehouse.connection.execute(
                f"SELECT COUNT(*) FROM {name} WHERE {condition}", [value for _, value, _ in found]
            ).fetchall()
            how = "removed" if table.personal else "under a pseudonym"
            yield f"{name}: {rows[0][0]:,} {how}"


def _tables(warehouse: Warehouse) -> Iterator[tuple[Table, str]]:
    """All stored tables that are there, those of keys that are no more too."""
    stored = [metric.table for metric in METRICS if not isinstance(metric.upkeep, Viewed)]
    for table in (*schema.INPUTS, *stored):
        for name in (table.name, f"{table.name}{GONE}"):
            if _has(warehouse, name):
                yield table, name


def _has(warehouse: Warehouse, name: str) -> bool:
    found = warehouse.connection.execute(
        "SELECT 1 FROM information_schema.tables WHERE table_schema = 'main' AND table_name = ?",
        [name],
    )
    return found.fetchone() is not None


def _events(warehouse: Warehouse) -> str:
    return (
        f"read_parquet('{str(warehouse.folder).replace(chr(39), chr(39) * 2)}/{_EVENTS}',"
        " union_by_name = true, hive_partitioning = false, filename = true)"
    )


def _has_actors(warehouse: Warehouse) -> bool:
    """Whether any file of events has the column; older versions did not keep it."""
    columns = warehouse.connection.execute(f"DESCRIBE FROM {_events(warehouse)}").fetchall()
    return "actor_id" in {name for name, *_ in columns}


def _mentions(learner: Learner, has_actors: bool) -> tuple[str, list[Any]]:
    """A condition on events that may be about the learner or name one, and its values."""
    texts = clearing.texts_of(learner)
    if learner.user_id is not None:
        texts.append(str(learner.user_id))
    conditions: list[str] = ["username = ?", "user_id = ?"]
    values: list[Any] = [learner.username, learner.user_id]
    if has_actors:
        conditions.append("actor_id = ?")
        values.append(learner.user_id)
    for text in dict.fromkeys(filter(None, texts)):
        conditions.append("CONTAINS(COALESCE(payload, '') || ' ' || event_type, ?)")
        values.append(text)
    return " OR ".join(conditions), values


def _clear_events(warehouse: Warehouse, learner: Learner, gone: Forgotten) -> None:
    if not any(warehouse.folder.glob(_EVENTS)):
        return
    condition, values = _mentions(learner, _has_actors(warehouse))
    files = warehouse.connection.execute(
        f"SELECT DISTINCT filename FROM {_events(warehouse)} WHERE {condition}", values
    ).fetchall()
    for (file,) in files:
        path = warehouse.folder / str(file).removeprefix(f"{warehouse.folder}/")
        clearing.clear_file(path, schema.EVENTS, learner, gone)


def _clear_warehouse(warehouse: Warehouse, learner: Learner, gone: Forgotten, run_id: str) -> int:
    """Clear the tables; returns the run's number.

    Keys of removed rows stay until `_clear_keys`, for files and reports to follow.
    """
    connection = warehouse.connection
    home = {table.name for table in schema.HOME}
    with warehouse.run(run_id) as run:
        for table, name in _tables(warehouse):
            if table.personal and name in home:
                keys = ", ".join(f'"{key}"' for key in table.key)
                for column, value, _ in forgotten.found(connection, table, gone, name):
                    connection.execute(
                        f"INSERT INTO {name}{GONE} BY NAME"
                        f' SELECT {keys}, {run} AS {RUN} FROM {name} WHERE "{column}" = ?',
                        [value],
                    )
            if not name.endswith(GONE):
                forgotten.clear_table(connection, table, gone, name)
        for table, name in _tables(warehouse):
            if not table.personal and not name.endswith(GONE):
                _clear_texts(warehouse, table, learner, gone)
    return run


def _clear_texts(warehouse: Warehouse, table: Table, learner: Learner, gone: Forgotten) -> None:
    """Take the learner out of what is text in a table that stays; ids are none."""
    texts = clearing.texts_of(learner)
    home = {each.name for each in schema.HOME}
    touched = f", {RUN} = {warehouse.sequence + 1}" if table.name in home else ""
    for column in clearing.text_columns(table):
        condition = " OR ".join(f'CONTAINS("{column}", ?)' for _ in texts)
        rows = warehouse.connection.execute(
            f'SELECT DISTINCT "{column}" FROM {table.name} WHERE {condition}', texts
        ).fetchall()
        for (value,) in rows:
            kept = clearing.without(value, gone)
            if kept != value:
                warehouse.connection.execute(
                    f'UPDATE {table.name} SET "{column}" = ?{touched} WHERE "{column}" = ?',
                    [kept, value],
                )


def _clear_keys(warehouse: Warehouse, gone: Forgotten) -> None:
    """Forget which rows were removed."""
    for table, name in _tables(warehouse):
        if name.endswith(GONE):
            forgotten.clear_table(warehouse.connection, table, gone, name)


def _rewrite(data: Path) -> None:
    """Copy the warehouse into a new file: in the old one's gaps is what was removed."""
    path, part = data / FILE, data / f"{FILE}.part"
    part.unlink(missing_ok=True)
    with closing(duckdb.connect()) as connection:
        for name, file, mode in (("old", path, "(READ_ONLY)"), ("new", part, "")):
            quoted = str(file).replace("'", "''")
            connection.execute(f"ATTACH '{quoted}' AS {name} {mode}")
        connection.execute("COPY FROM DATABASE old TO new")
    with closing(duckdb.connect(str(part))) as connection:
        stored = [metric.table for metric in METRICS if not isinstance(metric.upkeep, Viewed)]
        there = {
            name for (name,) in connection.execute("SELECT name FROM (SHOW TABLES)").fetchall()
        }
        for table in (*schema.INPUTS, *stored):
            if table.name in there:
                describe(connection, table)
    part.replace(path)


def _clear_rejects(data: Path, gone: Forgotten) -> None:
    for path in (data / "rejects").glob("run-*.jsonl"):
        before = path.read_text(encoding="utf-8")
        lines = [json.loads(line) for line in before.splitlines()]
        after = "".join(
            json.dumps(line | {"text": gone.text(line["text"])}) + "\n" for line in lines
        )
        if after != before:
            part = path.with_name(f".{path.name}.part")
            part.write_text(after, encoding="utf-8")
            part.replace(path)


def _clear_reports(reports: Reports, warehouse: Warehouse, run: int, learner: Learner) -> None:
    with reports.transaction() as transaction:
        for table in schema.REPORTS:
            bring(transaction, warehouse, table, run - 1)
            if table.personal:
                transaction.delete(table.name, ["username"], [[learner.username]])
        date_anew(transaction)
    if isinstance(reports, SqliteReports):
        with closing(sqlite3.connect(reports.path)) as connection:
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
