"""Trials beside each other, and kinds of trials: what is known of each, never pooled."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from alscli.query.counts import count_by
from alscli.query.database import select
from alscli.query.filters import Condition
from alscli.query.tables import TABLES, TRIALS, Cell, Column, Row

_FIRST = ("evidence", "title")
_LEFT_OUT = frozenset({"id", "file", "primary_results", "follow_up_days", "reported"})
COUNTED = ("status", "phase", "design", "evidence_level", "primary_results")
"""The columns by which groups are counted."""
LISTED = ("id", "phase", "status", "enrollment", "routes", "doses", "evidence")
HARMS = ("trial", "arm", "at", "n", "deaths", "sae_patients", "sae_related_patients", "ae_patients")


@dataclass(frozen=True, slots=True)
class Fact:
    """A field with what each trial has in it."""

    column: Column
    cells: tuple[Cell, ...]

    @property
    def differs(self) -> bool:
        """Whether the trials do not all have the same."""
        return len(set(self.cells)) > 1


def side_by_side(connection: sqlite3.Connection, ids: Sequence[str]) -> list[Fact]:
    """The fields in which any of the trials has something, those that differ first."""
    columns = [column for column in TRIALS.columns if column.name not in _LEFT_OUT]
    columns.sort(key=lambda column: column.name not in _FIRST)
    found = {name: next(select(connection, columns, "t.id = ?", (name,), "t.id")) for name in ids}
    facts = [Fact(column, tuple(found[name][column.name] for name in ids)) for column in columns]
    facts = [fact for fact in facts if any(cell not in (None, ()) for cell in fact.cells)]
    return sorted(facts, key=lambda fact: not fact.differs)


@dataclass(frozen=True, slots=True)
class Group:
    """The trials that one term finds: how many, of what kind, and their harms arm by arm."""

    term: str
    trials: tuple[Row, ...]
    reported: int
    counts: dict[str, dict[Cell, int]]
    harms: tuple[Row, ...]

    @property
    def n(self) -> int:
        """How many trials."""
        return len(self.trials)


def group(connection: sqlite3.Connection, term: str, where: Condition) -> Group:
    """The trials for which `where` holds, under the name `term`."""
    columns = [column for column in TRIALS.columns if column.name in {*LISTED, "reported"}]
    trials = tuple(select(connection, columns, where.sql, where.parameters, "t.id"))
    counts = {
        name: {values[0]: n for values, n in count_by(connection, [_column(name)], where).rows}
        for name in COUNTED
    }
    return Group(
        term, trials, sum(bool(row["reported"]) for row in trials), counts, _harms(connection, where)
    )


def _column(name: str) -> Column:
    return next(column for column in TRIALS.columns if column.name == name)


def _harms(connection: sqlite3.Connection, where: Condition) -> tuple[Row, ...]:
    """The counts of harm of these trials, a row an arm, with the people at risk."""
    picked = ", ".join(f"s.{name}" for name in HARMS)
    counted = " OR ".join(f"s.{name} IS NOT NULL" for name in HARMS[4:])
    statement = (
        f"SELECT {picked} FROM safety s JOIN trials t ON t.id = s.trial"  # noqa: S608
        f" WHERE ({where.sql}) AND ({counted}) ORDER BY s.trial, s.position"
    )
    return tuple(
        dict(zip(HARMS, values, strict=True)) for values in connection.execute(statement, where.parameters)
    )


def harm_columns() -> list[Column]:
    """The columns of a group's harms."""
    return [column for column in TABLES["safety"].columns if column.name in HARMS]


def trial_columns() -> list[Column]:
    """The columns of a group's trials."""
    return [_column(name) for name in LISTED]


def overlapping(groups: Sequence[Group]) -> int:
    """How many trials stand in more than one group."""
    seen = Counter(str(row["id"]) for each in groups for row in each.trials)
    return sum(n > 1 for n in seen.values())
