"""The history of a record, and the last change of each of its fields."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from alscli.store.git import Commit
from alscli.store.past import Origin, Step
from alscli.text import fit, one_line, pad, paint, width
from alscli.views import changes
from alscli.views.table import escaped

UNCOMMITTED = "not committed"
_FIELD = 40
"""Columns for the names of fields; a longer one stands out."""
_HEAD = 24
"""Columns of the day and the revision, each with two blanks."""
_VALUE = 30
"""Columns for the value; where there are fewer, a fact takes two lines."""


def text(steps: Sequence[Step], room: int | None, *, whole: bool, color: bool) -> Iterator[str]:
    """Lines for people: the day, who, the revision and the subject, then the fields, old → new.

    `whole` says that all fields are asked for, so that of a record that came only their number is told.
    """
    for place, step in enumerate(steps):
        if place:
            yield ""
        commit, record = step.commit, step.record
        who, subject = one_line(commit.author), one_line(commit.subject)
        if room is not None:
            who = fit(who, max(room - _HEAD, 1))
            subject = fit(subject, max(room - _HEAD - width(who) - 2, 0))
        yield f"{day(commit)}  {paint(commit.short, 'accent', color)}  {who}  {subject}".rstrip()
        said = _what(step, whole=whole)
        if said:
            line = f"  {said}"
            yield line if room is None else fit(line, room)
        if not whole or record.change not in ("added", "removed"):
            yield from changes.fields(record.fields, room, color=color)


def _what(step: Step, *, whole: bool) -> str:
    """What the commit did to the record in words, where fields do not say it."""
    record = step.record
    note = one_line(record.note)
    if record.change == "changed":
        return note
    words: list[str] = [record.change]
    if record.was:
        words.append(
            f"from {one_line(record.was)}" if record.change == "renamed" else f"(was {one_line(record.was)})"
        )
    if record.change == "added" and whole:
        words.append(f"with {len(record.fields)} fields")
    return " ".join(words) + (f": {note}" if note else "")


def day(commit: Commit | None) -> str:
    """The day of a commit where its author was, YYYY-MM-DD."""
    return commit.on[:10] if commit else " " * 10


def as_json(id_: str, field: str | None, steps: Sequence[Step]) -> str:
    """The history in a versioned envelope."""
    envelope = {
        "schema": "alscli/history/1",
        "id": id_,
        "field": field,
        "commits": [_commit(step.commit) | _entry(step) for step in steps],
    }
    return _dumped(envelope)


def _commit(commit: Commit | None) -> dict[str, Any]:
    """Who changed what when; nulls for what is not committed."""
    return {
        "commit": commit.name if commit else None,
        "date": commit.on if commit else None,
        "author": commit.author if commit else None,
        "subject": commit.subject if commit else None,
    }


def _entry(step: Step) -> dict[str, Any]:
    made = changes.entry(step.record)
    return {key: made[key] for key in ("id", "change", "was", "note", "fields") if key in made}


def _dumped(envelope: dict[str, Any]) -> str:
    return json.dumps(envelope, ensure_ascii=False, indent=2, default=changes.plain_value) + "\n"


def markdown(id_: str, steps: Sequence[Step], *, whole: bool) -> Iterator[str]:
    """Lines of Markdown: a section for each commit, a table of its fields."""
    yield f"# {escaped(one_line(id_))}"
    for step in steps:
        commit = step.commit
        yield ""
        yield f"## {day(commit)} {escaped(one_line(commit.subject))}"
        yield ""
        said = _what(step, whole=whole)
        yield f"{escaped(one_line(commit.author))}, {changes.code(commit.short)}" + (
            f": {escaped(said)}" if said else ""
        )
        if step.record.fields and (not whole or step.record.change not in ("added", "removed")):
            yield ""
            yield from changes.table(step.record.fields)


def blame(origins: Sequence[Origin], room: int | None, *, color: bool) -> Iterator[str]:
    """A line for each fact: day, who, revision, field, value; two on a narrow terminal."""
    cells = [
        (
            day(origin.commit),
            one_line(origin.commit.author) if origin.commit else UNCOMMITTED,
            origin.commit.short if origin.commit else "",
            one_line(origin.field),
        )
        for origin in origins
    ]
    sizes = [max((width(row[place]) for row in cells), default=0) for place in range(4)]
    sizes[3] = min(sizes[3], _FIELD)
    if room is not None:
        sizes[1] = min(sizes[1], max(room // 6, 6))
        sizes[3] = min(sizes[3], max(room // 3, 12))
        if room - sum(sizes) - 8 < _VALUE:
            yield from _narrow_blame(origins, room, color=color)
            return
    for origin, (on, who, short, name) in zip(origins, cells, strict=True):
        cells_of = zip((on, who, short, name), sizes, strict=True)
        shown = [pad(cell if room is None else fit(cell, size), size) for cell, size in cells_of]
        shown[2] = paint(shown[2], "accent", color)
        value = changes.said(origin.value)
        left = None if room is None else room - sum(sizes) - 8
        yield "  ".join([*shown, value if left is None else fit(value, max(left, 6))]).rstrip()


def _narrow_blame(origins: Sequence[Origin], room: int, *, color: bool) -> Iterator[str]:
    """The facts of a commit that stand beside each other, below it."""
    for commit, group in groupby(origins, key=lambda origin: origin.commit):
        who = fit(one_line(commit.author), max(room - _HEAD, 1)) if commit else UNCOMMITTED
        yield f"{day(commit)}  {paint(commit.short, 'accent', color)}  {who}" if commit else who
        for origin in group:
            yield fit(f"  {one_line(origin.field)}  {changes.said(origin.value)}", room)


def blame_json(id_: str, origins: Sequence[Origin]) -> str:
    """The last change of every fact in a versioned envelope."""
    facts = [{"field": each.field, "value": each.value, **_commit(each.commit)} for each in origins]
    return _dumped({"schema": "alscli/blame/1", "id": id_, "fields": facts})


def blame_markdown(id_: str, origins: Sequence[Origin]) -> Iterator[str]:
    """Lines of a table in Markdown."""
    yield f"# {escaped(one_line(id_))}"
    yield ""
    yield "| date | who | revision | field | value |"
    yield "| --- | --- | --- | --- | --- |"
    for origin in origins:
        commit = origin.commit
        who = one_line(commit.author) if commit else UNCOMMITTED
        revision = changes.code(commit.short) if commit else ""
        value = escaped(fit(changes.said(origin.value), 300))
        field = changes.code(origin.field)
        yield f"| {day(commit).strip()} | {escaped(who)} | {revision} | {field} | {value} |"
