"""Three versions of a record to one, by field: what only one side changed is taken, what both did is kept.

A field that both sides changed in two ways is a conflict. The record then holds one of the values, and a
dispute both, with `ruling = "merge"` (rule TX006) until a person rules.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from alscli.errors import AlscliError, RefusedError
from alscli.model.format import MODELS, FileKind, schema_comment, shape_of
from alscli.model.path import identity_of, labels, split
from alscli.model.shape import Shape
from alscli.store import edit, layout
from alscli.store.compare import name_below
from alscli.store.toml import Document, TomlError, parse
from alscli.store.weave import interleave, names, weave

if TYPE_CHECKING:
    from alscli.store.spans import Path

RULING = "merge"
REMOVED = "(removed)"
"""What a dispute holds for the side that removed a field which the other side changed."""

_BOM = "\ufeff"
_STEPS = 2000  # more than fields can differ on both sides of a record; ends what would go in circles
_PLAIN = Shape("value")
Side = Literal["base", "ours", "theirs", "either"]


@dataclass(frozen=True, slots=True)
class Conflict:
    """A field that both sides changed in two ways; None is a side without it."""

    field: str
    base: Any
    ours: Any
    theirs: Any


@dataclass(frozen=True, slots=True)
class Merged:
    """The merged record, and the fields that a person must rule on.

    `sides` is set where there are conflicts and the format has no place for a dispute (the ledger): the
    common ancestor, ours and theirs, which differ in nothing but these fields.
    """

    data: bytes
    conflicts: tuple[Conflict, ...] = ()
    sides: tuple[bytes, bytes, bytes] | None = None


def merge(base: bytes, ours: bytes, theirs: bytes, kind: FileKind) -> Merged:
    """Merge two versions of a record with a common ancestor (empty where there is none), by field.

    Where one side is the ancestor, or both are the same, the bytes of the other come back. Else the text is
    ours with what theirs changed; comments of both stay. Raises `RefusedError` where one of the three is not
    TOML, `AlscliError` where the merge cannot be written.
    """
    if theirs in (base, ours):
        return Merged(ours)
    if ours == base:
        return Merged(theirs)
    shape = shape_of(MODELS[kind])
    documents = _documents(base, ours, theirs)
    fields, wanted = _merged(documents, shape, "either")
    conflicts = tuple(fields.conflicts)
    text = _written(documents, wanted, shape)
    tidy = all(_is_tidy(document, shape, kind) for document in documents[1:])
    if conflicts and "disputes" not in shape.keys:

        def of(side: Side) -> bytes:
            variant = bring(text, _merged(documents, shape, side)[1], shape)
            return _as_ours(_tidied(variant, shape, kind, tidy=tidy), ours)

        return Merged(of("ours"), conflicts, (of("base"), of("ours"), of("theirs")))
    for conflict in conflicts:
        text = edit.append(text, ("disputes",), _dispute(conflict, shape), shape)
    return Merged(_as_ours(_tidied(text, shape, kind, tidy=tidy), ours), conflicts)


Three = tuple[Document, Document, Document]


def _documents(base: bytes, ours: bytes, theirs: bytes) -> Three:
    """The three versions with LF, and no byte order mark, so that neither is a change."""
    return _plain(base, "the common ancestor"), _plain(ours, "ours"), _plain(theirs, "theirs")


def _plain(data: bytes, side: str) -> Document:
    try:
        document = parse(data)
    except TomlError as error:
        raise RefusedError(f"{side} cannot be read: {error.message}") from error
    text = document.text.removeprefix(_BOM).replace("\r\n", "\n")
    if text and not text.endswith("\n"):
        text += "\n"
    return document if text == document.text else parse(text.encode())


def _as_ours(text: str, ours: bytes) -> bytes:
    """The text with the line ends and the byte order mark that our version has."""
    first = ours.partition(b"\n")[0]
    if first.endswith(b"\r"):
        text = text.replace("\n", "\r\n")
    return ((_BOM if ours.startswith(_BOM.encode()) else "") + text).encode()


def _is_tidy(document: Document, shape: Shape, kind: FileKind) -> bool:
    return layout.lay_out(document.text, shape, schema_comment(kind)) == document.text


def _tidied(text: str, shape: Shape, kind: FileKind, *, tidy: bool) -> str:
    """The text in canonical layout where both sides were; what one side left untidy is left to `fmt`."""
    return layout.lay_out(text, shape, schema_comment(kind)) if tidy else text


# Values.


def _merged(documents: Three, shape: Shape, prefer: Side) -> tuple[_Fields, dict[str, Any]]:
    values = [document.values for document in documents]
    fields = _Fields(values[0], values[1], values[2], prefer)
    return fields, fields.merge("", values[0], values[1], values[2], shape) or {}


def _unruled(values: Mapping[str, Any]) -> set[str]:
    """The fields on which a merge is not yet ruled."""
    disputes = values.get("disputes")
    listed = disputes if isinstance(disputes, list) else []
    return {
        str(item.get("field"))
        for item in listed
        if isinstance(item, Mapping) and item.get("ruling") == RULING
    }


class _Fields:
    """One merge of values; collects the conflicts, of which `prefer` says what the result holds.

    `either` is ours, or theirs where ours removed the field, so that nothing is lost.
    """

    def __init__(
        self, base: Mapping[str, Any], ours: Mapping[str, Any], theirs: Mapping[str, Any], prefer: Side
    ) -> None:
        self.conflicts: list[Conflict] = []
        self._prefer = prefer
        # What the ancestor left unruled is no agreed value: who has ruled since has changed it.
        left, one, other = (_unruled(values) for values in (base, ours, theirs))
        self._ruled = {name: (name not in one, name not in other) for name in left}

    def merge(self, name: str, base: Any, ours: Any, theirs: Any, shape: Shape) -> Any:
        """The value of a field, or of the whole record; None is a side, or a result, without it."""
        if _same(ours, theirs, shape):
            return ours
        ruled = self._ruled.get(name, (False, False))
        if ruled == (True, True):
            base = None
        elif any(ruled):
            return ours if ruled[0] else theirs
        elif any(_same(base, side, shape) for side in (ours, theirs)) and not self._is_ruled_below(name):
            return ours if _same(base, theirs, shape) else theirs
        if _is_number(ours) and _is_number(theirs) and ours == theirs:
            return max(ours, theirs, key=lambda number: (len(str(number)), str(number)))
        if shape.kind in ("tables", "inline_tables") and _is_list(ours) and _is_list(theirs):
            base = base if isinstance(base, list) else []
            return self._elements(name, base, ours or [], theirs or [], shape) or None
        one, other = _table(ours, shape), _table(theirs, shape)
        if one is not None and other is not None and not (_is_number(ours) and _is_number(theirs)):
            before = _table(base, shape) or {}
            if name and _are_torn(before, one, other, shape):
                return self._conflict(name, base, ours, theirs)
            return self._keys(name, before, one, other, shape) or None
        if shape.kind == "set" and isinstance(ours, list) and isinstance(theirs, list):
            united = _united(base if isinstance(base, list) else [], ours, theirs)
            if united is not None:
                return united
        return self._conflict(name, base, ours, theirs)

    def _is_ruled_below(self, name: str) -> bool:
        return any(field.startswith(f"{name}.".lstrip(".")) for field in self._ruled)

    def _conflict(self, name: str, base: Any, ours: Any, theirs: Any) -> Any:
        self.conflicts.append(Conflict(name, base, ours, theirs))
        match self._prefer:
            case "base":
                return base
            case "ours":
                return ours
            case "theirs":
                return theirs
            case "either":
                return theirs if ours is None else ours

    def _keys(
        self,
        name: str,
        base: Mapping[str, Any],
        ours: Mapping[str, Any],
        theirs: Mapping[str, Any],
        shape: Shape,
    ) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        for key in dict.fromkeys([*ours, *theirs]):
            below = name_below(name, key, shape)
            inner = shape.keys.get(key, _PLAIN)
            value = self.merge(below, base.get(key), ours.get(key), theirs.get(key), inner)
            if value is not None:
                merged[key] = value
        return merged

    def _elements(self, name: str, base: list[Any], ours: list[Any], theirs: list[Any], shape: Shape) -> Any:
        before, one, other = (_by_name(side, shape) for side in (base, ours, theirs))
        if before is None or one is None or other is None:
            return self._positions(name, base, ours, theirs, shape)
        element = Shape("inline", shape.keys, shape.identity)
        merged: list[Any] = []
        for key in interleave(list(before), list(one), list(other)):
            label = (one.get(key) or other.get(key) or ("", None))[0]
            sides = [side[key][1] if key in side else None for side in (before, one, other)]
            value = self.merge(f"{name}.{label}", sides[0], sides[1], sides[2], element)
            if value is not None:
                merged.append(value)
        return merged

    def _positions(self, name: str, base: list[Any], ours: list[Any], theirs: list[Any], shape: Shape) -> Any:
        """A list whose elements are known by position alone: each is one value, and none may have moved."""
        size = len(base)
        longer, shorter = (ours, theirs) if len(ours) > len(theirs) else (theirs, ours)
        appended = len(longer) > size and _same(longer[:size], base, shape)
        if len(shorter) != size or not (len(longer) == size or appended):
            return self._conflict(name, base or None, ours or None, theirs or None)
        element = Shape("inline", shape.keys)
        merged: list[Any] = []
        for position, (before, one, other) in enumerate(zip(base, ours, theirs, strict=False)):
            if _same(one, other, element) or _same(before, other, element):
                merged.append(one)
            elif _same(before, one, element):
                merged.append(other)
            else:
                merged.append(self._conflict(f"{name}.{position}", before, one, other))
        return [*merged, *longer[size:]]


def _same(one: Any, other: Any, shape: Shape) -> bool:
    """Whether two values say the same with the same digits."""
    return layout.meaning(one, shape) == layout.meaning(other, shape)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, Decimal)) and not isinstance(value, bool)


def _are_torn(
    base: Mapping[str, Any], ours: Mapping[str, Any], theirs: Mapping[str, Any], shape: Shape
) -> bool:
    """Whether one side changed a number or a date, or its source, and the other where it is cited from."""
    sources = {"src", "loc"} & shape.keys.keys()
    if not sources:
        return False

    def differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> set[str]:
        keys = {*one, *other}
        return {key for key in keys if not _same(one.get(key), other.get(key), shape.keys.get(key, _PLAIN))}

    def is_figure(key: str) -> bool:
        return key == "on" or any(_holds_number(side.get(key)) for side in (base, ours, theirs))

    apart = differing(ours, theirs)
    one, other = apart & differing(base, ours), apart & differing(base, theirs)
    figures = {key for key in {*base, *ours, *theirs} - sources if is_figure(key)}
    if one & sources and other & sources and one & sources == other & sources:
        return bool((one | other) & figures)  # else the sources alone are in conflict
    parts = figures | sources if figures else set()
    return bool((one & parts and other & sources) or (other & parts and one & sources))


def _holds_number(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(map(_holds_number, value.values()))
    return any(map(_holds_number, value)) if isinstance(value, list) else _is_number(value)


def _is_list(value: Any) -> bool:
    """Whether it is a list of tables, or none at all, which is an empty one."""
    return value is None or (isinstance(value, list) and all(isinstance(item, Mapping) for item in value))


def _by_name(elements: Sequence[Any], shape: Shape) -> dict[str, tuple[str, Any]] | None:
    """Each element, with its label, by what it is known by; None where two are known by the same.

    One element without identity is known by that.
    """
    found: dict[str, tuple[str, Any]] = {}
    for label, element in zip(labels(elements, shape), elements, strict=True):
        key = repr(identity_of(element, shape) or ())
        if key in found:
            return None
        found[key] = label, element
    return found


def _table(value: Any, shape: Shape) -> Mapping[str, Any] | None:
    if not shape.keys:
        return None
    if isinstance(value, Mapping):
        return value
    return {"n": value} if type(value) is int and "n" in shape.keys else None


def _united(base: list[Any], ours: list[Any], theirs: list[Any]) -> list[str] | None:
    """A set with what either side added and without what either removed; None for what is no set of words."""
    if not all(isinstance(word, str) for word in [*base, *ours, *theirs]):
        return None
    gone = {word for word in base if word not in ours or word not in theirs}
    return sorted({*ours, *theirs} - gone)


# Text.


def _written(documents: Three, wanted: dict[str, Any], shape: Shape) -> str:
    """A text of the three that holds these values: woven where that works, else ours with what is new."""
    text = documents[1].text
    try:
        woven = weave(*documents, shape, names(wanted, shape))
        parse(woven.encode())
        return bring(woven, wanted, shape)
    except AlscliError:
        return bring(text, wanted, shape)


def bring(text: str, wanted: Mapping[str, Any], shape: Shape) -> str:
    """The text with what differs from these values set, added or removed, one place after the other.

    The order of `[[tables]]` is left as it is: it says nothing. Raises AlscliError where a place cannot be
    written.
    """
    for _ in range(_STEPS):
        step = _step(parse(text.encode()).values, wanted, shape, ())
        if step is None:
            return text
        do, path, value = step
        if do == "append":
            text = edit.append(text, path, value, shape)
        elif do == "unset":
            text = edit.unset(text, path, shape)
        else:
            text = edit.set_value(text, path, value, shape)
    raise AlscliError("the merged values cannot be written")


Step = tuple[Literal["set", "append", "unset"], "Path", Any]


def _step(have: Any, wanted: Any, shape: Shape, path: Path) -> Step | None:
    """The first thing to do that makes a value more like another; None where they say the same."""
    if _same(have, wanted, shape):
        return None
    if isinstance(have, Mapping) and isinstance(wanted, Mapping):
        for key, value in wanted.items():
            if key not in have:
                return "set", (*path, key), value
            if step := _step(have[key], value, shape.keys.get(key, _PLAIN), (*path, key)):
                return step
        gone = next((key for key in have if key not in wanted), None)
        return ("unset", (*path, gone), None) if gone is not None else None
    if isinstance(have, list) and isinstance(wanted, list):
        return _step_in_list(have, wanted, shape, path)
    return "set", path, wanted


def _step_in_list(have: list[Any], wanted: list[Any], shape: Shape, path: Path) -> Step | None:
    there, to_be = (_by_name(side, shape) if shape.keys else None for side in (have, wanted))
    if not there or to_be is None:
        return "set", path, wanted
    element_shape = Shape("inline", shape.keys, shape.identity)
    for key, (_, element) in to_be.items():
        if key not in there:
            return "append", path, element
        position = list(there).index(key)
        if step := _step(have[position], element, element_shape, (*path, position)):
            return step
    for position, key in enumerate(there):
        if key not in to_be:
            return "unset", (*path, position), None
    return ("set", path, wanted) if shape.kind == "inline_tables" else None


# Disputes.


def _dispute(conflict: Conflict, shape: Shape) -> dict[str, Any]:
    inner = _shape_of_field(conflict.field, shape)
    values = [{"value": _stated(value, conflict, inner)} for value in (conflict.ours, conflict.theirs)]
    return {"field": conflict.field, "values": values, "ruling": RULING}


def _shape_of_field(name: str, shape: Shape) -> Shape:
    element = False
    for part in split(name):
        if element:
            element = False
            continue
        shape = shape.keys.get(part, _PLAIN)
        element = shape.kind in ("tables", "inline_tables")
    return shape


def _stated(value: Any, conflict: Conflict, shape: Shape) -> Any:
    """The value of one side as a dispute can hold it: a table as text, of a changed one what changed."""
    if value is None:
        return REMOVED
    if isinstance(value, Mapping):
        base = conflict.base if isinstance(conflict.base, Mapping) else {}
        changed = {
            key: inner
            for key, inner in value.items()
            if not _same(inner, base.get(key), shape.keys.get(key, _PLAIN))
        }
        return layout.write_value(changed or dict(value), shape, nested=True)
    if isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
        return layout.write_value(value, shape, nested=True)
    return value if isinstance(value, (str, int, Decimal, list)) else str(value)
