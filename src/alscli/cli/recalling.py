"""`history`, `blame` and `changelog`: the past of records, from git."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from alscli.cli.paging import write_lines
from alscli.cli.revisions import commit_named, ends_of, entry_begun, is_range, repository_of
from alscli.cli.session import Session, check_format, write_data
from alscli.errors import CollectionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alscli.model.format import FileKind
    from alscli.store.compare import Version
    from alscli.store.git import Repository
    from alscli.store.past import Step
    from alscli.views.changelog import End

FORMATS = ("text", "json", "markdown")
CHANGELOG_FORMATS = ("markdown", "json")

Id = Annotated[str, typer.Argument(metavar="ID", help="Id, registry id, or the beginning of one.")]
Field = Annotated[
    str | None,
    typer.Argument(metavar="[FIELD]", help="Only this field and what is below it.", show_default=False),
]
Format = Annotated[str, typer.Option(metavar="FORMAT", help="text, json or markdown.")]


def history(
    context: typer.Context,
    id: Id,  # noqa: A002
    field: Field = None,
    format: Format = "text",  # noqa: A002
) -> int:
    """Show who changed what in a record, and when.

    Every commit that changed a field, the newest first, with old and new values; through renames of the file
    and of the id. Comments and layout are no change. A record that is gone is found by its last id.

    \b
    Examples:
      alscli history nurown-phase3
      alscli history valor enrollment.randomized --format json
    """
    from alscli.store.past import check_field, narrowed
    from alscli.views import history as view

    session: Session = context.obj
    check_format(format, FORMATS)
    repository = repository_of(session)
    kind, name, current = _record(session, repository, id)
    if field is not None:
        check_field(field, kind)
    steps = _past(session, repository, kind, name)
    held = _committed(session, repository, kind, name, steps)
    _say_what_is_not_there(session, held, name, steps, current)
    if field is not None:
        steps = narrowed(steps, field)
        if not steps:
            session.say(f"{field} is in no commit of {name}")
    if format == "json":
        write_data(view.as_json(name, field, steps))
    elif format == "markdown":
        write_lines(view.markdown(name, steps, whole=field is None), session)
    else:
        room = session.columns if session.on_terminal else None
        color = session.colored(sys.stdout)
        write_lines(view.text(steps, room, whole=field is None, color=color), session)
    return 0


def blame(
    context: typer.Context,
    id: Id,  # noqa: A002
    field: Field = None,
    format: Format = "text",  # noqa: A002
) -> int:
    """Show who gave every field of a record its value, and when.

    The day, the person and the revision that brought the value, and the value; what differs from the last
    commit is marked as not committed.

    \b
    Examples:
      alscli blame nurown-phase3
      alscli blame valor enrollment --format markdown
    """
    from alscli.store.past import check_field, origins, within
    from alscli.views import history as view

    session: Session = context.obj
    check_format(format, FORMATS)
    repository = repository_of(session)
    kind, name, current = _record(session, repository, id)
    if field is not None:
        check_field(field, kind)
    if current is None:
        raise CollectionError(f"{name} is gone", f"`alscli history {name}` shows what it held")
    if current.values is None:
        raise CollectionError(
            f"{name} cannot be read: {current.fault}", f"`alscli validate {name}` says more"
        )
    steps = _past(session, repository, kind, name)
    found = origins(steps, current, _committed(session, repository, kind, name, steps))
    if field is not None:
        found = [each for each in found if within(each.field, field)]
        if not found:
            session.say(f"{name} does not hold {field}")
    if format == "json":
        write_data(view.blame_json(name, found))
    elif format == "markdown":
        write_lines(view.blame_markdown(name, found), session)
    else:
        room = session.columns if session.on_terminal else None
        write_lines(view.blame(found, room, color=session.colored(sys.stdout)), session)
    return 0


def _record(session: Session, repository: Repository, text: str) -> tuple[FileKind, str, Version | None]:
    """Kind, id and present version of the record; one that is gone has no version."""
    from alscli.cli.revisions import entry_named
    from alscli.store.versions import file_version

    entry = entry_named(session, text)
    if entry is None:
        commit_named(repository, "HEAD")
        gone = _gone(repository, session, text)
        if gone is not None:
            return gone, text, None
        entry = entry_begun(session, text)
    return entry.kind, entry.id, file_version(entry.path, entry.kind)


def _gone(repository: Repository, session: Session, text: str) -> FileKind | None:
    """The kind of a record that is there no more, by its last id."""
    from alscli.store.past import path_of

    if "/" in text or not text.isprintable() or not text:
        return None
    kinds: tuple[FileKind, ...] = ("ledger",) if text == "ledger" else ("trial", "product")
    for kind in kinds:
        if repository.was_there("HEAD", path_of(repository, session.collection.root, kind, text)):
            return kind
    return None


def _past(session: Session, repository: Repository, kind: FileKind, name: str) -> list[Step]:
    from alscli.store.past import past, path_of

    try:
        return past(repository, "HEAD", path_of(repository, session.collection.root, kind, name))
    except CollectionError:
        commit_named(repository, "HEAD")  # which says that there is none yet
        raise


def _committed(
    session: Session, repository: Repository, kind: FileKind, name: str, steps: Sequence[Step]
) -> Version | None:
    from alscli.store.past import committed, path_of

    return committed(repository, "HEAD", path_of(repository, session.collection.root, kind, name), steps)


def _say_what_is_not_there(
    session: Session, held: Version | None, name: str, steps: Sequence[Step], current: Version | None
) -> None:
    """Hints for the person: what is not committed, and what a shallow clone does not have."""
    from alscli.store.compare import record_change
    from alscli.store.past import SHALLOW

    if not steps:
        session.say(f"{name} is in no commit yet")
    elif current is not None and record_change(name, held, current) is not None:
        session.say(f"{name} has changes that are not committed: `alscli diff -- {name}` shows them")
    if steps and steps[-1].record.note == SHALLOW:
        session.say("this clone is shallow: `git fetch --unshallow` brings the earlier commits")


def changelog(
    context: typer.Context,
    revisions: Annotated[
        str, typer.Argument(metavar="A..B", help="Two revisions; B is HEAD where it is left out.")
    ],
    format: Annotated[str, typer.Option(metavar="FORMAT", help="markdown or json.")] = "markdown",  # noqa: A002
) -> int:
    """Tell readers what changed between two revisions.

    Markdown that can be published: new trials, status, results, regulators, what was removed or left out.
    Each trial has its honest line as it is at B. Trials that are not decided are left out.

    \b
    Examples:
      alscli changelog v1.0..v1.1
      alscli changelog "HEAD@{1 month ago}.." --format json
    """
    from alscli.store.compare import record_changes
    from alscli.store.versions import between
    from alscli.views import changelog as view

    session: Session = context.obj
    check_format(format, CHANGELOG_FORMATS)
    repository = repository_of(session)
    commits = ends_of(repository, revisions if is_range(revisions) else f"{revisions}..")
    sides = between(repository, session.collection.root, *commits)
    old, new = (
        _end(session, repository, commit, versions) for commit, versions in zip(commits, sides, strict=True)
    )
    told = view.news(record_changes(*sides), old, new, session.collection.vocabularies)
    if format == "json":
        write_data(view.as_json(told, old, new))
    else:
        write_lines(view.markdown(told, old, new), session)
    return 0


def _end(session: Session, repository: Repository, commit: str, versions: dict[str, Version]) -> End:
    """One end: the records that differ, and the ledger, whose references the honest lines need."""
    from alscli.store.versions import everything, snapshot_of
    from alscli.views.changelog import End

    ledger = everything(repository, session.collection.root, commit, "ledger")
    known = ledger | versions
    return End(*repository.described(commit), known, snapshot_of(known, session.collection))
