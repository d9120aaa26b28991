"""What people write for a date, a length of time or a number, in the form of the format.

Every function returns None for what it cannot read, or could read in two ways. What comes back may still
be refused by `values`, such as the 30th of February.
"""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal, InvalidOperation

LONGEST = 60
"""Characters; what is longer is none of these."""

_DASHES = dict.fromkeys(map(ord, "‐‑‒–—−"), "-")


def _plain(text: str) -> str:
    """Lower case, with plain digits and hyphens, without blanks around it; "" where it is too long."""
    if len(text) > LONGEST:
        return ""
    return unicodedata.normalize("NFKC", text).translate(_DASHES).strip().casefold()


# -- dates ------------------------------------------------------------------------------------------

_YEAR_FIRST = re.compile(
    r"(\d{4})年?|(\d{4})([-/.])(\d{1,2})(?:\3(\d{1,2}))?|(\d{4})年(\d{1,2})月?(?:(?<=月)(\d{1,2})日?)?"
    r"|(\d{4})(\d\d)(\d\d)"
)
_YEAR_LAST = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})")
_MONTH_AND_YEAR = re.compile(r"(\d{1,2})[-/.](\d{4})")
_DAY = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?")
_MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july"),
    *("august", "september", "october", "november", "december"),
)


def date(text: str) -> str | None:
    """`YYYY`, `YYYY-MM` or `YYYY-MM-DD`; None where day and month may be each other."""
    plain = _plain(text)
    digits = plain.replace(" ", "")
    if match := _YEAR_FIRST.fullmatch(digits):
        return "-".join(part.zfill(2) for part in match.groups() if part and part.isdecimal())
    if match := _MONTH_AND_YEAR.fullmatch(digits):
        return f"{match[2]}-{match[1]:0>2}"
    if match := _YEAR_LAST.fullmatch(digits):
        first, second = int(match[1]), int(match[2])
        if first == second or max(first, second) > 12:
            return f"{match[3]}-{min(first, second):02}-{max(first, second):02}"
        return None
    return _date_in_words(plain)


def _date_in_words(plain: str) -> str | None:
    """`5 March 2019`, `Mar. 5th, 2019`, `March 2019`."""
    found: dict[str, int] = {}
    for word in re.split(r"[\s,.-]+", plain.strip(",.")):
        month = next((n for n, name in enumerate(_MONTHS, 1) if len(word) > 2 and name.startswith(word)), 0)
        day = _DAY.fullmatch(word)
        if month or word == "sept":
            part, number = "month", month or 9
        elif day:
            part, number = "day", int(day[1])
        elif re.fullmatch(r"\d{4}", word):
            part, number = "year", int(word)
        else:
            return None
        if part in found:
            return None
        found[part] = number
    if not {"year", "month"} <= found.keys():
        return None
    return f"{found['year']:04}-{found['month']:02}" + (f"-{found['day']:02}" if "day" in found else "")


# -- lengths of time, and times ---------------------------------------------------------------------

_UNITS = {
    "h": ("h", "hour", "hours", "小时"),
    "d": ("d", "day", "days", "天", "日"),
    "w": ("w", "wk", "wks", "week", "weeks", "周", "星期"),
    "m": ("m", "mo", "mos", "month", "months", "个月", "月"),
    "y": ("y", "yr", "yrs", "year", "years", "年"),
}
_UNIT_OF = {word: unit for unit, words in _UNITS.items() for word in words}
_LENGTH = re.compile(r"(?:every |每)?(-?\d+(?:\.\d+)?)[ -]?(\w+)")
_NUMBERED = re.compile(r"(week|month|year)s? ?(\d+)|第 ?(\d+) ?(周|星期|个月|月|年)")
_WINDOW = re.compile(r" ?(?:\.\.|\bto\b|[至到–—]) ?")


def duration(text: str) -> str | None:
    """A number and `h`, `d`, `w`, `m` or `y`: `28w`."""
    match = _LENGTH.fullmatch(_plain(text))
    unit = _UNIT_OF.get(match[2]) if match else None
    return f"{match[1]}{unit}" if match and unit else None


def time(text: str) -> str | None:
    """One such length, signed, or two of them as a window: `28w`, `-3m..0d`.

    A first day is the start or a day after it, so `day 1` is neither.
    """
    if len(text) > LONGEST:
        return None
    moments = [_moment(part) for part in _WINDOW.split(text)]
    told = [moment for moment in moments if moment]
    return "..".join(told) if len(told) == len(moments) <= 2 else None


def _moment(text: str) -> str | None:
    plain = _plain(text).removeprefix("at ")
    if plain in ("baseline", "基线", "基線"):
        return "0d"
    if match := _NUMBERED.fullmatch(plain):
        return f"{match[2] or match[3]}{_UNIT_OF[match[1] or match[4]]}"
    return duration(plain)


# -- numbers ----------------------------------------------------------------------------------------

_POWER = re.compile(r"(?:(\d+(?:\.\d+)?) ?[x×*] ?)?10 ?(?:\^|\*\*) ?(\d{1,2})")
_SUPERSCRIPT = re.compile("10([\u2070\u00b9\u00b2\u00b3\u2074-\u2079]+)")
_CHINESE_POWER = {"万": 4, "萬": 4, "亿": 8, "億": 8}
_MAGNITUDE = 30
"""Power of ten, up or down, beyond which nothing is counted or measured."""
_GROUPED = re.compile(r"(?<=\d)[,_](?=\d{3}(?!\d))")
_DECIMAL_COMMA = re.compile(r"(?<![\d.,])0,(?=\d)")
"""No group of digits begins with 0, so that this comma can only be a decimal one."""
_ONE_COMMA = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")


def powers_in_digits(text: str) -> str:
    """`10⁶` as `10^6`, in plain characters."""
    powers = _SUPERSCRIPT.sub(lambda match: "10^" + unicodedata.normalize("NFKC", match[1]), text)
    return unicodedata.normalize("NFKC", powers).strip().casefold().replace("−", "-")


def number(text: str) -> int | Decimal | None:
    """A number with digit commas, with a power of ten, with 万 or 亿."""
    if len(text) > LONGEST:
        return None
    plain = _GROUPED.sub("", _DECIMAL_COMMA.sub("0.", powers_in_digits(text)))
    if (match := _POWER.fullmatch(plain)) is not None:
        return whole(Decimal(match[1] or 1).scaleb(int(match[2])))
    power = _CHINESE_POWER.get(plain[-1:], 0)
    try:
        found = Decimal(plain[:-1].strip() if power else plain)
    except InvalidOperation:
        return None
    if not found.is_finite() or abs(found.adjusted()) > _MAGNITUDE:
        return None
    if re.fullmatch(r"[+-]?\d+", plain):
        return int(plain)
    return whole(found.scaleb(power)) if power or "e" in plain else found


def whole(value: Decimal) -> int | Decimal:
    """The integer that a number is, else the number."""
    return int(value) if value == value.to_integral_value() else value


def exact_number(text: str) -> int | Decimal | None:
    """The same, but None for `1,200`, which is 1200 or 1.200."""
    return None if _ONE_COMMA.fullmatch(powers_in_digits(text)) else number(text)


def quantity(text: str) -> int | Decimal | str | None:
    """A number, or a bound on it: `p < .001` is `<0.001`."""
    if len(text) > LONGEST:
        return None
    plain = powers_in_digits(text).replace("≤", "<=").replace("≥", ">=").replace(" ", "")
    plain = re.sub(r"^p?=|^p(?=[<>])", "", plain)
    bound = re.fullmatch(r"([<>]=?)(.+)", plain)
    if bound is None:
        return exact_number(plain)
    found = exact_number(bound[2])
    return None if found is None else bound[1] + (f"{found:f}" if isinstance(found, Decimal) else str(found))


# -- languages --------------------------------------------------------------------------------------

_LANGUAGES = {
    "chinese": "zh",
    "english": "en",
    "french": "fr",
    "german": "de",
    "italian": "it",
    "japanese": "ja",
    "korean": "ko",
    "persian": "fa",
    "polish": "pl",
    "portuguese": "pt",
    "russian": "ru",
    "spanish": "es",
    "turkish": "tr",
    "中文": "zh",
    "英文": "en",
    "日文": "ja",
    "韩文": "ko",
}


def language(text: str) -> str | None:
    """The code of a language that is named, or a code in other letters: `English`, `EN`, `en_us`."""
    plain = _plain(text).replace("_", "-")
    if plain in _LANGUAGES or not re.fullmatch(r"[a-z]{2,3}(-[a-z]+)?", plain):
        return _LANGUAGES.get(plain)
    code, _, region = plain.partition("-")
    return f"{code}-{region.upper() if len(region) == 2 else region.capitalize()}" if region else code
