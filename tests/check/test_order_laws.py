"""Laws of the rules over dates and counts: what is in order is never called out of order."""

from __future__ import annotations

import tomllib
from datetime import date, timedelta
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alscli.check.engine import catalogue
from alscli.check.finding import Problem
from alscli.check.rules.enrollment import can_be_percentage
from alscli.check.subject import Names, Subject
from alscli.model.trial import Trial
from alscli.model.vocabulary import shipped
from alscli.store.collection import Entry, Record, Snapshot
from alscli.store.toml import Document

STAGES = ("start", "primary_completion", "completion", "results_posted")
DAYS = st.dates(date(1990, 1, 1), date(2026, 1, 1))


def problems(code: str, **keys: Any) -> list[Problem]:
    """What one rule says of a small trial with these keys."""
    smallest = """
        schema = 1
        id = "example"
        title = "Cells"
        registry_id = "NCT00000001"
        conditions = ["ALS"]
        study_type = "interventional"
        design = "rct"
        phase = "1"
        status = "completed"
        status_as_of = "2020"
        screening = { decision = "include" }
    """
    values = {**tomllib.loads(smallest), **keys}
    record = Record(Entry(Path("trials/example.toml"), "trial"), Document("", values, ""))
    names = Names(frozenset(), frozenset(), frozenset())
    model = Trial.model_validate(values)
    subject = Subject(record, model, Snapshot([record]), names, shipped(), date(2026, 11, 22))
    return list(catalogue()[code].check(subject))


def cut(day: date, length: int) -> str:
    """A day as a registry may give it: in full, as a month or as a year."""
    return day.isoformat()[:length]


@given(
    st.lists(DAYS, min_size=4, max_size=4).map(sorted),
    st.lists(st.sampled_from([4, 7, 10]), min_size=4, max_size=4),
    st.sets(st.sampled_from(STAGES)),
)
def test_days_in_order_stay_in_order_however_they_are_given(
    days: list[date], lengths: list[int], left_out: set[str]
) -> None:
    dates = {
        stage: {"on": cut(day, length), "type": "actual"}
        for stage, day, length in zip(STAGES, days, lengths, strict=True)
        if stage not in left_out
    }
    assert problems("DT002", dates=dates) == []


@given(st.permutations(STAGES[:3]), st.lists(DAYS, min_size=3, max_size=3, unique=True).map(sorted))
def test_days_out_of_order_are_seen(order: list[str], days: list[date]) -> None:
    dates = {stage: {"on": day.isoformat()} for stage, day in zip(order, days, strict=True)}
    assert bool(problems("DT002", dates=dates)) == (tuple(order) != STAGES[:3])


@given(DAYS, DAYS, st.sampled_from([4, 7, 10]), st.sampled_from([4, 7, 10]))
def test_a_partial_date_breaks_an_order_only_if_every_day_of_it_does(
    first: date, second: date, one: int, other: int
) -> None:
    dates = {"start": {"on": cut(first, one)}, "completion": {"on": cut(second, other)}}
    days = [first + timedelta(step) for step in range(-366, 367)]
    starts = [day for day in days if cut(day, one) == cut(first, one)]
    ends = [
        day
        for shift in range(-366, 367)
        if cut(day := second + timedelta(shift), other) == cut(second, other)
    ]
    assert bool(problems("DT002", dates=dates)) == (min(starts) > max(ends))


@given(DAYS, st.integers(0, 365))
def test_results_within_a_year_are_never_late(end: date, days: int) -> None:
    dates = {
        "primary_completion": {"on": end.isoformat(), "type": "actual"},
        "results_posted": {"on": (end + timedelta(days)).isoformat(), "type": "actual"},
    }
    assert problems("DT010", dates=dates) == []


@given(
    st.lists(st.integers(0, 500), min_size=5, max_size=5).map(lambda n: sorted(n, reverse=True)),
    st.sets(st.integers(0, 4)),
)
def test_a_flow_that_narrows_is_no_problem(people: list[int], left_out: set[int]) -> None:
    stages = ("screened", "enrolled", "randomized", "treated", "completed")
    flow = {
        name: n for place, (name, n) in enumerate(zip(stages, people, strict=True)) if place not in left_out
    }
    assert problems("EN001", enrollment=flow) == []


@given(st.lists(st.integers(1, 300), min_size=2, max_size=6))
def test_arms_add_up_to_their_sum_and_to_nothing_else(sizes: list[int]) -> None:
    arms = [{"id": f"arm-{place}", "role": "experimental", "n": n} for place, n in enumerate(sizes)]
    for wrong, count in ((0, 0), (1, 1)):
        enrollment = {"randomized": sum(sizes) + wrong}
        assert len(problems("EN002", allocation="randomized", arms=arms, enrollment=enrollment)) == count


@given(
    st.integers(1, 2000),
    st.data(),
    st.integers(0, 3),
    st.sampled_from([ROUND_HALF_UP, ROUND_HALF_EVEN, ROUND_DOWN]),
)
def test_a_share_of_people_is_a_possible_percentage(
    n: int, data: st.DataObject, digits: int, rounding: str
) -> None:
    k = data.draw(st.integers(0, n))
    printed = (Decimal(100) * k / n).quantize(Decimal(1).scaleb(-digits), rounding=rounding)
    assert can_be_percentage(printed, n)


@given(st.integers(1, 40), st.integers(0, 1000))
def test_percentages_of_few_people_are_few(n: int, tenths: int) -> None:
    """With one digit printed, at most three spellings of each k of n are possible."""
    printed = Decimal(tenths) / 10
    near = min(abs(Decimal(100) * k / n - printed) for k in range(n + 1))
    assert can_be_percentage(printed.quantize(Decimal("0.1")), n) == (
        near < Decimal("0.05")
    ) or near < Decimal("0.1")


@given(st.lists(st.integers(0, 50), min_size=2, max_size=5))
def test_categories_add_up(counts: list[int]) -> None:
    def outcome(n: int) -> dict[str, Any]:
        values = [{"label": str(place), "n": n, "value": count} for place, count in enumerate(counts)]
        return {"id": "a", "role": "secondary", "measure": "category", "stat": "count", "values": values}

    assert problems("EN006", outcomes=[outcome(sum(counts))]) == []
    assert len(problems("EN006", outcomes=[outcome(sum(counts) + 1)])) == 1


@pytest.mark.parametrize(("start", "late"), [("2017-08-28", 1), ("2017-08", 0), ("2017", 0), ("2017-07", 1)])
def test_a_day_late_is_told_by_full_dates_only(start: str, late: int) -> None:
    """NurOwn phase 3 was registered on 29 August 2017, a day after its start."""
    dates = {"registered": {"on": "2017-08-29"}, "start": {"on": start}}
    assert len(problems("DT008", dates=dates)) == late
