"""What is raised where the engine cannot do what was asked."""

from __future__ import annotations

from tasks.lib.errors import OperatorError


class EngineError(OperatorError):
    """The engine, Compose or buildx is not there, is too old, or refuses what was asked."""
