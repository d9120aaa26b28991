"""Rows as JSON Lines: an object a line, each with the version of its shape."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from alscli.export import json
from alscli.query.tables import Column, Row


def render(table: str, columns: Sequence[Column], rows: Iterable[Row]) -> Iterator[str]:
    """A line a row, each with its LF; `schema` comes first and names the table."""
    head = f'{{"schema": "alscli/{table}.row/1", '
    for row in rows:
        yield f"{head}{json.members(columns, row)}}}\n"
