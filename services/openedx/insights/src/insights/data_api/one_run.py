"""No page mixes the numbers of two runs."""

from __future__ import annotations

import functools
import logging
from typing import TYPE_CHECKING, Any

from insights.data_api.client import DataApi
from insights.data_api.errors import RunChanged, RunsKeepChanging

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponseBase

    View = Callable[..., HttpResponseBase]

ATTEMPTS = 3

log = logging.getLogger(__name__)


def one_run(view: View) -> View:
    """Give a view a new `request.data_api`, and start the view over when its run changes.

    Raises RunsKeepChanging if that happens each of `ATTEMPTS` times.
    """

    @functools.wraps(view)
    def whole(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        for _ in range(ATTEMPTS):
            request.data_api = DataApi()
            try:
                response = view(request, *args, **kwargs)
                if hasattr(response, "render"):
                    # Here, as a template may still ask the Data API.
                    response = response.render()
            except RunChanged as change:
                log.info("%s: new numbers, starting over: %s", request.path, change)
            else:
                return response
        raise RunsKeepChanging(f"{request.path}: new numbers {ATTEMPTS} times in a row")

    return whole
