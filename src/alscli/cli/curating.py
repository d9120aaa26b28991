"""`fmt`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from alscli.cli.session import Session, write

if TYPE_CHECKING:
    from alscli.store.collection import Record


def fmt(
    context: typer.Context,
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PATHS]...", help="Files, folders or ids; everything where none is given."),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit with 1 where a file would change.")
    ] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Write nothing; show what would change.")] = False,
) -> int:
    """Bring records into canonical layout.

    What they mean stays, and comments stay where they stood.

    \b
    Examples:
      alscli fmt nurown-phase3
      alscli fmt records/trials --diff
    """
    from alscli.store.collection import shown
    from alscli.store.tidying import laid_out, tidy

    session: Session = context.obj
    records = _chosen(session, paths or [])
    changed, broken = 0, 0
    for record in records:
        path = shown(record.entry.path)
        if record.document is None:
            broken += 1
            assert record.fault is not None  # noqa: S101
            print(
                f"{path}:{record.fault.line}:{record.fault.column}: {record.fault.message}; left as it is",
                file=sys.stderr,
            )
            continue
        text = laid_out(record)
        if text == record.document.text:
            continue
        changed += 1
        if diff:
            sys.stdout.writelines(_unified(record.document.text, text, path))
        elif check:
            write(f"would change {path}")
        else:
            tidy(session.collection, record.entry)
            write(f"changed {path}")
    would = "would change" if check or diff else "changed"
    session.say(f"{changed} of {len(records)} files {would}" if changed else "nothing to change")
    return 1 if broken or (changed and (check or diff)) else 0


def _chosen(session: Session, names: list[str]) -> list[Record]:
    from alscli.cli.checking import chosen

    collection = session.collection
    paths = chosen(names, collection, beginning=False) if names else None
    return [
        collection.read(entry) for entry in collection.entries() if paths is None or str(entry.path) in paths
    ]


def _unified(old: str, new: str, path: str) -> list[str]:
    from difflib import unified_diff

    return list(
        unified_diff(old.splitlines(keepends=True), new.splitlines(keepends=True), f"a/{path}", f"b/{path}")
    )
