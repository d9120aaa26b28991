"""Enrollment: denominators that fit each other, the arms and the results."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import cached_property
from itertools import chain, pairwise
from math import floor
from typing import NamedTuple

from alscli.check.expression import deferred
from alscli.check.finding import Problem
from alscli.check.rule import rule
from alscli.check.subject import Subject, of_the_last
from alscli.model.path import Path
from alscli.model.provenance import Dispute
from alscli.model.trial import Arm, Counted, Outcome, Safety, Trial, Value
from alscli.model.values import known, listed

_FLOW = ("screened", "enrolled", "randomized", "treated", "completed")
_NO_SHARE = frozenset(
    {"score", "change", "percent_change", "slope", "rank", "time_to_event", "survival_rate"}
)
_SHARE = frozenset({"responder", "category", "survival_rate", "incidence"})
_COUNTED_PEOPLE = frozenset({"responder", "category", "survival_rate"})
"""Measures of which a count is one of people; an incidence may count events."""
_PEOPLE = deferred(
    r"(?:patient|participant|subject|person|people|individual)s?(?![-\w])"
    r"(?!\s+(?!(?:with|who|having|experiencing|on|in|reporting|affected)\b)\w)"
    r"|(?:患者|受[试試]者|人)(?![次年日天])",
    re.IGNORECASE,
)
"""Units that count people, and neither their years nor what happened to them."""
_OF_OTHERS = deferred(
    r"pool|screen|run-?in|lead-?in|histor|extension|integrat|across|\bboth\b|\b(?:trial|studie|sample)s\b|database"
    r"|合并|合併|筛选|篩選|历史|歷史|延伸|延长|延長",
    re.IGNORECASE,
)
"""Words that tell of people beside the trial's own, or of no people."""
_FEIGNED = frozenset({"placebo_comparator", "sham_comparator"})
# CT.gov's arm types do not tell a feigned procedure from an injected placebo as `control` does, and call an
# arm on the usual treatment now active, now without intervention.
CONTROLS = {
    "placebo": _FEIGNED,
    "sham": _FEIGNED,
    "active": frozenset({"active_comparator"}),
    "standard_care": frozenset({"standard_care", "no_intervention", "active_comparator"}),
    "no_treatment": frozenset({"no_intervention", "standard_care"}),
}
"""Roles of the arms that each `control` can mean."""
_OUTSIDE = frozenset({"other", "external_control"})


def compared(trial: Trial) -> list[Arm]:
    """The arms inside the comparison."""
    return [arm for arm in listed(trial.arms) if known(arm.role) not in _OUTSIDE]


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
    treated, never more than were randomized. Where the title, the note, or the `loc` of the treated or the
    randomized, speaks of a run-in before randomization or a randomized withdrawal, more may be treated than
    are randomized. Silent where a dispute about `enrollment`, or about one of the two numbers, holds both,
    each from its source.

    Example: `randomized = 189`, `treated = 196`
    Remedy: compare with the flow chart of the paper; put both numbers of sources in conflict into a dispute.
    """
    for (earlier, before), (later, after) in _doubted(subject.trial):
        yield Problem(_path(later), f"{after} {later}, more than the {before} {earlier}")


_Stage = tuple[str, int]


def _doubted(trial: Trial) -> list[tuple[_Stage, _Stage]]:
    """Two stages of which the later holds more people: either number may be wrong."""
    stages = [(name, n) for name in _FLOW if (n := counted(trial, name)) is not None]
    doubted = _rises(stages)
    if doubted and _treats_first(trial):
        doubted = _rises([stage for stage in stages if stage[0] != "randomized"])
    analyzed = counted(trial, "analyzed")
    limit = next((stage for stage in reversed(stages) if stage[0] in _FLOW[:3]), None)
    if limit is not None and analyzed is not None and analyzed > limit[1] and limit not in chain(*doubted):
        doubted.append((limit, ("analyzed", analyzed)))
    return [pair for pair in doubted if not _is_disputed(trial, pair)]


def _rises(stages: list[_Stage]) -> list[tuple[_Stage, _Stage]]:
    return [(earlier, later) for earlier, later in pairwise(stages) if later[1] > earlier[1]]


_RUN_IN = deferred(
    r"\b(?:run|lead)[- ]?in\b|(?:before|prior to) (?:the )?randomi[sz]|randomi[sz]ed[- ]withdrawal"
    r"|\b(?:then|subsequently) randomi[sz]ed|导入期|導入期|随机(?:分组)?前|随机撤药",
    re.IGNORECASE,
)


def _treats_first(trial: Trial) -> bool:
    """Whether people were treated before some of them were randomized, as the record says in words."""
    enrollment = known(trial.enrollment)
    counts = [known(enrollment.treated), known(enrollment.randomized)] if enrollment is not None else []
    said = [trial.title, trial.scientific_title, trial.note, *(count.loc for count in counts if count)]
    return any(_RUN_IN.search(words) for words in said if words is not None)


_INTEGER = deferred(r"\d+")


def _is_disputed(trial: Trial, pair: tuple[_Stage, _Stage]) -> bool:
    """Whether one dispute holds both numbers, each from a source that the record cites for it."""
    fields = {"enrollment", *(f"enrollment.{name}" for name, _ in pair)}
    return any(
        dispute.field in fields and all(_states(dispute, trial, name, n) for name, n in pair)
        for dispute in trial.disputes
    )


def _states(dispute: Dispute, trial: Trial, name: str, n: int) -> bool:
    count: Counted | None = known(getattr(known(trial.enrollment), name))
    cited = (count.src if count is not None else None) or trial.src or ()
    return any(
        str(n) in _INTEGER.findall(str(stated.value)) and not set(stated.src or cited).isdisjoint(cited)
        for stated in dispute.values
    )


def _in_doubt(trial: Trial) -> set[str]:
    """The denominators that EN001 or EN002 doubts; other rules do not judge them."""
    doubted = {name for pair in _doubted(trial) for name, _ in pair}
    return doubted or ({"randomized", "treated"} if _sum_in_doubt(trial) is not None else set())


def first_counted(trial: Trial, stages: Sequence[str]) -> _Stage | None:
    """The first of these denominators that is known; None where EN001 or EN002 doubts it."""
    for stage in stages:
        if (n := counted(trial, stage)) is not None:
            return None if stage in _in_doubt(trial) else (stage, n)
    return None


@rule("EN002", "error", "trial", about=("arms[].n",))
def arms_add_up(subject: Subject) -> Iterator[Problem]:
    """The arms of a randomized trial do not add up to the randomized or the treated.

    Only randomized trials without crossover; arms with the roles `other` and `external_control` lie outside,
    and an arm whose role is unknown may. Silent where EN001 doubts the denominators, and where the arms lack
    the control (DS006) or one that results name (XR001).

    Example: NurOwn phase 3: 95 + 94 = 189 treated; 95 + 95 would be an error
    Remedy: compare the arms with the paper; a denominator that is missing can be added.
    """
    sums = _sum_in_doubt(subject.trial)
    if sums is not None and "arms" not in subject.twins and not subject.lost_arms:
        yield Problem(("arms",), sums, at="header")


def _sum_in_doubt(trial: Trial) -> str | None:
    """What is wrong with the sum of a randomized trial's arms."""
    if known(trial.allocation) != "randomized" or known(trial.model) == "crossover":
        return None
    if trial.study_type != "interventional":
        return None
    inside = compared(trial)
    sizes = [known(arm.n) for arm in inside]
    if len(inside) < 2 or any(size is None for size in sizes) or _doubted(trial) or _lacks_control(trial):
        return None
    total = sum(size for size in sizes if size is not None)
    unsure = sum(known(arm.n) or 0 for arm in inside if known(arm.role) is None)
    expected = {name: n for name in ("randomized", "treated") if (n := counted(trial, name)) is not None}
    if not expected or not {total, total - unsure}.isdisjoint(expected.values()):
        return None
    sums = " + ".join(str(size) for size in sizes)
    wanted = " or ".join(f"{n} {name}" for name, n in expected.items())
    return f"the arms hold {sums} = {total}, not {wanted}"


def _lacks_control(trial: Trial) -> bool:
    """Whether no arm of the comparison can be the control."""
    roles = {known(arm.role) for arm in compared(trial)}
    return None not in roles and CONTROLS.get(known(trial.control) or "", roles).isdisjoint(roles)


@rule("EN003", "note", "trial", about=("enrollment.planned",))
def planned_missed(subject: Subject) -> Iterator[Problem]:
    """Fewer than half or more than one and a half times the planned number.

    A trial that fell far short could not answer its question. Silent where EN001 or EN002 doubts the number.

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
    found = first_counted(trial, ("randomized", "enrolled", "treated"))
    if found is not None:
        name, actual = found
        if actual * 2 < planned or actual * 2 > planned * 3:
            share = f"{_percent(actual, planned)} %"
            yield Problem(_path(name), f"{actual} {name} of {planned} planned ({share})")


def _percent(part: int, whole: int) -> Decimal:
    return (Decimal(100) * part / whole).quantize(Decimal(1), rounding=ROUND_HALF_UP)


@rule("EN004", "error", "trial", about=("outcomes[].values", "outcomes[].subgroup", "safety[].n"))
def outcome_exceeds_arm(subject: Subject) -> Iterator[Problem]:
    """An outcome counts more people than its arm, its subgroup, its own n or the trial holds.

    The trial holds the enrolled, the randomized, the treated or all arms, whichever are the most; against
    it stand subgroups, and who is of no arm or of an arm without `n`, unless a label is given or words tell
    of people beside its own (screened, pooled, historical, of an extension). An incidence counts people
    where its `unit` says so. With `population = "pooled"` only its own n counts. A number that several
    outcomes have of an arm is told once; of an arm or subgroup that no n fits, only the first, since its own
    n is then the likely slip. Nothing is told of arms that EN002 doubts. A group by the treatment received,
    as every group of a crossover, may hold more than its arm, never more than all arms.

    Example: n = 100 in an arm of 95
    Remedy: compare with the paper's table; a pooled analysis has `population = "pooled"`.
    """
    groups: dict[Path, list[_Count]] = defaultdict(list)
    for count in _counts(subject.trial):
        groups[count.group].append(count)
    wrong = {group: counts for group, counts in groups.items() if any(count.beyond for count in counts)}
    arms_doubted = bool(wrong) and (_sum_in_doubt(subject.trial) is not None or "arms" in subject.twins)
    for group, counts in wrong.items():
        if group[0] != "arms" or not arms_doubted:
            for count in _told(counts):
                yield Problem(count.path, f"{count.number} {count.words}")
    if subgroups := _subgroups(subject.trial):
        for count in _told(subgroups):
            yield Problem(count.path, f"{count.number} {count.words}")


def _told(counts: list[_Count]) -> list[_Count]:
    """Of the counts of one group those beyond it: each number once, and one where no n fits."""
    numbers: dict[int | Decimal, _Count] = {}
    for count in counts:
        if count.beyond:
            numbers.setdefault(count.number, count)
    denominators = [count for count in counts if count.path[-1] == "n"]
    no_n_fits = denominators and all(count.beyond for count in denominators)
    return list(numbers.values())[: 1 if no_n_fits else None]


class _Count(NamedTuple):
    """People counted somewhere, the arm, subgroup or value that they are of, and how many that holds."""

    path: Path
    number: int | Decimal
    group: Path
    room: int
    words: str

    @property
    def beyond(self) -> bool:
        return self.number > self.room


def _counts(trial: Trial) -> Iterator[_Count]:
    """Every count of people in the results of which it is known how many there can be."""
    arms = _Arms(trial)
    for o, outcome in enumerate(listed(trial.outcomes)):
        pooled = known(outcome.population) == "pooled"
        # An arm may hold the treated, and an analysis by intention to treat the others as well.
        beyond = _untreated(trial) if known(outcome.population) == "itt" else 0
        yield from _counts_of(outcome, ("outcomes", o), None if pooled else arms, beyond)
    for s, safety in enumerate(listed(trial.safety)):
        if (n := known(safety.n)) is not None:
            yield from _in_arm(("safety", s, "n"), n, safety.arm, safety, arms)


def _subgroups(trial: Trial) -> list[_Count]:
    """The people of subgroups, where it is known how many any part of the trial can hold."""
    sizes = [
        (("outcomes", o, "subgroup", "n"), n)
        for o, outcome in enumerate(listed(trial.outcomes))
        if outcome.subgroup is not None and (n := known(outcome.subgroup.n)) is not None
        if known(outcome.population) != "pooled"
    ]
    if not sizes:
        return []
    most = most_people(trial)
    if most is None:
        return []
    words = f"people of a subgroup, in a trial of {most}"
    return [_Count(path, n, ("enrollment",), most, words) for path, n in sizes]


def _counts_of(outcome: Outcome, path: Path, arms: _Arms | None, beyond: int) -> Iterator[_Count]:
    """The denominators of an outcome's values, and the values that count people; of pooled ones no `arms`."""
    whole = known(outcome.subgroup.n) if outcome.subgroup is not None else None
    counting = known(outcome.stat) == "count" and (
        known(outcome.measure) in _COUNTED_PEOPLE or _PEOPLE.match(outcome.unit or "") is not None
    )
    for v, value in enumerate(listed(outcome.values)):
        at: Path = (*path, "values", v)
        n, quantity = known(value.n), known(value.value)
        if n is not None and whole is not None:
            yield _Count((*at, "n"), n, (*path, "subgroup"), whole, f"people of a subgroup of {whole}")
        if arms is not None and n is not None and (whole is None or n <= whole):
            yield from _in_arm((*at, "n"), n, value.arm, outcome, arms, beyond)
        if not counting or quantity is None or quantity.op.startswith("<"):
            continue
        if n is not None:
            yield _Count((*at, "value"), quantity.number, at, n, f"of {n} people")
        elif arms is not None:
            yield from _in_arm((*at, "value"), quantity.number, value.arm, outcome, arms, beyond)


def most_people(trial: Trial) -> int | None:
    """As many people as any part of the trial can hold; None where that is not known."""
    return _Arms(trial).most


class _Arms:
    """How many people each arm of a trial holds; in a crossover the people of all take every treatment."""

    def __init__(self, trial: Trial) -> None:
        self._trial = trial
        self.sizes = {arm.id: known(arm.n) for arm in listed(trial.arms)}

    @property
    def are_sequences(self) -> bool:
        return known(self._trial.model) == "crossover"

    @cached_property
    def total(self) -> int | None:
        sizes = self.sizes.values()
        return None if None in sizes else sum(filter(None, sizes))

    @cached_property
    def most(self) -> int | None:
        stages = [counted(self._trial, name) for name in ("enrolled", "randomized", "treated")]
        return max((n for n in (*stages, self.total) if n), default=None)

    def is_inside(self, arm: str | None) -> bool:
        """Whether the people of an arm are some of the trial's; of no arm, all of them may be meant."""
        return arm is None or (arm in self.sizes and arm not in self._external)

    @cached_property
    def _external(self) -> frozenset[str]:
        arms = listed(self._trial.arms)
        return frozenset([arm.id for arm in arms if known(arm.role) in (None, "external_control", "other")])


def _in_arm(
    path: Path, number: int | Decimal, arm: str | None, said: Outcome | Safety, arms: _Arms, beyond: int = 0
) -> Iterator[_Count]:
    """A number of people in an arm, if it is known how many that can be."""
    size = arms.sizes.get(arm or "")
    if size is None:
        if arms.most is not None and arms.is_inside(arm) and not _is_of_others(said):
            yield _Count(path, number, ("enrollment",), arms.most, f"people, in a trial of {arms.most}")
        return
    room = size + beyond
    if number > room and (arms.are_sequences or _is_as_treated(said)):
        if arms.total is None:
            return
        room = arms.total
    yield _Count(path, number, ("arms", arm or ""), room, f"people in arm {arm}, which holds {size}")


@of_the_last
def _is_of_others(said: Outcome | Safety) -> bool:
    """Whether a label or words may tell of people beside the trial's own."""
    texts = (said.loc, said.statement) if isinstance(said, Safety) else (said.loc, said.definition, said.note)
    labelled = isinstance(said, Outcome) and any(value.label is not None for value in listed(said.values))
    return labelled or any(_OF_OTHERS.search(text) for text in texts if text is not None)


@of_the_last
def _is_as_treated(said: Outcome | Safety) -> bool:
    """Whether the people are grouped by the treatment they took, not by the arm they were assigned to."""
    texts = (said.loc, said.statement) if isinstance(said, Safety) else (said.loc, said.definition, said.note)
    return any(_AS_TREATED.search(text) for text in texts if text is not None)


def _untreated(trial: Trial) -> int:
    randomized, treated = counted(trial, "randomized"), counted(trial, "treated")
    return max(0, randomized - treated) if randomized is not None and treated is not None else 0


_AS_TREATED = deferred(
    r"\bas[- ](?:treated|received|taken|given)\b(?! (?:in|by|at|from|on)\b)"
    r"|\bby (?:the )?(?:actual )?(?:drug|treatment|dose) (?:actually )?(?:received|taken|given)"
    r"|\bactually (?:received|taken|given)|实际(?:接受|治疗|用药)",
    re.IGNORECASE,
)


def _excessive(trial: Trial) -> set[Path]:
    """Where EN004 finds too many people; other rules do not judge these numbers."""
    return {count.path for count in _counts(trial) if count.beyond}


@rule("EN005", "warning", "trial", about=("outcomes[].values[].value",))
def impossible_percentage(subject: Subject) -> Iterator[Problem]:
    """A percentage that no whole number of people can give (the GRIM test).

    Where `stat = "percent"` and n is given: some k of n must give the printed digits, rounded or cut. Left
    alone are measures that are no share of people (scores, changes, survival as Kaplan and Meier estimate
    it), shares of words and of choices (errors, accuracy, intelligibility), bounds, and an n that EN004
    doubts. Rates that a model adjusts are no counts either; give them no n. A share of people that is
    negative or above 100 is impossible with any n. Where none of an outcome's percentages is possible, one
    is told: `stat` may be wrong.

    Example: 32 % of 20 people: 6 of 20 is 30, 7 is 35
    Remedy: look at the source again; the denominator is often another one.
    """
    judged = {
        o: dict(_percentages(outcome))
        for o, outcome in enumerate(listed(subject.trial.outcomes))
        if known(outcome.stat) == "percent"
    }
    wrong = {o: messages for o, messages in judged.items() if any(messages.values())}
    excessive = _excessive(subject.trial) if wrong else set()
    for o, messages in wrong.items():
        problems = [
            Problem(("outcomes", o, "values", v, "value"), message)
            for v, message in messages.items()
            if message is not None and ("outcomes", o, "values", v, "n") not in excessive
        ]
        yield from problems[: 1 if all(messages.values()) else None]


_NO_PEOPLE = frozenset({"WER", "decode-accuracy", "intelligibility"})
"""Instruments whose percentages are of words or choices, unless people are counted by them."""


def _percentages(outcome: Outcome) -> Iterator[tuple[int, str | None]]:
    """The positions of an outcome's percentages, and why one cannot be true."""
    measure = known(outcome.measure)
    if known(outcome.instrument) in _NO_PEOPLE and measure not in _COUNTED_PEOPLE:
        return
    for v, value in enumerate(listed(outcome.values)):
        n, quantity = known(value.n), known(value.value)
        if quantity is None or quantity.is_bound:
            continue
        in_range = 0 <= quantity.number <= 100
        if measure in _SHARE and not in_range:
            yield v, f"{quantity.number} % of people is impossible"
        elif n and measure not in _NO_SHARE and in_range and not can_be_percentage(quantity.number, n):
            yield v, f"{quantity.number} % of {n} is no whole number of people"
        else:
            yield v, None


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
    Silent where EN004 finds one of these numbers too large, and where a value names an arm that the record
    does not have (XR001).

    Example: Barczewska 2020: 21 slower + 33 unchanged + 13 faster = 67; with 12 it would be an error
    Remedy: compare with the paper; people without data are a category of their own.
    """
    arms = {None, *(arm.id for arm in listed(subject.trial.arms))}
    wrong = [
        sums
        for o, outcome in enumerate(listed(subject.trial.outcomes))
        if known(outcome.measure) == "category" and known(outcome.stat) == "count"
        if arms.issuperset(value.arm for value in listed(outcome.values))
        for sums in _sums(o, outcome)
    ]
    excessive = _excessive(subject.trial) if wrong else set()
    yield from (problem for problem, numbers in wrong if excessive.isdisjoint(numbers))


def _sums(position: int, outcome: Outcome) -> Iterator[tuple[Problem, list[Path]]]:
    """Sums that are wrong, with the places of their numbers."""
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
            path: Path = ("outcomes", position, "values")
            numbers: list[Path] = [(*path, v, key) for v, _ in group for key in ("n", "value")]
            yield Problem(numbers[-1], f"the categories hold {sums} = {total}, not {n}"), numbers
