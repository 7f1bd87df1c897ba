"""The script that draws charts in a browser, made of what vl-convert brings along.

Collected with the other static files, as insights/vega.js. Making it takes a second, so it is kept
in the cache folder until vl-convert is another version.
"""

from __future__ import annotations

import os
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage

if TYPE_CHECKING:
    from collections.abc import Iterator

BUNDLE = "insights/vega.js"
_SNIPPET = "window.vegaEmbed = vegaEmbed;"


class VegaFinder(BaseFinder):
    """Finds the bundle, and makes it where it is not there."""

    def check(self, **kwargs: Any) -> list[Any]:  # noqa: ARG002
        """Nothing can be configured wrongly here."""
        return []

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:  # noqa: ARG002
        """The bundle's file, if it is what is looked for."""
        if path != BUNDLE:
            return []
        file = str(bundle_folder() / BUNDLE)
        return [file] if find_all else file

    def list(self, ignore_patterns: Any) -> Iterator[tuple[str, FileSystemStorage]]:  # noqa: ARG002
        """The bundle alone."""
        yield BUNDLE, FileSystemStorage(location=bundle_folder())


def bundle_folder() -> Path:
    """The folder in which the bundle is; whole or not there, whoever makes it at once."""
    folder = Path(settings.CACHE_FOLDER) / f"vega-{version('vl-convert-python')}"
    file = folder / BUNDLE
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        made = file.with_suffix(f".{os.getpid()}")
        made.write_text(make_bundle(), encoding="utf-8")
        made.replace(file)
    return folder


def make_bundle() -> str:
    """A script that puts `vegaEmbed` into `window`."""
    import vl_convert

    bundle: str = vl_convert.javascript_bundle(_SNIPPET)
    return bundle
