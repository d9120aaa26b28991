"""TOML 1.0 text into values, or the one place where it is not TOML."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from alscli.errors import AlscliError

if TYPE_CHECKING:
    from alscli.store.spans import Path, Spans

MAX_BYTES = 1 << 20
MAX_DEPTH = 32
MAX_DIGITS = 1000

_BOM = "\ufeff"
# Opening brackets in the whole text: few cannot nest deep enough to harm any parser. toml_rs
# overflows the stack at about 2,500 nested ones, and in text that is not TOML its idea of what is
# inside a string is not ours.
_HARMLESS = 200
_SCREENED = 1000
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_USUAL = bytes({*range(0x20, 0x7F), *b"\t\n"} - {*b"\\[{"})
_STRING = (
    r'"""(?:[^"\\]|\\[\s\S]|""?(?!"))*+"""(?:"")?"?'
    r"|'''(?:[^']|''?(?!'))*+'''(?:'')?'?"
    r'|"(?:[^"\\\n]|\\.)*+"'
    r"|'[^'\n]*+'"
)
_BRACKETS = re.compile(rf"[^\"'#\[\]{{}}]*+(?:(?:{_STRING})|#[^\n]*|([\[{{])|([\]}}])|[\s\S]|\Z)")
_KEY = rf"(?:[A-Za-z0-9_-]++|{_STRING})"
_LONG_KEY = re.compile(rf"((?:{_KEY}[ \t]*+\.[ \t]*+){{{MAX_DEPTH}}})|{_STRING}|#[^\n]*|[A-Za-z0-9_-]++")
_VAST_INTEGER = re.compile(rf"[0-9][0-9A-Fa-fxo_]{{{MAX_DIGITS - 1}}}")
_VAST_FLOAT = re.compile(r"[0-9.]+[eE][+-]?[0-9_]{4}")
_LEAST_VAST = len("1e1001")
"""Characters that a number out of range has at least."""
_RS_PLACE = re.compile(r"at line (\d+), column (\d+)")


@dataclass(frozen=True, slots=True)
class Fault:
    """Why and where bytes are not a TOML document; line and column are 1-based, in characters."""

    code: Literal["TX001", "TX002", "TX003"]
    message: str
    line: int
    column: int


class TomlError(AlscliError):
    """The bytes are no TOML 1.0 document that this program reads; `fault` says where."""

    exit_status = 1

    def __init__(self, fault: Fault) -> None:
        super().__init__(f"{fault.line}:{fault.column}: {fault.code} {fault.message}")
        self.fault = fault


@dataclass(frozen=True)
class Document:
    """A text that is valid TOML 1.0, and what it means.

    `text` is the whole file, a byte order mark and CRLF included, so that it encodes to the bytes
    that were read. `values` holds `int` and `Decimal` (the digits as written), never `float`.
    `unusual` are the characters of the text that are neither tabs, line feeds nor printable ASCII, the
    backslashes and the opening brackets: few, so that what looks for any of them is done at once.
    """

    text: str
    values: dict[str, Any]
    unusual: str

    @cached_property
    def spans(self) -> Spans:
        """Where every key and value stands in `text`."""
        from alscli.store.spans import locate

        return locate(self.text)


def parse(data: bytes) -> Document:
    """Read a TOML 1.0 document of at most 1 MiB, 32 levels deep; raise `TomlError` otherwise."""
    if len(data) > MAX_BYTES:
        raise _fault("TX003", f"larger than 1 MiB ({len(data):,} bytes)", "", 0)
    text, unusual = _decode(data)
    body = text.removeprefix(_BOM)
    brackets = unusual.count("[") + unusual.count("{")
    if brackets > _HARMLESS:
        _check_brackets(body)
    values = _read(text, screened=brackets > _SCREENED)
    if _depth(values) > MAX_DEPTH + 1:
        _check_keys(body)
        raise _at(text, _too_deep(values), f"nested deeper than {MAX_DEPTH} levels")
    if _has_long_line(body) and _VAST_INTEGER.search(body):
        path = _vast_integer(values)
        if path is not None:
            raise _at(text, path, f"an integer of more than {MAX_DIGITS:,} digits")
    return Document(text, values, unusual)


def _has_long_line(text: str) -> bool:
    """Whether a line has as many characters as an integer that is too long."""
    at = 0
    while at + MAX_DIGITS <= len(text):
        end = text.rfind("\n", at, at + MAX_DIGITS)
        if end < 0:
            return True
        at = end + 1
    return False


def _decode(data: bytes) -> tuple[str, str]:
    """The text, and its unusual characters."""
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        before = data[: error.start].decode()
        raise _fault("TX002", f"not UTF-8: byte 0x{data[error.start]:02x}", before, len(before)) from None
    unusual = data.translate(None, _USUAL).decode()
    if _CONTROL.search(unusual) and (found := _FORBIDDEN.search(text)):
        character = ord(found.group())
        message = (
            "a carriage return without a line feed"
            if character == ord("\r")
            else f"the control character U+{character:04X}, which TOML forbids"
        )
        raise _fault("TX002", message, text, found.start())
    return text, unusual


def _check_brackets(text: str) -> None:
    """Refuse deep nesting before a parser that recurses sees it."""
    depth = 0
    for token in _BRACKETS.finditer(text):
        kind = token.lastindex
        if kind == 1:
            depth += 1
            if depth > MAX_DEPTH:
                raise _fault("TX003", f"brackets nested deeper than {MAX_DEPTH} levels", text, token.start(1))
        elif kind == 2 and depth:
            depth -= 1


def _read(text: str, *, screened: bool) -> dict[str, Any]:
    import toml_rs

    if screened and (fault := _syntax_fault(text)):
        raise fault
    try:
        values: dict[str, Any] = toml_rs.loads(text, toml_version="1.0.0", parse_float=_decimal)
    except Exception as error:
        raise _syntax_fault(text) or _only_toml_1_1(text, str(error)) from None
    return values


def _decimal(literal: str) -> Decimal:
    """The number with its digits; an exponent that would fill the memory when expanded is refused."""
    number = Decimal(literal)
    if len(literal) >= _LEAST_VAST and abs(number.adjusted()) > MAX_DIGITS:
        raise OverflowError(literal)
    return number


def _syntax_fault(text: str) -> TomlError | None:
    """What tomli says against `text`, at its place; None where it accepts it."""
    import tomli

    try:
        tomli.loads(text.removeprefix(_BOM), parse_float=_decimal)
    except tomli.TOMLDecodeError as error:
        if error.pos == len(error.doc) and error.msg == 'Expected "\'"':  # the quote that is not closed
            line = error.doc.find("\n", error.doc.rindex("'"))
            return _fault("TX001", error.msg, error.doc, line if line >= 0 else error.pos)
        return TomlError(Fault("TX001", error.msg, error.lineno, error.colno))
    except RecursionError:
        return _fault("TX003", f"nested deeper than {MAX_DEPTH} levels", text, 0)
    except (ArithmeticError, ValueError):  # `_decimal`, or an integer that Python will not print
        found = _VAST_FLOAT.search(text) or _VAST_INTEGER.search(text)
        return _fault("TX003", "a number out of range", text, found.start() if found else 0)
    return None


def _only_toml_1_1(text: str, message: str) -> TomlError:
    """The fault of text that toml_rs refuses as TOML 1.0 and tomli, from 2.4 on, reads as TOML 1.1."""
    place = _RS_PLACE.search(message)
    line, column = (int(place[1]), int(place[2])) if place else (1, 1)
    return TomlError(Fault("TX001", f"not TOML 1.0: {message.splitlines()[-1]}", line, column))


def _depth(values: dict[str, Any]) -> int:
    """How many tables and lists stand within one another."""
    level: list[Any] = [values]
    depth = 0
    while level:
        depth += 1
        level = [
            child
            for value in level
            for child in (value.values() if value.__class__ is dict else value)
            if (kind := child.__class__) is dict or kind is list
        ]
    return depth


def _too_deep(values: dict[str, Any]) -> Path:
    """The path of a table or list below the 32nd level, where there is one."""
    level: list[tuple[Path, Any]] = [((), values)]
    for _ in range(MAX_DEPTH + 1):
        level = [
            ((*path, key), child)
            for path, value in level
            for key, child in (value.items() if isinstance(value, dict) else enumerate(value))
            if isinstance(child, dict | list)
        ]
    return level[0][0]


def _check_keys(text: str) -> None:
    for token in _LONG_KEY.finditer(text):
        if token.lastindex:
            raise _fault("TX003", f"a key of more than {MAX_DEPTH} parts", text, token.start())


def _vast_integer(values: dict[str, Any]) -> Path | None:
    """The path of an integer too long to be shown; Python itself refuses to print 4,300 digits."""
    rest: list[tuple[Path, Any]] = [((), values)]
    while rest:
        path, value = rest.pop()
        if isinstance(value, dict):
            rest += [((*path, key), child) for key, child in value.items()]
        elif isinstance(value, list):
            rest += [((*path, index), child) for index, child in enumerate(value)]
        elif isinstance(value, int) and abs(value) >= 10**MAX_DIGITS:
            return path
    return None


def _at(text: str, path: Path, message: str) -> TomlError:
    from alscli.store.spans import locate

    spans = locate(text)
    return TomlError(Fault("TX003", message, *spans.position(spans.place(path).start)))


def _fault(code: Literal["TX001", "TX002", "TX003"], message: str, text: str, offset: int) -> TomlError:
    before = text[:offset].removeprefix(_BOM)
    return TomlError(Fault(code, message, before.count("\n") + 1, len(before) - before.rfind("\n")))
