"""What Insights shows, as people and programs read it."""

from __future__ import annotations

import csv
import io
import re
from html import unescape
from typing import Any


def text_of(response: Any, tag: str = "main") -> str:
    """The text of a part of a page."""
    assert response.status_code == 200
    part = response.content.decode().partition(f"<{tag}")[2].partition(f"</{tag}>")[0]
    return plain(part.partition(">")[2])


def plain(html: str) -> str:
    """The text of some HTML, on one line."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", html))).strip()


def rows_of(response: Any) -> list[dict[str, str]]:
    """A CSV's rows."""
    assert response.status_code == 200
    assert response["Content-Type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"))))
