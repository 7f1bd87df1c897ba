"""Tables for spreadsheets."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from defusedcsv import csv
from django.http import HttpResponse

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# Without it, Excel takes UTF-8 for another encoding.
_BYTE_ORDER_MARK = "\ufeff"


def csv_response(name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> HttpResponse:
    """A CSV file to download, in which no spreadsheet takes a text for a formula.

    Args:
        name: the file's, without `.csv`; characters that a file system may not take are replaced.
        columns: the first line.
        rows: the other lines; None is an empty cell.
    """
    response = HttpResponse(_BYTE_ORDER_MARK, content_type="text/csv; charset=utf-8")
    file_name = re.sub(r"[^A-Za-z0-9_.-]+", "-", name)
    response.headers["Content-Disposition"] = f'attachment; filename="{file_name}.csv"'
    writer = csv.writer(response)
    writer.writerow(columns)
    writer.writerows(rows)
    return response
