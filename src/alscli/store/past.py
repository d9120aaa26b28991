"""What became of one record, commit by commit: from git's objects, nothing checked out, no process a commit.

One `git log` for each name that the record's file had, and one process that reads the blobs that changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from alscli.errors import CollectionError, UsageError
from alscli.model.nearness import did_you_mean
from alscli.model.path import split
from alscli.store.collection import FOLDERS
from alscli.store.compare import (
    Change,
    RecordChange,
    Version,
    is_renamed,
    is_same,
    leaves,
    record_change,
)
from alscli.store.git import Blob, Commit, Objects, Repository, Touched
from alscli.store.shapes import shape as shape_of
from alscli.store.versions import blob_version, kind_of

if TYPE_CHECKING:
    from alscli.model.format import FileKind

SHALLOW = "as far as this clone goes back: it is shallow"


@dataclass(frozen=True, slots=True)
class Step:
    """What one commit did to the record; `now` is what the record held after it, None where it was gone.

    `before` is what it held at each parent: at more than one in a merge. Where that could not be read it is
    the last that could.
    """

    commit: Commit
    record: RecordChange
    before: tuple[Version | None, ...]
    now: Version | None


@dataclass(frozen=True, slots=True)
class Origin:
    """The last change of one field: the commit, None where it is not committed, and the value."""

    field: str
    value: Any
    commit: Commit | None


def past(repository: Repository, start: str, path: str) -> list[Step]:
    """Every commit, the newest first, that changed a field of the record in the file `path` (from the top).

    Back from the commit `start`, and through renames of the file, of its folder and of the id. Comments and
    layout are no change. A record that could not be read is there with the reason.
    """
    with repository.objects() as objects:
        reader = _Reader(objects)
        touches = list(_touches(repository, reader, start, path))
        # Git hides from us the parents that a shallow clone does not have.
        rootless = any(not touch.commit.parents for touch in touches)
        shallow = repository.shallow() if rootless else frozenset()
        steps = [_step(reader, touch, shallow) for touch in reversed(touches)]
    return [step for step in reversed(steps) if step is not None]


@dataclass(frozen=True, slots=True)
class _Touch:
    """A commit with the entry of the record's file, and that of its former file where it was renamed here."""

    commit: Commit
    file: Touched
    former: Touched | None = None


@dataclass
class _Reader:
    """The versions of one record by blob, each read once; what stood there where one cannot be read."""

    objects: Objects
    known: dict[tuple[FileKind, str], Version] = field(default_factory=dict)
    instead: dict[str, Version] = field(default_factory=dict)

    def version(self, path: str, blob: Blob) -> Version:
        kind = _kind(path)
        found = self.known.get((kind, blob.name))
        if found is None:
            data = None if blob.fault else self.objects.read(blob.name)
            found = self.known[kind, blob.name] = blob_version(kind, blob, data)
        return found


def _kind(path: str) -> FileKind:
    return kind_of("/".join(PurePosixPath(path).parts[-2:])) or "ledger"


def _touches(repository: Repository, reader: _Reader, start: str, path: str) -> Iterator[_Touch]:
    """The commits that touch the record, the newest first, under every name that it had."""
    starts = [start]
    while starts:
        following: list[str] = []
        for commit in repository.log(starts, path):
            file = commit.touched(path)
            if file is None:
                continue
            came = not any(file.old) and file.new is not None
            former = _former(reader, commit, file) if came else None
            yield _Touch(commit, file, former)
            earlier = former.path if former else _earlier_name(reader, file) if came else None
            if earlier is not None:
                path, following = earlier, list(commit.parents)
                break
        starts = following


def _earlier_name(reader: _Reader, file: Touched) -> str | None:
    """The path that the record had by its last former id, which went in another commit than this one came."""
    assert file.new is not None  # noqa: S101 - it came
    ids = (reader.version(file.path, file.new).values or {}).get("former_ids")
    if not isinstance(ids, list) or not ids or not isinstance(ids[-1], str) or "/" in ids[-1]:
        return None
    path = str(PurePosixPath(file.path).with_name(f"{ids[-1]}.toml"))
    return path if path != file.path else None


def _former(reader: _Reader, commit: Commit, file: Touched) -> Touched | None:
    """The file that went in the commit in which this one came, if it held the same record."""
    assert file.new is not None  # noqa: S101 - it came
    kind = _kind(file.path)
    gone = [each for each in commit.went() if each.old[0] is not None and _is_record(each.path, kind)]
    for each in gone:
        if each.old[0] == file.new or (kind == "ledger" and len(gone) == 1):
            return each
    name = PurePosixPath(file.path).name
    moved = [each for each in gone if PurePosixPath(each.path).name == name]
    if len(moved) == 1:
        return moved[0]
    new = reader.version(file.path, file.new)
    for each in gone:
        assert each.old[0] is not None  # noqa: S101 - asked for above
        if is_renamed(PurePosixPath(each.path).stem, reader.version(each.path, each.old[0]), new):
            return each
    return None


def _is_record(path: str, kind: FileKind) -> bool:
    parts = PurePosixPath(path).parts
    return kind_of("/".join(parts[-2:] if kind in FOLDERS else parts[-1:])) == kind


def _step(reader: _Reader, touch: _Touch, shallow: frozenset[str]) -> Step | None:
    file, former = touch.file, touch.former
    source = former or file
    before = tuple(None if blob is None else reader.version(source.path, blob) for blob in source.old)
    now = None if file.new is None else reader.version(file.path, file.new)
    id_ = PurePosixPath(file.path).stem
    was = PurePosixPath(source.path).stem
    record = record_change(id_, before[0], now, was if was != id_ else None)
    legible = tuple(
        reader.instead.get(blob.name, version) if blob and version and version.values is None else version
        for blob, version in zip(source.old, before, strict=True)
    )
    if file.new is not None and now is not None and now.values is None and legible[0] is not None:
        reader.instead[file.new.name] = legible[0]
    if record is not None and record.change == "unreadable" and now is not None and now.values is not None:
        record = _mended(id_, legible[0], now, record)
    if former is not None and record is None:
        record = RecordChange(id_, _kind(file.path), "renamed", (), source.path, "the file moved")
    if record is None:
        return None
    if touch.commit.name in shallow and record.change == "added":
        record = replace(record, note=SHALLOW)
    if record.change == "removed" and (successor := _successor(reader, touch)):
        record = replace(record, note=f"now {successor}")
    if len(before) > 1 and record.change == "changed":
        record = _of_the_merge(record, legible[1:], now)
    return Step(touch.commit, record, legible, now) if record is not None else None


def _successor(reader: _Reader, touch: _Touch) -> str | None:
    """The id under which a record that went came again in the same commit."""
    went = touch.file.old[0]
    kind = _kind(touch.file.path)
    if went is None:
        return None
    for each in touch.commit.came():
        if each.new is not None and _is_record(each.path, kind):
            stem = PurePosixPath(touch.file.path).stem
            old, new = reader.version(touch.file.path, went), reader.version(each.path, each.new)
            if each.new == went or is_renamed(stem, old, new):
                return PurePosixPath(each.path).stem
    return None


def _mended(id_: str, old: Version | None, now: Version, record: RecordChange) -> RecordChange:
    """What a commit changed that made a record readable again: against the last that could be read."""
    if old is None or old.values is None:
        return RecordChange(id_, now.kind, "changed", (), note=f"readable again ({record.note})")
    found = record_change(id_, old, now)
    note = f"readable again, compared with the last version that was ({record.note})"
    return RecordChange(id_, now.kind, "changed", found.fields if found else (), note=note)


def _of_the_merge(
    record: RecordChange, others: Sequence[Version | None], now: Version | None
) -> RecordChange | None:
    """What a merge itself changed: the fields that differ from every parent."""
    kept = {change.field for change in record.fields}
    for other in others:
        against = record_change(record.id, other, now)
        kept &= {change.field for change in against.fields} if against else set()
    fields = tuple(change for change in record.fields if change.field in kept)
    return replace(record, fields=fields, note="in a merge") if fields else None


def committed(repository: Repository, start: str, path: str, steps: Sequence[Step]) -> Version | None:
    """The record as the commit `start` holds it in the file `path` (from the top); None where it does not.

    Without branches that is what the newest of the steps left, and git is not asked.
    """
    if steps and all(_follows(later, earlier) for later, earlier in pairwise(steps)):
        return steps[0].now
    with repository.objects() as objects:
        try:
            data = objects.read(f"{start}:{path}")
        except CollectionError:
            return None
    return blob_version(_kind(path), Blob(""), data)


def _follows(later: Step, earlier: Step) -> bool:
    """Whether a step found what the one before it left."""
    if len(later.before) != 1 or later.before[0] is None or earlier.now is None:
        return False
    return later.before[0].values == earlier.now.values is not None


def origins(steps: Sequence[Step], current: Version, newest: Version | None) -> list[Origin]:
    """The last change of every fact that the record holds now, in the order of the format.

    The newest commit that gave the field the value that it has now; none where the newest version that is
    committed has another.
    """
    values = leaves(current.values or {}, current.kind)
    facts = [(step, _facts(step.now), [_facts(each) for each in step.before]) for step in steps]
    held = _facts(newest)
    found: list[Origin] = []
    for name, value in values.items():
        commit = None
        if name in held and is_same(held[name], value):
            commit = next(
                (
                    step.commit
                    for step, now, before in facts
                    if name in now
                    and is_same(now[name], value)
                    and not any(name in old and is_same(old[name], value) for old in before)
                ),
                None,
            )
        found.append(Origin(name, value, commit))
    return found


def _facts(version: Version | None) -> Mapping[str, Any]:
    return leaves(version.values, version.kind) if version and version.values else {}


def narrowed(steps: Sequence[Step], name: str) -> list[Step]:
    """The steps that changed one field or what lies below it, with only these changes."""
    found: list[Step] = []
    for step in steps:
        record = step.record
        fields = tuple(part for change in record.fields for part in _parts(step, change, name))
        if fields:
            found.append(replace(step, record=replace(record, fields=fields)))
    return found


def _parts(step: Step, change: Change, name: str) -> Iterator[Change]:
    """What a change says of a field: all of it, the facts below it, or nothing."""
    if within(change.field, name):
        yield change
    elif within(name, change.field):
        old, new = _facts(step.before[0]), _facts(step.now)
        for fact in dict.fromkeys([*new, *old]):
            if within(fact, name) and not is_same(old.get(fact), new.get(fact)):
                yield Change(fact, old.get(fact), new.get(fact), change.weight)


def within(field: str, name: str) -> bool:
    """Whether a field is the one that `name` names, or below it."""
    return field == name or field.startswith(f"{name}.")


def check_field(name: str, kind: FileKind) -> None:
    """Raise UsageError, with the nearest name, for a field that the format does not have.

    What an element of a list is called is not asked: it may have gone.
    """
    shape, in_list = shape_of(kind), False
    for part in split(name):
        if in_list:
            in_list = False
            continue
        if part not in shape.keys:
            raise UsageError(f"no field {name!r}", did_you_mean(part, shape.keys))
        shape = shape.keys[part]
        in_list = shape.kind in ("tables", "inline_tables")


def path_of(repository: Repository, root: Path, kind: FileKind, id_: str) -> str:
    """The path from the top of the repository of the file that holds, or would hold, a record."""
    below = "ledger.toml" if kind == "ledger" else f"{FOLDERS[kind]}/{id_}.toml"
    return repository.inside(root) + below
