"""`sql`, `search`, `stats` and `compare`: questions to the collection."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from alscli.cli.options import Given, NoHeader, Where, takes_filters
from alscli.cli.paging import write_lines
from alscli.cli.session import Session, write_data
from alscli.errors import UsageError

if TYPE_CHECKING:
    import sqlite3

    from alscli.query.filters import Condition, Named
    from alscli.views.stats import Section

FORMATS = ("table", "csv", "tsv", "json", "jsonl", "markdown")
STATS_FORMATS = tuple(name for name in FORMATS if name != "jsonl")
REPORTS = ("overdue", "primary", "completeness")
_FORMAT_HELP = f"{', '.join(FORMATS)}; table on a terminal, else tsv."
_STATS_FORMAT_HELP = f"{', '.join(STATS_FORMATS)}; table on a terminal, else tsv."

Format = Annotated[str | None, typer.Option(metavar="FORMAT", help=_FORMAT_HELP, show_default=False)]
StatsFormat = Annotated[
    str | None, typer.Option(metavar="FORMAT", help=_STATS_FORMAT_HELP, show_default=False)
]


def sql(
    context: typer.Context,
    query: Annotated[
        str | None,
        typer.Argument(metavar="[QUERY]", help="One SELECT; with --schema, a table.", show_default=False),
    ] = None,
    schema: Annotated[
        bool, typer.Option("--schema", help="List the tables and columns with what they mean.")
    ] = False,
    format: Format = None,  # noqa: A002
    no_header: NoHeader = False,
) -> int:
    """Ask in SQL.

    One SELECT of SQLite over all tables, undecided records too. It can only read, and is stopped after a few
    seconds. A number that is not reported is NULL; table `absences` and the column `written` tell why. Lists
    are JSON: SELECT value, count(*) FROM trials, json_each(cell_types) GROUP BY value

    \b
    Examples:
      alscli sql --schema
      alscli sql "SELECT id, enrollment FROM trials WHERE phase = '3'" --format csv
    """
    from alscli.query.filters import teach
    from alscli.query.guard import ask
    from alscli.views.answers import answer_rows, rows_as_json, schema_lines
    from alscli.views.table import render

    session: Session = context.obj
    kind = session.chosen_format(format, FORMATS)
    if schema:
        write_lines(schema_lines(query, kind, session.columns, color=session.colored(sys.stdout)), session)
        return 0
    if query is None:
        raise UsageError("there is no query", "write a SELECT, or --schema to see the tables")
    connection = session.index().connection
    teach(connection)
    columns, rows = answer_rows(ask(connection, query))
    if kind == "json":
        write_data(rows_as_json(columns, rows))
        return 0
    color = session.colored(sys.stdout)
    write_lines(render(kind, columns, rows, session.columns, color=color, header=not no_header), session)
    if kind == "table":
        session.say(f"{len(rows)} row{'' if len(rows) == 1 else 's'}")
    return 0


def search(
    context: typer.Context,
    words: Annotated[list[str], typer.Argument(metavar="WORDS", help="What to look for.")],
    decision: Annotated[
        list[str] | None,
        typer.Option(metavar="VALUE", help="Only trials that are include or undecided.", show_default=False),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="At most N results.", show_default=False)
    ] = None,
    format: Format = None,  # noqa: A002
    no_header: NoHeader = False,
) -> int:
    """Find words in English or Chinese.

    In trials, products, claims and what was left out, by their words, ids, terms and sources (DOI, PMID); the
    best first, with the place where the words stand. All words must be there; "in quotes" one after the
    other, and stem* finds what begins so.

    \b
    Examples:
      alscli search 鞘内
      alscli search '"respiratory failure" inject*' --limit 5
    """
    import sqlite3

    from alscli.query import database
    from alscli.query import search as text
    from alscli.query.filters import FILTERS, codes
    from alscli.views.answers import found_as_json, found_lines

    session: Session = context.obj
    kind = session.chosen_format(format, FORMATS)
    collection = session.collection
    (wanted,) = (each for each in FILTERS if each.name == "decision")
    decisions = sorted({c for value in decision or () for c in codes(wanted, value, collection.vocabularies)})
    connection = session.index().connection
    try:
        text.index(connection, collection.vocabularies)
    except sqlite3.OperationalError:  # a cache that cannot be written, or is being written for long
        connection = database.build(collection.load(), collection.vocabularies)
        text.index(connection, collection.vocabularies)
    query = _query(words)
    found, total = text.search(connection, query, decisions, limit)
    undecided = 0 if decisions else database.count(connection, "t.decision = 'undecided'")
    if kind == "json":
        write_data(found_as_json(query, found, total))
    else:
        color = session.colored(sys.stdout)
        write_lines(found_lines(found, kind, session.columns, color=color, header=not no_header), session)
    if kind == "table" or len(found) < total or not found:
        parts = [f"{len(found)} of {total} found" if len(found) < total else f"{total} found"]
        parts += [f"{undecided} undecided trials not searched"] if undecided else []
        parts += ["whole words only: stem* finds what begins so"] if not total and "*" not in query else []
        session.say("; ".join(parts))
    return 0


def _query(words: Sequence[str]) -> str:
    """The query; an argument that the shell kept together among others is a phrase."""
    if len(words) == 1:
        return words[0]
    return " ".join(f'"{word}"' if " " in word and '"' not in word else word for word in words)


@takes_filters
def stats(
    context: typer.Context,
    filters: Given,
    by: Annotated[
        list[str] | None,
        typer.Argument(metavar="[BY]...", help="Columns to count by, such as phase.", show_default=False),
    ] = None,
    where: Where = None,
    report: Annotated[
        str | None, typer.Option(metavar="NAME", help=f"{', '.join(REPORTS)}.", show_default=False)
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="At most N groups.", show_default=False)
    ] = None,
    format: StatsFormat = None,  # noqa: A002
    no_header: NoHeader = False,
) -> int:
    """Count trials.

    By columns, with n of N; a trial with several values counts under each. Without columns: the size of the
    collection, how complete its main fields are, and how old. Reports: results overdue, results of primary
    endpoints by level of evidence and cell type, completeness of every field.

    A field is complete in `percent` of the trials, where it is known; it is `answered` also where the record
    says why it is not: not_reported by any source, or not_applicable. `missing` is what nobody looked for.

    \b
    Examples:
      alscli stats
      alscli stats phase status --cell-type MSC
      alscli stats --report overdue
    """
    from alscli.model.nearness import did_you_mean

    session: Session = context.obj
    kind = session.chosen_format(format, STATS_FORMATS)
    if report is not None and report not in REPORTS:
        raise UsageError(f"--report: no report {report!r}", did_you_mean(report, REPORTS))
    if report is not None and by:
        raise UsageError("a report has its own columns", "leave BY or --report out")
    if by:
        return counted(session, filters, where, by, kind, limit, header=not no_header)
    if limit is not None:
        raise UsageError("--limit is for groups", "name columns to count by")
    with session.asked(filters, where) as (index, chosen):
        if report == "overdue":
            _overdue(session, index.connection, chosen, kind, header=not no_header)
        elif report == "primary":
            _primary(session, index.connection, chosen, kind, header=not no_header)
        else:
            whole = report is None
            _state(session, index.connection, chosen, kind, whole=whole, header=not no_header)
    return 0


def counted(
    session: Session,
    filters: Given,
    where: Sequence[str] | None,
    by: Sequence[str],
    kind: str,
    limit: int | None,
    *,
    header: bool,
) -> int:
    """Write the trials that the filters find, counted by columns."""
    from alscli.query.counts import count_by
    from alscli.query.filters import grouping
    from alscli.views import stats as view

    columns = grouping(by)
    if not columns:
        raise UsageError("there is no column to count by", "name one, such as phase")
    if kind not in STATS_FORMATS:
        raise UsageError(f"--format: counts have no {kind}", f"there are: {', '.join(STATS_FORMATS)}")
    with session.asked(filters, where) as (index, chosen):
        counts = count_by(index.connection, columns, chosen)
    if kind == "json":
        write_data(view.as_json(counts, limit))
    else:
        color = session.colored(sys.stdout)
        lines = view.lines(counts, kind, session.columns, color=color, limit=limit, header=header)
        write_lines(lines, session)
    shown = len(counts.rows[:limit])
    if kind == "table" or shown < len(counts.rows) or counts.several or not counts.total:
        session.say(view.notes(counts, shown))
    return 0


def _state(
    session: Session,
    connection: sqlite3.Connection,
    chosen: Condition,
    kind: str,
    *,
    whole: bool,
    header: bool,
) -> None:
    from alscli.query import upkeep
    from alscli.query.database import count
    from alscli.views.stats import section_lines, sections_as_json

    total = count(connection, chosen.sql, chosen.parameters)
    fields = upkeep.completeness(connection, chosen, upkeep.MAIN if whole else None)
    sections: list[Section] = [(f"Completeness of {total} trials", upkeep.COMPLETENESS, fields)]
    if whole:
        sections.insert(0, ("The collection", upkeep.SIZE[:2], upkeep.size(connection)))
        fresh = upkeep.staleness(connection, chosen, session.as_of)
        sections.append((f"Freshness on {session.as_of}", upkeep.SIZE, fresh))
    if kind == "json":
        write_data(sections_as_json(sections, total))
        return
    color = session.colored(sys.stdout)
    write_lines(section_lines(sections, kind, session.columns, color=color, header=header), session)


def _overdue(
    session: Session, connection: sqlite3.Connection, chosen: Condition, kind: str, *, header: bool
) -> None:
    from alscli.query import upkeep
    from alscli.views.stats import report_as_json
    from alscli.views.table import render

    rows, asked = upkeep.overdue(connection, chosen, session.as_of)
    if kind == "json":
        write_data(report_as_json(upkeep.OVERDUE, ("id",), rows, asked))
    else:
        color = session.colored(sys.stdout)
        lines = render(kind, upkeep.OVERDUE, rows, session.columns, color=color, header=header)
        write_lines(lines, session)
    session.say(
        f"{len(rows)} of {asked} registered interventional trials that ended more than a year before"
        f" {session.as_of} have no result on file; delays can be certified, and phase 1 may be exempt"
    )


def _primary(
    session: Session, connection: sqlite3.Connection, chosen: Condition, kind: str, *, header: bool
) -> None:
    from alscli.query import upkeep
    from alscli.views.stats import named, report_as_json
    from alscli.views.table import render

    columns, rows, total = upkeep.primary_results(connection, chosen)
    if kind == "json":
        write_data(report_as_json(columns, upkeep.PRIMARY, rows, total))
    else:
        color = session.colored(sys.stdout)
        lines = render(kind, columns, named(rows), session.columns, color=color, header=header)
        write_lines(lines, session)
    session.say(f"N = {total} trials; one with several kinds of cells stands in several rows")


@takes_filters
def compare(
    context: typer.Context,
    filters: Given,
    names: Annotated[list[str], typer.Argument(metavar="ID...", help="Trials; with --by, terms.")],
    by: Annotated[
        str | None, typer.Option(metavar="FILTER", help="Compare kinds of trials.", show_default=False)
    ] = None,
    where: Where = None,
    format: StatsFormat = None,  # noqa: A002
) -> int:
    """Compare trials, or kinds of trials.

    Trials side by side, what differs first. With --by, the trials that each term finds:
    compare --by cell_type MSC NSC iPSC shows how many there are, their status, level of evidence, results of
    primary endpoints and harms, each with its own denominator: nothing is pooled.

    \b
    Examples:
      alscli compare nurown-phase3 alsummit
      alscli compare --by cell_type MSC NSC iPSC
    """
    session: Session = context.obj
    kind = session.chosen_format(format, STATS_FORMATS)
    if by is not None:
        return _compare_kinds(session, filters, where, by, names, kind)
    if filters or where:
        raise UsageError("filters choose among kinds of trials", "use them with --by, or name trials by id")
    return _compare_trials(session, names, kind)


def _compare_trials(session: Session, names: Sequence[str], kind: str) -> int:
    from alscli.cli.revisions import entry_begun
    from alscli.query import database
    from alscli.query.comparison import side_by_side
    from alscli.views import comparison as view

    entries = [entry_begun(session, name) for name in names]
    ids = list(dict.fromkeys(entry.id for entry in entries))
    connection = session.index().connection
    for name, entry in zip(names, entries, strict=True):
        if entry.kind != "trial" or not database.count(connection, "t.id = ?", [entry.id]):
            raise UsageError(f"{name!r} is no readable trial", "compare trials; `alscli list` lists them")
    if len(ids) < 2:
        raise UsageError("there is only one trial to compare", "name two or more, or use `alscli show`")
    facts = side_by_side(connection, ids)
    if kind == "json":
        write_data(view.facts_as_json(ids, facts))
    else:
        color = session.colored(sys.stdout)
        write_lines(view.facts(ids, facts, kind, session.columns, color=color), session)
    return 0


def _compare_kinds(
    session: Session, filters: Given, where: Sequence[str] | None, by: str, terms: Sequence[str], kind: str
) -> int:
    from alscli.model.nearness import did_you_mean
    from alscli.query.comparison import group, overlapping
    from alscli.query.filters import EVERY_DECISION, FILTERS, condition, products_in
    from alscli.views import comparison as view

    name = by.replace("-", "_")
    known = [each.name for each in FILTERS]
    if name not in known:
        raise UsageError(f"--by: no filter {by!r}", did_you_mean(by, known))
    if name in filters:
        raise UsageError(f"--by {by} and --{by} ask for the same", "leave one out")
    vocabularies = session.collection.vocabularies
    groups = []
    products: Mapping[str, Named] = {}
    with session.asked(filters, where) as (index, chosen):
        if name == "product":
            products = products_in(index.connection)
        for term in dict.fromkeys(terms):
            found = condition({name: [term], **EVERY_DECISION}, vocabularies, products)
            groups.append(group(index.connection, term, chosen.also(found)))
    if kind == "json":
        write_data(view.groups_as_json(name, groups))
    else:
        color = session.colored(sys.stdout)
        write_lines(view.groups(groups, kind, session.columns, color=color), session)
    if shared := overlapping(groups):
        session.say(f"{shared} trial{'' if shared == 1 else 's'} in more than one column")
    return 0
