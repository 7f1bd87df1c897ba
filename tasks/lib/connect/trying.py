"""Tries every connection to an LMS that the settings name, and to the mail server."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from insights.mail.server import MailServer, MailServerError
from insights_pipeline.errors import PipelineError
from insights_pipeline.inputs.configured import configured
from insights_pipeline.inputs.services import RETRIES, leads_to, root_of
from insights_pipeline.inputs.sources import SourceError
from insights_pipeline.inputs.trying import try_database, try_discovery, try_lms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from insights_pipeline.inputs.services import Service
    from tasks.lib.settings import Settings

# Who waits at a terminal is told at once; a nightly run asks again and again.
_RETRIES = RETRIES.new(total=1, backoff_factor=0.2)
_TIMEOUT = (10, 30)  # seconds to connect, and between two bytes
_HOUR = 3600
_OLD = 48 * _HOUR


@dataclass(frozen=True)
class Result:
    """What became of one try; `detail` says what was found, or why not and what to do."""

    what: str
    detail: str
    failed: bool = False

    def __str__(self) -> str:
        return f"{'error' if self.failed else 'ok'}: {self.what}: {self.detail}"


class _Fault(Exception):
    """Why a try failed."""


def each(loaded: Settings) -> Iterator[Result]:
    """Try one connection after the other; one that is not set is told as such, and no failure."""
    yield _tried("tracking logs", lambda: _logs(loaded))
    try:
        inputs = configured(loaded.require, loaded.path)
    except PipelineError as error:
        yield Result("settings", str(error), failed=True)
        return
    lms, discovery, database = inputs.lms_service, inputs.discovery, inputs.database
    yield _tried(
        f"services of {lms.root}" if lms else "services of the LMS (LMS_ROOT_URL)",
        (lambda: try_lms(_quickly(lms))) if lms else None,
    )
    yield _tried(
        f"course discovery at {discovery.root}" if discovery else "course discovery",
        (lambda: try_discovery(_quickly(discovery))) if discovery else None,
    )
    yield _tried(
        database.place if database else "the LMS's database (LMS_DB_HOST)",
        (lambda: try_database(database)) if database else None,
    )
    sign_in = loaded.require("LMS_SIGN_IN_URL")
    yield _tried(
        f"sign-in at {sign_in}" if sign_in else "sign-in (LMS_SIGN_IN_URL)",
        (lambda: _sign_in(loaded, sign_in)) if sign_in else None,
    )
    mail = loaded.require("SMTP_HOST")
    yield _tried(
        f"mail server {mail}" if mail else "mail server (SMTP_HOST)",
        (lambda: _mail(loaded).try_it()) if mail else None,
    )


def _tried(what: str, attempt: Callable[[], str] | None) -> Result:
    if attempt is None:
        return Result(what, "not set, and not needed where this comes from files, or not at all")
    try:
        return Result(what, attempt())
    except (SourceError, MailServerError, _Fault) as error:
        # Most faults begin with what was tried.
        return Result(what, str(error).removeprefix(what).lstrip(" :"), failed=True)


def _quickly(service: Service) -> Service:
    return replace(service, retries=_RETRIES)


def _logs(loaded: Settings) -> str:
    folder = loaded.path("TRACKING_LOGS")
    if not folder or not folder.is_dir():
        raise _Fault(
            f"TRACKING_LOGS is {folder}, which is no folder: run `inv init`, or correct it"
        )
    files = [path.stat() for path in folder.rglob("*") if path.is_file()]
    if not files:
        raise _Fault(f"{folder} is empty: bring the LMS's tracking.log there")
    age = time.time() - max(file.st_mtime for file in files)
    size = sum(file.st_size for file in files) / 1e6
    if age > _OLD:
        raise _Fault(
            f"{folder} got its last line {age / _HOUR:,.0f} hours ago: is what brings the LMS's"
            " logs there still at work?"
        )
    return f"{len(files)} files, {size:,.1f} MB; the last line came {age / 60:,.0f} minutes ago"


def _sign_in(loaded: Settings, url: str) -> str:
    """Ask the LMS to take a code that it never gave: it looks at who asks first (RFC 6749, 5.2)."""
    import requests

    names = ("LMS_SIGN_IN_CLIENT_ID", "LMS_SIGN_IN_CLIENT_SECRET")
    asked = {
        "grant_type": "authorization_code",
        "code": "none",
        "redirect_uri": url,
        "client_id": loaded.require(names[0]),
        "client_secret": loaded.require(names[1]),
    }
    path = "/oauth2/access_token"
    address = f"{url.rstrip('/')}{path}"
    try:
        answer = requests.post(address, data=asked, timeout=_TIMEOUT, allow_redirects=False)
        if there := leads_to(answer, path):
            raise _Fault(
                f"{address} leads to {there}: set LMS_SIGN_IN_URL to the address that it leads to"
            )
        error = answer.json().get("error")
    except requests.JSONDecodeError:
        raise _Fault(
            f"{address} answers {answer.status_code}, and no JSON: is it an LMS?"
        ) from None
    except (requests.RequestException, AttributeError) as failure:
        raise _Fault(f"{address} does not answer ({root_of(failure)})") from failure
    if error == "invalid_grant":
        return f"the LMS knows its client {asked['client_id']}"
    if error in ("invalid_client", "unauthorized_client"):
        raise _Fault(f"{address} does not know the client ({error}): see {' and '.join(names)}")
    raise _Fault(f"{address} answers {answer.status_code} ({error}), which no LMS does")


def _mail(loaded: Settings) -> MailServer:
    return MailServer(
        loaded.require("SMTP_HOST"),
        int(loaded.require("SMTP_PORT")),
        loaded.require("SMTP_SECURITY"),
        loaded.require("SMTP_USER"),
        loaded.require("SMTP_PASSWORD"),
    )
