"""How what a run made joins the store's tables, at once with the run's transaction.

A run writes to a folder of its own in the store's `incoming/`. Which of its files come home, and in
place of what, is part of the transaction in `warehouse.duckdb`. After it the files are moved, one
by one, since not every store can rename a folder at once; a run that finds some still waiting moves
them then. Each step may be done twice, so that a crash at any moment leaves the state of before or
of after.

The store notes which run it shows. Where that is not the warehouse's last one, one of the two was
formatted, removed or restored, and all logs are read anew.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from insights_pipeline import schema
from insights_pipeline.metrics import METRICS, Viewed

if TYPE_CHECKING:
    from collections.abc import Set

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
_AT_ONCE = 16
"""A namenode writes to its disk for each, and for many at once no longer than for one."""


@dataclass
class Plan:
    """What a run brings home; names are of files and folders of the store.

    Attributes:
        run: its number.
        run_id: its id, and the name of its folder.
        anew: whether nothing that was there before stays.
        moves: where each file goes.
        replaced: folders in which no other file stays.
        days: dates that came, changed or went, by table.
        views: queries of views, by their name.
    """

    run: int
    run_id: str
    anew: bool = False
    moves: dict[str, str] = field(default_factory=dict)
    replaced: list[str] = field(default_factory=list)
    days: dict[str, list[str]] = field(default_factory=dict)
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
        _bring_home(store, catalog, plan)
    for run_id in waiting:
        store.remove(incoming(run_id))
    return plan is not None and store.exists(f"{_STATE}/{plan.run_id}")


def _bring_home(store: Store, catalog: Catalog, plan: Plan) -> None:
    whole = _bring_whole_tables(store, plan)
    waiting = set(store.files(plan.folder))
    moves = [(name, to) for name, to in plan.moves.items() if name in waiting]
    came = set(plan.moves.values())
    replaced = [folder for folder in plan.replaced if folder.split("/")[0] not in whole]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(lambda move: store.move(*move), moves))
        list(pool.map(lambda folder: _leave_only(store, folder, came), replaced))
    for table in TABLES.values():
        catalog.show(table, plan.days.get(table.name, ()), plan.anew)
    for name, query in plan.views.items():
        catalog.show_view(VIEWS[name], query)
    for run_id in store.names(_STATE):
        if run_id != plan.run_id:
            store.remove(f"{_STATE}/{run_id}")
    store.make(f"{_STATE}/{plan.run_id}")


def _leave_only(store: Store, folder: str, names: Set[str]) -> None:
    """Remove from a folder what is not among the names; the folder too, where nothing is."""
    found = set(store.files(folder))
    for name in [folder] if found.isdisjoint(names) else found - names:
        store.remove(name)


def _bring_whole_tables(store: Store, plan: Plan) -> set[str]:
    """Move tables of which nothing stays as what they are: one folder, and not each of its files.

    Returns: their names.
    """
    whole = {
        name
        for name in store.names(plan.folder)
        if name in TABLES and (plan.anew or not store.exists(name))
    }
    for name in whole:
        store.move(f"{plan.folder}/{name}", name)
    return whole
