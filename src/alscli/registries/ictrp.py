"""WHO's ICTRP: the portal's XML, CSV and XLSX, and its full export, whose columns have no names.

ICTRP repeats what some twenty registries send it, each in its own words, so a field is read by its shape
and not by its registry, but for a few lists. The field names are the portal's, misspellings included.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

from alscli.model.identifiers import is_canonical, parse_registry_id
from alscli.registries import wording
from alscli.registries.assembly import LONGEST_NAME, Assembly
from alscli.registries.dates import read_date
from alscli.registries.draft import Draft, Unreadable
from alscli.registries.payload import (
    MAX_ENTRY,
    TOO_LARGE,
    Entry,
    Tree,
    decode,
    json_entries,
    plain_text,
    xml_entries,
)
from alscli.registries.words import moment

_TAGS = ("Trial",)
# The full export, by position; the columns left out (6 to 17, 59 to 62) are contacts.
_BY_POSITION = {
    0: "TrialID",
    1: "Last_Refreshed_on",
    2: "Secondary_ID",
    3: "Public_title",
    4: "Scientific_title",
    5: "web_address",
    18: "Study_type",
    19: "Study_design",
    20: "Phase",
    21: "Date_registration",
    22: "Date_enrollement",
    23: "Target_size",
    24: "Recruitment_Status",
    25: "Primary_sponsor",
    26: "Secondary_Sponsor",
    27: "Source_Support",
    28: "Countries",
    29: "Condition",
    30: "Intervention",
    31: "Inclusion_agemin",
    32: "Inclusion_agemax",
    33: "Inclusion_gender",
    34: "Inclusion_Criteria",
    35: "Exclusion_Criteria",
    36: "Primary_outcome",
    37: "Secondary_outcome",
    42: "Retrospective_flag",
    43: "results_actual_enrollment",
    46: "results_date_posted",
    55: "results_date_completed",
}
_POSITIONS = range(58, 66)
"""How many columns a row of the full export may have (63 as known)."""
_NAMES = {
    re.sub(r"[^a-z0-9]", "", name.casefold()): name
    for name in (
        *_BY_POSITION.values(),
        "Acronym",
        "Date_registration3",
        "Export_date",
        "Source_Register",
        "other_records",
        "Internal_Number",
        "results_url_link",
        "results_yes_no",
        "Bridging_flag_truefalse",
        "Bridged_type",
    )
}
_FIELD_LIMIT = 2**31 - 1
"""Characters of one cell of CSV: criteria run to pages, and Python's own limit is 131,072."""


def is_mine(head: bytes) -> bool:
    """Whether a file that begins so is ICTRP's: XML, CSV with or without names, a workbook, a copy."""
    if head.startswith(b"PK\x03\x04"):
        return b"[Content_Types].xml" in head or b"xl/" in head
    text = decode(head)[0].lstrip()
    if text.startswith("<"):
        return re.search(r"<(?:Trials_downloaded_\w+|TrialID)\s*[>/]", text) is not None
    if text.startswith(("{", "[")):
        return re.match(r'[\[{\s]*"(?:TrialID|Export_date|Acronym|Condition)"', text) is not None and (
            '"TrialID"' in text or '"Source_Register"' in text
        )
    first = text.split("\n", 1)[0]
    if re.match(r'"?Trial ?_?ID"?\s*[,;\t]', first, re.IGNORECASE):
        return True
    cells = [cell.strip(' "\r') for cell in first[:500].split(",")]
    known = parse_registry_id(cells[0]) if cells else None
    return known is not None and len(cells) > 1 and read_date(cells[1]).value is not None


def drafts(data: bytes) -> Iterator[Draft | Unreadable]:
    """Every trial of a payload of any of ICTRP's forms."""
    for entry in _entries(data):
        yield entry if isinstance(entry, Unreadable) else _draft(entry)


def _entries(data: bytes) -> Iterator[Entry | Unreadable]:
    if data.startswith(b"PK\x03\x04"):
        from alscli.registries.workbook import rows

        yield from _table(rows(data), None)
        return
    text, remark = decode(data)
    start = text[:2000].lstrip()
    if start.startswith("<"):
        yield from xml_entries(data, _TAGS)
    elif start.startswith(("{", "[")):
        yield from json_entries(data)
    else:
        yield from _table(_csv_rows(text), remark)


# -- tables -----------------------------------------------------------------------------------------


def _csv_rows(text: str) -> Iterator[list[str] | Unreadable]:
    csv.field_size_limit(_FIELD_LIMIT)
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    while True:
        try:
            yield next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Unreadable(f"line {reader.line_num}", f"not valid CSV: {error}")


def _table(rows: Iterator[list[str] | Unreadable], remark: str | None) -> Iterator[Entry | Unreadable]:
    names: list[str] | None = None
    for number, row in enumerate(rows):
        if isinstance(row, Unreadable):
            yield row
            continue
        if not any(cell.strip() for cell in row):
            continue
        if number == 0 and re.fullmatch(r"trial ?_?id", row[0].strip(), re.IGNORECASE):
            names = [_named(cell) for cell in row]
            continue
        yield _row(number + (names is None), row, names, remark)


def _named(header: str) -> str:
    return _NAMES.get(re.sub(r"[^a-z0-9]", "", header.casefold()), re.sub(r"\W+", "_", header.strip()))


def _row(number: int, row: list[str], names: list[str] | None, remark: str | None) -> Entry | Unreadable:
    source = f"entry {number} ({wording.shorten(row[0], 30)})"
    if sum(map(len, row)) > MAX_ENTRY:
        return Unreadable(source, TOO_LARGE)
    if names is None:
        if len(row) not in _POSITIONS:
            return Unreadable(source, f"{len(row)} columns without names; the full export has 63")
        named = {name: row[position] for position, name in _BY_POSITION.items()}
        return Entry(number, named, remark)
    while len(row) > len(names) and not row[-1].strip():
        row.pop()
    if len(row) != len(names):
        return Unreadable(source, f"{len(row)} columns of {len(names)}: a row is cut or a quote is missing")
    return Entry(number, dict(zip(names, row, strict=True)), remark)


# -- one trial --------------------------------------------------------------------------------------


class _Trial:
    """The fields of one trial as text."""

    def __init__(self, tree: Tree) -> None:
        self._tree = {_named(name): value for name, value in tree.items()}

    def __getitem__(self, name: str) -> str:
        return plain_text(self._tree.get(name))

    def raw(self, name: str) -> str:
        """A field with its HTML, where line breaks part what it holds."""
        value = self._tree.get(name)
        return value if isinstance(value, str) else ""


def _draft(entry: Entry) -> Draft | Unreadable:
    trial = _Trial(entry.tree)
    said = trial["TrialID"]
    known = parse_registry_id(said)
    if known is None or not is_canonical(known.value):
        shown = wording.shorten(said, 40)
        why = f"“{shown}” is no registry's number" if said else "has no TrialID"
        return Unreadable(f"entry {entry.number} ({shown})" if said else f"entry {entry.number}", why)
    assembly = Assembly(known, "TrialID")
    assembly.remark("", entry.remark)
    registry = known.registry.code
    assembly.titles(trial["Public_title"], trial["Scientific_title"], ("Public_title", "Scientific_title"))
    acronym = wording.one_line(trial["Acronym"])
    assembly.put("acronym", "" if wording.is_nothing(acronym) else acronym, "Acronym")
    assembly.put("secondary_ids", wording.ids([trial["Secondary_ID"]], known.value), "Secondary_ID")
    assembly.put("conditions", _conditions(trial, registry), "Condition")
    _kind(assembly, trial)
    assembly.status(trial["Recruitment_Status"], "Recruitment_Status")
    refreshed = _as_of(assembly, trial)
    _dates(assembly, trial, refreshed)
    assembly.countries(re.split(r"[;\n]", _commas(trial["Countries"])), "Countries")
    _people(assembly, trial, registry)
    assembly.sponsor(trial["Primary_sponsor"], "Primary_sponsor")
    sponsor = trial["Primary_sponsor"]
    others = wording.names(trial["Secondary_Sponsor"], (sponsor,))
    assembly.organizations("collaborators", others, "Secondary_Sponsor")
    assembly.organizations(
        "funders", wording.names(trial["Source_Support"], (sponsor, *others)), "Source_Support"
    )
    _interventions(assembly, trial, registry)
    for role, field in (("primary", "Primary_outcome"), ("secondary", "Secondary_outcome")):
        for definition, at in _outcomes(trial[field], role, registry):
            assembly.outcome(role, definition, at, field)
    assembly.passage(trial["Intervention"], "Intervention", 0)
    for field in ("Public_title", "Scientific_title"):
        assembly.passage(trial[field], field, 1)
    return assembly.draft(entry.tree)


def _commas(text: str) -> str:
    """UMIN and Sri Lanka part countries with commas, which other names hold (`Korea, Republic of`)."""
    return text if ";" in text or re.search(r", (?:Rep|Isl|Prov|The|Dem)", text) else text.replace(",", ";")


def _conditions(trial: _Trial, registry: str) -> list[str]:
    """The condition in words is before the first break; keywords and codes are behind it."""
    raw = re.split(r"MedDRA version", trial.raw("Condition"))[0]
    parts = re.split(r"(?:<br\s*/?>|&lt;br\s*/?&gt;)", raw)
    for part in (parts[0], *parts[1:]) if registry != "ctgov" else (raw,):
        found = wording.conditions(
            each
            for each in re.split(r"[;\n]", plain_text(part))
            if not re.match(r"\s*Therapeutic area:", each)
        )
        if found:
            return found
    return []


def _kind(assembly: Assembly, trial: _Trial) -> None:
    kind = wording.study_type(trial["Study_type"])
    assembly.put("study_type", kind.value, "Study_type")
    assembly.remark("Study_type", kind.remark)
    title = f"{trial['Public_title']} {trial['Scientific_title']}"
    assembly.design(wording.design(trial["Study_design"], kind.value or "", title), "Study_design")
    assembly.phase(wording.phase(trial["Phase"]), "Phase")


def _as_of(assembly: Assembly, trial: _Trial) -> str:
    """When ICTRP last took the entry over, which dates its status."""
    for field in ("Last_Refreshed_on", "Date_registration3", "Date_registration"):
        found = read_date(trial[field]).value
        if found:
            assembly.put("status_as_of", found, field)
            if field != "Last_Refreshed_on":
                assembly.remark(field, "dates the status: the entry has no date of its last change")
            return found
    return ""


def _dates(assembly: Assembly, trial: _Trial, refreshed: str) -> None:
    for field in ("Date_registration3", "Date_registration"):
        if trial[field] and assembly.date("registered", trial[field], field, "actual"):
            break
    assembly.date("start", trial["Date_enrollement"], "Date_enrollement", "unknown")
    ended = read_date(trial["results_date_completed"]).value
    kind = "actual" if ended and ended <= refreshed else "estimated"
    assembly.date("completion", trial["results_date_completed"], "results_date_completed", kind)
    assembly.date("results_posted", trial["results_date_posted"], "results_date_posted", "actual")


def _people(assembly: Assembly, trial: _Trial, registry: str) -> None:
    assembly.people("enrolled", trial["results_actual_enrollment"], "results_actual_enrollment")
    assembly.people("planned", trial["Target_size"], "Target_size")
    if registry == "ctgov" and assembly.has("enrollment.planned"):
        assembly.remark("Target_size", "planned or actual: ICTRP does not say which; taken as planned")
    assembly.ages(trial["Inclusion_agemin"], trial["Inclusion_agemax"], "Inclusion_agemin")
    assembly.sex(trial["Inclusion_gender"], "Inclusion_gender")


# -- interventions and outcomes ---------------------------------------------------------------------

_TYPED = re.compile(
    r"(Drug|Device|Biological|Procedure|Radiation|Behavioral|Genetic|Dietary Supplement|Combination Product"
    r"|Diagnostic Test|Other)\s*:\s*(.+)"
)
_PRODUCT = re.compile(r"(Trade Name|Product Name|Product Code|INN or Proposed INN|Current Sponsor code|"
                      r"Other descriptive name|Pharmaceutical Form|CAS Number|Concentration \w+|Strength|"
                      r"Route of administration[^:]*|Pharmaceutical form of the placebo)\s*:")  # fmt: skip


def _interventions(assembly: Assembly, trial: _Trial, registry: str) -> None:
    text = trial["Intervention"]
    if wording.is_nothing(text):
        return
    if registry == "ctgov":
        for part in text.split(";"):
            if match := _TYPED.fullmatch(" ".join(part.split())):
                kind = match[1].upper().replace(" ", "_")
                assembly.intervention(match[2], (), "Intervention", kind=kind)
    elif _PRODUCT.search(text):
        _products(assembly, text)
    elif registry in ("chictr", "itmctr"):
        assembly.groups(text, "Intervention")
    elif len(text) <= LONGEST_NAME and "\n" not in text:
        assembly.intervention(text, (), "Intervention")
    else:
        assembly.remark("Intervention", "interventions in prose: left to the curator")


def _products(assembly: Assembly, text: str) -> None:
    """Products as EudraCT's and CTIS's entries list them, a label before each value."""
    marks = [*_PRODUCT.finditer(text)]
    product: dict[str, str] = {}
    ends = [*(mark.start() for mark in marks[1:]), len(text)]
    for mark, end in zip(marks, ends, strict=True):
        label, value = mark[1], " ".join(text[mark.end() : end].split()).strip(" ,")
        if label in product or (label == "Trade Name" and product):
            _product(assembly, product)
            product = {}
        product[label] = value
    _product(assembly, product)


def _product(assembly: Assembly, product: dict[str, str]) -> None:
    named = [
        product[label]
        for label in (
            "Product Name",
            "Trade Name",
            "INN or Proposed INN",
            "Current Sponsor code",
            "Product Code",
        )
        if not wording.is_nothing(product.get(label, ""))
    ]
    if named:
        assembly.intervention(named[0], named[1:], "Intervention", kind="DRUG")


_END_POINTS = re.compile(
    r"(Main Objective|Secondary Objective|Primary end point\(s\)|Secondary end point\(s\)"
    r"|Timepoint\(s\) of evaluation of this end point)\s*:"
)
_BRACKETED = re.compile(
    r"(.*?)\s*\[\s*(?:Time ?frame:?)?\s*([^\[\]]{1,200}?)\s*\]?", re.DOTALL | re.IGNORECASE
)


def _outcomes(text: str, role: str, registry: str) -> Iterator[tuple[str, str | None]]:
    """Outcomes with their times, where a time is one time."""
    if not text:
        return
    if _END_POINTS.search(text):
        yield from _end_points(text, role)
        return
    parts = [each for each in text.split(";") if each.strip()]
    listed = registry in ("ctgov", "chictr", "itmctr", "irct", "anzctr", "tctr", "drks", "cris")
    for part in parts if listed else wording.items(text):
        yield _timed(part.strip())


def _timed(text: str) -> tuple[str, str | None]:
    head, mark, tail = text.partition("Timepoint:")
    if mark:
        time = tail.partition("Method of measurement")[0]
        return head.strip(" ."), moment(time)
    if text.endswith("]") and (match := _BRACKETED.fullmatch(text)):
        return match[1], moment(match[2])
    return text, None


def _end_points(text: str, role: str) -> Iterator[tuple[str, str | None]]:
    marks = [*_END_POINTS.finditer(text)]
    ends = [*(mark.start() for mark in marks[1:]), len(text)]
    found = {mark[1]: text[mark.end() : end].strip(" ;\n") for mark, end in zip(marks, ends, strict=True)}
    said = found.get(f"{role.capitalize()} end point(s)", "")
    time = moment(found.get("Timepoint(s) of evaluation of this end point", ""))
    for item in wording.items(said):
        yield item, time
