"""`sync`."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from alscli.cli.fetching import only_entry
from alscli.cli.importing import carry_out, counted, entries, is_agreed, present
from alscli.cli.session import Session, write
from alscli.errors import RefusedError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from alscli.registries.draft import Draft
    from alscli.registries.plan import Compared
    from alscli.store.collection import Record, Snapshot
    from alscli.store.transaction import Step


def sync(
    context: typer.Context,
    ids: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ID]...", help="Records; all with a registry id where none is named."),
    ] = None,
    source: Annotated[
        list[str] | None,
        typer.Option("--from", metavar="FILE", help="What the registry gives out, instead of asking it."),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit with 1 where a record or its copy is stale.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would change, and write nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> int:
    """Bring records into step with their registries.

    Compares the last registry copy, the new one and the record. Fields that still say what the registry said
    follow it; where a curator says otherwise and the registry has moved, both become a dispute, and nothing
    is overwritten. Shows the changes by field, and asks.

    ClinicalTrials.gov is asked over the network; for other registries, and offline, give files with --from.

    \b
    Examples:
      alscli sync NCT03280056
      alscli sync --from ctg-studies.json --check
    """
    session: Session = context.obj
    if not (check or dry_run or yes) and not sys.stdin.isatty():
        raise UsageError(
            "sync asks before it writes, and stdin is no terminal",
            "use --yes, or --check to see what is stale",
        )
    snapshot = session.whole(to_write=not (check or dry_run))
    wanted = _wanted(snapshot, ids or [])
    unread: list[str] = []
    same: list[str] = []
    drafts = _given(source, wanted, unread) if source else _fetched(session, wanted, same)
    found = list(_compared(session, drafts))
    refused = _refused(session, snapshot, found)
    found = [each for each in found if each.record.entry.path not in refused]
    _show(session, found)
    for lines in refused.values():
        for line in lines:
            print(line, file=sys.stderr)
    stale = [each for each in found if each.steps]
    session.say(_told(len(wanted), found, len(refused), len(same)))
    if wanted and not (found or refused or same):
        raise RefusedError(
            "nothing was compared: there is no readable entry of these records",
            "`alscli import FILE --dry-run` says what a file holds",
        )
    status = 1 if refused or unread else 0
    if check:
        return 1 if stale else status
    if dry_run or not stale:
        session.say("--dry-run: nothing was written" if dry_run else "nothing to write")
        return status
    if not yes and not is_agreed(session, len(stale)):
        return 1
    carry_out(session, [step for each in stale for step in each.steps])
    session.say(f"wrote {counted(len(stale))}")
    return status


@dataclass(frozen=True)
class _Found:
    """A record beside what its registry says now."""

    record: Record
    compared: Compared
    steps: list[Step]


def _wanted(snapshot: Snapshot, ids: Iterable[str]) -> dict[str, Record]:
    """The trials to compare, by the key of their registry id."""
    from alscli.model.identifiers import parse_registry_id
    from alscli.store.collection import resolve

    named = list(ids)
    records = (
        [resolve(id_, snapshot.records, beginning=False) for id_ in named] if named else snapshot.records
    )
    found: dict[str, Record] = {}
    for record in records:
        number = record.document.values.get("registry_id") if record.document else None
        parsed = parse_registry_id(number) if isinstance(number, str) else None
        if record.entry.kind == "trial" and record.readable and parsed is not None:
            found[parsed.key] = record
        elif named:
            raise UsageError(
                f"{record.entry.id} is no readable trial with a registry id",
                f"`alscli set {record.entry.id} registry_id=…` gives it one",
            )
    return found


def _given(
    source: Iterable[str], wanted: Mapping[str, Record], unread: list[str]
) -> Iterator[tuple[Record, Draft]]:
    """The wanted records that files hold an entry of; `unread` takes the entries that cannot be read."""
    from alscli.model.identifiers import parse_registry_id
    from alscli.registries.draft import Unreadable

    for path in [present(name) for name in source]:
        for entry in entries(path):
            if isinstance(entry, Unreadable):
                unread.append(entry.source)
                print(f"warning: {entry.source}: {entry.why}", file=sys.stderr)
                continue
            parsed = parse_registry_id(entry.registry_id)
            if parsed is not None and parsed.key in wanted:
                yield wanted[parsed.key], entry


def _fetched(
    session: Session, wanted: Mapping[str, Record], same: list[str]
) -> Iterator[tuple[Record, Draft]]:
    """What ClinicalTrials.gov says of the wanted records; those of other registries are named.

    `same` takes the numbers of which it says that nothing has changed.
    """
    from alscli.registries.draft import Draft
    from alscli.registries.http import Registry, Validators
    from alscli.registries.reading import read
    from alscli.store.cache import folder

    here = {key: record for key, record in wanted.items() if key.startswith("NCT")}
    others = [record.entry.id for key, record in wanted.items() if key not in here]
    if others:
        some = ", ".join(others[:3]) + (" …" if len(others) > 3 else "")
        session.say(
            f"{len(others)} of other registries are not asked for: {some}; give their files with --from"
        )
    if not here:
        return
    with Registry(validators=Validators.load(folder() / "registries.json")) as registry:
        if len(here) == 1:
            ((number, record),) = here.items()
            held = _digest(session, record)
            data = registry.study(number, held)
            if data is None:
                session.say(f"{number} has not changed")
                same.append(number)
                return
            draft = only_entry(data, number)
            registry.remember(hashlib.sha256(_written(draft)).hexdigest())
            yield record, draft
            return
        for study in registry.studies(list(here)):
            for entry in read(json.dumps(study).encode()):
                if isinstance(entry, Draft) and entry.registry_id in here:
                    yield here[entry.registry_id], entry


def _digest(session: Session, record: Record) -> str:
    from alscli.store.copies import place

    path = place(session.collection.root, record.entry.id)
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""


def _written(draft: Draft) -> bytes:
    from alscli.registries.plan import copy_of
    from alscli.store.copies import written

    return written(copy_of(draft))


def _compared(session: Session, drafts: Iterable[tuple[Record, Draft]]) -> Iterator[_Found]:
    from alscli.registries.plan import compared, copied

    done: set[Path] = set()
    for record, draft in drafts:
        if record.entry.path in done:
            continue
        done.add(record.entry.path)
        change = compared(session.collection, record, draft, session.as_of)
        copy = copied(session.collection.root, record.entry.id, draft)
        yield _Found(record, change, [*change.steps, *copy])


def _refused(session: Session, snapshot: Snapshot, found: Iterable[_Found]) -> dict[Path, list[str]]:
    """The records that would gain an error, with what the rules say."""
    from alscli.check.finding import Severity
    from alscli.check.gain import gained, grown

    collection = session.collection
    changed = [
        collection.understand(each.record.entry, step.after)
        for each in found
        for step in each.compared.steps
        if step.after is not None
    ]
    if not changed:
        return {}
    report = gained(collection, snapshot, grown(snapshot, changed), as_of=session.as_of)
    refused: dict[Path, list[str]] = {}
    for finding in report.findings:
        if finding.severity is Severity.ERROR:
            text = f"{finding.record}: {finding.code} {finding.message}; left as it is"
            refused.setdefault(finding.path, []).append(text)
    return refused


def _show(session: Session, found: Iterable[_Found]) -> None:
    """What changes in the records, by field, and what stays."""
    from alscli.registries.sync import sentences
    from alscli.store.compare import Version, record_changes
    from alscli.views import changes as view

    room = session.columns if session.on_terminal else None
    for each in found:
        id_, values = each.record.entry.id, each.record.document.values if each.record.document else {}
        old, new = Version("trial", values), Version("trial", each.compared.reconciled.values)
        changes = record_changes({id_: old}, {id_: new})
        lines = list(view.text(changes, room, color=session.colored(sys.stdout)))
        told = list(sentences(each.compared.reconciled))
        if not lines and (told and each.steps):
            lines = [f"= {id_}", ""]
        for line in lines[:-1]:
            write(line)
        if lines:
            for line in told:
                write(f"    {line}")
            write("")


def _told(wanted: int, found: list[_Found], refused: int, same: int) -> str:
    changed = sum(bool(each.compared.steps) for each in found)
    disputed = sum(bool(each.compared.reconciled.of("disputed")) for each in found)
    copies = sum(bool(each.steps) and not each.compared.steps for each in found)
    parts = [
        f"{changed} to change" + (f" ({disputed} disputed)" if disputed else ""),
        *([f"{copies} with a newer copy alone"] if copies else []),
        *([f"{refused} refused"] if refused else []),
    ]
    return f"{len(found) + refused + same} of {counted(wanted)} compared: {', '.join(parts)}"
