"""No page mixes two runs, however often the pipeline publishes while somebody reads."""

from __future__ import annotations

import itertools
import random
import re
import sqlite3
import threading
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import pytest
import requests

from analytics_data_api.database import migrate_sqlite
from tasks.lib.local import demo, serve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COURSES = [f"course-v1:Org+C{number}+Run" for number in range(3)]
READINGS = 30
RUNS = itertools.count(1)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[serve.Site]:
    """A site of three courses, with a first run."""
    data = tmp_path_factory.mktemp("publishing")
    migrate_sqlite(data / "reports.sqlite3")
    publish(data)
    with serve.site(data, 0) as served:
        yield served


def publish(data: Path) -> None:
    """Publish a run as the pipeline does, in one transaction: all numbers are that of the run."""
    run = next(RUNS)
    now = "2026-02-02 03:00:00"
    with closing(sqlite3.connect(data / "reports.sqlite3", timeout=10)) as reports, reports:
        reports.execute("DELETE FROM course_meta_summary_enrollment")
        reports.execute("DELETE FROM course_enrollment_daily")
        for course in COURSES:
            reports.execute(
                "INSERT INTO course_meta_summary_enrollment (course_id, enrollment_mode, count,"
                " cumulative_count, count_change_7_days, passing_users, created)"
                " VALUES (?, 'audit', ?, ?, 0, 0, ?)",
                [course, run, run, now],
            )
            reports.execute(
                "INSERT INTO course_enrollment_daily"
                " (course_id, date, count, cumulative_count, created) VALUES (?, ?, ?, ?, ?)",
                [course, "2026-02-01", run, run, now],
            )
        reports.execute(
            "INSERT INTO pipeline_run (created, run_id, sequence, warehouse_id, status, started,"
            " ended, interval_start, interval_end, engine, version, files, bytes, lines, events,"
            " rejected, late_events, rejects_by_reason, rows_by_table, seconds_by_step, notes)"
            " VALUES (?, ?, ?, 'w', 'succeeded', ?, ?, '2026-01-05', '2026-02-02', 'duckdb', '1',"
            " 0, 0, 0, 0, 0, 0, '{}', '{}', '{}', ?)",
            [now, f"run-{run}", run, now, now, f'["numbers of run {run}"]'],
        )


@contextmanager
def publishing_while_read(session: requests.Session, page: str, data: Path) -> Iterator[None]:
    """Publish run after run, as often as the page is read, in the middle of it and between.

    Much oftener, on a machine that has other work, and no page would be of one run: readers would
    be told so, and there would be nothing to see here.
    """
    seconds = min(_seconds_of_new_numbers(session, page, data) for _ in range(3))
    stopped = threading.Event()
    chance = random.Random(1)

    def go_on() -> None:
        while not stopped.wait(chance.uniform(0, 3 * seconds)):
            publish(data)

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


def _seconds_of_new_numbers(session: requests.Session, page: str, data: Path) -> float:
    """How long a page takes whose numbers nobody has read; the first of all takes much longer."""
    publish(data)
    return session.get(page, timeout=10).elapsed.total_seconds()


def sign_in(site: serve.Site) -> requests.Session:
    """A session of the demo's user."""
    session, user = requests.Session(), demo.login(site)
    page = session.get(f"{site.insights.address.url}/sign-in/", timeout=10)
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
    assert token
    form = {"username": user.name, "password": user.password, "csrfmiddlewaretoken": token[1]}
    assert session.post(page.url, data=form, timeout=10).url.endswith("/courses/")
    return session


def test_list_of_courses_is_of_one_run(site: serve.Site) -> None:
    """The totals, each course's line and the footer's note come from four answers of the API."""
    session, runs = sign_in(site), set()
    courses = f"{site.insights.address.url}/courses/"
    with publishing_while_read(session, courses, site.data):
        for _ in range(READINGS):
            page = session.get(courses, timeout=10)
            if page.status_code == 503:  # new numbers three times in a row, which it says
                assert "updated" in page.text
                continue
            (note,) = re.findall(r"numbers of run (\d+)", page.text)
            total = re.search(r"<dt>Enrolled</dt><dd>([\d,]+)</dd>", page.text)
            assert total
            assert int(total[1].replace(",", "")) == int(note) * len(COURSES)
            lines = re.findall(r"<th scope=\"row\">.*?</tr>", page.text, re.DOTALL)
            assert len(lines) == len(COURSES)
            for line in lines:
                enrolled = re.findall(r'<td class="number">([\d,]+)</td>', line)[0]
                assert enrolled.replace(",", "") == note
            runs.add(note)
    assert len(runs) > READINGS // 6


def test_overview_of_a_course_is_of_one_run(site: serve.Site) -> None:
    session, runs = sign_in(site), set()
    overview = f"{site.insights.address.url}/courses/{COURSES[0]}/"
    with publishing_while_read(session, overview, site.data):
        for _ in range(READINGS):
            page = session.get(overview, timeout=10)
            if page.status_code == 503:
                continue
            (note,) = re.findall(r"numbers of run (\d+)", page.text)
            (figure,) = re.findall(r'<p class="figure">([\d,]+)</p>', page.text)
            assert figure.replace(",", "") == note
            runs.add(note)
    assert len(runs) > READINGS // 6
