"""README's first commands and docs/embedded.md, on a fresh clone with nothing but Python."""

from __future__ import annotations

import re
import shutil
import signal
import socket
import subprocess
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest
from analyticsclient.client import Client

import guide
from fresh_clone import FreshClone, free_ports
from insights_pipeline.sample import SampleOptions, write_sample
from tasks.lib.local.users import User
from visiting import Site, visitor_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

COURSE = "course-v1:ExampleX+CS101+2026_T1"
DAYS = 21


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> FreshClone:
    return FreshClone.make(tmp_path_factory.mktemp("first-steps") / "clone")


@contextmanager
def served(clone: FreshClone, line: str) -> Iterator[str]:
    """Runs what serves until Ctrl-C, at a free port; gives the line that says where."""
    process = subprocess.Popen(
        ["bash", "-c", f"unset PYTHONPATH VIRTUAL_ENV; exec {line} --port {port_of_two()}"],
        cwd=clone.root,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert process.stdout
    try:
        printed = ""
        while "Insights: http" not in printed:
            printed = process.stdout.readline()
            assert printed, "it ended without serving"
        yield printed
    finally:
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=60)
    assert process.returncode == 0, rest
    assert rest.endswith("stopped\n")


def port_of_two() -> int:
    """A port that nobody uses, as nobody does the one after it."""
    while True:
        (port,) = free_ports(1)
        with ExitStack() as stack:
            try:
                for number in (port, port + 1):
                    stack.enter_context(socket.socket()).bind(("127.0.0.1", number))
            except OSError:
                continue
            return port


def test_demo_shows_pages_and_what_the_pipeline_did(clone: FreshClone, browser: Browser) -> None:
    demo, status = guide.section("README.md", "See it run")[:2]

    with served(clone, demo) as printed:
        login = re.search(r"Insights: (\S+)/ +sign in as (\S+) with password (\S+)$", printed)
        assert login, printed
        with browser.new_context() as context:
            url, *user = login.groups()
            visitor = visitor_of(context, Site(clone.root, url, User(*user)))
            visitor.sign_in()
            visitor.page.get_by_role("link", name="Introduction to Programming").first.click()
            visitor.page.wait_for_load_state()
            assert "CS101" in visitor.page.inner_text("main")
            assert visitor.complaints == []

    assert "succeeded" in clone.do(status)


@pytest.fixture(scope="module")
def updated(clone: FreshClone, tmp_path_factory: pytest.TempPathFactory) -> FreshClone:
    """The clone, after an update with logs, tables and catalog where the page has them."""
    options = SampleOptions(days=DAYS, learners=60, courses=2)
    sample = write_sample(tmp_path_factory.mktemp("sample"), options)
    for given, name in (
        (sample.logs, "logs"),
        (sample.lms, "lms-tables"),
        (sample.catalog, "course_runs.jsonl"),
    ):
        copy(given, clone.root / name)
    guide.run("docs/embedded.md", "Update", clone.do)
    return clone


def copy(source: Path, target: Path) -> None:
    """A file, or a folder with all that is in it."""
    (shutil.copytree if source.is_dir() else shutil.copy2)(source, target)


def test_own_logs_become_pages_and_numbers(updated: FreshClone, browser: Browser) -> None:
    create, serve = guide.section("docs/embedded.md", "Serve the pages")
    password = re.search(r"^password of ada: (\S+)$", updated.do(create), re.MULTILINE)
    assert password
    secrets = (updated.root / "data/site/secrets.env").read_text()
    token = re.search(r"^API_TOKEN='?([^'\n]+)", secrets, re.MULTILINE)
    assert token

    with served(updated, serve) as printed:
        urls = re.search(r"Insights: (\S+)/ +Data API: (\S+)/ ", printed)
        assert urls, printed
        pages, numbers = urls.groups()
        rows = Client(numbers, auth_token=token[1]).courses(COURSE).enrollment("mode")
        assert rows[0]["course_id"] == COURSE
        with browser.new_context() as context:
            visitor = visitor_of(context, Site(updated.root, pages, User("ada", password[1])))
            visitor.sign_in()
            assert "CS101" in visitor.page.inner_text("main")
            assert "Bio110" not in visitor.page.inner_text("main")


def test_the_tables_answer_sql(updated: FreshClone) -> None:
    (ask,) = guide.section("docs/embedded.md", "Ask the tables")
    header, *rows = updated.do(ask).splitlines()
    assert header == "course_id,count_star()"
    assert len(rows) >= 2
