from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tasks.lib.images.graph import Image
from tasks.lib.images.labels import labels, revision, source

if TYPE_CHECKING:
    from pathlib import Path


def git(root: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    command = ["git", "-C", root, *identity, *arguments]
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout.strip()


def commit(root: Path) -> str:
    git(root, "add", ".")
    git(root, "commit", "--message=x")
    return git(root, "rev-parse", "HEAD")


@pytest.fixture
def image(tmp_path: Path) -> Image:
    """An image in a git checkout."""
    folder = tmp_path / "services/openedx/api"
    folder.mkdir(parents=True)
    (folder / "Dockerfile").touch()
    (tmp_path / ".gitignore").write_text("*.target\n")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "remote", "add", "origin", "https://token@git.example.org/analytics-micro.git")
    return Image("openedx/api", folder, "registry.test:5000/am/openedx/api:7", (), {})


def test_what_an_image_tells_about_itself(image: Image, tmp_path: Path) -> None:
    first = commit(tmp_path)
    assert labels(image) == {
        "org.opencontainers.image.vendor": "Analytics Micro",
        "org.opencontainers.image.title": "openedx/api",
        "org.opencontainers.image.version": "7",
        "org.opencontainers.image.revision": first,
        "org.opencontainers.image.source": "https://git.example.org/analytics-micro.git",
    }


def test_the_revision_is_of_the_last_commit_that_touched_the_folder(
    image: Image, tmp_path: Path
) -> None:
    first = commit(tmp_path)
    (tmp_path / "elsewhere").touch()
    (image.folder / ".target").touch()
    commit(tmp_path)
    assert revision(image.folder) == first
    (image.folder / "Dockerfile").write_text("FROM scratch\n")
    assert revision(image.folder) == f"{first}-dirty"
    second = commit(tmp_path)
    assert revision(image.folder) == second


def test_a_folder_without_a_commit_has_none(image: Image, tmp_path: Path) -> None:
    assert revision(image.folder) is None
    (tmp_path / "outside").mkdir()
    assert revision(tmp_path / "outside") is None


def test_outside_of_git_there_is_neither(tmp_path: Path) -> None:
    image = Image("a/b", tmp_path, "r/a/b:1", (), {})
    assert not {name for name in labels(image) if name.endswith(("revision", "source"))}


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://git.example.org/a/b.git", "https://git.example.org/a/b.git"),
        ("https://user:secret@git.example.org/a/b", "https://git.example.org/a/b"),
        ("git@git.example.org:a/b.git", "ssh://git.example.org/a/b.git"),
        ("ssh://git@git.example.org/a/b.git", "ssh://git.example.org/a/b.git"),
        ("/srv/git/a.git", None),
        ("../a", None),
        ("file:///srv/git/a.git", None),
    ],
)
def test_the_source_is_an_address_without_credentials(
    image: Image, tmp_path: Path, address: str, expected: str | None
) -> None:
    git(tmp_path, "remote", "set-url", "origin", address)
    assert source(image.folder) == expected
