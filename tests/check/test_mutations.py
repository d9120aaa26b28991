"""Faults in the shipped records: each is found, with its code, at its place, and nothing else is."""

from __future__ import annotations

from collections import Counter
from datetime import date
from functools import cache
from pathlib import Path

import pytest
from mutations import KINDS, Fault, faults

from alscli.check.engine import check, select
from alscli.check.finding import Finding
from alscli.store.collection import Collection, Record, Snapshot, assemble

RECORDS = Path(__file__).parents[2] / "records"
AS_OF = date(2026, 11, 22)
Found = tuple[str, str, int, int]


@cache
def shipped() -> tuple[Collection, Snapshot]:
    collection = Collection(RECORDS)
    return collection, collection.load()


def findings(records: list[Record], path: Path, *, everywhere: bool) -> list[Finding]:
    """What is found in the file at `path`, or in all files.

    The layout of the others, whose check takes most of the time, depends on nothing else.
    """
    collection, _ = shipped()
    snapshot = assemble(records)
    codes = select([], [])
    own = check(collection, snapshot, as_of=AS_OF, codes=codes, only={str(path)}).findings
    if not everywhere:
        return own
    all_files = check(collection, snapshot, as_of=AS_OF, codes=codes - {"TX005"})
    return own + [finding for finding in all_files.findings if finding.path != path]


def cause(finding: Finding) -> tuple[object, ...]:
    """What makes two findings the same: in a file with a fault lines move, in others words may change."""
    return finding.path, finding.code, finding.message


def place(finding: Finding) -> tuple[object, ...]:
    return finding.path, finding.code, finding.line, finding.column


@cache
def known() -> Counter[object]:
    """What is found without a fault, by cause and by place."""
    collection, snapshot = shipped()
    report = check(collection, snapshot, as_of=AS_OF, codes=select([], []))
    return Counter([f(finding) for finding in report.findings for f in (cause, place)])


def found_of(fault: Fault, *, everywhere: bool) -> list[Found]:
    """What is found because of the fault."""
    collection, snapshot = shipped()
    path = RECORDS / fault.path
    records = [
        collection.understand(record.entry, fault.data) if record.entry.path == path else record
        for record in snapshot.records
    ]
    before = known().copy()
    new: list[Found] = []
    for finding in findings(records, path, everywhere=everywhere):
        key = cause(finding) if finding.path == path else place(finding)
        if before[key]:
            before[key] -= 1
        else:
            where = finding.path.relative_to(RECORDS).as_posix()
            new.append((where, finding.code, finding.line, finding.column))
    return sorted(new)


@cache
def corpus() -> dict[str, list[Fault]]:
    found: dict[str, list[Fault]] = {kind: [] for kind in KINDS}
    for fault in faults(RECORDS):
        found[fault.kind].append(fault)
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_fault_is_found_at_its_place_and_nothing_else(kind: str) -> None:
    """All files are looked at for one fault of a kind, and where others depend on the file."""
    for number, fault in enumerate(corpus()[kind]):
        everywhere = number == 0 or not fault.path.startswith("trials/")
        found = found_of(fault, everywhere=everywhere)
        assert found == [(fault.path, fault.code, fault.line, fault.column)]


def test_the_corpus_is_large() -> None:
    assert sum(map(len, corpus().values())) >= 300
    assert sum(map(bool, corpus().values())) >= 60
    assert sum(map(bool, corpus().values())) > 0.9 * len(KINDS), "places for many kinds are gone"
