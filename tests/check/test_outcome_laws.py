"""Laws of the rules on outcomes and safety: what a correct source prints is never called wrong."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, reject
from hypothesis import strategies as st
from pydantic import ValidationError

from alscli.check.engine import catalogue
from alscli.check.finding import Problem
from alscli.check.rules.effects import benefits
from alscli.check.rules.statistics import p_of_interval, printed
from alscli.check.subject import Names, Subject
from alscli.model.effect import quantile, two_tails
from alscli.model.trial import Trial
from alscli.model.vocabulary import shipped
from alscli.store.collection import Entry, Record, Snapshot

MINE = [code for code in catalogue() if code[:2] in ("OC", "SF")]
ARMS = [{"id": "active", "role": "experimental"}, {"id": "placebo", "role": "placebo_comparator"}]


def subject(*outcomes: dict[str, Any], **tables: Any) -> Any:
    """A trial with these outcomes, as rules see it."""
    values: dict[str, Any] = {
        "schema": 1,
        "id": "example",
        "title": "Cells in ALS",
        "conditions": ["ALS"],
        "study_type": "interventional",
        "design": "rct",
        "phase": "2",
        "status": "completed",
        "status_as_of": "2019",
        "arms": ARMS,
        "outcomes": [{"id": f"o{i}", "role": "primary", **o} for i, o in enumerate(outcomes)],
        "refs": [{"key": "paper", "kind": "article"}],
        "screening": {"decision": "include"},
        **tables,
    }
    try:
        trial = Trial.model_validate(values)
    except ValidationError:  # numbers beyond the format's bounds reach no rule
        reject()
    record = Record(Entry(Path("trials/example.toml"), "trial"), None, model=trial)
    names = Names(frozenset(), frozenset(), frozenset())
    return Subject(record, trial, Snapshot([record]), names, shipped(), date(2026, 11, 22))


def problems(seen: Any, *codes: str) -> Iterator[tuple[str, Problem]]:
    for code in codes or MINE:
        for problem in catalogue()[code].check(seen):
            yield code, problem


def codes(seen: Any, *wanted: str) -> list[str]:
    return [code for code, _ in problems(seen, *wanted)]


def shown(number: float, digits: int) -> Decimal:
    """A number as a paper prints it."""
    return Decimal(number).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_EVEN)


def comparison(**effect: Any) -> dict[str, Any]:
    return {
        "instrument": "ALSFRS-R",
        "measure": "change",
        "effects": [{"arm": "active", "vs": "placebo", **effect}],
    }


sizes = st.integers(2, 400)
digits = st.integers(0, 4)
reals = st.floats(-40, 40)
errors = st.floats(0.01, 10)


# -- numbers ----------------------------------------------------------------------------------------


@given(reals, digits)
def test_printed_number_stands_for_what_was_rounded(number: float, places: int) -> None:
    low, high = printed(shown(number, places))
    assert low - 1e-9 <= number <= high + 1e-9


def density(t: float, freedom: int) -> float:
    log = math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2) - math.log(freedom * math.pi) / 2
    return math.exp(log - (freedom + 1) / 2 * math.log1p(t * t / freedom))


@given(st.floats(0, 12), st.integers(1, 200))
def test_tails_of_t_are_those_of_its_density(t: float, freedom: int) -> None:
    steps = 400
    width = t / steps
    weights = [1, *([4, 2] * (steps // 2))[: steps - 1], 1]
    inside = sum(w * density(i * width, freedom) for i, w in enumerate(weights)) * width / 3
    assert two_tails(t, freedom) == pytest.approx(1 - 2 * inside, abs=1e-6)


@pytest.mark.parametrize(
    ("level", "freedom", "reach"),
    [(95, 1, 12.706), (95, 4, 2.776), (95, 10, 2.228), (95, 30, 2.042), (95, None, 1.960), (90, 5, 2.015)],
)
def test_quantiles_are_those_of_the_tables(level: float, freedom: int | None, reach: float) -> None:
    assert quantile(level, freedom) == pytest.approx(reach, abs=5e-4)


@pytest.mark.parametrize(
    ("kind", "est", "ci", "people", "p"),
    [
        ("md", "3.38", ("1.23", "5.54"), (31, 25), 0.003),  # Oh 2018, table 2
        ("md", "0.92", ("0.16", "1.67"), (32, 25), 0.018),
        ("md", "-1.80", ("-4.08", "0.48"), (31, 25), 0.119),
        ("md", "-0.74", ("-2.52", "1.03"), (31, 25), 0.406),
        ("md", "2.46", ("0.15", "4.76"), (52, 50), 0.037),  # the topline result of TBN
    ],
)
def test_p_of_interval_agrees_with_what_papers_print(
    kind: str, est: str, ci: tuple[str, str], people: tuple[int, int], p: float
) -> None:
    outcome = comparison(type=kind, est=Decimal(est), ci=[Decimal(end) for end in ci])
    effect = subject(outcome).trial.outcomes[0].effects[0]
    low, high = p_of_interval(effect, sum(people) - 2) or (1.0, 0.0)
    assert low <= p + 0.0005
    assert p - 0.0005 <= high


# -- what is correct is never called wrong ----------------------------------------------------------


@given(reals, errors, sizes, sizes, digits, st.integers(2, 4), st.sampled_from([90, 95, 99]), st.booleans())
def test_interval_and_p_of_one_model_agree(
    estimate: float, error: float, n: int, m: int, places: int, p_places: int, level: int, normal: bool
) -> None:
    freedom = None if normal else n + m - 2
    reach = quantile(float(level), freedom) * error
    p = shown(two_tails(abs(estimate) / error, freedom), p_places)
    outcome = comparison(
        type="md",
        est=shown(estimate, places),
        ci=[shown(estimate - reach, places), shown(estimate + reach, places)],
        level=level,
        p=p or f"<{Decimal(1).scaleb(-p_places)}",
    )
    outcome["values"] = [{"arm": "active", "n": n}, {"arm": "placebo", "n": m}]
    assert codes(subject(outcome), "OC002", "OC003", "OC004", "OC014") == []


@given(st.floats(-2, 2), st.floats(0.05, 0.8), st.integers(2, 3))
def test_ratio_and_p_of_one_model_agree(logarithm: float, error: float, places: int) -> None:
    ends = [math.exp(logarithm + side * quantile(95.0) * error) for side in (-1, 1)]
    outcome = comparison(
        type="or",
        est=shown(math.exp(logarithm), places),
        ci=[shown(end, places) for end in ends],
        p=shown(max(0.001, two_tails(abs(logarithm) / error)), 3),
    )
    assume(two_tails(abs(logarithm) / error) >= 0.001)
    assert codes(subject(outcome), "OC002", "OC003", "OC004", "OC014") == []


@given(st.floats(0.5, 3), st.integers(20, 200))
def test_lost_digit_of_p_is_found(ratio: float, n: int) -> None:
    p = two_tails(ratio, n)
    outcome = comparison(
        type="md",
        est=shown(ratio, 3),
        ci=[shown(ratio + side * quantile(95.0, n), 3) for side in (-1, 1)],
        p=shown(p / 10, 5),
    )
    assert codes(subject(outcome), "OC003", "OC004") in (["OC003"], ["OC004"])


@given(reals, errors, st.integers(2, 300), digits, st.sampled_from([90.0, 95.0, 99.0]))
def test_standard_error_fits_its_interval(
    mean: float, error: float, n: int, places: int, level: float
) -> None:
    reach = quantile(level, n - 1 if level == 95 else None) * error
    value = {
        "arm": "active",
        "n": n,
        "value": shown(mean, places),
        "se": shown(error, places),
        "ci": [shown(mean - reach, places), shown(mean + reach, places)],
    }
    assert codes(subject({"values": [value]}), "OC002", "OC005") == []


@given(reals, errors, st.integers(9, 300))
def test_standard_deviation_is_no_standard_error(mean: float, error: float, n: int) -> None:
    reach = quantile(95.0, n - 1) * error
    ends = [shown(mean - reach, 4), shown(mean + reach, 4)]
    value = {"n": n, "value": shown(mean, 4), "se": shown(error * math.sqrt(n), 4), "ci": ends}
    assert codes(subject({"values": [value]}), "OC005") == ["OC005"]


@given(st.data(), st.lists(st.integers(1, 40), min_size=2, max_size=2), st.integers(0, 3))
def test_ranks_of_everybody_average_to_their_middle(data: Any, groups: list[int], places: int) -> None:
    order = data.draw(st.permutations(range(1, sum(groups) + 1)))
    parts = order[: groups[0]], order[groups[0] :]
    values = [
        {"arm": arm, "n": len(part), "value": shown(sum(part) / len(part), places)}
        for arm, part in zip(("active", "placebo"), parts, strict=True)
    ]
    outcome = {"instrument": "CAFS", "measure": "rank", "stat": "mean", "values": values}
    assert codes(subject(outcome), "OC009") == []
    values[0]["value"] = Decimal(sum(groups) + 1)
    assert codes(subject(outcome), "OC009") == ["OC009"]


@given(reals, reals, digits)
def test_difference_of_values_has_their_sign(one: float, other: float, places: int) -> None:
    first, second = shown(one, places), shown(other, places)
    outcome = comparison(type="md", est=first - second)
    outcome["values"] = [{"arm": "active", "value": first}, {"arm": "placebo", "value": second}]
    assert codes(subject(outcome), "OC008") == []
    outcome["effects"][0]["est"] = second - first
    apart = abs(first - second) > Decimal(1).scaleb(-places)
    assert codes(subject(outcome), "OC008") == (["OC008"] if apart else [])


@given(st.sampled_from(["ALSFRS-R", "AALS", "ALSAQ-40", "FVC", "grip"]), reals, st.floats(0.001, 0.04))
def test_exchanged_arms_change_no_benefit(instrument: str, estimate: float, p: float) -> None:
    there = comparison(type="md", est=shown(estimate, 2))
    back = comparison(type="md", est=-shown(estimate, 2), arm="placebo", vs="active")
    judged = [
        benefits(seen, outcome, outcome.effects[0])
        for outcome_text in (there, back)
        for seen in [subject({**outcome_text, "instrument": instrument})]
        for outcome in seen.trial.outcomes
    ]
    assert judged[0] == judged[1]


@given(st.sampled_from([("ALSFRS-R", 0, 48), ("ALSFRS", 0, 40), ("AALS", 30, 164), ("ECAS", 0, 136)]), reals)
def test_scores_are_bounded_by_their_scale(scale: tuple[str, int, int], number: float) -> None:
    instrument, low, high = scale
    score = shown(low + (number + 40) * (high - low) / 40, 1)
    outcome = {"instrument": instrument, "measure": "score", "values": [{"value": score}]}
    assert codes(subject(outcome), "OC001") == ([] if low <= score <= high else ["OC001"])


@given(st.lists(st.integers(0, 500), min_size=4, max_size=4).map(sorted), st.booleans())
def test_counts_that_narrow_pass(counts: list[int], by_arm: bool) -> None:
    related, serious, any_event, people = counts
    line = {"sae_related_patients": related, "sae_patients": serious, "ae_patients": any_event}
    line |= {"arm": "active", "deaths": related}
    arms = [{**ARMS[0], "n": people}, ARMS[1]]
    if not by_arm:
        line["n"] = people
    assert codes(subject(arms=arms, safety=[line]), "SF001") == []
    for key in ("deaths", "sae_patients", "sae_related_patients", "ae_patients"):
        assert "SF001" in codes(subject(arms=arms, safety=[{**line, key: people + 1}]), "SF001")


# -- hostile input ----------------------------------------------------------------------------------

numbers = st.one_of(
    st.integers(-(10**17), 10**17),
    st.sampled_from([0, 1, -1, 10**17, -(10**17)]),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.sampled_from([Decimal("1E+999"), Decimal("-1E+999"), Decimal("1E-999"), Decimal("0.000")]),
)
pairs = st.lists(numbers, min_size=2, max_size=2).map(sorted)
counts = st.one_of(st.integers(0, 60), st.sampled_from([0, 10**18 - 1]))
bounds = st.builds("{}{}".format, st.sampled_from(["<", "<=", ">", ">="]), st.integers(-5, 10**17))
absent = st.sampled_from(["not_reported", "not_applicable"])
arms = st.sampled_from(["active", "placebo", "nowhere", "baseline"])
times = st.sampled_from(["0d", "28w", "-3m..0d", "0d..9m", "-1y..1y"])


def table(**keys: Any) -> Any:
    return st.fixed_dictionaries({}, optional={key: value | absent for key, value in keys.items()})


def terms(field: str) -> Any:
    return st.sampled_from(list(shipped()[field].terms))


values = st.builds(
    lambda known, plain: known | plain,
    table(n=counts, value=numbers | bounds, se=numbers, sd=numbers, ci=pairs, iqr=pairs, range=pairs),
    st.fixed_dictionaries({}, optional={"arm": arms, "at": times, "label": st.just("x")}),
)
effects = st.builds(
    lambda known, plain: known | plain,
    table(
        type=terms("effect_type"),
        est=numbers,
        ci=pairs,
        level=numbers,
        p=numbers | bounds,
        sides=counts,
        adjusted=st.booleans(),
    ),
    st.fixed_dictionaries({}, optional={"arm": arms, "vs": arms, "method": st.just("ANCOVA")}),
)
outcomes = st.builds(
    lambda known, plain: known | plain,
    table(
        instrument=terms("instrument"),
        measure=terms("measure"),
        stat=terms("stat"),
        values=st.lists(values, max_size=3),
        effects=st.lists(effects, max_size=2),
        at=times,
    ),
    st.fixed_dictionaries(
        {"result": terms("result")},
        optional={
            "subgroup": st.fixed_dictionaries({"label": st.just("x")}, optional={"n": counts}),
            "definition": st.text(min_size=1).filter(str.strip),
        },
    ),
)
harms = table(n=counts, deaths=counts, sae_patients=counts, sae_related_patients=counts)


@given(st.lists(outcomes, max_size=2), st.lists(harms, max_size=2), counts)
def test_no_rule_raises(listed: list[dict[str, Any]], safety: list[dict[str, Any]], n: int) -> None:
    sized = [{**arm, "n": n} for arm in ARMS]
    for _, problem in problems(subject(*listed, arms=sized, safety=safety)):
        assert problem.message
        assert len(problem.message) < 6000


@pytest.mark.parametrize("word", ["not_reported", "not_applicable"])
def test_absent_tables_are_silent(word: str) -> None:
    assert codes(subject(outcomes=word, safety=word, arms=word)) == []
