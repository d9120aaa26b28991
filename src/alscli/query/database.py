"""The rows in SQLite: where every question is answered.

Columns are typed: a number or NULL, never a word. What a typed cell cannot hold stands in the column
`written` of its row, as JSON by column: `not_reported` and `not_applicable`, and digits that a float would
lose (`-0.20`). Lists are JSON arrays.
"""

from __future__ import annotations

import sqlite3
from functools import cache
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from alscli.query.tables import TABLES, TRIALS, Cell, Column, Row, Rows, TableShape

if TYPE_CHECKING:
    import json
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from decimal import Decimal

    from alscli.model.vocabulary import Vocabularies
    from alscli.store.collection import Snapshot

_SQL_TYPE = {
    "text": "TEXT",
    "date": "TEXT",
    "list": "TEXT",
    "integer": "INTEGER",
    "number": "REAL",
    "boolean": "INTEGER",
}


def build(snapshot: Snapshot, vocabularies: Vocabularies | None = None) -> sqlite3.Connection:
    """A database in memory that holds the projection of the snapshot; the shipped terms without others."""
    from alscli.query.rows import snapshot_rows

    connection = sqlite3.connect(":memory:")
    connection.executescript(definitions())
    with connection:
        for rows in snapshot_rows(snapshot, vocabularies):
            fill(connection, rows)
    return connection


def definitions(schema: str = "main") -> str:
    """The statements that make the empty tables in a schema of the connection."""
    return "".join(_definition(shape, schema) for shape in TABLES.values())


def _definition(shape: TableShape, schema: str) -> str:
    strict = "STRICT, " if sqlite3.sqlite_version_info >= (3, 37) else ""
    parts = [f"{column.name} {_SQL_TYPE[column.type]}" for column in shape.columns]
    parts.append("written TEXT")
    parts.append(f"PRIMARY KEY ({', '.join(shape.key)})")
    for reference in shape.references:
        target = TABLES[reference.table]
        parts.append(
            f"FOREIGN KEY ({', '.join(reference.columns)}) REFERENCES {target.name} ({', '.join(target.key)})"
        )
    index = f"CREATE INDEX {schema}.decided ON trials (decision);\n" if shape is TRIALS else ""
    return f"CREATE TABLE {schema}.{shape.name} ({', '.join(parts)}) {strict}WITHOUT ROWID;\n{index}"


Prepared = dict[str, list[tuple[str | int | float | None, ...]]]
"""Rows as SQLite holds them, by table."""


def fill(connection: sqlite3.Connection, rows: Rows) -> None:
    """Put the rows of one record into the database."""
    insert(connection, prepared(rows))


def prepared(rows: Rows) -> Prepared:
    """The rows of one record, ready to be inserted."""
    return {name: [_values(TABLES[name], _cells(name)(row)) for row in found] for name, found in rows.items()}


def insert(connection: sqlite3.Connection, rows: Prepared) -> None:
    """Put prepared rows into the database."""
    for name, found in rows.items():
        connection.executemany(_insertion(name), found)


@cache
def _insertion(table: str) -> str:
    places = ", ".join("?" * (len(TABLES[table].columns) + 1))
    return f"INSERT INTO {table} VALUES ({places})"  # noqa: S608


def _values(shape: TableShape, cells: tuple[Cell, ...]) -> tuple[str | int | float | None, ...]:
    from alscli.model.absence import Absence

    values: list[Any] = [*cells, None]
    written: dict[str, str] = {}
    for position, cell in enumerate(cells):
        if cell is None or cell.__class__ is str or (isinstance(cell, int) and abs(cell) < _EXACT):
            continue  # most cells; the other way takes three times as long
        column, value = shape.columns[position], stored(cell)
        values[position] = value
        if isinstance(cell, Absence):
            written[column.name] = cell.value
        elif column.type == "number" and value is not None and str(cell) != _shortest(float(value)):
            written[column.name] = str(cell)
    if written:
        values[-1] = _encoder().encode(written)
    return tuple(values)


@cache
def _cells(table: str) -> Callable[[Row], tuple[Cell, ...]]:
    """What takes the cells of a table's columns out of a row."""
    names = [column.name for column in TABLES[table].columns]
    return itemgetter(*names) if len(names) > 1 else lambda row: (row[names[0]],)


def stored(cell: Cell) -> str | int | float | None:
    """A cell as SQLite holds it."""
    if cell.__class__ in (str, int, bool):
        return cell
    if isinstance(cell, tuple):
        return _encoder().encode(cell) if cell else "[]"
    from decimal import Decimal

    from alscli.model.absence import Absence

    if isinstance(cell, Absence):
        return None
    if isinstance(cell, Decimal):
        return float(cell)
    return cell


@cache
def _encoder() -> json.JSONEncoder:
    import json

    return json.JSONEncoder(ensure_ascii=False)


_EXACT = 1 << 53
"""Whole numbers below it are the same as a float."""


def _shortest(number: float) -> str:
    """The number as it is read back where nothing else is written down."""
    return str(int(number)) if number.is_integer() and abs(number) < _EXACT else repr(number)


def select(
    connection: sqlite3.Connection,
    columns: Sequence[Column],
    where: str,
    parameters: Sequence[object],
    order: str,
    limit: int | None = None,
) -> Iterator[Row]:
    """Rows of these columns of the trials for which `where` holds, as they were before SQLite."""
    picked = ", ".join(["t.written", *(f"t.{column.name}" for column in columns)])
    bounds = "" if limit is None else f" LIMIT {int(limit)}"
    statement = f"SELECT {picked} FROM trials t WHERE {where} ORDER BY {order}{bounds}"  # noqa: S608
    yield from restored(connection.execute(statement, parameters), columns)


def restored(stored_rows: Iterator[tuple[Any, ...]], columns: Sequence[Column]) -> Iterator[Row]:
    """Rows of the projection from what SQLite holds: what is `written`, and the columns."""
    names = [column.name for column in columns]
    ways = [(place, WAYS[column.type]) for place, column in enumerate(columns) if column.type in WAYS]
    quoted = [f'"{name}"' for name in names]
    for written, *values in stored_rows:
        for place, way in ways:
            if values[place] is not None:
                values[place] = way(values[place])
        row = dict(zip(names, values, strict=True))
        if written is not None and any(name in written for name in quoted):
            _amend(row, written)
        yield row


def _amend(row: Row, written: str) -> None:
    """Put what no typed cell can hold into the row: absences, and digits that a float would lose."""
    import json

    from alscli.model.absence import Absence

    exact: Mapping[str, str] = json.loads(written)
    for name, text in exact.items():
        if name in row:
            row[name] = Absence(text) if row[name] is None else _digits(text)


def _elements(stored_list: str) -> tuple[str, ...]:
    """The elements of a JSON array of texts, as `stored` writes it."""
    if "\\" in stored_list:
        import json

        return tuple(json.loads(stored_list))
    return tuple(stored_list[2:-2].split('", "')) if stored_list != "[]" else ()


def _digits(text: str) -> int | Decimal:
    from decimal import Decimal

    return int(text) if text.lstrip("-").isdecimal() else Decimal(text)


WAYS: dict[str, Callable[[Any], Cell]] = {
    "list": _elements,
    "boolean": bool,
    "number": lambda value: _digits(_shortest(float(value))),
}
"""How a cell is made from what SQLite holds, by the type of its column, where that is not the cell."""


def table_rows(
    connection: sqlite3.Connection, table: str, where: str = "1", parameters: Sequence[object] = ()
) -> Iterator[Row]:
    """The rows of a table for which `where` holds, in the order of its key."""
    shape = TABLES[table]
    columns, key = ", ".join(shape.names), ", ".join(shape.key)
    statement = f"SELECT written, {columns} FROM {table} WHERE {where} ORDER BY {key}"  # noqa: S608
    yield from restored(connection.execute(statement, parameters), shape.columns)


def count(connection: sqlite3.Connection, where: str = "1", parameters: Sequence[object] = ()) -> int:
    """How many trials there are for which `where` holds."""
    statement = f"SELECT count(*) FROM trials t WHERE {where}"  # noqa: S608
    return int(connection.execute(statement, parameters).fetchone()[0])
