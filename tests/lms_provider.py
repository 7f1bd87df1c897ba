"""An LMS as far as sign-in goes, in a process of its own: `gunicorn lms_provider:application`.

As in the LMS, django-oauth-toolkit is the provider, under the LMS's paths; `token_type=jwt` gets an
access token that is a JWT with the LMS's claims, and the course API says which courses its bearer
staffs. Its own is the page on which one signs in. LMS_PROVIDER names a folder: `people.json` in it
may change at any time.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import django
import jwt
from django.conf import settings

FOLDER = Path(os.environ["LMS_PROVIDER"])
KEY = "the LMS's own key of tests, which signs its access tokens: 0123456789 abcdef"

settings.configure(
    SECRET_KEY=KEY,
    ALLOWED_HOSTS=["127.0.0.1", "localhost"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "oauth2_provider",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "OPTIONS": {
                "loaders": [
                    (
                        "django.template.loaders.locmem.Loader",
                        {
                            "login.html": "<title>LMS</title><h1>LMS</h1><form method=post>"
                            "{% csrf_token %}{{ form.as_p }}<button>Sign in to the LMS</button>",
                            # The library's own loads styles from elsewhere.
                            "oauth2_provider/base.html": "<title>LMS</title>{% block content %}"
                            "{% endblock %}",
                        },
                    ),
                    "django.template.loaders.app_directories.Loader",
                ],
                "context_processors": ["django.template.context_processors.request"],
            },
        }
    ],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": FOLDER / "lms.sqlite3"}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
    SESSION_COOKIE_NAME="lms_session",
    CSRF_COOKIE_NAME="lms_csrf",
    LOGIN_URL="/login",
    USE_TZ=True,
    OAUTH2_PROVIDER={
        "SCOPES": {name: name for name in ("user_id", "profile", "email", "read", "write")},
        "REFRESH_TOKEN_GRACE_PERIOD_SECONDS": 120,
        "PKCE_REQUIRED": True,
    },
)
django.setup()

from django.contrib.auth import logout  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.contrib.auth.views import LoginView  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.http import HttpRequest, HttpResponse, JsonResponse  # noqa: E402
from django.shortcuts import redirect  # noqa: E402
from django.urls import include, path  # noqa: E402
from oauth2_provider.models import AccessToken, Application  # noqa: E402
from oauth2_provider.views import AuthorizationView, TokenView  # noqa: E402


def people() -> dict[str, Any]:
    """Who there is now: name to password, superuser, courses, token_seconds, answer."""
    found: dict[str, Any] = json.loads((FOLDER / "people.json").read_text())
    return found


class AccessTokenView(TokenView):
    """Tokens, as JWT where that is asked for."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = super().post(request, *args, **kwargs)
        if response.status_code != 200 or request.POST.get("token_type") != "jwt":
            return response
        content = json.loads(response.content)
        user = AccessToken.objects.get(token=content["access_token"]).user
        person = people().get(user.username)
        if person is None:
            return JsonResponse({"error": "invalid_grant"}, status=400)
        claims: dict[str, Any] = {
            "preferred_username": user.username,
            "exp": time.time() + person.get("token_seconds", 3600),
            "scopes": content["scope"].split(),
        }
        if "profile" in claims["scopes"]:
            claims |= {"name": user.username.title(), "administrator": False}
            claims |= {"superuser": person.get("superuser", False)}
        if "email" in claims["scopes"]:
            claims["email"] = f"{user.username}@example.org"
        if "user_id" in claims["scopes"]:
            claims["user_id"] = user.id
        token = jwt.encode(claims, KEY, algorithm="HS256")
        return JsonResponse({**content, "access_token": token, "token_type": "JWT"})


def course_ids(request: HttpRequest) -> HttpResponse:
    """The LMS's `api/courses/v1/course_ids/`, for the bearer's own name, two a page."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    try:
        claims = jwt.decode(token, KEY, algorithms=["HS256"])
    except jwt.InvalidTokenError:
        claims = {}
    person = people().get(claims.get("preferred_username"))
    if kind != "JWT" or person is None:
        return JsonResponse({"detail": "Invalid token."}, status=401)
    if request.GET["username"] != claims["preferred_username"]:
        return JsonResponse({"detail": "Not permitted."}, status=403)
    if "answer" in person:
        return HttpResponse(person["answer"], status=person.get("status", 200))
    assert request.GET["role"] == "staff"
    page = int(request.GET["page"])
    found = person.get("courses", [])
    more = found[2 * page :]
    return JsonResponse(
        {
            "results": found[2 * page - 2 : 2 * page],
            "pagination": {"next": f"?page={page + 1}" if more else None, "count": len(found)},
        }
    )


def sign_out(request: HttpRequest) -> HttpResponse:
    """Leads back to hosts that are known alone: the LMS's own, and those of Insights."""
    logout(request)
    back = request.GET.get("redirect_url", "")
    uris = json.loads((FOLDER / "application.json").read_text())["redirect_uris"].split()
    known = {*settings.ALLOWED_HOSTS, *(urlsplit(uri).hostname for uri in uris)}
    if urlsplit(back).hostname in known:
        return redirect(back)
    return HttpResponse("signed out of the LMS")


def status(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    return HttpResponse("OK")


_provider = (
    [
        path("authorize", AuthorizationView.as_view(), name="authorize"),
        path("access_token", AccessTokenView.as_view(), name="token"),
    ],
    "oauth2_provider",
)
urlpatterns = [
    path("oauth2/", include(_provider)),
    path("api/courses/v1/course_ids/", course_ids),
    path("login", LoginView.as_view(template_name="login.html")),
    path("logout", sign_out),
    path("status/", status),
]


def fill() -> None:
    """Tables, people, and the application that an operator makes for Insights."""
    call_command("migrate", verbosity=0)
    for name, person in people().items():
        User.objects.create_user(name, password=person["password"])
    application = json.loads((FOLDER / "application.json").read_text())
    Application.objects.create(
        name="Insights",
        client_type=Application.CLIENT_CONFIDENTIAL,
        authorization_grant_type=Application.GRANT_AUTHORIZATION_CODE,
        **application,
    )


if not (FOLDER / "lms.sqlite3").exists():
    fill()
application = get_wsgi_application()
