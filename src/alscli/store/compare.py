"""Two records, or two collections, to a list of changes by field.

Elements of lists are matched by identity, sets as sets, numbers by value. What stands at a path is the
parsed TOML value, so that a change can be applied as well as shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from alscli.model.format import MODELS, FileKind, shape_of
from alscli.model.path import labels
from alscli.model.shape import Shape

Weight = Literal["major", "minor"]
_MAJOR = frozenset({"status", "phase", "enrollment", "safety", "why_stopped", "events"})
_RESULTS = frozenset({"result", "values", "effects"})


@dataclass(frozen=True, slots=True)
class Change:
    """One field that differs; `old` or `new` is None where the field is missing on that side."""

    field: str
    old: Any
    new: Any
    weight: Weight
    unordered: bool = False


@dataclass(frozen=True, slots=True)
class RecordChange:
    """One record that differs, with its changes; `was` is its former id where it was renamed."""

    id: str
    kind: FileKind
    change: Literal["added", "removed", "renamed", "changed", "unreadable"]
    fields: tuple[Change, ...] = ()
    was: str | None = None
    note: str = ""


def changes(old: Mapping[str, Any], new: Mapping[str, Any], kind: FileKind) -> list[Change]:
    """The fields that differ between two records of one kind, in the order of the format."""
    primary = _primary_outcomes(old) | _primary_outcomes(new)
    return [
        Change(name, before, after, _weight(parts, primary), shape.kind == "set")
        for parts, name, before, after, shape in _differences((), "", old, new, shape_of(MODELS[kind]))
    ]


def _primary_outcomes(values: Mapping[str, Any]) -> set[str]:
    outcomes = values.get("outcomes")
    if not isinstance(outcomes, list):
        return set()
    return {str(o.get("id")) for o in outcomes if isinstance(o, Mapping) and o.get("role") == "primary"}


def _weight(parts: tuple[str, ...], primary: set[str]) -> Weight:
    if parts[0] in _MAJOR:
        return "major"
    if parts[0] == "outcomes" and (len(parts) < 2 or parts[1] in primary or _RESULTS & set(parts[2:3])):
        return "major"
    return "minor"


Difference = tuple[tuple[str, ...], str, Any, Any, Shape]


def _differences(parts: tuple[str, ...], name: str, old: Any, new: Any, shape: Shape) -> Iterator[Difference]:
    before, after = _as_table(old, shape), _as_table(new, shape)
    if shape.kind in ("tables", "inline_tables") and isinstance(old, list) and isinstance(new, list):
        yield from _elements(parts, name, old, new, shape)
    elif shape.keys and isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in dict.fromkeys([*shape.keys, *before, *after]):
            below = shape.keys.get(key, Shape("value"))
            # A bare integer is `n` alone, so `n` goes by the name of its table.
            inner = (
                name
                if key == "n" and shape.kind == "inline" and name.startswith("enrollment.")
                else f"{name}.{key}"
            )
            yield from _differences((*parts, key), inner.lstrip("."), before.get(key), after.get(key), below)
    elif not _equal(old, new, unordered=shape.kind == "set"):
        yield parts, name, old, new, shape


def _as_table(value: Any, shape: Shape) -> Any:
    bare = isinstance(value, int) and not isinstance(value, bool) and "n" in shape.keys
    return {"n": value} if bare else value


def _elements(
    parts: tuple[str, ...], name: str, old: Sequence[Any], new: Sequence[Any], shape: Shape
) -> Iterator[Difference]:
    before = dict(zip(labels(old, shape), old, strict=True))
    after = dict(zip(labels(new, shape), new, strict=True))
    element = Shape("inline", shape.keys, shape.identity)
    for label in dict.fromkeys([*before, *after]):
        yield from _differences(
            (*parts, label), f"{name}.{label}", before.get(label), after.get(label), element
        )


def _equal(old: Any, new: Any, *, unordered: bool) -> bool:
    if unordered and isinstance(old, list) and isinstance(new, list):
        return sorted(map(str, old)) == sorted(map(str, new))
    if isinstance(old, bool) or isinstance(new, bool):
        return old is new
    if isinstance(old, (int, Decimal)) and isinstance(new, (int, Decimal)):
        return old == new
    return type(old) is type(new) and bool(old == new)


@dataclass(frozen=True, slots=True)
class Version:
    """A record at one end of a comparison: its values, or why it cannot be read."""

    kind: FileKind
    values: Mapping[str, Any] | None
    fault: str = ""


def record_changes(old: Mapping[str, Version], new: Mapping[str, Version]) -> list[RecordChange]:
    """The records that differ between two collections, by id; a rename is known by registry id or content."""
    renamed = _renames(old, new)
    found: list[RecordChange] = []
    for id_ in sorted({*old, *new} - set(renamed.values())):
        before, after = old.get(renamed.get(id_, id_)), new.get(id_)
        kind = (after or before).kind  # type: ignore[union-attr]
        if any(version is not None and version.values is None for version in (before, after)):
            note = "; ".join(
                f"{side}: {version.fault}"
                for side, version in (("old", before), ("new", after))
                if version is not None and version.values is None
            )
            found.append(RecordChange(id_, kind, "unreadable", note=note))
            continue
        fields = tuple(
            changes(before.values or {} if before else {}, after.values or {} if after else {}, kind)
        )
        if id_ in renamed:
            found.append(RecordChange(id_, kind, "renamed", fields, renamed[id_]))
        elif before is None:
            found.append(RecordChange(id_, kind, "added", fields))
        elif after is None:
            found.append(RecordChange(id_, kind, "removed", fields))
        elif fields:
            found.append(RecordChange(id_, kind, "changed", fields))
    return found


def _renames(old: Mapping[str, Version], new: Mapping[str, Version]) -> dict[str, str]:
    """New id to old id, for records that stand under another name."""
    gone = {i: v for i, v in old.items() if i not in new and v.values is not None}
    come = {i: v for i, v in new.items() if i not in old and v.values is not None}
    found: dict[str, str] = {}
    for id_, version in come.items():
        for other, before in gone.items():
            if other not in found.values() and _same_record(other, before, version):
                found[id_] = other
                break
    return found


def _same_record(former: str, old: Version, new: Version) -> bool:
    before, after = old.values or {}, new.values or {}
    if old.kind != new.kind:
        return False
    if former in (after.get("former_ids") or ()):
        return True
    number = before.get("registry_id")
    if number is not None:
        return bool(number == after.get("registry_id"))
    keys = {*before, *after} - {"schema", "id", "former_ids"}
    same = sum(before.get(key) == after.get(key) for key in keys)
    return bool(keys) and same * 10 >= len(keys) * 7
