"""The files and folders of an image's folder that count for whether it is out of date."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tasks.lib.errors import OperatorError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# BuildKit reads these whatever they exclude.
_ALWAYS = frozenset({"Dockerfile", ".dockerignore", "Dockerfile.dockerignore"})
_NEVER = frozenset({"README.md", ".target"})


@dataclass(frozen=True, order=True)
class Entry:
    """A file, folder or link of a context."""

    modified: int
    """Nanoseconds since 1970 UTC; of a link itself, not of what it points to."""
    path: str
    """Below the context; `.` is the context's own folder."""


def newest(folder: Path) -> Entry:
    """The entry of a context that was modified last."""
    return max(entries(folder))


def entries(folder: Path) -> Iterator[Entry]:
    """All entries of a context but those that .dockerignore excludes, README.md and .target.

    A folder counts, as its time tells that something was removed from it. One that is excluded
    counts where .dockerignore takes something in it back in.
    """
    yield Entry(folder.stat().st_mtime_ns, ".")
    yield from _below(str(folder), "", ignored(folder), None)


def _below(folder: str, prefix: str, ignored: Ignored, above: Look | None) -> Iterator[Entry]:
    # What vanishes meanwhile has left its mark on the time of the folder that it was in.
    with suppress(FileNotFoundError), os.scandir(folder) as found:
        for item in found:
            path = prefix + item.name
            is_folder = item.is_dir(follow_symlinks=False)
            look = ignored.look(path, above)
            if item.name in _NEVER or (
                look.excluded
                and path not in _ALWAYS
                and not (is_folder and ignored.takes_back_below(path, look))
            ):
                continue
            with suppress(FileNotFoundError):
                yield Entry(item.stat(follow_symlinks=False).st_mtime_ns, path)
            if is_folder:
                yield from _below(item.path, f"{path}/", ignored, look)


def ignore_file(folder: Path) -> Path:
    """The .dockerignore that BuildKit would use for a context; it need not be there."""
    of_dockerfile = folder / "Dockerfile.dockerignore"
    return of_dockerfile if of_dockerfile.exists() else folder / ".dockerignore"


def ignored(folder: Path) -> Ignored:
    """What .dockerignore excludes from a context.

    Raises:
        OperatorError: a pattern in it makes no sense.
    """
    path = ignore_file(folder)
    try:
        return Ignored.parse(path.read_text(errors="replace"))
    except FileNotFoundError:
        return Ignored(())
    except re.error as error:
        raise OperatorError(f"{path}: {error.pattern!r} is no pattern ({error.msg})") from error


@dataclass(frozen=True)
class Ignored:
    """The patterns of a .dockerignore, by the rules of BuildKit.

    They are not those of .gitignore: each pattern begins at the context's folder, and `!` takes
    back in also what lies in a folder that is excluded.
    """

    patterns: tuple[Pattern, ...]

    @classmethod
    def parse(cls, text: str) -> Ignored:
        """Reads a .dockerignore."""
        lines = (line.strip() for line in text.removeprefix("\ufeff").splitlines())
        return cls(tuple(Pattern.parse(line) for line in lines if _is_pattern(line)))

    def look(self, path: str, above: Look | None) -> Look:
        """What becomes of a path below the context.

        Args:
            path: the path.
            above: the same for the folder that it is in, unless that is the context's own.
        """
        matches: list[bool] = []
        excluded = False
        for number, pattern in enumerate(self.patterns):
            # What matches a folder holds for all below. As in BuildKit, a pattern that would change
            # nothing for a folder is not looked at, so not for what is below either.
            matched = bool(above and above.matches[number]) or (
                pattern.takes_back == excluded and bool(pattern.regex.fullmatch(path))
            )
            matches.append(matched)
            if matched:
                excluded = not pattern.takes_back
        return Look(excluded, tuple(matches))

    def takes_back_below(self, folder: str, look: Look) -> bool:
        """Whether something in an excluded folder may be taken back in."""
        for pattern, matched in zip(reversed(self.patterns), reversed(look.matches), strict=True):
            if pattern.takes_back and pattern.reaches(folder):
                return True
            if matched:
                return False
        return False


@dataclass(frozen=True)
class Look:
    """What the patterns say of a path."""

    excluded: bool
    matches: tuple[bool, ...]
    """Which of them match it, or a folder that it is in."""


@dataclass(frozen=True)
class Pattern:
    """A line of a .dockerignore."""

    path: str
    """Without `!`, and without slashes at the ends."""
    takes_back: bool
    """It began with `!`."""
    regex: re.Pattern[str] = field(repr=False)
    """Matches the paths that it names, but none below those."""

    @classmethod
    def parse(cls, line: str) -> Pattern:
        """Reads a line that is neither empty nor a comment."""
        path = os.path.normpath(line.removeprefix("!").strip()).strip("/") or "."
        return cls(path, line.startswith("!"), re.compile(_regex(path), re.DOTALL))

    def reaches(self, folder: str) -> bool:
        """Whether it may match something below a folder."""
        for part, of_folder in zip(self.path.split("/"), folder.split("/"), strict=False):
            if "**" in part:
                return True
            if not re.fullmatch(_regex(part), of_folder):
                return False
        return True


def _is_pattern(line: str) -> bool:
    return bool(line.removeprefix("!").strip()) and not line.startswith("#")


_TOKEN = re.compile(r"\*\*/?|[*?]|\[\^?[^\]]+\]|\\.|.", re.DOTALL)
_TRANSLATED = {"*": "[^/]*", "?": "[^/]", "**": "(?:.*/)?", "**/": "(?:.*/)?"}


def _regex(pattern: str) -> str:
    """Go's path patterns and `**`, which matches any number of folders, as a regular expression."""
    *tokens, last = _TOKEN.findall(pattern)
    return "".join(map(_translated, tokens)) + (".*" if last == "**" else _translated(last))


def _translated(token: str) -> str:
    if token in _TRANSLATED:
        return _TRANSLATED[token]
    if len(token) > 1 and token[0] == "[":
        return token[0] + token[1:].replace("[", r"\[")
    return re.escape(token[-1])
