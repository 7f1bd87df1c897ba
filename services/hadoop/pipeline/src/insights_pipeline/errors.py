"""Failures that an operator can mend: one line each, no traceback."""


class PipelineError(Exception):
    """What went wrong, with what, and what to do next.

    The outermost layer alone turns it into a line on stderr and `exit_code`.
    """

    exit_code = 1


class BadOption(PipelineError):
    """An option of the command line that cannot be what was meant."""

    exit_code = 2


class BadInput(PipelineError):
    """A file or folder that the run cannot do without is missing or is not what it should be."""


class BadDataFolder(PipelineError):
    """The data folder belongs to another version, or is damaged."""


class AlreadyRunning(PipelineError):
    """Another update holds this data folder."""

    exit_code = 75


class NoRoom(PipelineError):
    """The disk is full."""
