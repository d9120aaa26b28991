"""A record under examination, as the rules see it: its values, and what several rules look at, found once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, Generic, TypeVar

from alscli.check.citation import cited, cites
from alscli.model.evidence import has_counts
from alscli.model.field import Table
from alscli.model.format import MODELS, FileKind, shape_of
from alscli.model.intervention import Therapy, therapy_of
from alscli.model.path import Path
from alscli.model.product import Product
from alscli.model.provenance import Dated, Ref
from alscli.model.trial import Counted, Dates, Effect, Given, Intervention, Outcome, Safety, Trial
from alscli.model.values import known, listed
from alscli.model.vocabulary import Vocabularies
from alscli.store.collection import Record, Snapshot

S = TypeVar("S")
T = TypeVar("T")

_DATES = tuple(Dates.model_fields)
_DENOMINATORS = ("planned", "screened", "enrolled", "randomized", "treated", "completed", "analyzed")


class kept(Generic[T]):  # noqa: N801 - used like `property`
    """As `functools.cached_property`, without the lock that takes a microsecond each time in Python 3.11."""

    def __init__(self, make: Callable[[Any], T]) -> None:
        self._make = make
        self.__doc__ = make.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, whole: object, owner: type) -> T:
        found = vars(whole)[self._name] = self._make(whole)
        return found


class view(kept[Iterable[T]]):  # noqa: N801 - used like `property`
    """What several rules go through: made once, unless the record is broken.

    Of a broken record each rule goes through it anew, as far as can be read, and ends where that ends.
    """

    def __get__(self, subject: Any, owner: type) -> Iterable[T]:
        if not subject.record.readable:
            return self._make(subject)
        found = vars(subject)[self._name] = list(self._make(subject))
        return found


def of_the_last(make: Callable[[S], T]) -> Callable[[S], T]:
    """`make`, which keeps what it made of the last trial or outcome, for all the values and effects in it."""
    last: tuple[S, T] | None = None

    def made(whole: S) -> T:
        nonlocal last
        kept = last
        if kept is None or kept[0] is not whole:
            kept = last = (whole, make(whole))
        return kept[1]

    return made


@dataclass(frozen=True, slots=True)
class Names:
    """What records may cite by name, as far as the files tell, even where a file is broken.

    Trials and products go by their id and by the name of their file. `shared_refs` are the keys of the
    ledger's references; None where the ledger cannot be read that far.
    """

    trials: frozenset[str]
    products: frozenset[str]
    shared_refs: frozenset[str] | None


@dataclass(frozen=True)
class Subject:
    """A record under examination, and what surrounds it.

    `record` holds the document with its raw values; `snapshot` every other record, `names` what can be
    cited of them; `as_of` is the day that counts as today; `broken` are the paths that the schema refuses.
    """

    record: Record
    model: Table
    snapshot: Snapshot
    names: Names
    vocabularies: Vocabularies
    as_of: date
    broken: frozenset[Path] = frozenset()

    @kept
    def trial(self) -> Trial:
        """The record as a trial."""
        return self.model  # type: ignore[return-value]

    @kept
    def product(self) -> Product:
        """The record as a product."""
        return self.model  # type: ignore[return-value]

    @kept
    def values(self) -> dict[str, Any]:
        """The parsed file."""
        return self.record.document.values if self.record.document else {}

    @kept
    def cited(self) -> list[tuple[Path, str]]:
        """Every citation in the file: the path of the key of a reference, and the key."""
        return cited(self.record.entry.kind, self.values)

    @kept
    def cites(self) -> frozenset[str]:
        """The keys that the file cites."""
        return cites(self.record.entry.kind, self.values)

    @kept
    def unresolved(self) -> frozenset[str]:
        """The keys that the file cites and that are no reference's, `registry` apart."""
        return self.cites - self.refs.keys() - {"registry"}

    @kept
    def refs(self) -> dict[str, Ref]:
        """References that the record can cite, by key: the ledger's and its own."""
        own: Iterable[Ref] = getattr(self.model, "refs", ())
        return self.snapshot.shared_refs | {ref.key: ref for ref in own}

    @kept
    def twins(self) -> frozenset[str]:
        """The lists in which two elements have one id or key, which is SM006's finding."""
        found: list[str] = []
        for field, key in named_lists(self.record.entry.kind):
            elements = self.values.get(field)
            if elements.__class__ is list and len(elements) > 1:
                names = [str(element.get(key)) for element in elements if element.__class__ is dict]
                if len(set(names)) < len(names):
                    found.append(field)
        return frozenset(found)

    @kept
    def told_already(self) -> frozenset[Path]:
        """What the schema refuses, and elements that say the same as the first of their name (SM006)."""
        copies: list[Path] = []
        for field, key in named_lists(self.record.entry.kind) if self.twins else ():
            first: dict[str, Any] = {}
            for position, element in enumerate(self.values[field] if field in self.twins else ()):
                if element.__class__ is dict and key in element:
                    earlier = first.setdefault(str(element[key]), element)
                    if earlier is not element and earlier == element:
                        copies.append((field, position))
        return self.broken.union(copies)

    @kept
    def lost_arms(self) -> frozenset[str]:
        """The arms that results and harms name and that are not there, which is XR001's finding."""
        named: set[str | None] = {safety.arm for safety in listed(self.trial.safety)}
        for outcome in listed(self.trial.outcomes):
            named.update(value.arm for value in listed(outcome.values))
            for effect in listed(outcome.effects):
                named.update((effect.arm, effect.vs))
        arms = {arm.id for arm in listed(self.trial.arms)}
        return frozenset(filter(None, named)) - arms - Effect.BASELINES

    @kept
    def stages(self) -> dict[str, Dated]:
        """The dates of a trial that are known, by name."""
        dates = known(self.trial.dates)
        if dates is None:
            return {}
        return {name: stage for name in _DATES if (stage := known(getattr(dates, name))) is not None}

    @view
    def notes(self) -> Iterator[tuple[Path, str]]:
        """What the curator wrote in words: notes of the record and its outcomes, statements on safety."""
        note = getattr(self.model, "note", None)
        if note is not None:
            yield ("note",), note
        if self.record.entry.kind != "trial":
            return
        eligibility = known(self.trial.eligibility)
        if eligibility is not None and eligibility.note is not None:
            yield ("eligibility", "note"), eligibility.note
        for o, outcome in enumerate(listed(self.trial.outcomes)):
            if outcome.note is not None:
                yield ("outcomes", o, "note"), outcome.note
        for s, safety in enumerate(listed(self.trial.safety)):
            if safety.statement is not None:
                yield ("safety", s, "statement"), safety.statement

    def notes_with(self, stems: Iterable[str]) -> Iterable[tuple[Path, str]]:
        """The notes that hold one of these texts, in lower case; of a broken record all that can be read."""
        if not self.record.readable:
            return self.notes
        words = self._words
        there = [stem for stem in stems if stem in words]
        if not there:
            return ()
        return [note for note in self.notes if any(stem in note[1].lower() for stem in there)]

    @kept
    def _words(self) -> str:
        return "\n".join(text for _, text in self.notes).lower()

    @view
    def therapies(self) -> Iterator[tuple[Path, Intervention | Product, Therapy | Product]]:
        """What the record says of its therapies: the path, its own statement, and that with the product's."""
        if self.record.entry.kind == "product":
            yield (), self.product, self.product
            return
        for i, intervention in enumerate(listed(self.trial.interventions)):
            yield ("interventions", i), intervention, therapy_of(intervention, self.snapshot.products)

    @view
    def given(self) -> Iterator[tuple[Path, Given]]:
        """What the arms of a trial are given, line by line."""
        for a, arm in enumerate(listed(self.trial.arms)):
            for g, given in enumerate(listed(arm.given)):
                yield ("arms", a, "given", g), given

    @view
    def effects(self) -> Iterator[tuple[Path, Outcome, Effect]]:
        """Every effect of a trial with its path and its outcome."""
        for o, outcome in enumerate(listed(self.trial.outcomes)):
            for e, effect in enumerate(listed(outcome.effects)):
                yield ("outcomes", o, "effects", e), outcome, effect

    @view
    def numbers(self) -> Iterator[tuple[Path, Outcome | Safety | Counted]]:
        """The lines of a trial with numbers: results, harms, and denominators with a source of their own."""
        enrollment = known(self.trial.enrollment)
        if enrollment is not None:
            for name in _DENOMINATORS:
                count: Counted | None = known(getattr(enrollment, name))
                if count is not None and count.src is not None:
                    yield ("enrollment", name), count
        for o, outcome in enumerate(listed(self.trial.outcomes)):
            if _has_number(outcome):
                yield ("outcomes", o), outcome
        for s, safety in enumerate(listed(self.trial.safety)):
            if has_counts(safety):
                yield ("safety", s), safety


@cache
def named_lists(kind: FileKind) -> list[tuple[str, str]]:
    """The lists whose elements have names, all at the top level, and the key of the name."""
    keys = shape_of(MODELS[kind]).keys.items()
    return [(key, each.identity[0]) for key, each in keys if each.identity in (("id",), ("key",))]


def _has_number(outcome: Outcome) -> bool:
    return any(known(value.value) is not None for value in listed(outcome.values)) or any(
        known(number) is not None
        for effect in listed(outcome.effects)
        for number in (effect.est, effect.ci, effect.p)
    )
