"""What people type, and what the file holds."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alscli.errors import UsageError
from alscli.interview.answer import dose, number, read, result, term
from alscli.model.format import FieldEntry, fields
from alscli.model.vocabulary import shipped

ENTRIES = {entry.path.replace("[]", ""): entry for kind in ("trial", "product") for entry in fields(kind)}  # type: ignore[arg-type]
ENTRIES |= {entry.path.replace("[]", ""): entry for entry in fields("trial")}


def entry(path: str) -> FieldEntry:
    return ENTRIES[path]


def said(path: str, text: str) -> Any:
    return read(text, entry(path), shipped())


@pytest.mark.parametrize(
    ("path", "text", "value"),
    [
        # dates
        ("status_as_of", "2020", "2020"),
        ("status_as_of", "2020-3", "2020-03"),
        ("status_as_of", "2020/03/5", "2020-03-05"),
        ("status_as_of", "2020.3.5", "2020-03-05"),
        ("status_as_of", "2020年", "2020"),
        ("status_as_of", "2020年3月", "2020-03"),
        ("status_as_of", "2020年3月5日", "2020-03-05"),
        ("status_as_of", "２０２０年３月", "2020-03"),
        ("status_as_of", "2020 年 3 月 5 日", "2020-03-05"),
        ("status_as_of", "March 2020", "2020-03"),
        ("status_as_of", "Oct. 30, 2021", "2021-10-30"),
        ("status_as_of", "5 March 2020", "2020-03-05"),
        ("status_as_of", "2021 Oct 30", "2021-10-30"),  # as PubMed prints it
        ("status_as_of", "2021 Oct", "2021-10"),
        # durations and times
        ("follow_up", "28w", "28w"),
        ("follow_up", "28 weeks", "28w"),
        ("follow_up", "28-week", "28w"),
        ("follow_up", "6 Months", "6m"),
        ("follow_up", "28周", "28w"),
        ("follow_up", "6个月", "6m"),
        ("follow_up", "2年", "2y"),
        ("follow_up", "12 小时", "12h"),
        ("follow_up", "1.5 years", "1.5y"),
        ("arms.given.every", "every 8 weeks", "8w"),
        ("arms.given.every", "每8周", "8w"),
        ("outcomes.at", "baseline", "0d"),
        ("outcomes.at", "基线", "0d"),
        ("outcomes.at", "-3 months..0d", "-3m..0d"),
        ("outcomes.at", "Week 28", "28w"),
        ("outcomes.at", "at 6 months", "6m"),
        ("outcomes.at", "第28周", "28w"),
        ("outcomes.at", "第 3 个月", "3m"),
        ("outcomes.at", "baseline to week 28", "0d..28w"),
        ("outcomes.at", "week 4 – week 28", "4w..28w"),
        ("outcomes.at", "基线至28周", "0d..28w"),
        ("outcomes.at", "−3m..0d", "-3m..0d"),
        # numbers
        ("sites", "1,200", 1200),
        ("sites", " 12 ", 12),
        ("enrollment.planned", "40", 40),
        ("enrollment.planned", "１２", 12),
        ("arms.given.low", "1×10^6", 1_000_000),
        ("arms.given.low", "30 × 10⁶", 30_000_000),
        ("arms.given.low", "1.5e8", 150_000_000),
        ("arms.given.low", "1,000×10^6", 1_000_000_000),
        ("arms.given.low", "1,000.5×10^6", 1_000_500_000),
        ("arms.given.low", "10^6", 1_000_000),
        ("arms.given.low", "10⁸", 100_000_000),
        ("arms.given.low", "2 x 10**7", 20_000_000),
        ("arms.given.low", "100 万", 1_000_000),
        ("arms.given.low", "1.5亿", 150_000_000),
        ("arms.given.low", "1.2萬", 12_000),
        ("arms.given.low", "0.50", Decimal("0.50")),
        ("arms.given.low", "-3.20", Decimal("-3.20")),
        ("arms.given.low", "−3", -3),
        ("outcomes.values.value", "<0.001", "<0.001"),
        ("outcomes.values.value", "< .001", "<0.001"),
        ("outcomes.values.value", "≤ 0.05", "<=0.05"),
        ("outcomes.values.value", "＞60", ">60"),
        ("outcomes.values.value", "-5.52", Decimal("-5.52")),
        ("eligibility.age", "18-60", [18, 60]),
        ("eligibility.age", "18 to 60", [18, 60]),
        ("eligibility.age", "18–60", [18, 60]),
        ("eligibility.age", "18至60", [18, 60]),
        ("eligibility.age", "[18, 60]", [18, 60]),
        ("eligibility.age", "18..60", [18, 60]),
        ("eligibility.age", "≥18", [18]),
        ("eligibility.age", "18+", [18]),
        ("outcomes.values.ci", "-3.25 to 1.48", [Decimal("-3.25"), Decimal("1.48")]),
        ("outcomes.values.ci", "-3.25..-1", [Decimal("-3.25"), -1]),
        # terms
        ("status", "Completed", "completed"),
        ("phase", "II期", "2"),
        ("phase", "Phase 1/Phase 2", "1/2"),
        ("phase", "I-II", "1/2"),
        ("arms.given.route", "鞘内注射", "intrathecal"),
        ("interventions.cell_type", "骨髓間充質幹細胞", "BM-MSC"),
        ("countries", "China, 美国、Poland", ["CN", "US", "PL"]),
        ("countries", "CN; CN", ["CN"]),
        ("countries", '["CN", "US"]', ["CN", "US"]),
        ("conditions", "渐冻症", ["ALS"]),
        ("conditions", "ALS, a rare disease", ["ALS", "a rare disease"]),
        # the rest
        ("sponsor.sells", "yes", True),
        ("sponsor.sells", "否", False),
        ("registry_id", "https://clinicaltrials.gov/study/nct03280056", "NCT03280056"),
        ("refs.doi", "https://doi.org/10.1002/mus.27472", "10.1002/mus.27472"),
        ("refs.pmid", "PMID: 34890069", "34890069"),
        ("refs.url", "https://example.org/a", "https://example.org/a"),
        ("src", "registry", "registry"),
        ("src", 'a, "b"', ["a", "b"]),
        ("title", "  A trial: 1×10^6 cells ", "A trial: 1×10^6 cells"),
        ("related", '[{ id = "a", rel = "extension" }]', [{"id": "a", "rel": "extension"}]),
    ],
)
def test_answers_in_many_forms(path: str, text: str, value: Any) -> None:
    found = said(path, text)
    assert found == value
    assert str(found) == str(value)


@pytest.mark.parametrize("text", ["not_reported", "Not reported", "未报告", "未報告"])
def test_looked_for_and_not_there(text: str) -> None:
    assert said("masking", text) == said("countries", text) == said("sites", text) == "not_reported"
    with pytest.raises(UsageError, match="title cannot be not_reported"):
        said("title", text)
    assert said("sites", "不适用") == "not_applicable"


@pytest.mark.parametrize(
    ("path", "text", "message"),
    [
        ("status_as_of", "Spring 2020", "not a date"),
        ("status_as_of", "Feb 30, 2020", "no day of the calendar"),
        ("status_as_of", "03/04/2020 March", "not a date"),
        ("outcomes.at", "week 28 months", "a time such as 28w"),
        ("outcomes.at", "day 1", "a time such as 28w"),  # the first day, or a day after it
        ("follow_up", "week 28", "not a duration"),
        ("status_as_of", "2021-02-29", "no day of the calendar"),
        ("status_as_of", "5/3/2020", "not a date"),
        ("follow_up", "28", "not a duration"),
        ("follow_up", "28 moons", "not a duration"),
        ("follow_up", "-3m", "not a duration"),
        ("outcomes.at", "0d..-3m", "window"),
        ("sites", "many", "no number"),
        ("sites", "-1", "no whole number"),
        ("sites", "1.5", "no whole number"),
        ("sites", "nan", "no number"),
        ("sites", "infinity", "no number"),
        ("sites", "9" * 5000, "no number"),
        ("sites", "", "no number"),
        ("arms.given.low", "3x1000", "no number"),
        ("arms.given.low", "1x106", "no number"),
        ("arms.given.low", "1,5", "no number"),
        ("arms.given.low", "1,5×10^6", "no number"),  # 1.5 or 15: nobody knows
        ("arms.given.low", "1,5 × 10⁶", "no number"),
        ("arms.given.low", "万", "no number"),
        ("outcomes.values.value", "<", "not a number, or a bound"),
        ("eligibility.age", "1-2-3", "no range"),
        ("eligibility.age", "<=24", "names no least"),
        ("eligibility.age", "≤ 24", "names no least"),
        ("outcomes.values.value", "not met", "'not met' is not a number"),
        ("eligibility.age", "adults", "no range"),
        ("eligibility.age", "", "no range"),
        ("phase", "five", "no term of phase"),
        ("phase", "", "no term of phase"),
        ("countries", "Atlantis", "no term of country"),
        ("countries", ", ,", "lists nothing"),
        ("sponsor.sells", "perhaps", "neither yes nor no"),
        ("registry_id", "NCT0328005", "digits"),
        ("registry_id", "hello", "no known registry"),
        ("refs.doi", "hello", "no DOI"),
        ("refs.pmid", "hello", "no PubMed number"),
        ("refs.url", "hello", "no address"),
        ("related", "hello", "list of table"),
        ("countries", '["CN"', "term of country"),
    ],
)
def test_what_is_no_answer(path: str, text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        said(path, text)


@pytest.mark.parametrize(
    ("text", "cells", "expected"),
    [
        ("1×10^6/kg", True, {"low": 1_000_000, "unit": "cells/kg"}),
        ("1 x 10⁶ cells per kg", False, {"low": 1_000_000, "unit": "cells/kg"}),
        ("30 × 10⁶ cells", False, {"low": 30_000_000, "unit": "cells"}),
        ("30 million", True, {"low": 30_000_000, "unit": "cells"}),
        ("100-125 million cells", False, {"low": 100_000_000, "high": 125_000_000, "unit": "cells"}),
        ("1e6-2e6 cells", False, {"low": 1_000_000, "high": 2_000_000, "unit": "cells"}),
        ("1,000×10^3 cells", False, {"low": 1_000_000, "unit": "cells"}),
        ("100 mg", False, {"low": 100, "unit": "mg"}),
    ],
)
def test_doses_as_they_are_printed(text: str, cells: bool, expected: dict[str, Any]) -> None:
    assert dose(text, shipped()["dose_unit"], cells=cells) == expected


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("a lot of cells", "'a lot of' is no number", "write it as it is printed: 1×10^6/kg"),
        ("1,5×10^6 cells", "'1,5×10^6' is no number", "write it as it is printed"),
        ("5 spoons", "names no unit", "units: "),
        ("5/kg", "how much of what", "write the unit"),
        ("1-2e6 cells", "can be read in two ways", "write both ends in full"),
        ("2e6-1e6 cells", "ends below its beginning", "write it as it is printed"),
    ],
)
def test_what_is_no_dose(text: str, message: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        dose(text, shipped()["dose_unit"])
    assert message in caught.value.message
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("13 of 19", {"n": 19, "value": 13}),
        ("13/19", {"n": 19, "value": 13}),
        ("33%", {"value": 33}),
        ("<0.001", {"value": "<0.001"}),
        ("-3.77, sd 1.2, n 95", {"n": 95, "value": Decimal("-3.77"), "sd": Decimal("1.2")}),
        (
            "-3.77 (95 % CI -4.1 to -3.4)",
            {"value": Decimal("-3.77"), "ci": [Decimal("-4.1"), Decimal("-3.4")]},
        ),
        ("n 12", {"n": 12}),
        ("n.r.", {"value": "not_reported"}),
    ],
)
def test_results_as_they_are_printed(text: str, expected: dict[str, Any]) -> None:
    assert result(text) == expected


@pytest.mark.parametrize("text", ["1 ± 2", "33 28", "sd", "ci 1", "few", "x" * 300])
def test_what_is_no_result(text: str) -> None:
    with pytest.raises(UsageError):
        result(text)


def test_the_nearest_term_is_offered() -> None:
    with pytest.raises(UsageError) as caught:
        term("recruting", shipped()["status"])
    assert "recruiting" in caught.value.hint


@given(st.integers(-(10**15), 10**15))
def test_whole_numbers_in_digits_and_with_commas(value: int) -> None:
    assert number(str(value)) == number(f"{value:,}") == value


@given(st.integers(1, 999), st.integers(0, 9))
def test_powers_of_ten(mantissa: int, power: int) -> None:
    superscript = str(power).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))
    expected = mantissa * 10**power
    for text in (f"{mantissa}×10^{power}", f"{mantissa} x 10{superscript}", f"{mantissa}e{power}"):
        assert number(text) == expected
        assert type(number(text)) is int


@given(st.sampled_from(sorted(ENTRIES)), st.text(max_size=20))
def test_any_text_is_a_value_or_refused(path: str, text: str) -> None:
    with suppress(UsageError):
        read(text, entry(path), shipped())


@given(st.decimals(-1000, 1000, places=2))
def test_printed_digits_are_kept(value: Decimal) -> None:
    assert str(number(str(value))) == str(value)
