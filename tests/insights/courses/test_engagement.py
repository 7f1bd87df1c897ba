"""The pages on engagement show what the reports hold."""

from __future__ import annotations

import html
import re
from datetime import date, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

from answers_shown import answers_shown, csv_rows, page
from problem_scores import problems

if TYPE_CHECKING:
    from django.test import Client

    from served import Served

CONTENT, VIDEOS = "engagement/content/", "engagement/videos/"
COURSE = "course-v1:Hand+Written+2026"
LABELS = ("ACTIVE", "ATTEMPTED_PROBLEM", "PLAYED_VIDEO", "POSTED_FORUM")


@pytest.fixture
def course(served: Served) -> str:
    """The course with most played videos."""
    (row,) = served.select(
        "SELECT course_id FROM video GROUP BY course_id ORDER BY count(*) DESC LIMIT 1"
    )
    return str(row["course_id"])


def test_weekly_activity_is_the_reports(browser: Client, served: Served, course: str) -> None:
    shown = answers_shown(page(browser, course, CONTENT))["weekly-activity"]
    _head, *rows = csv_rows(browser, course, CONTENT + shown.csv)
    counts = {
        (start, label): int(count)
        for start, _end, *of_week in rows
        for label, count in zip(LABELS, of_week, strict=True)
        if count != "0"
    }
    assert counts == {
        (row["interval_start"][:10], row["label"]): row["count"]
        for row in served.select("SELECT * FROM course_activity WHERE course_id = ?", course)
    }
    assert len(shown.rows) == len(rows) + 1
    assert rows[-1][2] in shown.finding


def test_a_range_holds_the_weeks_that_are_whole_in_it(
    browser: Client, served: Served, course: str
) -> None:
    (week,) = served.select(
        "SELECT max(interval_start) AS start FROM course_activity WHERE course_id = ?", course
    )
    monday = date.fromisoformat(week["start"][:10])
    sunday = monday + timedelta(days=6)

    def weeks(start: date, end: date) -> list[str]:
        query = urlencode({"start": start, "end": end})
        _head, *rows = csv_rows(browser, course, f"{CONTENT}weekly-activity.csv?{query}")
        return [start for start, *_rest in rows]

    assert weeks(monday, sunday) == [str(monday)]
    assert weeks(monday, sunday - timedelta(days=1)) == []
    assert weeks(monday + timedelta(days=1), sunday) == []


def test_the_last_week_is_the_last_whole_one(browser: Client, served: Served, course: str) -> None:
    (week,) = served.select(
        "SELECT max(interval_start) AS start FROM course_activity WHERE course_id = ?", course
    )
    (query,) = re.findall(r'<a href="\?([^"]*)">Last week</a>', page(browser, course, CONTENT))
    content = browser.get(f"/courses/{course}/{CONTENT}?{html.unescape(query)}").content.decode()
    shown = answers_shown(content)["weekly-activity"]
    monday = date.fromisoformat(week["start"][:10])
    assert [row[0] for row in shown.rows[1:]] == [f"{monday:%-d %b %Y}"]
    assert "in the week before" in shown.finding


def test_sections_are_the_reports(browser: Client, served: Served, course: str) -> None:
    """Their learners are those of the video or problem with most."""
    shown = answers_shown(page(browser, course, "engagement/sections/"))["section-stops"]
    _head, *rows = csv_rows(browser, course, f"engagement/sections/{shown.csv}")
    videos = served.select(
        "SELECT section_id AS section, coalesce(users_at_start, 0) AS viewers"
        " FROM course_structure AS b LEFT JOIN video AS v"
        " ON v.course_id = b.course_id AND block_id LIKE '%@' || encoded_module_id"
        " WHERE b.course_id = ? AND block_type = 'video' AND position IS NOT NULL",
        course,
    )
    done: dict[str, list[int]] = {
        row["block_id"]: []
        for row in served.select(
            "SELECT block_id FROM course_structure WHERE course_id = ? AND block_type = 'chapter'"
            " ORDER BY position",
            course,
        )
    }
    for video in videos:
        done[video["section"]].append(video["viewers"])
    for problem in problems(served, course):
        done[problem.section].append(problem.score[0])

    assert [(section, int(items), int(count)) for _, items, count, *_, section in rows] == [
        (section, len(counts), max(counts)) for section, counts in done.items()
    ]
    most = [max(counts) for counts in done.values()]
    later = [max(most[place:], default="") for place in range(1, len(most) + 1)]
    assert [row[3] for row in rows] == [str(count) for count in later]
    assert max(most) > 0


def test_videos_are_the_reports(browser: Client, served: Served, course: str) -> None:
    shown = answers_shown(page(browser, course, VIDEOS))["videos"]
    _head, *rows = csv_rows(browser, course, VIDEOS + shown.csv)
    assert {
        module_id: (int(duration), int(start), int(end))
        for _name, _place, duration, start, end, _share, module_id in rows
    } == {
        row["encoded_module_id"]: (row["duration"], row["users_at_start"], row["users_at_end"])
        for row in served.select("SELECT * FROM video WHERE course_id = ?", course)
    }
    assert [row[-1] for row in shown.rows[1:]] == [row[-1] for row in rows]


def test_videos_by_section_are_the_reports(browser: Client, served: Served, course: str) -> None:
    shown = answers_shown(page(browser, course, VIDEOS))["sections"]
    _head, *rows = csv_rows(browser, course, VIDEOS + shown.csv)
    videos = served.select("SELECT * FROM video WHERE course_id = ?", course)
    assert sum(int(row[1]) for row in rows) == len(videos)
    assert sum(int(row[2]) for row in rows) == sum(row["users_at_start"] for row in videos)
    assert sum(int(row[3]) for row in rows) == sum(row["users_at_end"] for row in videos)
    for link, row in zip(shown.links, rows, strict=True):
        content = browser.get(html.unescape(link)).content.decode()
        (name,) = served.select(
            "SELECT display_name FROM course_structure WHERE course_id = ? AND block_id = ?",
            course,
            row[-1],
        )
        assert f"<h1>{name['display_name']}</h1>" in content
        answers = answers_shown(content)
        assert len(answers["videos"].rows) == int(row[1]) + 1
        assert sum(int(each[1]) for each in answers["subsections"].rows[1:]) == int(row[1])


def test_each_video_leads_to_its_timeline(browser: Client, served: Served, course: str) -> None:
    shown = answers_shown(page(browser, course, VIDEOS))["videos"]
    name, _place, _length, _start, _end, _share, module_id = shown.rows[1]
    response = browser.get(shown.links[0])
    content = response.content.decode()
    assert f"<h1>{name}</h1>" in content
    assert f"<code>{module_id}</code>" in content
    timeline = answers_shown(content)["timeline"]
    _head, *rows = csv_rows(browser, course, f"{VIDEOS}timeline/{html.unescape(timeline.csv)}")
    segments = served.select(
        "SELECT segment, num_users, num_views FROM video_timeline WHERE pipeline_video_id = ?"
        " ORDER BY segment",
        f"{course}|{module_id}",
    )
    assert [
        [int(start) // 5, int(users), int(views)]
        for start, users, _repeats, views in rows
        if views != "0"
    ] == [list(row.values()) for row in segments]
    assert len(timeline.rows) == len(rows) + 1


@pytest.mark.parametrize("query", ["", "?video=", "?video=nothing-like-it"])
def test_a_video_that_the_course_has_not_is_not_found(
    browser: Client, course: str, query: str
) -> None:
    for path in ("timeline/", "timeline/timeline.csv"):
        assert browser.get(f"/courses/{course}/{VIDEOS}{path}{query}").status_code == 404


class TestByHand:
    """Reports that no sample has."""

    @pytest.fixture(autouse=True)
    def _rows(self, served_by_hand: Served) -> None:
        if served_by_hand.select("SELECT 1 FROM video"):
            return
        for name, duration, start, end in (
            ("<b>&'\"|x</b>", 65, 1, 1),
            ("=1+1", -1, 0, 2),
        ):
            served_by_hand.insert(
                "video",
                {
                    "pipeline_video_id": f"{COURSE}|{name}",
                    "course_id": COURSE,
                    "encoded_module_id": name,
                    "duration": duration,
                    "segment_length": 5,
                    "users_at_start": start,
                    "users_at_end": end,
                    "total_viewed_seconds": 5,
                },
            )
            served_by_hand.insert(
                "video_timeline",
                *(
                    {
                        "pipeline_video_id": f"{COURSE}|{name}",
                        "segment": segment,
                        "num_users": 1,
                        "num_views": 1,
                    }
                    for segment in (0, 1, 3)
                ),
            )

    def test_a_name_that_is_html_is_a_text(self, browser: Client) -> None:
        content = page(browser, COURSE, VIDEOS)
        assert "<b>" not in content
        shown = answers_shown(content)["videos"]
        assert [row[-1] for row in shown.rows[1:]] == ["<b>&'\"|x</b>", "=1+1"]
        timeline = browser.get(shown.links[0])
        assert timeline.status_code == 200
        assert "<b>" not in timeline.content.decode()
        assert answers_shown(timeline.content.decode())["timeline"].rows[1:] == [
            ["0:00", "1", "0", "1"],
            ["0:05", "1", "0", "1"],
            ["0:10", "0", "0", "0"],
            ["0:15", "1", "0", "1"],
        ]

    def test_an_unknown_length_is_said_to_be_unknown(self, browser: Client) -> None:
        shown = answers_shown(page(browser, COURSE, VIDEOS))["videos"]
        assert shown.rows[2][2:6] == ["unknown", "0", "2", "–"]
        assert "unknown" in page(browser, COURSE, f"{VIDEOS}timeline/", video="=1+1")

    def test_no_cell_of_a_csv_is_a_formula(self, browser: Client) -> None:
        _head, *rows = csv_rows(browser, COURSE, f"{VIDEOS}videos.csv")
        assert rows[1][-1] == "'=1+1"

    @pytest.mark.parametrize(
        ("path", "finding"),
        [
            (
                CONTENT,
                "There is no whole week, Monday to Sunday, with an active learner in this time.",
            ),
            (VIDEOS, "No video has been played yet."),
        ],
    )
    def test_without_data_there_is_an_empty_state(
        self, browser: Client, path: str, finding: str
    ) -> None:
        (shown,) = answers_shown(page(browser, "course-v1:No+Learners+Yet", path)).values()
        assert shown.finding == finding
        assert shown.rows == []
        assert shown.pictures == []
