"""Docker commands as streams of bytes, so that no data have to fit into memory."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager, suppress
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING

from tasks.lib.backup.manifest import BYTES_AT_ONCE
from tasks.lib.containers.compose import last_line
from tasks.lib.engine import EngineError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def output_of(what: str, *arguments: str) -> Iterator[Iterator[bytes]]:
    """What a docker command prints, piece by piece; it is ended where that is not read to its end.

    Args:
        what: is done, for the message.
        arguments: of the docker command.

    Raises:
        EngineError: the command failed.
    """
    with _started(what, arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
        assert process.stdout
        yield _pieces(process.stdout)


@contextmanager
def input_of(what: str, *arguments: str) -> Iterator[IO[bytes]]:
    """What a docker command reads; closed at the end of the context.

    Raises:
        EngineError: the command failed.
    """
    with _started(what, arguments, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        assert process.stdin
        # One that fails reads no more, and says why on its stderr.
        with suppress(BrokenPipeError):
            yield process.stdin
        with suppress(BrokenPipeError):
            process.stdin.close()


@contextmanager
def _started(
    what: str, arguments: tuple[str, ...], stdin: int, stdout: int
) -> Iterator[subprocess.Popen[bytes]]:
    with TemporaryFile() as errors:
        process = subprocess.Popen(
            ["docker", *arguments],
            stdin=stdin,
            stdout=stdout,
            stderr=errors,
            # Ctrl-C is for this process, which ends that one.
            start_new_session=True,
        )
        try:
            yield process
        except BaseException:
            process.kill()
            process.wait()
            raise
        finally:
            for pipe in (process.stdin, process.stdout):
                if pipe:
                    with suppress(BrokenPipeError):
                        pipe.close()
        if process.wait():
            errors.seek(0)
            raise EngineError(f"{what}: {last_line(errors.read().decode(errors='replace'))}")


def _pieces(stream: IO[bytes]) -> Iterator[bytes]:
    while piece := stream.read(BYTES_AT_ONCE):
        yield piece
