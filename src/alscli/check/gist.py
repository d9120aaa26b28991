"""The gist of a record: what the rules across records need of it, and no more.

Small enough to be kept for a hundred thousand records, plain enough to be written to an index, and made
with all the parsing and normalizing done, so that comparing records is comparing texts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from alscli.check.subject import Subject
from alscli.model.identifiers import parse_registry_id
from alscli.model.ledger import Ledger
from alscli.model.product import Product
from alscli.model.trial import Trial
from alscli.model.values import known, listed
from alscli.model.vocabulary import Vocabulary, normalize

Texts = tuple[str, ...]


class Gist(NamedTuple):
    """What the rules across records need of one.

    `file` is the name of its file without the suffix, `id` what it says itself. Of a trial: `number` is its
    registry id, `key` the form in which two spellings of one number are equal, `secondary` the position,
    text and key of each secondary id, `related` what it names as related; `kin` is equal for trials of one
    product, sponsor and phase, which started between the days `first` and `last` (ordinals) with `size`
    people; `conditions` are terms with what stands above them. Of a product: `names` are normalized, with
    the path of each, and so is `note`. `cites` are the keys of references that it cites or names in
    `found_in`, `unresolved` those of them that are no reference's.
    """

    path: str
    kind: str
    file: str
    id: str
    number: str = ""
    key: str = ""
    versioned: bool = False
    secondary: tuple[tuple[int, str, str], ...] = ()
    related: Texts = ()
    kin: Texts = ()
    first: int = 0
    last: int = 0
    size: int = 0
    included: bool = False
    conditions: tuple[Texts, ...] = ()
    names: tuple[tuple[str, str, int], ...] = ()
    modality: str = ""
    note: str = ""
    refs: Texts = ()
    cites: Texts = ()
    unresolved: Texts = ()
    excluded: int = 0
    new_hits: int | None = None

    def is_related_to(self, other: Gist) -> bool:
        """Whether one of the two names the other as related, by id or registry id."""
        return not self._answers_to().isdisjoint(other.related) or not other._answers_to().isdisjoint(
            self.related
        )

    def _answers_to(self) -> set[str]:
        return {self.id, self.number, *(text for _, text, _ in self.secondary)} - {""}

    def shares_a_number_with(self, other: Gist) -> bool:
        """Whether the registry id of one of the two stands in the other."""
        return bool(self.key and self.key in other._keys()) or bool(other.key and other.key in self._keys())

    def _keys(self) -> set[str]:
        return {self.key, *(key for _, _, key in self.secondary)}

    def as_list(self) -> list[Any]:
        """The gist as plain values, for an index: without `path`, `kind` and `file`, which a file tells."""
        return list(self[3:])

    @classmethod
    def from_list(cls, path: str, kind: str, file: str, values: list[Any]) -> Gist:
        """The gist that `as_list` gave, after JSON."""
        id_, number, key, versioned, secondary, related, kin, first, last, size, included, *rest = values
        conditions, names, modality, note, refs, cites, unresolved, excluded, new_hits = rest
        return cls(
            path,
            kind,
            file,
            id_,
            number,
            key,
            versioned,
            tuple(map(tuple, secondary)),
            tuple(related),
            tuple(kin),
            first,
            last,
            size,
            included,
            tuple(map(tuple, conditions)),
            tuple(map(tuple, names)),
            modality,
            note,
            tuple(refs),
            tuple(cites),
            tuple(unresolved),
            excluded,
            new_hits,
        )


def gist_of(subject: Subject) -> Gist:
    """The gist of a readable record."""
    record, model, conditions = subject.record, subject.model, subject.vocabularies["condition"]
    cites = set(subject.cites)
    stated: dict[str, Any] = {
        "path": str(record.entry.path),
        "kind": record.entry.kind,
        "file": record.entry.id,
    }
    match model:
        case Trial():
            cites.update(model.screening.found_in)
            stated |= {"id": model.id, **_of_trial(model, conditions)}
        case Product():
            stated |= {"id": model.id, **_of_product(model)}
        case Ledger():
            cites.update(*(e.found_in for e in model.excluded), *(c.found_in for c in model.claims))
            stated |= {"id": record.entry.id, **_of_ledger(model)}
        case _:
            raise TypeError(f"no record: {model!r}")
    return Gist(**stated, cites=tuple(sorted(cites)), unresolved=tuple(sorted(subject.unresolved)))


def _of_trial(trial: Trial, conditions: Vocabulary) -> Mapping[str, Any]:
    number = parse_registry_id(trial.registry_id) if trial.registry_id else None
    secondary = [
        (position, text, parsed.key if (parsed := parse_registry_id(text)) else "")
        for position, text in enumerate(listed(trial.secondary_ids))
    ]
    return {
        "number": number.value if number else "",
        "key": number.key if number else "",
        "versioned": bool(number and number.registry.code == "ctis"),
        "secondary": tuple(secondary),
        "related": tuple(related.id for related in trial.related),
        "included": trial.screening.decision == "include",
        "conditions": tuple(_named(text, conditions) for text in trial.conditions),
        **_look(trial),
    }


def _named(text: str, conditions: Vocabulary) -> Texts:
    term = conditions.find(text)
    return (text.casefold(),) if term is None else (term.code, *conditions.ancestors(term.code))


def _look(trial: Trial) -> Mapping[str, Any]:
    """What makes two trials look alike; nothing where a part of it is missing."""
    products = {i.product or normalize(i.name or "") for i in listed(trial.interventions)} - {""}
    dates, sponsor, size = known(trial.dates), known(trial.sponsor), _size(trial)
    start = known(dates.start) if dates is not None else None
    if not products or sponsor is None or start is None or not size:
        return {}
    return {
        "kin": (*sorted(products), normalize(sponsor.name), trial.phase),
        "first": start.on.earliest.toordinal(),
        "last": start.on.latest.toordinal(),
        "size": size,
    }


def _size(trial: Trial) -> int | None:
    """The most exact number of participants that the record has."""
    enrollment = known(trial.enrollment)
    if enrollment is None:
        return None
    for count in (enrollment.randomized, enrollment.enrolled, enrollment.treated, enrollment.planned):
        if (people := known(count)) is not None:
            return people.n
    return None


def _of_product(product: Product) -> Mapping[str, Any]:
    names: dict[str, tuple[str, int]] = {}
    for position, alias in enumerate(product.aliases):
        names.setdefault(normalize(alias), ("aliases", position))
    names.setdefault(normalize(product.name), ("name", -1))
    if product.name_zh:
        names.setdefault(normalize(product.name_zh), ("name_zh", -1))
    return {
        "names": tuple((name, key, position) for name, (key, position) in names.items()),
        "modality": product.modality,
        "note": normalize(product.note or ""),
    }


def _of_ledger(ledger: Ledger) -> Mapping[str, Any]:
    new = [search.new for search in ledger.searches]
    known_new = [count for count in new if count is not None]
    return {
        "refs": tuple(ref.key for ref in ledger.refs),
        "excluded": len(ledger.excluded),
        "new_hits": sum(known_new) if new and len(known_new) == len(new) else None,
    }
