"""Counts: n of N, half up, several values said so; what is missing, what is old, what is overdue."""

from __future__ import annotations

import json
import sqlite3
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given as given_any
from hypothesis import strategies as st

from alscli.model.trial import Trial
from alscli.query.counts import count_by, percent
from alscli.query.database import build
from alscli.query.filters import Condition, grouping
from alscli.query.tables import TRIALS
from alscli.query.upkeep import COMPLETENESS, SIZE, completeness, overdue, primary_results, size, staleness
from alscli.store.collection import Collection, Snapshot
from alscli.views.stats import as_json, notes, section_lines

ALL = Condition("1")
TODAY = date(2026, 11, 22)


def trial(id_: str, **values: Any) -> Trial:
    small: dict[str, Any] = {
        "schema": 1,
        "id": id_,
        "title": id_,
        "registry_id": "NCT03280056",
        "conditions": ["ALS"],
        "study_type": "interventional",
        "design": "rct",
        "phase": "3",
        "status": "completed",
        "status_as_of": "2024-01-01",
        "screening": {"decision": "include"},
    }
    return Trial.model_validate(small | values)


def database(*trials: Trial) -> sqlite3.Connection:
    return build(Snapshot((), {each.id: each for each in trials}))


def counted(connection: sqlite3.Connection, *names: str) -> dict[tuple[object, ...], int]:
    return dict(count_by(connection, grouping(names), ALL).rows)


def test_one_column() -> None:
    connection = database(trial("a"), trial("b", phase="2"), trial("c"))
    assert counted(connection, "phase") == {("3",): 2, ("2",): 1}


def test_lists_are_taken_apart_and_said_so() -> None:
    connection = database(trial("a", countries=["US", "CN"]), trial("b", countries=["US"]), trial("c"))
    counts = count_by(connection, grouping(["country"]), ALL)
    assert dict(counts.rows) == {("US",): 2, ("CN",): 1, (None,): 1}
    assert counts.total == 3
    assert counts.several == ("countries",)
    assert "several values a trial" in notes(counts, len(counts.rows))


def test_absences_are_groups_of_their_own() -> None:
    connection = database(trial("a", masking="not_reported"), trial("b"), trial("c", masking="none"))
    assert counted(connection, "masking") == {("not_reported",): 1, (None,): 1, ("none",): 1}


def test_several_columns_in_the_order_asked_for() -> None:
    connection = database(trial("a"), trial("b", phase="2"))
    counts = count_by(connection, grouping(["status", "phase"]), ALL)
    assert [column.name for column in counts.columns] == ["status", "phase"]
    assert json.loads(as_json(counts, None)) == {
        "schema": "alscli/stats/1",
        "total": 2,
        "rows": [
            {"by": {"status": "completed", "phase": "2"}, "n": 1},
            {"by": {"status": "completed", "phase": "3"}, "n": 1},
        ],
    }


def test_single_valued_columns_add_up(shipped_records: Path) -> None:
    connection = build(Collection(shipped_records).load())
    for column in TRIALS.columns:
        counts = count_by(connection, [column], ALL)
        total = sum(n for _, n in counts.rows)
        assert total >= counts.total
        assert (total == counts.total) is not bool(counts.several)


def test_half_up() -> None:
    assert percent(5, 16) == Decimal("31.3")
    assert percent(0, 0) is None


@given_any(st.integers(0, 10**6), st.integers(1, 10**6))
def test_a_percentage_is_within_half_a_tenth(n: int, of: int) -> None:
    shown = percent(n, of)
    assert shown is not None
    assert abs(shown - Decimal(100 * n) / of) <= Decimal("0.05")


def test_completeness_tells_the_three_kinds_of_nothing_apart() -> None:
    connection = database(
        trial("a", sites=3), trial("b", sites="not_reported"), trial("c", sites="not_applicable"), trial("d")
    )
    (row,) = completeness(connection, ALL, ["sites"])
    assert [row[column.name] for column in COMPLETENESS] == [
        *("sites", 1, 1, 1, 1, 4),
        *(Decimal("25.0"), Decimal("75.0")),
    ]


def given(**values: Any) -> list[dict[str, Any]]:
    return [{"id": "a", "given": [{"intervention": "x", **values}]}]


def test_what_every_line_leaves_out_is_not_reported_rather_than_missing() -> None:
    """A route that one line knows is known; that none knows is absent as the lines say."""
    absent = given(route="not_reported", low="not_reported")
    connection = database(
        trial("a", arms=[*given(route="intrathecal", low=1, unit="mg"), absent[0] | {"id": "b"}]),
        trial("b", arms=absent),
        trial("c", arms=[{"id": "a", "given": "not_reported"}]),
        trial("d", arms=given()),
        trial("e", arms="not_reported"),
    )
    for row in completeness(connection, ALL, ["routes", "doses"]):
        assert (row["n"], row["not_reported"], row["missing"]) == (1, 3, 1)


def test_a_donor_of_no_cells_is_not_missing() -> None:
    connection = database(
        trial("a", interventions=[{"id": "x", "modality": "aso"}]),
        trial(
            "b",
            interventions=[
                {"id": "x", "modality": "cell", "donor": "not_reported"},
                {"id": "y", "modality": "aso"},
            ],
        ),
        trial("c", interventions=[{"id": "x", "modality": "ev"}, {"id": "y", "modality": "aso"}]),
        trial("d"),
    )
    (row,) = completeness(connection, ALL, ["donors"])
    assert [row[name] for name in ("n", "not_reported", "not_applicable", "missing")] == [0, 1, 1, 2]


def test_in_one_table_every_column_stands_once(collection_folder: Path) -> None:
    connection = build(Collection(collection_folder).load())
    sections = [
        ("size", SIZE[:2], size(connection)),
        ("complete", COMPLETENESS, completeness(connection, ALL)),
        ("fresh", SIZE, staleness(connection, ALL, TODAY)),
    ]
    header, *lines = (line.split("\t") for line in section_lines(sections, "tsv", 80, color=False))
    assert header == (
        "section what field n not_reported not_applicable missing of percent answered".split()  # noqa: SIM905
    )
    assert {len(line) for line in lines} == {len(header)}
    assert all(line[header.index("n")] for line in lines)


def test_the_size_of_the_collection(shipped_records: Path) -> None:
    snapshot = Collection(shipped_records).load()
    rows = {row["what"]: row["n"] for row in size(build(snapshot))}
    assert snapshot.ledger is not None
    assert rows["products"] == len(snapshot.products)
    assert rows["claims"] == len(snapshot.ledger.claims)


def test_staleness() -> None:
    def verified(on: str) -> dict[str, str]:
        return {"on": on, "by": "@curator"}

    connection = database(
        trial("a", verified=verified("2026-01-01")),
        trial("b", verified=verified("2026-01-01"), status="recruiting", status_as_of="2026"),
        trial("c", verified=verified("2025-01-01")),
        trial("d", status="recruiting", status_as_of="2025-11-21"),
    )
    rows = [(row["n"], row["of"]) for row in staleness(connection, ALL, TODAY)]
    assert rows == [(3, 4), (2, 3), (1, 2)]


ENDED = {"primary_completion": {"on": "2024-02-29", "type": "actual"}}
REPORTED = [{"id": "a", "role": "primary", "result": "met"}]


@pytest.mark.parametrize(
    ("values", "late"),
    [
        ({"dates": ENDED}, True),
        ({"dates": {"completion": {"on": "2024", "type": "actual"}}}, True),
        ({"dates": {"primary_completion": {"on": "2025-11", "type": "actual"}}}, False),
        ({"dates": {"primary_completion": {"on": "2024", "type": "estimated"}}}, False),
        ({"dates": {"primary_completion": {"on": "9999", "type": "actual"}}}, False),
        ({"dates": ENDED | {"results_posted": {"on": "2026", "type": "actual"}}}, False),
        ({"dates": ENDED, "outcomes": REPORTED}, False),
        ({"dates": ENDED, "status": "withdrawn"}, False),
        ({"dates": ENDED, "study_type": "observational"}, False),
        ({"dates": ENDED, "registry_id": None, "refs": [{"key": "a", "kind": "article"}]}, False),
        ({}, False),
    ],
)
def test_overdue_results(values: dict[str, Any], late: bool) -> None:
    rows, _ = overdue(database(trial("a", **values)), ALL, TODAY)
    assert [row["id"] for row in rows] == (["a"] if late else [])


def test_days_overdue() -> None:
    (row,), asked = overdue(database(trial("a", dates=ENDED)), ALL, TODAY)
    assert row["days"] == (TODAY - date(2025, 2, 28)).days
    assert asked == 1


def test_primary_results_add_up(shipped_records: Path) -> None:
    connection = build(Collection(shipped_records).load())
    columns, rows, total = primary_results(connection, ALL)
    names = [column.name for column in columns[3:]]
    for row in rows:
        assert sum(int(str(row[name])) for name in names) == row["n"]
    assert sum(int(str(row["n"])) for row in rows) >= total
