"""A collection: finding its folder, iterating its files, reading them into records, resolving an id."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from alscli.errors import CollectionError, UsageError
from alscli.store.batches import batches
from alscli.text import one_line

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from alscli.model.field import Table
    from alscli.model.format import FileKind
    from alscli.model.ledger import Ledger
    from alscli.model.product import Product
    from alscli.model.provenance import Ref
    from alscli.model.trial import Trial
    from alscli.model.vocabulary import Vocabularies
    from alscli.store.toml import Document, Fault

# What an unchanged collection does not need is imported where it is used: `list` waits for every import.

MARKER = "alscli.toml"
FOLDERS: dict[FileKind, str] = {"trial": "trials", "product": "products"}
LEDGER = "ledger.toml"


class Entry(NamedTuple):
    """A file of the collection: where it is, and what kind of record its place makes it."""

    path: Path
    kind: FileKind

    @property
    def id(self) -> str:
        """The id that the file's name gives."""
        return self.path.name.removesuffix(".toml")


File = tuple[Entry, "bytes | OSError"]
"""A file with its bytes, or why they cannot be read."""


@dataclass(frozen=True)
class Record:
    """A file as read: its document unless a fault says why not, its model unless errors say why not."""

    entry: Entry
    document: Document | None
    fault: Fault | None = None
    model: Table | None = None
    errors: Sequence[ErrorDetails] = ()

    @property
    def readable(self) -> bool:
        """Whether the file holds a record of its format."""
        return self.model is not None

    @cached_property
    def is_canonical(self) -> bool:
        """Whether the text is exactly what a new record with these values would be: no comment, no slip."""
        from alscli.store.recognition import is_canonical

        return self.document is not None and is_canonical(self.document, self.entry.kind)


@dataclass(frozen=True)
class Snapshot:
    """Every file of a collection, read once."""

    records: Sequence[Record]
    trials: Mapping[str, Trial] = field(default_factory=dict)
    products: Mapping[str, Product] = field(default_factory=dict)
    ledger: Ledger | None = None

    @cached_property
    def unreadable(self) -> list[Record]:
        """The files that hold no record of their format."""
        return [record for record in self.records if not record.readable]

    @cached_property
    def shared_refs(self) -> dict[str, Ref]:
        """The references of the ledger by key."""
        return {ref.key: ref for ref in self.ledger.refs} if self.ledger else {}


def assemble(records: Iterable[Record]) -> Snapshot:
    """The snapshot of these records; of two with one id the first in path order counts."""
    from alscli.model.ledger import Ledger
    from alscli.model.product import Product
    from alscli.model.trial import Trial

    records = list(records)
    trials: dict[str, Trial] = {}
    products: dict[str, Product] = {}
    ledger: Ledger | None = None
    for record in records:
        match record.model:
            case Trial() as trial:
                trials.setdefault(trial.id, trial)
            case Product() as product:
                products.setdefault(product.id, product)
            case Ledger() as found:
                ledger = found
            case _:
                pass
    return Snapshot(records, trials, products, ledger)


@dataclass(frozen=True)
class Collection:
    """The folder that `alscli.toml` marks."""

    root: Path

    @cached_property
    def vocabularies(self) -> Vocabularies:
        """The shipped terms and those that `vocab/` adds."""
        from alscli.model.vocabulary import extended, shipped

        folder = self.root / "vocab"
        return extended(folder) if folder.is_dir() else shipped()

    def entries(self) -> Iterator[Entry]:
        """Every record file, sorted by path: the ledger, products, trials."""
        if os.path.lexists(self.root / LEDGER):
            yield Entry(self.root / LEDGER, "ledger")
        for folder, kind in sorted((folder, kind) for kind, folder in FOLDERS.items()):
            try:
                paths = [path for path in (self.root / folder).iterdir() if is_record_name(path.name)]
            except FileNotFoundError:
                continue
            except OSError as error:
                raise CollectionError(f"cannot read {shown(self.root / folder)}: {error.strerror}") from error
            yield from (Entry(path, kind) for path in sorted(paths, key=attrgetter("name")))

    def read(self, entry: Entry) -> Record:
        """Read one file; what is wrong with it is in the record, not raised."""
        (record,) = self.understand_all([taken(entry)])
        return record

    def load(self) -> Snapshot:
        """Read every file."""
        return assemble(self.understand_all(map(taken, self.entries())))

    def understand(self, entry: Entry, data: bytes) -> Record:
        """The record that these bytes hold as the file `entry`."""
        (record,) = self.understand_all([(entry, data)])
        return record

    def understand_all(self, files: Iterable[File]) -> Iterator[Record]:
        """The records that these files hold, in their order."""
        for some in batches(files, lambda file: len(file[1]) if isinstance(file[1], bytes) else 0):
            documents = [_document(data) for _, data in some]
            yield from [self._record(file[0], each) for file, each in zip(some, documents, strict=True)]

    def _record(self, entry: Entry, document: Document | Fault) -> Record:
        """The record with the model of the document's values, or with what stands against it."""
        from pydantic import ValidationError

        from alscli.model.format import MODELS
        from alscli.store.toml import Fault

        if isinstance(document, Fault):
            return Record(entry, None, document)
        try:
            model = MODELS[entry.kind].model_validate(
                document.values, context={"vocabularies": self.vocabularies}
            )
        except ValidationError as error:
            return Record(entry, document, errors=error.errors(include_url=False))
        return Record(entry, document, model=model)


def taken(entry: Entry) -> File:
    """The file as it is now."""
    try:
        return entry, read_bytes(entry.path)
    except OSError as error:
        return entry, error


def _document(data: bytes | OSError) -> Document | Fault:
    """What a file holds, or why it cannot be read."""
    from alscli.store.toml import Fault, TomlError, parse

    if isinstance(data, OSError):
        return Fault("TX002", f"cannot be read: {data.strerror or data}", 1, 1)
    try:
        return parse(data)
    except TomlError as error:
        return error.fault


def is_record_name(name: str) -> bool:
    """Whether a file of this name is a record: hidden and temporary files are not."""
    return name.endswith(".toml") and not name.startswith(".")


def read_bytes(path: Path) -> bytes:
    """The bytes of a regular file, one more than the greatest record at most.

    Raises OSError for what is no regular file, and for one that changes while it is read.
    """
    from alscli.store.toml import MAX_BYTES

    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags)
    try:
        before = os.fstat(descriptor)
        if not stat.S_ISREG(before.st_mode):
            raise OSError(0, "not a regular file")
        wanted = min(before.st_size, MAX_BYTES) + 1
        data = os.read(descriptor, wanted)
        while len(data) < wanted and (more := os.read(descriptor, wanted - len(data))):
            data += more
        after = os.fstat(descriptor)
    finally:
        os.close(descriptor)
    same = (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    if not same or len(data) != min(before.st_size, wanted):
        raise OSError(0, "changed while it was read")
    return data


def find(given: Path | None, start: Path) -> Collection:
    """The collection in `given`, else in the nearest folder from `start` upwards that holds one.

    A folder holds one when it has `alscli.toml` or `records/alscli.toml`. Raises UsageError when `given`
    is no collection, CollectionError when nothing is found.
    """
    if given is not None:
        for folder in (given, given / "records"):
            if is_collection(folder):
                return Collection(folder)
        problem = f"holds no {MARKER}" if _holds(given.is_dir) else "does not exist"
        raise UsageError(
            f"{shown(given)} {problem}", f"`alscli init {shown(given)}` starts a collection there"
        )
    for folder in (start, *start.parents):
        for candidate in (folder / "records", folder):
            if is_collection(candidate):
                return Collection(candidate)
    raise CollectionError(
        f"no collection here: neither this folder nor one above it holds {MARKER} or records/{MARKER}",
        "go into the repository, name it with --records DIR, or start one with `alscli init`",
    )


def is_collection(folder: Path) -> bool:
    """Whether the folder holds `alscli.toml`."""
    return _holds((folder / MARKER).is_file)


def _holds(question: Callable[[], bool]) -> bool:
    """The answer of the file system; no where it cannot say (no permission, too long a name)."""
    try:
        return question()
    except OSError:
        return False


def shown(path: Path | str) -> str:
    """A path as people see it: `relative`, with what a terminal would obey in a file's name spelled out."""
    return one_line(relative(path))


def relative(path: Path | str) -> str:
    """A path relative to the working directory, with forward slashes."""
    folder, name = os.path.split(path)
    if not name.endswith(".toml"):  # a folder, or one of a few
        return _relative(os.fspath(path), os.getcwd())  # noqa: PTH109
    folder = _relative(folder or os.curdir, os.getcwd())  # noqa: PTH109
    return name if folder == os.curdir else f"{folder}/{name}"


@lru_cache(maxsize=256)
def _relative(path: str, _here: str) -> str:
    with suppress(ValueError):  # of another drive
        path = os.path.relpath(path)
    return Path(path).as_posix()


def names_of(record: Record) -> set[str]:
    """Every name that a record answers to, in lower case: id, former ids, registry ids."""
    from alscli.model.identifiers import parse_registry_id

    values: Mapping[str, Any] = record.document.values if record.document else {}
    names = {record.entry.id, *_texts(values.get("id")), *_texts(values.get("former_ids"))}
    for number in registry_ids(record):
        registered = parse_registry_id(number)
        names |= {number, registered.value, registered.key} if registered else {number}
    return {name.casefold() for name in names}


def registry_ids(record: Record) -> list[str]:
    """The registry ids of a record as written, its primary one first; readable or not."""
    values: Mapping[str, Any] = record.document.values if record.document else {}
    return [*_texts(values.get("registry_id")), *_texts(values.get("secondary_ids"))]


def _texts(value: object) -> list[str]:
    from alscli.model.absence import Absence

    listed, absent = value if isinstance(value, list) else [value], frozenset(Absence)
    return [item for item in listed if isinstance(item, str) and item not in absent]


def resolve(text: str, records: Sequence[Record], *, beginning: bool = True) -> Record:
    """The trial or product that `text` names.

    An exact match (id, former id, registry id in any spelling) wins; with `beginning`, an unambiguous start
    of an id or registry id will do. Raises UsageError with the nearest names.
    """
    from alscli.model.identifiers import parse_registry_id
    from alscli.model.nearness import nearest

    candidates = [record for record in records if record.entry.kind != "ledger"]
    registered = parse_registry_id(text)
    wanted = {text.casefold()} | ({registered.key.casefold()} if registered else set())
    by_id = [record for record in candidates if record.entry.id.casefold() == text.casefold()]
    exact = by_id or [record for record in candidates if wanted & names_of(record)]
    found = exact
    if not found and beginning and text:
        found = [r for r in candidates if any(name.startswith(text.casefold()) for name in names_of(r))]
    if len(found) == 1:
        return found[0]
    if found:
        ids = sorted(record.entry.id for record in found)
        some = ", ".join(ids[:8]) + (" …" if len(ids) > 8 else "")
        raise UsageError(f"{text!r} is ambiguous: {len(ids)} records", f"it may mean {some}")
    near = nearest(text, sorted({name for record in candidates for name in names_of(record)}))
    hint = f"did you mean {' or '.join(near)}?" if near else "`alscli list --format ids` lists the trials"
    raise UsageError(f"no record {text!r}", hint)
