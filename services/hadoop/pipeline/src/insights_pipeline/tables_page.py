"""docs/tables.md: all tables, from their declarations and the metrics that fill them."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

from insights_pipeline import schema
from insights_pipeline.metrics import METRICS, SUBJECTS, Viewed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from insights_pipeline.metrics import Metric
    from insights_pipeline.schema import Column, Table

_BEGIN = """\
# Tables
Written by `inv docs` from what the pipeline declares; a test holds it against that. On one machine
they are in `warehouse.duckdb` of the data folder, where `inv local.sql` asks them; on a cluster
they are Hive's, where `inv hadoop.sql` does. Reports are in the reports database as well, each with
`id` and `created`, and are what the Data API serves. All times and dates are UTC. Columns in
**bold** tell rows apart. Rows of *personal* tables go when their learner is forgotten
(`inv learner.forget`).

Beside its own columns a stored table of `warehouse.duckdb` has `changed_in`, the run that last
changed the row, and one that is published has a table `…__gone` of the keys that runs removed.
"""
_INPUTS = """
## Inputs
What comes in beside the logs: the LMS's tables, as far as metrics read them, and the catalog.
"""
_MODULES = "services/hadoop/pipeline/src/insights_pipeline/metrics"


def write_page() -> str:
    """The page's text."""
    return "".join(_parts())


def _parts() -> Iterator[str]:
    yield _BEGIN
    yield "\n## Events\n"
    yield from _describe(schema.EVENTS, "")
    for subject, metrics in SUBJECTS.items():
        title = subject.replace("_", " ").capitalize()
        yield f"\n## {title}\nDefined in `{_MODULES}/{subject}.py`.\n"
        for metric in metrics:
            yield from _describe(metric.table, _kind(metric), _definition(metric))
    yield _INPUTS
    for table in schema.INPUTS:
        yield from _describe(table, "")


def _describe(table: Table, kind: str, definition: str = "") -> Iterator[str]:
    personal = " *Personal.*" if table.personal else ""
    yield f"\n### {table.name}\n{kind}{_escaped(table.meaning)}{personal}\n"
    if definition:
        yield f"\n{definition}\n"
    yield "\n| column | type | meaning |\n|---|---|---|\n"
    for column in table.columns:
        name = f"**{column.name}**" if column.name in table.key else column.name
        yield f"| {name} | {_type(column)} | {_escaped(column.meaning)} |\n"


def _kind(metric: Metric) -> str:
    if metric.table in schema.REPORTS:
        return "Report. "
    if metric.table in schema.FILES:
        return "Behind CSV files. "
    return "View. " if isinstance(metric.upkeep, Viewed) else ""


def _definition(metric: Metric) -> str:
    """The first paragraph of the metric's docstring, and what it reads."""
    paragraph = inspect.cleandoc(metric.define.__doc__ or "").split("\n\n")[0]
    tables = {each.name for each in METRICS} | {table.name for table in schema.INPUTS} | {"events"}
    reads = ", ".join(f"[{name}](#{name})" for name in metric.reads if name in tables)
    return f"{_escaped(' '.join(paragraph.split()))} From {reads}."


def _type(column: Column) -> str:
    return f"{column.type}, or NULL" if column.nullable else str(column.type)


def _escaped(text: str) -> str:
    """The text as Markdown shows it, also in a cell of a table."""
    for special in "|*_<":
        text = text.replace(special, f"\\{special}")
    return text
