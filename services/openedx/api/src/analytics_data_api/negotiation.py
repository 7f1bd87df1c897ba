"""Which format an answer has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.exceptions import NotAcceptable
from rest_framework.negotiation import DefaultContentNegotiation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rest_framework.renderers import BaseRenderer
    from rest_framework.request import Request


class QualityNegotiation(DefaultContentNegotiation):
    """Chooses by the quality values of the Accept header, which DRF's own class passes over."""

    def select_renderer(
        self,
        request: Request,
        renderers: Sequence[BaseRenderer],
        format_suffix: str | None = None,  # noqa: ARG002
    ) -> tuple[BaseRenderer, str]:
        """The renderer of the preferred media type, the first one of several.

        Raises NotAcceptable if there is none.
        """
        by_type = {renderer.media_type: renderer for renderer in renderers}
        preferred = request.get_preferred_type(list(by_type))
        if preferred is None:
            raise NotAcceptable(f"This resource is served as {' or '.join(by_type)} only.")
        return by_type[preferred], preferred
