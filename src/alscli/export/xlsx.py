"""Tables as sheets of a workbook: ids, dates and lists are text, and nothing is a formula or a link.

The same rows make the same bytes: the workbook says that it was made on 1 January 1980.
"""

from __future__ import annotations

import errno
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import xlsxwriter
from xlsxwriter.exceptions import FileCreateError

from alscli.errors import UsageError
from alscli.export.csv import plain_text, text_of
from alscli.export.selection import Selection
from alscli.model.absence import Absence
from alscli.query.tables import TABLES, Cell

LIMIT = 32_767
"""Characters that a cell of Excel can hold (Microsoft, "Excel specifications and limits")."""
ROWS = 1_048_576
"""Rows that a sheet can hold (the same)."""
_EXACT = 1 << 53
_MADE = datetime(1980, 1, 1)  # noqa: DTZ001 - Excel knows no time zones


def make(path: Path, selection: Selection, tables: Sequence[str], separator: str) -> list[str]:
    """Write the workbook into the file `path`; return what was cut.

    Raises UsageError where a table has more rows than a sheet, OSError where the disk will not.
    """
    said: list[str] = []
    with TemporaryDirectory() as folder:
        workbook = xlsxwriter.Workbook(str(path), {"constant_memory": True, "tmpdir": folder})
        workbook.set_properties({"created": _MADE, "author": "alscli"})
        try:
            formats = _Formats(workbook)
            for table in tables:
                said += _sheet(workbook.add_worksheet(table), formats, selection, table, separator)
            workbook.close()
        except FileCreateError as error:
            raise OSError(errno.EIO, str(error)) from error
        finally:
            for sheet in workbook.worksheets():  # open still where something went wrong
                sheet.row_data_fh.close()
            workbook.fileclosed = True
    return said


class _Formats:
    """The formats of cells, each made once; numbers show the decimals that were printed."""

    def __init__(self, workbook: Any) -> None:
        self._workbook = workbook
        self._numbers: dict[int, Any] = {}
        self.head = workbook.add_format({"bold": True, "num_format": "@"})
        self.text = workbook.add_format({"num_format": "@"})

    def number(self, number: int | Decimal) -> Any:
        """Of a number with so many decimals as this one."""
        exponent = number.as_tuple().exponent if isinstance(number, Decimal) else 0
        decimals = max(0, -exponent) if isinstance(exponent, int) else 0
        if decimals not in self._numbers:
            pattern = "0." + "0" * decimals if decimals else "0"
            self._numbers[decimals] = self._workbook.add_format({"num_format": pattern})
        return self._numbers[decimals]


def _sheet(sheet: Any, formats: _Formats, selection: Selection, table: str, separator: str) -> list[str]:
    shape = TABLES[table]
    sheet.freeze_panes(1, 1)
    for place, column in enumerate(shape.columns):
        sheet.write_string(0, place, column.name, formats.head)
    said: list[str] = []
    for line, row in enumerate(selection.rows(table), 1):
        if line >= ROWS:
            raise UsageError(
                f"{table} has more rows than a sheet holds ({ROWS - 1:,})", "choose fewer trials"
            )
        for place, column in enumerate(shape.columns):
            cell = row[column.name]
            if isinstance(cell, bool):
                sheet.write_boolean(line, place, cell)
            elif isinstance(cell, (int, Decimal)) and -_EXACT < cell < _EXACT:
                sheet.write_number(line, place, float(cell), formats.number(cell))
            elif cell is not None and cell != ():
                text = _text(cell, separator)
                if len(text) > LIMIT:
                    where = ", ".join(str(row[name]) for name in shape.key)
                    said.append(
                        f"cut: {column.name} of {where} in {table} has {len(text):,} characters,"
                        f" a cell of Excel holds {LIMIT:,}"
                    )
                    text = text[: LIMIT - 1] + "…"
                sheet.write_string(line, place, text, formats.text)
    return said


def _text(cell: Cell, separator: str) -> str:
    """The cell as text: a string cell is never run, so it needs no apostrophe."""
    if isinstance(cell, str) and not isinstance(cell, Absence):
        return cell
    return plain_text(text_of(cell, separator)) if isinstance(cell, tuple) else text_of(cell)
