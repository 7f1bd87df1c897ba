"""Learners who are forgotten: what reading makes of lines that are about them, or mention them.

Their events stay, so that every number stays what it is, also where all logs are read anew; but
without address, and under pseudonyms: `forgotten:` with a digest in place of the name, a negative
number in place of the LMS's. Of names, numbers and e-mail addresses only keyed digests are kept, in
`forgotten.json` of the data folder. Who has that file can test a guess, as with any list that later
logs can be held against; nobody can read it.
"""

from __future__ import annotations

import json
import os
import re
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from insights_pipeline.errors import BadDataFolder
from insights_pipeline.schema import AUTH_USER

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import duckdb

    from insights_pipeline.events import Event
    from insights_pipeline.schema import Table

FILE = "forgotten.json"
PSEUDONYM = "forgotten:"
"""Begins the username of a forgotten learner; no LMS allows a colon in one."""

NUMBERS = ("user_id", "student_id", "actor_id")
"""Columns that hold the LMS's number of a learner."""
_TOKEN = re.compile(r"[\w.@+-]+")
_AROUND = ".-+@"  # what may stand around a name in a text
_LONG_NUMBER = 5  # digits: any number of so many that is a forgotten learner's stands for that one
_OF_A_LEARNER = re.compile("user|student|learner", re.IGNORECASE)
_COURSE = re.compile(r"/courses/(?:[^/]*[+:][^/]*|[^/]+/[^/]+/[^/]+)")


@dataclass(frozen=True)
class Learner:
    """Who is to be forgotten; what is not known is empty."""

    username: str
    user_id: int | None = None
    email: str = ""


@dataclass(frozen=True)
class Forgotten:
    """All learners who are forgotten.

    Attributes:
        key: of the digests.
        marks: digests of names, numbers and addresses.
        times: when each was forgotten, ISO 8601.
    """

    key: str = ""
    marks: frozenset[str] = frozenset()
    times: tuple[str, ...] = field(default=(), compare=False)

    def __bool__(self) -> bool:
        return bool(self.marks)

    def also(self, learner: Learner) -> Forgotten:
        """With one learner more."""
        begun = self if self.key else Forgotten(secrets.token_hex(16))
        marks = {begun._mark(learner.username)}
        if learner.user_id is not None:
            marks.add(begun._mark(str(learner.user_id)))
        if learner.email:
            marks.add(begun._mark(learner.email))
        now = datetime.now(UTC).isoformat(timespec="seconds")
        return Forgotten(begun.key, begun.marks | marks, (*begun.times, now))

    def name(self, username: str) -> str:
        """The name, or its pseudonym."""
        return f"{PSEUDONYM}{self._mark(username)[:16]}" if _knows(self, username) else username

    def number(self, user_id: int) -> int:
        """The LMS's number of a learner, or a negative one in its place."""
        if not _knows(self, str(user_id)):
            return user_id
        return -1 - int(self._mark(str(user_id)), 16) % 2**62

    def event(self, event: Event) -> Event:
        """What is kept of an event."""
        username = event.username and self.name(event.username)
        user_id = event.user_id and self.number(event.user_id)
        actor_id = event.actor_id and self.number(event.actor_id)
        is_theirs = (username, user_id, actor_id) != (event.username, event.user_id, event.actor_id)
        return event._replace(
            username=username,
            user_id=user_id,
            actor_id=actor_id,
            ip=None if is_theirs else event.ip,
            event_type=self._path(event.event_type),
            payload=event.payload and self.payload(event.payload),
            problem_check=event.problem_check and self.payload(event.problem_check),
        )

    def payload(self, payload: str) -> str:
        """An event's own data, JSON, without a mention."""
        read = json.loads(payload) if "\\" in payload else None
        text = payload if read is None else json.dumps(read, ensure_ascii=False)
        if not any(_knows(self, name) for token in _TOKEN.findall(text) for name in _names(token)):
            return payload
        kept = self._value(json.loads(payload))
        return json.dumps(kept, ensure_ascii=False, separators=(",", ":"))

    def text(self, text: str, of_a_learner: bool = False) -> str:
        """A text without a mention; short numbers are one only where learners are meant."""

        def put(found: re.Match[str]) -> str:
            for name in _names(found[0]):
                if name.isdecimal() and len(name) < _LONG_NUMBER and not of_a_learner:
                    continue
                if _knows(self, name):
                    return found[0].replace(name, self.name(name))
            return found[0]

        return _TOKEN.sub(put, text)

    def _path(self, event_type: str) -> str:
        """An event's type; of an implicit one the path after its course."""
        if not event_type.startswith("/"):
            return event_type
        course = _COURSE.match(event_type)
        begin = course.end() if course else 0
        return event_type[:begin] + self.text(event_type[begin:])

    def _value(self, value: Any, of_a_learner: bool = False) -> Any:
        if isinstance(value, str):
            return self.text(value, of_a_learner)
        if isinstance(value, dict):
            return {
                self.text(key): self._value(item, bool(_OF_A_LEARNER.search(key)))
                for key, item in value.items()
            }
        if isinstance(value, list):
            return [self._value(item, of_a_learner) for item in value]
        if type(value) is int and (of_a_learner or value >= 10 ** (_LONG_NUMBER - 1)):
            return self.number(value)
        return value

    def _mark(self, text: str) -> str:
        return blake2b(text.encode(), key=bytes.fromhex(self.key), digest_size=16).hexdigest()


@lru_cache(maxsize=2**17)
def _knows(forgotten: Forgotten, text: str) -> bool:
    return forgotten._mark(text) in forgotten.marks


def _names(token: str) -> tuple[str, ...]:
    """What a token may name: itself, and what is left without signs around it."""
    bare = token.strip(_AROUND)
    return (token,) if bare == token else (token, bare)


NOBODY = Forgotten()


def load(data: Path) -> Forgotten:
    """The forgotten learners of a data folder.

    Raises:
        BadDataFolder: their list is damaged.
    """
    path = data / FILE
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return Forgotten(found["key"], frozenset(found["marks"]), tuple(found["times"]))
    except FileNotFoundError:
        return Forgotten()
    except (ValueError, KeyError, TypeError) as error:
        raise BadDataFolder(
            f"{path} is damaged: restore it, or learners who were forgotten come back with the"
            " next log that is read"
        ) from error


def store(data: Path, forgotten: Forgotten) -> None:
    """Keep the list, at once or not at all."""
    content = {
        "key": forgotten.key,
        "marks": sorted(forgotten.marks),
        "times": forgotten.times,
    }
    part = data / f".{FILE}.part"
    with part.open("w", encoding="utf-8") as file:
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())
    part.replace(data / FILE)


def clear_table(
    connection: duckdb.DuckDBPyConnection, table: Table, gone: Forgotten, name: str = ""
) -> int:
    """Remove forgotten learners' rows, or give them pseudonyms; returns how many rows that was.

    Args:
        connection: of the warehouse.
        table: what is declared of it.
        gone: who is forgotten.
        name: of the table that holds such rows; by default the declared one's.
    """
    name, changed = name or table.name, 0
    for column, value, pseudonym in found(connection, table, gone, name):
        if table.personal:
            done = connection.execute(f'DELETE FROM {name} WHERE "{column}" = ?', [value])
        else:
            done = connection.execute(
                f'UPDATE {name} SET "{column}" = ? WHERE "{column}" = ?', [pseudonym, value]
            )
        changed += sum(count for (count,) in done.fetchall())
    return changed


def found(
    connection: duckdb.DuckDBPyConnection, table: Table, gone: Forgotten, name: str
) -> Iterator[tuple[str, Any, Any]]:
    """Columns that tell learners apart, with forgotten ones' values and their pseudonyms.

    Args: as of `clear_table`.
    """
    there = {column for column, *_ in connection.execute(f"DESCRIBE {name}").fetchall()}
    numbers = (*NUMBERS, "id") if table is AUTH_USER else NUMBERS
    for column in ("username", *numbers):
        if column not in table.names or column not in there:
            continue
        rows = connection.execute(
            f'SELECT DISTINCT "{column}" FROM {name} WHERE "{column}" IS NOT NULL'
        ).fetchall()
        for (value,) in rows:
            pseudonym = gone.name(value) if column == "username" else gone.number(value)
            if pseudonym != value:
                yield column, value, pseudonym
