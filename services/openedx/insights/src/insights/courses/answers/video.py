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
from insights.courses.structure import SECTION, SUBSECTION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from insights.courses.answers.rows import ApiRow
    from insights.courses.structure import Block, Structure

_HASH = re.compile(r"[0-9a-f]{32}\Z")
_SHORT = 8  # characters of a hash that tell the videos of a course apart
_LONG = 32  # characters of a name that fit beside a bar


def video_names(module_ids: Iterable[str]) -> dict[str, str]:
    """Readable names by encoded module id of videos whose titles are not known.

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


def titles(structure: Structure, module_ids: Iterable[str]) -> dict[str, str]:
    """Titles of videos by encoded module id; short names of those that have none."""
    ids = list(module_ids)
    known = {each: block for each in ids if (block := structure.video(each))}
    titled = structure.titles(block.id for block in known.values())
    named = video_names(each for each in ids if each not in known)
    return {each: titled[known[each].id] if each in known else named[each] for each in ids}


def by_section(structure: Structure, rows: Sequence[ApiRow], link: Callable[[str], str]) -> Answer:
    """All videos by section, from top to bottom; `link` is where a section's id leads."""
    return _by_part(
        "sections",
        _("In which sections are they watched?"),
        Column("section", _("Section"), Kind.TEXT),
        _("Section id"),
        structure,
        rows,
        (SECTION, lambda block: block.section, _("In no section")),
        link,
    )


def by_subsection(structure: Structure, rows: Sequence[ApiRow]) -> Answer:
    """Videos by subsection, from top to bottom."""
    return _by_part(
        "subsections",
        _("In which subsections are they watched?"),
        Column("subsection", _("Subsection"), Kind.TEXT),
        _("Subsection id"),
        structure,
        rows,
        (SUBSECTION, lambda block: block.subsection, _("In no subsection")),
    )


def _by_part(
    key: str,
    question: str,
    column: Column,
    code: str,
    structure: Structure,
    rows: Sequence[ApiRow],
    level: tuple[str, Callable[[Block], str], str],
    link: Callable[[str], str] | None = None,
) -> Answer:
    """Videos by what they are in; `level` is its kind, how to find it, and its name where none."""
    kind, part_of, elsewhere = level
    parts: dict[str, list[ApiRow]] = {block.id: [] for block in structure.of_kind(kind)}
    for row in rows:
        block = structure.video(row["encoded_module_id"])
        parts.setdefault(part_of(block) if block else "", []).append(row)
    parts = {part: in_part for part, in_part in parts.items() if in_part}
    names = structure.titles(parts)
    table = [
        (
            names[part] or elsewhere,
            len(in_part),
            start := sum(row["users_at_start"] for row in in_part),
            end := sum(row["users_at_end"] for row in in_part),
            share(end, start),
            part or None,
        )
        for part, in_part in parts.items()
    ]
    return Answer(
        key=key,
        question=question,
        finding=_parts_finding([(name, start, end) for name, _n, start, end, *_rest in table]),
        table=Table(
            (
                column,
                Column("videos", _("Videos"), Kind.COUNT),
                Column("users_at_start", _("Viewers at start"), Kind.COUNT, _("at the start")),
                Column("users_at_end", _("Viewers near end"), Kind.COUNT, _("near the end")),
                Column("share", _("Near end, of those at start"), Kind.SHARE),
                Column("id", code, Kind.CODE),
            ),
            tuple(table),
            links=tuple(link(part) if part else "" for part in parts) if link else (),
        ),
        chart=Chart(Form.BARS, column.key, ("users_at_start", "users_at_end"), share="share")
        if table
        else None,
    )


def _parts_finding(parts: Sequence[tuple[str, int, int]]) -> str:
    begun = [each for each in parts if each[1]]
    if not begun:
        return _("Nobody has watched the beginning of a video yet.")
    name, start, end = min(begun, key=lambda each: each[2] / each[1])
    return _(
        "The viewers of each video are added up. Fewest come near the end in “%(part)s”:"
        " %(end)s of %(start)s (%(percent)s)."
    ) % {"part": name, "end": number(end), "start": number(start), "percent": percent(end / start)}


def videos(rows: Sequence[ApiRow], link: Callable[[str], str], structure: Structure) -> Answer:
    """All videos, the most watched first; `link` is where a module id leads."""
    ordered = sorted(rows, key=lambda row: (-row["users_at_start"], row["encoded_module_id"]))
    names = titles(structure, (row["encoded_module_id"] for row in ordered))
    return Answer(
        key="videos",
        question=_("Which videos are watched, and to the end?"),
        finding=_videos_finding(ordered, names),
        table=Table(
            (
                Column("video", _("Video"), Kind.TEXT),
                Column("place", _("Section and subsection"), Kind.TEXT),
                _length_column(),
                Column("users_at_start", _("Viewers at start"), Kind.COUNT, _("at the start")),
                Column("users_at_end", _("Viewers near end"), Kind.COUNT, _("near the end")),
                Column("share", _("Near end, of those at start"), Kind.SHARE),
                Column("module_id", _("Module id"), Kind.CODE),
            ),
            tuple(
                (
                    names[row["encoded_module_id"]],
                    _place(structure, row["encoded_module_id"]),
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


def _place(structure: Structure, module_id: str) -> str | None:
    block = structure.video(module_id)
    return structure.place(block.id) or None if block else None


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
        rest = _("The chart shows the most watched, the table all of them.")
        sentence = f"{sentence} {rest}"
    return f"{played} {sentence}"


def stops(rows: Sequence[ApiRow], link: Callable[[str], str], structure: Structure) -> Answer:
    """Videos that viewers stop before the end, where most do so first; `link` as in `videos`."""
    begun = [row for row in rows if _stopped(row) > 0]
    ordered = sorted(begun, key=lambda row: (-_stopped(row), row["encoded_module_id"]))
    names = titles(structure, (row["encoded_module_id"] for row in rows))
    return Answer(
        key="stops",
        question=_("In which videos do most viewers stop?"),
        finding=_stops_finding(ordered, names),
        table=Table(
            (
                Column("video", _("Video"), Kind.TEXT),
                Column("place", _("Section and subsection"), Kind.TEXT),
                Column("stopped", _("Stop before the end"), Kind.COUNT, _("stop")),
                Column("users_at_start", _("Viewers at start"), Kind.COUNT),
                Column("share", _("Stop, of those at start"), Kind.SHARE),
                Column("module_id", _("Module id"), Kind.CODE),
            ),
            tuple(
                (
                    names[row["encoded_module_id"]],
                    _place(structure, row["encoded_module_id"]),
                    _stopped(row),
                    row["users_at_start"],
                    share(_stopped(row), row["users_at_start"]),
                    row["encoded_module_id"],
                )
                for row in ordered
            ),
            links=tuple(link(row["encoded_module_id"]) for row in ordered),
        ),
        chart=Chart(Form.BARS, "video", ("stopped",)) if ordered else None,
    )


def _stopped(row: ApiRow) -> int:
    """Viewers at the start less those near the end, whom others may join on the way."""
    stopped: int = row["users_at_start"] - row["users_at_end"]
    return stopped


def _stops_finding(ordered: Sequence[ApiRow], names: dict[str, str]) -> str:
    if not ordered:
        return _("No video has fewer viewers near its end than at its start.")
    most = ordered[0]
    stopped, start = _stopped(most), most["users_at_start"]
    text = ngettext(
        "Most stop in “%(video)s”: %(stopped)s of %(start)s (%(percent)s) before its end.",
        "Most stop in “%(video)s”: %(stopped)s of %(start)s (%(percent)s) before its end.",
        stopped,
    )
    return text % {
        "video": names[most["encoded_module_id"]],
        "stopped": number(stopped),
        "start": learners(start),
        "percent": percent(stopped / start),
    }


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
