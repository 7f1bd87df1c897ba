"""Sites as Tutor itself configures them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def render(root: Path, *settings: str) -> Path:
    """The root of a site at learn.example.org, as `tutor config save` makes it."""
    options = [f"--set={setting}" for setting in ("LMS_HOST=learn.example.org", *settings)]
    subprocess.run(
        [Path(sys.executable).with_name("tutor"), "--root", root, "config", "save", *options],
        env={**os.environ, "TUTOR_PLUGINS_ROOT": str(root / "plugins")},
        check=True,
        capture_output=True,
    )
    return root
