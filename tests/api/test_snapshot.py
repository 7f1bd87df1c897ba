"""Whatever the pipeline publishes meanwhile, an answer is of one run and says of which."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import TYPE_CHECKING, Any

from served import Served
from serving import data_api
from updating import run

if TYPE_CHECKING:
    from pathlib import Path

    from updating import SampleSite

PATHS = (
    "/api/v0/course_summaries/?fields=course_id,count,cumulative_count,created",
    "/api/v0/course_totals/",
    "/api/v0/runs/?fields=run_id",
)
READERS = 4


def read(served: Served, path: str) -> tuple[str, str, Any]:
    """The answer of a path: which run it is of, and what it says."""
    response = served.get(path)
    assert response.status_code == 200, response.text
    return path, response.headers["X-Pipeline-Run"], response.json()


def read_until(published: Event, served: Served) -> list[tuple[str, str, Any]]:
    """All answers to one reader who goes on asking, and asks once more after that."""
    answers = []
    while not published.is_set():
        answers += [read(served, path) for path in PATHS]
    return answers + [read(served, path) for path in PATHS]


def test_no_answer_mixes_two_runs(sample_site: SampleSite, tmp_path: Path) -> None:
    data = tmp_path / "data"
    before = run(sample_site.earlier_update(data))
    published = Event()
    with data_api(data) as api, ThreadPoolExecutor(READERS) as pool:
        served = Served(data, api)
        old = {
            path: (run_id, content) for path, run_id, content in (read(served, p) for p in PATHS)
        }
        readers = [pool.submit(read_until, published, served) for _ in range(READERS)]
        try:
            after = run(sample_site.update(data))
        finally:
            published.set()
        new = {
            path: (run_id, content) for path, run_id, content in (read(served, p) for p in PATHS)
        }
        answers = [answer for reader in readers for answer in reader.result()]

    assert {run_id for run_id, _ in old.values()} == {before.run_id}
    assert {run_id for run_id, _ in new.values()} == {after.run_id}
    assert all(old[path] != new[path] for path in PATHS)
    for path, run_id, content in answers:
        assert (run_id, content) in (old[path], new[path])
    assert {run_id for _, run_id, _ in answers} == {before.run_id, after.run_id}


def test_reports_that_were_restored_are_served_at_once(
    served: Served, sample_site: SampleSite, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    run(sample_site.earlier_update(data))
    with data_api(data) as api:
        restored = Served(data, api)
        first = read(restored, PATHS[1])
        for leftover in data.glob("reports.sqlite3-*"):
            leftover.unlink()
        copy = data / "copy"
        copy.write_bytes(served.reports.read_bytes())
        copy.replace(restored.reports)
        second = read(restored, PATHS[1])

    assert first[1] != second[1]
    assert second == read(served, PATHS[1])
