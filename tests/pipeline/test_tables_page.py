"""docs/tables.md says what is declared."""

from __future__ import annotations

from checkout import ROOT
from insights_pipeline import schema
from insights_pipeline.metrics import METRICS
from insights_pipeline.tables_page import write_page


def test_the_page_is_current() -> None:
    page = (ROOT / "docs/tables.md").read_text(encoding="utf-8")
    assert page == write_page(), "run `./inv docs`"


def test_every_table_and_column_is_on_it() -> None:
    page = write_page()
    for table in (schema.EVENTS, *schema.INPUTS, *(metric.table for metric in METRICS)):
        section = page.partition(f"\n### {table.name}\n")[2].partition("\n### ")[0]
        assert [
            name for name in table.names if f"| {name} |" not in section.replace("**", "")
        ] == []


def test_every_metric_has_a_definition() -> None:
    assert [metric.name for metric in METRICS if not metric.define.__doc__] == []
