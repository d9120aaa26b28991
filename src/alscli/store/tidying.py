"""Canonical layout of a record's file."""

from __future__ import annotations

from alscli.errors import RefusedError
from alscli.model.format import MODELS, schema_comment, shape_of
from alscli.store.collection import Collection, Entry, Record, read_bytes, shown
from alscli.store.layout import lay_out
from alscli.store.write import locked, replace


def laid_out(record: Record) -> str:
    """The text of a readable file in canonical layout."""
    if record.document is None:
        raise RefusedError(f"{shown(record.entry.path)} is no TOML", "`alscli validate` says where")
    kind = record.entry.kind
    return lay_out(record.document.text, shape_of(MODELS[kind]), schema_comment(kind))


def tidy(collection: Collection, entry: Entry) -> bool:
    """Write the file in canonical layout; False where it was already."""
    with locked(collection.root):
        before = read_bytes(entry.path)
        text = laid_out(collection.understand(entry, before))
        if text.encode() == before:
            return False
        replace(entry.path, text.encode(), expected=before, root=collection.root)
        return True
