"""Faults in the shipped records: each is found, with its code, at its place, and nothing else is."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path

import further_mutations  # noqa: F401 - its kinds enter among the others
import pytest
from mutations import KINDS, Fault, faults

from alscli.check.engine import check, conclude, rules_of, select
from alscli.check.examination import Examination, Surroundings, examine, names_in
from alscli.check.finding import Finding
from alscli.store.collection import Collection, Record, Snapshot, assemble

RECORDS = Path(__file__).parents[2] / "records"
AS_OF = date(2026, 11, 22)
CODES = select([], [])
Found = tuple[str, str, int, int]


@cache
def shipped() -> tuple[Collection, Snapshot]:
    collection = Collection(RECORDS)
    return collection, collection.load()


@cache
def examined() -> tuple[Surroundings, dict[Path, Examination]]:
    """Every shipped record, examined by itself."""
    collection, snapshot = shipped()
    names = names_in(snapshot, snapshot.trials)
    around = Surroundings(snapshot, names, collection.vocabularies, AS_OF)
    return around, {r.entry.path: examine(r, around, rules_of(CODES), CODES) for r in snapshot.records}


def findings(records: list[Record], path: Path) -> list[Finding]:
    """What is found in all files when the one at `path` is another.

    What is found in a file by itself is known where only a trial changes, under the same name
    (`test_run.py`); the layout of the others, whose check takes most of the time, depends on nothing else.
    """
    collection, _ = shipped()
    before, others = examined()
    snapshot = assemble(records)
    around = replace(before, snapshot=snapshot, names=names_in(snapshot, snapshot.trials))
    fresh = path.parent.name != "trials" or around.names != before.names
    layout = rules_of(CODES - {"TX005"})
    found = [
        examine(record, around, rules_of(CODES) if record.entry.path == path else layout, CODES)
        if fresh or record.entry.path == path
        else others[record.entry.path]
        for record in records
    ]
    by_path = {str(record.entry.path): record for record in records}
    return conclude(found, around, by_path.__getitem__, collection.root, codes=CODES).findings


def cause(finding: Finding) -> tuple[object, ...]:
    """What makes two findings the same: in a file with a fault lines move, in others words may change."""
    return finding.path, finding.code, finding.message


def place(finding: Finding) -> tuple[object, ...]:
    return finding.path, finding.code, finding.line, finding.column


@cache
def known() -> Counter[object]:
    """What is found without a fault, by cause and by place."""
    collection, snapshot = shipped()
    report = check(collection, snapshot, as_of=AS_OF, codes=CODES)
    return Counter([f(finding) for finding in report.findings for f in (cause, place)])


def found_of(fault: Fault) -> list[Found]:
    """What is found because of the fault."""
    collection, snapshot = shipped()
    path = RECORDS / fault.path
    records = [
        collection.understand(record.entry, fault.data) if record.entry.path == path else record
        for record in snapshot.records
    ]
    before = known().copy()
    new: list[Found] = []
    for finding in findings(records, path):
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
    for fault in corpus()[kind]:
        assert found_of(fault) == [(fault.path, fault.code, fault.line, fault.column)]


def test_the_corpus_is_large() -> None:
    assert sum(map(len, corpus().values())) >= 300
    assert sum(map(bool, corpus().values())) >= 60
    assert sum(map(bool, corpus().values())) > 0.9 * len(KINDS), "places for many kinds are gone"
