"""`diff`."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alscli.cli.session import Session, write, write_data
from alscli.errors import UsageError

if TYPE_CHECKING:
    from alscli.store.compare import RecordChange, Version
    from alscli.store.git import Repository

FORMATS = ("text", "json", "markdown")


def diff(
    context: typer.Context,
    ends: Annotated[
        list[str] | None,
        typer.Argument(metavar="[A [B]] [-- ID]...", help="Revisions; or two records, files or folders."),
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="Only this record; `-- ID` says the same.")
    ] = None,
    format: Annotated[str, typer.Option(metavar="FORMAT", help="text, json or markdown.")] = "text",  # noqa: A002
    stat: Annotated[bool, typer.Option("--stat", help="Only a line for each record.")] = False,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with 1 where there are differences.")
    ] = False,
) -> int:
    """Show what changed, by field.

    The working tree against HEAD where nothing is named. `diff REV` compares a revision with the working
    tree, `diff A B` or `diff A..B` two revisions, `diff ID ID` two records, and two files or folders each
    other. A `!` marks a major change.
    """
    from alscli.views import changes as view

    session: Session = context.obj
    if format not in FORMATS:
        raise UsageError(f"--format: {format!r} is not known", f"there are: {', '.join(FORMATS)}")
    found = _compared(session, list(ends or []), list(only or []))
    if format == "json":
        write_data(view.as_json(found))
    elif format == "markdown":
        write_data(view.markdown(found))
    else:
        room = session.columns if session.on_terminal else None
        lines = view.stat(found) if stat else view.text(found, room, color=session.colored(sys.stdout))
        for line in lines:
            write(line)
        session.say(view.totals(found))
    return 1 if exit_code and found else 0


@dataclass(frozen=True)
class _End:
    """What an argument names: a commit, or a place in the working tree."""

    text: str
    commit: str | None
    place: Path | None


def _compared(session: Session, arguments: list[str], only: list[str]) -> list[RecordChange]:
    from alscli.store.compare import record_changes

    if len(arguments) == 1 and ".." in arguments[0] and not Path(arguments[0]).exists():
        arguments = [part or "HEAD" for part in arguments[0].split("..", 1)]
    ends = [_end(session, argument) for argument in arguments]
    commits = [end for end in ends if end.commit is not None]
    places = [end for end in ends if end.commit is None]
    if ends[: len(commits)] != commits or len(commits) > 2:
        raise UsageError("revisions come first, two at most", "alscli diff [A [B]] [-- ID]...")
    if len(places) == 2 and not commits and not only:
        return _two_places(places[0], places[1])
    wanted = [*only, *(end.text for end in places)]
    old, new = _between(session, [end.commit for end in commits if end.commit])
    if wanted:
        ids = {_record_id(session, text, old | new) for text in wanted}
        old, new = ({id_: v for id_, v in side.items() if id_ in ids} for side in (old, new))
    return record_changes(old, new)


def _repository(session: Session) -> Repository:
    from alscli.store.git import repository

    return repository(session.collection.root)


def _end(session: Session, argument: str) -> _End:
    place = _place(session, argument)
    commit = _commit(session, argument)
    if commit is not None and place is not None:
        raise UsageError(
            f"{argument!r} is a revision and a record",
            f"`alscli diff refs/heads/{argument}` or `alscli diff -- {argument}`",
        )
    if commit is None and place is None:
        raise UsageError(
            f"{argument!r} is no revision, record, file or folder",
            "`alscli list --format ids` lists the trials",
        )
    return _End(argument, commit, place)


def _commit(session: Session, argument: str) -> str | None:
    try:
        return _repository(session).commit(argument)
    except UsageError:  # no repository, so nothing in it
        return None


def _place(session: Session, argument: str) -> Path | None:
    """The file or folder that a path or the id of a record names."""
    from alscli.store.collection import resolve

    path = Path(argument)
    if path.exists():
        return path
    try:
        records = [session.collection.read(entry) for entry in session.collection.entries()]
        return resolve(argument, records, beginning=False).entry.path
    except UsageError:
        return None


def _between(session: Session, commits: list[str]) -> tuple[dict[str, Version], dict[str, Version]]:
    from alscli.store.versions import between

    repository = _repository(session)
    old = commits[0] if commits else repository.head()
    return between(repository, session.collection.root, old, commits[1] if len(commits) > 1 else None)


def _record_id(session: Session, text: str, versions: dict[str, Version]) -> str:
    """The id that an argument after `--` names, in the working tree or at either end."""
    if text in versions:
        return text
    place = _place(session, text)
    if place is None:
        raise UsageError(f"no record {text!r}", "after -- only ids are understood")
    return place.stem


def _two_places(first: _End, second: _End) -> list[RecordChange]:
    from alscli.store.collection import MARKER
    from alscli.store.compare import RecordChange, changes, record_changes
    from alscli.store.versions import file_version, folder_versions, kind_of

    one, other = first.place, second.place
    assert one is not None  # noqa: S101 - a place by construction
    assert other is not None  # noqa: S101
    if one.is_dir() != other.is_dir():
        raise UsageError(f"{first.text} and {second.text}: a folder and a file", "compare two of a kind")
    if one.is_dir():
        roots = [folder if (folder / MARKER).exists() else folder / "records" for folder in (one, other)]
        return record_changes(folder_versions(roots[0]), folder_versions(roots[1]))
    kinds = [
        kind_of(f"{path.resolve().parent.name}/{path.name}") or kind_of(path.name) for path in (one, other)
    ]
    kind = kinds[0] or kinds[1] or "trial"
    old, new = file_version(one, kind), file_version(other, kind)
    if old.values is None or new.values is None:
        return [RecordChange(other.stem, kind, "unreadable", note=old.fault or new.fault)]
    fields = tuple(change for change in changes(old.values, new.values, kind))
    was = one.stem if one.stem != other.stem else None
    return [RecordChange(other.stem, kind, "changed", fields, was)] if fields else []
