"""Weekly reports by mail: who gets what, once, from a real mail server."""

from __future__ import annotations

import re
import threading
from contextlib import closing
from datetime import timedelta
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from social_django.models import UserSocialAuth

import mail_server
from course_urls import CS101
from courses_by_hand import UNTIL, insert_course, insert_run
from insights.accounts.models import CourseAccess, LmsAccount
from insights.mail import subscriptions
from insights.mail.models import Subscription
from page_text import plain, text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from email.message import EmailMessage

    from django.contrib.auth.models import User

    from mail_server import MailServer
    from served import Served

BIO = "SampleU/Bio110/2026_T1"
SITE = "https://analytics.example.org"

pytestmark = pytest.mark.django_db


@pytest.fixture
def post(settings: Any) -> Iterator[MailServer]:
    """A mail server that takes what is sent, as the site's settings name it."""
    with mail_server.running() as server:
        settings.EMAIL_BACKEND = "insights.mail.backend.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        settings.EMAIL_USE_TLS = False
        settings.DEFAULT_FROM_EMAIL = "Insights <insights@example.org>"
        settings.SITE_URL = SITE
        yield server


@pytest.fixture
def subscribe(make_user: Callable[..., User]) -> Callable[..., User]:
    """Makes a user who sees a course and is sent its report."""

    def make(name: str, course_id: str = CS101, language: str = "en") -> User:
        user = make_user(name, course_id)
        user.email = f"{name}@example.org"
        user.save()
        subscriptions.start(user, course_id, language)
        return user

    return make


def send() -> list[str]:
    """What the command says; it may be given no reason to fail."""
    said = StringIO()
    call_command("send_reports", stdout=said)
    return said.getvalue().splitlines()


def send_in_vain() -> tuple[list[str], str]:
    """What the command says that fails, and with what."""
    said = StringIO()
    with pytest.raises(CommandError) as error:
        call_command("send_reports", stdout=said)
    assert "\n" not in str(error.value)
    return said.getvalue().splitlines(), str(error.value)


def parts(mail: EmailMessage) -> dict[str, Any]:
    """Its parts, by type; pictures by what the HTML calls them."""
    return {
        part["Content-ID"] or part.get_content_type(): part.get_content()
        for part in mail.walk()
        if not part.is_multipart()
    }


# What a mail tells -------------------------------------------------------------------------------


@pytest.mark.usefixtures("served")
def test_a_mail_tells_what_the_page_tells(
    post: MailServer, subscribe: Callable[..., User], browser: Client
) -> None:
    subscribe("grace")

    assert send() == ["week from 2026-01-12: 1 sent"]

    [(address, mail)] = post.mails
    assert address == mail["To"] == "grace@example.org"
    assert mail["From"] == "Insights <insights@example.org>"
    assert mail["Subject"] == "Introduction to Programming: Week from 12 Jan 2026 to 18 Jan 2026"
    content = parts(mail)
    page = text_of(browser.get(f"/courses/{CS101}/report/"))
    told = [line for line in content["text/plain"].splitlines() if re.search("[0-9]", line)]
    assert len(told) > 12
    not_on_page = [line for line in told if line.removeprefix("- ") not in page]
    assert [line for line in not_on_page if SITE not in line and "Data until" not in line] == []
    for line in told:
        assert line.removeprefix("- ") in plain(content["text/html"]) or SITE in line
    for picture in ("enrollment", "weekly-activity"):
        assert content[f"<{picture}>"].startswith(b"\x89PNG")
        assert f'src="cid:{picture}"' in content["text/html"]
    assert len(mail.as_bytes()) < 200_000


@pytest.mark.usefixtures("served")
def test_links_lead_to_the_site(post: MailServer, subscribe: Callable[..., User]) -> None:
    user = subscribe("grace")
    send()

    content = parts(post.mails[0][1])
    token = user.subscriptions.get().token
    report = f"{SITE}/courses/{CS101}/report"
    wanted = {f"{report}/", f"{report}.pdf", f"{SITE}/mail/stop/{token}/"}
    assert {*re.findall('href="([^"]*)"', content["text/html"])} == wanted
    assert wanted <= {*re.findall(r"https://\S+", content["text/plain"])}


@pytest.mark.usefixtures("served")
def test_who_asked_in_spanish_gets_spanish(
    post: MailServer, subscribe: Callable[..., User]
) -> None:
    subscribe("grace", language="es")
    subscribe("edsger", language="en")
    send()

    subjects = {address: mail["Subject"] for address, mail in post.mails}
    assert subjects["grace@example.org"].endswith(": Semana del 12 ene 2026 al 18 ene 2026")
    assert subjects["edsger@example.org"].endswith(": Week from 12 Jan 2026 to 18 Jan 2026")
    spanish = parts(dict(post.mails)["grace@example.org"])
    assert '<html lang="es"' in spanish["text/html"]
    assert "¿Cuántos estudiantes hay inscritos?" in spanish["text/plain"]


@pytest.mark.parametrize(
    "title",
    ["Evil\r\nBcc: all@example.org", "Tab\there\0\x1b[1m", "Año <b>&amp;</b>", "مقدمة", "x" * 900],
)
def test_no_title_becomes_a_header_or_markup(
    title: str, post: MailServer, subscribe: Callable[..., User], served_by_hand: Served
) -> None:
    course = f"course-v1:Ex+Title+{abs(hash(title))}"
    insert_course(served_by_hand, course, enrolled=40, title=title)
    subscribe("grace", course)
    assert send()[-1].endswith("1 sent")

    [(_address, mail)] = post.mails
    assert "Bcc" not in mail
    assert mail["Subject"].isprintable()
    assert len(mail["Subject"]) < 200
    assert "<b>" not in parts(mail)["text/html"]


def test_a_course_of_one_learner(
    post: MailServer, subscribe: Callable[..., User], served_by_hand: Served
) -> None:
    course = "course-v1:Ex+One+T1"
    insert_course(served_by_hand, course, enrolled=1)
    subscribe("grace", course)
    send()

    text = parts(post.mails[0][1])["text/plain"]
    assert "1 learner was enrolled at the end of 3 May 2026" in text
    assert "Fewer than 10 learners are enrolled" in text
    assert "Where are the learners?" not in text


# Who gets one ------------------------------------------------------------------------------------


@pytest.mark.usefixtures("served")
def test_nobody_gets_one_who_may_not_see_the_course(
    post: MailServer, subscribe: Callable[..., User]
) -> None:
    gone, closed, nowhere = (subscribe(name) for name in ("gone", "closed", "nowhere"))
    CourseAccess.objects.filter(user=gone).delete()
    closed.is_active = False
    closed.save()
    nowhere.email = ""
    nowhere.save()
    subscribe("grace")

    assert send() == [
        f"'gone', '{CS101}': may not see the course any more",
        f"'nowhere', '{CS101}': has no e-mail address that could be right",
        "week from 2026-01-12: 1 sent, 2 not sent",
    ]
    assert post.addresses == ["grace@example.org"]

    CourseAccess.objects.create(user=gone, course_id=CS101)
    send()
    assert post.addresses == ["grace@example.org", "gone@example.org"]


@pytest.mark.usefixtures("served")
def test_while_the_lms_does_not_answer_its_users_get_none(
    post: MailServer, subscribe: Callable[..., User], settings: Any
) -> None:
    settings.LMS_URL = "http://127.0.0.1:9"  # nothing listens there
    subscribe("ada-of-insights")
    for name in ("grace", "hedy"):
        user = subscribe(name)
        LmsAccount.objects.create(user=user, course_ids=[CS101], read_at=None)
        UserSocialAuth.objects.create(
            user=user, provider="edx-oauth2", uid=name, extra_data={"access_token": "token"}
        )

    said, error = send_in_vain()

    assert said == [
        f"'grace', '{CS101}': the LMS does not say whether they may see it",
        f"'hedy', '{CS101}': the LMS does not say whether they may see it",
        "week from 2026-01-12: 1 sent, 2 left for the next run",
    ]
    assert error == "2 left for the next run: the lines above say why"
    assert post.addresses == ["ada-of-insights@example.org"]

    LmsAccount.objects.update(read_at=timezone.now())  # it has said so
    assert send() == ["week from 2026-01-12: 2 sent"]


@pytest.mark.usefixtures("served")
def test_who_signed_out_of_the_lms_gets_none_until_the_next_sign_in(
    post: MailServer, subscribe: Callable[..., User]
) -> None:
    LmsAccount.objects.create(user=subscribe("grace"), course_ids=[CS101], read_at=None)

    assert send()[0] == (
        f"'grace', '{CS101}': has to sign in again, for the LMS to say whether they may see it"
    )
    assert post.mails == []


# Once a week -------------------------------------------------------------------------------------


def test_each_week_is_sent_once(
    post: MailServer, subscribe: Callable[..., User], served_by_hand: Served
) -> None:
    course = "course-v1:Ex+Weeks+T1"
    insert_course(served_by_hand, course, enrolled=40)
    subscribe("grace", course)

    assert send() == ["week from 2026-04-27: 1 sent"]
    assert send() == [
        "nothing is new since the week from 2026-04-27, which was sent: nothing is sent"
    ]
    insert_run(served_by_hand, UNTIL + timedelta(days=6))  # a Saturday
    assert len(send()) == len(post.mails) == 1
    insert_run(served_by_hand, UNTIL + timedelta(days=7))
    assert send() == ["week from 2026-05-04: 1 sent"]
    assert [mail["Subject"].partition(" to ")[0] for _address, mail in post.mails] == [
        f"{course}: Week from 27 Apr 2026",
        f"{course}: Week from 4 May 2026",
    ]


@pytest.mark.usefixtures("served")
def test_stopping_and_starting_brings_no_week_twice(
    post: MailServer, subscribe: Callable[..., User]
) -> None:
    user = subscribe("grace")
    send()
    subscriptions.stop(user, CS101)
    assert send() == ["nobody has asked for a weekly report"]
    subscriptions.start(user, CS101, "en")
    send()

    assert len(post.mails) == 1


def test_a_week_is_claimed_by_one_process_alone(subscribe: Callable[..., User]) -> None:
    subscription = subscribe("grace").subscriptions.get()
    same = Subscription.objects.get(pk=subscription.pk)

    assert subscription.claim(UNTIL)
    assert not same.claim(UNTIL)
    subscription.release(UNTIL)
    assert same.claim(UNTIL)
    assert not subscription.claim(UNTIL - timedelta(days=7))


@pytest.mark.usefixtures("served")
def test_what_another_process_sends_at_this_moment_is_left_to_it(
    post: MailServer, subscribe: Callable[..., User], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one claims the week after this one has read that it is due."""
    subscription = subscribe("grace").subscriptions.get()
    claim = Subscription.claim

    def late(self: Subscription, week: Any) -> bool:
        assert claim(subscription, week)
        return claim(self, week)

    monkeypatch.setattr(Subscription, "claim", late)
    assert send() == ["week from 2026-01-12: nothing is sent"]
    assert post.mails == []


# A mail server that does not ---------------------------------------------------------------------


@pytest.mark.usefixtures("served")
def test_one_refused_address_keeps_no_other_from_its_mail(
    post: MailServer, subscribe: Callable[..., User]
) -> None:
    for name in ("ada", "grace", "hedy"):
        subscribe(name)
    post.recipients = {
        "ada@example.org": "550 5.1.1 no such user here",
        "grace@example.org": "451 4.7.1 greylisted: come back later",
    }

    said, error = send_in_vain()
    assert said == [
        f"'ada', '{CS101}': the mail server answers 550 5.1.1 no such user here",
        f"'grace', '{CS101}': the mail server answers 451 4.7.1 greylisted: come back later",
        "week from 2026-01-12: 1 sent, 1 refused for good, 1 left for the next run",
    ]
    assert error.startswith("1 left for the next run")
    assert post.addresses == ["hedy@example.org"]

    post.recipients.clear()
    assert send() == ["week from 2026-01-12: 1 sent"]
    assert post.addresses == ["hedy@example.org", "grace@example.org"]


@pytest.mark.parametrize(
    ("answers", "complaint"),
    [
        ({"data": "421 4.3.2 shutting down"}, "answers 421 4.3.2 shutting down"),
        ({"recipients": {"grace@example.org": "421 busy"}}, "answers 421 busy"),
        ({"sender": "550 5.7.1 not you"}, "takes no mail from MAIL_FROM (550 5.7.1 not you)"),
        ({"sender": "421 too many"}, "takes no mail from MAIL_FROM (421 too many)"),
    ],
    ids=str,
)
@pytest.mark.usefixtures("served")
def test_what_a_server_refuses_to_all_stays_due(
    post: MailServer, subscribe: Callable[..., User], answers: dict[str, Any], complaint: str
) -> None:
    for name in ("grace", "hedy"):
        subscribe(name)
    vars(post).update(answers)

    said, error = send_in_vain()
    assert said == ["week from 2026-01-12: nothing is sent"]
    assert error == (f"the mail server 127.0.0.1 {complaint}; what is due is sent by the next run")

    vars(post).update(data="", sender="", recipients={})
    assert send() == ["week from 2026-01-12: 2 sent"]


@pytest.mark.usefixtures("served", "post")
def test_a_server_that_is_away(subscribe: Callable[..., User], settings: Any) -> None:
    subscribe("grace")
    settings.EMAIL_PORT = 9  # nothing listens there

    _said, error = send_in_vain()

    assert error.startswith("the mail server 127.0.0.1 cannot be reached (Connection refused)")
    assert Subscription.objects.get().week is None


@pytest.mark.usefixtures("served", "post")
def test_a_connection_that_breaks_within_a_mail_brings_no_second_one(
    subscribe: Callable[..., User], settings: Any
) -> None:
    subscribe("grace")
    with breaking_after_data() as port:
        settings.EMAIL_PORT = port
        said = send()
    assert "not known whether it was taken, so not sent again" in said[0]

    assert "nothing is sent" in send()[-1]


class breaking_after_data:
    """A server that takes a mail and hangs up in place of an answer."""

    def __enter__(self) -> int:
        import socket

        self.listener = socket.create_server(("127.0.0.1", 0))
        self.thread = threading.Thread(target=self.talk)
        self.thread.start()
        port: int = self.listener.getsockname()[1]
        return port

    def talk(self) -> None:
        connection, _address = self.listener.accept()
        with connection, closing(connection.makefile("rwb")) as lines:
            for answer in ("220 hello", "250 hello", "250 OK", "250 OK", "354 go on"):
                lines.write(f"{answer}\r\n".encode())
                lines.flush()
                lines.readline()
            for line in lines:
                if line == b".\r\n":
                    return

    def __exit__(self, *_error: object) -> None:
        self.thread.join(10)
        self.listener.close()


def test_without_a_mail_server_in_the_settings(subscribe: Callable[..., User]) -> None:
    subscribe("grace")

    assert send_in_vain()[1] == "this site sends no mail: SMTP_HOST is not set (docs/mail.md)"


@pytest.mark.usefixtures("post")
def test_without_numbers(
    subscribe: Callable[..., User], served_by_hand: Served, settings: Any
) -> None:
    insert_run(served_by_hand)
    subscribe("grace", "course-v1:Ex+Nothing+T1")
    assert send()[0].endswith("there are no numbers of the course yet")

    settings.DATA_API_URL = "http://127.0.0.1:9/api/v0"  # nothing listens there
    assert send_in_vain()[1].startswith("the Data API gives no numbers: ")


def test_a_course_whose_numbers_fail_keeps_no_other_from_its_mail(
    post: MailServer, subscribe: Callable[..., User], served_by_hand: Served
) -> None:
    broken, whole = "course-v1:Ex+Mail_1_broken+T1", "course-v1:Ex+Mail_2_whole+T1"
    for course in (broken, whole):
        insert_course(served_by_hand, course, enrolled=40)
        subscribe(f"reader-of-{course[13:19]}", course)
    served_by_hand.insert(
        "course_enrollment_birth_year_daily",
        {"course_id": broken, "date": UNTIL, "count": "no number", "cumulative_count": 1},
    )

    said, complaint = send_in_vain()

    assert said[0].startswith(f"'reader-of-Mail_1', '{broken}': the Data API gives no numbers: ")
    assert said[1].endswith("1 sent, 1 left for the next run")
    assert complaint.startswith("1 left for the next run")
    assert [to for to, _mail in post.mails] == ["reader-of-Mail_2@example.org"]
    assert [each.week for each in Subscription.objects.filter(course_id=broken)] == [None]


def test_what_goes_on_while_nobody_has_asked(post: MailServer) -> None:
    assert send() == ["nobody has asked for a weekly report"]
    assert post.mails == []


# Stopping ----------------------------------------------------------------------------------------


@pytest.mark.usefixtures("served")
def test_a_mail_program_stops_it_in_one_click(
    post: MailServer, subscribe: Callable[..., User]
) -> None:
    """As RFC 8058 has it: a POST without cookies, and no redirect."""
    subscribe("grace")
    send()
    [(_address, mail)] = post.mails
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    url = mail["List-Unsubscribe"].strip(" <>")
    assert url.startswith(f"{SITE}/mail/stop/")

    program = Client(enforce_csrf_checks=True)
    answer = program.post(
        url.removeprefix(SITE),
        "List-Unsubscribe=One-Click",
        content_type="application/x-www-form-urlencoded",
    )

    assert answer.status_code == 200
    assert not subscriptions.is_wanted(Subscription.objects.get().user, CS101)


def test_what_only_looks_at_the_link_changes_nothing(
    subscribe: Callable[..., User], client: Client
) -> None:
    subscription = subscribe("grace").subscriptions.get()
    url = f"/mail/stop/{subscription.token}/"

    asked = text_of(client.get(url))
    assert client.head(url).status_code == 200
    subscription.refresh_from_db()
    assert subscription.active
    assert f"Stop this weekly report? It is the one of the course {CS101}." in asked
    assert "grace" not in asked

    for _twice in range(2):
        assert "You will get no more of this report" in text_of(client.post(url))
    assert "You will get no more of this report" in text_of(client.get(url))
    subscription.refresh_from_db()
    assert not subscription.active


@pytest.mark.parametrize("token", ["0" * 40, "x", "a-b"])
def test_a_token_that_somebody_made_up(
    token: str, subscribe: Callable[..., User], client: Client
) -> None:
    subscription = subscribe("grace").subscriptions.get()

    for ask in (client.get, client.post):
        answer = ask(f"/mail/stop/{token}/")
        assert answer.status_code == 404
        assert "This link stops nothing" in answer.content.decode()
        assert "no-store" in answer["Cache-Control"]
    subscription.refresh_from_db()
    assert subscription.active


def test_tokens_cannot_be_guessed(subscribe: Callable[..., User]) -> None:
    tokens = {subscribe(f"user{number}").subscriptions.get().token for number in range(5)}

    assert len(tokens) == 5
    assert all(re.fullmatch("[0-9a-f]{40}", token) for token in tokens)


# The button --------------------------------------------------------------------------------------


@pytest.mark.usefixtures("served", "post")
def test_a_reader_asks_for_it_and_for_its_end(browser: Client, superuser: User) -> None:
    superuser.email = "ada@example.org"
    superuser.save()
    url = f"/courses/{CS101}/report/"
    assert "Send me this every week" in text_of(browser.get(url))

    asked = browser.post(url, {"mail": "on"}, headers={"accept-language": "es"})
    assert (asked.status_code, asked["Location"]) == (302, url)
    page = text_of(browser.get(url))
    assert "ada@example.org cada semana" in page  # what the answer to the form said
    assert "Sent to ada@example.org every week. Stop sending" in page
    assert superuser.subscriptions.get().language == "es"

    browser.post(url, {"mail": "off"})
    assert "This report is no longer sent to you." in text_of(browser.get(url))
    assert not superuser.subscriptions.get().active


@pytest.mark.usefixtures("served", "post")
def test_without_an_address_the_page_says_what_to_do(browser: Client, superuser: User) -> None:
    url = f"/courses/{CS101}/report/"

    assert "if your account had an e-mail address" in text_of(browser.get(url))
    assert browser.post(url, {"mail": "on"}).status_code == 302
    assert not superuser.subscriptions.exists()


@pytest.mark.usefixtures("served")
def test_a_site_without_mail_offers_none(browser: Client, superuser: User) -> None:
    superuser.email = "ada@example.org"
    superuser.save()
    url = f"/courses/{CS101}/report/"

    assert "every week" not in text_of(browser.get(url))
    assert browser.post(url, {"mail": "on"}).status_code == 404


@pytest.mark.usefixtures("served", "post")
def test_nobody_asks_for_the_course_of_others(
    client: Client, make_user: Callable[..., User]
) -> None:
    client.force_login(make_user("grace", BIO))

    assert client.post(f"/courses/{CS101}/report/", {"mail": "on"}).status_code == 403
    assert not Subscription.objects.exists()


@pytest.mark.usefixtures("served", "post")
def test_a_form_from_elsewhere_asks_for_nothing(superuser: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(superuser)

    assert strict.post(f"/courses/{CS101}/report/", {"mail": "on"}).status_code == 403
    assert not Subscription.objects.exists()
