"""Answers to questions in SQL and in words, and the tables that can be asked."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from decimal import Decimal

from alscli.errors import UsageError
from alscli.model.nearness import did_you_mean
from alscli.query.guard import Answer
from alscli.query.search import FOUND, Found
from alscli.query.tables import TABLES, Cell, Column, ColumnType, Row, TableShape
from alscli.text import fit, line_spans, one_line, paint, wrap
from alscli.views.table import escaped, json_object, render

_SCHEMA = (
    Column("table", "text", "name of the table"),
    Column("column", "text", "name of the column"),
    Column("type", "text", "type of its cells"),
    Column("key", "text", "primary, or the table it refers to"),
    Column("meaning", "text", "meaning"),
)
_WRITTEN = "what a typed cell cannot hold, as JSON by column: not_reported, not_applicable, digits as printed"


def answer_rows(answer: Answer) -> tuple[list[Column], list[Row]]:
    """The answer as rows of the projection; columns of one name are told apart by a number."""
    names: list[str] = []
    for name in answer.names:
        unique, count = name, 1
        while unique in names:
            count += 1
            unique = f"{name}_{count}"
        names.append(unique)
    rows: list[Row] = [dict(zip(names, map(_cell, values), strict=True)) for values in answer.rows]
    return [Column(name, _type_of(name, rows), "") for name in names], rows


def _cell(value: str | float | bytes | None) -> Cell:
    if isinstance(value, bytes):
        return f"x'{value.hex()}'"
    if isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")):
            return str(value)
        return int(value) if value.is_integer() and abs(value) < 1 << 53 else Decimal(repr(value))
    return value


def _type_of(name: str, rows: Sequence[Row]) -> ColumnType:
    cells = [row[name] for row in rows if row[name] is not None]
    return "number" if cells and all(isinstance(cell, (int, Decimal)) for cell in cells) else "text"


def rows_as_json(columns: Sequence[Column], rows: Sequence[Row]) -> str:
    """The answer in a versioned envelope."""
    listed = [json_object(columns, row) for row in rows]
    envelope = {"schema": "alscli/rows/1", "count": len(rows), "rows": listed}
    return json.dumps(envelope, ensure_ascii=False, indent=2) + "\n"


def schema_lines(table: str | None, kind: str, room: int, *, color: bool) -> Iterator[str]:
    """Lines that say what can be asked: all tables, or one. Raises UsageError for an unknown one."""
    if table is not None and table not in TABLES:
        raise UsageError(f"no table {table!r}", did_you_mean(table, TABLES))
    shapes = [TABLES[table]] if table else list(TABLES.values())
    if kind != "table":
        rows = [row for shape in shapes for row in _schema_rows(shape)]
        if kind == "json":
            listed = [json_object(_SCHEMA, row) for row in rows]
            yield json.dumps({"schema": "alscli/tables/1", "columns": listed}, ensure_ascii=False, indent=2)
        else:
            yield from render(kind, _SCHEMA, rows, room, color=False)
        return
    for number, shape in enumerate(shapes):
        if number:
            yield ""
        first, *rest = wrap(f"{shape.name}: {shape.meaning}", room)
        yield paint(shape.name, "heading", color) + first.removeprefix(shape.name)
        yield from rest
        yield from list(render(kind, _SCHEMA[1:], list(_schema_rows(shape)), room, color=False))[1:]


def _schema_rows(shape: TableShape) -> Iterator[Row]:
    for column in shape.columns:
        keys = ["primary"] if column.name in shape.key else []
        keys += [reference.table for reference in shape.references if column.name in reference.columns]
        yield {
            "table": shape.name,
            "column": column.name,
            "type": column.type,
            "key": ", ".join(keys) or None,
            "meaning": column.meaning,
        }
    yield {"table": shape.name, "column": "written", "type": "text", "key": None, "meaning": _WRITTEN}


def found_lines(
    found: Sequence[Found], kind: str, room: int, *, color: bool, header: bool = True
) -> Iterator[str]:
    """Lines of what was found: on a terminal each with the words marked below it."""
    if kind == "table":
        for each in found:
            label = "" if each.kind == "trial" else f" ({each.kind})"
            yield paint(one_line(each.id), "accent", color) + label
            if each.field != "title":
                yield fit(f"    {one_line(each.title)}", room)
            yield from _marked(each, room, color=color)
        return
    rows = [each.row() for each in found]
    if kind == "markdown":
        columns = FOUND[:-1]
        yield "| " + " | ".join(column.name for column in columns) + " |"
        yield "|" + "|".join(" --- " for _ in columns) + "|"
        for each, row in zip(found, rows, strict=True):
            cells = [escaped(one_line(str(row[column.name]))) for column in columns[:-1]]
            yield "| " + " | ".join([*cells, _emphasized(each)]) + " |"
        return
    yield from render(kind, FOUND, rows, room, color=color, header=header)


def _marked(each: Found, room: int, *, color: bool) -> Iterator[str]:
    text = one_line(each.excerpt)
    marks = each.marks if text == each.excerpt else ()
    for start, end in line_spans(text, room - 4):
        shown, at = "    ", start
        for first, last in marks:
            left, right = max(first, start), min(last, end)
            if left < right:
                shown += text[at:left] + paint(text[left:right], "warn", color)
                at = right
        yield (shown + text[at:end]).rstrip()


def _emphasized(each: Found) -> str:
    shown, end = "", 0
    for start, stop in each.marks:
        shown += escaped(one_line(each.excerpt[end:start]))
        shown += f"**{escaped(one_line(each.excerpt[start:stop]))}**"
        end = stop
    return shown + escaped(one_line(each.excerpt[end:]))


def found_as_json(query: str, found: Sequence[Found], total: int) -> str:
    """What was found in a versioned envelope."""
    listed = [json_object(FOUND, each.row()) for each in found]
    envelope = {
        "schema": "alscli/found/1",
        "query": query,
        "count": len(found),
        "total": total,
        "found": listed,
    }
    return json.dumps(envelope, ensure_ascii=False, indent=2) + "\n"
