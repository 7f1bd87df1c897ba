"""Services by name: a line scan that agrees with Compose; tasks and completion made of it."""

from __future__ import annotations

import os
import shlex
import subprocess
from typing import TYPE_CHECKING

import pytest

from checkout import ROOT
from tasks.lib.containers import services
from tasks.lib.errors import OperatorError
from toy_stack import service, toy_stack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from toy_stack import ToyStack

ODD = """\
# services:
name: odd
x-common: &common
  restart: "no"
services:

    # four blanks
    web.front-1:
        image: a
        command: |
          services:
            none:
    "quoted" :
        <<: *common
        image: b

    mysql: {image: c}
volumes:
    data:
"""


@pytest.fixture
def toy(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[ToyStack]:
    request.getfixturevalue("engine_running")
    with toy_stack(tmp_path / "checkout") as toy:
        yield toy


def inv(toy: ToyStack, *arguments: str) -> list[str]:
    """What `inv` printed, by line."""
    return toy.do(*arguments).stdout.splitlines()


def test_names_are_the_keys_below_services(tmp_path: Path) -> None:
    file = tmp_path / "docker-compose.yml"
    file.write_text(ODD)

    assert services.names_in(file) == ["web.front-1", "quoted", "mysql"]
    assert services.names_in(tmp_path / "docker-compose.none.yml") == []


@pytest.mark.usefixtures("engine_running")
def test_compose_finds_the_same_names(tmp_path: Path) -> None:
    file = tmp_path / "docker-compose.yml"
    file.write_text(ODD)

    listed = subprocess.run(
        ["docker", "compose", "config", "--services"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert sorted(listed.stdout.split()) == services.names(tmp_path)


def test_services_of_this_checkout(toy: ToyStack) -> None:
    for file in (*services.compose_files(ROOT), ROOT / "services/hadoop/ui.yml"):
        copy = toy.root / file.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(file.read_bytes())
    # With files named, Compose takes its settings from .env all the same.
    files = [f"--file={file}" for file in services.compose_files(toy.root)]

    toy.inv("status")  # writes .env anew
    listed = toy.plain_compose(*files, "--profile=*", "config", "--services")

    assert sorted(listed.split()) == services.names(ROOT)
    assert {"api", "elasticsearch", "insights", "mysql", "nginx"} <= {*services.names(ROOT)}
    assert {"namenode", "hive-server", "spark-worker", "pipeline"} <= {*services.names(ROOT)}


def test_compose_files_in_the_order_in_which_they_are_merged(tmp_path: Path) -> None:
    names = [
        "docker-compose.yml",
        "docker-compose.hadoop.yml",
        "docker-compose.zeppelin.yml",
        "docker-compose.override.yml",
    ]
    for name in reversed(names):
        (tmp_path / name).write_text(f"services:\n  {name.split('.')[1]}: {{image: a}}\n")

    assert [file.name for file in services.compose_files(tmp_path)] == names
    assert services.names(tmp_path) == ["hadoop", "override", "yml", "zeppelin"]


def test_unknown_name_gets_a_suggestion() -> None:
    known = ["api", "insights", "mysql"]

    services.check(["api", "mysql"], known)
    with pytest.raises(OperatorError, match=r"^no service 'inisghts': did you mean insights\?$"):
        services.check(["api", "inisghts"], known)
    with pytest.raises(OperatorError, match=r"^no service 'x': there are api, insights, mysql$"):
        services.check(["x"], known)


def test_every_service_of_every_compose_file_has_its_tasks(toy: ToyStack) -> None:
    toy.compose(web=service())
    toy.compose("docker-compose.hadoop.yml", namenode=service())

    listed = "\n".join(inv(toy, "--list"))

    for name in ("web", "namenode"):
        for verb in ("start", "exec", "shell", "logs"):
            assert f"  {verb}.{name} " in listed
    assert "  logs.all (logs) " in listed


def test_completion_offers_services(toy: ToyStack) -> None:
    toy.compose(web=service(), mysql=service())

    tasks = inv(toy, "--complete", "--", "inv start.")
    options = inv(toy, "--complete", "--", "inv start.mysql --t")

    assert {"start.mysql", "exec.web", "shell.web", "logs.mysql", "up"} <= {*tasks}
    assert "--timeout" in options


@pytest.mark.parametrize("program", ["inv", "./inv"])
def test_completion_in_bash(program: str, toy: ToyStack) -> None:
    """With the checkout on PATH, as the guide says."""
    toy.compose(web=service(), mysql=service())
    launcher = toy.root / "inv"
    launcher.write_text(f'#!/bin/sh\nexec {shlex.join(toy.program)} "$@"\n')
    launcher.chmod(0o755)

    def candidates(*words: str) -> list[str]:
        line = shlex.join([program, *words])
        script = f"""
            source <(inv --print-completion-script bash)
            COMP_WORDS=({line})
            _complete_inv inv {words[-1]}
            echo "${{COMPREPLY[@]}}"
        """
        return subprocess.run(
            ["bash", "-c", script],
            cwd=toy.root,
            env={**os.environ, "PATH": f"{toy.root}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()

    assert candidates("start.m") == ["start.mysql"]
    assert candidates("start.mysql", "--t") == ["--timeout"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_script(shell: str, toy: ToyStack) -> None:
    assert "--complete -- " in toy.do("--print-completion-script", shell).stdout


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["start.inisghts"], "no task is called start.inisghts: did you mean start.insights?"),
        (
            ["--help", "lgos.insights"],
            "no task is called lgos.insights: did you mean logs.insights?",
        ),
        (["exec.nothing-like-it"], "no task is called exec.nothing-like-it: `inv help` shows all"),
        (
            ["build.hadoop.pipeline"],
            "services/hadoop/pipeline has no Dockerfile: there is no image to build",
        ),
        (["up", "--detatch"], "no option of up is called --detatch: did you mean --detach?"),
    ],
)
def test_mistyped_task_gets_a_suggestion(
    arguments: list[str], complaint: str, toy: ToyStack
) -> None:
    toy.compose(insights=service())
    (toy.root / "services/hadoop/pipeline").mkdir(parents=True)

    ended = toy.inv(*arguments)

    assert (ended.returncode, ended.stdout, ended.stderr) == (2, "", f"inv: {complaint}\n")
