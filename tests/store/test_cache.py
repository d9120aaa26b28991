"""The cache: what it gives back, when a file counts as unchanged, and what happens to a file that is none."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alscli.store.cache import Cache, Kept, Stamp, digest, folder, now, stamp

SECOND = 1_000_000_000


@pytest.fixture(autouse=True)
def _cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALSCLI_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "records").mkdir()
    return tmp_path / "records"


def kept(content: str = "x", size: int = 1) -> Kept:
    return Kept(Stamp(size, 2, 3), 4, b"digest", content)


def loaded(root: Path, purpose: str = "p", context: str = "c") -> dict[str, Kept]:
    opened = Cache(root, purpose, context)
    try:
        return opened.load()
    finally:
        opened.close()


def store(
    root: Path, rows: dict[str, Kept], gone: tuple[str, ...] = (), purpose: str = "p", context: str = "c"
) -> None:
    opened = Cache(root, purpose, context)
    opened.store(rows, gone)
    opened.close()


def file() -> Path:
    (found,) = folder().glob("*.sqlite")
    return found


def test_what_was_stored_is_loaded(root: Path) -> None:
    rows = {"a": kept("重复鞘内给药 😀\x00\n"), "b": kept("")}
    store(root, rows)
    assert loaded(root) == rows
    store(root, {"b": kept("new")}, ("a", "never"))
    assert loaded(root) == {"b": kept("new")}


def test_purposes_and_collections_are_apart_and_of_contexts_the_last_counts(
    root: Path, tmp_path: Path
) -> None:
    store(root, {"a": kept("one")})
    store(root, {"a": kept("other purpose")}, purpose="q")
    store(tmp_path, {"a": kept("other collection")})
    assert loaded(root, context="d") == {}
    assert loaded(root) == {"a": kept("one")}
    store(root, {"b": kept("other context")}, context="d")
    assert loaded(root) == {}
    assert loaded(root, context="d") == {"b": kept("other context")}
    assert loaded(root, purpose="q") == {"a": kept("other purpose")}


def test_two_names_of_a_collection_share_one_cache(root: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(root)
    store(root, {"a": kept()})
    assert loaded(tmp_path / "link") == {"a": kept()}


def test_where_there_is_nothing_to_store_nothing_is_written(root: Path) -> None:
    store(root, {"a": kept()})
    before = file().read_bytes()
    store(root, {}, context="d")
    assert file().read_bytes() == before


def test_what_a_database_cannot_hold_is_not_kept(root: Path) -> None:
    rows = {
        "a\udcff": kept(),
        "future": Kept(Stamp(1, 1 << 63, 3), 4, b"", ""),
        "touched": Kept(Stamp(1, 2, 1 << 63), 4, b"", ""),
        "old": Kept(Stamp(1, -5, -(1 << 62)), 4, b"", ""),
        "sound": kept(),
    }
    store(root, rows)
    assert set(loaded(root)) == {"old", "sound"}


@pytest.mark.parametrize(
    "garbling",
    [
        "content = content || ' '",
        "content = NULL",
        "content = 5",
        "size = size + 1",
        "changed = 0",
        "touched = 'x'",
        "read_at = 1 << 62",
        "digest = x'00'",
        "path = 'b'",
        "sum = NULL",
    ],
)
def test_a_garbled_row_is_left_out(root: Path, garbling: str) -> None:
    store(root, {"a": kept()})
    with sqlite3.connect(file()) as connection:
        connection.execute(f"UPDATE kept SET {garbling}")
    connection.close()
    assert loaded(root) == {}
    store(root, {"a": kept("again")}, ("b",))
    assert loaded(root) == {"a": kept("again")}


@pytest.mark.parametrize(
    "content", [b"", b"short", b"no database " * 500, b"SQLite format 3\0" + bytes(5000)]
)
def test_a_file_that_is_no_database_is_made_anew(root: Path, content: bytes) -> None:
    store(root, {"a": kept()})
    file().write_bytes(content)
    store(root, {"b": kept()})
    assert loaded(root) == {"b": kept()}


@pytest.mark.parametrize(
    "statement", ["PRAGMA user_version = 1", "CREATE TABLE kept (path TEXT)", "CREATE TABLE other (x)"]
)
def test_a_database_that_is_not_ours_is_made_anew(root: Path, statement: str) -> None:
    store(root, {"a": kept()})
    path = file()
    path.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute(statement)
    connection.close()
    store(root, {"b": kept()})
    assert loaded(root) == {"b": kept()}


@pytest.mark.parametrize("statement", ["DROP TABLE kept", "ALTER TABLE kept RENAME COLUMN sum TO total"])
def test_a_database_of_this_version_without_its_table_is_made_anew(root: Path, statement: str) -> None:
    store(root, {"a": kept()})
    with sqlite3.connect(file()) as connection:
        connection.execute(statement)
        connection.execute("CREATE TABLE IF NOT EXISTS kept (purpose, path, context)")
    connection.close()
    store(root, {"a": kept()})
    assert loaded(root) == {}
    store(root, {"b": kept()})
    assert loaded(root) == {"b": kept()}


def test_a_database_with_a_garbled_page_is_made_anew(root: Path) -> None:
    store(root, {f"{number}": kept() for number in range(2000)})
    data = file().read_bytes()
    file().write_bytes(data[:4096] + b"\xff" * 8192 + data[4096 + 8192 :])
    loaded(root)
    store(root, {"a": kept()})
    store(root, {"b": kept()})
    assert loaded(root).keys() >= {"b"}


def test_a_cache_that_another_process_writes_is_read_and_not_removed(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(root, {"a": kept()})
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda path, timeout: connect(path, timeout=0.01))
    other = connect(file(), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    store(root, {"b": kept()})
    assert loaded(root) == {"a": kept()}
    other.execute("COMMIT")
    other.execute("BEGIN EXCLUSIVE")
    assert loaded(root) == {}
    store(root, {"b": kept()})
    other.execute("COMMIT")
    other.close()
    assert loaded(root) == {"a": kept()}


def test_where_nothing_can_be_written(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("ALSCLI_CACHE", str(tmp_path / "file"))
    store(root, {"a": kept()})
    assert loaded(root) == {}


def test_a_folder_in_the_place_of_the_database(root: Path) -> None:
    store(root, {"a": kept()})
    path = file()
    path.unlink()
    path.mkdir()
    store(root, {"a": kept()})
    assert loaded(root) == {}
    assert path.is_dir()


def test_where_caches_lie(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "home")
    assert folder() == tmp_path / "cache"
    monkeypatch.delenv("ALSCLI_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert folder() == tmp_path / "xdg" / "alscli"
    for relative in ("", "relative"):  # which the specification says to ignore
        monkeypatch.setenv("XDG_CACHE_HOME", relative)
        assert folder() == tmp_path / "home" / ".cache" / "alscli"


# Stamps.


def test_the_stamp_of_a_file_and_of_what_is_none(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    found = stamp(path)
    assert found is not None
    assert (found.size, found.changed) == (3, path.stat().st_mtime_ns)
    assert stamp(tmp_path) is None
    assert stamp(tmp_path / "missing") is None


def test_a_file_is_fresh_while_its_stamp_is_the_same_and_old(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    seen = stamp(path)
    assert seen is not None
    old = Kept(seen, now() + 10 * SECOND, b"never read", "")
    assert old.is_fresh(path, seen)
    for other in (Stamp(4, seen.changed, seen.touched), Stamp(3, 0, seen.touched), Stamp(3, seen.changed, 0)):
        assert not old.is_fresh(path, other)


@pytest.mark.parametrize("young", ["changed", "touched"])
def test_a_young_file_is_read_to_be_sure(tmp_path: Path, young: str) -> None:
    """Whichever of its times is young: the time of change may have been put back."""
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    at = now()
    seen = Stamp(3, at if young == "changed" else 0, at if young == "touched" else 0)
    known = Kept(seen, at + SECOND, digest(b"abc"), "")
    assert known.is_fresh(path, seen)
    path.write_bytes(b"abd")
    assert not known.is_fresh(path, seen)
    path.unlink()
    assert not known.is_fresh(path, seen)


@pytest.mark.skipif(not hasattr(os, "utime"), reason="times cannot be set")
def test_another_text_of_the_same_length_with_the_old_time(tmp_path: Path) -> None:
    """However fast it comes after the reading, on whatever clock the file system has."""
    path = tmp_path / "a"
    for round_ in range(200):
        path.write_bytes(b"a%03d" % round_)
        os.utime(path, (1_500_000_000, 1_500_000_000))
        at, seen = now(), stamp(path)
        assert seen is not None
        known = Kept(seen, at, digest(path.read_bytes()), "")
        path.write_bytes(b"b%03d" % round_)
        os.utime(path, (1_500_000_000, 1_500_000_000))
        after = stamp(path)
        assert after is not None
        assert not known.is_fresh(path, after)


@given(st.binary(), st.binary())
def test_a_digest_tells_contents_apart(one: bytes, other: bytes) -> None:
    assert (digest(one) == digest(other)) == (one == other)
    assert len(digest(one)) == 16


def test_time_is_counted_as_file_stamps_count_it(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"")
    assert abs(now() - path.stat().st_mtime_ns) < 3600 * SECOND
