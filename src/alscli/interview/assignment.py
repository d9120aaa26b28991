"""Values from a script: `FIELD=VALUE` pairs and whole records as TOML or JSON."""

from __future__ import annotations

import json
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

from alscli.errors import CollectionError, UsageError
from alscli.interview.answer import read
from alscli.model.format import MODELS, FieldEntry, FileKind, fields, shape_of
from alscli.model.nearness import did_you_mean
from alscli.model.path import put, split
from alscli.model.shape import Shape
from alscli.model.vocabulary import Vocabularies
from alscli.store.collection import read_bytes
from alscli.store.toml import MAX_BYTES, TomlError, parse


def assign(values: dict[str, Any], pair: str, kind: FileKind, vocabularies: Vocabularies) -> None:
    """Set the field that `FIELD=VALUE` names; the value is read by the field's type."""
    name, equals, text = pair.partition("=")
    if not equals or not name.strip():
        raise UsageError(f"{pair!r} is no FIELD=VALUE", "write, for example, --set enrollment.planned=40")
    entry = entry_of(name.strip(), kind)
    put(name.strip(), read(text, entry, vocabularies), values, shape_of(MODELS[kind]))


def entry_of(name: str, kind: FileKind) -> FieldEntry:
    """The field of the format that a path names, whatever elements of lists are on the way."""
    shape: Shape = shape_of(MODELS[kind])
    keys: list[str] = []
    in_list = False
    for part in split(name):
        if in_list:
            in_list = False
            continue
        if part not in shape.keys:
            raise UsageError(f"no field {name!r}", did_you_mean(part, shape.keys))
        keys.append(part)
        shape = shape.keys[part]
        in_list = shape.kind in ("tables", "inline_tables")
    wanted = ".".join(keys)
    return next(entry for entry in fields(kind) if entry.path.replace("[]", "") == wanted)


def read_source(source: str) -> dict[str, Any]:
    """The record in a file, or on stdin for `-`: TOML, or JSON where it begins with a brace."""
    data, name = _bytes(source)
    if len(data) > MAX_BYTES:
        raise UsageError(f"{name} is larger than 1 MiB", "registry downloads go through `alscli import`")
    if data.lstrip()[:1] == b"{":
        return _json(data, name)
    try:
        return parse(data).values
    except TomlError as error:
        raise UsageError(f"{name}:{error.message}", "give TOML or JSON of the record format") from None


def _bytes(source: str) -> tuple[bytes, str]:
    if source == "-":
        return sys.stdin.buffer.read(MAX_BYTES + 1), "stdin"
    try:
        return read_bytes(Path(source)), source
    except FileNotFoundError:
        raise UsageError(f"{source} does not exist") from None
    except OSError as error:
        raise CollectionError(f"cannot read {source}: {error.strerror or error}") from error


def _no_number(constant: str) -> None:
    raise ValueError(f"{constant} is no number")


def _present(members: dict[str, Any]) -> dict[str, Any]:
    """What an object of JSON says; null says nothing."""
    return {key: value for key, value in members.items() if value is not None}


def _json(data: bytes, name: str) -> dict[str, Any]:
    try:
        values = json.loads(data, parse_float=Decimal, parse_constant=_no_number, object_hook=_present)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{name} is no JSON: {error}", "give TOML or JSON of the record format") from None
    # `show --format json` wraps the record in an envelope.
    kind = str(values.get("schema", "")).removeprefix("alscli/").removesuffix("/1")
    inner = values.get(kind)
    return inner if isinstance(inner, dict) else values
