"""A request's parameters: of the URL, and of the body of a POST that stands for a long GET.

A list is given as values separated by commas, as a repeated parameter, or as a JSON array. Blank,
or null in JSON, is the same as not given; what no resource asks for is passed over. What is in the
URL precedes what is in the body, so that the link to the next page works for a POST too.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.http import QueryDict
from opaque_keys import InvalidKeyError
from opaque_keys.edx.keys import CourseKey
from rest_framework.exceptions import ParseError
from rest_framework.serializers import BooleanField

from analytics_data_api.exceptions import CourseKeyMalformed, IllegalParameterValue

if TYPE_CHECKING:
    from collections.abc import Collection

    from rest_framework.request import Request

_DATE_FORMATS = ("%Y-%m-%d", "%Y-%m-%dT%H%M%S")
_COURSE_ID_LENGTH = 255  # characters; the width of the tables' columns


class Parameters:
    """The parameters of one request."""

    def __init__(self, request: Request) -> None:
        """Collect them.

        Raises ParseError if the body is not what its content type says.
        """
        self._given = [request.query_params]
        if request.method == "POST":
            self._given.append(_body(request))

    def text(self, name: str) -> str | None:
        """A single value; the last one if there are several."""
        values = self._values(name)
        return values[-1] if values else None

    def texts(self, name: str) -> list[str]:
        """The values of a list, each once, in the order in which they were given."""
        parts = (part for value in self._values(name) for part in value.split(","))
        return list(dict.fromkeys(stripped for part in parts if (stripped := part.strip())))

    def _values(self, name: str) -> list[str]:
        """The values of a parameter as texts, without blank ones.

        Raises IllegalParameterValue if one is an object, or an array within one.
        """
        for given in self._given:
            is_form = isinstance(given, QueryDict)
            if texts := _texts(name, given.getlist(name) if is_form else given.get(name)):
                return texts
        return []

    def choice(self, name: str, choices: Collection[str]) -> str | None:
        """A value out of a few, in any case.

        Raises IllegalParameterValue if it is another one.
        """
        value = self.text(name)
        return None if value is None else _one_of(name, value, choices)

    def choices(self, name: str, choices: Collection[str]) -> list[str]:
        """A list of values out of a few, in any case.

        Raises IllegalParameterValue if it has another one.
        """
        return [_one_of(name, value, choices) for value in self.texts(name)]

    def flag(self, name: str) -> bool:
        """A truth value such as ``true`` or ``1``; false if it is not given.

        Raises IllegalParameterValue if it is neither true nor false.
        """
        value = self.text(name)
        if value is None or value.lower() in BooleanField.FALSE_VALUES:
            return False
        if value.lower() in BooleanField.TRUE_VALUES:
            return True
        raise IllegalParameterValue(name, value, "true or false")

    def positive(self, name: str) -> int | None:
        """A whole number from 1.

        Raises IllegalParameterValue if it is none.
        """
        value = self.text(name)
        if value is None:
            return None
        # Nobody counts to more digits; Python's limit on them is beyond that.
        if value.isascii() and value.isdigit() and len(value) <= 18 and int(value) > 0:
            return int(value)
        raise IllegalParameterValue(name, value, "a whole number from 1")

    def moment(self, name: str) -> datetime | None:
        """A date, which is its midnight, or a date with a time.

        Raises IllegalParameterValue if it is neither.
        """
        value = self.text(name)
        if value is None:
            return None
        for form in _DATE_FORMATS:
            try:
                return datetime.strptime(value, form)
            except ValueError:
                continue
        raise IllegalParameterValue(name, value, "a date as 2026-01-31 or 2026-01-31T000000")

    def day(self, name: str) -> date | None:
        """The date of a `moment`."""
        moment = self.moment(name)
        return moment and moment.date()

    def course_id(self) -> str | None:
        """The one course that is asked for, beside the path.

        Raises CourseKeyMalformed if it is no course key.
        """
        course_id = self.text("course_id")
        if course_id:
            parse_course_id(course_id)
        return course_id

    def course_ids(self) -> list[str]:
        """The courses asked for; none stands for all.

        Raises CourseKeyMalformed if one is no course key.
        """
        course_ids = self.texts("course_ids")
        for course_id in course_ids:
            parse_course_id(course_id)
        return course_ids


def parse_course_id(course_id: str) -> CourseKey:
    """The parts of a course id, in either form.

    Raises CourseKeyMalformed if it is no course key.
    """
    try:
        if len(course_id) > _COURSE_ID_LENGTH:
            raise CourseKeyMalformed(course_id)
        return CourseKey.from_string(course_id)
    except InvalidKeyError:
        raise CourseKeyMalformed(course_id) from None


def _body(request: Request) -> dict[str, Any] | QueryDict:
    _ = request.body  # refuses what is larger than Django's limit, before anything is parsed
    try:
        data = request.data
    except RecursionError:
        raise ParseError("JSON parse error - nested too deeply") from None
    if not isinstance(data, dict):
        raise ParseError("The body is a JSON object with a member for each parameter.")
    return data


def _texts(name: str, value: Any) -> list[str]:
    """The values as texts: a list's, or the one that there is."""
    if value is None:
        return []
    values = value if isinstance(value, list) else [value]
    for item in values:
        if item is None or isinstance(item, (dict, list)):
            raise IllegalParameterValue(name, item, "a text, a number or a list of those")
    return [text for item in values if (text := str(item)).strip()]


def _one_of(name: str, value: str, choices: Collection[str]) -> str:
    chosen = value.lower()
    if chosen not in choices:
        raise IllegalParameterValue(name, value, " or ".join(sorted(choices)))
    return chosen
