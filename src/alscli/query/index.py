"""The index: the projection kept in a SQLite file, refreshed for what changed, never the source of anything.

One file a collection, in the user's cache folder. A changed trial is read and its rows replaced; where a
product, the ledger, the terms or the program changed, or anything is in doubt, all is built anew. Where the
file cannot be used, the same database is built in memory, and the answers are the same.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from alscli import __version__
from alscli.errors import CollectionError
from alscli.store.cache import YOUNG, Kept, Stamp, digest, folder, is_settled, now, stamp
from alscli.store.collection import FOLDERS, LEDGER, MARKER, Entry, assemble, is_record_name, read_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from alscli.model.format import FileKind
    from alscli.query.rows import Surroundings
    from alscli.store.collection import Collection, Record

FEW = 200
"""Changed trials up to which rows are replaced one by one; above that all are built anew."""


class Index(NamedTuple):
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
            except (_DoubtError, OSError, UnicodeError, OverflowError):
                break
    from alscli.query.database import build

    snapshot = collection.load()
    unreadable = [record.entry.path for record in snapshot.unreadable]
    return Index(build(snapshot, collection.vocabularies), unreadable)


class _DoubtError(Exception):
    """Something is not as the index expects it."""


def _kept(collection: Collection) -> Index:
    context = _context(collection)
    stamps = _stamps(collection.root)
    connection = sqlite3.connect(_file(collection.root), timeout=10, isolation_level=None)
    try:
        if not _is_current(connection, context, stamps):
            _renew(collection, connection, context, stamps)
        connection.execute("PRAGMA query_only = ON")
        held = connection.execute("SELECT path FROM kept_files WHERE id IS NULL")
        unreadable = {path for (path,) in held} | {path for path, seen in stamps.items() if seen is None}
        return Index(connection, [collection.root / path for path in sorted(unreadable)])
    except BaseException:
        connection.close()
        raise


def _file(root: Path) -> Path:
    from zlib import adler32, crc32

    place = folder()
    place.mkdir(parents=True, exist_ok=True)
    name = os.fsencode(os.path.realpath(root))  # two roots with one name only take the file from each other
    return place / f"{crc32(name):08x}{adler32(name):08x}.index.sqlite"


def _stamps(root: Path) -> dict[str, Stamp | None]:
    """The stamp of every file of `Collection.entries`, by its path below the root."""
    names = [LEDGER] if os.path.lexists(root / LEDGER) else []
    for below in FOLDERS.values():
        try:
            names += [f"{below}/{name}" for name in os.listdir(root / below) if is_record_name(name)]  # noqa: PTH208
        except FileNotFoundError:
            continue
        except OSError as error:
            raise CollectionError(f"cannot read {root / below}: {error.strerror}") from error
    above = f"{root}/"
    return {name: stamp(above + name) for name in names}


_FILES = (
    "CREATE TABLE kept_files (path TEXT PRIMARY KEY, size INTEGER, changed INTEGER,"
    " touched INTEGER, read_at INTEGER,"
    " digest BLOB, kind TEXT, id TEXT) WITHOUT ROWID;"
    "CREATE TABLE kept_context (context TEXT);"
)


def _is_of(connection: sqlite3.Connection, context: str) -> bool:
    """Whether the index was made in this context; a new or foreign one was not."""
    try:
        held = connection.execute("SELECT context FROM kept_context").fetchone()
    except sqlite3.OperationalError as error:
        if "no such" in str(error):
            return False
        raise
    return bool(held == (context,))


def _is_current(connection: sqlite3.Connection, context: str, stamps: Mapping[str, Stamp | None]) -> bool:
    """Whether all stamps are those of the index, and all old enough to be trusted."""
    if not _is_of(connection, context):
        return False
    rows = connection.execute("SELECT path, size, changed, touched FROM kept_files")
    held = {path: None if size is None else (size, *times) for path, size, *times in rows}
    if held != stamps:
        return False
    young = "SELECT 1 FROM kept_files WHERE read_at - max(changed, touched) <= ? LIMIT 1"
    return connection.execute(young, (YOUNG,)).fetchone() is None


class _File(NamedTuple):
    kept: Kept
    kind: str
    id: str | None


def _files(connection: sqlite3.Connection, context: str) -> dict[str, _File]:
    """What the index knows of each file; nothing where it is new or of another context."""
    if not _is_of(connection, context):
        return {}
    rows = connection.execute(
        "SELECT path, size, changed, touched, read_at, digest, kind, id FROM kept_files"
    )
    return {path: _File(Kept(Stamp(*seen), at, of, ""), kind, id_) for path, *seen, at, of, kind, id_ in rows}


class _Work(NamedTuple):
    """Paths of files to read again, of files that are gone, and of files that are now old enough to trust."""

    stale: list[str]
    gone: list[str]
    grown: list[str]


def _work(root: Path, files: Mapping[str, _File], stamps: Mapping[str, Stamp | None], at: int) -> _Work:
    work = _Work([], sorted(files.keys() - stamps.keys()), [])
    for name, seen in sorted(stamps.items()):
        file = files.get(name)
        if file is None:
            work.stale.append(name)
        elif seen is None:
            if file.kept.stamp.size is not None:
                work.stale.append(name)
        elif not file.kept.is_fresh(root / name, seen):
            work.stale.append(name)
        elif is_settled(seen.changed, seen.touched, at):
            work.grown.append(name)
    return work


def _renew(
    collection: Collection,
    connection: sqlite3.Connection,
    context: str,
    stamps: Mapping[str, Stamp | None],
) -> None:
    """Make the rows those of the files, of which some changed or are too young to be sure."""
    at = now()
    work = _work(collection.root, _files(connection, context), stamps, at)
    if not (work.stale or work.gone):
        with suppress(sqlite3.OperationalError):  # in use, or read-only: they are read again next time
            connection.executemany(
                "UPDATE kept_files SET read_at = ? WHERE path = ?", [(at, name) for name in work.grown]
            )
        return
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("PRAGMA page_size = 16384")  # of a new file: a trial fits in its page
    connection.execute("BEGIN IMMEDIATE")
    try:  # with the lock, after whoever had it
        stamps = _stamps(collection.root)
        _refresh(collection, connection, context, _files(connection, context), stamps)
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _refresh(
    collection: Collection,
    connection: sqlite3.Connection,
    context: str,
    files: Mapping[str, _File],
    stamps: Mapping[str, Stamp | None],
) -> None:
    """Replace the rows of changed trials; make everything anew where more than some trials changed."""
    from alscli.query.rows import Surroundings as Around

    stale, gone, _ = _work(collection.root, files, stamps, now())
    beside_changed = any(_kind(name) != "trial" for name in [*stale, *gone])
    whole = beside_changed or len(stale) + len(gone) > FEW or not files
    beside = assemble(
        collection.read(Entry(collection.root / name, _kind(name)))
        for name in sorted(stamps)
        if _kind(name) != "trial"
    )
    around = Around(beside.products, beside.shared_refs, collection.vocabularies)
    if whole:
        _make_anew(connection, context)
    else:
        _forget(connection, [*gone, *stale], files)
    for name in sorted(stamps) if whole else stale:
        _enter(collection, connection, name, stamps[name], around)


def _kind(name: str) -> FileKind:
    """The kind of record that a file's place makes it."""
    below, _, rest = name.partition("/")
    return next(kind for kind, folder_ in FOLDERS.items() if folder_ == below) if rest else "ledger"


def _make_anew(connection: sqlite3.Connection, context: str) -> None:
    """Empty tables, whatever was there: it is only a cache."""
    from alscli.query.database import definitions

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
    from alscli.query.tables import TABLES

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
    name: str,
    seen: Stamp | None,
    around: Surroundings,
) -> None:
    from alscli.query.database import fill
    from alscli.query.rows import rows_of

    entry = Entry(collection.root / name, _kind(name))
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
    if seen is None and id_ is not None:
        raise _DoubtError("a file without a stamp")
    connection.execute(
        "INSERT INTO kept_files VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (name, *(seen or (None, None, None)), at, digest(data), entry.kind, id_),
    )


def _context(collection: Collection) -> str:
    """All that the rows depend on but the records: the program, the terms, the place."""
    package = os.path.dirname(os.path.dirname(__file__))  # noqa: PTH120 - at every start
    parts: list[object] = [__version__, sqlite3.sqlite_version, os.path.realpath(collection.root)]
    for room in ("query", "model", "store", "vocab"):
        for name in sorted(os.listdir(f"{package}/{room}")):  # noqa: PTH208
            if name.endswith((".py", ".toml")):
                parts += [name, stamp(f"{package}/{room}/{name}")]
    vocab = collection.root / "vocab"
    for path in (collection.root / MARKER, *(sorted(vocab.glob("*.toml")) if vocab.is_dir() else ())):
        with suppress(OSError):
            parts.append((path.name, path.read_bytes()))
    return "\n".join(map(str, parts))
