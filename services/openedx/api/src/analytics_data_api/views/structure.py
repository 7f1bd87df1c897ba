"""What courses are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analytics_data_api.documentation import parameters as p
from analytics_data_api.reports.models import CourseStructure
from analytics_data_api.serializers import CourseStructureSerializer
from analytics_data_api.views.base import CourseReportView

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics_data_api.parameters import Parameters


class CourseStructureView(CourseReportView):
    """The blocks of a course: sections, subsections, units and what is in them.

    They come in the order in which a reader meets them; those that were deleted are the last.
    """

    parameters = (p.BLOCK_TYPES,)
    serializer_class = CourseStructureSerializer
    slug = "structure"

    def rows(self, parameters: Parameters, **path: str) -> list[dict[str, Any]]:
        """The table's rows, with the members that were asked for."""
        blocks = CourseStructure.objects.filter(**path)
        if types := parameters.texts("block_types"):
            blocks = blocks.filter(block_type__in=types)
        asked = self.fields(parameters) or CourseStructureSerializer.Meta.fields
        # In the database, what is unknown would come first.
        return sorted(
            blocks.values(*{"position", *asked}),
            key=lambda block: (block["position"] is None, block["position"] or 0),
        )

    def serialize(self, rows: Sequence[Any], only: Sequence[str] = ()) -> Any:
        """The rows as they are: of thousands, serializers would take longer than all else."""
        created = CourseStructureSerializer().fields["created"]
        return [
            {
                name: created.to_representation(row[name]) if name == "created" else row[name]
                for name in only or CourseStructureSerializer.Meta.fields
            }
            for row in rows
        ]
