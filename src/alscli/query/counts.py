"""How many trials there are of a kind, of how many, by columns of `trials`."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from itertools import product

from alscli.query.database import select
from alscli.query.filters import Condition
from alscli.query.tables import Cell, Column, Row

N = Column("n", "integer", "trials")
OF = Column("of", "integer", "of how many")
PERCENT = Column("percent", "number", "n of how many, in %")


@dataclass(frozen=True, slots=True)
class Counts:
    """Trials by the values of columns, the most frequent first.

    `total` is how many were counted. A trial with several values in a column counts once under each;
    `several` names the columns in which this happened, so that nobody adds the counts up.
    """

    columns: tuple[Column, ...]
    total: int
    rows: tuple[tuple[tuple[Cell, ...], int], ...]
    several: tuple[str, ...]

    def table(self) -> tuple[tuple[Column, ...], list[Row]]:
        """The counts as a table with n, of and percent."""
        rows: list[Row] = []
        for values, n in self.rows:
            row: Row = dict(zip((column.name for column in self.columns), values, strict=True))
            rows.append(row | {"n": n, "of": self.total, "percent": percent(n, self.total)})
        return (*self.columns, N, OF, PERCENT), rows


def count_by(connection: sqlite3.Connection, columns: Sequence[Column], where: Condition) -> Counts:
    """The trials for which `where` holds, counted by what stands in the columns.

    Nothing recorded, `not_reported` and `not_applicable` are groups of their own; so is an empty list, which
    counts as nothing recorded.
    """
    counts: Counter[tuple[Cell, ...]] = Counter()
    several: set[str] = set()
    total = 0
    for row in select(connection, columns, where.sql, where.parameters, "t.id"):
        total += 1
        values = [_values(row[column.name]) for column in columns]
        several |= {column.name for column, held in zip(columns, values, strict=True) if len(held) > 1}
        counts.update(product(*values))
    ordered = sorted(counts.items(), key=lambda item: (-item[1], _order(item[0])))
    kinds = tuple(
        Column(column.name, "text" if column.type == "list" else column.type, column.meaning)
        for column in columns
    )
    return Counts(
        kinds, total, tuple(ordered), tuple(column.name for column in columns if column.name in several)
    )


def _values(cell: Cell) -> tuple[Cell, ...]:
    if isinstance(cell, tuple):
        return tuple(dict.fromkeys(cell)) or (None,)
    return (cell,)


def _order(values: tuple[Cell, ...]) -> tuple[tuple[bool, Decimal, str], ...]:
    """Numbers by size, text by alphabet, nothing last."""
    return tuple(
        (value is None, Decimal(value), "")
        if isinstance(value, (int, Decimal))
        else (value is None, Decimal(0), str(value))
        for value in values
    )


def percent(n: int, of: int) -> Decimal | None:
    """How many in a hundred, to one decimal, half up (31.25 is 31.3); None of none."""
    return (Decimal(100 * n) / of).quantize(Decimal("0.1"), ROUND_HALF_UP) if of else None
