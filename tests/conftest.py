"""What all tests share."""

from __future__ import annotations

import os
import shutil
import signal
from contextlib import ExitStack
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock
from hypothesis import settings

import docker_host
import fresh_clone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

    from fresh_clone import FreshClone

# A busy machine makes no example wrong.
settings.register_profile("quick", deadline=None, max_examples=25)
settings.register_profile("thorough", deadline=None, max_examples=200)
settings.load_profile("quick")

# What is started in the background of a shell ignores Ctrl-C, and so would the programs under test.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

IN_CI = os.environ.get("CI") == "true"
_AROUND_ALL = ExitStack()

_LONGEST_FIRST = (
    *("stack/test_hadoop.py", "pipeline/spark/", "stack/", "images/", "pipeline/test_kill.py"),
    *("browser/", "pipeline/", "insights/", "tasks/", "test_", "api/"),
)
"""Begins of names of test files; what none of them fits comes last."""

# Chromium looks for its maker's hosts at every start unless told not to; root has no sandbox.
_CHROMIUM_FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--engine",
        action="store_true",
        help="install and start a Docker engine where none runs (Debian, as root)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Start the engine, once, before the first worker."""
    is_worker = hasattr(config, "workerinput")
    if not is_worker and (IN_CI or config.getoption("--engine")):
        log = Path(mkdtemp(prefix="engine-")) / "dockerd.log"
        _AROUND_ALL.enter_context(docker_host.engine(log))
    if not is_worker and docker_host.is_running():
        _AROUND_ALL.callback(fresh_clone.remove_images)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files that take longest first."""
    root = Path(__file__).parent

    def rank(item: pytest.Item) -> int:
        file = item.path.relative_to(root).as_posix()
        fitting = (n for n, begin in enumerate(_LONGEST_FIRST) if file.startswith(begin))
        return next(fitting, len(_LONGEST_FIRST))

    items.sort(key=rank)


def pytest_unconfigure() -> None:
    """End it."""
    _AROUND_ALL.close()


def lacking(what: str, remedy: str) -> None:
    """Skip the test, or fail it in CI, where nothing may be skipped."""
    if IN_CI:
        pytest.fail(f"no {what}, though CI provides it")
    pytest.skip(f"needs {what}: {remedy}")


@pytest.fixture(scope="session")
def engine_running() -> None:
    """A Docker engine that answers."""
    if not docker_host.is_running():
        lacking("a running Docker engine", "--engine installs and starts one")


@pytest.fixture(scope="session")
def built_clone(
    engine_running: None,  # noqa: ARG001
    tmp_path_factory: pytest.TempPathFactory,
    worker_id: str,
) -> FreshClone:
    """A fresh clone with its settings and all its images, made once for all workers."""
    shared = tmp_path_factory.getbasetemp()
    if worker_id != "master":
        shared = shared.parent
    with FileLock(shared / "clone.lock"):
        return fresh_clone.built(shared / "clone")


@pytest.fixture(scope="module")
def chromium_flags() -> list[str]:
    """What Chromium is told beside what it always is, for modules to say."""
    return []


@pytest.fixture(scope="module")
def browser(chromium_flags: list[str]) -> Iterator[Browser]:
    """Chromium without a window, driven by Playwright.

    Not for the whole session: while Playwright is there, Django takes every later test of the same
    process for asynchronous code.
    """
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium")
    if chromium is None:
        lacking("Chromium", "Debian: apt install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=[*_CHROMIUM_FLAGS, *chromium_flags]
        )
        yield browser
        browser.close()
