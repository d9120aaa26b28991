"""Rows as CSV (RFC 4180), with every text harmless in a spreadsheet.

Text that a spreadsheet would run as a formula (OWASP, "CSV Injection") gets an apostrophe before it; text
that begins with apostrophes before such a character gets one more, so that `plain_text` can take it away
again. Lists are joined by a separator; one inside an element stands behind a backslash.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from functools import lru_cache

from alscli.model.absence import Absence
from alscli.query.tables import Cell, Column, Row

SEPARATOR = "|"
_RISKY = frozenset("'=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
"""What a text begins with that may be one to be made harmless."""
_FORMULA = re.compile(r"'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")


def render(
    columns: Sequence[Column],
    rows: Iterable[Row],
    *,
    separator: str = SEPARATOR,
    null: str = "",
    delimiter: str = ",",
    end: str = "\r\n",
) -> Iterator[str]:
    """The header and a record a row, each with its line end."""
    line = _Line()
    # Before Python 3.13 only what is in the line end is quoted, and a CR must be.
    record = csv.writer(line, delimiter=delimiter, lineterminator="\r\n").writerow
    names = [column.name for column in columns]
    record(names)
    yield line.text[:-2] + end
    for row in rows:
        record(
            [
                # Most cells are nothing, plain text or whole numbers: a call for each takes twice as long.
                null
                if cell is None
                else cell
                if (kind := cell.__class__) is int or (kind is str and cell[:1] not in _RISKY)  # type: ignore[index,operator]
                else _joined(cell, separator)
                if kind is tuple
                else text_of(cell, separator, null)
                for cell in map(row.__getitem__, names)
            ]
        )
        yield line.text[:-2] + end


class _Line:
    """Holds what was written last."""

    text = ""

    def write(self, text: str) -> None:
        self.text = text


def text_of(cell: Cell, separator: str = SEPARATOR, null: str = "") -> str:
    """A cell as it stands in the file: numbers as they are, absences as their word, `null` for no value."""
    if cell is None:
        return null
    if isinstance(cell, tuple):
        return _joined(cell, separator)
    if isinstance(cell, Absence):
        return cell.value
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, (int, Decimal)):
        return str(cell)
    return harmless(cell)


@lru_cache(4096)  # lists of terms come again and again
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
