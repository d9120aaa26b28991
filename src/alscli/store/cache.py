"""The one cache of a collection: what was computed from each file, until the file changes.

A SQLite file in the user's cache folder (`ALSCLI_CACHE`, else `$XDG_CACHE_HOME/alscli`). It is keyed by
content, never trusted over the files, and may be deleted at any time; where it cannot be read or written,
everything is computed anew and nobody is told.
"""

from __future__ import annotations

import os
import sqlite3
import stat
import time
import zlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

LAYOUT = 3
"""Version of the tables; a cache of another one is thrown away."""

FAULTS = (sqlite3.Error, UnicodeDecodeError)
"""What a database raises; of garbled bytes even its messages may be no text."""

YOUNG = 2_000_000_000
"""Nanoseconds; a file that changed so shortly before it was read may have changed again unseen."""


class Stamp(NamedTuple):
    """What tells a file's content without reading it: size in bytes, times in nanoseconds.

    `touched` (ctime) tells a change even where somebody has put the old time of change back.
    """

    size: int
    changed: int
    touched: int


class Kept(NamedTuple):
    """What the cache holds of a file: its stamp when read, a digest of its bytes, what was computed.

    `read_at` is a time before the stamp was taken and the file read, in nanoseconds.
    """

    stamp: Stamp
    read_at: int
    digest: bytes
    content: str

    def is_fresh(self, path: Path, stamp: Stamp) -> bool:
        """Whether the file is still what it was; a young one is read to be sure."""
        if self.stamp != stamp:
            return False
        if is_settled(stamp.changed, stamp.touched, self.read_at):
            return True
        try:
            return digest(path.read_bytes()) == self.digest
        except OSError:
            return False


def is_settled(changed: int, touched: int, read_at: int) -> bool:
    """Whether a file was old enough when it was read that no change since then can hide in its stamp."""
    return read_at - max(changed, touched) > YOUNG


def digest(data: bytes) -> bytes:
    """16 bytes that tell one content from another."""
    import hashlib

    return hashlib.blake2b(data, digest_size=16).digest()


def stamp(path: Path | str) -> Stamp | None:
    """The stamp of a regular file; None for anything else, and where it cannot be looked at."""
    try:
        status = os.stat(path)  # noqa: PTH116 - ten thousand times in a row
    except OSError:
        return None
    if not stat.S_ISREG(status.st_mode):
        return None
    return Stamp(status.st_size, status.st_mtime_ns, status.st_ctime_ns)


class Cache:
    """What was computed from the files of one collection for one `purpose`, such as `check`.

    `context` tells everything else that the computation depends on; content of another context is not seen.
    """

    def __init__(self, root: Path, purpose: str, context: str) -> None:
        self._purpose = purpose
        self._context = context
        self._connection: sqlite3.Connection | None = None
        with suppress(*FAULTS, OSError):
            self._path = _place(root)
            self._connection = _opened(self._path)

    def load(self) -> dict[str, Kept]:
        """Everything kept, by path; a row that the disk has garbled is left out."""
        if self._connection is None:
            return {}
        try:
            rows = self._connection.execute(
                "SELECT path, size, changed, touched, read_at, digest, content, sum FROM kept"
                " WHERE purpose = ? AND context = ?",
                (self._purpose, self._context),
            )
            return {
                path: Kept(Stamp(*seen), at, of, text)
                for path, *seen, at, of, text, sum_ in rows
                if isinstance(text, str) and sum_ == _sum(path, *seen, at, of, text)
            }
        except FAULTS as error:
            self._let_go(error)
            return {}

    def store(self, kept: Mapping[str, Kept], gone: Iterable[str] = ()) -> None:
        """Keep these, forget those that are gone, and forget what another context kept.

        What the database cannot hold (a name that is no text, a date after 2262) is not kept.
        """
        rows = [self._row(path, k) for path, k in kept.items() if _fits(path, k)]
        forgotten = [(self._purpose, path) for path in gone]
        if self._connection is None or not (rows or forgotten):
            return
        try:
            with self._connection as connection:
                connection.execute(
                    "DELETE FROM kept WHERE purpose = ? AND context <> ?", (self._purpose, self._context)
                )
                connection.executemany(
                    "INSERT OR REPLACE INTO kept VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows
                )
                connection.executemany("DELETE FROM kept WHERE purpose = ? AND path = ?", forgotten)
        except FAULTS as error:
            self._let_go(error)

    def _let_go(self, error: Exception) -> None:
        """Do without the file from now on; a broken one is made anew by the next run."""
        self.close()
        self._connection = None
        if _is_broken(error):
            with suppress(OSError):
                self._path.unlink()

    def _row(self, path: str, kept: Kept) -> tuple[object, ...]:
        at = kept.stamp
        told = (at.size, at.changed, at.touched, kept.read_at, kept.digest, kept.content)
        return (self._purpose, path, self._context, *told, _sum(path, *told))

    def close(self) -> None:
        """Let go of the file."""
        if self._connection is not None:
            self._connection.close()


def now() -> int:
    """The time, in nanoseconds, as file stamps count it."""
    return time.time_ns()


def folder() -> Path:
    """Where caches lie; raises OSError where the user has no home."""
    if given := os.environ.get("ALSCLI_CACHE"):
        return Path(given)
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if base.is_absolute():
        return base / "alscli"
    try:
        return Path.home() / ".cache" / "alscli"
    except RuntimeError as error:
        raise OSError(str(error)) from error


_GREATEST = (1 << 63) - 1


def _fits(path: str, kept: Kept) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return max(kept.stamp.size, abs(kept.stamp.changed), abs(kept.stamp.touched)) <= _GREATEST


def _sum(*row: object) -> int:
    """A checksum: pages of a database that nobody waited for may be of two times after a power cut."""
    *short, content = row
    return zlib.crc32(str(content).encode(), zlib.crc32(repr(short).encode()))


def _place(root: Path) -> Path:
    import hashlib

    name = hashlib.sha256(os.fsencode(root.resolve())).hexdigest()[:32]
    return folder() / f"{name}.sqlite"


def _opened(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return _checked(path)
    except FAULTS as error:
        if not _is_broken(error):
            raise
        path.unlink(missing_ok=True)
        return _checked(path)


def _is_broken(error: Exception) -> bool:
    """Whether the file is foreign, corrupt or of another version, and not only in use or out of reach."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
    return code & 0xFF in (sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _checked(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=1)
    try:
        connection.execute("PRAGMA synchronous = OFF")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        if version not in (0, LAYOUT) or (version == 0 and tables):
            raise sqlite3.DatabaseError("another version, or not ours")
        if version == 0:
            connection.executescript(
                "BEGIN IMMEDIATE;"
                f"PRAGMA user_version = {LAYOUT};"
                "CREATE TABLE IF NOT EXISTS kept (purpose TEXT, path TEXT, context TEXT, size INTEGER,"
                " changed INTEGER, touched INTEGER, read_at INTEGER, digest BLOB, content TEXT,"
                " sum INTEGER, PRIMARY KEY (purpose, path)) WITHOUT ROWID;"
                "COMMIT;"
            )
    except FAULTS:
        connection.close()
        raise
    return connection
