"""The register in a notebook: `from alscli import Collection`."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

from alscli.errors import UsageError
from alscli.model.absence import Absence
from alscli.model.nearness import did_you_mean
from alscli.query.database import select, table_rows
from alscli.query.filters import FILTERS, asked
from alscli.query.index import Index, open_index
from alscli.query.tables import TABLES, TRIALS, Cell, Row
from alscli.store.collection import find

Plain = dict[str, Any]
"""A row with plain values: text, int, float, bool, list, None. Why a value is missing is in `absences`."""


class Collection:
    """A collection, read when asked; rows go into pandas or polars as they are.

    `folder` holds `alscli.toml` or `records/alscli.toml`; the nearest one upwards where it is not given.
    Raises UsageError or CollectionError where there is none.
    """

    def __init__(self, folder: str | Path | None = None) -> None:
        self._collection = find(Path(folder) if folder is not None else None, Path.cwd())

    def trials(self, **filters: str | int | Iterable[str]) -> list[Plain]:
        """The trials that the filters of `alscli list` find, as rows of the table `trials`.

        `trials(cell_type="MSC", phase=["2", "3"])`: any of the values, all of the filters.
        Raises UsageError for a filter or a value that is not known.
        """
        known = [each.name for each in FILTERS]
        for name in filters:
            if name not in known:
                raise UsageError(f"no filter {name!r}", did_you_mean(name, known))
        given = {name: _values(value) for name, value in filters.items()}
        connection = self._index().connection
        try:
            where = asked(self._collection, connection, given)
            rows = select(connection, TRIALS.columns, where.sql, where.parameters, "t.id")
            return [_plain(row) for row in rows]
        finally:
            connection.close()

    def table(self, name: str) -> list[Plain]:
        """Every row of a table: `outcomes`, `effects`, `events`, `disputes`, `claims` and so on.

        Raises UsageError for a table that does not exist; `alscli sql --schema` explains them all.
        """
        if name not in TABLES:
            raise UsageError(f"no table {name!r}", did_you_mean(name, TABLES))
        connection = self._index().connection
        try:
            return [_plain(row) for row in table_rows(connection, name)]
        finally:
            connection.close()

    @property
    def unreadable(self) -> list[Path]:
        """The files that hold no readable record, and are in no table."""
        index = self._index()
        index.connection.close()
        return index.unreadable

    def _index(self) -> Index:
        return open_index(self._collection)


def _values(value: str | int | Iterable[str]) -> list[str]:
    return [str(value)] if isinstance(value, str | int) else [str(each) for each in value]


def _plain(row: Row) -> Plain:
    return {name: _plain_cell(cell) for name, cell in row.items()}


def _plain_cell(cell: Cell) -> Any:
    if isinstance(cell, Absence):
        return None
    if isinstance(cell, tuple):
        return list(cell)
    return float(cell) if isinstance(cell, Decimal) else cell
