"""Course runs, as the discovery service's `course_runs` lists them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from insights_pipeline.inputs.json_lines import NotOneError, text

if TYPE_CHECKING:
    from insights_pipeline.inputs.sources import Row


def rows(run: dict[str, Any]) -> list[Row]:
    """The row of schema.COURSE_CATALOG that a course run tells.

    Raises:
        NotOneError: it has no key.
    """
    key = run.get("key")
    if not isinstance(key, str):
        raise NotOneError("it has no key")
    told = ("title", "course", "start", "end", "pacing_type", "availability")
    return [(key, *(text(run.get(name)) for name in told))]
