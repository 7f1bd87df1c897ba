"""After which section learners stop: what is told is true, and of a section that has begun."""

from __future__ import annotations

import math
import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from insights.courses.answers.changes import LEAST, LEAST_SHARE
from insights.courses.answers.performance import problems
from insights.courses.answers.sections import Section, largest_fall, section_stops, sections
from insights.courses.structure import Structure

BLOCK = "block-v1:Ex+Sections+T1+type@{kind}+block@{name}"


def block(kind: str, name: str, section: str = "", position: int | None = 1) -> dict[str, Any]:
    """A block as the Data API has it."""
    return {
        "block_id": BLOCK.format(kind=kind, name=name),
        "block_type": kind,
        "display_name": name,
        "section_id": BLOCK.format(kind="chapter", name=section or name),
        "subsection_id": None,
        "position": position,
        "graded": False,
        "assignment_type": None,
    }


def video(name: str, users: int) -> dict[str, Any]:
    """What the Data API says of a video."""
    return {"encoded_module_id": name, "users_at_start": users, "users_at_end": 0}


def answered(name: str, users: int) -> dict[str, Any]:
    """What it says of a problem."""
    module_id = BLOCK.format(kind="problem", name=name)
    return {"module_id": module_id, "total_submissions": users, "correct_submissions": 0}


def of(*counts: int) -> list[Section]:
    """Sections with so many learners."""
    return [Section(str(place), f"Week {place}", 1, count) for place, count in enumerate(counts, 1)]


def told(*counts: int, is_over: bool = True) -> str:
    return section_stops(of(*counts), is_over=is_over).finding


def test_learners_of_a_section_are_those_of_what_most_did() -> None:
    structure = Structure(
        [
            block("chapter", "Basics"),
            block("video", "a", "Basics"),
            block("video", "b", "Basics"),
            block("problem", "c", "Basics"),
            block("chapter", "Texts alone"),
            block("chapter", "More"),
            block("problem", "d", "More"),
            block("problem", "deleted", "More", position=None),
            block("video", "never played", "More"),
        ]
    )
    played = [video("a", 40), video("b", 70), video("of another course", 900)]
    done = problems(structure, [answered("c", 60), answered("d", 5), answered("deleted", 800)])

    found = sections(structure, played, done)

    assert [(each.title, each.items, each.learners) for each in found] == [
        ("Basics", 3, 70),
        ("More", 2, 5),
    ]
    assert section_stops(found, is_over=True).table.rows == (
        ("Basics", 3, 70, 5, 65 / 70, BLOCK.format(kind="chapter", name="Basics")),
        ("More", 2, 5, None, None, BLOCK.format(kind="chapter", name="More")),
    )


def test_sentences_of_a_course_that_has_ended_and_of_one_that_runs() -> None:
    assert told(120, 100, 40, 35) == (
        "Activity falls most after “Week 2”: 100 learners began its most used video or answered its"
        " most used problem, and no later section has more than 40 (60% fewer)."
    )
    assert told(120, 100, 40, 35, is_over=False) == (
        f"{told(120, 100, 40, 35)} “Week 4” may still be under way: a fall towards it, or after it,"
        " is not told."
    )


@pytest.mark.parametrize(
    ("counts", "is_over", "after"),
    [
        ((100, 90, 20), True, "Week 2"),
        ((100, 90, 20), False, None),  # the third may have been opened yesterday
        ((100, 90, 20, 20), False, "Week 2"),
        ((100, 90, 20, 0, 0), False, None),  # has not come so far
        ((100, 90, 20, 0, 0), True, "Week 2"),  # hidden, or left out: nobody knows
        ((100, 90, 0, 0), True, None),
        ((1000, 950, 900, 20, 12), False, None),  # the last ones were tried by a few
        ((1000, 900, 300, 290, 12), False, "Week 2"),
        ((100, 10, 95, 90), True, None),  # few do the second, and go on
        ((100, 0, 40, 38), False, "Week 1"),
        ((24, 5), True, None),  # 29 learners
        ((25, 5), True, "Week 1"),
        ((2000, 1990, 1850), True, None),  # 7% of them
        ((60, 44), True, None),  # chance makes as much
        ((100, 60, 20), True, "Week 1"),  # as many as after the second: the first
        ((0, 0), True, None),
        ((), True, None),
    ],
)
def test_after_which_section(counts: tuple[int, ...], is_over: bool, after: str | None) -> None:
    fall = largest_fall(of(*counts), is_over=is_over)

    assert (fall and fall.title) == after


COUNTS = st.lists(st.integers(0, 60) | st.integers(0, 3000), max_size=12)


@given(COUNTS, st.booleans())
@example([100, 90, 0, 0], True)
def test_no_sentence_is_false(counts: list[int], is_over: bool) -> None:
    answer = section_stops(of(*counts), is_over=is_over)

    found = re.match(
        r"Activity falls most after “Week (\d+)”: ([\d,]+) learners .* more than ([\d,]+)"
        r" \(>?(\d+)% fewer\)",
        answer.finding,
    )
    if not found:
        assert "falls most" not in answer.finding
        return
    place, before, after, percent = (int(text.replace(",", "")) for text in found.groups())
    later = counts[place:]
    assert counts[place - 1] == before
    assert max(later) == after
    assert after > 0
    # In earnest.
    assert before + after >= LEAST
    assert before - after > 2 * math.sqrt(before + after)
    assert 100 * (before - after) >= LEAST_SHARE * before
    assert abs(100 * (before - after) / before - percent) <= 1
    row = answer.table.rows[place - 1]
    assert row[2:5] == (before, after, (before - after) / before)
    if not is_over:
        # Two later sections have learners, so that the one after it is not just being opened.
        assert sum(100 * count >= LEAST_SHARE * max(counts) for count in later) >= 1
        assert sum(count > 0 for count in later) >= 2
        [last] = re.findall(r"“Week (\d+)” may still be under way", answer.finding)
        assert place < int(last) - sum(count == 0 for count in counts[place : int(last) - 1])


@given(COUNTS, st.lists(st.just(0), max_size=5))
def test_what_has_not_begun_changes_nothing_while_a_course_runs(
    counts: list[int], ahead: list[int]
) -> None:
    assert largest_fall(of(*counts, *ahead), is_over=False) == largest_fall(
        of(*counts), is_over=False
    )


def test_a_course_of_which_too_little_is_known() -> None:
    assert told() == "No section with a video or problem is known."
    assert told(0, 0) == ("Nobody has played a video or answered a problem of a section yet.")
    assert told(50, is_over=True) == "Too few sections have begun to say it."
    assert told(50, 20, is_over=False).startswith("Too few sections have begun to say it.")
    assert told(50, 48) == (
        "After no section does the number of learners fall by more than chance would make it."
    )
