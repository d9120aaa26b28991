"""From records to rows, one record at a time: the only way.

A record is walked once. Every table of the format on the way knows its path; some become rows of their own,
and whatever cites a reference or says that a fact is absent becomes a row of `citations` or `absences`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from alscli.model.field import Table
from alscli.model.format import key_of, shape_of
from alscli.model.identifiers import parse_registry_id
from alscli.model.intervention import therapy_of
from alscli.model.ledger import Claim, Excluded, Ledger, Search
from alscli.model.path import labels
from alscli.model.product import Event, Product
from alscli.model.provenance import Dispute, DisputedValue, Ref, Waiver
from alscli.model.shape import Shape
from alscli.model.trial import (
    Arm,
    Effect,
    Given,
    Intervention,
    Organization,
    Outcome,
    Related,
    Safety,
    Sponsor,
    Trial,
    Value,
)
from alscli.model.values import Absence, Duration, Moment, PartialDate, Quantity, Range, listed
from alscli.model.vocabulary import Vocabularies, shipped
from alscli.query.tables import TABLES, Cell, Row, Rows
from alscli.query.trial_row import dose_in_words, in_days, trial_row, verification

if TYPE_CHECKING:
    from alscli.store.collection import Snapshot


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a record's rows take from outside the record."""

    products: Mapping[str, Product]
    shared_refs: Mapping[str, Ref]
    vocabularies: Vocabularies


@dataclass(frozen=True, slots=True)
class _Node:
    """A table of a record: where it stands, and in what. `label` is its name in its list, made unique."""

    table: Any
    path: str = ""
    key: str = ""
    label: str = ""
    position: int = 0
    parent: _Node | None = None


def snapshot_rows(snapshot: Snapshot, vocabularies: Vocabularies | None = None) -> Iterator[Rows]:
    """The rows of each readable record: products, trials, the ledger, each in order of id."""
    around = Surroundings(snapshot.products, snapshot.shared_refs, vocabularies or shipped())
    for identifier in sorted(snapshot.products):
        yield rows_of(snapshot.products[identifier], around)
    for identifier in sorted(snapshot.trials):
        yield rows_of(snapshot.trials[identifier], around)
    if snapshot.ledger is not None:
        yield rows_of(snapshot.ledger, around)


def trial_rows(snapshot: Snapshot) -> Iterator[Row]:
    """A row of `trials` for each readable trial, in order of id."""
    for identifier in sorted(snapshot.trials):
        yield trial_row(snapshot.trials[identifier], snapshot.products, snapshot.shared_refs)


def rows_of(record: Trial | Product | Ledger, around: Surroundings) -> Rows:
    """The rows of every table that this one record fills, by table, in the order of the record."""
    rows: Rows = {name: [] for name in TABLES}
    kind, identifier, file = _place(record)
    rows["records"].append({"kind": kind, "id": identifier, "file": file})
    shape = shape_of(type(record))
    nodes: list[_Node] = []
    _enter(_Node(record), shape, {"kind": kind, "record": identifier}, rows, nodes)
    for node in nodes:
        made = _MAKERS.get(type(node.table))
        if made is not None:
            for name, row in made(node, identifier, kind, around):
                rows[name].append(row)
    return {name: found for name, found in rows.items() if found}


def _place(record: Trial | Product | Ledger) -> tuple[str, str, str]:
    match record:
        case Trial():
            return "trial", record.id, f"trials/{record.id}.toml"
        case Product():
            return "product", record.id, f"products/{record.id}.toml"
        case Ledger():
            return "ledger", "ledger", "ledger.toml"


def _enter(node: _Node, shape: Shape, owner: Row, rows: Rows, nodes: list[_Node]) -> None:
    """Add the node and all below it, in the order of the format; note what is cited and what is absent."""
    nodes.append(node)
    _note_citations(node, owner, rows)
    prefix = f"{node.path}." if node.path else ""
    for name, value in vars(node.table).items():
        if value is None or value.__class__ is str:
            continue
        if isinstance(value, Absence):
            path = prefix + _key(node.table, name)
            rows["absences"].append({**owner, "path": path, "absence": value.value})
        elif isinstance(value, Table):
            key = _key(node.table, name)
            child = _Node(value, prefix + key, key, parent=node)
            _enter(child, shape.keys[key], owner, rows, nodes)
        elif isinstance(value, list) and value and isinstance(value[0], Table):
            key = _key(node.table, name)
            names = _labels(value, shape.keys[key])
            for position, (element, label) in enumerate(zip(value, names, strict=True), 1):
                child = _Node(element, f"{prefix}{key}.{label}", key, label, position, node)
                _enter(child, shape.keys[key], owner, rows, nodes)


def _key(table: Table, name: str) -> str:
    """The key in the file of an attribute."""
    return name if name[-1] != "_" and name != "lasting" else key_of(name, type(table).model_fields[name])


def _labels(elements: list[Any], shape: Shape) -> list[str]:
    return labels([{key: getattr(each, key) for key in shape.identity} for each in elements], shape)


def _note_citations(node: _Node, owner: Row, rows: Rows) -> None:
    """What the node cites; where it only says where in the source, of the sources of what it stands in."""
    stated = vars(node.table)  # a table without these keys is asked in vain by `getattr`, slowly
    loc = stated.get("loc")
    if stated.get("src") is None and loc is None:
        return
    for key in dict.fromkeys(_sources(node)):
        rows["citations"].append({**owner, "path": node.path, "ref": key, "loc": loc})


def _sources(node: _Node) -> tuple[str, ...]:
    above: _Node | None = node
    while above is not None:
        if sources := vars(above.table).get("src"):
            found: tuple[str, ...] = sources
            return found
        above = above.parent
    return ("",)


# -- rows of the parts ------------------------------------------------------------------------------

_Made = Iterable[tuple[str, Row]]


def cell(value: Any) -> Cell:
    """A value of the model as a cell."""
    if isinstance(value, (PartialDate, Moment, Duration)):
        return value.text
    if isinstance(value, list):
        return tuple(value)
    found: Cell = value
    return found


def _copied(table: Table, *names: str) -> Row:
    return {name: cell(getattr(table, name)) for name in names}


def _part(node: _Node, record: str) -> Row:
    return {"trial": record, "position": node.position, "path": node.path}


def _cited(table: Any) -> Row:
    return {"src": table.src, "loc": table.loc}


def _at(moment: Moment | Absence | None) -> Row:
    if isinstance(moment, Moment):
        return {"at": moment.text, "at_start": in_days(moment.start), "at_end": in_days(moment.end)}
    return {"at": moment, "at_start": moment, "at_end": moment}


def _length(name: str, length: Duration | Absence | None) -> Row:
    days = in_days(length.days) if isinstance(length, Duration) else length
    return {name: cell(length), f"{name}_days": days}


def _bounded(name: str, quantity: Quantity | Absence | None) -> Row:
    if isinstance(quantity, Quantity):
        return {name: quantity.number, f"{name}_op": quantity.op}
    return {name: quantity, f"{name}_op": None}


def _ends(name: str, limits: Range | Absence | None) -> Row:
    if isinstance(limits, Range):
        return {f"{name}_low": limits.low, f"{name}_high": limits.high}
    return {f"{name}_low": limits, f"{name}_high": limits}


def _lineage(code: Any, vocabulary: str, vocabularies: Vocabularies) -> tuple[str, ...] | Absence | None:
    """The term with those above it, the broadest first; the absence where there is no term."""
    if code is None or isinstance(code, Absence):
        return code
    return (*reversed(vocabularies[vocabulary].ancestors(code)), code)


def _of_trial(node: _Node, record: str, kind: str, around: Surroundings) -> _Made:
    trial: Trial = node.table
    yield "trials", trial_row(trial, around.products, around.shared_refs)
    ids = [(trial.registry_id, "primary")] if trial.registry_id else []
    ids += [(number, "secondary") for number in listed(trial.secondary_ids)]
    ids += [(former, "former") for former in trial.former_ids]
    for position, (number, role) in enumerate(ids, 1):
        parsed = parse_registry_id(number) if role != "former" else None
        row: Row = {"trial": record, "position": position, "id": number, "role": role}
        row["registry"] = parsed.registry.code if parsed else None
        row["url"] = parsed.url if parsed else None
        yield "identifiers", row
    names = around.vocabularies["country"].terms
    for position, code in enumerate(listed(trial.countries), 1):
        name = names[code].en if code in names else None
        yield "countries", {"trial": record, "position": position, "country": code, "name": name}


def _of_sponsor(node: _Node, record: str, kind: str, around: Surroundings) -> _Made:
    sponsor: Sponsor = node.table
    yield (
        "organizations",
        {
            "trial": record,
            "role": "sponsor",
            "position": 1,
            "path": node.path,
            "name": sponsor.name,
            "name_zh": sponsor.name_zh,
            "class": sponsor.class_,
        },
    )


def _of_organization(node: _Node, record: str, kind: str, around: Surroundings) -> _Made:
    organization: Organization = node.table
    row = _part(node, record) | {"role": node.key.removesuffix("s"), "name": organization.name}
    yield "organizations", row | {"name_zh": None, "class": organization.class_}


_THERAPY = ("modality", "cell_type", "donor", "genetic_modification", "mechanism", "target")


def _of_intervention(node: _Node, record: str, kind: str, around: Surroundings) -> _Made:
    stated: Intervention = node.table
    therapy = therapy_of(stated, around.products)
    row = _part(node, record) | {"id": node.label, "product": stated.product, "name": therapy.name}
    row |= {name: cell(getattr(therapy, name)) for name in _THERAPY}
    row["aliases"] = therapy.aliases
    row["cell_type_path"] = _lineage(therapy.cell_type, "cell_type", around.vocabularies)
    row["stated"] = tuple(
        name for name in ("name", "aliases", *_THERAPY) if getattr(stated, name) not in (None, [])
    )
    yield "interventions", row | _cited(stated)


def _of_arm(node: _Node, record: str, kind: str, around: Surroundings) -> _Made:
    row = _part(node, record) | _copied(node.table, "role", "label", "n", "background", "src", "loc")
    yield "arms", row | {"id": node.label}


def _of_given(node: _Node, record: str, kind: str, around: Surroundings) -> _Made:
    given: Given = node.table
    row = _part(node, record) | _copied(given, "intervention", "route", "low", "high", "unit", "doses")
    row |= _length("every", given.every) | _length("lasting", given.lasting)
    yield "given", row | {"arm": _label_above(node), "dose": dose_in_words(given) or None}


def _label_above(node: _Node) -> str:
    return node.parent.label if node.parent else ""


def _of_outcome(node: _Node, record: str, kind: str, around: Surroundings) -> _Made:
    outcome: Outcome = node.table
    names = ("role", "instrument", "measure", "matrix", "definition", "population", "stat", "unit", "result")
    row = _part(node, record) | _copied(outcome, *names, "note", "src", "loc") | _at(outcome.at)
    row["id"] = node.label
    row["instrument_path"] = _lineage(outcome.instrument, "instrument", around.vocabularies)
    group = outcome.subgroup
    row["subgroup"] = group.label if group else None
    row["subgroup_prespecified"] = group.prespecified if group else None
    row["subgroup_n"] = group.n if group else None
    row["subgroup_family"] = group.family if group else None
    yield "outcomes", row


def _of_value(node: _Node, record: str, kind: str, around: Surroundings) -> _Made:
    value: Value = node.table
    row = _part(node, record) | {"outcome": _label_above(node)}
    row |= _copied(value, "arm", "label", "n", "sd", "se") | _at(value.at) | _bounded("value", value.value)
    row |= _ends("ci", value.ci) | _ends("iqr", value.iqr) | _ends("range", value.range)
    yield "outcome_values", row


def _of_effect(node: _Node, record: str, kind: str, around: Surroundings) -> _Made:
    effect: Effect = node.table
    row = _part(node, record) | {"outcome": _label_above(node)}
    row |= _copied(effect, "arm", "vs", "type", "est", "level", "sides", "adjusted", "method")
    yield "effects", row | _ends("ci", effect.ci) | _bounded("p", effect.p)


def _of_safety(node: _Node, record: str, kind: str, around: Surroundings) -> _Made:
    safety: Safety = node.table
    counts = ("n", "deaths", "sae_patients", "sae_related_patients", "ae_patients")
    row = _part(node, record) | _copied(safety, "arm", *counts, "statement", "src", "loc")
    yield "safety", row | _at(safety.at)


def _of_related(node: _Node, record: str, kind: str, around: Surroundings) -> _Made:
    yield "related", _part(node, record) | _copied(node.table, "id", "rel", "why")


def _of_product(node: _Node, record: str, kind: str, around: Surroundings) -> _Made:
    product: Product = node.table
    names = ("id", "name", "name_zh", "aliases", "developer", "developer_zh", "indications", "note", "src")
    row = _copied(product, *names, *_THERAPY) | verification(product.verified)
    row["cell_type_path"] = _lineage(product.cell_type, "cell_type", around.vocabularies)
    row["event_count"] = len(listed(product.events))
    yield "products", row | {"file": f"products/{record}.toml"}


def _of_event(node: _Node, record: str, kind: str, around: Surroundings) -> _Made:
    event: Event = node.table
    row: Row = {"product": record, "position": node.position, "path": node.path, "on_date": cell(event.on)}
    yield "events", row | _copied(event, "agency", "type", "indication", "outcome", "src", "loc")


def _belonging(node: _Node, record: str, kind: str) -> Row:
    return {"kind": kind, "record": record, "position": node.position, "path": node.path}


def _of_ref(node: _Node, record: str, kind: str, around: Surroundings) -> _Made:
    ref: Ref = node.table
    names = ("title", "authors", "journal", "volume", "pages", "published", "doi", "pmid", "pmcid", "url")
    row = _belonging(node, record, kind) | _copied(ref, *names, "lang", "retrieved", "notice")
    repeated = re.search(r"#[0-9]+$", node.label)  # one of the key itself would stand in quotes
    yield "refs", row | {"key": ref.key + (repeated[0] if repeated else ""), "ref_kind": ref.kind}


def _of_dispute(node: _Node, record: str, kind: str, around: Surroundings) -> _Made:
    dispute: Dispute = node.table
    row = _belonging(node, record, kind) | _copied(dispute, "field", "ruling")
    yield "disputes", row | {"open": dispute.is_open, "on_date": cell(dispute.on)}


def _of_disputed_value(node: _Node, record: str, kind: str, around: Surroundings) -> _Made:
    stated: DisputedValue = node.table
    row = _belonging(node, record, kind) | {"dispute": node.parent.position if node.parent else 0}
    yield "disputed_values", row | {"value": _in_text(stated.value)} | _cited(stated)


def _in_text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_in_text, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _of_waiver(node: _Node, record: str, kind: str, around: Surroundings) -> _Made:
    row = _belonging(node, record, kind) | _copied(node.table, "rule", "field", "why", "by", "until")
    yield "waivers", row


def _of_excluded(node: _Node, record: str, kind: str, around: Surroundings) -> _Made:
    row = _copied(node.table, "title", "reason", "stage", "found_in", "cites", "refs", "note")
    yield "excluded", row | {"id": node.label}


def _of_claim(node: _Node, record: str, kind: str, around: Surroundings) -> _Made:
    row = _copied(node.table, "text", "found_in", "verdict", "why", "cites", "refs")
    yield "claims", row | {"id": node.label}


def _of_search(node: _Node, record: str, kind: str, around: Surroundings) -> _Made:
    search: Search = node.table
    row = _copied(search, "source", "query", "hits", "new", "by") | {"on_date": cell(search.on)}
    yield "searches", row | {"id": node.label}


_MAKERS: dict[type[Table], Callable[[_Node, str, str, Surroundings], _Made]] = {
    Trial: _of_trial,
    Sponsor: _of_sponsor,
    Organization: _of_organization,
    Intervention: _of_intervention,
    Arm: _of_arm,
    Given: _of_given,
    Outcome: _of_outcome,
    Value: _of_value,
    Effect: _of_effect,
    Safety: _of_safety,
    Related: _of_related,
    Product: _of_product,
    Event: _of_event,
    Ref: _of_ref,
    Dispute: _of_dispute,
    DisputedValue: _of_disputed_value,
    Waiver: _of_waiver,
    Excluded: _of_excluded,
    Claim: _of_claim,
    Search: _of_search,
}
