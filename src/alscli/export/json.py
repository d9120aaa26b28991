"""Rows as JSON: one document, with numbers as printed (`-0.20`).

Where nobody looked stands null; `not_reported` and `not_applicable` stay words; lists are arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from json.encoder import encode_basestring
from typing import Any

from alscli.export.columns import Wording, spelled
from alscli.query.database import WAYS
from alscli.query.tables import Column

SCHEMA = "alscli/export/1"


def render_stored(table: str, columns: Sequence[Column], stored: Iterable[tuple[Any, ...]]) -> Iterator[str]:
    """The document, a row a line; `count` stands last, since rows are not counted before they are read."""
    yield f'{{\n"schema": "{SCHEMA}",\n"table": {encode_basestring(table)},\n"rows": ['
    count = 0
    for group in members(columns, stored):
        yield (",\n" if count else "\n") + ",\n".join([f"{{{row}}}" for row in group])
        count += len(group)
    yield f'\n],\n"count": {count}\n}}\n'


def members(columns: Sequence[Column], stored: Iterable[tuple[Any, ...]]) -> Iterator[list[str]]:
    """Groups of rows as `Selection.stored` gives them: of each what stands in its object, on one line."""
    for group in spelled(stored, columns, Wording(_cell, _absence, _digits)):
        yield [", ".join(row) for row in group]


def _cell(column: Column) -> Callable[[Any], str]:
    def text(held: Any) -> str:
        if held is None:
            return f'"{column.name}": null'
        match column.type:
            case "list":  # held as JSON already
                value = held
            case "boolean":
                value = "true" if held else "false"
            case "number":
                value = WAYS["number"](held)
            case _:
                value = encode_basestring(held) if isinstance(held, str) else held
        return f'"{column.name}": {value}'

    return text


def _absence(column: Column, word: str) -> str:
    return f'"{column.name}": {encode_basestring(word)}'


def _digits(column: Column, digits: str) -> str:
    return f'"{column.name}": {digits}'
