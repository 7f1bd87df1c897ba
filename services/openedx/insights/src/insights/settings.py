"""Settings of Insights: from the YAML file that INSIGHTS_CFG names, or, where it is not set, each
from an environment variable.

INSIGHTS_SECRET_KEY        Django's secret key; required
INSIGHTS_DATA_API_URL      base URL of the Data API, with its version, such as
                           ``http://127.0.0.1:8111/api/v0``; required
INSIGHTS_DATA_API_TOKEN    the token that the Data API gave Insights; required
INSIGHTS_DATA_API_TIMEOUT  seconds to wait for an answer of it, 10 by default
INSIGHTS_DATABASE          users, sessions and course access: path of a SQLite file, or a MariaDB as
                           ``mysql://user:password@host[:port]/name``, percent-encoded
INSIGHTS_STATIC_ROOT       folder of the collected static files
INSIGHTS_CACHE             folder of rendered charts and of counts of failed sign-ins; nobody else
                           may write to it
INSIGHTS_ALLOWED_HOSTS     host names to answer to, separated by commas
INSIGHTS_HTTPS             on (the default): behind TLS; off: plain http on loopback.
                           Whether a request came over TLS is told by X-Forwarded-Proto, if it comes
                           from an address in gunicorn's ``--forwarded-allow-ips``; the reader's
                           address then is the last one in X-Forwarded-For
INSIGHTS_LMS_URL           the LMS through which users sign in, such as ``https://lms.example.org``;
                           without it there are only the accounts of Insights
INSIGHTS_LMS_CLIENT_ID     Insights' OAuth2 application in the LMS; required with it
INSIGHTS_LMS_CLIENT_SECRET its secret; required with it
INSIGHTS_LMS_COURSES_SECONDS  for which the LMS's word on a user's courses is good, 300 by default
INSIGHTS_SESSION_IDLE_MINUTES after its last request a session ends, 720 by default
INSIGHTS_SESSION_HOURS     after its sign-in a session ends, 24 by default
INSIGHTS_AUDIT_DAYS        days for which the audit trail is kept, 365 by default
INSIGHTS_SMTP_HOST         the mail server that sends weekly reports; without it, none are sent
INSIGHTS_SMTP_PORT         its port, 587 by default
INSIGHTS_SMTP_SECURITY     starttls (the default), tls or none; with both of the former, its
                           certificate has to be good for its name
INSIGHTS_SMTP_USER         whom to sign in as there; nobody by default
INSIGHTS_SMTP_PASSWORD     the user's password; required with it
INSIGHTS_MAIL_FROM         whom mails come from, such as ``Insights <insights@example.org>``;
                           required with INSIGHTS_SMTP_HOST
INSIGHTS_SITE_URL          where readers find the pages, such as ``https://analytics.example.org``,
                           for links in mails; required with INSIGHTS_SMTP_HOST
INSIGHTS_LOG_FORMAT        plain (the default), or json: an object a line
"""

from __future__ import annotations

from email.utils import parseaddr
from urllib.parse import urlsplit

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.validators import validate_email

from insights.database import is_news
from insights.mail.server import TIMEOUT
from openedx_base.configuration import Configuration
from openedx_base.logs import DJANGO, FORMATS, logging_for

_configuration = Configuration.load("INSIGHTS_CFG")


def _base_url(name: str) -> str:
    """A URL with scheme and host, without a slash at its end."""
    value = _configuration.required(name)
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.query or parts.fragment:
        raise ImproperlyConfigured(
            f"{name} is {value!r}: set it to a URL such as http://127.0.0.1:8111/api/v0"
        )
    return value.rstrip("/")


def _seconds(name: str, default: float) -> float:
    """A time to wait."""
    value = _configuration.text(name, str(default))
    try:
        seconds = float(value)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 600:
        raise ImproperlyConfigured(f"{name} is {value!r}: set it to seconds from 0.1 to 600")
    return seconds


def _whole(name: str, default: int, most: int) -> int:
    """A whole number from 1 on."""
    value = _configuration.text(name, str(default))
    number = int(value) if value.isascii() and value.isdigit() and len(value) < 10 else 0
    if not 1 <= number <= most:
        raise ImproperlyConfigured(f"{name} is {value!r}: set it to a number from 1 to {most}")
    return number


def _token(name: str) -> str:
    """What can stand in a header."""
    value = _configuration.required(name)
    if not (value.isascii() and value.isprintable()) or " " in value:
        raise ImproperlyConfigured(f"{name} holds a character that no token has")
    return value


def _lms_url(name: str, *, tls: bool) -> str:
    """The LMS's base URL, or an empty one; who the user is may be told over TLS alone."""
    if not _configuration.text(name):
        return ""
    url = _base_url(name)
    parts = urlsplit(url)
    if parts.path or (
        tls and parts.scheme != "https" and parts.hostname not in ("localhost", "127.0.0.1", "::1")
    ):
        raise ImproperlyConfigured(
            f"{name} is {url!r}: set it to a URL such as https://lms.example.org"
        )
    return url


def _mailbox(name: str) -> str:
    """An e-mail address, with a name or without."""
    value = _configuration.required(name)
    _name, address = parseaddr(value)
    try:
        validate_email(address if value.isprintable() else "")
    except ValidationError:
        raise ImproperlyConfigured(
            f"{name} is {value!r}: set it to an address such as Insights <insights@example.org>"
        ) from None
    return value


DEBUG = False
SECRET_KEY = _configuration.required("INSIGHTS_SECRET_KEY")
ALLOWED_HOSTS = _configuration.names("INSIGHTS_ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")

DATA_API_URL = _base_url("INSIGHTS_DATA_API_URL")
DATA_API_TOKEN = _token("INSIGHTS_DATA_API_TOKEN")
DATA_API_TIMEOUT = _seconds("INSIGHTS_DATA_API_TIMEOUT", 10)

LMS_URL = _lms_url("INSIGHTS_LMS_URL", tls=_configuration.switch("INSIGHTS_HTTPS"))
LMS_HOST = urlsplit(LMS_URL).hostname or ""
LMS_COURSES_SECONDS = _whole("INSIGHTS_LMS_COURSES_SECONDS", 300, most=24 * 3600)
# The LMS's list of a user's courses is slow where there are thousands.
LMS_TIMEOUT = 20

ROOT_URLCONF = "insights.urls"
WSGI_APPLICATION = "insights.wsgi.application"
INSTALLED_APPS = [
    "insights",
    "insights.accounts",
    "insights.courses",
    "insights.mail",
    "csp",
    "django_countries",  # their names in other languages
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "social_django",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "insights.accounts.sessions.SessionAgeMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    # Every page asks for a sign-in, but for those that say that they do not.
    "insights.accounts.middleware.SignInMiddleware",
    "insights.error_pages.ErrorPageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

# Security -------------------------------------------------------------------------------------
HTTPS = _configuration.switch("INSIGHTS_HTTPS")
SECURE_SSL_REDIRECT = HTTPS
# Those who watch over the server ask it directly.
SECURE_REDIRECT_EXEMPT = [r"^(health|status)/$"]
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "base-uri": [NONE],
        "connect-src": [SELF],
        "font-src": [SELF],
        # Sign-in and sign-out are forms that lead on to the LMS.
        "form-action": [SELF, *([LMS_URL] if LMS_URL else [])],
        "frame-ancestors": [NONE],
        "img-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
    }
}

# Of our own name, as browsers share cookies among all ports of a host.
CSRF_COOKIE_NAME = "insights_csrf"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SECURE = HTTPS
CSRF_FAILURE_VIEW = "insights.error_pages.csrf_failure"
LANGUAGE_COOKIE_NAME = "insights_language"
SESSION_COOKIE_NAME = "insights_session"
SESSION_COOKIE_SECURE = HTTPS
# A session ends some time after its last request. The cookie stays as long as the browser is open,
# so that the sign-in page can tell a session that ended from none.
SESSION_COOKIE_AGE = 60 * _whole("INSIGHTS_SESSION_IDLE_MINUTES", 720, most=30 * 24 * 60)
SESSION_SECONDS = 3600 * _whole("INSIGHTS_SESSION_HOURS", 24, most=30 * 24)
SESSION_SAVE_EVERY_REQUEST = True
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "courses"
LOGOUT_REDIRECT_URL = "sign-in"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}", "OPTIONS": options}
    for name, options in {
        "UserAttributeSimilarityValidator": {},
        "MinimumLengthValidator": {"min_length": 10},
        "CommonPasswordValidator": {},
        "NumericPasswordValidator": {},
    }.items()
]

# The LMS as a provider of sign-ins, by edx-auth-backends and social-auth-app-django.
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "insights.accounts.lms.LmsOAuth2",
]
SOCIAL_AUTH_EDX_OAUTH2_URL_ROOT = LMS_URL
_of_client = _configuration.required if LMS_URL else _configuration.text
SOCIAL_AUTH_EDX_OAUTH2_KEY = _of_client("INSIGHTS_LMS_CLIENT_ID")
SOCIAL_AUTH_EDX_OAUTH2_SECRET = _of_client("INSIGHTS_LMS_CLIENT_SECRET")
SOCIAL_AUTH_EDX_OAUTH2_REQUESTS_TIMEOUT = LMS_TIMEOUT
SOCIAL_AUTH_REDIRECT_IS_HTTPS = HTTPS
SOCIAL_AUTH_USER_FIELDS = ["username", "email", "first_name", "last_name"]
SOCIAL_AUTH_PIPELINE = [
    "social_core.pipeline.social_auth.social_details",
    "social_core.pipeline.social_auth.social_uid",
    "social_core.pipeline.social_auth.auth_allowed",
    "social_core.pipeline.social_auth.social_user",
    "insights.accounts.lms.refuse",
    "social_core.pipeline.user.create_user",
    "social_core.pipeline.social_auth.associate_user",
    "social_core.pipeline.social_auth.load_extra_data",
    "social_core.pipeline.user.user_details",
    "auth_backends.pipeline.update_email",
    "insights.accounts.lms.note_account",
]

AUDIT_DAYS = _whole("INSIGHTS_AUDIT_DAYS", 365, most=3650)

# Mail -----------------------------------------------------------------------------------------
EMAIL_BACKEND = "insights.mail.backend.EmailBackend"
EMAIL_HOST = _configuration.text("INSIGHTS_SMTP_HOST")
EMAIL_PORT = _whole("INSIGHTS_SMTP_PORT", 587, most=65535)
_mail_security = _configuration.choice("INSIGHTS_SMTP_SECURITY", "starttls", "tls", "none")
EMAIL_USE_TLS, EMAIL_USE_SSL = _mail_security == "starttls", _mail_security == "tls"
EMAIL_HOST_USER = _configuration.text("INSIGHTS_SMTP_USER")
_of_user = _configuration.required if EMAIL_HOST and EMAIL_HOST_USER else _configuration.text
EMAIL_HOST_PASSWORD = _of_user("INSIGHTS_SMTP_PASSWORD")
EMAIL_TIMEOUT = TIMEOUT
if EMAIL_HOST:
    DEFAULT_FROM_EMAIL = _mailbox("INSIGHTS_MAIL_FROM")
    SITE_URL = _base_url("INSIGHTS_SITE_URL")
else:
    DEFAULT_FROM_EMAIL = _configuration.text("INSIGHTS_MAIL_FROM")
    SITE_URL = _configuration.text("INSIGHTS_SITE_URL")

# Files ----------------------------------------------------------------------------------------
DATABASES = {
    "default": _configuration.database(
        "INSIGHTS_DATABASE",
        "insights.sqlite3",
        sqlite={
            "timeout": 10,
            # A reader that turns writer later could not wait for another writer.
            "transaction_mode": "IMMEDIATE",
            # Readers and the writer do not wait for each other.
            "init_command": "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL",
        },
    )
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHE_FOLDER = _configuration.path("INSIGHTS_CACHE", "cache")
CACHES = {
    # Rendered charts: the same for everyone, until their numbers change.
    "default": {
        "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
        "LOCATION": CACHE_FOLDER / "charts",
        "TIMEOUT": 30 * 24 * 3600,
        "OPTIONS": {"MAX_ENTRIES": 5_000},
    },
    # Apart, so that no number of charts drives a count out.
    "sign-in": {
        "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
        "LOCATION": CACHE_FOLDER / "sign-in",
        "OPTIONS": {"MAX_ENTRIES": 10_000},
    },
}

STATIC_URL = "static/"
STATIC_ROOT = _configuration.path("INSIGHTS_STATIC_ROOT", "static")
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "insights.charts.bundle.VegaFinder",
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# Texts ----------------------------------------------------------------------------------------
# As the reader's browser asks for; English where it asks for another.
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("es", "Español")]
USE_I18N = True
USE_THOUSAND_SEPARATOR = True
FORMAT_MODULE_PATH = "insights.formats"
# Days are UTC days, as in the reports.
USE_TZ = True
TIME_ZONE = "UTC"

LOGGING = logging_for(
    _configuration.choice("INSIGHTS_LOG_FORMAT", *FORMATS),
    {
        **DJANGO,
        "django.request": {**DJANGO["django.request"], "filters": [is_news]},
        # The client tells of each failure with a traceback; insights.data_api has a line for it.
        "analyticsclient": {"level": "CRITICAL"},
    },
)

_configuration.refuse_unknown()
