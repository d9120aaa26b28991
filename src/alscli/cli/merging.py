"""`merge-driver`, `textconv` and `install-git`: what git calls, and what makes it call."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alscli.cli.session import Session, write, write_data
from alscli.errors import AlscliError, CollectionError, RefusedError, UsageError

if TYPE_CHECKING:
    from alscli.model.format import FileKind
    from alscli.store.git import Repository
    from alscli.store.merge import Merged


def merge_driver(
    context: typer.Context,
    ancestor: Annotated[Path, typer.Argument(metavar="ANCESTOR", help="File with the common ancestor.")],
    ours: Annotated[Path, typer.Argument(metavar="OURS", help="File with ours; the result goes here.")],
    theirs: Annotated[Path, typer.Argument(metavar="THEIRS", help="File with theirs.")],
    path: Annotated[
        str,
        typer.Argument(metavar="[PATH]", help="Path of the record in the repository.", show_default=False),
    ] = "",
    labels: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[LABEL]...", help="Names of the three for conflict markers.", show_default=False
        ),
    ] = None,
) -> int:
    """Merge a record by field; git calls this.

    `alscli install-git` sets it up. A field that both sides changed in two ways stays in the record as a
    dispute with both values and `ruling = "merge"`, which `validate` refuses; the exit status is then 1, so
    that git stops. What is no readable record is merged line by line, as git does it, with exit status 1.

    \b
    Examples:
      git config merge.alscli.driver 'alscli merge-driver -- %O %A %B %P %S %X %Y'
      alscli merge-driver base.toml ours.toml theirs.toml records/trials/valor.toml
    """
    from alscli.store.collection import shown

    session: Session = context.obj
    files = ancestor, ours, theirs
    versions = _read(files)
    name = shown(Path(path)) if path else shown(ours)
    try:
        merged = _merged(versions, path)
    except Exception as error:  # whatever it is, git's own merge loses nothing
        why = error.message if isinstance(error, AlscliError) else f"{type(error).__name__}: {error}"
        _complain(f"{name} cannot be merged by field: {why}")
        _write(ours, _fallen_back(versions, labels or []))
        return 1
    if merged.sides is not None:
        from alscli.store.git import merge_lines

        _write(ours, merge_lines(*merged.sides, _marks(labels or [])))
        _complain(f"{name}: {_counted(merged)} on both sides: {_named(merged)}")
        _complain("  both values stand there between conflict markers: choose, then `git add` it")
        return 1
    _write(ours, merged.data)
    if merged.conflicts:
        _complain(f"{name}: {_counted(merged)} on both sides: {_named(merged)}")
        _complain(
            '  both values stand in [[disputes]] with ruling = "merge": set the field, then write a ruling'
        )
        _complain("  or remove the dispute; when `alscli validate` finds no TX006 any more, `git add` it")
        return 1
    if faults := _gained(versions, merged.data, path):
        _complain(f"{name}: each side is valid, what both make is not: {faults}")
        _complain("  `alscli validate` says where; mend it, then `git add` it")
        return 1
    if session.on_terminal:
        session.say(f"{name}: merged by field")
    return 0


def _read(files: tuple[Path, Path, Path]) -> tuple[bytes, bytes, bytes]:
    read: list[bytes] = []
    for file in files:
        try:
            read.append(file.read_bytes())
        except OSError as error:
            raise UsageError(
                f"{file}: {error.strerror or error}", "merge-driver ANCESTOR OURS THEIRS [PATH]"
            ) from error
    return read[0], read[1], read[2]


def _merged(versions: tuple[bytes, bytes, bytes], path: str) -> Merged:
    from alscli.store.merge import merge

    return merge(*versions, _kind(path))


def _kind(path: str) -> FileKind:
    from alscli.store.collection import FOLDERS, LEDGER

    place = Path(path)
    if place.name == LEDGER:
        return "ledger"
    for kind, folder in FOLDERS.items():
        if place.parent.name == folder:
            return kind
    if path:
        raise RefusedError("it lies where no record does")
    return "trial"


def _fallen_back(versions: tuple[bytes, bytes, bytes], labels: list[str]) -> bytes:
    """What git's own merge makes of them, with conflict markers; ours where it cannot merge them either."""
    from alscli.store.git import merge_lines

    base, ours, theirs = versions
    try:
        merged = merge_lines(base, ours, theirs, _marks(labels))
    except CollectionError as error:
        _complain(f"  ours is kept as it is ({error.message}): choose a side, then `git add` it")
        return ours
    _complain("  merged line by line instead: look at the whole file, mend it, then `git add` it")
    return merged


def _marks(labels: list[str]) -> tuple[str, str, str]:
    """The names of the three at conflict markers; git before 2.44 has none and passes the placeholders on."""
    base, ours, theirs = labels if len(labels) == 3 and "%X" not in labels else ("", "", "")
    return base, ours, theirs


def _gained(versions: tuple[bytes, bytes, bytes], data: bytes, path: str) -> str:
    """What the format says against the merged record that it says against neither side; empty is nothing."""
    from alscli.store.collection import Collection, Entry

    place = Path(path)
    kind = _kind(path)
    collection = Collection(place.parent if kind == "ledger" else place.parent.parent)

    def faults(version: bytes) -> dict[tuple[object, ...], str]:
        errors = collection.understand(Entry(place, kind), version).errors
        return {(*error["loc"], error["type"]): ".".join(map(str, error["loc"])) for error in errors}

    known = faults(versions[1]) | faults(versions[2])
    return ", ".join(name or "the record" for cause, name in faults(data).items() if cause not in known)


def _named(merged: Merged) -> str:
    fields = [conflict.field for conflict in merged.conflicts]
    return ", ".join(fields[:8]) + (f" and {len(fields) - 8} more" if len(fields) > 8 else "")


def _counted(merged: Merged) -> str:
    number = len(merged.conflicts)
    return f"{number} field{'' if number == 1 else 's'} changed"


def _complain(text: str) -> None:
    from alscli.text import plain

    print(plain(text), file=sys.stderr)


def _write(file: Path, data: bytes) -> None:
    try:
        file.write_bytes(data)
    except OSError as error:
        raise CollectionError(f"cannot write {file}: {error.strerror or error}") from error


def textconv(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A record.")],
) -> int:
    """Print a record with a line for each field; git calls this.

    `alscli install-git` sets it up, so that `git diff` and `git log -p` show what changed by field, whatever
    moved. What is no record is printed as it is; `--no-textconv` shows the file.

    \b
    Examples:
      alscli textconv records/trials/valor.toml
      git diff --no-textconv records/trials/valor.toml
    """
    from alscli.store.collection import read_bytes
    from alscli.store.toml import TomlError, parse
    from alscli.views.flat import lines

    try:
        data = read_bytes(file)
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror or error}", "alscli textconv FILE") from error
    try:
        document = parse(data)
    except TomlError:
        sys.stdout.buffer.write(file.read_bytes())
        return 0
    write_data("".join(f"{line}\n" for line in lines(document)))
    return 0


def install_git(
    context: typer.Context,
    uninstall: Annotated[bool, typer.Option("--uninstall", help="Remove what this command set up.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")
    ] = False,
) -> int:
    """Make git merge, show and check records by field in this clone.

    Sets the merge driver and the diff view in the clone's configuration, names the records in
    .gitattributes, and writes hooks that validate before a commit. Hooks of others are never overwritten. The
    path of this Python is written down, so run it again when that moves.

    \b
    Examples:
      alscli install-git --dry-run
      alscli install-git --uninstall
    """
    from alscli.store.installation import Installation

    session: Session = context.obj
    root = session.collection.root
    installation = Installation(_repository(root), root, sys.executable)
    steps = list(installation.undoing() if uninstall else installation.steps())
    for step in steps:
        if step.act is not None and not dry_run:
            step.act()
        would = "would " if dry_run and step.act is not None else ""
        done = "" if step.act is not None or step.words.startswith("leave") else "already: "
        write(f"{would}{done}{step.words}")
        if step.note:
            session.say(f"  {step.note}")
    if not steps:
        session.say("nothing of ours is set up here")
    elif not uninstall:
        session.say(f"git will call {sys.executable}; run this again when that moves")
    return 0


def _repository(root: Path) -> Repository:
    from alscli.store.git import repository

    try:
        return repository(root)
    except UsageError as error:
        raise UsageError(error.message, "start one with `git init`, then run this again") from error
