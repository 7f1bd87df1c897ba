"""Failures that an operator can mend: one line each, no traceback."""


class PreparationError(Exception):
    """A database cannot be prepared; the message says why and what to do, in one line."""
