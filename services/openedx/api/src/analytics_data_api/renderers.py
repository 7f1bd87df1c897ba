"""Reports as CSV."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING, Any

from defusedcsv import csv
from rest_framework.renderers import BaseRenderer, JSONRenderer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class CSVRenderer(BaseRenderer):
    """A table with a header: a row for each object of a list, or for the one that there is.

    Columns come in the order in which the objects have their members. A member that is an object
    itself becomes a column for each of its own, named with a dot between; a list becomes one cell.
    No cell begins like a formula, so that no spreadsheet runs it.
    """

    media_type = "text/csv"
    format = "csv"
    charset = "utf-8"

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,  # noqa: ARG002
        renderer_context: Mapping[str, Any] | None = None,  # noqa: ARG002
    ) -> bytes:
        """Write a list of objects, the results of a page, or one object; as UTF-8."""
        if isinstance(data, dict):
            data = data.get("results", [data])
        rows = [dict(_cells(item)) for item in data]
        columns = dict.fromkeys(column for row in rows for column in row)
        text = StringIO()
        if columns:
            writer = csv.writer(text)
            writer.writerow(columns)
            writer.writerows([row.get(column) for column in columns] for row in rows)
        else:
            # DRF takes the content type off an answer without a byte.
            text.write("\r\n")
        return text.getvalue().encode()


def _cells(item: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Column and value of each member, nested ones too."""
    for name, value in item.items():
        if isinstance(value, dict):
            yield from _cells(value, f"{prefix}{name}.")
        else:
            yield prefix + name, ", ".join(map(str, value)) if isinstance(value, list) else value


OF_REPORTS = (JSONRenderer, CSVRenderer)
"""Of what is made of the reports' rows."""
