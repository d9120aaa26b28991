"""References between the parts of a record and between records."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import lru_cache

from alscli.check.finding import Problem
from alscli.check.format import shown
from alscli.check.rule import Names, Subject, rule
from alscli.model.identifiers import parse_registry_id
from alscli.model.nearness import nearest
from alscli.model.path import Path
from alscli.model.trial import Effect, Outcome, Trial
from alscli.model.values import listed


@rule("PV001", "error", "trial", "product", "ledger")
def source_exists(subject: Subject) -> Iterator[Problem]:
    """A source that is in no `[[refs]]` of the record or the ledger, and is not `registry`.

    A number whose source cannot be found has no source. `registry` is the entry of `registry_id`, so a
    record without one cannot cite it.

    Example: `src = "cudkowicz22"` where the reference is `cudkowicz2022`
    Remedy: mend the key, or add the reference.
    """
    refs = subject.refs
    shared = subject.names.shared_refs
    for path, key in subject.cited:
        if key == "registry":
            if getattr(subject.model, "registry_id", None) is None:
                yield Problem(path, "registry is the entry of `registry_id`, which is missing")
        elif key not in refs and shared is not None and key not in shared:
            near = _near(key, refs)
            yield Problem(path, f"no reference {shown(key)}{_hint(near)}", suggestions=near)


def _near(name: str, there: Collection[str]) -> tuple[str, ...]:
    """Names that may be meant; of thousands, to stay fast, only those that begin alike."""
    few = _beginning(name[:6], frozenset(there)) if len(there) > 500 else there
    return tuple(nearest(name, few))


@lru_cache(maxsize=1000)
def _beginning(start: str, names: frozenset[str]) -> list[str]:
    return [name for name in names if name.startswith(start)]


def _hint(near: tuple[str, ...]) -> str:
    return f"; did you mean {' or '.join(map(shown, near))}?" if near else ""


@rule("XR001", "error", "trial")
def references_resolve(subject: Subject) -> Iterator[Problem]:
    """A product, related study, intervention or arm that does not exist.

    `product` and `related` name records of the collection (`related` may name a registry id outside it);
    `given` names interventions, values, effects and safety lines name arms of the same record.

    Example: `arm = "treated"` where the arms are `active` and `placebo`
    Remedy: mend the id; add the product with `alscli add`.
    """
    for what, path, name, there in _references(subject.trial, subject.names):
        if what == "record" and name == subject.record.entry.id:
            yield Problem(path, f"{shown(name)} is this record itself")
        elif name not in there and not (what == "record" and parse_registry_id(name)):
            near = _near(name, there)
            yield Problem(path, f"no {what} {shown(name)}{_hint(near)}", suggestions=near)


Reference = tuple[str, Path, str, Collection[str]]


def _references(trial: Trial, names: Names) -> Iterator[Reference]:
    """What names something else: kind of thing, path, name, and the names that there are."""
    interventions = {intervention.id for intervention in listed(trial.interventions)}
    arms = {arm.id for arm in listed(trial.arms)}
    for i, intervention in enumerate(listed(trial.interventions)):
        if intervention.product is not None:
            yield "product", ("interventions", i, "product"), intervention.product, names.products
    for r, related in enumerate(trial.related):
        yield "record", ("related", r, "id"), related.id, names.trials
    for a, arm in enumerate(listed(trial.arms)):
        for g, given in enumerate(listed(arm.given)):
            if given.intervention is not None:
                path: Path = ("arms", a, "given", g, "intervention")
                yield "intervention", path, given.intervention, interventions
    for o, outcome in enumerate(listed(trial.outcomes)):
        yield from _arms_of(outcome, ("outcomes", o), arms)
    for s, safety in enumerate(listed(trial.safety)):
        if safety.arm is not None:
            yield "arm", ("safety", s, "arm"), safety.arm, arms


def _arms_of(outcome: Outcome, path: Path, arms: set[str]) -> Iterator[Reference]:
    for v, value in enumerate(listed(outcome.values)):
        if value.arm is not None:
            yield "arm", (*path, "values", v, "arm"), value.arm, arms
    for e, effect in enumerate(listed(outcome.effects)):
        if effect.arm is not None:
            yield "arm", (*path, "effects", e, "arm"), effect.arm, arms
        if effect.vs is not None:
            yield "arm", (*path, "effects", e, "vs"), effect.vs, arms | Effect.BASELINES
