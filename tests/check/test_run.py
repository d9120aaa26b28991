"""A fast check gives exactly the report of a plain one, whatever happened to the files or to the cache."""

from __future__ import annotations

import gc
import os
import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from alscli.check import run
from alscli.check.engine import check, select
from alscli.check.finding import Finding
from alscli.check.report import Report
from alscli.check.run import check_files
from alscli.errors import CollectionError
from alscli.store import collection, processes
from alscli.store.cache import folder
from alscli.store.collection import Collection

ALL = select([], [])
TODAY = date(2026, 11, 22)


def told(report: Report) -> dict[str, Any]:
    """All of a report, also what does not count when findings are compared."""
    names = Finding._fields
    return {
        "findings": [[repr(getattr(finding, name)) for name in names] for finding in report.findings],
        "files": [str(path) for path in report.files],
        "as_of": report.as_of,
    }


def plain(root: Path, codes: frozenset[str] = ALL, **options: Any) -> dict[str, Any]:
    collection = Collection(root)
    options = {"as_of": TODAY, **options}
    return told(check(collection, collection.load(), codes=codes, **options))


def fast(root: Path, codes: frozenset[str] = ALL, **options: Any) -> dict[str, Any]:
    return told(check_files(Collection(root), codes=codes, **{"as_of": TODAY, **options}))


def assert_same(root: Path, **options: Any) -> None:
    """With what the cache holds by now, with what it holds after that, and without it."""
    expected = plain(root, **options)
    assert fast(root, **options) == expected
    assert fast(root, **options) == expected
    assert fast(root, cached=False, **options) == expected


@pytest.fixture
def root(collection_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ALSCLI_CACHE", str(tmp_path / "cache"))
    return collection_folder


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def examined_files(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that are examined from now on, as they are."""
    names: list[str] = []
    examine_all = run.examine_all

    def noted(records: Any, *rest: Any) -> Any:
        given = list(records)
        names.extend(record.entry.path.name for record in given)
        return examine_all(given, *rest)

    monkeypatch.setattr(run, "examine_all", noted)
    return names


def settle(root: Path) -> None:
    """Make every file look as if it had lain there for long, for the cache too."""
    path = cache_file()
    with sqlite3.connect(path) as connection:
        rows = connection.execute("SELECT path, size, changed, touched, digest, content FROM kept").fetchall()
        for name, *stamp, of, content in rows:
            at = max(stamp) + 10**10
            sum_ = run.Cache(root, "check", "")._row(name, run.Kept(run.Stamp(*stamp), at, of, content))[-1]
            connection.execute("UPDATE kept SET read_at = ?, sum = ? WHERE path = ?", (at, sum_, name))
    connection.close()


def cache_file() -> Path:
    (found,) = folder().glob("*.sqlite")
    return found


# What is examined, and when again.


def test_cold_and_warm(root: Path) -> None:
    assert_same(root)


def test_the_shipped_records(shipped_records: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALSCLI_CACHE", str(tmp_path / "cache"))
    assert_same(shipped_records)


def test_a_collection_without_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALSCLI_CACHE", str(tmp_path / "cache"))
    (tmp_path / "alscli.toml").write_text("schema = 1\n", "utf-8")
    assert_same(tmp_path)


def test_the_second_time_nothing_is_examined_and_no_trial_read(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = fast(root)
    settle(root)
    monkeypatch.setattr(run, "examine_all", lambda *_: pytest.fail("a file was examined"))
    monkeypatch.setattr(Path, "read_bytes", only_terms(Path.read_bytes))
    assert fast(root) == first


def only_terms(read_bytes: Callable[[Path], bytes]) -> Callable[[Path], bytes]:
    def read(path: Path) -> bytes:
        assert path.parent.name != "trials"
        return read_bytes(path)

    return read


def test_only_what_changed_is_examined_again(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fast(root)
    names = examined_files(monkeypatch)
    change(root / "trials" / "valor.toml", "\n[", "\n\n[")
    fast(root)
    assert names == ["valor.toml"]


def test_a_file_that_was_touched_soon_after_is_read_to_be_sure(root: Path) -> None:
    """The clock of a file system stands still for milliseconds: what is young may have changed unseen."""
    path = root / "trials" / "valor.toml"
    os.utime(path, (1_600_000_000, 1_600_000_000))
    fast(root)
    with sqlite3.connect(cache_file()) as connection:
        ((changed, touched, read_at),) = connection.execute(
            "SELECT changed, touched, read_at FROM kept WHERE path = ?", (str(path),)
        )
    connection.close()
    kept = run.Kept(run.Stamp(1, changed, touched), read_at, b"of another content", "")
    assert not kept.is_fresh(path, kept.stamp)


def test_the_time_of_reading_is_before_the_reading(root: Path) -> None:
    """However long the examination takes, a change during it is not taken for what was examined."""
    before = run.now()
    fast(root)
    with sqlite3.connect(cache_file()) as connection:
        times = {at for (at,) in connection.execute("SELECT read_at FROM kept")}
        opened = cache_file().stat().st_ctime_ns
    connection.close()
    assert len(times) == 1
    assert before <= times.pop() <= opened


# What an examination depends on.


def test_the_day(root: Path) -> None:
    for day in (TODAY, date(2014, 1, 1), date(2100, 12, 31), TODAY):
        assert_same(root, as_of=day)


def test_codes_and_what_is_reported(root: Path) -> None:
    change(root / "trials" / "valor.toml", 'phase = "', 'phaze = "')
    some = sorted((root / "trials").iterdir())[:2]
    for only in (None, set(), {str(path) for path in some}, {str(root / "ledger.toml")}, {"elsewhere"}):
        assert_same(root, only=only)
        assert_same(root, only=only, codes=select(["SM", "XR", "WV"], ["SM002"]))


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("products/nurown.toml", "autologous", "allogeneic"),
        ("products/nurown.toml", 'id = "nurown"', 'id = "other"'),
        ("products/nurown.toml", "\n", "\nbroken = ["),
        ("products/nurown.toml", "schema = 1", "schema = 2"),
        ("ledger.toml", "schema = 1", "schema = 1\nrefs = 3"),
        ("ledger.toml", 'key = "', 'key = "x'),
        ("ledger.toml", "schema = 1", "schema = ["),
        ("alscli.toml", '["ALS"]', '["PD"]'),
        ("alscli.toml", "schema", "schema = 1 ="),
        ("trials/valor.toml", 'id = "valor"', 'id = "nurown-phase2"'),
        ("trials/valor.toml", "schema = 1", "schema = 2"),
        ("trials/valor.toml", "schema = 1", 'schema = 1\n[[waivers]]\nrule = "PV004"\n'),
    ],
)
def test_what_changes_beside_the_trials(root: Path, name: str, old: str, new: str) -> None:
    fast(root)
    change(root / name, old, new)
    assert_same(root)
    change(root / name, new, old)
    assert_same(root)


def test_a_marker_that_is_gone(root: Path) -> None:
    fast(root)
    (root / "alscli.toml").unlink()
    assert_same(root)


def test_terms_of_the_collection(root: Path) -> None:
    change(root / "trials" / "valor.toml", 'phase = "', 'phase = "0')
    fast(root)
    vocab = root / "vocab"
    vocab.mkdir()
    own = vocab / "own.toml"
    for text in (
        'field = "purpose"\n[[terms]]\ncode = "comfort"\nen = "Comfort"\n',
        'field = "phase"\n[[terms]]\ncode = "03"\nen = "A phase of ours"\n',
    ):
        own.write_text(text, "utf-8")
        try:
            Collection(root).vocabularies  # noqa: B018 - whether the format of terms is still this
        except CollectionError as error:  # pragma: no cover
            pytest.fail(str(error))
        assert_same(root)
    own.rename(vocab / "renamed.toml")
    assert_same(root)
    (vocab / "renamed.toml").write_text("no terms = [", "utf-8")
    with pytest.raises(CollectionError):
        fast(root)
    (vocab / "renamed.toml").unlink()
    (vocab / "folder.toml").mkdir()
    with pytest.raises(CollectionError):
        fast(root)
    (vocab / "folder.toml").rmdir()
    assert_same(root)


def test_a_trial_cited_by_an_id_that_is_not_the_name_of_its_file(root: Path) -> None:
    """Also from a file that cannot be read, and whether or not the cache knows both."""
    related = 'related = [\n  { id = "misplaced", rel = "same_product", why = "x" },\n]\n'
    change(root / "trials" / "valor.toml", "conditions", f"{related}conditions")
    change(root / "trials" / "nurown-phase2.toml", "conditions", f"{related}phaze = 1\nconditions")
    assert "'misplaced'" in repr(fast(root)["findings"])
    path = root / "trials" / "nsi566-phase2.toml"
    change(path, 'id = "nsi566-phase2"', 'id = "misplaced"')
    assert_same(root)
    assert "no record 'misplaced'" not in repr(fast(root)["findings"])
    path.rename(path.with_name("misplaced.toml"))
    assert_same(root)
    (root / "trials" / "misplaced.toml").unlink()
    assert_same(root)


def edit(chance: random.Random, root: Path, step: int, texts: list[str]) -> None:
    """One thing that happens to a collection."""
    trials = root / "trials"
    present = sorted(trials.glob("*.toml"))
    path = chance.choice(present)
    before = path.stat()
    match chance.randrange(11):
        case 0:
            path.write_text(
                path.read_text("utf-8").replace('phase = "', 'phaze = "x"\nphase = "', 1), "utf-8"
            )
        case 1:
            text = chance.choice(texts)
            new = text.replace(text.split('\nid = "')[1].split('"')[0], f"added-{step}", 1)
            (trials / f"added-{step}.toml").write_text(new, "utf-8")
        case 2 if len(present) > 2:
            path.unlink()
        case 3:
            path.rename(path.with_name(f"renamed-{step}.toml"))
        case 4:
            path.write_bytes(chance.choice([b"broken = [", b"\xff", b"", b"id = 1\r\n\r\nschema = 9"]))
        case 5:  # another text of the same length, with the old time
            path.write_bytes(path.read_bytes().replace(b"2", b"3", 1))
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        case 6:
            product = root / "products" / "nurown.toml"
            product.write_text(product.read_text("utf-8").replace("autologous", "allogeneic"), "utf-8")
        case 7:
            ledger = root / "ledger.toml"
            ledger.write_text(ledger.read_text("utf-8") + chance.choice(["\n# seen\n", "\nx = 1\n"]), "utf-8")
        case 8:  # two files change places
            other = chance.choice(present)
            first, second = path.read_bytes(), other.read_bytes()
            path.write_bytes(second)
            other.write_bytes(first)
        case 9:
            os.utime(path, (1_000_000_000 + step, 1_000_000_000 + step))
        case _:
            path.replace(chance.choice(present))


@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_any_history(root: Path, seed: int, old: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where every file counts as old, so that whole reports are kept."""
    chance = random.Random(seed)
    texts = [path.read_text("utf-8") for path in sorted((root / "trials").iterdir())]
    if old:
        monkeypatch.setattr(run, "is_settled", lambda *_: True)
    for step in range(10):
        edit(chance, root, step, texts)
        time.sleep(0.03 if old else 0)  # the clock of a file system stands still for milliseconds
        assert_same(root)
        assert_same(root, only={str(path) for path in sorted((root / "trials").iterdir())[:2]})


def test_nothing_but_products_and_ledger_is_read_where_nothing_changed(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "is_settled", lambda *_: True)
    first = fast(root)
    monkeypatch.setattr(run, "conclude", lambda *_, **__: pytest.fail("rules were run"))
    assert fast(root) == first
    path = root / "trials" / "valor.toml"
    assert fast(root, only={str(path)})["files"] == [str(path)]
    for otherwise in ({"codes": select(["TX"], [])}, {"as_of": date(2026, 11, 23)}):
        with pytest.raises(pytest.fail.Exception, match="rules were run"):
            fast(root, **otherwise)


def test_a_report_that_the_disk_has_garbled(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "is_settled", lambda *_: True)
    expected = fast(root)
    with sqlite3.connect(cache_file()) as connection:
        changed = connection.execute("UPDATE kept SET content = '[]' WHERE purpose = 'report'").rowcount
    connection.close()
    assert changed == 1
    assert fast(root) == expected


# Files that are no records.


def test_what_cannot_be_read_is_tried_again_each_time(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a disk could not give once is not kept: no stamp tells when it can."""
    read_bytes = collection.read_bytes

    def failing(path: Path) -> bytes:
        if path.name == "valor.toml":
            raise OSError(5, "Input/output error")
        return read_bytes(path)

    monkeypatch.setattr("alscli.store.collection.read_bytes", failing)
    assert "Input/output error" in repr(fast(root)["findings"])
    settle(root)
    monkeypatch.setattr("alscli.store.collection.read_bytes", read_bytes)
    assert_same(root)


def test_folders_pipes_and_links_that_lead_nowhere(root: Path) -> None:
    (root / "trials" / "folder.toml").mkdir()
    (root / "products" / "nowhere.toml").symlink_to(root / "missing.toml")
    (root / "trials" / "link.toml").symlink_to(root / "trials" / "valor.toml")
    if hasattr(os, "mkfifo"):
        os.mkfifo(root / "trials" / "pipe.toml")
    assert_same(root)
    (root / "trials" / "link.toml").unlink()
    (root / "trials" / "link.toml").symlink_to(root / "trials" / "nurown-phase2.toml")
    assert_same(root)


@pytest.mark.skipif(sys.platform != "linux", reason="file names that are no text")
def test_file_names_that_are_no_text(root: Path) -> None:
    text = (root / "trials" / "valor.toml").read_bytes()
    for name in (b"trials/\xff.toml", b"products/\xfe.toml", "trials/二.toml".encode(), b"trials/a\nb.toml"):
        (root / os.fsdecode(name)).write_bytes(text)
    assert_same(root)


def test_dates_that_no_database_holds(root: Path) -> None:
    path = root / "trials" / "valor.toml"
    for seconds in (0, -(10**9), 10**10):
        try:
            os.utime(path, (seconds, seconds))
        except (OSError, OverflowError):  # pragma: no cover - a file system that has no such date
            continue
        assert_same(root)


def test_values_of_every_type_in_findings(root: Path) -> None:
    change(
        root / "trials" / "valor.toml",
        "schema = 1",
        "schema = 1\nacronym = -0.20\nphase_label = true\nmasking = nan\nsites = -99999999999999999999\n"
        "zz1 = 2017-08-28\nzz2 = [1.5]\nzz3 = 'x'\n'z\"4' = { a = 1 }",
    )
    text = (root / "trials" / "valor.toml").read_text("utf-8")
    keys = ("acronym", "phase_label", "masking", "sites")
    lines = [line for line in text.split("\n")[3:] if line.split(" ")[0] not in keys]
    (root / "trials" / "valor.toml").write_text("\n".join(text.split("\n")[:3] + lines), "utf-8")
    assert_same(root)


# The cache is only a cache.


@pytest.mark.parametrize("content", [b"", b"no database " * 500, b"SQLite format 3\0" + bytes(5000)])
def test_a_file_that_is_no_cache_is_made_anew(
    root: Path, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    fast(root)
    cache_file().write_bytes(content)
    assert_same(root)
    monkeypatch.setattr(run, "examine_all", lambda *_: pytest.fail("a file was examined"))
    fast(root)


@pytest.mark.parametrize("seed", range(12))
def test_a_garbled_cache(root: Path, seed: int) -> None:
    """Bytes that are not what was written: after a power cut, on a bad disk."""
    fast(root)
    settle(root)
    chance = random.Random(seed)
    data = bytearray(cache_file().read_bytes())
    for _ in range(chance.choice([1, 5, 200])):
        data[chance.randrange(len(data))] = chance.randrange(256)
    cache_file().write_bytes(data)
    assert_same(root)


def test_a_message_that_the_disk_garbled(root: Path) -> None:
    fast(root)
    settle(root)
    with sqlite3.connect(cache_file()) as connection:
        connection.execute("UPDATE kept SET content = replace(content, 'a', 'e')")
    connection.close()
    assert_same(root)


def test_a_foreign_database_and_one_of_another_version(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fast(root)
    path = cache_file()
    for statement in ("CREATE TABLE kept (something TEXT)", "PRAGMA user_version = 99"):
        path.unlink()
        with sqlite3.connect(path) as other:
            other.execute(statement)
        other.close()
        assert_same(root)
    monkeypatch.setattr(run, "examine_all", lambda *_: pytest.fail("a file was examined"))
    fast(root)


def test_where_nothing_can_be_written(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("no folder", "utf-8")
    for place in (blocked / "below", Path("/dev/null")):
        monkeypatch.setenv("ALSCLI_CACHE", str(place))
        assert_same(root)


def test_a_user_without_a_home(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("ALSCLI_CACHE")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(Path, "home", staticmethod(nowhere))
    assert_same(root)


def test_the_collection_is_not_written_to(root: Path) -> None:
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    fast(root)
    assert before == {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}


# Several processes.


def test_several_runs_at_once(root: Path) -> None:
    """Cold, warm and with different days, all on one cache."""
    code = (
        "import sys; from datetime import date; from pathlib import Path;"
        "from alscli.store.collection import Collection; from alscli.check.engine import select;"
        "from alscli.check.run import check_files;"
        "days = [date(2026, 11, 22), date(2014, 1, 1)] * 2;"
        "ask = lambda day: check_files(Collection(Path(sys.argv[1])), as_of=day, codes=select([], []));"
        "print([[str(f) for f in ask(day).findings] for day in days])"
    )
    command = [sys.executable, "-c", code, str(root)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    outputs = {process.communicate()[0] for process in running}
    assert [process.returncode for process in running] == [0] * 4
    assert len(outputs) == 1
    assert_same(root)


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two files are many, and there are several processors."""
    monkeypatch.setattr(processes, "MANY", 2)
    monkeypatch.setattr(os, "cpu_count", lambda: 3)


@pytest.mark.usefixtures("many")
def test_many_files_are_examined_by_several_processes(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "trials" / "broken.toml").write_bytes(b"\xff")
    vocab = root / "vocab"
    vocab.mkdir()
    (vocab / "own.toml").write_text(
        'field = "phase"\n[[terms]]\ncode = "03"\nen = "A phase of ours"\n', "utf-8"
    )
    names = examined_files(monkeypatch)
    report = fast(root)
    assert names == [], "examined in this process"
    monkeypatch.setattr(processes, "MANY", 1000)
    assert report == fast(root) == plain(root)


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("error", [OSError(38, "no semaphores"), BrokenProcessPool("killed")])
def test_where_there_can_be_no_more_processes(
    root: Path, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_workers: int, **_: object) -> None:
        raise error

    monkeypatch.setattr(processes, "ProcessPoolExecutor", refuse)
    assert_same(root)


def test_a_worker_examines_the_entries_with_its_numbers(root: Path) -> None:
    """What a worker does, done here, where coverage sees it."""
    from alscli.check.examination import Surroundings, names_in
    from alscli.store.collection import assemble

    collection = Collection(root)
    entries = list(collection.entries())
    around = Surroundings(assemble([]), names_in(assemble([]), []), collection.vocabularies, TODAY)
    every = run._examine_all(collection, around, entries, range(len(entries)))
    assert [gist[0] for (_, _, gist), _ in every] == [entry.id for entry in entries]
    assert run._examine_all(collection, around, entries, range(1, 3)) == every[1:3]


@pytest.mark.parametrize("enabled", [True, False])
def test_the_garbage_collector_is_left_as_it_was(root: Path, enabled: bool) -> None:
    try:
        (gc.enable if enabled else gc.disable)()
        fast(root)
        assert gc.isenabled() is enabled
    finally:
        gc.enable()
