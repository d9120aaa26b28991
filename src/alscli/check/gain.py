"""What a change brings: the findings over the collection as it would be that it does not have now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Mapping
from datetime import date
from pathlib import Path

from alscli.check.engine import catalogue, conclude, rules_of
from alscli.check.examination import Examination, Surroundings, examine, names_in
from alscli.check.finding import Finding
from alscli.check.report import Report
from alscli.store.collection import Collection, Record, Snapshot, assemble

Cause = tuple[Path, str, str | None]


def grown(snapshot: Snapshot, records: Iterable[Record], gone: Iterable[Path] = ()) -> Snapshot:
    """The snapshot with these records in place of those with the same path, and without those gone."""
    new = {record.entry.path: record for record in records}
    left = set(gone)
    kept = [new.pop(r.entry.path, r) for r in snapshot.records if r.entry.path not in left]
    ordered = sorted([*kept, *new.values()], key=lambda record: record.entry.path.as_posix())
    return assemble(ordered)


def gained(
    collection: Collection,
    before: Snapshot,
    after: Snapshot,
    *,
    as_of: date,
    renamed: Mapping[Path, Path] | None = None,
    whole: Container[Path] = (),
) -> Report:
    """The findings of `after` that `before` does not have, in whatever file, by all rules.

    A finding is the same where file, rule and field (or list) are: a fault that was there and is only told
    with other numbers now is not gained. `renamed` leads from the old path of a record to its new one.
    """
    known: dict[str, tuple[Record, Examination]] = {}
    old = _report(collection, before, as_of, known, reuse=False)
    new = _report(collection, after, as_of, known, reuse=_same_surroundings(before, after))
    there = Counter(_cause(finding, renamed or {}) for finding in old.findings)
    found: list[Finding] = []
    for finding in new.findings:
        cause = _cause(finding, {})
        if there[cause] and finding.path not in whole:
            there[cause] -= 1
        else:
            found.append(finding)
    return Report(found, new.files, as_of)


def _cause(finding: Finding, renamed: Mapping[Path, Path]) -> Cause:
    return renamed.get(finding.path, finding.path), finding.code, finding.place


def _same_surroundings(before: Snapshot, after: Snapshot) -> bool:
    """Whether what the rules over one record see beside it is the same, so that examinations hold."""
    old, new = ([r for r in side.records if r.entry.kind != "trial"] for side in (before, after))
    same = len(old) == len(new) and all(one is other for one, other in zip(old, new, strict=True))
    return same and names_in(before, before.trials) == names_in(after, after.trials)


def _report(
    collection: Collection,
    snapshot: Snapshot,
    as_of: date,
    known: dict[str, tuple[Record, Examination]],
    *,
    reuse: bool,
) -> Report:
    codes = frozenset(catalogue())
    around = Surroundings(snapshot, names_in(snapshot, snapshot.trials), collection.vocabularies, as_of)
    rules = rules_of(codes)
    examined: list[Examination] = []
    for record in snapshot.records:
        path = str(record.entry.path)
        held = known.get(path)
        examination = (
            held[1] if reuse and held and held[0] is record else examine(record, around, rules, codes)
        )
        known[path] = (record, examination)
        examined.append(examination)
    records = {str(record.entry.path): record for record in snapshot.records}
    return conclude(examined, around, records.__getitem__, collection.root, codes=codes)
