"""Registry copies: what a registry said of a trial when it was last asked, kept beside the records.

`registry/<id>.json` holds the payload without contacts, and the values that were read from it, so that rules
and comparisons need no reader, and a reader that has learnt more since makes no difference look like news.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from alscli.errors import CollectionError, RefusedError
from alscli.model.format import MODELS, shape_of
from alscli.model.path import Path as Keys
from alscli.model.path import labels, split
from alscli.model.shape import Shape
from alscli.store.cache import Stamp, stamp
from alscli.store.compare import is_same, leaves
from alscli.store.transaction import COPIES, Step

FOLDER = COPIES
SCHEMA = "alscli/registry-copy/1"
MAX_BYTES = 64 * 1024 * 1024
"""No entry of a registry is larger."""

_INDENTED = 3
"""Levels that have a line for each member; what lies deeper is one line, so that git shows a field a line."""


@dataclass(frozen=True)
class Copy:
    """One entry of a registry: its payload, and the record values that were read from it."""

    registry: str
    registry_id: str
    values: dict[str, Any]
    payload: dict[str, Any]


def place(root: Path, id_: str) -> Path:
    """The file of the copy of the record `id_`."""
    return root / FOLDER / f"{id_}.json"


def ids(root: Path) -> set[str]:
    """The ids of the records of which there is a copy."""
    folder = root / FOLDER
    return {path.stem for path in folder.glob("*.json")} if folder.is_dir() else set()


def stamps(root: Path) -> dict[str, Stamp]:
    """What tells a change of each copy, by the id of its record."""
    return {id_: seen for id_ in ids(root) if (seen := stamp(place(root, id_))) is not None}


def written(copy: Copy) -> bytes:
    """The file of a copy, canonical: keys in order, UTF-8, LF, the same bytes for the same copy."""
    whole = {
        "schema": SCHEMA,
        "registry": copy.registry,
        "registry_id": copy.registry_id,
        "values": copy.values,
        "payload": copy.payload,
    }
    try:
        lines = [f" {json.dumps(key)}: {_json(value, 1)}" for key, value in whole.items()]
        return ("{\n" + ",\n".join(lines) + "\n}\n").encode()
    except (UnicodeEncodeError, TypeError, RecursionError) as error:
        raise RefusedError(f"the copy of {copy.registry_id} cannot be written as JSON: {error}") from None


def _json(value: Any, level: int) -> str:
    if level < _INDENTED and isinstance(value, (dict, list)) and value:
        inner, outer = " " * (level + 1), " " * level
        if isinstance(value, dict):
            parts = [f"{inner}{_text(key)}: {_json(value[key], level + 1)}" for key in sorted(value)]
            return "{\n" + ",\n".join(parts) + f"\n{outer}}}"
        return "[\n" + ",\n".join(inner + _json(item, level + 1) for item in value) + f"\n{outer}]"
    if value.__class__ is str:
        return _text(value)
    try:
        return _ENCODER.encode(value)
    except (TypeError, ValueError):  # a number with its digits, or one that is none
        return _slowly(value)


_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, allow_nan=False, check_circular=False)
_text = json.JSONEncoder(ensure_ascii=False).encode


def _slowly(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_text(key)}: {_slowly(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_slowly, value)) + "]"
    if isinstance(value, Decimal) and value.is_finite():
        return str(value).replace("E", "e")
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def read(path: Path) -> Copy:
    """The copy in a file; raises CollectionError where it holds none."""
    hint = "remove the file; `alscli sync` asks the registry again"
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
        held = json.loads(data, parse_float=Decimal) if len(data) <= MAX_BYTES else None
    except (OSError, ValueError, RecursionError) as error:
        raise CollectionError(f"the registry copy {path} cannot be read: {error}", hint) from None
    if not isinstance(held, dict) or held.get("schema") != SCHEMA:
        raise CollectionError(f"{path} is no registry copy", hint)
    match held:
        case {
            "registry": str(registry),
            "registry_id": str(registry_id),
            "values": dict(values),
            "payload": dict(payload),
        }:
            return Copy(registry, registry_id, values, payload)
    raise CollectionError(f"{path} is no registry copy: a part is missing", hint)


def find(root: Path, id_: str) -> Copy | None:
    """The copy of a record; None where there is none. Raises CollectionError for one that cannot be read."""
    path = place(root, id_)
    return read(path) if path.exists() else None


def moved(root: Path, id_: str, new: str | None) -> list[Step]:
    """The steps by which the copy goes with its record: to another id, or away (None)."""
    path = place(root, id_)
    if not path.exists():
        return []
    data = path.read_bytes()
    return [*([Step(place(root, new), None, data)] if new is not None else []), Step(path, data, None)]


# -- beside the record --------------------------------------------------------------------------------

_OURS = frozenset({"schema", "id", "former_ids", "screening", "verified", "src", "tags", "related", "refs"})
"""Keys of the record itself, or of a curator's judgement."""
_JUDGED = frozenset({"design", "control", "conditions", "background", "subtypes", "follow_up"})
"""What a reader concludes from a payload, and a curator may conclude otherwise."""
_ARRANGED = frozenset({"interventions", "arms", "outcomes", "safety"})
_WORDS = frozenset(
    {"title", "title_zh", "scientific_title", "acronym", "name", "name_zh", "label", "aliases", "definition"}
    | {"note", "statement", "why_stopped", "method", "why", "loc", "src", "phase_label", "at"}
)
"""Keys with words, which a curator writes in others."""


def is_fact(field: str) -> bool:
    """Whether a field holds a fact that sources can disagree on: neither words nor housekeeping."""
    parts = split(field)
    return not (parts[0] in _OURS | {"status_as_of"} or parts[-1] in _WORDS)


def is_comparable(field: str) -> bool:
    """Whether a record that differs here from its registry contradicts it.

    Where judgement is asked for it does not, nor in interventions, arms and outcomes, which are a curator's
    arrangement of what a registry tells.
    """
    return is_fact(field) and split(field)[0] not in _JUDGED | _ARRANGED


def sources_at(values: Mapping[str, Any], field: str) -> tuple[str, ...]:
    """The sources that a field of a record rests on: those of the nearest table around it that names any."""
    shape: Shape = shape_of(MODELS["trial"])
    here: Any = values
    found = _sources(values)
    for part in split(field):
        if isinstance(here, list):
            names = labels(here, shape)
            here = here[names.index(part)] if part in names else None
        elif isinstance(here, Mapping):
            here, shape = here.get(part), shape.keys.get(part, Shape("value"))
        if isinstance(here, Mapping) and "src" in here:
            found = _sources(here)
    return found


def _sources(table: Mapping[str, Any]) -> tuple[str, ...]:
    src = table.get("src")
    return tuple(src) if isinstance(src, list) else (src,) if isinstance(src, str) else ()


def disputed(values: Mapping[str, Any], field: str) -> list[Mapping[str, Any]]:
    """The disputes of a record about a field, or about what it is a part of."""
    found = values.get("disputes")
    tables = [each for each in found if isinstance(each, Mapping)] if isinstance(found, list) else []
    return [each for each in tables if _covers(str(each.get("field", "")), field)]


def _covers(disputed_field: str, field: str) -> bool:
    return field == disputed_field or field.startswith(f"{disputed_field}.")


def differing(values: Mapping[str, Any], copy: Copy) -> Iterator[tuple[str, Any, Any]]:
    """Where a record that cites its registry says otherwise than the copy: field, record's value, copy's.

    Only facts that both hold, that the record takes from the registry, and that no dispute is about. A date
    that is only less precise is none other.
    """
    held = leaves(values, "trial")
    for field, registered in leaves(copy.values, "trial").items():
        if field not in held or not is_comparable(field):
            continue
        own = held[field]
        if is_same(own, registered) or _is_less_precise(field, own, registered):
            continue
        if "registry" in sources_at(values, field) and not disputed(values, field):
            yield field, own, registered


def _is_less_precise(field: str, own: Any, registered: Any) -> bool:
    dates = field.startswith("dates.") and field.endswith(".on")
    return dates and isinstance(own, str) and str(registered).startswith(f"{own}-")


def keys_of(field: str, values: Mapping[str, Any]) -> Keys:
    """The path of the value of a field, as findings name it; a number that goes by its table is its `n`."""
    path: list[str | int] = []
    here: Any = values
    shape: Shape = shape_of(MODELS["trial"])
    for part in split(field):
        if isinstance(here, list):
            position = labels(here, shape).index(part)
            path.append(position)
            here = here[position]
        else:
            path.append(part)
            here, shape = here.get(part), shape.keys.get(part, Shape("value"))
    if isinstance(here, Mapping) and "n" in here:
        path.append("n")
    return tuple(path)
