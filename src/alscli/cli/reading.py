"""`list` and `show`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from alscli.cli.options import Given, NoHeader, Where, takes_filters
from alscli.cli.paging import write_lines
from alscli.cli.session import Session, check_format, write, write_data
from alscli.errors import UsageError

if TYPE_CHECKING:
    from alscli.model.product import Product
    from alscli.model.trial import Trial
    from alscli.query.tables import Column, Row
    from alscli.store.collection import Snapshot

LIST_FORMATS = ("table", "csv", "tsv", "json", "jsonl", "ids", "markdown")
SHOW_FORMATS = ("text", "toml", "json", "markdown")


@takes_filters
def list_(
    context: typer.Context,
    filters: Given,
    where: Where = None,
    columns: Annotated[
        str | None,
        typer.Option(metavar="A,B", help="Columns; +a,b adds to the usual ones.", show_default=False),
    ] = None,
    sort: Annotated[
        str | None, typer.Option(metavar="A,-B", help="Columns to sort by; - reverses.", show_default=False)
    ] = None,
    group_by: Annotated[
        str | None,
        typer.Option(metavar="A,B", help="Count by columns instead of listing.", show_default=False),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="At most N trials.", show_default=False)
    ] = None,
    format: Annotated[  # noqa: A002
        str | None,
        typer.Option(metavar="FORMAT", help=f"{', '.join(LIST_FORMATS)}; table on a terminal, else tsv."),
    ] = None,
    count: Annotated[bool, typer.Option("--count", help="Only how many there are.")] = False,
    no_header: NoHeader = False,
) -> int:
    """List trials, with the honest line of each.

    Filters may be repeated (any of the values) and combined (all of the filters). --where takes what filters
    cannot say: --where "enrollment_randomized > 50 and country_count > 1", and asks other tables by
    --where "id in (select trial from safety where deaths > 0)".

    \b
    Examples:
      alscli list --cell-type MSC --primary not_met
      alscli list --where "enrollment_randomized > 50" --sort -year --format csv
    """
    from alscli.query import database
    from alscli.query.filters import columns as chosen_columns
    from alscli.query.filters import ordering
    from alscli.views.trials import DEFAULT, heading

    session: Session = context.obj
    kind = session.chosen_format(format, LIST_FORMATS)
    if group_by is not None:
        if columns is not None or sort is not None or count or kind == "ids":
            raise UsageError("--group-by counts, and lists no trials", "leave --columns, --sort, --count out")
        from alscli.cli.asking import counted

        return counted(session, filters, where, group_by.split(","), kind, limit, header=not no_header)
    wanted = chosen_columns("id" if kind == "ids" else columns, DEFAULT)
    order = ordering(sort)
    with session.asked(filters, where) as (index, chosen):
        connection = index.connection
        rows = [] if count else list(database.select(connection, wanted, *chosen, order, limit))
        whole = limit is None and not count
        matching = len(rows) if whole else database.count(connection, *chosen)
    total = database.count(connection)
    if count:
        write(str(matching))
        return 0
    if kind == "json":
        write_data(_json(wanted, rows, total, len(index.unreadable)))
    else:
        write_lines(_lines(kind, wanted, rows, session, header=not no_header), session)
    undecided = database.count(connection, "t.decision = 'undecided'") if "decision" not in filters else 0
    if kind == "table" or len(rows) < matching or not rows:
        session.say(heading(len(rows), matching, total, undecided))
    return 0


def _lines(
    kind: str, columns: Sequence[Column], rows: Sequence[Row], session: Session, *, header: bool
) -> Iterator[str]:
    from alscli.views import table, trials

    match kind:
        case "table":
            if rows:
                yield from trials.render(columns, rows, session.columns, color=session.colored(sys.stdout))
        case "ids":
            yield from (str(row["id"]) for row in rows)
        case _:
            yield from table.render(kind, columns, rows, session.columns, color=False, header=header)


def _json(columns: Sequence[Column], rows: Sequence[Row], total: int, unreadable: int) -> str:
    import json

    from alscli.views.table import json_object

    envelope = {
        "schema": "alscli/trials/1",
        "count": len(rows),
        "total": total,
        "unreadable": unreadable,
        "trials": [json_object(columns, row) for row in rows],
    }
    return json.dumps(envelope, ensure_ascii=False, indent=2) + "\n"


def show(
    context: typer.Context,
    id: Annotated[str, typer.Argument(metavar="ID", help="Id, registry id, or the beginning of one.")],  # noqa: A002
    format: Annotated[str, typer.Option(metavar="FORMAT", help="text, toml, json or markdown.")] = "text",  # noqa: A002
) -> int:
    """Show one record, the honest line first.

    The primary endpoint stands before any subgroup, and where sources disagree both are shown.

    \b
    Examples:
      alscli show NCT03280056
      alscli show nurown --format markdown
    """
    from alscli.cli.revisions import entry_begun
    from alscli.errors import CollectionError
    from alscli.model.product import Product
    from alscli.model.trial import Trial
    from alscli.store.collection import shown
    from alscli.views import record as view

    session: Session = context.obj
    check_format(format, SHOW_FORMATS)
    record = session.collection.read(entry_begun(session, id))
    if record.document is not None and format == "toml":
        write_data(record.document.text)
        return 0
    if record.document is not None and format == "json":
        write_data(view.as_json(record.entry.kind, record.document.values))
        return 0
    if record.entry.kind == "ledger":
        raise UsageError("the ledger has no page", "ask for --format toml or json, or use `alscli sql`")
    if not isinstance(record.model, (Trial, Product)):
        raise CollectionError(
            f"{shown(record.entry.path)} holds no readable record",
            f"`alscli validate {record.entry.id}` says why",
        )
    around = _around(session, record.model)
    color, room = session.colored(sys.stdout), session.columns if session.on_terminal else 100
    lines: Iterable[str]
    if format == "markdown":
        lines = view.markdown(record.model, around)
    elif isinstance(record.model, Trial):
        lines = view.trial(record.model, around, room, color=color)
    else:
        lines = view.product(record.model, around, room, color=color)
    write_lines(lines, session)
    return 0


def _around(session: Session, model: Trial | Product) -> Snapshot:
    """What a page takes from other records: products, the ledger, related trials, those of a product."""
    from alscli.cli.revisions import entry_with_id
    from alscli.model.product import Product
    from alscli.store.collection import assemble

    collection = session.collection
    beside = assemble(collection.read(entry) for entry in collection.entries() if entry.kind != "trial")
    if isinstance(model, Product):
        statement = "SELECT DISTINCT trial FROM interventions WHERE product = ?"
        found = session.index().connection.execute(statement, (model.id,))
        names = [trial for (trial,) in found]
    else:
        session.warn_unreadable([record.entry.path for record in beside.unreadable])
        names = [related.id for related in model.related]
    trials = [entry for name in names if (entry := entry_with_id(session, name)) and entry.kind == "trial"]
    return assemble([*beside.records, *map(collection.read, trials)])
