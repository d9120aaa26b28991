"""What a reader gives: a draft trial with the place of every value, or why an entry cannot be read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Oddity:
    """Something of the payload that could not be taken over as it is."""

    path: str
    """Where in the payload, e.g. `protocolSection.statusModule.overallStatus`."""
    message: str
    """What it says and what was done (left out, taken as …)."""


@dataclass(frozen=True)
class Proposal:
    """What no registry says in a field, read from free text; never written without a yes."""

    field: str
    """Path in our record, e.g. `interventions.0.cell_type`."""
    value: object
    words: str
    """The words that support it."""
    path: str
    """Where in the payload they stand."""
    confidence: Literal["high", "medium", "low"]


@dataclass(frozen=True)
class Draft:
    """One entry of a registry as a trial record that nobody has judged yet."""

    registry: str
    """A term of the registry vocabulary."""
    registry_id: str
    """Canonical."""
    values: dict[str, Any]
    """A trial record as TOML values of our format with `src = "registry"`; no `screening`, no `verified`."""
    paths: dict[str, str]
    """Record path → payload path, for every value."""
    oddities: tuple[Oddity, ...]
    proposals: tuple[Proposal, ...]
    copy: dict[str, Any]
    """The payload as kept in `records/registry/<id>.json`: JSON, contacts dropped."""


@dataclass(frozen=True)
class Unreadable:
    """One entry of a file that cannot be read; the others come in."""

    source: str
    """File, and number or id of the entry."""
    why: str
