"""The folder of a new backup: whole, or gone."""

from __future__ import annotations

import resource
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tasks.lib.backup import manifest
from tasks.lib.backup.folder import new_backup
from tasks.lib.backup.manifest import BackupError, Manifest
from tasks.lib.version import Version

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def test_files_have_their_names_when_they_are_whole(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "backup"

    def pieces() -> Iterator[bytes]:
        yield b"one "
        assert [path.name for path in folder.iterdir()] == [f".{manifest.DATABASES}.partial"]
        yield b"two"

    with new_backup(folder) as new:
        new.write(manifest.DATABASES, pieces())
        assert not (folder / manifest.FILE).exists()
        new.close(Manifest("now", "site", "duckdb", Version("0.1.0", None), new.files))

    assert (folder / manifest.DATABASES).read_bytes() == b"one two"
    manifest.verify(folder, manifest.read(folder))


def test_others_may_read_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "backup"
    folder.mkdir(mode=0o755)

    with new_backup(folder) as new:
        new.write("conf/mysql.env", [b"secret"])

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.rglob("*"))}
    assert modes == {"backup": 0o700, "conf": 0o700, "mysql.env": 0o600}


def test_nothing_that_is_there_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")

    for path in (tmp_path, tmp_path / "file"):
        with (
            pytest.raises(BackupError, match="is there and is no empty folder: give another"),
            new_backup(path),
        ):
            pass

    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("is_there", [False, True])
def test_interrupted_it_leaves_nothing(tmp_path: Path, is_there: bool) -> None:
    folder = tmp_path / "backup"
    if is_there:
        folder.mkdir()

    def interrupted() -> Iterator[bytes]:
        assert (folder / ".databases.sql.gz.partial").exists()
        yield b"some"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), new_backup(folder) as new:
        new.write("databases.sql.gz", interrupted())

    assert [*tmp_path.rglob("*")] == ([folder] if is_there else [])


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "backup"
    with (
        largest_file(100_000),
        pytest.raises(BackupError) as refused,
        new_backup(folder) as new,
    ):
        new.write("volumes/data.tar", [bytes(60_000), bytes(60_000)])

    assert str(refused.value) == (
        f"{folder}/volumes/data.tar cannot be written: File too large; nothing of the backup is"
        " left"
    )
    assert not folder.exists()


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Writing fails beyond so many bytes, as it does on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with (
        pytest.raises(BackupError, match="Not a directory; nothing of the backup is left"),
        new_backup(tmp_path / "file" / "backup"),
    ):
        pass
