"""Replacing a file of a collection: all of it or nothing, and never over somebody else's change."""

from __future__ import annotations

import hashlib
import os
import re
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from alscli.errors import CollectionError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_SAFE = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*\.toml")
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])\.")
_LONGEST = 200  # bytes; file systems allow 255, and the temporary name is longer


def is_record_name(name: str) -> bool:
    """Whether `name` is `<kebab-case id>.toml` on every system (not `con.toml`, a device on Windows)."""
    return bool(_SAFE.fullmatch(name)) and len(name) <= _LONGEST and not _DEVICE.match(name)


def replace(
    path: Path,
    data: bytes,
    *,
    expected: bytes | None,
    root: Path,
    allowed: Callable[[str], bool] = is_record_name,
) -> None:
    """Make `data` the content of `path`, a file below `root`, atomically and durably.

    `expected` is what the file held when it was read; None means that it must not exist yet. Raises
    `RefusedError` where it holds something else by now, where its name is not `allowed`, and where
    it, or a folder on the way to it, leads out of `root`; `CollectionError` where the disk will not.
    Callers hold `locked(root)`.
    """
    check_target(path, root, allowed)
    temporary = temporary_name(path)
    with explained(path):
        check_unchanged(path, expected)
        try:
            stage(temporary, data, path, new=expected is None)
            put(temporary, path, new=expected is None)
        finally:
            temporary.unlink(missing_ok=True)
        settle(path.parent)


def check_target(path: Path, root: Path, allowed: Callable[[str], bool] = is_record_name) -> None:
    """Raise RefusedError where `path` has no name of a collection's file, or lies or leads out of `root`."""
    if not allowed(path.name):
        raise RefusedError(
            f"{path.name} is no file name of a collection", "use letters a-z, digits and hyphens"
        )
    _check_inside(path, root)


def temporary_name(path: Path) -> Path:
    """The name beside `path` under which this process writes what is to become it."""
    return path.parent / f".{path.stem}.{os.getpid()}.tmp"


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what the system says of a write to `path` into an error that a person can act on."""
    try:
        yield
    except FileExistsError:
        raise _exists(path) from None
    except OSError as error:
        raise CollectionError(
            f"cannot write {path}: {error.strerror or error}",
            "nothing was changed; check free space and permissions, then try again",
        ) from error


def _check_inside(path: Path, root: Path) -> None:
    hint = "records are plain files inside the collection; replace the symbolic link by what it points to"
    try:
        inside = path.parent.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError):  # a loop of symbolic links
        inside = False
    if not inside or path.is_symlink():
        raise RefusedError(f"{path} is a symbolic link, or lies outside {root}", hint)


def content(path: Path) -> bytes | None:
    """What a file holds; None where there is none."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def check_unchanged(path: Path, expected: bytes | None) -> None:
    """Raise RefusedError where a file holds anything but `expected`; None: where it exists."""
    found = content(path)
    if found == expected:
        return
    if expected is None:
        raise _exists(path)
    verb = "removed" if found is None else "changed"
    raise RefusedError(f"{path} was {verb} meanwhile, by somebody else", "run the command again")


def _exists(path: Path) -> RefusedError:
    return RefusedError(
        f"{path} exists already", "choose another id, or change that record with `set` or `edit`"
    )


def stage(temporary: Path, data: bytes, path: Path, *, new: bool) -> None:
    """Write `data` durably under a temporary name, with the mode of the file that it is to replace."""
    mode = None if new else path.stat().st_mode
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0)
    with os.fdopen(os.open(temporary, flags, 0o666), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    if mode is not None:
        temporary.chmod(mode & 0o7777)


def put(temporary: Path, path: Path, *, new: bool) -> None:
    """Give a staged file its name; a new one only where nothing has that name (FileExistsError)."""
    if new:
        _create(temporary, path)
    else:
        temporary.replace(path)


def _create(temporary: Path, path: Path) -> None:
    """Give a finished file its name, unless that is taken: of two at once, exactly one succeeds."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        with path.open("xb"):
            pass
        try:
            temporary.replace(path)
        except OSError:
            path.unlink()
            raise


def settle(folder: Path) -> None:
    """Make the new name survive a power cut, where folders can be synchronized."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def locked(root: Path) -> Iterator[int]:
    """Hold the one lock of the collection at `root`: taken by every writer for read, check and rename.

    The lock is a file in the user's state folder (`$XDG_STATE_HOME/alscli/locks`), so that it never
    shows in the collection; it waits for another holder, and ends with the process. What a killed process
    left half done (`store.transaction`) is put back before the lock is given; yields of how many files.
    """
    try:
        lock = kept_for(root, "locks")
        lock.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    except (OSError, RuntimeError) as error:  # RuntimeError: the user has no home
        raise CollectionError(
            f"cannot lock the collection: {error}",
            "set XDG_STATE_HOME to a folder that you may write to",
        ) from error
    try:
        _lock(descriptor)
        undone = 0
        if kept_for(root, "journals").exists():
            from alscli.store.transaction import undo  # which itself writes

            undone = undo(root)
        yield undone
    finally:
        os.close(descriptor)  # which unlocks


def kept_for(root: Path, room: str) -> Path:
    """The place, in a room of the user's state folder, of what is kept for the collection at `root`."""
    return _state() / room / hashlib.sha256(os.fsencode(root.resolve())).hexdigest()[:32]


def _state() -> Path:
    named = os.environ.get("XDG_STATE_HOME")
    if named and Path(named).is_absolute():
        return Path(named) / "alscli"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "alscli"
    return Path.home() / ".local" / "state" / "alscli"


def _lock(descriptor: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        while True:
            with suppress(OSError):  # LK_LOCK gives up after ten seconds
                msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)
                return
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX)
