"""Why an optional field has no value, and how to ask for one that has. Imports nothing heavy."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar

T = TypeVar("T")

# An enumeration has no subclasses, so its class tells as much as `isinstance`, in half the time; the rules
# ask a few hundred times a record.


class Absence(StrEnum):
    """Why an optional field has no value although somebody looked; a missing key means nobody looked."""

    NOT_REPORTED = "not_reported"
    NOT_APPLICABLE = "not_applicable"


def known(value: T | Absence | None) -> T | None:
    """The value, or None where it is absent for whatever reason."""
    return None if type(value) is Absence else value  # type: ignore[return-value]


def listed(value: list[T] | Absence | None) -> list[T]:
    """The elements of a list; none where it is absent for whatever reason."""
    return [] if value is None or type(value) is Absence else value  # type: ignore[return-value]
