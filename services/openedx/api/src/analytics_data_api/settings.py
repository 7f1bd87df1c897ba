"""Settings of the Data API: from the YAML file that ANALYTICS_API_CFG names, or, where it is not
set, each from an environment variable.

ANALYTICS_DATA_API_REPORTS         the ``reports`` database: path of a SQLite file, or a MariaDB as
                                   ``mysql://user:password@host[:port]/name``, percent-encoded
ANALYTICS_DATA_API_REPORTS_MIGRATIONS
                                   the same MariaDB for a user who may migrate it; read by the
                                   command ``prepare``; the one above by default
ANALYTICS_DATA_API_REPORTS_ACCESS  of a SQLite file: read (the default), or write: set by what
                                   migrates ``reports``
ANALYTICS_DATA_API_DATABASE        the API's own database of users and tokens: path or URL
ANALYTICS_DATA_API_REPORT_FILES    folder of the reports that are files; without it there are none
ANALYTICS_DATA_API_ELASTICSEARCH   URL of the Elasticsearch that has the learner roster, as
                                   http://elasticsearch:9200; without it the reports are searched
ANALYTICS_DATA_API_LMS_ACCOUNT_URL where the LMS has its learners' pages, as
                                   https://lms.example.org/u/; without it there are no links to them
ANALYTICS_DATA_API_PUBLIC_URL      where browsers find the API, as https://analytics.example.org, in
                                   links to files; by default where the request found it
ANALYTICS_DATA_API_SECRET_KEY      Django's secret key; without it each process makes its own
ANALYTICS_DATA_API_ALLOWED_HOSTS   host names to answer to, separated by commas
ANALYTICS_DATA_API_HTTPS           on (the default): behind TLS; off: plain http on loopback.
                                   Whether a request came over TLS is told by X-Forwarded-Proto, if
                                   it comes from an address in gunicorn's ``--forwarded-allow-ips``
ANALYTICS_DATA_API_TOKEN           the token of Insights; read by the command ``prepare``
ANALYTICS_DATA_API_RATE            how often a token may ask each process: 600/minute by default, or
                                   none: as often as it likes, as Insights' own always may
ANALYTICS_DATA_API_LOG_FORMAT      plain (the default), or json: an object a line
"""

from __future__ import annotations

import re
import secrets
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from openedx_base.configuration import Configuration
from openedx_base.databases import is_mariadb
from openedx_base.logs import DJANGO, FORMATS, logging_for

_configuration = Configuration.load("ANALYTICS_API_CFG")


def _rate(text: str) -> str | None:
    """How often a token may ask, as DRF has it; None: as often as it likes."""
    if text == "none":
        return None
    if not re.fullmatch(r"([1-9]\d{0,8}/(second|minute|hour|day))?", text):
        raise ImproperlyConfigured(
            f"ANALYTICS_DATA_API_RATE is {text!r}: set it to a rate such as 600/minute, or to none"
        )
    return text or "600/minute"


DEBUG = False
SECRET_KEY = _configuration.text("ANALYTICS_DATA_API_SECRET_KEY") or secrets.token_urlsafe(50)
ALLOWED_HOSTS = _configuration.names(
    "ANALYTICS_DATA_API_ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]"
)
ELASTICSEARCH = _configuration.names("ANALYTICS_DATA_API_ELASTICSEARCH", "")
LMS_ACCOUNT_URL = _configuration.text("ANALYTICS_DATA_API_LMS_ACCOUNT_URL")
PUBLIC_URL = _configuration.text("ANALYTICS_DATA_API_PUBLIC_URL").rstrip("/")
INSIGHTS_TOKEN = _configuration.text("ANALYTICS_DATA_API_TOKEN")

ROOT_URLCONF = "analytics_data_api.urls"
WSGI_APPLICATION = "analytics_data_api.wsgi.application"
INSTALLED_APPS = [
    "analytics_data_api",
    "analytics_data_api.reports",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.staticfiles",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "rest_framework",
    "rest_framework.authtoken",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
# Each URL is served with and without its trailing slash.
APPEND_SLASH = False

# Security -------------------------------------------------------------------------------------
_HTTPS = _configuration.switch("ANALYTICS_DATA_API_HTTPS")
SECURE_SSL_REDIRECT = _HTTPS
# Those who watch over the server ask it directly.
SECURE_REDIRECT_EXEMPT = [r"^(health|status)/?$"]
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if _HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = _HTTPS
SECURE_HSTS_PRELOAD = _HTTPS

# Databases ------------------------------------------------------------------------------------
# In SQLite, a request waits a little for a lock; migrating waits for another writer, and does so
# when its transaction begins, as a reader that turns writer later cannot wait.
_access = _configuration.choice("ANALYTICS_DATA_API_REPORTS_ACCESS", "read", "write")
_REPORTS = {
    "read": {"timeout": 1, "transaction_mode": "DEFERRED"},
    "write": {"timeout": 10, "transaction_mode": "IMMEDIATE"},
}
DATABASES = {
    "default": _configuration.database(
        "ANALYTICS_DATA_API_DATABASE", "api.sqlite3", sqlite=_REPORTS["write"]
    ),
    "reports": _configuration.database(
        "ANALYTICS_DATA_API_REPORTS",
        "reports.sqlite3",
        sqlite=_REPORTS[_access],
        # All that a transaction reads is of one moment.
        mariadb={"isolation_level": "repeatable read"},
    ),
}
_migrations = _configuration.text(
    "ANALYTICS_DATA_API_REPORTS_MIGRATIONS", _configuration.text("ANALYTICS_DATA_API_REPORTS")
)
if is_mariadb(DATABASES["reports"]):
    DATABASES["reports_migrations"] = _configuration.database(
        "ANALYTICS_DATA_API_REPORTS_MIGRATIONS",
        _migrations,
        mariadb={"read_timeout": 3600},  # a table may be large
    )
else:
    REPORTS_FILE = DATABASES["reports"]["NAME"]
    if _access == "read":
        DATABASES["reports"]["NAME"] = f"{REPORTS_FILE.as_uri()}?mode=ro"
_files = _configuration.text("ANALYTICS_DATA_API_REPORT_FILES")
REPORT_FILES = Path(_files).absolute() if _files else None
DATABASE_ROUTERS = ["analytics_data_api.reports.router.ReportsRouter"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# The pipeline writes the tables without Django, and writes every time in UTC without an offset
# (`YYYY-MM-DD HH:MM:SS` in SQLite, DATETIME in MySQL). Naive datetimes pass through Django as
# they stand, so that what is stored, queried and served is one and the same.
USE_TZ = False
TIME_ZONE = "UTC"
USE_I18N = False

SILENCED_SYSTEM_CHECKS = [
    # SQLite keeps no column comments; they are for those who read the tables in MySQL.
    "fields.W163",
    # Who asks is told by a header, which no form of another site sends, and by no cookie.
    "security.W003",
]

# Answers --------------------------------------------------------------------------------------
_MEMORY = "django.core.cache.backends.locmem.LocMemCache"
CACHES = {
    # What throttles count.
    "default": {"BACKEND": _MEMORY},
    # Apart, so that no number of answers drives a count out.
    "answers": {
        "BACKEND": _MEMORY,
        "LOCATION": "answers",
        "TIMEOUT": None,
        "OPTIONS": {"MAX_ENTRIES": 1000},
    },
}
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["analytics_data_api.authentication.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": [
        "rest_framework.parsers.JSONParser",
        "rest_framework.parsers.FormParser",
        "rest_framework.parsers.MultiPartParser",
    ],
    "DEFAULT_SCHEMA_CLASS": "analytics_data_api.documentation.schema.Documentation",
    "DEFAULT_THROTTLE_CLASSES": ["analytics_data_api.throttles.TokenThrottle"],
    "DEFAULT_THROTTLE_RATES": {"user": _rate(_configuration.text("ANALYTICS_DATA_API_RATE"))},
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "analytics_data_api.negotiation.QualityNegotiation",
    "DEFAULT_METADATA_CLASS": None,
    "EXCEPTION_HANDLER": "analytics_data_api.exceptions.exception_handler",
    "URL_FORMAT_OVERRIDE": None,
    "DATE_FORMAT": "%Y-%m-%d",
    "DATETIME_FORMAT": "%Y-%m-%dT%H%M%S",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Data API of Analytics Micro",
    "DESCRIPTION": (
        "Course analytics of an Open edX site. All that is here below `/api/v0/` is below"
        " `/api/v1/` too, but for learners by year of birth. Every answer is JSON, or CSV if the"
        " request's Accept header prefers `text/csv`; every error is JSON."
    ),
    "VERSION": "0",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "ENUM_NAME_OVERRIDES": {"StateEnum": "analytics_data_api.serializers.STATES"},
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "analytics_data_api.documentation.schema.share_responses",
    ],
}
# What the pages of the documentation need, from the packages that have it.
STATIC_URL = "/docs/assets/"
STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.AppDirectoriesFinder"]
WHITENOISE_USE_FINDERS = True

# Course ids come as so many values of one form field.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 20_000

LOGGING = logging_for(
    _configuration.choice("ANALYTICS_DATA_API_LOG_FORMAT", *FORMATS),
    # A line for each search says nothing that the request's own does not.
    {**DJANGO, "elastic_transport": {"level": "ERROR"}},
)

_configuration.refuse_unknown()
