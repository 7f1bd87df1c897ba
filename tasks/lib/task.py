"""The kind of task that tells an operator's failure in one line."""

from __future__ import annotations

from functools import partial
from typing import Any

import invoke

from tasks.lib.errors import one_line


class OperatorTask(invoke.Task[Any]):
    """A task that ends with one line on stderr, not a traceback, where the operator can act.

    That is every exception with an `exit_code`: the code below the tasks has error classes of its
    own and does not know this module. Other exceptions are defects and keep their traceback.
    """

    # Invoke takes tasks of the same code for one task, and runs one of several on a command line:
    # those that are made for each image or service are all of the same code.
    __eq__ = object.__eq__
    __hash__ = object.__hash__

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Runs the task. Raises invoke.Exit, which Invoke prints."""
        try:
            return super().__call__(*args, **kwargs)
        except KeyboardInterrupt:
            raise invoke.Exit(one_line("interrupted"), code=130) from None
        except Exception as error:
            exit_code = getattr(error, "exit_code", None)
            if not isinstance(exit_code, int):
                raise
            raise invoke.Exit(one_line(str(error)), code=exit_code) from error


task = partial(invoke.task, klass=OperatorTask)
"""Invoke's decorator, for an `OperatorTask`; every module of tasks/ uses this one."""
