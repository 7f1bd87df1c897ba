"""An answer as CSV."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from defusedcsv import csv
from django.http import HttpResponse
from django.utils.http import content_disposition_header

from insights.courses.answers.formats import plain, titled

if TYPE_CHECKING:
    from insights.courses.answers.answer import Answer

_BYTE_ORDER_MARK = "\ufeff"  # without it, Excel takes UTF-8 for another encoding


def download(answer: Answer, name: str) -> HttpResponse:
    """The answer's table as a file to save, of which a spreadsheet runs no cell.

    `name` is the file's, without `.csv`: any text, such as a course id.
    """
    columns = answer.table.columns
    response = HttpResponse(_BYTE_ORDER_MARK, content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = content_disposition_header(
        as_attachment=True, filename=f"{re.sub(r'[^A-Za-z0-9_.-]+', '-', name)}.csv"
    )
    writer = csv.writer(response)
    writer.writerow([titled(column) for column in columns])
    writer.writerows(
        [plain(value, column) for value, column in zip(row, columns, strict=True)]
        for row in answer.table.rows
    )
    return response
