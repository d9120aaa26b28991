"""References between the parts of a record and between records."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from functools import cache, lru_cache, partial

from alscli.check.expression import deferred
from alscli.check.finding import Problem
from alscli.check.format import shown
from alscli.check.rule import rule
from alscli.check.rules.identity import lacks_registration
from alscli.check.rules.text import mixed
from alscli.check.subject import Subject, named_lists
from alscli.model.format import MODELS, shape_of
from alscli.model.identifiers import RegistryId, parse_registry_id
from alscli.model.ledger import Ledger
from alscli.model.nearness import nearest
from alscli.model.path import Path, quoted, split, unquoted
from alscli.model.provenance import Dispute
from alscli.model.shape import Shape
from alscli.model.trial import ID_PATTERN, Effect, Outcome, Trial
from alscli.model.values import listed


@rule("PV001", "error", "trial", "product", "ledger", once=True)
def source_exists(subject: Subject) -> Iterator[Problem]:
    """A source that is in no `[[refs]]` of the record or the ledger, and is not `registry`.

    A number whose source cannot be found has no source. `registry` is the entry of `registry_id`, so a
    record without one cannot cite it; where a trial does not say why it has none, ID007 asks. What is cited
    at several places is told at the first.

    Example: `src = "cudkowicz22"` where the reference is `cudkowicz2022`
    Remedy: mend the key, or add the reference.
    """
    refs = subject.refs
    registered = getattr(subject.model, "registry_id", None) is not None or lacks_registration(subject)
    if not subject.unresolved and (registered or "registry" not in subject.cites):
        return
    names = frozenset(refs)
    twins = "refs" in subject.twins  # SM006's: the key that is missing may be meant by one of them
    shared = subject.names.shared_refs
    deceptive = [name for name in names if not name.isascii() and mixed("key", name)]  # which TX004 tells
    told: set[str] = set()
    for path, key in subject.cited:
        if key == "registry":
            if not registered:
                registered = True  # once is enough
                yield Problem(path, "registry is the entry of `registry_id`, which is missing")
        elif key not in refs and not twins and shared is not None and key not in shared:
            if nearest(key, deceptive):
                continue
            told.add(key)
            yield _missing("reference", path, key, _near(key, names, told))


def _missing(what: str, path: Path, name: str, near: tuple[str, ...]) -> Problem:
    hint = f"; did you mean {' or '.join(map(shown, near))}?" if near else ""
    return Problem(path, f"no {what} {shown(name)}{hint}", suggestions=near)


def _near(name: str, there: Collection[str], told: Collection[object]) -> tuple[str, ...]:
    """Names that may be meant; of many, to stay fast, only those that begin alike.

    None where very many have been told already: what is wrong then is no slip.
    """
    if len(told) > _MANY:
        return ()
    few = _by_beginning(frozenset(there)).get(name[:_ALIKE], []) if len(there) > _MANY else there
    return tuple(nearest(name, sorted(few)))


_MANY, _ALIKE = 200, 6


@lru_cache(maxsize=16)
def _by_beginning(names: frozenset[str]) -> dict[str, list[str]]:
    """The names by their first letters."""
    found: dict[str, list[str]] = {}
    for name in sorted(names):
        found.setdefault(name[:_ALIKE], []).append(name)
    return found


@rule("XR001", "error", "trial", "product", "ledger", once=True)
def references_resolve(subject: Subject) -> Iterator[Problem]:
    """A product, related study, intervention, arm or disputed field that does not exist.

    `product` and `related` name records of the collection (`related` may name a registry id outside it, and
    never the record itself; `cites` in the ledger any number of a trial); `given` names interventions,
    values, effects and safety lines name arms of the same record; the `field` of a dispute is one of the
    record. What is named at several places is told at the first.

    Example: `arm = "treated"` where the arms are `active` and `placebo`
    Remedy: mend the id; add the product with `alscli add`.
    """
    if isinstance(subject.model, Ledger):
        yield from _unknown_records(subject, subject.model)
        return
    yield from _unknown_fields(subject)
    if subject.record.entry.kind == "trial":
        yield from _unknown_names(subject)


_ID = deferred(ID_PATTERN)
"""What names a record, and no sponsor's number."""


def _unknown_records(subject: Subject, ledger: Ledger) -> Iterator[Problem]:
    there = subject.names.trials | subject.names.products | {study.id for study in listed(ledger.excluded)}
    told: set[object] = set()
    for field, elements in (("claims", ledger.claims), ("excluded", ledger.excluded)):
        for position, element in enumerate(listed(elements)):
            for c, name in enumerate(element.cites):
                if _ID.fullmatch(name) is None or name in there or parse_registry_id(name):
                    continue
                told.add(name)
                near = _near(name, there, told)
                if not any(map(str.isdigit, name)) or any(_letters(name) == _letters(each) for each in near):
                    yield _missing("record", (field, position, "cites", c), name, near)


def _letters(name: str) -> str:
    """What stays of a name without its numbers: in a slip it is the same, in a sponsor's number it is not."""
    return "".join(filter(str.isalpha, name))


def _unknown_fields(subject: Subject) -> Iterator[Problem]:
    """Fields of disputes that the format does not have, or of elements that the record does not have."""
    disputes: list[Dispute] = listed(subject.model.disputes)  # type: ignore[attr-defined]
    if not disputes:
        return
    names_of = cache(partial(_names_of, subject))
    told: set[str] = set()
    for position, dispute in enumerate(disputes):
        unknown = _unknown_part(dispute.field, shape_of(MODELS[subject.record.entry.kind]), names_of)
        if unknown is not None:
            part, there = unknown
            told.add(dispute.field)
            near = [quoted(each) for each in _near(unquoted(part), there, told)]
            fields = tuple(dispute.field.replace(part, each, 1) for each in near)
            yield _missing("field", ("disputes", position, "field"), dispute.field, fields)


def _unknown_part(
    field: str, shape: Shape, names_of: Callable[[str], Collection[str] | None]
) -> tuple[str, Collection[str]] | None:
    """The first part of a field that is neither a key nor the name of an element, and what there is."""
    parts = iter(split(field))
    for part in parts:
        if part not in shape.keys:
            return (part, shape.keys) if shape.keys else None
        shape = shape.keys[part]
        if shape.kind in ("tables", "inline_tables") and (name := next(parts, None)) is not None:
            names = names_of(part)
            if names is not None and unquoted(name) not in names:
                return name, names
    return None


def _names_of(subject: Subject, field: str) -> set[str] | None:
    """The names of the elements of a list; None where they have none, or where something else is told."""
    key = dict(named_lists(subject.record.entry.kind)).get(field)
    if key is None or not subject.record.readable or subject.twins:
        return None
    names = {str(element[key]) for element in subject.values.get(field, ()) if key in element}
    if field == "arms":
        return names | subject.lost_arms
    if field == "interventions":
        return names.union(given.intervention for _, given in subject.given if given.intervention)
    return names


def _unknown_names(subject: Subject) -> Iterator[Problem]:
    """What a trial names beside it or within it."""
    own = subject.record.entry.id
    told: dict[tuple[str, str], tuple[str, ...]] = {}
    for what, path, name, there in _unresolved(subject, subject.trial):
        if (what, name) != ("record", own) and f"{what}s" not in subject.twins:  # SM006's
            if (what, name) not in told:
                told[what, name] = _near(name, there, told)
            yield _missing(what, path, name, told[what, name])
    number = parse_registry_id(subject.trial.registry_id or "") if subject.trial.related else None
    for r, related in enumerate(subject.trial.related):
        if related.id == own or (number is not None and _is_number(related.id, number)):
            yield Problem(("related", r, "id"), f"{shown(related.id)} is this record itself")


def _is_number(text: str, number: RegistryId) -> bool:
    parsed = parse_registry_id(text)
    return parsed is not None and parsed.key == number.key


Unresolved = tuple[str, Path, str, Collection[str]]


def _unresolved(subject: Subject, trial: Trial) -> Iterator[Unresolved]:
    """What names something that is not there: kind of thing, path, name, and the names that there are."""
    products, trials = subject.names.products, subject.names.trials
    interventions = frozenset([intervention.id for intervention in listed(trial.interventions)])
    arms = frozenset([arm.id for arm in listed(trial.arms)])
    for i, intervention in enumerate(listed(trial.interventions)):
        if (product := intervention.product) is not None and product not in products:
            yield "product", ("interventions", i, "product"), product, products
    for r, related in enumerate(trial.related):
        if related.id not in trials and not parse_registry_id(related.id):
            yield "record", ("related", r, "id"), related.id, trials
    for path, given in subject.given:
        if (named := given.intervention) is not None and named not in interventions:
            yield "intervention", (*path, "intervention"), named, interventions
    for o, outcome in enumerate(listed(trial.outcomes)):
        if outcome.values is not None or outcome.effects is not None:
            yield from _unresolved_arms(outcome, ("outcomes", o), arms)
    for s, safety in enumerate(listed(trial.safety)):
        if (arm := safety.arm) is not None and arm not in arms:
            yield "arm", ("safety", s, "arm"), arm, arms


def _unresolved_arms(outcome: Outcome, path: Path, arms: frozenset[str]) -> Iterator[Unresolved]:
    for v, value in enumerate(listed(outcome.values)):
        if value.arm is not None and value.arm not in arms:
            yield "arm", (*path, "values", v, "arm"), value.arm, arms
    for e, effect in enumerate(listed(outcome.effects)):
        if effect.arm is not None and effect.arm not in arms:
            yield "arm", (*path, "effects", e, "arm"), effect.arm, arms
        if (vs := effect.vs) is not None and vs not in arms and vs not in Effect.BASELINES:
            yield "arm", (*path, "effects", e, "vs"), vs, _with_baselines(arms)


@lru_cache(maxsize=16)
def _with_baselines(arms: frozenset[str]) -> frozenset[str]:
    return arms | Effect.BASELINES
