"""`datapackage.json`: what the tables of a folder mean, for programs (Frictionless Data Package).

Types, keys, foreign keys and vocabularies are those of the projection. Partial dates are text with a
pattern, and lists are text: no program but ours reads a list with a backslash before its separator.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from alscli.model.absence import Absence
from alscli.model.values import DATE_PATTERN
from alscli.model.vocabulary import Vocabulary
from alscli.query.tables import TABLES, Column, Reference, TableShape

_TYPES = {
    "text": "string",
    "date": "string",
    "list": "string",
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
}
_NOT_NAMED_SO = {
    ("effects", "type"): "effect_type",
    ("events", "type"): "event",
    ("given", "unit"): "dose_unit",
    ("arms", "role"): "arm_role",
    ("outcomes", "role"): "outcome_role",
    ("excluded", "reason"): "excluded_reason",
    ("excluded", "stage"): "excluded_stage",
    ("organizations", "class"): "sponsor_class",
}
_UNITS = {
    "age_min": "a",
    "age_max": "a",
    "symptom_months_min": "mo",
    "symptom_months_max": "mo",
    "alsfrs_r_min": "{score}",
    "alsfrs_r_max": "{score}",
    "vc_pct_min": "%",
    "vc_pct_max": "%",
    "follow_up_days": "d",
    "every_days": "d",
    "lasting_days": "d",
    "at_start": "d",
    "at_end": "d",
    "level": "%",
}
"""In UCUM, for the columns whose unit does not change from row to row."""


def describe(
    files: Mapping[str, Mapping[str, Any]],
    vocabularies: Mapping[str, Vocabulary],
    *,
    format: str,  # noqa: A002 - the name in the standard
    title: str | None,
    licence: str | None,
    separator: str,
    null: str,
) -> str:
    """The description of a folder with one file a table, `csv` or `tsv`.

    `files` gives for each table its `path`, and what else is known of the file (`bytes`, `hash`).
    """
    package: dict[str, Any] = {
        "$schema": "https://datapackage.org/profiles/1.0/datapackage.json",
        "profile": "tabular-data-package",
        "name": "alscli-export",
    }
    if title is not None:
        package["title"] = title
    if licence is not None:
        package["licenses"] = [{"name": licence}]
    package["resources"] = [
        _resource(TABLES[name], file, vocabularies, format=format, separator=separator, null=null)
        for name, file in files.items()
    ]
    return json.dumps(package, ensure_ascii=False, indent=1) + "\n"


def _resource(
    shape: TableShape,
    file: Mapping[str, Any],
    vocabularies: Mapping[str, Vocabulary],
    *,
    format: str,  # noqa: A002
    separator: str,
    null: str,
) -> dict[str, Any]:
    tabs = format == "tsv"
    return {
        "name": shape.name,
        "description": shape.meaning,
        **file,
        "profile": "tabular-data-resource",
        "format": format,
        "mediatype": "text/tab-separated-values" if tabs else "text/csv",
        "encoding": "utf-8",
        "dialect": {
            "delimiter": "\t" if tabs else ",",
            "lineTerminator": "\n" if tabs else "\r\n",
            "doubleQuote": True,
        },
        "schema": {
            "fields": [_field(shape, column, vocabularies, separator) for column in shape.columns],
            "missingValues": list(dict.fromkeys(["", null, *(absence.value for absence in Absence)])),
            "primaryKey": list(shape.key),
            "foreignKeys": [_foreign_key(each) for each in shape.references if _is_total(shape, each)],
            "partialForeignKeys": [
                _foreign_key(each) for each in shape.references if not _is_total(shape, each)
            ],
        },
    }


def _is_total(shape: TableShape, reference: Reference) -> bool:
    """Whether the standard has this foreign key: unlike SQL it knows none of which one column is empty."""
    return len(reference.columns) == 1 or set(reference.columns) <= set(shape.key)


def _foreign_key(reference: Reference) -> dict[str, Any]:
    return {
        "fields": list(reference.columns),
        "reference": {"resource": reference.table, "fields": list(TABLES[reference.table].key)},
    }


def _field(
    shape: TableShape, column: Column, vocabularies: Mapping[str, Vocabulary], separator: str
) -> dict[str, Any]:
    field: dict[str, Any] = {
        "name": column.name,
        "type": _TYPES[column.type],
        "description": column.meaning,
    }
    if column.name in _UNITS:
        field["unit"] = _UNITS[column.name]
    if column.type == "list":
        field["separator"] = separator
    constraints: dict[str, Any] = {}
    if column.type == "date":
        constraints["pattern"] = DATE_PATTERN
    if (vocabulary := _vocabulary(shape, column, vocabularies)) is not None:
        constraints["enum"] = list(vocabulary.terms)
    if shape.key == (column.name,):
        constraints |= {"required": True, "unique": True}
    if constraints:
        field["constraints"] = constraints
    return field


def _vocabulary(
    shape: TableShape, column: Column, vocabularies: Mapping[str, Vocabulary]
) -> Vocabulary | None:
    """The vocabulary of a column of single terms; none where a cell may hold other words."""
    if column.type != "text":
        return None
    if shape.name == "trials" and column.name.endswith("_type") and column.name != "study_type":
        return vocabularies["date_type"]
    return vocabularies.get(_NOT_NAMED_SO.get((shape.name, column.name), column.name))
