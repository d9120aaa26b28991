"""All tables as one SQLite database, with keys and foreign keys.

It is the projection as `query.database` holds it: typed columns, and `written` for what they cannot hold.
The table `meanings` says what each column is. Bytes depend on the rows and the version of SQLite alone.
"""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

from alscli.export.selection import Selection
from alscli.query.database import definitions
from alscli.query.tables import TABLES, Column

_MEANINGS = (
    'CREATE TABLE export.meanings ("table" TEXT, "column" TEXT, type TEXT, meaning TEXT,'
    ' PRIMARY KEY ("table", "column")) WITHOUT ROWID;'
)
_WRITTEN = "JSON by column: not_reported and not_applicable, and digits that a float would lose"


def make(path: Path, selection: Selection) -> None:
    """Write the database into the empty file `path`; raises OSError where the disk will not."""
    connection = selection.connection
    (protected,) = connection.execute("PRAGMA query_only").fetchone()
    try:
        connection.execute("PRAGMA query_only = OFF")
        connection.execute("ATTACH ? AS export", (str(path),))
        try:
            _fill(connection, selection)
        finally:
            connection.rollback()  # where something went wrong: an open transaction holds the file
            connection.execute("DETACH export")
    except sqlite3.OperationalError as error:
        raise OSError(errno.EIO, str(error)) from error
    finally:
        connection.execute(f"PRAGMA query_only = {protected}")


def _fill(connection: sqlite3.Connection, selection: Selection) -> None:
    for pragma in ("page_size = 4096", "journal_mode = OFF", "synchronous = OFF", "cache_size = -16000"):
        connection.execute(f"PRAGMA export.{pragma}")
    connection.execute("BEGIN")
    for statement in (_definitions() + _MEANINGS).split(";"):
        connection.execute(statement)
    for name, shape in TABLES.items():
        query = selection.query(name)
        names = ", ".join(("written", *shape.names))
        copied = connection.execute(f"INSERT INTO export.{name} ({names}) {query.sql}", query.parameters)
        selection.tell(name, copied.rowcount)
    connection.executemany("INSERT INTO export.meanings VALUES (?, ?, ?, ?)", _meanings())
    connection.execute("COMMIT")


def _definitions() -> str:
    """The tables as of the index, without what only serves its searches."""
    return definitions("export") + "DROP INDEX export.decided;"


def _meanings() -> list[tuple[str, str, str, str]]:
    written = Column("written", "text", _WRITTEN)
    return [(name, *column) for name, shape in TABLES.items() for column in (*shape.columns, written)]
