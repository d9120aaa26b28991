"""From Pydantic's errors to problems: one for each cause, with the nearest name or the form expected."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from alscli.check.broken import meant_keys
from alscli.check.finding import Problem
from alscli.model.field import Table
from alscli.model.format import MODELS, FileKind, anatomy, key_of, shape_of
from alscli.model.identifiers import explain_registry_id, parse_registry_id
from alscli.model.path import Path, value_at
from alscli.model.shape import Shape
from alscli.model.values import Absence
from alscli.model.vocabulary import Vocabularies
from alscli.store.canonical import quote, scalar

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_QUOTED_KEY = re.compile(r"`\[*(\w+)")


def problems(
    kind: FileKind, errors: Sequence[ErrorDetails], values: Mapping[str, Any], vocabularies: Vocabularies
) -> Iterator[tuple[str, Problem]]:
    """Each schema error as a code and a problem.

    A required key that is missing because it is misspelled is one problem: the unknown key.
    """
    if not errors:
        return
    newer = [error for error in errors if error["type"] == "newer_schema"]
    shape = shape_of(MODELS[kind])
    meant = _meant(kind, errors, values)
    misspelled = _misspelled(meant, values, shape)
    for error in newer or errors:
        if error["type"] == "extra_forbidden":
            yield "SM001", _unknown_key(error["loc"], meant.get(error["loc"], ()), shape)
        elif not misspelled.intersection(_missing(error)):
            yield _problem(error, values, shape, vocabularies)


def broken_paths(kind: FileKind, errors: Sequence[ErrorDetails], values: Mapping[str, Any]) -> set[Path]:
    """What of a file cannot be relied on: refused values, missing keys, keys that an unknown key may mean."""
    paths = _misspelled(_meant(kind, errors, values), values, shape_of(MODELS[kind]))
    for error in errors:
        paths.update(_missing(error))
        if error["loc"]:
            paths.add(_stated(error["loc"], values))
    return paths


def nameless(kind: FileKind, paths: Collection[Path]) -> set[Path]:
    """The elements of lists that cannot be recognized, because one of `paths` is a key of their identity."""
    shape = shape_of(MODELS[kind])
    return {path[:-1] for path in paths if path[-1] in _shape_at(path[:-1], shape).identity}


def _meant(
    kind: FileKind, errors: Sequence[ErrorDetails], values: Mapping[str, Any]
) -> dict[Path, tuple[str, ...]]:
    """The keys that each unknown key may mean, best first, by its path."""
    tables = dict.fromkeys(error["loc"][:-1] for error in errors if error["type"] == "extra_forbidden")
    return {
        (*table, key): near
        for table in tables
        for key, near in meant_keys(_model_at(kind, table), value_at(values, table)).items()
    }


def _model_at(kind: FileKind, path: Path) -> type[Table]:
    model = MODELS[kind]
    for part in path:
        names = {key_of(name, field): name for name, field in model.model_fields.items()}
        inner = anatomy(model, names[part]).table if isinstance(part, str) else None
        model = inner or model
    return model


def _misspelled(meant: Mapping[Path, Sequence[str]], values: Mapping[str, Any], shape: Shape) -> set[Path]:
    """The paths of keys that unknown keys of the same table seem to mean, where they are absent.

    A list of tables that is there too is broken as well: a part of it stands under the unknown key.
    """
    found: set[Path] = set()
    for (*table, key), near in meant.items():
        held = value_at(values, tuple(table))
        known = (*table, *near[:1])
        if near and (near[0] not in held or (_holds_tables(known, shape) and _is_table_or_tables(held[key]))):
            found.add(known)
    return found


def _is_table_or_tables(value: object) -> bool:
    if isinstance(value, list):
        return bool(value) and all(isinstance(element, Mapping) for element in value)
    return isinstance(value, Mapping)


def _missing(error: ErrorDetails) -> list[Path]:
    """The keys that an error asks for, any one of them."""
    path: Path = error["loc"]
    if error["type"] == "missing":
        return [path]
    if error["type"] == "one_of":
        return [(*path, key) for key in _QUOTED_KEY.findall(error["ctx"]["keys"])]
    return []


def _problem(
    error: ErrorDetails, values: Mapping[str, Any], shape: Shape, vocabularies: Vocabularies
) -> tuple[str, Problem]:
    within: Path = error.get("ctx", {}).get("within", ())
    path = (*_stated(error["loc"], values), *within)
    value = value_at(error["input"], within)
    expected = str(error.get("ctx", {}).get("expected", ""))
    match error["type"]:
        case "missing":
            return "SM002", Problem(path, f"`{path[-1]}` is missing{_inside(path)}", at="header")
        case "one_of":
            return "SM002", Problem(path, f"needs {error.get('ctx', {})['keys']}", at="header")
        case "term":
            return "SM004", _unknown_term(path, str(value), error.get("ctx", {})["vocabulary"], vocabularies)
        case "impossible_date":
            return "DT001", Problem(path, f"{value} is no day of the calendar")
        case "record_id":
            code = "ID001" if path == ("id",) else "SM005"
            return code, Problem(path, f"{shown(value)} is no id: use {expected}")
        case "registry_id":
            return "ID002", _unknown_registry_id(path, str(value))
        case "newer_schema":
            return "SM007", Problem(
                path, f"schema {value} is newer than this program, which reads schema 1", help="update alscli"
            )
        case "shape":
            return "SM005", _mended(Problem(path, f"{shown(value)} is not {expected}"), error)
        case "list_type":
            expected = "a list" + (" of tables" if _holds_tables(path, shape) else "")
        case "model_type" | "dict_type" | "model_attributes_type":
            expected = "a table"
        case _:
            pass
    message = f"`{_last_key(path)}` should be {expected}, not {kind_of(value)}"
    return "SM003", _mended(Problem(path, message), error)


def _mended(problem: Problem, error: ErrorDetails) -> Problem:
    """A problem with what the error knows to be the same in the right form."""
    better = error.get("ctx", {}).get("better")
    if better is None:
        return problem
    written = scalar(better) if isinstance(better, bool | Decimal) else str(better)
    told, written = written, quote(better) if isinstance(better, str) else written
    return replace(problem, suggestions=(told,), replacement=written, safe=True, help=f"write {written}")


def _stated(path: Path, values: Mapping[str, Any]) -> Path:
    """The path without what the format adds to a bare value: `planned = -1` is the n of a count."""
    inner = value_at(values, path[:-1])
    return path if isinstance(inner, Mapping | list) else path[:-1]


def _unknown_key(path: Path, near: tuple[str, ...], shape: Shape) -> Problem:
    hint = f"; did you mean `{near[0]}`?" if near else ""
    return Problem(
        path,
        f"unknown key `{shown(path[-1])[1:-1]}`{_inside(path)}{hint}",
        at="key",
        suggestions=near,
        help="" if near else f"the keys here are {', '.join(_shape_at(path[:-1], shape).keys)}",
    )


def _unknown_term(path: Path, value: str, name: str, vocabularies: Vocabularies) -> Problem:
    vocabulary = vocabularies[name]
    if value in (absence.value for absence in Absence):
        return Problem(path, f"{shown(value)} cannot stand here: `{_last_key(path)}` needs a term of {name}")
    term = vocabulary.find(value)
    if term is not None:
        # Of how many roles a "double-blind" trial's masking is, the words do not tell.
        sure = name != "masking" or value.strip().casefold() == term.code
        return Problem(
            path,
            f"{shown(value)} {'is written' if sure else 'may be'} {shown(term.code)}",
            suggestions=(term.code,),
            replacement=_toml(term.code),
            safe=sure and (name == "country" or term.is_named_exactly(value)),
            help="" if sure else "`masking` counts the roles that are masked",
        )
    near, slip = tuple(vocabulary.nearest(value)), vocabulary.slip(value)
    words = name.replace("_", " ")
    hint = f"; did you mean {' or '.join(shown(code) for code in near)}?" if near else ""
    return Problem(
        path,
        f"{shown(value)} is not {_article(words)} {words}{hint}",
        suggestions=near,
        replacement=_toml(slip) if slip else None,
        help=f"`alscli values {name}` lists the terms",
    )


def _article(words: str) -> str:
    return "an" if words[0] in "aeio" else "a"


def _unknown_registry_id(path: Path, value: str) -> Problem:
    parsed = parse_registry_id(value)
    if parsed is not None:
        return Problem(
            path,
            f"{shown(value)} is written {shown(parsed.value)}",
            suggestions=(parsed.value,),
            replacement=_toml(parsed.value),
            safe=True,
        )
    reason = explain_registry_id(value) or f"{shown(value)} has the shape of no known registry"
    return Problem(path, reason, help="an id of no registry belongs in `secondary_ids`")


def _shape_at(path: Path, shape: Shape) -> Shape:
    for part in path:
        if isinstance(part, str):
            shape = shape.keys.get(part, Shape("value"))
    return shape


def _holds_tables(path: Path, shape: Shape) -> bool:
    return _shape_at(path, shape).kind in ("tables", "inline_tables")


def _last_key(path: Path) -> str:
    return next((part for part in reversed(path) if isinstance(part, str)), "the file")


def _inside(path: Path) -> str:
    table = [part for part in path[:-1] if isinstance(part, str)]
    return f" in [{'.'.join(table)}]" if table else ""


def shown(value: object) -> str:
    """A value as it stands in a message: text quoted, the rest as in TOML, long ones cut.

    It holds nothing that a terminal would obey.
    """
    if isinstance(value, str):
        text = repr(value)
    elif isinstance(value, list | Mapping):
        from alscli.store.layout import write_value

        written = write_value(value, None, nested=True)
        text = "".join(each if each.isprintable() else f"\\U{ord(each):08x}" for each in written)
    else:
        text = scalar(value) if isinstance(value, bool | Decimal) else str(value)
    return text if len(text) <= 80 else f"{text[:76]} …{text[-1] if isinstance(value, str | list) else ''}"


def kind_of(value: object) -> str:
    """The type of a TOML value in words, with the value where it is short."""
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    if isinstance(value, str):
        return f"the text {shown(value)}"
    return shown(value)


def _toml(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
