"""README and docs/: each command is run by a test or marked, and what they name is there."""

from __future__ import annotations

import ast
import re
from functools import cache
from typing import TYPE_CHECKING

import pytest

import guide
import tasks
from checkout import ROOT
from guide import PAGES

if TYPE_CHECKING:
    from pathlib import Path

    from invoke import Collection

# `inv build --dry-run` in a text, `./inv push` in a block.
TASK = re.compile(r"(?:\./|`)inv ([a-z][a-z.-]*)(?![A-Za-z.-])((?: +--?[a-z][a-z-]*\b)*)")
LINK = re.compile(r"\]\((?!https?://)([^)#]+)(?:#([^)]*))?\)")
# Of the checkout; capitals stand for a name that the reader chooses.
FILE = re.compile(r"`((?:tasks|tests|services|conf|docs|requirements)/[a-z0-9_./-]+)`")
TEST = re.compile(r"`([a-z0-9_/]+\.py)(?:::(test_[a-z0-9_]+))?`")
PLACES = [*PAGES, *sorted((ROOT / "docs/decisions").glob("*.md"))]


@cache
def sections_that_tests_run() -> set[tuple[str, str]]:
    """Page and heading of each call of `guide.run` and `guide.section` in the tests."""
    return {
        (ast.literal_eval(call.args[0]), ast.literal_eval(call.args[1]))
        for file in (ROOT / "tests").rglob("*.py")
        for call in ast.walk(ast.parse(file.read_text()))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Name)
        and (call.func.value.id, call.func.attr) in {("guide", "run"), ("guide", "section")}
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_command_is_run_by_a_test_or_marked(page: Path) -> None:
    left_out = [
        command.line
        for command in guide.commands(page)
        if not command.is_marked
        and (command.page, command.heading) not in sections_that_tests_run()
    ]
    assert left_out == []


def test_ci_runs_what_the_readme_tells_everybody_to() -> None:
    (line,) = guide.section("README.md", "Test it")
    assert (ROOT / ".ci/run").read_text().endswith(f"exec {line}\n")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_command_that_is_named_exists_with_its_options(page: Path) -> None:
    flags = flags_by_task()
    unknown = []
    for name, options in TASK.findall(page.read_text()):
        known = flags.get(name)
        if known is None or not known.issuperset(options.split()):
            unknown.append(f"inv {name}{options}")
    assert unknown == []


@cache
def flags_by_task() -> dict[str, set[str]]:
    """The options of each task, by all of its names."""
    namespace: Collection = tasks.namespace
    return {
        name: set(context.flags) | set(context.inverse_flags)
        for context in namespace.to_contexts()
        for name in (context.name, *context.aliases)
        if name
    }


@pytest.mark.parametrize("page", PLACES, ids=lambda page: page.name)
def test_files_and_headings_that_are_named_are_there(page: Path) -> None:
    content = page.read_text()
    missing = {file for file in FILE.findall(content) if not is_there(file)}
    for target, heading in LINK.findall(content):
        file = page.parent / target
        if not file.exists():
            missing.add(target)
        elif heading and heading not in anchors(file):
            missing.add(f"{target}#{heading}")
    assert not missing


def is_there(file: str) -> bool:
    """A file of the checkout, or one that `inv init` makes of a template."""
    return (ROOT / file).exists() or (ROOT / f"{file}.template").exists()


def anchors(page: Path) -> set[str]:
    """What links to a page's headings end with."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_pages_are_all_reached_from_the_readme() -> None:
    linked = {target for target, _ in LINK.findall((ROOT / "README.md").read_text())}
    assert {str(page.relative_to(ROOT)) for page in PAGES[1:]} <= linked


def test_each_test_that_security_rests_on_is_there() -> None:
    named = TEST.findall((ROOT / "docs/security.md").read_text())
    missing = [
        (file, test)
        for file, test in named
        if "/" in file and test and f"def {test}(" not in (ROOT / "tests" / file).read_text()
    ]
    assert len(named) > 100
    assert missing == []
