"""The roster of a course: which learners, in which order, and as a table."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.text import Truncator
from django.utils.translation import gettext as _

from insights.courses.answers.answer import Column, Kind
from insights.courses.answers.formats import number, shown
from insights.courses.selection import Selection
from insights.data_api.times import day_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from insights.courses.answers.answer import Row
    from insights.courses.answers.rows import ApiRow
    from insights.courses.selection import Head
    from insights.data_api.client import DataApi

PAGE_SIZE = 25
LARGEST_PAGE = 100  # learners that the Data API answers at once
SHORT = 80  # characters of a text that a table shows
LONG = 1_000  # characters of a text that a learner's page shows

# Column by which the list can be sorted: what the Data API calls it.
ORDERS = {
    "username": "username",
    "name": "name",
    "enrolled": "enrollment_date",
    "tried": "problems_attempted",
    "solved": "problems_completed",
    "ratio": "problem_attempts_per_completed",
    "videos": "videos_viewed",
    "posts": "discussion_contributions",
}


def segment_names() -> dict[str, str]:
    """What the segments are called."""
    return {
        "highly_engaged": _("Highly engaged"),
        "disengaging": _("Disengaging"),
        "struggling": _("Struggling"),
        "inactive": _("Inactive"),
        "unenrolled": _("Unenrolled"),
    }


def segment_meanings() -> dict[str, str]:
    """What the segments are, by what they are called."""
    names = segment_names()
    return {
        names["highly_engaged"]: _(
            "among the most active of the course in problems, videos or discussions"
        ),
        names["disengaging"]: _("active the week before, but not in the last one"),
        names["struggling"]: _("among those who need most attempts for a problem"),
        names["inactive"]: _("neither active in the last week nor in the one before"),
    }


@dataclass(frozen=True)
class LearnerSelection(Selection):
    """Of a course's learners; `search`: words, each a part of username, name or e-mail address.

    Attributes:
        segment, mode, cohort: that learners have; empty: any.
    """

    orders: ClassVar[Mapping[str, str]] = ORDERS
    texts: ClassVar[Sequence[str]] = ("search", "segment", "mode", "cohort")

    sort: str = "username"
    segment: str = ""
    mode: str = ""
    cohort: str = ""

    @classmethod
    def text(cls, name: str, given: str) -> str:
        """A text as it is used; no segment where there is none of that name."""
        text = super().text(name, given)
        return "" if name == "segment" and text not in segment_names() else text


@dataclass(frozen=True)
class Listing:
    """A page of learners.

    Attributes:
        learners: as the Data API has them.
        count: learners on all pages.
        pages: how many there are.
    """

    learners: Sequence[ApiRow]
    count: int
    pages: int


def page_of_learners(
    data_api: DataApi, course_id: str, selection: LearnerSelection, size: int = PAGE_SIZE
) -> Listing:
    """A page of those of a course's learners that were selected.

    Raises NotFoundError if there are fewer pages.
    """
    found = data_api.learners(
        course_id,
        text_search=selection.search,
        segments=selection.segment,
        enrollment_mode=selection.mode,
        cohort=selection.cohort,
        **selection.question,
        page=selection.page,
        page_size=size,
    )
    return Listing(found["results"], found["count"], found["num_pages"])


@dataclass(frozen=True)
class Option:
    """A value that the list can be filtered by."""

    value: str
    text: str
    is_chosen: bool


@dataclass(frozen=True)
class Filter:
    """The values of which learners have one; the first is any of them."""

    name: str
    title: str
    options: Sequence[Option]


def filters(metadata: ApiRow, selection: LearnerSelection) -> list[Filter]:
    """What the list can be filtered by, each value with its number of learners."""
    segments = {
        value: count
        for value, count in metadata["segments"].items()
        if count or value == selection.segment
    }
    given = {
        "segment": (_("Segment"), segments, selection.segment),
        "mode": (_("Enrollment mode"), metadata["enrollment_modes"], selection.mode),
        "cohort": (_("Cohort"), metadata["cohorts"], selection.cohort),
    }
    return [
        Filter(name, title, _options(counts, chosen))
        for name, (title, counts, chosen) in given.items()
        if counts or chosen
    ]


def _options(counts: Mapping[str, int], chosen: str) -> list[Option]:
    names = segment_names()
    # Of what nobody has, a link from elsewhere may still tell.
    return [
        Option("", _("Any"), not chosen),
        *(
            Option(
                value,
                _("%(name)s (%(count)s)")
                % {"name": short(names.get(value, value)), "count": number(counts.get(value, 0))},
                value == chosen,
            )
            for value in sorted({*counts, chosen} - {""})
        ),
    ]


def columns() -> tuple[Column, ...]:
    """The table's columns; what learners did is of the last week."""
    return (
        Column("username", _("Username"), Kind.TEXT),
        Column("name", _("Name"), Kind.TEXT),
        Column("email", _("E-mail address"), Kind.TEXT),
        Column("segments", _("Segments"), Kind.TEXT),
        Column("mode", _("Enrollment mode"), Kind.TEXT),
        Column("cohort", _("Cohort"), Kind.TEXT),
        Column("enrolled", _("Enrolled since"), Kind.DATE),
        Column("tried", _("Problems tried"), Kind.COUNT),
        Column("solved", _("Problems solved"), Kind.COUNT),
        Column("ratio", _("Attempts per problem solved"), Kind.RATIO),
        Column("videos", _("Videos played"), Kind.COUNT),
        Column("posts", _("Contributions to discussions"), Kind.COUNT),
    )


def row(learner: ApiRow) -> Row:
    """A learner's values, in the order of the columns."""
    done = learner["engagements"]
    since = learner["enrollment_date"]
    return (
        learner["username"],
        learner["name"],
        learner["email"],
        segments(learner),
        learner["enrollment_mode"],
        learner["cohort"],
        day_of(since) if since else None,
        done["problems_attempted"],
        done["problems_completed"],
        done["problem_attempts_per_completed"],
        done["videos_viewed"],
        done["discussion_contributions"],
    )


def segments(learner: ApiRow) -> str:
    """The names of the segments that a learner is in."""
    names = segment_names()
    return ", ".join(names.get(segment, segment) for segment in learner["segments"])


def rows(data_api: DataApi, course_id: str, selection: LearnerSelection) -> Iterator[list[Row]]:
    """All learners that were selected, whatever the page, in parts; the first one is asked for now.

    Raises what the Data API's client raises: at once, or with a later part.
    """
    first = page_of_learners(data_api, course_id, replace(selection, page=1), LARGEST_PAGE)

    def parts() -> Iterator[list[Row]]:
        yield [row(learner) for learner in first.learners]
        for page in range(2, first.pages + 1):
            part = page_of_learners(
                data_api, course_id, replace(selection, page=page), LARGEST_PAGE
            )
            yield [row(learner) for learner in part.learners]

    return parts()


def _in_list() -> list[Column]:
    """The columns of the list on a page: an address is on the learner's own."""
    return [column for column in columns() if column.key != "email"]


def heads(selection: LearnerSelection) -> list[Head]:
    """The columns of the list on a page."""
    return selection.heads(_in_list())


@dataclass(frozen=True)
class Line:
    """A learner in the list: the username, and other values as text, each with its column."""

    username: str
    cells: Sequence[tuple[Head, str]]


def lines(learners: Sequence[ApiRow], selection: LearnerSelection) -> list[Line]:
    """The learners as people read them."""
    return [_line(learner, heads(selection)[1:]) for learner in learners]


def _line(learner: ApiRow, shown_heads: Sequence[Head]) -> Line:
    values = dict(zip((column.key for column in columns()), row(learner), strict=True))
    return Line(
        str(learner["username"]),
        [(head, short(shown(values[head.column.key], head.column))) for head in shown_heads],
    )


def short(text: str, length: int = SHORT) -> str:
    """A text, or its beginning."""
    return str(Truncator(text).chars(length))


def profile(learner: ApiRow) -> list[tuple[str, str]]:
    """What is known of a learner, with what it is called."""
    texts: dict[str, Any] = {
        _("Username"): learner["username"],
        _("E-mail address"): learner["email"],
        _("Enrollment mode"): learner["enrollment_mode"],
        _("Enrolled since"): _day(learner["enrollment_date"]),
        _("Cohort"): learner["cohort"],
        _("Segments"): segments(learner),
        _("Year of birth"): learner["year_of_birth"],
        _("Location"): learner["location"],
        _("City"): learner["city"],
        _("Language"): learner["language"],
        _("Goals"): learner["goals"],
    }
    return [(title, short(str(text), LONG)) for title, text in texts.items() if text]


def _day(text: str | None) -> str:
    return shown(day_of(text), Column("", "", Kind.DATE)) if text else ""
