"""An answer as a page's section shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from insights.charts.figure import Figure, figure
from insights.courses.answers.answer import Kind
from insights.courses.answers.formats import shown

if TYPE_CHECKING:
    from insights.courses.answers.answer import Answer, Column

NUMBERS = {Kind.COUNT, Kind.SHARE, Kind.RATIO, Kind.DURATION}


@dataclass(frozen=True)
class Cell:
    """A value as text, and where it leads."""

    text: str
    column: Column
    link: str = ""

    @property
    def is_number(self) -> bool:
        """Whether its digits stand below those of the cell above."""
        return self.column.kind in NUMBERS

    @property
    def is_code(self) -> bool:
        """Whether it is an identifier."""
        return self.column.kind is Kind.CODE


@dataclass(frozen=True)
class Section:
    """An answer with its table as text, its figure if it has a chart, and the URL of its CSV."""

    answer: Answer
    heads: list[Cell]
    rows: list[list[Cell]]
    figure: Figure | None
    csv_url: str

    @property
    def is_over_days(self) -> bool:
        """Whether it has a chart in which days can be pointed out."""
        chart = self.answer.chart
        return chart is not None and chart.is_over_days(self.answer.table)

    @property
    def is_cut(self) -> bool:
        """Whether the table has more rows than are shown."""
        return len(self.rows) < len(self.answer.table.rows)


def section(answer: Answer, csv_url: str) -> Section:
    """The section of an answer."""
    table = answer.table
    shown_rows = table.rows[: answer.most_rows]
    links = (table.links or ("",) * len(table.rows))[: answer.most_rows]
    return Section(
        answer=answer,
        heads=[Cell(column.label or column.title, column) for column in table.columns],
        rows=[
            [
                Cell(shown(value, column), column, link if index == 0 else "")
                for index, (value, column) in enumerate(zip(row, table.columns, strict=True))
            ]
            for row, link in zip(shown_rows, links, strict=True)
        ],
        figure=figure(answer.chart, table, f"{answer.question} {answer.finding}")
        if answer.chart
        else None,
        csv_url=csv_url,
    )
