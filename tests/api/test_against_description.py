"""The API against its own description: requests that schemathesis makes of it, valid, at its limits
and forbidden by it.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from serving import data_api

if TYPE_CHECKING:
    from served import Served

CONFIGURATION = Path(__file__).with_name("schemathesis.toml")


def check(served: Served, folder: Path, phases: str, *options: str) -> None:
    """Fail with what schemathesis says, if it finds anything; `folder` is for what it keeps."""
    # It asks quicker than a token may.
    with data_api(served.data, ANALYTICS_DATA_API_RATE="none") as api:
        found = subprocess.run(
            [
                Path(sys.executable).with_name("schemathesis"),
                *("--config-file", CONFIGURATION, "run", f"{api.root}/docs/openapi.json"),
                *("--header", f"Authorization: Token {api.token}", "--phases", phases),
                *("--continue-on-failure", "--no-color", *options),
            ],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
    assert found.returncode == 0, found.stdout + found.stderr
    assert "Tested:" in found.stdout


def test_what_the_description_says_of_itself_and_some_wild_requests(
    served: Served, tmp_path: Path
) -> None:
    check(served, tmp_path, "examples,fuzzing", "--max-examples", "6", "--generation-deterministic")


@pytest.mark.full
def test_every_limit_of_every_parameter_and_many_wild_requests(
    served: Served, tmp_path: Path
) -> None:
    check(served, tmp_path, "examples,coverage,fuzzing,stateful", "--max-examples", "100")
