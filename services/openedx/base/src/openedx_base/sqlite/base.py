"""Django's SQLite backend, which tells whether a kept connection still leads to the file.

Opening one takes longer than most questions. A file may be replaced or restored meanwhile, though,
and SQLite would go on reading the old one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from django.db.backends.sqlite3 import base


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection that is usable for as long as nobody replaces the file or writes over it.

    SQLite itself does the latter only when it empties its write-ahead log into it.
    """

    _path = Path()
    _opened: tuple[int, ...] | None = None

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Open the file."""
        name = str(self.settings_dict["NAME"])
        self._path = Path(unquote(urlsplit(name).path) if name.startswith("file:") else name)
        self._opened = self._state()
        return super().get_new_connection(conn_params)

    def is_usable(self) -> bool:
        """Tell whether the file is the one that was opened; Django asks once a request."""
        return self.is_in_memory_db() or self._state() == self._opened

    def _state(self) -> tuple[int, ...] | None:
        try:
            file = self._path.stat()
        except OSError:
            return None
        return file.st_dev, file.st_ino, file.st_size, file.st_mtime_ns
