"""The rows in SQLite: where every question is answered.

Columns are typed: a number or NULL, never a word. Absences stand in a table of their own, so that
`not_reported` can be told from what nobody looked for. Lists are JSON arrays.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from alscli.model.values import Absence
from alscli.query.tables import TRIALS, Cell, Column, Row, trial_rows
from alscli.store.collection import Snapshot

_SQL_TYPE = {
    "text": "TEXT",
    "date": "TEXT",
    "list": "TEXT",
    "integer": "INTEGER",
    "number": "REAL",
    "boolean": "INTEGER",
}
_SEARCHED = (
    "id",
    "registry_id",
    "secondary_ids",
    "title",
    "title_zh",
    "acronym",
    "interventions",
    "products",
    "conditions",
    "sponsor",
    "sponsor_zh",
    "collaborators",
    "note",
)


def build(snapshot: Snapshot) -> sqlite3.Connection:
    """A database in memory that holds the projection of the snapshot."""
    connection = sqlite3.connect(":memory:")
    connection.executescript(_definitions())
    fill(connection, trial_rows(snapshot))
    return connection


def _definitions() -> str:
    columns = ", ".join(f'"{column.name}" {_SQL_TYPE[column.type]}' for column in TRIALS.columns)
    return (
        f"CREATE TABLE trials ({columns}, words TEXT, PRIMARY KEY (id)) WITHOUT ROWID;"
        "CREATE TABLE absences (record TEXT, path TEXT, kind TEXT, PRIMARY KEY (record, path)) WITHOUT ROWID;"
    )


def fill(connection: sqlite3.Connection, rows: Iterable[Row]) -> None:
    """Put rows of `trials` into the database."""
    places = ", ".join("?" * (len(TRIALS.columns) + 1))
    for row in rows:
        values = [stored(row[name]) for name in TRIALS.names]
        connection.execute(f"INSERT INTO trials VALUES ({places})", (*values, _words(row)))  # noqa: S608
        absent = [(row["id"], name, str(cell)) for name, cell in row.items() if isinstance(cell, Absence)]
        connection.executemany("INSERT INTO absences VALUES (?, ?, ?)", absent)


def stored(cell: Cell) -> str | int | float | None:
    """A cell as SQLite holds it."""
    if isinstance(cell, Absence):
        return None
    if isinstance(cell, tuple):
        return json.dumps(cell, ensure_ascii=False)
    if isinstance(cell, Decimal):
        return float(cell)
    return cell


def _words(row: Row) -> str:
    """Everything that `--text` looks into, as written: only a query that asks for it pays for `normal`."""
    parts: list[str] = []
    for name in _SEARCHED:
        cell = row[name]
        if isinstance(cell, tuple):
            parts += cell
        elif isinstance(cell, str) and not isinstance(cell, Absence):
            parts.append(cell)
    return "\n".join(parts)


def select(
    connection: sqlite3.Connection,
    columns: Sequence[Column],
    where: str,
    parameters: Sequence[object],
    order: str,
    limit: int | None = None,
) -> Iterator[Row]:
    """Rows of the columns for which `where` holds, absences restored."""
    names = ["id", *(column.name for column in columns)]
    picked = ", ".join(f't."{name}"' for name in names)
    bounds = "" if limit is None else f" LIMIT {int(limit)}"
    statement = f"SELECT {picked} FROM trials t WHERE {where} ORDER BY {order}{bounds}"  # noqa: S608
    absences = {
        (record, path): Absence(kind)
        for record, path, kind in connection.execute("SELECT record, path, kind FROM absences")
    }
    for values in connection.execute(statement, parameters):
        cells = dict(zip(names[1:], values[1:], strict=True))
        yield {
            column.name: restored(cells[column.name], column, absences.get((values[0], column.name)))
            for column in columns
        }


def restored(value: str | float | None, column: Column, absence: Absence | None) -> Cell:
    """A cell of the projection from what SQLite holds."""
    if value is None:
        return absence
    if column.type == "list":
        return tuple(json.loads(str(value)))
    if column.type == "boolean":
        return bool(value)
    if column.type == "number":
        return int(value) if float(value).is_integer() else Decimal(repr(value))
    return int(value) if column.type == "integer" else str(value)


def count(connection: sqlite3.Connection, where: str = "1", parameters: Sequence[object] = ()) -> int:
    """How many trials there are for which `where` holds."""
    statement = f"SELECT count(*) FROM trials t WHERE {where}"  # noqa: S608
    return int(connection.execute(statement, parameters).fetchone()[0])
