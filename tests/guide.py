"""The operator's guide as something to run: the commands in the `sh` blocks of its pages.

A test runs those of a section by `guide.run("docs/set-up.md", "3. Up", clone.do)`, or gets them by
`guide.section` where there is more to do than to wait for their end. test_guide.py reads from these
calls which sections are run, and fails for a command that is neither in one of them nor marked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from checkout import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_COMMENT = re.compile(r"\s+# .*$")
_MARK = "# not tested"


@dataclass(frozen=True)
class Command:
    """A command line of a page; `heading` is the one that it stands under."""

    page: str
    heading: str
    line: str

    @property
    def is_marked(self) -> bool:
        """Whether the page says that no test runs it."""
        return self.line.endswith(_MARK)


def commands(page: Path) -> list[Command]:
    """The commands of a page, in order; a line that ends with a backslash goes on in the next."""
    content = page.read_text()
    name = str(page.relative_to(ROOT))
    found = []
    for block in _BLOCK.finditer(content):
        headings = re.findall(r"^#+ (.*)$", content[: block.start()], re.MULTILINE)
        lines = block[1].replace("\\\n", " ").splitlines()
        found += [Command(name, headings[-1], line) for line in lines if line.strip()]
    return found


def section(page: str, heading: str) -> list[str]:
    """The lines of a section that are not marked, without their comments; there are some."""
    lines = [
        _COMMENT.sub("", command.line)
        for command in commands(ROOT / page)
        if command.heading == heading and not command.is_marked
    ]
    assert lines, f"{page} has no command to run under {heading!r}"
    return lines


def run(page: str, heading: str, do: Callable[[str], str]) -> str:
    """Run the commands of a section; returns all that they printed."""
    return "".join(map(do, section(page, heading)))
