"""The file that an export goes to: written beside it and renamed, so that a failure leaves the old one."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from alscli.errors import CollectionError, UsageError


def write(path: Path, chunks: Iterable[bytes]) -> None:
    """Make the chunks the content of `path`, whole or not at all.

    A symbolic link is followed; a device or a pipe is written to as it stands. Raises UsageError where
    `path` is a folder or lies in none, CollectionError where the disk will not.
    """
    if _is_stream(path):
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
    """An empty file to write to, which becomes `path` where nothing goes wrong; raises what `write` does.

    Several that are open at once (in an ExitStack) become their paths when all are written, or none.
    """
    if path.is_dir():
        raise UsageError(f"{path} is a folder", "name a file in it")
    given, streaming = path, _is_stream(path)
    try:
        path = path.resolve()
        folder = None if streaming else path.parent
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=folder)
    except FileNotFoundError:
        raise UsageError(f"{given.parent} does not exist", "make the folder first") from None
    except (OSError, RuntimeError) as error:  # a loop of symbolic links is a RuntimeError before Python 3.13
        raise _failed(given, error) from error
    os.close(descriptor)
    temporary = Path(name)
    try:
        yield temporary
        if streaming:
            with temporary.open("rb") as made, path.open("wb") as stream:
                shutil.copyfileobj(made, stream)
            return
        with temporary.open("rb+") as stream:
            os.fsync(stream.fileno())
        temporary.chmod(path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask())
        temporary.replace(path)
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        raise _failed(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def _is_stream(path: Path) -> bool:
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
