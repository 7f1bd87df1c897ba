"""An application that says what reached it; runs in a container, in the place of a real one."""

from __future__ import annotations

import gzip
import json
import socket
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

LINE = b"course-v1:X+Y,2026-01-05,honor,1234567\n"
requests = 0


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        global requests
        requests += 1
        # What is left of a body would be taken for the connection's next request.
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        if url.path.endswith(".csv"):
            self.lines(query)
            return
        time.sleep(float(query.get("sleep", 0)))
        headers = [(name.lower(), value) for name, value in self.headers.items()]
        seen = {"path": self.path, "headers": headers, "requests": requests}
        body = json.dumps(seen | {"host": socket.gethostname(), "filler": "x" * 2000}).encode()
        self.send_response(200)
        if url.path.startswith("/static/"):
            self.send_header("Cache-Control", "max-age=315360000, public, immutable")
        if "own-headers" in query:
            self.send_header("Content-Security-Policy", "default-src 'self'")
            self.send_header("X-Frame-Options", "SAMEORIGIN")
        if "gzip" in query:
            body = gzip.compress(body)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def lines(self, query: dict[str, str]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/csv; charset=utf-8")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(LINE)
        time.sleep(float(query.get("sleep", 0)))
        for _ in range(int(query.get("thousands", 0))):
            self.wfile.write(LINE * 1000)
        self.close_connection = True


if __name__ == "__main__":
    ThreadingHTTPServer(("", 8000), Handler).serve_forever()
