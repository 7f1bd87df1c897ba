"""Settings that follow from an LMS."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from configured import configured, edit, new_checkout
from tasks.lib import settings
from tasks.lib.connect import filling
from tasks.lib.connect.site import Commands, Database, LmsSite
from tasks.lib.errors import OperatorError
from tasks.lib.settings import checks, env_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SITE = LmsSite(
    "https://learn.example.org",
    Commands("sh", "mysql"),
    Database("db.example.org", 3307, "lms"),
    "https://discovery.example.org",
)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return configured(tmp_path / "site", monkeypatch)


def join(root: Path, site: LmsSite = SITE) -> Sequence[filling.Change]:
    planned = filling.changes(settings.load(root), site)
    filling.write(root, planned)
    return planned


def test_settings_are_filled_and_nothing_else_changes(root: Path) -> None:
    before = {path.name: path.read_text().splitlines() for path in root.glob("conf/*.env")}
    planned = join(root)

    loaded = settings.load(root)
    assert {
        name: loaded[name] for name in loaded if name.startswith(("LMS_R", "LMS_DB_", "DISC"))
    } == {
        "LMS_ROOT_URL": "https://learn.example.org",
        "LMS_DB_HOST": "db.example.org",
        "LMS_DB_PORT": "3307",
        "LMS_DB_NAME": "lms",
        "LMS_DB_USER": "analytics",
        "LMS_DB_PASSWORD": loaded["LMS_DB_PASSWORD"],
        "LMS_DB_CA": "",
        "DISCOVERY_ROOT_URL": "https://discovery.example.org",
    }
    secrets = {loaded[each.name] for each in planned if each.secret}
    assert len(secrets) == 3
    assert all(len(secret) == 40 for secret in secrets)
    changed = {each.name for each in planned}
    for path in root.glob("conf/*.env"):
        after = path.read_text().splitlines()
        assert len(after) == len(before[path.name])
        for old, new in zip(before[path.name], after, strict=True):
            assert old == new or new.partition("=")[0] in changed
        assert path.stat().st_mode & 0o777 == 0o600
    about = [each for each in checks.before_start(loaded) if each.setting in changed]
    assert checks.errors(about) == []


def test_a_second_time_there_is_nothing_to_change(root: Path) -> None:
    join(root)
    assert join(root) == []


def test_what_the_lms_may_know_already_is_kept(root: Path) -> None:
    edit(root, LMS_OAUTH2_CLIENT_ID="ours", LMS_OAUTH2_CLIENT_SECRET="known", LMS_DB_USER="reader")
    edit(root, LMS_ROOT_URL="https://old.example.org")
    names = {each.name for each in join(root)}

    assert not names & {"LMS_OAUTH2_CLIENT_ID", "LMS_OAUTH2_CLIENT_SECRET", "LMS_DB_USER"}
    assert settings.load(root)["LMS_ROOT_URL"] == "https://learn.example.org"


def test_without_a_database_nothing_is_said_of_one(root: Path) -> None:
    planned = join(root, LmsSite(SITE.url, SITE.commands))

    assert {each.name.rpartition("_CLIENT_")[0] or each.name for each in planned} == {
        *("LMS_ROOT_URL", "LMS_SIGN_IN_URL", "LMS_SIGN_IN", "LMS_OAUTH2")
    }


def test_what_is_shown_holds_no_secret(root: Path) -> None:
    planned = filling.changes(settings.load(root), SITE)
    shown = filling.shown(planned)

    assert [line for line in shown if not line.startswith(("- ", "+ "))] == [
        "conf/analytics.env:",
        "conf/pipeline.env:",
    ]
    assert "- LMS_SIGN_IN_URL=''" in shown
    assert "+ LMS_SIGN_IN_URL='https://learn.example.org'" in shown
    assert "+ LMS_DB_PASSWORD=(a secret)" in shown
    assert not any(each.after in "".join(shown) for each in planned if each.secret)


def test_the_process_environment_is_no_part_of_it(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LMS_ROOT_URL", SITE.url)
    join(root)
    monkeypatch.delenv("LMS_ROOT_URL")

    assert settings.load(root)["LMS_ROOT_URL"] == SITE.url


def test_settings_that_changed_meanwhile_are_not_overwritten(root: Path) -> None:
    planned = filling.changes(settings.load(root), SITE)
    edit(root, LMS_DB_HOST="mine.example.org")

    with pytest.raises(OperatorError, match="LMS_DB_HOST was changed meanwhile"):
        filling.write(root, planned)
    assert settings.load(root)["LMS_ROOT_URL"] == ""


def test_refused(tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OperatorError, match="run `inv init` first"):
        filling.changes(settings.load(new_checkout(tmp_path / "new", monkeypatch)), SITE)
    odd = LmsSite(SITE.url, SITE.commands, Database("db_1.example.org"))
    with pytest.raises(OperatorError, match=r"LMS_DB_HOST would be 'db_1\.example\.org', not"):
        filling.changes(settings.load(root), odd)


_LINES = st.lists(
    st.one_of(
        st.from_regex(r"#[^\x00-\x1f\x7f]{0,10}", fullmatch=True),
        st.just(""),
        st.sampled_from(["A='1'", "B=two", 'C="3"  # three']),
    ),
    max_size=8,
    unique_by=lambda line: line[:1] if line[:1] in "ABC" else object(),
)


@given(_LINES, st.booleans())
def test_only_the_lines_of_settings_change(lines: list[str], ends: bool) -> None:
    text = "\n".join(lines) + ("\n" if ends else "")
    before = env_file.parse(text.encode())
    values = {"A": "another", "B": "'quoted'"}
    where = {name: line for name, line in before.lines.items() if name in values}
    after = env_file.parse(filling.with_values(text, values, where).encode())

    assert after.problems == before.problems
    assert dict(after.values) == {**before.values, **values}
    assert all(after.lines[name] == line for name, line in before.lines.items())
