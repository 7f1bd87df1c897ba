"""Weekly reports from a data folder, through a real mail server."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

import mail_server
from configured import configured, edit
from insights_pipeline.sample import SampleOptions
from tasks.lib import settings
from tasks.lib.errors import OperatorError
from tasks.lib.local import demo, mail, users
from tasks.lib.settings import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

COURSE = "course-v1:ExampleX+CS101+2026_T1"
URL = "http://127.0.0.1:8110"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two weeks of a course, with somebody who has asked for its report."""
    folder = tmp_path_factory.mktemp("data")
    demo.prepare(folder, SampleOptions(days=14, learners=20, courses=1))
    user = users.generate("ada")
    users.create(folder, user, superuser=True, courses=[], email="ada@example.org")
    with closing(sqlite3.connect(folder / "insights.sqlite3")) as connection, connection:
        connection.execute(
            "INSERT INTO mail_subscription (user_id, course_id, language, created, active, token)"
            f" SELECT id, '{COURSE}', 'en', '2026-01-01', TRUE, 'abc' FROM auth_user"
        )
    return folder


def test_a_week_is_sent_once_and_what_is_said_is_seen(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    root = configured(tmp_path / "site", monkeypatch)
    edit(root, SMTP_HOST="127.0.0.1", SMTP_SECURITY="none", MAIL_FROM="insights@example.org")
    with mail_server.running() as server:
        edit(root, SMTP_PORT="9")  # nothing listens there
        with pytest.raises(OperatorError, match=r"cannot be reached .* by the next run") as error:
            mail.send_from(data, mail.environment(settings.load(root), URL))
        assert "\n" not in str(error.value)

        edit(root, SMTP_PORT=str(server.port))
        for _twice in range(2):
            mail.send_from(data, mail.environment(settings.load(root), URL))

    [(address, sent)] = server.mails
    assert address == "ada@example.org"
    assert sent["List-Unsubscribe"].strip() == f"<{URL}/mail/stop/abc/>"
    lines = capfd.readouterr().out.splitlines()
    assert [line for line in lines if "week from" in line] == [
        "week from 2026-01-12: nothing is sent",
        "week from 2026-01-12: 1 sent",
        "nothing is new since the week from 2026-01-12, which was sent: nothing is sent",
    ]


def test_without_a_mail_server(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = configured(tmp_path / "site", monkeypatch)

    with pytest.raises(OperatorError, match="SMTP_HOST is not set"):
        mail.send_from(data, mail.environment(settings.load(root), URL))


def test_settings_that_do_not_fit_are_told_by_their_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = configured(tmp_path / "site", monkeypatch)
    edit(root, SMTP_HOST="127.0.0.1")

    place = r"conf/analytics\.env:\d+: "
    with pytest.raises(SettingsError, match=rf"^{place}MAIL_FROM is empty, and SMTP_HOST is not:"):
        mail.environment(settings.load(root), URL)

    edit(root, MAIL_FROM="insights@example.org", SMTP_USER="insights")
    with pytest.raises(SettingsError, match=rf"^{place}SMTP_PASSWORD is empty, and SMTP_USER is"):
        mail.environment(settings.load(root), URL)


@pytest.mark.parametrize("url", ["", "insights.example.org", "ftp://insights.example.org"])
def test_links_need_a_url(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = configured(tmp_path / "site", monkeypatch)

    with pytest.raises(OperatorError, match=f"^--url {url} is no URL: give one such as https://"):
        mail.environment(settings.load(root), url)


def test_folder_without_reports(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match=r"no reports\.sqlite3 in .*: run `inv local\.update`"):
        mail.send_from(tmp_path, {})
