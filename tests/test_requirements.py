"""The lock files: complete, in agreement with pyproject.toml and each other, without addresses."""

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


def lock_text(group: str) -> str:
    return (ROOT / f"requirements/{group}.txt").read_text()


def pins(group: str, python: str) -> dict[str, str]:
    """The version of each package that a group gets on Linux with that Python."""
    environment = {**default_environment(), "python_version": python}
    environment |= {"python_full_version": f"{python}.0", "sys_platform": "linux"}
    lines = re.findall(r"^[a-z].*==.*(?= \\$)", lock_text(group), re.MULTILINE)
    requirements = [Requirement(line) for line in lines]
    return {
        requirement.name: next(iter(requirement.specifier)).version
        for requirement in requirements
        if requirement.marker is None or requirement.marker.evaluate(environment)
    }


def test_each_declared_group_is_one_that_is_installed() -> None:
    assert set(GROUPS) == set(DECLARED)
    assert {path.stem for path in (ROOT / "requirements").iterdir()} == set(DECLARED)


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("group", DECLARED)
def test_each_declared_package_is_locked_at_a_version_that_was_asked_for(
    group: str, python: str
) -> None:
    locked = pins(group, python)
    for line in DECLARED[group]:
        requirement = Requirement(line)
        assert requirement.specifier.contains(locked[canonicalize_name(requirement.name)]), line


@pytest.mark.parametrize("python", PYTHONS)
def test_no_two_groups_disagree_on_a_version(python: str) -> None:
    versions: dict[str, str] = {}
    for group in DECLARED:
        for name, version in pins(group, python).items():
            assert versions.setdefault(name, version) == version, f"{name} in {group}"


@pytest.mark.parametrize("group", DECLARED)
def test_every_package_has_hashes_and_no_address(group: str) -> None:
    content = lock_text(group)
    for package in re.split(r"\n(?=[a-z])", content)[1:]:
        assert re.search(r"^    --hash=sha256:[0-9a-f]{64}", package, re.MULTILINE), package
    assert not re.search(r"://|--(?:extra-)?index-url|--find-links| @ ", content)
