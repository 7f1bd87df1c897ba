"""Who was enrolled, day by day."""

from __future__ import annotations

from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from analytics_data_api import enrollment_modes
from analytics_data_api.countries import country
from analytics_data_api.documentation import parameters as p
from analytics_data_api.reports import models
from analytics_data_api.serializers import (
    CourseEnrollmentByBirthYearSerializer,
    CourseEnrollmentByEducationSerializer,
    CourseEnrollmentByGenderSerializer,
    CourseEnrollmentByLocationSerializer,
    CourseEnrollmentByModeSerializer,
    CourseEnrollmentSerializer,
)
from analytics_data_api.views.base import CourseReportView

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from analytics_data_api.parameters import Parameters
    from analytics_data_api.reports.models import CourseEnrollmentModel

GENDERS = {"f": "female", "m": "male", "o": "other"}
UNKNOWN_GENDER = "unknown"


class CourseEnrollmentView(CourseReportView):
    """Learners of a course at the end of each day; of the latest day if no dates are given."""

    parameters = (p.START_DATE, p.END_DATE)
    model: type[CourseEnrollmentModel] = models.CourseEnrollmentDaily
    serializer_class = CourseEnrollmentSerializer
    slug = "enrollment"

    def rows(self, parameters: Parameters, **path: str) -> Sequence[Any]:
        """The table's rows."""
        days = self.model.objects.filter(**path)
        start, end = parameters.day("start_date"), parameters.day("end_date")
        if start:
            days = days.filter(date__gte=start)
        if end:
            days = days.filter(date__lt=end)
        if not (start or end):
            days = days.filter(date=days.order_by("-date").values("date")[:1])
        return list(days)


class CourseEnrollmentByModeView(CourseEnrollmentView):
    """Learners by enrollment mode; the totals count all modes, also those not named."""

    model = models.CourseEnrollmentModeDaily
    serializer_class = CourseEnrollmentByModeSerializer
    slug = "enrollment_mode"

    def rows(self, parameters: Parameters, **path: str) -> list[dict[str, Any]]:
        """A row for each day."""
        days = groupby(super().rows(parameters, **path), attrgetter("date"))
        return [_by_mode(list(day)) for _, day in days]


def _by_mode(rows: list[models.CourseEnrollmentModeDaily]) -> dict[str, Any]:
    counts = dict.fromkeys(enrollment_modes.ALL, 0)
    for row in rows:
        mode = enrollment_modes.shown(row.mode)
        if mode in counts:
            counts[mode] += row.count
    return {
        **_day(rows),
        "count": sum(row.count for row in rows),
        "cumulative_count": sum(row.cumulative_count for row in rows),
        **counts,
    }


class CourseEnrollmentByGenderView(CourseEnrollmentView):
    """Learners by gender."""

    model = models.CourseEnrollmentGenderDaily
    serializer_class = CourseEnrollmentByGenderSerializer
    slug = "enrollment-gender"

    def rows(self, parameters: Parameters, **path: str) -> list[dict[str, Any]]:
        """A row for each day."""
        days = groupby(super().rows(parameters, **path), attrgetter("date"))
        return [_by_gender(list(day)) for _, day in days]


def _by_gender(rows: list[models.CourseEnrollmentGenderDaily]) -> dict[str, Any]:
    counts = dict.fromkeys((*GENDERS.values(), UNKNOWN_GENDER), 0)
    for row in rows:
        counts[GENDERS.get(row.gender, UNKNOWN_GENDER)] += row.count
    return {**_day(rows), **counts}


def _day(rows: Sequence[CourseEnrollmentModel]) -> dict[str, Any]:
    """What all rows of a day share."""
    return {
        "course_id": rows[0].course_id,
        "date": rows[0].date,
        "created": max(row.created for row in rows),
    }


class CourseEnrollmentByBirthYearView(CourseEnrollmentView):
    """Learners by year of birth."""

    model = models.CourseEnrollmentBirthYearDaily
    serializer_class = CourseEnrollmentByBirthYearSerializer
    slug = "enrollment-age"


class CourseEnrollmentByEducationView(CourseEnrollmentView):
    """Learners by level of education."""

    model = models.CourseEnrollmentEducationLevelDaily
    serializer_class = CourseEnrollmentByEducationSerializer
    slug = "enrollment-education"


class CourseEnrollmentByLocationView(CourseEnrollmentView):
    """Learners by country; all codes that stand for none are one country, UNKNOWN."""

    model = models.CourseEnrollmentLocationCurrent
    serializer_class = CourseEnrollmentByLocationSerializer
    slug = "enrollment-location"

    def rows(self, parameters: Parameters, **path: str) -> list[dict[str, Any]]:
        """A row for each country and day, by the country's code; the unknown one comes first."""
        counted: dict[tuple[str, date], list[Any]] = {}
        for row in super().rows(parameters, **path):
            place = country(row.country_code)
            counted.setdefault((place.alpha2 or "", row.date), []).append((place, row))
        return [
            {
                **_day([row for _, row in counted[key]]),
                "country": counted[key][0][0]._asdict(),
                "count": sum(row.count for _, row in counted[key]),
            }
            for key in sorted(counted)
        ]
