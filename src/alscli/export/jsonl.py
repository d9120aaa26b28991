"""Rows as JSON Lines: an object a line, each with the version of its shape."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from alscli.export import json
from alscli.query.tables import Column


def render_stored(table: str, columns: Sequence[Column], stored: Iterable[tuple[Any, ...]]) -> Iterator[str]:
    """Groups of lines, a line a row; `schema` comes first in each and names the table."""
    head = f'{{"schema": "alscli/{table}.row/1", '
    for group in json.members(columns, stored):
        yield "".join([f"{head}{row}}}\n" for row in group])
