"""Enrollment: denominators that fit each other, the arms and the results."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from itertools import pairwise
from math import floor

from alscli.check.finding import Problem
from alscli.check.rule import rule
from alscli.check.subject import Subject
from alscli.model.path import Path
from alscli.model.trial import Counted, Outcome, Trial, Value
from alscli.model.values import known, listed

_FLOW = ("screened", "enrolled", "randomized", "treated", "completed")
_NO_SHARE = frozenset(
    {"score", "change", "percent_change", "slope", "rank", "time_to_event", "survival_rate"}
)
_SHARE = frozenset({"responder", "category", "survival_rate", "incidence"})
_COUNTED_PEOPLE = frozenset({"responder", "category", "survival_rate"})
"""Measures of which a count is one of people; an incidence may count events."""
_OUTSIDE = frozenset({"other", "external_control"})


def counted(trial: Trial, name: str) -> int | None:
    """People in one denominator, where it is known."""
    enrollment = known(trial.enrollment)
    count: Counted | None = known(getattr(enrollment, name)) if enrollment is not None else None
    return None if count is None else count.n


def _path(name: str) -> Path:
    return ("enrollment", name)


@rule("EN001", "error", "trial", about=("enrollment",))
def flow_narrows(subject: Subject) -> Iterator[Problem]:
    """More people at a later stage of the trial than at an earlier one.

    Screened ≥ enrolled ≥ randomized ≥ treated ≥ completed, and analyzed ≤ randomized: people leave a trial,
    and nobody joins between two stages. An intention-to-treat analysis may hold more people than were
    treated, never more than were randomized. Where the note, or the `loc` of the treated, speaks of a run-in
    before randomization, more may be treated than are randomized.

    Example: `randomized = 189`, `treated = 196`
    Remedy: compare with the flow chart of the paper; put conflicting sources into a dispute.
    """
    trial = subject.trial
    doubted = _doubted(trial)
    for (earlier, before), (later, after) in doubted:
        yield Problem(_path(later), f"{after} {later}, more than the {before} {earlier}")
    analyzed = counted(trial, "analyzed")
    limits = [
        (name, n)
        for name in ("randomized", "enrolled", "screened")
        if (n := counted(trial, name)) is not None
    ]
    if analyzed is not None and limits and analyzed > limits[0][1] and limits[0][0] not in _in_doubt(trial):
        yield Problem(_path("analyzed"), f"{analyzed} analyzed, more than the {limits[0][1]} {limits[0][0]}")


def _doubted(trial: Trial) -> list[tuple[tuple[str, int], tuple[str, int]]]:
    """Neighboring stages of which the later holds more people: either number may be wrong."""
    stages = [(name, n) for name in _FLOW if (n := counted(trial, name)) is not None]
    doubted = [(earlier, later) for earlier, later in pairwise(stages) if later[1] > earlier[1]]
    if doubted and _treats_first(trial):
        stages = [(name, n) for name, n in stages if name != "randomized"]
        doubted = [(earlier, later) for earlier, later in pairwise(stages) if later[1] > earlier[1]]
    return doubted


_RUN_IN = re.compile(
    r"\brun-?in\b|\blead-?in\b|(?:before|prior to) (?:the )?randomi[sz]|导入期|導入期|随机(?:分组)?前",
    re.IGNORECASE,
)


def _treats_first(trial: Trial) -> bool:
    """Whether people were treated before some of them were randomized, as the record says in words."""
    enrollment = known(trial.enrollment)
    treated = known(enrollment.treated) if enrollment is not None else None
    said = f"{trial.note or ''} {treated.loc or '' if treated is not None else ''}"
    return _RUN_IN.search(said) is not None


def _in_doubt(trial: Trial) -> set[str]:
    """The denominators that EN001 doubts; other rules do not judge them."""
    return {name for pair in _doubted(trial) for name, _ in pair}


@rule("EN002", "error", "trial", about=("arms[].n",))
def arms_add_up(subject: Subject) -> Iterator[Problem]:
    """The arms of a randomized trial do not add up to the randomized or the treated.

    Only randomized trials without crossover; arms with the roles `other` and `external_control` lie outside.
    Silent where EN001 doubts the denominators.

    Example: NurOwn phase 3: 95 + 94 = 189 treated; 95 + 95 would be an error
    Remedy: compare the arms with the paper; a denominator that is missing can be added.
    """
    sums = _sum_in_doubt(subject.trial)
    if sums is not None and not subject.has_twins("arms"):
        yield Problem(("arms",), sums, at="header")


def _sum_in_doubt(trial: Trial) -> str | None:
    """What is wrong with the sum of a randomized trial's arms."""
    if known(trial.allocation) != "randomized" or known(trial.model) == "crossover":
        return None
    if trial.study_type != "interventional":
        return None
    inside = [arm for arm in listed(trial.arms) if known(arm.role) not in _OUTSIDE]
    sizes = [known(arm.n) for arm in inside]
    if len(inside) < 2 or any(size is None for size in sizes) or _in_doubt(trial):
        return None
    total = sum(size for size in sizes if size is not None)
    expected = {name: n for name in ("randomized", "treated") if (n := counted(trial, name)) is not None}
    if not expected or total in expected.values():
        return None
    sums = " + ".join(str(size) for size in sizes)
    wanted = " or ".join(f"{n} {name}" for name, n in expected.items())
    return f"the arms hold {sums} = {total}, not {wanted}"


@rule("EN003", "note", "trial", about=("enrollment.planned",))
def planned_missed(subject: Subject) -> Iterator[Problem]:
    """Fewer than half or more than one and a half times the planned number.

    A trial that fell far short could not answer its question.

    Example: planned 115, enrolled 40
    Remedy: none where true.
    """
    trial = subject.trial
    planned = counted(trial, "planned")
    if not planned or trial.status in (
        "recruiting",
        "not_yet_recruiting",
        "enrolling_by_invitation",
        "withdrawn",
    ):
        return
    for name in ("randomized", "enrolled", "treated"):
        actual = counted(trial, name)
        if actual is not None:
            if name in _in_doubt(trial):
                return
            if actual * 2 < planned or actual * 2 > planned * 3:
                yield Problem(
                    _path(name), f"{actual} {name} of {planned} planned ({_percent(actual, planned)} %)"
                )
            return


def _percent(part: int, whole: int) -> Decimal:
    return (Decimal(100) * part / whole).quantize(Decimal(1), rounding=ROUND_HALF_UP)


@rule("EN004", "error", "trial", about=("outcomes[].values", "safety[].n"))
def outcome_exceeds_arm(subject: Subject) -> Iterator[Problem]:
    """An outcome counts more people than its arm, its subgroup or its own n holds.

    Not where `population = "pooled"`. A number that several outcomes have of an arm is told once, and none
    where EN002 doubts the arms.

    Example: n = 100 in an arm of 95
    Remedy: compare with the paper's table; a pooled analysis has `population = "pooled"`.
    """
    trial = subject.trial
    sizes = {arm.id: known(arm.n) for arm in listed(trial.arms)}
    told: set[tuple[str, int]] = set()
    for path, arm, n, beyond in _people(trial):
        size = sizes.get(arm)
        if size is None or n <= size + beyond or (arm, n) in told:
            continue
        if not told and (_sum_in_doubt(trial) is not None or subject.has_twins("arms")):
            break
        told.add((arm, n))
        yield Problem(path, f"{n} people in arm {arm}, which holds {size}")
    for o, outcome in enumerate(listed(trial.outcomes)):
        if known(outcome.population) != "pooled":
            yield from _beyond_own(outcome, ("outcomes", o), sizes)


def _people(trial: Trial) -> Iterator[tuple[Path, str, int, int]]:
    """Where people are counted, of which arm, how many, and how many may be beyond those in the arm."""
    randomized, treated = counted(trial, "randomized"), counted(trial, "treated")
    untreated = max(0, randomized - treated) if randomized is not None and treated is not None else 0
    for o, outcome in enumerate(listed(trial.outcomes)):
        population = known(outcome.population)
        # An arm may hold the treated, and an analysis by intention to treat the others as well.
        beyond = untreated if population == "itt" else 0
        for v, value in enumerate(listed(outcome.values)) if population != "pooled" else ():
            if (n := known(value.n)) is not None:
                yield ("outcomes", o, "values", v, "n"), value.arm or "", n, beyond
    for s, safety in enumerate(listed(trial.safety)):
        if (n := known(safety.n)) is not None and not _AS_TREATED.search(f"{safety.statement} {safety.loc}"):
            yield ("safety", s, "n"), safety.arm or "", n, 0


_AS_TREATED = re.compile(r"\bas[- ]treated\b|实际(?:接受|治疗)", re.IGNORECASE)
"""A safety set that goes by the drug taken, not by the arm assigned."""


def _beyond_own(outcome: Outcome, path: Path, sizes: Mapping[str, int | None]) -> Iterator[Problem]:
    """Values of more people than their subgroup, and counts of more people than there are."""
    whole = known(outcome.subgroup.n) if outcome.subgroup is not None else None
    counts = known(outcome.stat) == "count" and known(outcome.measure) in _COUNTED_PEOPLE
    for v, value in enumerate(listed(outcome.values)):
        n, quantity = known(value.n), known(value.value)
        if n is not None and whole is not None and n > whole:
            yield Problem((*path, "values", v, "n"), f"{n} people of a subgroup of {whole}")
        people = sizes.get(value.arm or "") if n is None else n
        if not counts or people is None or quantity is None or quantity.op.startswith("<"):
            continue
        if quantity.number > people:
            yield Problem((*path, "values", v, "value"), f"{quantity} of {people} people")


@rule("EN005", "warning", "trial", about=("outcomes[].values[].value",))
def impossible_percentage(subject: Subject) -> Iterator[Problem]:
    """A percentage that no whole number of people can give (the GRIM test).

    Where `stat = "percent"` and n is given: some k of n must give the printed digits, rounded or cut. Left
    alone are measures that are no share of people (scores, changes, survival as Kaplan and Meier estimate
    it) and bounds. Rates that a model adjusts are no counts either; give them no n. A share of people that
    is negative or above 100 is impossible with any n.

    Example: 32 % of 20 people: 6 of 20 is 30, 7 is 35
    Remedy: look at the source again; the denominator is often another one.
    """
    for o, outcome in enumerate(listed(subject.trial.outcomes)):
        if known(outcome.stat) != "percent":
            continue
        measure = known(outcome.measure)
        for v, value in enumerate(listed(outcome.values)):
            n, quantity = known(value.n), known(value.value)
            if quantity is None or quantity.is_bound:
                continue
            path: Path = ("outcomes", o, "values", v, "value")
            if not 0 <= quantity.number <= 100:
                if measure in _SHARE:
                    yield Problem(path, f"{quantity.number} % of people is impossible")
            elif n and measure not in _NO_SHARE and not can_be_percentage(quantity.number, n):
                yield Problem(path, f"{quantity.number} % of {n} is no whole number of people")


def can_be_percentage(printed: int | Decimal, n: int) -> bool:
    """Whether some whole number of `n` people, as a percentage, rounds or is cut to the printed digits."""
    number = Fraction(printed)
    exponent = Decimal(printed).as_tuple().exponent
    unit = Fraction(10) ** (exponent if isinstance(exponent, int) else 0)
    # The k nearest below and above; -unit/2 is a half rounded up, just below +unit is cut.
    near = number * n / 100
    return any(
        0 <= k <= n and -unit / 2 <= Fraction(100 * k, n) - number < unit
        for k in (floor(near) - 1, floor(near), floor(near) + 1, floor(near) + 2)
    )


@rule("EN006", "error", "trial", about=("outcomes[].values[].n",))
def categories_add_up(subject: Subject) -> Iterator[Problem]:
    """Counts of exclusive categories that do not add up to their n.

    Where `measure = "category"`, `stat = "count"`, and the values of an arm and time have labels and one n.

    Example: Barczewska 2020: 21 slower + 33 unchanged + 13 faster = 67; with 12 it would be an error
    Remedy: compare with the paper; people without data are a category of their own.
    """
    for o, outcome in enumerate(listed(subject.trial.outcomes)):
        if known(outcome.measure) == "category" and known(outcome.stat) == "count":
            yield from _sums(o, outcome)


def _sums(position: int, outcome: Outcome) -> Iterator[Problem]:
    groups: dict[tuple[str, str], list[tuple[int, Value]]] = defaultdict(list)
    for v, value in enumerate(listed(outcome.values)):
        groups[(value.arm or "", str(value.at or ""))].append((v, value))
    for group in groups.values():
        sizes = {known(value.n) for _, value in group}
        counts = [known(value.value) for _, value in group]
        exact = [c.number for c in counts if c is not None and not c.is_bound]
        if len(group) < 2 or len(sizes) != 1 or None in sizes or len(exact) != len(group):
            continue
        n, total = sizes.pop(), sum(exact)
        if total != n and all(value.label for _, value in group):
            sums = " + ".join(str(number) for number in exact)
            last = group[-1][0]
            path: Path = ("outcomes", position, "values", last, "value")
            yield Problem(path, f"the categories hold {sums} = {total}, not {n}")
