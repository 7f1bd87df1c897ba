"""How what a run made joins the store's tables, at once with the run's transaction.

A run writes to a folder of its own in the store's `incoming/`. What of it is to come home, and what
it replaces, is part of the transaction in `warehouse.duckdb`. After it the files are moved; a run
that finds some still waiting moves them then. Each step may be done twice, so that a crash at any
moment leaves the state of before or of after.

The store notes which run it shows. Where that is not the warehouse's last one, one of the two was
formatted, removed or restored, and all logs are read anew.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from insights_pipeline import schema
from insights_pipeline.metrics import METRICS, Viewed

if TYPE_CHECKING:
    from insights_pipeline.spark.catalog import Catalog
    from insights_pipeline.spark.store import Store
    from insights_pipeline.warehouse import Warehouse

VIEWS = {m.name: m.table for m in METRICS if isinstance(m.upkeep, Viewed)}
TABLES = {
    table.name: table
    for table in (schema.EVENTS, *(metric.table for metric in METRICS))
    if table.name not in VIEWS
}
_PLAN = "staged"  # the value of `meta` that holds the last run's plan
_STATE = "state"


@dataclass
class Plan:
    """What a run brings home.

    Attributes:
        run: its number.
        run_id: its id, and the name of its folder.
        anew: whether nothing that was there before stays.
        days: dates that it brings, in place of what they were, by table.
        gone: dates of which nothing is left, by table.
        tables: tables that it replaces as a whole.
        views: queries of views, by their name.
    """

    run: int
    run_id: str
    anew: bool = False
    days: dict[str, list[str]] = field(default_factory=dict)
    gone: dict[str, list[str]] = field(default_factory=dict)
    tables: list[str] = field(default_factory=list)
    views: dict[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> str:
        """Where in the store its files wait."""
        return incoming(self.run_id)


def incoming(run_id: str) -> str:
    """The folder of the store that a run writes to."""
    return f"incoming/{run_id}"


def keep(warehouse: Warehouse, plan: Plan) -> None:
    """Make the plan part of the run's transaction."""
    warehouse.set_meta(_PLAN, json.dumps(asdict(plan)))


def settle(warehouse: Warehouse, store: Store, catalog: Catalog) -> bool:
    """Finish what the last committed run left in `incoming/`, and undo what others did.

    Returns whether the store shows that run's state then.
    """
    row = warehouse.connection.execute("SELECT value FROM meta WHERE name = ?", [_PLAN]).fetchone()
    plan = Plan(**json.loads(row[0])) if row else None
    waiting = store.names("incoming")
    if plan and plan.run_id in waiting:
        _bring_home(warehouse, store, catalog, plan)
    for run_id in waiting:
        store.remove(incoming(run_id))
    return plan is not None and store.exists(f"{_STATE}/{plan.run_id}")


def _bring_home(warehouse: Warehouse, store: Store, catalog: Catalog, plan: Plan) -> None:
    _bring_events(warehouse, store, plan)
    for name in plan.tables:
        _replace(store, f"{plan.folder}/{name}", name)
    for name, days in plan.days.items():
        if name != schema.EVENTS.name:
            _replace_days(store, f"{plan.folder}/{name}", name, days)
    for name, days in plan.gone.items():
        for day in days:
            store.remove(f"{name}/date={day}")
    for table in TABLES.values():
        days = plan.days.get(table.name, []) + plan.gone.get(table.name, [])
        catalog.show(table, days, plan.anew)
    for name, query in plan.views.items():
        catalog.show_view(VIEWS[name], query)
    for run_id in store.names(_STATE):
        if run_id != plan.run_id:
            store.remove(f"{_STATE}/{run_id}")
    store.make(f"{_STATE}/{plan.run_id}")


def _bring_events(warehouse: Warehouse, store: Store, plan: Plan) -> None:
    # Spark uses the name of a file for each date that a task writes.
    staged = {tuple(name.split("/")[-2:]): name for name in store.files(f"{plan.folder}/read")}
    parts = warehouse.connection.execute(
        "SELECT run, date, name FROM ledger.part WHERE run = ? OR ?", [plan.run, plan.anew]
    ).fetchall()
    homes = {
        (f"date={day}", name): f"events/date={day}/run-{run:06}-{name}" for run, day, name in parts
    }
    for key, home in homes.items():
        if key in staged:
            store.move(staged[key], home)
    if plan.anew:
        for name in set(store.files("events")) - set(homes.values()):
            store.remove(name)


def _replace(store: Store, staged: str, home: str) -> None:
    if store.exists(staged):
        store.remove(home)
        store.move(staged, home)


def _replace_days(store: Store, staged: str, home: str, days: list[str]) -> None:
    if not store.exists(home) and store.exists(staged):
        store.move(staged, home)
        return
    for day in days:
        _replace(store, f"{staged}/date={day}", f"{home}/date={day}")
