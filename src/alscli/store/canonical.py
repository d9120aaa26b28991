"""The canonical text of values: written, and searched for places without reading it again.

A new record has this text; comments and what a curator arranged otherwise are `layout`'s.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from alscli.model.shape import Shape

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}
_INVISIBLE = {"Cc", "Cf", "Zl", "Zp"}


def dump(values: Mapping[str, Any], shape: Shape, schema_comment: str = "") -> str:
    """Return the text of a new record: `str`, `int`, `bool`, `Decimal`, `float`, dates, lists and dicts.

    A `Decimal` is written with the digits that it has.
    """
    lines = [schema_comment] if schema_comment else []
    _write_table(values, shape, "", lines)
    if lines and not lines[0]:
        del lines[0]
    return "\n".join(lines) + "\n" if lines else ""


def _write_table(values: Mapping[str, Any], shape: Shape, name: str, lines: list[str]) -> None:
    """Add the lines of a table without comments, those of the tables below it last."""
    below: list[tuple[str, Any, Shape]] = []
    for key, known in shape.in_order(values):
        value = values[key]
        written = write_key(key) if known is None else key
        if value.__class__ is str:  # most values by far
            plain = value.isprintable() and '"' not in value and "\\" not in value
            lines.append(f'{written} = "{value}"' if plain else f"{written} = {_text(value)}")
            continue
        inner = known or _PLAIN
        if _has_header(value, inner):
            below.append((written, value, inner))
        elif inner.kind == "inline_tables" and value and isinstance(value, list) and _all_tables(value):
            lines.append(f"{written} = [")
            lines += [f"  {_inline(element, inner)}," for element in in_order(value, inner)]
            lines.append("]")
        else:
            lines.append(f"{written} = {_inline(value, inner)}")
    for written, value, inner in below:
        path = f"{name}.{written}" if name else written
        for element in [value] if isinstance(value, dict) else in_order(value, inner):
            lines += ["", f"[{path}]" if isinstance(value, dict) else f"[[{path}]]"]
            _write_table(element, inner, path, lines)


# -- places ------------------------------------------------------------------------------------------


class Place(NamedTuple):
    """Where something stands in canonical text: 0-based line; start and end are characters in it."""

    line: int
    start: int
    end: int


class Places:
    """The places of a record's keys and values, found in its text unparsed, because it is canonical.

    An order of magnitude faster than reading the text again; the law that both agree is a test. Raises
    ValueError for a text in which a line may be a part of a string.
    """

    def __init__(self, text: str, values: Mapping[str, Any], shape: Shape) -> None:
        if '"""\n' in text:
            raise ValueError("strings of several lines")
        self._text = text
        self._values = values
        self._shape = shape
        self._starts: dict[int, int] = {}  # of the lines where something was found

    def find(self, path: tuple[str | int, ...]) -> tuple[Place | None, Place | None, Place | None]:
        """The header, key and value at a path, each None where the text has none."""
        values, shape, rest = self._values, self._shape, path
        name, at, header = "", -1, None
        while rest and rest[0] in values:
            key = str(rest[0])
            value, inner = values[key], shape.keys.get(key, _PLAIN)
            if not _has_header(value, inner):
                line = self._number(self._sought(f"{write_key(key)} = ", at))
                return _in_pair(key, value, inner, rest[1:], line) or _NOWHERE
            name = f"{name}.{write_key(key)}" if name else write_key(key)
            many = isinstance(value, list)
            written = f"[[{name}]]" if many else f"[{name}]"
            position = int(rest[1]) if many and len(rest) > 1 else 0
            if many and position >= len(value):
                return _NOWHERE
            for _ in range(position + 1):
                at = self._sought(f"{written}\n", at)
            header = Place(self._number(at), 0, len(written))
            values, shape, rest = value[position] if many else value, inner, rest[2 if many else 1 :]
        return _NOWHERE if rest else (header, None, None)

    def text_of(self, line: int) -> str | None:
        """The text of a 0-based line where something was found; None of another."""
        start = self._starts.get(line)
        return None if start is None else self._text[start : self._text.index("\n", start)]

    def _sought(self, beginning: str, after: int) -> int:
        """Where the first line with this beginning starts that starts after `after`."""
        if after < 0 and self._text.startswith(beginning):
            return 0
        return self._text.index(f"\n{beginning}", max(after, 0)) + 1

    def _number(self, start: int) -> int:
        """The number of the line that starts there."""
        line = self._text.count("\n", 0, start)
        self._starts[line] = start
        return line


_Found = tuple[Place | None, Place | None, Place | None]
_NOWHERE: _Found = (None, None, None)


def _has_header(value: Any, shape: Shape) -> bool:
    if isinstance(value, dict):
        return shape.kind == "table"
    return isinstance(value, list) and bool(value) and shape.kind == "tables" and _all_tables(value)


def _height(value: Any, shape: Shape) -> int:
    if isinstance(value, str):
        return quote_lines(value).count("\n") + 1 if "\n" in value else 1
    if isinstance(value, list) and value and shape.kind == "inline_tables" and _all_tables(value):
        return len(value) + 2
    return 1


def _in_pair(key: str, value: Any, shape: Shape, path: tuple[str | int, ...], line: int) -> _Found | None:
    """What stands at `path` in the pair that begins at `line`; None where it takes more than a line."""
    written = write_key(key)
    start = len(written) + 3
    if not path:
        height = _height(value, shape)
        end = None if height > 1 else Place(line, start, start + len(_inline(value, shape)))
        return (None, Place(line, 0, len(written)), end) if end else None
    if _height(value, shape) > 1 and isinstance(value, list) and isinstance(path[0], int):
        return (
            _in_value(value[path[0]], shape, path[1:], line + 1 + path[0], 2, None)
            if path[0] < len(value)
            else None
        )
    return _in_value(value, shape, path, line, start, None)


def _in_value(
    value: Any, shape: Shape, path: tuple[str | int, ...], line: int, start: int, key: Place | None
) -> _Found | None:
    """What stands at `path` in a value on one line that begins at `start`."""
    if not path:
        return None, key, Place(line, start, start + len(_inline(value, shape)))
    if isinstance(value, dict) and path[0] in value:
        at = start + 2
        for name, known in shape.in_order(value):
            inner = known or _PLAIN
            written = write_key(name)
            if name == path[0]:
                here = Place(line, at, at + len(written))
                return _in_value(value[name], inner, path[1:], line, at + len(written) + 3, here)
            at += len(written) + 3 + len(_inline(value[name], inner)) + 2
    if isinstance(value, list) and isinstance(path[0], int) and path[0] < len(value):
        at = start + 1
        for element in value[: path[0]]:
            at += len(_inline(element, _of_element(element, shape))) + 2
        element = value[path[0]]
        return _in_value(element, _of_element(element, shape), path[1:], line, at, None)
    return None


def _of_element(element: Any, shape: Shape) -> Shape:
    return shape if isinstance(element, dict) else _PLAIN


_PLAIN = Shape("value")


def _all_tables(elements: list[Any]) -> bool:
    for element in elements:  # noqa: SIM110 - `all` takes three times as long
        if not isinstance(element, dict):
            return False
    return True


def in_order(elements: list[Any], shape: Shape) -> list[Any]:
    """The elements of a list as they are written one after the other."""
    if shape.kind == "set" and all(isinstance(element, str) for element in elements):
        return sorted(elements)
    if shape.sort and _all_tables(elements):
        return sorted(elements, key=lambda e: [(key not in e, str(e.get(key, ""))) for key in shape.sort])
    return elements


def _inline(value: Any, shape: Shape) -> str:
    if value.__class__ is str:
        return quote(value)
    if isinstance(value, dict):
        parts = [
            f"{write_key(key) if known is None else key} = {_inline(value[key], known or _PLAIN)}"
            for key, known in shape.in_order(value)
        ]
        return f"{{ {', '.join(parts)} }}" if parts else "{}"
    if value.__class__ is int:
        return str(value) if -10_000 < value < 10_000 else f"{value:_}"
    if isinstance(value, list | tuple):
        inner = [
            _inline(child, shape if isinstance(child, dict) else _PLAIN)
            for child in in_order(list(value), shape)
        ]
        return f"[{', '.join(inner)}]"
    return quote(value) if isinstance(value, str) else scalar(value)


def _text(value: str) -> str:
    return quote_lines(value) if "\n" in value else quote(value)


# -- keys and scalars ---------------------------------------------------------------------------------


@lru_cache(maxsize=4096)
def write_key(name: str) -> str:
    """Return a key as written: bare where TOML allows it."""
    return name if _BARE.fullmatch(name) else quote(name)


def scalar(value: object) -> str:
    """A boolean, a number or a date; raises TypeError for what TOML does not have."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal | float):
        return str(value).replace("Infinity", "inf").replace("NaN", "nan")
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat()
    raise TypeError(f"TOML has no {type(value).__name__}")


def quote(value: str) -> str:
    """A string on one line."""
    if value.isprintable() and '"' not in value and "\\" not in value:
        return f'"{value}"'
    return f'"{"".join(map(_escape, value))}"'


def quote_lines(value: str) -> str:
    """A string on several lines."""
    lines = "".join(character if character in '\n"' else _escape(character) for character in value)
    lines = lines.replace('"""', '""\\"')
    return f'"""\n{lines[:-1]}\\""""' if lines.endswith('"') else f'"""\n{lines}"""'


def _escape(character: str) -> str:
    """A character as it stands in a string: what does not show is written as its number."""
    if character in _ESCAPES:
        return _ESCAPES[character]
    if unicodedata.category(character) in _INVISIBLE:
        number = ord(character)
        return f"\\u{number:04X}" if number < 0x10000 else f"\\U{number:08X}"
    return character
