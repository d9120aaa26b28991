"""Mending: what findings say how to write, written where nothing else changes and nothing worse appears."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

from alscli.check.finding import Finding
from alscli.check.report import Report
from alscli.errors import AlscliError, RefusedError
from alscli.model.format import MODELS, schema_comment, shape_of
from alscli.model.path import Path as Keys
from alscli.model.path import value_at
from alscli.store.collection import Collection, Record, Snapshot, assemble
from alscli.store.edit import set_values, unset
from alscli.store.layout import lay_out
from alscli.store.toml import parse
from alscli.store.write import check_target, locked, replace

Check = Callable[[Snapshot], Report]
Cause = tuple[Path, str, str | None, str]
_MANY = 50
"""Elements that a round takes away from the lists of a file, each with a parse of its own."""
_ROUNDS = 4
"""A file that has become readable has its layout checked; more rounds than that would be a circle."""


@dataclass(frozen=True)
class Mended:
    """A file before and after, and how many findings that mends."""

    before: Record
    after: Record
    findings: int


@dataclass(frozen=True)
class Mending:
    """What can be mended, what is left as it is and why, and the collection as it would be."""

    files: Sequence[Mended]
    refused: Sequence[tuple[Record, str]]
    snapshot: Snapshot


@dataclass
class _Attempt:
    collection: Collection
    errors: Check
    snapshot: Snapshot
    known: Counter[Cause]
    counts: Counter[Path] = field(default_factory=Counter)
    refused: dict[Path, tuple[Record, str]] = field(default_factory=dict)


def is_mendable(finding: Finding) -> bool:
    """Whether a finding says how to write the same in the right form; a guess does not."""
    return finding.code == "TX005" or (finding.safe and finding.replacement is not None)


def mend(collection: Collection, snapshot: Snapshot, findings: Check, errors: Check) -> Mending:
    """Replace what is safe to replace, in memory.

    `findings` gives the findings to mend, `errors` those of all files and all rules whose severity is error:
    a file whose mending brings an error that was not there, in whatever file, is left as it is.
    """
    attempt = _Attempt(collection, errors, snapshot, Counter(map(_cause, errors(snapshot).findings)))
    for _ in range(_ROUNDS):
        found = [f for f in findings(attempt.snapshot).findings if is_mendable(f)]
        if not _next(attempt, found):
            break
    before = {record.entry.path: record for record in snapshot.records}
    files = [
        Mended(before[record.entry.path], record, attempt.counts[record.entry.path])
        for record in attempt.snapshot.records
        if record is not before[record.entry.path]
    ]
    return Mending(files, list(attempt.refused.values()), attempt.snapshot)


def _next(attempt: _Attempt, findings: Iterable[Finding]) -> bool:
    """Mend what was found; False where there was nothing."""
    records = {record.entry.path: record for record in attempt.snapshot.records}
    mended: list[Mended] = []
    for path, group in groupby(findings, key=lambda finding: finding.path):
        if path in attempt.refused:
            continue
        own = list(group)
        record = records[path]
        try:
            check_target(path, attempt.collection.root)
            text = _text(record, own)
        except AlscliError as error:
            attempt.refused[path] = (record, error.message)
            continue
        if record.document is None or text == record.document.text:
            continue
        after = attempt.collection.understand(record.entry, text.encode())
        mended.append(Mended(record, after, len(own)))
    if mended and not _accept(attempt, mended) and len(mended) > 1:
        for one in mended:
            _accept(attempt, [one])
    return bool(mended)


def _accept(attempt: _Attempt, mended: Sequence[Mended]) -> bool:
    """Take these files into the snapshot, unless an error appears that was not there."""
    after = {one.after.entry.path: one.after for one in mended}
    snapshot = assemble([after.get(r.entry.path, r) for r in attempt.snapshot.records])
    gained = _gained(attempt.known, attempt.errors(snapshot).findings)
    if not gained:
        attempt.snapshot = snapshot
        attempt.counts.update({one.after.entry.path: one.findings for one in mended})
    elif len(mended) == 1:
        before = mended[0].before
        attempt.refused[before.entry.path] = (
            before,
            f"that would bring {gained[0].code} {gained[0].message}",
        )
    return not gained


def _gained(known: Counter[Cause], findings: Iterable[Finding]) -> list[Finding]:
    left = known.copy()
    gained = []
    for finding in findings:
        cause = _cause(finding)
        if left[cause] > 0:
            left[cause] -= 1
        else:
            gained.append(finding)
    return gained


def _cause(finding: Finding) -> Cause:
    """What stays of a finding when an element before it in a list of values goes."""
    return finding.path, finding.code, finding.place, finding.message


def _text(record: Record, findings: Iterable[Finding]) -> str:
    assert record.document is not None  # noqa: S101 - a file that is no TOML has no safe replacement
    shape = shape_of(MODELS[record.entry.kind])
    values = record.document.values
    layout = False
    changes: dict[Keys, object] = {}
    doubled: list[Keys] = []
    held: dict[Keys, set[str]] = {}
    for finding in findings:
        if finding.replacement is None:
            layout = True
        else:
            value = parse(f"x = {finding.replacement}".encode()).values["x"]
            beside = _beside(finding.keys, values, held) if isinstance(value, str) else set()
            if value in beside:
                doubled.append(finding.keys)
            else:
                changes[finding.keys] = value
                beside.add(value)
    text = set_values(record.document.text, changes, shape)
    for keys in sorted(doubled[:_MANY], reverse=True, key=lambda keys: int(keys[-1])):
        shorter = unset(text, keys, shape)
        if shorter.count("#") == text.count("#"):  # or a person's comment would go with it
            text = shorter
    return lay_out(text, shape, schema_comment(record.entry.kind)) if layout else text


def _beside(keys: Keys, values: Any, held: dict[Keys, set[str]]) -> set[str]:
    """What the list holds in which an element stands, kept in `held`; nothing for what is no element."""
    if not isinstance(keys[-1], int):
        return set()
    if keys[:-1] not in held:
        held[keys[:-1]] = {value for value in value_at(values, keys[:-1]) if isinstance(value, str)}
    return held[keys[:-1]]


def write(collection: Collection, mending: Mending) -> Iterator[Mended]:
    """Write the mended files, each whole, and give back each that is written.

    Raises RefusedError in the end where one changed since it was read; the others are written.
    """
    refused: RefusedError | None = None
    with locked(collection.root):
        for one in mending.files:
            assert one.before.document is not None  # noqa: S101
            assert one.after.document is not None  # noqa: S101
            try:
                replace(
                    one.before.entry.path,
                    one.after.document.text.encode(),
                    expected=one.before.document.text.encode(),
                    root=collection.root,
                )
            except RefusedError as error:
                refused = error
                continue
            yield one
    if refused is not None:
        raise refused
