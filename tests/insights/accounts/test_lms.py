"""Signing in through the LMS, a real provider in its own process, and what it says of courses."""

from __future__ import annotations

import logging
import re
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from social_django.models import UserSocialAuth

import lms_services
from insights.accounts.access import courses_of
from insights.accounts.models import CourseAccess, LmsAccount
from lms import CLIENT_ID, CLIENT_SECRET, Lms, lms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from django.contrib.auth.models import User
    from django.http import HttpResponse
    from django.test import Client

CS101, BIO = "course-v1:ExampleX+CS101+2026_T1", "SampleU/Bio110/2026_T1"
ART = "course-v1:ExampleX+ART+2026_T1"
CALLBACK = "http://testserver/complete/edx-oauth2/"
PASSWORD = "kestrel-over-9"
PEOPLE = {
    "grace": {"password": PASSWORD, "courses": [CS101, BIO, ART]},
    "wanda": {"password": PASSWORD},
    "root": {"password": PASSWORD, "superuser": True},
}

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def module_lms(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lms]:
    with lms(tmp_path_factory.mktemp("lms"), PEOPLE, CALLBACK) as running:
        yield running


@pytest.fixture
def site_lms(module_lms: Lms, settings: Any) -> Lms:
    """The LMS that Insights signs in through, with the people that there were at first."""
    for name, person in PEOPLE.items():
        module_lms.change(name, **(dict.fromkeys(("answer", "status", "token_seconds")) | person))
    settings.LMS_URL = settings.SOCIAL_AUTH_EDX_OAUTH2_URL_ROOT = module_lms.url
    settings.LMS_HOST = "127.0.0.1"
    settings.SOCIAL_AUTH_EDX_OAUTH2_KEY = CLIENT_ID
    settings.SOCIAL_AUTH_EDX_OAUTH2_SECRET = CLIENT_SECRET
    return module_lms


class AtTheLms:
    """Somebody's browser, as far as it is at the LMS."""

    def __init__(self) -> None:
        self.session = requests.Session()

    def answer(self, url: str, name: str, *, allow: bool = True) -> str:
        """Sign in to the LMS and answer its question; where the LMS then leads."""
        form = self.session.get(url, timeout=10)
        if "/login" in form.url:
            credentials = {"username": name, "password": PASSWORD}
            form = self._send(form, credentials)
        fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form.text))
        fields |= {"allow": "Authorize"} if allow else {}
        back = self._send(form, fields, allow_redirects=False)
        assert back.status_code == 302, back.text
        return back.headers["Location"]

    def _send(self, form: Any, fields: dict[str, str], **options: Any) -> Any:
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form.text)
        assert token, form.text
        data = {**fields, "csrfmiddlewaretoken": token[1]}
        return self.session.post(
            form.url, data, headers={"Referer": form.url}, timeout=10, **options
        )


def begin(client: Client, back: str = "") -> str:
    """Where Insights leads."""
    answer = client.post("/sign-in/lms/", {"next": back} if back else {})
    assert answer.status_code == 302
    return str(answer["Location"])


def sign_in(client: Client, name: str, back: str = "") -> HttpResponse:
    """Insights' answer when the LMS leads back."""
    return client.get(AtTheLms().answer(begin(client, back), name))


def grow_old(settings: Any) -> None:
    """What the LMS said is too old."""
    settings.LMS_COURSES_SECONDS = 0.01
    time.sleep(0.02)


@pytest.mark.usefixtures("site_lms")
def test_sign_in_leads_back_and_shows_the_courses_that_the_user_staffs(client: Client) -> None:
    answer = sign_in(client, "grace", back="/courses/?page=1")

    assert answer.status_code == 302
    assert answer["Location"] == "/courses/?page=1"
    user = get_user_model().objects.get(username="grace")
    assert not user.has_usable_password()
    assert user.email == "grace@example.org"
    assert courses_of(user) == [BIO, ART, CS101]
    assert client.get("/password/").status_code == 404


@pytest.mark.usefixtures("site_lms")
def test_who_signs_in_through_the_lms_is_logged(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    sign_in(client, "grace")

    assert "'grace' signed in through the LMS" in caplog.messages
    assert CLIENT_SECRET not in caplog.text
    assert UserSocialAuth.objects.get().access_token not in caplog.text


@pytest.mark.usefixtures("site_lms")
def test_a_superuser_of_the_lms_sees_all_courses(client: Client) -> None:
    sign_in(client, "root")

    user = get_user_model().objects.get(username="root")
    assert courses_of(user) is None
    assert not user.is_superuser


@pytest.mark.usefixtures("site_lms")
def test_whoever_staffs_nothing_sees_nothing(client: Client) -> None:
    sign_in(client, "wanda")
    user = get_user_model().objects.get(username="wanda")
    CourseAccess.objects.create(user=user, course_id=CS101)

    assert courses_of(user) == []


@pytest.mark.usefixtures("site_lms")
def test_the_question_to_the_lms_has_a_state_and_a_challenge_of_its_own(client: Client) -> None:
    questions = [parse_qs(urlsplit(begin(client)).query) for _ in range(2)]

    for question in questions:
        assert question["code_challenge_method"] == ["S256"]
        assert question["redirect_uri"] == [CALLBACK]
        assert question["response_type"] == ["code"]
    assert questions[0]["state"] != questions[1]["state"]
    assert questions[0]["code_challenge"] != questions[1]["code_challenge"]


@pytest.mark.usefixtures("site_lms")
@pytest.mark.parametrize("back", ["https://elsewhere.example.org/", "//elsewhere.example.org"])
def test_a_sign_in_leads_to_no_other_site(client: Client, back: str) -> None:
    assert sign_in(client, "grace", back)["Location"] == "/courses/"


@pytest.mark.usefixtures("site_lms")
def test_an_answer_for_another_browser_is_not_taken(
    client: Client, django_user_model: type[User]
) -> None:
    other = type(client)()
    begin(client)

    answer = client.get(AtTheLms().answer(begin(other), "grace"))

    assert answer.status_code == 403
    assert "in another browser" in answer.content.decode()
    assert not django_user_model.objects.exists()


@pytest.mark.usefixtures("site_lms")
def test_an_answer_is_taken_once(client: Client) -> None:
    back = AtTheLms().answer(begin(client), "grace")
    client.get(back)
    client.post("/sign-out/")

    assert client.get(back).status_code == 403
    assert client.get("/courses/").status_code == 302


@pytest.mark.usefixtures("site_lms")
def test_a_code_without_the_verifier_that_goes_with_it_is_refused_by_the_lms(
    client: Client,
) -> None:
    """Somebody slips their own code into another's sign-in."""
    own = parse_qs(urlsplit(AtTheLms().answer(begin(type(client)()), "wanda")).query)["code"][0]
    back = AtTheLms().answer(begin(client), "grace")
    state = parse_qs(urlsplit(back).query)["state"][0]

    answer = client.get("/complete/edx-oauth2/", {"code": own, "state": state})

    assert answer.status_code == 502
    assert not get_user_model().objects.exists()


@pytest.mark.usefixtures("site_lms")
def test_whoever_refuses_is_not_signed_in(client: Client) -> None:
    answer = client.get(AtTheLms().answer(begin(client), "grace", allow=False))

    assert answer.status_code == 403
    assert "You did not allow the sign-in" in answer.content.decode()
    assert client.get("/courses/").status_code == 302


@pytest.mark.usefixtures("site_lms")
@pytest.mark.parametrize("name", ["grace", "GRACE"])
def test_nobody_gets_a_local_account_by_its_name(
    client: Client, make_user: Callable[..., User], name: str
) -> None:
    make_user(name, superuser=True)

    answer = sign_in(client, "grace")

    assert answer.status_code == 403
    assert "that is not the LMS’s" in answer.content.decode()
    assert client.get("/courses/").status_code == 302


@pytest.mark.usefixtures("site_lms")
def test_an_account_that_was_closed_here_is_not_opened_by_the_lms(client: Client) -> None:
    sign_in(client, "grace")
    get_user_model().objects.update(is_active=False)

    answer = sign_in(type(client)(), "grace")

    assert answer.status_code == 403
    assert "was closed" in answer.content.decode()
    assert client.get("/courses/").status_code == 302


def test_a_revoked_role_is_known_once_the_last_answer_is_too_old(
    site_lms: Lms, client: Client, settings: Any
) -> None:
    sign_in(client, "grace")
    user = get_user_model().objects.get(username="grace")
    assert CS101 in (courses_of(user) or [])
    site_lms.change("grace", courses=[BIO])
    assert CS101 in (courses_of(user) or [])

    grow_old(settings)

    assert courses_of(user) == [BIO]
    assert client.get(f"/courses/{CS101}/").status_code == 403


def test_a_superuser_who_is_none_any_more_sees_what_they_staff(
    site_lms: Lms, client: Client, settings: Any
) -> None:
    sign_in(client, "root")
    user = get_user_model().objects.get(username="root")
    assert courses_of(user) is None
    site_lms.change("root", superuser=False, courses=[BIO])

    grow_old(settings)

    assert courses_of(user) == [BIO]


def test_an_expired_token_is_renewed(site_lms: Lms, client: Client, settings: Any) -> None:
    site_lms.change("grace", token_seconds=-10)
    sign_in(client, "grace")
    before = UserSocialAuth.objects.get().access_token
    site_lms.change("grace", token_seconds=3600)

    assert courses_of(get_user_model().objects.get(username="grace")) == [BIO, ART, CS101]

    assert UserSocialAuth.objects.get().access_token != before
    grow_old(settings)
    assert courses_of(get_user_model().objects.get(username="grace")) == [BIO, ART, CS101]


@pytest.mark.parametrize(
    ("status", "answer"),
    [(500, ""), (403, "{}"), (200, "no JSON"), (200, "[]"), (200, '{"results": ["A/B/C"]}')],
)
def test_without_a_good_answer_nobody_sees_a_course(
    site_lms: Lms, client: Client, settings: Any, status: int, answer: str
) -> None:
    sign_in(client, "grace")
    assert courses_of(get_user_model().objects.get(username="grace"))
    site_lms.change("grace", answer=answer, status=status)
    grow_old(settings)

    for path in ("/courses/", f"/courses/{CS101}/", "/courses/courses.csv"):
        shown = client.get(path)
        assert shown.status_code == 503
        assert "does not say which courses you staff" in shown.content.decode()
        assert CS101 not in shown.content.decode()

    site_lms.change("grace", answer=None, status=None)
    assert courses_of(get_user_model().objects.get(username="grace"))


@pytest.mark.usefixtures("site_lms")
def test_while_the_lms_is_away_nobody_sees_a_course_or_signs_in(
    client: Client, settings: Any
) -> None:
    sign_in(client, "grace")
    back = AtTheLms().answer(begin(type(client)()), "grace")
    settings.LMS_URL = settings.SOCIAL_AUTH_EDX_OAUTH2_URL_ROOT = "http://127.0.0.1:9"
    grow_old(settings)

    assert client.get("/courses/").status_code == 503
    other = type(client)()
    state = parse_qs(urlsplit(begin(other)).query)["state"][0]
    code = parse_qs(urlsplit(back).query)["code"][0]
    answer = other.get("/complete/edx-oauth2/", {"code": code, "state": state})
    assert answer.status_code == 502
    assert "could not be asked" in answer.content.decode()


@pytest.mark.usefixtures("site_lms")
@pytest.mark.parametrize("renewed", [False, True], ids=["sign-in", "renewal"])
def test_a_redirect_carries_no_secret(
    client: Client, settings: Any, caplog: pytest.LogCaptureFixture, renewed: bool
) -> None:
    back = AtTheLms().answer(begin(client), "root")
    token = "/oauth2/access_token"
    with lms_services.serving() as site, lms_services.serving() as other:
        site.ail(token, "elsewhere", for_ever=True)
        site.elsewhere = other.url
        if renewed:
            client.get(back)
            courses_of(get_user_model().objects.get(username="root"))
            grow_old(settings)
        settings.SOCIAL_AUTH_EDX_OAUTH2_URL_ROOT = site.url

        answer = client.get("/courses/" if renewed else back)

    assert answer.status_code == (503 if renewed else 502)
    assert site.asked == {token: 1}
    assert other.heard == []
    assert (
        f"{site.url}{token} leads to {other.url}{token}: set LMS_SIGN_IN_URL to the address that"
        " it leads to"
    ) in caplog.messages
    assert CLIENT_SECRET not in caplog.text


def test_whose_lms_account_is_gone_is_signed_out(
    site_lms: Lms, client: Client, settings: Any
) -> None:
    sign_in(client, "grace")
    site_lms.remove("grace")
    grow_old(settings)

    answer = client.get("/courses/")

    assert answer.status_code == 302
    assert answer["Location"] == "/sign-in/?next=/courses/&ended=1"
    assert "_auth_user_id" not in client.session


@pytest.mark.usefixtures("site_lms")
def test_signing_out_ends_the_session_here_and_at_the_lms(client: Client, settings: Any) -> None:
    sign_in(client, "grace")
    user = get_user_model().objects.get(username="grace")

    answer = client.post("/sign-out/")

    leads_to = urlsplit(answer["Location"])
    assert f"{leads_to.scheme}://{leads_to.netloc}{leads_to.path}" == f"{settings.LMS_URL}/logout"
    assert parse_qs(leads_to.query)["redirect_url"] == ["http://testserver/sign-in/"]
    assert client.get("/courses/").status_code == 302
    assert UserSocialAuth.objects.get(user=user).extra_data == {}
    assert LmsAccount.objects.get().read_at is None


@pytest.mark.usefixtures("site_lms")
def test_the_sign_in_page_offers_the_lms_and_local_accounts(
    client: Client, make_user: Callable[..., User]
) -> None:
    make_user("ada")
    page = client.get("/sign-in/", {"next": "/courses/"}).content.decode()

    assert "Sign in through 127.0.0.1" in page
    answer = client.post("/sign-in/", {"username": "ada", "password": PASSWORD})
    assert answer["Location"] == "/courses/"
    assert client.post("/sign-out/")["Location"] == "/sign-in/"


def test_without_an_lms_there_is_no_way_to_it(client: Client) -> None:
    assert "through" not in client.get("/sign-in/").content.decode()
    assert client.post("/sign-in/lms/").status_code == 404
    assert client.get("/complete/edx-oauth2/").status_code == 404


def test_a_session_ends_some_time_after_its_sign_in(
    client: Client, make_user: Callable[..., User], settings: Any
) -> None:
    client.force_login(make_user("ada"))
    settings.SESSION_SECONDS = 3600
    assert client.get("/password/").status_code == 200
    session = client.session
    session["began"] -= 3601
    session.save()

    answer = client.get("/password/")

    assert answer.status_code == 302
    assert answer["Location"] == "/sign-in/?next=/password/&ended=1"
    assert not Session.objects.exists()
