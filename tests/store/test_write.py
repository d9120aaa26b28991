"""Replacing files: atomic, never over somebody else's change, never out of the collection."""

from __future__ import annotations

import errno
import multiprocessing
import os
import stat
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import writers

from alscli.errors import CollectionError, RefusedError
from alscli.store import write
from alscli.store.write import is_record_name, locked, replace


@pytest.fixture(autouse=True)
def _state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "records" / "trials").mkdir(parents=True)
    return tmp_path / "records"


def files(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if not path.is_dir())


def test_a_new_file_and_then_a_change(root: Path) -> None:
    path = root / "trials" / "a.toml"
    replace(path, b"id = 1\n", expected=None, root=root)
    replace(path, b"id = 2\n", expected=b"id = 1\n", root=root)
    assert path.read_bytes() == b"id = 2\n"
    assert files(root) == ["trials/a.toml"]


@pytest.mark.skipif(sys.platform == "win32", reason="no file modes")
def test_a_change_keeps_the_mode_and_a_new_file_obeys_the_umask(root: Path) -> None:
    path = root / "trials" / "a.toml"
    before = os.umask(0o027)
    try:
        replace(path, b"1", expected=None, root=root)
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o640
    path.chmod(0o604)
    replace(path, b"2", expected=b"1", root=root)
    assert path.stat().st_mode & 0o777 == 0o604


@pytest.mark.parametrize(("found", "expected"), [(b"theirs", b"mine"), (None, b"mine"), (b"theirs", None)])
def test_what_was_changed_meanwhile_is_not_overwritten(
    root: Path, found: bytes | None, expected: bytes | None
) -> None:
    path = root / "trials" / "a.toml"
    if found is not None:
        path.write_bytes(found)
    with pytest.raises(RefusedError) as caught:
        replace(path, b"new", expected=expected, root=root)
    assert caught.value.hint
    assert files(root) == ([] if found is None else ["trials/a.toml"])
    assert found is None or path.read_bytes() == found


@pytest.mark.parametrize(
    "name",
    [
        "A.toml",
        "a.TOML",
        ".a.toml",
        "a b.toml",
        "a.toml\n",
        "con.toml",
        "a.json",
        ".toml",
        "a--b.toml",
        "é.toml",
        "a" * 200 + ".toml",
    ],
)
def test_names_that_no_record_has(root: Path, name: str) -> None:
    assert not is_record_name(name)
    with pytest.raises(RefusedError):
        replace(root / "trials" / name, b"", expected=None, root=root)
    assert files(root) == []


def test_other_names_where_the_caller_allows_them(root: Path) -> None:
    replace(root / "trial.schema.json", b"{}", expected=None, root=root, allowed=lambda name: True)
    assert files(root) == ["trial.schema.json"]


@pytest.mark.parametrize("through", ["file", "folder", "loop", "dots"])
def test_no_symbolic_link_leads_out(root: Path, tmp_path: Path, through: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.toml").write_bytes(b"old")
    path = root / "trials" / "a.toml"
    if through == "file":
        path.symlink_to(outside / "a.toml")
    elif through == "folder":
        (root / "trials").rmdir()
        (root / "trials").symlink_to(outside)
    elif through == "loop":
        (root / "trials").rmdir()
        (root / "trials").symlink_to(root / "trials")
    else:
        path = root / ".." / "outside" / "a.toml"
    for expected in (b"old", None):
        with pytest.raises(RefusedError):
            replace(path, b"new", expected=expected, root=root)
    assert (outside / "a.toml").read_bytes() == b"old"
    assert files(outside) == ["a.toml"]


def test_a_collection_that_is_itself_behind_a_link(root: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(root)
    replace(tmp_path / "link" / "trials" / "a.toml", b"1", expected=None, root=tmp_path / "link")
    assert files(root) == ["trials/a.toml"]


@pytest.mark.parametrize(
    ("expected", "call"),
    [
        (b"old", "open"),
        (b"old", "fsync"),
        (b"old", "replace"),
        (None, "open"),
        (None, "fsync"),
        (None, "link+replace"),
    ],
)
def test_a_full_disk_leaves_nothing_behind(
    root: Path, monkeypatch: pytest.MonkeyPatch, expected: bytes | None, call: str
) -> None:
    path = root / "trials" / "a.toml"
    if expected is not None:
        path.write_bytes(expected)

    def fail(*_args: Any, **_kwargs: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    if "replace" in call:
        monkeypatch.setattr(os, "replace", fail)
    if "link" in call:
        monkeypatch.setattr(os, "link", fail)
    if call in ("fsync", "open"):
        monkeypatch.setattr(os, call, fail)
    with pytest.raises(CollectionError, match="No space left") as caught:
        replace(path, b"new", expected=expected, root=root)
    monkeypatch.undo()
    assert caught.value.hint
    assert files(root) == ([] if expected is None else ["trials/a.toml"])
    assert expected is None or path.read_bytes() == expected


def test_a_file_system_without_hard_links(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: Any) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", fail)
    path = root / "trials" / "a.toml"
    replace(path, b"1", expected=None, root=root)
    assert path.read_bytes() == b"1"
    assert files(root) == ["trials/a.toml"]
    with pytest.raises(FileExistsError):
        write._create(path, path)


def test_a_parent_that_is_no_folder(root: Path) -> None:
    (root / "trials" / "x").write_bytes(b"")
    with pytest.raises(CollectionError):
        replace(root / "trials" / "x" / "a.toml", b"1", expected=None, root=root)
    with pytest.raises(CollectionError):
        replace(root / "missing" / "a.toml", b"1", expected=None, root=root)
    with pytest.raises(CollectionError):
        replace(root / "trials", b"1", expected=b"", root=root, allowed=lambda name: True)


def test_a_temporary_file_left_by_a_killed_process_does_not_matter(root: Path) -> None:
    (root / "trials" / f".a.{os.getpid()}.tmp").write_bytes(b"half of it, and longer")
    replace(root / "trials" / "a.toml", b"1", expected=None, root=root)
    assert (root / "trials" / "a.toml").read_bytes() == b"1"
    assert files(root) == ["trials/a.toml"]


def test_of_two_who_add_at_once_exactly_one_succeeds(root: Path) -> None:
    context = multiprocessing.get_context("spawn")
    outcome = context.SimpleQueue()
    racers = [context.Process(target=writers.add, args=(root, b"%d" % n, outcome)) for n in range(4)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    results = [outcome.get() for _ in racers]
    assert results.count("RefusedError") == 3
    assert (root / "trials" / "a.toml").read_bytes() in results
    assert files(root) == ["trials/a.toml"]


def test_no_update_is_lost_under_the_lock(root: Path) -> None:
    (root / "trials" / "a.toml").write_bytes(b"0")
    context = multiprocessing.get_context("spawn")
    running = [context.Process(target=writers.count, args=(root,)) for _ in range(3)]
    for writer in running:
        writer.start()
    for writer in running:
        writer.join()
    assert (root / "trials" / "a.toml").read_bytes() == b"75"


def test_the_lock_is_outside_the_collection_and_one_for_all_names_of_it(root: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(root)
    for name in (root, tmp_path / "link", root / "trials" / ".."):
        with locked(name):
            pass
    assert files(root) == []
    assert len(list((tmp_path / "state" / "alscli" / "locks").iterdir())) == 1


def test_the_lock_is_released_by_an_error(root: Path) -> None:
    with pytest.raises(ZeroDivisionError), locked(root):
        raise ZeroDivisionError
    with locked(root):
        pass


def test_a_state_folder_that_cannot_be_used(
    tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    with pytest.raises(CollectionError) as caught, locked(root):
        pass
    assert "XDG_STATE_HOME" in caught.value.hint
    assert str(tmp_path / "file") in caught.value.message


def test_a_user_without_a_home(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setattr(Path, "home", staticmethod(nowhere))
    with pytest.raises(CollectionError) as caught, locked(root):
        pass
    assert "XDG_STATE_HOME" in caught.value.hint


def test_where_state_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert write._state() == tmp_path / "state" / "alscli"
    for relative in ("", "relative"):  # which the specification says to ignore
        monkeypatch.setenv("XDG_STATE_HOME", relative)
        monkeypatch.setattr(write, "sys", SimpleNamespace(platform="linux"))
        assert write._state() == tmp_path / ".local" / "state" / "alscli"
        monkeypatch.setattr(write, "sys", SimpleNamespace(platform="win32"))
        monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
        assert write._state() == tmp_path / "local" / "alscli"
        monkeypatch.delenv("LOCALAPPDATA")
        assert write._state() == tmp_path / "AppData" / "Local" / "alscli"


def test_on_windows_the_lock_is_waited_for(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There a wait gives up after ten seconds, and is begun again."""
    answers = [OSError(36, "Resource deadlock avoided"), OSError(36, "again"), None]
    asked: list[tuple[int, int]] = []

    def locking(_descriptor: int, mode: int, size: int) -> None:
        asked.append((mode, size))
        if (answer := answers.pop(0)) is not None:
            raise answer

    monkeypatch.setitem(sys.modules, "msvcrt", SimpleNamespace(LK_LOCK=1, locking=locking))
    monkeypatch.setattr(write, "sys", SimpleNamespace(platform="win32"))
    with locked(root):
        assert answers == []
    assert asked == [(1, 1)] * 3


def test_a_folder_that_cannot_be_synchronized(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows: the change is made all the same."""
    fsync = os.fsync

    def refuse(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "Invalid argument")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", refuse)
    replace(root / "trials" / "a.toml", b"1", expected=None, root=root)
    assert files(root) == ["trials/a.toml"]


def test_a_file_that_appears_at_the_last_moment(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the look and the link: theirs stays, ours is refused."""
    path = root / "trials" / "a.toml"
    link = os.link

    def late(source: Path, target: Path) -> None:
        path.write_bytes(b"theirs")
        link(source, target)

    monkeypatch.setattr(os, "link", late)
    with pytest.raises(RefusedError, match="exists already"):
        replace(path, b"ours", expected=None, root=root)
    assert path.read_bytes() == b"theirs"
    assert files(root) == ["trials/a.toml"]


def test_a_temporary_name_that_is_a_link_is_not_followed(root: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"theirs")
    (root / "trials" / f".a.{os.getpid()}.tmp").symlink_to(outside)
    if hasattr(os, "O_NOFOLLOW"):
        with pytest.raises(CollectionError):
            replace(root / "trials" / "a.toml", b"1", expected=None, root=root)
    assert outside.read_bytes() == b"theirs"
