"""Settings of the Data API, each taken from one environment variable.

ANALYTICS_DATA_API_REPORTS         SQLite file of the ``reports`` database
ANALYTICS_DATA_API_REPORTS_ACCESS  read (the default), or write: set by what migrates ``reports``
ANALYTICS_DATA_API_DATABASE        SQLite file of the API's own database: users and tokens
ANALYTICS_DATA_API_SECRET_KEY      Django's secret key; without it each process makes its own
ANALYTICS_DATA_API_ALLOWED_HOSTS   host names to answer to, separated by commas
ANALYTICS_DATA_API_HTTPS           on (the default): behind TLS; off: plain http on loopback.
                                   Whether a request came over TLS is told by X-Forwarded-Proto, if
                                   it comes from an address in gunicorn's ``--forwarded-allow-ips``
ANALYTICS_DATA_API_TOKEN           the token of Insights; read by the command ``prepare``
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured


def _choice(name: str, *choices: str) -> str:
    """The value of an environment variable; without one, the first of the choices."""
    value = os.environ.get(name) or choices[0]
    if value not in choices:
        raise ImproperlyConfigured(f"{name} is {value!r}: set it to {' or '.join(choices)}")
    return value


DEBUG = False
SECRET_KEY = os.environ.get("ANALYTICS_DATA_API_SECRET_KEY") or secrets.token_urlsafe(50)
ALLOWED_HOSTS = [
    host.strip()
    for host in os.environ.get(
        "ANALYTICS_DATA_API_ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]"
    ).split(",")
    if host.strip()
]
INSIGHTS_TOKEN = os.environ.get("ANALYTICS_DATA_API_TOKEN", "")

ROOT_URLCONF = "analytics_data_api.urls"
WSGI_APPLICATION = "analytics_data_api.wsgi.application"
INSTALLED_APPS = [
    "analytics_data_api",
    "analytics_data_api.reports",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "rest_framework",
    "rest_framework.authtoken",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
# Each URL is served with and without its trailing slash.
APPEND_SLASH = False

# Security -------------------------------------------------------------------------------------
_HTTPS = _choice("ANALYTICS_DATA_API_HTTPS", "on", "off") == "on"
SECURE_SSL_REDIRECT = _HTTPS
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if _HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = _HTTPS
SECURE_HSTS_PRELOAD = _HTTPS
CSRF_COOKIE_SECURE = _HTTPS

# Databases ------------------------------------------------------------------------------------
REPORTS_FILE = Path(os.environ.get("ANALYTICS_DATA_API_REPORTS") or "reports.sqlite3").absolute()
DATABASE_FILE = Path(os.environ.get("ANALYTICS_DATA_API_DATABASE") or "api.sqlite3").absolute()

# A request waits a little for a lock; migrating waits for another writer, and does so when its
# transaction begins, as a reader that turns writer later cannot wait.
_READ: dict[str, Any] = {
    "NAME": f"{REPORTS_FILE.as_uri()}?mode=ro",
    "OPTIONS": {"timeout": 1, "transaction_mode": "DEFERRED"},
}
_WRITE: dict[str, Any] = {
    "NAME": REPORTS_FILE,
    "OPTIONS": {"timeout": 10, "transaction_mode": "IMMEDIATE"},
}
_REPORTS = {"read": _READ, "write": _WRITE}
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": DATABASE_FILE,
        "OPTIONS": {"timeout": 10, "transaction_mode": "IMMEDIATE"},
    },
    "reports": {
        "ENGINE": "django.db.backends.sqlite3",
        **_REPORTS[_choice("ANALYTICS_DATA_API_REPORTS_ACCESS", *_REPORTS)],
    },
}
DATABASE_ROUTERS = ["analytics_data_api.reports.router.ReportsRouter"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# The pipeline writes the tables without Django, and writes every time in UTC without an offset
# (`YYYY-MM-DD HH:MM:SS` in SQLite, DATETIME in MySQL). Naive datetimes pass through Django as
# they stand, so that what is stored, queried and served is one and the same.
USE_TZ = False
TIME_ZONE = "UTC"
USE_I18N = False

# SQLite keeps no column comments; they are for those who read the tables in MySQL.
SILENCED_SYSTEM_CHECKS = ["fields.W163"]

# Answers --------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": [
        "rest_framework.parsers.JSONParser",
        "rest_framework.parsers.FormParser",
        "rest_framework.parsers.MultiPartParser",
    ],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "analytics_data_api.negotiation.QualityNegotiation",
    "DEFAULT_METADATA_CLASS": None,
    "EXCEPTION_HANDLER": "analytics_data_api.exceptions.exception_handler",
    "URL_FORMAT_OVERRIDE": None,
    "DATE_FORMAT": "%Y-%m-%d",
    "DATETIME_FORMAT": "%Y-%m-%dT%H%M%S",
}
# Course ids come as so many values of one form field.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 20_000

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "format": "{asctime} {levelname} {name}: {message}",
            "datefmt": "%Y-%m-%dT%H:%M:%S%z",
            "style": "{",
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    # Django's own handlers write mail and, in development, a console of another form.
    # A request that is answered with 4xx is its client's news.
    "loggers": {
        "django": {"handlers": [], "level": "INFO"},
        "django.request": {"level": "ERROR"},
    },
}
