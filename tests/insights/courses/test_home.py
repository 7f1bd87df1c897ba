"""A course at a glance, and how fresh its numbers are."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest

from page_text import plain, text_of
from problem_scores import problems, summed

if TYPE_CHECKING:
    from django.test import Client

    from served import Served

CS101 = "course-v1:ExampleX+CS101+2026_T1"
RUN = {
    "sequence": 1,
    "warehouse_id": "w",
    "started": "2026-05-05 03:00:00",
    "interval_start": "2026-01-05",
    "interval_end": "2026-05-05",
    "engine": "duckdb",
    "version": "0.1.0",
    **dict.fromkeys(("files", "bytes", "lines", "events", "rejected", "late_events"), 0),
    **dict.fromkeys(("rejects_by_reason", "rows_by_table", "seconds_by_step"), "{}"),
}

pytestmark = pytest.mark.django_db


CARD = re.compile(
    r'<h2>(?P<question>[^<]*)</h2>\s*<p class="figure">(?P<figure>.*?)</p>'
    r"\s*<p>(?P<finding>.*?)</p>",
    re.DOTALL,
)


def cards_of(response: Any) -> dict[str, tuple[str, str]]:
    """Figure and finding by question."""
    assert response.status_code == 200
    cards = CARD.finditer(response.content.decode())
    return {card["question"]: (card["figure"], plain(card["finding"])) for card in cards}


@pytest.mark.parametrize("course_id", [CS101, "SampleU/Bio110/2026_T1"])
def test_key_figures_are_those_of_the_tables(
    browser: Client, served: Served, course_id: str
) -> None:
    cards = cards_of(browser.get(f"/courses/{course_id}/"))

    enrolled = served.select(
        "SELECT count FROM course_enrollment_daily WHERE course_id = ? ORDER BY date DESC LIMIT 1",
        course_id,
    )[0]["count"]
    active = served.select(
        "SELECT count FROM course_activity WHERE course_id = ? AND label = 'ACTIVE'"
        " ORDER BY interval_start DESC LIMIT 1",
        course_id,
    )[0]["count"]
    videos = served.select("SELECT count(*) AS n FROM video WHERE course_id = ?", course_id)[0]["n"]
    countries = served.select(
        "SELECT count(DISTINCT country_code) AS n FROM course_enrollment_location_current"
        " WHERE course_id = ? AND length(country_code) = 2 AND count > 0",
        course_id,
    )[0]["n"]
    assert cards["Where are the learners?"][0] == f"{countries:,}"
    figure, finding = cards["How many learners are enrolled?"]
    assert figure == f"{enrolled:,}"
    assert finding.startswith(f"{enrolled:,} learners were enrolled at the end of")
    assert cards["How many learners are active each week?"][0] == f"{active:,}"
    assert cards["Which videos are watched, and to the end?"][0] == f"{videos:,}"
    attention = served.select(
        "SELECT count(*) AS n FROM learner_roster WHERE course_id = ?"
        " AND (segments LIKE '%struggling%' OR segments LIKE '%disengaging%')",
        course_id,
    )[0]["n"]
    assert cards["Who may need attention?"][0] == f"{attention:,}"
    graded = summed(problems(served, course_id), lambda problem: problem.graded)
    answered, correct = graded[True]
    # Without an answer there is no figure.
    assert len(cards) == (7 if answered else 6)
    if answered:
        figure, finding = cards["How do learners do in each type of assignment?"]
        assert figure == f"{round(100 * correct / answered)}%"
        assert finding.startswith(f"{correct:,} of {answered:,} answers are correct ({figure}).")


@pytest.mark.usefixtures("served")
def test_the_navigation_says_where_we_are(browser: Client) -> None:
    html = browser.get(f"/courses/{CS101}/").content.decode()

    [current] = re.findall(r'<a href="([^"]*)" aria-current="page"', html)
    assert unescape(current) == f"/courses/{CS101}/"


def test_the_footer_says_how_fresh_the_numbers_are(browser: Client, served: Served) -> None:
    [run] = served.select("SELECT * FROM pipeline_run")

    footer = text_of(browser.get("/courses/"), "footer")

    assert f"computed {int(run['ended'][8:10])} " in footer
    assert run["ended"][11:16] in footer


def test_a_failed_update_is_told(browser: Client, served_by_hand: Served) -> None:
    assert "No numbers have been computed yet" in text_of(browser.get("/courses/"), "footer")
    good = {"status": "succeeded", "ended": "2026-05-05 03:01:00", "notes": '["no <profiles>"]'}
    served_by_hand.insert("pipeline_run", {**RUN, **good, "run_id": "a"})

    footer = text_of(browser.get("/courses/"), "footer")
    assert "Data until 4 May 2026 · computed 5 May 2026, 03:01 UTC" in footer
    assert "What is missing no <profiles>" in footer

    bad = {"status": "failed", "ended": "2026-05-06 03:02:00", "notes": "[]", "error": "disk full"}
    served_by_hand.insert("pipeline_run", {**RUN, **bad, "run_id": "b"})

    footer = text_of(browser.get("/courses/"), "footer")
    assert "computed 5 May 2026, 03:01 UTC" in footer
    assert "The update of 6 May 2026, 03:02 UTC failed" in footer
    assert "disk full" not in footer


def test_what_changed_is_told_with_a_link_to_its_chart(
    browser: Client, served_by_hand: Served
) -> None:
    course = "course-v1:Ex+Changed+T1"
    good = {"status": "succeeded", "ended": "2026-05-07 03:01:00", "notes": "[]"}
    served_by_hand.insert("pipeline_run", {**RUN, **good, "run_id": "c", "sequence": 3})
    summary = dict.fromkeys(("cumulative_count", "count_change_7_days", "passing_users"), 0)
    served_by_hand.insert(
        "course_meta_summary_enrollment",
        {"course_id": course, "enrollment_mode": "audit", "count": 300, **summary},
    )
    weeks = [("2026-04-20", "2026-04-27", 100), ("2026-04-27", "2026-05-04", 60)]
    served_by_hand.insert(
        "course_activity",
        *(
            {"course_id": course, "interval_start": f"{start} 00:00:00", "label": "ACTIVE"}
            | {"interval_end": f"{end} 00:00:00", "count": count}
            for start, end, count in weeks
        ),
    )
    served_by_hand.insert(
        "course_enrollment_daily",
        *(
            {"course_id": course, "date": day, "count": count, "cumulative_count": count}
            for day, count in (("2026-04-20", 200), ("2026-04-27", 210), ("2026-05-04", 300))
        ),
    )

    html = browser.get(f"/courses/{course}/").content.decode()
    changes = html.partition('<section class="changes"')[2].partition("</section>")[0]
    told = re.findall(r'<a href="([^"]*)">([^<]*)</a>', changes)
    assert [(unescape(url), text) for url, text in told] == [
        (
            f"/courses/{course}/engagement/content/",
            "Fewer learners were active: 60 in the week from 27 Apr 2026, 100 before.",
        ),
        (
            f"/courses/{course}/enrollment/activity/",
            "Enrollment changed by +90 learners in the seven days to 4 May 2026, and by +10 in the"
            " seven days before.",
        ),
    ]


@pytest.mark.parametrize(
    ("end", "figure", "finding"),
    [
        ("2026-05-01", "−60%", "Activity falls most after “One”: 100 learners"),
        ("2026-06-01", "", "Too few sections have begun to say it."),
    ],
)
def test_where_learners_stop_is_told_with_a_link_to_its_chart(
    browser: Client, served_by_hand: Served, end: str, figure: str, finding: str
) -> None:
    """Of a course that has ended, and of one whose second section may have begun yesterday."""
    course = f"course-v1:Ex+Sections+{end}"
    good = {"status": "succeeded", "ended": "2026-05-08 03:01:00", "notes": "[]"}
    served_by_hand.insert("pipeline_run", {**RUN, **good, "run_id": end, "sequence": 4})
    counts = dict.fromkeys(("cumulative_count", "count_change_7_days", "passing_users"), 0)
    served_by_hand.insert(
        "course_meta_summary_enrollment",
        {"course_id": course, "enrollment_mode": "audit", "count": 300, **counts}
        | {"end_time": f"{end} 00:00:00"},
    )
    for place, (name, users) in enumerate({"One": 100, "Two": 40}.items()):
        section = f"block-v1:Ex+Sections+{end}+type@chapter+block@{name}"
        video = f"block-v1:Ex+Sections+{end}+type@video+block@v{name}"
        block = {"course_id": course, "section_id": section, "graded": False}
        served_by_hand.insert(
            "course_structure",
            {**block, "block_id": section, "block_type": "chapter", "display_name": name}
            | {"position": 2 * place},
            {**block, "block_id": video, "block_type": "video", "display_name": "Video"}
            | {"position": 2 * place + 1},
        )
        served_by_hand.insert(
            "video",
            {"course_id": course, "encoded_module_id": f"v{name}", "users_at_start": users}
            | {"pipeline_video_id": f"{course}|v{name}", "users_at_end": 1, "duration": 60}
            | {"segment_length": 5, "total_viewed_seconds": 0},
        )

    html = browser.get(f"/courses/{course}/").content.decode()
    card = html.partition("After which section do learners stop?")[2].partition("</li>")[0]

    assert figure in card
    assert ("figure" in card) == bool(figure)
    assert finding in card
    assert f'href="/courses/{course}/engagement/sections/"' in unescape(card)
