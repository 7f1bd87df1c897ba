"""`inv connect.…`, from the operator's side."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from invoke import Context, Exit

from configured import configured
from tasks import connect
from tasks.lib import environment, settings
from tutor_site import render

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The checkout that the tasks are of."""
    root = configured(tmp_path / "site", monkeypatch)
    monkeypatch.setattr(environment, "ROOT", root)
    monkeypatch.setattr(environment, "ensure", lambda *_: None)  # it is of the checkout under test
    return root


def conf(root: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in root.glob("conf/*.env")}


def test_join_a_tutor_site(site: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tutor = render(tmp_path / "tutor", "ENABLE_HTTPS=true")
    connect.tutor(Context(), root=str(tutor), yes=True)
    first, after = capsys.readouterr().out, conf(site)
    connect.tutor(Context(), root=str(tutor), yes=True)
    second = capsys.readouterr()

    assert settings.load(site)["LMS_SIGN_IN_URL"] == "https://learn.example.org"
    assert first.index("+ LMS_ROOT_URL='https://learn.example.org'") < first.index("What is left")
    assert "Nothing was changed in the LMS." in first
    assert conf(site) == after
    assert "nothing to write" in second.err
    assert "+ " not in second.out
    with pytest.raises(Exit):  # neither logs, nor an LMS at that address
        connect.check(Context())
    assert "error: tracking logs: " in capsys.readouterr().out


def test_nothing_is_written_that_was_not_agreed_to(
    site: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = conf(site)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    with pytest.raises(Exit) as caught:
        connect.lms(Context(), "https://learn.example.org", database="db.example.org:3307")

    assert caught.value.code == 2
    assert "6 settings" not in capsys.readouterr().err
    assert "confirm with --yes" in str(caught.value)
    assert conf(site) == before
    assert not (site / "data/connect").exists()


def test_join_another_lms(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    connect.lms(Context(), "https://learn.example.org/", database="db.example.org", yes=True)
    loaded, out = settings.load(site), capsys.readouterr().out

    assert (loaded["LMS_ROOT_URL"], loaded["LMS_DB_HOST"]) == (
        "https://learn.example.org",
        "db.example.org",
    )
    assert "rsync -a" in out


@pytest.mark.parametrize(
    ("url", "options", "told"),
    [
        ("learn.example.org", {}, "URL is 'learn.example.org': give the address alone"),
        ("https://learn.example.org/dashboard", {}, "give the address alone"),
        ("https://x.org", {"discovery": "x"}, "--discovery is 'x'"),
        ("https://x.org", {"database": "a b"}, "--database is 'a b': give HOST or HOST:PORT"),
        ("https://x.org", {"database": "x:port"}, "--database is 'x:port'"),
    ],
)
def test_what_is_no_address(site: Path, url: str, options: dict[str, str], told: str) -> None:
    with pytest.raises(Exit) as caught:
        connect.lms(Context(), url, yes=True, **options)
    assert caught.value.code == 2
    assert told in str(caught.value)
    assert settings.load(site)["LMS_ROOT_URL"] == ""
