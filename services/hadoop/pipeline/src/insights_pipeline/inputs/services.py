"""The REST services of the LMS and of course discovery, asked page by page.

A service that is busy or ails for a moment is asked again, more and more slowly, as it wishes where
it says so (Retry-After). What it answered is kept in a journal, so that a fetch that was cut short
is taken up where it stopped.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

from urllib3.util import Retry

from insights_pipeline.inputs.sources import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import requests

_TOKEN = "/oauth2/access_token/"
_RENEW_BEFORE = 60  # seconds before a token expires
_PASSING = (
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
)
RETRIES = Retry(
    total=5,
    status_forcelist=_PASSING,
    allowed_methods=("GET", "POST"),  # the one that we post changes nothing
    backoff_factor=1,
    backoff_max=60,
    retry_after_max=300,
    raise_on_status=False,
)
_READINGS = 3  # of an answer that breaks off or is no JSON
_TIMEOUT = (10, 120)  # seconds to connect, and between two bytes
_JOURNAL_HOLDS = 12 * 3600  # seconds


@dataclass(frozen=True)
class OAuthClient:
    """A client that is registered with the LMS (`/admin/oauth2_provider/application/`).

    Attributes:
        lms: the LMS's root URL; it issues the tokens.
    """

    lms: str
    client_id: str
    client_secret: str = field(repr=False)


class AnswerError(SourceError):
    """A service answered one question with an error; it may know the answer to others.

    Attributes:
        status: HTTP's; None for an answer that is not what was asked for.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Service:
    """A service: where it is, who asks, and how patiently.

    Attributes:
        root: its root URL.
    """

    root: str
    client: OAuthClient
    retries: Retry = field(default=RETRIES, repr=False)

    def open(self) -> Conversation:
        """Begin to ask; no request is made yet."""
        return Conversation(self)


class Conversation:
    """Questions to a service, by one session and one token."""

    def __init__(self, service: Service) -> None:
        import requests
        from requests.adapters import HTTPAdapter

        self.root = service.root.rstrip("/")
        self._client = service.client
        self._session = requests.Session()
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, HTTPAdapter(max_retries=service.retries))
        self._pause = service.retries.backoff_factor
        self._token = ""
        self._token_expires = 0.0

    def __enter__(self) -> Conversation:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def ask(self, path: str, parameters: Mapping[str, object]) -> dict[str, Any]:
        """The object that the service answers.

        Raises:
            AnswerError: it answers with an error, or with no JSON object.
            SourceError: it does not answer, or refuses us.
        """
        url = f"{self.root}{path}"
        response, answer = self._get(url, parameters)
        if response.status_code == HTTPStatus.UNAUTHORIZED:
            # The token may have been revoked; a fresh one is refused for good.
            self._token = ""
            response, answer = self._get(url, parameters)
        status = response.status_code
        if status == HTTPStatus.UNAUTHORIZED:
            raise SourceError(f"{url} refuses the LMS's tokens (401): it has to be of the same LMS")
        if status == HTTPStatus.FORBIDDEN:
            raise AnswerError(f"{url} answers 403: is our client's user in the LMS staff?", status)
        if not response.ok:
            raise AnswerError(f"{url} answers {status}", status)
        if not isinstance(answer, dict):
            raise AnswerError(f"{url} answers what is no JSON object, or half of one")
        return answer

    def pages(
        self, path: str, parameters: Mapping[str, object], journal: Journal
    ) -> Iterator[list[dict[str, Any]]]:
        """The objects of a list, page by page.

        Raises:
            SourceError: a page cannot be had, or is none.
        """
        url = f"{self.root}{path}"
        query = urlencode(parameters)
        asked = set()
        while query:
            if query in asked:
                raise SourceError(f"{url} leads back to a page that it gave before")
            asked.add(query)
            page = journal.answer(f"{url}?{query}")
            if page is None:
                page = page_of(self.ask(path, dict(parse_qsl(query))), url)
                journal.keep(f"{url}?{query}", page)
            yield page["results"]
            query = page["next"]

    def _get(self, url: str, parameters: Mapping[str, object]) -> tuple[requests.Response, Any]:
        return self._answered(
            "GET", url, params=parameters, headers={"Authorization": self._authorization()}
        )

    def _authorization(self) -> str:
        if not self._token or time.monotonic() > self._token_expires:
            url = self._client.lms.rstrip("/") + _TOKEN
            asked = {
                "grant_type": "client_credentials",
                "client_id": self._client.client_id,
                "client_secret": self._client.client_secret,
                "token_type": "jwt",
            }
            # Where a redirect leads, nobody set our secret to go.
            response, answer = self._answered("POST", url, data=asked, allow_redirects=False)
            if there := leads_to(response, _TOKEN):
                raise SourceError(
                    f"{url} leads to {there}: set LMS_ROOT_URL to the address that it leads to"
                )
            if not response.ok:
                raise SourceError(
                    f"{url} gives us no token ({response.status_code}): see LMS_OAUTH2_CLIENT_ID"
                    " and LMS_OAUTH2_CLIENT_SECRET"
                )
            try:
                kind, token = answer["token_type"], answer["access_token"]
                seconds = float(answer["expires_in"])
            except (KeyError, TypeError, ValueError):
                raise SourceError(f"{url} answers with no token") from None
            self._token = f"{'JWT' if str(kind).lower() == 'jwt' else 'Bearer'} {token}"
            self._token_expires = time.monotonic() + seconds - _RENEW_BEFORE
        return self._token

    def _answered(self, method: str, url: str, **options: Any) -> tuple[requests.Response, Any]:
        """The response with what its JSON says; None where it is none."""
        from requests.exceptions import (
            ChunkedEncodingError,
            ConnectionError,
            ContentDecodingError,
            JSONDecodeError,
            RequestException,
        )

        reason = ""
        for reading in range(_READINGS):
            if reading:
                time.sleep(self._pause * 2**reading)
            try:
                response = self._session.request(method, url, timeout=_TIMEOUT, **options)
                is_answer = response.ok and not response.is_redirect
                return response, response.json() if is_answer else None
            except JSONDecodeError:
                # Half a page, or a page for people: of a proxy, or to sign in.
                continue
            except (ChunkedEncodingError, ContentDecodingError):
                reason = "its answers break off"
            except ConnectionError as error:
                raise SourceError(f"{url} does not answer ({root_of(error)})") from error
            except RequestException as error:
                raise SourceError(f"{url}: {root_of(error)}") from error
        if reason:
            raise AnswerError(f"{url}: {reason}")
        return response, None


def leads_to(response: requests.Response, path: str) -> str:
    """Where a redirect leads, less the path that was asked for; empty where it is none."""
    if not response.is_redirect:
        return ""
    there = urljoin(response.url, response.headers["Location"])
    return there.partition("?")[0].removesuffix(path)


def page_of(answer: dict[str, Any], url: str) -> dict[str, Any]:
    """The objects on a page, and the query of the one after it; empty: none."""
    results, pagination = answer.get("results"), answer.get("pagination")
    # The LMS and discovery put the next page's address into different places.
    following = (pagination if isinstance(pagination, dict) else answer).get("next")
    if not isinstance(results, list) or not isinstance(following, str | None):
        raise AnswerError(f"{url} answers what is no page of a list")
    # Its host is what the service takes itself for, perhaps behind a proxy: only its query counts.
    return {
        "results": [each for each in results if isinstance(each, dict)],
        "next": urlsplit(following or "").query,
    }


class Journal:
    """Answers that a fetch got so far, in a file: a line a question, with a tab and the answer.

    One that was last written to too long ago counts as empty. A last line that was cut off is
    dropped.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._places: dict[str, int] = {}
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and time.time() - path.stat().st_mtime > _JOURNAL_HOLDS:
            path.unlink()
        self._file = path.open("a+b")
        self._file.seek(0)
        end = 0
        for line in self._file:
            question, tab, _ = line.partition(b"\t")
            if not (tab and line.endswith(b"\n")):
                break
            self._places[question.decode()] = end
            end += len(line)
        self._file.truncate(end)

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def answer(self, question: str) -> Any | None:
        """What was kept; None where nothing was."""
        place = self._places.get(question)
        if place is None:
            return None
        self._file.seek(place)
        return json.loads(self._file.readline().partition(b"\t")[2])

    def keep(self, question: str, answer: object) -> None:
        """Keep an answer; it outlives this process."""
        self._places[question] = self._file.seek(0, 2)
        self._file.write(f"{question}\t{json.dumps(answer)}\n".encode())
        self._file.flush()

    def remove(self) -> None:
        """The fetch is complete: what it made holds the answers."""
        self._path.unlink(missing_ok=True)


def root_of(error: BaseException) -> str:
    """The cause at the root of a failure, in a few words, without addresses of objects."""
    cause: BaseException | None = error
    while cause:
        error = cause
        inner = (cause.__cause__, getattr(cause, "reason", None), *cause.args, cause.__context__)
        cause = next((each for each in inner if isinstance(each, BaseException)), None)
    return str(getattr(error, "strerror", None) or type(error).__name__)
