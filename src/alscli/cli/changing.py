"""`diff`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alscli.cli.options import Given, takes_filters
from alscli.cli.paging import write_lines
from alscli.cli.revisions import (
    ends_of,
    entry_named,
    exists,
    is_range,
    repository_of,
    unknown,
)
from alscli.cli.session import Session, check_format, write_data
from alscli.errors import UsageError

if TYPE_CHECKING:
    from alscli.model.format import FileKind
    from alscli.store.collection import Snapshot
    from alscli.store.compare import RecordChange, Version

FORMATS = ("text", "json", "markdown")


@takes_filters
def diff(
    context: typer.Context,
    filters: Given,
    ends: Annotated[
        list[str] | None,
        typer.Argument(metavar="[A [B]] [-- ID]...", help="Revisions; or two records, files or folders."),
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="Only this record; `-- ID` says the same.")
    ] = None,
    staged: Annotated[
        bool, typer.Option("--staged", "--cached", help="What is in git's index, against A or HEAD.")
    ] = False,
    registry: Annotated[
        bool, typer.Option("--registry", help="Registry copies against their records.")
    ] = False,
    format: Annotated[str, typer.Option(metavar="FORMAT", help="text, json or markdown.")] = "text",  # noqa: A002
    stat: Annotated[bool, typer.Option("--stat", help="Only a line for each record.")] = False,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with 1 where there are differences.")
    ] = False,
) -> int:
    """Show what changed, by field.

    The working tree against HEAD where nothing is named. `diff REV` compares a revision with the working
    tree, `diff A B` or `diff A..B` two revisions, `diff ID ID` two records, and two files or folders each
    other. A `!` marks a major change. Filters keep the trials that they find at either end.

    \b
    Examples:
      alscli diff main...HEAD --format markdown
      alscli diff HEAD~10 --cell-type MSC --stat
    """
    from alscli.views import changes as view

    session: Session = context.obj
    check_format(format, FORMATS)
    if stat and format == "json":
        raise UsageError("--stat has no JSON", "--format json has every field; count them")
    if registry and staged:
        raise UsageError("--registry reads the working tree, not the index", "leave --staged out")
    if registry:
        found = _from_registry(session, [*(ends or []), *(only or [])], filters)
    else:
        sides = _sides(session, list(ends or []), list(only or []), staged=staged)
        found = _chosen(session, sides, filters) if filters else sides.found
    if format == "json":
        write_data(view.as_json(found))
    elif format == "markdown":
        write_data(view.markdown_stat(found) if stat else view.markdown(found))
    else:
        room = session.columns if session.on_terminal else None
        color = session.colored(sys.stdout)
        write_lines(view.stat(found) if stat else view.text(found, room, color=color), session)
        session.say(view.totals(found))
    return 1 if exit_code and found else 0


def _from_registry(session: Session, names: Sequence[str], filters: Given) -> list[RecordChange]:
    """Where records say otherwise than their registry copies; what only the record holds is left out."""
    from alscli.store.collection import resolve
    from alscli.store.compare import RecordChange, changes
    from alscli.store.copies import find, ids

    root, held = session.collection.root, ids(session.collection.root)
    snapshot = session.collection.load()
    records = [resolve(name, snapshot.records) for name in names]
    without = [record.entry.id for record in records if record.entry.id not in held]
    if without or not held:
        raise UsageError(
            f"there is no registry copy of {without[0]}" if without else "there are no registry copies",
            f"`alscli sync {without[0] if without else 'ID'}` asks the registry; `alscli import` reads files",
        )
    chosen = _matching(session, snapshot, filters) if filters else held
    found: list[RecordChange] = []
    for record in records or snapshot.records:
        id_, kind = record.entry.id, record.entry.kind
        copy = find(root, id_) if kind == "trial" and id_ in held and id_ in chosen else None
        if copy is None:
            continue
        if record.document is None:
            found.append(RecordChange(id_, kind, "unreadable", note="it is no TOML"))
            continue
        told = [each for each in changes(copy.values, record.document.values, kind) if each.old is not None]
        if told:
            found.append(RecordChange(id_, kind, "changed", tuple(told)))
    return found


@dataclass(frozen=True)
class _Sides:
    """A comparison: the versions on both sides, and what filters must know of each beside them."""

    found: list[RecordChange]
    versions: tuple[Mapping[str, Version], Mapping[str, Version]] | None = None
    around: tuple[Callable[[], Mapping[str, Version]], Callable[[], Mapping[str, Version]]] | None = None


@dataclass(frozen=True)
class _End:
    """What an argument names: a commit, a place in the working tree, or perhaps a record that is gone."""

    text: str
    commit: str | None
    place: Path | None


def _sides(session: Session, arguments: list[str], only: list[str], *, staged: bool) -> _Sides:
    from alscli.store.git import INDEX

    commits: list[str] = []
    while arguments and is_range(arguments[0]) and not commits:
        commits = list(ends_of(repository_of(session), arguments.pop(0)))
    ends = [_end(session, argument) for argument in arguments]
    named = [end.commit for end in ends if end.commit is not None]
    places = [end for end in ends if end.commit is None]
    if [end.commit for end in ends[: len(named)]] != named or len(commits) + len(named) > 2:
        raise UsageError("revisions come first, two at most", "alscli diff [A [B]] [-- ID]...")
    commits += named
    if len(places) == 2 and not commits and not only and not staged and all(end.place for end in places):
        return _two_places(places[0], places[1])
    if staged:
        if len(commits) > 1:
            raise UsageError("--staged takes one revision", "alscli diff --staged [A] [-- ID]...")
        return _of_revisions(session, commits, INDEX, places, only)
    return _of_revisions(session, commits[:1], commits[1] if len(commits) > 1 else None, places, only)


def _of_revisions(
    session: Session, commits: list[str], new: str | None, places: list[_End], only: list[str]
) -> _Sides:
    """A revision, HEAD where none is named, against another, the index, or the working tree (None)."""
    from alscli.store.compare import record_changes
    from alscli.store.versions import between, everything

    repository, root = repository_of(session), session.collection.root
    first = commits[0] if commits else repository.head()
    old, after = between(repository, root, first, new)
    found = record_changes(old, after)
    if places or only:
        known = {*old, *after}
        tests = [_test_of(session, end, known) for end in places]
        tests += [_is_record(_record_id(session, text, known)) for text in only]
        found = [each for each in found if any(test(each) for test in tests)]
    around = (
        lambda: everything(repository, root, first, "product", "ledger"),
        lambda: everything(repository, root, new, "product", "ledger"),
    )
    return _Sides(found, (old, after), around)


def _chosen(session: Session, sides: _Sides, filters: Given) -> list[RecordChange]:
    """The trials that the filters find at either end, and what cannot be read, which nobody can rule out."""
    if sides.versions is None or sides.around is None:
        raise UsageError(
            "filters choose among many records", "leave them out, or compare revisions or folders"
        )
    from alscli.store.versions import snapshot_of

    old, new = (
        _matching(session, snapshot_of({**around(), **versions}, session.collection), filters)
        for around, versions in zip(sides.around, sides.versions, strict=True)
    )
    return [
        each
        for each in sides.found
        if each.kind == "trial"
        and (each.change == "unreadable" or each.id in new or (each.was or each.id) in old)
    ]


def _matching(session: Session, snapshot: Snapshot, filters: Given) -> set[str]:
    """The ids of the trials that the filters find."""
    from contextlib import closing

    from alscli.query.database import build
    from alscli.query.filters import asked

    with closing(build(snapshot, session.collection.vocabularies)) as connection:
        where = asked(session.collection, connection, filters)
        statement = f"SELECT t.id FROM trials t WHERE {where.sql}"  # noqa: S608 - made of our own filters
        return {id_ for (id_,) in connection.execute(statement, where.parameters)}


def _end(session: Session, argument: str) -> _End:
    commit = _commit(session, argument)
    place = _place(session, argument, revision=commit is not None)
    if commit is not None and place is not None:
        raise UsageError(
            f"{argument!r} is a revision and a record",
            f"`alscli diff refs/heads/{argument}` or `alscli diff -- {argument}`",
        )
    return _End(argument, commit, place)


def _commit(session: Session, argument: str) -> str | None:
    try:
        return repository_of(session).commit(argument)
    except UsageError:  # no repository, so nothing in it
        return None


def _place(session: Session, argument: str, *, revision: bool) -> Path | None:
    """The file or folder that a path or the name of a record names; names are not asked of `HEAD~3`."""
    if exists(argument):
        return Path(argument)
    if revision and set(argument) & set("~^@:/"):
        return None
    entry = entry_named(session, argument, spelled=revision)
    return entry.path if entry is not None else None


def _test_of(session: Session, end: _End, known: set[str]) -> Callable[[RecordChange], bool]:
    """Which records an argument asks for: those of a place in this collection, or one that may be gone."""
    from alscli.store.collection import FOLDERS
    from alscli.store.versions import kind_of

    root = session.collection.root.resolve()
    place = (end.place if end.place is not None else Path(end.text)).absolute()
    if end.place is not None and (place.resolve() == root or place.resolve() in root.parents):
        return lambda _: True
    below = Path(place.parent.resolve() / place.name)  # of a link its own name counts
    if below.is_relative_to(root):
        path = below.relative_to(root).as_posix()
        for kind, folder in FOLDERS.items():
            if path == folder:
                return lambda record, kind=kind: record.kind == kind  # type: ignore[misc]
        if kind_of(path) is not None:
            return _is_record(below.stem)
    if end.place is None:
        return _is_record(_record_id(session, end.text, known))
    raise UsageError(
        f"{end.text} holds no records of this collection",
        "name two files or folders to compare them with each other",
    )


def _is_record(id_: str) -> Callable[[RecordChange], bool]:
    return lambda record: id_ in (record.id, record.was)


def _record_id(session: Session, text: str, known: set[str]) -> str:
    """The id that an argument names, in the working tree or at either end."""
    if text in known:
        return text
    entry = entry_named(session, text)
    if entry is not None:
        return entry.id
    ids = sorted({*known, *(entry.id for entry in session.collection.entries())})
    raise unknown(repository_of(session), text, ids)


def _two_places(first: _End, second: _End) -> _Sides:
    """Two files, two folders or two records, each other."""
    from alscli.store.compare import RecordChange, record_change, record_changes
    from alscli.store.versions import file_version, folder_versions, kind_of

    one, other = first.place, second.place
    assert one is not None  # noqa: S101 - asked for by the caller
    assert other is not None  # noqa: S101
    if one.is_dir() != other.is_dir():
        raise UsageError(f"{first.text} and {second.text}: a folder and a file", "compare two of a kind")
    if one.is_dir():
        old, new = folder_versions(_root(one)), folder_versions(_root(other))
        return _Sides(record_changes(old, new), (old, new), (dict, dict))
    kinds = [
        kind_of(f"{path.resolve().parent.name}/{path.name}") or kind_of(path.name) for path in (one, other)
    ]
    if None not in kinds and kinds[0] != kinds[1]:
        raise UsageError(f"{first.text} is a {kinds[0]}, {second.text} a {kinds[1]}", "compare two of a kind")
    kind: FileKind = kinds[0] or kinds[1] or "trial"
    was = one.stem if one.stem != other.stem else None
    found = record_change(other.stem, file_version(one, kind), file_version(other, kind))
    if found is None:
        return _Sides([])
    return _Sides([RecordChange(found.id, kind, found.change, found.fields, was, found.note)])


def _root(folder: Path) -> Path:
    """The collection in a folder; raises UsageError where it holds none."""
    from alscli.store.collection import is_collection

    for root in (folder, folder / "records"):
        if is_collection(root):
            return root
    raise UsageError(f"{folder} holds no collection", "name the folder that holds alscli.toml")
