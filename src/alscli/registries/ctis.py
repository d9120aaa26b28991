"""EU CTIS: the JSON of its public portal, as it was until June 2024 and as it has been since.

Codes are those of the code lists that EMA publishes, but for `ctPublicStatusCode`, which the portal uses.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from alscli.model.identifiers import parse_registry_id
from alscli.registries import wording
from alscli.registries.assembly import Assembly
from alscli.registries.dates import read_date
from alscli.registries.draft import Draft, Unreadable
from alscli.registries.payload import Entry, Tree, at, decode, json_entries, plain_text, several
from alscli.registries.words import moment

_PHASES = {
    **{code: {1} for code in ("1", "2", "3")},
    "4": {2},
    "5": {3},
    "6": {4},
    **{code: {1, 2} for code in ("7", "8", "9")},
    "10": {2, 3},
    "11": {3, 4},
}
_STATUSES = {
    "1": "not_yet_recruiting",
    "2": "not_yet_recruiting",
    "3": "recruiting",
    "4": "recruiting",
    "5": "active_not_recruiting",
    "6": "suspended",
    "7": "suspended",
    "8": "completed",
    "9": "ended unbegun",
    "10": "ended unbegun",
    "11": "ended unbegun",
    "12": "ended unbegun",
}
"""Of `ctPublicStatusCode`; 9 to 12 (expired, revoked, not authorised, cancelled) depend on a start."""
_WORDS = (
    (r"under evaluation|pending|recruitment pending|not started", "not_yet_recruiting"),
    (r"ongoing, recruitment ended|recruitment ended", "active_not_recruiting"),
    (r"recruiting", "recruiting"),
    (r"halted|suspended", "suspended"),
    (r"ended|completed", "completed"),
    (r"expired|revoked|not authori[sz]ed|cancelled|withdrawn|lapsed|not valid", "ended unbegun"),
)
"""Of the status in words; the first that is found in it."""
_BANDS = {"1": (0, 0), "2": (0, 17), "3": (18, 64), "4": (65, None)}
"""Ages by `ageRangeCategory`: in utero, 0 to 17, 18 to 64, 65 and more years."""
_CLASSES = {
    "pharmaceutical company": "industry",
    "hospital/clinic/other health care facility": "hospital",
    "educational institution": "academic",
    "pharmaceutical association/federation": "industry",
    "patient organisation/association": "nonprofit",
}
_INFORMATION = "trialDetails.trialInformation"


def is_mine(head: bytes) -> bool:
    """Whether a file that begins so is a trial of CTIS, in either structure."""
    text = decode(head)[0].lstrip()
    if not text.startswith(("{", "[")):
        return False
    names = ("ctNumber", "ctStatus", "ctPublicStatusCode", "authorizedApplication", "authorizedPartI")
    found = [name for name in names if f'"{name}"' in text]
    return len(found) > 1 or bool({"authorizedApplication", "ctPublicStatusCode"} & set(found))


def drafts(data: bytes) -> Iterator[Draft | Unreadable]:
    """Every trial of a payload: one object, an array of them, or one after the other."""
    for entry in json_entries(data):
        yield entry if isinstance(entry, Unreadable) else _draft(entry)


class _Trial:
    """One trial; `part` is its part I, `place` where that stands in the payload."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        new = at(tree, "authorizedApplication.authorizedPartI")
        self.place = "authorizedApplication.authorizedPartI" if isinstance(new, dict) else "authorizedPartI"
        found = at(tree, self.place)
        self.part: Tree = found if isinstance(found, dict) else {}
        self.above: Tree = tree["authorizedApplication"] if isinstance(new, dict) else tree
        self.prefix = "authorizedApplication." if isinstance(new, dict) else ""

    def text(self, path: str) -> str:
        """The text at a path of part I."""
        return plain_text(at(self.part, path))

    def several(self, path: str) -> list[str]:
        """The texts at a path of part I."""
        return [text for each in several(self.part, path) if (text := plain_text(each))]


def _number(tree: Tree) -> str:
    for path in ("ctNumber", "applications.ctNumber", "authorizedApplication.applicationInfo.ctNumber"):
        for each in several(tree, path):
            if text := plain_text(each):
                return text
    return ""


def _draft(entry: Entry) -> Draft | Unreadable:
    said = _number(entry.tree)
    known = parse_registry_id(said)
    if known is None or known.registry.code != "ctis":
        shown = wording.shorten(said, 40)
        why = f"“{shown}” is no EU CT number" if said else "has no ctNumber"
        return Unreadable(f"entry {entry.number}", why)
    trial = _Trial(entry.tree)
    if not trial.part:
        return Unreadable(
            f"entry {entry.number} ({known.value})",
            "has no authorizedPartI: an overview, or not authorized; download the trial itself",
        )
    assembly = Assembly(known, "ctNumber")
    assembly.remark("", entry.remark)
    place = f"{trial.place}.trialDetails.clinicalTrialIdentifiers"
    public = trial.text("trialDetails.clinicalTrialIdentifiers.publicTitle")
    full = trial.text("trialDetails.clinicalTrialIdentifiers.fullTitle")
    assembly.titles(public, full, (f"{place}.publicTitle", f"{place}.fullTitle"))
    _ids(assembly, trial, known.value, place)
    _conditions(assembly, trial)
    assembly.put("study_type", "interventional", "ctNumber")
    _phase(assembly, trial)
    _design(assembly, trial, f"{public} {full}")
    started = _dates(assembly, trial)
    _status(assembly, trial, started)
    _places_and_people(assembly, trial)
    _eligibility(assembly, trial)
    _sponsors(assembly, trial)
    _products(assembly, trial)
    for role in ("primary", "secondary"):
        path = f"{_INFORMATION}.endPoint.{role}EndPoints"
        for each in several(trial.part, path):
            definition, time = _timed(plain_text(at(each, "endPoint")))
            assembly.outcome(role, definition, time, f"{trial.place}.{path}.endPoint")
    assembly.passage(public, f"{place}.publicTitle", 1)
    assembly.passage(full, f"{place}.fullTitle", 1)
    return assembly.draft(entry.tree)


def _timed(text: str) -> tuple[str, str | None]:
    """An end point; a time in brackets or behind a comma at its end is its time too."""
    match = re.fullmatch(r"(.+?)\s*(?:\(([^()]{3,40})\)|,\s*([^,]{3,40}))", text, re.DOTALL)
    return text, moment(match[2] or match[3]) if match else None


def _ids(assembly: Assembly, trial: _Trial, own: str, place: str) -> None:
    other = at(trial.part, "trialDetails.clinicalTrialIdentifiers.secondaryIdentifyingNumbers")
    found = [trial.text("trialDetails.clinicalTrialIdentifiers.shortTitle")]
    # A short title is often the sponsor's code; one with blanks is a title.
    found = [each for each in found if re.fullmatch(r"(?=.*[0-9])\S{3,30}", each)]
    for value in other.values() if isinstance(other, dict) else ():
        for each in value if isinstance(value, list) else [value]:
            found.append(plain_text(at(each, "number") if isinstance(each, dict) else each))
    found.append(plain_text(at(trial.tree, "authorizedApplication.eudraCt.eudraCtCode")))
    found.append(plain_text(at(trial.tree, "eudraCtInfo.eudraCtCode")))
    assembly.put("secondary_ids", wording.ids(found, own), place)


def _conditions(assembly: Assembly, trial: _Trial) -> None:
    for path in (f"{_INFORMATION}.medicalCondition.partIMedicalConditions.medicalCondition",
                 "medicalConditions.medicalCondition"):  # fmt: skip
        found = wording.conditions(trial.several(path))
        if found:
            assembly.put("conditions", found, f"{trial.place}.{path}")
            return


def _phase(assembly: Assembly, trial: _Trial) -> None:
    path = f"{_INFORMATION}.trialCategory.trialPhase"
    code = trial.text(path)
    if code in _PHASES:
        assembly.phase(wording.phases(_PHASES[code]), f"{trial.place}.{path}")
        return
    words = plain_text(trial.tree.get("trialPhase"))
    if code:
        assembly.remark(f"{trial.place}.{path}", f"“{wording.shorten(code)}” is no phase of CTIS")
    assembly.phase(wording.phase(words), "trialPhase")


def _design(assembly: Assembly, trial: _Trial, titles: str) -> None:
    """Allocation and masking of the first period that gives them, else what the titles say."""
    place = "trialDetails.protocolInformation.studyDesign.periodDetails"
    words = []
    for period in several(trial.part, place):
        coded = (
            {key.casefold(): plain_text(value) for key, value in period.items()}
            if isinstance(period, dict)
            else {}
        )
        allocation = {"1": "Randomized", "2": "Non-randomized", "3": "N/A"}
        masking = {"1": "Single", "2": "Double", "3": "None"}
        for key, value in coded.items():
            if "allocation" in key and value in allocation:
                words.append(f"Allocation: {allocation[value]}.")
            if "blindingmethod" in key and value in masking:
                words.append(f"Masking: {masking[value]}.")
        if words:
            break
    found = wording.design(" ".join(words), "interventional", titles)
    found.purpose = _purpose(trial)
    assembly.design(found, f"{trial.place}.{place}" if words else "title")


def _purpose(trial: _Trial) -> str | None:
    codes = set(trial.several(f"{_INFORMATION}.trialObjective.trialScopes.code"))
    purposes = {"1": "diagnostic", "2": "prevention", "3": "treatment"}
    found = [purposes[code] for code in sorted(codes) if code in purposes]
    return found[0] if len(found) == 1 else None


def _dates(assembly: Assembly, trial: _Trial) -> bool:
    """Dates; whether the trial has begun."""
    tree, span = trial.tree, f"{_INFORMATION}.trialDuration"
    for path in ("submissionDate", "authorizedApplication.applicationInfo"):
        said = plain_text(at(tree, path))
        if isinstance(at(tree, path), list):
            first = [each for each in several(tree, path) if plain_text(at(each, "type")) in ("INITIAL", "")]
            said = plain_text(at(first[0], "submissionDate")) if first else ""
            path += ".submissionDate"
        if said and assembly.date("registered", said, path, "actual"):
            break
    events = _events(tree)
    starts = [plain_text(tree.get("startDateEU")), *events.get("START_OF_TRIAL", [])]
    start = next((each for each in starts if read_date(each).value), "")
    if start:
        assembly.date("start", start, "startDateEU" if tree.get("startDateEU") else "events", "actual")
    else:
        path = f"{span}.estimatedRecruitmentStartDate"
        assembly.date("start", trial.text(path), f"{trial.place}.{path}", "estimated")
    for path in ("globalEndDate", "endDateGlobal", "endDateEU"):
        if said := plain_text(tree.get(path)):
            assembly.date("completion", said, path, "actual")
            return True
    for name in ("estimatedGlobalEndDate", "estimatedEndDate"):
        if said := trial.text(f"{span}.{name}"):
            assembly.date("completion", said, f"{trial.place}.{span}.{name}", "estimated")
            break
    return bool(start)


def _events(tree: Tree) -> dict[str, list[str]]:
    """Days of what member states were told, by kind, earliest first."""
    found: dict[str, list[str]] = {}
    lists = [
        *several(tree, "events.trialEvents.events"),
        *several(tree, "mscTrialNotificationsInfoList.mscNotificationsListInfo"),
    ]
    for each in lists:
        kind = plain_text(at(each, "notificationType")).upper().replace(" ", "_")
        day = read_date(plain_text(at(each, "date")) or plain_text(at(each, "submitDate"))).value
        if kind:
            found.setdefault(kind, []).append(day or "")
    return {kind: sorted(filter(None, days)) for kind, days in found.items()}


def _status(assembly: Assembly, trial: _Trial, started: bool) -> None:
    tree = trial.tree
    public = plain_text(tree.get("ctPublicStatusCode"))
    said = plain_text(tree.get("ctStatus"))
    place = "ctPublicStatusCode" if public in _STATUSES else "ctStatus"
    code = _STATUSES.get(public) or _STATUSES.get(said) or _in_words(said)
    if code is None and re.match(r"authori[sz]ed", said, re.IGNORECASE):
        recruitment = plain_text(tree.get("recruitmentStatus"))
        code = _in_words(recruitment)
        if code is None:
            assembly.remark(place, f"“{said}” does not say how far recruitment is; taken as unknown")
            code = "unknown"
    if code == "ended unbegun":
        code = "terminated" if started else "withdrawn"
        assembly.remark(place, f"“{said or public}”: {code}, since it had {'' if started else 'not '}begun")
    elif code == "completed" and _events(tree).get("EARLY_TERMINATION"):
        code, place = "terminated", "events"
    if code is None:
        assembly.remark(place, f"“{wording.shorten(said or public)}” is no status of CTIS; taken as unknown")
        code = "unknown"
    assembly.put("status", code, place)
    for path in (
        "lastUpdated",
        "lastPublicationUpdate",
        "publishDate",
        "decisionDateOverall",
        "authorizationDate",
    ):
        if day := read_date(plain_text(tree.get(path))[:10]).value:
            assembly.put("status_as_of", day, path)
            return


def _in_words(said: str) -> str | None:
    for pattern, code in _WORDS:
        if re.search(rf"\b(?:{pattern})\b", said, re.IGNORECASE):
            return code
    return None


def _places_and_people(assembly: Assembly, trial: _Trial) -> None:
    named = [plain_text(each) for each in several(trial.above, "memberStatesConcerned.mscName")]
    if not named:
        named = [plain_text(each).partition(":")[0] for each in several(trial.tree, "trialCountries")]
    outside = trial.several("rowCountriesInfo.name")
    assembly.countries([*named, *outside], f"{trial.prefix}memberStatesConcerned")
    parts = several(trial.above, "authorizedPartsII")
    sites = sum(len(several(each, "trialSites")) for each in parts)
    assembly.put("sites", sites or None, f"{trial.prefix}authorizedPartsII.trialSites")
    counts = [_count(at(each, "recruitmentSubjectCount")) for each in parts]
    counts.append(_count(trial.part.get("rowSubjectCount")))
    planned = sum(filter(None, counts))
    total = _count(trial.tree.get("totalNumberEnrolled"))
    if planned or total:
        path = (
            f"{trial.prefix}authorizedPartsII.recruitmentSubjectCount" if planned else "totalNumberEnrolled"
        )
        assembly.put("enrollment.planned", planned or total, path)
    if planned and total and planned != total:
        outside_count = _count(trial.part.get("rowSubjectCount")) or 0
        assembly.remark(
            "totalNumberEnrolled",
            f"says {total}; the sum by country is {planned}, of whom {outside_count} outside the EEA",
        )


def _count(value: Any) -> int | None:
    text = str(value).strip() if isinstance(value, (int, str)) and not isinstance(value, bool) else ""
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else None


def _eligibility(assembly: Assembly, trial: _Trial) -> None:
    place = f"{_INFORMATION}.populationOfTrialSubjects"
    found = at(trial.part, place)
    people = found if isinstance(found, dict) else {}
    codes = {plain_text(each) for each in several(people, "ageRanges.ageRangeCategory")}
    codes |= {plain_text(each) for each in several(people, "ageRanges.ageRangeCategoryCode")}
    bands = sorted((_BANDS[code] for code in codes if code in _BANDS), key=lambda band: band[0])
    if bands:
        least, greatest = bands[0][0], bands[-1][1]
        limits = [least] if greatest is None else [least, greatest]
        if limits != [0]:
            assembly.put("eligibility.age", limits, f"{trial.place}.{place}.ageRanges")
    female, male = people.get("isFemaleSubjects"), people.get("isMaleSubjects")
    if female or male:
        code = "all" if female and male else "female" if female else "male"
        assembly.put("eligibility.sex", code, f"{trial.place}.{place}")


def _sponsors(assembly: Assembly, trial: _Trial) -> None:
    sponsors: list[Any] = several(trial.part, "sponsors") or several(trial.tree, "primarySponsor")
    sponsors.sort(key=lambda each: at(each, "primary") is not True)
    named = [(plain_text(at(each, "organisation.name")), each) for each in sponsors]
    named = [(name, each) for name, each in named if name]
    place = f"{trial.place}.sponsors"
    if not named:
        return
    name, first = named[0]
    assembly.sponsor(name, f"{place}.organisation.name")
    kind = plain_text(at(first, "organisation.type"))
    code = _CLASSES.get(kind.casefold())
    commercial = first.get("isCommercial")
    if code is None and commercial is True:
        code = "industry"
    if code == "industry" and commercial is False:
        assembly.remark(f"{place}.isCommercial", f"says non-commercial of a “{kind}”; class left out")
        code = None
    assembly.put("sponsor.class", code, f"{place}.organisation.type")
    others = wording.names("\n".join(other for other, _ in named[1:]), (name,))
    assembly.organizations("collaborators", others, f"{place}.organisation.name")
    path = f"{_INFORMATION}.sourceOfMonetarySupport.organisationName"
    funders = wording.names("\n".join(trial.several(path)), (name, *others))
    assembly.organizations("funders", funders, f"{trial.place}.{path}")


def _products(assembly: Assembly, trial: _Trial) -> None:
    """What is tested or compared; placebos and auxiliaries (rescue, background) are no interventions."""
    groups = several(trial.part, "productRoleGroupInfos")
    tested = [
        (f"{trial.place}.productRoleGroupInfos.products", product)
        for group in groups
        if plain_text(at(group, "productRoleName")).casefold() in ("test", "comparator", "")
        for product in several(group, "products")
    ]
    if not groups:
        tested = [
            (f"{trial.place}.products", product)
            for product in several(trial.part, "products")
            if plain_text(at(product, "mpRoleInTrial")) in ("1", "2")
        ]
    for place, product in tested:
        _product(assembly, place, product)


def _product(assembly: Assembly, place: str, product: Any) -> None:
    paths = (
        "productName",
        "productDictionaryInfo.prodName",
        "jsonActiveSubstanceNames",
        "productDictionaryInfo.activeSubstanceName",
        "sponsorProductCodeEdit",
        "productDictionaryInfo.sponsorProductCode",
    )
    names = [text for path in paths if not wording.is_nothing(text := plain_text(at(product, path)))]
    if names:
        assembly.intervention(names[0], _distinct(names[1:], names[0]), place, kind="DRUG")


def _distinct(names: Iterable[str], first: str) -> list[str]:
    kept = {first.casefold(): first}
    for name in names:
        kept.setdefault(name.casefold(), name)
    return list(kept.values())[1:]
