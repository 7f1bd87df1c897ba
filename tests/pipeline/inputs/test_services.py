"""REST services that answer, ail, or refuse: what is fetched, and what is said when it is not."""

from __future__ import annotations

import json
import os
import socket
import time
from typing import TYPE_CHECKING, Any

import pytest

import lms_services
from insights_pipeline.inputs import fetching
from insights_pipeline.inputs.services import Journal, OAuthClient, Service
from insights_pipeline.inputs.sources import SourceError
from lms_services import (
    BLOCKS,
    COURSE_RUNS,
    COURSES,
    IMPATIENT,
    SECRET,
    TOKEN,
    course,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lms_services import Site


@pytest.fixture
def site() -> Iterator[Site]:
    """A site of five courses, two on a page."""
    with lms_services.serving() as site:
        lms_services.fill(site)
        yield site


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where what is fetched is kept."""
    return tmp_path / "inputs" / "fetched.jsonl"


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def refused(site: Site, path: Path) -> str:
    """Why the course list is not had."""
    with pytest.raises(SourceError) as raised:
        fetching.fetch_course_list(site.service(), path)
    return str(raised.value)


def test_each_list_is_kept_as_its_service_tells_it(site: Site, path: Path) -> None:
    for fetch, told in (
        (fetching.fetch_course_list, site.courses),
        (fetching.fetch_course_runs, site.course_runs),
        (fetching.fetch_programs, site.programs),
    ):
        fetch(site.service(), path)
        assert lines(path) == told
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_the_blocks_of_each_course_are_kept_with_its_id(site: Site, path: Path) -> None:
    courses = [course(number) for number in range(5)]

    assert fetching.fetch_course_blocks(site.service(), courses, path) == []

    assert lines(path) == [{**site.blocks[key], "course_id": key} for key in courses]
    assert site.queries[0] == (
        "course_id=course-v1%3AOrg%2BC0%2BRun&depth=all&all_blocks=true"
        "&requested_fields=children%2Cgraded%2Cformat"
    )


@pytest.mark.parametrize("kind", ["JWT", "Bearer"])
def test_one_token_does_for_all_questions(site: Site, path: Path, kind: str) -> None:
    site.kind = kind

    fetching.fetch_course_list(site.service(), path)

    assert site.asked == {TOKEN: 1, COURSES: 3}


@pytest.mark.parametrize(
    "faults",
    [[500, 502], [503], [429], ["nothing"], ["half"], ["garbage", "page"], [401], [200, 401]],
    ids=str,
)
def test_a_service_that_ails_for_a_moment_is_asked_again(
    site: Site, path: Path, faults: list[int | str]
) -> None:
    site.ail(COURSES, *faults)

    fetching.fetch_course_list(site.service(), path)

    assert lines(path) == site.courses


def test_a_busy_service_is_left_alone_for_as_long_as_it_asks(site: Site, path: Path) -> None:
    site.ail(COURSES, 429)
    begin = time.monotonic()

    fetching.fetch_course_list(site.service(), path)

    assert time.monotonic() - begin >= 1


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (401, "refuses the LMS's tokens (401): it has to be of the same LMS"),
        (403, "answers 403: is our client's user in the LMS staff?"),
        (404, "answers 404"),
        (500, "answers 500"),
        ("half", "its answers break off"),
        ("garbage", "answers what is no JSON object, or half of one"),
        ("page", "answers what is no JSON object, or half of one"),
        ("nothing", "does not answer (RemoteDisconnected)"),
    ],
)
def test_of_one_that_ails_on_what_was_there_is_kept(
    site: Site, path: Path, fault: int | str, message: str
) -> None:
    fetching.fetch_course_list(site.service(), path)
    before = path.read_bytes()
    site.courses.append({"course_id": course(5)})
    site.ail(COURSES, 200, fault, for_ever=True)

    said = refused(site, path)

    assert message in said
    assert said.startswith(f"{site.url}{COURSES}")
    assert SECRET not in said
    assert "\n" not in said
    assert path.read_bytes() == before


def test_a_client_that_the_lms_does_not_know(site: Site, path: Path) -> None:
    service = site.service(secret="another-secret")

    with pytest.raises(SourceError) as raised:
        fetching.fetch_course_list(service, path)

    assert str(raised.value) == (
        f"{site.url}{TOKEN} gives us no token (401): see LMS_OAUTH2_CLIENT_ID and"
        " LMS_OAUTH2_CLIENT_SECRET"
    )
    assert "another-secret" not in repr(service)


@pytest.mark.parametrize("fault", ["garbage", "page"])
def test_a_token_that_is_none(site: Site, path: Path, fault: str) -> None:
    site.ail(TOKEN, fault, for_ever=True)

    assert refused(site, path) == f"{site.url}{TOKEN} answers with no token"


@pytest.fixture
def elsewhere(site: Site) -> Iterator[Site]:
    """Another server, to which the site's redirects lead."""
    with lms_services.serving() as other:
        site.elsewhere = other.url
        yield other


def test_a_redirect_carries_no_secret(site: Site, elsewhere: Site, path: Path) -> None:
    site.ail(TOKEN, "elsewhere")

    assert refused(site, path) == (
        f"{site.url}{TOKEN} leads to {elsewhere.url}: set LMS_ROOT_URL to the address that it"
        " leads to"
    )
    assert elsewhere.heard == []


def test_nor_a_token(site: Site, elsewhere: Site, path: Path) -> None:
    site.ail(COURSES, "elsewhere", for_ever=True)

    assert "refuses the LMS's tokens" in refused(site, path)
    assert elsewhere.heard
    assert "Authorization" not in "".join(elsewhere.heard)


def test_nobody_listens(path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        service = Service(url, OAuthClient(url, "analytics", SECRET), IMPATIENT)

        with pytest.raises(SourceError) as raised:
            fetching.fetch_course_list(service, path)

    assert str(raised.value) == f"{url}{TOKEN} does not answer (Connection refused)"
    assert not path.exists()


def test_an_lms_that_lists_no_courses_to_us(site: Site, path: Path) -> None:
    site.courses.clear()

    assert refused(site, path) == (
        f"{site.url} lists no courses: see that our client's user in the LMS is staff"
    )


def test_pages_that_go_round(site: Site, path: Path) -> None:
    site.per_page = 0

    assert refused(site, path).endswith("leads back to a page that it gave before")


@pytest.mark.parametrize("page", [{"results": {}}, {"detail": "Sorry"}, {"results": [], "next": 3}])
def test_a_page_that_is_none(site: Site, path: Path, page: dict[str, Any]) -> None:
    site.blocks[""] = page
    with (
        Journal(path) as journal,
        site.service().open() as conversation,
        pytest.raises(SourceError, match="answers what is no page of a list"),
    ):
        list(conversation.pages(BLOCKS, {"course_id": ""}, journal))


def test_what_was_fetched_is_not_asked_for_again(site: Site, path: Path) -> None:
    site.ail(COURSES, 200, 200, "nothing", for_ever=True)
    refused(site, path)
    site.recover()
    site.asked.clear()

    fetching.fetch_course_list(site.service(), path)

    assert lines(path) == site.courses
    assert site.asked[COURSES] == 1


def test_nor_after_a_power_cut_amid_a_line(site: Site, path: Path) -> None:
    site.ail(f"{BLOCKS}{course(3)}", "nothing", for_ever=True)
    courses = [course(number) for number in range(5)]
    with pytest.raises(SourceError):
        fetching.fetch_course_blocks(site.service(), courses, path)
    journal = path.with_suffix(".journal")
    journal.write_bytes(journal.read_bytes()[:-5])
    site.recover()
    site.asked.clear()

    fetching.fetch_course_blocks(site.service(), courses, path)

    assert [each["course_id"] for each in lines(path)] == courses
    assert {place for place in site.asked if place.startswith(BLOCKS)} == {
        f"{BLOCKS}{course(number)}" for number in (2, 3, 4)
    }


def test_but_what_was_fetched_yesterday_is(site: Site, path: Path) -> None:
    site.ail(COURSE_RUNS, 200, "nothing", for_ever=True)
    with pytest.raises(SourceError):
        fetching.fetch_course_runs(site.service(), path)
    yesterday = time.time() - 24 * 3600
    os.utime(path.with_suffix(".journal"), (yesterday, yesterday))
    site.recover()
    site.course_runs[0]["title"] = "Another title"

    fetching.fetch_course_runs(site.service(), path)

    assert lines(path) == site.course_runs


def test_a_course_whose_blocks_the_lms_cannot_tell_keeps_those_of_before(
    site: Site, path: Path
) -> None:
    courses = [course(number) for number in range(5)]
    fetching.fetch_course_blocks(site.service(), courses[:3], path)
    before = lines(path)
    site.ail(f"{BLOCKS}{courses[1]}", 500, for_ever=True)
    site.ail(f"{BLOCKS}{courses[3]}", 403)
    del site.blocks[courses[2]]  # deleted

    notes = fetching.fetch_course_blocks(site.service(), courses, path)

    assert notes == [
        f"blocks of {courses[1]} are of earlier: {site.url}{BLOCKS} answers 500",
        f"blocks of {courses[3]} lack: {site.url}{BLOCKS} answers 403: is our client's user in the"
        " LMS staff?",
    ]
    assert [each["course_id"] for each in lines(path)] == [courses[0], courses[1], courses[4]]
    assert lines(path)[1] == before[1]


def test_an_lms_that_fails_for_every_course_is_not_asked_for_all(site: Site, path: Path) -> None:
    courses = [course(number) for number in range(5)]
    for key in courses:
        site.ail(f"{BLOCKS}{key}", 500, for_ever=True)

    with pytest.raises(SourceError, match="answers 500"):
        fetching.fetch_course_blocks(site.service(), courses, path)

    assert f"{BLOCKS}{courses[3]}" not in site.asked
