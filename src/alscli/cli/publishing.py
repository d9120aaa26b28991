"""`export`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from alscli.cli.options import Given, takes_filters
from alscli.cli.session import Session
from alscli.errors import UsageError

FORMATS = ("csv",)
TABLES = ("trials",)


@takes_filters
def export(
    context: typer.Context,
    filters: Given,
    format: Annotated[str, typer.Argument(metavar="FORMAT", help="csv.")],  # noqa: A002
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="PATH", help="File to write.", show_default=False)
    ] = None,
    table: Annotated[str, typer.Option(metavar="TABLE", help="trials: a row a trial.")] = "trials",
    bom: Annotated[bool, typer.Option("--bom", help="Begin with a byte order mark, for Excel.")] = False,
    list_separator: Annotated[
        str, typer.Option(metavar="TEXT", help="Between the elements of a list.")
    ] = "|",
    null: Annotated[str, typer.Option(metavar="TEXT", help="For what nobody looked for.")] = "",
    keep_going: Annotated[
        bool, typer.Option("--keep-going", help="Exit with 0 although records cannot be read.")
    ] = False,
) -> int:
    """Write trials for other tools.

    Those that the filters find, with the same columns whatever the data.

    Text that a spreadsheet would run as a formula gets an apostrophe before it; numbers are left alone.
    """
    from alscli.export import csv, target
    from alscli.model.nearness import did_you_mean
    from alscli.query import database
    from alscli.query.filters import condition, products_in, teach
    from alscli.query.tables import TRIALS

    session: Session = context.obj
    if format not in FORMATS:
        raise UsageError(f"no format {format!r}", did_you_mean(format, FORMATS))
    if table not in TABLES:
        raise UsageError(f"no table {table!r}", did_you_mean(table, TABLES))
    if len(list_separator) != 1 or list_separator in "\\\r\n\"'":
        raise UsageError("--list-separator takes one character, no quote, backslash or line end")
    index = session.index()
    connection = index.connection
    products = products_in(connection) if "product" in filters else {}
    where = condition(filters, session.collection.vocabularies, products)
    teach(connection)
    rows = database.select(connection, TRIALS.columns, where.sql, where.parameters, "t.id")
    lines = csv.render(TRIALS.columns, rows, separator=list_separator, null=null)
    if bom:
        lines = _marked(lines)
    if output is None:
        sys.stdout.writelines(lines)
    else:
        target.write(output, (line.encode() for line in lines))
    found = database.count(connection, where.sql, where.parameters)
    if not found:
        session.say("no trial matches; the table has only its header")
    elif output is not None:
        session.say(f"wrote {found} trials to {output}")
    return 1 if index.unreadable and not keep_going else 0


def _marked(lines: Iterator[str]) -> Iterator[str]:
    yield "\ufeff"
    yield from lines
