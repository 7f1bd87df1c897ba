"""An answer as CSV."""

from __future__ import annotations

import re
from io import StringIO
from typing import TYPE_CHECKING

from defusedcsv import csv
from django.http import HttpResponse, StreamingHttpResponse
from django.utils.http import content_disposition_header

from insights.courses.answers.formats import plain, titled

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from insights.courses.answers.answer import Answer, Column, Row

_TYPE = "text/csv; charset=utf-8"
_BYTE_ORDER_MARK = "\ufeff"  # without it, Excel takes UTF-8 for another encoding


def download(answer: Answer, name: str) -> HttpResponse:
    """The answer's table as a file to save, of which a spreadsheet runs no cell.

    `name` is the file's, without `.csv`: any text, such as a course id.
    """
    table = answer.table
    content = "".join(_content(table.columns, [table.rows]))
    return HttpResponse(content, content_type=_TYPE, headers=_headers(name))


def stream(
    columns: Sequence[Column], parts: Iterable[Sequence[Row]], name: str
) -> StreamingHttpResponse:
    """The same of a table that comes in parts, each as soon as it is there.

    An error on the way breaks the connection off: the browser says that the file is not whole.
    """
    content = _content(columns, parts)
    return StreamingHttpResponse(content, content_type=_TYPE, headers=_headers(name))


def _headers(name: str) -> dict[str, str]:
    return {"Content-Disposition": attachment(name, "csv")}


def attachment(name: str, ending: str) -> str:
    """The header that has a browser save a file; `name` is any text, such as a course id."""
    file_name = f"{re.sub(r'[^A-Za-z0-9_.-]+', '-', name)}.{ending}"
    return str(content_disposition_header(True, file_name))


def _content(columns: Sequence[Column], parts: Iterable[Sequence[Row]]) -> Iterator[str]:
    yield _BYTE_ORDER_MARK
    titles = [titled(column) for column in columns]
    yield _lines([titles])
    for rows in parts:
        yield _lines(
            [plain(value, column) for value, column in zip(row, columns, strict=True)]
            for row in rows
        )


def _lines(rows: Iterable[Sequence[object]]) -> str:
    text = StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()
