"""What the pipeline did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analytics_data_api.documentation import parameters as p
from analytics_data_api.reports.models import PipelineRun
from analytics_data_api.serializers import PipelineRunSerializer
from analytics_data_api.views.base import ReportView

if TYPE_CHECKING:
    from analytics_data_api.parameters import Parameters


class PipelineRunsView(ReportView):
    """The runs of the pipeline, newest first."""

    parameters = (p.RUN_STATUS, p.LIMIT)
    errors = ()
    serializer_class = PipelineRunSerializer
    slug = "pipeline_runs"
    changes_with_runs_alone = False  # those that failed are listed too

    def rows(self, parameters: Parameters, **path: str) -> list[PipelineRun]:  # noqa: ARG002
        """The runs."""
        runs = PipelineRun.objects.order_by("-id")
        if status := parameters.choice("status", PipelineRun.Status.values):
            runs = runs.filter(status=status)
        return list(runs[: parameters.positive("limit")])
