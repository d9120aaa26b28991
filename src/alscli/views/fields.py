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
from alscli.text import one_line, paint
from alscli.views.table import fitted, json_object, tsv

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


def render(entries: Sequence[FieldEntry], format_: str, room: int | None) -> Iterator[str]:
    """Lines of a table of fields; `room` is the width of the terminal, None where there is none."""
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
    return _rows("fields", _FIELDS, rows, format_, room, narrow=4)


def render_one(entry: FieldEntry, vocabularies: Vocabularies, *, color: bool) -> Iterator[str]:
    """Everything about one field."""
    yield paint(entry.path, "heading", color)
    yield f"  {entry.meaning}"
    yield f"  type      {entry.type_name}{', required' if entry.required else ''}"
    if entry.anatomy.absence:
        yield "  absence   not_reported or not_applicable may stand instead"
    if entry.facet.trds:
        yield f"  WHO TRDS  item {entry.facet.trds}"
    if entry.facet.ctgov:
        yield f"  CT.gov    {entry.facet.ctgov}"
    if entry.anatomy.vocabulary:
        terms = vocabularies[entry.anatomy.vocabulary].terms
        codes = ", ".join(list(terms)[:12]) + (" …" if len(terms) > 12 else "")
        yield f"  terms     {one_line(codes)}"
        yield f"            `alscli values {entry.anatomy.vocabulary}` explains them"


def render_terms(vocabulary: Vocabulary, format_: str, room: int | None) -> Iterator[str]:
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
    field: str, named: Sequence[FieldEntry], snapshot: Snapshot, format_: str, room: int | None
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
    elif not path:
        if not isinstance(value, dict):
            yield str(value).lower() if isinstance(value, bool) else str(value)
    elif isinstance(value, dict) and path[0] in value:
        yield from _held(value[path[0]], path[1:])


def _rows(
    what: str, columns: Sequence[Column], rows: list[Row], format_: str, room: int | None, *, narrow: int
) -> Iterator[str]:
    if format_ == "json":
        objects = [json_object(columns, row) for row in rows]
        yield json.dumps({"schema": f"alscli/{what}/1", what: objects}, ensure_ascii=False, indent=2)
    elif format_ == "tsv" or room is None:
        yield from tsv(columns, rows)
    else:
        yield from fitted(columns[:narrow], rows, room)
