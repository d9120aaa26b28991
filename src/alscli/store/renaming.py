"""A record under another id: its file, its `id`, and everything in the collection that refers to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from alscli.errors import RefusedError
from alscli.model.format import MODELS, FileKind, shape_of
from alscli.model.path import Path, quoted, split, unquoted, value_at
from alscli.model.shape import Shape
from alscli.store.collection import FOLDERS, Collection, Record, Snapshot, shown
from alscli.store.copies import moved
from alscli.store.edit import append, set_value, unset
from alscli.store.toml import parse
from alscli.store.transaction import Step


def renamed(collection: Collection, snapshot: Snapshot, record: Record, new: str) -> list[Step]:
    """The files that change where a trial or product is to be called `new`, its own file first.

    The old id is kept in `former_ids`. Raises RefusedError where a file that may refer to it is no TOML.
    """
    old = record.entry.id
    text = _called(_text(record), record, new)
    text = redirected(text, record.entry.kind, record.entry.kind, old, new)
    target = collection.root / FOLDERS[record.entry.kind] / f"{new}.toml"
    steps = [Step(target, None, text.encode())]
    for other in snapshot.records:
        if other is record:
            continue
        if other.document is None:
            _refuse_blind(other, old)
            continue
        changed = redirected(other.document.text, other.entry.kind, record.entry.kind, old, new)
        if changed != other.document.text:
            steps.append(Step(other.entry.path, other.document.text.encode(), changed.encode()))
    copied = moved(collection.root, old, new) if record.entry.kind == "trial" else []
    return [*steps, Step(record.entry.path, _text(record).encode(), None), *copied]


def redirected(text: str, within: FileKind, kind: FileKind, old: str, new: str) -> str:
    """The text of a file with every reference to the trial or product `old` leading to `new`."""
    shape = shape_of(MODELS[within])
    for path, value in references(parse(text.encode()).values, within, kind, old):
        if path[-2] == "cites":
            text = _in_set(text, path[:-1], value, new, shape)
        else:
            text = set_value(text, path, new if value == old else _field(value, new), shape)
    return text


def _in_set(text: str, path: Path, old: str, new: str, shape: Shape) -> str:
    """The text with `new` for `old` in a list that is kept sorted."""
    listed = value_at(parse(text.encode()).values, path)
    if len(listed) == 1:
        return set_value(text, (*path, 0), new, shape)
    text = unset(text, (*path, listed.index(old)), shape)
    return text if new in listed else append(text, path, new, shape)


def references(
    values: Mapping[str, Any], within: FileKind, kind: FileKind, id_: str
) -> Iterator[tuple[Path, str]]:
    """Where a file refers to the trial or product `id_`, and with what text.

    Related studies, interventions, what the ledger cites; and the fields of disputes and waivers, which name
    a related study by its id.
    """
    for r, related in enumerate(_tables(values, "related")):
        if related.get("id") == id_:
            yield ("related", r, "id"), id_
    for i, intervention in enumerate(_tables(values, "interventions")):
        if kind == "product" and intervention.get("product") == id_:
            yield ("interventions", i, "product"), id_
    for key in ("disputes", "waivers"):
        for position, table in enumerate(_tables(values, key)):
            field = table.get("field")
            if isinstance(field, str) and _related(field) == id_:
                yield (key, position, "field"), field
    if within == "ledger":
        yield from _citations(values, id_)


def _citations(values: Mapping[str, Any], id_: str) -> Iterator[tuple[Path, str]]:
    """Where the ledger's exclusions and claims cite `id_`."""
    for key in ("excluded", "claims"):
        for position, table in enumerate(_tables(values, key)):
            cites = table.get("cites")
            for c, cited in enumerate(cites if isinstance(cites, list) else ()):
                if cited == id_:
                    yield (key, position, "cites", c), id_


def _related(field: str) -> str | None:
    """The related study that a field is of."""
    first, *below = split(field)
    return unquoted(below[0]) if first == "related" and below else None


def _field(field: str, new: str) -> str:
    """The field of a related study as one of the study `new`."""
    first, _, *below = split(field)
    return ".".join([first, quoted(new), *below])


def _tables(values: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    """The elements of a list of tables, with empty ones in place of what is none."""
    listed = values.get(key)
    return [e if isinstance(e, dict) else {} for e in listed] if isinstance(listed, list) else []


def _called(text: str, record: Record, new: str) -> str:
    shape = shape_of(MODELS[record.entry.kind])
    values = parse(text.encode()).values
    former = values.get("former_ids")
    kept = [name for name in former if name != new] if isinstance(former, list) else []
    names = [*kept, *(name for name in (values.get("id"), record.entry.id) if isinstance(name, str))]
    text = set_value(text, ("id",), new, shape)
    return set_value(text, ("former_ids",), [n for n in dict.fromkeys(names) if n != new], shape)


def _text(record: Record) -> str:
    if record.document is None:
        raise RefusedError(
            f"{shown(record.entry.path)} is no TOML", f"`alscli edit {record.entry.id}` opens it"
        )
    return record.document.text


def _refuse_blind(other: Record, old: str) -> None:
    """Refuse where a file cannot be read that may refer to the record."""
    try:
        mentions = old.encode() in other.entry.path.read_bytes()
    except OSError:
        mentions = True
    if mentions:
        raise RefusedError(
            f"{shown(other.entry.path)} cannot be read, and may refer to {old}",
            f"`alscli edit {other.entry.id}` opens it",
        )
