"""Insights with its accounts and sessions in a MariaDB."""

from __future__ import annotations

import re
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
import requests

import mariadb_server
from managing import ENVIRONMENT
from mariadb_server import PASSWORDS, manage, python_path
from tasks.lib.local import serve
from tasks.lib.local.applications import Application

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from mariadb_server import Databases, Server

PASSWORD = "kestrel-over-9"
COURSE = "course-v1:ExampleX+CS101+2026_T1"
PAGES = (
    "/courses/",
    "/courses/courses.csv",
    f"/courses/{COURSE}/",
    f"/courses/{COURSE}/enrollment/activity/enrollment.csv",
    "/sign-in/",
    "/no/such/page/",
)


@pytest.fixture(scope="module")
def mariadb() -> Iterator[Server]:
    """A MariaDB server, without databases."""
    with mariadb_server.running() as server:
        yield server


@pytest.fixture(scope="module")
def databases(mariadb: Server) -> Databases:
    """A site's databases, after the first start of Insights."""
    made = mariadb.make_databases()
    done = manage("insights", "prepare", "--no-static", **settings_of(made))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return made


def settings_of(databases: Databases) -> dict[str, str]:
    return ENVIRONMENT | {"INSIGHTS_DATABASE": databases.url("insights", databases.insights)}


def create_user(databases: Databases, name: str, *options: str) -> str:
    """Make an account; returns the last line of what was said."""
    done = manage(
        *("insights", "create_user", name, *options), stdin=PASSWORD, **settings_of(databases)
    )
    return (done.stdout + done.stderr).strip().splitlines()[-1]


@contextmanager
def serving(databases: Databases, static: Path) -> Generator[str]:
    """Insights under gunicorn; yields its URL."""
    settings = settings_of(databases) | {
        "INSIGHTS_STATIC_ROOT": str(static),
        "INSIGHTS_ALLOWED_HOSTS": "127.0.0.1",
        "PYTHONPATH": python_path(),
    }
    application = Application("Insights", "insights", settings)
    application.manage("collectstatic", "--no-input")
    with serve.listen(0) as address, serve.serving(application, address) as server:
        serve.wait_for(server)
        yield address.url


def sign_in(url: str, name: str) -> requests.Session:
    """A browser that tried to sign in; it is on the page that came then."""
    browser = requests.Session()
    form = sign_in_form(browser, url, name)
    browser.post(f"{url}/sign-in/", form, allow_redirects=False, timeout=30)
    return browser


def sign_in_form(browser: requests.Session, url: str, name: str) -> dict[str, str]:
    """The form of the sign-in page, filled in."""
    page = browser.get(f"{url}/sign-in/", timeout=30).text
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert token
    return {"username": name, "password": PASSWORD, "csrfmiddlewaretoken": token[1]}


def test_every_start_after_the_first_changes_nothing(databases: Databases) -> None:
    before = databases.tables(databases.insights)

    done = manage("insights", "prepare", "--no-static", **settings_of(databases))

    assert (done.returncode, done.stderr) == (0, "")
    assert {"auth_user", "django_session", "accounts_courseaccess"} < before
    assert databases.tables(databases.insights) == before


CLAIMS = f"""
from datetime import date
from django.contrib.auth import get_user_model
from insights.mail import subscriptions
from insights.mail.models import Subscription
ada = get_user_model().objects.create(username="ada-who-is-sent-mail")
subscriptions.start(ada, "{COURSE}", "es")
one, other = (Subscription.objects.get() for _ in range(2))
week, next_week = date(2026, 4, 27), date(2026, 5, 4)
print(one.claim(week), other.claim(week), one.claim(next_week), other.claim(next_week))
one.release(next_week)
print(other.claim(next_week))
ada.delete()
print(Subscription.objects.count())
"""


def test_a_week_of_a_weekly_report_is_claimed_once(databases: Databases) -> None:
    done = manage("insights", "shell", "--command", CLAIMS, **settings_of(databases))

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-3:] == ["True False True False", "True", "0"]


def test_start_without_static_files_makes_none(databases: Databases, tmp_path: Path) -> None:
    folders = {
        "INSIGHTS_STATIC_ROOT": str(tmp_path / "static"),
        "INSIGHTS_CACHE": str(tmp_path / "cache"),
    }
    manage("insights", "prepare", "--no-static", **settings_of(databases) | folders)

    assert [entry.name for entry in tmp_path.iterdir()] == ["cache"]


def test_static_files_need_no_database(tmp_path: Path) -> None:
    """As an image's build collects them."""
    settings = {
        "INSIGHTS_DATABASE": "mysql://insights:none@127.0.0.1:9/insights",
        "INSIGHTS_SECRET_KEY": "none",
        "INSIGHTS_DATA_API_URL": "http://none/api/v0",
        "INSIGHTS_DATA_API_TOKEN": "none",
        "INSIGHTS_CACHE": str(tmp_path / "cache"),
        "INSIGHTS_STATIC_ROOT": str(tmp_path / "static"),
    }
    done = manage("insights", "collectstatic", "--no-input", "--verbosity=0", **settings)

    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "static" / "staticfiles.json").exists()


def test_accounts(databases: Databases, tmp_path: Path) -> None:
    assert create_user(databases, "ada", f"--course={COURSE}") == "made ada, who sees 1 course"
    # Names that differ in case are other names, as in SQLite.
    assert create_user(databases, "Ada").startswith("made Ada")
    assert "there is a user 'ada' already" in create_user(databases, "ada")

    with serving(databases, tmp_path) as url:
        known, stranger = sign_in(url, "ada"), sign_in(url, "nobody")
        pages = [
            browser.get(f"{url}/password/", allow_redirects=False, timeout=30)
            for browser in (known, stranger)
        ]
    assert [page.status_code for page in pages] == [200, 302]


_NOTES = """
from datetime import date
from insights.courses import notes
from insights.courses.notes import Draft, NoteChanged, NoteGone

text = "🐇" * 119 + "名"
notes.add("A/B/C", Draft(date(2026, 2, 3), text), "ada")
[note] = notes.notes_of("A/B/C")
assert note.text == text
seen = notes.version(note)
notes.change(note, seen, Draft(date(2026, 2, 4), "Exam 1"), "grace")
try:
    notes.change(note, seen, Draft(date(2026, 2, 4), "Exam 2"), "ada")
except NoteChanged:
    print("changed meanwhile")
notes.remove(notes.note_of("A/B/C", str(note.pk)), "ada")
try:
    notes.change(note, seen, Draft(date(2026, 2, 4), "Exam 2"), "ada")
except NoteGone:
    print("gone")
"""


def test_notes(databases: Databases) -> None:
    done = manage("insights", "shell", "--no-imports", "-c", _NOTES, **settings_of(databases))

    assert (done.returncode, done.stdout) == (0, "changed meanwhile\ngone\n"), done.stderr
    assert databases.select(databases.insights, "SELECT count(*) FROM courses_note") == [(0,)]


def test_server_that_goes_away_and_comes_back(
    mariadb: Server, databases: Databases, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    create_user(databases, "grace")
    with serving(databases, tmp_path) as url:
        known, stranger = sign_in(url, "grace"), requests.Session()
        form = sign_in_form(stranger, url, "grace")
        mariadb.end(signal.SIGKILL)
        try:
            gone = [known.get(f"{url}{path}", timeout=30) for path in PAGES]
            gone.append(stranger.post(f"{url}/sign-in/", form, timeout=30))
            health = stranger.get(f"{url}/health/", timeout=30)
            alive = stranger.get(f"{url}/status/", timeout=30)
            styles = stranger.get(f"{url}/static/insights/insights.css", timeout=30)
        finally:
            mariadb.start()
        back = known.get(f"{url}/password/", allow_redirects=False, timeout=30)

    for page in gone:
        assert (page.status_code, page.headers["Retry-After"]) == (503, "30")
        assert "Accounts cannot be read at the moment" in page.text
        assert "it comes back by itself" in page.text
        assert "127.0.0.1" not in page.text
    assert health.json()["detailed_status"]["database_connection"] == "UNAVAILABLE"
    assert (alive.status_code, styles.status_code) == (200, 200)
    assert back.status_code == 200  # still signed in

    log = capfd.readouterr().err
    assert "Traceback" not in log
    assert PASSWORDS["insights"] not in log
    lines = [line for line in log.splitlines() if "the database of Insights, asked for" in line]
    # One driver says that it cannot connect (2002), the other that it cannot to this host (2003).
    told = [
        path for path in PAGES if re.search(rf"'{re.escape(path)}': \(200[23], ", "".join(lines))
    ]
    assert told == [*PAGES]
    assert len(lines) == len(gone)


@pytest.mark.parametrize(
    ("statement", "mended"),
    [
        ("REVOKE ALL ON {database}.* FROM insights", "GRANT ALL ON {database}.* TO insights"),
        (
            "RENAME TABLE {database}.django_session TO {database}.elsewhere",
            "RENAME TABLE {database}.elsewhere TO {database}.django_session",
        ),
    ],
    ids=["rights", "table"],
)
def test_server_that_refuses(
    statement: str, mended: str, mariadb: Server, databases: Databases, tmp_path: Path
) -> None:
    name = f"reader_{statement.split()[0]}"
    create_user(databases, name)
    with serving(databases, tmp_path) as url:
        known = sign_in(url, name)
        mariadb.do(statement.format(database=databases.insights))
        # An open connection keeps the rights that it began with.
        mariadb.do("KILL USER insights")
        try:
            page = known.get(f"{url}/password/", timeout=30)
        finally:
            mariadb.do(mended.format(database=databases.insights))

    assert page.status_code == 503
    assert "Waiting will not help" in page.text


def test_password_that_changed(mariadb: Server, databases: Databases) -> None:
    mariadb.do("SET PASSWORD FOR insights = PASSWORD('another one')")
    try:
        done = manage("insights", "prepare", "--no-static", **settings_of(databases))
    finally:
        mariadb.do("ALTER USER insights IDENTIFIED BY %s", PASSWORDS["insights"])

    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith("CommandError: INSIGHTS_DATABASE: MariaDB at 127.0.0.1:")
    assert "Access denied for user 'insights'" in line
