"""`inv local.serve` as an operator runs it: a program that serves until it is told to stop."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from analytics_data_api.database import migrate_sqlite

ROOT = Path(__file__).resolve().parents[2]
# What the task does after it has seen to the environment, in which tests run already.
PROGRAM = """
import sys
from pathlib import Path
from tasks.lib import console
from tasks.lib.local import serve
with serve.site(Path(sys.argv[1]), 0) as served:
    print(serve.describe(served), flush=True)
    serve.keep(served)
print("stopped", flush=True)
"""


def start(data: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(data)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda n: n.name)
def test_it_serves_until_it_is_told_to_stop(tmp_path: Path, number: signal.Signals) -> None:
    migrate_sqlite(tmp_path / "reports.sqlite3")
    process = start(tmp_path)
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        found = re.fullmatch(r"Insights: (\S+)/   Data API: (\S+)/api/v1/ \(token: .*\)\n", line)
        assert found, line + process.communicate()[1]
        insights, data_api = found.groups()
        assert insights.startswith("http://127.0.0.1:")
        assert requests.get(f"{insights}/health/", timeout=10).status_code == 200
        assert requests.get(f"{data_api}/health", timeout=10).status_code == 200
    finally:
        process.send_signal(number)
        rest, errors = process.communicate(timeout=30)

    assert (process.returncode, rest) == (0, "stopped\n"), errors
    for url in (insights, data_api):
        with pytest.raises(requests.ConnectionError):
            requests.get(f"{url}/status/", timeout=5)
