"""References between the parts of a record and between records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from alscli.check.finding import Problem
from alscli.check.format import shown
from alscli.check.rule import Subject, rule
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
    refs = set(subject.refs)
    if isinstance(subject.values.get("registry_id"), str):
        refs.add("registry")
    for path, key in cited(subject.values):
        if key not in refs:
            near = tuple(nearest(key, refs))
            hint = f"; did you mean {' or '.join(near)}?" if near else ""
            reason = (
                "registry needs a `registry_id`" if key == "registry" else f"no reference {shown(key)}{hint}"
            )
            yield Problem(path, reason, suggestions=near)


_CITING = {(("verified",), "against"), (("refs",), "notice"), (("excluded",), "refs"), (("claims",), "refs")}


def cited(values: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Every citation of a parsed file: the path of the key of a reference, and the key."""
    if isinstance(values, Mapping):
        for key, value in values.items():
            here = (*path, key)
            if (
                key == "src"
                or (key == "against" and path == ("verified",))
                or (key == "notice" and path[:1] == ("refs",))
            ) or (key == "refs" and path[:1] in (("excluded",), ("claims",))):
                yield from _keys(value, here)
            else:
                yield from cited(value, here)
    elif isinstance(values, list):
        for position, value in enumerate(values):
            yield from cited(value, (*path, position))


def _keys(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, list):
        for position, item in enumerate(value):
            if isinstance(item, str):
                yield (*path, position), item


@rule("XR001", "error", "trial")
def references_resolve(subject: Subject) -> Iterator[Problem]:
    """A product, related study, intervention or arm that does not exist.

    `product` and `related` name records of the collection (`related` may name a registry id outside it);
    `given` names interventions, values, effects and safety lines name arms of the same record.

    Example: `arm = "treated"` where the arms are `active` and `placebo`
    Remedy: mend the id; add the product with `alscli add`.
    """
    snapshot = subject.snapshot
    unread = {record.entry.id for record in snapshot.unreadable}
    for what, path, name, there in _references(subject.trial, set(snapshot.products), set(snapshot.trials)):
        outside = what == "record" and parse_registry_id(name) is not None
        if name not in there and not outside and not (name in unread and what in ("product", "record")):
            near = tuple(nearest(name, there))
            hint = f"; did you mean {' or '.join(near)}?" if near else ""
            yield Problem(path, f"no {what} {shown(name)}{hint}", suggestions=near)


Reference = tuple[str, Path, str, set[str]]


def _references(trial: Trial, products: set[str], trials: set[str]) -> Iterator[Reference]:
    """What names something else: kind of thing, path, name, and the names that there are."""
    interventions = {i.id for i in listed(trial.interventions)}
    arms = {arm.id for arm in listed(trial.arms)}
    for i, intervention in enumerate(listed(trial.interventions)):
        if intervention.product is not None:
            yield "product", ("interventions", i, "product"), intervention.product, products
    for r, related in enumerate(trial.related):
        yield "record", ("related", r, "id"), related.id, trials
    for a, arm in enumerate(listed(trial.arms)):
        for g, given in enumerate(listed(arm.given)):
            if given.intervention is not None:
                yield (
                    "intervention",
                    ("arms", a, "given", g, "intervention"),
                    given.intervention,
                    interventions,
                )
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
