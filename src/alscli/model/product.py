"""The product: one therapy, device or programme, its names, developer and regulatory history."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from alscli.model.field import FACET, Table, Term, optional, required, several
from alscli.model.provenance import LOC, SRC, Dispute, Ref, Verified, Waiver
from alscli.model.trial import CellType, Donor, Modality, Modification, RecordId, SchemaVersion
from alscli.model.values import Date, Maybe, Sources, Text


class Event(Table):
    """One step of a regulator or developer; submitted, accepted and cleared are three different steps."""

    on: Maybe[Date] = optional("When")
    agency: Annotated[str, Term("agency")] | None = optional("Which regulator")
    type: Annotated[str, Term("event")] = required("What happened")
    indication: Text | None = optional("For which disease, where the product has several")
    outcome: Text | None = optional("What came of it, told briefly")
    src: Sources | None = optional(SRC)
    loc: Text | None = optional(LOC)


class Product(Table):
    """One therapy, device or programme that trials refer to."""

    model_config = ConfigDict(title="alscli product")

    schema_: SchemaVersion = Field(
        alias="schema", description="Version of the format", json_schema_extra={FACET: {}}
    )
    id: RecordId = required("Name of the record and of its file")
    former_ids: list[RecordId] = several("Names it had before `rename`", kind="set")
    name: Text = required("Name", trds="13")
    name_zh: Text | None = optional("Chinese name")
    aliases: list[Text] = several("Other names, in any language", kind="value")
    developer: Maybe[Text] = optional("Who develops it")
    developer_zh: Text | None = optional("Chinese name of the developer")
    modality: Modality = required("Kind of therapy", trds="13")
    cell_type: Maybe[CellType] = optional("Cells, by tissue and processing", trds="13")
    donor: Maybe[Donor] = optional("Whose cells", trds="13")
    genetic_modification: Maybe[Modification] = optional("What was done to the genome")
    mechanism: Maybe[list[Text]] = optional("How it is meant to work", kind="value")
    target: Maybe[list[Text]] = optional("Molecule or gene aimed at", kind="value")
    indications: Maybe[list[Text]] = optional("Diseases it is developed for", kind="value")
    note: Text | None = optional("What a reader must know")
    src: Sources | None = optional("Keys of the references behind everything that names no other")
    events: Maybe[list[Event]] = optional(
        "Regulatory history", kind="inline_tables", identity=("agency", "type", "indication"), sort=("on",)
    )
    disputes: list[Dispute] = several("Where sources disagree", kind="tables", identity=("field",))
    refs: list[Ref] = several("Sources", kind="tables", identity=("key",), sort=("key",))
    verified: Verified | None = optional("That somebody compared it with its sources", kind="table")
    waivers: list[Waiver] = several(
        "Findings judged to be no fault", kind="tables", identity=("rule", "field")
    )
