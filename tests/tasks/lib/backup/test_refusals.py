"""What backup, restore and upgrade refuse before they touch anything, on checkouts of toys."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import pytest

from tasks.lib.backup import manifest
from tasks.lib.backup.folder import new_backup
from tasks.lib.backup.manifest import Manifest
from tasks.lib.hadoop import lock
from tasks.lib.version import Version
from toy_stack import REGISTRY, service, toy_stack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from toy_stack import ToyStack

pytestmark = pytest.mark.usefixtures("engine_running")


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ToyStack]:
    """A database that only sleeps, and a hadoop stack of one service."""
    with toy_stack(tmp_path_factory.mktemp("toy") / "checkout") as toy:
        toy.compose(mysql=service())
        toy.compose("docker-compose.hadoop.yml", pipeline=service())
        yield toy


def write_backup(folder: Path, version: str = "0.0.1") -> Path:
    """A whole one of a site that has nothing but settings."""
    with new_backup(folder) as new:
        new.write("conf/analytics.env", [f"REGISTRY='{REGISTRY}'\n".encode()])
        new.write(manifest.DATABASES, [gzip.compress(b"")])
        content = Version(version, None)
        new.close(Manifest("2026-11-25T03:15:00+00:00", "site", "duckdb", content, new.files))
    return folder


def refusal(toy: ToyStack, *arguments: str, exit_code: int = 1) -> str:
    """The one line that the command ends with."""
    ended = toy.inv(*arguments)
    assert ended.returncode == exit_code, ended.stderr
    *_, line = ended.stderr.splitlines()
    return line


def test_a_backup_of_a_site_that_is_down(toy: ToyStack, tmp_path: Path) -> None:
    toy.do("down")

    said = refusal(toy, "backup", "--to", str(tmp_path / "new"))

    assert said.startswith("inv: mysql is not running: start it with `inv start.mysql`")
    assert not (tmp_path / "new").exists()


def test_a_backup_while_the_hadoop_stack_is_up(toy: ToyStack, tmp_path: Path) -> None:
    toy.do("start.mysql")
    toy.do("start.pipeline")

    said = refusal(toy, "backup", "--to", str(tmp_path / "new"))

    assert said.startswith("inv: the hadoop stack is up (pipeline), and its data may change")
    assert not (tmp_path / "new").exists()
    toy.do("down")


@pytest.mark.parametrize(
    "command", [("backup", "--to"), ("restore", "--from"), ("upgrade", "--backup")]
)
def test_while_a_run_is_under_way(toy: ToyStack, command: tuple[str, str], tmp_path: Path) -> None:
    with lock.hold(toy.root, "inv hadoop-tasks"):
        said = refusal(toy, *command, str(tmp_path / "new"), exit_code=75)

    assert "`inv hadoop-tasks` (process" in said
    assert not (tmp_path / "new").exists()


def test_a_restore_of_what_is_no_backup(toy: ToyStack, tmp_path: Path) -> None:
    said = refusal(toy, "restore", "--from", str(tmp_path), "--yes")

    assert said.startswith(f"inv: {tmp_path}/manifest.json is not there")


def test_a_restore_of_a_newer_version(toy: ToyStack, tmp_path: Path) -> None:
    backup = write_backup(tmp_path / "backup", "99.0")

    said = refusal(toy, "restore", "--from", str(backup), "--yes")

    assert said.startswith("inv: the backup is of version 99.0, and this is ")


def test_a_restore_whose_server_image_is_to_be_had_nowhere(toy: ToyStack, tmp_path: Path) -> None:
    backup = write_backup(tmp_path / "backup")
    before = settings(toy)

    said = refusal(toy, "restore", "--from", str(backup), "--yes")

    assert said.startswith(f"inv: {REGISTRY}/web/mysql:latest cannot be pulled: ")
    assert settings(toy) == before


def settings(toy: ToyStack) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (toy.root / "conf").glob("*.env")}


def test_up_after_a_restore_that_was_cut_short(toy: ToyStack) -> None:
    (toy.root / "data/restore-unfinished").write_text("/srv/backup")

    for command in ("up", "start.mysql"):
        said = refusal(toy, command)
        assert said.startswith("inv: the site is half restored: `inv restore --from /srv/backup`")

    toy.do("destroy", "--yes")
    toy.do("start.mysql")
    toy.do("down")


def test_an_upgrade_to_an_older_version(toy: ToyStack, tmp_path: Path) -> None:
    note = toy.root / "data/running.json"
    note.write_text(json.dumps({"number": "99.0", "commit": None}))

    said = refusal(toy, "upgrade", "--backup", str(tmp_path / "new"))

    note.unlink()
    assert said.startswith("inv: version 99.0 runs, and the older")
    assert not (tmp_path / "new").exists()
