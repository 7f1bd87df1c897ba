from __future__ import annotations

import gzip
import hashlib
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

import insights_pipeline
from insights_pipeline.sample import (
    Sample,
    SampleError,
    SampleOptions,
    read_sample,
    write_sample,
)

SOURCES = Path(insights_pipeline.__file__).parents[1]
SMALL = SampleOptions(days=6, learners=40, dirty=0.02)


def digests(folder: Path) -> dict[str, str]:
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in folder.rglob("*")
        if file.is_file()
    }


def run_python(
    code: str, *arguments: str, hash_seed: str = "0"
) -> subprocess.CompletedProcess[str]:
    """Runs code in a Python that has the standard library and this package, nothing else."""
    return subprocess.run(
        [sys.executable, "-S", "-c", code, *arguments],
        env={"PYTHONPATH": str(SOURCES), "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_sample_has_logs_of_two_hosts_and_the_files_beside_them(tmp_path: Path) -> None:
    sample = write_sample(tmp_path / "out", SampleOptions(days=3, learners=20))

    assert sorted(digests(tmp_path / "out")) == [
        "catalog.jsonl",
        "course-blocks.jsonl",
        "course-list.jsonl",
        "geo.mmdb",
        "lms/auth_user.csv",
        "lms/auth_userprofile.csv",
        "lms/course_groups_courseusergroup.csv",
        "lms/course_groups_courseusergroup_users.csv",
        "lms/courseware_studentmodule.csv",
        "lms/enterprise_enterprisecustomeruser.csv",
        "lms/grades_persistentcoursegrade.csv",
        "lms/student_courseenrollment.csv",
        "programs.jsonl",
        "sample.json",
        "tracking-logs/lms1/tracking.log",
        "tracking-logs/lms1/tracking.log-20260106.gz",
        "tracking-logs/lms1/tracking.log-20260107.gz",
        "tracking-logs/lms2/tracking.log",
        "tracking-logs/lms2/tracking.log-20260106.gz",
        "tracking-logs/lms2/tracking.log-20260107.gz",
    ]
    assert sample.files == 6
    assert sample.interval == (date(2026, 1, 5), date(2026, 1, 8))


def test_it_counts_what_it_wrote(sample: Sample, lines: list[bytes]) -> None:
    assert sample.lines == len(lines)
    assert sample.bytes == sum(len(line) + 1 for line in lines)
    assert 700 < sample.bytes / sample.lines < 1100


def test_the_same_options_give_the_same_bytes(tmp_path: Path) -> None:
    write_sample(tmp_path / "one", SMALL)
    code = (
        "import sys; from pathlib import Path; from insights_pipeline.sample import *; "
        "write_sample(Path(sys.argv[1]), SampleOptions(days=6, learners=40, dirty=0.02))"
    )
    other = run_python(code, str(tmp_path / "two"), hash_seed="4711")

    assert other.returncode == 0, other.stderr
    assert digests(tmp_path / "one") == digests(tmp_path / "two")


def test_another_seed_gives_other_logs(tmp_path: Path) -> None:
    one = write_sample(tmp_path / "one", SMALL)
    two = write_sample(tmp_path / "two", replace(SMALL, seed=2))

    assert digests(one.logs).keys() == digests(two.logs).keys()
    assert not digests(one.logs).items() & digests(two.logs).items()


def test_uncompressed_files_hold_the_same_lines(tmp_path: Path) -> None:
    packed = write_sample(tmp_path / "packed", SMALL).logs
    plain = write_sample(tmp_path / "plain", replace(SMALL, compress=False)).logs

    rotated = list(packed.rglob("*.gz"))
    assert len(rotated) == 10
    for file in rotated:
        same = plain / file.relative_to(packed).with_suffix("")
        assert gzip.decompress(file.read_bytes()) == same.read_bytes()


@pytest.mark.parametrize("courses", [1, 2, 9])
def test_a_tiny_site_works(tmp_path: Path, courses: int) -> None:
    options = SampleOptions(days=1, learners=1, courses=courses, dirty=0.5)

    sample = write_sample(tmp_path / "out", options)

    assert sample.files == 2
    assert sample.lines > 3
    assert sample.dirty_lines == sample.lines // 2


def test_progress_tells_the_days_done(tmp_path: Path) -> None:
    calls: list[tuple[int, int]] = []

    write_sample(
        tmp_path / "out",
        SampleOptions(days=3, learners=1),
        progress=lambda done, total: calls.append((done, total)),
    )

    assert calls == [(1, 3), (2, 3), (3, 3)]


def test_what_was_written_can_be_read(tmp_path: Path) -> None:
    sample = write_sample(tmp_path / "out", SMALL)

    assert read_sample(tmp_path / "out") == sample
    assert sample.interval == (SMALL.start, SMALL.start + timedelta(SMALL.days))


@pytest.mark.parametrize("content", [None, "", "[]", '{"format": "another"}'])
def test_what_is_no_sample_is_not_read(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "sample.json").write_text(content)

    assert read_sample(tmp_path) is None


def test_an_earlier_sample_is_replaced(tmp_path: Path) -> None:
    write_sample(tmp_path / "out", SampleOptions(days=5, learners=1))

    sample = write_sample(tmp_path / "out", SampleOptions(days=2, learners=1))

    assert len(list(sample.logs.rglob("tracking.log*"))) == 4
    assert list(tmp_path.iterdir()) == [tmp_path / "out"]


def test_a_sample_of_an_earlier_version_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "sample.json").write_text('{"format": "insights-sample/1"}')

    write_sample(tmp_path / "out", SampleOptions(days=1, learners=1))

    assert read_sample(tmp_path / "out")


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")

    with pytest.raises(SampleError, match="holds something else than a sample"):
        write_sample(tmp_path, SMALL)

    assert [file.name for file in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_file_is_no_place_for_a_sample(tmp_path: Path) -> None:
    file = tmp_path / "out"
    file.write_text("")

    with pytest.raises(SampleError, match="is not a folder"):
        write_sample(file, SMALL)
    with pytest.raises(SampleError, match=r"cannot write the sample: .*out.*: Not a directory"):
        write_sample(file / "below", SMALL)


def test_the_root_folder_is_no_place_for_a_sample() -> None:
    with pytest.raises(SampleError, match="/ holds something else than a sample"):
        write_sample(Path("/"), SMALL)


def test_an_interrupted_run_leaves_nothing(tmp_path: Path) -> None:
    def interrupt(done: int, _total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_sample(tmp_path / "out", SMALL, progress=interrupt)

    assert list(tmp_path.iterdir()) == []


def test_a_killed_run_leaves_no_sample_and_the_next_run_cleans_up(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path; from insights_pipeline.sample import *; "
        "write_sample(Path(sys.argv[1]), SampleOptions(days=6, learners=40), "
        "lambda done, total: done == 3 and os.kill(os.getpid(), signal.SIGKILL))"
    )
    killed = run_python(code, str(tmp_path / "out"))

    assert killed.returncode == -signal.SIGKILL
    assert not (tmp_path / "out").exists()
    assert list(tmp_path.iterdir()) == [tmp_path / ".out.partial"]

    write_sample(tmp_path / "out", SMALL)
    assert list(tmp_path.iterdir()) == [tmp_path / "out"]
