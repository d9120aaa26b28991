"""Laws of the rules on design, doses and regulatory history: what is in order is never reported."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alscli.check.finding import Problem
from alscli.check.rules.claims import efficacy_in_words, superlatives
from alscli.check.rules.design import label_fits_phase, masking_counts_roles, phase_in
from alscli.check.rules.interventions import dose_implausible, dose_impossible
from alscli.check.rules.regulatory import (
    clearance_called_approval,
    foreign_event,
    one_event_two_dates,
    receipt_called_clearance,
    steps_in_order,
)
from alscli.check.subject import Names, Subject
from alscli.model.field import Table
from alscli.model.format import MODELS, FileKind
from alscli.model.values import listed
from alscli.model.vocabulary import shipped
from alscli.store.collection import Entry, Record, Snapshot

CONTEXT = {"vocabularies": shipped()}
PHASES = [code for code in shipped()["phase"].terms if code[0].isdigit()]
EVENTS = shipped()["event"].terms
AGENCIES = list(shipped()["agency"].terms)
LEAST: dict[FileKind, dict[str, Any]] = {
    "product": {"schema": 1, "id": "example", "name": "Thing", "modality": "cell"},
    "trial": {
        "schema": 1,
        "id": "example",
        "title": "Cells in ALS",
        "registry_id": "NCT00000001",
        "conditions": ["ALS"],
        "study_type": "interventional",
        "design": "single_arm",
        "phase": "1",
        "status": "completed",
        "status_as_of": "2019",
        "screening": {"decision": "include"},
    },
}


def subject(kind: FileKind, **values: Any) -> Subject:
    """A record of the least keys and these, under examination."""
    whole = LEAST[kind] | values
    model: Table = MODELS[kind].model_validate(whole, context=CONTEXT)
    record = Record(Entry(Path("example.toml"), kind), None, model=model)
    return Subject(
        record, model, Snapshot([]), Names(frozenset(), frozenset(), None), shipped(), date(2026, 11, 22)
    )


def problems(rule: Any, kind: FileKind, **values: Any) -> list[Problem]:
    """What a rule says of such a record."""
    return list(rule(subject(kind, **values)))


def event(kind: str, agency: str | None, on: str = "2025") -> dict[str, Any]:
    """An event of a product."""
    return {"on": on, "type": kind} | ({"agency": agency} if agency else {})


LETTERS = st.sampled_from(["", "a", "b", "c"])
ROMAN = {"1": "I", "2": "II", "3": "III", "4": "IV"}


@given(st.sampled_from(PHASES), LETTERS, LETTERS, st.booleans(), st.sampled_from(["", "Phase ", "phase"]))
def test_a_label_of_the_same_phase_passes(
    phase: str, first: str, second: str, roman: bool, word: str
) -> None:
    levels = [ROMAN[level] if roman else level for level in phase.split("/")]
    label = word + "/".join(level + letter for level, letter in zip(levels, (first, second), strict=False))
    assert phase_in(label) == phase
    assert not problems(label_fits_phase, "trial", phase=phase, phase_label=label)


@given(st.text(max_size=40))
def test_any_label_is_a_phase_or_nothing(label: str) -> None:
    read = phase_in(label)
    assert read is None or set(read.split("/")) <= {"early1", "0", "1", "2", "3", "4"}


@given(st.sets(st.sampled_from(list(shipped()["masked"].terms))))
def test_the_number_of_roles_in_words_passes(roles: set[str]) -> None:
    words = ("none", "single", "double", "triple", "quadruple")
    for level, word in enumerate(words):
        found = problems(masking_counts_roles, "trial", masking=word, masked=sorted(roles))
        assert bool(found) is (level != len(roles))


def dosed(low: int, unit: str) -> dict[str, Any]:
    """A trial in which bone-marrow MSC are given in this amount."""
    cells = {"id": "cells", "name": "cells", "modality": "cell", "cell_type": "BM-MSC", "donor": "autologous"}
    line = {"intervention": "cells", "low": low, "unit": unit}
    return {"interventions": [cells], "arms": [{"id": "a", "role": "experimental", "given": [line]}]}


@given(st.integers(10**5, 10**9))
def test_usual_amounts_pass_and_their_lost_exponents_do_not(cells: int) -> None:
    assert not problems(dose_implausible, "trial", **dosed(cells, "cells"))
    assert problems(dose_implausible, "trial", **dosed(cells // 10**6 + 1, "cells"))
    assert not problems(dose_impossible, "trial", **dosed(cells, "cells"))
    assert problems(dose_impossible, "trial", **dosed(-cells, "cells"))


DAYS = st.dates(date(2000, 1, 1), date(2026, 1, 1))
SHORTER = st.sampled_from([4, 7, 10])
STEPS = ["ind_submitted", "ind_accepted", "ind_cleared"]


@given(
    st.lists(DAYS, min_size=3, max_size=3),
    st.lists(SHORTER, min_size=3, max_size=3),
    st.permutations(range(3)),
)
def test_steps_on_ordered_days_never_break_the_order(
    days: list[date], digits: list[int], order: list[int]
) -> None:
    dates = [day.isoformat()[:length] for day, length in zip(sorted(days), digits, strict=True)]
    events = [event(STEPS[position], "NMPA", dates[position]) for position in order]
    assert not problems(steps_in_order, "product", events=events)
    assert not problems(one_event_two_dates, "product", events=events)


@given(DAYS, st.integers(1, 3000))
def test_a_clearance_before_its_submission_always_does(day: date, earlier: int) -> None:
    events = [
        event("ind_submitted", "FDA", day.isoformat()),
        event("ind_cleared", "FDA", (day - timedelta(days=earlier)).isoformat()),
    ]
    found = problems(steps_in_order, "product", events=events)
    assert [problem.path for problem in found] == [("events", 1, "on")]


@pytest.mark.parametrize("kind", list(EVENTS))
def test_an_agency_takes_the_events_of_its_table_and_no_other(kind: str) -> None:
    takers = EVENTS[kind].extra.get("agencies", AGENCIES)
    for agency in AGENCIES:
        found = problems(foreign_event, "product", events=[event(kind, agency)])
        assert bool(found) is (agency not in takers)
    without = problems(foreign_event, "product", events=[event(kind, None)])
    assert bool(without) is not EVENTS[kind].extra.get("agency_optional", False)


def test_an_agency_that_a_collection_adds_is_left_alone() -> None:
    foreign = subject("product", events=[event("rmat", "NMPA")])
    events = [one.model_copy(update={"agency": "ANVISA"}) for one in listed(foreign.product.events)]
    added = replace(foreign, model=foreign.product.model_copy(update={"events": events}))
    assert list(foreign_event(foreign))
    assert not list(foreign_event(added))


PIECES = (
    *("approved", "IND", "the", "clinical trial", "phase 1/2", "not", "FDA", "first", "effective"),
    *(
        "breakthrough",
        "in-class",
        "受理",
        "获批",
        "上市",
        "有效",
        "显著",
        "突破性",
        "治疗",
        "。",
        ". ",
        "\u202e",
    ),
)
WORDS = st.lists(st.sampled_from(PIECES), min_size=1, max_size=60).map(" ".join)


@given(WORDS)
def test_no_note_makes_a_rule_fail(text: str) -> None:
    for rule in (clearance_called_approval, efficacy_in_words, superlatives):
        problems(rule, "trial", note=f"x {text}")
    events = [event("ind_cleared", "FDA") | {"outcome": f"x {text}"}]
    for rule in (clearance_called_approval, receipt_called_clearance):
        problems(rule, "product", note=f"x {text}", events=events)


@pytest.mark.parametrize("piece", ["approved the first ", "IND ", "有效", "no ", "best in ", "phase 1/"])
def test_a_long_note_is_read_to_its_end(piece: str) -> None:
    text = piece * (100_000 // len(piece))
    for rule in (clearance_called_approval, efficacy_in_words, superlatives):
        problems(rule, "trial", note=f"x {text}")
