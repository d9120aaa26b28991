"""Several files at once: all or none, at whatever moment the process ends."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from alscli.errors import AlscliError, CollectionError, RefusedError
from alscli.store import transaction
from alscli.store.collection import is_record_name
from alscli.store.transaction import Step, commit, undo
from alscli.store.write import kept_for, locked

BEFORE = {"ledger.toml": b"l", "trials/a.toml": b"old a", "trials/b.toml": b"\xff b", "trials/c.toml": b"c"}
AFTER = {"ledger.toml": b"l", "trials/a.toml": b"new a", "trials/b.toml": b"new b", "trials/d.toml": b"d"}
CALLS = ("open", "fsync", "replace", "link", "unlink")


@pytest.fixture(autouse=True)
def _state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(os, "fsync", lambda _: None)  # it takes its time, and nobody pulls the plug here


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "records"
    (root / "trials").mkdir(parents=True)
    lay(root, BEFORE)
    return root


def lay(root: Path, contents: dict[str, bytes]) -> None:
    for path in root.rglob("*.toml"):
        path.unlink()
    for name, data in contents.items():
        (root / name).write_bytes(data)


def held(root: Path) -> dict[str, bytes]:
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if not p.is_dir()}


def steps(root: Path) -> list[Step]:
    names = sorted({*BEFORE, *AFTER})
    return [Step(root / name, BEFORE.get(name), AFTER.get(name)) for name in names]


def journaled(root: Path) -> int:
    """How many files the journal of an unfinished change names; 0 where there is none."""
    journal = kept_for(root, "journals")
    return len(transaction._read_journal(journal, root)) if journal.exists() else 0


def test_all_of_it(root: Path) -> None:
    with locked(root):
        commit(root, steps(root))
    assert held(root) == AFTER
    assert not kept_for(root, "journals").exists()


@pytest.mark.parametrize("failing", [None, 0, 13, 39])
def test_many_files_are_written_side_by_side(
    root: Path, monkeypatch: pytest.MonkeyPatch, failing: int | None
) -> None:
    many = [Step(root / "trials" / f"n{number}.toml", None, b"x%d" % number) for number in range(40)]
    stage = transaction.stage

    def staged(temporary: Path, data: bytes, path: Path, *, new: bool) -> None:
        if data == b"x%s" % str(failing).encode():
            raise OSError(errno.ENOSPC, "No space left on device")
        stage(temporary, data, path, new=new)

    monkeypatch.setattr(transaction, "stage", staged)
    with locked(root):
        if failing is None:
            commit(root, many)
        else:
            with pytest.raises(CollectionError, match="No space left"):
                commit(root, many)
    written = {f"trials/n{number}.toml": b"x%d" % number for number in range(40)}
    assert held(root) == (BEFORE | written if failing is None else BEFORE)
    assert not kept_for(root, "journals").exists()


def test_what_is_the_same_is_not_touched(root: Path) -> None:
    seen = (root / "ledger.toml").stat()
    with locked(root):
        commit(root, steps(root))
        commit(root, [Step(root / "ledger.toml", b"l", b"l")])
    assert (root / "ledger.toml").stat().st_mtime_ns == seen.st_mtime_ns
    assert (root / "ledger.toml").stat().st_ino == seen.st_ino


@pytest.mark.parametrize("name", ["trials/a.toml", "trials/c.toml", "trials/d.toml"])
def test_none_of_it_where_one_file_is_not_what_it_was(root: Path, name: str) -> None:
    (root / name).write_bytes(b"theirs")
    before = held(root)
    with locked(root), pytest.raises(RefusedError) as caught:
        commit(root, steps(root))
    assert caught.value.hint
    assert held(root) == before


@pytest.mark.parametrize("name", ["../out.toml", "trials/con.toml", "trials/A.toml", "trials/x.json"])
def test_none_of_it_where_one_name_is_not_allowed(root: Path, name: str) -> None:
    with locked(root), pytest.raises(RefusedError):
        commit(root, [*steps(root), Step(root / name, None, b"x")])
    assert held(root) == BEFORE
    assert not (root.parent / "out.toml").exists()


class Killed(BaseException):
    """The end of the process."""


@contextmanager
def failing(monkeypatch: pytest.MonkeyPatch, at: int, error: BaseException) -> Iterator[list[int]]:
    """The call number `at` to the file system fails; yields the number of calls made."""
    made = [0]

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any, **options: Any) -> Any:
            made[0] += 1
            if made[0] == at:
                raise error
            return call(*arguments, **options)

        return run

    with monkeypatch.context() as patched:
        for name in CALLS:
            patched.setattr(os, name, counted(getattr(os, name)))
        yield made


def number_of_calls(root: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    with failing(monkeypatch, 0, Killed()) as made:
        commit(root, steps(root))
    lay(root, BEFORE)
    return made[0]


def test_a_disk_that_fails_at_any_moment_leaves_everything_as_it_was(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    total = number_of_calls(root, monkeypatch)
    assert total > 15
    refused = 0
    for at in range(1, total + 1):
        code = (errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EIO)[at % 4]
        try:
            with failing(monkeypatch, at, OSError(code, os.strerror(code))):
                commit(root, steps(root))
        except AlscliError:
            refused += 1
            if kept_for(root, "journals").exists():  # it could not be removed, and says what to put back
                with locked(root):
                    pass
            assert held(root) == BEFORE
        else:  # a file system without hard links, a folder that cannot be synchronized
            assert held(root) == AFTER
            lay(root, BEFORE)
    assert refused > 10


def test_a_process_killed_at_any_moment_leaves_each_file_as_before_or_after(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    total = number_of_calls(root, monkeypatch)
    monkeypatch.setattr(transaction, "_put_back", lambda *_: None)  # the dead do nothing
    for at in range(1, total + 1):
        with failing(monkeypatch, at, Killed()), pytest.raises(Killed):
            commit(root, steps(root))
        for name, data in held(root).items():
            if is_record_name(Path(name).name):
                assert data in (BEFORE.get(name), AFTER.get(name)), at
        assert journaled(root) in (0, 4)
        with locked(root):
            assert held(root) == BEFORE, at
        assert not kept_for(root, "journals").exists()
        with locked(root):
            commit(root, steps(root))
        assert held(root) == AFTER
        lay(root, BEFORE)


def test_an_interrupt_takes_back(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at = number_of_calls(root, monkeypatch) - 3
    with failing(monkeypatch, at, KeyboardInterrupt()), pytest.raises(KeyboardInterrupt):
        commit(root, steps(root))
    assert held(root) == BEFORE
    assert journaled(root) == 0


@pytest.mark.parametrize("name", ["trials/b.toml", "trials/c.toml", "trials/d.toml"])
def test_what_somebody_changes_while_the_disk_works_is_left_and_all_is_taken_back(
    root: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    put = transaction.put

    def slow(temporary: Path, path: Path, *, new: bool) -> None:
        put(temporary, path, new=new)
        if path.name == "a.toml":  # the first one
            (root / name).write_bytes(b"theirs")

    monkeypatch.setattr(transaction, "put", slow)
    with locked(root), pytest.raises(RefusedError):
        commit(root, steps(root))
    assert held(root) == {**BEFORE, name: b"theirs"}
    assert journaled(root) == 0


@contextmanager
def unable_to_remove(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> Iterator[None]:
    """No record can be removed, which is what comes last."""
    remove = Path.unlink

    def run(path: Path, missing_ok: bool = False) -> None:
        if path.suffix == ".toml":
            raise error
        remove(path, missing_ok=missing_ok)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", run)
        yield


def half_done(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a process leaves it that is killed before its last file."""
    with unable_to_remove(monkeypatch, Killed()), monkeypatch.context() as patched:
        patched.setattr(transaction, "_put_back", lambda *_: None)
        with pytest.raises(Killed):
            commit(root, steps(root))
    assert held(root) not in (BEFORE, AFTER)


def test_what_somebody_changed_since_stays(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    half_done(root, monkeypatch)
    (root / "trials/a.toml").write_bytes(b"theirs")
    with locked(root):
        pass
    assert held(root) == {**BEFORE, "trials/a.toml": b"theirs"}


def test_where_it_cannot_be_put_back_the_journal_stays_and_says_so(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with unable_to_remove(monkeypatch, OSError(errno.EIO, "Input/output error")):
        with pytest.raises(CollectionError, match="could not be put back") as caught:
            commit(root, steps(root))
        assert "journals" in caught.value.hint
    assert journaled(root) == 4
    with locked(root):
        assert held(root) == BEFORE


@pytest.mark.parametrize("text", ["", "[", "null", '{"files": 1}', '{"files": [{"path": 1}]}'])
def test_a_journal_that_cannot_be_read_stops_every_writer(root: Path, text: str) -> None:
    journal = kept_for(root, "journals")
    journal.parent.mkdir(parents=True)
    journal.write_text(text, encoding="utf-8")
    with pytest.raises(CollectionError) as caught, locked(root):
        pass
    assert "git" in caught.value.hint
    assert held(root) == BEFORE
    journal.unlink()
    with locked(root):
        pass


def test_undoing_twice_is_undoing_once(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    half_done(root, monkeypatch)
    journal = kept_for(root, "journals")
    kept = journal.read_bytes()
    undo(root)
    journal.write_bytes(kept)
    undo(root)
    assert held(root) == BEFORE
