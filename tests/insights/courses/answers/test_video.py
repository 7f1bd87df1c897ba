"""Which videos are watched, and how far."""

from __future__ import annotations

import pytest

from insights.courses.answers.video import (
    by_section,
    by_subsection,
    stops,
    timeline,
    video_name,
    video_names,
    videos,
)
from insights.courses.structure import Structure

HASH = "9e9908a2378921f421d4e2471b17929b"


def played(module_id: str, start: int, end: int, duration: int = 300) -> dict[str, object]:
    return {
        "encoded_module_id": module_id,
        "duration": duration,
        "users_at_start": start,
        "users_at_end": end,
    }


def segment(number: int, users: int, views: int) -> dict[str, object]:
    return {"segment": number, "num_users": users, "num_views": views}


@pytest.mark.parametrize(
    ("module_id", "name"),
    [
        (HASH, "Video 9e9908a2"),
        (f"i4x-SampleU-Bio110-video-{HASH}", "Video 9e9908a2"),
        (f"block-v1:X+Y+Z+type@video+block@{HASH}", "Video 9e9908a2"),
        ("week_1_intro", "Video week_1_intro"),
        ("x" * 40, f"Video {'x' * 31}…"),
        ("ends@", "Video ends@"),
    ],
)
def test_names_are_short(module_id: str, name: str) -> None:
    assert video_name(module_id) == name


def test_names_tell_videos_apart() -> None:
    twin = HASH[:8] + "0" * 24
    assert video_names([HASH, twin, "a"]) == {HASH: HASH, twin: twin, "a": "Video a"}


class TestVideos:
    def test_the_most_watched_comes_first(self) -> None:
        answer = videos(
            [played("a", 10, 5), played("b", 622, 304)], link=str.upper, structure=Structure()
        )
        assert answer.finding == (
            "2 videos have been played."
            " Video b is watched most: by 622 learners at the start, by 304 near the end (49%)."
        )
        assert answer.table.values("video") == ["Video b", "Video a"]
        assert answer.table.links == ("B", "A")

    def test_says_what_the_chart_leaves_out(self) -> None:
        many = [played(f"video{number}", 40 - number, 1) for number in range(31)]

        assert (
            "The chart shows the most watched, the table all of them."
            in videos(many, str, Structure()).finding
        )
        assert "The chart" not in videos(many[:30], str, Structure()).finding

    def test_one_video_and_one_learner(self) -> None:
        assert videos([played("a", 1, 1)], link=str, structure=Structure()).finding == (
            "1 video has been played."
            " Video a is watched most: by 1 learner at the start, by 1 near the end (100%)."
        )

    def test_unknown_length_and_no_viewers_at_the_start(self) -> None:
        answer = videos([played("a", 0, 2, duration=-1)], link=str, structure=Structure())
        assert answer.finding == "1 video has been played. Nobody watched the beginning of one."
        assert answer.table.rows == (("Video a", None, None, 0, 2, None, "a"),)

    def test_says_when_there_is_nothing(self) -> None:
        answer = videos([], link=str, structure=Structure())
        assert answer.finding == "No video has been played yet."
        assert answer.chart is None


class TestStops:
    def test_where_most_stop_comes_first(self) -> None:
        rows = [played("a", 10, 5), played("b", 622, 304), played("c", 3, 3), played("d", 1, 2)]

        answer = stops(rows, link=str.upper, structure=Structure())

        assert answer.finding == (
            "Most stop in “Video b”: 318 of 622 learners (51%) before its end."
        )
        assert answer.table.rows == (
            ("Video b", None, 318, 622, 318 / 622, "b"),
            ("Video a", None, 5, 10, 0.5, "a"),
        )
        assert answer.table.links == ("B", "A")

    def test_says_when_nobody_stops(self) -> None:
        answer = stops([played("a", 2, 2)], link=str, structure=Structure())
        assert answer.finding == "No video has fewer viewers near its end than at its start."
        assert answer.chart is None


class TestTimeline:
    def test_tells_where_viewers_leave_and_what_they_repeat(self) -> None:
        answer = timeline(
            [segment(0, 50, 50), segment(1, 48, 60), segment(2, 30, 31), segment(3, 29, 29)], 5
        )
        assert answer.finding == (
            "50 learners watched the first 5 seconds."
            " The largest loss is at 0:10, where viewers fall from 48 to 30."
            " Watched again most is 0:05 (12 times)."
        )
        assert answer.table.rows == (
            (0, 50, 0, 50),
            (5, 48, 12, 60),
            (10, 30, 1, 31),
            (15, 29, 0, 29),
        )

    def test_a_segment_without_a_row_was_not_watched(self) -> None:
        answer = timeline([segment(2, 1, 2)], 5)
        assert answer.table.values("users") == [0, 0, 1]
        assert answer.finding == (
            "0 learners watched the first 5 seconds. Watched again most is 0:10 (1 time)."
        )

    def test_nobody_leaves_and_nothing_is_repeated(self) -> None:
        answer = timeline([segment(0, 1, 1), segment(1, 1, 1)], 5)
        assert answer.finding == (
            "1 learner watched the first 5 seconds. Nobody watched a part of it again."
        )

    def test_one_segment_needs_no_chart(self) -> None:
        assert timeline([segment(0, 3, 3)], 5).chart is None

    def test_says_when_there_is_nothing(self) -> None:
        answer = timeline([], 5)
        assert answer.finding == "This video has not been played yet."
        assert answer.table.rows == ()


def block(block_id: str, kind: str, title: str, **above: str) -> dict[str, object]:
    nothing = dict.fromkeys(("section_id", "subsection_id", "assignment_type"))
    known = {"block_id": block_id, "block_type": kind, "display_name": title}
    return {**nothing, **known, "position": 1, "graded": False, **above}


class TestPlaces:
    STRUCTURE = Structure(
        [
            block("w1", "chapter", "Week 1", section_id="w1"),
            block("l1", "sequential", "Lesson", section_id="w1", subsection_id="l1"),
            block("a", "video", "Intro", section_id="w1", subsection_id="l1"),
            block("w2", "chapter", "Week 2", section_id="w2"),
            block("b", "video", "Intro", section_id="w2"),
            block("w3", "chapter", "Week 3", section_id="w3"),
        ]
    )
    PLAYED = (played("a", 10, 5), played("b", 4, 1), played("lost", 1, 1))

    def test_videos_have_their_titles_and_places(self) -> None:
        answer = videos(self.PLAYED, link=str, structure=self.STRUCTURE)

        assert answer.table.values("video") == [
            "Intro (Week 1 › Lesson)",
            "Intro (Week 2)",
            "Video lost",
        ]
        assert answer.table.values("place") == ["Week 1 › Lesson", "Week 2", None]

    def test_sections_with_videos_come_as_in_the_course(self) -> None:
        answer = by_section(self.STRUCTURE, self.PLAYED, link=str.upper)

        assert answer.table.rows == (
            ("Week 1", 1, 10, 5, 0.5, "w1"),
            ("Week 2", 1, 4, 1, 0.25, "w2"),
            ("In no section", 1, 1, 1, 1.0, None),
        )
        assert answer.table.links == ("W1", "W2", "")
        assert answer.finding.endswith("Fewest come near the end in “Week 2”: 1 of 4 (25%).")

    def test_subsections(self) -> None:
        answer = by_subsection(self.STRUCTURE, self.PLAYED[:1])

        assert answer.table.rows == (("Lesson", 1, 10, 5, 0.5, "l1"),)
