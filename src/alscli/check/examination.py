"""The examination of one record: what is wrong with it as far as it and its surroundings tell, and where.

It depends on the record's bytes, on the products and the ledger, and on which ids exist; on no other trial.
So it can be made for many records at once, and kept until one of these changes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from alscli.check.broken import BROKEN, BrokenError, readable_part
from alscli.check.finding import Finding, Problem, Severity
from alscli.check.format import broken_paths, nameless, shown
from alscli.check.format import problems as schema_problems
from alscli.check.gist import Gist, gist_of
from alscli.check.rule import CATALOGUE, Ruleset
from alscli.check.rules.text import OUT_OF_ORDER
from alscli.check.subject import Names, Subject, kept
from alscli.errors import UsageError
from alscli.model.format import MODELS, shape_of
from alscli.model.nearness import nearest
from alscli.model.path import Path, labels, name_of, resolve, value_at
from alscli.model.provenance import Waiver
from alscli.model.shape import Shape
from alscli.model.values import listed
from alscli.model.vocabulary import Vocabularies
from alscli.store.batches import batches
from alscli.store.canonical import Place, Places
from alscli.store.collection import Record, Snapshot
from alscli.store.spans import Spans, locate

Stated = tuple[str, Problem]
"""A problem with the code of its rule."""
Scope = tuple[str | None, str | None]
"""The rule and the field that a waiver is for; None is any."""
_JUDGED = 50
"""Waivers of one record, more than which no person has judged."""
_UNNAMED, _NOWHERE = "#unnamed", "#nowhere"
"""In place of a field: the elements whose names are broken; nothing. No name of a field begins with `#`."""
_MANY = 50
"""Findings of one file, after which its text is read for the places of the others."""


@dataclass(frozen=True)
class Surroundings:
    """What the rules see beside the record: products and ledger, names that can be cited, terms, today."""

    snapshot: Snapshot
    names: Names
    vocabularies: Vocabularies
    as_of: date


class Examination(NamedTuple):
    """What was found in one file before waivers; `gist` is None where the file holds no readable record.

    `left` is what its waivers leave, provided that no rule across records finds anything in it and that every
    other file can be read; None where it has no waivers.
    """

    path: str
    kind: str
    findings: tuple[Finding, ...]
    gist: Gist | None
    left: tuple[Finding, ...] | None


def examine(record: Record, around: Surroundings, rules: Ruleset, codes: frozenset[str]) -> Examination:
    """Everything that the rules over single records say of this one; `rules` are those with these `codes`."""
    (examination,) = examine_all([record], around, rules, codes)
    return examination


def examine_all(
    records: Iterable[Record], around: Surroundings, rules: Ruleset, codes: frozenset[str]
) -> Iterator[Examination]:
    """The examinations of many records, in order; a rule is asked about many at a time, which is faster."""
    for some in batches(records, _size):
        subjects = [subject_of(record, around) for record in some]
        told = _record_problems(subjects, rules)
        gists = [_gist_of(subject) for subject in subjects]
        for record, subject, problems, gist in zip(some, subjects, told, gists, strict=True):
            found, left = _findings(record, subject, problems, around, codes)
            yield Examination(str(record.entry.path), record.entry.kind, found, gist, left)


def _size(record: Record) -> int:
    return len(record.document.text) if record.document is not None else 0


def _gist_of(subject: Subject | None) -> Gist | None:
    return gist_of(subject) if subject is not None and subject.record.readable else None


def _findings(
    record: Record,
    subject: Subject | None,
    problems: Iterable[Stated],
    around: Surroundings,
    codes: frozenset[str],
) -> tuple[tuple[Finding, ...], tuple[Finding, ...] | None]:
    """What was found, and what the record's waivers leave of it; None where it has none."""
    page = Page(record)
    found = [page.finding(*stated) for stated in (*_reading_problems(record, around), *problems)]
    if subject is None or not _waivers(subject):
        return tuple(found), None
    return tuple(found), tuple(waive(found, subject, page, codes, settled=True))


def names_in(snapshot: Snapshot, trials: Iterable[str]) -> Names:
    """What can be cited: the trials with these ids, and what the snapshot's products and ledger hold."""
    files: dict[str, set[str]] = {"trial": set(trials), "product": set(snapshot.products)}
    refs: frozenset[str] | None = frozenset(snapshot.shared_refs)
    if snapshot.ledger is not None and len(snapshot.shared_refs) < len(snapshot.ledger.refs):
        refs = None  # two share a key, which SM006 tells: one of them may have had any
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
    keys = [ref["key"] for ref in ledger.document.values.get("refs", [])]
    return frozenset(keys) if len(set(keys)) == len(keys) else None


def subject_of(record: Record, around: Surroundings) -> Subject | None:
    """The record as rules see it, as far as it can be read; None where it cannot."""
    model: Any = record.model
    broken = _broken_paths(record)
    if model is None:
        if record.document is None or any(error["type"] == "newer_schema" for error in record.errors):
            return None
        context = {"vocabularies": around.vocabularies}
        values = record.document.values
        model = readable_part(MODELS[record.entry.kind], values, broken, context)
    return Subject(record, model, around.snapshot, around.names, around.vocabularies, around.as_of, broken)


def _reading_problems(record: Record, around: Surroundings) -> Iterator[Stated]:
    if record.document is not None:
        yield from schema_problems(
            record.entry.kind, record.errors, record.document.values, around.vocabularies
        )
    elif record.fault is not None:
        yield record.fault.code, Problem((), record.fault.message)


def _record_problems(subjects: Sequence[Subject | None], rules: Ruleset) -> list[list[Stated]]:
    """What the rules of its kind say of each record, except of what is told already.

    That is what the schema refuses, and what stands in an element that is a copy of another (SM006).
    """
    found: list[list[Stated]] = [[] for _ in subjects]
    asked: dict[str, list[tuple[Subject, list[Stated]]]] = {rule.code: [] for rule in rules}
    for subject, problems in zip(subjects, found, strict=True):
        if subject is not None:
            pair = subject, problems
            for rule in rules.about(subject.record.entry.kind, subject.values):
                asked[rule.code].append(pair)
    for rule in rules:
        for subject, problems in asked[rule.code]:
            try:
                for problem in rule.check(subject):
                    told = subject.broken if rule.code == "SM006" else subject.told_already
                    if not told or told.isdisjoint(_ways(problem.path)):
                        problems.append((rule.code, problem))
            except BrokenError:
                continue
            except TypeError:  # a broken value in a function written in C
                if subject.record.readable:
                    raise
    return [_without_disorder(problems, subject) for problems, subject in zip(found, subjects, strict=True)]


def _without_disorder(problems: list[Stated], subject: Subject | None) -> list[Stated]:
    """Without the order of elements where what they are sorted by is wrong itself."""
    disorder = [stated for stated in problems if stated[1].message == OUT_OF_ORDER]
    if subject is None or not disorder:
        return problems
    keys = shape_of(MODELS[subject.record.entry.kind]).keys
    for code, problem in problems:
        field, key = (str(problem.path[0]), problem.path[-1]) if problem.path else ("", "")
        if CATALOGUE[code].severity is not Severity.NOTE and field in keys and key in keys[field].sort:
            return [stated for stated in problems if stated not in disorder]
    return problems


def _broken_paths(record: Record) -> frozenset[Path]:
    if record.document is None or not record.errors:
        return frozenset()
    return frozenset(broken_paths(record.entry.kind, record.errors, record.document.values))


def _ways(path: Path) -> list[Path]:
    """The path and what leads to it."""
    return [path[:end] for end in range(1, len(path) + 1)]


class Page:
    """The text of one file, from which the places of its findings are read; located once, where needed.

    The places are not kept with the document: those of a whole collection would fill the memory.
    """

    def __init__(self, record: Record) -> None:
        self.record = record
        self._sought = 0
        self._labels: dict[int, list[str]] = {}  # by the identity of the list, which the document keeps alive

    @kept
    def _spans(self) -> Spans:
        return locate(self.record.document.text if self.record.document else "")

    @kept
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
            field = name_of(problem.path, document.values, shape_of(MODELS[entry.kind]), self._labels_of)
            stated = value_at(document.values, problem.path)
            value = stated if isinstance(stated, str | int | Decimal) else None
        return Finding(
            code=code,
            severity=CATALOGUE[code].severity,
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
            source=self._source(line),
        )

    def _source(self, line: int) -> str:
        """The text of a line, without its end."""
        known = self._places.text_of(line - 1) if self._sought and self._places is not None else None
        if known is not None:
            return known
        return self._lines[line - 1].rstrip("\r") if line <= len(self._lines) else ""

    def _labels_of(self, elements: Sequence[Any], shape: Shape) -> list[str]:
        """The names of the elements of a list of the document, worked out once: a list may hold thousands."""
        known = self._labels.get(id(elements))
        if known is None:
            known = self._labels[id(elements)] = labels(elements, shape)
        return known

    def _place(self, problem: Problem) -> tuple[int, int, int, int]:
        if (fault := self.record.fault) is not None:
            return fault.line, fault.column, fault.line, fault.column
        if problem.span is not None:
            start, end = problem.span
            return (*self._spans.position(start), *self._spans.position(end))
        if (known := self._canonical_place(problem)) is not None:
            return known.line + 1, known.start + 1, known.line + 1, known.end + 1
        span = None
        if problem.at == "key":
            span = self._spans.key(problem.path)
        elif problem.at == "header":
            table = self._table(problem.path)
            span = self._spans.header(table) or (self._spans.value(table) if table else None)
        if span is None:
            span = self._spans.place(problem.path)
        return (*self._spans.position(span.start), *self._spans.position(span.end))

    def _table(self, path: Path) -> Path:
        """The table in which the last key of `path` is missing, or that stands at it."""
        values = self.record.document.values if self.record.document else {}
        return path if value_at(values, path) is not None else path[:-1]

    def _canonical_place(self, problem: Problem) -> Place | None:
        """The place without reading the text again; None where it cannot be known so.

        Of many places each would be sought from the beginning, so that reading the text once is faster.
        """
        if self._sought >= _MANY or self._places is None or not problem.path:
            return None
        self._sought += 1
        if problem.at == "header":
            table = self._table(problem.path)
            header, _, value = self._places.find(table) if table else (Place(0, 0, 0), None, None)
            return header or value
        header, key, value = self._places.find(problem.path)
        return key if problem.at == "key" else value or header or key

    @kept
    def _places(self) -> Places | None:
        document, kind = self.record.document, self.record.entry.kind
        if document is None or not self.record.is_canonical:
            return None
        try:
            return Places(document.text, document.values, shape_of(MODELS[kind]))
        except ValueError:
            return None


def waive(
    findings: list[Finding],
    subject: Subject,
    page: Page,
    codes: frozenset[str],
    *,
    settled: bool,
    doubted: Set[str] = frozenset(),
) -> list[Finding]:
    """Leave out what the record waives; report waivers that waive nothing, have expired or give no reason.

    `settled` tells that every other file can be read, so that the silence of a rule across records means
    that there is nothing to report; of the `doubted` products nobody knows whether what they say is right.
    """
    waivers = _waivers(subject)
    if not waivers:
        return findings
    unnamed = nameless(subject.record.entry.kind, subject.broken) if len(waivers) <= _JUDGED else set()
    groups: dict[Scope, list[int]] = defaultdict(list)
    for position, waiver in waivers.items():
        groups[_scope_of(waiver, subject, unnamed)].append(position)
    standing = {
        group for group, held in groups.items() if any(_stands(waivers[each], subject.as_of) for each in held)
    }
    covering: set[Scope] = set()
    kept: list[Finding] = []
    for finding in findings:
        its = _scopes_around(finding, unnamed) & groups.keys() if CATALOGUE[finding.code].waivable else set()
        covering |= its
        if its.isdisjoint(standing):
            kept.append(finding)
    if (None, _NOWHERE) in groups:
        kept = _without_the_only_rule(kept)
    used = {position for group in covering for position in groups[group]}
    faulty = any(finding.severity is Severity.ERROR for finding in kept)
    misplaced = ("waivers",) in subject.broken  # some stand below a misspelled header
    for position, waiver in waivers.items() if not misplaced else ():
        idle = (
            position not in used
            and waiver.rule in codes
            and not faulty  # the error may be what makes this rule silent
            and _is_settled(waiver.rule, subject, settled)
            and doubted.isdisjoint(_products_named(subject))
        )
        problem = _waiver_problem(position, waiver, idle, subject.as_of)
        if problem is not None:
            kept.append(page.finding(*problem))
    return kept


def _without_the_only_rule(findings: list[Finding]) -> list[Finding]:
    """Leave out what a waiver without a readable rule and without a field is for, where that is plain."""
    codes = {
        finding.code
        for finding in findings
        if CATALOGUE[finding.code].waivable and finding.severity is not Severity.NOTE
    }
    return [finding for finding in findings if finding.code not in codes] if len(codes) == 1 else findings


def _scope_of(waiver: Waiver, subject: Subject, unnamed: Set[Path]) -> Scope:
    """What a waiver is for; where its rule cannot be read, everything at its field."""
    if not waiver.rule:
        return None, waiver.field or _NOWHERE
    if waiver.field is not None and unnamed:
        try:
            resolve(waiver.field, subject.values, shape_of(MODELS[subject.record.entry.kind]))
        except UsageError:
            return waiver.rule, _UNNAMED
    return waiver.rule, waiver.field


def _scopes_around(finding: Finding, unnamed: Set[Path]) -> set[Scope]:
    """Whatever a waiver of a finding may be for."""
    scopes = {(finding.code, None), (finding.code, finding.field), (None, finding.field)}
    if not unnamed.isdisjoint(_ways(finding.keys)):
        scopes.add((finding.code, _UNNAMED))
    return scopes


def _waivers(subject: Subject) -> dict[int, Waiver]:
    """The record's waivers, numbered; of a broken one, what can be read is believed.

    An unreadable `rule` is empty. The numbers are positions in the file, unless the list is broken as a
    whole.
    """
    readable: dict[int, Waiver] = {}
    with suppress(BrokenError):
        for position, waiver in enumerate(getattr(subject.model, "waivers", ())):
            if waiver is not BROKEN:
                stated = {name: value for name, value in vars(waiver).items() if value is not BROKEN}
                readable[position] = Waiver.model_construct(**{"rule": "", "why": "broken", **stated})
    return readable


def _stands(waiver: Waiver, as_of: date) -> bool:
    return waiver.why is not None and (waiver.until is None or waiver.until.latest >= as_of)


def _is_settled(code: str, subject: Subject, all_readable: bool) -> bool:
    """Whether the silence of a rule means that there is nothing to report, and not that files are broken."""
    across = code in CATALOGUE and "collection" in CATALOGUE[code].scopes
    beside = any(record.entry.kind != "trial" for record in subject.snapshot.unreadable)
    beside = beside or not subject.snapshot.products.keys() >= _products_named(subject)
    return subject.record.readable and not beside and (all_readable or not across)


def _products_named(subject: Subject) -> set[str]:
    """The products by which a trial says what it gives; of one that is not there nobody knows anything."""
    if subject.record.entry.kind != "trial" or not subject.record.readable:
        return set()
    return {each.product for each in listed(subject.trial.interventions) if each.product is not None}


def _waiver_problem(position: int, waiver: Waiver, idle: bool, as_of: date) -> Stated | None:
    path: Path = ("waivers", position)
    if not waiver.rule:
        return None
    if waiver.rule not in CATALOGUE:
        near = tuple(nearest(waiver.rule, CATALOGUE))
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        return "WV001", Problem((*path, "rule"), f"no rule {shown(waiver.rule)}{hint}", suggestions=near)
    if not CATALOGUE[waiver.rule].waivable:
        return "WV001", Problem((*path, "rule"), f"{waiver.rule} cannot be waived")
    if waiver.why is None:
        return "WV002", Problem((*path, "why"), "the waiver gives no reason", at="header")
    if not _stands(waiver, as_of):
        return "WV002", Problem((*path, "until"), f"the waiver of {waiver.rule} ended on {waiver.until}")
    if idle:
        message = f"the waiver of {waiver.rule} waives nothing"
        return "WV001", Problem((*path, "rule"), message, help="remove it")
    return None
