"""The index gives the answers of the files, whatever happened to them or to it."""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from alscli.query.index import Index, open_index
from alscli.query.tables import TABLES
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


def test_nothing_can_be_written_through_the_connection(collection: Collection) -> None:
    index = open_index(collection)
    with pytest.raises(sqlite3.OperationalError):
        index.connection.execute("DELETE FROM trials")
    index.connection.close()
