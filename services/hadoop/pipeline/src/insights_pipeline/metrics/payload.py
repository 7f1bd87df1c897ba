"""What metrics read from an event's payload, a JSON text, in the same way in every engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args, get_type_hints

if TYPE_CHECKING:
    import msgspec

    from insights_pipeline.metrics.definition import Sql


def text(name: str, *, trim: bool = True) -> Sql:
    """A field that holds a text, without the white space around it unless `trim` is false.

    NULL where it is missing or holds something else: of ids and modes that are numbers, truth
    values or lists, no two engines would make the same text.
    """
    # ->> alone does not tell 7 from "7". A quote inside a text is escaped, so that this pattern can
    # only be a field that holds one (if of a nested object that has the name too).
    value = f"payload ->> '$.{name}'"
    if trim:
        value = f"REGEXP_REPLACE({value}, '^\\s+|\\s+$', '', 'g')"
    return f"""
        CASE
            WHEN REGEXP_MATCHES(payload, '"{name}"\\s*:\\s*"')
            THEN {value}
        END
    """


_TYPES = {str: "VARCHAR", bool: "BOOLEAN", int: "INTEGER", float: "DOUBLE"}


def struct(column: str, kind: type[msgspec.Struct]) -> Sql:
    """A text that is JSON of `kind` with all its fields, as a STRUCT of them."""
    return f"CAST(CAST({column} AS JSON) AS {_struct_of(kind)})"


def structs(column: str, kind: type[msgspec.Struct]) -> Sql:
    """A text that is JSON of a list of `kind`, as a list of STRUCTs."""
    return f"CAST(CAST({column} AS JSON) AS {_struct_of(kind)}[])"


def _struct_of(kind: type[msgspec.Struct]) -> Sql:
    fields = {
        name: next(_TYPES[one] for one in (get_args(hint) or (hint,)) if one in _TYPES)
        for name, hint in get_type_hints(kind).items()
    }
    return f"STRUCT({', '.join(f'{name} {type_}' for name, type_ in fields.items())})"
