"""The projection: nothing of a record is lost, nothing is invented, and every key leads somewhere."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from copy import deepcopy
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from alscli.model.format import MODELS
from alscli.model.values import Absence
from alscli.model.vocabulary import shipped
from alscli.query import database
from alscli.query.rows import Surroundings, rows_of, snapshot_rows
from alscli.query.tables import TABLES, Column, Rows
from alscli.store.collection import Collection, Record, Snapshot

HERE = Path(__file__).parent.parent

_SUMMARIES = """
    registry_id secondary_ids former_ids sponsor sponsor_zh sponsor_class collaborators funders
    countries interventions modalities cell_types donors products routes doses instruments related
    enrollment year evidence evidence_level publication primary_result primary_results primary_summary
    registry
"""
SUMMARIES = frozenset(_SUMMARIES.split())
"""Columns of `trials` that sum up what other tables hold."""
AGAIN = {
    "citations": {"ref", "loc"},  # what `src` and `loc` of the tables hold, and of facts that are no row
    "given": {"dose"},
    "interventions": {"cell_type_path"},
    "products": {"cell_type_path", "file"},
    "outcomes": {"instrument_path"},
    "records": {"id", "file"},
    "identifiers": {"url"},
    "trials": {*SUMMARIES, "file", "follow_up_days"},
}
"""Cells that repeat or compute, so that a value stands in one other cell."""


@cache
def small() -> Snapshot:
    return Collection(HERE / "collection").load()


@cache
def register() -> Snapshot:
    return Collection(HERE.parent / "records").load()


def rows_alone(model: Any) -> Rows:
    """The rows of a record for itself: nothing comes from products or shared references."""
    return rows_of(model, Surroundings({}, {}, shipped()))


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, (*path, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from leaves(item, (*path, number))
    else:
        yield path, value


def changed(values: dict[str, Any], path: tuple[Any, ...], value: object) -> dict[str, Any]:
    copy = deepcopy(values)
    here: Any = copy
    for part in path[:-1]:
        here = here[part]
    here[path[-1]] = value
    return copy


def places(rows: Rows, sought: str) -> list[tuple[str, str]]:
    """The cells that hold the text, those left out that repeat what others hold."""
    found = []
    for name, table in rows.items():
        refers = {column for reference in TABLES[name].references for column in reference.columns}
        skipped = {"path", *refers, *AGAIN.get(name, ())}
        for row in table:
            for column in TABLES[name].names:
                cell = row[column]
                texts = cell if isinstance(cell, tuple) else (str(cell),)
                if column not in skipped and any(sought in text for text in texts):
                    found.append((name, column))
    return found


def records_of(snapshot: Snapshot) -> list[Record]:
    return [record for record in snapshot.records if record.document is not None]


@pytest.mark.parametrize("record", records_of(small()), ids=lambda record: record.entry.id)
def test_every_value_stands_in_exactly_one_cell(record: Record) -> None:
    assert record.document is not None
    model = MODELS[record.entry.kind]
    tried = 0
    for number, (path, value) in enumerate(leaves(record.document.values)):
        if path in (("schema",), ("id",)) or isinstance(value, bool):
            continue
        mark: str | int = f"zq{number}zq" if isinstance(value, str) else 710_000_000 + number
        try:
            marked = model.model_validate(changed(record.document.values, path, mark))
        except ValidationError:
            continue  # a term or an identifier: only what it is can stand there
        tried += 1
        if path[-1] in ("arm", "vs", "intervention", "product") or path[-1] in ("registry_id", "name"):
            continue  # a reference, or the name of a thing: looked at below
        rows = rows_alone(marked)
        where = places(rows, str(mark))
        if any(part in path for part in ("secondary_ids", "collaborators", "funders")):
            assert {table for table, _ in where} <= {"identifiers", "organizations"}, path
        if "src" in path or path[-1] == "loc":
            assert any(mark in (row["ref"], row["loc"]) for row in rows["citations"]), path
            assert len(where) <= 1, (path, where)
        else:
            assert len(where) == 1, (path, where)
    assert tried > 10


@pytest.mark.parametrize("record", records_of(register()), ids=lambda record: record.entry.id)
def test_every_value_of_the_register_stands_somewhere(record: Record) -> None:
    assert record.document is not None
    rows = rows_alone(record.model)
    held: set[str] = set()
    for table in rows.values():
        for row in table:
            for cell in row.values():
                held |= set(cell) if isinstance(cell, tuple) else {str(cell)}
    for table, name in (("effects", "p"), ("outcome_values", "value")):
        held |= {f"{row[f'{name}_op']}{row[name]}" for row in rows.get(table, ())}
    for path, value in leaves(record.document.values):
        if path == ("schema",) or (isinstance(value, str) and value in {"not_reported", "not_applicable"}):
            continue
        if "values" in path and "disputes" in path and isinstance(path[-1], int):
            continue  # a list in a dispute is one cell
        assert {str(value), str(value).lower()} & held, (path, value)


def test_absences_have_a_row_and_a_path() -> None:
    values = deepcopy(small().records[-1].document.values) if small().records[-1].document else {}
    values |= {"sites": "not_reported", "enrollment": "not_applicable", "dates": {"start": "not_reported"}}
    values["outcomes"][0]["at"] = "not_reported"
    trial = MODELS["trial"].model_validate(values)
    first = values["outcomes"][0]["id"]
    rows = rows_alone(trial)
    found = {(row["path"], row["absence"]) for row in rows["absences"]}
    assert found >= {
        ("sites", "not_reported"),
        ("enrollment", "not_applicable"),
        ("dates.start", "not_reported"),
        (f"outcomes.{first}.at", "not_reported"),
    }
    (row,) = rows["trials"]
    assert row["sites"] is Absence.NOT_REPORTED
    assert row["enrollment_planned"] is Absence.NOT_APPLICABLE


def test_every_reference_leads_to_a_row() -> None:
    connection = database.build(register())
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    for shape in TABLES.values():
        keys = [row[1] for row in connection.execute(f"PRAGMA table_info({shape.name})") if row[5]]
        assert set(keys) == set(shape.key)


def test_numbers_are_numbers_or_nothing() -> None:
    connection = database.build(register())
    for shape in TABLES.values():
        for column in shape.columns:
            if column.type in ("number", "integer", "boolean"):
                kinds = connection.execute(f"SELECT DISTINCT typeof({column.name}) FROM {shape.name}")
                assert {kind for (kind,) in kinds} <= {"real", "integer", "null"}, column


def test_the_database_gives_back_what_it_was_given() -> None:
    connection = database.build(register())
    rows: Rows = {name: [] for name in TABLES}
    for one in snapshot_rows(register()):
        for name, found in one.items():
            rows[name] += found
    for name, shape in TABLES.items():
        given_ = sorted(rows[name], key=lambda row: [row[part] for part in shape.key])  # type: ignore[arg-type, return-value]
        back = list(database.table_rows(connection, name))
        assert repr([{part: row[part] for part in shape.names} for row in given_]) == repr(back)


@given(
    st.one_of(
        st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**12), max_value=10**12),
        st.integers(-(10**18) + 1, 10**18 - 1),
        st.sampled_from(
            [Decimal("-0.20"), Decimal("1.0"), Decimal("0.1"), Decimal("-0.0"), Decimal("1E+3"), 0]
        ),
    )
)
def test_a_number_keeps_its_digits(number: int | Decimal) -> None:
    connection = sqlite3.connect(":memory:")
    connection.executescript(database.definitions())
    row = dict.fromkeys(TABLES["effects"].names) | {
        "trial": "a",
        "outcome": "b",
        "position": 1,
        "est": number,
    }
    database.fill(connection, {"effects": [row]})
    (back,) = database.table_rows(connection, "effects")
    assert repr(back["est"]) == repr(number)


def test_one_identity_twice_loses_nothing() -> None:
    values = deepcopy(next(r for r in small().records if r.entry.id == "valor").document.values)  # type: ignore[union-attr]
    values["refs"].append(values["refs"][0] | {"key": "x#2"})
    for name in ("outcomes", "refs", "arms", "interventions"):
        values[name] += values[name][-1:]
    rows = rows_alone(MODELS["trial"].model_validate(values))
    connection = sqlite3.connect(":memory:")
    connection.executescript(database.definitions())
    database.fill(connection, rows)
    for name in ("outcomes", "refs", "arms", "interventions"):
        (count,) = connection.execute(f"SELECT count(*) FROM {name}").fetchone()
        assert count == len(values[name])


def test_what_a_term_lies_below() -> None:
    rows = [row for one in snapshot_rows(register()) for row in one.get("interventions", ())]
    paths = {row["cell_type"]: row["cell_type_path"] for row in rows if isinstance(row["cell_type"], str)}
    assert paths["BM-MSC"] == ("MSC", "BM-MSC")


def test_what_an_intervention_takes_from_its_product() -> None:
    rows = {row["trial"]: row for one in snapshot_rows(small()) for row in one.get("interventions", ())}
    assert rows["nurown-phase3"]["name"] == "NurOwn"
    assert rows["nurown-phase3"]["cell_type"] == "MSC-NTF"
    assert "cell_type" not in (rows["nurown-phase3"]["stated"] or ())


def test_every_column_says_what_it_means() -> None:
    for shape in TABLES.values():
        assert shape.meaning
        assert all(isinstance(column, Column) and column.meaning for column in shape.columns)
        assert len(set(shape.names)) == len(shape.names)
