"""Checking: every problem of every file in one run, each with its place, waivers applied.

Each record is examined by itself; then the rules across records compare gists; then waivers are applied.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Collection as Container
from datetime import date
from functools import cache
from pathlib import Path as FilePath

from alscli.check.examination import Examination, Page, Surroundings, examine_all, names_in, subject_of, waive
from alscli.check.finding import Finding, Problem, Severity
from alscli.check.report import Report
from alscli.check.rule import CATALOGUE, Register, Rule, Ruleset
from alscli.errors import UsageError
from alscli.model.nearness import did_you_mean
from alscli.model.path import Path
from alscli.model.vocabulary import Vocabularies
from alscli.store.collection import MARKER, Collection, Record, Snapshot, read_bytes
from alscli.store.toml import TomlError, parse


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


@cache
def rules_of(codes: frozenset[str]) -> Ruleset:
    """The rules with these codes that are functions, in the order of the catalogue."""
    return Ruleset(rule for rule in catalogue().values() if rule.check is not None and rule.code in codes)


def check(
    collection: Collection,
    snapshot: Snapshot,
    *,
    as_of: date,
    codes: frozenset[str],
    only: Container[str] | None = None,
) -> Report:
    """Check every record of a snapshot, and report on those in `only` (paths as text; all where None).

    Rules that read several records see the whole snapshot whatever `only` says.
    """
    names = names_in(snapshot, snapshot.trials)
    around = Surroundings(snapshot, names, collection.vocabularies, as_of)
    records = {str(record.entry.path): record for record in snapshot.records}
    examined = list(examine_all(snapshot.records, around, rules_of(codes), codes))
    return conclude(examined, around, records.__getitem__, collection.root, codes=codes, only=only)


def conclude(
    examined: Sequence[Examination],
    around: Surroundings,
    record_at: Callable[[str], Record],
    root: FilePath,
    *,
    codes: frozenset[str],
    only: Container[str] | None = None,
    all_rules: bool = False,
) -> Report:
    """The report over examinations: rules across records, then waivers, then order.

    `record_at` gives the record of a path again, for the few whose places are needed once more.
    `all_rules` tells that the examinations are by all rules, and not by those with `codes`.
    """
    gists = [examination.gist for examination in examined if examination.gist is not None]
    register = Register(
        scope=_scope(root, around.vocabularies),
        trial_files=sum(examination.kind == "trial" for examination in examined),
        unreadable=sum(examination.gist is None for examination in examined),
    )
    across: dict[str, list[tuple[str, Problem]]] = defaultdict(list)
    for rule in rules_of(codes).across:
        for gist, problem in rule.check(gists, register):
            across[gist.path].append((rule.code, problem))

    doubted = {
        examination.gist.id
        for examination in examined
        if examination.kind == "product" and examination.gist is not None and _is_doubted(examination, across)
    }
    reported = [e for e in examined if only is None or e.path in only]
    findings: list[Finding] = []
    same_rules = not all_rules or codes == frozenset(catalogue())
    for examination in reported:
        found = list(examination.findings)
        told = across.get(examination.path, ())
        left = examination.left
        settled = same_rules and not told and not register.unreadable and not (doubted and _idles(left))
        if left is not None and settled:
            found = list(left)
        elif told or left is not None:
            record = record_at(examination.path)
            page = Page(record)
            found += [page.finding(*stated) for stated in told]
            subject = subject_of(record, around)
            if subject is not None:
                readable = not register.unreadable
                found = waive(found, subject, page, codes, settled=readable, doubted=doubted)
            found = _without_parts(found, {problem.path for _, problem in told})
        findings += _told(sorted((finding for finding in found if finding.code in codes), key=_place))
    return Report(findings, [examination.path for examination in reported], around.as_of)


def _is_doubted(product: Examination, across: Container[str]) -> bool:
    """Whether something stands against a product, so that rules may be silent of what rests on it."""
    return product.path in across or any(f.severity is not Severity.NOTE for f in product.findings)


def _without_parts(findings: Iterable[Finding], wholes: Container[Path]) -> list[Finding]:
    """Without the notes on parts of what a rule across records says something against as a whole."""
    return [
        finding
        for finding in findings
        if finding.severity is not Severity.NOTE
        or not any(finding.keys[:end] in wholes for end in range(1, len(finding.keys)))
    ]


def _idles(findings: Iterable[Finding] | None) -> bool:
    return any(finding.code == "WV001" for finding in findings or ())


def _told(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Without what says the same as a finding before it, of rules that are told once."""
    said: set[tuple[str, str]] = set()
    for finding in findings:
        if CATALOGUE[finding.code].once:
            if (finding.code, finding.message) in said:
                continue
            said.add((finding.code, finding.message))
        yield finding


def _place(finding: Finding) -> tuple[int, int, str, str]:
    """Findings of one file are sorted by place and code; the files come sorted."""
    return finding.line, finding.column, finding.code, finding.message


def _scope(root: FilePath, vocabularies: Vocabularies) -> frozenset[str]:
    """The conditions that the collection covers, as terms; none where its marker cannot be read."""
    try:
        scope = parse(read_bytes(root / MARKER)).values.get("scope", [])
    except (OSError, TomlError):
        return frozenset()
    texts = [text for text in scope if isinstance(text, str)] if isinstance(scope, list) else []
    terms = ((text, vocabularies["condition"].find(text)) for text in texts)
    return frozenset(text.casefold() if term is None else term.code for text, term in terms)
