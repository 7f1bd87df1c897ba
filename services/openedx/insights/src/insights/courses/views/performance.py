"""How learners do in problems."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.http import Http404
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from insights.courses.answers import performance
from insights.courses.answers.formats import listed, number
from insights.courses.answers.rows import known
from insights.courses.pages import PERFORMANCE
from insights.courses.structure import PROBLEM, Structure
from insights.courses.views.answers import Above, AnswersView, Tab

if TYPE_CHECKING:
    from insights.courses.answers.answer import Answer
    from insights.courses.answers.performance import Problem
    from insights.courses.structure import Block

GRADED = Tab("performance", _("Graded"))
UNGRADED = Tab("performance-ungraded", _("Ungraded"))
OUTCOMES = Tab("performance-outcomes", _("Learning outcomes"))

Fact = tuple[str, str]


class PerformanceView(AnswersView):
    """A page about the course's problems."""

    page = PERFORMANCE
    tabs = (GRADED, UNGRADED, OUTCOMES)

    @cached_property
    def structure(self) -> Structure:
        """The course's problems, and what they are in."""
        return Structure.of(self.course, PROBLEM)

    @cached_property
    def problems(self) -> list[Problem]:
        """The course's problems, from top to bottom, and what else was answered."""
        return performance.problems(self.structure, known(self.course.problems))

    @property
    def ungraded(self) -> list[Problem]:
        """Those that the course leads to and that count for nothing."""
        return [each for each in self.problems if each.is_there and not each.is_graded]

    def listing(self, problems: list[Problem], **more: str) -> Answer:
        """Problems one by one."""
        return performance.problem_list(
            self.structure, problems, self.link("problem", "problem"), **more
        )


class GradedView(PerformanceView):
    """Graded problems by type of assignment, and by assignment."""

    tab = GRADED

    def answers(self) -> list[Answer]:
        """Both, and neither without a graded problem."""
        types = performance.assignment_types(self.problems)
        if not types.table.rows:
            return [types]
        assignment = self.link("assignment", "assignment")
        return [types, performance.assignments(self.structure, self.problems, assignment)]


class UngradedView(PerformanceView):
    """Problems that count for nothing, by section, and those that the course does not lead to."""

    tab = UNGRADED

    def answers(self) -> list[Answer]:
        """By section; what is elsewhere one by one."""
        section = self.link("performance-section", "section")
        answers = [performance.sections(self.structure, self.ungraded, section)]
        if elsewhere := [each for each in self.problems if not each.is_there]:
            question = gettext("What was answered that is not in the course, as far as is known?")
            answers.append(self.listing(elsewhere, key="elsewhere", question=question))
        return answers


class OutcomesView(PerformanceView):
    """Submissions by the tags that authors gave to problems."""

    tab = OUTCOMES

    def answers(self) -> list[Answer]:
        """A tag after the other, then the problems that have tags."""
        return performance.outcomes(
            self.structure,
            known(self.course.problems_and_tags),
            self.link("problem", "problem"),
        )


class PartView(PerformanceView):
    """A page about one part of the course, which the query names by its id.

    Attributes:
        parameter: the one that holds the id.
    """

    template_name = "courses/part.html"
    parameter: str

    @property
    def part_id(self) -> str:
        """The part."""
        return self.request.GET.get(self.parameter, "")

    @property
    def part_title(self) -> str:
        """What it is called."""
        return self.structure.title(self.part_id)

    @property
    def facts(self) -> list[Fact]:
        """What is known of it; what is empty is left out."""
        return []

    @property
    def query(self) -> str:
        """The part."""
        return urlencode({self.parameter: self.part_id})

    def file_name(self, answer: Answer) -> str:
        """The name of an answer's CSV, with the part."""
        return f"{super().file_name(answer)}-{self.part_title}"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """What the template shows."""
        context = super().get_context_data(**kwargs)  # knows whether there is such a part
        return {
            **context,
            "part_title": self.part_title,
            "part_id": self.part_id,
            "facts": [fact for fact in self.facts if fact[1]],
            "above": Above(
                reverse(self.tab.key if self.tab else "performance", args=[self.course_id]),
                gettext("All problems"),
            ),
        }


class AssignmentView(PartView):
    """The graded problems of one subsection: `?assignment=` and its id."""

    tab = GRADED
    parameter = "assignment"

    @cached_property
    def graded(self) -> list[Problem]:
        """Its problems.

        Raises Http404 if the course has no such assignment.
        """
        found = [
            each
            for each in self.problems
            if each.is_graded and self.part_id and each.subsection == self.part_id
        ]
        if not found:
            raise Http404
        return found

    @property
    def facts(self) -> list[Fact]:
        """Where it is, as what it counts, and how many opened it."""
        opened = known(lambda: self.course.of_block(self.part_id, "sequential_open_distribution"))
        return [
            (gettext("Section"), self.structure.place(self.part_id)),
            (gettext("Assignment type"), listed(performance.types_of(self.graded))),
            (
                gettext("Learners who opened it"),
                number(sum(row["count"] for row in opened)) if opened else "",
            ),
        ]

    def answers(self) -> list[Answer]:
        """Its problems one by one."""
        return [self.listing(self.graded)]


class SectionView(PartView):
    """The ungraded problems of one section: `?section=` and its id."""

    tab = UNGRADED
    parameter = "section"

    @cached_property
    def section(self) -> Block:
        """The section.

        Raises Http404 if the course has no such section.
        """
        section = self.structure.section(self.part_id)
        if section is None:
            raise Http404
        return section

    def answers(self) -> list[Answer]:
        """Its problems by subsection, and one by one."""
        section = self.section.id
        found = [each for each in self.ungraded if each.section == section]
        by_subsection = performance.subsections(self.structure, found)
        return [by_subsection, self.listing(found)] if found else [by_subsection]


class ProblemView(PartView):
    """The answers to one problem: `?problem=` and its id."""

    parameter = "problem"

    @cached_property
    def problem(self) -> Problem:
        """The problem.

        Raises Http404 if the course has no such problem.
        """
        for problem in self.problems:
            if problem.id == self.part_id:
                return problem
        raise Http404

    @property
    def tab(self) -> Tab:  # type: ignore[override]
        """Where the problem is listed."""
        return GRADED if self.problem.is_graded else UNGRADED

    @cached_property
    def distribution(self) -> list[dict[str, Any]]:
        """Its answers, of one part after the other."""
        return known(lambda: self.course.of_block(self.problem.id, "answer_distribution"))

    @property
    def part_title(self) -> str:
        """Its title in the course, or that which its answers tell."""
        if self.problem.block is None and self.distribution:
            return self.distribution[0]["problem_display_name"] or self.part_id
        return super().part_title

    @property
    def facts(self) -> list[Fact]:
        """Where it is, and as what it counts."""
        return [
            (gettext("Section and subsection"), self.structure.place(self.part_id)),
            (gettext("Assignment type"), listed(performance.types_of([self.problem]))),
        ]

    def answers(self) -> list[Answer]:
        """What learners answered to each of its parts, and the points that they have."""
        answers = performance.answer_parts(self.distribution)
        grades = known(lambda: self.course.of_block(self.problem.id, "grade_distribution"))
        return [*answers, performance.points(grades)] if grades else answers
