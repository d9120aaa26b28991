"""`export`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alscli.cli.options import Given, takes_filters
from alscli.cli.session import Session
from alscli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

FORMATS = ("csv",)


@takes_filters
def export(
    context: typer.Context,
    filters: Given,
    format: Annotated[str, typer.Argument(metavar="FORMAT", help="csv.")],  # noqa: A002
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="PATH", help="File, or folder, to write.", show_default=False),
    ] = None,
    table: Annotated[
        str | None,
        typer.Option(metavar="TABLE", help="Table of `alscli sql --schema`; trials.", show_default=False),
    ] = None,
    all: Annotated[bool, typer.Option("--all", help="Every table, a file each, into a folder.")] = False,  # noqa: A002
    bom: Annotated[bool, typer.Option("--bom", help="Begin with a byte order mark, for Excel.")] = False,
    list_separator: Annotated[
        str, typer.Option(metavar="TEXT", help="Between the elements of a list.")
    ] = "|",
    null: Annotated[str, typer.Option(metavar="TEXT", help="For what nobody looked for.")] = "",
    keep_going: Annotated[
        bool, typer.Option("--keep-going", help="Exit with 0 although records cannot be read.")
    ] = False,
) -> int:
    """Write tables for other tools.

    The trials that the filters find, with the same columns whatever the data; or another table, as far as
    it belongs to those trials; or all of them: export csv --all -o FOLDER.

    Text that a spreadsheet would run as a formula gets an apostrophe before it; numbers are left alone.

    \b
    Examples:
      alscli export csv --cell-type MSC -o msc.csv
      alscli export csv --table effects --primary not_met
    """
    from alscli.export import csv, target
    from alscli.query.database import table_rows
    from alscli.query.filters import asked, rows_of_trials
    from alscli.query.tables import TABLES

    session: Session = context.obj
    name = table or "trials"
    _require(format, FORMATS, "format")
    _require(name, TABLES, "table")
    if all and table is not None:
        raise UsageError("--all writes every table", "leave --table or --all out")
    if all and output is None:
        raise UsageError("--all writes a file for each table", "name a folder: --all -o FOLDER")
    if len(list_separator) != 1 or list_separator in "\\\r\n\"'":
        raise UsageError("--list-separator takes one character, no quote, backslash or line end")
    index = session.index()
    trials = asked(session.collection, index.connection, filters)
    written = 0

    def lines(name: str) -> Iterator[str]:
        nonlocal written
        shape = TABLES[name]
        condition = rows_of_trials(shape, trials, every_product=not filters)
        written = -1
        rows = table_rows(index.connection, name, *condition)
        for line in csv.render(shape.columns, rows, separator=list_separator, null=null):
            yield "\ufeff" + line if bom and written < 0 else line
            written += 1

    if all and output is not None:
        target.make_folder(output)
        for name in TABLES:
            target.write(output / f"{name}.{format}", (line.encode() for line in lines(name)))
        session.say(f"wrote {len(TABLES)} tables to {output}")
    elif output is None:
        sys.stdout.writelines(lines(name))
    else:
        target.write(output, (line.encode() for line in lines(name)))
        if written:
            what = "trials" if name == "trials" else f"rows of {name}"
            session.say(f"wrote {written} {what} to {output}")
    if not (written or all):
        what = "no trial matches" if name == "trials" else f"no rows of {name}"
        session.say(f"{what}; the table has only its header")
    return 1 if index.unreadable and not keep_going else 0


def _require(name: str, known: Collection[str], what: str) -> None:
    from alscli.model.nearness import did_you_mean

    if name not in known:
        raise UsageError(f"no {what} {name!r}", did_you_mean(name, known))
