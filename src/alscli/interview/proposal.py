"""A new record on its way into the collection: laid out, checked, refused or written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from alscli.check.engine import check, select
from alscli.check.finding import Severity
from alscli.check.report import Report
from alscli.errors import RefusedError
from alscli.model.format import MODELS, FileKind, schema_comment, shape_of
from alscli.model.identifiers import is_safe_record_id, parse_registry_id
from alscli.store.canonical import dump
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
from alscli.store.transaction import Step, commit
from alscli.store.write import locked


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
    return propose_all(collection, snapshot, kind, [values], as_of)[0]


def propose_all(
    collection: Collection,
    snapshot: Snapshot,
    kind: FileKind,
    listed: Sequence[Mapping[str, Any]],
    as_of: date,
) -> list[Proposal]:
    """The records that these values make, each judged beside the others.

    One without an id has a finding that says so. Raises RefusedError where an id or registry id is taken, in
    the collection or by another of them.
    """
    drawn: list[tuple[Entry, str, Record]] = []
    grown = snapshot
    for values in listed:
        drawn.append(_drawn(collection, grown, kind, values))
        grown = assemble([*grown.records, drawn[-1][2]])
    paths = frozenset(str(entry.path) for entry, _, _ in drawn)
    report = check(collection, grown, as_of=as_of, codes=select([], []), only=paths)
    return [
        Proposal(
            entry,
            text,
            record,
            Report([each for each in report.findings if each.path == entry.path], [str(entry.path)], as_of),
        )
        for entry, text, record in drawn
    ]


def _drawn(
    collection: Collection, snapshot: Snapshot, kind: FileKind, values: Mapping[str, Any]
) -> tuple[Entry, str, Record]:
    id_ = values.get("id", _UNNAMED)
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
    return entry, text, collection.understand(entry, data)


_UNNAMED = "without-an-id"
"""The name under which a record without an id is checked; without one it is never written."""


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


def write(proposals: Sequence[Proposal], collection: Collection, also: Sequence[Step] = ()) -> list[Path]:
    """Write the records, all or none, unless somebody took an id or registry id meanwhile (RefusedError).

    `also` are files that are written with them.
    """
    with locked(collection.root):
        current = collection.load()
        for proposal in proposals:
            refuse_taken(current, proposal.entry.id)
            values = proposal.record.document.values if proposal.record.document else {}
            if isinstance(values.get("registry_id"), str):
                refuse_registered(current, values["registry_id"])
            current = assemble([*current.records, proposal.record])
        steps = [Step(proposal.entry.path, None, proposal.text.encode()) for proposal in proposals]
        for step in (*steps, *also):
            step.path.parent.mkdir(exist_ok=True)
        commit(collection.root, [*steps, *also])
    return [proposal.entry.path for proposal in proposals]
