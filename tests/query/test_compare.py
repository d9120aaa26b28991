"""Trials beside each other: what differs first, every number with its own denominator, nothing pooled."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from alscli.model.vocabulary import shipped
from alscli.query.comparison import Group, group, overlapping, side_by_side
from alscli.query.database import build
from alscli.query.filters import condition, teach
from alscli.store.collection import Collection, Snapshot
from alscli.text import width
from alscli.views import comparison as view


@pytest.fixture(scope="module")
def register() -> Iterator[tuple[Snapshot, sqlite3.Connection]]:
    snapshot = Collection(Path(__file__).parent.parent.parent / "records").load()
    connection = build(snapshot)
    teach(connection)
    yield snapshot, connection
    connection.close()


def of(register: tuple[Snapshot, sqlite3.Connection], term: str) -> Group:
    snapshot, connection = register
    return group(connection, term, condition({"cell_type": [term]}, shipped(), snapshot.products))


def test_what_differs_comes_first(register: tuple[Snapshot, sqlite3.Connection]) -> None:
    facts = side_by_side(register[1], ["nurown-phase3", "nurown-phase2"])
    differing = [fact.differs for fact in facts]
    assert differing == sorted(differing, reverse=True)
    found = {fact.column.name: fact for fact in facts}
    assert found["phase"].cells == ("3", "2")
    assert not found["sponsor"].differs
    assert all(any(cell not in (None, ()) for cell in fact.cells) for fact in facts)


def test_the_order_is_that_of_the_arguments(register: tuple[Snapshot, sqlite3.Connection]) -> None:
    facts = {
        fact.column.name: fact
        for fact in side_by_side(register[1], ["valor", "nurown-phase3", "nurown-phase2"])
    }
    assert facts["registry_id"].cells == ("NCT02623699", "NCT03280056", "NCT02017912")


def test_a_group_counts_its_trials(register: tuple[Snapshot, sqlite3.Connection]) -> None:
    cells = of(register, "MSC")
    assert cells.n > of(register, "BM-MSC").n > 0
    for name in ("status", "phase", "design", "evidence_level"):
        assert sum(cells.counts[name].values()) == cells.n
    assert cells.reported == sum(bool(row["reported"]) for row in cells.trials)


def test_harms_are_those_of_each_arm(register: tuple[Snapshot, sqlite3.Connection]) -> None:
    cells = of(register, "MSC")
    trials = {row["id"] for row in cells.trials}
    assert {row["trial"] for row in cells.harms} <= trials
    lines = sum(
        any(
            isinstance(getattr(line, name), int)
            for name in ("deaths", "sae_patients", "sae_related_patients", "ae_patients")
        )
        for id_ in trials
        for line in register[0].trials[str(id_)].safety or ()
        if not isinstance(line, str)
    )
    assert len(cells.harms) == lines


def test_a_trial_in_two_groups_is_said_so(register: tuple[Snapshot, sqlite3.Connection]) -> None:
    assert overlapping([of(register, "MSC"), of(register, "BM-MSC")]) == of(register, "BM-MSC").n
    assert overlapping([of(register, "MSC-NTF"), of(register, "Treg")]) == 0


@pytest.mark.parametrize("room", [40, 60, 80, 120, 200])
@pytest.mark.parametrize("number", [2, 4])
def test_columns_fit_the_terminal(
    register: tuple[Snapshot, sqlite3.Connection], room: int, number: int
) -> None:
    ids = ["nurown-phase3", "nurown-phase2", "valor", "alsummit"][:number]
    lines = list(view.facts(ids, side_by_side(register[1], ids), "table", room, color=False))
    assert max(map(width, lines)) <= room
