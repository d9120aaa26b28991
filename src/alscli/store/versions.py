"""The records of a collection at one point: the working tree, a git revision, a folder, a file."""

from __future__ import annotations

from pathlib import Path

from alscli.model.format import FileKind
from alscli.store.collection import FOLDERS, LEDGER, Collection, is_record_name, read_bytes
from alscli.store.compare import Version
from alscli.store.git import Repository, blob_name
from alscli.store.toml import TomlError, parse


def kind_of(path: str) -> FileKind | None:
    """The kind of record that a path from the collection's folder holds; None where it holds none."""
    if path == LEDGER:
        return "ledger"
    folder, _, name = path.rpartition("/")
    for kind, place in FOLDERS.items():
        if folder == place and is_record_name(name):
            return kind
    return None


def version_of(kind: FileKind, data: bytes) -> Version:
    """A record as these bytes hold it."""
    try:
        return Version(kind, parse(data).values)
    except TomlError as error:
        return Version(kind, None, str(error))


def file_version(path: Path, kind: FileKind) -> Version:
    """A record as a file holds it."""
    try:
        return version_of(kind, read_bytes(path))
    except OSError as error:
        return Version(kind, None, f"cannot be read: {error.strerror or error}")


def folder_versions(root: Path) -> dict[str, Version]:
    """Every record of the collection in `root`, by id."""
    return {entry.id: file_version(entry.path, entry.kind) for entry in Collection(root).entries()}


def between(
    repository: Repository, root: Path, old: str, new: str | None
) -> tuple[dict[str, Version], dict[str, Version]]:
    """The records that differ between two revisions, `new` being the working tree where None.

    Only blobs that differ are read, so that the cost follows the change, not the collection.
    """
    before = _records(repository.blobs(old, root))
    if new is None:
        return _against_working_tree(repository, root, before)
    after = _records(repository.blobs(new, root))
    different = {path for path in {*before, *after} if before.get(path) != after.get(path)}
    contents = dict(
        repository.contents(
            side[path] for side in (before, after) for path in sorted(different) if path in side
        )
    )
    return _read(before, different, contents), _read(after, different, contents)


def _records(blobs: dict[str, str]) -> dict[str, str]:
    return {path: name for path, name in blobs.items() if kind_of(path) is not None}


def _read(blobs: dict[str, str], paths: set[str], contents: dict[str, bytes]) -> dict[str, Version]:
    found: dict[str, Version] = {}
    for path in paths & set(blobs):
        kind = kind_of(path)
        if kind is not None:
            found[Path(path).stem] = version_of(kind, contents[blobs[path]])
    return found


def _against_working_tree(
    repository: Repository, root: Path, before: dict[str, str]
) -> tuple[dict[str, Version], dict[str, Version]]:
    after: dict[str, Version] = {}
    different = set(before)
    for entry in Collection(root).entries():
        path = entry.path.relative_to(root).as_posix()
        try:
            data = read_bytes(entry.path)
        except OSError as error:
            after[entry.id] = Version(entry.kind, None, f"cannot be read: {error.strerror or error}")
            continue
        if before.get(path) == blob_name(data):
            different.discard(path)
        else:
            after[entry.id] = version_of(entry.kind, data)
    contents = dict(repository.contents(before[path] for path in sorted(different)))
    return _read(before, different, contents), after
