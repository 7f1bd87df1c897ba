"""A server in the place of the Data API that answers as no Data API should."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

JSON = "application/json"


@dataclass(frozen=True)
class Answer:
    """An answer; with neither status nor body, the connection is closed without one."""

    status: int = 0
    body: str = ""
    content_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class StandIn:
    """The running server: `url` for Insights, paths that it was asked for, with which headers."""

    url: str
    asked: list[str] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)


@contextmanager
def stand_in(answer: Callable[[str], Answer]) -> Generator[StandIn]:
    """Run a server on loopback that answers a path with what `answer` makes of it."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            running.asked.append(self.path)
            running.headers.append(dict(self.headers))
            given = answer(self.path)
            self.close_connection = not given.status
            if given.status:
                self.send(given)

        def send(self, given: Answer) -> None:
            body = given.body.encode()
            self.send_response(given.status)
            headers = {"Content-Type": given.content_type, "Content-Length": str(len(body))}
            for name, value in (headers | dict(given.headers)).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *arguments: object) -> None:
            """Insights hangs up on who is slow."""

    server = Server(("127.0.0.1", 0), Handler)
    running = StandIn(f"http://127.0.0.1:{server.server_port}/api/v0")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield running
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
