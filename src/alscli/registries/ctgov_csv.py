"""ClinicalTrials.gov's CSV downloads, whichever columns were chosen: today's site, and that before 2023.

A row is turned into the study of the API that it is a part of. Outcomes are left out: the file runs measure,
description and time frame together.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping

from alscli.registries import ctgov
from alscli.registries.dates import read_date
from alscli.registries.draft import Draft, Oddity, Unreadable
from alscli.registries.said import tidy
from alscli.registries.translation import Translation

ID = "NCT Number"
MAX_FIELD = 1 << 22
"""Characters of one cell; the longest real one has about 60,000."""


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
    return _Row(row).read().draft(source, ctgov.kept(dict(row)), f"{row.get(ID, '')!r} is no NCT number")


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
    "BOTH": "ALL",
}


def day(text: str) -> str:
    """A date of the API from `2020-10-30`, `October 30, 2020` or `October 2020`; other text as it is."""
    plain = tidy(text)
    return (read_date(plain).value if plain[:1].isalpha() else None) or plain


def _several(text: str) -> list[str]:
    return [each for part in text.split("|") if (each := tidy(part))]


class _Row(Translation):
    """A row while it is read into the study of the API that it is a part of."""

    def __init__(self, row: Mapping[str, str]) -> None:
        super().__init__(counted=False)
        self._row = row

    def cell(self, *names: str) -> tuple[str, str]:
        """The first of these columns that the file has, and its text."""
        found = next((name for name in names if name in self._row), names[0])
        return found, tidy(self._row.get(found, ""))

    def read(self) -> Translation:
        """The same, with every column read."""
        readers = ((_TEXTS, _as_it_is), (_CODES, code), (_DATES, day), (_LISTS, _several))
        for places, read in readers:
            for path, names in places.items():
                name, text = self.cell(*names)
                self.put(path, read(text), name)
        name, text = self.cell("Phases")
        phases = [code(each) for each in re.split(r"[|/]", text) if each.strip()]
        self.put("designModule.phases", phases, name)
        name, text = self.cell("Enrollment")
        if text.isdecimal() and text.isascii() and len(text) < 10:
            self.put("designModule.enrollmentInfo.count", int(text), name)
        elif text:
            self.oddities.append(Oddity(name, f"{text!r} is no number of people: left out"))
        _put_people(self)
        _put_design(self)
        name, text = self.cell("Age")
        for key, age in zip(("minimumAge", "maximumAge"), _ages(text), strict=True):
            self.put(f"eligibilityModule.{key}", age, name)
        name, text = self.cell("Locations")
        self.put("contactsLocationsModule.locations", [_location(each) for each in _several(text)], name)
        if any(self._row.get(each) for each in _OUTCOMES):
            message = "measure, description and time frame run together: left out"
            self.oddities.append(Oddity("Primary Outcome Measures", message))
        return self


def _as_it_is(text: str) -> str:
    return text


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
    put("sponsorCollaboratorsModule.leadSponsor.name", sponsors[0] if sponsors else "", name)
    if sponsors and sponsors[0]:
        funders, classes = cell("Funder Type", "Funded Bys")
        own = code(next(iter(_several(classes)), ""))
        put("sponsorCollaboratorsModule.leadSponsor.class", own, funders)
    others, text = cell("Collaborators")
    others, names = (others, _several(text)) if text else (name, sponsors[1:])
    put("sponsorCollaboratorsModule.collaborators", [{"name": each} for each in names], others)
    name, text = cell("Other IDs")
    own, *more = _several(text) or [""]
    put("identificationModule.orgStudyIdInfo.id", own, name)
    put("identificationModule.secondaryIdInfos", [{"id": each} for each in more], name)
    name, text = cell("Interventions")
    listed = []
    for each in _several(text):
        kind, _, what = each.partition(": ")
        listed.append({"type": code(kind), "name": what} if what else {"type": "OTHER", "name": each})
    put("armsInterventionsModule.interventions", listed, name)


def _put_design(row: _Row) -> None:
    cell, put = row.cell, row.put
    name, text = cell("Study Design", "Study Designs")
    for each in _several(text):
        label, _, said = each.partition(": ")
        who = re.search(r"\(([^()]*)\)\s*$", said)
        bare = code(said[: who.start()] if who else said)
        match label:
            case "Allocation":
                put("designModule.designInfo.allocation", bare, name)
            case "Intervention Model":
                put("designModule.designInfo.interventionModel", bare, name)
            case "Observational Model":
                put("designModule.designInfo.observationalModel", bare, name)
            case "Primary Purpose":
                put("designModule.designInfo.primaryPurpose", bare, name)
            case "Masking":
                put("designModule.designInfo.maskingInfo.masking", bare, name)
                roles = [code(role) for role in who[1].split(",")] if who else []
                roles = [role for role in roles if role != "OPEN_LABEL" and role != "NONE"]
                put("designModule.designInfo.maskingInfo.whoMasked", roles, name)


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
