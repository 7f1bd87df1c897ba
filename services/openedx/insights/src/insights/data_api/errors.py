"""Why the Data API gave no answer.

They are kinds of the published client's errors, so that code which knows only those works too.
That the reports hold nothing of what was asked for is the client's own `NotFoundError`.
"""

from __future__ import annotations

from analyticsclient.exceptions import ClientError
from analyticsclient.exceptions import TimeoutError as ClientTimeoutError


class DataApiError(ClientError):
    """The Data API did not answer as it should; the message is for the log."""


class DataApiDown(DataApiError):
    """It cannot be reached, has failed, or is something else than a Data API."""


class DataApiSlow(DataApiError, ClientTimeoutError):
    """It took longer than Insights waits."""


class DataApiRefused(DataApiError):
    """It does not accept the token of Insights."""


class RunsKeepChanging(DataApiError):
    """New numbers were published each time that a page was made."""


class RunChanged(Exception):
    """New numbers were published since the page's first answer: the page must start over."""
