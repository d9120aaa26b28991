"""A record that leaves the collection: its file goes, and the ledger says what it was and why it went."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from alscli.errors import RefusedError
from alscli.model.format import MODELS, schema_comment, shape_of
from alscli.model.identifiers import parse_registry_id
from alscli.store.canonical import dump
from alscli.store.collection import LEDGER, Collection, Record, Snapshot, registry_ids, shown
from alscli.store.copies import moved
from alscli.store.edit import append, unset
from alscli.store.renaming import redirected, references
from alscli.store.toml import parse
from alscli.store.transaction import Step

_ENTRY = ("id", "title", "reason", "stage", "found_in", "cites", "refs", "note")


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Why a record is excluded: a code of `excluded_reason`, one of `excluded_stage`, and words."""

    reason: str
    stage: str | None = None
    why: str | None = None


def referrers(snapshot: Snapshot, record: Record) -> list[Record]:
    """The other files that refer to the record."""
    kind, id_ = record.entry.kind, record.entry.id
    return [
        other
        for other in snapshot.records
        if other is not record
        and other.document is not None
        and any(references(other.document.values, other.entry.kind, kind, id_))
    ]


def entered(snapshot: Snapshot, name: str) -> str | None:
    """The id of the exclusion in the ledger that has this id, or cites this registry id in any spelling."""
    listed = snapshot.ledger.excluded if snapshot.ledger is not None else []
    by_id = [each.id for each in listed if each.id.casefold() == name.casefold()]
    number = parse_registry_id(name)
    if by_id or number is None:
        return by_id[0] if by_id else None
    return next((each.id for each in listed if number.key in map(_key_of, each.cites)), None)


def _key_of(number: str) -> str | None:
    parsed = parse_registry_id(number)
    return parsed.key if parsed else None


def excluded(collection: Collection, snapshot: Snapshot, record: Record, exclusion: Exclusion) -> list[Step]:
    """The files that change where a record moves to the ledger, the ledger first.

    Its sources go to the ledger's `[[refs]]`, and its registry ids to `cites`. What refers to it is led to
    its registry id; where it has none, related studies lose that line. Raises RefusedError where the
    ledger cannot be read or has an entry of that name.
    """
    if record.document is None:
        raise RefusedError(
            f"{shown(record.entry.path)} is no TOML", f"`alscli edit {record.entry.id}` opens it"
        )
    before = _ledger(collection, snapshot)
    text = before if before is not None else dump({"schema": 1}, _SHAPE, schema_comment("ledger"))
    if entered(snapshot, record.entry.id) == record.entry.id:
        raise RefusedError(f"the ledger has an exclusion {record.entry.id}", "`alscli rename` it first")
    numbers = [parsed.value if (parsed := parse_registry_id(n)) else n for n in registry_ids(record)]
    text = _without(text, record, numbers, within_ledger=True)
    text = _entered(text, record, exclusion, numbers)
    steps = [Step(collection.root / LEDGER, None if before is None else before.encode(), text.encode())]
    for other in referrers(snapshot, record):
        if other.entry.kind != "ledger" and other.document is not None:
            changed = _without(other.document.text, record, numbers, within_ledger=False)
            steps.append(Step(other.entry.path, other.document.text.encode(), changed.encode()))
    copied = moved(collection.root, record.entry.id, None) if record.entry.kind == "trial" else []
    return [*steps, Step(record.entry.path, record.document.text.encode(), None), *copied]


_SHAPE = shape_of(MODELS["ledger"])


def _ledger(collection: Collection, snapshot: Snapshot) -> str | None:
    """The text of the ledger; None where there is none."""
    found = next((r for r in snapshot.records if r.entry.kind == "ledger"), None)
    if found is None:
        return None
    if found.document is None or not found.readable:
        raise RefusedError(
            f"{shown(found.entry.path)} holds no readable ledger", "`alscli validate` says what is wrong"
        )
    return found.document.text


def _without(text: str, record: Record, numbers: Sequence[str], *, within_ledger: bool) -> str:
    """The text of another file that no longer refers to the record."""
    kind, id_ = record.entry.kind, record.entry.id
    if numbers:
        return redirected(text, "ledger" if within_ledger else "trial", kind, id_, numbers[0])
    if within_ledger:
        return text  # what it cites is the entry of that name now
    while True:
        found = next(references(parse(text.encode()).values, "trial", kind, id_), None)
        if found is None or found[0][0] == "interventions":
            return text
        text = unset(text, found[0][:2], shape_of(MODELS["trial"]))


def _entered(text: str, record: Record, exclusion: Exclusion, numbers: Sequence[str]) -> str:
    """The ledger with the record's sources and its entry."""
    assert record.document is not None  # noqa: S101 - asked before
    values = record.document.values
    shared = {ref["key"]: ref for ref in _tables(parse(text.encode()).values, "refs")}
    keys: dict[str, str] = {}
    for ref in _tables(values, "refs"):
        keys[ref["key"]] = _key(ref, shared, keys.values())
    for ref in _tables(values, "refs"):
        key = keys[ref["key"]]
        if key not in shared:
            notice = {"notice": keys[ref["notice"]]} if ref.get("notice") in keys else {}
            shared[key] = {**ref, "key": key, **notice}
            text = append(text, ("refs",), shared[key], _SHAPE)
    cited = {keys.get(key, key) for key in _cited(values)} & set(shared)
    screening = values.get("screening")
    found_in = screening.get("found_in") if isinstance(screening, dict) else None
    entry = {
        "id": record.entry.id,
        "title": values.get("title") or values.get("name") or record.entry.id,
        "reason": exclusion.reason,
        "stage": exclusion.stage,
        "found_in": found_in if isinstance(found_in, list) else None,
        "cites": sorted(set(numbers)),
        "refs": sorted(cited | set(keys.values())),
        "note": exclusion.why,
    }
    return append(text, ("excluded",), {key: entry[key] for key in _ENTRY if entry[key]}, _SHAPE)


def _key(ref: Mapping[str, Any], shared: Mapping[str, Mapping[str, Any]], taken: Iterable[str]) -> str:
    """The key that the source gets in the ledger: its own, unless another source has that."""
    key, number = str(ref["key"]), 2
    while key in taken or (key in shared and not _same_source(shared[key], ref)):
        key = f"{ref['key']}-{number}"
        number += 1
    return key


def _same_source(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    names = ("doi", "pmid", "pmcid", "url")
    plain = [{k: v for k, v in ref.items() if k != "key"} for ref in (one, other)]
    return plain[0] == plain[1] or any(one.get(n) and one.get(n) == other.get(n) for n in names)


def _cited(value: Any) -> set[str]:
    """The keys in every `src` of a record."""
    if isinstance(value, list):
        return {key for element in value for key in _cited(element)}
    if not isinstance(value, dict):
        return set()
    found = {key for name, inner in value.items() if name != "src" for key in _cited(inner)}
    src = value.get("src")
    return found | {key for key in (src if isinstance(src, list) else [src]) if isinstance(key, str)}


def _tables(values: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    """The elements of a list of references, those without a key left out."""
    listed = values.get(key)
    elements = listed if isinstance(listed, list) else []
    return [e for e in elements if isinstance(e, dict) and isinstance(e.get("key"), str)]
