"""A record with schema errors, as far as it can be read: rules see the rest and stay silent about the broken.

Whatever a rule does with a broken value raises `BrokenError` (or, in functions written in C, `TypeError`),
which the engine takes as silence. So one fault gives one finding, and a rule needs to know nothing of broken
values.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from copy import copy
from functools import cache
from typing import Annotated, Any, NoReturn

from pydantic import TypeAdapter, ValidationError

from alscli.model.field import Table
from alscli.model.format import anatomy, key_of, shape_of
from alscli.model.nearness import nearest
from alscli.model.path import Path
from alscli.model.provenance import Waiver
from alscli.model.shape import Shape


class BrokenError(Exception):
    """A rule used a value that the schema refuses."""


class _Broken:
    def _raise(self, *_: object, **__: object) -> NoReturn:
        raise BrokenError

    __getattr__ = __iter__ = __len__ = __bool__ = __contains__ = __getitem__ = __call__ = _raise
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __str__ = __format__ = _raise
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _raise
    __abs__ = __neg__ = __int__ = __float__ = __index__ = __hash__ = _raise


BROKEN: Any = _Broken()


_USUAL_FOR = {
    **dict.fromkeys(("nct", "nctid", "nctnumber", "nctno"), ("registry_id",)),
    **dict.fromkeys(("page", "where", "location", "section"), ("loc",)),
    **dict.fromkeys(("source", "reference", "ref"), ("src",)),
    **dict.fromkeys(("date", "when"), ("on",)),
    **dict.fromkeys(("timepoint", "visit", "timeframe", "timing"), ("at",)),
    **dict.fromkeys(("count", "number", "size"), ("n",)),
    **dict.fromkeys(("comment", "remark"), ("note",)),
    "reason": ("why",),
    "why": ("reason",),
    "link": ("url",),
    "regulator": ("agency",),
    **dict.fromkeys(("interval", "frequency", "schedule"), ("every",)),
    **dict.fromkeys(("dose", "amount"), ("low",)),
    "duration": ("for",),
    "product": ("intervention",),
    **dict.fromkeys(("kind", "type"), ("role", "kind", "type", "rel", "class")),
    "id": ("arm", "intervention", "key"),
}
"""What registries and people call a key, in lower case and in one word."""
_MANY = 200
"""Unknown keys of one table of which none is a slip: the table is something else."""


def meant_keys(model: type[Table], values: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """The known keys that each unknown key of a table may mean, best first.

    Where one unknown key is a slip of no other and one required key is missing whose value it could hold, it
    is that key. Of very many nothing is guessed.
    """
    known = shape_of(model).keys
    required = {
        key_of(name, field): name for name, field in model.model_fields.items() if field.is_required()
    }
    missing = {key: name for key, name in required.items() if key not in values}
    unknown = [key for key in values if key not in known]
    if len(unknown) > _MANY:
        return dict.fromkeys(unknown, ())
    absent = [name for name in known if name not in values]
    usual = {key: _usual(key, values[key], known) for key in unknown}
    sure = {
        key: [name for name in usual[key] if name in absent]
        or _slips(key, known, missing, values)
        or _fitting(values[key], known, values)
        or usual[key]
        or [name for name in _parts(key, known, values) if name in missing]
        for key in unknown
    }
    rest = [key for key in unknown if not sure[key]]
    if len(rest) == 1:
        wanted = missing.keys() - {near[0] for near in sure.values() if near}
        held = [key for key in wanted if _takes(model, missing[key], values[rest[0]])]
        sure[rest[0]] = held if len(held) == 1 else []
    return {
        key: tuple(dict.fromkeys([*sure[key], *_parts(key, known, values), *nearest(key, absent)]))[:3]
        for key in unknown
    }


def _usual(key: str, value: Any, known: Mapping[str, Shape]) -> list[str]:
    """What people call so, where it can hold tables if this does."""
    held = value[0] if isinstance(value, list) and value else value
    names = [name for name in _USUAL_FOR.get(_plain(key), ()) if name in known]
    return [name for name in names if known[name].keys or not isinstance(held, Mapping)]


def _slips(key: str, known: Iterable[str], missing: Collection[str], there: Collection[str]) -> list[str]:
    """The keys that this one is a slip of, the missing before those that are there."""
    plain = _plain(key)
    distances = ((name, _distance(plain, name.replace("_", ""))) for name in known)
    slips = {name: distance for name, distance in distances if distance is not None}
    return sorted(slips, key=lambda name: (slips[name], name not in missing, name in there))


def _parts(key: str, known: Iterable[str], there: Collection[str]) -> list[str]:
    """The absent keys that this one begins or ends with, as `location` with `loc`, or the other way round."""
    pairs = {name: sorted((name, key.lower()), key=len) for name in known if name not in there}
    found = [
        name
        for name, (short, long) in pairs.items()
        if len(short) > 2 and (long.startswith(short) or long.endswith(short))
    ]
    return sorted(found, key=len, reverse=True)


def _plain(key: str) -> str:
    if not key.isascii():
        key = unicodedata.normalize("NFKC", key).translate(_LIKE_LATIN)
    return re.sub(r"[\W_]", "", key).lower()


_LIKE_LATIN = str.maketrans("асеорхуіјѕһԁԛԝАВСЕНКМОРТХοαερνικυ", "aceopxyijshdqwABCEHKMOPTXoaepviku")
"""Cyrillic and Greek letters that look like Latin ones."""


def _distance(one: str, other: str) -> int | None:
    """How many letters differ, two swapped being one; None where that is too many for a slip."""
    most = 2 if len(one) > 6 else 1
    if abs(len(one) - len(other)) > most:
        return None
    from rapidfuzz.distance import OSA

    distance = OSA.distance(one, other, score_cutoff=most)
    return distance if distance <= most and distance < max(len(one), len(other)) else None


def _fitting(value: Any, known: Mapping[str, Shape], there: Collection[str]) -> list[str]:
    """The table, or list of tables, that has most of the keys of the tables in `value`."""
    tables = value if isinstance(value, list) else [value]
    keys = {key for table in tables if isinstance(table, Mapping) for key in table}
    if not keys:
        return []
    ranks = {
        name: (len(shared), name not in there)
        for name, shape in known.items()
        if len(shared := keys & shape.keys.keys()) > max(1, len(keys) // 2)
        if name not in there or shape.kind in ("tables", "inline_tables")
    }
    best = [name for name, rank in ranks.items() if rank == max(ranks.values())]
    return best if len(best) == 1 else []


def _takes(model: type[Table], name: str, value: Any) -> bool:
    try:
        _adapter(model, name).validate_python(value)
    except ValidationError:
        return False
    return True


def readable_part(model: type[Table], values: Any, paths: Iterable[Path], context: dict[str, Any]) -> Table:
    """A model of `values` in which what stands, or is missing, at each of `paths` is broken."""
    paths = list(paths)
    part: Any = _table(model, values, paths, context)
    if "waivers" in model.model_fields and any(path[:1] == ("waivers",) for path in paths):
        part = part.model_copy(update={"waivers": _readable_waivers(model, values, context)})
    readable: Table = part
    return readable


def _readable_waivers(model: type[Table], values: Mapping[str, Any], context: dict[str, Any]) -> list[Any]:
    """The waivers, also those below a misspelled header, or below that of a table.

    What a waiver that is not believed is for would be found once more.
    """
    meant = [key for key, near in meant_keys(model, values).items() if near[:1] == ("waivers",)]
    found: list[Any] = []
    for key in ("waivers", *meant):
        held = values.get(key)
        elements = held if isinstance(held, list) else [held] if isinstance(held, Mapping) else []
        found += [_readable_waiver(element, context) for element in elements]
    return found


def _readable_waiver(element: Any, context: dict[str, Any]) -> Any:
    """A waiver with its misspelled keys read as what they mean; whatever else is wrong in it is broken.

    An unknown key that is like no other may be the missing reason.
    """
    if not isinstance(element, Mapping):
        return BROKEN
    meant = meant_keys(Waiver, element)
    stated = {near[0]: element[key] for key, near in meant.items() if near}
    stated.update((key, value) for key, value in element.items() if key not in meant)
    broken: list[Path] = [("why",)] if "why" not in stated and not all(meant.values()) else []
    try:
        Waiver.model_validate(stated, context=context)
    except ValidationError as error:
        broken += [each["loc"] for each in error.errors(include_url=False)]
    return _table(Waiver, stated, broken, context)


def _table(model: type[Table], values: Any, paths: list[Path], context: dict[str, Any]) -> Any:
    if not isinstance(values, Mapping) or () in paths:
        return BROKEN
    built: dict[str, Any] = {}
    parts = _by_first(paths)
    for name, field in model.model_fields.items():
        key = key_of(name, field)
        below = parts.get(key, [])
        if not below and key not in values:
            built[name] = copy(_default(model, name))
        elif not below:
            built[name] = _adapter(model, name).validate_python(values[key], context=context)
        else:
            built[name] = _part(model, name, values.get(key), below, context)
    return model.model_construct(**built)


def _part(model: type[Table], name: str, value: Any, paths: list[Path], context: dict[str, Any]) -> Any:
    what = anatomy(model, name)
    if () in paths or what.table is None:
        return BROKEN
    if not what.many:
        return _table(what.table, value, paths, context)
    elements: list[Any] = []
    parts = _by_first(paths)
    for position, element in enumerate(value):
        if position in parts:
            elements.append(_table(what.table, element, parts[position], context))
        else:
            elements.append(what.table.model_validate(element, context=context))
    return elements


def _by_first(paths: Iterable[Path]) -> dict[str | int, list[Path]]:
    """What follows the first part of each path, by that part."""
    parts: dict[str | int, list[Path]] = defaultdict(list)
    for first, *rest in paths:
        parts[first].append(tuple(rest))
    return parts


@cache
def _default(model: type[Table], name: str) -> Any:
    return model.model_fields[name].get_default(call_default_factory=True)


@cache
def _adapter(model: type[Table], name: str) -> TypeAdapter[Any]:
    field = model.model_fields[name]
    annotation: Any = field.annotation
    for item in field.metadata:
        annotation = Annotated[annotation, item]
    return TypeAdapter(annotation)
