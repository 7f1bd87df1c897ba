"""No page mixes the numbers of two runs."""

from __future__ import annotations

import functools
import logging
from typing import TYPE_CHECKING, Any, TypeVar

from insights.data_api.client import DataApi
from insights.data_api.errors import RunChanged, RunsKeepChanging

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponseBase

    View = Callable[..., HttpResponseBase]

ATTEMPTS = 3
Made = TypeVar("Made")

log = logging.getLogger(__name__)


def one_run(view: View) -> View:
    """Give a view a new `request.data_api`, and start the view over when its run changes.

    Raises RunsKeepChanging if that happens each of `ATTEMPTS` times.
    """

    @functools.wraps(view)
    def whole(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        def answer(data_api: DataApi) -> HttpResponseBase:
            request.data_api = data_api
            response = view(request, *args, **kwargs)
            # Here, as a template may still ask the Data API.
            return response.render() if hasattr(response, "render") else response

        return of_one_run(answer, request.path)

    return whole


def of_one_run(make: Callable[[DataApi], Made], what: str = "") -> Made:
    """What is made with a new client, and made anew with another when its run changes.

    Raises RunsKeepChanging if that happens each of `ATTEMPTS` times.
    """
    for _ in range(ATTEMPTS):
        try:
            return make(DataApi())
        except RunChanged as change:
            log.info("%s: new numbers, starting over: %s", what, change)
    raise RunsKeepChanging(f"{what}: new numbers {ATTEMPTS} times in a row")
