"""`ensure`, as tasks call it inside .venv. The launcher's part: tests/test_launcher.py."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from checkout import Checkout, locked
from tasks.lib.environment import GROUPS, _reason

ENSURE_LOCAL = "from tasks.lib.environment import ensure; ensure('local')"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout with a runner of Invoke alone, and six as all that `local` needs."""
    checkout = Checkout.small(tmp_path_factory.mktemp("environment") / "checkout")
    checkout.lock("local", locked("local", "six"))
    assert checkout.inv("--list").returncode == 0
    return checkout


def test_a_task_finds_what_it_ensures(checkout: Checkout) -> None:
    first = checkout.python(f"{ENSURE_LOCAL}; import six")
    assert (first.returncode, first.stderr) == (0, "inv: installing requirements/local.txt\n")
    again = checkout.python(f"{ENSURE_LOCAL}; import six")
    assert (again.returncode, again.stderr) == (0, "")
    assert checkout.inv("--list").stderr == ""


def test_a_changed_lock_file_is_installed_when_next_needed(checkout: Checkout) -> None:
    checkout.lock("local", locked("local", "six") + locked("local", "sqlparse"))
    run = checkout.python(f"{ENSURE_LOCAL}; import six, sqlparse")
    assert (run.returncode, run.stderr) == (0, "inv: installing requirements/local.txt\n")


def test_nothing_to_do_takes_under_five_milliseconds(checkout: Checkout) -> None:
    run = checkout.python(
        f"{ENSURE_LOCAL}\n"
        "from timeit import repeat\n"
        "print(min(repeat(lambda: ensure('local'), number=1, repeat=20)))"
    )
    assert float(run.stdout) < 0.005


def test_the_applications_are_importable_once_they_are_there(checkout: Checkout) -> None:
    application = checkout.root / "services/hadoop/pipeline/src/application"
    application.mkdir(parents=True)
    (application / "__init__.py").touch()
    (checkout.root / "services/openedx/api/src").mkdir(parents=True)
    for pth in checkout.root.glob(".venv/lib/*/site-packages/applications.pth"):
        pth.unlink()
    assert checkout.python(f"{ENSURE_LOCAL}; import application").stderr == ""
    assert checkout.python("import application").stderr == ""


def test_a_failing_pip_leaves_what_was_there_usable(checkout: Checkout) -> None:
    before = (checkout.root / "requirements/local.txt").read_text()
    checkout.lock("local", f"six==0.0.1 --hash=sha256:{'0' * 64}\n")
    run = checkout.python(ENSURE_LOCAL)
    assert run.returncode == 1
    assert "InstallError: No matching distribution found for six==0.0.1" in run.stderr
    assert str(checkout.root / ".venv/pip.log") in run.stderr
    checkout.lock("local", before)
    assert checkout.python(f"{ENSURE_LOCAL}; import six").stderr == ""


def test_another_environment_is_left_alone(checkout: Checkout) -> None:
    run = subprocess.run(
        [sys.executable, "-c", ENSURE_LOCAL], cwd=checkout.root, capture_output=True, text=True
    )
    assert run.returncode == 1
    assert "is not this checkout's environment: start with ./inv" in run.stderr


@pytest.mark.full
def test_an_installation_that_was_killed_is_started_over_by_the_launcher(
    checkout: Checkout,
) -> None:
    checkout.lock("local", locked("local", "django"))
    (checkout.root / ".venv/pip.log").unlink()
    installing = checkout.start_python(ENSURE_LOCAL)
    checkout.wait_for(".venv/pip.log")
    os.killpg(installing.pid, signal.SIGKILL)
    installing.communicate()
    assert "./inv starts it over" in checkout.python(ENSURE_LOCAL).stderr
    assert "inv: making .venv" in checkout.inv("--list").stderr
    assert checkout.python(f"{ENSURE_LOCAL}; import django").returncode == 0


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        ("ERROR: Could not install: [Errno 28] No space left on device\n", "the disk is full"),
        ("Collecting six\nERROR: first\nERROR: last\n", "last"),
        ("Killed\n", "pip failed"),
    ],
)
def test_the_reason_of_a_failure_is_one_line(output: str, reason: str) -> None:
    assert _reason(output).startswith(reason)
    assert "\n" not in _reason(output)


def test_every_group_builds_on_the_runner() -> None:
    assert all(groups[0] == "runner" and groups[-1] == name for name, groups in GROUPS.items())
