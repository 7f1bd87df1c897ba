"""Course keys as logs carry them, brought into the form that the LMS uses."""

from __future__ import annotations

from functools import lru_cache

from opaque_keys import InvalidKeyError
from opaque_keys.edx.keys import CourseKey

MAXIMUM_LENGTH = 255  # characters; the width of the reports tables' columns


@lru_cache(maxsize=65_536)
def normalise(text: str) -> str:
    """The key without white space and slashes around its end; empty where there is none.

    Raises:
        InvalidKeyError: what remains is no course key, old style or new.
    """
    key = text.strip().rstrip("/").rstrip()
    if key:
        if len(key) > MAXIMUM_LENGTH:
            raise InvalidKeyError(CourseKey, key)
        CourseKey.from_string(key)
    return key
