"""Trials beside each other, for a terminal, a pipe or a script."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import zip_longest

from alscli.query.comparison import COUNTED, Fact, Group, harm_columns, trial_columns
from alscli.query.tables import Cell, Column, Row
from alscli.text import fit, pad, paint, wrap
from alscli.views import trials
from alscli.views.stats import NONE
from alscli.views.table import GAP, json_object, json_value, labelled, render, text_of

_LABEL = 24
_NARROWEST = 16


def facts(ids: Sequence[str], found: Sequence[Fact], kind: str, room: int, *, color: bool) -> Iterator[str]:
    """Lines of the fields of trials side by side; wrapped in columns on a terminal."""
    if kind == "table":
        yield from _beside(ids, found, room, color=color)
        return
    columns = [
        Column("field", "text", "column of `trials`"),
        *(Column(name, "text", "what this trial has") for name in ids),
        Column("differs", "boolean", "whether they do not all have the same"),
    ]
    yield from render(kind, columns, [_fact_row(ids, fact) for fact in found], room, color=color)


def _fact_row(ids: Sequence[str], fact: Fact) -> Row:
    return {
        "field": fact.column.name,
        **dict(zip(ids, fact.cells, strict=True)),
        "differs": fact.differs,
    }


def _beside(ids: Sequence[str], found: Sequence[Fact], room: int, *, color: bool) -> Iterator[str]:
    each = (room - _LABEL) // len(ids) - len(GAP)
    if each >= _NARROWEST:
        heads = (paint(pad(fit(name, each), each), "heading", color) for name in ids)
        yield GAP.join([" " * _LABEL, *heads]).rstrip()
    same = False
    for fact in found:
        label, texts = fact.column.name.replace("_", " "), [text_of(cell) or "–" for cell in fact.cells]
        if not fact.differs:
            if not same:
                yield from ("", paint("the same in all", "heading", color))
            same = True
            yield from labelled(label, texts[0], _LABEL, room, color=color)
        elif each < _NARROWEST:
            yield paint(label, "heading", color)
            for name, text in zip(ids, texts, strict=True):
                yield from labelled(f"  {fit(name, _LABEL - 2)}", text, _LABEL, room, color=color)
        else:
            cells = [wrap(text, each) for text in texts]
            for number, parts in enumerate(zip_longest(*cells, fillvalue="")):
                head = paint(pad("" if number else label, _LABEL), "quiet", color)
                yield GAP.join([head, *(pad(part, each) for part in parts)]).rstrip()


def facts_as_json(ids: Sequence[str], found: Sequence[Fact]) -> str:
    """The fields of trials side by side in a versioned envelope."""
    listed = [
        {
            "field": fact.column.name,
            "values": [json_value(cell) for cell in fact.cells],
            "differs": fact.differs,
        }
        for fact in found
    ]
    return _envelope({"ids": list(ids), "fields": listed})


def groups(found: Sequence[Group], kind: str, room: int, *, color: bool) -> Iterator[str]:
    """Lines of kinds of trials side by side; on a terminal with their harms and the trials themselves."""
    columns, rows = _summary(found)
    yield from render(kind, columns, rows, room, color=color)
    if kind not in ("table", "markdown"):
        return
    for each in found:
        for title, lines in (
            ("trials", _trials(each, kind, room, color=color)),
            ("harms, arm by arm, in people", _harms(each, kind, room)),
        ):
            if shown := list(lines):
                heading = f"{each.term}: {title}"
                yield ""
                yield from (
                    (f"## {heading}", "") if kind == "markdown" else (paint(heading, "heading", color),)
                )
                yield from shown


def _trials(each: Group, kind: str, room: int, *, color: bool) -> Iterator[str]:
    if kind == "table" and each.trials:
        yield from trials.render(trial_columns(), each.trials, room, color=color)
    elif each.trials:
        yield from render(kind, trial_columns(), each.trials, room, color=False)


def _harms(each: Group, kind: str, room: int) -> Iterator[str]:
    if each.harms:
        yield from render(kind, harm_columns(), each.harms, room, color=False)


def _summary(found: Sequence[Group]) -> tuple[list[Column], list[Row]]:
    columns = [
        Column("what", "text", "what is counted"),
        Column("value", "text", "of which value"),
        *(Column(each.term, "integer", "trials") for each in found),
    ]
    rows: list[Row] = [
        _line("trials", "", found, [each.n for each in found]),
        _line("with any result", "", found, [each.reported for each in found]),
    ]
    for name in COUNTED:
        values = dict.fromkeys(value for each in found for value in each.counts[name])
        for value in sorted(values, key=lambda value: (value is None, str(value))):
            shown = NONE if value is None else text_of(value)
            rows.append(_line(name, shown, found, [each.counts[name].get(value, 0) for each in found]))
    return columns, rows


def _line(what: str, value: str, found: Sequence[Group], numbers: Sequence[int]) -> Row:
    cells: dict[str, Cell] = dict(zip((each.term for each in found), numbers, strict=True))
    return {"what": what.replace("_", " "), "value": value, **cells}


def groups_as_json(by: str, found: Sequence[Group]) -> str:
    """Kinds of trials side by side in a versioned envelope."""
    listed = [
        {
            "term": each.term,
            "n": each.n,
            "reported": each.reported,
            "counts": {
                name: [{"value": json_value(value), "n": n} for value, n in each.counts[name].items()]
                for name in COUNTED
            },
            "safety": [json_object(harm_columns(), row) for row in each.harms],
            "trials": [json_object(trial_columns(), row) for row in each.trials],
        }
        for each in found
    ]
    return _envelope({"by": by, "groups": listed})


def _envelope(content: dict[str, object]) -> str:
    return json.dumps({"schema": "alscli/compare/1", **content}, ensure_ascii=False, indent=2) + "\n"
