"""Canonical text recognized by one pattern, in a fifth of the time that writing it anew takes.

What is recognized is canonical. Text that is not may be canonical all the same: of escapes the pattern holds
only those of quotes and backslashes, and it holds no strings of several lines, no long decimals, and no value
of a type that the format does not expect there.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from alscli.model.field import Table
from alscli.model.format import MODELS, Anatomy, FileKind, anatomy, key_of, schema_comment, shape_of
from alscli.model.shape import Shape
from alscli.store.canonical import dump, in_order
from alscli.store.toml import Document

_WORTH = 300
"""Texts of a kind after which it pays to make the pattern, which takes as long as writing so many."""

_asked: Counter[FileKind] = Counter()


def expect(kind: FileKind, texts: int) -> None:
    """Tell that so many texts of a kind will be asked about, by this process or by a few."""
    if texts > 4 * _WORTH:
        _asked[kind] += _WORTH


def is_canonical(document: Document, kind: FileKind) -> bool:
    """Whether the text is exactly what a new record with these values would be: no comment, no slip."""
    _asked[kind] += 1
    if _asked[kind] > _WORTH and recognizes(document, kind):
        return True
    return document.text == dump(document.values, shape_of(MODELS[kind]), schema_comment(kind))


def recognizes(document: Document, kind: FileKind) -> bool:
    """Whether the text is surely canonical."""
    text = _ESCAPED.sub("..", document.text) if "\\" in document.unusual else document.text
    return (
        document.unusual.isprintable()
        and "\t" not in text
        and "\\" not in text
        and _pattern(kind).fullmatch(text) is not None
        and _is_sorted(document.values, _sorted_keys(kind))
    )


_ESCAPED = re.compile(r'\\["\\]')


# -- the pattern: each key at most once, in order, and each value as it is written ------------------------


@cache
def _pattern(kind: FileKind) -> re.Pattern[str]:
    model = MODELS[kind]
    return re.compile(f"{re.escape(schema_comment(kind))}\n{_table(model, shape_of(model), '')}")


def _array(element: str) -> str:
    return rf"\[(?:{element}(?:, (?!\])|(?=\])))*+\]"


_STRING = r'"[^"]*+"'  # of valid TOML without escapes, so that it ends in its line
_WHOLE = r"[1-9][0-9]{0,3}+|[1-9][0-9]{1,2}+(?:_[0-9]{3})++|[1-9](?:_[0-9]{3}){2,}+"
_NUMBER = rf"(?:0|-?(?:[0-9]++\.[0-9]{{1,6}}+|{_WHOLE}))(?![0-9_.])"
_SCALAR = f"(?:{_STRING}|{_NUMBER}|true|false)"
_STRINGS = f"(?:{_STRING}|{_array(_STRING)})"
_ANYTHING = f"(?:{_SCALAR}|{_array(_SCALAR)})"
_NO_TABLE = rf"(?:{_STRING}|\[\])"
_NOT_IN_QUOTES = frozenset(
    {"whole number", "number", "number or bound", "range", "two numbers", "any value", "true or false"}
)


def _table(model: type[Table], shape: Shape, name: str) -> str:
    """The lines of a table: its values, then the tables below it."""
    lines, below = "", ""
    for attribute, field in model.model_fields.items():
        key = key_of(attribute, field)
        what, inner = anatomy(model, attribute), shape.keys[key]
        path = f"{name}.{key}" if name else key
        value = _value(what)
        if what.table is not None:
            if inner.kind == "table":
                below += rf"(?:\n\[{path}\]\n{_table(what.table, inner, path)})?+"
            elif inner.kind == "tables":
                below += rf"(?:\n\[\[{path}\]\]\n{_table(what.table, inner, path)})*+"
            elif inner.kind == "inline_tables":
                value = rf"(?:\[\n(?:  {_inline(what.table, inner)},\n)++\]|{value})"
            elif not what.many:
                value = f"(?:{_inline(what.table, inner)}|{value})"
        lines += f"(?:{key} = {value}\n)?+"
    return lines + below


def _inline(model: type[Table], shape: Shape) -> str:
    pairs = ""
    for attribute, field in model.model_fields.items():
        key = key_of(attribute, field)
        what = anatomy(model, attribute)
        value = _value(what)
        if what.table is not None and not what.many:
            value = f"(?:{_inline(what.table, shape.keys[key])}|{value})"
        pairs += rf"(?:{key} = {value}(?:, |(?= \}})))?+"
    return rf"\{{ (?=[a-z]){pairs} \}}"


def _value(what: Anatomy) -> str:
    """A value that is no table, of the type that the format expects."""
    if what.type_name in _NOT_IN_QUOTES:
        return _ANYTHING
    if what.table is not None:
        return _NO_TABLE
    return _STRINGS if what.many or what.type_name == "source keys" else _STRING


# -- what is sorted -----------------------------------------------------------------------------------


class _Sorted(NamedTuple):
    """A key whose list is sorted, or below which something is."""

    shape: Shape
    below: Mapping[str, _Sorted]


@cache
def _sorted_keys(kind: FileKind) -> Mapping[str, _Sorted]:
    return _below(shape_of(MODELS[kind]))


def _below(shape: Shape) -> Mapping[str, _Sorted]:
    found = {key: _Sorted(inner, _below(inner)) for key, inner in shape.keys.items()}
    return {
        key: each for key, each in found.items() if each.below or each.shape.sort or each.shape.kind == "set"
    }


def _is_sorted(values: Mapping[str, Any], keys: Mapping[str, _Sorted]) -> bool:
    for key, (shape, below) in keys.items():
        if key not in values:
            continue
        value = values[key]
        elements = value if isinstance(value, list) else [value]
        if len(elements) > 1 and in_order(elements, shape) != elements:
            return False
        for element in elements if below else ():
            if isinstance(element, dict) and not _is_sorted(element, below):
                return False
    return True
