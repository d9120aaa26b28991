"""The index: the projection kept in a SQLite file, refreshed for what changed, never the source of anything.

One file a collection, in the user's cache folder. A changed trial is read and its rows replaced; where a
product, the ledger, the terms or the program changed, or anything is in doubt, all is built anew. Where the
file cannot be used, the same database is built in memory, and the answers are the same.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from alscli import __version__
from alscli.query.database import build, definitions, fill
from alscli.query.tables import TABLES
from alscli.store.cache import Kept, Stamp, digest, folder, now, stamp
from alscli.store.collection import MARKER, Collection, Entry, Record, assemble, read_bytes

if TYPE_CHECKING:
    from alscli.query.rows import Surroundings

FEW = 200
"""Changed trials up to which rows are replaced one by one; above that all are built anew."""


@dataclass(frozen=True)
class Index:
    """An open database with the projection, and the files that hold no readable record."""

    connection: sqlite3.Connection
    unreadable: list[Path]


def open_index(collection: Collection, *, cached: bool = True) -> Index:
    """The projection of the collection as its files are now."""
    if cached:
        for _ in range(2):  # a file that is no database is removed, and made anew
            try:
                return _kept(collection)
            except sqlite3.DatabaseError as error:
                if isinstance(error, sqlite3.OperationalError):
                    break
                with suppress(OSError):
                    _file(collection.root).unlink()
            except (_DoubtError, OSError):
                break
    snapshot = collection.load()
    unreadable = [record.entry.path for record in snapshot.unreadable]
    return Index(build(snapshot, collection.vocabularies), unreadable)


class _DoubtError(Exception):
    """Something is not as the index expects it."""


def _kept(collection: Collection) -> Index:
    entries = list(collection.entries())
    stamps = {str(entry.path): stamp(entry.path) for entry in entries}
    connection = sqlite3.connect(_file(collection.root), timeout=10, isolation_level=None)
    try:
        files = _files(connection, context := _context(collection))
        stale = [entry for entry in entries if not _is_fresh(files.get(str(entry.path)), entry, stamps)]
        gone = set(files) - set(stamps)
        if stale or gone:
            _refresh(collection, connection, context, entries, stale, gone, files, stamps)
        connection.execute("PRAGMA query_only = ON")
        rows = connection.execute("SELECT path FROM kept_files WHERE id IS NULL ORDER BY path")
        return Index(connection, [Path(path) for (path,) in rows])
    except BaseException:
        connection.close()
        raise


def _file(root: Path) -> Path:
    place = folder()
    place.mkdir(parents=True, exist_ok=True)
    name = hashlib.sha256(os.fsencode(root.resolve())).hexdigest()[:32]
    return place / f"{name}.index.sqlite"


_FILES = (
    "CREATE TABLE kept_files (path TEXT PRIMARY KEY, size INTEGER, changed INTEGER,"
    " touched INTEGER, read_at INTEGER,"
    " digest BLOB, kind TEXT, id TEXT) WITHOUT ROWID;"
    "CREATE TABLE kept_context (context TEXT);"
)


@dataclass(frozen=True, slots=True)
class _File:
    kept: Kept
    kind: str
    id: str | None


def _files(connection: sqlite3.Connection, context: str) -> dict[str, _File]:
    """What the index knows of each file; nothing where it is new or of another context."""
    try:
        held = connection.execute("SELECT context FROM kept_context").fetchone()
    except sqlite3.OperationalError:  # no such table
        held = None
    if held != (context,):
        return {}
    rows = connection.execute(
        "SELECT path, size, changed, touched, read_at, digest, kind, id FROM kept_files"
    )
    return {path: _File(Kept(Stamp(*seen), at, of, ""), kind, id_) for path, *seen, at, of, kind, id_ in rows}


def _is_fresh(file: _File | None, entry: Entry, stamps: Mapping[str, Stamp | None]) -> bool:
    seen = stamps[str(entry.path)]
    return file is not None and seen is not None and file.kept.is_fresh(entry.path, seen)


def _refresh(
    collection: Collection,
    connection: sqlite3.Connection,
    context: str,
    entries: list[Entry],
    stale: list[Entry],
    gone: set[str],
    files: Mapping[str, _File],
    stamps: Mapping[str, Stamp | None],
) -> None:
    """Replace the rows of changed trials; make everything anew where more than some trials changed."""
    from alscli.query.rows import Surroundings as Around

    beside_changed = any(e.kind != "trial" for e in stale) or any(
        files[path].kind != "trial" for path in gone
    )
    whole = beside_changed or len(stale) + len(gone) > FEW or not files
    beside = assemble(collection.read(entry) for entry in entries if entry.kind != "trial")
    around = Around(beside.products, beside.shared_refs, collection.vocabularies)
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("BEGIN IMMEDIATE")
    try:
        if whole:
            _make_anew(connection, context)
        else:
            _forget(connection, [*gone, *(str(entry.path) for entry in stale)], files)
        for entry in entries if whole else stale:
            _enter(collection, connection, entry, stamps[str(entry.path)], around)
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _make_anew(connection: sqlite3.Connection, context: str) -> None:
    """Empty tables, whatever was there: it is only a cache."""
    connection.execute("DROP TABLE IF EXISTS words")  # and the tables behind it, which cannot go alone
    tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
    for (name,) in tables:
        connection.execute(f'DROP TABLE IF EXISTS "{name}"')
    for statement in (definitions() + _FILES).split(";"):
        if statement.strip():
            connection.execute(statement)
    connection.execute("INSERT INTO kept_context VALUES (?)", (context,))


def _forget(connection: sqlite3.Connection, paths: Iterable[str], files: Mapping[str, _File]) -> None:
    """Take out the rows of trials."""
    from alscli.query.search import forget

    for path in paths:
        connection.execute("DELETE FROM kept_files WHERE path = ?", (path,))
        file = files.get(path)
        if file is None or file.id is None:
            continue
        for name, shape in TABLES.items():
            owner = next((column for column in ("trial", "record") if column in shape.key), "id")
            if owner == "id" and name not in ("trials", "records"):
                continue  # of products and of the ledger
            kind = " AND kind = 'trial'" if "kind" in shape.key else ""
            connection.execute(f"DELETE FROM {name} WHERE {owner} = ?{kind}", (file.id,))  # noqa: S608
        forget(connection, [file.id])


def _enter(
    collection: Collection,
    connection: sqlite3.Connection,
    entry: Entry,
    seen: Stamp | None,
    around: Surroundings,
) -> None:
    from alscli.query.rows import rows_of

    at = now()
    try:
        data = read_bytes(entry.path)
        record: Record = collection.understand(entry, data)
    except OSError:
        data, record = b"", collection.read(entry)
    id_: str | None = None
    if record.model is not None:
        id_ = getattr(record.model, "id", "ledger")
        if entry.kind != "ledger" and id_ != entry.id:
            raise _DoubtError("two files may hold one id")
        fill(connection, rows_of(record.model, around))  # type: ignore[arg-type]
    if seen is not None:
        connection.execute(
            "INSERT INTO kept_files VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (str(entry.path), seen.size, seen.changed, seen.touched, at, digest(data), entry.kind, id_),
        )
    elif id_ is not None:
        raise _DoubtError("a file without a stamp")


def _context(collection: Collection) -> str:
    """A digest of all that the rows depend on but the records."""
    hashed = hashlib.blake2b(digest_size=16)
    package = Path(__file__).parent.parent
    for part in ("query", "model", "store", "vocab"):
        for item in sorted((package / part).iterdir()):
            if item.suffix in (".py", ".toml"):
                hashed.update(f"{item.name} {stamp(item)}\0".encode())
    hashed.update(f"{__version__}\0{collection.root}\0".encode())
    for path in (collection.root / MARKER, *sorted((collection.root / "vocab").glob("*.toml"))):
        with suppress(OSError):
            hashed.update(path.read_bytes() + b"\0")
    return hashed.hexdigest()
