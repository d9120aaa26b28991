"""The file that an export goes to: written beside it and renamed, so that a failure leaves the old one."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from alscli.errors import CollectionError, UsageError


def write(path: Path, chunks: Iterable[bytes]) -> None:
    """Make the chunks the content of `path`, whole or not at all.

    A symbolic link is followed; a device or a pipe is written to as it stands. Raises UsageError where
    `path` is a folder or lies in none, CollectionError where the disk will not.
    """
    if path.is_dir():
        raise UsageError(f"{path} is a folder", "name a file in it")
    folder = path.parent
    try:
        path = path.resolve()
        if path.exists() and not path.is_file():
            with path.open("wb") as stream:
                stream.writelines(chunks)
            return
    except (OSError, RuntimeError) as error:  # a loop of symbolic links is a RuntimeError before Python 3.13
        raise _failed(path, error) from error
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    except FileNotFoundError:
        raise UsageError(f"{folder} does not exist", "make the folder first") from None
    except OSError as error:
        raise _failed(path, error) from error
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.writelines(chunks)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask())
        temporary.replace(path)
    except OSError as error:
        raise _failed(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)


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
