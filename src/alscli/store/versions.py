"""The records of a collection at one point: the working tree, the index, a git revision, a folder, a file."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from alscli.store.collection import (
    FOLDERS,
    LEDGER,
    Collection,
    Entry,
    Record,
    Snapshot,
    assemble,
    is_record_name,
    read_bytes,
)
from alscli.store.compare import Version
from alscli.store.git import Blob, Repository, blob_name
from alscli.store.toml import TomlError, parse

if TYPE_CHECKING:
    from alscli.model.format import FileKind


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
    """The records that differ between two points, by id: a revision, and another or the working tree (None).

    `git.INDEX` stands for the index. Only blobs that differ are read, so that the cost follows the change,
    not the collection.
    """
    before = _records(repository.files(old, root))
    if new is None:
        return _against_working_tree(repository, root, before)
    after = _records(repository.files(new, root))
    different = {path for path in {*before, *after} if before.get(path) != after.get(path)}
    ids = _ids(different)
    contents = _contents(
        repository, (side[path] for path in sorted(different) for side in (before, after) if path in side)
    )
    return _read(before, ids, contents), _read(after, ids, contents)


def everything(repository: Repository, root: Path, point: str | None, *kinds: FileKind) -> dict[str, Version]:
    """Every record of these kinds at a revision, in the index or in the working tree (None), by id."""
    if point is None:
        return {
            entry.id: file_version(entry.path, entry.kind)
            for entry in Collection(root).entries()
            if entry.kind in kinds
        }
    found = {path: blob for path, blob in repository.files(point, root).items() if kind_of(path) in kinds}
    return _read(found, _ids(found), _contents(repository, found.values()))


def blob_version(kind: FileKind, blob: Blob, data: bytes | None) -> Version:
    """A record as git holds it; what is no file cannot be read."""
    if blob.fault or data is None:
        return Version(kind, None, blob.fault or "not in git")
    return version_of(kind, data)


def snapshot_of(versions: Mapping[str, Version], collection: Collection) -> Snapshot:
    """The records of these versions that are records of the format, as the collection's terms have it."""
    from pydantic import ValidationError

    from alscli.model.format import MODELS

    records: list[Record] = []
    for id_, version in versions.items():
        entry = Entry(collection.root / FOLDERS.get(version.kind, "") / f"{id_}.toml", version.kind)
        model = None
        if version.values is not None:
            with suppress(ValidationError):
                context = {"vocabularies": collection.vocabularies}
                model = MODELS[version.kind].model_validate(version.values, context=context)
        records.append(Record(entry, None, model=model))
    return assemble(records)


def changed_since(repository: Repository, root: Path, old: str) -> dict[str, Version]:
    """The files of records in the working tree that a revision does not hold as they are, by their path."""
    return _working_tree(root, _records(repository.files(old, root)))[0]


def _records(files: Mapping[str, Blob]) -> dict[str, Blob]:
    return {path: blob for path, blob in files.items() if kind_of(path) is not None}


def _ids(paths: Iterable[str]) -> dict[str, str]:
    """Path to id; a product beside a trial of the same name, which may not be, is told from it."""
    ids: dict[str, str] = {}
    taken: set[str] = set()
    for path in sorted(paths, key=lambda path: (kind_of(path) != "trial", path)):
        stem = Path(path).stem
        ids[path] = f"{stem} ({kind_of(path)})" if stem in taken else stem
        taken.add(stem)
    return ids


def _contents(repository: Repository, blobs: Iterable[Blob]) -> dict[str, bytes]:
    return dict(repository.contents(blob.name for blob in blobs if not blob.fault))


def _read(
    blobs: Mapping[str, Blob], ids: Mapping[str, str], contents: dict[str, bytes]
) -> dict[str, Version]:
    found: dict[str, Version] = {}
    for path, id_ in ids.items():
        kind = kind_of(path)
        if kind is not None and path in blobs:
            found[id_] = blob_version(kind, blobs[path], contents.get(blobs[path].name))
    return found


def _against_working_tree(
    repository: Repository, root: Path, before: dict[str, Blob]
) -> tuple[dict[str, Version], dict[str, Version]]:
    after, different = _working_tree(root, before)
    ids = _ids({*different, *after})
    contents = _contents(repository, (before[path] for path in sorted(different)))
    return _read(before, ids, contents), {ids[path]: version for path, version in after.items()}


def _working_tree(root: Path, before: Mapping[str, Blob]) -> tuple[dict[str, Version], set[str]]:
    """What differs from these blobs: the files that there are by path, and the paths of the blobs."""
    after: dict[str, Version] = {}
    different = set(before)
    for entry in Collection(root).entries():
        path = entry.path.relative_to(root).as_posix()
        held = before.get(path)
        try:
            data = read_bytes(entry.path)
        except OSError as error:
            after[path] = Version(entry.kind, None, f"cannot be read: {error.strerror or error}")
            continue
        if held is not None and held.name == blob_name(_stored(entry.path, data, held)):
            different.discard(path)
        else:
            after[path] = version_of(entry.kind, data)
    return after, different


def _stored(path: Path, data: bytes, held: Blob) -> bytes:
    """What git keeps of a file: of a symbolic link that it holds as one, where that leads."""
    return os.fsencode(path.readlink()) if held.fault and path.is_symlink() else data
