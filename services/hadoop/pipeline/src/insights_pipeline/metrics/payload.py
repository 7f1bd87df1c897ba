"""What metrics read from an event's payload, a JSON text, in the same way in every engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from insights_pipeline.metrics.definition import Sql


def text(name: str) -> Sql:
    """A field that holds a text, without the white space around it.

    NULL where it is missing or holds something else: of ids and modes that are numbers, truth
    values or lists, no two engines would make the same text.
    """
    # ->> alone does not tell 7 from "7". A quote inside a text is escaped, so that this pattern can
    # only be a field that holds one (if of a nested object that has the name too).
    return f"""
        CASE
            WHEN REGEXP_MATCHES(payload, '"{name}"\\s*:\\s*"')
            THEN REGEXP_REPLACE(payload ->> '$.{name}', '^\\s+|\\s+$', '', 'g')
        END
    """
