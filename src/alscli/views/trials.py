"""A list of trials for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alscli.text import link, paint, wrap
from alscli.views.table import fitted, is_too_wide, natural_width, stacked, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from alscli.query.tables import Column, Row

DEFAULT = ("id", "registry_id", "phase", "status", "cell_types", "enrollment", "evidence")

_STATUS_STYLE = {
    "recruiting": "good",
    "not_yet_recruiting": "good",
    "enrolling_by_invitation": "good",
    "terminated": "bad",
    "withdrawn": "bad",
    "suspended": "bad",
}


def render(columns: Sequence[Column], rows: Sequence[Row], room: int, *, color: bool) -> Iterator[str]:
    """Lines of the table; the honest line is never cut: where it does not fit it stands below its row."""
    below = any(column.name == "evidence" for column in columns) and len(columns) > 1
    below = below and natural_width(columns, rows) > room
    across = [column for column in columns if not (below and column.name == "evidence")]
    if is_too_wide(across, rows, room):
        yield from stacked(columns, rows, room, color=color)
        return
    lines = list(
        fitted(across, rows, room, color=color, decorate=lambda *cell: _decorated(*cell, color=color))
    )
    head = len(lines) - len(rows)
    yield from lines[:head]
    for line, row in zip(lines[head:], rows, strict=True):
        yield line
        if below:
            for part in wrap(text_of(row["evidence"]), room, "    "):
                yield _marked(paint(part, "quiet", color), color)


def _decorated(name: str, cell: str, row: Row, *, color: bool) -> str:
    if name in ("id", "registry_id"):
        text = cell.rstrip()
        return link(paint(text, "accent", color and name == "id"), _url(row), color) + cell[len(text) :]
    if name == "status":
        style = _STATUS_STYLE.get(str(row["status"]))
        return paint(cell, style, color) if style else cell
    return _marked(cell, color) if name == "evidence" else cell


def _marked(text: str, color: bool) -> str:
    """The honest line with a missed endpoint marked."""
    return text.replace("not met", paint("not met", "warn", color), 1) if color else text


def _url(row: Row) -> str | None:
    from alscli.model.identifiers import parse_registry_id

    number = row.get("registry_id")
    parsed = parse_registry_id(number) if isinstance(number, str) else None
    return parsed.url if parsed else None


def heading(shown: int, matching: int, total: int, undecided: int) -> str:
    """`8 of 12 trials`, with what was left out."""
    parts = [f"{matching} of {total} trials"]
    if shown < matching:
        parts.append(f"the first {shown} shown")
    if undecided:
        parts.append(f"{undecided} undecided left out")
    return ", ".join(parts)
