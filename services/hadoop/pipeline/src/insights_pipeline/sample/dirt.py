"""Dirty lines, as real tracking logs have them: each kind in turn, in the share asked for."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from datetime import date, timedelta
from typing import TYPE_CHECKING

from insights_pipeline.sample.randomness import pick, stream

if TYPE_CHECKING:
    from collections.abc import Callable

    from insights_pipeline.sample.options import SampleOptions

_COURSE_ID = re.compile(r'"course_id": "([^"]+)"')
_TIME = re.compile(r'"time": "(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)')
_INVALID_KEYS = (
    "ExampleX",
    "ExampleX/CS101",
    "course-v1:ExampleX+CS101",
    "course-v1:Example X+CS101+2026",
    "{course_key}",
)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_ENROLLMENT = '"event_type": "edx.course.enrollment.'


class Dirt:
    """Spoils lines, day by day.

    Enrollment events are spoilt only in ways that keep what they say, so that the log still tells
    the same enrollments as the LMS's tables.

    Attributes:
        kinds: dirty lines written so far, by kind.
    """

    def __init__(self, options: SampleOptions) -> None:
        random = stream(options.seed, "dirt")
        self.kinds: Counter[str] = Counter()
        self._random = random
        self._rnd = random.random
        self._share = options.dirty
        self._last_day = options.days - 1
        self._due = 0.0
        self._late: defaultdict[int, list[str]] = defaultdict(list)
        harmless: dict[str, Callable[[str], str | None]] = {
            "prefixed": self._prefixed,
            "key with newline": _key_with_newline,
            "key with slash": _key_with_slash,
        }
        self._harmless = harmless
        self._spoil = harmless | {
            "cut": self._cut,
            "not UTF-8": _not_utf8,
            "old key": _old_key,
            "invalid key": self._invalid_key,
            "skewed clock": self._skewed,
            "blank": lambda _line: "",
        }
        # Whichever kind has waited longest comes next, if it fits the line.
        self._queue = [*self._spoil, "late"]

    def day(self, number: int, lines: list[str]) -> list[str]:
        """What is written on that day: its lines, some spoilt, and late ones of days before.

        Bytes that are not UTF-8 stand in the lines as characters from U+0080 to U+00FF.
        """
        self._due += len(lines) * self._share
        count = int(self._due)
        self._due -= count
        written: list[str | None] = list(lines)
        for stratum in range(count):
            place = int((stratum + self._rnd()) * len(lines) / count)
            written[place] = self._spoilt(number, lines[place])
        result = [line for line in written if line is not None]
        for line in self._late.pop(number, ()):
            result.insert(int(self._rnd() * (len(result) + 1)), line)
        return result

    def _spoilt(self, number: int, line: str) -> str | None:
        """The line as it is written now; None if that happens on a later day."""
        fitting = self._harmless if _ENROLLMENT in line else self._spoil
        for kind in self._queue:
            if kind == "late":
                if number == self._last_day:
                    continue
                day = number + 2 + int(self._rnd() * 4)
                self._late[min(day, self._last_day)].append(line)
                self._count(kind)
                return None
            if kind in fitting and (spoilt := fitting[kind](line)) is not None:
                self._count(kind)
                return spoilt
        return line

    def _count(self, kind: str) -> None:
        self.kinds[kind] += 1
        self._queue.remove(kind)
        self._queue.append(kind)

    def _cut(self, line: str) -> str:
        return line[: int(len(line) * (0.2 + 0.6 * self._rnd()))]

    def _prefixed(self, line: str) -> str | None:
        if not (found := _TIME.search(line)):
            return None
        day = date.fromisoformat(found[1])
        stamp = f"{_MONTHS[day.month - 1]} {day.day:2d} {found[2]}"
        return (
            f"{stamp} lms [service_variant=lms][tracking][env:sample] INFO "
            f"[lms  {1000 + int(9000 * self._rnd())}] [logger.py:41] - {line}"
        )

    def _invalid_key(self, line: str) -> str | None:
        return _with_key(line, pick(self._rnd, _INVALID_KEYS))

    def _skewed(self, line: str) -> str | None:
        """A clock that is some days ahead or behind."""
        if not (found := _TIME.search(line)):
            return None
        days = pick(self._rnd, (-1, 1)) * (2 + int(8 * self._rnd()))
        wrong = date.fromisoformat(found[1]) + timedelta(days)
        return f"{line[: found.start(1)]}{wrong}{line[found.end(1) :]}"


def _not_utf8(line: str) -> str:
    return line.replace('"agent": "', '"agent": "\xe9\xff ', 1)


def _key_with_newline(line: str) -> str | None:
    return _with_key(line, r"\g<1>\\n")


def _key_with_slash(line: str) -> str | None:
    return _with_key(line, r"\g<1>/")


def _old_key(line: str) -> str | None:
    """The same course under a key of the style before."""
    found = _COURSE_ID.search(line)
    if not found or not found[1].startswith("course-v1:"):
        return None
    return _with_key(line, found[1].removeprefix("course-v1:").replace("+", "/"))


def _with_key(line: str, template: str) -> str | None:
    """The line with another course key, by a template for `Match.expand`; None if it has none."""
    if not _COURSE_ID.search(line):
        return None
    return _COURSE_ID.sub(f'"course_id": "{template}"', line)
