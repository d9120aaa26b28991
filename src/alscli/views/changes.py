"""Changes by field: for a terminal, for scripts, for a pull request."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from alscli.store.compare import Change, RecordChange
from alscli.text import fit, one_line, pad, paint, width, wrap
from alscli.views.table import escaped

_MARK = {"added": "+", "removed": "-", "renamed": ">", "changed": "~", "unreadable": "!"}
_STYLE = {"added": "good", "removed": "bad", "renamed": "accent", "changed": "heading", "unreadable": "error"}
MARKDOWN_LIMIT = 65_536
"""Characters that GitHub takes in one comment."""


def text(records: Sequence[RecordChange], room: int | None, *, color: bool) -> Iterator[str]:
    """Lines for people: a record, then its fields, old → new; `room` is the terminal's width."""
    for record in records:
        yield _heading(record, color=color)
        if record.change in ("added", "removed"):
            yield from _contents(record, room, color=color)
        else:
            yield from fields(record.fields, room, color=color)
        yield ""


def _heading(record: RecordChange, *, color: bool) -> str:
    was = f" (was {one_line(record.was)})" if record.was else ""
    note = f": {one_line(record.note)}" if record.note else ""
    what = "" if record.change == "changed" else f" {record.change}"
    kind = "" if record.kind == "trial" else f" ({record.kind})"
    mark = paint(_MARK[record.change], _STYLE[record.change], color)
    return f"{mark} {paint(one_line(record.id), 'heading', color)}{kind}{was}{what}{note}"


def _contents(record: RecordChange, room: int | None, *, color: bool) -> Iterator[str]:
    """The scalars of a record that came or went; what its lists hold is counted."""
    for change in record.fields:
        value = change.new if record.change == "added" else change.old
        if change.field in ("schema", "id"):
            continue
        line = f"    {one_line(change.field)}: {_counted(value)}"
        yield fit(line, room) if room else line


def _counted(value: Any) -> str:
    """A value on one line; of a list of tables only how many there are."""
    if isinstance(value, list) and value and isinstance(value[0], Mapping):
        return str(len(value))
    return said(value)


def fields(changes: Sequence[Change], room: int | None, *, color: bool) -> Iterator[str]:
    """A line for each field, old → new, below each other where they do not fit; `!` marks a major one."""
    names = [one_line(change.field) for change in changes]
    size = max(map(width, names), default=0)
    size = size if room is None else min(size, room // 3)
    for change, name in zip(changes, names, strict=True):
        mark = paint("!", "warn", color) if change.weight == "major" else " "
        old, new = sides(change)
        across = f"  {mark} {pad(name, size)}  {paint(old, 'bad', color)} → {paint(new, 'good', color)}"
        if room is None or max(size, width(name)) + width(old) + width(new) + 9 <= room:
            yield across
        else:
            yield f"  {mark} {fit(name, room - 4)}"
            old, new = _parted(old, new)
            yield from _below("-", old, "bad", room, color=color)
            yield from _below("+", new, "good", room, color=color)


def _below(sign: str, side: str, style: str, room: int, *, color: bool) -> Iterator[str]:
    """One side of a change on some lines of its own; none where it holds nothing."""
    lines = [] if side in (NOTHING, NONE_OF_THEM) else wrap(side, room - 8)
    if len(lines) > _LINES:
        lines[_LINES - 1] += " …"
    for number, line in enumerate(lines[:_LINES]):
        yield f"      {' ' if number else sign} {paint(fit(line, room - 8), style, color)}"


_LINES = 6
"""Lines of a terminal that one side of a change takes at most."""
_AROUND = 24
"""Characters that stay of what two long texts begin or end with, so that one sees where they differ."""


def _parted(old: str, new: str) -> tuple[str, str]:
    """Two texts without most of what both begin and end with."""
    start = _left_out(old, new)
    stop = _left_out(old[start:][::-1], new[start:][::-1])
    one, other = (
        f"{'…' * bool(start)}{side[start : len(side) - stop]}{'…' * bool(stop)}" for side in (old, new)
    )
    return one, other


def _left_out(one: str, other: str) -> int:
    """How many characters that both begin with need not be shown; whole words, and not for a few."""
    same = next(
        (at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )
    if same < 2 * _AROUND:
        return 0
    blank = one.find(" ", same - _AROUND, same)
    return blank + 1 if blank >= 0 else same - _AROUND


NOTHING = "(nothing)"
NONE_OF_THEM = "·"


def sides(change: Change) -> tuple[str, str]:
    """Both values as text; of lists of words in one order, or in none, only what came and went."""
    old, new = change.old, change.new
    if isinstance(old, list) and isinstance(new, list):
        went, came = [v for v in old if v not in new], [v for v in new if v not in old]
        kept = [[v for v in side if v not in apart] for side, apart in ((old, went), (new, came))]
        words = not any(isinstance(v, (Mapping, list)) for v in [*old, *new])
        if (went or came) and kept[0] and (change.unordered or (words and kept[0] == kept[1])):
            return said(went) or NONE_OF_THEM, said(came) or NONE_OF_THEM
    return said(old) or NOTHING, said(new) or NOTHING


def said(value: Any) -> str:
    """A TOML value on one line."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ", ".join(map(said, value))
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {said(inner)}" for key, inner in value.items()) + " }"
    return one_line(str(value))


def stat(records: Sequence[RecordChange]) -> Iterator[str]:
    """One line a record: how many fields, how many of them major."""
    size = max((width(one_line(record.id)) for record in records), default=0)
    for record in records:
        major = sum(change.weight == "major" for change in record.fields)
        fields = len(record.fields)
        counts = f"{fields:>3} field{'s' if fields != 1 else ' '}" + (f", {major} major" if major else "")
        yield f"{_MARK[record.change]} {pad(one_line(record.id), size)}  {counts}"


def totals(records: Sequence[RecordChange]) -> str:
    """`2 records added, 1 changed (3 major fields)`."""
    counts: Counter[str] = Counter(record.change for record in records)
    if not counts:
        return "no differences"
    major = sum(c.weight == "major" for r in records if r.change == "changed" for c in r.fields)
    parts = [f"{counts[what]} {what}" for what in _MARK if counts[what]]
    tail = f" ({major} major field{'s' if major != 1 else ''})" if major else ""
    return f"{len(records)} record{'s' if len(records) != 1 else ''}: {', '.join(parts)}{tail}"


def as_json(records: Sequence[RecordChange]) -> str:
    """The changes in a versioned envelope."""
    envelope = {"schema": "alscli/diff/1", "records": [entry(record) for record in records]}
    return json.dumps(envelope, ensure_ascii=False, indent=2, default=plain_value) + "\n"


def entry(record: RecordChange) -> dict[str, Any]:
    """One record of the envelope."""
    entry: dict[str, Any] = {"id": record.id, "kind": record.kind, "change": record.change}
    if record.was:
        entry["was"] = record.was
    if record.note:
        entry["note"] = record.note
    entry["fields"] = [
        {"field": change.field, "old": change.old, "new": change.new, "weight": change.weight}
        for change in record.fields
    ]
    return entry


def plain_value(value: object) -> object:
    """What JSON has no type for: a decimal number as a number where JSON can hold it, the rest as text."""
    if isinstance(value, Decimal) and math.isfinite(number := float(value)):
        return number
    return str(value)


def markdown(records: Sequence[RecordChange], limit: int = MARKDOWN_LIMIT) -> str:
    """The changes as Markdown of at most `limit` characters, with the totals and what was cut."""
    head = f"**{totals(records)}**\n"
    body, left = "", len(records)
    for record in records:
        room = limit - len(head) - len(body) - _ROOM_FOR_CUT
        section = _within(list(_section(record)), room)
        if section is None:
            break
        body += section
        left -= 1
    cut = (
        f"\n_{left} more records are not shown: the whole would exceed {limit:,} characters._\n"
        if left
        else ""
    )
    return head + body + cut


_ROOM_FOR_CUT = 200


def _within(lines: list[str], room: int) -> str | None:
    """The lines of a record in so many characters, rows that are cut counted; None where few would stay."""
    section = "\n" + "\n".join(lines) + "\n"
    if len(section) <= room:
        return section
    if room < _ROOM_FOR_ROWS or _RULE not in lines:
        return None
    above = lines.index(_RULE) + 1
    kept = lines[:above]
    size = sum(len(line) + 1 for line in kept) + _ROOM_FOR_CUT
    for line in lines[above:]:
        size += len(line) + 1
        if size > room:
            break
        kept.append(line)
    more = len(lines) - len(kept)
    return "\n" + "\n".join([*kept, "", f"_{more} more fields of this record are not shown._"]) + "\n"


_RULE = "| --- | --- | --- | --- |"
_ROOM_FOR_ROWS = 2_000
"""Characters below which a record is not begun if it must be cut."""


def markdown_stat(records: Sequence[RecordChange]) -> str:
    """The records that differ, a line each, as a table in Markdown."""
    lines = [f"**{totals(records)}**"]
    if records:
        lines += ["", "| record | change | fields | major |", "| --- | --- | ---: | ---: |"]
    for record in records:
        major = sum(change.weight == "major" for change in record.fields)
        lines.append(f"| {code(record.id)} | {record.change} | {len(record.fields)} | {major} |")
    return "\n".join(lines) + "\n"


def _section(record: RecordChange) -> Iterator[str]:
    was = f" (was {code(record.was)})" if record.was else ""
    yield f"### {code(record.id)}{was} {record.change}"
    if record.note:
        yield escaped(one_line(record.note))
    if record.change in ("added", "removed"):
        title = next((c for c in record.fields if c.field in ("title", "name")), None)
        if title is not None:
            yield f"\n{escaped(fit(said(title.new or title.old), 300))}"
        return
    if record.fields:
        yield ""
        yield from table(record.fields)


def table(changes: Sequence[Change]) -> Iterator[str]:
    """Lines of a table in Markdown: weight, field, old, new."""
    yield "| | field | old | new |"
    yield _RULE
    for change in changes:
        old, new = (escaped(fit(side, 300)) for side in sides(change))
        weight = "major" if change.weight == "major" else ""
        yield f"| {weight} | {code(fit(one_line(change.field), 200))} | {old} | {new} |"


def code(text: str) -> str:
    """Text as code in Markdown; with a character that ends the code or the cell, escaped instead."""
    text = one_line(text)
    return escaped(text) if set("`|") & set(text) else f"`{text}`"
