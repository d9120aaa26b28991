"""Paths into a record: keys and positions inside, names that people read and type outside.

Inside, a path is a tuple of keys and positions: `("outcomes", 2, "effects", 0, "p")`. Outside it reads
`outcomes.responder-28w.effects.active:placebo.p`: an element of a list goes by its identity, its parts
joined by `:`; where a list has none, by position. The elements of a list that lack it are `#1`, `#2`, as they
follow one another (`safety.#1`: everybody, where the others are arms). A part that holds `.`, `:`, `#` or `"`
stands in double quotes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from alscli.errors import UsageError
from alscli.model.nearness import did_you_mean
from alscli.model.shape import Shape

Path = tuple[str | int, ...]

_PLAIN = re.compile(r'[^.:#"\s]+')


def identity_of(element: Any, shape: Shape) -> tuple[str, ...] | None:
    """The values of an element's identity keys, in order; None where it has none of them."""
    if not shape.identity or not isinstance(element, Mapping):
        return None
    parts = tuple(_text(element.get(key)) for key in shape.identity)
    return parts if any(parts) else None


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def labels(elements: Sequence[Any], shape: Shape) -> list[str]:
    """The names of a list's elements in paths, unique: a repeated identity gets `#2`, none at all `#1`."""
    if not shape.identity:
        return [str(position) for position in range(len(elements))]
    found = [_label(identity_of(element, shape) or ()) for element in elements]
    counts: dict[str, int] = {}
    for position, label in enumerate(found):
        count = counts[label] = counts.get(label, 0) + 1
        if count > 1 or not label:
            found[position] = f"{label}#{count}"
    return found


def _label(identity: tuple[str, ...]) -> str:
    while identity and not identity[-1]:
        identity = identity[:-1]
    return ":".join(quoted(part) for part in identity)


def quoted(part: str) -> str:
    """A part of a name, in double quotes where it holds what would end it."""
    if not part or _PLAIN.fullmatch(part):
        return part
    return '"' + part.replace("\\", "\\\\").replace('"', '\\"') + '"'


def name_of(
    path: Path, values: Any, shape: Shape, labels: Callable[[Sequence[Any], Shape], list[str]] = labels
) -> str:
    """The path as people read it; parts that do not exist in `values` are named as far as they go.

    Who names many paths of the same values gives `labels` that remember.
    """
    names: list[str] = []
    here: Any = values
    for part in path:
        if isinstance(part, int):
            elements = here if isinstance(here, list) else []
            known = labels(elements, shape)
            names.append(known[part] if part < len(known) else str(part))
            here = elements[part] if part < len(elements) else None
        else:
            names.append(quoted(part))
            here = here.get(part) if isinstance(here, Mapping) else None
            shape = shape.keys.get(part, _UNKNOWN)
    return ".".join(names)


_UNKNOWN = Shape("value")


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
            in_list = isinstance(here, list)
            continue
        if part not in shape.keys:
            raise UsageError(f"no field {name}", did_you_mean(part, shape.keys))
        path.append(part)
        here = here.get(part) if isinstance(here, Mapping) else None
        shape = shape.keys[part]
        in_list = shape.kind in ("tables", "inline_tables") or isinstance(here, list)
    return tuple(path)


def value_at(values: Any, path: Path) -> Any:
    """What stands at a path; None where nothing does."""
    for part in path:
        if isinstance(values, str):
            return None
        try:
            values = values[part]
        except (KeyError, IndexError, TypeError):
            return None
    return values


def put(name: str, value: Any, values: dict[str, Any], shape: Shape) -> Path:
    """Set what `name` stands for in `values`, making the tables and elements on the way; return its path.

    An element that a list does not hold yet is made with the identity that the name gives it. Raises
    UsageError for a key that the format does not have, and for a position in a list that is not next.
    """
    path: list[str | int] = []
    here: Any = values
    parts = split(name)
    for place, part in enumerate(parts):
        last = place == len(parts) - 1
        if isinstance(here, list):
            position = _position(part, here, shape)
            if position is None:
                here.append(_new_element(part, here, shape))
                position = len(here) - 1
            path.append(position)
            if last:
                here[position] = value
            elif not isinstance(here[position], dict):
                here[position] = {}
            here = here[position]
            continue
        if part not in shape.keys:
            raise UsageError(f"no field {name}", did_you_mean(part, shape.keys))
        shape = shape.keys[part]
        path.append(part)
        if last:
            here[part] = value
        elif not isinstance(here.get(part), (dict, list)):
            if not shape.keys:
                raise UsageError(f"no field {name}: {part} holds one value")
            here[part] = _room_for_more(here.get(part), shape)
        here = here[part]
    return tuple(path)


def _room_for_more(value: Any, shape: Shape) -> list[Any] | dict[str, Any]:
    """An empty list or table in the place of `value`; a bare integer becomes the `n` of its table."""
    if shape.kind in ("tables", "inline_tables"):
        return []
    return {"n": value} if type(value) is int and "n" in shape.keys else {}


def _new_element(part: str, elements: Sequence[Any], shape: Shape) -> dict[str, Any]:
    if not shape.identity:
        if part != str(len(elements)):
            raise UsageError(f"no element {part}", f"the next one is {len(elements)}")
        return {}
    if part.startswith("#"):
        following = f"#{sum(identity_of(element, shape) is None for element in elements) + 1}"
        if part != following:
            raise UsageError(f"no element {part}", f"the next one is {following}")
        return {}
    labels_of = [unquoted(label) for label in _split_outside_quotes(part, ":")]
    return {key: label for key, label in zip(shape.identity, labels_of, strict=False) if label}


def _position(part: str, elements: Sequence[Any], shape: Shape) -> int | None:
    known = labels(elements, shape)
    if part in known:
        return known.index(part)
    if part.isdecimal() and int(part) < len(elements):
        return int(part)
    return None


def split(name: str) -> list[str]:
    """The parts of a name, cut at dots outside quotes; parts keep their quotes and colons."""
    return _split_outside_quotes(name, ".")


def _split_outside_quotes(text: str, separator: str) -> list[str]:
    if '"' not in text:
        return text.split(separator)
    parts = [""]
    quoted = escaped = False
    for character in text:
        if character == separator and not quoted:
            parts.append("")
            continue
        parts[-1] += character
        if quoted and not escaped and character == "\\":
            escaped = True
            continue
        if character == '"' and not escaped:
            quoted = not quoted
        escaped = False
    return parts


def unquoted(label: str) -> str:
    """A part of a name without its quotes."""
    if len(label) < 2 or not label.startswith('"') or not label.endswith('"'):
        return label
    return re.sub(r"\\(.)", r"\1", label[1:-1])
