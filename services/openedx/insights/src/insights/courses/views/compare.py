"""Two to four courses side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from insights.accounts.access import courses_of
from insights.courses.answers import comparison, engagement
from insights.courses.answers.comparison import LEAST, LETTERS, MOST, Compared
from insights.courses.answers.formats import number
from insights.courses.answers.rows import by_day, known
from insights.courses.keys import check_course_id
from insights.courses.listing import CourseSelection, all_courses, page_of_courses
from insights.courses.structure import course_title
from insights.courses.views.answers import AnsweringView
from insights.courses.views.date_range import FIRST
from insights.data_api.times import day_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from django.http import HttpRequest, HttpResponse

    from insights.courses.answers.answer import Answer
    from insights.courses.answers.rows import ApiRow


class CompareView(AnsweringView):
    """The courses that the query names, `?course=` and an id for each; or a choice of courses."""

    template_name = "courses/compare.html"
    chosen: list[str]

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Check the courses before anything is asked of the Data API.

        Raises BadRequest if an id is no course key, PermissionDenied if a course is not the user's:
        one that does not exist looks the same.
        """
        super().setup(request, *args, **kwargs)
        self.chosen = list(dict.fromkeys(request.GET.getlist("course")))
        for course_id in self.chosen:
            check_course_id(course_id)
        for course_id in self.chosen:
            if self.seen is not None and course_id not in self.seen:
                raise PermissionDenied(course_id)

    @cached_property
    def seen(self) -> Sequence[str] | None:
        """The courses that the reader sees; None stands for all."""
        return courses_of(self.request.user)

    @property
    def can_be_compared(self) -> bool:
        """Whether as many courses are chosen as have room beside each other."""
        return LEAST <= len(self.chosen) <= MOST

    @property
    def query(self) -> str:
        """The courses."""
        return urlencode({"course": self.chosen}, doseq=True)

    def file_name(self, answer: Answer) -> str:
        """The name of an answer's CSV."""
        return f"courses-{answer.key}"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The page, or a CSV.

        Raises Http404 if there is no such answer.
        """
        if "key" in kwargs and not self.can_be_compared:
            raise Http404
        return super().get(request, *args, **kwargs)

    def answers(self) -> list[Answer]:
        """The courses' numbers, and their weeks; none where there is nothing to compare."""
        if not self.can_be_compared:
            return []
        return [
            comparison.numbers(self.compared),
            comparison.enrollment(self.compared),
            comparison.activity(self.compared),
        ]

    @cached_property
    def compared(self) -> list[Compared]:
        """The courses, in the order of the query."""
        return [
            self._compared(letter, course_id)
            for letter, course_id in zip(LETTERS, self.chosen, strict=False)
        ]

    @cached_property
    def _summaries(self) -> dict[str, ApiRow]:
        found = all_courses(self.data_api, self.chosen, CourseSelection())
        return {summary["course_id"]: summary for summary in found}

    def _compared(self, letter: str, course_id: str) -> Compared:
        course, summary = self.data_api.courses(course_id), self._summaries.get(course_id)
        title = (summary or {}).get("catalog_course_title") or course_title(course)
        days = known(lambda: course.enrollment(start_date=FIRST.isoformat()))
        until = self.freshness.until
        weeks = engagement.weekly_activity(
            known(lambda: course.activity(start_date=FIRST.isoformat())), until
        ).table
        return Compared(
            letter=letter,
            course_id=course_id,
            title=title or course_id,
            summary=summary,
            start=self._start(summary),
            enrolled={at: row["count"] for at, row in by_day(days) if until and at <= until},
            active=cast(
                "dict[date, int]",
                dict(zip(weeks.values("start"), weeks.values("any"), strict=True)),
            ),
            videos=sum(row["users_at_start"] for row in known(course.videos)),
            answers=sum(row["total_submissions"] for row in known(course.problems)),
        )

    def _start(self, summary: ApiRow | None) -> date | None:
        """The day on which a course started, as far as that is known."""
        start = (summary or {}).get("start_date")
        until = self.freshness.until
        return day_of(start) if start and until and day_of(start) <= until else None

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """What the template shows: answers, or courses to choose from."""
        if self.can_be_compared:
            return super().get_context_data(compared=self.compared, **kwargs)
        return super().get_context_data(
            problem=self._problem(),
            choice=self._choice(),
            chosen=self.chosen,
            least=LEAST,
            most=MOST,
            **kwargs,
        )

    def _problem(self) -> str:
        """Why the chosen courses cannot be compared; empty: nothing was chosen yet."""
        count = len(self.chosen)
        if not count:
            return ""
        if count < LEAST:
            return _("One course alone cannot be compared: choose another one too.")
        text = _("%(count)s courses are too many: at most %(most)s have room beside each other.")
        return text % {"count": number(count), "most": number(MOST)}

    def _choice(self) -> dict[str, str]:
        """Titles of courses to choose from, by id: those that were chosen, and the first of all."""
        listing = page_of_courses(self.data_api, self.seen, CourseSelection())
        return {
            **dict.fromkeys(self.chosen, ""),
            **{
                summary["course_id"]: summary["catalog_course_title"] or ""
                for summary in [*self._summaries.values(), *listing.summaries]
            },
        }
