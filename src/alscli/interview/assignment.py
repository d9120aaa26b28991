"""Values from a script: `FIELD=VALUE` pairs and whole records as TOML or JSON."""

from __future__ import annotations

import json
import os
import re
import stat
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO

from alscli.errors import CollectionError, UsageError
from alscli.interview.answer import read
from alscli.model.format import MODELS, FieldEntry, FileKind, fields, shape_of
from alscli.model.nearness import did_you_mean
from alscli.model.path import put, split
from alscli.model.shape import Shape
from alscli.model.vocabulary import Vocabularies
from alscli.store.toml import MAX_BYTES, TomlError, parse


def assign(values: dict[str, Any], pair: str, kind: FileKind, vocabularies: Vocabularies) -> None:
    """Set the field that `FIELD=VALUE` names; the value is read by the field's type."""
    name, equals, text = pair.partition("=")
    if not equals or not name.strip():
        raise UsageError(f"{pair!r} is no FIELD=VALUE", "write, for example, --set enrollment.planned=40")
    name = name.strip()
    put(name, read_field(name, text, kind, vocabularies), values, shape_of(MODELS[kind]))


def read_field(name: str, text: str, kind: FileKind, vocabularies: Vocabularies) -> Any:
    """The value that a text states for the field that a path names; what UsageError says names it too."""
    entry = entry_of(name, kind)
    try:
        return read(text, entry, vocabularies)
    except UsageError as error:
        path = entry.path.replace("[]", "")
        named = re.search(rf"\b{re.escape(path.split('.')[-1])}\b", error.message) is not None
        raise UsageError(
            error.message if named else f"{name}: {error.message}",
            error.hint or f"`alscli fields {path}` explains it",
        ) from None


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
            raise UsageError(
                f"no field {name!r}", did_you_mean(part, shape.keys) or "`alscli fields` lists them"
            )
        keys.append(part)
        shape = shape.keys[part]
        in_list = shape.kind in ("tables", "inline_tables")
    wanted = ".".join(keys)
    return next(entry for entry in fields(kind) if entry.path.replace("[]", "") == wanted)


def records_in(data: bytes, name: str) -> list[dict[str, Any]]:
    """The records in a file with this name: one as TOML or JSON, several as JSON Lines or a JSON list.

    Raises UsageError for what is neither, and for what a registry gives out.
    """
    text = data.lstrip()
    if text[:1] == b"<":
        raise UsageError(f"{name} is XML or HTML", _FORMATS)
    if text[:2] in (b"[{", b"[]") or (text[:1] == b"[" and text[1:].lstrip()[:1] == b"{"):
        found = [_inner(item, name) for item in _json(data, name)]
    elif text[:1] == b"{":
        found = _lines(data, name)
    else:
        _refuse_large(data, name)
        try:
            found = [values for values in [parse(data).values] if values]
        except TomlError as error:
            raise UsageError(f"{name}:{error.message}", _FORMATS) from None
    if not found:
        raise UsageError(f"{name} holds no record", _FORMATS)
    return found


_FORMATS = (
    "give TOML or JSON of the record format, or JSON Lines for several; `alscli fields` lists its fields"
)
_MAX_SEVERAL = 64 * MAX_BYTES
"""Bytes of a file with several records."""


def _refuse_large(data: bytes, name: str) -> None:
    if len(data) > MAX_BYTES:
        raise UsageError(f"{name} is larger than 1 MiB", "no record is; several are given as JSON Lines")


def _lines(data: bytes, name: str) -> list[dict[str, Any]]:
    """One record over several lines, or one on each."""
    try:
        first = _json(data, name)
    except UsageError as error:
        lines = [(number, line) for number, line in enumerate(data.split(b"\n"), start=1) if line.strip()]
        if len(lines) < 2 or not _is_json(lines[0][1]):
            raise
        try:
            return [_inner(_json(line, f"{name}:{number}"), f"{name}:{number}") for number, line in lines]
        except UsageError as better:
            raise better from error
    _refuse_large(data, name)
    return [_inner(first, name)]


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def bytes_of(source: str) -> tuple[bytes, str]:
    """What a file holds, or stdin for `-`, and its name; raises UsageError or CollectionError."""
    if source == "-":
        data, name = sys.stdin.buffer.read(_MAX_SEVERAL + 1), "stdin"
    else:
        name = source
        try:
            with open_regular(Path(source)) as stream:
                data = stream.read(_MAX_SEVERAL + 1)
        except FileNotFoundError:
            raise UsageError(f"{source} does not exist") from None
        except OSError as error:
            raise CollectionError(f"cannot read {source}: {error.strerror or error}") from error
    if len(data) > _MAX_SEVERAL:
        raise UsageError(f"{name} is larger than 64 MiB", "give it in parts, or use `alscli import`")
    return data, name


def open_regular(path: Path) -> BinaryIO:
    """The file opened to be read; raises OSError for what is no regular file, and never waits for a pipe."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(0, "not a regular file")
    return os.fdopen(descriptor, "rb")


def _no_number(constant: str) -> None:
    raise ValueError(f"{constant} is no number")


def _present(members: dict[str, Any]) -> dict[str, Any]:
    """What an object of JSON says; null says nothing."""
    return {key: value for key, value in members.items() if value is not None}


def _json(data: bytes, name: str) -> Any:
    try:
        return json.loads(data, parse_float=Decimal, parse_constant=_no_number, object_hook=_present)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{name} is no JSON: {error}", _FORMATS) from None


def _inner(values: Any, name: str) -> dict[str, Any]:
    """The record itself, out of the envelope of `show --format json` where it stands in one."""
    if not isinstance(values, dict):
        raise UsageError(f"{name} holds what is no record", _FORMATS)
    if registry := _registry_of(values):
        raise UsageError(
            f"{name} is what {registry} gives out, but no trial in it can be read",
            f"`alscli import {name} --dry-run` says why; or add it field by field with `alscli add`",
        )
    kind = str(values.get("schema", "")).removeprefix("alscli/").removesuffix("/1")
    inner = values.get(kind)
    return inner if isinstance(inner, dict) else values


_PAYLOADS = {
    "protocolSection": "ClinicalTrials.gov",
    "studies": "ClinicalTrials.gov",
    "FullStudiesResponse": "ClinicalTrials.gov (the API before 2024)",
    "ctNumber": "EU CTIS",
    "authorizedApplication": "EU CTIS",
    "TrialID": "the ICTRP",
}
"""Keys by which the answer of a registry is known."""


def _registry_of(values: dict[str, Any]) -> str:
    return next((name for key, name in _PAYLOADS.items() if key in values), "")
