"""Invoke's program as ours: a suggestion for a mistyped task, and completion for `./inv`."""

from __future__ import annotations

import re
from functools import cached_property
from itertools import chain, pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from invoke import Exit, ParseError, Program

if TYPE_CHECKING:
    from invoke import Parser, ParserContext

ROOT = Path(__file__).resolve().parents[2]

_OPTIONAL = {"local.sql"}
"""Tasks whose one positional argument may be left out, which Invoke does not know; it is empty."""
_HELP = ("--help", "-h")
_LACKING = "did not receive required positional argument"
_UNKNOWN = re.compile(r"No idea what '(?P<name>.*)' is!")
_NO_NUMBER = re.compile(
    r"(?P<what>invalid literal for int|could not convert).*: (?P<value>['\"].*)"
)


class Inv(Program):
    """Invoke's program, whose complaints about the command line are in the form of ours."""

    def parse_tasks(self) -> None:
        """Raises Exit, with one line, where the command line is not understood."""
        self._look_for_help()
        try:
            super().parse_tasks()
        except ParseError as error:
            task, tokens = error.context, self.core.unparsed
            if not (task and task.name in _OPTIONAL and _LACKING in str(error) and tokens[-1]):
                raise self._refusal(error) from error
            tokens.append("")
            self.parse_tasks()
        except ValueError as error:
            raise self._no_number(error) from error

    def parse_cleanup(self) -> None:
        """Raises Exit, with one line, where help is wanted for a task that is not there."""
        if self.args.complete.value:
            # Invoke takes the program's name off the line that is to be completed, not its path.
            self._binary_names = [r"\S*inv"]
        try:
            super().parse_cleanup()
        except ParseError as error:
            raise self._refusal(error) from error

    def _look_for_help(self) -> None:
        """Take `inv TASK --help` as `inv --help TASK`, and not for the task's first argument."""
        tokens = self.core.unparsed
        contexts = self._make_parser().contexts
        for place, token in enumerate(tokens):
            named = [each for each in tokens[:place] if each in contexts]
            if token in _HELP and named and token not in contexts[named[-1]].flags:
                self.args.help.value = named[-1]
                tokens.clear()
                return

    @cached_property
    def _parser(self) -> Parser:
        return super()._make_parser()

    def _make_parser(self) -> Parser:
        """Invoke's parser, made once: with each, Invoke takes the options' help off the tasks."""
        return self._parser

    def _no_number(self, error: ValueError) -> Exception:
        """What to raise where Invoke cannot make a number of an option's value."""
        from tasks.lib.errors import one_line

        if not (found := _NO_NUMBER.fullmatch(str(error))):
            return error
        value, tokens = found["value"][1:-1], self.core.unparsed
        options = [before for before, token in pairwise(tokens) if token == value]
        options += [token.partition("=")[0] for token in tokens if token.endswith(f"={value}")]
        number = "whole number" if found["what"].endswith("int") else "number"
        named = " ".join([*options[:1], value or "''"])
        return Exit(one_line(f"{named} is no {number}"), code=2)

    def _refusal(self, error: ParseError) -> Exit:
        from tasks.lib.errors import one_line

        message = str(error)
        if unknown := _UNKNOWN.fullmatch(message):
            message = self._suggestion(unknown["name"], error.context)
        return Exit(one_line(message), code=2)

    def _suggestion(self, name: str, context: ParserContext | None) -> str:
        """What to say about a task, or an option of the task before it, that there is not."""
        from difflib import get_close_matches

        folder = name.replace("build.", "services/", 1).replace(".", "/")
        if folder.startswith("services/") and (ROOT / folder).is_dir():
            return f"{folder} has no Dockerfile: there is no image to build"
        if name.startswith("-") and context and context.name:
            what, known = f"option of {context.name}", {*context.flags}
            more = f"inv --help {context.name}"
        else:
            tasks = self.collection.task_names
            what, known = "task", {*tasks, *chain.from_iterable(tasks.values())}
            more = "inv help"
        alike = get_close_matches(name, known, n=1)
        hint = f"did you mean {alike[0]}?" if alike else f"`{more}` shows all"
        return f"no {what} is called {name}: {hint}"
