"""Rows as tab-separated values: as `csv` writes them, with a tab and LF; quoted where a cell needs it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from alscli.export import csv
from alscli.query.tables import Column


def render_stored(
    columns: Sequence[Column],
    stored: Iterable[tuple[Any, ...]],
    *,
    separator: str = csv.SEPARATOR,
    null: str = "",
) -> Iterator[str]:
    """The header, then groups of records, each with its line end."""
    return csv.render_stored(columns, stored, separator=separator, null=null, delimiter="\t", end="\n")
