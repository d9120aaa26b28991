"""What people write for a date, a length of time or a number, in the form of the format.

Every function returns None for what it cannot read, or could read in two ways. What comes back may still
be refused by `values`, such as the 30th of February.
"""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal

from alscli.model.identifiers import NOTE_MARK

LONGEST = 60
"""Characters; what is longer is none of these."""

_DASHES = dict.fromkeys(map(ord, "‐‑‒–—−"), "-")


def _plain(text: str) -> str:
    """Lower case, with plain digits and hyphens, without blanks around it; "" if too long or marked."""
    if len(text) > LONGEST or NOTE_MARK.search(text):
        return ""
    return unicodedata.normalize("NFKC", text).translate(_DASHES).strip().casefold()


# -- dates ------------------------------------------------------------------------------------------

_YEAR_FIRST = re.compile(
    r"(\d{4})年?|(\d{4})-(\d{1,2})|(\d{4})([-/.])(\d{1,2})\5(\d{1,2})|(\d{4})年(\d{1,2})月?(?:(?<=月)(\d{1,2})日?)?"
    r"|(\d{4})(\d\d)(\d\d)"
)
_YEAR_AND_MONTH = re.compile(r"(\d\d(\d\d))[-/.](0[1-9]|1[0-2])")
_YEAR_LAST = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})")
_MONTH_AND_YEAR = re.compile(r"(\d{1,2})[-/.](\d{4})")
_AROUND_A_SIGN = re.compile(r" *([-/.年月日]) *")
_YEARS = range(1900, 2101)
"""Of the Western calendar; a year of the Buddhist or the Persian one is outside."""
_DAY = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?")
_MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july"),
    *("august", "september", "october", "november", "december"),
)


def date(text: str) -> str | None:
    """`YYYY`, `YYYY-MM` or `YYYY-MM-DD`; None where day and month may be each other."""
    found = _any_date(text)
    return found if found and int(found[:4]) in _YEARS else None


def _any_date(text: str) -> str | None:
    plain = _plain(text)
    digits = _AROUND_A_SIGN.sub(r"\1", plain)
    if "-" not in text and (match := _YEAR_AND_MONTH.fullmatch(digits)):
        is_season = (int(match[2]) + 1) % 100 == int(match[3])
        return None if is_season else f"{match[1]}-{match[3]}"
    if match := _YEAR_FIRST.fullmatch(digits):
        return "-".join(part.zfill(2) for part in match.groups() if part and part.isdecimal())
    if match := _MONTH_AND_YEAR.fullmatch(digits):
        return f"{match[2]}-{match[1]:0>2}"
    if match := _YEAR_LAST.fullmatch(digits):
        first, second = int(match[1]), int(match[3])
        if first == second or max(first, second) > 12:
            return f"{match[4]}-{min(first, second):02}-{max(first, second):02}"
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
    "d": ("d", "day", "days", "天"),
    "w": ("w", "wk", "wks", "week", "weeks", "周", "星期"),
    "m": ("m", "mo", "mos", "month", "months", "个月"),
    "y": ("y", "yr", "yrs", "year", "years", "年"),
}
_UNIT_OF = {word: unit for unit, words in _UNITS.items() for word in words}
_LENGTH = re.compile(r"(-?\d+(?:\.\d+)?)[ -]?(\w+)")
_MOST_YEARS = 100
"""Of more, `2019年` or `year 2020`, it is a date."""
_NUMBERED = re.compile(r"(week|month|year)s? ?(\d+)|第 ?(\d+) ?(周|星期|个月|年)")
_WINDOW = re.compile(r" ?(?:\.\.|\bto\b|[至到–—]) ?")


def duration(text: str) -> str | None:
    """A number and `h`, `d`, `w`, `m` or `y`: `28w`; "every 4 weeks" is an interval, which not all are."""
    return _length(_plain(text))


def _length(plain: str) -> str | None:
    match = _LENGTH.fullmatch(plain)
    return _in_units(match[1], match[2]) if match else None


def _in_units(figure: str, word: str) -> str | None:
    unit = _UNIT_OF.get(word)
    return f"{figure}{unit}" if unit and not (unit == "y" and float(figure) > _MOST_YEARS) else None


def time(text: str) -> str | None:
    """One such length, signed, or two of them as a window: `28w`, `-3m..0d`.

    A first day is the start or a day after it, so `day 1` is neither; nor is an interval, `every 4 weeks`.
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
        return _in_units(match[2] or match[3], match[1] or match[4])
    return _length(plain)


# -- numbers ----------------------------------------------------------------------------------------

_FIGURES = r"(?:0,\d+|(?:\d+|[1-9]\d{0,2}(?:(?:,\d{3})+|(?:_\d{3})+|(?: \d{3})+))(?:\.\d+)?|\.\d+)"
"""No group of digits begins with 0, so that a comma behind a lone 0 can only be a decimal one."""
_NUMBER = re.compile(rf"[+-]?{_FIGURES}(?:e[+-]?\d{{1,3}})?")
_POWER = re.compile(rf"(?:({_FIGURES}) ?[x×*] ?)?10 ?(?:\^|\*\*) ?(\d{{1,2}})")
_SUPERSCRIPT = re.compile("10([\u2070\u00b9\u00b2\u00b3\u2074-\u2079]+)")
_CHINESE_POWER = {"万": 4, "萬": 4, "亿": 8, "億": 8}
_MAGNITUDE = 30
"""Power of ten, up or down, beyond which nothing is counted or measured."""
_ONE_COMMA = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}(?![\d.,])")


def powers_in_digits(text: str) -> str:
    """`10⁶` as `10^6`, in plain characters; "" where another mark is left, as in `183¹`."""
    powers = _SUPERSCRIPT.sub(lambda match: "10^" + unicodedata.normalize("NFKC", match[1]), text)
    if NOTE_MARK.search(powers):
        return ""
    return unicodedata.normalize("NFKC", powers).strip().casefold().replace("−", "-")


def number(text: str) -> int | Decimal | None:
    """A number with digit commas, with a power of ten, with 万 or 亿."""
    if len(text) > LONGEST:
        return None
    plain = powers_in_digits(text)
    if (match := _POWER.fullmatch(plain)) is not None:
        return whole(_decimal(match[1] or "1").scaleb(int(match[2])))
    power = _CHINESE_POWER.get(plain[-1:], 0)
    figures = plain[:-1].strip() if power else plain
    if _NUMBER.fullmatch(figures) is None:
        return None
    found = _decimal(figures)
    if abs(found.adjusted()) > _MAGNITUDE:
        return None
    if power or "e" in plain:
        return whole(found.scaleb(power))
    return found if found.as_tuple().exponent else int(found)


def _decimal(figures: str) -> Decimal:
    decimal = re.sub(r"^([+-]?0),", r"\1.", figures)
    return Decimal(re.sub("[,_ ]", "", decimal))


def whole(value: Decimal) -> int | Decimal:
    """The integer that a number is, else the number."""
    return int(value) if value == value.to_integral_value() else value


def exact_number(text: str) -> int | Decimal | None:
    """The same, but None for `1,200`, which is 1200 or 1.200, also before a power of ten."""
    return None if _ONE_COMMA.match(powers_in_digits(text)) else number(text)


def quantity(text: str) -> int | Decimal | str | None:
    """A number, or a bound on it: `p < .001` is `<0.001`."""
    if len(text) > LONGEST:
        return None
    plain = powers_in_digits(text).replace("≤", "<=").replace("≥", ">=")
    plain = re.sub("=([<>])", r"\1=", plain)
    plain = re.sub(r"^(?:p *)?= *(?![ <>=])|^p *(?=[<>])", "", plain)
    bound = re.fullmatch(r"([<>]=?) *(.+)", plain)
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
    """The code of a language that is named, or a code in other letters: `English`, `EN`, `en_us`.

    Only the codes of these languages: `CN`, `UK` or `US` is a country.
    """
    plain = _plain(text).replace("_", "-")
    code, _, region = plain.partition("-")
    if code not in _LANGUAGES.values() or not re.fullmatch("[a-z]*", region):
        return _LANGUAGES.get(plain)
    return f"{code}-{region.upper() if len(region) == 2 else region.capitalize()}" if region else code
