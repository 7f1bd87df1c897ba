"""`./inv` as an operator meets it: in fresh copies of the checkout, with real pip and signals."""

from __future__ import annotations

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from checkout import Checkout, locked

if TYPE_CHECKING:
    from collections.abc import Callable

INSTALLING = "inv: installing requirements/runner.txt"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout with the real requirements, in a folder with a space, after its first start."""
    checkout = Checkout.copy(tmp_path_factory.mktemp("built") / "a check out")
    first = checkout.inv("--list")
    assert first.returncode == 0, first.stderr
    assert "Available tasks" in first.stdout
    making, installing = first.stderr.splitlines()
    assert making.startswith("inv: making .venv with Python 3.")
    assert installing == INSTALLING
    return checkout


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout that needs Invoke alone; each test leaves it usable for the next."""
    return Checkout.small(tmp_path_factory.mktemp("small") / "checkout")


def test_two_first_starts_at_once_install_once(small: Checkout) -> None:
    starts = [small.start("--list") for _ in range(2)]
    errors = [start.communicate(timeout=300)[1] for start in starts]
    assert [start.returncode for start in starts] == [0, 0], errors
    assert sorted(text.count(INSTALLING) for text in errors) == [0, 1]
    assert sum("waiting for another start that is installing" in text for text in errors) == 1


def test_a_second_start_repeats_nothing_and_is_quick(built: Checkout) -> None:
    def seconds(*command: str | Path) -> float:
        began = time.perf_counter()
        subprocess.run([*command, "--list"], cwd=built.root, check=True, capture_output=True)
        return time.perf_counter() - began

    again = built.inv("--list", PYTHON="/bin/false")  # which nothing can be made with
    assert (again.returncode, again.stderr) == (0, "")
    invoke = built.root / ".venv/bin/inv"
    launcher, invoke_alone = zip(
        *((seconds(built.root / "inv"), seconds(invoke)) for _ in range(7)), strict=True
    )
    assert min(launcher) - min(invoke_alone) < 0.5


def test_it_runs_from_anywhere_and_through_a_symlink(built: Checkout, tmp_path: Path) -> None:
    elsewhere = tmp_path / "else where"
    elsewhere.mkdir()
    (elsewhere / "one").symlink_to(os.path.relpath(built.root / "inv", elsewhere))
    (elsewhere / "two").symlink_to(elsewhere / "one")
    for inv in (built.root / "inv", elsewhere / "one", elsewhere / "two"):
        run = subprocess.run([inv, "help"], cwd=elsewhere, capture_output=True, text=True)
        assert (run.returncode, run.stderr) == (0, "")
        assert "test" in run.stdout


def test_arguments_and_exit_codes_pass_through(built: Checkout) -> None:
    (built.root / "tasks.py").write_text(
        "import sys, invoke\n"
        "@invoke.task\n"
        "def end(context, text, code=0):\n"
        "    print(repr(text))\n"
        "    sys.exit(code)\n"
    )
    text = "a  'b' $c *"
    try:
        run = built.inv("end", "--text", text, "--code", "7")
    finally:
        shutil.copy2(Path(__file__).parents[1] / "tasks.py", built.root)
    assert (run.stdout, run.returncode) == (f"{text!r}\n", 7)


def test_a_changed_lock_file_is_installed_into_the_environment_that_is_there(
    small: Checkout,
) -> None:
    small.inv("--list")
    small.lock("runner", locked("runner", "invoke") + locked("local", "six"))
    run = small.inv("--list")
    assert (run.returncode, run.stderr.splitlines()) == (0, [INSTALLING])
    assert small.python("import six, invoke").returncode == 0


def test_a_file_that_is_not_the_locked_one_is_refused(small: Checkout) -> None:
    small.inv("--list")
    before = (small.root / "requirements/runner.txt").read_text()
    small.lock("runner", f"{locked('local', 'sqlparse').split(' ')[0]} --hash=sha256:{'0' * 64}\n")
    run = small.inv("--list")
    small.lock("runner", before)
    assert run.returncode == 1
    assert run.stderr.splitlines() == [
        INSTALLING,
        "inv: the package index serves a file that is not the one locked in requirements/"
        f" (pip's log: {small.root}/.venv/pip.log)",
    ]
    restored = small.inv("--list")
    assert (restored.returncode, restored.stderr) == (0, "")


@pytest.mark.full
def test_a_moved_checkout_makes_its_environment_anew(small: Checkout) -> None:
    small.inv("--list")
    small.root = small.root.rename(small.root.with_name("moved"))
    assert_starts_over(small)


def test_an_unreachable_index_is_one_line(tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    checkout = Checkout.small(tmp_path / "checkout")
    run = checkout.inv(
        PIP_INDEX_URL=f"http://127.0.0.1:{port}/simple",
        PIP_EXTRA_INDEX_URL="",
        PIP_FIND_LINKS="",
        PIP_RETRIES="1",
        PIP_CONFIG_FILE=os.devnull,
    )
    assert run.returncode == 1
    assert run.stderr.splitlines()[2:] == [
        "inv: no package index reachable: check the network and `pip config list`"
        f" (pip's log: {checkout.root}/.venv/pip.log)"
    ]
    assert "/simple/invoke/" in (checkout.root / ".venv/pip.log").read_text()


@pytest.mark.parametrize("module", ["venv", "ensurepip"])
def test_a_python_without_its_venv_module_is_one_line(
    tmp_path: Path, program: Callable[[str], Path], module: str
) -> None:
    """Debian's python3, as long as python3-venv is not installed."""
    python = program(
        f'[ "$1" = -I ] || exec "{sys.executable}" "$@"\n'
        f'exec "{sys.executable}" -I -c "import runpy, sys; sys.modules[\'{module}\'] = None;'
        ' runpy.run_path(sys.argv[1], run_name=\'__main__\')" "$2"'
    )
    run = Checkout.copy(tmp_path / "checkout").inv(PYTHON=str(python))
    minor = sys.version_info.minor
    assert run.returncode == 1
    assert run.stderr == (
        f"inv: Python 3.{minor} lacks its module {module}: install python3-venv"
        f" (Debian, Ubuntu: apt install python3.{minor}-venv)\n"
    )


def test_a_machine_without_a_new_python_is_one_line(tmp_path: Path) -> None:
    checkout = Checkout.copy(tmp_path / "checkout")
    for tool in ("sh", "cmp", "dirname", "readlink"):
        (tmp_path / tool).symlink_to(str(shutil.which(tool)))
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")  # what `sys.version_info < (3, 11)` exits with
    old.chmod(0o755)
    run = checkout.inv(PATH=str(tmp_path), PYTHON="")
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr == (
        "inv: needs Python 3.11 or newer (Debian, Ubuntu: apt install python3 python3-venv)\n"
    )


def test_a_python_of_the_operators_that_is_too_old_is_one_line(tmp_path: Path) -> None:
    run = Checkout.copy(tmp_path / "checkout").inv(PYTHON="/bin/false")
    assert (run.returncode, run.stderr) == (
        1,
        "inv: PYTHON=/bin/false is no Python 3.11 or newer\n",
    )


def test_ctrl_c_is_one_line_and_the_next_start_begins_anew(tmp_path: Path) -> None:
    checkout = Checkout.small(tmp_path / "checkout")
    first = checkout.start()
    checkout.wait_for(".venv/pip.log")
    os.killpg(first.pid, signal.SIGINT)
    errors = first.communicate(timeout=60)[1]
    assert first.returncode in (130, -signal.SIGINT)
    assert errors.splitlines()[2:] == ["inv: interrupted: the next ./inv starts over"]
    assert_starts_over(checkout)


@pytest.mark.full
@pytest.mark.parametrize("seed", range(12))
def test_a_start_killed_at_any_moment_is_made_good_by_the_next(tmp_path: Path, seed: int) -> None:
    checkout = Checkout.small(tmp_path / "checkout")
    first = checkout.start()
    checkout.wait_for(".venv")
    time.sleep(random.Random(seed).uniform(0, 12))
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate(timeout=60)
    if not (checkout.root / ".venv/installed/home").exists():
        assert_starts_over(checkout)
    assert checkout.inv("--list").stderr == ""


@pytest.mark.full
def test_pip_that_outlives_its_launcher_keeps_the_next_start_waiting(tmp_path: Path) -> None:
    checkout = Checkout.copy(tmp_path / "checkout")
    launcher = subprocess.Popen([sys.executable, checkout.root / "tasks/lib/environment.py"])
    checkout.wait_for(".venv/pip.log")
    launcher.kill()
    launcher.wait()
    run = checkout.inv("--list")
    assert run.returncode == 0
    assert "waiting for another start that is installing" in run.stderr


def assert_starts_over(checkout: Checkout) -> None:
    """The next start builds a whole environment."""
    run = checkout.inv("--list")
    assert run.returncode == 0, run.stderr
    assert "making .venv" in run.stderr
    assert "Available tasks" in run.stdout


@pytest.fixture
def program(tmp_path: Path) -> Callable[[str], Path]:
    """Makes a shell script."""

    def make(body: str) -> Path:
        path = tmp_path / "python"
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)
        return path

    return make
