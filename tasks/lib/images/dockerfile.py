"""What a Dockerfile says of the images that it is made of.

A parser of our own: dockerfile-parse takes the lines of a heredoc for instructions, knows neither
`# escape=` nor `${X:-default}`, and does not tell an image in `COPY --from` from a stage.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tasks.lib.errors import OperatorError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_KEYWORDS = frozenset(
    {
        *("ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK"),
        *("LABEL", "MAINTAINER", "ONBUILD", "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME"),
        "WORKDIR",
    }
)
_TAKES_HEREDOC = frozenset({"ADD", "COPY", "RUN", "ONBUILD"})

_DIRECTIVE = re.compile(r"#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*$")
_HEREDOC = re.compile(r"\d*<<(-?)([^<]+)")
_WORD = re.compile(r"""(?:[^\s"']|"(?:\\.|[^"\\])*"|'[^']*'|["'])+""")
_VARIABLE = re.compile(r"\$(?:(?P<bare>\w+)|\{(?P<name>\w+)(?:(?P<operator>:?[-+])|\}))")


class DockerfileError(OperatorError):
    """A Dockerfile cannot be understood; the message begins with its path and line."""

    def __init__(self, path: str, line: int, message: str) -> None:
        super().__init__(f"{path}:{line}: {message}")


@dataclass(frozen=True)
class Parent:
    """An image that a Dockerfile is built from or copies from."""

    name: str
    line: int
    """Of the instruction that names it first, from 1."""


@dataclass(frozen=True)
class Dockerfile:
    """What matters of a Dockerfile to build it at the right time."""

    parents: tuple[Parent, ...]
    """Each image once, in order of appearance; neither stages nor `scratch`."""
    arguments: frozenset[str]
    """The names that it declares with ARG, globally or in a stage."""


@dataclass(frozen=True)
class _Instruction:
    line: int
    keyword: str
    words: tuple[str, ...]
    """As written, with quotes and variables."""

    @property
    def flags(self) -> Iterator[tuple[str, str]]:
        """`--name=value` ahead of the arguments."""
        for word in self.words:
            if not word.startswith("--"):
                return
            name, _, value = word[2:].partition("=")
            yield name, value.strip("\"'")

    @property
    def arguments(self) -> tuple[str, ...]:
        return self.words[len(list(self.flags)) :]


def parse(text: str, path: str, values: Mapping[str, str]) -> Dockerfile:
    """Read a Dockerfile.

    Args:
        text: its content.
        path: what errors call it.
        values: build arguments; each counts where the Dockerfile declares it.

    Raises:
        DockerfileError: a syntax error, a base image by a variable without a value, or no FROM.
    """
    reader = _Reader(path, values)
    for instruction in _instructions(text, path):
        reader.read(instruction)
    return reader.dockerfile(len(text.splitlines()))


@dataclass
class _Reader:
    """Follows the instructions of one Dockerfile, as BuildKit does."""

    path: str
    values: Mapping[str, str]
    globals: dict[str, str | None] = field(default_factory=dict)
    """ARGs ahead of the first FROM; None where they have no value."""
    declared: set[str] = field(default_factory=set)
    stages: list[str] = field(default_factory=list)
    bases: list[Parent] = field(default_factory=list)
    sources: list[Parent] = field(default_factory=list)
    """What is copied or mounted from: images and stages."""

    def read(self, instruction: _Instruction) -> None:
        match instruction.keyword:
            case "ARG":
                self._argument(instruction)
            case "FROM":
                self._base(instruction)
            case keyword if not self.stages:
                raise self._error(instruction, f"{keyword} ahead of the first FROM")
            case "COPY":
                for name, value in instruction.flags:
                    if name == "from":
                        self._source(instruction, value)
            case "RUN":
                for name, value in instruction.flags:
                    if name == "mount":
                        self._mount(instruction, value)

    def dockerfile(self, lines: int) -> Dockerfile:
        """What was read, once all was."""
        if not self.stages:
            raise DockerfileError(self.path, max(lines, 1), "no FROM: it names no base image")
        sources = [source for source in self.sources if not self._is_stage(source.name)]
        found: dict[str, Parent] = {}
        for parent in sorted(self.bases + sources, key=lambda parent: parent.line):
            found.setdefault(parent.name, parent)
        return Dockerfile(tuple(found.values()), frozenset(self.declared))

    def _argument(self, instruction: _Instruction) -> None:
        for word in instruction.words:
            name, has_default, default = word.partition("=")
            self.declared.add(name)
            if self.stages:
                continue
            value = self._expand(instruction, default, missing="") if has_default else None
            self.globals[name] = self.values.get(name, value)

    def _base(self, instruction: _Instruction) -> None:
        match instruction.arguments:
            case [base]:
                stage = ""
            case [base, as_, stage] if as_.upper() == "AS":
                pass
            case _:
                raise self._error(instruction, "FROM takes `IMAGE` or `IMAGE AS STAGE`")
        name = self._expand(instruction, base)
        if not name:
            raise self._error(instruction, f"FROM {base} names no image")
        if name != "scratch" and name.lower() not in self.stages:
            self.bases.append(Parent(name, instruction.line))
        self.stages.append(stage.lower())

    def _mount(self, instruction: _Instruction, options: str) -> None:
        for option in options.split(","):
            name, _, value = option.partition("=")
            if name.lower() == "from":
                self._source(instruction, value)

    def _source(self, instruction: _Instruction, name: str) -> None:
        if "$" in name:
            raise self._error(
                instruction,
                f"{name}: variables work in FROM alone; give this image a stage of its own"
                f" (`FROM {name} AS NAME`) and copy or mount from that",
            )
        if name:
            self.sources.append(Parent(name, instruction.line))

    def _is_stage(self, name: str) -> bool:
        return name.isdecimal() or name.lower() in (*self.stages, "scratch")

    def _expand(self, instruction: _Instruction, text: str, missing: str | None = None) -> str:
        """With quotes taken off and global ARGs put in; `missing` for those without a value."""
        pieces, position = [], 0
        quoted = ""
        while position < len(text):
            character = text[position]
            if character in "\"'" and quoted in ("", character):
                quoted = "" if quoted else character
            elif character == "$" and quoted != "'":
                value, position = self._variable(instruction, text, position, missing)
                pieces.append(value)
                continue
            else:
                pieces.append(character)
            position += 1
        return "".join(pieces)

    def _variable(
        self, instruction: _Instruction, text: str, start: int, missing: str | None
    ) -> tuple[str, int]:
        """The value of the variable at `start`, and where the text goes on."""
        found = _VARIABLE.match(text, start)
        if not found:
            raise self._error(
                instruction, f"{text}: only $X, ${{X}}, ${{X:-Y}} and ${{X:+Y}} are known"
            )
        name = found["bare"] or found["name"]
        value = self.globals.get(name)
        if not (operator := found["operator"]):
            value = missing if value is None else value
            if value is None:
                raise self._error(instruction, self._undefined(instruction, name))
            return value, found.end()
        end = self._closing_brace(instruction, text, found.end())
        is_set = bool(value) if operator.startswith(":") else value is not None
        if operator.endswith("-") and is_set:
            return value or "", end + 1
        if operator.endswith("+") and not is_set:
            return "", end + 1
        return self._expand(instruction, text[found.end() : end], missing), end + 1

    def _closing_brace(self, instruction: _Instruction, text: str, start: int) -> int:
        depth = 1
        for position in range(start, len(text)):
            depth += {"{": 1, "}": -1}.get(text[position], 0)
            if not depth:
                return position
        raise self._error(instruction, f"{text}: a brace is not closed")

    def _undefined(self, instruction: _Instruction, name: str) -> str:
        wanted = f"{instruction.keyword} {' '.join(instruction.words)}"
        if name in self.globals:
            return f"{wanted}: {name} has no value; give `ARG {name}` a default"
        return f"{wanted}: nothing defines {name}; declare it with ARG ahead of the first FROM"

    def _error(self, instruction: _Instruction, message: str) -> DockerfileError:
        return DockerfileError(self.path, instruction.line, message)


def _instructions(text: str, path: str) -> Iterator[_Instruction]:
    """The instructions, with continued lines joined, and without comments and heredocs' content."""
    lines = text.removeprefix("\ufeff").splitlines()
    escape = _escape(lines, path)
    continued = re.compile(rf"(?:^|(?<=[^{re.escape(escape)}])){re.escape(escape)}[ \t]*$")
    numbered = iter(enumerate(lines, 1))
    for number, line in numbered:
        if not _says_something(line):
            continue
        pieces = []
        while True:
            piece, goes_on = continued.subn("", line)
            pieces.append(piece)
            if not goes_on:
                break
            line = next((line for _, line in numbered if _says_something(line)), "")
        if not (found := _WORD.findall("".join(pieces))):
            continue
        keyword, *words = found
        if keyword.upper() not in _KEYWORDS:
            raise DockerfileError(path, number, f"unknown instruction {keyword}")
        if not words:
            raise DockerfileError(path, number, f"{keyword.upper()} without arguments")
        instruction = _Instruction(number, keyword.upper(), tuple(words))
        for heredoc in _heredocs(instruction):
            _skip_heredoc(heredoc, numbered, instruction, path)
        yield instruction


def _escape(lines: list[str], path: str) -> str:
    """The character that continues a line; `# escape=` may choose it, on top of all else."""
    for number, line in enumerate(lines, 1):
        directive = _DIRECTIVE.match(line.strip())
        if not directive:
            break
        if directive[1].lower() == "escape":
            if directive[2] not in ("\\", "`"):
                raise DockerfileError(path, number, f"escape is \\ or `, not {directive[2]}")
            return directive[2]
    return "\\"


def _says_something(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _heredocs(instruction: _Instruction) -> Iterator[tuple[str, bool]]:
    """The terminators that an instruction waits for, each with whether tabs may stand before it."""
    if instruction.keyword in _TAKES_HEREDOC:
        for word in instruction.words:
            if found := _HEREDOC.fullmatch(word):
                yield found[2].replace('"', "").replace("'", ""), bool(found[1])


def _skip_heredoc(
    heredoc: tuple[str, bool],
    numbered: Iterator[tuple[int, str]],
    instruction: _Instruction,
    path: str,
) -> None:
    terminator, tabs = heredoc
    for _, line in numbered:
        if (line.lstrip("\t") if tabs else line) == terminator:
            return
    raise DockerfileError(path, instruction.line, f"the heredoc <<{terminator} does not end")
