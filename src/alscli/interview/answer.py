"""From what a person types to the value of a field: generous in what is taken, canonical in what is kept."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from pydantic_core import PydanticCustomError

from alscli.errors import UsageError
from alscli.model import forms
from alscli.model.format import FieldEntry
from alscli.model.identifiers import (
    explain_registry_id,
    parse_doi,
    parse_pmcid,
    parse_pmid,
    parse_registry_id,
    parse_url,
)
from alscli.model.values import Absence, Duration, Moment, PartialDate, Quantity
from alscli.model.vocabulary import Vocabularies, Vocabulary, normalize
from alscli.registries.dates import read_date
from alscli.store.toml import TomlError, parse

_ABSENCES = {
    "not reported": Absence.NOT_REPORTED,
    "未报告": Absence.NOT_REPORTED,
    "not applicable": Absence.NOT_APPLICABLE,
    "不适用": Absence.NOT_APPLICABLE,
}
_ABBREVIATED = {"nr": Absence.NOT_REPORTED, "n/a": Absence.NOT_APPLICABLE}
"""Where a field cannot be absent they may be names."""
_TRUE = frozenset({"true", "yes", "y", "是"})
_FALSE = frozenset({"false", "no", "n", "否"})
_EVERY = re.compile(r"\s*(?:every\s|每)", re.IGNORECASE)
_LONGEST = 40
"""Characters of a number that a person types."""


def read(text: str, entry: FieldEntry, vocabularies: Vocabularies) -> Any:
    """The TOML value of a field that `text` states.

    Terms are found by label and synonym in any script, identifiers in any form, numbers as people write them
    (`1×10^6`, `30 × 10⁶`), durations in words. Raises UsageError with the form expected.
    """
    text = text.strip()
    absence = _absence(text, entry, vocabularies)
    if absence is not None:
        if not entry.anatomy.absence:
            raise UsageError(f"{entry.path} cannot be {absence.value}", "leave it empty, or give a value")
        return absence.value
    if entry.anatomy.table is not None and entry.type_name != "whole number":
        return _toml(text, entry)
    if entry.anatomy.many:
        return _list(text, entry, vocabularies)
    return _one(text, entry, vocabularies)


def absence_named(text: str) -> Absence | None:
    """The absence that a text names: `not reported`, 未报告, nr, n/a …; None for any other text."""
    if len(text) >= 20:
        return None
    word = normalize(text)
    return _ABSENCES.get(word) or _ABBREVIATED.get(word)


def _absence(text: str, entry: FieldEntry, vocabularies: Vocabularies) -> Absence | None:
    """The absence that the text names; a term of that name (`na`, not applicable) comes first."""
    found = absence_named(text)
    if found is None or (not entry.anatomy.absence and normalize(text) in _ABBREVIATED):
        return None
    named = entry.anatomy.vocabulary
    if named is not None and not (entry.anatomy.absence and text in set(Absence)):
        return None if vocabularies[named].find(text) else found
    return found


def _list(text: str, entry: FieldEntry, vocabularies: Vocabularies) -> list[Any]:
    if text.startswith("["):
        items = [str(item) for item in _toml(text, entry)]
    else:
        items = [item.strip() for item in re.split(r"[,;，；、]", text) if item.strip()]
        if not items:
            raise UsageError(f"{text!r} lists nothing", "separate several with commas")
    return list(dict.fromkeys(_one(item, entry, vocabularies) for item in items))


def _one(text: str, entry: FieldEntry, vocabularies: Vocabularies) -> Any:
    if entry.anatomy.vocabulary is not None:
        return term(text, vocabularies[entry.anatomy.vocabulary])
    if entry.path == "conditions":
        found = vocabularies["condition"].find(text)
        return found.code if found else text
    reader = _READERS.get(entry.anatomy.type_name)
    if reader is None:
        return text
    try:
        return reader(text)
    except PydanticCustomError as error:
        context = error.context or {}
        if error.type == "impossible_date":
            raise UsageError(f"{text!r} is no day of the calendar") from None
        raise UsageError(f"{text!r} is not {context.get('expected', 'of this form')}") from None


class NoTermError(UsageError):
    """A text names no term of a vocabulary; `near` are the nearest ones."""

    def __init__(self, text: str, vocabulary: Vocabulary) -> None:
        self.near = vocabulary.nearest(text)
        lists = f"`alscli values {vocabulary.field}` lists the terms"
        hint = f"did you mean {' or '.join(self.near)}?" if self.near else lists
        super().__init__(f"{text!r} is no term of {vocabulary.field}", hint)


def term(text: str, vocabulary: Vocabulary) -> str:
    """The code of the term that `text` names; raises NoTermError with the nearest terms."""
    found = vocabulary.find(text)
    if found is None:
        raise NoTermError(text, vocabulary)
    return found.code


def _toml(text: str, entry: FieldEntry) -> Any:
    try:
        return parse(f"x = {text}\n".encode()).values["x"]
    except TomlError as error:
        raise UsageError(
            f"{entry.path} is a {entry.type_name}", f"write it as TOML: {error.fault.message}"
        ) from None


def _date(text: str) -> str:
    told = forms.date(text)
    if told is None and re.search("[A-Za-z]", text):
        told = read_date(text).value
    return PartialDate.parse(told or text).text


def _duration(text: str) -> str:
    return Duration.parse(forms.duration(_EVERY.sub("", text)) or text).text


def _time(text: str) -> str:
    return Moment.parse(forms.time(text) or text).text


def number(text: str) -> int | Decimal:
    """A number as people write it: with digit commas, with a power of ten, with 万 or 亿."""
    if len(text) > _LONGEST:
        raise UsageError(f"{text[:_LONGEST]!r}… is no number")
    found = forms.number(text)
    if found is None:
        raise UsageError(f"{text!r} is no number")
    return found


def _count(text: str) -> int:
    found = number(text)
    if not isinstance(found, int) or found < 0:
        raise UsageError(f"{text!r} is no whole number")
    return found


def _quantity(text: str) -> int | Decimal | str:
    told = forms.quantity(text)
    if isinstance(told, str):
        return str(Quantity.parse(told))
    try:
        return number(text) if told is None else told
    except UsageError:
        raise UsageError(f"{text[:_LONGEST]!r} is not a number, or a bound such as <0.001") from None


def _range(text: str) -> list[int | Decimal]:
    plain = unicodedata.normalize("NFKC", text).strip(" []")
    if plain[:1] in ("≥", ">") or plain.endswith("+"):
        return [number(plain.lstrip("≥>= ").rstrip("+"))]
    parts = [part for part in re.split(r"\.\.|,| to |(?<=\d) ?[-–~至] ?(?=\d)", plain) if part.strip()]
    hint = "write 18-60, or 25 for the least alone"
    if plain[:1] in ("≤", "<"):
        raise UsageError(f"{text!r} names no least", "write 0-24, or what the least is")
    if len(parts) not in (1, 2):
        raise UsageError(f"{text!r} is no range", hint)
    try:
        return [number(part) for part in parts]
    except UsageError:
        raise UsageError(f"{text[: 2 * _LONGEST]!r} is no range", hint) from None


def _flag(text: str) -> bool:
    word = normalize(text)
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    raise UsageError(f"{text!r} is neither yes nor no")


def _registry_id(text: str) -> str:
    found = parse_registry_id(text)
    if found is not None:
        return found.value
    raise UsageError(explain_registry_id(text) or f"{text!r} has the shape of no known registry")


def _identifier(what: str, parse_it: Callable[[str], str | None]) -> Callable[[str], str]:
    def read_it(text: str) -> str:
        found = parse_it(text)
        if found is None:
            raise UsageError(f"{text!r} is no {what}")
        return found

    return read_it


def _sources(text: str) -> str | list[str]:
    keys = [key.strip(' "') for key in text.strip("[]").split(",") if key.strip(' "')]
    return keys[0] if len(keys) == 1 else keys


_UNIT_WORDS = {"thousand": 3, "million": 6, "mio": 6, "billion": 9, "万": 4, "萬": 4, "亿": 8, "億": 8}
_SCALE = r"[x×*] ?10 ?(?:\^|\*\*) ?\d{1,2}|thousand|million|mio|billion|万|萬|亿|億"
_AMOUNT = re.compile(
    rf"(?P<low>[\d.,_]+(?:e\d+)?)(?: ?(?P<own>{_SCALE}))?"
    r" ?(?:-|–|~|至|到|to) ?"
    rf"(?P<high>[\d.,_]+(?:e\d+)?)(?: ?(?P<scale>{_SCALE}))?"
)
_SCALED = re.compile(r"(?P<low>[\d.,_]+) ?(?P<scale>thousand|million|mio|billion)")


def dose(text: str, units: Vocabulary, *, cells: bool = False) -> dict[str, Any]:
    """`low`, `high` (of a range) and `unit` of one administration: `1×10^6/kg`, `100–125 million cells`.

    With `cells`, what is given are cells: a bare amount or one per kilogram counts them. Raises UsageError.
    """
    if len(text) > 2 * _LONGEST:
        raise UsageError(f"{text[:_LONGEST]!r}… is no dose")
    text = text.strip()
    start, unit = _unit_at_the_end(text, units)
    if unit == "/kg" or (not unit and cells):
        if not cells:
            raise UsageError(f"{text!r}: how much of what?", "write the unit: mg/kg, cells/kg …")
        unit = "cells/kg" if unit else "cells"
    if not unit:
        raise UsageError(f"{text!r} names no unit", f"units: {', '.join(units.terms)}")
    try:
        return {**_amount(text[:start].strip(" ()")), "unit": unit}
    except UsageError as error:
        error.hint = error.hint or "write it as it is printed: 1×10^6/kg, 30 × 10⁶ cells, 100 mg"
        raise


def _amount(text: str) -> dict[str, int | Decimal]:
    plain = forms.powers_in_digits(text)
    if (one := _SCALED.fullmatch(plain)) is not None:
        return {"low": _scaled(one["low"], one["scale"])}
    found = _AMOUNT.fullmatch(plain)
    if found is None:
        return {"low": number(text)}
    if found["own"] is None and "e" in found["high"] and "e" not in found["low"]:
        raise UsageError(f"{text!r} can be read in two ways", "write both ends in full: 1e6-2e6")
    low = _scaled(found["low"], found["own"] or found["scale"])
    high = _scaled(found["high"], found["scale"])
    if low > high:
        raise UsageError(f"{text!r}: the range ends below its beginning")
    return {"low": low, "high": high}


def _unit_at_the_end(text: str, units: Vocabulary) -> tuple[int, str]:
    """Where the unit begins and its code: the longest ending that is one; `/kg` alone counts as one."""
    for start in range(len(text)):
        if (found := units.find(text[start:])) is not None:
            return start, found.code
    bare = re.search(r"(?:/ ?kg|per kg|kg-1|/公斤|/千克)$", text.casefold())
    return (bare.start(), "/kg") if bare else (len(text), "")


def _scaled(text: str, scale: str | None) -> int | Decimal:
    plain = number(text)
    if scale is None:
        return plain
    power = _UNIT_WORDS.get(scale)
    if power is None:
        power = int(re.split(r"\^|\*\*", scale)[1])
    return forms.whole(Decimal(plain).scaleb(power))


_PARTS = re.compile(r"[\s,;(（]*\b(n|sd|se|sem|(?:95 ?% ?)?ci|iqr|range)\b[\s=:：]*", re.IGNORECASE)
_OF = re.compile(r"(\d[\d,]*) ?(?:of|/|out of) ?(\d[\d,]*)")


def result(text: str) -> dict[str, Any]:
    """A result in one arm: `13 of 19`, or a number or bound and what is known beside it.

    Such as `-3.77, sd 1.2, n 95, ci -4.1 to -3.4`; the parts are n, sd, se, ci, iqr and range. Raises
    UsageError.
    """
    if len(text) > 5 * _LONGEST:
        raise UsageError(f"{text[:_LONGEST]!r}… is no result")
    absence = absence_named(text)
    if absence is not None:
        return {"value": absence.value}
    if "±" in text:
        raise UsageError("± is a standard deviation or a standard error", "write sd 1.2 or se 1.2")
    head, *rest = _PARTS.split(text.strip())
    found: dict[str, Any] = {}
    head = head.strip(" ,;()")
    if counted := _OF.fullmatch(head):
        found = {"n": _count(counted[2]), "value": _count(counted[1])}
    elif re.search(r"\d\s+\d", head):
        raise UsageError(f"{head!r} is more than one number", "write what each is: 33, sd 28, n 95")
    elif head:
        found["value"] = _quantity_or_usage(head.removesuffix("%").strip())
    for label, stated in zip(rest[::2], rest[1::2], strict=True):
        name = label.casefold().replace("95", "").strip(" %").replace("sem", "se")
        stated = stated.strip(" ,;()（）")
        found[name] = _PART_READERS[name](stated)
    if not found:
        raise UsageError(f"{text!r} is no result", "write 13 of 19, or -3.77, sd 1.2, n 95")
    return {name: found[name] for name in ("n", "value", "sd", "se", "ci", "iqr", "range") if name in found}


def _quantity_or_usage(text: str) -> int | Decimal | str:
    try:
        return _quantity(text)
    except (PydanticCustomError, UsageError):
        raise UsageError(
            f"{text!r} is not a number, or a bound such as <0.001",
            "write 13 of 19, or -3.77, sd 1.2, n 95",
        ) from None


def _two(text: str) -> list[int | Decimal]:
    found = _range(text)
    if len(found) != 2:
        raise UsageError(f"{text!r} is not two numbers", "write -4.1 to -3.4")
    return found


_PART_READERS: dict[str, Callable[[str], Any]] = {
    "n": _count,
    "sd": number,
    "se": number,
    "ci": _two,
    "iqr": _two,
    "range": _two,
}

_READERS: dict[str, Callable[[str], Any]] = {
    "date": _date,
    "duration": _duration,
    "time": _time,
    "number": number,
    "whole number": _count,
    "number or bound": _quantity,
    "range": _range,
    "two numbers": _range,
    "true or false": _flag,
    "registry id": _registry_id,
    "source keys": _sources,
    "DOI": _identifier("DOI", parse_doi),
    "PubMed number": _identifier("PubMed number", parse_pmid),
    "PubMed Central id": _identifier("PubMed Central id", parse_pmcid),
    "address": _identifier("address", parse_url),
}
