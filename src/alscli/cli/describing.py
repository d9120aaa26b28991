"""`schema`, `fields` and `values`: the format and its terms, as the program knows them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from alscli.cli.paging import write_lines
from alscli.cli.session import Session, write_data
from alscli.errors import CollectionError, UsageError

if TYPE_CHECKING:
    from alscli.model.vocabulary import Vocabularies

KINDS = ("trial", "product", "ledger")
FORMATS = ("table", "tsv", "json")

Format = Annotated[
    str | None,
    typer.Option(
        metavar="FORMAT", help="table, tsv or json; table on a terminal, else tsv.", show_default=False
    ),
]


def schema(
    context: typer.Context,
    kind: Annotated[str, typer.Argument(metavar="[KIND]", help="trial, product or ledger.")] = "trial",
    write_files: Annotated[
        bool,
        typer.Option("--write", help="Write all three into the collection, where editors look for them."),
    ] = False,
) -> int:
    """Print the JSON Schema of a kind of file.

    With the terms that the collection adds.

    \b
    Examples:
      alscli schema product
      alscli schema --write
    """
    from alscli.model.format import MODELS
    from alscli.model.nearness import did_you_mean
    from alscli.store.schemas import schema_text, write_schemas

    session: Session = context.obj
    if write_files:
        for path in write_schemas(session.collection):
            session.say(f"wrote {path}")
        return 0
    if kind not in MODELS:
        raise UsageError(f"no kind of file {kind!r}", did_you_mean(kind, MODELS))
    write_data(schema_text(kind, _vocabularies(session)))
    return 0


def _vocabularies(session: Session) -> Vocabularies:
    """The terms of the collection, or the shipped ones where there is no collection."""
    from alscli.model.vocabulary import shipped

    try:
        return session.collection.vocabularies
    except CollectionError:
        return shipped()


def fields(
    context: typer.Context,
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="A field, or part of its path.")
    ] = None,
    kind: Annotated[str, typer.Option(metavar="KIND", help="trial, product or ledger.")] = "trial",
    format: Format = None,  # noqa: A002
) -> int:
    """List the fields of the format.

    Type, meaning, terms, and what they are in WHO's Trial Registration Data Set and in ClinicalTrials.gov.
    A field that is named alone is explained in full, unless --format tsv or json is asked for.

    \b
    Examples:
      alscli fields enrollment
      alscli fields --kind product
    """
    from alscli.model.format import MODELS
    from alscli.model.format import fields as fields_of
    from alscli.model.nearness import did_you_mean
    from alscli.views.fields import render, render_one

    session: Session = context.obj
    if kind not in MODELS:
        raise UsageError(f"no kind of file {kind!r}", did_you_mean(kind, MODELS))
    chosen = session.chosen_format(format, FORMATS)
    entries = fields_of(kind)
    if name is not None:
        bare = name.replace("[]", "")
        exact = [entry for entry in entries if entry.path.replace("[]", "") == bare]
        found = exact or [entry for entry in entries if bare in entry.path.replace("[]", "").split(".")]
        if not found:
            paths = [entry.path for entry in entries]
            raise UsageError(f"no field {name!r}", did_you_mean(name, paths) or "`alscli fields` lists them")
        entries = tuple(found)
    if format in (None, "table") and name is not None and len(entries) == 1:
        color, room = session.colored(sys.stdout), session.columns if session.on_terminal else 100
        lines = render_one(entries[0], fields_of(kind), _vocabularies(session), room, color=color)
    else:
        lines = render(entries, chosen, session.columns)
    write_lines(lines, session)
    return 0


def values(
    context: typer.Context,
    field: Annotated[str, typer.Argument(metavar="FIELD", help="A field or a vocabulary.")],
    format: Format = None,  # noqa: A002
    counts: Annotated[
        bool, typer.Option("--counts", help="Only what the collection holds, with counts.")
    ] = False,
) -> int:
    """List the terms of a field.

    With labels and synonyms; or, for a field without a vocabulary, what the collection holds.

    \b
    Examples:
      alscli values cell_type
      alscli values sponsor.name
    """
    from alscli.model.format import fields as fields_of
    from alscli.model.nearness import did_you_mean
    from alscli.views.fields import render_counts, render_terms

    session: Session = context.obj
    chosen = session.chosen_format(format, FORMATS)
    vocabularies = _vocabularies(session)
    entries = {entry.path.replace("[]", ""): entry for kind in KINDS for entry in fields_of(kind)}
    bare = field.replace("[]", "")
    named = [entries[bare]] if bare in entries else []
    named = named or [entry for path, entry in entries.items() if path.rpartition(".")[2] == bare]
    vocabulary = (
        field
        if field in vocabularies
        else next((e.anatomy.vocabulary for e in named if e.anatomy.vocabulary), None)
    )
    if vocabulary is None and field == "conditions":
        vocabulary = "condition"
    if vocabulary is None and not named:
        known = sorted({*vocabularies, *(path.rpartition(".")[2] for path in entries)})
        raise UsageError(f"no field {field!r}", did_you_mean(field, known) or "`alscli fields` lists them")
    below = [path for path in entries if path.startswith(f"{bare}.") and not path.endswith((".src", ".loc"))]
    if vocabulary is None and {path.rpartition(".")[2] for path in below} - {"n", "on", "type"}:
        raise UsageError(f"{field} is a table", f"name one of its fields: {', '.join(below[:8])}")
    if vocabulary is None or counts:
        snapshot = session.collection.load()
        session.warn_unreadable([record.entry.path for record in snapshot.unreadable])
        lines = render_counts(field, named, snapshot, chosen, session.columns)
    else:
        lines = render_terms(vocabularies[vocabulary], chosen, session.columns)
    write_lines(lines, session)
    return 0
