"""Rows as tab-separated values: as `csv` writes them, with a tab and LF; quoted where a cell needs it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from alscli.export import csv
from alscli.query.tables import Column, Row


def render(
    columns: Sequence[Column], rows: Iterable[Row], *, separator: str = csv.SEPARATOR, null: str = ""
) -> Iterator[str]:
    """The header and a record a row, each with its line end."""
    return csv.render(columns, rows, separator=separator, null=null, delimiter="\t", end="\n")
