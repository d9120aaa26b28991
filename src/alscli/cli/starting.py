"""`init`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from alscli.cli.session import Session, write


def init(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="Folder of the collection.")] = Path(
        "records"
    ),
    title: Annotated[str, typer.Option(metavar="TEXT", help="Name of the collection.")] = "Trials in ALS",
    scope: Annotated[str, typer.Option(metavar="A,B", help="Conditions it covers.")] = "ALS",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be written.")] = False,
) -> int:
    """Start a collection.

    Writes its marker, folders and schemas, and recipes for pre-commit and CI. What exists is not touched.

    \b
    Examples:
      alscli init
      alscli init registers/als
    """
    from alscli.store.founding import found

    session: Session = context.obj
    for path in found(
        folder, title, [part.strip() for part in scope.split(",") if part.strip()], dry_run=dry_run
    ):
        write(f"{'would write' if dry_run else 'wrote'} {path}")
    session.say("next: `alscli add` adds a trial, `alscli validate` checks the collection")
    return 0
