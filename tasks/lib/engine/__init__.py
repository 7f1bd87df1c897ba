"""The Docker engine: what it is asked, what it answers, and which versions are needed."""

from tasks.lib.engine.engine import Engine
from tasks.lib.engine.errors import EngineError
from tasks.lib.engine.records import Container, Event, Image, Machine, Transfer, Versions, Volume
from tasks.lib.engine.versions import buildx_version, compose_version

__all__ = [
    "Container",
    "Engine",
    "EngineError",
    "Event",
    "Image",
    "Machine",
    "Transfer",
    "Versions",
    "Volume",
    "buildx_version",
    "compose_version",
]
