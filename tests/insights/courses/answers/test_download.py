"""An answer as CSV."""

from __future__ import annotations

import csv
from datetime import date

from insights.courses.answers.answer import Answer, Column, Kind, Table
from insights.courses.answers.download import download

ANSWER = Answer(
    key="videos",
    question="Which?",
    finding="Some.",
    table=Table(
        (
            Column("video", "Video", Kind.TEXT),
            Column("date", "Date", Kind.DATE),
            Column("length", "Length", Kind.DURATION),
            Column("share", "Share", Kind.SHARE),
        ),
        (
            ("Master’s, 1", date(2026, 5, 4), 65, 0.5),
            ("=HYPERLINK(A1)", date(2026, 5, 5), None, None),
        ),
    ),
)


def test_holds_the_table_in_a_form_for_programs() -> None:
    response = download(ANSWER, "course-v1:X+Y+Z-videos")
    assert response.headers["Content-Disposition"] == (
        'attachment; filename="course-v1-X-Y-Z-videos.csv"'
    )
    assert list(csv.reader(response.content.decode("utf-8-sig").splitlines())) == [
        ["Video", "Date", "Length (seconds)", "Share"],
        ["Master’s, 1", "2026-05-04", "65", "0.5"],
        ["'=HYPERLINK(A1)", "2026-05-05", "", ""],
    ]
