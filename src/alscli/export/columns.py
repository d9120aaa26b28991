"""Rows as texts, made column by column: what comes again and again is spelled once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

from alscli.query.tables import Column

GROUP = 64
"""Rows that are in memory at a time; of more the processor's cache does not hold all."""
_KEPT = 20_000
"""Cells of a column whose text is remembered."""


class Wording(NamedTuple):
    """How a format writes cells.

    `cell` gives for a column what makes a text of a cell as SQLite holds it (see `query.database`); `absence`
    and `digits` write what no typed cell can hold.
    """

    cell: Callable[[Column], Callable[[Any], str]]
    absence: Callable[[Column, str], str]
    digits: Callable[[Column, str], str]


class _Known(dict[Any, str]):
    """The texts of the cells of a column, each made when first asked for."""

    def __init__(self, spell: Callable[[Any], str]) -> None:
        super().__init__()
        self._spell = spell

    def __missing__(self, cell: Any) -> str:
        text = self[cell] = self._spell(cell)
        return text


def spelled(
    stored: Iterable[tuple[Any, ...]], columns: Sequence[Column], wording: Wording
) -> Iterator[list[Sequence[str]]]:
    """Groups of rows, each row a text a column, of rows as `Selection.stored` gives them."""
    rows = iter(stored)
    known = [_Known(wording.cell(column)) for column in columns]
    places = {column.name: place for place, column in enumerate(columns)}
    while group := list(islice(rows, GROUP)):
        written, *cells = zip(*group, strict=True)
        texts = [map(each.__getitem__, column) for each, column in zip(known, cells, strict=True)]
        made: list[Sequence[str]] = list(zip(*texts, strict=True))
        for number, exact in enumerate(written):
            if exact is None:
                continue
            row = list(made[number])
            for name, text in json.loads(exact).items():
                place = places[name]
                write = wording.absence if cells[place][number] is None else wording.digits
                row[place] = write(columns[place], text)
            made[number] = row
        yield made
        for each in known:
            if len(each) > _KEPT:
                each.clear()
