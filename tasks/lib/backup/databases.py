"""The databases as one compressed SQL file, dumped from and loaded into the running server."""

from __future__ import annotations

import gzip
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tasks.lib import console
from tasks.lib.backup import pipes
from tasks.lib.backup.manifest import BYTES_AT_ONCE, BackupError
from tasks.lib.backup.volumes import megabytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from tasks.lib.containers.compose import Compose

SERVICE = "mysql"

_SYSTEM = frozenset({"information_schema", "mysql", "performance_schema", "sys"})
# The disk is not to wait for the processor: level 1 is a third of the size in a third of the time.
_LEVEL = 1
_GZIP = 31


def names(compose: Compose) -> list[str]:
    """The databases of the running server, but for its own.

    Raises:
        ComposeError: it does not answer.
    """
    query = ("--batch", "--skip-column-names", "--execute", "SHOW DATABASES")
    return sorted({*compose.ask(SERVICE, "mariadb", *query).split()} - _SYSTEM)


@contextmanager
def dumped(container: str, databases: Sequence[str]) -> Iterator[Iterator[bytes]]:
    """Compressed SQL that replaces these databases by what they are at one moment.

    Args:
        container: the id of the server's.
        databases: their names.

    Raises:
        EngineError: the server refuses, or ends meanwhile.
    """
    dump = (
        *("mariadb-dump", "--single-transaction", "--add-drop-database"),
        *("--databases", *databases),
    )
    with pipes.output_of("databases", "exec", container, *dump) as pieces:
        yield _compressed(pieces)


def load(container: str, dump: Path) -> None:
    """Bring databases back into a running server, each replaced as a whole.

    Raises:
        BackupError: the dump cannot be read.
        EngineError: the server refuses, or ends meanwhile.
    """
    try:
        total = dump.stat().st_size
        with (
            console.progress("databases") as progress,
            pipes.input_of("databases", "exec", "--interactive", container, "mariadb") as server,
            dump.open("rb") as file,
            gzip.open(file) as sql,
        ):
            done = 0
            while piece := sql.read(BYTES_AT_ONCE):
                server.write(piece)
                done += len(piece)
                progress.update(file.tell(), total, megabytes(done))
    except (OSError, EOFError, zlib.error) as error:
        raise BackupError(f"{dump} cannot be read: {error}") from error


def _compressed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
    done = 0
    with console.progress("databases") as progress:
        for piece in pieces:
            done += len(piece)
            progress.update(done, None, megabytes(done))
            if compressed := compressor.compress(piece):
                yield compressed
    yield compressor.flush()
