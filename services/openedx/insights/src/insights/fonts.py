"""The fonts of what is drawn here, for paper and mail: PDFs, and charts as pictures.

They come as packages, so that every machine draws alike: Latin, Greek, Cyrillic and Vietnamese,
Arabic, Hebrew. Other scripts are drawn where the machine itself has a font of them.
"""

from __future__ import annotations

from importlib.resources import files

FAMILIES = ("Noto Sans", "Noto Sans Arabic", "Heebo")
"""Their names, the first that has a letter goes before others."""
_PACKAGES = ("fontpkg_noto_sans", "fontpkg_noto_sans_arabic", "fontpkg_heebo")


def folders() -> list[str]:
    """Where their files are."""
    return [str(files(package) / "files") for package in _PACKAGES]
