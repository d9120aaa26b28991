"""Two records, or two collections, to a list of changes by field.

Elements of lists are matched by identity, sets as sets, numbers by value. What stands at a path is the
parsed TOML value, so that a change can be applied as well as shown.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from alscli.model.path import labels, split
from alscli.model.shape import Shape
from alscli.store.shapes import schema_version
from alscli.store.shapes import shape as shape_of

if TYPE_CHECKING:
    from alscli.model.format import FileKind

Weight = Literal["major", "minor"]
_MAJOR = frozenset({"status", "phase", "enrollment", "safety", "why_stopped", "events"})
_RESULTS = frozenset({"result", "values", "effects"})
_ALIKE = 40_000
"""Pairs of records that are compared by content for a rename; of more, only those with equal titles."""


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
        Change(name, before, after, _weight(parts, (before, after), primary), shape.kind == "set")
        for parts, name, before, after, shape in _differences((), "", old, new, shape_of(kind))
    ]


def _primary_outcomes(values: Mapping[str, Any]) -> set[str]:
    outcomes = values.get("outcomes")
    if not isinstance(outcomes, list):
        return set()
    return {str(o.get("id")) for o in outcomes if isinstance(o, Mapping) and o.get("role") == "primary"}


def _weight(parts: tuple[str, ...], values: tuple[Any, Any], primary: set[str]) -> Weight:
    """Major: status, phase, enrollment, harms, events, primary outcomes, any result, a retraction."""
    if parts[0] in _MAJOR or (parts[0] == "refs" and parts[2:] == ("notice",)):
        return "major"
    if parts[0] != "outcomes":
        return "minor"
    if len(parts) < 2 or parts[1] in primary or _RESULTS & set(parts[2:3]):
        return "major"
    whole = values if len(parts) == 2 else ()
    reports = any(isinstance(value, Mapping) and _RESULTS & set(value) for value in whole)
    return "major" if reports else "minor"


Difference = tuple[tuple[str, ...], str, Any, Any, Shape]


def _differences(parts: tuple[str, ...], name: str, old: Any, new: Any, shape: Shape) -> Iterator[Difference]:
    if isinstance(old, (dict, list)) and old == new and repr(old) == repr(new):  # True equals 1 for Python
        return
    before, after = _as_table(old, shape), _as_table(new, shape)
    if shape.kind in ("tables", "inline_tables") and isinstance(old, list) and isinstance(new, list):
        yield from _elements(parts, name, old, new, shape)
    elif _are_tables(name, before, after, shape):
        for key in dict.fromkeys([*shape.keys, *before, *after]):
            if key not in before and key not in after:
                continue
            below = shape.keys.get(key, Shape("value"))
            inner = name_below(name, key, shape)
            yield from _differences((*parts, key), inner, before.get(key), after.get(key), below)
    elif not _equal(old, new, unordered=shape.kind == "set"):
        yield parts, name, old, new, shape


def _are_tables(name: str, before: Any, after: Any, shape: Shape) -> bool:
    """Whether both are tables to go through; a count that lost its `n` is none, for `n` has no name."""
    if not shape.keys or not isinstance(before, Mapping) or not isinstance(after, Mapping):
        return False
    one, other = (("n" in side, type(side.get("n")) is int) for side in (before, after))
    return name_below(name, "n", shape) != name or one == other


def name_below(name: str, key: str, shape: Shape) -> str:
    """The name of a key of a table; a bare integer is `n` alone, so `n` goes by the name of its table."""
    if key == "n" and shape.kind == "inline" and name.startswith("enrollment."):
        return name
    return f"{name}.{key}".lstrip(".")


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


def leaves(values: Mapping[str, Any], kind: FileKind) -> dict[str, Any]:
    """Every single fact of a record by its field, in the order of the format; tables are not facts."""
    return dict(_leaves("", values, shape_of(kind)))


def _leaves(name: str, value: Any, shape: Shape) -> Iterator[tuple[str, Any]]:
    if shape.kind in ("tables", "inline_tables") and isinstance(value, list) and value:
        element = Shape("inline", shape.keys, shape.identity)
        for label, each in zip(labels(value, shape), value, strict=True):
            yield from _leaves(f"{name}.{label}", each, element)
    elif shape.keys and isinstance(value, Mapping) and value:
        for key in dict.fromkeys([*shape.keys, *value]):
            if key in value:
                below = shape.keys.get(key, Shape("value"))
                yield from _leaves(name_below(name, key, shape), value[key], below)
    elif shape.kind == "set" and isinstance(value, list):
        yield name, sorted(value, key=str)
    else:
        yield name, value


def is_same(old: Any, new: Any) -> bool:
    """Whether two values say the same: numbers by value, types apart."""
    return _equal(old, new, unordered=False)


def apply(values: Mapping[str, Any], found: Iterable[Change], kind: FileKind) -> dict[str, Any]:
    """The record with these changes made to it.

    `apply(a, changes(a, b, kind), kind)` means what `b` means; what is new in a list stands at its end.
    """
    edits = [(split(change.field), change) for change in found]
    made: dict[str, Any] = _applied(copy.deepcopy(dict(values)), edits, shape_of(kind))
    return made


Edit = tuple[list[str], Change]


def _applied(here: Any, edits: Sequence[Edit], shape: Shape) -> Any:
    """What stands here after the edits, whose names begin here; None for nothing."""
    whole = [change for parts, change in edits if not parts]
    below = [(parts, change) for parts, change in edits if parts]
    if whole and not below and not (isinstance(here, dict) and "n" in here and not _is_table(whole[0])):
        return copy.deepcopy(whole[0].new)
    if shape.kind in ("tables", "inline_tables") and isinstance(here, list):
        held = dict(zip(labels(here, shape), here, strict=True))
        element = Shape("inline", shape.keys, shape.identity)
        made = _each(held, below, lambda _: element)
        return [each for each in made.values() if each is not None]
    table = _as_table(here, shape) if isinstance(here, int) else here
    made = _each(dict(table or {}), below, lambda key: shape.keys.get(key, Shape("value")))
    if whole:  # the number of a table that goes by the table's name
        made["n"] = copy.deepcopy(whole[0].new)
    return {key: value for key, value in made.items() if value is not None}


def _is_table(change: Change) -> bool:
    return isinstance(change.old, Mapping) or isinstance(change.new, Mapping)


def _each(held: dict[str, Any], edits: Sequence[Edit], shape_below: Callable[[str], Shape]) -> dict[str, Any]:
    """The elements by label, or the values by key, each after the edits that concern it."""
    by_name: dict[str, list[Edit]] = {}
    for (name, *rest), change in edits:
        by_name.setdefault(name, []).append((rest, change))
    for name, inner in by_name.items():
        held[name] = _applied(held.get(name), inner, shape_below(name))
    return held


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
        change = record_change(id_, old.get(renamed.get(id_, id_)), new.get(id_), renamed.get(id_))
        if change is not None:
            found.append(change)
    return found


def record_change(
    id_: str, before: Version | None, after: Version | None, was: str | None = None
) -> RecordChange | None:
    """What became of one record, which went by the id `was` before; None where nothing did.

    A side that cannot be read is said; one of another version of the format is compared by names of fields.
    """
    version = after or before
    if version is None:
        return None
    sides = [(side, each) for side, each in (("old", before), ("new", after)) if each is not None]
    faults = [f"{side}: {each.fault}" for side, each in sides if each.values is None]
    if faults:
        return RecordChange(id_, version.kind, "unreadable", was=was, note="; ".join(faults))
    fields = tuple(changes(_values(before), _values(after), version.kind))
    note = "; ".join(filter(None, (_foreign(side, each) for side, each in sides)))
    if was is not None:
        return RecordChange(id_, version.kind, "renamed", fields, was, note)
    if before is None:
        return RecordChange(id_, version.kind, "added", fields, note=note)
    if after is None:
        return RecordChange(id_, version.kind, "removed", fields, note=note)
    return RecordChange(id_, version.kind, "changed", fields, note=note) if fields else None


def _values(version: Version | None) -> Mapping[str, Any]:
    return (version.values if version else None) or {}


def _foreign(side: str, version: Version) -> str:
    """That a record is of another version of the format than this program's, in words."""
    ours = schema_version()
    number = _values(version).get("schema", ours)
    if type(number) is not int or number == ours:
        return ""
    age = "newer" if number > ours else "older"
    return f"{side}: schema {number}, {age} than this program's {ours}; compared by names of fields"


def _renames(old: Mapping[str, Version], new: Mapping[str, Version]) -> dict[str, str]:
    """New id to old id, for records that stand under another name."""
    gone = {i: v for i, v in old.items() if i not in new and v.values is not None}
    come = {i: v for i, v in new.items() if i not in old and v.values is not None}
    found: dict[str, str] = {}
    if gone and come:
        for certain in (_by_former_id, _by_registry_id):
            _pair(found, certain(gone, come), gone, come)
        taken = set(found.values())
        left = {i: v for i, v in gone.items() if i not in taken and not _registered(v)}
        here = {i: v for i, v in come.items() if i not in found}
        _pair(found, _by_content(left, here), gone, come)
    return found


Pairs = Iterable[tuple[str, str]]


def _pair(
    found: dict[str, str], pairs: Pairs, gone: Mapping[str, Version], come: Mapping[str, Version]
) -> None:
    taken = set(found.values())
    for new, old in pairs:
        if new not in found and old not in taken and gone[old].kind == come[new].kind:
            found[new] = old
            taken.add(old)


def _by_former_id(gone: Mapping[str, Version], come: Mapping[str, Version]) -> Pairs:
    for id_, version in come.items():
        former = _values(version).get("former_ids")
        names = former if isinstance(former, list) else []
        yield from ((id_, name) for name in reversed(names) if isinstance(name, str) and name in gone)


def _by_registry_id(gone: Mapping[str, Version], come: Mapping[str, Version]) -> Pairs:
    numbers = {number: id_ for id_, version in gone.items() if (number := _registered(version))}
    for id_, version in come.items():
        if (number := _registered(version)) in numbers:
            yield id_, numbers[number]


def _registered(version: Version) -> str:
    number = _values(version).get("registry_id")
    return number if isinstance(number, str) else ""


def _by_content(gone: Mapping[str, Version], come: Mapping[str, Version]) -> Pairs:
    """Pairs with seven of ten keys alike, the most alike first."""
    few = len(gone) * len(come) <= _ALIKE
    titled: dict[str, list[str]] = {}
    for other, before in gone.items():
        titled.setdefault(repr(_title(before)), []).append(other)
    alike = [
        (-share, id_, other)
        for id_, version in come.items()
        for other in (gone if few else titled.get(repr(_title(version)), ()))
        if (share := _share(gone[other], version)) >= 0.7
    ]
    return [(id_, other) for _, id_, other in sorted(alike)]


def _title(version: Version) -> Any:
    return _values(version).get("title", _values(version).get("name"))


def _share(old: Version, new: Version) -> float:
    """How many of the keys of two records hold the same, from 0 to 1."""
    before, after = _values(old), _values(new)
    keys = {*before, *after} - {"schema", "id", "former_ids"}
    return sum(before.get(key) == after.get(key) for key in keys) / len(keys) if keys else 0.0


def is_renamed(former: str, old: Version, new: Version) -> bool:
    """Whether a record that is new is the one that stood at the id `former`."""
    return bool(_renames({former: old}, {"": new}))
