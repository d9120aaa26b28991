"""The file that an export goes to: written beside it and renamed, so that a failure leaves the old one."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from alscli.errors import CollectionError, UsageError


def write(path: Path, chunks: Iterable[bytes]) -> None:
    """Make the chunks the content of `path`, whole or not at all.

    A symbolic link is followed; a device or a pipe is written to as it stands. Raises UsageError where
    `path` is a folder or lies in none, CollectionError where the disk will not.
    """
    if is_stream(path):
        try:
            with path.open("wb") as stream:
                stream.writelines(chunks)
        except OSError as error:
            raise _failed(path, error) from error
        return
    with placed(path) as temporary, temporary.open("wb") as stream:
        stream.writelines(chunks)


@contextmanager
def placed(path: Path) -> Iterator[Path]:
    """An empty file to write to, which becomes `path` where nothing goes wrong; raises what `write` does."""
    with places() as place:
        yield place(path)


@contextmanager
def places() -> Iterator[Callable[[Path], Path]]:
    """What gives for a path an empty file to write to: all of them become their paths at the end, or none.

    Raises what `write` does.
    """
    made: list[_Place] = []

    def place(path: Path) -> Path:
        made.append(_place(path))
        return made[-1].temporary

    try:
        yield place
        for each in made:
            _sync(each)
        for each in made:
            _put(each)
    except OSError as error:
        if isinstance(error, BrokenPipeError) or not made:
            raise
        raise _failed(made[-1].path, error) from error
    finally:
        for each in made:
            each.temporary.unlink(missing_ok=True)


class _Place(NamedTuple):
    """Where a file is to go, as given and as the links lead, and the file beside it that is written."""

    path: Path
    real: Path
    temporary: Path
    streaming: bool


def _place(path: Path) -> _Place:
    if path.is_dir():
        raise UsageError(f"{path} is a folder", "name a file in it")
    streaming = is_stream(path)
    try:
        real = path.resolve()
        folder = None if streaming else real.parent
        descriptor, name = tempfile.mkstemp(prefix=f".{real.name[:40]}.", suffix=".tmp", dir=folder)
    except FileNotFoundError:
        raise UsageError(f"{path.parent} does not exist", "make the folder first") from None
    except (OSError, RuntimeError) as error:  # a loop of symbolic links is a RuntimeError before Python 3.13
        raise _failed(path, error) from error
    os.close(descriptor)
    return _Place(path, real, Path(name), streaming)


def _sync(place: _Place) -> None:
    """Bring what was written to the disk, with the rights that the file shall have."""
    if place.streaming:
        return
    try:
        with place.temporary.open("rb+") as stream:
            os.fsync(stream.fileno())
        place.temporary.chmod(place.real.stat().st_mode & 0o777 if place.real.exists() else 0o666 & ~_umask())
    except OSError as error:
        raise _failed(place.path, error) from error


def _put(place: _Place) -> None:
    try:
        if not place.streaming:
            place.temporary.replace(place.real)
            return
        with place.temporary.open("rb") as made, place.path.open("wb") as stream:
            shutil.copyfileobj(made, stream)
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        raise _failed(place.path, error) from error


def is_stream(path: Path) -> bool:
    """Whether something is there that cannot be replaced by a file: a device or a pipe."""
    try:
        return path.exists() and not path.is_file() and not path.is_dir()
    except (OSError, RuntimeError):
        return False


def make_folder(path: Path) -> None:
    """Make the folder where there is none; UsageError where it cannot be one."""
    try:
        path.mkdir(exist_ok=True)
    except FileExistsError:
        raise UsageError(f"{path} is no folder", "name a folder, or a new one") from None
    except FileNotFoundError:
        raise UsageError(f"{path.parent} does not exist", "make the folder first") from None
    except OSError as error:
        raise _failed(path, error) from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _failed(path: Path, error: OSError | RuntimeError) -> CollectionError:
    reason = getattr(error, "strerror", None) or str(error)
    return CollectionError(f"cannot write {path}: {reason}", "what was there before is unchanged")
