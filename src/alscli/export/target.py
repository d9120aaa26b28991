"""The file that an export goes to: written beside it and renamed, so that a failure leaves the old one."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from alscli.errors import CollectionError, UsageError


def write(path: Path, chunks: Iterable[bytes]) -> None:
    """Make the chunks the content of `path`, whole or not at all.

    Raises UsageError where `path` is a folder or lies in none, CollectionError where the disk will not.
    """
    if path.is_dir():
        raise UsageError(f"{path} is a folder", "name a file in it")
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    except FileNotFoundError:
        raise UsageError(f"{path.parent} does not exist", "make the folder first") from None
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


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _failed(path: Path, error: OSError) -> CollectionError:
    return CollectionError(
        f"cannot write {path}: {error.strerror or error}", "what was there before is unchanged"
    )
