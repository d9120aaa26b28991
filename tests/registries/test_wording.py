"""Dates, phases, sizes, ages, statuses and designs as registries write them."""

from __future__ import annotations

from decimal import Decimal
from importlib import import_module
from types import ModuleType
from typing import Any

import pytest
from expected import payload
from hypothesis import given, settings
from hypothesis import strategies as st

from alscli.model.values import PartialDate
from alscli.registries import wording
from alscli.registries.dates import read_date
from alscli.registries.draft import Draft, Unreadable
from alscli.registries.payload import plain_text, without_contacts


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2020-02-17", "2020-02-17"),
        ("17/02/2020", "2020-02-17"),
        ("20200217", "2020-02-17"),
        ("February 17, 2020", "2020-02-17"),
        ("February 2020", "2020-02"),
        ("2020/02/17", "2020-02-17"),
        ("17 February 2020", "2020-02-17"),
        ("06/09/2024 16:01:13", "2024-09-06"),
        ("2010-04-01T00:00:00.000Z", "2010-04-01"),
        ("2026-05-26T15:09:37.845816062Z", "2026-05-26"),
        ("17.02.2020", "2020-02-17"),
        ("7/2/2020", "2020-02-07"),
        ("1st March 2019", "2019-03-01"),
        ("Sept 2011", "2011-09"),
        ("2020-02", "2020-02"),
        ("02/2020", "2020-02"),
        ("2020", "2020"),
        ("2020年2月17日", "2020-02-17"),
        (" 20 May\n 2024 ", "2024-05-20"),
    ],
)
def test_dates(text: str, date: str) -> None:
    assert read_date(text).value == date
    assert read_date(text).remark is None


@pytest.mark.parametrize(
    ("text", "date", "remark"),
    [
        ("3/18/2020 6:53:35 PM", "2020-03-18", "month/day/year"),
        ("01/01/1900", None, "filler"),
        ("1753-01-01", None, "filler"),
        ("30/02/2020", None, "no day of the calendar"),
        ("13/13/2020", None, "no day of the calendar"),
        ("soon", None, "is no date"),
        ("Smarch 2020", None, "is no date"),
        ("2020-02-17" * 9, None, "no date"),
    ],
)
def test_odd_dates(text: str, date: str | None, remark: str) -> None:
    found = read_date(text)
    assert found.value == date
    assert found.remark is not None
    assert remark in found.remark


def test_no_date_is_nothing_odd() -> None:
    assert read_date("  ").value is None
    assert read_date("").remark is None


@given(st.text(max_size=70))
@settings(max_examples=50, deadline=None)
def test_any_text_is_a_date_or_none(text: str) -> None:
    found = read_date(text).value
    assert found is None or PartialDate.parse(found).text == found


@pytest.mark.parametrize(
    ("text", "code", "label"),
    [
        ("", "na", None), ("N/A", "na", None), ("Not Applicable", "na", None), ("Not selected", "na", None),
        ("0", "early1", None), ("Early Phase 1", "early1", None), ("1", "1", None), ("I", "1", None),
        ("Phase 1", "1", None), ("1-2", "1/2", None), ("Phase1/Phase2", "1/2", None),
        ("Phase I/II", "1/2", None),
        ("Phase 2/Phase 3", "2/3", None), ("2-3", "2/3", None), ("Phase III", "3", None), ("4", "4", None),
        ("Phase IV", "4", None), ("IIb", "2", "IIb"), ("Phase 3b", "3", "3b"), ("I/IIa期", "1/2", "I/IIa"),
        ("Ⅰ/Ⅱ期", "1/2", None), ("III期", "3", None), ("Retrospective study", "na", None),
        ("New Treatment Measure Clinical Study", "na", None), ("Phase 3/Phase 4", "3", "Phase 3/Phase 4"),
        ("Human pharmacology (Phase I): no\nTherapeutic exploratory (Phase II): yes\n"
         "Therapeutic confirmatory - (Phase III): yes\nTherapeutic use (Phase IV): no", "2/3", None),
        ("Human pharmacology (Phase I): no Therapeutic exploratory (Phase II): no", "na", None),
    ],
)  # fmt: skip
def test_phases(text: str, code: str, label: str | None) -> None:
    found = wording.phase(text)
    assert (found.code, found.label) == (code, label)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("30", 30), ("1,200", 1200), ("experimental group:30;control "
        "group:30;", 60), ("2019 Y:2418;2020 Y:821;", 3239),
        ("试验组:30；对照组:30", 60), ("Case series:100;", 100), ("", None), ("N/A", None),
        ("40 patients", 40),
        ("n = 12", 12), ("30 to 40", None), ("group A:30;group B", None), ("-5", None), ("9" * 30, None),
    ],
)  # fmt: skip
def test_sizes(text: str, size: int | None) -> None:
    assert wording.size(text).value == size


@pytest.mark.parametrize(
    ("least", "greatest", "ages"),
    [
        ("18 Years", "65 Years", [18, 65]), ("18", "", [18]), ("", "75", [0, 75]), ("N/A", "No limit", None),
        ("18Y", "0Y", [18]), ("18Y", "0", [18]), (">= 20age old", "<= 85age old", [20, 85]),
        ("18", "65+", [18]),
        ("16years-old", "50years-old", [16, 50]), ("60(Year)", "80(Year)", [60, 80]),
        ("3M", "5Y", [Decimal("0.25"), 5]),
        ("24 Months", "", [2]), ("80", "18", None), ("0", "", None), ("eighteen", "", None),
        ("18岁", "75岁", [18, 75]),
    ],
)  # fmt: skip
def test_ages(least: str, greatest: str, ages: list[Any] | None) -> None:
    assert wording.ages(least, greatest).value == ages


@pytest.mark.parametrize(
    ("text", "sex"),
    [
        ("All", "all"), ("Both", "all"), ("Male and Female", "all"), ("Both, male and female", "all"),
        ("F", "female"),
        ("Males", "male"), ("Female: yes Male: no", "female"), ("Female: no\nMale: yes", "male"),
        ("", None), ("-", None),
    ],
)  # fmt: skip
def test_sexes(text: str, sex: str | None) -> None:
    assert wording.sex(text).value == sex


@pytest.mark.parametrize(
    ("text", "registry", "status", "odd"),
    [
        ("Recruiting", "chictr", "recruiting", False), ("尚未开始", "chictr", "not_yet_recruiting", False),
        ("data analysis completed", "rebec", "completed", False), ("Completed", "anzctr", "completed", False),
        ("Completed", "drks", "completed", True), ("Finished", "repec", "completed", True),
        ("recruitment completed", "rebec", "active_not_recruiting", False),
        ("Pending", "irct", "not_yet_recruiting", False),
        ("Not Recruiting", "irct", "unknown", True), ("", "irct", "unknown", True),
        ("purple", "irct", "unknown", True),
        ("Active, not recruiting", "tctr", "active_not_recruiting", False),
        ("Suspended", "tctr", "suspended", False),
    ],
)  # fmt: skip
def test_statuses(text: str, registry: str, status: str, *, odd: bool) -> None:
    found = wording.status(text, registry)
    assert found.value == status
    assert (found.remark is not None) is odd


@pytest.mark.parametrize(
    ("text", "title", "expected"),
    [
        ("Allocation: N/A. Intervention model: Single Group Assignment. Primary purpose: Treatment. "
        "Masking: None (Open "
         "Label).", "", ("single_arm", "na", "single_group", "none", "treatment", None)),
        ("Purpose: Treatment; Allocation: Randomised controlled trial; Masking: Blinded (masking "
        "used);Assignment: "
         "Parallel;", "", ("rct", "randomized", "parallel", None, "treatment", None)),
        ("Randomization: N/A, Blinding: Not blinded, Placebo: Not used, Assignment: Single, Purpose: "
        "Treatment.", "",
         ("single_arm", "na", "single_group", "none", "treatment", None)),
        ("Parallel", "A randomized, double-blind, placebo-controlled trial",
         ("rct", "randomized", "parallel", "double", None, "placebo")),
        ("Single arm", "An ascending dose study",
        ("dose_escalation", None, "single_group", None, None, None)),
        ("Non randomized control", "", ("nrct", "non_randomized", None, None, None, None)),
        ("Randomized double-blind study after a run-in with placebo run-in", "",
         ("rct", "randomized", None, "double", None, None)),
        ("", "", ("single_arm", None, None, None, None, None)),
    ],
)  # fmt: skip
def test_designs(text: str, title: str, expected: tuple[str | None, ...]) -> None:
    found = wording.design(text, "interventional", title)
    assert (
        found.design, found.allocation, found.model, found.masking, found.purpose, found.control
    ) == expected  # fmt: skip


def test_countries() -> None:
    codes, unknown = wording.countries(
        ["England", "Korea, Republic of", "Iran (Islamic Republic of)", "Türkiye", "Czechia",
         "Taiwan, Province Of China", "Viet Nam", "The Netherlands",
         "Europe", "Russian Federation", "中国", ""]
    )  # fmt: skip
    assert codes == ["CN", "CZ", "GB", "IR", "KR", "NL", "RU", "TR", "TW", "VN"]
    assert unknown == ["Europe"]


def test_lists() -> None:
    assert wording.conditions(["Motor neurone disease", "G12.2", "J12.8 - Other viral pneumonia", "n/a"]) == [
        "ALS",
        "Other viral pneumonia",
    ]
    assert wording.ids(["nct 03280056; U1111-1111-1111\nNil "
    "known", "EUCTR2011-006254-85-ES"], "NCT01234567") == [
        "2011-006254-85", "NCT03280056", "U1111-1111-1111",
    ]  # fmt: skip
    assert wording.items("Endpoints:\n1. One\nand more\n2. Two") == ["One and more", "Two"]
    assert wording.items("One text\nover lines") == ["One text over lines"]


def test_markup_and_double_escapes() -> None:
    assert plain_text("&lt;p&gt;A &amp;amp; B&lt;br&gt; C  D &lt;18 y&lt;/p&gt;") == "A & B\nC D <18 y"
    assert plain_text("NULL") == ""
    assert plain_text({"#text": "x"}) == "x"
    assert plain_text(["x"]) == ""


def test_contacts() -> None:
    tree = {"contacts": 1, "a": [{"Telephone": "2", "b": "write to a.b@c.org now"}], "Female": "yes"}
    assert without_contacts(tree) == {"a": [{"b": "write to [e-mail] now"}], "Female": "yes"}


READERS = [
    (import_module(f"alscli.registries.{reader}"), payload(name))
    for reader, name in (
        ("ictrp", "ictrp.xml"), ("ictrp", "ictrp.csv"), ("ictrp", "ictrp.xlsx"), ("ctis", "ctis_2024.json"),
        ("euctr", "euctr.txt"), ("isrctn", "isrctn_12949496.json"), ("who_format", "who_chictr.xml"),
    )
]  # fmt: skip


@pytest.mark.parametrize(("module", "whole"), READERS, ids=lambda each: getattr(each, "__name__", ""))
@given(
    start=st.floats(0, 1),
    length=st.integers(0, 2000),
    junk=st.sampled_from(
        [b"", b"<", b"\x00\xff", b'"', b"{", b"]]>", b"</Trial>", b"\n", b"&#0;", b"&x;", b":::"]
    ),
)
@settings(max_examples=20, deadline=None)
def test_spoilt_payloads_raise_nothing(
    module: ModuleType, whole: bytes, start: float, length: int, junk: bytes
) -> None:
    at = int(start * len(whole))
    spoilt = whole[:at] + junk + whole[at + length :]
    for each in module.drafts(spoilt):
        assert isinstance(each, (Draft, Unreadable))
    module.is_mine(spoilt[:4096])
