"""The ledger: what was looked at and not included, claims that circulate, searches, shared sources."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from alscli.model.field import FACET, Table, Term, optional, required, several
from alscli.model.provenance import Ref
from alscli.model.trial import RecordId, SchemaVersion
from alscli.model.values import Count, Date, Text


class Excluded(Table):
    """Something that was looked at and is no trial of this collection."""

    id: RecordId = required("Name, unique in the ledger")
    title: Text = required("What it is")
    reason: Annotated[str, Term("excluded_reason")] | None = optional("Why it is not included")
    stage: Annotated[str, Term("excluded_stage")] | None = optional("At which stage of screening")
    found_in: list[Text] = several("Searches and seeds that named it", kind="set")
    cites: list[Text] = several("Records, or registry ids, that it speaks of", kind="set")
    refs: list[Text] = several("Keys of the references behind it", kind="set")
    note: Text | None = optional("What a reader must know")


class Claim(Table):
    """A statement that circulates, and what can be said of it."""

    id: RecordId = required("Name, unique in the ledger")
    text: Text = required("What is claimed, in our words")
    found_in: list[Text] = several("Who claims it", kind="set")
    verdict: Annotated[str, Term("verdict")] = required("What can be said of it")
    why: Text = required("On what the verdict rests")
    cites: list[Text] = several("Records, or registry ids, that it speaks of", kind="set")
    refs: list[Text] = several("Keys of the references behind the verdict", kind="set")


class Search(Table):
    """A search of a registry or database."""

    id: RecordId = required("Name, unique in the ledger")
    on: Date = required("When")
    source: Text = required("Where")
    query: Text = required("The query as sent")
    hits: Count | None = optional("How many results")
    new: Count | None = optional("How many that no earlier search had found")
    by: Text | None = optional("Who searched")


class Ledger(Table):
    """Everything that is no trial and no product."""

    model_config = ConfigDict(title="alscli ledger")

    schema_: SchemaVersion = Field(
        alias="schema", description="Version of the format", json_schema_extra={FACET: {}}
    )
    excluded: list[Excluded] = several("Looked at and not included", kind="tables", identity=("id",))
    claims: list[Claim] = several("Statements that circulate", kind="tables", identity=("id",))
    searches: list[Search] = several("Searches", kind="tables", identity=("id",))
    refs: list[Ref] = several(
        "Sources that several records share", kind="tables", identity=("key",), sort=("key",)
    )


class Marker(Table):
    """`alscli.toml`, which marks the root of a collection."""

    model_config = ConfigDict(title="alscli collection")

    schema_: SchemaVersion = Field(
        alias="schema", description="Version of the format", json_schema_extra={FACET: {}}
    )
    title: Text | None = optional("Name of the collection")
    scope: list[Text] = several("Conditions it covers", kind="value")
    licence: Text | None = optional("Licence of the data (SPDX)")
    maintainer: Text | None = optional("Who keeps it")
