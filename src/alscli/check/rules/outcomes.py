"""Outcomes: scores that their scale allows, fair windows, and what a reader needs to place a result."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from alscli.check.expression import deferred
from alscli.check.finding import Problem
from alscli.check.rule import rule
from alscli.check.rules.claims import apart_from_primary, overdue
from alscli.check.rules.text import as_seen
from alscli.check.subject import Subject
from alscli.model.path import Path
from alscli.model.trial import Outcome, Value
from alscli.model.values import Moment, Quantity, known, listed
from alscli.model.vocabulary import Term, Vocabulary

_USUAL_UNITS = frozenset({"point", "points", "score", "分", "stage", "pg/ml", "ng/ml", "ng/l"})
_COUNTED = frozenset({"count", "percent"})
_GROWING = frozenset({"change", "percent_change", "incidence"})
_RATE = deferred(
    r"(?:\ba\s+|(?:\b(?:per|each)\s|/)\s*(?:\d+\s*)?)(?:(?:person|patient|participant|subject)s?[- ])?"
    r"(?:day|week|month|year|mo\b)|[每/]\s*+(?:\d++\s*+)?+[个個]?(?:患者|人)?[天日周週月年]",
    re.IGNORECASE,
)
_EVENT = deferred(
    r"\b(?:DT)?PAV\b|\bNIV\b|intubat|death|dead|deceas|fatal|\bdie[ds]?\b|dying|mortal|alive|trache|ventilat"
    r"|\bevents?\b|死|病故|去世|存活|[气氣]管|插管|通[气氣]|呼吸[机機](?!能)|事件",
    re.IGNORECASE,
)
_CUT_OFF = deferred(
    r"\d|cut-?off|follow|censor|until|end of|month|year|week|\bday|截止|随访|隨訪|[年月周週天]", re.IGNORECASE
)


def _term(subject: Subject, outcome: Outcome) -> Term | None:
    instrument = known(outcome.instrument)
    return None if instrument is None else subject.vocabularies["instrument"].terms.get(instrument)


def _limit(term: Term, key: str) -> float | None:
    limit = term.extra.get(key)
    return limit if isinstance(limit, (int, float)) and not isinstance(limit, bool) else None


def _on_own_scale(outcome: Outcome, term: Term) -> bool:
    """Whether the values are scores in the instrument's own unit."""
    if known(outcome.measure) != "score" or known(outcome.stat) in _COUNTED:
        return False
    own, unit = str(term.extra.get("unit", "")).casefold(), (outcome.unit or "").strip().casefold()
    if own.startswith("%"):
        return not unit or unit == "%" or "predict" in unit or "预计" in unit
    return not unit or unit == own or unit in _USUAL_UNITS


def _readings(value: Value) -> Iterator[tuple[str, Quantity]]:
    """What stands on the scale: the value, its least and greatest, its quartiles."""
    quantity = known(value.value)
    if quantity is not None:
        yield "value", quantity
    for key, span in (("iqr", known(value.iqr)), ("range", known(value.range))):
        if span is not None and span.high is not None:
            yield key, Quantity(span.low)
            yield key, Quantity(span.high)


def _above(quantity: Quantity, limit: float | None) -> bool:
    if limit is None or quantity.op.startswith("<"):
        return False
    number = float(Decimal(quantity.number))
    return number > limit or (quantity.op == ">" and number == limit)


def _below(quantity: Quantity, limit: float | None) -> bool:
    if limit is None or quantity.op.startswith(">"):
        return False
    number = float(Decimal(quantity.number))
    return number < limit or (quantity.op == "<" and number == limit)


@rule("OC001", "error", "trial", about=("outcomes[].values",))
def score_outside_scale(subject: Subject) -> Iterator[Problem]:
    """A score that its instrument cannot give.

    Only scores in the instrument's own unit: no changes, slopes, counts or percentages. Where the range is
    that of a part (MRC grades a muscle, ALSAQ-40 a domain), a `definition` may speak of a sum; where the
    least is above 0 (AALS), of an item. Ranges that are not confirmed (CNS-BFS, ROADS) are left alone.
    Where no value of an outcome is possible, only the first is reported: what they are of is wrong.

    Example: ALSFRS-R 52, of 48
    Remedy: compare with the source; the instrument or the measure may be another one.
    """
    for o, outcome in enumerate(listed(subject.trial.outcomes)):
        if (off := off_scale(subject, outcome)) and (term := _term(subject, outcome)):
            values = [value for value in listed(outcome.values) if any(_readings(value))]
            problems = [
                Problem(("outcomes", o, "values", *place), f"{term.code} {reading}, outside {_scale(term)}")
                for place, reading in off.items()
            ]
            yield from _one_where_all(problems, len(values))


def off_scale(subject: Subject, outcome: Outcome) -> dict[tuple[int, str], Quantity]:
    """Readings that the instrument cannot give, of each value the first, by its position and the key."""
    term = _term(subject, outcome)
    if term is None or term.extra.get("range_confirmed") is False or not _on_own_scale(outcome, term):
        return {}
    low, high = _limit(term, "low"), _limit(term, "high")
    if outcome.definition is not None:
        low = low if low is not None and low <= 0 else None
        high = None if " of a " in str(term.extra.get("unit", "")) else high
    off: dict[tuple[int, str], Quantity] = {}
    for v, value in enumerate(listed(outcome.values)):
        for key, reading in _readings(value):
            if _above(reading, high) or _below(reading, low):
                off[v, key] = reading
                break
    return off


def _one_where_all(problems: list[Problem], values: int) -> list[Problem]:
    """Only the first problem where all of several values have one: the head of the outcome is then wrong."""
    if len(problems) != values or values < 2:
        return problems
    words = f"all {values} values are off: instrument, measure or unit may be another"
    return [replace(problems[0], help=words)]


def _scale(term: Term) -> str:
    low, high = _limit(term, "low"), _limit(term, "high")
    if low is None or high is None:
        return f"what is possible (not below {low})" if high is None else f"what is possible (at most {high})"
    return f"{low} to {high}"


@rule("OC019", "warning", "trial", about=("outcomes[].values[].value",))
def capacity_very_high(subject: Subject) -> Iterator[Problem]:
    """A vital capacity above 150 % of predicted.

    Possible in a trained singer, and far more often a volume or a slip. Above 200 it is OC001. Where every
    value is above 150, only the first is reported.

    Example: `instrument = "FVC"`, `value = 166`
    Remedy: compare with the source; give the `unit` where it is not percent of predicted.
    """
    for o, outcome in enumerate(listed(subject.trial.outcomes)):
        term = _term(subject, outcome)
        limit = _limit(term, "warn_high") if term is not None else None
        if term is None or limit is None or not _on_own_scale(outcome, term):
            continue
        stated = [
            (v, q) for v, value in enumerate(listed(outcome.values)) if (q := known(value.value)) is not None
        ]
        problems = [
            Problem(
                ("outcomes", o, "values", v, "value"), f"{term.code} {quantity} % of predicted, above {limit}"
            )
            for v, quantity in stated
            if _above(quantity, limit) and not _above(quantity, _limit(term, "high"))
        ]
        yield from _one_where_all(problems, len(stated))


@rule("OC010", "warning", "trial", about=("outcomes[].values[].at",))
def unequal_windows(subject: Subject) -> Iterator[Problem]:
    """A change after the start of treatment beside one before it, over another length of time.

    What happens in nine months cannot be set against what happened in three. Slopes, and units of a
    month or a year, are already rates and pass; so do lengths within a tenth of each other.

    Example: −3.77 in the 3 months before, −0.39 in the 9 months after
    Remedy: give both as a slope, or values over equal windows where the source has them.
    """
    for o, outcome in enumerate(listed(subject.trial.outcomes)):
        if known(outcome.measure) not in _GROWING or _RATE.search(outcome.unit or ""):
            continue
        windows = [
            (v, value.arm, value.at)
            for v, value in enumerate(listed(outcome.values))
            if value.at is not None and value.at.is_window
        ]
        before: dict[str | None, list[Moment]] = defaultdict(list)
        for _, arm, at in windows:
            if at.end <= 0:
                before[arm].append(at)
        lengths = {arm: sorted(_length(at) for at in of_arm) for arm, of_arm in before.items()}
        for v, arm, after in windows:
            if after.start >= 0 and arm in before and not _is_among(_length(after), lengths[arm]):
                path: Path = ("outcomes", o, "values", v, "at")
                yield Problem(path, f"a change over {after} beside one over {before[arm][0]}")


def _length(window: Moment) -> Fraction:
    return window.end - window.start


def _is_among(length: Fraction, others: list[Fraction]) -> bool:
    """Whether one of these lengths, in their order, is within a tenth of it."""
    nearest = bisect_left(others, length * 9 / 10)
    return nearest < len(others) and others[nearest] * 9 <= length * 10


@rule("OC011", "note", "trial", about=("outcomes",))
def no_primary(subject: Subject) -> Iterator[Problem]:
    """An interventional trial whose outcomes are listed, none of them as primary.

    Without it nobody can tell what the trial was to show. Case reports and expanded access have none. Where
    a subgroup or an analysis post hoc is positive, CL002 says more; a waiver of that rule is one of this.

    Example: five outcomes, all `unspecified`
    Remedy: take the primary outcome from the registry or the protocol; none where there is none.
    """
    trial = subject.trial
    outcomes = listed(trial.outcomes)
    if not outcomes or trial.study_type != "interventional":
        return
    if trial.design in ("case_report", "expanded_access") or any(o.role == "primary" for o in outcomes):
        return
    if apart_from_primary(trial) is None and not any(waiver.rule == "CL002" for waiver in trial.waivers):
        yield Problem(("outcomes",), "no outcome is primary", at="header")


@rule("OC012", "warning", "trial", about=("dates.results_posted",))
def posted_yet_pending(subject: Subject) -> Iterator[Problem]:
    """Results are posted, and a primary outcome is still pending.

    Example: `results_posted` in 2024, and the primary outcome `pending`
    Remedy: take the result from the registry, or write `not_reported` where it is not among them.
    """
    for o, posted in overdue(subject):
        yield Problem(("outcomes", o, "result"), f"pending, yet results were posted {posted}")


@rule("OC015", "warning", "trial", about=("outcomes[].instrument",))
def matrix_missing(subject: Subject) -> Iterator[Problem]:
    """A biomarker, and nothing said of what it was measured in.

    NfL in cerebrospinal fluid is many times that in blood; numbers cannot be compared without it.

    Example: `instrument = "NfL"` without `matrix`
    Remedy: add `matrix = "serum"`, `"plasma"` or `"CSF"`, or `"not_reported"`.
    """
    measured = _measured_in_something(subject.vocabularies["instrument"])
    for o, outcome in enumerate(listed(subject.trial.outcomes)):
        if outcome.matrix is None and (instrument := known(outcome.instrument)) in measured:
            yield Problem(
                ("outcomes", o, "matrix"), f"{instrument} in what? `matrix` is missing", at="header"
            )


@lru_cache(maxsize=16)
def _measured_in_something(instruments: Vocabulary) -> frozenset[str]:
    """The instruments that say nothing without their matrix."""
    needing = [term.code for term in instruments.terms.values() if term.extra.get("matrix_required") is True]
    return frozenset(below for code in needing for below in instruments.descendants(code))


@rule("OC016", "warning", "trial", about=("outcomes[].instrument",))
def survival_undefined(subject: Subject) -> Iterator[Problem]:
    """Survival without its event (death, tracheostomy, ventilation) or without a time or cut-off.

    Survival free of ventilation is shorter than survival, and a median depends on how long people were
    followed. A definition that says that the source does not tell is enough.

    Example: `instrument = "overall-survival"` with a median and nothing else
    Remedy: write event and cut-off into `definition` and `at`, or that they are not stated.
    """
    instruments = subject.vocabularies["instrument"].descendants("overall-survival")
    for o, outcome in enumerate(listed(subject.trial.outcomes)):
        if known(outcome.instrument) not in instruments:
            continue
        text = as_seen(outcome.definition or "")
        timed = outcome.at is not None or any(value.at is not None for value in listed(outcome.values))
        missing = [] if _EVENT.search(text) else ["event"]
        if not timed and not _CUT_OFF.search(text):
            missing.append("time or cut-off")
        if missing:
            path: Path = ("outcomes", o, "definition")
            words = f"survival without {' and without '.join(missing)}"
            yield Problem(path, words, at="header" if outcome.definition is None else "value")
