"""Hands connections on to an application outside of the network, in the place of its container.

Run with the standard library alone, as a program: host and port of the application.
"""

from __future__ import annotations

import asyncio
import sys
from asyncio import StreamReader, StreamWriter


async def copy(source: StreamReader, target: StreamWriter) -> None:
    try:
        while data := await source.read(65536):
            target.write(data)
            await target.drain()
    except ConnectionError:
        pass
    finally:
        target.close()


async def hand_on(reader: StreamReader, writer: StreamWriter) -> None:
    from_application, to_application = await asyncio.open_connection(sys.argv[1], int(sys.argv[2]))
    await asyncio.gather(copy(reader, to_application), copy(from_application, writer))


async def main() -> None:
    server = await asyncio.start_server(hand_on, "", 8000)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
