"""Rows in SQLite: typed, and the same when they come back."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alscli.model.values import Absence
from alscli.query.database import _values, build, count, fill, restored, select
from alscli.query.rows import trial_rows
from alscli.query.tables import TRIALS, Cell, Column, Row, TableShape
from alscli.store.collection import Collection, Snapshot


@pytest.fixture
def connection(collection_folder: Path) -> Iterator[sqlite3.Connection]:
    opened = build(Collection(collection_folder).load())
    yield opened
    opened.close()


def test_every_row_comes_back_as_it_went_in(shipped_records: Path) -> None:
    snapshot = Collection(shipped_records).load()
    opened = build(snapshot)
    back = list(select(opened, TRIALS.columns, "1", (), "t.id"))
    opened.close()
    assert back == list(trial_rows(snapshot))


def test_typed_columns_hold_numbers_or_null(shipped_records: Path) -> None:
    opened = build(Collection(shipped_records).load())
    for column in TRIALS.columns:
        if column.type in ("integer", "number", "boolean"):
            kinds = opened.execute(f'SELECT DISTINCT typeof("{column.name}") FROM trials').fetchall()
            assert {kind for (kind,) in kinds} <= {"integer", "real", "null"}, column.name
    opened.close()


cells: dict[str, st.SearchStrategy[Cell]] = {
    "text": st.text(),
    "date": st.sampled_from(["2020", "2020-02"]),
    "integer": st.integers(0, 10**18 - 1),
    "number": st.integers(-(10**17), 10**17) | st.decimals(-(10**17), 10**17, allow_nan=False),
    "boolean": st.booleans(),
    "list": st.lists(st.text()).map(tuple),
}
absences = st.sampled_from([None, *Absence])


@given(st.sampled_from(sorted(cells)).flatmap(lambda kind: st.tuples(st.just(kind), cells[kind] | absences)))
def test_a_cell_stored_and_restored_is_the_same_cell(pair: tuple[str, Cell]) -> None:
    kind, cell = pair
    shape = TableShape("t", "", (Column("x", kind, ""),), ("x",), ())  # type: ignore[arg-type]
    held, written = _values(shape, (cell,))
    assert isinstance(held, (str, int, float, type(None)))
    assert held is None or not isinstance(cell, Absence)
    (found,) = (row["x"] for row in restored(iter([(written, held)]), shape.columns))  # type: ignore[arg-type]
    assert found == cell
    assert str(found) == str(cell)
    assert isinstance(found, Absence) == isinstance(cell, Absence)


def test_counting_and_limits(connection: sqlite3.Connection) -> None:
    assert count(connection) == 6
    assert count(connection, "t.phase = ?", ("3",)) == 2
    rows: list[Row] = list(select(connection, TRIALS.columns[:1], "1", (), "t.id DESC", 2))
    assert [row["id"] for row in rows] == ["valor", "nurown-phase3"]
    assert list(select(connection, TRIALS.columns, "1", (), "t.id", 0)) == []


def test_no_record_at_all() -> None:
    opened = build(Snapshot(()))
    assert count(opened) == 0
    fill(opened, {})
    opened.close()
