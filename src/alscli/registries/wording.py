"""What registries write in words, read into terms and numbers: phases, sizes, ages, statuses, designs.

Each function gives the value, or none, and a remark where the words say more or less than the value.
A remark is for the curator; it names the words and what was done with them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Generic, TypeVar

from alscli.model.identifiers import parse_registry_id, parse_utn
from alscli.model.vocabulary import shipped
from alscli.registries.ctgov import condition

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Reading(Generic[T]):
    """A value read from words, or none, and what is odd about it."""

    value: T | None = None
    remark: str | None = None


_NOTHING = frozenset(
    {
        *("n.a", "n/a", "na", "n a", "nil", "none", "no", "non", "null", "nd", "无", "没有"),
        *("not applicable", "not available", "not selected", "not provided", "not stated", "not known"),
        *("nil known", "none known", "unknown", "not yet assigned", "not provided at time of registration"),
    }
)


_LONGEST = 10_000
"""Characters: what stands behind them in a design or a phase is a protocol."""


def is_nothing(text: str) -> bool:
    """Whether a text only says that there is nothing."""
    plain = text.strip(" .;:,-\n").casefold()
    return not plain or plain in _NOTHING or plain.startswith("please refer to")


def shorten(text: str, size: int = 80) -> str:
    """A text on one line, cut for a remark."""
    line = " ".join(text.split())
    return line if len(line) <= size else line[: size - 1].rstrip() + "…"


def one_line(text: str) -> str:
    """A text on one line."""
    return " ".join(text.split())


# -- phase ------------------------------------------------------------------------------------------

_FLAGGED_PHASE = re.compile(r"\(phase (iv|i{1,3})\)\s*:\s*(yes|no)", re.IGNORECASE)
_NUMERALS = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "1": 1, "2": 2, "3": 3, "4": 4, "0": 0}
_ONE_PHASE = re.compile(r"(?<![a-z0-9])(iv|i{1,3}|[0-4])(?:[ab]{1,2})?(?![a-z0-9])", re.IGNORECASE)
_COMBINED = {(1,): "1", (1, 2): "1/2", (2,): "2", (2, 3): "2/3", (3,): "3", (4,): "4", (0,): "early1"}
_NO_PHASE = re.compile(
    r"retrospective|new treatment measure|diagnostic new|other|bioequivalence|basic|not specified"
    r"|not (?:selected|applicable|available)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Phase:
    """A phase: its term, how it is printed where that says more, and a remark."""

    code: str
    label: str | None = None
    remark: str | None = None


def phase(text: str) -> Phase:
    """A phase in words: `Phase I/II`, `2-3`, `IIa`, EudraCT's four lines of yes and no, or nothing (`na`)."""
    plain = " ".join(text[:_LONGEST].split())
    if flags := _FLAGGED_PHASE.findall(plain):
        return phases({_NUMERALS[numeral.casefold()] for numeral, said in flags if said.casefold() == "yes"})
    if is_nothing(plain):
        return Phase("na")
    if plain == "0":
        return Phase("early1", None, "phase 0 taken as early phase 1")
    if term := shipped()["phase"].find(re.sub(r"\s*(?:study|trial)$|[()]", "", plain, flags=re.IGNORECASE)):
        sub = re.search(r"[0-9IVⅠⅡⅢⅣ]\s?[ab](?![a-z])", plain, re.IGNORECASE)
        return Phase(term.code, _numeral_part(plain) if sub else None)
    numbers = {_NUMERALS[numeral.casefold()] for numeral in _ONE_PHASE.findall(plain)}
    if numbers and not _NO_PHASE.search(plain):
        return phases(numbers, plain)
    return Phase("na", None, f"phase “{shorten(plain)}” taken as not applicable")


def _numeral_part(plain: str) -> str:
    return re.sub(r"^\s*(?:clinical )?phase\s*|\s*期.*$", "", plain, flags=re.IGNORECASE) or plain


def phases(numbers: set[int], text: str = "") -> Phase:
    """The term for several phases at once; one that no term holds becomes the lowest it names."""
    key = tuple(sorted(numbers))
    if not key:
        return Phase("na")
    if key in _COMBINED:
        return Phase(_COMBINED[key])
    label = text or "/".join(("0", "I", "II", "III", "IV")[number] for number in key)
    lowest = _COMBINED.get(key[:2]) or _COMBINED[key[:1]]
    return Phase(lowest, shorten(label, 60), f"phase {label} has no term; taken as {lowest}")


# -- sizes ------------------------------------------------------------------------------------------

_SIZE_OF_GROUP = re.compile(r"([^;]*[^;:：\s])\s*[:：]\s*([0-9][0-9,]{0,9})", re.DOTALL)
_WHOLE = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,9}")


def size(text: str) -> Reading[int]:
    """A number of people: `30`, `1,200`, or the sum of `experimental group:30;control group:30;`."""
    plain = " ".join(text.split()).strip(" ;.")
    if is_nothing(plain):
        return Reading()
    if _WHOLE.fullmatch(plain):
        return Reading(int(plain.replace(",", "")))
    groups = [part for part in re.split(r"[;；]", plain) if part.strip()]
    sizes = [_SIZE_OF_GROUP.fullmatch(part.strip()) for part in groups]
    if sizes and all(sizes):
        total = sum(int(each[2].replace(",", "")) for each in sizes if each)
        remark = f"sum of “{shorten(plain)}”" if len(sizes) > 1 else None
        return Reading(total, remark)
    if only := re.fullmatch(
        r"(?:about|approximately|approx\.?|ca\.?|n\s*=)?\s*([0-9]{1,9})\s*"
        r"(?:patients|participants|subjects|people|persons|cases|volunteers|例|人)?",
        plain,
        re.IGNORECASE,
    ):
        return Reading(int(only[1]))
    return Reading(None, f"size “{shorten(plain)}” is no number; left out")


# -- age and sex ------------------------------------------------------------------------------------

_AGE = re.compile(
    r"(?:[<>≥≤]=?|=)?\s*([0-9]{1,4}(?:\.[0-9]{1,2})?)\s*\(?\s*"
    r"(y|years?|years?[- ]?old|age old|yrs?|岁|m|months?|w|weeks?|d|days?|h|hours?)?\s*\)?(?:[- ]?old)?\+?",
    re.IGNORECASE,
)
_IN_A_YEAR = {"m": 12, "w": 52, "d": 365, "h": 8760}
_NO_LIMIT = re.compile(r"no\b.*|none|n/?[ad]|not applicable.*|[-/?]+|65\s*\+|any", re.IGNORECASE)


def _age(text: str) -> Reading[int | Decimal]:
    plain = " ".join(text.split())
    if not plain or _NO_LIMIT.fullmatch(plain):
        return Reading()
    match = _AGE.fullmatch(plain)
    if match is None:
        return Reading(None, f"age “{shorten(plain)}” not understood; left out")
    number = Decimal(match[1])
    unit = (match[2] or "y")[0].casefold()
    if unit in _IN_A_YEAR:
        years = (number / _IN_A_YEAR[unit]).quantize(Decimal("0.01"))
        whole = years == years.to_integral_value()
        return Reading(int(years) if whole else years, None if whole else f"“{plain}” is {years} years")
    return Reading(int(number) if number == number.to_integral_value() else number)


def ages(least: str, greatest: str) -> Reading[list[int | Decimal]]:
    """Limits of age in years, `[18]` or `[18, 65]`; a greatest age of 0 is none."""
    low, high = _age(least), _age(greatest)
    remark = "; ".join(filter(None, (low.remark, high.remark))) or None
    upper = high.value or None
    if not low.value and upper is None:
        return Reading(None, remark)
    lower = low.value if low.value is not None else 0
    if upper is None:
        return Reading([lower], remark)
    if lower > upper:
        return Reading(None, f"ages from {lower} to {upper} left out")
    return Reading([lower, upper], remark)


def sex(text: str) -> Reading[str]:
    """Who may take part by sex; EudraCT's `Female: yes Male: no` too."""
    plain = " ".join(text.split()).strip(" .")
    if flags := dict(re.findall(r"(female|male)\s*:\s*(yes|no)", plain.casefold())):
        taken = [name for name in ("female", "male") if flags.get(name) == "yes"]
        return Reading("all" if len(taken) == 2 else taken[0] if taken else None)
    if is_nothing(plain):
        return Reading()
    if re.search(r"both|male and female|female[,/] ?male|male[,/] ?female", plain, re.IGNORECASE):
        return Reading("all")
    term = shipped()["sex"].find(plain)
    return Reading(term.code) if term else Reading(None, f"sex “{shorten(plain)}” left out")


# -- status and type --------------------------------------------------------------------------------

_NOT_SAID = "recruitment may be ongoing or finished"
_STATUSES: dict[str, tuple[str, str | None]] = {
    "not recruiting": ("unknown", "not begun, ended or stopped: the registry does not say which"),
    "authorised": ("unknown", _NOT_SAID),
    "authorized": ("unknown", _NOT_SAID),
    "ongoing": ("unknown", _NOT_SAID),
    "restarted": ("unknown", _NOT_SAID),
    "other": ("unknown", None),
    "not available": ("unknown", None),
    "trial now transitioned": ("unknown", "goes on in CTIS under another number"),
    "gb - no longer in eu/eea": ("unknown", "no longer followed there"),
    "open public recruiting": ("recruiting", None),
    "open to recruitment": ("recruiting", None),
    "preinitiation": ("not_yet_recruiting", None),
    "recruitment pending": ("not_yet_recruiting", None),
    "recruitment completed": ("active_not_recruiting", None),
    "recruitment complete": ("active_not_recruiting", None),
    "data analysis completed": ("completed", None),
    "main results already published": ("completed", None),
    "complete: follow-up complete": ("completed", None),
    "complete: follow-up continuing": ("active_not_recruiting", None),
    "closed to recruitment of participants": ("active_not_recruiting", None),
    "closed: follow-up complete": ("completed", None),
    "closed: follow-up continuing": ("active_not_recruiting", None),
    "temporary halt": ("suspended", None),
    "temporarily halted": ("suspended", None),
    "suspended by ca": ("suspended", None),
    "prematurely ended": ("terminated", None),
    "recruiting stopped after recruiting started": ("terminated", None),
    "recruiting withdrawn before recruiting started": ("withdrawn", None),
    "not authorised": ("withdrawn", "refused by the authority"),
    "prohibited by ca": ("terminated", "prohibited by the authority"),
    "closed": ("unknown", "to recruitment, or altogether: the registry does not say which"),
}
SURE_OF_COMPLETED = frozenset({"ctgov", "anzctr", "ctis", "eudract", "isrctn"})
"""Registries whose "completed" is that of the study; elsewhere it may be that of recruitment."""


def status(text: str, registry: str) -> Reading[str]:
    """A recruitment status in a registry's words."""
    plain = " ".join(text.split()).strip(" .")
    if not plain:
        return Reading("unknown", "no status; taken as unknown")
    key = plain.casefold()
    if key in _STATUSES:
        code, why = _STATUSES[key]
        return Reading(code, f"“{plain}” ({why}) taken as {code}" if why else _as(plain, code))
    term = shipped()["status"].find(plain)
    if term is None:
        return Reading("unknown", f"“{shorten(plain)}” is no known status; taken as unknown")
    if term.code == "completed" and registry not in SURE_OF_COMPLETED:
        return Reading("completed", f"“{plain}” may be said of recruitment only in this registry")
    return Reading(term.code)


def _as(plain: str, code: str) -> str | None:
    return None if code != "unknown" else f"“{plain}” taken as unknown"


_OBSERVING = re.compile(
    r"observation|non-?intervention|epidemi|cause|factor|prognosis|registry|diagnostic test|health services"
    r"|basic science|cohort|case[- ]control|cross[- ]section|meta-?analysis|psycholog|screening",
    re.IGNORECASE,
)
_INTERVENING = re.compile(r"intervention|treatment|prevention|prophyla|clinical trial", re.IGNORECASE)


def study_type(text: str) -> Reading[str]:
    """Whether the study assigns what is given; kinds that are neither are taken as observational."""
    plain = " ".join(text.split())
    if is_nothing(plain):
        return Reading()
    if term := shipped()["study_type"].find(plain):
        return Reading(term.code)
    observes = bool(_OBSERVING.search(plain)) and not re.match(r"interventional", plain, re.IGNORECASE)
    if re.search(r"expanded access", plain, re.IGNORECASE):
        return Reading("expanded_access")
    if observes:
        sure = re.match(r"observational", plain, re.IGNORECASE)
        return Reading("observational", None if sure else f"“{shorten(plain)}” taken as observational")
    if _INTERVENING.search(plain):
        return Reading("interventional")
    return Reading(None, f"study type “{shorten(plain)}” not understood")


# -- design -----------------------------------------------------------------------------------------


@dataclass(slots=True)
class Design:
    """What the words on a design say, each a term or none; `remarks` are for the curator."""

    design: str | None = None
    allocation: str | None = None
    model: str | None = None
    masking: str | None = None
    masked: list[str] = field(default_factory=list)
    purpose: str | None = None
    control: str | None = None
    remarks: list[str] = field(default_factory=list)


_FLAG = re.compile(
    r"(controlled|randomi[sz]ed|open|single blind|double blind|parallel group|cross over|placebo)"
    r"\s*:\s*(yes|no)",
    re.IGNORECASE,
)
_MASKINGS = (
    ("quadruple", r"quadruple"),
    ("triple", r"triple"),
    ("double", r"double[- ]*(?:blind|mask|dummy)|mask(?:ing)?\s*:\s*double|blinding\s*:\s*double"),
    ("single", r"single[- ]*(?:blind|mask)|mask(?:ing)?\s*:\s*single|blinding\s*:\s*single"),
    (
        "none",
        r"\bopen\b|unblinded|not blinded|non-?blinded|no masking|masking not used|mask(?:ing)?\s*:\s*none?\b",
    ),
)
_MODELS = (
    ("crossover", r"cross[- ]?over"),
    ("factorial", r"factorial"),
    ("parallel", r"parallel"),
    ("sequential", r"sequential"),
    ("single_group", r"single[- ](?:group|arm|assignment)|one[- ]arm|assignment\s*:\s*single|one group"),
)
_CONTROLS = (
    ("none", r"uncontrolled|no control|control\s*:\s*(?:none|uncontrolled|not applicable)"),
    (
        "placebo",
        r"placebo[- ]*control|(?:versus|vs\.?|and|to|with|or) placebo\b(?! (?:run|lead|wash))"
        r"|control\s*:\s*placebo|placebo\s*:\s*(?:yes|used)|placebo (?:group|comparator|arm)",
    ),
    ("sham", r"\bsham\b"),
    ("external", r"historical"),
    ("dose", r"dose[- ](?:comparison|control)"),
    ("no_treatment", r"no treatment control|no[- ]intervention control"),
    ("active", r"active[- ](?:control|comparator)|control\s*:\s*active|, active,"),
)
_ROLES = (
    ("participant", r"participant|subject|patient"),
    ("care_provider", r"care ?giver|care ?provider|carer"),
    ("investigator", r"investigator|therapist"),
    ("outcomes_assessor", r"outcomes? assess|assessor"),
)


def _first(text: str, patterns: Iterable[tuple[str, str]]) -> str | None:
    return next((code for code, pattern in patterns if re.search(pattern, text, re.IGNORECASE)), None)


def design(text: str, study: str, title: str = "") -> Design:
    """A design in words, for a study of a type (a term, or empty).

    Understood: ClinicalTrials.gov's sentences, EudraCT's lines of yes and no, the lists of ANZCTR,
    CRIS, DRKS, IRCT and JPRN, single words, and free text. What is not said is taken from no guess,
    but for `design`, which a record must have: there the one that claims least.
    """
    plain, title = (" ".join(each[:_LONGEST].split()) for each in (text, title))
    found = Design()
    flags = {name.casefold(): said.casefold() == "yes" for name, said in _FLAG.findall(plain)}
    if "controlled" in flags or "single blind" in flags:
        _from_flags(flags, found)
    else:
        _from_words(plain, found)
    found.purpose = _purpose(plain)
    if study in ("", "interventional"):
        _from_title(title, found)
    found.design = _design(found, plain, study, title)
    return found


def _from_flags(flags: dict[str, bool], found: Design) -> None:
    """EudraCT, E.8.1 and E.8.2; where every line says no, nothing was filled in."""
    if not any(flags.values()):
        found.remarks.append("the design says no to everything; left out")
        return
    randomized = next((said for name, said in flags.items() if name.startswith("randomi")), None)
    if randomized:
        found.allocation = "randomized"
    elif flags.get("controlled") and randomized is False:
        found.allocation = "non_randomized"
    for name, code in (("double blind", "double"), ("single blind", "single"), ("open", "none")):
        if flags.get(name):
            found.masking = code
            break
    if flags.get("cross over"):
        found.model = "crossover"
    elif flags.get("parallel group"):
        found.model = "parallel"
    if flags.get("placebo"):
        found.control = "placebo"
    elif flags.get("controlled") is False:
        found.control = "none"


def _from_words(plain: str, found: Design) -> None:
    randomized = re.search(r"randomi[sz](?:ed|ation)", plain, re.IGNORECASE)
    if re.search(
        r"non[- ]*randomi|not randomi|quasi[- ]?randomi|randomi[sz](?:ed|ation)\s*:\s*no",
        plain,
        re.IGNORECASE,
    ):
        found.allocation = "non_randomized"
    elif re.search(r"(?:allocation|randomi[sz]ation)\s*:\s*n(?:/?a|ot applicable)\b", plain, re.IGNORECASE):
        found.allocation = "na"
    elif randomized:
        found.allocation = "randomized"
    masking = re.search(
        r"(?:masking|blinding(?:/masking)?)\s*:\s*([A-Za-z ]+)(\([^)]*\))?", plain, re.IGNORECASE
    )
    found.masking = _first(masking[0] if masking else plain, _MASKINGS)
    if masking and masking[2] and found.masking not in (None, "none"):
        found.masked = sorted(
            code for code, pattern in _ROLES if re.search(pattern, masking[2], re.IGNORECASE)
        )
    if masking and found.masking is None and re.search(r"\bblinded|masking used", masking[0], re.IGNORECASE):
        found.remarks.append(f"“{shorten(masking[0])}” does not say how many; masking left out")
    assigned = re.search(r"(?:intervention model|assignment)\s*:\s*([^.,;]+)", plain, re.IGNORECASE)
    found.model = _first(assigned[0] if assigned else plain, _MODELS)
    found.control = _first(plain, _CONTROLS)


def _from_title(title: str, found: Design) -> None:
    """What a title says of the design where its own field does not."""
    if found.model == "single_group":
        return
    said = Design()
    _from_words(" ".join(title.split()), said)
    for name in ("allocation", "masking"):
        value = getattr(said, name)
        if value and getattr(found, name) is None:
            setattr(found, name, value)
            found.remarks.append(f"{name} {value}: from the title")
    if found.control is None and said.control == "placebo":
        found.control = "placebo"
        found.remarks.append("control placebo: from the title")


def _purpose(plain: str) -> str | None:
    said = re.search(r"purpose\s*:\s*([^.,;]+)", plain, re.IGNORECASE) or re.search(
        r"([a-z ]+?) purpose\b", plain, re.IGNORECASE
    )
    if said:
        return purpose(said[1])
    listed = {purpose(part) for part in plain.split(",")[1:]} - {None}
    return listed.pop() if len(listed) == 1 else None


def purpose(text: str) -> str | None:
    """The term of a purpose; None for those that our terms lack (prognosis, quality of life)."""
    term = shipped()["purpose"].find(text.strip(" /"))
    return term.code if term else None


def _design(found: Design, plain: str, study: str, title: str) -> str:
    words = f"{plain} {title}"

    def says(pattern: str) -> bool:
        return re.search(pattern, words, re.IGNORECASE) is not None

    if study == "expanded_access":
        return "expanded_access"
    if study == "observational":
        if says(r"case[- ](?:series|study)"):
            return "case_series"
        if not says(r"cohort|longitudinal|prospective|registry|follow"):
            found.remarks.append("observational design not said in words; taken as a cohort")
        return "cohort"
    if found.allocation == "randomized":
        return "rct"
    if says(r"dose[- ]escalat|escalating dose|ascending[- ]dose"):
        return "dose_escalation"
    if found.control == "external":
        return "external_control"
    if (
        found.model == "single_group"
        or found.control == "none"
        or says(r"single[- ](?:arm|group)|one[- ]arm")
    ):
        return "single_arm"
    if found.allocation == "non_randomized" or found.model in ("parallel", "crossover", "factorial"):
        if found.allocation is None:
            found.remarks.append("allocation not said; design taken as non-randomized")
        return "nrct"
    found.remarks.append("design not said; taken as single arm, which claims least")
    return "single_arm"


# -- lists ------------------------------------------------------------------------------------------

_BRITAIN = frozenset({"england", "scotland", "wales", "northern ireland", "uk", "great britain"})
_COUNTRIES = {
    "the netherlands": "NL",
    "holland": "NL",
    "chinese": "CN",
    "p.r. china": "CN",
    "pr china": "CN",
    "taiwan, province of china": "TW",
    "republic of korea": "KR",
    "korea, democratic people's republic of": "KP",
    "macedonia, the former yugoslav republic of": "MK",
    "united states of america": "US",
    "turkey": "TR",
    "russia": "RU",
    "palestine": "PS",
}


def countries(names: Iterable[str]) -> tuple[list[str], list[str]]:
    """Codes of countries, sorted, and the names that are none (continents, cities)."""
    codes: set[str] = set()
    unknown: list[str] = []
    for name in names:
        plain = " ".join(name.split()).strip(" .;-")
        if not plain or is_nothing(plain):
            continue
        key = plain.casefold()
        code = "GB" if key in _BRITAIN else _COUNTRIES.get(key)
        if code is None:
            term = shipped()["country"].find(plain) or shipped()["country"].find(_turned(plain))
            code = term.code if term else None
        if code:
            codes.add(code)
        elif plain not in unknown:
            unknown.append(plain)
    return sorted(codes), unknown


def _turned(name: str) -> str:
    """`Korea, Republic of` as `Republic of Korea`; `Iran (Islamic Republic of)` as `Iran`."""
    head, comma, tail = name.partition(",")
    return f"{tail.strip()} {head.strip()}" if comma else name.partition("(")[0].strip()


_CODED = re.compile(r"-?\s*[A-Z][0-9]{2,3}(?:\.[0-9]+)*\s*(?:-\s+)?")
_ONLY_CODE = re.compile(r"[A-Z]?[0-9][0-9.]*")


def conditions(texts: Iterable[str]) -> list[str]:
    """Conditions as terms where they are known, else as printed; classification codes are dropped."""
    found: list[str] = []
    for text in texts:
        for line in text.split("\n"):
            plain = " ".join(line.split()).strip(" .;-")
            plain = _CODED.sub("", plain, count=1) if _CODED.match(plain) else plain
            plain = plain.strip(" .;-")
            if is_nothing(plain) or _ONLY_CODE.fullmatch(plain) or "?????" in plain:
                continue
            name = condition(plain)
            if name.casefold() not in (each.casefold() for each in found):
                found.append(name)
    return found


def ids(texts: Iterable[str], own: str) -> list[str]:
    """Secondary ids, canonical where a registry's, each once, sorted; without the entry's own."""
    found: dict[str, str] = {}
    mine = parse_registry_id(own)
    for text in texts:
        for part in re.split(r"[;\n]", text):
            plain = " ".join(part.split()).strip(" ,.")
            if is_nothing(plain) or len(plain) > 100:
                continue
            known = parse_registry_id(plain)
            if known and mine and known.key == mine.key:
                continue
            value = known.value if known else parse_utn(plain) or plain
            found.setdefault((known.key if known else value).casefold(), value)
    return sorted(found.values())


def names(text: str, besides: Iterable[str] = ()) -> list[str]:
    """Organizations in a list of them, each once, without placeholders and those already named."""
    known = {" ".join(each.split()).casefold() for each in besides}
    found: list[str] = []
    for part in re.split(r"[;\n]", text):
        plain = " ".join(part.split()).strip(" ,-")
        key = plain.casefold()
        if is_nothing(plain) or key in known or shipped()["sponsor_class"].find(plain):
            continue
        known.add(key)
        found.append(plain)
    return found


# -- outcomes ---------------------------------------------------------------------------------------

_ITEM = re.compile(r"\s*(?:\(?[0-9]{1,2}[.)]\)?(?![0-9])|[a-z]\)|[•·–*-])\s*")


def items(text: str) -> list[str]:
    """A list in words as its items, where every line or most carry a number or a bullet; else the whole."""
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    marked = [index for index, line in enumerate(lines) if _ITEM.match(line)]
    if len(marked) < 2:
        return [" ".join(lines)] if lines else []
    parts = [" ".join(lines[: marked[0]])] if marked[0] else []
    for start, end in zip(marked, [*marked[1:], len(lines)], strict=True):
        parts.append(_ITEM.sub("", " ".join(lines[start:end]), count=1))
    heading = parts[0] if marked[0] else ""
    if heading.endswith(":"):
        parts = parts[1:]
    return [part for part in parts if part.strip()]
