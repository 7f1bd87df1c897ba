"""The connection to the engine: where it is, and its failures in one line."""

from __future__ import annotations

import errno
import json
import os
import socket
import warnings
import weakref
from contextlib import contextmanager
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks.lib.engine.errors import EngineError
from tasks.lib.engine.versions import API

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker import APIClient

_LOCAL = "unix:///var/run/docker.sock"
_SECONDS_TO_ANSWER = 60
_BYTES_AT_ONCE = 2**16


class Connection:
    """The SDK's client, and what is asked often over a local socket without it.

    Importing the SDK, or http.client, takes longer than all else that is done to see that there is
    nothing to build.
    """

    def __init__(self, arguments: dict[str, Any]) -> None:
        self.host = str(arguments["base_url"])
        self._arguments = arguments

    @cached_property
    def sdk(self) -> APIClient:
        from docker import APIClient

        # Of a missing credentials helper: the error that follows says the same.
        warnings.filterwarnings("ignore", "docker-credential-", UserWarning)
        with explained(self.host):
            client = APIClient(**self._arguments, version=API, use_ssh_client=True)
        weakref.finalize(self, client.close)
        return client

    def get(self, path: str) -> Any:
        """The answer to a GET request. Raises EngineError."""
        scheme, _, file = self.host.partition("://")
        if scheme == "unix":
            return _get(self.host, file, path)
        with explained(self.host):
            answer = self.sdk.get(f"{self.sdk.base_url}{path}")
            answer.raise_for_status()
            return answer.json()


def _get(host: str, file: str, path: str) -> Any:
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(_SECONDS_TO_ANSWER)
            connection.connect(file)
            # In HTTP/1.0 the answer is one piece, and ends with the connection.
            connection.sendall(f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
            answer = b"".join(iter(partial(connection.recv, _BYTES_AT_ONCE), b""))
        head, _, body = answer.partition(b"\r\n\r\n")
        status = head.split(maxsplit=2)[1].decode()
        content = json.loads(body)
    except (OSError, ValueError, IndexError) as error:
        raise EngineError(_unreachable(host, error)) from error
    if status != "200":
        raise EngineError(f"the Docker engine: {content.get('message', status)}")
    return content


def where() -> dict[str, Any]:
    """The SDK's arguments for the engine that the docker command would use."""
    host, name = os.environ.get("DOCKER_HOST"), os.environ.get("DOCKER_CONTEXT")
    if host and host.startswith("unix://"):
        return {"base_url": host}
    if not host and (name or _chosen_context()) in (None, "default"):
        return {"base_url": _LOCAL}

    from docker.context import ContextAPI
    from docker.errors import DockerException
    from docker.utils import kwargs_from_env

    try:
        if host:
            return dict(kwargs_from_env())
        context = ContextAPI.get_context(name)
    except DockerException as error:
        raise EngineError(f"the Docker engine's address or certificates: {error}") from error
    if context is None:
        called = f"{name!r} (DOCKER_CONTEXT)" if name else "chosen with `docker context use`"
        raise EngineError(f"there is no Docker context {called}: see `docker context ls`")
    tls = {"tls": context.TLSConfig} if context.TLSConfig else {}
    return {"base_url": context.Host, **tls}


def _chosen_context() -> str | None:
    folder = Path(os.environ.get("DOCKER_CONFIG") or "~/.docker").expanduser()
    try:
        return str(json.loads((folder / "config.json").read_text())["currentContext"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


@contextmanager
def explained(host: str) -> Iterator[None]:
    """Turns what the SDK raises into one line."""
    from docker.errors import APIError, DockerException
    from requests.exceptions import RequestException
    from urllib3.exceptions import HTTPError

    try:
        yield
    except APIError as error:
        raise EngineError(f"the Docker engine: {error.explanation or error}") from error
    except DockerException as error:
        raise EngineError(f"Docker: {error}") from error
    except (RequestException, HTTPError) as error:
        raise EngineError(_unreachable(host, error)) from error


def _unreachable(host: str, error: BaseException) -> str:
    cause = next((e for e in _causes(error) if isinstance(e, OSError) and e.errno), None)
    match cause.errno if cause else None:
        case errno.ENOENT | errno.ECONNREFUSED:
            return (
                f"no Docker engine answers at {host}: start it (`sudo systemctl start docker`),"
                " or name another one with DOCKER_HOST or `docker context use`"
            )
        case errno.EACCES | errno.EPERM:
            return (
                f"no permission to use the Docker engine at {host}: join its group"
                ' (`sudo usermod --append --groups docker "$USER"`, then sign in anew)'
            )
    return f"no Docker engine answers at {host}: {cause or error}"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what it was made of: requests and urllib3 put errors into others' args."""
    yield error
    for cause in (*error.args, error.__cause__, getattr(error, "reason", None)):
        if isinstance(cause, BaseException):
            yield from _causes(cause)
