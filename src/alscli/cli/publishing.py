"""`export`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from alscli.cli.options import Given, takes_filters
from alscli.cli.session import Session
from alscli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from alscli.export.formats import Spelling
    from alscli.export.selection import Selection


_SHOWN = 5_000
"""Rows after which a person at a terminal is told how far it went."""


class _Asked(NamedTuple):
    """What the command line asks for."""

    format: str
    output: Path | None
    table: str | None
    all: bool
    bom: bool
    spelling: Spelling


@takes_filters
def export(
    context: typer.Context,
    filters: Given,
    format: Annotated[  # noqa: A002
        str,
        typer.Argument(
            metavar="FORMAT",
            help="csv, tsv, json, jsonl, markdown, parquet, xlsx, sqlite, bibtex, ris, csl-json, fhir, "
            "prisma or metafor.",
        ),
    ],
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="PATH",
            help="File, or folder, to write; - is stdout.",
            show_default=False,
        ),
    ] = None,
    table: Annotated[
        str | None,
        typer.Option(metavar="TABLE", help="Table of `alscli sql --schema`; trials.", show_default=False),
    ] = None,
    all: Annotated[  # noqa: A002
        bool, typer.Option("--all", help="Every table: files in a folder, or sheets of a workbook.")
    ] = False,
    bom: Annotated[bool, typer.Option("--bom", help="Begin with a byte order mark, for Excel.")] = False,
    list_separator: Annotated[
        str, typer.Option(metavar="TEXT", help="Between the elements of a list.")
    ] = "|",
    null: Annotated[str, typer.Option(metavar="TEXT", help="For what nobody looked for.")] = "",
    at: Annotated[
        str | None, typer.Option(metavar="TIME", help="metafor: time of the outcomes.", show_default=False)
    ] = None,
    effect: Annotated[
        str | None, typer.Option(metavar="TYPE", help="metafor: type of effect.", show_default=False)
    ] = None,
    measure: Annotated[
        str | None,
        typer.Option(metavar="MEASURE", help="metafor: what of the scale.", show_default=False),
    ] = None,
    matrix: Annotated[
        str | None,
        typer.Option(metavar="MATRIX", help="metafor: what a biomarker is measured in.", show_default=False),
    ] = None,
    unit: Annotated[
        str | None,
        typer.Option(metavar="UNIT", help="metafor: unit of the differences.", show_default=False),
    ] = None,
    manifest: Annotated[
        bool, typer.Option("--manifest", help="Write beside it from what it was made, with checksums.")
    ] = False,
    keep_going: Annotated[
        bool, typer.Option("--keep-going", help="Exit with 0 although records cannot be read.")
    ] = False,
) -> int:
    """Write the register for other tools.

    The trials that the filters find, with the same columns whatever the data; or another table, as far as
    it belongs to those trials; or all of them, as a Data Package: export csv --all -o FOLDER.

    Text that a spreadsheet would run as a formula gets an apostrophe before it; numbers are left alone.

    \b
    Examples:
      alscli export csv --cell-type MSC -o msc.csv
      alscli export csv --table effects --primary not_met
      alscli export xlsx --all -o register.xlsx
      alscli export bibtex --product nurown
    """
    from alscli.export.formats import Spelling, require

    session: Session = context.obj
    place = _place(output)
    asked_for = _Asked(format, place, table, all, bom, Spelling(list_separator, null))
    choice = {"at": at, "effect": effect, "measure": measure, "matrix": matrix, "unit": unit}
    _examine(asked_for, filters, choice, manifest=manifest)
    require(format)
    index = session.index()
    selection = _selection(session, index.connection, filters, place)
    files = _write(asked_for, selection, session, choice | {"instrument": filters.get("instrument")})
    if manifest and place is not None:
        options: dict[str, Any] = {"filters": filters, "table": table, "all": all, "bom": bom}
        options |= {name: value for name, value in choice.items() if value is not None}
        _add_manifest(asked_for, files, selection, session, options, index.unreadable)
    return 1 if index.unreadable and not keep_going else 0


def _place(output: str | None) -> Path | None:
    """The path that is named; None for stdout."""
    if output is None or output == "-":
        return None
    if not output:  # as of a variable that is not set: it is not the folder one is in
        raise UsageError("--output names nothing", "name a file, or leave it out for stdout")
    return Path(output)


def _examine(asked_for: _Asked, filters: Given, choice: dict[str, str | None], *, manifest: bool) -> None:
    """Raise UsageError where options do not go together."""
    from alscli.export.formats import BINARY

    _examine_tables(asked_for)
    _examine_spelling(asked_for)
    if asked_for.output is not None:
        _examine_name(asked_for, asked_for.output)
    format_ = asked_for.format
    for name, value in choice.items():
        if value is not None and format_ != "metafor":
            raise UsageError(f"--{name} is for metafor", f"leave it out of {format_}")
    if filters and format_ == "prisma":
        raise UsageError("prisma counts the whole collection", "leave the filters out")
    if manifest and asked_for.output is None:
        raise UsageError("--manifest writes a file beside the export", "name that one: -o PATH")
    if format_ in BINARY and asked_for.output is None and sys.stdout.isatty():
        raise UsageError(f"{format_} is no text for a terminal", "name a file: -o PATH")


def _examine_tables(asked_for: _Asked) -> None:
    from alscli.export.formats import BOOKS, DOCUMENTS, FORMATS
    from alscli.query.tables import TABLES

    format_ = asked_for.format
    _require(format_, FORMATS, "format")
    _require(asked_for.table or "trials", TABLES, "table")
    if asked_for.all and asked_for.table is not None:
        raise UsageError("--all writes every table", "leave --table or --all out")
    if format_ in (*DOCUMENTS, "sqlite") and asked_for.table is not None:
        raise UsageError(f"{format_} has no single table", "leave --table out")
    if format_ in DOCUMENTS and asked_for.all:
        raise UsageError(f"{format_} has no tables", "leave --all out")
    if asked_for.all and asked_for.output is None and format_ not in BOOKS:
        raise UsageError("--all writes a file for each table", "name a folder: --all -o FOLDER")


def _examine_name(asked_for: _Asked, output: Path) -> None:
    """Raise UsageError where the name says that something else is in the file; other endings say nothing."""
    from alscli.export.formats import BOOKS, ENDINGS

    format_, ending = asked_for.format, output.suffix[1:].casefold()
    of_ending = [name for name, endings in ENDINGS.items() if ending in endings]
    if not of_ending or output.is_dir():
        return
    if asked_for.all and format_ not in BOOKS:
        raise UsageError(f"--all writes a folder, and {output} is named like a file", "name a folder")
    if format_ not in of_ending:
        fitting = output.with_suffix(f".{ENDINGS[format_][0]}")
        raise UsageError(f"{output} is named like {of_ending[0]}, not like {format_}", f"name it {fitting}")


def _examine_spelling(asked_for: _Asked) -> None:
    separator = asked_for.spelling.separator
    if len(separator) != 1 or separator in "\\\r\n\"'":
        raise UsageError("--list-separator takes one character, no quote, backslash or line end")
    if any(character in asked_for.spelling.null for character in "\r\n\0"):
        raise UsageError("--null takes one line")
    if asked_for.bom and asked_for.format not in ("csv", "tsv"):
        raise UsageError("--bom is for csv and tsv", f"leave it out of {asked_for.format}")


def _selection(session: Session, connection: Any, filters: Given, output: Path | None) -> Selection:
    from alscli.export.selection import Selection
    from alscli.query.filters import asked

    trials = asked(session.collection, connection, filters)
    vocabularies = session.collection.vocabularies
    if session.quiet or not sys.stderr.isatty() or (output is None and sys.stdout.isatty()):
        return Selection(connection, trials, vocabularies, bool(filters))

    shown = ("", 0)

    def progress(table: str, count: int) -> None:
        nonlocal shown
        if count >= _SHOWN and (table, count // _SHOWN) != shown:
            shown = table, count // _SHOWN
            print(f"\r{count:,} rows of {table}\x1b[K\r", end="", file=sys.stderr, flush=True)

    return Selection(connection, trials, vocabularies, bool(filters), progress=progress)


def _wipe() -> None:
    """Take away what was told of progress."""
    if sys.stderr.isatty():
        print("\x1b[K", end="", file=sys.stderr)


def _write(asked_for: _Asked, selection: Selection, session: Session, choice: dict[str, Any]) -> list[Path]:
    """Write what is asked for, and say so; return the files."""
    from alscli.export import target
    from alscli.export.formats import BINARY, BOOKS, DOCUMENTS, make

    format_, output = asked_for.format, asked_for.output
    if asked_for.all and format_ not in BOOKS and output is not None:
        return _write_folder(asked_for, output, selection, session)
    if format_ == "markdown" and output is not None and asked_for.table is None and _is_folder(output):
        return _write_pages(output, selection, session)
    said: list[str] = []
    if format_ in BINARY:
        table = asked_for.table or ("trials" if format_ != "sqlite" and not asked_for.all else None)

        def fill(path: Path) -> None:
            said.extend(make(format_, path, selection, table, asked_for.spelling))

        _put_file(output, fill)
    else:
        text = (
            _document(asked_for, selection, session, choice, said)
            if format_ in DOCUMENTS
            else _marked(_text(asked_for, selection, asked_for.table or "trials"), bom=asked_for.bom)
        )
        if output is None:
            sys.stdout.writelines(text)
        else:
            target.write(output, (piece.encode("utf-8", "backslashreplace") for piece in text))
    _wipe()
    for line in said:
        session.say(line)
    _say(asked_for, selection, session)
    return [] if output is None else [output]


def _is_folder(output: Path) -> bool:
    """Whether the name is one for pages: without an ending, and no device or pipe."""
    from alscli.export import target

    return not (output.suffix or target.is_stream(output))


def _say(asked_for: _Asked, selection: Selection, session: Session) -> None:
    """How much was written, where it is not to be seen, and that nothing was found."""
    from alscli.export.formats import COUNTED, DOCUMENTS

    table = asked_for.table or "trials"
    whole = asked_for.all or asked_for.format == "sqlite"
    if asked_for.format in DOCUMENTS:
        what = COUNTED.get(asked_for.format, "references")
        count = selection.counts[what]
    else:
        what = "trials" if table == "trials" else f"rows of {table}"
        count = selection.counts[table]
    if whole and asked_for.output is not None:
        session.say(f"wrote {len(selection.counts)} tables to {asked_for.output}")
    elif count and asked_for.output is not None:
        session.say(f"wrote {count} {what} to {asked_for.output}")
    if not count and asked_for.format in DOCUMENTS:
        session.say(f"no {what}: the file is empty of them")
    elif not (count or whole):
        nothing = "no trial matches" if table == "trials" else f"no {what}"
        headed = asked_for.format not in ("json", "jsonl")
        session.say(f"{nothing}; the table has only its header" if headed else nothing)


def _text(asked_for: _Asked, selection: Selection, table: str) -> Iterator[str]:
    """A table in a format that is text."""
    from alscli.export.formats import table_text

    if asked_for.format != "markdown":
        return table_text(asked_for.format, selection, table, asked_for.spelling)
    from alscli.query.filters import columns
    from alscli.query.tables import TABLES
    from alscli.views.table import markdown
    from alscli.views.trials import DEFAULT

    shown = columns(None, DEFAULT) if table == "trials" else TABLES[table].columns
    return (f"{line}\n" for line in markdown(shown, selection.rows(table)))


def _marked(text: Iterable[str], *, bom: bool) -> Iterator[str]:
    if bom:
        yield "\ufeff"
    yield from text


def _document(
    asked_for: _Asked, selection: Selection, session: Session, choice: dict[str, Any], said: list[str]
) -> Iterator[str]:
    """The text of a format with a content of its own; fills `said` with what a reader must be told."""
    from importlib import import_module

    from alscli.export.formats import REFERENCES

    name = asked_for.format.replace("-", "_")
    render: Callable[..., Iterator[str]] = import_module(f"alscli.export.{name}").render
    if asked_for.format in REFERENCES:
        from alscli.export.references import gather

        return render(gather(selection))
    if asked_for.format == "metafor":
        return render(selection, choice, said)
    return render(selection, said) if asked_for.format == "prisma" else render(selection)


def _put_file(output: Path | None, fill: Callable[[Path], None]) -> None:
    """Fill a file, to become `output` or to go to stdout."""
    from alscli.export import target

    if output is not None:
        with target.placed(output) as path:
            fill(path)
        return
    import shutil
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "export"
        path.touch()
        fill(path)
        sys.stdout.flush()
        with path.open("rb") as made:
            shutil.copyfileobj(made, sys.stdout.buffer)


def _write_folder(asked_for: _Asked, folder: Path, selection: Selection, session: Session) -> list[Path]:
    """A file for each table, all or none; those that a Data Package knows with their description."""
    from alscli.export import datapackage, target
    from alscli.export.formats import BINARY, ENDINGS, make
    from alscli.export.manifest import checksum
    from alscli.query.tables import TABLES

    format_, spelling = asked_for.format, asked_for.spelling
    target.make_folder(folder)
    described: dict[str, dict[str, Any]] = {}
    files: list[Path] = []
    with target.places() as place:
        for name in TABLES:
            file = folder / f"{name}.{ENDINGS[format_][0]}"
            path = place(file)
            if format_ in BINARY:
                make(format_, path, selection, name, spelling)
            else:
                with path.open("wb") as stream:
                    for piece in _marked(_text(asked_for, selection, name), bom=asked_for.bom):
                        stream.write(piece.encode("utf-8", "backslashreplace"))
            described[name] = {"path": file.name, **checksum(path)}
            files.append(file)
        if format_ in ("csv", "tsv"):
            file = folder / "datapackage.json"
            title, licence = _about(session)
            text = datapackage.describe(
                described,
                session.collection.vocabularies,
                format=format_,
                title=title,
                licence=licence,
                separator=spelling.separator,
                null=spelling.null,
            )
            place(file).write_bytes(text.encode())
            files.append(file)
    _wipe()
    session.say(f"wrote {len(TABLES)} tables to {folder}")
    return files


def _write_pages(folder: Path, selection: Selection, session: Session) -> list[Path]:
    """A page for each trial, all or none."""
    from alscli.export import target
    from alscli.views.record import markdown

    target.make_folder(folder)
    snapshot = session.collection.load()
    files: list[Path] = []
    with target.places() as place:
        for row in selection.rows("trials"):
            if (trial := snapshot.trials.get(str(row["id"]))) is None:
                continue
            files.append(folder / f"{row['id']}.md")
            place(files[-1]).write_bytes(("\n".join(markdown(trial, snapshot)) + "\n").encode())
    session.say(f"wrote {len(files)} pages to {folder}" if files else "no trial matches; no page to write")
    return files


def _about(session: Session) -> tuple[str | None, str | None]:
    """Title and licence of the collection, as its marker gives them."""
    from alscli.errors import AlscliError
    from alscli.store.collection import MARKER, read_bytes
    from alscli.store.toml import parse

    try:
        values = parse(read_bytes(session.collection.root / MARKER)).values
    except (OSError, AlscliError):
        return None, None
    title, licence = values.get("title"), values.get("licence")
    return (title if isinstance(title, str) else None), (licence if isinstance(licence, str) else None)


def _add_manifest(
    asked_for: _Asked,
    files: list[Path],
    selection: Selection,
    session: Session,
    options: dict[str, Any],
    unreadable: list[Path],
) -> None:
    """Write the manifest beside the file, or into the folder."""
    from alscli.export import manifest, target

    output = asked_for.output
    if output is None:
        return
    title, licence = _about(session)
    text = manifest.describe(
        session.collection.root,
        files,
        format=asked_for.format,
        options=options | asked_for.spelling._asdict(),
        counts=selection.counts,
        unreadable=unreadable,
        title=title,
        licence=licence,
    )
    place = output / "manifest.json" if output.is_dir() else output.with_name(f"{output.name}.manifest.json")
    target.write(place, [text.encode()])


def _require(name: str, known: Collection[str], what: str) -> None:
    from alscli.model.nearness import did_you_mean

    if name not in known:
        raise UsageError(f"no {what} {name!r}", did_you_mean(name, known))
