"""Checking: every problem of every file in one run, each with its place, waivers applied."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection as Container
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property
from pathlib import Path as FilePath
from typing import Any

from alscli.check.broken import BROKEN, BrokenError, readable_part
from alscli.check.finding import Finding, Problem, Severity
from alscli.check.format import broken_paths, shown, value_at
from alscli.check.format import problems as schema_problems
from alscli.check.rule import CATALOGUE, Names, Rule, Subject
from alscli.errors import UsageError
from alscli.model.format import MODELS, shape_of
from alscli.model.nearness import did_you_mean, nearest
from alscli.model.path import Path, name_of
from alscli.model.provenance import Waiver
from alscli.store.collection import Collection, Record, Snapshot
from alscli.store.spans import Span, Spans, locate

Stated = tuple[str, Problem]
"""A problem with the code of its rule."""


@dataclass(frozen=True)
class Report:
    """The findings of one run, in order, over `files`."""

    findings: list[Finding]
    files: list[FilePath]
    as_of: date

    @property
    def checked(self) -> int:
        """How many files were checked."""
        return len(self.files)

    def count(self, severity: Severity) -> int:
        """How many findings are of this severity."""
        return sum(finding.severity is severity for finding in self.findings)

    def fails(self, fail_on: Severity) -> bool:
        """Whether a finding is of this severity or a greater one."""
        return any(finding.severity.rank <= fail_on.rank for finding in self.findings)


@cache
def catalogue() -> dict[str, Rule]:
    """Every rule by code, in the order of the codes' groups."""
    from alscli.check import rules

    rules.load()
    return dict(sorted(CATALOGUE.items(), key=lambda item: (_GROUPS.index(item[0][:2]), item[0])))


_GROUPS = ("TX", "SM", "WV", "ID", "DT", "DS", "EN", "IV", "OC", "SF", "RG", "PV", "CL", "SC", "XR")


def select(codes: Iterable[str], ignored: Iterable[str]) -> frozenset[str]:
    """The codes that run: those of `codes` (all where empty) without `ignored`; a group's letters name it.

    Raises UsageError for a code that no rule begins with.
    """
    known = catalogue()

    def expand(given: Iterable[str]) -> set[str]:
        found: set[str] = set()
        for code in given:
            matching = {name for name in known if code and name.startswith(code.upper())}
            if not matching:
                raise UsageError(
                    f"no rule {code!r}", did_you_mean(code.upper(), known) or "`alscli explain` lists them"
                )
            found |= matching
        return found

    chosen = expand(codes) or set(known)
    return frozenset(chosen - expand(ignored))


def check(
    collection: Collection,
    snapshot: Snapshot,
    *,
    as_of: date,
    codes: frozenset[str],
    only: Container[str] | None = None,
) -> Report:
    """Check every file, and report on those in `only` (paths as text; all where None).

    Rules that read several records see the whole snapshot whatever `only` says.
    """
    rules = [rule for rule in catalogue().values() if rule.check is not None and rule.code in codes]
    names = _names(snapshot)
    subjects = {
        record.entry.path: subject
        for record in snapshot.records
        if (subject := _subject(record, collection, snapshot, names, as_of)) is not None
    }
    across: dict[FilePath, list[Stated]] = defaultdict(list)
    for subject, stated in _collection_problems(subjects.values(), snapshot, rules):
        across[subject.record.entry.path].append(stated)

    reported = [record for record in snapshot.records if only is None or str(record.entry.path) in only]
    findings: list[Finding] = []
    for record in reported:
        page = _Page(record)
        found = [page.finding(*stated) for stated in _reading_problems(record, collection)]
        if subject := subjects.get(record.entry.path):
            found += [page.finding(*stated) for stated in _record_problems(subject, rules)]
            found += [page.finding(*stated) for stated in across[record.entry.path]]
            found = _waive(found, subject, page, codes)
        findings += [finding for finding in found if finding.code in codes]
    files = [record.entry.path for record in reported]
    return Report(sorted(findings, key=lambda finding: finding.order), files, as_of)


def _names(snapshot: Snapshot) -> Names:
    files: dict[str, set[str]] = {"trial": set(snapshot.trials), "product": set(snapshot.products)}
    refs: frozenset[str] | None = frozenset(snapshot.shared_refs)
    for record in snapshot.records:
        if record.entry.kind != "ledger":
            files[record.entry.kind].add(record.entry.id)
        elif not record.readable:
            refs = _keys_of_refs(record)
    return Names(frozenset(files["trial"]), frozenset(files["product"]), refs)


def _keys_of_refs(ledger: Record) -> frozenset[str] | None:
    """The keys of the references of a broken ledger; None where the break is in them."""
    if ledger.document is None or any(path[0] == "refs" for path in _broken_paths(ledger)):
        return None
    return frozenset(ref["key"] for ref in ledger.document.values.get("refs", []))


def _subject(
    record: Record, collection: Collection, snapshot: Snapshot, names: Names, as_of: date
) -> Subject | None:
    model: Any = record.model
    if model is None:
        if record.document is None or any(error["type"] == "newer_schema" for error in record.errors):
            return None
        context = {"vocabularies": collection.vocabularies}
        values = record.document.values
        model = readable_part(MODELS[record.entry.kind], values, _broken_paths(record), context)
    return Subject(record, model, snapshot, names, collection.vocabularies, as_of)


def _reading_problems(record: Record, collection: Collection) -> Iterator[Stated]:
    if record.document is not None:
        yield from schema_problems(
            record.entry.kind, record.errors, record.document.values, collection.vocabularies
        )
    elif record.fault is not None:
        yield record.fault.code, Problem((), record.fault.message)


def _record_problems(subject: Subject, rules: Iterable[Rule]) -> Iterator[Stated]:
    """What the rules of its kind say of a record, except of what the schema has refused already."""
    record = subject.record
    broken = _broken_paths(record)
    for rule in rules:
        if record.entry.kind in rule.scopes:
            try:
                for problem in rule.check(subject):
                    if not (broken and any(problem.path[:end] in broken for end in _ends(problem.path))):
                        yield rule.code, problem
            except BrokenError:
                continue
            except TypeError:  # a broken value in a function written in C
                if record.readable:
                    raise


def _broken_paths(record: Record) -> frozenset[Path]:
    if record.document is None or not record.errors:
        return frozenset()
    return frozenset(broken_paths(record.entry.kind, record.errors, record.document.values))


def _ends(path: Path) -> range:
    return range(1, len(path) + 1)


def _collection_problems(
    subjects: Iterable[Subject], snapshot: Snapshot, rules: Iterable[Rule]
) -> Iterator[tuple[Subject, Stated]]:
    whole = [subject for subject in subjects if subject.record.readable]
    for rule in rules:
        if "collection" in rule.scopes:
            for subject, problem in rule.check(whole, snapshot):
                yield subject, (rule.code, problem)


class _Page:
    """The text of one file, from which the places of its findings are read; located once, where needed.

    The places are not kept with the document: those of a whole collection would fill the memory.
    """

    def __init__(self, record: Record) -> None:
        self.record = record

    @cached_property
    def _spans(self) -> Spans:
        return locate(self.record.document.text if self.record.document else "")

    @cached_property
    def _lines(self) -> list[str]:
        text = self.record.document.text if self.record.document else ""
        return text.removeprefix("\ufeff").split("\n")

    def finding(self, code: str, problem: Problem) -> Finding:
        """The problem with its rule's severity and its place."""
        entry, document = self.record.entry, self.record.document
        line, column, end_line, end_column = self._place(problem)
        field: str | None = None
        value: object = None
        if document is not None and problem.path:
            field = name_of(problem.path, document.values, shape_of(MODELS[entry.kind]))
            value = value_at(problem.path, document.values)
        return Finding(
            code=code,
            severity=catalogue()[code].severity,
            path=entry.path,
            record=entry.id,
            field=field,
            message=problem.message,
            line=line,
            column=column,
            end_line=end_line,
            end_column=end_column,
            value=value,
            suggestions=problem.suggestions,
            replacement=problem.replacement,
            safe=problem.safe,
            help=problem.help,
            keys=problem.path,
            source=self._lines[line - 1].rstrip("\r") if line <= len(self._lines) else "",
        )

    def _place(self, problem: Problem) -> tuple[int, int, int, int]:
        if (fault := self.record.fault) is not None:
            return fault.line, fault.column, fault.line, fault.column
        span = None
        if problem.at == "key":
            span = self._spans.key(problem.path)
        elif problem.at == "header":
            span = self._header(problem.path)
        if span is None:
            span = self._spans.place(problem.path)
        return (*self._spans.position(span.start), *self._spans.position(span.end))

    def _header(self, path: Path) -> Span | None:
        """The header of the table in which the last key of `path` is missing; the inline table itself."""
        values = self.record.document.values if self.record.document else {}
        table = path if value_at(path, values) is not None else path[:-1]
        return self._spans.header(table) or (self._spans.value(table) if table else None)


def _waive(findings: list[Finding], subject: Subject, page: _Page, codes: frozenset[str]) -> list[Finding]:
    """Leave out what the record waives; report waivers that waive nothing, have expired or give no reason."""
    waivers = _waivers(subject)
    if not waivers:
        return findings
    used: set[int] = set()
    kept: list[Finding] = []
    for finding in findings:
        covering = [position for position, waiver in waivers.items() if _covers(waiver, finding)]
        used.update(covering)
        if not any(_stands(waivers[position], subject.as_of) for position in covering):
            kept.append(finding)
    for position, waiver in waivers.items():
        idle = position not in used and waiver.rule in codes and _is_settled(waiver.rule, subject)
        problem = _waiver_problem(position, waiver, idle, subject.as_of)
        if problem is not None:
            kept.append(page.finding(*problem))
    return kept


def _waivers(subject: Subject) -> dict[int, Waiver]:
    """The record's waivers by position; of a broken one, what can be read is believed.

    A waiver without a readable `rule` waives nothing.
    """
    readable: dict[int, Waiver] = {}
    with suppress(BrokenError):
        for position, waiver in enumerate(getattr(subject.model, "waivers", ())):
            if waiver is not BROKEN and waiver.rule is not BROKEN:
                stated = {name: value for name, value in vars(waiver).items() if value is not BROKEN}
                readable[position] = Waiver.model_construct(**{"why": "broken", **stated})
    return readable


def _covers(waiver: Waiver, finding: Finding) -> bool:
    return (
        waiver.rule == finding.code
        and catalogue()[finding.code].waivable
        and (waiver.field is None or finding.field == waiver.field)
    )


def _stands(waiver: Waiver, as_of: date) -> bool:
    return waiver.why is not None and (waiver.until is None or waiver.until.latest >= as_of)


def _is_settled(code: str, subject: Subject) -> bool:
    """Whether the silence of a rule means that there is nothing to report, and not that files are broken."""
    broken = subject.snapshot.unreadable
    across = code in catalogue() and "collection" in catalogue()[code].scopes
    return subject.record.readable and not any(across or r.entry.kind != "trial" for r in broken)


def _waiver_problem(position: int, waiver: Waiver, idle: bool, as_of: date) -> Stated | None:
    path: Path = ("waivers", position)
    known = catalogue()
    if waiver.rule not in known:
        near = tuple(nearest(waiver.rule, known))
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        return "WV001", Problem((*path, "rule"), f"no rule {shown(waiver.rule)}{hint}", suggestions=near)
    if not known[waiver.rule].waivable:
        return "WV001", Problem((*path, "rule"), f"{waiver.rule} cannot be waived")
    if waiver.why is None:
        return "WV002", Problem((*path, "why"), "the waiver gives no reason", at="header")
    if not _stands(waiver, as_of):
        return "WV002", Problem((*path, "until"), f"the waiver of {waiver.rule} ended on {waiver.until}")
    if idle:
        message = f"the waiver of {waiver.rule} waives nothing"
        return "WV001", Problem((*path, "rule"), message, help="remove it")
    return None
