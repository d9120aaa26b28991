"""Slips of a curator in shipped records: each has one finding, at its place, and what is true has none."""

from __future__ import annotations

import pytest
from mutations import Fault
from test_mutations import RECORDS, found_of

N3, PETROU, VALOR, LENZU = "nurown-phase3", "petrou-2021", "valor", "lenzumestrocel-phase2"
TREATED = '{ n = 106, src = "vandenberg2024", loc = "abstract" }\nanalyzed'
MSC, CONTROL = '{ arm = "msc", n = 32, value = -1.69, ', '{ arm = "control", n = 27, value = -4.67, '
EFFECT = 'type = "md", est = 2.98, ci = [1.48, 4.47],'

# Record, text, what stands there instead, the rule that says so, and the text at which it does.
SLIPS = [
    (N3, 'results_posted = { on = "2024-02-29"', 'results_posted = { on = "2042-02-28"', "DT003", '"2042'),
    (N3, 'start = { on = "2017-08-28"', 'start = { on = "2027-08-28"', "DT003", '"2027'),
    (PETROU, 'completion = { on = "2020-12-31"', 'completion = { on = "2200-12-31"', "DT003", '"2200'),
    (VALOR, 'completion = { on = "2021-07-16"', 'completion = { on = "2024-07-16"', "DT002", '"2021-07-16'),
    (N3, 'study_type = "interventional"', 'study_type = "observational"', "DS001", '"3"'),
    (N3, 'design = "rct"', 'design = "nrct"', "DS002", '"randomized"'),
    (PETROU, 'design = "single_arm"', 'design = "rct"', "DS002", '"na"'),
    (PETROU, 'title = "', 'title = "A double\u2010blind ', "DS003", '"none"'),
    ("nurown-phase2", 'masking = "triple"', 'masking = "none"', "DS010", "["),
    ("prabhakar-2012", 'phase = "na"', 'phase = "3"', "DS004", '"single_arm"'),
    ("sb-509-phase2", 'label = "matched historical controls"\n', "", "DS007", "[[arms]]"),
    ("biib078-phase1", "randomized = { n = 106", "randomized = { n = 10", "EN001", TREATED),
    (PETROU, "n = 20\n", "n = 18\n", "EN004", "19"),
    (N3, "n = 94\n", "n = 49\n", "EN002", "[[arms]]"),
    (N3, "high = 125_000_000", "high = 125", "IV005", "125"),
    (N3, "low = 100_000_000", "low = 100_000_000_000", "IV005", "100_000_000_000"),
    (LENZU, EFFECT, f"{EFFECT} level = 0.95,", "OC002", "0.95"),
    (LENZU, EFFECT, f"{EFFECT} sides = 0,", "OC002", "0, p"),
    (LENZU, f"{MSC}sd = 2.51", f"{MSC}sd = -2.51", "OC002", "-2.51"),
    (LENZU, f"{CONTROL}sd = 3.25", f"{CONTROL}se = -3.25", "OC002", "-3.25"),
    (LENZU, f'"msc", vs = "control", {EFFECT}', f'"control", vs = "msc", {EFFECT}', "OC008", "2.98"),
    (N3, "p = 0.043, adjusted", "p = 0.43, adjusted", "OC006", '"nominal"'),
    (N3, '[[arms]]\nid = "placebo"', '[[arms]]\nid = "active"', "SM006", '"active"\nrole = "placebo'),
    (N3, '{ id = "nurown-phase2"', '{ id = "NCT03280056"', "XR001", '"NCT03280056", rel'),
]
TRUE = [
    ("aro-sod1-phase1", 'registered = { on = "2023-07-18"', 'registered = { on = "2024-02-18"'),
    ("stemals-icv", 'phase = "2"', 'phase = "early1"\nphase_label = "0/1"'),
    (N3, "title = ", 'acronym = "Two dosing regimens on one platform"\ntitle = '),
]


def found(record: str, old: str, new: str) -> tuple[str, list[tuple[str, int, int]]]:
    """The text with the slip, and what is found because of it, apart from the layout."""
    path = f"trials/{record}.toml"
    text = (RECORDS / path).read_text("utf-8")
    assert old in text, f"{record} no longer holds {old!r}"
    changed = text.replace(old, new, 1)
    places = found_of(Fault("slip", "", path, changed.encode(), 0, 0))
    return changed, [(code, line, column) for _, code, line, column in places if code != "TX005"]


@pytest.mark.parametrize(("record", "old", "new", "code", "at"), SLIPS)
def test_a_slip_is_one_finding(record: str, old: str, new: str, code: str, at: str) -> None:
    text, findings = found(record, old, new)
    assert [each[0] for each in findings] == [code]
    _, line, column = findings[0]
    assert text.split("\n", line - 1)[line - 1][column - 1 :].startswith(at), findings


@pytest.mark.parametrize(("record", "old", "new"), TRUE)
def test_what_is_true_is_no_finding(record: str, old: str, new: str) -> None:
    assert found(record, old, new)[1] == []
