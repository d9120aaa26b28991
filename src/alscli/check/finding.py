"""What `validate` reports: a finding, and the problem that a rule states before its place is known."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path as FilePath
from typing import Literal, NamedTuple

from alscli.model.path import Path


class Severity(StrEnum):
    """How much a finding weighs; `error` makes `validate` fail."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"

    @property
    def rank(self) -> int:
        """0 for an error, 2 for a note."""
        return _RANKS[self]


_RANKS = {severity: rank for rank, severity in enumerate(Severity)}


@dataclass(frozen=True, slots=True)
class Problem:
    """What a rule states: where in the document (a path, never a line) and what is wrong there.

    `at` says which part is meant: the value, the key, or the header of the table in which a key is
    missing. `replacement` is TOML text that mends the value, where there is exactly one; it is `safe` where
    it says the same in the form that the format wants, and is no guess. `span` is where the text itself is
    at fault, in characters, for what no path leads to: a comment, the layout.
    """

    path: Path
    message: str
    at: Literal["value", "key", "header"] = "value"
    suggestions: tuple[str, ...] = ()
    replacement: str | None = None
    safe: bool = False
    help: str = ""
    span: tuple[int, int] | None = None


_POSITION = re.compile(r"\.\d+$")


class Finding(NamedTuple):
    """A problem with its rule and its place.

    Lines and columns are 1-based and count characters. `path` is the file; `keys` lead to the value in it,
    `field` names them for people. `value` is what stands there, where it is one text, number or boolean.
    """

    code: str
    severity: Severity
    path: FilePath
    record: str | None
    field: str | None
    message: str
    line: int
    column: int
    end_line: int
    end_column: int
    value: object = None
    suggestions: tuple[str, ...] = ()
    replacement: str | None = None
    safe: bool = False
    help: str = ""
    keys: Path = ()
    source: str = ""

    @property
    def place(self) -> str | None:
        """The field without its position in a list of values, which moves when an element before it goes."""
        return self.field and _POSITION.sub("", self.field)

    @property
    def order(self) -> tuple[str, int, int, str, str]:
        """Findings are sorted by file, place and code."""
        return (self.path.as_posix(), self.line, self.column, self.code, self.message)
