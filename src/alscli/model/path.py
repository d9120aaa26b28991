"""Paths into a record: keys and positions inside, names that people read and type outside.

Inside, a path is a tuple of keys and positions: `("outcomes", 2, "effects", 0, "p")`. Outside it reads
`outcomes.responder-28w.effects.active:placebo.p`: an element of a list goes by its identity, its parts
joined by `:`; where a list has none, or an element lacks it, by position. A part that holds `.`, `:` or `"`
stands in double quotes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from alscli.errors import UsageError
from alscli.model.nearness import did_you_mean
from alscli.model.shape import Shape

Path = tuple[str | int, ...]

_PLAIN = re.compile(r'[^.:"\s]+')


def identity_of(element: Any, shape: Shape) -> tuple[str, ...] | None:
    """The values of an element's identity keys, in order; None where it has none of them."""
    if not shape.identity or not isinstance(element, Mapping):
        return None
    parts = tuple(_text(element.get(key)) for key in shape.identity)
    return parts if any(parts) else None


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def labels(elements: Sequence[Any], shape: Shape) -> list[str]:
    """The names of a list's elements in paths, unique: a repeated identity gets `#2`, `#3`."""
    names: list[str] = []
    seen: dict[str, int] = {}
    for position, element in enumerate(elements):
        identity = identity_of(element, shape)
        if identity is None:
            names.append(str(position))
            continue
        while len(identity) > 1 and not identity[-1]:
            identity = identity[:-1]
        name = ":".join(_quoted(part) for part in identity)
        seen[name] = count = seen.get(name, 0) + 1
        names.append(name if count == 1 else f"{name}#{count}")
    return names


def _quoted(part: str) -> str:
    if not part or _PLAIN.fullmatch(part):
        return part
    return '"' + part.replace("\\", "\\\\").replace('"', '\\"') + '"'


def name_of(path: Path, values: Any, shape: Shape) -> str:
    """The path as people read it; parts that do not exist in `values` are named as far as they go."""
    names: list[str] = []
    here: Any = values
    for part in path:
        if isinstance(part, int):
            elements = here if isinstance(here, list) else []
            known = labels(elements, shape)
            names.append(known[part] if part < len(known) else str(part))
            here = elements[part] if part < len(elements) else None
        else:
            names.append(_quoted(part))
            here = here.get(part) if isinstance(here, Mapping) else None
            shape = shape.keys.get(part, Shape("value"))
    return ".".join(names)


def resolve(name: str, values: Mapping[str, Any], shape: Shape) -> Path:
    """The path that a name stands for in these values.

    The last key may be missing from the values if the format knows it. Raises UsageError for a key that
    the format does not have and for an element that the list does not hold.
    """
    path: list[str | int] = []
    here: Any = values
    in_list = False
    for part in split(name):
        if in_list:
            elements = here if isinstance(here, list) else []
            position = _position(part, elements, shape)
            if position is None:
                where = name_of(tuple(path), values, shape)
                held = ", ".join(labels(elements, shape)) or "nothing"
                raise UsageError(f"{where} has no element {part}", f"it holds {held}")
            path.append(position)
            here = elements[position]
            in_list = False
            continue
        if part not in shape.keys:
            raise UsageError(f"no field {name}", did_you_mean(part, shape.keys))
        path.append(part)
        here = here.get(part) if isinstance(here, Mapping) else None
        shape = shape.keys[part]
        in_list = shape.kind in ("tables", "inline_tables")
    return tuple(path)


def _position(part: str, elements: Sequence[Any], shape: Shape) -> int | None:
    known = labels(elements, shape)
    if part in known:
        return known.index(part)
    if part.isdecimal() and int(part) < len(elements):
        return int(part)
    return None


def split(name: str) -> list[str]:
    """The parts of a name, cut at dots outside quotes; parts keep their quotes and colons."""
    parts: list[str] = []
    current = ""
    quoted = False
    escaped = False
    for character in name:
        if quoted:
            current += character
            if escaped:
                escaped = False
            elif character == "\\":
                escaped = True
            elif character == '"':
                quoted = False
        elif character == ".":
            parts.append(current)
            current = ""
        else:
            quoted = character == '"'
            current += character
    parts.append(current)
    return parts
