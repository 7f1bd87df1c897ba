"""Signing in and out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.test import Client

from insights.accounts import throttle
from insights.accounts.throttle import FAILURES

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User
    from django.http import HttpResponse

PASSWORD = "kestrel-over-9"
COURSE = "/courses/course-v1:ExampleX+CS101+2026_T1/"
ENDED = "Your session has ended"

pytestmark = pytest.mark.django_db


def sign_in(
    client: Client, name: str, password: str = PASSWORD, back: str = "", **more: Any
) -> HttpResponse:
    form = {"username": name, "password": password, **({"next": back} if back else {})}
    response: HttpResponse = client.post("/sign-in/", form, **more)
    return response


def test_signing_in_leads_back_to_the_page(client: Client, superuser: User) -> None:
    asked = client.get(f"{COURSE}?start=2026-01-01")
    assert asked.url == f"/sign-in/?next={COURSE.replace('+', '%2B')}%3Fstart%3D2026-01-01"
    page = client.get(asked.url)
    assert f'name="next" value="{COURSE}?start=2026-01-01"' in page.content.decode()

    response = sign_in(client, superuser.username, back=f"{COURSE}?start=2026-01-01")

    assert (response.status_code, response["Location"]) == (302, f"{COURSE}?start=2026-01-01")


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"],
)
def test_signing_in_does_not_lead_elsewhere(
    client: Client, superuser: User, elsewhere: str
) -> None:
    assert sign_in(client, superuser.username, back=elsewhere)["Location"] == "/courses/"


def test_a_session_that_ended_is_told_from_none(client: Client, superuser: User) -> None:
    client.force_login(superuser)
    client.session.flush()

    asked = client.get(COURSE)

    assert "ended=1" in asked.url
    assert ENDED in client.get(asked.url).content.decode()
    assert ENDED not in Client().get(Client().get(COURSE).url).content.decode()


def test_a_session_that_ended_is_told_from_one_that_was_ended(
    client: Client, superuser: User
) -> None:
    client.force_login(superuser)

    assert client.post("/sign-out/").url == "/sign-in/"

    assert ENDED not in client.get(client.get(COURSE).url).content.decode()


def test_a_session_lasts_from_request_to_request(client: Client, superuser: User) -> None:
    client.force_login(superuser)
    before = client.session.get_expiry_date()

    response = client.get("/password/")

    assert response.cookies[settings.SESSION_COOKIE_NAME]["httponly"]
    assert client.session.get_expiry_date() > before


def test_signing_out_takes_a_form_of_ours(client: Client, superuser: User) -> None:
    client.force_login(superuser)

    assert client.get("/sign-out/").status_code == 405
    assert client.get("/password/").status_code == 200


def test_wrong_name_and_wrong_password_look_the_same(client: Client, superuser: User) -> None:
    pages = [
        sign_in(client, name, "wrong-one").content.decode()
        for name in (superuser.username, "nobody")
    ]

    known, unknown = (re.sub(r'value="\w+"', "", page) for page in pages)
    assert known == unknown
    assert "Please enter a correct username and password" in known


def test_guessing_is_slowed_down(
    client: Client, superuser: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(FAILURES):
        assert sign_in(client, superuser.username, "wrong-one").status_code == 200

    refused = sign_in(client, superuser.username)

    assert refused.status_code == 429
    assert "Wait five minutes" in refused.content.decode()
    assert sign_in(client, f" {superuser.username.upper()}").status_code == 429
    # Not for others, nor from elsewhere, nor for ever.
    assert sign_in(client, "nobody").status_code == 200
    assert sign_in(Client(REMOTE_ADDR="192.0.2.7"), superuser.username).status_code == 302
    later = throttle.time.time() + throttle.SECONDS + 1
    monkeypatch.setattr(throttle.time, "time", lambda: later)
    assert sign_in(client, superuser.username).status_code == 302


def test_a_success_forgets_failures(client: Client, superuser: User) -> None:
    for _ in range(FAILURES - 1):
        sign_in(client, superuser.username, "wrong-one")
    sign_in(client, superuser.username)

    again = Client()
    assert sign_in(again, superuser.username, "wrong-one").status_code == 200
    assert sign_in(again, superuser.username).status_code == 302


@pytest.mark.parametrize(
    ("https", "address"), [(True, "192.0.2.7"), (False, "127.0.0.1")], ids=["https", "http"]
)
def test_only_behind_a_proxy_its_word_about_the_address_counts(
    rf: Any, settings: Any, https: bool, address: str
) -> None:
    settings.HTTPS = https

    request = rf.get("/", headers={"X-Forwarded-For": "203.0.113.9, 192.0.2.7"})

    assert throttle.address_of(request) == address


def test_a_form_from_elsewhere_is_refused_with_a_page(superuser: User) -> None:
    client = Client(enforce_csrf_checks=True)

    response = sign_in(client, superuser.username)

    assert response.status_code == 403
    assert "This form is no longer valid" in response.content.decode()


def test_the_password_can_be_changed(client: Client, make_user: Callable[..., User]) -> None:
    make_user("grace")
    sign_in(client, "grace")
    new = "merlin-8x8-b"

    response = client.post(
        "/password/",
        {"old_password": PASSWORD, "new_password1": new, "new_password2": new},
    )

    assert response.url == "/courses/"
    assert sign_in(Client(), "grace").status_code == 200
    assert sign_in(Client(), "grace", new).status_code == 302
