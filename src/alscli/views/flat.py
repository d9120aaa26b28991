"""A record with a line for each field, named as in `diff`, so that a diff by line is one by field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import reduce
from itertools import chain
from typing import Any

from alscli.errors import AlscliError
from alscli.model.format import MODELS, FileKind, schema_comment, shape_of
from alscli.model.path import labels
from alscli.model.shape import Shape
from alscli.store.compare import name_below
from alscli.store.layout import lay_out, write_value
from alscli.store.toml import Document, parse
from alscli.store.weave import END, Piece, pieces

_PLAIN = Shape("value")


def lines(document: Document) -> Iterator[str]:
    """A line for each value, in canonical order whatever the order of the file; comments above theirs."""
    kind = _kind(document)
    shape = shape_of(MODELS[kind])
    try:
        document = parse(lay_out(document.text, shape, schema_comment(kind)).encode())
    except AlscliError:  # what has no canonical layout is shown in its own
        document = parse(document.text.replace("\r\n", "\n").encode())
    for piece in pieces(document, shape):
        yield from _piece(piece, document.values, shape)


def _kind(document: Document) -> FileKind:
    """The kind that the first line names, else the one whose keys the record has most of."""
    head = document.text[:200]
    named = [kind for kind in MODELS if schema_comment(kind).rpartition("/")[2] in head]
    return named[0] if named else max(MODELS, key=lambda kind: len(_known(document, kind)))


def _known(document: Document, kind: FileKind) -> set[str]:
    return set(document.values) & set(shape_of(MODELS[kind]).keys)


def _piece(piece: Piece, values: dict[str, Any], shape: Shape) -> Iterator[str]:
    yield from piece.comments
    value = reduce(_inside, piece.path, values)
    words = isinstance(value, list) and not any(isinstance(element, Mapping) for element in value)
    if piece.label.endswith(END):
        return
    if piece.inner is None or words or not value:
        yield from chain.from_iterable(inner.comments for inner in piece.inner or ())
        yield from _flat(piece.label, value, _shape_at(piece, shape)) if piece.path else ()
        return
    for inner in piece.inner:
        yield from _piece(inner, values, shape)


def _inside(value: Any, part: str | int) -> Any:
    return value[part]


def _shape_at(piece: Piece, shape: Shape) -> Shape:
    for part in piece.path:
        if isinstance(part, str):
            shape = shape.keys.get(part, _PLAIN)
    return Shape("inline", shape.keys) if piece.path and isinstance(piece.path[-1], int) else shape


def _flat(name: str, value: Any, shape: Shape) -> Iterator[str]:
    if isinstance(value, Mapping) and value:
        for key, child in value.items():
            yield from _flat(name_below(name, key, shape), child, shape.keys.get(key, _PLAIN))
    elif isinstance(value, list) and any(isinstance(element, Mapping) for element in value):
        for label, child in zip(labels(value, shape), value, strict=True):
            yield from _flat(f"{name}.{label}", child, Shape("inline", shape.keys))
    else:
        yield f"{name} = {write_value(value, shape, nested=True)}"
