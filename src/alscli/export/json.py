"""Rows as JSON: one document, with numbers as printed (`-0.20`).

Where nobody looked stands null; `not_reported` and `not_applicable` stay words; lists are arrays.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from json.encoder import encode_basestring

from alscli.query.tables import Cell, Column, Row

SCHEMA = "alscli/export/1"


def render(table: str, columns: Sequence[Column], rows: Iterable[Row]) -> Iterator[str]:
    """The document, a row a line; `count` stands last, since rows are not counted before they are read."""
    yield f'{{\n"schema": "{SCHEMA}",\n"table": {encode_basestring(table)},\n"rows": ['
    count = 0
    for count, row in enumerate(rows, 1):
        yield (",\n" if count > 1 else "\n") + row_of(columns, row)
    yield f'\n],\n"count": {count}\n}}\n'


def row_of(columns: Sequence[Column], row: Row) -> str:
    """A row as an object on one line."""
    return "{" + members(columns, row) + "}"


def members(columns: Sequence[Column], row: Row) -> str:
    """What stands in the object of a row."""
    return ", ".join([f'"{column.name}": {text_of(row[column.name])}' for column in columns])


def text_of(cell: Cell) -> str:
    """A cell in JSON."""
    if isinstance(cell, str):
        return encode_basestring(cell)
    if cell is None:
        return "null"
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, tuple):
        return "[" + ", ".join(map(encode_basestring, cell)) + "]"
    assert isinstance(cell, (int, Decimal))  # noqa: S101
    return str(cell)
