"""The published client, with what Insights needs beyond it."""

from __future__ import annotations

import logging
import threading
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import requests
from analyticsclient.client import Client
from analyticsclient.constants import data_formats, http_methods
from analyticsclient.course import Course
from analyticsclient.exceptions import ClientError, InvalidRequestError, NotFoundError
from analyticsclient.module import Module
from django.conf import settings

from insights.data_api.errors import (
    DataApiDown,
    DataApiError,
    DataApiRefused,
    DataApiSlow,
    RunChanged,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from requests import Response

RUN_HEADER = "X-Pipeline-Run"
STRUCTURE = (
    "block_id",
    "block_type",
    "display_name",
    "section_id",
    "subsection_id",
    "position",
    "graded",
    "assignment_type",
)
"""What is asked of a block."""

log = logging.getLogger(__name__)
_threads = threading.local()


class OneCourse(Course):
    """The published client's methods for a course, with what our Data API has beyond them."""

    def __init__(self, client: DataApi, course_id: str) -> None:
        super().__init__(client, _in_path(course_id))
        self._raw_id = course_id

    def structure(self, *block_types: str) -> list[dict[str, Any]]:
        """The course's blocks of these types, or all, from top to bottom; deleted ones last.

        Raises NotFoundError if the reports know none.
        """
        asked = {"block_types": ",".join(block_types), "fields": ",".join(STRUCTURE)}
        blocks: list[dict[str, Any]] = self.client.get(
            f"courses/{self.course_id}/structure/", data=asked
        )
        return blocks

    def of_block(self, block_id: str, resource: str) -> list[dict[str, Any]]:
        """What is known of a block of this course, whose id other runs may have too.

        Args:
            block_id: the block.
            resource: such as `answer_distribution`.

        Raises NotFoundError if the reports hold nothing of it.
        """
        rows: list[dict[str, Any]] = self.client.get(
            f"problems/{_in_path(block_id)}/{resource}/", data={"course_id": self._raw_id}
        )
        return rows


class DataApi(Client):
    """A client of the Data API for one page: all its answers come from one run of the pipeline.

    It has the published client's methods, and keeps its connection from page to page. Ids may hold
    any character.

    Attributes:
        run_id: the run that the first answer came from; None before it, and where no run has
            published anything yet.
    """

    def __init__(self) -> None:
        super().__init__(
            settings.DATA_API_URL,
            auth_token=settings.DATA_API_TOKEN,
            timeout=settings.DATA_API_TIMEOUT,
        )
        # The published client has these as attributes, and puts ids into paths as they are.
        self.courses: Callable[[str], OneCourse] = lambda course_id: OneCourse(self, course_id)
        self.modules: Callable[[str, str], Module] = lambda course_id, module_id: Module(
            self, _in_path(course_id), _in_path(module_id)
        )
        self.run_id: str | None = None
        self._asked = False

    def runs(self, limit: int = 1, status: str = "") -> list[dict[str, Any]]:
        """The newest runs of the pipeline, newest first.

        Args:
            limit: how many at most.
            status: `succeeded` or `failed`; both by default.

        Raises DataApiDown if there is no such list, which every Data API of ours has.
        """
        parameters = {"limit": limit, **({"status": status} if status else {})}
        try:
            runs: list[dict[str, Any]] = self.get("runs/", data=parameters)
        except NotFoundError as error:
            raise _logged(
                DataApiDown("runs/: status 404; is INSIGHTS_DATA_API_URL right?")
            ) from error
        return runs

    def learners(self, course_id: str, **question: Any) -> dict[str, Any]:
        """A page of a course's learners; `question`: the Data API's parameters.

        Raises NotFoundError if there are fewer pages.
        """
        given = {name: value for name, value in question.items() if value not in (None, "")}
        found: dict[str, Any] = self.get(f"courses/{_in_path(course_id)}/learners/", data=given)
        return found

    def learner_metadata(self, course_id: str) -> dict[str, Any]:
        """How many learners have each enrollment mode, segment and cohort."""
        found: dict[str, Any] = self.get(f"course_learner_metadata/{_in_path(course_id)}/")
        return found

    def learner(self, course_id: str, username: str) -> dict[str, Any]:
        """A learner of a course.

        Raises NotFoundError if there is none of that name.
        """
        found: dict[str, Any] = self.get(
            f"learners/{_name_in_path(username)}/", data={"course_id": course_id}
        )
        return found

    def engagement_timeline(self, course_id: str, username: str) -> list[dict[str, Any]]:
        """What a learner did in a course, day by day from the first day to the last.

        Raises NotFoundError if that is nothing.
        """
        found = self.get(
            f"engagement_timelines/{_name_in_path(username)}/", data={"course_id": course_id}
        )
        days: list[dict[str, Any]] = found["days"]
        return days

    def report_link(self, course_id: str, name: str) -> dict[str, Any]:
        """A report that is a file, with a link to it that is good for two minutes.

        Raises NotFoundError if there is none on the course.
        """
        found: dict[str, Any] = self.get(
            f"courses/{_in_path(course_id)}/reports/{_name_in_path(name)}/"
        )
        return found

    def request(self, method: str, resource: str, *args: Any, **kwargs: Any) -> Any:
        """The resource: what its JSON says, or the text of its CSV.

        Raises what `_request` raises.
        """
        try:
            return super().request(method, resource, *args, **kwargs)
        except ClientError as error:
            # The published client itself has but one complaint.
            if type(error) is not ClientError:
                raise
            raise _logged(DataApiDown(f"{resource}: the answer is no JSON")) from error

    def _request(
        self,
        method: str,
        resource: str,
        data: dict[str, Any] | None = None,
        timeout: float | None = None,
        data_format: str = data_formats.JSON,
    ) -> Response:
        """Ask for a resource, in place of the published client's way to do so.

        Raises:
            DataApiDown, DataApiSlow, DataApiRefused: there is no answer; a line in the log says
                why.
            NotFoundError: the reports hold nothing of it.
            InvalidRequestError: a parameter is wrong.
            RunChanged: the answer comes from another run than the page's first one.
        """
        try:
            response = self._send(method, resource, data or {}, timeout, data_format)
            _check(response, resource, data_format)
        except DataApiError as error:
            log.error("%s", error)
            raise
        self._check_run(response)
        if response.status_code == HTTPStatus.NOT_FOUND:
            raise NotFoundError(f"no data: {resource}")
        return response

    def _send(
        self,
        method: str,
        resource: str,
        data: dict[str, Any],
        timeout: float | None,
        data_format: str,
    ) -> Response:
        url = f"{self.base_url}/{resource}"
        accepted = "text/csv" if data_format == data_formats.CSV else "application/json"
        headers = {"Accept": accepted, "Authorization": f"Token {self.auth_token}"}
        if settings.HTTPS and url.startswith("http:"):
            # We hand on the scheme by which our reader came: the way from us to the API is a closed
            # network's, and it, too, wants to be asked over TLS alone.
            headers["X-Forwarded-Proto"] = "https"
        options: dict[str, Any] = {
            "headers": headers,
            "timeout": timeout or self.timeout,
            "allow_redirects": False,
        }
        if method == http_methods.POST:
            options["data"] = data
        else:
            options["params"] = self._data_to_get_params(data)
        try:
            try:
                return _session().request(method, url, **options)
            except requests.Timeout:
                raise
            except requests.ConnectionError:
                # The server may have closed the connection that we kept, at this very moment.
                return _session().request(method, url, **options)
        except requests.Timeout as error:
            raise DataApiSlow(f"{resource}: no answer in {options['timeout']:g} s") from error
        except requests.RequestException as error:
            raise DataApiDown(f"{resource}: {self.base_url} cannot be reached: {error}") from error

    def _check_run(self, response: Response) -> None:
        """Remember the run of the first answer, and compare later ones."""
        run_id = response.headers.get(RUN_HEADER)
        if self._asked and run_id != self.run_id:
            raise RunChanged(f"{self.run_id} → {run_id}")
        self.run_id, self._asked = run_id, True


def _logged(error: DataApiError) -> DataApiError:
    """The error, told to the log in one line."""
    log.error("%s", error)
    return error


def _in_path(key: str) -> str:
    """An id as one part of a path."""
    return quote(str(key), safe="")


def _name_in_path(name: str) -> str:
    """A name as one part of a path.

    Raises NotFoundError for what can be none, as it would be another path.
    """
    if name in ("", ".", ".."):
        raise NotFoundError(f"no such name: {name!r}")
    return _in_path(name)


def _session() -> requests.Session:
    """This thread's connection to the Data API."""
    session: requests.Session | None = getattr(_threads, "session", None)
    if session is None:
        session = _threads.session = requests.Session()
        # A neighbour: neither a proxy nor a .netrc, which would replace our token, is meant for it.
        session.trust_env = False
    return session


def _check(response: Response, resource: str, data_format: str) -> None:
    """Raise an error where the answer is neither data nor an honest "no data"."""
    status = response.status_code
    is_json = response.headers.get("Content-Type", "").startswith("application/json")
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        raise DataApiRefused(
            f"{resource}: status {status}; is INSIGHTS_DATA_API_TOKEN the token that the Data API"
            " knows?"
        )
    if status == HTTPStatus.BAD_REQUEST and is_json:
        raise InvalidRequestError(f"{resource}: {response.text}")
    if status == HTTPStatus.NOT_FOUND and is_json:
        return
    if status != HTTPStatus.OK:
        raise DataApiDown(f"{resource}: status {status}")
    if data_format == data_formats.JSON and not is_json:
        raise DataApiDown(f"{resource}: the answer is no JSON; is INSIGHTS_DATA_API_URL right?")
