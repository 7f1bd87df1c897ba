"""Files and texts once a learner is forgotten: what is personal is gone, all else is as it was."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from insights_pipeline.events import Event
from insights_pipeline.forgotten import NUMBERS
from insights_pipeline.schema import EVENTS, Type

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pyarrow as pa

    from insights_pipeline.forgotten import Forgotten, Learner
    from insights_pipeline.schema import Table


def texts_of(learner: Learner) -> list[str]:
    """Name and address as texts and JSON have them."""
    texts = [learner.username, learner.email]
    return [text for text in dict.fromkeys([*texts, *(json.dumps(t)[1:-1] for t in texts)]) if text]


def without(value: str, gone: Forgotten) -> str:
    """A text, or JSON, without a mention."""
    try:
        return gone.payload(value) if value[:1] in ("{", "[") else gone.text(value)
    except ValueError:  # it only looks like JSON
        return gone.text(value)


def text_columns(table: Table) -> Iterator[str]:
    """Columns of a table in whose texts a learner may be named; ids are none."""
    for column in table.columns:
        is_text = column.type is Type.TEXT and not column.name.endswith("_id")
        if is_text and column.name not in ("username", *table.key):
            yield column.name


def clear_file(path: Path, table: Table, learner: Learner, gone: Forgotten) -> None:
    """Write a Parquet file of a table, or of events, anew without the learner; at once or not."""
    import pyarrow.parquet as pq

    rows = pq.read_table(path, partitioning=None)
    part = path.with_name(f".{path.name}.part")
    if table is EVENTS:
        kept = _events(rows, gone)
    elif table.personal:
        kept = _others(rows, learner)
    else:
        kept = _under_pseudonyms(rows, table, gone)
    pq.write_table(kept, part, compression="zstd")
    part.replace(path)


def _events(rows: pa.Table, gone: Forgotten) -> pa.Table:
    events = [
        gone.event(Event(**({name: row.get(name) for name in Event._fields})))
        for row in rows.to_pylist()
    ]
    # A store's files have columns more, which tell how a line was read.
    names = [name for name in rows.column_names if name in Event._fields]
    return _with(rows, {name: [getattr(event, name) for event in events] for name in names})


def _others(rows: pa.Table, learner: Learner) -> pa.Table:
    import pyarrow as pa

    theirs = {"username": learner.username, **dict.fromkeys(NUMBERS, learner.user_id)}
    kept = [True] * len(rows)
    for column in theirs.keys() & set(rows.column_names):
        if theirs[column] is not None:
            values = rows.column(column).to_pylist()
            kept = [
                keep and value != theirs[column] for keep, value in zip(kept, values, strict=True)
            ]
    return rows.filter(pa.array(kept, pa.bool_()))


def _under_pseudonyms(rows: pa.Table, table: Table, gone: Forgotten) -> pa.Table:
    changed: dict[str, list[Any]] = {}
    for column in rows.column_names:
        values = rows.column(column).to_pylist()
        if column == "username":
            changed[column] = [value and gone.name(value) for value in values]
        elif column in NUMBERS:
            changed[column] = [value and gone.number(value) for value in values]
        elif column in text_columns(table):
            changed[column] = [value and without(value, gone) for value in values]
    return _with(rows, changed)


def _with(rows: pa.Table, changed: dict[str, list[Any]]) -> pa.Table:
    """The rows with other values in some columns, of the same types."""
    import pyarrow as pa

    for name, values in changed.items():
        field = rows.schema.field(name)
        rows = rows.set_column(
            rows.schema.get_field_index(name), field, pa.array(values, field.type)
        )
    return rows
