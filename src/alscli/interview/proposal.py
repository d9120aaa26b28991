"""A new record on its way into the collection: laid out, checked, refused or written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from alscli.check.engine import Report, check, select
from alscli.check.finding import Severity
from alscli.errors import RefusedError
from alscli.model.format import MODELS, FileKind, schema_comment, shape_of
from alscli.model.identifiers import is_safe_record_id, parse_registry_id
from alscli.store.collection import (
    FOLDERS,
    Collection,
    Entry,
    Record,
    Snapshot,
    assemble,
    names_of,
    registry_ids,
    shown,
)
from alscli.store.layout import dump
from alscli.store.write import locked, replace


@dataclass(frozen=True)
class Proposal:
    """A record as it would be written, and what the rules say of it in its collection."""

    entry: Entry
    text: str
    record: Record
    report: Report

    @property
    def is_valid(self) -> bool:
        """Whether nothing is wrong that forbids writing it."""
        return not self.report.fails(Severity.ERROR)


def propose(
    collection: Collection, snapshot: Snapshot, kind: FileKind, values: Mapping[str, Any], as_of: date
) -> Proposal:
    """The record that these values make; raises RefusedError where its id or registry id is taken."""
    id_ = values.get("id")
    if not isinstance(id_, str) or not is_safe_record_id(id_):
        raise RefusedError(
            f"{id_!r} is no id for a record",
            "use lower-case letters and digits joined by hyphens, such as nurown-phase3",
        )
    number = values.get("registry_id")
    if isinstance(number, str):
        refuse_registered(snapshot, number)
    refuse_taken(snapshot, id_)
    try:
        text = dump(values, shape_of(MODELS[kind]), schema_comment(kind))
        data = text.encode()
    except (TypeError, UnicodeEncodeError) as error:  # null in a list, or half a character, from JSON
        raise RefusedError(f"the record cannot be written as TOML: {error}") from None
    entry = Entry(collection.root / FOLDERS[kind] / f"{id_}.toml", kind)
    record = collection.understand(entry, data)
    grown = assemble([*snapshot.records, record])
    report = check(collection, grown, as_of=as_of, codes=select([], []), only=frozenset({str(entry.path)}))
    return Proposal(entry, text, record, report)


def refuse_taken(snapshot: Snapshot, id_: str) -> None:
    """Raise RefusedError where a record answers to this id."""
    for record in snapshot.records:
        if record.entry.kind != "ledger" and id_.casefold() in names_of(record):
            raise RefusedError(
                f"the id {id_} is taken by {shown(record.entry.path)}",
                "choose another, or change that record",
            )


def refuse_registered(snapshot: Snapshot, number: str) -> None:
    """Raise RefusedError where a record has this registry id, as its own or as a secondary one."""
    parsed = parse_registry_id(number)
    if parsed is None:
        return
    for record in snapshot.records:
        for text in registry_ids(record):
            other = parse_registry_id(text)
            if other is not None and other.key == parsed.key:
                title = record.document.values.get("title", "") if record.document else ""
                raise RefusedError(
                    f"{parsed.value} is already in {shown(record.entry.path)}: {title}",
                    f"`alscli show {record.entry.id}` shows it",
                )


def write(proposal: Proposal, collection: Collection) -> Path:
    """Write the record, unless somebody took its id or registry id meanwhile (RefusedError)."""
    with locked(collection.root):
        current = collection.load()
        refuse_taken(current, proposal.entry.id)
        values = proposal.record.document.values if proposal.record.document else {}
        if isinstance(values.get("registry_id"), str):
            refuse_registered(current, values["registry_id"])
        proposal.entry.path.parent.mkdir(exist_ok=True)
        replace(proposal.entry.path, proposal.text.encode(), expected=None, root=collection.root)
    return proposal.entry.path
