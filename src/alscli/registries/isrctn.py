"""ISRCTN: the XML of its API (`allTrials/fullTrial/trial`), and JSON of it, as ctrdata (R) keeps it.

The registry states no recruitment status unless somebody overrides it: its pages work it out from the
dates, and so does this reader, as of the entry's last change.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from alscli.model.identifiers import RegistryId, parse_registry_id
from alscli.registries import wording
from alscli.registries.assembly import LONGEST_NAME, Assembly
from alscli.registries.dates import read_date
from alscli.registries.draft import Draft, Unreadable
from alscli.registries.payload import (
    Entry,
    Tree,
    at,
    decode,
    json_entries,
    plain_text,
    several,
    xml_entries,
)
from alscli.registries.words import moment

_CLASSES = {
    "industry": "industry",
    "university/education": "academic",
    "research organisation": "academic",
    "hospital/treatment centre": "hospital",
    "government": "government",
    "charity": "nonprofit",
}
"""ISRCTN's sponsor types; the others (`Other`, `Research council`, `Not defined`) are left to the curator."""
_KINDS = {
    "drug": "DRUG",
    "device": "DEVICE",
    "biological/vaccine": "BIOLOGICAL",
    "procedure/surgery": "PROCEDURE",
    "supplement": "DIETARY_SUPPLEMENT",
    "behavioural": "BEHAVIORAL",
    "genetic": "GENETIC",
}


def is_mine(head: bytes) -> bool:
    """Whether a file that begins so is ISRCTN's XML, or JSON of it."""
    text = decode(head)[0].lstrip()
    if text.startswith("<"):
        return "67bricks.com/isrctn" in text or re.search(r"<(?:allTrials|fullTrial)[\s>]", text) is not None
    return text.startswith(("{", "[")) and (
        re.match(r'[\[{\s]*"(?:isrctn|trial)"', text) is not None or '"trialDescription"' in text
    )


def drafts(data: bytes) -> Iterator[Draft | Unreadable]:
    """Every trial of a payload."""
    text = decode(data[:2000])[0].lstrip()
    entries = xml_entries(data, ("fullTrial",)) if text.startswith("<") else json_entries(data)
    for entry in entries:
        yield entry if isinstance(entry, Unreadable) else _draft(entry)


def _identified(trial: Tree) -> RegistryId | None:
    number = plain_text(trial.get("isrctn"))
    known = parse_registry_id(number if number.upper().startswith("ISRCTN") else f"ISRCTN{number}")
    return known if known and known.registry.code == "isrctn" else None


class _Trial:
    """One trial, whether it stands alone or beside its sponsors and funders."""

    def __init__(self, tree: Tree) -> None:
        inner = tree.get("trial")
        self.parties = tree if isinstance(inner, dict) else {}
        self.tree: Tree = inner if isinstance(inner, dict) else tree

    def text(self, path: str) -> str:
        """The text at a path."""
        return plain_text(at(self.tree, path))

    def day(self, path: str) -> str:
        """The date at a path, or nothing."""
        return read_date(self.text(path)).value or ""


def _draft(entry: Entry) -> Draft | Unreadable:
    trial = _Trial(entry.tree)
    known = _identified(trial.tree)
    if known is None:
        shown = wording.shorten(plain_text(trial.tree.get("isrctn")), 40)
        why = f"“{shown}” is no ISRCTN number" if shown else "has no isrctn"
        return Unreadable(f"entry {entry.number}", why)
    assembly = Assembly(known, "isrctn")
    assembly.remark("", entry.remark)
    public, scientific = trial.text("trialDescription.title"), trial.text("trialDescription.scientificTitle")
    assembly.titles(public, scientific, ("trialDescription.title", "trialDescription.scientificTitle"))
    acronym = trial.text("trialDescription.acronym")
    assembly.put("acronym", "" if wording.is_nothing(acronym) else acronym, "trialDescription.acronym")
    assembly.put("secondary_ids", _ids(trial, known), "externalRefs")
    conditions = [plain_text(each) for each in several(trial.tree, "conditions.condition.description")]
    assembly.put("conditions", wording.conditions(conditions), "conditions.condition.description")
    _kind(assembly, trial, f"{public} {scientific}")
    _status(assembly, trial, entry.tree)
    countries = [
        plain_text(each) for each in several(trial.tree, "participants.recruitmentCountries.country")
    ]
    assembly.countries(countries, "participants.recruitmentCountries.country")
    _people(assembly, trial)
    _parties(assembly, trial)
    _interventions(assembly, trial)
    for role in ("primary", "secondary"):
        _outcomes(assembly, trial, role)
    assembly.passage(public, "trialDescription.title", 1)
    assembly.passage(scientific, "trialDescription.scientificTitle", 1)
    return assembly.draft(entry.tree)


def _ids(trial: _Trial, known: RegistryId) -> list[str]:
    names = ("eudraCTNumber", "clinicalTrialsGovNumber", "protocolSerialNumber")
    found = [trial.text(f"externalRefs.{name}") for name in names]
    found += [
        plain_text(each) for each in several(trial.tree, "externalRefs.secondaryNumbers.secondaryNumber")
    ]
    iras = trial.text("externalRefs.irasNumber")
    found = [each for each in found if each != iras]
    if iras and not wording.is_nothing(iras):
        found.append(f"IRAS {iras}")
    return wording.ids((part for each in found for part in re.split(r",\s+", each)), known.value)


def _kind(assembly: Assembly, trial: _Trial, titles: str) -> None:
    place = "trialDesign.primaryStudyDesign"
    kind = wording.study_type(trial.text(place))
    assembly.put("study_type", kind.value, place)
    assembly.remark(place, kind.remark)
    words = trial.text("trialDesign.studyDesign")
    second = trial.text("trialDesign.secondaryStudyDesign")
    labelled = [
        f"{label}: {text}."
        for label, path in (
            ("Allocation", "allocation"),
            ("Masking", "masking"),
            ("Control", "control"),
            ("Assignment", "assignment"),
        )
        if (text := trial.text(f"trialDesign.interventionalTrialDesign.{path}"))
    ]
    found = wording.design(" ".join([*labelled, words, second]), kind.value or "", titles)
    found.purpose = _purpose(trial)
    assembly.design(found, "trialDesign")
    phases = {plain_text(each) for each in several(trial.tree, "interventions.intervention.phase")}
    phase = next((each for each in sorted(phases) if not wording.is_nothing(each)), "")
    assembly.phase(
        wording.phase("" if phase == "Not Specified" else phase), "interventions.intervention.phase"
    )


def _purpose(trial: _Trial) -> str | None:
    """The one purpose, where there is one."""
    kinds = several(trial.tree, "trialDesign.trialTypes.trialType")
    kinds += several(trial.tree, "trialDesign.interventionalTrialDesign.purposes.purpose")
    found = {wording.purpose(plain_text(each)) for each in kinds} - {None}
    return found.pop() if len(found) == 1 else None


def _status(assembly: Assembly, trial: _Trial, tree: Tree) -> None:
    updated = read_date(plain_text(trial.tree.get("@lastUpdated"))).value
    imported = read_date(plain_text(tree.get("record_last_import"))).value
    as_of, place = (updated, "@lastUpdated") if updated else (imported, "record_last_import")
    assigned = plain_text(at(trial.tree, "isrctn.@dateAssigned"))
    assembly.date("registered", assigned, "isrctn.@dateAssigned", "actual")
    start, end = trial.day("participants.recruitmentStart"), trial.day("participants.recruitmentEnd")
    over = trial.day("trialDesign.overallEndDate")
    if as_of is None:
        as_of = max(filter(None, (read_date(assigned).value, start)), default="")
        place = "participants.recruitmentStart"
        assembly.remark(place, "dates the status: the entry has no date of its last change")
    elif not updated:
        assembly.remark(place, "dates the status: when ctrdata fetched the entry")
    assembly.put("status_as_of", as_of, place)
    for name, path in (
        ("start", "participants.recruitmentStart"),
        ("completion", "trialDesign.overallEndDate"),
    ):
        said = trial.text(path)
        kind = "actual" if as_of and trial.day(path) <= as_of else "estimated"
        assembly.date(name, said, path, kind)
    _worked_out(assembly, trial, as_of or "", (start, end, over))


def _worked_out(assembly: Assembly, trial: _Trial, as_of: str, days: tuple[str, str, str]) -> None:
    place = "trialDesign.overallStatusOverride"
    override = trial.text(place) or trial.text("participants.recruitmentStatusOverride")
    if re.match(r"stopped|abandoned|withdrawn|terminated", override, re.IGNORECASE):
        begun = bool(days[0]) and days[0] <= as_of
        assembly.put("status", "terminated" if begun else "withdrawn", place)
        reason = wording.one_line(trial.text("trialDesign.reasonAbandoned"))
        assembly.put("why_stopped", reason, "trialDesign.reasonAbandoned")
        return
    if re.match(r"suspended", override, re.IGNORECASE):
        assembly.put("status", "suspended", place)
        return
    start, end, over = days
    if not as_of or not (start or end or over):
        assembly.put("status", "unknown", place)
        assembly.remark(place, "no dates from which the status follows; taken as unknown")
        return
    if over and over < as_of:
        code, path = "completed", "trialDesign.overallEndDate"
    elif end and end < as_of:
        code, path = "active_not_recruiting", "participants.recruitmentEnd"
    elif start and start > as_of:
        code, path = "not_yet_recruiting", "participants.recruitmentStart"
    else:
        code, path = "recruiting", "participants.recruitmentStart"
    assembly.put("status", code, path)
    assembly.remark(path, f"no status is stated; {code} follows from the dates as of {as_of}")


def _people(assembly: Assembly, trial: _Trial) -> None:
    place = "participants"
    final = trial.text(f"{place}.totalFinalEnrolment")
    if final not in ("", "0"):
        assembly.people("enrolled", final, f"{place}.totalFinalEnrolment")
    assembly.people("planned", trial.text(f"{place}.targetEnrolment"), f"{place}.targetEnrolment")
    limits = [trial.text(f"{place}.{name}") for name in ("lowerAgeLimit", "upperAgeLimit")]
    assembly.ages(limits[0], limits[1], f"{place}.lowerAgeLimit")
    if not any(limits):
        bands = {"Adult": "18", "Senior": "65"}
        assembly.ages(bands.get(trial.text(f"{place}.ageRange"), ""), "", f"{place}.ageRange")
    assembly.sex(trial.text(f"{place}.gender"), f"{place}.gender")


def _parties(assembly: Assembly, trial: _Trial) -> None:
    sponsors: list[Any] = several(trial.parties, "sponsor")
    if not sponsors:
        assembly.remark("parties", "the sponsor is only an internal number here; left out")
        return
    named = [(plain_text(at(each, "organisation")), each) for each in sponsors]
    named = [(name, each) for name, each in named if not wording.is_nothing(name)]
    if named:
        name, first = named[0]
        assembly.sponsor(name, "sponsor.organisation")
        assembly.put("sponsor.class", _class(first), "sponsor.sponsorType")
        others = wording.names("\n".join(name for name, _ in named[1:]), (name,))
        assembly.organizations("collaborators", others, "sponsor.organisation")
    funders = [plain_text(each) for each in several(trial.parties, "funder.name")]
    assembly.organizations("funders", wording.names("\n".join(funders)), "funder.name")


def _class(sponsor: Tree) -> str | None:
    if plain_text(sponsor.get("commercialStatus")).casefold() == "commercial":
        return "industry"
    return _CLASSES.get(plain_text(sponsor.get("sponsorType")).casefold())


def _interventions(assembly: Assembly, trial: _Trial) -> None:
    for each in several(trial.tree, "interventions.intervention"):
        place = "interventions.intervention"
        kind = _KINDS.get(plain_text(at(each, "interventionType")).casefold(), "OTHER")
        drugs = plain_text(at(each, "drugNames"))
        description = plain_text(at(each, "description"))
        before = len(assembly.values.get("interventions", []))
        for name in re.split(r"[;\n]|,\s+(?![^()]*\))", drugs):
            bare = re.sub(r"^\s*[0-9]{1,2}[.)]\s+", "", name)
            assembly.intervention(bare, (), f"{place}.drugNames", kind=kind)
        if len(assembly.values.get("interventions", [])) == before:
            if description and len(description) <= LONGEST_NAME and "\n" not in description:
                assembly.intervention(description, (), f"{place}.description", kind=kind)
            elif not wording.is_nothing(description):
                assembly.remark(f"{place}.description", "interventions in prose: left to the curator")
        assembly.passage(description, f"{place}.description", 0)


def _outcomes(assembly: Assembly, trial: _Trial, role: str) -> None:
    place = f"trialDescription.{role}Outcomes.outcomeMeasure"
    measures = several(trial.tree, place)
    for each in measures:
        time = moment(plain_text(at(each, "timepoints")))
        assembly.outcome(role, plain_text(at(each, "variable")), time, place)
    if not measures:
        place = f"trialDescription.{role}Outcome"
        for item in wording.items(trial.text(place)):
            assembly.outcome(role, item, None, place)
