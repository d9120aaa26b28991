"""Faults in the shipped records: each is found, with its code, at its place, and nothing else is."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path

import pytest

from alscli.check.engine import check, select
from alscli.check.finding import Finding
from alscli.store.collection import Collection, Record, Snapshot, assemble
from mutations import KINDS, Fault, faults

RECORDS = Path(__file__).parents[2] / "records"
AS_OF = date(2026, 11, 22)
Found = tuple[str, str, int, int]


@cache
def shipped() -> tuple[Collection, Snapshot]:
    collection = Collection(RECORDS)
    return collection, collection.load()


def findings(records: list[Record], path: Path) -> list[Finding]:
    """What is found in all files. The layout of the others, the slowest rule, depends on nothing else."""
    collection, _ = shipped()
    snapshot = assemble(records)
    codes = select([], [])
    own = check(collection, snapshot, as_of=AS_OF, codes=codes, only={str(path)})
    everywhere = check(collection, snapshot, as_of=AS_OF, codes=codes - {"TX005"})
    return own.findings + [finding for finding in everywhere.findings if finding.path != path]


def cause(finding: Finding) -> tuple[Path, str, str | None, str]:
    return finding.path, finding.code, finding.field, finding.message


@cache
def known() -> Counter[object]:
    """What is found without a fault."""
    collection, snapshot = shipped()
    report = check(collection, snapshot, as_of=AS_OF, codes=select([], []))
    return Counter(map(cause, report.findings))


def found_of(fault: Fault) -> list[Found]:
    """What is found because of the fault."""
    collection, snapshot = shipped()
    path = RECORDS / fault.path
    records = list(snapshot.records)
    place = next(i for i, record in enumerate(records) if record.entry.path == path)
    records[place] = collection.understand(records[place].entry, fault.data)
    before = known().copy()
    new: list[Found] = []
    for finding in findings(records, path):
        if before[cause(finding)]:
            before[cause(finding)] -= 1
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
    assert corpus()[kind], "the shipped records have no place for this fault"
    for fault in corpus()[kind]:
        assert found_of(fault) == [(fault.path, fault.code, fault.line, fault.column)]


def test_the_corpus_is_large() -> None:
    assert sum(map(len, corpus().values())) >= 300
    assert sum(map(bool, corpus().values())) >= 60


def test_the_same_file_again_is_no_fault() -> None:
    collection, snapshot = shipped()
    record = snapshot.records[0]
    again = replace(record)
    path = record.entry.path
    assert [cause(f) for f in findings([again, *snapshot.records[1:]], path) if not known()[cause(f)]] == []
