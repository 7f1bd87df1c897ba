"""Connections that work, and what is said of those that do not."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest

import lms_services
import mail_server
import mariadb_server
from configured import configured, edit
from lms import CLIENT_ID, CLIENT_SECRET, lms
from lms_schema import RECENT
from lms_services import BLOCKS, COURSE_RUNS, COURSES, TOKEN
from tasks.lib import settings
from tasks.lib.connect import trying

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lms import Lms
    from lms_services import Site
    from mail_server import MailServer
    from mariadb_server import Server


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A database of an LMS without learners, whose every table may be read."""
    with mariadb_server.running() as server:
        server.do("CREATE DATABASE openedx")
        for name, columns in RECENT.items():
            server.do(f"CREATE TABLE {name} ({columns})", database="openedx")
        server.do("CREATE USER reader IDENTIFIED BY 'readers-password'")
        server.do("GRANT SELECT ON openedx.* TO reader")
        yield server


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lms]:
    with lms(
        tmp_path_factory.mktemp("lms"), {}, "https://localhost/complete/edx-oauth2/"
    ) as running:
        yield running


@pytest.fixture
def services() -> Iterator[Site]:
    with lms_services.serving() as site:
        lms_services.fill(site)
        yield site


@pytest.fixture
def post() -> Iterator[MailServer]:
    with mail_server.running() as server:
        yield server


@pytest.fixture
def root(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    server: Server,
    provider: Lms,
    services: Site,
    post: MailServer,
) -> Path:
    """A checkout that is connected to all of them."""
    made = configured(tmp_path / "site", monkeypatch)
    (made / "data/tracking-logs/tracking.log").write_text("{}\n")
    edit(
        made,
        LMS_ROOT_URL=services.url,
        LMS_OAUTH2_CLIENT_ID="analytics",
        LMS_OAUTH2_CLIENT_SECRET=lms_services.SECRET,
        DISCOVERY_ROOT_URL=services.url,
        LMS_DB_HOST="127.0.0.1",
        LMS_DB_PORT=str(server.port),
        LMS_DB_USER="reader",
        LMS_DB_PASSWORD="readers-password",
        LMS_SIGN_IN_URL=provider.url,
        LMS_SIGN_IN_CLIENT_ID=CLIENT_ID,
        LMS_SIGN_IN_CLIENT_SECRET=CLIENT_SECRET,
        SMTP_HOST="127.0.0.1",
        SMTP_PORT=str(post.port),
        SMTP_SECURITY="none",
    )
    return made


def told(root: Path) -> list[str]:
    return [str(result) for result in trying.each(settings.load(root))]


def errors(root: Path) -> list[str]:
    return [line for line in told(root) if line.startswith("error: ")]


def test_all_is_well(
    root: Path, services: Site, server: Server, provider: Lms, post: MailServer
) -> None:
    logs, *others = told(root)

    assert re.fullmatch(
        r"ok: tracking logs: 1 files, 0\.0 MB; the last line came 0 minutes ago", logs
    )
    assert others == [
        f"ok: services of {services.url}: some courses; blocks of course-v1:Org+C0+Run can be read",
        f"ok: course discovery at {services.url}: some course runs, some programs",
        f"ok: the LMS's database openedx at 127.0.0.1:{server.port}: 8 tables can be read",
        f"ok: sign-in at {provider.url}: the LMS knows its client {CLIENT_ID}",
        "ok: mail server 127.0.0.1: takes us",
    ]
    assert post.mails == []


def test_what_is_not_set_is_no_failure(root: Path) -> None:
    names = ("LMS_ROOT_URL", "DISCOVERY_ROOT_URL", "LMS_DB_HOST", "LMS_SIGN_IN_URL", "SMTP_HOST")
    edit(root, **dict.fromkeys(names, ""))
    _, *others = told(root)

    assert len(others) == 5
    assert all(re.fullmatch(r"ok: .*: not set, and not needed where .*", line) for line in others)


@pytest.mark.parametrize(
    ("values", "error"),
    [
        (
            {"LMS_OAUTH2_CLIENT_SECRET": "hunter2"},
            r"gives us no token \(401\): see LMS_OAUTH2_CLIENT",
        ),
        ({"LMS_OAUTH2_CLIENT_ID": ""}, r"LMS_ROOT_URL is set, and LMS_OAUTH2_CLIENT_ID is not"),
        ({"LMS_DB_PASSWORD": "hunter2"}, r"refuses its user .*: see LMS_DB_USER, LMS_DB_PASSWORD"),
        ({"LMS_DB_NAME": "lms"}, r"the LMS's database lms at .*(denied|is not there)"),
        ({"LMS_DB_PORT": "1"}, r"does not answer"),
        ({"LMS_SIGN_IN_CLIENT_ID": "other"}, r"does not know the client \(invalid_client\)"),
        ({"LMS_SIGN_IN_CLIENT_SECRET": "x"}, r"does not know the client \(invalid_client\)"),
        ({"LMS_SIGN_IN_URL": "http://127.0.0.1:1"}, r"does not answer \(Connection refused\)"),
        ({"SMTP_PORT": "9"}, r"mail server 127\.0\.0\.1: cannot be reached \(Connection refused\)"),
        ({"SMTP_SECURITY": "starttls"}, r"knows no STARTTLS: see SMTP_SECURITY and SMTP_PORT"),
        ({"TRACKING_LOGS": "nowhere"}, r"nowhere, which is no folder"),
    ],
    ids=str,
)
def test_wrong_setting(root: Path, values: dict[str, str], error: str) -> None:
    edit(root, **values)
    lines = errors(root)

    assert lines
    assert all(re.search(error, line) for line in lines if "discovery" not in line)
    assert "hunter2" not in "".join(lines)


@pytest.mark.parametrize(
    ("place", "fault", "error"),
    [
        (TOKEN, 500, "gives us no token (500)"),
        (TOKEN, "page", "answers with no token"),
        (COURSES, 403, "answers 403: is our client's user in the LMS staff?"),
        (COURSES, "page", "answers what is no JSON object, or half of one"),
        (COURSES, "nothing", "does not answer"),
        (f"{BLOCKS}{lms_services.course(0)}", 403, "answers 403"),
        (COURSE_RUNS, 404, "course_runs/ answers 404"),
    ],
)
def test_service_that_ails(
    root: Path, services: Site, place: str, fault: int | str, error: str
) -> None:
    services.ail(place, fault, for_ever=True)

    assert error in errors(root)[0]


def test_lms_that_shows_no_course(root: Path, services: Site) -> None:
    services.courses.clear()

    [error] = errors(root)
    assert "lists no courses: see that our client's user in the LMS is staff" in error


def test_sign_in_at_what_is_no_lms(root: Path, services: Site) -> None:
    services.ail(TOKEN.rstrip("/"), "page", for_ever=True)
    edit(root, LMS_SIGN_IN_URL=services.url)

    assert "answers 200, and no JSON: is it an LMS?" in errors(root)[-1]


def test_sign_in_at_what_leads_elsewhere(root: Path, services: Site) -> None:
    """No secret of a client goes there."""
    for path in (TOKEN, TOKEN.rstrip("/")):
        services.ail(path, "elsewhere", for_ever=True)
    edit(root, LMS_SIGN_IN_URL=services.url, DISCOVERY_ROOT_URL="")

    with lms_services.serving() as other:
        services.elsewhere = other.url
        of_services, of_sign_in = errors(root)

    leads = f"leads to {other.url}: set"
    assert f"{leads} LMS_ROOT_URL to the address that it leads to" in of_services
    assert f"{leads} LMS_SIGN_IN_URL to the address that it leads to" in of_sign_in
    assert other.heard == []


def test_table_that_may_not_be_read(root: Path, server: Server) -> None:
    server.do("CREATE USER curious IDENTIFIED BY 'curious-password'")
    server.do("GRANT SELECT (id, username) ON openedx.auth_user TO curious")
    edit(root, LMS_DB_USER="curious", LMS_DB_PASSWORD="curious-password")

    [error] = errors(root)
    assert "auth_user has no column email, or none that LMS_DB_USER may read (and 6 more)" in error


def test_logs_that_do_not_come(root: Path) -> None:
    log = root / "data/tracking-logs/tracking.log"
    os.utime(log, (0, 0))
    assert "hours ago: is what brings the LMS's logs there still at work?" in errors(root)[0]
    log.unlink()
    assert "is empty: bring the LMS's tracking.log there" in errors(root)[0]
