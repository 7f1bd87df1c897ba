"""`inv config.check` and `inv config.show`, as an operator calls them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from configured import configured, edit, inv, new_checkout
from fresh_clone import free_ports
from tasks.lib import settings

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with nothing to find fault with."""
    root = configured(tmp_path / "site", monkeypatch)
    https, http = free_ports(2)
    edit(root, HTTPS_PORT=str(https), HTTP_PORT=str(http))
    return root


@pytest.mark.usefixtures("engine_running")
def test_check_with_nothing_to_mend(site: Path) -> None:
    ended = inv(site, "config.check")

    assert (ended.returncode, ended.stderr) == (0, "")
    assert "error" not in ended.stdout.replace("no errors", "")


@pytest.mark.usefixtures("engine_running")
def test_check_shows_all_findings_and_fails(site: Path) -> None:
    edit(site, HTTPS_PORT="eight", API_TOKEN="hunter2", MYSQL_MEMORY="300m")
    ended = inv(site, "config.check")

    assert ended.returncode == 1
    *findings, summary = ended.stdout.splitlines()
    errors = [line for line in findings if line.startswith("error: ")]
    assert [line.split(": ")[1] for line in errors] == [
        f"conf/analytics.env:{settings.read(site).line(name)}"
        for name in ("HTTPS_PORT", "API_TOKEN")
    ]
    assert any(line.startswith("warning: conf/mysql.env:") for line in findings)
    assert summary.startswith("2 errors, ")
    assert "hunter2" not in ended.stdout + ended.stderr


def test_check_tells_of_an_engine_that_does_not_run(site: Path, tmp_path: Path) -> None:
    ended = inv(site, "config.check", DOCKER_HOST=f"unix://{tmp_path}/none.sock")

    assert ended.returncode == 1
    assert "error: no Docker engine answers at unix://" in ended.stdout


def test_show_masks_secrets_and_tells_sources(site: Path) -> None:
    (site / "conf/pipeline.env").unlink()
    ended = inv(site, "config.show", VERSION="of-environment")

    assert ended.returncode == 0
    heading, *lines = ended.stdout.splitlines()
    rows = {line.split()[0]: line.split()[1:] for line in lines}
    loaded = settings.load(site)
    line = loaded.line("VERSION")
    assert heading.split() == ["name", "value", "source", "file"]
    assert rows["VERSION"] == ["of-environment", "environment", f"conf/analytics.env:{line}"]
    assert rows["SITE_HOST"][:2] == ["localhost", "file"]
    assert rows["TRACKING_LOGS"] == ["data/tracking-logs", "default", "conf/pipeline.env"]
    assert rows["API_TOKEN"][:2] == ["********", "file"]
    secrets = [name for name, each in loaded.declarations.items() if each.type.secret]
    assert not any(loaded[name] in ended.stdout for name in secrets if loaded[name])


def test_show_for_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = new_checkout(tmp_path / "clone", monkeypatch)
    ended = inv(root, "config.show", "--json", API_SECRET_KEY="of the environment")

    rows = {row["name"]: row for row in json.loads(ended.stdout)}
    assert rows["API_TOKEN"] == {
        "name": "API_TOKEN",
        "value": None,
        "source": "missing",
        "file": "conf/analytics.env",
    }
    assert rows["API_SECRET_KEY"]["value"] == "********"
    assert rows["INTERVAL"]["value"] == ""
    assert "of the environment" not in ended.stdout


def test_show_of_a_file_that_cannot_be_read(site: Path) -> None:
    with (site / "conf/mysql.env").open("a") as file:
        file.write("MYSQL_API_PASSWORD='again'\n")
    ended = inv(site, "config.show")

    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("inv: conf/mysql.env:")
    assert "sets MYSQL_API_PASSWORD again, after line 7: keep one of them" in ended.stderr
