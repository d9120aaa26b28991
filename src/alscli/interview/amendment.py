"""`FIELD=VALUE` onto the text of a record: read by the field's type, written where it stands."""

from __future__ import annotations

import copy
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from alscli.errors import UsageError
from alscli.interview.answer import term
from alscli.interview.assignment import entry_of, read_field
from alscli.model.format import MODELS, FileKind, shape_of
from alscli.model.path import Path, put, resolve, split, value_at
from alscli.model.shape import Shape
from alscli.model.vocabulary import Vocabularies
from alscli.store import edit
from alscli.store.toml import parse

_PAIR = re.compile(r'((?:[^="]|"(?:[^"\\]|\\.)*")+)=(.*)', re.DOTALL)
_ELSEWHERE = {
    "id": "`alscli rename` changes it, with everything that refers to it",
    "schema": "it is the version of the format",
    "verified": "`alscli verify` stamps it, and nothing else does",
}


@dataclass(frozen=True)
class Amendment:
    """What is to change in a record: fields to remove, then `FIELD=VALUE` to set, then to append."""

    unset: Sequence[str] = ()
    assign: Sequence[str] = ()
    append: Sequence[str] = ()


def amended(text: str, amendment: Amendment, kind: FileKind, vocabularies: Vocabularies) -> str:
    """The text of a record of this kind with the amendment made; every other byte stays.

    Values are read as `interview.answer.read` does, also those inside tables. What says the same already is
    left as it is written. Raises UsageError for a field that the format does not have and for a value that
    the field cannot hold.
    """
    for name in amendment.unset:
        text = _without(text, name.strip(), kind)
    for pair in amendment.assign:
        name, stated = pair_of(pair)
        value = _read(name, stated, kind, vocabularies)
        text = _with(text, name, value, kind)
    for pair in amendment.append:
        name, stated = pair_of(pair)
        text = _with_more(text, name, _read_more(name, stated, kind, vocabularies), kind)
    return text


def pair_of(text: str) -> tuple[str, str]:
    """Field and value of `FIELD=VALUE`; an `=` in a quoted part of the field is a part of it."""
    match = _PAIR.fullmatch(text)
    if match is None or not match[1].strip():
        raise UsageError(f"{text!r} is no FIELD=VALUE", "write, for example, enrollment.planned=40")
    return match[1].strip(), match[2]


# Values.


def _read(name: str, stated: str, kind: FileKind, vocabularies: Vocabularies) -> Any:
    entry = entry_of(name, kind)
    first = split(name)[0]
    if first in _ELSEWHERE and len(split(name)) == (2 if first == "verified" else 1):
        raise UsageError(f"{name} is not set by hand", _ELSEWHERE[first])
    if not stated.strip():
        raise UsageError(f"{name} is set to nothing", f"--unset {name} removes it")
    if "\ufffd" in stated:
        raise UsageError(f"the value of {name} is no valid UTF-8", "type it again, or use `alscli edit`")
    value = read_field(name, stated, kind, vocabularies)
    element = isinstance(value, dict) and entry.anatomy.many
    return _normalized(value, f"{name}.0" if element else name, kind, vocabularies)


def _read_more(name: str, stated: str, kind: FileKind, vocabularies: Vocabularies) -> list[Any]:
    entry = entry_of(name, kind)
    if not entry.anatomy.many:
        raise UsageError(f"{name} is no list", f"{name}=VALUE sets it")
    value = _read(name, stated, kind, vocabularies)
    if isinstance(value, str):
        raise UsageError(f"{name} is a list, and {value!r} stands for all of it", f"{name}={value} sets it")
    return value if isinstance(value, list) else [value]


def _normalized(value: Any, name: str, kind: FileKind, vocabularies: Vocabularies) -> Any:
    """A table typed as TOML with the values inside it read by their fields' types too."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [_normalized(element, f"{name}.0", kind, vocabularies) for element in value]
    if not isinstance(value, dict):
        return value
    known = _shape_at(name, kind).keys
    return {
        key: _inner(inner, f"{name}.{key}", kind, vocabularies) if key in known else inner
        for key, inner in value.items()
    }


def _inner(value: Any, name: str, kind: FileKind, vocabularies: Vocabularies) -> Any:
    if isinstance(value, str):
        return read_field(name, value, kind, vocabularies)
    entry = entry_of(name, kind)
    if isinstance(value, list) and entry.anatomy.vocabulary:
        vocabulary = vocabularies[entry.anatomy.vocabulary]
        return [term(item, vocabulary) if isinstance(item, str) else item for item in value]
    return _normalized(value, name, kind, vocabularies)


def _shape_at(name: str, kind: FileKind) -> Shape:
    shape = shape_of(MODELS[kind])
    for part in split(name):
        shape = shape.keys.get(part, shape)  # what is no key names an element of the list before it
    return shape


# Text.


def _with(text: str, name: str, value: Any, kind: FileKind) -> str:
    shape = shape_of(MODELS[kind])
    before = parse(text.encode()).values
    after = copy.deepcopy(before)
    path = put(_to_number(name, value, before, shape), value, after, shape)
    depth = _first_new(path, before, after)
    if depth == len(path):
        here = value_at(before, path)
        return text if _same(here, value, _shape_at(name, kind)) else edit.set_value(text, path, value, shape)
    path = path[: depth + 1]
    new = value_at(after, path)
    if isinstance(path[-1], int):
        return edit.append(text, path[:-1], new, shape)
    return edit.set_value(text, path, new, shape)


def _to_number(name: str, value: Any, values: dict[str, Any], shape: Shape) -> str:
    """`enrollment.treated` of a count with a source means its number: the source stays."""
    if type(value) is int:
        path = _found(name, values, shape)
        here = value_at(values, path) if path is not None else None
        if isinstance(here, dict) and "n" in here:
            return f"{name}.n"
    return name


def _first_new(path: Path, before: Any, after: Any) -> int:
    """The depth of the first part of the path that `before` lacks, or holds a value of another kind at."""
    for depth, part in enumerate(path):
        there = part < len(before) if isinstance(before, list) and isinstance(part, int) else part in before
        if not there:
            return depth
        before, after = before[part], after[part]
        if depth < len(path) - 1 and type(before) is not type(after):
            return depth
    return len(path)


def _with_more(text: str, name: str, values: list[Any], kind: FileKind) -> str:
    shape = shape_of(MODELS[kind])
    for value in values:
        here = parse(text.encode()).values
        path = _found(name, here, shape)
        elements = value_at(here, path) if path is not None else None
        if path is None or not isinstance(elements, list) or not elements:
            text = _with(text, name, [value], kind)
        elif not any(_same(element, value, Shape("value")) for element in elements):
            text = edit.append(text, path, value, shape)
    return text


def _without(text: str, name: str, kind: FileKind) -> str:
    entry_of(name, kind)
    if name in ("id", "schema"):
        raise UsageError(f"{name} cannot be removed", _ELSEWHERE[name])
    shape = shape_of(MODELS[kind])
    path = _found(name, parse(text.encode()).values, shape)
    return text if path is None else edit.unset(text, path, shape)


def _found(name: str, values: dict[str, Any], shape: Shape) -> Path | None:
    """The path of what `name` stands for; None where these values have nothing there."""
    try:
        path = resolve(name, values, shape)
    except UsageError:
        return None
    return None if value_at(values, path) is None else path


def _same(here: Any, value: Any, shape: Shape) -> bool:
    """Whether the file says this already, to the digit."""
    if isinstance(here, list) and isinstance(value, list):
        if shape.kind == "set":
            return sorted(map(str, here)) == sorted(map(str, value))
        return len(here) == len(value) and all(
            _same(one, other, Shape("value")) for one, other in zip(here, value, strict=True)
        )
    if isinstance(here, dict) and isinstance(value, dict):
        return here.keys() == value.keys() and all(_same(here[k], value[k], Shape("value")) for k in here)
    if type(here) is not type(value):
        return False
    return str(here) == str(value) if isinstance(here, Decimal) else bool(here == value)
