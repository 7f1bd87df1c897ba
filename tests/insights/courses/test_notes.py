"""Notes on days: who writes, changes and removes them, and where they are shown."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from insights.courses import notes
from insights.courses.models import LONGEST, Note
from insights.courses.notes import Draft, is_empty, one_line
from insights.courses.views.notes import NoteForm
from page_text import text_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User

    from served import Served

CS101, BIO = "course-v1:ExampleX+CS101+2026_T1", "SampleU/Bio110/2026_T1"
NOTES = f"/courses/{CS101}/notes/"
NOTE, REMOVAL = f"{NOTES}note/", f"{NOTES}note/removal/"
ENROLLMENT = f"/courses/{CS101}/enrollment/activity/"
ENGAGEMENT = f"/courses/{CS101}/engagement/content/"
EXAM = {"day": "2026-01-12", "text": "Exam 1"}

pytestmark = pytest.mark.django_db


@pytest.fixture
def grace(make_user: Callable[..., User]) -> Client:
    """A browser of somebody who sees CS101."""
    client = Client()
    client.force_login(make_user("grace", CS101))
    return client


def written(text: str = "Exam 1", day: str = "2026-01-12", course_id: str = CS101) -> Note:
    """A note that is there."""
    return Note.objects.create(
        course_id=course_id, day=date.fromisoformat(day), text=text, author="ada"
    )


def told(client: Client, answer: Any) -> str:
    """What a page says that a form led to."""
    assert answer.status_code == 302
    return text_of(client.get(answer["Location"]))


@pytest.mark.usefixtures("served")
def test_a_note_is_written_changed_by_another_and_removed(
    browser: Client, grace: Client, caplog: pytest.LogCaptureFixture
) -> None:
    assert "The note has been added." in told(browser, browser.post(NOTES, EXAM))
    [note] = Note.objects.all()
    assert (note.course_id, note.day, note.text) == (CS101, date(2026, 1, 12), "Exam 1")
    assert re.search(r"12 Jan 2026 Exam 1 Written by ada on \d", text_of(grace.get(NOTES)))

    page = grace.get(NOTE, {"note": note.pk}).content.decode()
    [seen] = re.findall(r'name="seen" value="([^"]+)"', page)
    changed = {"day": "2026-01-13", "text": "Exam 1, at noon", "seen": seen}
    said = told(grace, grace.post(f"{NOTE}?note={note.pk}", changed))
    assert "The note has been changed." in said
    assert re.search(
        r"13 Jan 2026 Exam 1, at noon Written by ada on .* changed by grace on \d", said
    )

    assert "13 Jan 2026 Exam 1, at noon" in text_of(grace.get(REMOVAL, {"note": note.pk}))
    assert Note.objects.count() == 1
    said = told(grace, grace.post(f"{REMOVAL}?note={note.pk}"))
    assert "The note “Exam 1, at noon” on 13 Jan 2026 has been removed." in said
    assert "There is no note yet." in said
    assert not Note.objects.exists()

    assert [line for line in caplog.messages if "note" in line] == [
        f"'ada' wrote a note on 2026-01-12 of '{CS101}'",
        f"'grace' changed the note on 2026-01-13 of '{CS101}'",
        f"'grace' removed the note on 2026-01-13 of '{CS101}'",
    ]


@pytest.mark.usefixtures("served")
def test_each_chart_over_days_shows_the_notes_in_its_range(browser: Client) -> None:
    def shown(url: str, **query: str) -> list[list[tuple[str, str]]]:
        """The notes beside each chart, with their numbers; the pictures have these too."""
        html = browser.get(url, query).content.decode()
        found = []
        for answer in html.split('<section class="answer"')[1:]:
            listed = re.findall(r'<li value="(\d+)">.*?<bdi>(.*?)</bdi></li>', answer)
            for picture in re.findall(r"<svg.*?</svg>", answer, re.DOTALL):
                labels = re.findall(r'font-weight="600"[^>]*>([^<]*)<', picture)
                assert labels == [number for number, _text in listed]
            found.append(listed)
        return found

    before = browser.get(ENROLLMENT).content
    assert shown(ENROLLMENT) == [[], []]
    written("Site was down", "2026-01-14")
    written("Newsletter", "2026-01-07")
    written("Exam 1", "2026-01-14")
    written("Before all data", "2025-12-24")
    written("Of another course", "2026-01-14", BIO)

    both = [("1", "Newsletter"), ("2", "Site was down</bdi> · <bdi>Exam 1")]
    assert browser.get(ENROLLMENT).content != before  # a chart that was kept is not shown
    assert shown(ENROLLMENT) == [both, both]
    assert shown(ENROLLMENT, start="2026-01-10", end="2026-01-16") == [[("1", both[1][1])]] * 2
    # A week has its days, the last one too.
    assert shown(ENGAGEMENT) == [both]
    points = re.findall(
        r'"text": "([^"]* posted in forum[^"]*)"', browser.get(ENGAGEMENT).content.decode()
    )
    assert points[0].endswith(r" \u2013 Newsletter")
    assert points[-1].endswith(r" \u2013 Site was down \u2013 Exam 1")
    # Numbers alone.
    assert "Exam" not in browser.get(f"{ENROLLMENT}enrollment.csv").content.decode()


@pytest.mark.usefixtures("served")
def test_the_report_which_is_handed_round_has_none(browser: Client) -> None:
    written("Ada was ill", "2026-01-12")
    page = browser.get(f"/courses/{CS101}/report/").content.decode()
    assert 'class="picture"' in page
    assert "Ada was ill" not in page
    assert 'class="flags"' not in page


def test_a_learners_days_have_them_too(browser: Client, served: Served) -> None:
    [row] = served.select(
        "SELECT username, min(date) AS day FROM module_engagement WHERE course_id = ?"
        " GROUP BY username ORDER BY count(*) DESC LIMIT 1",
        CS101,
    )
    written("Exam 1", row["day"][:10])

    page = text_of(browser.get(f"/courses/{CS101}/learners/learner/{row['username']}/"))

    assert "Exam 1" in page


@pytest.mark.usefixtures("served")
@pytest.mark.parametrize(
    ("given_", "said"),
    [
        ({"day": ""}, "This field is required."),
        ({"day": "12 January"}, "This is no date. Write one as 2026-01-31."),
        ({"day": "2026-02-30"}, "This is no date. Write one as 2026-01-31."),
        ({"day": "1066-10-14"}, "Choose a date from 1970 on."),
        ({"day": "9999-12-31"}, "Choose a date up to 2100."),
        ({"text": " \n\u200b\u2066 "}, "This field is required."),
        ({"text": "\0\x1f"}, "This field is required."),
        ({"text": "x" * 121}, "Ensure this value has at most 120 characters (it has 121)."),
    ],
)
def test_what_is_no_note_is_told_beside_the_field(
    browser: Client, given_: dict[str, str], said: str
) -> None:
    answer = browser.post(NOTES, {**EXAM, **given_})

    assert said in text_of(answer)
    assert not Note.objects.exists()


@pytest.mark.usefixtures("served")
def test_a_course_has_so_many_notes_at_most(browser: Client, monkeypatch: Any) -> None:
    monkeypatch.setattr(notes, "MOST", 2)
    written(course_id=BIO)
    for text in ("Exam 1", "Exam 2"):
        told(browser, browser.post(NOTES, {**EXAM, "text": text}))

    answer = browser.post(NOTES, {**EXAM, "text": "Exam 3"})

    assert "A course has at most 2 notes: remove one that is no longer needed." in text_of(answer)
    assert 'value="Exam 3"' in answer.content.decode()
    assert Note.objects.filter(course_id=CS101).count() == 2


@pytest.mark.usefixtures("served")
def test_a_note_that_somebody_changed_meanwhile_is_not_overwritten_unseen(
    browser: Client,
) -> None:
    note = written()
    seen = notes.version(note)
    notes.change(note, seen, Draft(note.day, "Exam 1, moved"), "grace")
    mine = {**EXAM, "text": "Exam 1, mine", "seen": seen}

    answer = browser.post(f"{NOTE}?note={note.pk}", mine)

    assert (
        "grace changed this note meanwhile. It now says “Exam 1, moved”, on 12 Jan 2026; save yours"
        " once more to replace that."
    ) in text_of(answer)
    assert 'value="Exam 1, mine"' in answer.content.decode()
    [newer] = re.findall(r'name="seen" value="([^"]+)"', answer.content.decode())
    told(browser, browser.post(f"{NOTE}?note={note.pk}", {**mine, "seen": newer}))
    assert Note.objects.get().text == "Exam 1, mine"


@pytest.mark.usefixtures("served")
def test_a_note_that_is_gone_is_told_and_what_was_written_is_kept(browser: Client) -> None:
    note = written()
    url = f"{NOTE}?note={note.pk}"
    mine = {**EXAM, "text": "Exam 1, mine", "seen": notes.version(note)}
    notes.remove(note, "grace")

    for answer in (browser.get(url), browser.post(url, mine), browser.post(f"{REMOVAL}?note=1")):
        assert answer.status_code == 404
        assert "There is no such note here, or no longer" in answer.content.decode()
        assert 'action="' not in answer.content.decode().partition("<main")[2]
    assert 'value="Exam 1, mine"' in browser.post(url, mine).content.decode()
    assert not Note.objects.exists()


@pytest.mark.usefixtures("served")
@pytest.mark.parametrize("note_id", ["", "0", "-1", "x", "1 or 1=1", "9" * 30, "١", "1.0"])
def test_an_id_that_names_no_note(browser: Client, note_id: str) -> None:
    assert browser.get(NOTE, {"note": note_id}).status_code == 404
    assert browser.post(f"{REMOVAL}?note={note_id}").status_code == 404


def test_nobody_reads_or_changes_notes_of_a_course_of_others(
    make_user: Callable[..., User],
) -> None:
    """With the address of a course that they do not see, or that of their own."""
    note = written()
    client = Client()
    client.force_login(make_user("mary", BIO))

    for url in (NOTES, f"{NOTE}?note={note.pk}", f"{REMOVAL}?note={note.pk}"):
        assert client.post(url, EXAM).status_code == 403
    with pytest.raises(notes.NoteGone):
        notes.note_of(BIO, str(note.pk))
    assert Note.objects.get().text == "Exam 1"


@pytest.mark.usefixtures("served")
def test_a_form_from_elsewhere_writes_nothing(superuser: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(superuser)
    note = written()

    for url in (NOTES, f"{NOTE}?note={note.pk}", f"{REMOVAL}?note={note.pk}"):
        assert client.post(url, EXAM).status_code == 403
    assert [each.text for each in Note.objects.all()] == ["Exam 1"]


WILD = [
    '</script><script>alert("1")</script>',
    "</bdi><b>&lt;",
    "datum.x || {{ 7*7 }} {% now %} %(day)s {}",
    '"}]}, "usermeta": {"embedOptions": 1}, "x": {"expr": "alert(1)',
    "\u202e exam \u2028 up",
    "🐇 امتحان 名",
]


@pytest.mark.usefixtures("served")
@pytest.mark.parametrize("text", WILD)
def test_a_text_is_a_text_wherever_it_stands(browser: Client, text: str) -> None:
    told(browser, browser.post(NOTES, {**EXAM, "text": text}))
    [note] = Note.objects.all()
    assert note.text == one_line(text)

    for url in (NOTES, f"{NOTE}?note={note.pk}", f"{REMOVAL}?note={note.pk}", ENROLLMENT):
        html = browser.get(url).content.decode()
        assert "<script>alert" not in html
        assert "<b>" not in html
    html = browser.get(ENROLLMENT).content.decode()
    assert note.text in text_of(browser.get(ENROLLMENT))
    # A picture has the number alone, so that nothing in it is of a reader's making.
    for picture in re.findall(r"<svg.*?</svg>", html, re.DOTALL):
        assert note.text not in picture


@given(st.text(max_size=300))
def test_whatever_is_written_is_one_line_of_what_can_be_seen_or_refused(text: str) -> None:
    form = NoteForm({"day": "2026-01-12", "text": text})

    if form.is_valid():
        line = form.draft.text
        assert 1 <= len(line) <= LONGEST
        assert not is_empty(line)
        assert not any(unicodedata.category(letter) in ("Cc", "Cs") for letter in line)
        assert not {*line} & {*"\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"}
        assert len(line.splitlines()) == 1
        assert one_line(line) == line
        assert {*line} - {" "} <= {*text}
    else:
        line = one_line(text)
        assert is_empty(line) or len(line) > LONGEST


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.dates(date(2025, 12, 20), date(2026, 2, 1)),
            st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1).map(
                lambda text: one_line(text)[:LONGEST]
            ),
        ),
        max_size=60,
    )
)
def test_flags_have_all_notes_of_a_charts_days_in_their_order(
    drafts: list[tuple[date, str]],
) -> None:
    from insights.courses.answers.enrollment import enrollment

    first, last = date(2026, 1, 5), date(2026, 1, 18)
    rows = [
        {"date": str(first + timedelta(days=number)), "count": number}
        for number in range((last - first).days + 1)
    ]
    made = [Note(course_id=CS101, day=day, text=text) for day, text in drafts]

    answer = notes.flagged(enrollment(rows), made)

    assert answer.chart
    flags = answer.chart.flags
    assert [flag.number for flag in flags] == list(range(1, len(flags) + 1))
    assert [flag.day for flag in flags] == sorted({flag.day for flag in flags})
    assert {flag.day: list(flag.texts) for flag in flags} == {
        day: [text for other, text in drafts if other == day]
        for day, _text in drafts
        if first <= day <= last
    }
