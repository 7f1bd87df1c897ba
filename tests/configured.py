"""Checkouts with settings, to try what reads them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tasks.lib import settings
from tasks.lib.settings import templates
from tasks.lib.settings.initialise import initialise

if TYPE_CHECKING:
    import pytest

ROOT = Path(__file__).resolve().parents[1]

# A namespace of the tasks under test alone, as tasks.py hooks them in.
_TASKS = """
from pathlib import Path
from invoke import Collection
__path__ = [str(Path(__file__).with_name("tasks"))]
from tasks import config, init
namespace = Collection(init.init, init.dev, config)
"""


def new_checkout(root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The templates and compose files of this checkout in `root`, a new folder.

    The process environment is relieved of all settings, for this test.
    """
    (root / "conf").mkdir(parents=True)
    for path in (*ROOT.glob("conf/*.template"), *ROOT.glob("docker-compose*.yml")):
        shutil.copy2(path, root / path.relative_to(ROOT))
    for template in templates.load(root):
        for declaration in template.declarations:
            monkeypatch.delenv(declaration.name, raising=False)
    return root


def configured(root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same after `inv init`, for this machine alone."""
    new_checkout(root, monkeypatch)
    list(initialise(root))
    edit(root, BIND_ADDRESS="127.0.0.1")
    return root


def edit(root: Path, **values: str) -> None:
    """Give settings other values, as an operator does: in their line of conf/*.env."""
    loaded = settings.read(root)
    for name, value in values.items():
        file = loaded.declarations[name].file
        text, count = re.subn(
            rf"^{name}=.*$", f"{name}='{value}'", file.read_text(), flags=re.MULTILINE
        )
        assert count == 1, f"{name} is not in {file}"
        file.write_text(text)


def inv(root: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `inv` in a checkout, which gets this checkout's tasks for it."""
    if not (root / "tasks.py").exists():
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / "tasks", root / "tasks", ignore=ignored)
        (root / "tasks.py").write_text(_TASKS)
    return subprocess.run(
        [Path(sys.executable).with_name("inv"), "--search-root", root, *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
