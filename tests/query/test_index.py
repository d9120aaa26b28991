"""The index gives the answers of the files, whatever happened to them or to it."""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from alscli.query.index import Index, _understand, open_index
from alscli.query.tables import TABLES
from alscli.store import processes
from alscli.store.cache import folder
from alscli.store.collection import Collection


def contents(index: Index) -> dict[str, list[str]]:
    """Every row of every table, and what cannot be read."""
    rows = {name: sorted(map(repr, index.connection.execute(f"SELECT * FROM {name}"))) for name in TABLES}
    rows["unreadable"] = sorted(map(str, index.unreadable))
    index.connection.close()
    return rows


def assert_true(collection: Collection) -> None:
    assert contents(open_index(collection)) == contents(open_index(collection, cached=False))


@pytest.fixture
def collection(collection_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Collection:
    monkeypatch.setenv("ALSCLI_CACHE", str(tmp_path / "cache"))
    return Collection(collection_folder)


def index_file() -> Path:
    (found,) = folder().glob("*.index.sqlite")
    return found


def test_the_second_time_nothing_is_read(collection: Collection, monkeypatch: pytest.MonkeyPatch) -> None:
    open_index(collection).connection.close()
    for path in collection.root.rglob("*.toml"):
        os.utime(path, (1_600_000_000, 1_600_000_000))
    open_index(collection).connection.close()
    monkeypatch.setattr(Collection, "understand", lambda *_: pytest.fail("a file was read"))
    open_index(collection).connection.close()


@pytest.mark.parametrize("seed", range(4))
def test_any_history_gives_the_answers_of_the_files(collection: Collection, seed: int) -> None:
    """Edits, additions, renames, deletions, broken files and restored times, in random order."""
    chance = random.Random(seed)
    trials = collection.root / "trials"
    texts = [path.read_text("utf-8") for path in sorted(trials.iterdir())]
    for step in range(12):
        present = sorted(trials.glob("*.toml"))
        path = chance.choice(present)
        before = path.stat()
        match chance.randrange(8):
            case 0:
                path.write_text(
                    path.read_text("utf-8").replace('phase = "', 'phase_label = "x"\nphase = "', 1), "utf-8"
                )
            case 1:
                text = chance.choice(texts)
                id_ = f"added-{step}"
                new = text.replace(text.split('\nid = "')[1].split('"')[0], id_, 1)
                (trials / f"{id_}.toml").write_text(new, "utf-8")
            case 2 if len(present) > 2:
                path.unlink()
            case 3:
                path.rename(path.with_name(f"renamed-{step}.toml"))
            case 4:
                path.write_text("broken = [", "utf-8")
            case 5:  # another text of the same length, with the old time
                path.write_bytes(path.read_bytes().replace(b"2", b"3", 1))
                os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
            case 6:
                product = collection.root / "products" / "nurown.toml"
                product.write_text(product.read_text("utf-8").replace("autologous", "allogeneic"), "utf-8")
            case _:
                ledger = collection.root / "ledger.toml"
                ledger.write_text(ledger.read_text("utf-8") + "\n# seen\n", "utf-8")
        assert_true(collection)


@pytest.mark.parametrize("content", [b"", b"no database " * 500, b"SQLite format 3\0" + bytes(5000)])
def test_a_file_that_is_no_index_is_made_anew(collection: Collection, content: bytes) -> None:
    open_index(collection).connection.close()
    index_file().write_bytes(content)
    assert_true(collection)


def test_a_foreign_database_is_made_anew(collection: Collection) -> None:
    open_index(collection).connection.close()
    path = index_file()
    path.unlink()
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE trials (something TEXT)")
        other.execute("CREATE TABLE kept_context (context TEXT)")
    other.close()
    assert_true(collection)


def test_where_nothing_can_be_written_the_answers_are_the_same(
    collection: Collection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("no folder", "utf-8")
    monkeypatch.setenv("ALSCLI_CACHE", str(blocked / "below"))
    assert_true(collection)


def test_the_collection_is_not_written_to(collection: Collection) -> None:
    before = {path: path.read_bytes() for path in collection.root.rglob("*") if path.is_file()}
    open_index(collection).connection.close()
    assert before == {path: path.read_bytes() for path in collection.root.rglob("*") if path.is_file()}


def test_several_processes_at_once(collection: Collection) -> None:
    code = (
        "import sys; from pathlib import Path; from alscli.store.collection import Collection;"
        "from alscli.query.index import open_index; c = Collection(Path(sys.argv[1]));"
        "print(open_index(c).connection.execute('SELECT count(*) FROM trials').fetchone()[0])"
    )
    running = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(collection.root)], stdout=subprocess.PIPE, text=True
        )
        for _ in range(6)
    ]
    counts = {process.communicate()[0].strip() for process in running}
    assert counts == {str(len(list((collection.root / "trials").iterdir())))}


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two files are many, and there are several processors."""
    monkeypatch.setattr("alscli.query.index.CHUNK", 2)
    monkeypatch.setattr(processes, "MANY", 2)
    monkeypatch.setattr(os, "cpu_count", lambda: 3)


@pytest.mark.usefixtures("many")
def test_many_files_are_read_by_several_processes(
    collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    (collection.root / "trials" / "broken.toml").write_bytes(b"\xff")
    (collection.root / "trials" / "nowhere.toml").symlink_to("gone.toml")
    expected = contents(open_index(collection, cached=False))
    monkeypatch.setattr(Collection, "load", lambda _: pytest.fail("no index could be kept"))
    elsewhere = partial(_elsewhere, _understand, os.getpid())
    monkeypatch.setattr("alscli.query.index._understand", elsewhere)
    assert contents(open_index(collection)) == expected


def _elsewhere(understand: Callable[..., object], starter: int, *arguments: object) -> object:
    assert os.getpid() != starter, "read in this process"
    return understand(*arguments)


@pytest.mark.usefixtures("many")
def test_a_doubt_of_another_process_is_one(collection: Collection) -> None:
    path = min((collection.root / "trials").iterdir())
    path.rename(path.with_name("zz-other.toml"))
    assert_true(collection)


def test_nothing_can_be_written_through_the_connection(collection: Collection) -> None:
    index = open_index(collection)
    with pytest.raises(sqlite3.OperationalError):
        index.connection.execute("DELETE FROM trials")
    index.connection.close()


def forbid_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Collection, "understand", lambda *_: pytest.fail("a file was read"))


def test_young_files_are_looked_into_until_they_are_old(
    collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_index(collection).connection.close()  # just copied, so young
    looked: list[Path] = []
    read = Path.read_bytes

    def look(path: Path) -> bytes:
        looked.append(path)
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", look)
    open_index(collection).connection.close()
    assert len(looked) > 6
    later = max(path.stat().st_ctime_ns for path in collection.root.rglob("*.toml")) + 10_000_000_000
    monkeypatch.setattr("alscli.query.index.now", lambda: later)
    open_index(collection).connection.close()  # the last time that their content is compared
    looked.clear()
    forbid_reading(monkeypatch)
    open_index(collection).connection.close()
    assert [path.name for path in looked if path.parent.name != "vocab"] == ["alscli.toml"]


def test_one_index_however_the_folder_is_named(
    collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_index(collection).connection.close()
    forbid_reading(monkeypatch)
    monkeypatch.chdir(collection.root)
    index = open_index(Collection(Path("../records")))
    assert index.connection.execute("SELECT count(*) FROM trials").fetchone() == (6,)
    index.connection.close()


@pytest.mark.skipif(sys.platform == "win32", reason="no links without a privilege")
def test_a_link_to_nowhere_is_told_each_time(collection: Collection) -> None:
    (collection.root / "trials" / "gone.toml").symlink_to("nowhere.toml")
    for cached in (True, True, False):
        index = open_index(collection, cached=cached)
        assert [path.name for path in index.unreadable] == ["gone.toml"]
        index.connection.close()


def test_a_clock_that_went_back(collection: Collection, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was read at a time before its stamp is never trusted, however long ago that seems."""
    path = collection.root / "trials" / "valor.toml"
    monkeypatch.setattr("alscli.query.index.now", lambda: 1_000_000_000)
    open_index(collection).connection.close()
    before = path.stat()
    path.write_bytes(path.read_bytes().replace(b"108", b"109"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert_true(collection)


def test_a_record_that_disappears_while_it_is_read(
    collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = collection.root / "trials" / "valor.toml"

    def read(from_: Path) -> bytes:
        path.unlink(missing_ok=True)
        return from_.read_bytes()

    with monkeypatch.context() as patch:
        patch.setattr("alscli.store.collection.read_bytes", read)
        index = open_index(collection)
        assert [each.name for each in index.unreadable] in ([], ["valor.toml"])
        assert index.connection.execute("SELECT count(*) FROM trials").fetchone() == (5,)
        index.connection.close()
    assert_true(collection)


def test_an_index_that_cannot_be_opened(collection: Collection) -> None:
    open_index(collection).connection.close()
    path = index_file()
    path.unlink()
    path.mkdir()
    assert_true(collection)


def test_an_index_that_cannot_be_written(collection: Collection) -> None:
    """A file system that is read-only, to whoever asks."""
    open_index(collection).connection.close()
    path = collection.root / "trials" / "valor.toml"
    path.write_bytes(path.read_bytes().replace(b"108", b"109"))
    connect = sqlite3.connect

    def read_only(file: Path, **options: object) -> sqlite3.Connection:
        if file == ":memory:":
            return connect(":memory:")
        return connect(f"file:{file}?mode=ro", uri=True, **options)  # type: ignore[call-overload,no-any-return]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sqlite3, "connect", read_only)
        assert_true(collection)


def test_an_index_of_a_newer_program(collection: Collection) -> None:
    open_index(collection).connection.close()
    with sqlite3.connect(index_file()) as other:
        other.execute("UPDATE kept_context SET context = 'newer'")
        other.execute("ALTER TABLE trials ADD COLUMN later TEXT")
    other.close()
    assert_true(collection)
