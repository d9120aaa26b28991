"""Effects: a result, its p, its sign and the values beside it tell one story, in the direction of benefit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache

from alscli.check.expression import deferred
from alscli.check.finding import Problem
from alscli.check.rule import rule
from alscli.check.rules.enrollment import compared, most_people
from alscli.check.rules.statistics import (
    Span,
    against_interval,
    bounds_of,
    gap,
    level_of,
    number_of,
    printed,
    real,
    says,
    stated_p,
    two_sided_p,
    wrong_estimate,
    wrong_value,
)
from alscli.check.subject import Subject, of_the_last
from alscli.model.effect import DIFFERENCES, RATIOS, against_control, benefit
from alscli.model.path import Path
from alscli.model.trial import Effect, Outcome, Trial, Value
from alscli.model.values import known, listed

_OTHER_ALPHA = deferred(
    r"alpha|α|inferior|equivalen|bayes|hochberg|bonferroni|\bholm\b|multipl|hierarch|gatekeep|interim"
    r"|\b(?:one|1)[-\s_‐‑–]{0,2}(?:sided|tailed)|\blevel|threshold|criteri|水准|非劣|等效|校正|层级|阈值|单侧",
    re.IGNORECASE,
)
"""Methods that test at another α than 0.05, or something else than a difference."""

_NO_WORSE = deferred(r"\bno[nt]?[- ]?inferior|\bequivalence|非劣|等效", re.IGNORECASE)
_TOLD_ALPHA = deferred(
    r"(?:(?<![-a-z])(?:alpha|α)|significance level|水准|显著性水平)(?:[\s=:<≤为]|level|of|is|was|set|at|to)*"
    r"(?!0?\.050*(?!\d)|5(?:\.0+)?\s*%)(?:0?\.\d|\d+(?:\.\d+)?\s*%)|bayes|" + _NO_WORSE.pattern,
    re.IGNORECASE,
)
_TOLD_STRICTER = deferred(
    r"hochberg|bonferroni|\bholm\b|hierarch|gatekeep|o[’']?brien|pocock|boundar|co-?primar|\bboth had to\b"
    r"|after (?:\w+ )?correction|层级|校正后|" + _TOLD_ALPHA.pattern,
    re.IGNORECASE,
)
"""The same in a definition or a note; what is only stricter explains a small p, never a large one."""

_TIMES = frozenset({"time_to_event", "survival_rate"})
SHARES = frozenset({"responder", "category", "survival_rate", "incidence"})

# -- direction --------------------------------------------------------------------------------------


@of_the_last
def _alone(outcome: Outcome) -> dict[str, Value | None]:
    """The value of each arm, where it has but one."""
    found: dict[str, Value | None] = {}
    for value in listed(outcome.values):
        if value.arm is not None:
            found[value.arm] = None if value.arm in found else value
    return found


def _reading(outcome: Outcome, arm: str | None) -> Span | None:
    """The one value of an arm; a count as a share of its n."""
    value = _alone(outcome).get(arm or "")
    quantity = known(value.value) if value is not None else None
    if value is None or quantity is None or quantity.is_bound or wrong_value(value):
        return None
    if known(outcome.stat) != "count":
        return None if _is_no_share(outcome, quantity.number) else printed(quantity.number)
    n = known(value.n)
    return (real(quantity.number) / real(n),) * 2 if n else None


def _is_no_share(outcome: Outcome, percentage: int | Decimal) -> bool:
    """Whether it should be a share of people and cannot be, which EN005 tells."""
    shares = known(outcome.stat) == "percent" and known(outcome.measure) in SHARES
    return shares and not 0 <= percentage <= 100


def _difference(outcome: Outcome, effect: Effect) -> Span | None:
    """Arm minus the arm it is compared with, by their values."""
    one, other = _reading(outcome, effect.arm), _reading(outcome, effect.vs)
    return None if one is None or other is None else (one[0] - other[1], one[1] - other[0])


def _comparable(difference: Span, outcome: Outcome, effect: Effect) -> Span:
    """The difference of two shares in percentage points, where those are nearer in size to the estimate."""
    if known(effect.type) != "rd" or known(outcome.stat) != "count":
        return difference
    size, share = abs(real(number_of(effect.est) or 0)), abs(sum(difference)) / 2
    in_points = abs(100 * share - size) < abs(share - size)
    return (100 * difference[0], 100 * difference[1]) if in_points else difference


def _sign(span: Span, null: float = 0) -> int:
    return (span[0] > null) - (span[1] < null)


def benefits(subject: Subject, outcome: Outcome, effect: Effect) -> bool | None:
    """Whether the effect is in the direction of benefit; None where that is not known or it is no effect.

    The direction is the instrument's, from the vocabulary; that of a responder is upward. None as well
    where OC002 reports the estimate or the arms.
    """
    if wrong_estimate(effect) is not None or effect.arm == effect.vs:
        return None
    instrument = subject.vocabularies["instrument"].terms.get(known(outcome.instrument) or "")
    better = instrument.extra.get("better") if instrument else None
    estimate, kind = number_of(effect.est), known(effect.type)
    if estimate is None or kind is None:
        difference = _difference(outcome, effect)
        sign, kind = (0 if difference is None else _sign(difference)), "md"
    else:
        sign = _sign(printed(estimate), 1 if kind in RATIOS else 0)
    wanted = _benefit(known(outcome.measure), str(better), kind, f"{outcome.definition} {outcome.unit}")
    roles = _roles(subject.trial)
    turned = against_control(roles.get(effect.arm or ""), roles.get(effect.vs or ""))
    return (sign == wanted * turned) if sign and wanted and turned else None


_benefit = lru_cache(maxsize=64)(benefit)


@of_the_last
def _roles(trial: Trial) -> dict[str, str | None]:
    return {arm.id: known(arm.role) for arm in listed(trial.arms)}


# -- rules ------------------------------------------------------------------------------------------


@rule("OC006", "warning", "trial", about=("outcomes[].effects[].p",))
def result_against_p(subject: Subject) -> Iterator[Problem]:
    """Called met or nominal with a p at or above α, or not met or not significant with a p below it.

    α is 0.05, or 1 minus the interval's level where that is stated; an interval of 90 % is no α, so against
    `not_met` and `not_significant` p must be below 0.05 as well. A comparison with baseline or run-in speaks
    against these two only where none is with an arm. `met` passes where one comparison is below α, and
    `not_met` where the difference is not in the direction of benefit. Of several p below α the first is
    reported. Silent where method, definition or note tell of another α or kind of test (non-inferiority, a
    hierarchy), where p disagrees with its own interval (OC003) or is impossible (OC002), and on adverse
    events that are met: there no difference is what was hoped for.

    Example: `result = "met"` with `p = 0.45`
    Remedy: compare with the source; what was not alpha-controlled is `nominal`.
    """
    for o, outcome in enumerate(listed(subject.trial.outcomes)):
        effects = listed(outcome.effects)
        if chance := _met_by_chance(outcome):
            yield Problem(("outcomes", o, "result"), f"{outcome.result}, with {_shown_p(chance)}")
        elif outcome.result in ("not_met", "not_significant"):
            between_arms = any(effect.vs not in Effect.BASELINES for effect in effects)
            below = [
                e
                for e, effect in enumerate(effects)
                if not (between_arms and effect.vs in Effect.BASELINES)
                and _is_below_alpha(outcome, effect)
                and (outcome.result == "not_significant" or benefits(subject, outcome, effect))
            ]
            if below:
                words = " in the direction of benefit" if outcome.result == "not_met" else ""
                shown = _shown_p([effects[e] for e in below])
                path: Path = ("outcomes", o, "effects", below[0], "p")
                yield Problem(path, f"{shown}{words}, yet the result is {outcome.result}")


def _met_by_chance(outcome: Outcome) -> list[Effect]:
    """The effects of a positive result whose every p is above α."""
    if outcome.result not in ("met", "nominal") or known(outcome.instrument) == "adverse-events":
        return []
    stated = [effect for effect in listed(outcome.effects) if known(effect.p) is not None]
    return stated if all(_is_above_alpha(outcome, effect) for effect in stated) else []


def _shown_p(effects: list[Effect]) -> str:
    return " and ".join(f"p {effect.p}" for effect in effects)


def _is_above_alpha(outcome: Outcome, effect: Effect) -> bool:
    """Whether the p alone calls the effect no more than chance."""
    p = stated_p(effect)
    return p is not None and p[0] >= _alpha(effect) and _is_plain(outcome, effect, _TOLD_ALPHA)


def _is_below_alpha(outcome: Outcome, effect: Effect) -> bool:
    """Whether the p alone calls the effect significant, at 0.05 as well as at the interval's level."""
    p = two_sided_p(effect)
    return p is not None and p[1] <= min(0.05, _alpha(effect)) and _is_plain(outcome, effect, _TOLD_STRICTER)


def _is_plain(outcome: Outcome, effect: Effect, words: re.Pattern[str]) -> bool:
    """Whether nothing tells of another α or kind of test, and p fits its own interval."""
    return not (
        _OTHER_ALPHA.search(effect.method or "")
        or _told(outcome, words)
        or against_interval(effect) is not None
    )


def _told(outcome: Outcome, words: re.Pattern[str]) -> bool:
    """Whether definition or note say it."""
    return says(words, f"{outcome.definition or ''}\n{outcome.note or ''}")


def _alpha(effect: Effect) -> float:
    level = level_of(effect)
    return 0.05 if level is None else (100 - level) / 100


@rule("OC007", "error", "trial", about=("outcomes[].effects",))
def met_by_harm(subject: Subject) -> Iterator[Problem]:
    """Called met although every comparison is in the harmful direction.

    The direction of benefit is the instrument's: a higher AALS or ALSAQ-40 is worse. Adverse events, the
    comparison with baseline (in a disease that only declines) and non-inferiority, by method, definition or
    note, are left alone, as is what OC006 finds.

    Example: AALS rising by 7.18 more than on placebo, `met`
    Remedy: compare sign and arms with the source.
    """
    for o, outcome in enumerate(listed(subject.trial.outcomes)):
        if outcome.result != "met" or known(outcome.instrument) == "adverse-events":
            continue
        if _told(outcome, _NO_WORSE) or _met_by_chance(outcome):
            continue
        judged = [
            (benefits(subject, outcome, effect), e)
            for e, effect in enumerate(listed(outcome.effects))
            if effect.vs != "baseline"
            and not _OTHER_ALPHA.search(effect.method or "")
            and _against_values(outcome, effect) is None  # OC008 tells that
        ]
        found = [(good, e) for good, e in judged if good is not None]
        if found and not any(good for good, _ in found):
            key = "est" if listed(outcome.effects)[found[0][1]].est is not None else "vs"
            path: Path = ("outcomes", o, "effects", found[0][1], key)
            yield Problem(path, f"met, yet the effect on {known(outcome.instrument)} is harmful")


@rule("OC008", "warning", "trial", about=("outcomes[].effects[].est",))
def sign_against_values(subject: Subject) -> Iterator[Problem]:
    """An effect of one sign, while the values of the two arms differ the other way.

    An effect is the first arm against the one after `vs`; a hazard ratio runs against survival. A model can
    turn a small difference round, so an adjusted effect, and one whose interval holds the difference of the
    values, are left alone unless they are its mirror image. Shares outside 0 to 100 % are EN005's.

    Example: −5.52 against −5.88 with `est = -0.36`
    Remedy: look for a lost minus sign or for arms that are exchanged.
    """
    for path, outcome, effect in subject.effects:
        if (words := _against_values(outcome, effect)) is not None:
            yield Problem((*path, "est"), words)


def _against_values(outcome: Outcome, effect: Effect) -> str | None:
    """Effect and values side by side, where their signs differ."""
    estimate, kind, measure = number_of(effect.est), known(effect.type) or "", known(outcome.measure)
    if estimate is None or (kind not in RATIOS and kind not in DIFFERENCES):
        return None
    counted = known(outcome.stat) in ("percent", "count")
    if kind == "hr" and (measure not in _TIMES or (measure == "time_to_event" and counted)):
        return None  # what is counted then are the events
    if wrong_estimate(effect) is not None:
        return None
    if kind in ("or", "rr", "rate_ratio") and (not counted or measure == "survival_rate"):
        return None  # the ratio may be one of deaths
    difference = _difference(outcome, effect)
    if difference is None:
        return None
    sign = _sign(printed(estimate), 1 if kind in RATIOS else 0) * (-1 if kind == "hr" else 1)
    if sign * _sign(difference) != -1:
        return None
    if _turned_by_model(effect, _comparable(difference, outcome, effect)):
        return None
    one, other = (_printed_value(outcome, arm) for arm in (effect.arm, effect.vs))
    return f"{effect.arm} {one}, {effect.vs} {other}, yet {kind.upper()} {estimate}"


def _turned_by_model(effect: Effect, difference: Span) -> bool:
    estimate, ci, bounds = number_of(effect.est), known(effect.ci), bounds_of(effect)
    if known(effect.type) in RATIOS:
        return bool(known(effect.adjusted)) and (bounds is None or bounds[0][0] < 0 < bounds[1][1])
    low, high = printed(estimate) if estimate is not None else (0.0, 0.0)
    if gap((-high, -low), difference) <= abs(low + high) / 100:
        return False
    within = ci is not None and ci.high is not None and ci.low <= sum(difference) / 2 <= ci.high
    return within or bool(known(effect.adjusted))


def _printed_value(outcome: Outcome, arm: str | None) -> str:
    value = _alone(outcome).get(arm or "")
    return "" if value is None else str(value.value)


@rule("OC009", "warning", "trial", about=("outcomes[].values",))
def impossible_rank(subject: Subject) -> Iterator[Problem]:
    """A mean CAFS rank below 1 or above the people ranked, or mean ranks that do not average (N + 1) / 2.

    The ranks 1 to N of everybody have the mean (N + 1) / 2, ties or not; shares of the greatest rank, 0 to
    1, are left alone. The average is looked at only where `stat = "mean"` and every arm of the comparison
    has its n; a model's means (`ls_mean`) need not fit.

    Example: 30 people with a mean rank of 35.2 and 30 with 35.8: together 35.5, not 30.5
    Remedy: compare with the source; the ranking may be of other people (`subgroup`).
    """
    for o, outcome in enumerate(listed(subject.trial.outcomes)):
        if known(outcome.instrument) == "CAFS" and known(outcome.measure) == "rank":
            yield from _ranks(subject.trial, outcome, ("outcomes", o))


def _ranks(trial: Trial, outcome: Outcome, path: Path) -> Iterator[Problem]:
    values = listed(outcome.values)
    if all((quantity := known(value.value)) is None or 0 <= quantity.number <= 1 for value in values):
        return  # normalized: shares of the greatest rank
    arms = {value.arm for value in values}
    whole = _compared_arms(trial) in (arms, set()) and len(arms) == len(values) > 1
    people = _ranked(trial, outcome, whole)
    most = most_people(trial) if people is None and known(outcome.population) != "pooled" else people
    for v, value in enumerate(values):
        quantity = known(value.value)
        if quantity is None or wrong_value(value) is not None:
            continue
        least, greatest = printed(quantity.number)
        if greatest < 1 and not quantity.op.startswith(">"):
            yield Problem((*path, "values", v, "value"), f"mean rank {quantity} is below 1")
            return
        if most is not None and least > most and not quantity.op.startswith("<"):
            yield Problem((*path, "values", v, "value"), f"mean rank {quantity} of {most} people")
            return
    if people is None:
        return
    shares = [(known(value.n), None if wrong_value(value) else known(value.value)) for value in values]
    if known(outcome.stat) != "mean" or not whole:
        return
    low = high = 0.0
    for n, quantity in shares:
        if n is None or quantity is None or quantity.is_bound:
            return
        least, greatest = printed(quantity.number)
        share = real(n) / real(people)
        low, high = low + share * least, high + share * greatest
    wanted = (real(people) + 1) / 2
    # 0.01 beyond rounding: imputed ranks are averages that are themselves rounded
    if not low - 0.01 <= wanted <= high + 0.01:
        words = f"the mean ranks average {(low + high) / 2:.1f}, not {wanted:g} for {people} people"
        yield Problem((*path, "values"), words)


@of_the_last
def _compared_arms(trial: Trial) -> frozenset[str | None]:
    return frozenset(arm.id for arm in compared(trial))


@of_the_last
def _compared_people(trial: Trial) -> int | None:
    return _sum([known(arm.n) for arm in compared(trial)])


def _sum(sizes: list[int | None]) -> int | None:
    """All of them together; None where one is not known."""
    return None if None in sizes else sum(n for n in sizes if n is not None) or None


def _ranked(trial: Trial, outcome: Outcome, whole: bool) -> int | None:
    """How many people the ranking is of."""
    sizes = [known(value.n) for value in listed(outcome.values)]
    if whole and None not in sizes:
        return _sum(sizes)
    if outcome.subgroup is not None:
        return known(outcome.subgroup.n) or None
    return _compared_people(trial)
