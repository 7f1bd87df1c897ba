from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasks.lib.errors import OperatorError
from tasks.lib.images import context

if TYPE_CHECKING:
    from pathlib import Path

FILES = (
    *("c.py", "d.txt", "README.md", "a/c.py", "a/a/c.py", "a/a/d.txt", "a/b/c.py"),
    *("b/c.py", "b/a/d.txt", "b/b/c.py", "b/.git/x"),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("context")
    for name in FILES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    (folder / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    return folder


def counted(folder: Path, ignore: str) -> set[str]:
    (folder / ".dockerignore").write_text(ignore)
    return {entry.path for entry in context.entries(folder)} - {"Dockerfile", ".dockerignore", "."}


def test_files_and_folders_count(folder: Path) -> None:
    paths = counted(folder, "")
    assert {"c.py", "a", "a/a", "a/a/c.py", "b/.git/x"} <= paths


def test_readme_and_target_never_count(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    for name in ("README.md", ".target", "src/README.md", "src/a"):
        (tmp_path / name).touch()
    assert counted(tmp_path, "!README.md\n!.target") == {"src", "src/a"}


def test_what_buildkit_reads_counts_even_if_ignored(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").touch()
    (tmp_path / ".dockerignore").write_text("*\n")
    assert {e.path for e in context.entries(tmp_path)} == {".", "Dockerfile", ".dockerignore"}


@pytest.mark.parametrize(
    ("ignore", "expected"),
    [
        ("*", set()),
        ("*\n!a/a", {"a", "a/a", "a/a/c.py", "a/a/d.txt"}),
        ("*\n!a\n**/c.py\n", {"a", "a/a", "a/a/d.txt", "a/b"}),
        ("# all\n\n  a  \n/b/\n", {"c.py", "d.txt"}),
        ("a\nb\n*.txt", {"c.py"}),
        ("*\n!a\na/a", {"a", "a/b", "a/b/c.py", "a/c.py"}),
    ],
)
def test_dockerignore(folder: Path, ignore: str, expected: set[str]) -> None:
    assert counted(folder, ignore) == expected


def test_a_pattern_that_makes_no_sense_is_named(tmp_path: Path) -> None:
    (tmp_path / ".dockerignore").write_text("ok\n[z-a]\n")
    with pytest.raises(OperatorError, match=r"\.dockerignore: '\[z-a\]' is no pattern"):
        context.newest(tmp_path)


def test_a_dockerignore_of_the_dockerfile_goes_first(folder: Path) -> None:
    (folder / "Dockerfile.dockerignore").write_text("*\n!c.py\n")
    try:
        assert counted(folder, "c.py") == {"Dockerfile.dockerignore", "c.py"}
    finally:
        (folder / "Dockerfile.dockerignore").unlink()


def test_links_are_looked_at_and_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").touch()
    image = tmp_path / "image"
    image.mkdir()
    (image / "link").symlink_to(outside)
    (image / "broken").symlink_to("nowhere")
    os.utime(image / "broken", ns=(5, 5), follow_symlinks=False)
    assert {e.path for e in context.entries(image)} == {".", "link", "broken"}
    assert context.Entry(5, "broken") in context.entries(image)


def test_the_newest_is_a_file_or_a_folder(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src/a").touch()
    for number, name in enumerate((".", "src", "src/a"), 1):
        os.utime(tmp_path / name, ns=(number, number))
    assert context.newest(tmp_path) == context.Entry(3, "src/a")
    os.utime(tmp_path / "src", ns=(4, 4))
    assert context.newest(tmp_path) == context.Entry(4, "src")


PARTS = st.sampled_from(
    ["a", "b", "c.py", "d.txt", "*", "**", "?", "*.py", "[ab]", "[^a]", "**a", "a*", ".", ".."]
)
PATTERNS = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["", "", "!"]),
    st.sampled_from(["", "/"]),
    st.lists(PARTS, min_size=1, max_size=3).map("/".join),
    st.sampled_from(["", "/"]),
)
# BuildKit refuses `!` with nothing behind it.
IGNORES = st.lists(PATTERNS, min_size=1, max_size=4).filter(
    lambda patterns: not any(os.path.normpath(p[1:]) in "/." for p in patterns if p[0] == "!")
)


def check_against_buildkit(folder: Path, out: Path, patterns: list[str]) -> None:
    """The files that count are those that BuildKit copies, but for README.md."""
    ours = {path for path in counted(folder, "\n".join(patterns)) if (folder / path).is_file()}
    command = ["docker", "buildx", "build", "--quiet", f"--output=type=local,dest={out}", folder]
    subprocess.run(command, capture_output=True, check=True)
    copied = {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()}
    for path in copied:
        (out / path).unlink()
    assert ours == copied - {"Dockerfile", ".dockerignore", "README.md"}


@pytest.mark.usefixtures("engine_running")
@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(patterns=IGNORES)
def test_files_count_as_buildkit_sees_it(folder: Path, tmp_path: Path, patterns: list[str]) -> None:
    check_against_buildkit(folder, tmp_path / "out", patterns)


@pytest.mark.full
@pytest.mark.usefixtures("engine_running")
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(patterns=IGNORES)
def test_files_count_as_buildkit_sees_it_for_many_patterns(
    folder: Path, tmp_path: Path, patterns: list[str]
) -> None:
    check_against_buildkit(folder, tmp_path / "out", patterns)
