"""What the pages with numbers have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.core.exceptions import PermissionDenied
from django.utils.functional import cached_property
from django.views.decorators.cache import cache_control
from django.views.generic import TemplateView

from insights.accounts.access import may_see
from insights.courses.keys import check_course_id
from insights.courses.overview import Overview
from insights.courses.pages import PAGES
from insights.data_api.one_run import one_run
from insights.data_api.runs import freshness

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

    from django.http import HttpRequest, HttpResponseBase

    from insights.courses.pages import Page
    from insights.data_api.client import DataApi, OneCourse
    from insights.data_api.runs import Freshness


class DataView(TemplateView):
    """A page that shows numbers, all of them from one run of the pipeline.

    Attributes:
        keeping: who may keep it, as Django's `cache_control` has it.
    """

    # Nothing between us and the reader's browser, which asks each time.
    keeping: ClassVar[Mapping[str, bool]] = {"private": True, "no_cache": True}

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Callable[..., HttpResponseBase]:
        """The view; it starts over, as a new object, when new numbers are published meanwhile."""
        view = one_run(super().as_view(**initkwargs))
        kept: Callable[..., HttpResponseBase] = cache_control(**cls.keeping)(view)
        return kept

    @property
    def data_api(self) -> DataApi:
        """The client for this page."""
        data_api: DataApi = self.request.data_api
        return data_api

    @cached_property
    def freshness(self) -> Freshness:
        """How fresh the numbers are."""
        return freshness(self.data_api)

    @property
    def today(self) -> date | None:
        """The day that they cover so far, if there is one."""
        return self.freshness.today

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """What every page's template knows."""
        return super().get_context_data(freshness=self.freshness, **kwargs)


class CourseView(DataView):
    """A page about one course, for those who may see it.

    Attributes:
        page: its entry in `insights.courses.pages.PAGES`.
        course_id: the course, a valid key.
    """

    page: ClassVar[Page]
    course_id: str

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Check the course before anything is asked of the Data API.

        Raises BadRequest if the id is no course key, PermissionDenied if the course is not the
        user's: one that does not exist looks the same.
        """
        super().setup(request, *args, **kwargs)
        self.course_id = kwargs["course_id"]
        check_course_id(self.course_id)
        if not may_see(request.user, self.course_id):
            raise PermissionDenied

    @property
    def course(self) -> OneCourse:
        """The client's methods for this course."""
        return self.data_api.courses(self.course_id)

    @cached_property
    def overview(self) -> Overview:
        """The course at a glance."""
        return Overview(self.data_api, self.course_id)

    @property
    def freshness(self) -> Freshness:
        """How fresh the numbers are."""
        return self.overview.freshness

    @property
    def course_name(self) -> str:
        """The course's title; its id where no title is known."""
        return self.overview.name

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """What every page about a course shows around its own content."""
        around = {
            "course_id": self.course_id,
            "course_name": self.course_name,
            "page": self.page,
            "pages": PAGES,
        }
        return super().get_context_data(**{**kwargs, **around})
