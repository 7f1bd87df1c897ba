"""Course keys as logs carry them, brought into the form that the LMS uses."""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache

from opaque_keys import InvalidKeyError
from opaque_keys.edx.keys import CourseKey

MAXIMUM_LENGTH = 255  # characters; the width of the reports tables' columns
_LONGEST_NAME = 150  # characters; with what follows them, no file system refuses the name


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


def organisation(key: str) -> str | None:
    """Who runs the course; None where the key does not say.

    Raises:
        InvalidKeyError: it is no course key.
    """
    org = CourseKey.from_string(key).org
    return None if org is None else str(org)


def as_file_name(key: str) -> str:
    """The key as part of a file's name, as upstream and its Data API have it: org_course_run.

    Other keys may give the same. What would be too long for a name is cut, and ends in a digest.
    """
    try:
        name = CourseKey.from_string(key)._to_string()
    except InvalidKeyError:
        name = key
    name = re.sub(r"[^\w.\-]", "_", name, flags=re.ASCII)
    if len(name) <= _LONGEST_NAME:
        return name
    return f"{name[:_LONGEST_NAME]}-{hashlib.sha1(key.encode()).hexdigest()}"
