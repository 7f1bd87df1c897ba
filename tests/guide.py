"""The operator's guide as something to run: the commands in the `sh` blocks of its pages."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from checkout import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.DOTALL | re.MULTILINE)
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
        return _MARK in self.line


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
