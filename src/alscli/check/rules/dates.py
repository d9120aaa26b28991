"""Dates: order, what is past and what is late. A partial date breaks an order only if every reading does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import combinations, pairwise

from alscli.check.finding import Problem
from alscli.check.rule import rule, state
from alscli.check.rules.enrollment import first_counted
from alscli.check.subject import Subject
from alscli.model.evidence import has_result
from alscli.model.provenance import Dated, Ref
from alscli.model.trial import Trial
from alscli.model.values import PartialDate, known, listed

state(
    "DT001",
    "error",
    """A date that is no day of the calendar.

    Example: `on = "2025-02-30"`
    Remedy: look at the source again; where it gives only the month, write `2025-02`.
    """,
)

OPEN = frozenset(
    {"recruiting", "not_yet_recruiting", "active_not_recruiting", "enrolling_by_invitation", "available"}
)
RECRUITING = frozenset({"recruiting", "not_yet_recruiting", "enrolling_by_invitation"})
STOPPED = frozenset({"terminated", "suspended", "withdrawn"})
_STAGES = ("start", "primary_completion", "completion")


def happened(subject: Subject, name: str) -> Dated | None:
    """One of the trial's dates, unless it cannot be seen yet: that is DT003's."""
    stage = subject.stages.get(name)
    return None if stage is None or _is_unseen(subject, name, stage) else stage


_SEEN_ONLY = frozenset({"registered", "results_posted"})
"""Stages that nobody plans: a date without a type is that of the event."""


def _is_unseen(subject: Subject, name: str, stage: Dated) -> bool:
    """Whether a date of something that is said to have happened lies in the future."""
    ended = name == "completion" and subject.trial.status == "completed"
    actual = stage.type == "actual" or (stage.type is None and (name in _SEEN_ONLY or ended))
    return actual and stage.on.surely_after(subject.as_of)


def disputed(trial: Trial, field: str) -> bool:
    """Whether a dispute is recorded about the field or a part of it."""
    return any(d.field == field or d.field.startswith(f"{field}.") for d in trial.disputes)


@rule("DT002", "error", "trial", about=("dates",))
def stages_in_order(subject: Subject) -> Iterator[Problem]:
    """A stage of the trial dated before an earlier stage.

    Start ≤ primary completion ≤ completion; primary completion ≤ results. Results may be posted before the
    study is complete, never before its primary completion.

    Example: `start = { on = "2021-05" }` with `completion = { on = "2020-11" }`
    Remedy: compare both dates with the registry.
    """
    told: set[str] = set()
    names = (*_STAGES, "results_posted")
    seen = {name: stage.on for name in names if (stage := happened(subject, name)) is not None}
    for chain in (_STAGES, ("start", "primary_completion", "results_posted")):
        stages = [(name, seen[name]) for name in chain if name in seen]
        broken = [
            (earlier, later)
            for earlier, later in combinations(stages, 2)
            if earlier[1].surely_after(later[1])
        ]
        if len(broken) == 3:  # first and last are exchanged
            broken = [(stages[0], stages[2])]
        # Of several, those between neighbors; a year in between may fit both neighbors, which do not fit.
        for (first, before), (second, after) in [p for p in broken if p in pairwise(stages)] or broken:
            if first not in told:  # one date that is wrong may stand against several
                told.add(first)
                words = f"{_words(second)} {after} is before {_words(first)} {before}"
                yield Problem(("dates", second, "on"), words)


def _are_disordered(subject: Subject) -> bool:
    return next(iter(stages_in_order(subject)), None) is not None


def _words(name: str) -> str:
    return name.replace("_", " ")


@rule("DT003", "error", "trial", "product", "ledger")
def future_date(subject: Subject) -> Iterator[Problem]:
    """An `actual` date, a verification, `status_as_of`, an event or a source that lies in the future.

    What has not happened yet cannot have been seen. Registration, posted results and the completion of a
    completed study are actual unless they say `estimated`.

    Example: `verified.on` of next year
    Remedy: mend the date; a planned date has `type = "estimated"`.
    """
    verified = getattr(subject.model, "verified", None)
    if verified is not None and verified.on.surely_after(subject.as_of):
        yield Problem(("verified", "on"), f"{verified.on} is in the future")
    yield from _future_sources(subject)
    for field in ("disputes", "events"):
        for position, element in enumerate(listed(getattr(subject.model, field, None))):
            on: PartialDate | None = known(element.on)
            if on is not None and on.surely_after(subject.as_of):
                yield Problem((field, position, "on"), f"{on} is in the future")
    if not isinstance(subject.model, Trial):
        return
    trial = subject.trial
    if trial.status_as_of.surely_after(subject.as_of):
        yield Problem(("status_as_of",), f"{trial.status_as_of} is in the future")
    for name, stage in subject.stages.items():
        if _is_unseen(subject, name, stage):
            yield Problem(("dates", name, "on"), f"{stage.on} is in the future, and is said to have happened")


_YEAR = timedelta(days=366)


def _future_sources(subject: Subject) -> Iterator[Problem]:
    """References seen in the future, or printed more than a year ahead: an issue bears a date to come."""
    a_year_on = min(subject.as_of, date.max - _YEAR) + _YEAR
    refs: list[Ref] = getattr(subject.model, "refs", [])
    for r, ref in enumerate(refs):
        if (seen := known(ref.retrieved)) is not None and seen.earliest > subject.as_of:
            yield Problem(("refs", r, "retrieved"), f"{seen} is in the future")
        if (printed := known(ref.published)) is not None and printed.earliest > a_year_on:
            yield Problem(("refs", r, "published"), f"{printed} is in the future")


@rule("DT006", "note", "trial")
def stale_status(subject: Subject) -> Iterator[Problem]:
    """An open status although completion is past, or although nobody has confirmed it for two years.

    ClinicalTrials.gov itself would show UNKNOWN. Silent where DT013 doubts the status.

    Example: `recruiting` as of 2021, completion estimated for 2023
    Remedy: look at the registry; where it still says so, nothing: readers are told.
    """
    trial = subject.trial
    if trial.status not in OPEN or _treated_early(trial):
        return
    start, completion = subject.stages.get("start"), subject.stages.get("completion")
    if completion is not None and start is not None and start.on.surely_after(completion.on):
        return  # DT002's: one of the two is wrong
    if completion is not None and _is_over(completion.on, subject.as_of):
        yield Problem(("status",), f"{trial.status}, yet completion {completion.on} is past")
    elif _is_over(trial.status_as_of, subject.as_of, years=2):
        yield Problem(("status",), f"{trial.status} as of {trial.status_as_of}, more than two years ago")


def _is_over(one: PartialDate, day: date, *, years: int = 0) -> bool:
    """Whether every day that `one` can mean is more than so many years before `day`."""
    last = one.latest
    return (last.year + years, last.month, last.day) < (day.year, day.month, day.day)


@rule("DT007", "warning", "trial", about=("dates",))
def completion_missing(subject: Subject) -> Iterator[Problem]:
    """A completed, registered, interventional trial with `[dates]` but no actual completion date.

    Lateness of results is counted from it.

    Example: `status = "completed"` with `completion = { on = "2020-10", type = "estimated" }`
    Remedy: take the date from the registry, or write `completion = "not_reported"`.
    """
    trial = subject.trial
    dates = known(trial.dates)
    if (
        trial.status != "completed"
        or trial.study_type != "interventional"
        or trial.registry_id is None
        or dates is None
    ):
        return
    if dates.completion is None:
        yield Problem(("dates", "completion"), "completed, and no completion date", at="header")
    elif (completion := known(dates.completion)) is not None and completion.type == "estimated":
        yield Problem(("dates", "completion"), f"completed, yet completion {completion.on} is an estimate")


@rule("DT008", "note", "trial", about=("dates.registered",))
def registered_late(subject: Subject) -> Iterator[Problem]:
    """Registered after the first enrollment.

    The ICMJE asks for registration before; a late one leaves room for a changed plan. A start that is
    estimated, or of a trial that was withdrawn or does not recruit yet, has enrolled nobody. Silent where
    DT002 doubts the dates.

    Example: NurOwn phase 3, registered on 2017-08-29, one day after its start
    Remedy: none where true; compare both dates with the registry's history.
    """
    registered, start = happened(subject, "registered"), subject.stages.get("start")
    if registered is None or start is None or not registered.on.surely_after(start.on):
        return
    if start.type == "estimated" or subject.trial.status in ("withdrawn", "not_yet_recruiting"):
        return
    if _are_disordered(subject):
        return
    if registered.on.earliest == registered.on.latest and start.on.earliest == start.on.latest:
        days = (registered.on.earliest - start.on.earliest).days
        late = f"{days:,} day{'s' if days != 1 else ''} after"
    else:
        late = "after"
    yield Problem(("dates", "registered"), f"registered {registered.on}, {late} start {start.on}")


def _end(subject: Subject) -> tuple[str, PartialDate] | None:
    """Primary completion, or completion where that is all there is, if it has happened."""
    for name in ("primary_completion", "completion"):
        if (stage := subject.stages.get(name)) is not None:
            return (name, stage.on) if stage.type == "actual" else None
    return None


@rule("DT009", "note", "trial", about=("dates.primary_completion", "dates.completion"))
def results_missing(subject: Subject) -> Iterator[Problem]:
    """No results twelve months after primary completion.

    42 CFR 11.44, the EU Clinical Trials Regulation and WHO ask for summary results within a year. Delays can
    be certified, and phase 1 may be exempt, so this is no accusation. Results of any kind in the record
    count, published or posted. Silent where DT002 doubts the dates.

    Example: completed in 2019, nothing posted and nothing published
    Remedy: none where true; add the results where there are any.
    """
    trial = subject.trial
    end = _end(subject)
    if (
        end is None
        or trial.study_type != "interventional"
        or trial.registry_id is None
        or trial.status == "withdrawn"
        or not _is_over(end[1], subject.as_of, years=1)
        or "results_posted" in subject.stages
    ):
        return
    if listed(trial.safety) or any(map(has_result, listed(trial.outcomes))) or _are_disordered(subject):
        return
    yield Problem(("dates", end[0]), f"no results, more than a year after {_words(end[0])} {end[1]}")


@rule("DT010", "note", "trial", about=("dates.results_posted",))
def results_late(subject: Subject) -> Iterator[Problem]:
    """Results posted more than twelve months after primary completion.

    The same deadline as DT009's, missed and then made good. Silent where DT002 doubts the dates.

    Example: NurOwn phase 3: posted 1,217 days after primary completion
    Remedy: none where true.
    """
    posted, end = happened(subject, "results_posted"), _end(subject)
    if posted is None or end is None or _are_disordered(subject):
        return
    if _is_over(end[1], posted.on.earliest, years=1):
        days = (posted.on.earliest - end[1].latest).days
        message = f"results posted {posted.on}, {days:,} days after {_words(end[0])}"
        yield Problem(("dates", "results_posted"), message)


@rule("DT011", "warning", "trial", "product", about=("verified",))
def verification_old(subject: Subject) -> Iterator[Problem]:
    """Verified more than 365 days ago, or more than 180 days ago while recruiting.

    Registries change a recruiting trial's entry often.

    Example: a recruiting trial verified a year ago
    Remedy: compare the record with its sources; `alscli verify ID --against REF` stamps it.
    """
    verified = getattr(subject.model, "verified", None)
    if verified is None:
        return
    recruiting = isinstance(subject.model, Trial) and subject.trial.status in RECRUITING
    limit = 180 if recruiting else 365
    days = (subject.as_of - verified.on.latest).days
    if days > limit:
        yield Problem(("verified", "on"), f"verified {days:,} days ago; look again after {limit}")


@rule("DT012", "warning", "trial")
def stop_unexplained(subject: Subject) -> Iterator[Problem]:
    """Terminated, suspended or withdrawn, and no `why_stopped`.

    Whether a trial stopped for harm, futility or money decides what it says about the therapy. Silent where
    DT013 doubts the status.

    Example: `status = "terminated"` alone
    Remedy: add the registry's reason in your words, or `why_stopped = "not_reported"`.
    """
    trial = subject.trial
    if trial.status in STOPPED and trial.why_stopped is None and not _treated_early(trial):
        yield Problem(("why_stopped",), f"{trial.status}, and no `why_stopped`", at="header")


@rule("DT013", "warning", "trial", about=("enrollment.treated",))
def treated_before_start(subject: Subject) -> Iterator[Problem]:
    """Withdrawn or not yet recruiting, although somebody was treated.

    Silent where a dispute about `status` says that the registry lags behind, and where the number of the
    treated is in doubt (EN001, EN002).

    Example: SNUG01, not yet recruiting in the registry, with six people treated
    Remedy: mend the status, or record both in a dispute about `status`.
    """
    trial = subject.trial
    if treated := _treated_early(trial):
        yield Problem(("enrollment", "treated"), f"{treated} treated, yet the status is {trial.status}")


def _treated_early(trial: Trial) -> int:
    """How many were treated although the status says that nobody can have been."""
    if trial.status not in ("withdrawn", "not_yet_recruiting") or disputed(trial, "status"):
        return 0
    treated = first_counted(trial, ("treated",))
    return 0 if treated is None else treated[1]


@rule("DT014", "note", "trial", about=("dates.completion",))
def unusual_duration(subject: Subject) -> Iterator[Problem]:
    """Less than 30 days or more than 10 years from start to completion.

    Often a slip in a year.

    Example: start 2015, completion 2051
    Remedy: compare with the registry; none where true.
    """
    start, completion = happened(subject, "start"), happened(subject, "completion")
    if start is None or completion is None:
        return
    longest = (completion.on.latest - start.on.earliest).days
    shortest = (completion.on.earliest - start.on.latest).days
    if 0 <= longest < 30:
        yield Problem(("dates", "completion"), f"only {longest} days from start to completion")
    elif shortest > 3653:
        yield Problem(("dates", "completion"), f"{shortest / 365.25:.1f} years from start to completion")
