"""The checkout's one Python environment, .venv: makes it and installs requirements into it.

`./inv` runs this file with a bare Python before Invoke is there, so it uses the standard library
alone. Inside a task, `ensure` adds what that task needs beyond the runner's own packages.

`.venv/installed` says what is there: a copy of each lock file that was installed, and in `home` the
checkout for which that was done. `home` is missing while something is being installed, so an
environment whose installation was killed half way is known as such and made anew.
"""

from __future__ import annotations

import fcntl
import importlib
import importlib.util
import os
import shutil
import site
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = ROOT / "requirements"
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
INSTALLED = VENV / "installed"
HOME = INSTALLED / "home"
LOG = VENV / "pip.log"

# Each group of pyproject.toml with the groups that it builds on.
GROUPS = {
    "runner": ("runner",),
    "local": ("runner", "local"),
    "lint": ("runner", "lint"),
    "test": ("runner", "local", "lint", "test"),
    "spark": ("runner", "local", "spark"),
}

# Importable in .venv by a .pth file: an editable install would need a build back end.
APPLICATIONS = (
    ROOT / "services/hadoop/pipeline/src",
    ROOT / "services/openedx/base/src",
    ROOT / "services/openedx/api/src",
    ROOT / "services/openedx/insights/src",
)
_APPLICATIONS_PTH = "".join(f"{path}\n" for path in APPLICATIONS).encode()


class InstallError(Exception):
    """The environment cannot be made or completed; the message says why and what to do."""

    exit_code = 1


def ensure(*groups: str) -> None:
    """Installs `groups` (names of `GROUPS`) into the running .venv, unless they are there.

    Raises InstallError when pip fails, or when this Python is not the one of .venv.
    """
    if Path(sys.prefix).resolve() != VENV.resolve():
        raise InstallError(f"{sys.prefix} is not this checkout's environment: start with ./inv")
    if not _missing(groups) and _are_applications_linked():
        return
    with _lock() as lock:
        if not _is_whole():
            raise InstallError("the last installation was cut short: ./inv starts it over")
        if missing := _missing(groups):
            _install(missing, lock)
        _link_applications()
    importlib.invalidate_caches()


def bootstrap() -> None:
    """Makes .venv, or brings it up to date, with what the runner needs.

    Two at once in one checkout do it once. Raises InstallError.
    """
    for module in ("venv", "ensurepip"):
        if importlib.util.find_spec(module) is None:
            minor = sys.version_info.minor
            raise InstallError(
                f"Python 3.{minor} lacks its module {module}: install python3-venv"
                f" (Debian, Ubuntu: apt install python3.{minor}-venv)"
            )
    with _lock() as lock:
        if not _is_whole():
            _make_venv(lock)
        if missing := _missing(["runner"]):
            _install(missing, lock)


def _is_whole() -> bool:
    """Whether .venv works, was made for this checkout, and its last installation ended."""
    return os.access(PYTHON, os.X_OK) and _read(HOME) == f"{ROOT}\n".encode()


def _missing(groups: Sequence[str]) -> list[str]:
    """The groups, lowest first, that are not installed as their lock files say."""
    needed = [name for name in GROUPS if any(name in GROUPS[group] for group in groups)]
    if not _is_whole():
        return needed
    return [
        name
        for name in needed
        if _read(INSTALLED / f"{name}.txt") != (REQUIREMENTS / f"{name}.txt").read_bytes()
    ]


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


@contextmanager
def _lock() -> Iterator[int]:
    """Holds the checkout's installation lock; yields its file descriptor.

    Child processes are to inherit the descriptor: should this process be killed alone, the lock is
    still held for as long as its pip is at work. Raises InstallError for an OSError meanwhile.
    """
    try:
        with (ROOT / ".venv.lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                _say("waiting for another start that is installing")
                fcntl.flock(file, fcntl.LOCK_EX)
            yield file.fileno()
    except OSError as error:
        raise InstallError(f"cannot install into {VENV}: {error}") from error


def _make_venv(lock: int) -> None:
    # The versioned file behind `python3`: when the system moves to another Python, that file goes
    # and .venv is seen to be broken, instead of losing its packages.
    python = Path(sys.executable).resolve()
    version = ".".join(map(str, sys.version_info[:3]))
    _say(f"making .venv with Python {version}")
    made = subprocess.run(
        [python, "-m", "venv", "--clear", VENV],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        pass_fds=[lock],
        check=False,
    )
    if made.returncode:
        reason = (made.stdout.strip() or f"exit code {made.returncode}").splitlines()[-1]
        raise InstallError(f"{python} cannot make {VENV}: {reason}")
    INSTALLED.mkdir()


def _install(groups: Sequence[str], lock: int) -> None:
    # Read before pip does: a lock file that changes meanwhile is installed next time.
    locks = {f"{group}.txt": (REQUIREMENTS / f"{group}.txt").read_bytes() for group in groups}
    _say("installing " + ", ".join(f"requirements/{name}" for name in locks))
    was_whole = _is_whole()
    HOME.unlink(missing_ok=True)
    output = _pip_install([REQUIREMENTS / name for name in locks], lock)
    if output is not None:
        if was_whole:  # pip takes back what it cannot finish
            HOME.write_text(f"{ROOT}\n")
        raise InstallError(f"{_reason(output)} (pip's log: {LOG})")
    for name, content in locks.items():
        (INSTALLED / name).write_bytes(content)
    HOME.write_text(f"{ROOT}\n")


def _pip_install(requirements: Sequence[Path], lock: int) -> str | None:
    """Runs pip with the machine's own settings; returns its output if it failed."""
    command = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    # The lock files are complete, so pip has nothing to resolve.
    command += ["--progress-bar=off", "--require-hashes", "--no-deps"]
    command += [f"--requirement={path}" for path in requirements]
    lines = []
    with (
        LOG.open("w") as log,
        subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            pass_fds=[lock],
        ) as pip,
    ):
        assert pip.stdout is not None
        try:
            for line in pip.stdout:
                log.write(line)
                lines.append(line)
                _show(line)
        except BaseException:
            pip.kill()
            raise
        finally:
            _show("")
    return "".join(lines) if pip.returncode else None


def _reason(output: str) -> str:
    """What made pip fail, in one line with what to do about it."""
    if "No space left on device" in output:
        return "the disk is full: pip needs room for the packages"
    if "DO NOT MATCH THE HASHES" in output:
        return "the package index serves a file that is not the one locked in requirements/"
    if "connection broken by" in output or "Could not fetch URL" in output:
        return "no package index reachable: check the network and `pip config list`"
    errors = [line for line in output.splitlines() if line.startswith("ERROR: ")]
    return errors[-1].removeprefix("ERROR: ") if errors else "pip failed"


def _are_applications_linked() -> bool:
    return _read(_applications_pth()) == _APPLICATIONS_PTH


def _link_applications() -> None:
    """Makes the applications importable, here and in every later start."""
    _applications_pth().write_bytes(_APPLICATIONS_PTH)
    site.addsitedir(str(_applications_pth().parent))


def _applications_pth() -> Path:
    return Path(site.getsitepackages()[0]) / "applications.pth"


def _say(message: str) -> None:
    print(f"inv: {message}", file=sys.stderr, flush=True)


def _show(line: str) -> None:
    """On a terminal, shows the latest line of a long command in place of the one before."""
    if sys.stderr.isatty():
        width = shutil.get_terminal_size().columns - 1
        print(f"\r\033[K{line.strip()[:width]}", end="", file=sys.stderr, flush=True)


def main() -> int:
    """`bootstrap` as a program: returns the exit code, after one line on stderr where it failed."""
    try:
        bootstrap()
    except InstallError as error:
        _say(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        _say("interrupted: the next ./inv starts over")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
