"""What courses are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analytics_data_api.documentation import parameters as p
from analytics_data_api.reports.models import CourseStructure
from analytics_data_api.serializers import CourseStructureSerializer
from analytics_data_api.views.base import CourseReportView

if TYPE_CHECKING:
    from analytics_data_api.parameters import Parameters


class CourseStructureView(CourseReportView):
    """The blocks of a course: sections, subsections, units and what is in them.

    They come in the order in which a reader meets them; those that were deleted are the last.
    """

    parameters = (p.BLOCK_TYPES,)
    serializer_class = CourseStructureSerializer
    slug = "structure"

    def rows(self, parameters: Parameters, **path: str) -> list[CourseStructure]:
        """The table's rows."""
        blocks = CourseStructure.objects.filter(**path)
        if types := parameters.texts("block_types"):
            blocks = blocks.filter(block_type__in=types)
        # In the database, what is unknown would come first.
        return sorted(blocks, key=lambda block: (block.position is None, block.position or 0))
