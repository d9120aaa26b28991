"""Repeats: one result twice, or two results where one should be."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from alscli.check.finding import Problem
from alscli.check.rule import rule
from alscli.check.rules.effects import SHARES
from alscli.check.rules.enrollment import compared
from alscli.check.subject import Subject, of_the_last
from alscli.model.trial import Effect, Outcome, Trial, Value
from alscli.model.values import known, listed

Place = tuple[str | None, tuple[object, ...]]
"""What tells the values of an outcome apart: the arm, and label and time."""


@rule("OC020", "warning", "trial", about=("outcomes[].values", "outcomes[].effects"))
def result_twice(subject: Subject) -> Iterator[Problem]:
    """One result twice, or two values of one arm that nothing tells apart.

    Values are told apart by arm, time and `label`. Of several people (by their n, or by a spread beside
    them) the same value again is a copy, and another number with the same n and kinds of spread contradicts
    the first. Any two are reported where another arm of the comparison has none at that time: `arm` was
    copied. Single patients pass, and numbers that a dispute is about or that EN004 or EN006 judges. Of
    effects, every key must agree; without an estimate they may be of different times or labels.

    Example: `{ arm = "active", value = 35 }`, `{ arm = "active", value = 16 }`, and no value of the placebo
    Remedy: compare arms and times with the source, and remove a copy; a `label` tells categories apart, and
    mean from median.
    """
    for o, outcome in enumerate(listed(subject.trial.outcomes)):
        for v, words, lacking in _values_twice(subject.trial, outcome):
            help_ = f"{lacking} has none" if lacking else ""
            yield Problem(("outcomes", o, "values", v), words, help=help_)
        several = len({_place(outcome, value) for value in listed(outcome.values)}) > 1
        seen: set[tuple[object, ...]] = set()
        for e, effect in enumerate(listed(outcome.effects)):
            content = tuple(getattr(effect, key) for key in _KEYS_OF_EFFECTS)
            if content in seen and (known(effect.est) is not None or not several):
                yield Problem(("outcomes", o, "effects", e), "this effect stands twice")
            seen.add(content)


_KEYS_OF_EFFECTS = tuple(Effect.model_fields)
_SPREADS = ("sd", "se", "ci", "iqr", "range")


def _is_disputed(trial: Trial, outcome: Outcome) -> bool:
    """Whether sources are known to disagree on the outcome or on its values."""
    whole = f"outcomes.{outcome.id}"
    return any(d.field == whole or d.field.startswith(f"{whole}.values") for d in trial.disputes)


def _values_twice(trial: Trial, outcome: Outcome) -> Iterator[tuple[int, str, str]]:
    """Of each place the first value too many: its position, what is wrong, and the arm that has none."""
    groups: dict[Place, list[tuple[int, Value]]] = defaultdict(list)
    for v, value in enumerate(listed(outcome.values)):
        groups[value.arm, _place(outcome, value)].append((v, value))
    if len(groups) == len(listed(outcome.values)):
        return
    for (arm, place), group in groups.items():
        nobodys = arm is None and len(listed(trial.arms)) > 1
        if len(group) < 2 or nobodys or any(_is_judged(trial, outcome, value) for _, value in group):
            continue
        filled = {other for other, its in groups if its == place}
        lacking = _lacking(trial, outcome, [value for _, value in group], filled)
        for v, one, other in [(group[1][0], group[0][1], group[1][1])] if lacking else _alike(trial, group):
            words = _twice(one, other)
            if words is not None and (_content(one) == _content(other) or not _is_disputed(trial, outcome)):
                yield v, words, lacking
                break


def _place(outcome: Outcome, value: Value) -> tuple[object, ...]:
    at = value.at or known(outcome.at)
    return (value.label, at.start, at.end) if at is not None else (value.label,)


def _is_judged(trial: Trial, outcome: Outcome, value: Value) -> bool:
    """Whether EN004 holds the n against its arm and finds it too large, or EN006 adds the counts up."""
    n, size = known(value.n), _sizes(trial).get(value.arm)
    adds_up = known(outcome.measure) == "category" and known(outcome.stat) == "count"
    return n is not None and (adds_up or (size is not None and n > size))


@of_the_last
def _sizes(trial: Trial) -> dict[str | None, int | None]:
    return {arm.id: known(arm.n) for arm in listed(trial.arms)}


def _lacking(trial: Trial, outcome: Outcome, values: list[Value], filled: set[str | None]) -> str:
    """The arm that one of two values may belong to: it has none; empty where no such arm is known."""
    if len(values) != 2 or values[0].arm is None:
        return ""
    sizes, own = {known(value.n) for value in values}, _sizes(trial).get(values[0].arm)
    others = {arm for effect in listed(outcome.effects) for arm in (effect.arm, effect.vs)}
    if 1 in sizes:
        return ""
    if len(sizes) > 1:
        others |= {arm for arm, n in _sizes(trial).items() if n is not None and n != own and n in sizes}
    elif _is_of_people(outcome) or all(_is_of_several(trial, value) for value in values):
        others |= {arm.id for arm in compared(trial)}
    empty = [arm for arm in others - filled if arm is not None and arm in _sizes(trial)]
    return min(empty, default="")


def _is_of_people(outcome: Outcome) -> bool:
    """Whether the statistic is one of a group; a percentage may be one patient's vital capacity."""
    stat = known(outcome.stat)
    return stat is not None and (stat != "percent" or known(outcome.measure) in SHARES)


def _is_of_several(trial: Trial, value: Value) -> bool:
    n = known(value.n)
    if n is None:
        measured_again = trial.design in ("case_report", "case_series")
        return not measured_again and any(known(getattr(value, key)) is not None for key in _SPREADS)
    return n > 1


def _alike(trial: Trial, group: list[tuple[int, Value]]) -> Iterator[tuple[int, Value, Value]]:
    """Values of several people with the first of the same n and kinds of spread, and their positions."""
    first: dict[tuple[object, ...], Value] = {}
    for v, value in group:
        if _is_of_several(trial, value):
            kinds = (known(getattr(value, key)) is not None for key in _SPREADS)
            earlier = first.setdefault((known(value.n), *kinds), value)
            if earlier is not value:
                yield v, earlier, value


def _twice(one: Value, other: Value) -> str | None:
    """What is wrong with two values of which one should be; None where one of them is not known."""
    first, second = known(one.value), known(other.value)
    if _content(one) == _content(other):
        return f"{_named(other)} stands twice"
    if first is None or second is None or first == second:
        return None
    return f"{_named(other)} beside {first}, and nothing tells them apart"


def _content(value: Value) -> tuple[object, ...]:
    return tuple(getattr(value, key) for key in ("n", "value", *_SPREADS))


def _named(value: Value) -> str:
    shown = "a value" if known(value.value) is None else str(value.value)
    return f"{value.arm}: {shown}" if value.arm else shown
