from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tasks.lib.images import build_view
from tasks.lib.images.builder import Building, Built, Failed, Skipped, State, UpToDate, Waiting
from tasks.lib.images.buildx import Step
from tasks.lib.images.graph import Graph, Image
from tasks.lib.images.staleness import NeverBuilt, WaitsFor

ROOT = Path(__file__).parents[3]


def image(key: str, *parents: str) -> Image:
    return Image(key, Path(key), f"r/{key}:1", parents, {})


GRAPH = Graph(
    {
        each.key: each
        for each in (
            image("a/base", "debian:12"),
            image("a/alone"),
            image("a/one", "r/a/base:1"),
            image("b/two", "r/a/base:1", "debian:12"),
            image("b/three", "r/a/one:1", "r/b/two:1"),
        )
    }
)


@pytest.mark.parametrize(
    ("state", "line"),
    [
        (Waiting(), "waiting"),
        (Building(NeverBuilt()), "building: never built"),
        (Building(NeverBuilt(), Step(2, 7, "RUN make")), "building 2/7: RUN make"),
        (
            Building(NeverBuilt(), Step(2, 7, "RUN --mount=type=secret,id=ca   make  all")),
            "building 2/7: RUN make all",
        ),
        (Building(NeverBuilt(), Step(2, 7, "x" * 81)), f"building 2/7: {'x' * 79}…"),
        (UpToDate(), "up to date"),
        (Built(12.345, changed=True), "built in 12.3 s"),
        (Built(0.41, changed=False), "unchanged, cached in 0.4 s"),
        (Failed("the disk is full", Path("x.log")), "failed: the disk is full"),
        (Skipped(("a/base", "a/one")), "skipped, as a/base, a/one failed"),
    ],
)
def test_a_state_is_one_line(state: State, line: str) -> None:
    assert build_view.describe(state) == line


def test_a_summary_counts_what_there_is() -> None:
    outcomes = {"a": Built(1, True), "b": Built(1, False), "c": Skipped(("d",)), "e": UpToDate()}
    assert build_view.summary(outcomes) == "2 built, 1 up to date, 1 skipped"


def test_a_plan_is_a_line_for_each_image() -> None:
    plan = {"a/base": None, "openedx/api": NeverBuilt(), "b/two": WaitsFor(("openedx/api",))}
    assert list(build_view.plan(plan)) == [
        "a/base       up to date",
        "openedx/api  never built",
        "b/two        waits for openedx/api",
    ]


def test_each_image_stands_once_below_what_it_is_built_from() -> None:
    reasons = dict.fromkeys(GRAPH.images) | {"a/one": NeverBuilt(), "b/three": WaitsFor(("a/one",))}
    assert "\n".join(build_view.tree(GRAPH, reasons)) == (
        "debian:12\n"
        "└── a/base: up to date\n"
        "    ├── a/one: never built\n"
        "    └── b/two (also from debian:12): up to date\n"
        "        └── b/three (also from a/one): waits for a/one\n"
        "scratch\n"
        "└── a/alone: up to date"
    )


def test_without_a_terminal_each_change_is_a_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    log = tmp_path / "a-two.log"
    log.write_text("".join(f"line {number}\n" for number in range(100)))
    with build_view.view() as show:
        show("a/one", Waiting())
        show("a/one", Building(NeverBuilt()))
        show("a/one", Building(NeverBuilt(), Step(1, 2, "COPY . /")))
        show("a/one", Built(1, changed=True))
        show("a/two", Failed("no reason", log))
    said = capsys.readouterr().err.splitlines()
    assert [line.partition("Z ")[2] for line in said[:3]] == [
        "a/one: building: never built",
        "a/one: built in 1.0 s",
        "a/two: failed: no reason",
    ]
    assert said[3:-1] == [f"  line {number}" for number in range(80, 100)]
    assert said[-1].endswith(f"Z a/two: the whole log is {log}")


SHOW = """
from pathlib import Path
from tasks.lib.images.build_view import view
from tasks.lib.images.builder import *
from tasks.lib.images.buildx import Step
from tasks.lib.images.staleness import NeverBuilt
with view() as show:
    for key in ("openedx/base", "openedx/insights", "web/mysql"):
        show(key, Waiting())
    show("openedx/base", Building(NeverBuilt(), Step(3, 9, "RUN " + "very long " * 50)))
    show("web/mysql", Failed("no reason", Path("LOG")))
    show("openedx/insights", Skipped(("openedx/base",)))
"""


def test_on_a_terminal_a_table_shows_all_at_once(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("the end of the log\n")
    terminal, theirs = pty.openpty()
    environment = {"PYTHONPATH": str(ROOT), "COLUMNS": "80", "TERM": "xterm"}
    with subprocess.Popen(
        [sys.executable, "-c", SHOW.replace("LOG", str(log))],
        stderr=theirs,
        env=os.environ | environment,
    ):
        os.close(theirs)
        shown = b""
        while chunk := _read(terminal):
            shown += chunk
    os.close(terminal)
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())
    last = [line for line in re.split(r"[\r\n]+", text) if line.strip()][-3:]
    assert [line.split()[0] for line in last] == ["openedx/base", "openedx/insights", "web/mysql"]
    assert re.search(r"openedx/base +building 3/9: RUN very long very .*…", text)
    assert re.search(r"openedx/insights +skipped, as openedx/base failed", text)
    assert "the end of the log" in text


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # the other side has closed it
        return b""
