"""The values a field can hold: partial dates, durations and times, numbers as printed, ranges, absences.

Each type is read from a TOML value by one function, and refuses everything else with one of four error
types that `check` turns into findings: `type` (SM003), `term` (SM004), `shape` (SM005) and
`impossible_date` (DT001). A file holds canonical forms only, so nothing is converted here but text to
values; an error says in `better` what the refused value is in canonical form, where `forms` can tell.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Annotated, Any, get_args

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from alscli.model.absence import Absence as Absence
from alscli.model.absence import T as T
from alscli.model.absence import known as known
from alscli.model.absence import listed as listed

_INNER = "alscli_inner"
_ABSENCES: dict[object, Absence] = {a.value: a for a in Absence}
_LONGEST_ABSENCE = max(len(absence) for absence in Absence)


@dataclass(frozen=True, slots=True)
class _Maybe:
    """Lets `not_reported` and `not_applicable` stand for the whole value of an optional field."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        inner = handler.generate_schema(
            next(a for a in get_args(source) if a is not Absence and a is not type(None))
        )

        # The common cases without a second way through Pydantic: half the time of a record.
        if inner["type"] == "function-plain" and inner["function"]["type"] == "no-info":
            plain = inner["function"]["function"]

            def read_plain(value: object) -> object:
                if value.__class__ is str and (absence := _ABSENCES.get(value)) is not None:
                    return absence
                return plain(value)

            return core_schema.no_info_plain_validator_function(read_plain, metadata={_INNER: inner})
        if inner["type"] == "function-plain":
            told = inner["function"]["function"]

            def read_told(value: object, info: core_schema.ValidationInfo) -> object:
                if value.__class__ is str and (absence := _ABSENCES.get(value)) is not None:
                    return absence
                return told(value, info)

            return core_schema.with_info_plain_validator_function(read_told, metadata={_INNER: inner})

        def read(value: object, validate: core_schema.ValidatorFunctionWrapHandler) -> object:
            if value.__class__ is str and (absence := _ABSENCES.get(value)) is not None:
                return absence
            return validate(value)

        return core_schema.no_info_wrap_validator_function(read, inner)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        metadata = schema.get("metadata", {})
        inner = handler(core_schema.nullable_schema(metadata[_INNER]) if _INNER in metadata else schema)
        absence = {"enum": [a.value for a in Absence]}
        if set(inner) == {"type"} and inner["type"] == "string":
            return dict(inner)  # any text admits the two words already
        return {"anyOf": [inner, absence]}


Maybe = Annotated[T | Absence | None, _Maybe()]
"""The type of an optional field of a record: a value, an absence with its reason, or nothing."""


@dataclass(frozen=True, slots=True)
class Reads:
    """Annotates a type with its name, the function that reads it from a TOML value, and its JSON Schema."""

    name: str
    read: Callable[[Any], Any]
    schema: dict[str, Any] = dataclass_field(hash=False)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.read)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return self.schema.copy()


_Scalar = str | int | Decimal


def wrong_type(expected: str, better: _Scalar | None = None) -> PydanticCustomError:
    """Refuse a value of another type; `expected` and `better` are those of `wrong_shape`."""
    return PydanticCustomError("type", "should be {expected}", {"expected": expected, "better": better})


def wrong_shape(expected: str, better: _Scalar | None = None) -> PydanticCustomError:
    """Refuse a value whose type is right and whose form is not.

    `expected` names the form; `better` says the same as the value in that form, where that is certain.
    """
    return PydanticCustomError("shape", "should be {expected}", {"expected": expected, "better": better})


def _better(value: object, form: str, accept: Callable[[Any], object]) -> _Scalar | None:
    """What `value` says as the function `form` of `forms` writes it; None where `accept` refuses that too."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    from alscli.model import forms

    found: _Scalar | None = getattr(forms, form)(str(value))
    try:
        return found if found is None or accept(found) is not None else None
    except PydanticCustomError:
        return None


def _read_each(values: list[Any], read: Callable[[Any], T]) -> list[T]:
    """The elements of a list; the error of the first bad one says in `within` where in the list it is."""
    found: list[T] = []
    for position, value in enumerate(values):
        try:
            found.append(read(value))
        except PydanticCustomError as error:
            context = error.context or {}
            within = (position, *context.get("within", ()))
            raise PydanticCustomError(
                error.type, error.message_template, {**context, "within": within}
            ) from error
    return found


# -- dates ------------------------------------------------------------------------------------------

DATE_PATTERN = r"^\d{4}(-\d{2}(-\d{2})?)?$"
_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")


@dataclass(frozen=True, slots=True)
class PartialDate:
    """A day, a month or a year, as a registry gives it; `text` is `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.

    `earliest` and `latest` are the first and last day that it can mean.
    """

    text: str
    earliest: date
    latest: date

    @classmethod
    @lru_cache(8192)
    def parse(cls, text: str) -> PartialDate:
        """Read canonical text; raises PydanticCustomError `shape` or `impossible_date`."""
        match = _DATE.fullmatch(text)
        if match is None:
            raise wrong_shape("a date: YYYY, YYYY-MM or YYYY-MM-DD")
        year, month, day = (int(part) if part else 0 for part in match.groups())
        try:
            first = date(year, 1 if match[2] is None else month, 1 if match[3] is None else day)
        except ValueError as error:
            raise PydanticCustomError(
                "impossible_date", "{value} is no day of the calendar", {"value": text}
            ) from error
        if match[3] is not None:
            return cls(text, first, first)
        if match[2] is not None:
            return cls(text, first, date(year, month, calendar.monthrange(year, month)[1]))
        return cls(text, first, date(year, 12, 31))

    def surely_after(self, other: PartialDate | date) -> bool:
        """Whether every day that this date can mean is later than every day the other can mean."""
        return self.earliest > (other.latest if isinstance(other, PartialDate) else other)

    def __str__(self) -> str:
        return self.text


def _read_date(value: object) -> PartialDate:
    if isinstance(value, date):
        day = value.isoformat()[:10]
        raise wrong_shape(f'a date in quotes: "{day}"', None if isinstance(value, datetime) else day)
    if not isinstance(value, str):
        raise wrong_type("a date in quotes", _better(value, "date", PartialDate.parse))
    return _parsed(value, PartialDate.parse, "date")


def _parsed(value: str, parse: Callable[[str], T], form: str) -> T:
    """The value that a text is; an error of its form says what it would be in the right one."""
    try:
        return parse(value)
    except PydanticCustomError as error:
        if error.type != "shape":
            raise
        expected = (error.context or {})["expected"]
        raise wrong_shape(expected, _better(value, form, parse)) from error


Date = Annotated[PartialDate, Reads("date", _read_date, {"type": "string", "pattern": DATE_PATTERN})]

# -- durations and times ----------------------------------------------------------------------------

DURATION_PATTERN = r"^\d+(\.\d+)?[hdwmy]$"
_LENGTH = r"[0-9]{1,9}(?:\.[0-9]{1,9})?"
_DURATION = re.compile(rf"({_LENGTH})([hdwmy])")
MOMENT_PATTERN = r"^-?\d+(\.\d+)?[hdwmy](\.\.-?\d+(\.\d+)?[hdwmy])?$"
_MOMENT = re.compile(rf"(-?)({_LENGTH}[hdwmy])(?:\.\.(-?)({_LENGTH}[hdwmy]))?")
_DAYS = {
    "h": Fraction(1, 24),
    "d": Fraction(1),
    "w": Fraction(7),
    "m": Fraction(36525, 1200),
    "y": Fraction(36525, 100),
}


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time in one unit: `12h`, `26d`, `28w`, `2m` (months), `5y`."""

    text: str
    days: Fraction

    @classmethod
    @lru_cache(8192)
    def parse(cls, text: str) -> Duration:
        """Read canonical text; raises PydanticCustomError `shape`."""
        match = _DURATION.fullmatch(text)
        if match is None:
            raise wrong_shape("a duration: a number and h, d, w, m or y, such as 28w or 2m")
        return cls(text, Fraction(match[1]) * _DAYS[match[2]])

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Moment:
    """A time from the start of treatment (`28w`; `0d` is baseline), or a window of two (`-3m..0d`).

    `start` and `end` are in days; equal for a single time.
    """

    text: str
    start: Fraction = dataclass_field(compare=False)  # the text tells it; a fraction's hash takes long
    end: Fraction = dataclass_field(compare=False)

    @classmethod
    @lru_cache(8192)
    def parse(cls, text: str) -> Moment:
        """Read canonical text; raises PydanticCustomError `shape`."""
        match = _MOMENT.fullmatch(text)
        if match is None:
            raise wrong_shape("a time such as 28w, or a window such as -3m..0d")
        first = Duration.parse(match[2]).days * (-1 if match[1] else 1)
        if match[4] is None:
            return cls(text, first, first)
        last = Duration.parse(match[4]).days * (-1 if match[3] else 1)
        if last <= first:
            raise wrong_shape("a window whose end is after its start")
        return cls(text, first, last)

    @property
    def is_window(self) -> bool:
        """Whether two times are given."""
        return self.start != self.end

    def __str__(self) -> str:
        return self.text


def _reader(parse: Callable[[str], Any], expected: str, form: str) -> Callable[[object], Any]:
    def read(value: object) -> Any:
        if not isinstance(value, str):
            raise wrong_type(expected)
        return _parsed(value, parse, form)

    return read


Length = Annotated[
    Duration,
    Reads(
        "duration",
        _reader(Duration.parse, "a duration in quotes", "duration"),
        {"type": "string", "pattern": DURATION_PATTERN},
    ),
]
Time = Annotated[
    Moment,
    Reads(
        "time",
        _reader(Moment.parse, "a time in quotes", "time"),
        {"type": "string", "pattern": MOMENT_PATTERN},
    ),
]

# -- numbers ----------------------------------------------------------------------------------------


_VAST = 10**18
"""TOML's and SQLite's integers end at 2^63; no trial, dose or result comes near."""


def _read_number(value: object) -> int | Decimal:
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        raise wrong_type("a number", _better(value, "exact_number", _read_number))
    if isinstance(value, Decimal) and not value.is_finite():
        raise wrong_shape("a finite number")
    if not -_VAST < value < _VAST:
        raise wrong_shape("a number below 10^18")
    return value


def _read_count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise wrong_type("a whole number", better_count(value))
    if value < 0:
        raise wrong_shape("a whole number, 0 or more")
    if value >= _VAST:
        raise wrong_shape("a whole number below 10^18")
    return value


def better_count(value: object) -> _Scalar | None:
    """The whole number that a text says."""
    return _better(value, "number", _read_count) if isinstance(value, str) else None


def _read_positive(value: object) -> int:
    count = _read_count(value)
    if count == 0:
        raise wrong_shape("a whole number, 1 or more")
    return count


Number = Annotated[int | Decimal, Reads("number", _read_number, {"type": "number"})]
"""A number that keeps the digits of its source: `-0.20` stays `-0.20`."""
Count = Annotated[int, Reads("whole number", _read_count, {"type": "integer", "minimum": 0})]
PositiveCount = Annotated[int, Reads("whole number", _read_positive, {"type": "integer", "minimum": 1})]

BOUND_PATTERN = r"^(<|>|<=|>=)-?\d+(\.\d+)?$"
_BOUND = re.compile(r"(<=|>=|<|>)(-?[0-9]{1,18}(?:\.[0-9]{1,18})?)")


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number as printed, or a bound on it: `op` is `=`, `<`, `<=`, `>` or `>=`."""

    number: int | Decimal
    op: str = "="

    @classmethod
    def parse(cls, text: str) -> Quantity:
        """Read a bound such as `<0.001`; raises PydanticCustomError `shape`."""
        match = _BOUND.fullmatch(text)
        if match is None:
            raise wrong_shape('a number, or a bound in quotes such as "<0.001"')
        digits = match[2]
        return cls(Decimal(digits) if "." in digits else int(digits), match[1])

    @property
    def is_bound(self) -> bool:
        """Whether only a bound is known."""
        return self.op != "="

    def __str__(self) -> str:
        return f"{'' if self.op == '=' else self.op}{self.number}"


def _read_quantity(value: object) -> Quantity:
    if isinstance(value, str):
        return _parsed(value, _parse_quantity, "quantity")
    return Quantity(_read_number(value))


def _parse_quantity(value: _Scalar) -> Quantity:
    return Quantity.parse(value) if isinstance(value, str) else Quantity(_read_number(value))


Printed = Annotated[
    Quantity,
    Reads(
        "number or bound",
        _read_quantity,
        {"anyOf": [{"type": "number"}, {"type": "string", "pattern": BOUND_PATTERN}]},
    ),
]


@dataclass(frozen=True, slots=True)
class Range:
    """A least and a greatest value; `high` is None where only the least is set (`[25]`)."""

    low: int | Decimal
    high: int | Decimal | None


def _read_numbers(value: object, expected: str, sizes: tuple[int, ...]) -> list[int | Decimal]:
    if not isinstance(value, list):
        raise wrong_type(expected)
    numbers = _read_each(value, _read_number)
    if len(numbers) not in sizes:
        raise wrong_shape(expected)
    if numbers[0] > numbers[-1]:
        raise wrong_shape("in order: the lesser number stands first")
    return numbers


def _read_range(value: object) -> Range:
    low, *high = _read_numbers(value, "a range: [least] or [least, greatest]", (1, 2))
    return Range(low, high[0] if high else None)


def _read_interval(value: object) -> Range:
    return Range(*_read_numbers(value, "two numbers: [lower, upper]", (2,)))


_NUMBERS = {"type": "array", "items": {"type": "number"}}
Limits = Annotated[Range, Reads("range", _read_range, {**_NUMBERS, "minItems": 1, "maxItems": 2})]
Interval = Annotated[Range, Reads("two numbers", _read_interval, {**_NUMBERS, "minItems": 2, "maxItems": 2})]

# -- text -------------------------------------------------------------------------------------------


def _read_text(value: object) -> str:
    if not isinstance(value, str):
        is_integer = isinstance(value, int) and not isinstance(value, bool)
        raise wrong_type("text in quotes", str(value) if is_integer else None)
    if not value or value.isspace():
        raise wrong_shape("text that is not blank; leave the key out where nothing is known")
    if len(value) <= _LONGEST_ABSENCE and value in _ABSENCES:
        raise wrong_shape(
            "text; not_reported and not_applicable stand only for optional facts, and never in a list"
        )
    return value


def _read_bool(value: object) -> bool:
    if not isinstance(value, bool):
        said = {"true": True, "false": False, "yes": True, "no": False}
        raise wrong_type("true or false", said.get(str(value).casefold()))
    return value


Text = Annotated[str, Reads("text", _read_text, {"type": "string", "minLength": 1})]
Flag = Annotated[bool, Reads("true or false", _read_bool, {"type": "boolean"})]


def _read_sources(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (_read_text(value),)
    if not isinstance(value, list) or not value:
        raise wrong_type("the key of a source, or a list of keys")
    return tuple(_read_each(value, _read_text))


Sources = Annotated[
    tuple[str, ...],
    Reads(
        "source keys",
        _read_sources,
        {
            "anyOf": [
                {"type": "string", "minLength": 1},
                {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1},
            ]
        },
    ),
]
"""Keys of references behind a fact; `registry` is the entry of `registry_id`."""


def _read_scalar(value: object) -> str | int | Decimal | bool | list[Any]:
    if isinstance(value, list):
        return _read_each(value, _read_scalar)
    if isinstance(value, (str, bool)):
        return value
    return _read_number(value)


Stated = Annotated[
    str | int | Decimal | bool | list[Any],
    Reads("any value", _read_scalar, {"type": ["string", "number", "boolean", "array"]}),
]
"""What a source states in a dispute, of whatever type the disputed field is."""


def canonical(name: str, parse: Callable[[str], str | None], expected: str, pattern: str) -> Reads:
    """Reads text that must equal its own canonical spelling under `parse` (an identifier, an address).

    All such text matches `pattern`, which the JSON Schema repeats.
    """

    def read(value: object) -> str:
        if not isinstance(value, str):
            is_integer = isinstance(value, int) and not isinstance(value, bool)
            raise wrong_type(expected, parse(str(value)) if is_integer else None)
        found = parse(value)
        if found != value:
            raise wrong_shape(expected, found)
        return value

    return Reads(name, read, {"type": "string", "pattern": pattern})


def matching(pattern: str, expected: str, form: str) -> Reads:
    """Reads text that matches a pattern, which the JSON Schema repeats; `form` is a function of `forms`."""
    compiled = re.compile(pattern)

    def parse(value: str) -> str:
        if compiled.fullmatch(value) is None:
            raise wrong_shape(expected)
        return value

    return Reads("text", _reader(parse, expected, form), {"type": "string", "pattern": pattern})
