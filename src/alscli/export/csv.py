"""Rows as CSV (RFC 4180), with every text harmless in a spreadsheet.

Text that a spreadsheet would run as a formula (OWASP, "CSV Injection") gets an apostrophe before it; text
that begins with apostrophes before such a character gets one more, so that `plain_text` can take it away
again. One such character alone, as in `p_op`, is no formula. Lists are joined by a separator; one inside an
element stands behind a backslash.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from alscli.export.columns import Wording, spelled
from alscli.model.absence import Absence
from alscli.query.database import WAYS
from alscli.query.tables import Cell, Column, Row

SEPARATOR = "|"
_FORMULA = re.compile(r"'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20](?s:.)")


def render(columns: Sequence[Column], rows: Iterable[Row]) -> Iterator[str]:
    """The header and a record a row, each with its line end."""
    names = [column.name for column in columns]
    yield ",".join(names) + "\r\n"
    for row in rows:
        yield ",".join([_quoted(text_of(row[name]), ",") for name in names]) + "\r\n"


def render_stored(
    columns: Sequence[Column],
    stored: Iterable[tuple[Any, ...]],
    *,
    separator: str = SEPARATOR,
    null: str = "",
    delimiter: str = ",",
    end: str = "\r\n",
) -> Iterator[str]:
    """The same of rows as `Selection.stored` gives them, however many: the header, then groups of records."""

    def cell(column: Column) -> Callable[[Any], str]:
        way: Callable[[Any], Cell] = WAYS.get(column.type, _as_it_is)

        def field(held: Any) -> str:
            return _quoted(null if held is None else text_of(way(held), separator), delimiter)

        return field

    def exact(column: Column, text: str) -> str:
        return text

    yield delimiter.join([column.name for column in columns]) + end
    for group in spelled(stored, columns, Wording(cell, exact, exact)):
        yield "".join([delimiter.join(row) + end for row in group])


def _as_it_is(held: Cell) -> Cell:
    return held


def _quoted(text: str, delimiter: str) -> str:
    """The field: in quotes where it holds a quote, the delimiter or a line end."""
    if '"' in text or delimiter in text or "\n" in text or "\r" in text:
        return '"' + text.replace('"', '""') + '"'
    return text


def text_of(cell: Cell, separator: str = SEPARATOR) -> str:
    """A cell as it stands in the file: numbers as they are, absences as their word, nothing for no value."""
    if cell is None:
        return ""
    if isinstance(cell, tuple):
        return _joined(cell, separator)
    if isinstance(cell, Absence):
        return cell.value
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, (int, Decimal)):
        return str(cell)
    return harmless(cell)


def _joined(elements: tuple[str, ...], separator: str) -> str:
    return harmless(separator.join(_escaped(element, separator) for element in elements))


def _escaped(element: str, separator: str) -> str:
    return element.replace("\\", "\\\\").replace(separator, "\\" + separator)


def harmless(text: str) -> str:
    """The text, with an apostrophe before it where a spreadsheet would run it."""
    return f"'{text}" if _FORMULA.match(text) else text


def plain_text(cell: str) -> str:
    """What `harmless` was given."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def split(cell: str, separator: str = SEPARATOR) -> tuple[str, ...]:
    """The elements of a list in a cell."""
    if not cell:
        return ()
    elements = [""]
    characters = iter(plain_text(cell))
    for character in characters:
        if character == separator:
            elements.append("")
        else:
            elements[-1] += next(characters, "") if character == "\\" else character
    return tuple(elements)
