"""Screening: why a study is in the collection or not, and numbers that add up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path as FilePath

from alscli.check.finding import Problem
from alscli.check.format import shown
from alscli.check.rule import Subject, rule
from alscli.model.ledger import Ledger
from alscli.model.trial import Trial
from alscli.store.collection import MARKER, Snapshot, read_bytes
from alscli.store.toml import TomlError, parse

Pair = tuple[Subject, Problem]


@rule("SC001", "error", "ledger")
def exclusion_without_reason(subject: Subject) -> Iterator[Problem]:
    """An exclusion without a coded reason.

    A flow diagram counts reasons, and nobody can check a decision that gives none.

    Example: `[[excluded]]` with an id and a title
    Remedy: add `reason`, a term of `alscli values excluded_reason`.
    """
    ledger: Ledger = subject.model  # type: ignore[assignment]
    for e, excluded in enumerate(ledger.excluded):
        if excluded.reason is None:
            yield Problem(("excluded", e, "reason"), "excluded without a reason", at="header")


@rule("SC002", "warning", "collection")
def flow_adds_up(subjects: list[Subject], snapshot: Snapshot) -> Iterator[Pair]:
    """The new hits of all searches are not the trials and the excluded together.

    What a search found must have become one or the other. Silent unless every search says how many of its
    hits were new.

    Example: 18 new hits, 9 trials and 8 excluded
    Remedy: enter the study that is missing, or its exclusion; mend `new`.
    """
    ledger = snapshot.ledger
    if ledger is None or not ledger.searches:
        return
    new = [search.new for search in ledger.searches]
    if None in new:
        return
    found = sum(count for count in new if count is not None)
    trials = sum(record.entry.kind == "trial" for record in snapshot.records)
    excluded = len(ledger.excluded)
    if found != trials + excluded:
        words = f"{found} new hits, yet {trials} trials and {excluded} excluded"
        for subject in subjects:
            if subject.record.entry.kind == "ledger":
                yield subject, Problem(("searches",), words, at="header")


_ANYBODY = frozenset({"healthy", "mixed"})


@rule("SC003", "warning", "collection")
def included_out_of_scope(subjects: list[Subject], snapshot: Snapshot) -> Iterator[Pair]:
    """Included, although none of its conditions is in the scope of the collection.

    The scope stands in `alscli.toml`; a condition below one of it counts. Healthy volunteers and mixed
    groups are left alone.

    Example: XS228 in spinal cord injury (NCT06976229), in a collection on ALS
    Remedy: enter it in the ledger as `not_als`, or mend its conditions.
    """
    included = [
        subject
        for subject in subjects
        if isinstance(subject.model, Trial) and subject.trial.screening.decision == "include"
    ]
    if not included:
        return
    canonical = _reader(included[0])
    scope = {canonical(text)[0] for text in _scope(included[0].record.entry.path.parent.parent)}
    if not scope:
        return
    for subject in included:
        conditions = subject.trial.conditions
        if conditions and not any((scope | _ANYBODY).intersection(canonical(text)) for text in conditions):
            words = " and ".join(shown(text) for text in conditions)
            yield subject, Problem(("conditions",), f"included, yet {words} is out of scope")


def _reader(subject: Subject) -> Callable[[str], tuple[str, ...]]:
    """What a condition is called in the vocabulary, and the conditions above it."""
    vocabulary = subject.vocabularies["condition"]

    @cache
    def read(text: str) -> tuple[str, ...]:
        term = vocabulary.find(text)
        return (text.casefold(),) if term is None else (term.code, *vocabulary.ancestors(term.code))

    return read


def _scope(root: FilePath) -> list[str]:
    """The conditions that the collection in `root` covers; none where its marker cannot be read."""
    try:
        scope = parse(read_bytes(root / MARKER)).values.get("scope", [])
    except (OSError, TomlError):
        return []
    return [item for item in scope if isinstance(item, str)] if isinstance(scope, list) else []
