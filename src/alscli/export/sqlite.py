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
    'CREATE TABLE meanings ("table" TEXT, "column" TEXT, type TEXT, meaning TEXT,'
    ' PRIMARY KEY ("table", "column")) WITHOUT ROWID;'
)
_WRITTEN = "JSON by column: not_reported and not_applicable, and digits that a float would lose"


def make(path: Path, selection: Selection) -> None:
    """Write the database into the empty file `path`; raises OSError where the disk will not."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        for pragma in ("page_size = 4096", "journal_mode = OFF", "synchronous = OFF", "cache_size = -16000"):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("BEGIN")
        for statement in (_definitions() + _MEANINGS).split(";"):
            connection.execute(statement)
        for name, shape in TABLES.items():
            places = ", ".join("?" * (len(shape.columns) + 1))
            names = ", ".join(("written", *shape.names))
            statement = f"INSERT INTO {name} ({names}) VALUES ({places})"  # noqa: S608
            connection.executemany(statement, selection.stored(name))
        connection.executemany("INSERT INTO meanings VALUES (?, ?, ?, ?)", _meanings())
        connection.execute("COMMIT")
    except sqlite3.OperationalError as error:
        raise OSError(errno.EIO, str(error)) from error
    finally:
        connection.close()


def _definitions() -> str:
    """The tables as of the index, without what only serves its searches."""
    return definitions() + "DROP INDEX decided; ALTER TABLE trials DROP COLUMN words;"


def _meanings() -> list[tuple[str, str, str, str]]:
    written = Column("written", "text", _WRITTEN)
    return [(name, *column) for name, shape in TABLES.items() for column in (*shape.columns, written)]
