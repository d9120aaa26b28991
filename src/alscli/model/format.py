"""The format as data, read off the models: layout, the table of fields, JSON Schema."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from alscli.model.field import FACET, Facet, Table, Term, facet_of
from alscli.model.ledger import Ledger, Marker
from alscli.model.product import Product
from alscli.model.shape import Kind, Shape
from alscli.model.trial import Counted, Trial
from alscli.model.values import Absence, Reads, _Maybe
from alscli.model.vocabulary import Vocabularies

FileKind = Literal["trial", "product", "ledger"]
MODELS: dict[FileKind, type[Table]] = {"trial": Trial, "product": Product, "ledger": Ledger}


def schema_comment(kind: FileKind) -> str:
    """The first line of a record's file, by which editors find its schema."""
    return f"#:schema {'' if kind == 'ledger' else '../'}{kind}.schema.json"


@dataclass(frozen=True, slots=True)
class Anatomy:
    """What an annotation says: a list or not, of which table, vocabulary or named type; may it be absent."""

    type_name: str
    table: type[Table] | None = None
    vocabulary: str | None = None
    many: bool = False
    absence: bool = False


@dataclass(frozen=True, slots=True)
class FieldEntry:
    """One field of the format. `path` has `[]` after each list: `outcomes[].values[].n`."""

    path: str
    meaning: str
    required: bool
    anatomy: Anatomy
    facet: Facet
    kind: Kind

    @property
    def type_name(self) -> str:
        """The type in words."""
        one = self.anatomy.type_name
        return f"list of {one}" if self.anatomy.many else one


def key_of(name: str, field: FieldInfo) -> str:
    """The key in the file, which differs from the attribute where that is a word of Python."""
    return field.alias or name


@cache
def anatomy(model: type[Table], name: str) -> Anatomy:
    """What the annotation of one field says."""
    field = model.model_fields[name]
    return _dissect(field.annotation, tuple(field.metadata))


def _dissect(annotation: Any, metadata: tuple[Any, ...]) -> Anatomy:
    absence = any(isinstance(m, _Maybe) for m in metadata)
    named = next((m for m in metadata if isinstance(m, (Term, Reads))), None)
    origin = get_origin(annotation)
    if isinstance(named, Term):
        return Anatomy(f"term of {named.vocabulary}", vocabulary=named.vocabulary, absence=absence)
    if isinstance(named, Reads):
        return Anatomy(named.name, absence=absence)
    if origin is Annotated:
        inner = _dissect(get_args(annotation)[0], tuple(get_args(annotation)[1:]))
        return replace(inner, absence=absence or inner.absence)
    if origin in (Union, types.UnionType):
        inner = _dissect(next(a for a in get_args(annotation) if a not in (type(None), Absence)), ())
        return replace(inner, absence=absence or inner.absence)
    if origin is list:
        return replace(_dissect(get_args(annotation)[0], ()), many=True, absence=absence)
    if isinstance(annotation, type) and issubclass(annotation, Table):
        name = "whole number" if annotation is Counted else "table"
        return Anatomy(name, table=annotation, absence=absence)
    raise TypeError(f"a field of unknown type: {annotation!r}")


@cache
def shape_of(model: type[Table], kind: Kind = "table") -> Shape:
    """The order of keys of a table of the format and the layout of everything below."""
    return Shape(kind, {key_of(n, f): _shape_of_field(model, n) for n, f in model.model_fields.items()})


def _shape_of_field(model: type[Table], name: str) -> Shape:
    facet = facet_of(model.model_fields[name])
    what = anatomy(model, name)
    kind: Kind = facet.kind or ("inline" if what.table else "value")
    keys = shape_of(what.table).keys if what.table else {}
    return Shape(kind, keys, facet.identity, facet.sort)


@cache
def fields(kind: FileKind) -> tuple[FieldEntry, ...]:
    """Every field of a kind of file, depth first in the order of the format."""
    return tuple(_entries(MODELS[kind], ""))


def _entries(model: type[Table], prefix: str) -> Iterator[FieldEntry]:
    for name, field in model.model_fields.items():
        what = anatomy(model, name)
        path = prefix + key_of(name, field)
        kind = _shape_of_field(model, name).kind
        yield FieldEntry(path, field.description or "", field.is_required(), what, facet_of(field), kind)
        if what.table is not None:
            yield from _entries(what.table, f"{path}[]." if what.many else f"{path}.")


def json_schema(kind: FileKind, vocabularies: Vocabularies) -> dict[str, Any]:
    """JSON Schema 2020-12 of a kind of file, with the terms of these vocabularies."""
    return _schema_of(MODELS[kind], vocabularies)


def marker_schema() -> dict[str, Any]:
    """JSON Schema 2020-12 of `alscli.toml`."""
    from alscli.model.vocabulary import shipped

    return _schema_of(Marker, shipped())


def _schema_of(model: type[Table], vocabularies: Vocabularies) -> dict[str, Any]:
    raw = model.model_json_schema(by_alias=True)
    used: dict[str, dict[str, Any]] = {}
    tidy = _tidy(raw, vocabularies, used)
    definitions = {**tidy.pop("$defs", {}), **used}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **tidy,
        "$defs": dict(sorted(definitions.items())),
    }


def _tidy(node: Any, vocabularies: Vocabularies, used: dict[str, dict[str, Any]]) -> Any:
    """Drop Pydantic's titles and null defaults, name registry mappings, and spell out vocabularies."""
    if isinstance(node, list):
        return [_tidy(item, vocabularies, used) for item in node]
    if not isinstance(node, dict):
        return node
    if vocabulary := node.get("x-vocabulary"):
        name = f"term-{vocabulary}"
        terms = vocabularies[vocabulary].terms
        used[name] = {"type": "string", "enum": list(terms)}
        rest = {k: v for k, v in node.items() if k not in ("x-vocabulary", "type")}
        return _tidy({"$ref": f"#/$defs/{name}", **rest}, vocabularies, used)
    alternatives = node.get("anyOf")
    if isinstance(alternatives, list) and {"type": "null"} in alternatives:
        kept = [a for a in alternatives if a != {"type": "null"}]
        rest = {k: v for k, v in node.items() if k not in ("anyOf", "default")}
        return _tidy({**(kept[0] if len(kept) == 1 else {"anyOf": kept}), **rest}, vocabularies, used)
    tidy: dict[str, Any] = {}
    for key, value in node.items():
        if key == FACET:
            tidy.update({f"x-{k}": v for k, v in _mapping(value).items()})
        elif key == "properties":
            tidy[key] = {k: _tidy(v, vocabularies, used) for k, v in value.items()}
        elif not (key == "title" and "alscli" not in str(value)) and not (key == "default" and value is None):
            tidy[key] = _tidy(value, vocabularies, used)
    return tidy


def _mapping(facet: Mapping[str, Any]) -> dict[str, Any]:
    return {k: facet[k] for k in ("trds", "ctgov") if k in facet}


def marker_shape() -> Shape:
    """The layout of `alscli.toml`."""
    return shape_of(Marker)
