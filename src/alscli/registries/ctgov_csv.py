"""ClinicalTrials.gov's CSV downloads, whichever columns were chosen: today's site, and that before 2023.

A row is turned into the study of the API that it is a part of. Outcomes are left out: the file runs measure,
description and time frame together.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from alscli.registries import ctgov
from alscli.registries.draft import Draft, Oddity, Unreadable
from alscli.registries.said import tidy

ID = "NCT Number"
MAX_FIELD = 1 << 22
"""Characters of one cell; the longest real one has about 60,000."""
_MONTHS = {
    name: number
    for number, name in enumerate(
        [
            "january",
            "february",
            "march",
            "april",
            "may",
            "june",
            "july",
            "august",
            "september",
            "october",
            "november",
            "december",
        ],
        start=1,
    )
}


def is_mine(head: bytes) -> bool:
    """Whether a file that begins so is such a download."""
    first = head.lstrip(b"\xef\xbb\xbf").split(b"\n", 1)[0]
    return b"NCT Number" in first and (b"," in first or b"\t" in first)


def rows(lines: Iterable[str], source: str) -> Iterator[Draft | Unreadable]:
    """The drafts of a file's lines, given with their line ends."""
    iterator = iter(lines)
    header = next(iterator, "").lstrip("\ufeff")
    delimiter = "\t" if header.count("\t") > header.count(",") else ","
    columns = [tidy(name) for name in next(csv.reader(header.splitlines(), delimiter=delimiter), [])]
    csv.field_size_limit(MAX_FIELD)
    reader = csv.reader(iterator, delimiter=delimiter, strict=False)
    number = 1
    while True:
        number += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Unreadable(f"{source}: row {number}", f"cannot be read as CSV: {error}")
            continue
        if not any(cells):
            continue
        place = f"{source}: row {number}"
        if len(cells) != len(columns):
            yield Unreadable(
                place, f"has {len(cells)} cells under {len(columns)} columns: cut, or not quoted"
            )
            continue
        yield draft(dict(zip(columns, cells, strict=True)), place)


def draft(row: Mapping[str, str], source: str) -> Draft | Unreadable:
    """One row as a draft; its paths are names of columns."""
    row = {key: value for key, value in row.items() if key and isinstance(value, str)}
    study, columns, oddities = _study(row)
    found = ctgov.draft(study, source)
    if isinstance(found, Unreadable):
        return Unreadable(source, f"{row.get(ID, '')!r} is no NCT number: nothing says which study it is")
    return replace(
        found,
        paths={field: _column(path, columns) for field, path in found.paths.items()},
        oddities=(*oddities, *(Oddity(_column(each.path, columns), each.message) for each in found.oddities)),
        proposals=tuple(replace(each, path=_column(each.path, columns)) for each in found.proposals),
        copy=ctgov.kept(dict(row)),
    )


def _column(path: str, columns: Mapping[str, str]) -> str:
    bare = path.removeprefix(f"{ctgov.PROTOCOL}.")
    while bare:
        if bare in columns:
            return columns[bare]
        if below := next((name for each, name in columns.items() if each.startswith(f"{bare}.")), None):
            return below
        bare = bare.rpartition(".")[0]
    return path


def code(text: str) -> str:
    """The API's enumeration from its code or words: `Active, not recruiting` → `ACTIVE_NOT_RECRUITING`."""
    found = re.sub(r"[^A-Za-z0-9]+", "_", tidy(text)).strip("_").upper()
    return _WORDS.get(found, found)


_WORDS = {
    "UNKNOWN_STATUS": "UNKNOWN",
    "N_A": "NA",
    "NOT_APPLICABLE": "NA",
    "NONE_OPEN_LABEL": "NONE",
    "OPEN_LABEL": "NONE",
    "SINGLE_GROUP_ASSIGNMENT": "SINGLE_GROUP",
    "PARALLEL_ASSIGNMENT": "PARALLEL",
    "CROSSOVER_ASSIGNMENT": "CROSSOVER",
    "FACTORIAL_ASSIGNMENT": "FACTORIAL",
    "SEQUENTIAL_ASSIGNMENT": "SEQUENTIAL",
    "EARLY_PHASE_1": "EARLY_PHASE1",
    "PHASE_1": "PHASE1",
    "PHASE_2": "PHASE2",
    "PHASE_3": "PHASE3",
    "PHASE_4": "PHASE4",
    "ANTICIPATED": "ESTIMATED",
    "U_S_FED": "FED",
    "EDUCATIONAL_COUNSELING_TRAINING": "ECT",
    "EXPANDED_ACCESS_INTERMEDIATE_SIZE_POPULATION": "EXPANDED_ACCESS",
    "OBSERVATIONAL_PATIENT_REGISTRY": "OBSERVATIONAL",
    "EUDRACT_NUMBER": "EUDRACT_NUMBER",
    "OTHER_PRE_SPECIFIED": "OTHER_PRE_SPECIFIED",
    "BOTH": "ALL",
}


def day(text: str) -> str:
    """A date of the API from `2020-10-30`, `October 30, 2020` or `October 2020`; other text as it is."""
    match = re.fullmatch(r"([A-Za-z]+) (?:(\d{1,2}), ?)?(\d{4})", tidy(text))
    month = _MONTHS.get(match[1].casefold()) if match else None
    if match is None or month is None:
        return tidy(text)
    return f"{match[3]}-{month:02}" + (f"-{int(match[2]):02}" if match[2] else "")


def _several(text: str) -> list[str]:
    return [each for part in text.split("|") if (each := tidy(part))]


class _Row:
    """A row while it is read into the study of the API that it is a part of.

    `columns` holds the column of each path of the study, `oddities` what could not be taken over.
    """

    def __init__(self, row: Mapping[str, str]) -> None:
        self._row = row
        self.modules: dict[str, Any] = {}
        self.columns: dict[str, str] = {}
        self.oddities: list[Oddity] = []

    def put(self, path: str, column: str, value: Any) -> None:
        """Set what stands at a path of the study; nothing is set for nothing."""
        if value in ("", [], None):
            return
        *way, last = path.split(".")
        table = self.modules
        for key in way:
            table = table.setdefault(key, {})
        table[last] = value
        self.columns[path] = column

    def cell(self, *names: str) -> tuple[str, str]:
        """The first of these columns that the file has, and its text."""
        found = next((name for name in names if name in self._row), names[0])
        return found, tidy(self._row.get(found, ""))


def _as_it_is(text: str) -> str:
    return text


def _study(row: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str], list[Oddity]]:
    """The study of the API that a row is a part of, the column of each of its paths, and what was odd."""
    found = _Row(row)
    readers = ((_TEXTS, _as_it_is), (_CODES, code), (_DATES, day), (_LISTS, _several))
    for places, read in readers:
        for path, names in places.items():
            name, text = found.cell(*names)
            found.put(path, name, read(text))
    name, text = found.cell("Phases")
    phases = [code(each) for each in re.split(r"[|/]", text) if each.strip()]
    found.put("designModule.phases", name, phases)
    name, text = found.cell("Enrollment")
    if text.isdecimal() and text.isascii() and len(text) < 10:
        found.put("designModule.enrollmentInfo.count", name, int(text))
    elif text:
        found.oddities.append(Oddity(name, f"{text!r} is no number of people: left out"))
    _put_people(found)
    _put_design(found)
    name, text = found.cell("Age")
    for key, age in zip(("minimumAge", "maximumAge"), _ages(text), strict=True):
        found.put(f"eligibilityModule.{key}", name, age)
    name, text = found.cell("Locations")
    found.put("contactsLocationsModule.locations", name, [_location(each) for each in _several(text)])
    if any(row.get(each) for each in _OUTCOMES):
        message = "measure, description and time frame run together: left out"
        found.oddities.append(Oddity("Primary Outcome Measures", message))
    return {ctgov.PROTOCOL: found.modules}, found.columns, found.oddities


_OUTCOMES = (
    "Primary Outcome Measures",
    "Secondary Outcome Measures",
    "Other Outcome Measures",
    "Outcome Measures",
)
_TEXTS = {
    "identificationModule.nctId": (ID,),
    "identificationModule.briefTitle": ("Study Title", "Title"),
    "identificationModule.acronym": ("Acronym",),
    "descriptionModule.briefSummary": ("Brief Summary",),
}
_CODES = {
    "statusModule.overallStatus": ("Study Status", "Status"),
    "designModule.studyType": ("Study Type",),
    "eligibilityModule.sex": ("Sex", "Gender"),
}
_DATES = {
    "statusModule.startDateStruct.date": ("Start Date",),
    "statusModule.primaryCompletionDateStruct.date": ("Primary Completion Date",),
    "statusModule.completionDateStruct.date": ("Completion Date",),
    "statusModule.resultsFirstPostDateStruct.date": ("Results First Posted",),
    "statusModule.lastUpdatePostDateStruct.date": ("Last Update Posted",),
}
_LISTS = {"conditionsModule.conditions": ("Conditions",)}


def _put_people(row: _Row) -> None:
    cell, put = row.cell, row.put
    name, text = cell("Sponsor", "Sponsor/Collaborators")
    sponsors = _several(text) if name == "Sponsor/Collaborators" else [text]
    put("sponsorCollaboratorsModule.leadSponsor.name", name, sponsors[0] if sponsors else "")
    if sponsors and sponsors[0]:
        funders, classes = cell("Funder Type", "Funded Bys")
        put(
            "sponsorCollaboratorsModule.leadSponsor.class",
            funders,
            code(next(iter(_several(classes)), "")),
        )
    others, text = cell("Collaborators")
    others, names = (others, _several(text)) if text else (name, sponsors[1:])
    put("sponsorCollaboratorsModule.collaborators", others, [{"name": each} for each in names])
    name, text = cell("Other IDs")
    own, *more = _several(text) or [""]
    put("identificationModule.orgStudyIdInfo.id", name, own)
    put("identificationModule.secondaryIdInfos", name, [{"id": each} for each in more])
    name, text = cell("Interventions")
    listed = []
    for each in _several(text):
        kind, _, what = each.partition(": ")
        listed.append({"type": code(kind), "name": what} if what else {"type": "OTHER", "name": each})
    put("armsInterventionsModule.interventions", name, listed)


def _put_design(row: _Row) -> None:
    cell, put = row.cell, row.put
    name, text = cell("Study Design", "Study Designs")
    for each in _several(text):
        label, _, said = each.partition(": ")
        who = re.search(r"\(([^()]*)\)\s*$", said)
        bare = code(said[: who.start()] if who else said)
        match label:
            case "Allocation":
                put("designModule.designInfo.allocation", name, bare)
            case "Intervention Model":
                put("designModule.designInfo.interventionModel", name, bare)
            case "Observational Model":
                put("designModule.designInfo.observationalModel", name, bare)
            case "Primary Purpose":
                put("designModule.designInfo.primaryPurpose", name, bare)
            case "Masking":
                put("designModule.designInfo.maskingInfo.masking", name, bare)
                roles = [code(role) for role in who[1].split(",")] if who else []
                roles = [role for role in roles if role != "OPEN_LABEL" and role != "NONE"]
                put("designModule.designInfo.maskingInfo.whoMasked", name, roles)


def _ages(text: str) -> tuple[str, str]:
    """The limits of `18 Years and older (Adult, Older Adult)`; groups of ages alone name none."""
    match = re.match(r"(?:(\d+ \w+) (?:to|and) )?(?:up to )?(\d+ \w+|older)", text, re.IGNORECASE)
    if match is None:
        return "", ""
    if match[2].casefold() == "older":
        return match[1] or "", ""
    return match[1] or "", match[2]


def _location(text: str) -> dict[str, str]:
    """The country at the end of `facility, city, state, zip, country`; some countries hold a comma."""
    parts = text.split(", ")
    for size in (1, 2, 3):
        name = ", ".join(parts[-size:])
        if len(parts) >= size and ctgov.country(name):
            return {"country": name}
    return {"country": parts[-1]}
