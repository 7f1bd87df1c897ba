from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest

from insights_pipeline.sample import Sample, SampleOptions, write_sample

if TYPE_CHECKING:
    from pathlib import Path


def read_lines(logs: Path) -> list[bytes]:
    """Every line of every tracking log file, rotated or not."""
    lines: list[bytes] = []
    for file in sorted(logs.rglob("tracking.log*")):
        content = file.read_bytes()
        lines += (gzip.decompress(content) if file.suffix == ".gz" else content).splitlines()
    return lines


def read_events(lines: list[bytes]) -> list[dict[str, Any]]:
    """The lines that are JSON, from their first brace on."""
    events = []
    for line in lines:
        try:
            events.append(json.loads(line[max(0, line.find(b"{")) :]))
        except ValueError:
            continue
    return events


@pytest.fixture(scope="session")
def options() -> SampleOptions:
    return SampleOptions(days=30, learners=300, dirty=0.01)


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory, options: SampleOptions) -> Sample:
    """A month of a small site, one line in a hundred dirty."""
    return write_sample(tmp_path_factory.mktemp("sample") / "out", options)


@pytest.fixture(scope="session")
def lines(sample: Sample) -> list[bytes]:
    return read_lines(sample.logs)


@pytest.fixture(scope="session")
def events(lines: list[bytes]) -> list[dict[str, Any]]:
    return read_events(lines)


@pytest.fixture(scope="session")
def clean_events(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """A sample without dirt: every line must be an event."""
    options = SampleOptions(days=30, learners=300, dirty=0)
    sample = write_sample(tmp_path_factory.mktemp("clean") / "out", options)
    return [json.loads(line) for line in read_lines(sample.logs)]
