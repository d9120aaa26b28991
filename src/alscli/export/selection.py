"""What is exported: the rows of every table that go with the trials that somebody chose."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from alscli.query.database import restored
from alscli.query.filters import Condition, rows_of_trials
from alscli.query.tables import TABLES, Row

if TYPE_CHECKING:
    from alscli.model.vocabulary import Vocabulary  # whose import `export csv` needs not


@dataclass(frozen=True)
class Selection:
    """Rows of the projection by table, each read when asked for, in the order of its key.

    `narrowed` tells that filters chose some trials. `counts` holds how many rows of a table were read;
    `progress` is told of each.
    """

    connection: sqlite3.Connection
    trials: Condition
    vocabularies: Mapping[str, Vocabulary]
    narrowed: bool = False
    counts: dict[str, int] = field(default_factory=dict)
    progress: Callable[[str, int], None] = lambda table, count: None

    def query(self, table: str) -> Condition:
        """The SELECT that reads the rows of a table, with its parameters."""
        shape = TABLES[table]
        where = rows_of_trials(shape, self.trials, every_product=not self.narrowed)
        names, key = ", ".join(shape.names), ", ".join(shape.key)
        return where._replace(
            sql=f"SELECT written, {names} FROM main.{table} WHERE {where.sql} ORDER BY {key}"  # noqa: S608
        )

    def tell(self, table: str, count: int) -> None:
        """Take note that so many rows of a table were read."""
        self.counts[table] = count
        self.progress(table, count)

    def stored(self, table: str) -> Iterator[tuple[Any, ...]]:
        """The rows as SQLite holds them: what is `written`, and the columns (see `query.database`)."""
        self.counts[table] = 0
        for count, row in enumerate(self.connection.execute(*self.query(table)), 1):
            self.tell(table, count)
            yield row

    def rows(self, table: str) -> Iterator[Row]:
        """The rows as the projection has them."""
        return restored(self.stored(table), TABLES[table].columns)
