"""The lock files: complete, in agreement with declarations and each other, without addresses."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tasks.lib.environment import GROUPS

ROOT = Path(__file__).parents[1]
DECLARED = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
PYTHON_IN_IMAGES = "3.11"  # Debian bookworm's

LOCKS = {group: ROOT / "requirements" / f"{group}.txt" for group in DECLARED}
IMAGE_LOCKS = {
    str(path.relative_to(ROOT)): path for path in ROOT.glob("services/*/*/requirements*.txt")
}


def pins(lock: Path, python: str) -> dict[str, str]:
    """The version of each package that a lock file gives on Linux with that Python."""
    environment = {**default_environment(), "python_version": python}
    environment |= {"python_full_version": f"{python}.0", "sys_platform": "linux"}
    lines = re.findall(r"^[a-z].*==.*(?= \\$)", lock.read_text(), re.MULTILINE)
    requirements = [Requirement(line) for line in lines]
    return {
        requirement.name: next(iter(requirement.specifier)).version
        for requirement in requirements
        if requirement.marker is None or requirement.marker.evaluate(environment)
    }


def declared_by(lock: Path) -> list[str]:
    """What an image's lock file is made from: a .in file, or else the application's project."""
    if (source := lock.with_suffix(".in")).exists():
        lines = (line.partition("#")[0].strip() for line in source.read_text().splitlines())
        return [line for line in lines if line]
    project = tomllib.loads(lock.with_name("pyproject.toml").read_text())["project"]
    dependencies: list[str] = project["dependencies"]
    return dependencies


def assert_holds(locked: dict[str, str], declared: list[str]) -> None:
    """Each declared package is there, at a version that was asked for."""
    for line in declared:
        requirement = Requirement(line)
        assert requirement.specifier.contains(locked[canonicalize_name(requirement.name)]), line


def test_each_declared_group_is_one_that_is_installed() -> None:
    assert set(GROUPS) == set(DECLARED)
    assert {path.stem for path in (ROOT / "requirements").iterdir()} == set(DECLARED)


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("group", DECLARED)
def test_each_declared_package_is_locked_at_a_version_that_was_asked_for(
    group: str, python: str
) -> None:
    assert_holds(pins(LOCKS[group], python), DECLARED[group])


@pytest.mark.parametrize("name", IMAGE_LOCKS)
def test_so_is_each_package_of_an_image(name: str) -> None:
    lock = IMAGE_LOCKS[name]
    assert_holds(pins(lock, PYTHON_IN_IMAGES), declared_by(lock))


def test_images_install_from_the_lock_files_that_are_there() -> None:
    copied = {
        str((dockerfile.parent / name).relative_to(ROOT))
        for dockerfile in ROOT.glob("services/*/*/Dockerfile")
        for name in re.findall(r"\brequirements[\w-]*\.txt", dockerfile.read_text())
    }
    assert copied == set(IMAGE_LOCKS)


@pytest.mark.parametrize("python", PYTHONS)
def test_no_two_groups_disagree_on_a_version(python: str) -> None:
    versions: dict[str, str] = {}
    for group, lock in LOCKS.items():
        for name, version in pins(lock, python).items():
            assert versions.setdefault(name, version) == version, f"{name} in {group}"


@pytest.mark.parametrize("name", IMAGE_LOCKS)
def test_an_image_runs_the_versions_that_are_tested_here(name: str) -> None:
    here, there = pins(LOCKS["local"], PYTHON_IN_IMAGES), pins(IMAGE_LOCKS[name], PYTHON_IN_IMAGES)
    differing = {
        package for package in here.keys() & there.keys() if here[package] != there[package]
    }
    assert not differing


@pytest.mark.parametrize(
    "lock", [*LOCKS.values(), *IMAGE_LOCKS.values()], ids=lambda p: str(p.relative_to(ROOT))
)
def test_every_package_has_hashes_and_no_address(lock: Path) -> None:
    content = lock.read_text()
    packages = re.split(r"\n(?=[^\s#])", content)[1:]
    assert packages
    for package in packages:
        assert re.match(r"[a-z0-9][\w.-]*==", package), package
        assert re.search(r"^    --hash=sha256:[0-9a-f]{64}", package, re.MULTILINE), package
    assert not re.search(r"://|--(?:extra-)?index-url|--find-links| @ ", content)
