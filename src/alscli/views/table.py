"""Rows as a table that fits the terminal, or as text for scripts."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from alscli.text import fit, one_line, pad, paint, width, wrap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from alscli.query.tables import Cell, Column, Row

GAP = "  "
_ENOUGH = 12
"""Columns of text that are left while heads of numbers can still be cut."""
_LEAST = 6
_LEAST_HEAD = 5
_LEAST_NUMBER = 11
"""A registry id is copied and typed again: NCT03280056 fits."""
_NARROW = frozenset({"integer", "number", "date", "boolean"})
_NAMES = ("registry_id", "field", "arm", "trial", "id")
"""Columns that tell the rows apart, the least needed first."""


def text_of(cell: Cell, separator: str = ", ") -> str:
    """A cell as text on one line; nothing where nobody looked."""
    if cell.__class__ is str:  # most cells, and most of them fit to be shown as they are
        return cell if cell.isprintable() else one_line(cell)
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, tuple):
        return one_line(separator.join(cell))
    return one_line(str(cell))


def fitted(
    columns: Sequence[Column],
    rows: Sequence[Row],
    room: int,
    *,
    color: bool = False,
    decorate: Callable[[str, str, Row], str] | None = None,
) -> Iterator[str]:
    """Lines of a table at most `room` columns wide: first heads of numbers, then the widest text gives way.

    The head takes several lines where words of it stand below each other; each row takes one.
    `decorate` gets the name of the column, the padded cell and the row, and returns the cell as shown.
    """
    cells = [[text_of(row[column.name]) for column in columns] for row in rows]
    heads = [_label(column) for column in columns]
    widths = _widths(columns, heads, cells, room)
    parts = [_head(head, size) for head, size in zip(heads, widths, strict=True)]
    for level in zip_longest(*parts, fillvalue=""):
        header = GAP.join(pad(part, size) for part, size in zip(level, widths, strict=True))
        yield paint(header.rstrip(), "heading", color)
    for row, line in zip(rows, cells, strict=True):
        shown: list[str] = []
        for column, text, size in zip(columns, line, widths, strict=True):
            cell = fit(text, size)
            cell = cell.rjust(size) if column.type in ("integer", "number") else pad(cell, size)
            shown.append(decorate(column.name, cell, row) if decorate else cell)
        yield GAP.join(shown).rstrip()


def _label(column: Column) -> str:
    return column.name.replace("_", " ")


def is_too_wide(columns: Sequence[Column], rows: Sequence[Row], room: int) -> bool:
    """Whether there are so many columns that no table fits, however narrow they are."""
    if len(columns) * (_ENOUGH + len(GAP)) <= room:
        return False
    cells = [[text_of(row[column.name]) for column in columns] for row in rows]
    widths = _widths(columns, [_label(column) for column in columns], cells, room)
    return sum(widths) + len(GAP) * (len(widths) - 1) > room


def stacked(columns: Sequence[Column], rows: Sequence[Row], room: int, *, color: bool) -> Iterator[str]:
    """Lines with each cell on lines of its own, after its name; what is empty is left out."""
    size = max((width(_label(column)) for column in columns), default=0)
    for number, row in enumerate(rows):
        if number:
            yield ""
        for column in columns:
            if text := text_of(row[column.name]):
                yield from labelled(_label(column), text, size, room, color=color)


def labelled(label: str, text: str, size: int, room: int, *, color: bool) -> Iterator[str]:
    """A text after its label of `size` columns, on as many lines as it takes."""
    for number, line in enumerate(wrap(text, room - size - len(GAP))):
        yield GAP.join([paint(pad("" if number else label, size), "quiet", color), line]).rstrip()


def natural_width(columns: Sequence[Column], rows: Sequence[Row]) -> int:
    """Columns of the terminal that the table needs where nothing is cut."""
    sizes = [max([width(c.name), *(width(text_of(row[c.name])) for row in rows)]) for c in columns]
    return sum(sizes) + len(GAP) * (len(sizes) - 1)


def _head(head: str, size: int) -> list[str]:
    """The head on one line where it fits, else its words below each other."""
    if width(head) <= size:
        return [head]
    lines: list[str] = []
    for word in head.split(" "):
        if lines and width(f"{lines[-1]} {word}") <= size:
            lines[-1] += f" {word}"
        else:
            lines.append(fit(word, size))
    return lines


def _widths(columns: Sequence[Column], heads: list[str], cells: list[list[str]], room: int) -> list[int]:
    contents = [max([0, *(width(line[position]) for line in cells)]) for position in range(len(columns))]
    widths = [max(width(head), size) for head, size in zip(heads, contents, strict=True)]
    excess = sum(widths) + len(GAP) * (len(widths) - 1) - room
    numbers = [i for i, column in enumerate(columns) if column.type in _NARROW]
    longest = [max(contents[i], *map(width, heads[i].split(" "))) for i in range(len(columns))]
    excess = _narrowed(widths, numbers, longest, excess)
    least = [_LEAST_NUMBER if column.name == "registry_id" else _LEAST for column in columns]
    text = [i for i, c in enumerate(columns) if i not in numbers and (c.name not in _NAMES[1:])]
    excess = _narrowed(widths, text, [_ENOUGH] * len(columns), excess)
    shortest = [max(size, _LEAST_HEAD) for size in contents]
    excess = _narrowed(widths, numbers, shortest, excess)
    excess = _narrowed(widths, text, least, excess)
    places = {column.name: position for position, column in enumerate(columns)}
    for place in (places[name] for name in _NAMES if name in places):
        excess = _narrowed(widths, [place], [_LEAST] * len(columns), excess)
    return widths


def _narrowed(widths: list[int], places: Sequence[int], least: Sequence[int], excess: int) -> int:
    """Narrow the widest of these columns, none below its least; the excess that is left."""
    while excess > 0 and (wide := [i for i in places if widths[i] > least[i]]):
        widest = max(wide, key=lambda i: widths[i])
        second = max((widths[i] for i in wide if widths[i] < widths[widest]), default=0)
        step = min(excess, max(1, widths[widest] - max(second, least[widest])))
        widths[widest] -= step
        excess -= step
    return excess


def tsv(columns: Sequence[Column], rows: Iterable[Row], *, header: bool = True) -> Iterator[str]:
    """Lines of tab-separated text; tabs and line ends in cells are blanks, lists are joined by commas."""
    if header:
        yield "\t".join(column.name for column in columns)
    names = [column.name for column in columns]
    for row in rows:
        yield "\t".join([text_of(row[name], ",") for name in names])


def csv_lines(columns: Sequence[Column], rows: Iterable[Row], *, header: bool = True) -> Iterator[str]:
    """Records of RFC 4180 without their line ends; text that a spreadsheet would run is made harmless."""
    if header:
        yield _csv_line([column.name for column in columns])
    for row in rows:
        yield _csv_line([_csv_cell(row[column.name]) for column in columns])


def _csv_cell(cell: Cell) -> str:
    from alscli.export.csv import harmless

    text = text_of(cell, ";")
    return harmless(text) if isinstance(cell, (str, tuple)) else text


def _csv_line(cells: list[str]) -> str:
    import csv
    import io

    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="").writerow(cells)
    return buffer.getvalue()


def render(
    kind: str, columns: Sequence[Column], rows: Sequence[Row], room: int, *, color: bool, header: bool = True
) -> Iterator[str]:
    """Lines of the rows as `table`, `csv`, `tsv`, `jsonl` or `markdown`."""
    match kind:
        case "table":
            if is_too_wide(columns, rows, room):
                yield from stacked(columns, rows, room, color=color)
            elif rows:
                yield from fitted(columns, rows, room, color=color)
        case "csv":
            yield from csv_lines(columns, rows, header=header)
        case "jsonl":
            yield from (json_line(columns, row) for row in rows)
        case "markdown":
            yield from markdown(columns, rows)
        case _:
            yield from tsv(columns, rows, header=header)


def json_value(cell: Cell) -> Any:
    """A cell for JSON: lists are arrays, absent is null, `not_reported` stays text."""
    from decimal import Decimal

    from alscli.model.absence import Absence

    if isinstance(cell, Absence):
        return cell.value
    if isinstance(cell, Decimal):
        return float(cell)
    if isinstance(cell, tuple):
        return list(cell)
    return cell


def json_object(columns: Sequence[Column], row: Row) -> dict[str, Any]:
    """A row for JSON."""
    return {column.name: json_value(row[column.name]) for column in columns}


def json_line(columns: Sequence[Column], row: Row) -> str:
    """A row as one line of JSON."""
    import json

    return json.dumps(json_object(columns, row), ensure_ascii=False)


def markdown(columns: Sequence[Column], rows: Iterable[Row]) -> Iterator[str]:
    """Lines of a table in Markdown."""
    yield "| " + " | ".join(column.name.replace("_", " ") for column in columns) + " |"
    yield "|" + "|".join(" --- " for _ in columns) + "|"
    for row in rows:
        cells = (text_of(row[column.name]) for column in columns)
        yield "| " + " | ".join(escaped(cell) for cell in cells) + " |"


def escaped(text: str) -> str:
    """Text that Markdown shows as it is."""
    for character in "\\`*_[]<>|":
        text = text.replace(character, "\\" + character)
    return text
