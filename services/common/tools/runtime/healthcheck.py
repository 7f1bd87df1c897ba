#!/usr/bin/env python3
"""healthcheck URL: exit code 0 if a service answers with 200; else 1, and a line that says why."""

from __future__ import annotations

import sys
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

SECONDS_TO_WAIT = 6


def main(url: str) -> None:
    """Ask the service, as the proxy in front of it does."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=SECONDS_TO_WAIT)
    headers = {"Host": "localhost", "X-Forwarded-Proto": "https", "User-Agent": "healthcheck"}
    try:
        connection.request("GET", parts.path, headers=headers)
        response = connection.getresponse()
        body = response.read(1000).decode(errors="replace").strip()
    except (OSError, HTTPException) as error:
        sys.exit(f"{url}: {error}")
    print(body)
    if response.status != 200:
        sys.exit(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
