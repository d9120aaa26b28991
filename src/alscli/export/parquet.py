"""A table as Parquet: typed columns, lists as lists, `written` for what a typed cell cannot hold."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from alscli.export.selection import Selection
from alscli.query.tables import TABLES, Column

GROUP = 5_000
"""Rows of a row group: what is in memory at a time."""
_TYPES = {
    "text": pa.string(),
    "date": pa.string(),
    "list": pa.list_(pa.string()),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
}
_WRITTEN = Column(
    "written", "text", "JSON by column: not_reported and not_applicable, and digits that a float would lose"
)


def make(path: Path, selection: Selection, table: str) -> None:
    """Write the table into the file `path`; each column carries its meaning."""
    columns = TABLES[table].columns
    described = (*columns, _WRITTEN)
    schema = pa.schema(
        [pa.field(c.name, _TYPES[c.type], metadata={"meaning": c.meaning}) for c in described],
        metadata={"table": table, "meaning": TABLES[table].meaning},
    )
    rows = selection.stored(table)
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        while group := list(islice(rows, GROUP)):
            written, *cells = zip(*group, strict=True)
            arrays = [_array(c, cell) for c, cell in zip(described, (*cells, written), strict=True)]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema), row_group_size=GROUP)


def _array(column: Column, cells: tuple[Any, ...]) -> Any:
    if column.type == "list":
        known = {cell: None if cell is None else json.loads(cell) for cell in set(cells)}
        cells = tuple(known[cell] for cell in cells)
    elif column.type == "boolean":
        cells = tuple(None if cell is None else bool(cell) for cell in cells)
    return pa.array(cells, _TYPES[column.type])
