"""Several files of a collection changed together: all of them or none, also where the process is killed.

Before the first file changes, a journal in the user's state folder holds what each of them held; after the
last one it is removed. A journal that is there when the lock is taken is of a process that was killed: what
it had changed is put back, except where somebody has changed the file since.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alscli.errors import AlscliError, CollectionError
from alscli.store.write import (
    check_target,
    check_unchanged,
    content,
    explained,
    is_record_name,
    kept_for,
    put,
    replace,
    settle,
    stage,
    temporary_name,
)

SCHEMA = "alscli/journal/1"
COPIES = "registry"
"""The folder of registry copies."""
_MANY = 8
"""Files from which on they are written side by side, and how many at once."""


@dataclass(frozen=True, slots=True)
class Step:
    """One file of a change: what it held when it was read, and what it is to hold; None: no file."""

    path: Path
    before: bytes | None
    after: bytes | None


def commit(root: Path, steps: Iterable[Step]) -> None:
    """Carry out all steps, or none of them. Callers hold `locked(root)`.

    Raises `RefusedError` where a file is not what it was, or where a name is taken or not allowed;
    `CollectionError` where the disk will not. After either, every file is as it was.
    """
    wanted = [step for step in steps if step.before != step.after]
    for step in wanted:
        check_target(step.path, root, _allowed_at(step.path))
        with explained(step.path):
            check_unchanged(step.path, step.before)
    if not wanted:
        return
    journal = kept_for(root, "journals")
    try:
        _write_journal(journal, root, wanted)
        _carry_out(wanted)
        with explained(journal):
            journal.unlink()
    except BaseException as error:
        _put_back(root, journal, error)
        raise


def _allowed_at(path: Path) -> Callable[[str], bool]:
    """Which names files may have in this place: records, and in `registry/` their copies."""
    if path.parent.name != COPIES:
        return is_record_name
    return lambda name: name.endswith(".json") and is_record_name(f"{name.removesuffix('.json')}.toml")


def undo(root: Path) -> int:
    """Put back what a killed process had changed, as its journal says; return how many files it names.

    Callers hold `locked(root)`: without it the journal may be of a process that is at work. A file that
    somebody has changed since stays as it is.
    """
    journal = kept_for(root, "journals")
    files = _read_journal(journal, root)
    for path, before, after in reversed(files):
        for leftover in path.parent.glob(f".{path.stem}.*.tmp"):
            leftover.unlink(missing_ok=True)
        found = content(path)
        if found == before or _digest(found) != after:
            continue
        if before is None:
            path.unlink()
            settle(path.parent)
        else:
            replace(path, before, expected=found, root=root, allowed=_allowed_at(path))
    journal.unlink()
    return len(files)


def _carry_out(steps: Sequence[Step]) -> None:
    """Write every new content beside its place, then move one after another there, and remove what goes."""
    _stage([(step, step.after) for step in steps if step.after is not None])
    for step in sorted(steps, key=lambda step: step.after is None):
        with explained(step.path):
            check_unchanged(step.path, step.before)  # the disk took its time since all were looked at
            if step.after is None:
                step.path.unlink()
            else:
                put(temporary_name(step.path), step.path, new=step.before is None)
                temporary_name(step.path).unlink(missing_ok=True)  # a link was made, not a move
    for folder in {step.path.parent for step in steps}:
        settle(folder)


def _stage(contents: Sequence[tuple[Step, bytes]]) -> None:
    """Write every new content beside its place; many at once: the disk takes for all as long as for one."""

    def write(content: tuple[Step, bytes]) -> None:
        step, data = content
        with explained(step.path):
            stage(temporary_name(step.path), data, step.path, new=step.before is None)

    if len(contents) < _MANY:
        for each in contents:
            write(each)
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(_MANY) as pool:
        for _ in pool.map(write, contents):
            pass


def _put_back(root: Path, journal: Path, error: BaseException) -> None:
    if not journal.exists():
        return
    try:
        undo(root)
    except (OSError, AlscliError):
        reason = error.message if isinstance(error, AlscliError) else "interrupted"
        raise CollectionError(
            f"{reason}; some files are changed, and could not be put back",
            f"the next command that writes tries it again; what they held is in {journal}",
        ) from error


# The journal.


def _write_journal(journal: Path, root: Path, steps: Sequence[Step]) -> None:
    whole = root.resolve()
    # Two folders, as a rule, of hundreds of files.
    folders = {folder: folder.resolve().relative_to(whole) for folder in {step.path.parent for step in steps}}
    files = [
        {
            "path": (folders[step.path.parent] / step.path.name).as_posix(),
            "before": None if step.before is None else step.before.decode("utf-8", "surrogateescape"),
            "after": _digest(step.after),
        }
        for step in steps
    ]
    data = json.dumps({"schema": SCHEMA, "root": os.fspath(whole), "files": files}).encode()
    temporary = temporary_name(journal)
    with explained(journal):
        journal.parent.mkdir(parents=True, exist_ok=True)
        try:
            stage(temporary, data, journal, new=True)
            temporary.replace(journal)
        finally:
            temporary.unlink(missing_ok=True)
        settle(journal.parent)


def _read_journal(journal: Path, root: Path) -> list[tuple[Path, bytes | None, str | None]]:
    """Each file with what it held, and the digest of what it was to hold."""
    try:
        held: Any = json.loads(journal.read_bytes())
        return [
            (
                root / file["path"],
                None if file["before"] is None else file["before"].encode("utf-8", "surrogateescape"),
                file["after"],
            )
            for file in held["files"]
        ]
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        raise CollectionError(
            f"the journal of an interrupted change cannot be read: {journal}",
            "compare the collection with git, then remove that file",
        ) from None


def _digest(data: bytes | None) -> str | None:
    return None if data is None else hashlib.sha256(data).hexdigest()
