"""Rows as CSV (RFC 4180), with every text harmless in a spreadsheet.

Text that a spreadsheet would run as a formula (OWASP, "CSV Injection") gets an apostrophe before it; text
that begins with apostrophes before such a character gets one more, so that `plain_text` can take it away
again. Lists are joined by a separator; one inside an element stands behind a backslash.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from alscli.model.absence import Absence
from alscli.query.tables import Cell, Column, Row

SEPARATOR = "|"
_FORMULA = re.compile(r"'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")


def render(
    columns: Sequence[Column], rows: Iterable[Row], *, separator: str = SEPARATOR, null: str = ""
) -> Iterator[str]:
    """The header and a record a row, each with its CRLF."""
    yield _record([column.name for column in columns])
    for row in rows:
        yield _record([text_of(row[column.name], separator, null) for column in columns])


def text_of(cell: Cell, separator: str = SEPARATOR, null: str = "") -> str:
    """A cell as it stands in the file: numbers as they are, absences as their word, `null` for no value."""
    if cell is None:
        return null
    if isinstance(cell, Absence):
        return cell.value
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, (int, Decimal)):
        return str(cell)
    if isinstance(cell, tuple):
        cell = separator.join(_escaped(element, separator) for element in cell)
    return harmless(cell)


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


def _record(cells: list[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerow(cells)
    return buffer.getvalue()
