"""The first sheet of an XLSX file as rows of text: no more of the format than downloads need.

ECMA-376: a zip of XML, cells by reference (`B7`), texts in a table of their own, dates as day numbers.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from datetime import date, timedelta
from io import BytesIO
from typing import IO, TYPE_CHECKING

from alscli.registries.draft import Unreadable

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element  # nosec: a type only

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_LARGEST = 1 << 30
"""Bytes of one part when unpacked; a bigger one is no download of a registry."""
_RATIO = 200
"""How many times its packed size a part of a megabyte or more may be."""
_COLUMNS = 1000
_DATE_FORMATS = frozenset({14, 15, 16, 17, 22})
"""Numbers of the built-in formats that show a day (ECMA-376 part 1, 18.8.30)."""


class _UnfitError(Exception):
    """Why a workbook is not read."""


def rows(data: bytes) -> Iterator[list[str] | Unreadable]:
    """The rows of the first sheet, none shorter than the first; or one reason why there are none.

    Cells are text, days `YYYY-MM-DD`.
    """
    from xml.etree.ElementTree import ParseError  # nosec: an exception only

    from defusedxml import DefusedXmlException

    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            texts = _texts(archive)
            dates = _date_styles(archive)
            yield from _rows(archive, texts, dates)
    except _UnfitError as error:
        yield Unreadable("workbook", str(error))
    except DefusedXmlException as error:
        yield Unreadable("workbook", f"refused: {error}")
    except (zipfile.BadZipFile, ParseError, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        yield Unreadable("workbook", f"not a readable XLSX file: {error}")


def _part(archive: zipfile.ZipFile, name: str) -> IO[bytes] | None:
    try:
        info = archive.getinfo(name)
    except KeyError:
        return None
    packed = max(info.compress_size, 1)
    if info.file_size > _LARGEST or (info.file_size > 1 << 20 and info.file_size / packed > _RATIO):
        raise _UnfitError(f"{name} unpacks to {info.file_size:,} bytes: not read")
    return archive.open(info)


def _elements(part: IO[bytes], name: str) -> Iterator[Element]:
    """Elements of a name, each emptied once it was used."""
    from defusedxml.ElementTree import iterparse

    for _, element in iterparse(part, forbid_dtd=True):
        if element.tag == _MAIN + name:
            yield element
            element.clear()


def _texts(archive: zipfile.ZipFile) -> list[str]:
    part = _part(archive, "xl/sharedStrings.xml")
    return [_text(each) for each in _elements(part, "si")] if part else []


def _text(element: Element) -> str:
    """The runs of a text, without the phonetic hints that Japanese files add."""
    hints = {id(each) for hint in element.iter(f"{_MAIN}rPh") for each in hint.iter(f"{_MAIN}t")}
    joined = "".join(each.text or "" for each in element.iter(f"{_MAIN}t") if id(each) not in hints)
    return re.sub(r"_x000[Dd]_", "", joined)


def _date_styles(archive: zipfile.ZipFile) -> frozenset[int]:
    """The styles of cells that show a day."""
    part = _part(archive, "xl/styles.xml")
    if part is None:
        return frozenset()
    own: set[int] = set()
    found: set[int] = set()
    for element in _elements(part, "numFmts"):
        for each in element:
            shown = re.sub(r'"[^"]*"|\[[^\]]*\]|\\.', "", each.get("formatCode", ""))
            if re.search(r"[dyDY]", shown):
                own.add(int(each.get("numFmtId", "0")))
    part = _part(archive, "xl/styles.xml")
    for element in _elements(part, "cellXfs") if part else ():
        for number, each in enumerate(element):
            if int(each.get("numFmtId", "0")) in own | _DATE_FORMATS:
                found.add(number)
    return frozenset(found)


def _sheet(archive: zipfile.ZipFile) -> str:
    sheets = [name for name in archive.namelist() if re.fullmatch(r"xl/worksheets/[^/]+\.xml", name)]
    if not sheets:
        raise _UnfitError("holds no sheet")
    return min(sheets, key=lambda name: (len(name), name))


def _rows(archive: zipfile.ZipFile, texts: list[str], dates: frozenset[int]) -> Iterator[list[str]]:
    part = _part(archive, _sheet(archive))
    width = 0
    for row in _elements(part, "row") if part else ():
        cells: list[str] = []
        for cell in row.iter(f"{_MAIN}c"):
            column = _column(cell.get("r"), len(cells))
            if column >= _COLUMNS:
                raise _UnfitError(f"has more than {_COLUMNS} columns")
            cells.extend([""] * (column + 1 - len(cells)))
            cells[column] = _value(cell, texts, dates)
        width = width or len(cells)
        yield cells + [""] * (width - len(cells))


def _column(reference: str | None, following: int) -> int:
    letters = re.match(r"[A-Z]{1,3}", reference or "")
    if letters is None:
        return following
    number = 0
    for letter in letters[0]:
        number = number * 26 + ord(letter) - 64
    return number - 1


def _value(cell: Element, texts: list[str], dates: frozenset[int]) -> str:
    kind = cell.get("t", "n")
    if kind == "inlineStr":
        return _text(cell)
    text = cell.findtext(f"{_MAIN}v") or ""
    if kind == "s":
        return texts[int(text)] if text.isdecimal() and int(text) < len(texts) else ""
    if kind == "n" and text:
        if int(cell.get("s", "0")) in dates and re.fullmatch(r"[0-9]{1,6}(?:\.[0-9]+)?", text):
            return (date(1899, 12, 30) + timedelta(days=int(float(text)))).isoformat()
        return text.removesuffix(".0")
    return text
