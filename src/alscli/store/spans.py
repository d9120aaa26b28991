"""Where every key, value and header of a TOML document stands."""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cached_property
from typing import Literal, NamedTuple

Path = tuple[str | int, ...]
"""Keys and list indices from the root of a document to a value."""

_TRIVIA = re.compile(r"(?:[ \t\r\n]++|#[^\n]*+)*+")
_BLANKS = re.compile(r"[ \t]*+")
_STRING = (
    r'"""(?:[^"\\]++|\\[\s\S]|""?(?!"))*+"""(?:"")?"?'
    r"|'''(?:[^']++|''?(?!'))*+'''(?:'')?'?"
    r'|"(?:[^"\\\n]++|\\.)*+"'
    r"|'[^'\n]*+'"
)
_SCALAR = re.compile(rf"{_STRING}|\d{{4}}-\d\d-\d\d \d\d:[^\s,\]}}#]*+|[^\s,\[\]{{}}#]++")
_KEY = re.compile(r"""([A-Za-z0-9_-]++|"(?:[^"\\\n]++|\\.)*+"|'[^'\n]*+')[ \t]*+([.=\]])[ \t]*+""")


class Span(NamedTuple):
    """A half-open range of characters."""

    start: int
    end: int


class Key(NamedTuple):
    """A key of one or more dotted parts: their names, and where each stands."""

    names: tuple[str, ...]
    spans: tuple[Span, ...]


class Value(NamedTuple):
    """A value as written; `children` are the elements of an array or the pairs of an inline table."""

    start: int
    end: int
    kind: Literal["scalar", "array", "inline"]
    children: tuple[tuple[Key | None, Value], ...] = ()


class Statement(NamedTuple):
    """A header (`[table]`, `[[tables]]`) or `key = value`, from its first character to its last.

    `path` is where it stands in the document's values; `table` the path of the table that it is in,
    or that it begins.
    """

    start: int
    end: int
    kind: Literal["table", "tables", "pair"]
    key: Key
    path: Path
    table: Path
    value: Value | None


class Spans:
    """The places of one text. Spans count characters of the text from 0."""

    def __init__(self, text: str, statements: list[Statement]) -> None:
        self.statements = statements
        self._text = text
        self._values: dict[Path, Span] = {}
        self._keys: dict[Path, Span] = {}
        self._headers: dict[Path, Span] = {}
        self._above: dict[Path, Span] = {}
        for statement in statements:
            if statement.value is None:
                span = Span(statement.start, statement.end)
                self._headers[statement.path] = span
                if statement.kind == "tables":
                    self._headers.setdefault(statement.path[:-1], span)
                for end in range(1, len(statement.path)):
                    self._above.setdefault(statement.path[:end], span)
            else:
                self._enter(statement.table, statement.key, statement.value)

    def _enter(self, path: Path, key: Key | None, value: Value) -> None:
        if key is not None:
            for name, span in zip(*key, strict=True):
                path = (*path, name)
                self._keys.setdefault(path, span)
        self._values[path] = Span(value.start, value.end)
        for index, (inner, child) in enumerate(value.children):
            self._enter((*path, index) if inner is None else path, inner, child)

    def value(self, path: Path) -> Span | None:
        """The literal at `path`; None for a missing key and for what headers or dotted keys spread."""
        return self._values.get(path)

    def key(self, path: Path) -> Span | None:
        """The key at `path` (its own part of a dotted key), where it was first written."""
        return self._keys.get(path)

    def header(self, path: Path) -> Span | None:
        """The header of the table at `path`; of an array of tables, its first."""
        return self._headers.get(path)

    def place(self, path: Path) -> Span:
        """Where to point for `path`: its value, key or header, else its nearest parent's, else line 1.

        A table that has no header stands where the first header of a table below it does.
        """
        span = self._values.get(path)
        while span is None and path:
            span = self._headers.get(path) or self._keys.get(path) or self._values.get(path)
            span = span or self._above.get(path)
            path = path[:-1]
        return span or Span(self._first, self._first)

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset, 1-based, in characters; only LF and CRLF end a line."""
        line = bisect_right(self._lines, offset)
        return max(line, 1), max(offset - self._lines[max(line, 1) - 1] + 1, 1)

    @cached_property
    def _lines(self) -> list[int]:
        starts = [match.end() for match in re.finditer("\n", self._text)]
        return [self._first, *starts]

    @property
    def _first(self) -> int:
        return int(self._text.startswith("\ufeff"))


def locate(text: str) -> Spans:
    """Find every key, value and header of `text`, which must be valid TOML 1.0."""
    return Spans(text, read(text))


def read(text: str) -> list[Statement]:
    """The statements of `text` in their order; `text` must be valid TOML 1.0."""
    statements: list[Statement] = []
    counts: dict[Path, int] = {}
    table: Path = ()
    at = int(text.startswith("\ufeff"))
    while (start := _after(_TRIVIA, text, at)) < len(text):
        if text[start] == "[":
            many = text.startswith("[[", start)
            key, end = _read_key(text, _after(_BLANKS, text, start + 1 + many))
            at = end.end(2) + many
            table = _resolve(key.names, counts)
            if many:
                counts[table] = counts.get(table, -1) + 1
                table = (*table, counts[table])
            statements.append(Statement(start, at, "tables" if many else "table", key, table, table, None))
        else:
            key, end = _read_key(text, start)
            value = _read_value(text, end.end())
            at = value.end
            statements.append(Statement(start, at, "pair", key, (*table, *key.names), table, value))
    return statements


def _after(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    assert match is not None, "the text is valid TOML"  # noqa: S101
    return match.end()


def _read_key(text: str, at: int) -> tuple[Key, re.Match[str]]:
    """A key, and the match of its last part with the `=` or `]` that ends it, and blanks."""
    names: tuple[str, ...] = ()
    spans: tuple[Span, ...] = ()
    while match := _KEY.match(text, at):
        part = match[1]
        names += (_name(part) if part[0] in "\"'" else part,)
        spans += (Span(at, match.end(1)),)
        if match[2] != ".":
            return Key(names, spans), match
        at = match.end()
    raise AssertionError("the text is valid TOML")


def _name(quoted: str) -> str:
    if quoted[0] == "'" or "\\" not in quoted:
        return quoted[1:-1]
    import tomli

    return str(tomli.loads(f"key = {quoted}")["key"])


def _read_value(text: str, at: int) -> Value:
    first = text[at]
    if first == "[":
        return _read_array(text, at)
    if first == "{":
        return _read_inline(text, at)
    return Value(at, _after(_SCALAR, text, at), "scalar")


def _read_array(text: str, start: int) -> Value:
    elements: list[tuple[Key | None, Value]] = []
    at = _after(_TRIVIA, text, start + 1)
    while text[at] != "]":
        value = _read_value(text, at)
        elements.append((None, value))
        at = _after(_TRIVIA, text, value.end)
        if text[at] == ",":
            at = _after(_TRIVIA, text, at + 1)
    return Value(start, at + 1, "array", tuple(elements))


def _read_inline(text: str, start: int) -> Value:
    pairs: list[tuple[Key | None, Value]] = []
    at = _after(_BLANKS, text, start + 1)
    while text[at] != "}":
        key, end = _read_key(text, at)
        value = _read_value(text, end.end())
        pairs.append((key, value))
        at = _after(_BLANKS, text, value.end)
        if text[at] == ",":
            at = _after(_BLANKS, text, at + 1)
    return Value(start, at + 1, "inline", tuple(pairs))


def _resolve(names: tuple[str, ...], counts: dict[Path, int]) -> Path:
    """The path that a header names: below an array of tables, its last element is meant."""
    path: Path = ()
    for name in names:
        if path in counts:
            path = (*path, counts[path])
        path = (*path, name)
    return path
