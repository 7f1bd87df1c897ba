"""The checks of this project: `inv test` runs lint, types and tests, all in .venv.

`nox -s full` takes long and belongs before a release; `nox -s lock` pins the requirements.
"""

from __future__ import annotations

import sys
from pathlib import Path

import nox

nox.needs_version = ">=2025.2.9"
# One environment, the one that operators have too: nothing is installed twice.
nox.options.default_venv_backend = "none"
nox.options.sessions = ["lint", "types", "tests"]

# Each group is locked on top of the ones before it.
GROUPS = ("runner", "local", "lint", "test", "spark")

# What images install: each from its folder, at the versions of the groups above.
IMAGES = {
    "services/hadoop/spark/requirements.in": "services/hadoop/spark/requirements.txt",
    "services/hadoop/hive-server/requirements.in": "services/hadoop/hive-server/requirements.txt",
    "services/hadoop/pipeline/pyproject.toml": "services/hadoop/pipeline/requirements.txt",
    "services/openedx/base/requirements.in": "services/openedx/base/requirements.txt",
    "services/openedx/api/pyproject.toml": "services/openedx/api/requirements.txt",
    "services/openedx/insights/pyproject.toml": "services/openedx/insights/requirements.txt",
}

# A file's tests stay together: they share what is slow to set up. Files begin in the order of
# tests/conftest.py, the longest first, so that no worker has one left when the others are done.
PARALLEL = (
    *("--numprocesses", "auto", "--dist", "loadfile", "--no-loadscope-reorder"),
    *("--durations", "40"),
)


def python(session: nox.Session, module: str, *arguments: str) -> None:
    """Runs a module with the Python that runs nox, whether or not .venv is activated."""
    session.run(sys.executable, "-m", module, *arguments, external=True)


@nox.session
def lint(session: nox.Session) -> None:
    """Style and format, with Ruff."""
    python(session, "ruff", "check")
    python(session, "ruff", "format", "--check")


@nox.session
def types(session: nox.Session) -> None:
    """Types, with mypy."""
    python(session, "mypy")


@nox.session
def tests(session: nox.Session) -> None:
    """All tests but those that take long; arguments after `--` go to pytest."""
    python(session, "pytest", *PARALLEL, *session.posargs)


@nox.session
def full(session: nox.Session) -> None:
    """All tests: every kill point, large sizes, all engines, and more examples of each property."""
    everything = ("-m", "full or not full", "--hypothesis-profile", "thorough")
    python(session, "pytest", *PARALLEL, *everything, *session.posargs)


@nox.session
def lock(session: nox.Session) -> None:
    """Pins each group and each image's requirements; `-- --upgrade` takes newer versions."""
    constraints: list[str] = []

    def pin(source: tuple[str, ...], target: str) -> None:
        python(
            session,
            *("uv", "pip", "compile", "--quiet", "--universal", "--generate-hashes"),
            *("--python-version", "3.11", "--custom-compile-command", "nox -s lock"),
            *(*source, "--output-file", target, *constraints, *session.posargs),
        )

    for group in GROUPS:
        path = str(Path("requirements", f"{group}.txt"))
        pin(("--group", group), path)
        constraints += ["--constraints", path]
    for declared, path in IMAGES.items():
        # Only applications have extras, and an image installs all of them.
        extras = ("--all-extras",) if declared.endswith(".toml") else ()
        pin((declared, *extras, "--allow-unsafe"), path)
