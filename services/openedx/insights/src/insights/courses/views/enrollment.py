"""How many learners are enrolled, and who they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyticsclient.constants import demographics as kinds
from django.utils.translation import gettext_lazy as _

from insights.courses.answers import demographics, enrollment, geography
from insights.courses.answers.rows import known
from insights.courses.pages import DEMOGRAPHICS, ENROLLMENT, GEOGRAPHY
from insights.courses.views.answers import AnswersView, DateRangeView, Tab

if TYPE_CHECKING:
    from insights.courses.answers.answer import Answer


class EnrollmentView(DateRangeView):
    """Enrollment day by day, and by mode."""

    page = ENROLLMENT

    def answers(self) -> list[Answer]:
        """Learners by day, and by mode."""
        days, end = self.chosen, self.chosen.end_date
        last = self.last_known_day
        start, length = days.compared_from(last), days.length(last)
        by_day = known(lambda: self.course.enrollment(start_date=start, end_date=end))
        by_mode = known(lambda: self.course.enrollment("mode", start_date=start, end_date=end))
        return [
            enrollment.enrollment(by_day, days.start, length, self.today),
            enrollment.enrollment_modes(by_mode, days.start, length, self.today),
        ]


AGE = Tab("demographics", _("Age"))
EDUCATION = Tab("demographics-education", _("Education"))
GENDER = Tab("demographics-gender", _("Gender"))


class DemographicsView(AnswersView):
    """Who the learners of the latest day are."""

    page = DEMOGRAPHICS
    tabs = (AGE, EDUCATION, GENDER)


class AgeView(DemographicsView):
    """Learners by age."""

    tab = AGE

    def answers(self) -> list[Answer]:
        """Groups of age, and ages."""
        rows = known(lambda: self.course.enrollment(kinds.BIRTH_YEAR))
        return list(demographics.ages(rows, self.today))


class EducationView(DemographicsView):
    """Learners by level of education."""

    tab = EDUCATION

    def answers(self) -> list[Answer]:
        """Levels of education."""
        rows = known(lambda: self.course.enrollment(kinds.EDUCATION))
        return [demographics.education(rows, self.today)]


class GenderView(DemographicsView):
    """Learners by gender."""

    tab = GENDER

    def answers(self) -> list[Answer]:
        """Genders."""
        rows = known(lambda: self.course.enrollment(kinds.GENDER))
        return [demographics.gender(rows, self.today)]


class GeographyView(AnswersView):
    """Learners of the latest day by country."""

    page = GEOGRAPHY

    def answers(self) -> list[Answer]:
        """Countries."""
        rows = known(lambda: self.course.enrollment(kinds.LOCATION))
        return [geography.geography(rows, self.today)]
