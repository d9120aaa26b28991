"""What people write, in the form of the format; nothing where it can mean two things."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alscli.model import forms, identifiers

SAID = [
    ("date", "2019/03", "2019-03"),
    ("date", "2019-3", "2019-03"),
    ("date", "2019–03", "2019-03"),
    ("date", "2019.03.05", "2019-03-05"),
    ("date", "20190305", "2019-03-05"),
    ("date", "March 2019", "2019-03"),
    ("date", "5 March 2019", "2019-03-05"),
    ("date", "Sept. 5th, 2019", "2019-09-05"),
    ("date", "2019年3月", "2019-03"),
    ("date", "2019 年 3 月 5 日", "2019-03-05"),
    ("date", "05/2019", "2019-05"),
    ("date", "29/08/2017", "2017-08-29"),
    ("date", "08/29/2017", "2017-08-29"),
    ("date", "5.5.2017", "2017-05-05"),
    ("date", "2019.03", "2019-03"),
    ("date", "2011-12", "2011-12"),
    ("duration", "4 weeks", "4w"),
    ("duration", "2年", "2y"),
    ("duration", "5天", "5d"),
    ("duration", "28 weeks", "28w"),
    ("duration", "28W", "28w"),
    ("duration", "28 w", "28w"),
    ("duration", "6个月", "6m"),
    ("time", "week 28", "28w"),
    ("time", "baseline", "0d"),
    ("time", "-3 months to baseline", "-3m..0d"),
    ("quantity", "< 0.001", "<0.001"),
    ("quantity", "p<0.001", "<0.001"),
    ("quantity", "P = 0.03", Decimal("0.03")),
    ("quantity", "≤ .05", "<=0.05"),
    ("quantity", "> 60", ">60"),
    ("quantity", "0,97", Decimal("0.97")),
    ("quantity", "< 0,001", "<0.001"),
    ("number", "183", 183),
    ("number", "1,200", 1200),
    ("exact_number", "1,200,000", 1_200_000),
    ("exact_number", "30 × 10⁶", 30_000_000),
    ("exact_number", "−3.20", Decimal("-3.20")),
    ("exact_number", "1,200.5", Decimal("1200.5")),
    ("exact_number", "1,200,000 x 10^6", 1_200_000_000_000),
    ("quantity", "12 000", 12_000),
    ("quantity", "=<0.97", "<=0.97"),
    ("quantity", "p =>0.05", ">=0.05"),
    ("quantity", "p > 0.05", ">0.05"),
    ("language", "EN", "en"),
    ("language", "English", "en"),
    ("language", "zh_hans", "zh-Hans"),
    ("language", "中文", "zh"),
]
UNSAID = [
    # the mark of a footnote
    ("number", "183¹"),
    ("quantity", "0.97²"),
    ("quantity", "< 0.10²"),
    ("number", "②"),
    ("number", "7₂"),
    ("date", "2019-1²"),
    ("time", "week 28¹"),
    ("duration", "12ʰ"),
    ("language", "enᵃ"),
    # commas and blanks
    ("number", "1.234,567"),
    ("number", "-0.5,000"),
    ("number", "0,200,000"),
    ("number", "1_2"),
    ("exact_number", "1,200 x 10^6"),
    ("exact_number", "1,200e3"),
    ("exact_number", "1,200万"),
    ("quantity", "< 1,200"),
    ("quantity", "12 24"),
    ("quantity", "1 2 3"),
    ("quantity", "0.9 7"),
    ("quantity", "= <0.97"),
    ("date", "1 2/2019"),
    ("date", "2019 03 05 1"),
    # an interval, a date, a month or months
    ("time", "every 4 weeks"),
    ("duration", "every 4 weeks"),
    ("duration", "每4周"),
    ("time", "每4周"),
    ("time", "2019年"),
    ("time", "year 2020"),
    ("duration", "2019年"),
    ("duration", "3月"),
    ("duration", "5日"),
    ("time", "第3月"),
    # seasons, issues, other calendars
    ("date", "2011/12"),
    ("date", "2011–12"),
    ("date", "2008/09"),
    ("date", "2019.5"),
    ("date", "2019/3"),
    ("date", "12-13.2019"),
    ("date", "2562-03-05"),
    ("date", "1398/02/05"),
    ("date", "25620305"),
    ("language", "CN"),
    ("language", "jp"),
    ("language", "UK"),
    ("language", "US"),
    ("date", "03/04/2019"),
    ("date", "about 2019"),
    ("date", "5 March"),
    ("date", "March 2019 to May 2019"),
    ("date", "2019年3-5"),
    ("date", "2018-2019"),
    ("duration", "week 28"),
    ("duration", "28"),
    ("time", "day 1"),
    ("time", "week 4, week 28"),
    ("exact_number", "1,200"),
    ("exact_number", "1,5"),
    ("exact_number", "about 40"),
    ("exact_number", "1e999"),
    ("quantity", "ns"),
    ("quantity", "<< 1"),
    ("language", "Klingon"),
    ("language", ""),
]


def said(form: str, text: str) -> Any:
    return getattr(forms, form)(text)


@pytest.mark.parametrize(("form", "text", "value"), SAID)
def test_the_same_in_the_form_of_the_format(form: str, text: str, value: Any) -> None:
    found = said(form, text)
    assert (found, type(found), str(found)) == (value, type(value), str(value))


@pytest.mark.parametrize(("form", "text"), UNSAID)
def test_what_may_mean_two_things_is_left(form: str, text: str) -> None:
    assert said(form, text) is None


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("doi", "10.1002/mus.001²"),
        ("pmid", "3123456¹"),
        ("pmcid", "PMC312345⁶"),
        ("registry_id", "NCT0262369⁹"),
        ("registry_id", "NCT02623699¹"),
    ],
)
def test_the_mark_of_a_footnote_is_no_digit_of_an_identifier(kind: str, text: str) -> None:
    assert getattr(identifiers, f"parse_{kind}")(text) is None


def test_an_identifier_with_a_footnote_is_found_in_running_text() -> None:
    found = identifiers.find_registry_ids("as in NCT02623699¹, not NCT0262369⁹")
    assert [each.value for each in found] == ["NCT02623699"]


@pytest.mark.parametrize(
    "form", ["date", "duration", "time", "number", "exact_number", "quantity", "language"]
)
@given(text=st.text(max_size=80) | st.text("0123456789 .,-+_/<>=≤p年月日周万wdmyheto×^⁶¹ᵃEN", max_size=12))
def test_any_text_is_read_or_left(form: str, text: str) -> None:
    found = said(form, text)
    if found is not None:
        assert said(form, str(found)) == found
