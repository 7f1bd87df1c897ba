"""Numbers in templates."""

from __future__ import annotations

from django import template

from insights.courses.listing import signed as signed_text

register = template.Library()


@register.filter
def signed(value: int) -> str:
    """A change, with its sign."""
    return signed_text(value)
