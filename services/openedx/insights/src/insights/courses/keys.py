"""Course ids in URLs."""

from __future__ import annotations

from django.core.exceptions import BadRequest
from opaque_keys import InvalidKeyError
from opaque_keys.edx.keys import CourseKey

_LENGTH = 255  # characters; the width of the reports' columns


class CourseIdConverter:
    """A course id in a path, in either form.

    Only the old form, `org/course/run`, has slashes. One part of any form matches too, so that what
    is no course id is an error of its own and not an unknown page.
    """

    regex = r"[^/:+]+/[^/:+]+/[^/:+]+|[^/]+"

    def to_python(self, value: str) -> str:
        """The id; views check it."""
        return value

    def to_url(self, value: str) -> str:
        """The id; Django encodes it."""
        return str(value)


def check_course_id(course_id: str) -> None:
    """Raise BadRequest if this is no course key."""
    try:
        CourseKey.from_string(course_id)
    except InvalidKeyError:
        raise BadRequest("no course key") from None
    if len(course_id) > _LENGTH:
        raise BadRequest("too long for a course key")
