"""The index: the projection kept in a SQLite file, refreshed for what changed, never the source of anything.

One file a collection, in the user's cache folder. A changed trial is read and its rows replaced; where a
product, the ledger, the terms or the program changed, or anything is in doubt, all is built anew. Where the
file cannot be used, the same database is built in memory, and the answers are the same.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from alscli import __version__
from alscli.errors import CollectionError
from alscli.store.cache import YOUNG, Stamp, digest, folder, is_settled, now, stamp
from alscli.store.collection import FOLDERS, LEDGER, MARKER, Entry, File, assemble, is_record_name, taken

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from alscli.model.format import FileKind
    from alscli.query.database import Prepared
    from alscli.query.rows import Surroundings
    from alscli.store.collection import Collection

FEW = 200
"""Changed trials up to which rows are replaced one by one; above that all are built anew."""
CHUNK = 50
"""Files whose rows are in memory at a time."""


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


class _Work(NamedTuple):
    """Paths of files to read again, of files that are gone, and of files that are now old enough to trust.

    `at` is a time before any of them was looked into, in nanoseconds.
    """

    at: int
    stale: list[str]
    gone: list[str]
    grown: list[str]


def _work(
    root: Path, connection: sqlite3.Connection, context: str, stamps: Mapping[str, Stamp | None]
) -> _Work | None:
    """What is to be done; None where the index is new or of another context."""
    at = now()
    if not _is_of(connection, context):
        return None
    rows = connection.execute("SELECT path, size, changed, touched FROM kept_files")
    held = {path: None if size is None else (size, *times) for path, size, *times in rows}
    work = _Work(at, [], [], [])
    if held != stamps:
        work.stale.extend(name for name, seen in stamps.items() if name not in held or held[name] != seen)
        work.gone.extend(held.keys() - stamps.keys())
    young = "SELECT path, digest FROM kept_files WHERE read_at - max(changed, touched) <= ?"
    for name, of in connection.execute(young, (YOUNG,)):
        seen = stamps.get(name)
        if seen is None or seen != held[name]:
            continue
        if not _holds(root / name, of):
            work.stale.append(name)
        elif is_settled(seen.changed, seen.touched, at):
            work.grown.append(name)
    return work


def _holds(path: Path, of: bytes) -> bool:
    """Whether the file has the content with this digest."""
    try:
        return digest(path.read_bytes()) == of
    except OSError:
        return False


def _renew(
    collection: Collection,
    connection: sqlite3.Connection,
    context: str,
    stamps: Mapping[str, Stamp | None],
) -> None:
    """Make the rows those of the files, where some changed or are too young to be sure."""
    version = _version(connection)
    work = _work(collection.root, connection, context, stamps)
    if work is not None and not (work.stale or work.gone):
        with suppress(sqlite3.OperationalError):  # in use, or read-only: they are read again next time
            connection.executemany(
                "UPDATE kept_files SET read_at = ? WHERE path = ?", [(work.at, name) for name in work.grown]
            )
        return
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("PRAGMA page_size = 16384")  # of a new file: a trial fits in its page
    connection.execute("BEGIN IMMEDIATE")
    try:
        if _version(connection) != version:  # somebody else had the lock, and did the work or some of it
            stamps = _stamps(collection.root)
            work = _work(collection.root, connection, context, stamps)
        _refresh(collection, connection, context, work, stamps)
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _version(connection: sqlite3.Connection) -> int:
    """A number that is another one after another connection has written."""
    (version,) = connection.execute("PRAGMA data_version").fetchone()
    return int(version)


def _refresh(
    collection: Collection,
    connection: sqlite3.Connection,
    context: str,
    work: _Work | None,
    stamps: Mapping[str, Stamp | None],
) -> None:
    """Replace the rows of changed trials; make everything anew where more than some trials changed."""
    from alscli.query.rows import Surroundings as Around

    changed = [*work.gone, *work.stale] if work is not None else []
    beside_changed = any(_kind(name) != "trial" for name in changed)
    whole = work is None or beside_changed or len(changed) > FEW
    beside = assemble(
        collection.read(Entry(collection.root / name, _kind(name)))
        for name in sorted(stamps)
        if _kind(name) != "trial"
    )
    around = Around(beside.products, beside.shared_refs, collection.vocabularies)
    if work is None or whole:
        _make_anew(connection, context)
        names = sorted(stamps)
    else:
        _forget(connection, changed)
        names = sorted(work.stale)
    _enter(collection, connection, around, [(name, stamps[name]) for name in names])


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


def _forget(connection: sqlite3.Connection, paths: Iterable[str]) -> None:
    """Take out the rows of trials."""
    from alscli.query.search import forget
    from alscli.query.tables import TABLES

    for path in paths:
        held = connection.execute("SELECT id FROM kept_files WHERE path = ?", (path,)).fetchone()
        connection.execute("DELETE FROM kept_files WHERE path = ?", (path,))
        if held is None or held[0] is None:
            continue
        for name, shape in TABLES.items():
            owner = next((column for column in ("trial", "record") if column in shape.key), "id")
            if owner == "id" and name not in ("trials", "records"):
                continue  # of products and of the ledger
            kind = " AND kind = 'trial'" if "kind" in shape.key else ""
            connection.execute(f"DELETE FROM {name} WHERE {owner} = ?{kind}", held)  # noqa: S608
        forget(connection, list(held))


_Named = tuple[str, Stamp | None]
"""A file's path below the root, and its stamp."""


class _Understood(NamedTuple):
    """Some files as rows of `kept_files`, and the rows of the records in them."""

    files: list[tuple[object, ...]]
    rows: Prepared


def _enter(
    collection: Collection, connection: sqlite3.Connection, around: Surroundings, files: Sequence[_Named]
) -> None:
    """Put the rows of files into the index."""
    from alscli.query.database import insert

    # A process that is started here must not touch the connection, and ends without closing it.
    for understood in _understood(collection, around, files):
        insert(connection, understood.rows)
        connection.executemany("INSERT INTO kept_files VALUES (?, ?, ?, ?, ?, ?, ?, ?)", understood.files)


def _understood(
    collection: Collection, around: Surroundings, files: Sequence[_Named]
) -> Iterable[_Understood]:
    work = partial(_understand, collection, around)
    if len(files) <= CHUNK:  # and the import of what starts processes is spared
        return [work(files)]
    from alscli.store.processes import spread

    return spread(work, files, CHUNK)


def _understand(collection: Collection, around: Surroundings, files: Sequence[_Named]) -> _Understood:
    from alscli.query.database import prepared
    from alscli.query.rows import rows_of

    understood = _Understood([], {})
    held: list[tuple[int, bytes]] = []

    def read() -> Iterator[File]:
        for name, _ in files:
            at = now()
            entry, data = taken(Entry(collection.root / name, _kind(name)))
            held.append((at, digest(data if isinstance(data, bytes) else b"")))
            yield entry, data

    for number, record in enumerate(collection.understand_all(read())):
        (name, seen), (at, of), entry = files[number], held[number], record.entry
        id_: str | None = None
        if record.model is not None:
            id_ = getattr(record.model, "id", "ledger")
            if entry.kind != "ledger" and id_ != entry.id:
                raise _DoubtError("two files may hold one id")
            for table, rows in prepared(rows_of(record.model, around)).items():  # type: ignore[arg-type]
                understood.rows.setdefault(table, []).extend(rows)
        if seen is None and id_ is not None:
            raise _DoubtError("a file without a stamp")
        stamped = seen or (None, None, None)
        understood.files.append((name, *stamped, at, of, entry.kind, id_))
    return understood


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
