"""Which videos are watched, and how far."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from insights.charts.chart import MOST_BARS, Chart, Form
from insights.courses.answers.answer import Answer, Column, Kind, Table
from insights.courses.answers.formats import learners, minutes, number, percent, share, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from insights.courses.answers.rows import ApiRow

_HASH = re.compile(r"[0-9a-f]{32}\Z")
_SHORT = 8  # characters of a hash that tell the videos of a course apart
_LONG = 32  # characters of a name that fit beside a bar


def video_names(module_ids: Iterable[str]) -> dict[str, str]:
    """Readable names of videos by encoded module id, as long as courses have no names for them.

    A hash is cut to its first characters. Where that leaves two with one name, both keep their id.
    """
    names = {module_id: video_name(module_id) for module_id in module_ids}
    seen = list(names.values())
    return {
        module_id: name if seen.count(name) == 1 else module_id for module_id, name in names.items()
    }


def video_name(module_id: str) -> str:
    """A short name: what follows the block's type, with a hash cut to its first characters."""
    block = re.split(r"[@/]|-video-", module_id)[-1] or module_id
    if _HASH.match(block):
        block = block[:_SHORT]
    elif len(block) > _LONG:
        block = f"{block[: _LONG - 1]}…"
    return _("Video %(name)s") % {"name": block}


def videos(rows: Sequence[ApiRow], link: Callable[[str], str]) -> Answer:
    """All videos, the most watched first; `link` is where a module id leads."""
    ordered = sorted(rows, key=lambda row: (-row["users_at_start"], row["encoded_module_id"]))
    names = video_names(row["encoded_module_id"] for row in ordered)
    return Answer(
        key="videos",
        question=_("Which videos are watched, and to the end?"),
        finding=_videos_finding(ordered, names),
        table=Table(
            (
                Column("video", _("Video"), Kind.TEXT),
                _length_column(),
                Column("users_at_start", _("Viewers at start"), Kind.COUNT, _("at the start")),
                Column("users_at_end", _("Viewers near end"), Kind.COUNT, _("near the end")),
                Column("share", _("Near end, of those at start"), Kind.SHARE),
                Column("module_id", _("Module id"), Kind.CODE),
            ),
            tuple(
                (
                    names[row["encoded_module_id"]],
                    known_duration(row),
                    row["users_at_start"],
                    row["users_at_end"],
                    share(row["users_at_end"], row["users_at_start"]),
                    row["encoded_module_id"],
                )
                for row in ordered
            ),
            links=tuple(link(row["encoded_module_id"]) for row in ordered),
        ),
        chart=Chart(Form.BARS, "video", ("users_at_start", "users_at_end")) if ordered else None,
    )


def _length_column() -> Column:
    return Column("duration", _("Length"), Kind.DURATION, missing=_("unknown"))


def shown_duration(row: ApiRow) -> str:
    """A video's length for people."""
    return shown(known_duration(row), _length_column())


def known_duration(row: ApiRow) -> int | None:
    """Seconds; the reports have -1 where it is unknown."""
    duration: int = row["duration"]
    return duration if duration >= 0 else None


def _videos_finding(ordered: Sequence[ApiRow], names: dict[str, str]) -> str:
    if not ordered:
        return _("No video has been played yet.")
    most = ordered[0]
    played = ngettext(
        "%(count)s video has been played.", "%(count)s videos have been played.", len(ordered)
    ) % {"count": number(len(ordered))}
    if not most["users_at_start"]:
        return _("%(played)s Nobody watched the beginning of one.") % {"played": played}
    text = _(
        "%(video)s is watched most: by %(start)s at the start,"
        " by %(end)s near the end (%(percent)s)."
    )
    sentence = text % {
        "video": names[most["encoded_module_id"]],
        "start": learners(most["users_at_start"]),
        "end": number(most["users_at_end"]),
        "percent": percent(most["users_at_end"] / most["users_at_start"]),
    }
    if len(ordered) > MOST_BARS:
        sentence = f"{sentence} {_('The chart shows the most watched, the table all of them.')}"
    return f"{played} {sentence}"


def timeline(rows: Sequence[ApiRow], segment_length: int) -> Answer:
    """A video by segments of so many seconds: viewers, and viewings beyond each viewer's first.

    The Data API has no row of a segment that nobody watched: before the last one that was watched,
    it is shown with 0.
    """
    watched = {row["segment"]: (row["num_users"], row["num_views"]) for row in rows}
    segments = [watched.get(segment, (0, 0)) for segment in range(max(watched, default=-1) + 1)]
    table = tuple(
        (segment * segment_length, users, views - users, views)
        for segment, (users, views) in enumerate(segments)
    )
    return Answer(
        key="timeline",
        question=_("Where do viewers leave, and what do they watch again?"),
        finding=_timeline_finding(table, segment_length),
        table=Table(
            (
                Column("start", _("From"), Kind.DURATION),
                Column("users", _("Viewers"), Kind.COUNT, _("watched")),
                Column("repeats", _("Watched again"), Kind.COUNT, _("watched again")),
                Column("views", _("All viewings"), Kind.COUNT),
            ),
            table,
        ),
        chart=Chart(Form.AREAS, "start", ("users", "repeats"), point=_("From {}"))
        if len(table) > 1
        else None,
    )


def _timeline_finding(table: Sequence[tuple[int, int, int, int]], segment_length: int) -> str:
    if not table:
        return _("This video has not been played yet.")
    _start, first, *_rest = table[0]
    text = ngettext(
        "%(learners)s watched the first %(seconds)s seconds.",
        "%(learners)s watched the first %(seconds)s seconds.",
        first,
    )
    sentences = [text % {"learners": learners(first), "seconds": number(segment_length)}]
    if fall := _largest_fall(table):
        sentences.append(fall)
    sentences.append(_most_repeated(table))
    return " ".join(sentences)


def _largest_fall(table: Sequence[tuple[int, int, int, int]]) -> str:
    falls = [
        (before - after, -start, before, after)
        for (_, before, *_), (start, after, *_) in pairwise(table)
    ]
    fall, start, before, after = max(falls, default=(0, 0, 0, 0))
    if fall <= 0:
        return ""
    text = _("The largest loss is at %(time)s, where viewers fall from %(before)s to %(after)s.")
    return text % {
        "time": minutes(-start),
        "before": number(before),
        "after": number(after),
    }


def _most_repeated(table: Sequence[tuple[int, int, int, int]]) -> str:
    start, _users, repeats, _views = max(table, key=lambda row: (row[2], -row[0]))
    if repeats <= 0:
        return _("Nobody watched a part of it again.")
    text = ngettext(
        "Watched again most is %(time)s (%(count)s time).",
        "Watched again most is %(time)s (%(count)s times).",
        repeats,
    )
    return text % {"time": minutes(start), "count": number(repeats)}
