"""What executors are given."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pyarrow

from insights_pipeline.spark.session import pack


def test_executors_get_all_that_reading_imports(tmp_path: Path) -> None:
    """But pyarrow, which Spark itself asks for."""
    with ZipFile(pack(tmp_path / "insights.zip")) as archive:
        archive.extractall(tmp_path / "insights")
    (tmp_path / "spark").mkdir()
    (tmp_path / "spark" / "pyarrow").symlink_to(Path(pyarrow.__file__).parent)
    program = (
        "import sys; sys.path += sys.argv[1:]\n"
        "import insights_pipeline.spark.reading as found; print(found.__file__)\n"
        "from insights_pipeline.problem_checks import text_of_markup; text_of_markup('<b>')"
    )

    # Without site-packages.
    command = [sys.executable, "-I", "-S", "-c", program, tmp_path / "insights", tmp_path / "spark"]
    found = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)

    assert found.stdout.startswith(str(tmp_path / "insights"))
