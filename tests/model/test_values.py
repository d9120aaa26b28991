"""The values of fields: what each type takes, keeps, and refuses with which error."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

from alscli.model.values import (
    Absence,
    Count,
    Date,
    Duration,
    Flag,
    Interval,
    Length,
    Limits,
    Maybe,
    Moment,
    Number,
    PartialDate,
    PositiveCount,
    Printed,
    Quantity,
    Range,
    Sources,
    Stated,
    Text,
    Time,
    known,
    listed,
)


def read(kind: Any, value: object) -> Any:
    return TypeAdapter(kind).validate_python(value)


def error(kind: Any, value: object) -> str:
    """The type of the one error with which a value is refused."""
    with pytest.raises(ValidationError) as caught:
        read(kind, value)
    (problem,) = caught.value.errors()
    return str(problem["type"])


# -- dates ------------------------------------------------------------------------------------------


def date_text(day: date, parts: int) -> str:
    return day.isoformat()[: (4, 7, 10)[parts]]


days = st.dates(date(1, 1, 1))
partial = st.builds(date_text, days, st.sampled_from([0, 1, 2])).map(PartialDate.parse)


@pytest.mark.parametrize(
    ("text", "earliest", "latest"),
    [
        ("2020", date(2020, 1, 1), date(2020, 12, 31)),
        ("2020-02", date(2020, 2, 1), date(2020, 2, 29)),
        ("2021-02", date(2021, 2, 1), date(2021, 2, 28)),
        ("2020-02-29", date(2020, 2, 29), date(2020, 2, 29)),
        ("9999-12", date(9999, 12, 1), date(9999, 12, 31)),
    ],
)
def test_a_partial_date_means_every_day_in_it(text: str, earliest: date, latest: date) -> None:
    found = read(Date, text)
    assert (found.earliest, found.latest, str(found)) == (earliest, latest, text)


@pytest.mark.parametrize("text", ["2021-02-29", "2020-13", "2020-00", "2020-01-00", "2020-01-32", "0000"])
def test_a_day_that_no_calendar_has(text: str) -> None:
    assert error(Date, text) == "impossible_date"


@pytest.mark.parametrize(
    "text", ["", "20", "2020-1", "2020-01-1", "2020/01", "2020-01-01T00:00", " 2020", "2020\n", "２０２０"]
)
def test_a_date_in_another_form(text: str) -> None:
    assert error(Date, text) == "shape"


def test_a_date_is_text() -> None:
    assert error(Date, 2020) == "type"
    # TOML's native dates cannot be partial; the error names the quotes that are missing.
    assert error(Date, date(2020, 1, 1)) == "shape"
    with pytest.raises(ValidationError, match='"2020-01-01"'):
        read(Date, datetime(2020, 1, 1, 10, 30))  # noqa: DTZ001


@given(partial, partial)
def test_surely_after_only_if_every_completion_is(one: PartialDate, other: PartialDate) -> None:
    assert one.surely_after(other) == (one.earliest > other.latest)
    assert not (one.surely_after(other) and other.surely_after(one))
    assert not one.surely_after(one)


@given(partial, partial, st.data())
def test_surely_after_holds_for_any_days_that_are_meant(
    one: PartialDate, other: PartialDate, data: st.DataObject
) -> None:
    day = data.draw(st.dates(one.earliest, one.latest))
    other_day = data.draw(st.dates(other.earliest, other.latest))
    if one.surely_after(other):
        assert day > other_day
        assert one.surely_after(other_day)


@given(days, st.integers(0, 2))
def test_the_day_itself_is_among_those_a_partial_date_means(day: date, parts: int) -> None:
    found = PartialDate.parse(date_text(day, parts))
    assert found.earliest <= day <= found.latest
    assert PartialDate.parse(str(found)) == found


@given(partial, partial, partial)
def test_surely_after_is_transitive(a: PartialDate, b: PartialDate, c: PartialDate) -> None:
    if a.surely_after(b) and b.surely_after(c):
        assert a.surely_after(c)


# -- durations and times ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "in_days"),
    [
        ("12h", Fraction(1, 2)),
        ("26d", Fraction(26)),
        ("28w", Fraction(196)),
        ("12m", Fraction(36525, 100)),
        ("1y", Fraction(36525, 100)),
        ("0.5w", Fraction(7, 2)),
    ],
)
def test_a_duration_in_days(text: str, in_days: Fraction) -> None:
    found = read(Length, text)
    assert (found.days, str(found)) == (in_days, text)


@pytest.mark.parametrize(
    "text", ["", "28", "w", "28W", "28 w", "-28w", "28w ", "1e3d", ".5w", "9" * 5000 + "d"]
)
def test_what_is_no_duration(text: str) -> None:
    assert error(Length, text) == "shape"
    assert error(Length, 28) == "type"


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [("0d", 0, 0), ("28w", 196, 196), ("-2w", -14, -14), ("-2w..0d", -14, 0), ("0d..28w", 0, 196)],
)
def test_a_moment_or_a_window(text: str, start: int, end: int) -> None:
    found = read(Time, text)
    assert (found.start, found.end, str(found)) == (start, end, text)
    assert found.is_window == (".." in text)


@pytest.mark.parametrize(
    "text", ["", "28w..", "..28w", "4w..4w", "4w..2w", "28w...30w", "1w..2w..3w", "baseline"]
)
def test_what_is_no_moment(text: str) -> None:
    assert error(Time, text) == "shape"
    assert error(Time, 0) == "type"


lengths = st.builds(lambda n, unit: f"{n}{unit}", st.integers(0, 10**6), st.sampled_from("hdwmy"))


@given(lengths)
def test_minus_turns_a_moment_round(text: str) -> None:
    assert Moment.parse(f"-{text}").start == -Moment.parse(text).start == -Duration.parse(text).days


@given(lengths, lengths)
def test_a_window_is_taken_exactly_when_it_ends_after_its_start(first: str, last: str) -> None:
    if Duration.parse(first).days < Duration.parse(last).days:
        found = Moment.parse(f"{first}..{last}")
        assert found.end - found.start == Duration.parse(last).days - Duration.parse(first).days
    else:
        with pytest.raises(PydanticCustomError):
            Moment.parse(f"{first}..{last}")


# -- numbers ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["-0.20", "0.043", "1.50", "-3.77", "1E-7", "100"])
def test_a_number_keeps_the_digits_of_its_source(text: str) -> None:
    assert str(read(Number, Decimal(text))) == text
    assert str(read(Printed, Decimal(text))) == text


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**17), max_value=10**17))
def test_every_finite_number_keeps_its_digits(value: Decimal) -> None:
    assert str(read(Number, value)) == str(value)


@pytest.mark.parametrize(
    "value", [Decimal("NaN"), Decimal("Infinity"), Decimal("-Infinity"), 10**18, -(10**18)]
)
def test_no_number_of_a_trial(value: object) -> None:
    assert error(Number, value) == "shape"


@pytest.mark.parametrize("value", [True, False, "1", None, [1], 1.5])
def test_what_is_no_number_at_all(value: object) -> None:
    assert error(Number, value) == "type"


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (Count, 0, None),
        (Count, 10**18 - 1, None),
        (Count, -1, "shape"),
        (Count, 10**18, "shape"),
        (Count, True, "type"),
        (Count, Decimal(3), "type"),
        (Count, "3", "type"),
        (PositiveCount, 1, None),
        (PositiveCount, 0, "shape"),
        (PositiveCount, False, "type"),
    ],
)
def test_counts(kind: Any, value: object, expected: str | None) -> None:
    if expected is None:
        assert read(kind, value) == value
    else:
        assert error(kind, value) == expected


@pytest.mark.parametrize(
    ("text", "op", "number"),
    [("<0.001", "<", "0.001"), (">60", ">", "60"), ("<=0.05", "<=", "0.05"), (">=-2.50", ">=", "-2.50")],
)
def test_a_bound_is_printed_as_it_was(text: str, op: str, number: str) -> None:
    found = read(Printed, text)
    assert found.is_bound
    assert (found.op, str(found.number), str(found)) == (op, number, text)


@pytest.mark.parametrize(
    "text", ["0.001", "< 0.001", "<", "=5", "~5", "<.05", "<1e-5", "<>5", ">" + "9" * 5000]
)
def test_what_is_no_bound(text: str) -> None:
    assert error(Printed, text) == "shape"


def test_a_number_is_no_bound() -> None:
    found = read(Printed, Decimal("0.45"))
    assert found == Quantity(Decimal("0.45"))
    assert not found.is_bound
    for value in (True, None, [5]):
        assert error(Printed, value) == "type"


@pytest.mark.parametrize(("value", "low", "high"), [([18, 60], 18, 60), ([25], 25, None), ([5, 5], 5, 5)])
def test_limits(value: list[int], low: int, high: int | None) -> None:
    assert read(Limits, value) == Range(low, high)


@pytest.mark.parametrize(
    ("value", "expected"),
    [([], "shape"), ([1, 2, 3], "shape"), ([2, 1], "shape"), (5, "type"), ("5", "type"), ([True], "type")],
)
def test_what_is_no_range(value: object, expected: str) -> None:
    assert error(Limits, value) == expected
    assert error(Interval, value) == expected


def test_an_interval_has_two_ends() -> None:
    found = read(Interval, [Decimal("-3.25"), Decimal("1.48")])
    assert (str(found.low), str(found.high)) == ("-3.25", "1.48")
    assert error(Interval, [1]) == "shape"


# -- text and the rest ------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["ALS", " x ", "渐冻症", "[/red]", "\x1b[31m"])
def test_text_is_kept_as_it_is(value: str) -> None:
    assert read(Text, value) == value


@pytest.mark.parametrize("value", ["", " ", "\n\t", "not_reported", "not_applicable"])
def test_text_says_something(value: str) -> None:
    assert error(Text, value) == "shape"


def test_text_and_flags_are_not_converted() -> None:
    assert error(Text, 5) == "type"
    for value in (True, False):
        assert read(Flag, value) is value
    for value in (1, 0, "true", None):
        assert error(Flag, value) == "type"


def test_sources_are_a_key_or_a_list_of_keys() -> None:
    assert read(Sources, "registry") == ("registry",)
    assert read(Sources, ["a", "b"]) == ("a", "b")
    for value in (5, [], {}):
        assert error(Sources, value) == "type"
    assert error(Sources, ["a", 5]) == "type"
    for value in ("", [""], "not_reported", ["not_reported"]):
        assert error(Sources, value) == "shape"


def test_what_a_source_states_is_of_any_type_but_a_table() -> None:
    for value in ("not_reported", 5, Decimal("1.0"), True, [1, [Decimal("2.50"), "x"]]):
        assert read(Stated, value) == value
    assert error(Stated, {"a": 1}) == "type"
    assert error(Stated, [Decimal("NaN")]) == "shape"


# -- absences ---------------------------------------------------------------------------------------

MAYBE = [
    Maybe[Text],
    Maybe[Count],
    Maybe[Date],
    Maybe[Limits],
    Maybe[list[Text]],
    Maybe[Flag],
    Maybe[Printed],
]


@pytest.mark.parametrize("kind", MAYBE)
@pytest.mark.parametrize("absence", list(Absence))
def test_either_word_stands_for_the_whole_value(kind: Any, absence: Absence) -> None:
    assert read(kind, absence.value) is absence


@pytest.mark.parametrize("value", ["unknown", "not reported", "NOT_REPORTED", " not_reported"])
def test_other_words_are_no_absence(value: str) -> None:
    assert error(Maybe[Count], value) == "type"
    assert read(Maybe[Text], value) == value


def test_no_absence_inside_a_list() -> None:
    assert error(Maybe[list[Text]], ["not_reported"]) == "shape"


def test_an_absence_is_not_a_missing_key() -> None:
    assert [known(value) for value in (None, Absence.NOT_REPORTED, 0, "")] == [None, None, 0, ""]
    assert [listed(value) for value in (None, Absence.NOT_APPLICABLE, [], [1])] == [[], [], [], [1]]


@given(st.integers(0, 10**6), st.sampled_from(["h", "d", "w"]))
def test_a_duration_agrees_with_the_calendar(number: int, unit: str) -> None:
    name = {"h": "hours", "d": "days", "w": "weeks"}[unit]
    assert Duration.parse(f"{number}{unit}").days == Fraction(
        int(timedelta(**{name: number}).total_seconds()), 86400
    )
