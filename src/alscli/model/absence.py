"""Why an optional field has no value, and how to ask for one that has. Imports nothing heavy."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar

T = TypeVar("T")


class Absence(StrEnum):
    """Why an optional field has no value although somebody looked; a missing key means nobody looked."""

    NOT_REPORTED = "not_reported"
    NOT_APPLICABLE = "not_applicable"


def known(value: T | Absence | None) -> T | None:
    """The value, or None where it is absent for whatever reason."""
    return None if isinstance(value, Absence) else value


def listed(value: list[T] | Absence | None) -> list[T]:
    """The elements of a list; none where it is absent for whatever reason."""
    return [] if value is None or isinstance(value, Absence) else value
