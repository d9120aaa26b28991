"""Times and numbers as registries write them in words."""

from __future__ import annotations

import re

_ONES = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
_NUMBERS = {word: number for number, word in enumerate(_ONES, start=1)} | {
    "a": 1,
    "an": 1,
    "single": 1,
    "once": 1,
    "twice": 2,
    "double": 2,
    "fifteen": 15,
    "eighteen": 18,
    "twenty": 20,
    "twenty-four": 24,
    "一": 1,
    "二": 2,
    "两": 2,
    "兩": 2,
    "三": 3,
    "四": 4,
    "五": 5,
    "六": 6,
    "七": 7,
    "八": 8,
    "九": 9,
    "十": 10,
    "单": 1,
}
_UNITS = {
    "h": "hours?|hrs?|小时|小時",
    "d": "days?|天|日",
    "w": "weeks?|wks?|周|週|星期",
    "m": "months?|mos?|mths?|个月|個月|月",
    "y": "years?|yrs?|年",
}
NUMBER = r"\d+(?:\.\d+)?|" + "|".join(sorted(_NUMBERS, key=len, reverse=True))
UNIT = "|".join(_UNITS.values())
LENGTH = rf"(?:{NUMBER})[\s-]*(?:{UNIT})"
_LENGTH = re.compile(rf"({NUMBER})[\s-]*({UNIT})", re.IGNORECASE)
_UNIT_OF = {unit: re.compile(words, re.IGNORECASE) for unit, words in _UNITS.items()}

_AFTER = (
    r"(?:\s+(?:after|following|from|post|of|since)[\s-]+(?:the\s+|start\s+of\s+|initial\s+|first\s+|last\s+|"
    r"cell\s+|stem\s+|study\s+|drug\s+)*"
    r"(?:treatment|therapy|injections?|infusions?|transplantation|transplant|administration|baseline|dosing|dose|"
    r"randomi[sz]ation|enrol?lment|intervention|surgery|procedure|study|follow[\s-]?up))?"
)
_FRAMES = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?:at\s+)?(?P<length>{LENGTH}){_AFTER}",
        r"(?:at\s+)?(?P<unit>day|week|month|year)\s*(?P<number>\d+)",
        rf"(?:change\s+)?(?:from\s+)?baseline\s*(?:,|and|to|to\s+the\s+end\s+of|through|until|-|–|up\s+to)\s*(?:at\s+)?"
        rf"(?:(?P<length>{LENGTH})|(?P<unit>day|week|month|year)\s*(?P<number>\d+)){_AFTER}",
        rf"(?:change\s+from\s+baseline\s+(?:at|to)\s+)(?:(?P<length>{LENGTH})|"
        rf"(?P<unit>day|week|month|year)\s*(?P<number>\d+)){_AFTER}",
        rf"治疗后\s*(?P<length>{LENGTH})",
    )
]
_WINDOWS = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?:up\s+to|through|within|over|during|for|for\s+up\s+to)\s+(?:the\s+first\s+|a\s+period\s+of\s+)?(?P<length>{LENGTH}){_AFTER}",
        r"(?:up\s+to|through)\s+(?P<unit>day|week|month|year)\s*(?P<number>\d+)",
        rf"(?:from\s+)?baseline\s+up\s+to\s+(?P<length>{LENGTH}){_AFTER}",
    )
]


_IN_OTHER_WORDS = re.compile(rf"\s*\((?:{LENGTH}|(?:day|week|month) \d+)\)$", re.IGNORECASE)
"""`Week 12 (3 months)`."""


def number_of(word: str) -> int | None:
    """The whole number that a word or digits say."""
    word = word.strip().casefold()
    return int(word) if word.isdecimal() and len(word) < 10 else _NUMBERS.get(word)


def length(text: str) -> str | None:
    """The duration (`12w`) that the whole text says: `12 weeks`, `26-day`, `three months`, `2个月`."""
    match = _LENGTH.fullmatch(text.strip())
    if match is None:
        return None
    count = match[1] if re.fullmatch(r"\d{1,6}(?:\.\d{1,4})?", match[1]) else number_of(match[1])
    unit = next((unit for unit, words in _UNIT_OF.items() if words.fullmatch(match[2])), None)
    return f"{count}{unit}" if unit and count is not None else None


def moment(text: str) -> str | None:
    """The one time (`28w`) or window (`0d..12m`) that a time frame says; None for several or none."""
    text = " ".join(text.split()).strip(" .;:")
    text = _IN_OTHER_WORDS.sub("", text)
    if not text or len(text) > 120:
        return None
    if text.casefold() in ("baseline", "at baseline", "day 0", "基线"):
        return "0d"
    for patterns, shape in ((_WINDOWS, "0d..{}"), (_FRAMES, "{}")):
        for pattern in patterns:
            match = pattern.fullmatch(text)
            if match is None:
                continue
            groups = match.groupdict()
            said = groups.get("length") or f"{groups.get('number')} {groups.get('unit')}"
            found = length(said)
            if found is not None and re.search("[1-9]", found):
                return shape.format(found)
    return None
