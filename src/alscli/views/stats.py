"""Counts of trials, and what a collection is, for a terminal, a pipe or a script."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from alscli.query.counts import Counts
from alscli.query.tables import Column, Row
from alscli.text import paint
from alscli.views.table import json_object, render

Section = tuple[str, Sequence[Column], Sequence[Row]]
"""A heading, the columns of its table, the rows."""

NONE = "(none)"
"""Stands for what nobody recorded."""
_LABEL = Column("section", "text", "which part")


def lines(
    counts: Counts, kind: str, room: int, *, color: bool, limit: int | None, header: bool = True
) -> Iterator[str]:
    """Lines of counts in a format other than JSON."""
    columns, rows = counts.table()
    yield from render(kind, columns, named(rows[:limit]), room, color=color, header=header)


def named(rows: Sequence[Row]) -> list[Row]:
    """The rows with a word where nothing is recorded."""
    return [{name: NONE if cell is None else cell for name, cell in row.items()} for row in rows]


def as_json(counts: Counts, limit: int | None) -> str:
    """Counts in the envelope that scripts may rely on; null is what nobody looked for."""
    _, rows = counts.table()
    listed = [{"by": json_object(counts.columns, row), "n": row["n"]} for row in rows[:limit]]
    return _envelope({"total": counts.total, "rows": listed})


def notes(counts: Counts, shown: int) -> str:
    """What a reader of the counts must know."""
    parts = [f"N = {counts.total} trials"]
    if shown < len(counts.rows):
        parts.append(f"the first {shown} of {len(counts.rows)} groups shown")
    if counts.several:
        verb = "holds" if len(counts.several) == 1 else "hold"
        names = " and ".join(counts.several)
        parts.append(f"{names} {verb} several values a trial, so n adds up to more than N")
    return "; ".join(parts)


def section_lines(
    sections: Sequence[Section], kind: str, room: int, *, color: bool, header: bool = True
) -> Iterator[str]:
    """Tables under their headings; as one table with a column `section` where a script reads."""
    if kind in ("table", "markdown"):
        for number, (title, columns, rows) in enumerate(sections):
            if number:
                yield ""
            yield f"## {title}" if kind == "markdown" else paint(title, "heading", color)
            if kind == "markdown":
                yield ""
            yield from render(kind, columns, rows, room, color=False)
        return
    columns, rows = _flat(sections)
    yield from render(kind, columns, rows, room, color=color, header=header)


def sections_as_json(sections: Sequence[Section], total: int) -> str:
    """Tables in the envelope of counts: `by` is the section and what is counted in it."""
    columns, rows = _flat(sections)
    named = [column for column in columns if column.type == "text"]
    counted = [column for column in columns if column.type != "text"]
    listed = [{"by": json_object(named, row)} | json_object(counted, row) for row in rows]
    return _envelope({"total": total, "rows": listed})


def _flat(sections: Sequence[Section]) -> tuple[list[Column], list[Row]]:
    if len(sections) == 1:
        return list(sections[0][1]), list(sections[0][2])
    merged = {column.name: column for _, columns, _ in sections for column in columns}
    columns = sorted(merged.values(), key=lambda column: column.type != "text")  # what it is, then how many
    rows: list[Row] = [
        {"section": title, **{column.name: row.get(column.name) for column in columns}}
        for title, _, rows in sections
        for row in rows
    ]
    return [_LABEL, *columns], rows


def report_as_json(columns: Sequence[Column], by: Sequence[str], rows: Sequence[Row], total: int) -> str:
    """A report in the envelope of counts; the columns `by` are what it is by."""
    named = [column for column in columns if column.name in by]
    rest = [column for column in columns if column.name not in by]
    listed = [{"by": json_object(named, row), **json_object(rest, row)} for row in rows]
    return _envelope({"total": total, "rows": listed})


def _envelope(content: dict[str, object]) -> str:
    return json.dumps({"schema": "alscli/stats/1", **content}, ensure_ascii=False, indent=2) + "\n"
