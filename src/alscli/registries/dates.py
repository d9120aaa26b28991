"""Dates as registries print them, read into partial dates of our format."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pydantic_core import PydanticCustomError

from alscli.model.values import PartialDate

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan",
            "february feb",
            "march mar",
            "april apr",
            "may",
            "june jun",
            "july jul",
            "august aug",
            "september sep sept",
            "october oct",
            "november nov",
            "december dec",
        ),
        start=1,
    )
    for name in names.split()
}
_WORD = r"([A-Za-z]{3,9})\.?"
_YEAR = r"([0-9]{4})"
_TIME = r"(?:[T ]+[0-9]{1,2}:[0-9]{2}.*)?"
_SHAPES = (
    (re.compile(rf"{_YEAR}[-/.]([0-9]{{1,2}})[-/.]([0-9]{{1,2}}){_TIME}"), "year month day"),
    (re.compile(rf"{_YEAR}([0-9]{{2}})([0-9]{{2}})"), "year month day"),
    (re.compile(rf"([0-9]{{1,2}})[-/.]([0-9]{{1,2}})[-/.]{_YEAR}{_TIME}"), "day month year"),
    (re.compile(rf"{_WORD} ([0-9]{{1,2}})(?:st|nd|rd|th)?,? {_YEAR}"), "month day year"),
    (re.compile(rf"([0-9]{{1,2}})(?:st|nd|rd|th)?[ -]{_WORD},?[ -]{_YEAR}"), "day month year"),
    (re.compile(rf"{_WORD},? {_YEAR}"), "month year"),
    (re.compile(rf"{_YEAR} {_WORD} ([0-9]{{1,2}})"), "year month day"),
    (re.compile(rf"{_YEAR} {_WORD}"), "year month"),
    (re.compile(rf"{_YEAR}[-/.]([0-9]{{1,2}})"), "year month"),
    (re.compile(rf"([0-9]{{1,2}})/{_YEAR}"), "month year"),
    (re.compile(_YEAR), "year"),
    (
        re.compile(rf"{_YEAR} ?年 ?([0-9]{{1,2}}) ?月 ?([0-9]{{1,2}}) ?日"),
        "year month day",
    ),
    (re.compile(rf"{_YEAR} ?年 ?([0-9]{{1,2}}) ?月"), "year month"),
)
_LONGEST = 60
_EARLIEST = 1950
"""Registries fill empty dates with 1900-01-01, 1753-01-01 or 0001-01-01; no registered trial is older."""


@dataclass(frozen=True, slots=True)
class ReadDate:
    """A partial date of our format, or none; `remark` says what was odd, without a full stop."""

    value: str | None = None
    remark: str | None = None


def read_date(text: str) -> ReadDate:
    """What a registry's date says: `17/02/2020`, `February 2020`, `20200217` and the like.

    Day before month where both are numbers, as the registries of the WHO network print them; where
    that is no date and the other order is one, the other order, with a remark. A filler such as
    01/01/1900 is no date.
    """
    plain = " ".join(text.split())
    if not plain:
        return ReadDate()
    if len(plain) > _LONGEST:
        return ReadDate(None, "no date; left out")
    for pattern, order in _SHAPES:
        if match := pattern.fullmatch(plain):
            return _assemble(plain, dict(zip(order.split(), match.groups(), strict=True)))
    return ReadDate(None, f"“{plain}” is no date; left out")


def _assemble(plain: str, parts: dict[str, str]) -> ReadDate:
    numbers: dict[str, int] = {}
    for name, part in parts.items():
        number = int(part) if part.isdecimal() else _MONTHS.get(part.casefold(), 0)
        if name == "month" and not number:
            return ReadDate(None, f"“{plain}” is no date; left out")
        numbers[name] = number
    if numbers["year"] < _EARLIEST:
        return ReadDate(None, f"“{plain}” is a filler, no date; left out")
    remark = None
    if numbers.get("month", 1) > 12 >= numbers.get("day", 13):
        numbers["month"], numbers["day"] = numbers["day"], numbers["month"]
        remark = f"“{plain}” taken as month/day/year"
    return _checked(plain, numbers, remark)


def _checked(plain: str, numbers: dict[str, int], remark: str | None) -> ReadDate:
    value = f"{numbers['year']:04}"
    for name in ("month", "day"):
        if name in numbers:
            value += f"-{numbers[name]:02}"
    try:
        return ReadDate(PartialDate.parse(value).text, remark)
    except PydanticCustomError:
        return ReadDate(None, f"“{plain}” is no day of the calendar; left out")
