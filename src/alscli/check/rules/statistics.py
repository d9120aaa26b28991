"""Statistics: what is printed about one result must be possible, and its parts must fit each other.

Printed digits are rounded, so a number stands for everything within half a unit of its last place, and a
rule speaks only where nothing in there would fit.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache

from alscli.check.expression import deferred
from alscli.check.finding import Problem
from alscli.check.rule import rule
from alscli.check.rules.outcomes import off_scale
from alscli.check.subject import Subject, of_the_last
from alscli.model.effect import DIFFERENCES, OTHER_TEST, RATIOS, quantile, two_tails
from alscli.model.path import Path
from alscli.model.trial import Effect, Outcome, Trial, Value
from alscli.model.values import Absence, Quantity, Range, known, listed

Span = tuple[float, float]
"""A least and a greatest possible value."""

_ONE_SIDED = deferred(r"\b(?:one|1)[-\s_‐‑–]{0,2}(?:sided|tailed)|[单單][侧側尾]", re.IGNORECASE)
_ONE_SIDED_TEST = deferred(
    r"\b(?:one|1)[-\s_‐‑–]{0,2}tailed|[单單]尾"
    r"|(?:\b(?:one|1)[-\s_‐‑–]{0,2}sided|[单單][侧側])\s*(?:$|[^\w\s]|[\dαχ]"
    r"|[ptz](?![a-z])|alpha|analys|ancova|anova|chi|compar|exact|fisher|hypothes|level|log|mann|mixed|model|paired"
    r"|permut|regress|signific|student|test|wilcoxon|(?:and|as|at|because|but|by|for|here|in|or|to|with)\b"
    r"|[检檢]|[显顯]著|[备備]择|假设|假設|水[准平準]|[统統])",
    re.IGNORECASE,
)
"""In a definition or a note, where an onset, a limb or an injection can be one-sided too."""

_TWO_SIDED = deferred(r"\b(?:two|2)[-\s_‐‑–]{0,2}(?:sided|tailed)|双[侧尾]|雙[側尾]", re.IGNORECASE)
_SMALLEST_P = 0.001
"""Below it, two p-values are not compared: the tails of models differ more than that."""
_UNKNOWN_FREEDOM = 10


@lru_cache(maxsize=64)
def says(words: re.Pattern[str], text: str) -> bool:
    """Whether the words stand in a text, which is often that of many effects."""
    return words.search(text) is not None


# -- printed numbers --------------------------------------------------------------------------------


def real(number: int | Decimal) -> float:
    """The nearest float; infinite where none is near, while `float` of an integer would raise."""
    return float(Decimal(number))


def printed(number: int | Decimal) -> Span:
    """What a printed number can stand for: half a unit of its last place either side."""
    exponent = number.as_tuple().exponent if isinstance(number, Decimal) else 0
    half = float(f"5e{exponent - 1}") if isinstance(exponent, int) else 0.0
    value = real(number)
    return value - half, value + half


def number_of(number: int | Decimal | Absence | None) -> int | Decimal | None:
    """The number, or None where it is absent; `known` would lose the type of a union."""
    return None if isinstance(number, Absence) else number


def two_sided_p(effect: Effect) -> Span | None:
    """What the two-sided p can be; None where it is not known or, one-sided, could be of either tail."""
    span, sides = stated_p(effect), known(effect.sides)
    if span is None or sides in (None, 2):
        return span
    return (2 * span[0], 2 * span[1]) if sides == 1 and span[1] <= 0.5 else None


def stated_p(effect: Effect) -> Span | None:
    """What the p can be, on as many sides as it was tested; None where it is absent or OC002 reports it."""
    quantity = known(effect.p)
    if quantity is None or _is_impossible(quantity):
        return None
    number = float(quantity.number)
    if quantity.is_bound:
        return (0.0, number) if quantity.op.startswith("<") else (number, 1.0)
    low, high = printed(quantity.number)
    return max(0.0, low), min(1.0, high)


def _is_impossible(p: Quantity) -> bool:
    below = p.number < 0 or (p.number == 0 and p.op in ("=", "<", "<="))
    return below or p.number > 1 or (p.number == 1 and p.op == ">")


def wrong_estimate(effect: Effect) -> str | None:
    """What OC002 says of the estimate; None where it is possible or absent."""
    estimate, kind = number_of(effect.est), known(effect.type)
    if estimate is not None and kind in RATIOS and estimate <= 0:
        return f"{kind.upper()} {estimate} is not above 0"
    return None if estimate is None else _outside(estimate, known(effect.ci))


def wrong_value(value: Value) -> str | None:
    """What OC002 says of the value beside its interval; None where it is possible or absent."""
    quantity = known(value.value)
    return None if quantity is None or quantity.is_bound else _outside(quantity.number, known(value.ci))


def _outside(number: int | Decimal, ci: Range | None) -> str | None:
    if ci is None or ci.high is None:
        return None
    low, high = printed(number)
    if high < printed(ci.low)[0] or low > printed(ci.high)[1]:
        return f"{number} is outside its interval [{ci.low}, {ci.high}]"
    return None


def level_of(effect: Effect) -> float | None:
    """The level of the interval in %, 95 where none is stated; None where it is no level."""
    level = number_of(effect.level)
    if level is None:
        return 95.0
    return float(level) if 50 <= level < 100 else None


def _scaled(number: int | Decimal, kind: str) -> Span | None:
    """A number on the scale on which no effect is 0: the logarithm of a ratio."""
    low, high = printed(number)
    if kind in DIFFERENCES:
        return low, high
    return (math.log(low), math.log(high)) if kind in RATIOS and low > 0 else None


def bounds_of(effect: Effect) -> tuple[Span, Span] | None:
    """Both ends of the interval on the scale on which no effect is 0."""
    ci, kind = known(effect.ci), known(effect.type)
    if ci is None or ci.high is None or kind is None:
        return None
    low, high = _scaled(ci.low, kind), _scaled(ci.high, kind)
    return None if low is None or high is None else (low, high)


# -- p and interval --------------------------------------------------------------------------------


def p_of_interval(effect: Effect, freedom: int | None = None) -> Span | None:
    """The two-sided p that estimate and interval give, by the normal distribution and by Student's t.

    None where they give none: no interval or type, or an interval that is not symmetric about the estimate
    on its scale, which comes from another method than estimate ± standard errors.
    """
    bounds, level = bounds_of(effect), level_of(effect)
    if bounds is None or level is None:
        return None
    low, high = bounds
    half = ((high[0] - low[1]) / 2, (high[1] - low[0]) / 2)
    middle = ((low[0] + high[0]) / 2, (low[1] + high[1]) / 2)
    stated = number_of(effect.est)
    estimate = middle if stated is None else _scaled(stated, known(effect.type) or "")
    if estimate is None or not 0 < half[0] < math.inf or gap(estimate, middle) > half[1] / 10:
        return None
    least, greatest = max(0.0, estimate[0], -estimate[1]), max(abs(estimate[0]), abs(estimate[1]))
    found: list[float] = []
    for df in {None, freedom}:
        reach = quantile(level, df)
        found += [two_tails(least / half[1] * reach, df), two_tails(greatest / half[0] * reach, df)]
    return min(found), max(found)


def gap(one: Span, other: Span) -> float:
    """How far two spans are apart; 0 where they share a value."""
    return max(0.0, one[0] - other[1], other[0] - one[1])


def _freedom(trial: Trial, outcome: Outcome, effect: Effect) -> int | None:
    """Degrees of freedom of a comparison of means; 10 where the number of people is not known."""
    if known(effect.type) in RATIOS:
        return None
    if outcome.subgroup is not None:
        people = known(outcome.subgroup.n)
        return _UNKNOWN_FREEDOM if people is None else max(1, people - 2)
    of_values, of_arms = _sizes_of_values(outcome), _sizes_of_arms(trial)
    first, second = (of_values.get(arm, of_arms.get(arm)) for arm in (effect.arm, effect.vs))
    if effect.vs in Effect.BASELINES:
        second = 1
    return _UNKNOWN_FREEDOM if first is None or second is None else max(1, first + second - 2)


@of_the_last
def _sizes_of_arms(trial: Trial) -> dict[str | None, int | None]:
    return {arm.id: known(arm.n) for arm in listed(trial.arms)}


@of_the_last
def _sizes_of_values(outcome: Outcome) -> dict[str | None, int]:
    return {value.arm: n for value in listed(outcome.values) if (n := known(value.n)) is not None}


# -- rules ------------------------------------------------------------------------------------------


@rule(
    "OC002",
    "error",
    "trial",
    about=(
        "outcomes[].effects",
        "outcomes[].values[].ci",
        "outcomes[].values[].sd",
        "outcomes[].values[].se",
    ),
)
def impossible_statistic(subject: Subject) -> Iterator[Problem]:
    """A p outside 0 to 1, a p of 0, a ratio that is not above 0, or an estimate outside its own interval.

    No test gives p = 0: software prints 0.000 for less than it can show. Half a unit of the last printed
    place is allowed on each side. A level is 50 to 100 %, not a share of 1; a test has one side or two; a
    standard deviation or error is not below 0; an arm is not compared with itself. A value off the scale of
    its instrument is left to OC001.

    Example: `est = 0.36, ci = [0.41, 0.94]`
    Remedy: compare with the source; write `p = "<0.001"` for a printed 0.000, and `vs = "baseline"` for a
    change since the start.
    """
    for path, _, effect in subject.effects:
        yield from _impossible_p(path, effect)
        yield from _impossible_interval(path, effect)
        if effect.arm is not None and effect.vs == effect.arm:
            yield Problem((*path, "vs"), f"{effect.arm} is compared with itself")
    for o, outcome in enumerate(listed(subject.trial.outcomes)):
        off: dict[tuple[int, str], Quantity] | None = None
        for v, value in enumerate(listed(outcome.values)):
            path = ("outcomes", o, "values", v)
            yield from _impossible_spread(path, value)
            if (words := wrong_value(value)) is not None:
                off = off_scale(subject, outcome) if off is None else off
                if (v, "value") not in off:
                    yield Problem((*path, "value"), words)


def _impossible_interval(path: Path, effect: Effect) -> Iterator[Problem]:
    if (level := number_of(effect.level)) is not None and level_of(effect) is None:
        yield Problem((*path, "level"), f"a level of {level} %")
    if (sides := known(effect.sides)) is not None and sides not in (1, 2):
        yield Problem((*path, "sides"), f"a test with {sides} sides")
    estimate, ci = number_of(effect.est), known(effect.ci)
    positive = estimate is None or estimate > 0
    if known(effect.type) in RATIOS and ci is not None and ci.low < 0 and positive:
        yield Problem((*path, "ci"), f"{str(effect.type).upper()} with a lower bound of {ci.low}")
    elif (words := wrong_estimate(effect)) is not None:
        yield Problem((*path, "est"), words)


def _impossible_spread(path: Path, value: Value) -> Iterator[Problem]:
    for key, spread in (("sd", number_of(value.sd)), ("se", number_of(value.se))):
        if spread is not None and spread < 0:
            yield Problem((*path, key), f"{key.upper()} {spread} is below 0")


def _impossible_p(path: Path, effect: Effect) -> Iterator[Problem]:
    p = known(effect.p)
    if p is None or not _is_impossible(p):
        return
    if p.number == 0:
        yield Problem((*path, "p"), f"p {p} is impossible", help='write a bound, such as "<0.001"')
    else:
        yield Problem((*path, "p"), f"p {p} is not between 0 and 1")


@rule("OC003", "warning", "trial", about=("outcomes[].effects[].ci",))
def interval_and_p_disagree(subject: Subject) -> Iterator[Problem]:
    """The confidence interval leaves out no effect and p says it may be chance, or the other way round.

    α is 1 minus the interval's level. Silent where `method` names a test that is not that of the interval
    (a rank test, Fisher's, a correction for several tests): VALOR's interval and p come from two models;
    and where the estimate is outside its interval (OC002).

    Example: `type = "md", ci = [0.15, 4.76], p = 0.37`
    Remedy: compare with the source; name both models in `method` where p comes from another.
    """
    for path, _, effect in subject.effects:
        verb = against_interval(effect)
        if verb is not None and wrong_estimate(effect) is None:
            null = 1 if known(effect.type) in RATIOS else 0
            yield Problem((*path, "p"), f"p {effect.p}, yet the interval {_shown(effect)} {verb} {null}")


def against_interval(effect: Effect) -> str | None:
    """What the interval does with no effect, where p says that it does the opposite."""
    if effect.ci is None or effect.p is None:
        return None
    p, bounds, level = two_sided_p(effect), bounds_of(effect), level_of(effect)
    if p is None or bounds is None or level is None or OTHER_TEST.search(effect.method or ""):
        return None
    (low, high), alpha = bounds, (100 - level) / 100
    if (low[0] > 0 or high[1] < 0) and p[0] >= alpha:
        return "leaves out"
    return "holds" if low[1] < 0 < high[0] and p[1] <= alpha else None


def _shown(effect: Effect) -> str:
    ci = known(effect.ci)
    return f"[{ci.low}, {ci.high}]" if ci else ""


@rule("OC004", "warning", "trial", about=("outcomes[].effects[].ci",))
def p_not_of_interval(subject: Subject) -> Iterator[Problem]:
    """A p more than three times, or less than a third of, the one that estimate and interval give.

    By the normal distribution and by Student's t, after rounding; of a bound only its own side counts.
    Silent below 0.001, where `method` names another test, where the interval is not symmetric about the
    estimate (of ratios: their logarithm), and where OC003 says more.

    Example: Oh 2018, AALS −7.18 [−12.71, −1.64]: the interval gives 0.011, 0.009 is printed and passes;
    0.09 would not
    Remedy: compare with the source; name both models in `method` where p comes from another.
    """
    for path, outcome, effect in subject.effects:
        if effect.ci is None or (p := two_sided_p(effect)) is None or OTHER_TEST.search(effect.method or ""):
            continue
        computed = p_of_interval(effect, _freedom(subject.trial, outcome, effect))
        if computed is None or max(p[1], computed[1]) < _SMALLEST_P or against_interval(effect):
            continue
        if computed[0] > 3 * p[1]:
            given = f"at least {computed[0]:.2g}"
        elif computed[1] < p[0] / 3:
            given = f"at most {max(computed[1], _SMALLEST_P):.2g}"
        else:
            continue
        yield Problem((*path, "p"), f"p {effect.p}, yet the interval {_shown(effect)} gives {given}")


@rule("OC005", "warning", "trial", about=("outcomes[].values[].se",))
def error_not_of_interval(subject: Subject) -> Iterator[Problem]:
    """A standard error that differs by half from the one that the interval beside it gives.

    The usual cause is a standard deviation printed as a standard error. An interval of 90 or 99 % passes, and
    so does one that is not symmetric about the value.

    Example: Oh 2018, SF-36: 2.78 [−3.74, 9.29] gives 3.3; 12.18 is printed
    Remedy: compare with the source; a standard deviation is `sd`.
    """
    for o, outcome in enumerate(listed(subject.trial.outcomes)):
        for v, value in enumerate(listed(outcome.values)):
            if value.se is None or value.ci is None:
                continue
            implied = _implied_error(value)
            error = number_of(value.se)
            if implied is None or error is None or error < 0:
                continue
            low, high = printed(error)
            if low > 1.5 * implied[1]:
                given = f"at most {implied[1]:.2g}"
            elif high < implied[0] / 1.5:
                given = f"at least {implied[0]:.2g}"
            else:
                continue
            yield Problem(("outcomes", o, "values", v, "se"), f"SE {error}, yet the interval gives {given}")


def _implied_error(value: Value) -> Span | None:
    """The standard error of a symmetric interval of 95 %, by the normal distribution and by Student's t."""
    ci, quantity, n = known(value.ci), known(value.value), known(value.n)
    if ci is None or ci.high is None:
        return None
    low, high = printed(ci.low), printed(ci.high)
    half = ((high[0] - low[1]) / 2, (high[1] - low[0]) / 2)
    middle = ((low[0] + high[0]) / 2, (low[1] + high[1]) / 2)
    if half[0] <= 0 or (quantity is not None and quantity.is_bound):
        return None
    if quantity is not None and gap(printed(quantity.number), middle) > half[1] / 10:
        return None
    freedom = 4 if n is None else max(1, n - 1)
    return half[0] / quantile(95.0, freedom), half[1] / quantile(95.0)


@rule("OC014", "warning", "trial", about=("outcomes[].effects[].p",))
def one_sided_unlabelled(subject: Subject) -> Iterator[Problem]:
    """A p that is one-sided, by the words around it or by the interval, without `sides`.

    Beside two-sided ones it looks twice as strong as it is. By the interval: half of what that gives, within
    the rounding. Silent wherever `sides` is stated. Definition and note count where they call a test
    one-sided, not an onset, a limb or an injection.

    Example: NurOwn phase 2: `p = 0.02`, one-sided
    Remedy: write `sides = 1`, or `sides = 2` where the source says so.
    """
    for path, outcome, effect in subject.effects:
        if effect.sides is not None or effect.p is None or (p := stated_p(effect)) is None:
            continue
        method, words = effect.method or "", f"{outcome.note or ''}; {outcome.definition or ''}"
        one_sided = _ONE_SIDED.search(method) or says(_ONE_SIDED_TEST, words)
        if one_sided and not (_TWO_SIDED.search(method) or says(_TWO_SIDED, words)):
            yield Problem((*path, "p"), f"p {effect.p} is called one-sided, and `sides` is missing")
        elif known(effect.ci) is not None and not OTHER_TEST.search(method):
            computed = p_of_interval(effect, _freedom(subject.trial, outcome, effect))
            if computed is not None and _half_of(p, computed):
                given = f"{(computed[0] + computed[1]) / 2:.2g}"
                message = f"p {effect.p} is half of the {given} that the interval gives: one-sided?"
                yield Problem((*path, "p"), message)


def _half_of(p: Span, computed: Span) -> bool:
    narrow = computed[0] >= _SMALLEST_P and computed[1] < 1.5 * computed[0] and p[1] < 1.5 * p[0]
    return narrow and p[1] < 0.75 * computed[0] and gap((2 * p[0], 2 * p[1]), computed) == 0
