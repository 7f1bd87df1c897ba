"""A page starts over when new numbers are published while it is made."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest
from django.http import HttpResponse

from insights.data_api.client import RUN_HEADER
from insights.data_api.errors import RunsKeepChanging
from insights.data_api.one_run import ATTEMPTS, one_run
from standing_in import JSON, Answer, stand_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.http import HttpRequest
    from django.test import RequestFactory


@one_run
def page(request: HttpRequest) -> HttpResponse:
    """What two answers say."""
    first, second = request.data_api.runs()[0], request.data_api.runs()[0]
    return HttpResponse(f"{first} {second}")


def shown(runs: Iterator[str], rf: RequestFactory, settings: Any) -> str:
    """The page where each answer comes from the next of the runs."""

    def answer(_: str) -> Answer:
        run = next(runs)
        return Answer(200, f'["{run}"]', JSON, {RUN_HEADER: run})

    with stand_in(answer) as running:
        settings.DATA_API_URL = running.url
        return page(rf.get("/")).content.decode()


def test_a_page_is_of_one_run(rf: RequestFactory, settings: Any) -> None:
    assert shown(iter(["a", "a"]), rf, settings) == "a a"


@pytest.mark.parametrize("runs", [["a", "b", "b", "b"], ["a", "b", "b", "c", "c", "c"]])
def test_a_page_starts_over_until_it_is(runs: list[str], rf: RequestFactory, settings: Any) -> None:
    assert shown(iter(runs), rf, settings) == f"{runs[-1]} {runs[-1]}"


def test_a_page_gives_up_in_the_end(rf: RequestFactory, settings: Any) -> None:
    asked = itertools.count()

    with pytest.raises(RunsKeepChanging):
        shown((str(next(asked)) for _ in itertools.repeat(None)), rf, settings)

    assert next(asked) == 2 * ATTEMPTS
