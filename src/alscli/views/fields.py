"""The format, a field, the terms of a vocabulary: for people and scripts."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from alscli.model.format import FieldEntry
from alscli.model.vocabulary import Vocabularies, Vocabulary
from alscli.query.tables import Column, Row
from alscli.store.collection import Snapshot
from alscli.text import fit, paint, wrap
from alscli.views.table import fitted, json_object, labelled, natural_width, tsv

_FIELDS = (
    Column("field", "text", "path of the field"),
    Column("type", "text", "type"),
    Column("required", "boolean", "whether a record needs it"),
    Column("meaning", "text", "meaning"),
    Column("trds", "text", "item of the WHO Trial Registration Data Set"),
    Column("ctgov", "text", "path in ClinicalTrials.gov's API v2"),
)
_TERMS = (
    Column("code", "text", "what a file holds"),
    Column("parent", "text", "the broader term"),
    Column("en", "text", "English"),
    Column("zh_hans", "text", "Simplified Chinese"),
    Column("zh_hant", "text", "Traditional Chinese"),
    Column("synonyms", "list", "what else finds it"),
)
_COUNTS = (Column("value", "text", "what records hold"), Column("records", "integer", "in how many"))


def render(entries: Sequence[FieldEntry], format_: str, room: int) -> Iterator[str]:
    """Lines of a table of fields; where its `room` is little, what a field means stands below it."""
    rows: list[Row] = [
        {
            "field": entry.path,
            "type": entry.type_name,
            "required": entry.required,
            "meaning": entry.meaning,
            "trds": entry.facet.trds or None,
            "ctgov": entry.facet.ctgov or None,
        }
        for entry in entries
    ]
    if format_ != "table" or natural_width(_FIELDS[:4], rows) <= room:
        yield from _rows("fields", _FIELDS, rows, format_, room, narrow=4)
        return
    for entry in entries:
        yield fit(f"{entry.path}  {_type(entry)}", room)
        yield from wrap(entry.meaning, room, "    ")


def _type(entry: FieldEntry) -> str:
    return f"{entry.type_name}{', required' if entry.required else ''}"


def render_one(
    entry: FieldEntry, others: Sequence[FieldEntry], vocabularies: Vocabularies, room: int, *, color: bool
) -> Iterator[str]:
    """Everything about one field, with the names of those below it."""
    yield paint(entry.path, "heading", color)
    yield from wrap(entry.meaning, room, "  ")
    terms = vocabularies[entry.anatomy.vocabulary].terms if entry.anatomy.vocabulary else {}
    parted = (other.path.rpartition(".") for other in others)
    below = [name for above, _, name in parted if above.removesuffix("[]") == entry.path]
    facts = {
        "type": _type(entry),
        "absence": "not_reported or not_applicable may stand instead" if entry.anatomy.absence else "",
        "WHO TRDS": f"item {entry.facet.trds}" if entry.facet.trds else "",
        "CT.gov": entry.facet.ctgov or "",
        "terms": ", ".join(list(terms)[:12]) + (" …" if len(terms) > 12 else ""),
        "": f"`alscli values {entry.anatomy.vocabulary}` explains them" if terms else "",
        "holds": ", ".join(below),
    }
    for label, text in facts.items():
        if text:
            yield from labelled(f"  {label}", text, 10, room, color=False)


def render_terms(vocabulary: Vocabulary, format_: str, room: int) -> Iterator[str]:
    """Lines of a table of terms, children indented under their parents on a terminal."""
    rows: list[Row] = [
        {
            "code": term.code
            if format_ != "table"
            else "  " * len(vocabulary.ancestors(term.code)) + term.code,
            "parent": term.parent,
            "en": term.en,
            "zh_hans": term.zh_hans,
            "zh_hant": term.zh_hant,
            "synonyms": term.synonyms,
        }
        for term in vocabulary.terms.values()
    ]
    columns = _TERMS if format_ != "table" else tuple(column for column in _TERMS if column.name != "parent")
    return _rows("terms", columns, rows, format_, room, narrow=len(columns))


def render_counts(
    field: str, named: Sequence[FieldEntry], snapshot: Snapshot, format_: str, room: int
) -> Iterator[str]:
    """Lines of a table of what records hold in a field, most frequent first."""
    paths = {tuple(entry.path.replace("[]", "").split(".")) for entry in named} or {(field,)}
    counts: Counter[str] = Counter()
    for record in snapshot.records:
        values = record.document.values if record.document else {}
        counts.update({text for path in paths for text in _held(values, path)})
    rows: list[Row] = [{"value": value, "records": n} for value, n in sorted(counts.items(), key=_most)]
    return _rows("values", _COUNTS, rows, format_, room, narrow=len(_COUNTS))


def _most(item: tuple[str, int]) -> tuple[int, str]:
    return -item[1], item[0]


def _held(value: Any, path: tuple[str, ...]) -> Iterable[str]:
    if isinstance(value, list):
        for element in value:
            yield from _held(element, path)
    elif not path and isinstance(value, dict):  # a count or a date with its source
        yield from (str(value[key]) for key in ("n", "on") if key in value)
    elif not path:
        yield str(value).lower() if isinstance(value, bool) else str(value)
    elif isinstance(value, dict) and path[0] in value:
        yield from _held(value[path[0]], path[1:])


def _rows(
    what: str, columns: Sequence[Column], rows: list[Row], format_: str, room: int, *, narrow: int
) -> Iterator[str]:
    if format_ == "json":
        objects = [json_object(columns, row) for row in rows]
        yield json.dumps({"schema": f"alscli/{what}/1", what: objects}, ensure_ascii=False, indent=2)
    elif format_ == "tsv":
        yield from tsv(columns, rows)
    else:
        yield from fitted(columns[:narrow], rows, room)
