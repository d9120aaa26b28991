"""The formats: what each makes of a selection, in text or as a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from alscli.errors import UsageError
from alscli.export.selection import Selection
from alscli.query.tables import TABLES

TABULAR = ("csv", "tsv", "json", "jsonl", "parquet", "markdown")
"""One table a file."""
BOOKS = ("xlsx", "sqlite")
"""Several tables a file."""
REFERENCES = ("bibtex", "ris", "csl-json")
DOCUMENTS = (*REFERENCES, "fhir", "prisma", "metafor")
"""Files with a content of their own."""
FORMATS = (*TABULAR, *BOOKS, *DOCUMENTS)
COUNTED = {"fhir": "studies", "prisma": "counts", "metafor": "effects"}
"""What of a document is counted, where it is not references."""
BINARY = frozenset({"parquet", "xlsx", "sqlite"})
ENDINGS = {
    "csv": ("csv",),
    "tsv": ("tsv", "tab"),
    "json": ("json",),
    "jsonl": ("jsonl", "ndjson"),
    "parquet": ("parquet",),
    "markdown": ("md", "markdown"),
    "xlsx": ("xlsx",),
    "sqlite": ("sqlite", "sqlite3", "db"),
    "bibtex": ("bib",),
    "ris": ("ris",),
    "csl-json": ("json",),
    "fhir": ("json",),
    "prisma": ("csv",),
    "metafor": ("csv",),
}
"""Of the names of files; the first where we choose."""

_NEEDED = {"parquet": "pyarrow", "xlsx": "xlsxwriter"}


class Spelling(NamedTuple):
    """How cells are written: between the elements of a list, and where nobody looked."""

    separator: str = "|"
    null: str = ""


def require(format: str) -> None:  # noqa: A002
    """Raise UsageError where the format needs a package that is not installed."""
    package = _NEEDED.get(format)
    if package is not None and find_spec(package) is None:
        raise UsageError(f"{format} needs the package {package}", f"pip install 'alscli[{format}]'")


def table_text(format: str, selection: Selection, table: str, spelling: Spelling) -> Iterator[str]:  # noqa: A002
    """A table in one of the formats that are text, in pieces."""
    columns, stored = TABLES[table].columns, selection.stored(table)
    render: Callable[..., Iterator[str]] = import_module(f"alscli.export.{format}").render_stored
    if format in ("csv", "tsv"):
        return render(columns, stored, separator=spelling.separator, null=spelling.null)
    return render(table, columns, stored)


def make(format: str, path: Path, selection: Selection, table: str | None, spelling: Spelling) -> list[str]:  # noqa: A002
    """Write a binary file: of a table, or of all where it is None; return what a reader must be told."""
    if format == "sqlite":
        from alscli.export import sqlite

        sqlite.make(path, selection)
        return []
    if format == "parquet":
        from alscli.export import parquet

        parquet.make(path, selection, table or "trials")
        return []
    from alscli.export import xlsx

    return xlsx.make(path, selection, [table] if table is not None else list(TABLES), spelling.separator)
