"""One form of log lines for Django and gunicorn: for people, or for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMATS = ("plain", "json")

_TIME = "%Y-%m-%dT%H:%M:%S%z"
_FORMATTERS: dict[str, dict[str, Any]] = {
    "plain": {
        "format": "{asctime} {levelname} {name}: {message}",
        "datefmt": _TIME,
        "style": "{",
    },
    "json": {
        "()": "pythonjsonlogger.json.JsonFormatter",
        "format": "{asctime}{levelname}{name}{message}",
        "datefmt": _TIME,
        "style": "{",
        "rename_fields": {"asctime": "time", "levelname": "level", "name": "logger"},
    },
}


def logging_for(
    form: str, loggers: Mapping[str, Mapping[str, Any]] | None = None
) -> dict[str, Any]:
    """A configuration of Python's logging that writes to stderr.

    Args:
        form: one of `FORMATS`: lines of text, or a JSON object a line.
        loggers: loggers that differ from the root, which writes from INFO on.
    """
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": _FORMATTERS[form]},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": "INFO"},
        "loggers": {name: dict(logger) for name, logger in (loggers or {}).items()},
    }


DJANGO: dict[str, dict[str, Any]] = {
    # Django's own handlers write mail and, in development, a console of another form.
    "django": {"handlers": [], "level": "INFO"},
    # A request that is answered with 4xx is its client's news.
    "django.request": {"level": "ERROR"},
    "django.security.DisallowedHost": {"level": "CRITICAL"},
}
"""Django's loggers as both applications want them."""
