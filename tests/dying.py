"""What programs under test kill themselves with; each leads a process group of its own."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def die() -> None:
    """Kill this process, and all that it started."""
    os.killpg(os.getpid(), signal.SIGKILL)


def dying(function: Callable[..., Any], call: int = 1, first: bool = True) -> Callable[..., Any]:
    """The function, which kills us before (`first`) or after that call of it."""
    calls = 0

    def counted(*arguments: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        its_turn = calls == call
        if first and its_turn:
            die()
        result = function(*arguments, **options)
        if its_turn:
            die()
        return result

    return counted
