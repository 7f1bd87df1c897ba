"""Backups that are whole, and those that are not."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from tasks.lib.backup import manifest
from tasks.lib.backup.manifest import BackupError, File, Manifest
from tasks.lib.version import Version

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CONTENTS = {"conf/mysql.env": b"A='1'\n", "databases.sql.gz": b"\x1f\x8b" + bytes(5000)}


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    """A whole one."""
    files = {}
    for name, content in CONTENTS.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
        files[name] = File(len(content), sha256(content).hexdigest())
    written = Manifest(
        "2026-11-25T03:15:00+00:00", "site", "spark", Version("0.1.0", "ab12"), files
    )
    (tmp_path / manifest.FILE).write_text(written.as_json())
    return tmp_path


def test_is_read_as_it_was_written(backup: Path) -> None:
    found = manifest.read(backup)
    manifest.verify(backup, found)

    assert found.project == "site"
    assert found.engine == "spark"
    assert found.version == Version("0.1.0", "ab12")
    assert found.size == sum(map(len, CONTENTS.values()))
    assert [*found.below(manifest.CONF)] == ["conf/mysql.env"]
    assert [*found.below(manifest.VOLUMES)] == []


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def change(path: Path) -> None:
    """One byte, as a disk may."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("name", CONTENTS)
@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (cut, "bytes instead of"),
        (change, r"is damaged \(SHA-256\)"),
        (lambda path: path.unlink(), "is missing: the backup is not whole"),
    ],
)
def test_damage_is_seen_and_named(
    backup: Path, name: str, damage: Callable[[Path], None], said: str
) -> None:
    damage(backup / name)

    with pytest.raises(BackupError, match=said) as refused:
        manifest.verify(backup, manifest.read(backup))

    assert str(refused.value).startswith(str(backup / name))


def test_one_that_was_cut_short_has_no_manifest(backup: Path) -> None:
    (backup / manifest.FILE).unlink()

    with pytest.raises(BackupError, match=r"manifest\.json is not there: .* cut short"):
        manifest.read(backup)


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"format": 1}', '{"format": "1"}'])
def test_a_file_that_is_no_manifest(backup: Path, content: str) -> None:
    (backup / manifest.FILE).write_text(content)

    with pytest.raises(BackupError, match="is no manifest of a backup: take another"):
        manifest.read(backup)


def test_a_newer_form(backup: Path) -> None:
    content = json.loads((backup / manifest.FILE).read_text())
    content["format"] += 1
    (backup / manifest.FILE).write_text(json.dumps(content))

    with pytest.raises(BackupError, match="is of a newer version: check that version out"):
        manifest.read(backup)
