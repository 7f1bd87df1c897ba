"""The answers on a page, as its HTML has them."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.test import Client


@dataclass
class Shown:
    """One answer: each cell, the finding and so on as text; a row's link where it has one."""

    question: str = ""
    finding: str = ""
    rows: list[list[str]] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    pictures: list[str] = field(default_factory=list)  # their names
    csv: str = ""


def page(browser: Client, course: str, path: str, **query: str) -> str:
    """The HTML of a page of a course."""
    response = browser.get(f"/courses/{course}/{path}", query)
    assert response.status_code == 200
    return str(response.content.decode())


def csv_rows(browser: Client, course: str, path: str) -> list[list[str]]:
    """The lines of a CSV of a course, the first one of titles."""
    response = browser.get(f"/courses/{course}/{path}")
    assert response.status_code == 200
    return list(csv.reader(response.content.decode("utf-8-sig").splitlines()))


def answers_shown(html: str) -> dict[str, Shown]:
    """The answers of a page by their keys; the first row of each is the table's head."""
    parser = _Parser()
    parser.feed(html)
    return parser.answers


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.answers: dict[str, Shown] = {}
        self._text: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        if tag == "section" and given.get("class") == "answer":
            self.answers[given["id"]] = Shown()
        if not self.answers:
            return
        answer = [*self.answers.values()][-1]
        match tag:
            case "h2" | "p" | "th" | "td":
                self._text = []
            case "tr":
                answer.rows.append([])
            case "svg":
                answer.pictures.append(given["aria-label"])
            case "a" if given.get("class") == "download":
                answer.csv = given["href"]
            case "a" if answer.rows:
                answer.links.append(given["href"])

    def handle_data(self, data: str) -> None:
        self._text.append(data)

    def handle_endtag(self, tag: str) -> None:
        if not self.answers:
            return
        answer = [*self.answers.values()][-1]
        text = "".join(self._text).strip()
        if tag == "h2":
            answer.question = answer.question or text
        elif tag == "p":
            answer.finding = answer.finding or text
        elif tag in ("th", "td"):
            answer.rows[-1].append(text)
