"""ClinicalTrials.gov, API version 2: one study as a draft, its posted results included.

The place of every value is https://clinicaltrials.gov/data-api/about-api/study-data-structure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any

from pydantic_core import PydanticCustomError

from alscli.model.identifiers import parse_pmid, parse_registry_id, suggest_record_id
from alscli.model.values import PartialDate
from alscli.model.vocabulary import Vocabulary, shipped
from alscli.registries import ctgov_results
from alscli.registries.draft import Draft, Oddity, Proposal, Unreadable
from alscli.registries.inference import Passage, intervention_modality, is_placebo, proposals
from alscli.registries.payload import at, without_addresses
from alscli.registries.said import Said, letters, part, tidy
from alscli.registries.words import moment

PROTOCOL = "protocolSection"
_CONTACTS = frozenset(
    {
        "centralContacts",
        "contacts",
        "overallOfficials",
        "pointOfContact",
        "investigatorFullName",
        "investigatorTitle",
        "oldNameTitle",
    }
)
_COMPUTED = frozenset({"derivedSection"})
"""What the registry computes anew each day; kept, it would make every copy differ from the last."""
_ENDED = frozenset({"completed", "terminated", "withdrawn", "active_not_recruiting"})


class Page:
    """A study while it is read: what it says, by path, and what was odd about it."""

    def __init__(self, study: Mapping[str, Any]) -> None:
        self.study = study
        self.oddities: list[Oddity] = []
        self._nodes: dict[str, Any] = {"": study}

    def odd(self, path: str, message: str) -> None:
        """Note that something could not be taken over as it is."""
        self.oddities.append(Oddity(path, message))

    def at(self, path: str) -> Any:
        """What stands at a path of keys; None where there is nothing, or something that is no table."""
        return at(self.study, path)

    def near(self, path: str) -> str:
        """The path, or the nearest one above it at which the study says anything."""
        if self._nodes.get(path) is not None:
            return path
        while path and self._node(path) is None:
            path = path.rpartition(".")[0]
        return path

    def _node(self, path: str) -> Any:
        if path in self._nodes:
            return self._nodes[path]
        above, _, key = path.rpartition(".")
        parent, found = self._node(above), None
        if isinstance(parent, list) and key.isdecimal() and int(key) < len(parent):
            found = parent[int(key)]
        elif isinstance(parent, dict):
            found = parent.get(key)
        self._nodes[path] = found
        return found

    def text(self, path: str) -> Said | None:
        """The text at a path, on one line."""
        found = self.at(path)
        if found is not None and not isinstance(found, str):
            self.odd(path, f"is no text but {_kind(found)}: left out")
            return None
        plain = tidy(found)
        return Said(plain, path) if plain else None

    def tables(self, path: str) -> list[tuple[str, dict[str, Any]]]:
        """The tables of the list at a path, each with its own path."""
        return list(self.tables_of(self.at(path), path))

    def tables_of(self, found: Any, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """The tables of a list that stands at a path."""
        if found is None:
            return
        if not isinstance(found, list):
            self.odd(path, f"is no list but {_kind(found)}: left out")
            return
        for number, each in enumerate(found):
            if isinstance(each, dict):
                yield f"{path}.{number}", each
            else:
                self.odd(f"{path}.{number}", f"is no table but {_kind(each)}: left out")

    def texts(self, path: str) -> list[str]:
        """The texts of the list at a path."""
        return self.texts_of(self.at(path), path)

    def texts_of(self, found: Any, path: str) -> list[str]:
        """The texts of a list that stands at a path."""
        if found is None:
            return []
        if not isinstance(found, list):
            self.odd(path, f"is no list but {_kind(found)}: left out")
            return []
        return [plain for each in found if (plain := tidy(each))]

    def term(self, path: str, vocabulary: str) -> Said | None:
        """Our term for the registry's enumeration at a path; what is not known is left out and noted."""
        found = self.at(path)
        if found is None or found == "":
            return None
        code = code_of(found, vocabulary)
        if code is None:
            self.odd(path, f"{_shown(found)} is no {vocabulary} known here: left out")
            return None
        return Said(code, path)

    def date(self, path: str) -> Said | None:
        """The date at a path, as precise as it stands there."""
        found = self.at(path)
        if found is None or found == "":
            return None
        if not (isinstance(found, str) and _is_date(found)):
            self.odd(path, f"{_shown(found)} is no date: left out")
            return None
        return Said(found, path)


def _kind(value: object) -> str:
    kinds = {bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "a table"}
    return kinds.get(type(value), "text")


def _shown(value: object) -> str:
    text = tidy(value) if isinstance(value, str) else str(value)
    return repr(text if len(text) <= 60 else text[:59] + "…")


def _is_date(text: str) -> bool:
    try:
        PartialDate.parse(text)
    except PydanticCustomError:
        return False
    return True


def code_of(enumeration: object, vocabulary: str) -> str | None:
    """Our code for a value of an enumeration of the API; None where we have none."""
    return _codes(vocabulary).get(enumeration) if isinstance(enumeration, str) else None


@cache
def _codes(vocabulary: str) -> dict[str, str]:
    terms = shipped()[vocabulary].terms.values()
    return {each.maps_to["ctgov"]: each.code for each in terms if "ctgov" in each.maps_to}


def kept(study: Any) -> Any:
    """The study as its copy keeps it: without contacts, e-mail addresses and what is computed each day."""
    if isinstance(study, dict):
        # Most values are plain text: asked here, they spare a call each.
        return {
            key if key.isascii() and "\x00" not in key else tidy(key): (
                each
                if each.__class__ is str and each.isascii() and "@" not in each and "\x00" not in each
                else kept(each)
            )
            for key, each in study.items()
            if key not in _LEFT_OUT
        }
    if isinstance(study, list):
        return [kept(each) for each in study]
    if not isinstance(study, str) or (study.isascii() and "@" not in study and "\x00" not in study):
        return study
    return without_addresses(_UNFIT.sub("", study))


_LEFT_OUT = _CONTACTS | _COMPUTED
_UNFIT = re.compile("[\x00\ud800-\udfff]")


def is_study(value: object) -> bool:
    """Whether a JSON value is a study of the API."""
    return isinstance(value, dict) and (PROTOCOL in value or "resultsSection" in value)


def draft(study: Mapping[str, Any], source: str) -> Draft | Unreadable:
    """The study as a draft; Unreadable where it has no id of the registry.

    `source` names the study in the file, for messages.
    """
    page = Page(study)
    section = study.get(PROTOCOL)
    if not isinstance(section, dict):
        return Unreadable(source, f"has no {PROTOCOL}: no study of ClinicalTrials.gov's API")
    said = page.at(f"{PROTOCOL}.identificationModule.nctId")
    known = parse_registry_id(said) if isinstance(said, str) else None
    if known is None or known.registry.code != "ctgov":
        what = "has no identificationModule.nctId" if said is None else f"{_shown(said)} is no NCT number"
        return Unreadable(source, f"{what}: nothing says which study it is")
    reader = _Reader(page, known.value)
    values, paths = part(reader.tree())
    paths = {field: page.near(path) for field, path in paths.items()}
    values = {"schema": 1, **values}
    found = _with_modalities(values, paths, proposals(values, reader.passages))
    return Draft("ctgov", known.value, values, paths, tuple(page.oddities), found, kept(dict(study)))


def _with_modalities(
    values: dict[str, Any], paths: dict[str, str], found: Iterable[Proposal]
) -> tuple[Proposal, ...]:
    """Write that a BIOLOGICAL of which own words or titles name the cells is cells; the other proposals."""
    rest = []
    for each in found:
        head, _, key = each.field.rpartition(".")
        if key == "modality" and each.confidence == "high":
            intervention = values["interventions"][int(head.rpartition(".")[2])]
            intervention["modality"] = each.value
            paths[each.field] = each.path
            for unsaid, said in _unsaid(str(each.value), each.path).items():
                intervention[unsaid] = said.value
                paths[f"{head}.{unsaid}"] = said.path
        else:
            rest.append(each)
    return tuple(rest)


class _Reader:
    """One study, module by module."""

    def __init__(self, page: Page, nct: str) -> None:
        self.page = page
        self.nct = nct
        self.passages: list[Passage] = []
        self.arms: list[dict[str, Any]] = []
        self.interventions: list[dict[str, Any]] = []

    def tree(self) -> dict[str, Any]:
        """The record as a tree whose leaves are `Said`, in the order of the format."""
        page = self.page
        identity = f"{PROTOCOL}.identificationModule"
        id_path = f"{identity}.nctId"
        status = self._status()
        self._read_passages()
        self.interventions = self._interventions()
        self.arms = self._arms()
        outcomes, safety = self._outcomes(status), None
        if page.at("resultsSection") is not None:
            outcomes, safety = ctgov_results.add(page, outcomes, self.arms)
        design = self._design()
        return {
            "id": Said(suggest_record_id(self.nct), id_path),
            "title": self._title(),
            "scientific_title": page.text(f"{identity}.officialTitle"),
            "acronym": page.text(f"{identity}.acronym"),
            "registry_id": Said(self.nct, id_path),
            "secondary_ids": self._secondary_ids(),
            "conditions": self._conditions(),
            "study_type": self._study_type(),
            "design": design,
            "phase": self._phase(),
            "phase_label": self._phase_label(),
            "status": status,
            "status_as_of": self._status_as_of(),
            "why_stopped": page.text(f"{PROTOCOL}.statusModule.whyStopped"),
            **self._design_terms(),
            "control": self._control(design),
            **self._places(),
            "related": self._related(),
            "src": Said("registry", id_path),
            "note": self._note(),
            "dates": self._dates(),
            "enrollment": self._enrollment(status),
            "eligibility": self._eligibility(),
            "sponsor": self._sponsor(),
            "interventions": self.interventions,
            "arms": self.arms,
            "outcomes": outcomes,
            "safety": safety,
            "refs": self._refs(),
        }

    # -- identity ------------------------------------------------------------------------------------

    def _title(self) -> Said:
        for key in ("briefTitle", "officialTitle", "acronym"):
            if found := self.page.text(f"{PROTOCOL}.identificationModule.{key}"):
                return found
        self.page.odd(f"{PROTOCOL}.identificationModule.briefTitle", "is missing: the number stands for it")
        return Said(self.nct, f"{PROTOCOL}.identificationModule.nctId")

    def _secondary_ids(self) -> Said | None:
        path = f"{PROTOCOL}.identificationModule"
        found = [tidy(self.page.at(f"{path}.orgStudyIdInfo.id"))]
        found += [tidy(each.get("id")) for _, each in self.page.tables(f"{path}.secondaryIdInfos")]
        found += self.page.texts(f"{path}.nctIdAliases")
        canonical = [known.value if (known := parse_registry_id(each)) else each for each in found if each]
        ids = sorted({each for each in canonical if each != self.nct})
        return Said(ids, path) if ids else None

    def _conditions(self) -> Said:
        path = f"{PROTOCOL}.conditionsModule.conditions"
        conditions = list(dict.fromkeys(map(condition, self.page.texts(path))))
        if not conditions:
            self.page.odd(path, "is missing: the condition is taken as not stated")
            conditions = ["not stated"]
        return Said(conditions, path)

    def _related(self) -> list[dict[str, Any]] | None:
        path = f"{PROTOCOL}.statusModule.expandedAccessInfo.nctId"
        known = parse_registry_id(tidy(self.page.at(path)))
        if known is None or known.value == self.nct:
            return None
        return [{"id": Said(known.value, path), "rel": Said("expanded_access", path)}]

    def _refs(self) -> list[dict[str, Any]]:
        """Papers that the sponsor names as this study's results; background reading is no source of it."""
        refs: dict[str, dict[str, Any]] = {}
        for path, each in self.page.tables(f"{PROTOCOL}.referencesModule.references"):
            if each.get("type") != "RESULT":
                continue
            pmid = parse_pmid(tidy(each.get("pmid")))
            citation = tidy(each.get("citation"))
            key = f"pmid{pmid}" if pmid else f"result{len(refs) + 1}"
            if pmid is None and not citation:
                continue
            refs.setdefault(
                key,
                {
                    "key": Said(key, path),
                    "kind": Said("article", f"{path}.type"),
                    "title": Said(citation, f"{path}.citation") if citation and not pmid else None,
                    "pmid": Said(pmid, f"{path}.pmid") if pmid else None,
                },
            )
        return list(refs.values())

    # -- design --------------------------------------------------------------------------------------

    def _study_type(self) -> Said:
        path = f"{PROTOCOL}.designModule.studyType"
        found = self.page.at(path)
        code = code_of(found, "study_type")
        if code is None:
            assigns = bool(self.page.at(f"{PROTOCOL}.designModule.designInfo.allocation"))
            watches = bool(self.page.at(f"{PROTOCOL}.designModule.designInfo.observationalModel"))
            code = "observational" if watches and not assigns else "interventional"
            what = "is missing" if found is None else f"{_shown(found)} is no study type known here"
            self.page.odd(path, f"{what}: taken as {code}")
        return Said(code, path)

    def _design(self) -> Said:
        """How the study compares, as far as type, allocation and model say it."""
        info = f"{PROTOCOL}.designModule.designInfo"
        kind = self.page.at(f"{PROTOCOL}.designModule.studyType")
        model = self.page.at(f"{info}.interventionModel")
        allocation = self.page.at(f"{info}.allocation")
        if kind == "EXPANDED_ACCESS":
            return Said("expanded_access", f"{PROTOCOL}.designModule.studyType")
        if kind == "OBSERVATIONAL":
            watching = self.page.at(f"{info}.observationalModel")
            code = "case_series" if watching in ("CASE_ONLY", "ECOLOGIC_OR_COMMUNITY") else "cohort"
            if watching not in ("COHORT", "CASE_ONLY", "CASE_CONTROL"):
                self.page.odd(
                    f"{info}.observationalModel", f"says {_shown(watching)}: design taken as {code}"
                )
            return Said(code, f"{info}.observationalModel")
        if allocation == "RANDOMIZED":
            return Said("rct", f"{info}.allocation")
        title = " ".join(tidy(self.page.at(f"{PROTOCOL}.identificationModule.{key}")) for key in _TITLES)
        if re.search(
            r"dose[\s-]*(?:escalat|ascend)|ascending[\s-]dose|escalating[\s-]dose", title, re.IGNORECASE
        ):
            return Said("dose_escalation", f"{PROTOCOL}.identificationModule")
        if allocation == "NON_RANDOMIZED" and model != "SINGLE_GROUP":
            code = "dose_escalation" if model == "SEQUENTIAL" else "nrct"
            return Said(code, f"{info}.allocation")
        if model == "SINGLE_GROUP" or allocation == "NA" or len(self.arms) == 1:
            return Said("single_arm", f"{info}.{'interventionModel' if model else 'allocation'}")
        code = "nrct" if len(self.arms) > 1 else "single_arm"
        self.page.odd(f"{info}.allocation", f"says {_shown(allocation or '')}: design taken as {code}")
        return Said(code, f"{info}.allocation")

    def _phases(self) -> list[str]:
        return self.page.texts(f"{PROTOCOL}.designModule.phases")

    def _phase(self) -> Said:
        path = f"{PROTOCOL}.designModule.phases"
        phases = self._phases()
        codes = [code_of(each, "phase") for each in phases]
        if None not in codes:
            joined = "/".join(sorted(each for each in codes if each)) or "na"
            if joined in shipped()["phase"].terms:
                return Said(joined, path)
        self.page.odd(
            path, f"{_shown(' '.join(phases))} is no phase known here: taken as na, kept as printed"
        )
        return Said("na", path)

    def _phase_label(self) -> Said | None:
        phases = self._phases()
        codes = [code_of(each, "phase") for each in phases]
        if not phases or (
            None not in codes and "/".join(sorted(filter(None, codes))) in shipped()["phase"].terms
        ):
            return None
        return Said("/".join(phases), f"{PROTOCOL}.designModule.phases")

    def _design_terms(self) -> dict[str, Any]:
        info = f"{PROTOCOL}.designModule.designInfo"
        masking = f"{info}.maskingInfo"
        who = self.page.texts(f"{masking}.whoMasked")
        roles = [code_of(each, "masked") for each in who]
        for each, role in zip(who, roles, strict=True):
            if role is None:
                self.page.odd(f"{masking}.whoMasked", f"{_shown(each)} is no role known here: left out")
        masked = sorted({role for role in roles if role})
        return {
            "allocation": self.page.term(f"{info}.allocation", "allocation"),
            "model": self.page.term(f"{info}.interventionModel", "model"),
            "masking": self.page.term(f"{masking}.masking", "masking"),
            "masked": Said(masked, f"{masking}.whoMasked") if masked else None,
            "purpose": self.page.term(f"{info}.primaryPurpose", "purpose"),
        }

    def _control(self, design: Said) -> Said | None:
        """What the arms say they are for, where they say it in one way."""
        path = f"{PROTOCOL}.armsInterventionsModule.armGroups"
        if design.value == "single_arm" and len(self.arms) <= 1:
            return Said("none", design.path)
        kinds = {arm["role"].value for arm in self.arms if arm.get("role")} & set(_CONTROLS)
        return Said(_CONTROLS[kinds.pop()], path) if len(kinds) == 1 else None

    # -- status, dates, people -----------------------------------------------------------------------

    def _status(self) -> Said:
        path = f"{PROTOCOL}.statusModule.overallStatus"
        found = self.page.at(path)
        code = code_of(found, "status")
        if code is None:
            what = "is missing" if found is None else f"{_shown(found)} is no status known here"
            self.page.odd(path, f"{what}: taken as unknown")
        return Said(code or "unknown", path)

    def _status_as_of(self) -> Said | None:
        status = f"{PROTOCOL}.statusModule"
        places = ("statusVerifiedDate", "lastUpdatePostDateStruct.date", "lastUpdateSubmitDate")
        found = [each for place in places if (each := self.page.date(f"{status}.{place}"))]
        if not found:
            self.page.odd(f"{status}.lastUpdatePostDateStruct", "is missing: nothing dates the status")
            return None
        return max(found[:2], key=lambda each: (each.value[:7], len(each.value), each.value))

    def _dates(self) -> dict[str, Any]:
        status = f"{PROTOCOL}.statusModule"
        dates: dict[str, Any] = {}
        if registered := self.page.date(f"{status}.studyFirstSubmitDate"):
            dates["registered"] = {"on": registered, "type": Said("actual", registered.path)}
        for key, place in _DATES.items():
            if on := self.page.date(f"{status}.{place}.date"):
                dates[key] = {"on": on, "type": self.page.term(f"{status}.{place}.type", "date_type")}
        return dates

    def _enrollment(self, status: Said) -> dict[str, Any] | None:
        path = f"{PROTOCOL}.designModule.enrollmentInfo"
        count, kind = self.page.at(f"{path}.count"), self.page.at(f"{path}.type")
        if count is None:
            return None
        if isinstance(count, bool) or not isinstance(count, int) or not 0 <= count < 10**9:
            self.page.odd(f"{path}.count", f"{_shown(count)} is no number of people: left out")
            return None
        key = {"ACTUAL": "enrolled", "ESTIMATED": "planned"}.get(tidy(kind))
        if key is None:
            key = "enrolled" if status.value in _ENDED else "planned"
            what = "is missing" if kind is None else f"{_shown(kind)} is not known here"
            self.page.odd(f"{path}.type", f"{what}: taken as {key}, since the study is {status.value}")
        return {key: Said(count, f"{path}.count")}

    def _eligibility(self) -> dict[str, Any]:
        path = f"{PROTOCOL}.eligibilityModule"
        least, greatest = self._age(f"{path}.minimumAge"), self._age(f"{path}.maximumAge")
        age = None
        if least is not None and greatest is not None and least > greatest:
            self.page.odd(
                f"{path}.minimumAge", f"{least} is above the greatest age {greatest}: both left out"
            )
        elif greatest is not None:
            age = Said([least if least is not None else 0, greatest], path)
        elif least is not None:
            age = Said([least], f"{path}.minimumAge")
        return {"age": age, "sex": self.page.term(f"{path}.sex", "sex")}

    def _age(self, path: str) -> int | Decimal | None:
        text = tidy(self.page.at(path))
        if not text or text.casefold() in ("n/a", "none", "no limit"):
            return None
        match = re.fullmatch(r"(\d{1,4}) (year|month|week|day|hour|minute)s?", text, re.IGNORECASE)
        if match is None:
            self.page.odd(path, f"{_shown(text)} is no age: left out")
            return None
        unit, count = match[2].casefold(), int(match[1])
        if unit == "year":
            return count
        years = Decimal(count) / {"month": 12, "week": 52, "day": 365, "hour": 8760, "minute": 525600}[unit]
        rounded = round(years, 2)
        if unit != "month" or rounded != years:
            self.page.odd(path, f"{_shown(text)} is taken as {rounded} years")
        return rounded.normalize() if rounded % 1 else int(rounded)

    def _sponsor(self) -> dict[str, Any] | None:
        path = f"{PROTOCOL}.sponsorCollaboratorsModule"
        name = self.page.text(f"{path}.leadSponsor.name")
        if name is None:
            return None
        others: dict[str, dict[str, Any]] = {}
        for place, each in self.page.tables(f"{path}.collaborators"):
            if other := tidy(each.get("name")):
                others.setdefault(
                    other, {"name": Said(other, f"{place}.name"), "class": self._class(each, place)}
                )
        lead = self.page.at(f"{path}.leadSponsor")
        return {
            "name": name,
            "class": self._class(lead, f"{path}.leadSponsor"),
            "collaborators": list(others.values()),
        }

    def _class(self, organization: Mapping[str, Any], path: str) -> Said | None:
        """OTHER and NETWORK hold universities, hospitals and charities alike: left to the curator."""
        found = organization.get("class")
        named = found if isinstance(found, str) else ""
        if named in _CLASSES:
            return Said(_CLASSES[named], f"{path}.class")
        if found is not None and named not in _VAGUE_CLASSES:
            self.page.odd(f"{path}.class", f"{_shown(found)} is no class known here: left out")
        return None

    def _places(self) -> dict[str, Any]:
        path = f"{PROTOCOL}.contactsLocationsModule.locations"
        codes, sites = set(), 0
        for place, each in self.page.tables(path):
            sites += 1
            name = tidy(each.get("country"))
            if code := country(name):
                codes.add(code)
            elif name:
                self.page.odd(f"{place}.country", f"{_shown(name)} is no country known here: left out")
        return {
            "countries": Said(sorted(codes), path) if codes else None,
            "sites": Said(sites, path) if sites else None,
        }

    def _note(self) -> Said | None:
        path = f"{PROTOCOL}.statusModule.lastKnownStatus"
        if self.page.at(path) is None or (known := self.page.term(path, "status")) is None:
            return None
        words = shipped()["status"].terms[known.value].en
        return Said(f"Last status that the sponsor confirmed: {words}.", path)

    # -- arms, interventions, outcomes ---------------------------------------------------------------

    def _read_passages(self) -> None:
        for place, closeness in _PASSAGES.items():
            path = f"{PROTOCOL}.{place}"
            found = self.page.at(path)
            text = "\n".join(map(tidy, found)) if isinstance(found, list) else tidy_lines(found)
            if text:
                self.passages.append(Passage(path, text, "", closeness))

    def _interventions(self) -> list[dict[str, Any]]:
        path = f"{PROTOCOL}.armsInterventionsModule.interventions"
        found: list[dict[str, Any]] = []
        ids: set[str] = set()
        self.ids_by_name: dict[str, str] = {}
        self.labels: dict[str, list[str]] = {}
        for place, each in self.page.tables(path):
            name = tidy(each.get("name"))
            if not name:
                self.page.odd(f"{place}.name", "is missing: the intervention is left out")
                continue
            others = self.page.texts_of(each.get("otherNames"), f"{place}.otherNames")
            description = tidy_lines(each.get("description"))
            if is_placebo(name):
                self.ids_by_name[letters(name)] = ""
                continue
            known = self.ids_by_name.get(letters(name))
            if known:
                continue
            own = unique(name, ids)
            self.ids_by_name[letters(name)] = own
            about = f"interventions.{len(found)}"
            for key, text in (
                ("name", name),
                ("otherNames", ", ".join(others)),
                ("description", description),
            ):
                if text:
                    self.passages.append(Passage(f"{place}.{key}", text, about, 0))
            for label in self.page.texts_of(each.get("armGroupLabels"), f"{place}.armGroupLabels"):
                self.labels.setdefault(letters(label), []).append(own)
            modality = intervention_modality(tidy(each.get("type")), name, others)
            if modality is None:
                self.page.odd(
                    f"{place}.type", f"{_shown(each.get('type'))} is no type known here: not_reported"
                )
                modality = "not_reported"
            aliases = list(dict.fromkeys(other for other in others if letters(other) != letters(name)))
            found.append(
                {
                    "id": Said(own, f"{place}.name"),
                    "name": Said(name, f"{place}.name"),
                    "aliases": Said(aliases, f"{place}.otherNames") if aliases else None,
                    "modality": Said(modality, f"{place}.type"),
                    **_unsaid(modality, place),
                }
            )
        return found

    def _arms(self) -> list[dict[str, Any]]:
        path = f"{PROTOCOL}.armsInterventionsModule.armGroups"
        found: list[dict[str, Any]] = []
        ids: set[str] = set()
        for place, each in self.page.tables(path):
            label = tidy(each.get("label"))
            own = unique(label or f"arm {len(found) + 1}", ids)
            about = f"arms.{len(found)}"
            for key in ("label", "description"):
                if text := tidy_lines(each.get(key)):
                    self.passages.append(Passage(f"{place}.{key}", text, about, 0))
            kind = each.get("type")
            role = code_of(kind, "arm_role")
            if kind is not None and role is None:
                self.page.odd(f"{place}.type", f"{_shown(kind)} is no arm type known here: left out")
            given = self._given(each, place, label)
            found.append(
                {
                    "id": Said(own, f"{place}.label"),
                    "role": Said(role, f"{place}.type") if role else None,
                    "label": Said(label, f"{place}.label") if label else None,
                    "given": given,
                }
            )
        compared = [arm for arm in found if not arm["role"] or arm["role"].value != "other"]
        info = f"{PROTOCOL}.designModule.designInfo"
        randomized = self.page.at(f"{info}.allocation") == "RANDOMIZED"
        crosses = self.page.at(f"{info}.interventionModel") == "CROSSOVER"
        if len(compared) == 1 and randomized and not crosses:
            self.page.odd(path, "names one group of a randomized study, and not the others: left out")
            self.passages = [each for each in self.passages if not each.about.startswith("arms.")]
            return []
        if not found and len(self.interventions) == 1 and not randomized:
            # Before 2007 a study of one group named no arms.
            one = self.interventions[0]["id"]
            return [{"id": Said("all", one.path), "given": [{"intervention": one}]}]
        return found

    def _given(self, arm: Mapping[str, Any], place: str, label: str) -> list[dict[str, Any]]:
        names = self.page.texts_of(arm.get("interventionNames"), f"{place}.interventionNames")
        ids: list[str] = []
        for name in names:
            bare = name.partition(": ")[2] or name
            own = self.ids_by_name.get(letters(bare), self.ids_by_name.get(letters(name)))
            if own is None:
                self.page.odd(
                    f"{place}.interventionNames", f"{_shown(name)} is no intervention here: left out"
                )
            elif own:
                ids.append(own)
        if not names:
            ids = self.labels.get(letters(label), [])
        path = f"{place}.interventionNames" if names else f"{place}.label"
        return [{"intervention": Said(own, path)} for own in dict.fromkeys(ids)]

    def _outcomes(self, status: Said) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        ids: set[str] = set()
        posted = self.page.at("resultsSection.outcomeMeasuresModule.outcomeMeasures") is not None
        result = None if posted else "not_applicable" if status.value == "withdrawn" else "pending"
        for key, role in _ROLES.items():
            for place, each in self.page.tables(f"{PROTOCOL}.outcomesModule.{key}"):
                measure = tidy(each.get("measure"))
                if not measure:
                    self.page.odd(f"{place}.measure", "is missing: the outcome is left out")
                    continue
                found.append(outcome(measure, tidy(each.get("timeFrame")), role, place, ids))
                if result:
                    found[-1]["result"] = Said(result, status.path)
        return found


def _unsaid(modality: str, place: str) -> dict[str, Said]:
    """What must be known of cells and no field of the registry says; a proposal may."""
    keys = ("cell_type", "donor") if modality == "cell" else ()
    return {key: Said("not_reported", f"{place}.type") for key in keys}


_TITLES = ("briefTitle", "officialTitle")
_CONTROLS = {
    "placebo_comparator": "placebo",
    "sham_comparator": "sham",
    "no_intervention": "no_treatment",
}
_DATES = {
    "start": "startDateStruct",
    "primary_completion": "primaryCompletionDateStruct",
    "completion": "completionDateStruct",
    "results_posted": "resultsFirstPostDateStruct",
}
_ROLES = {
    "primaryOutcomes": "primary",
    "secondaryOutcomes": "secondary",
    "otherOutcomes": "other_prespecified",
}
_CLASSES = {
    "INDUSTRY": "industry",
    "NIH": "government",
    "FED": "government",
    "OTHER_GOV": "government",
    "INDIV": "individual",
}
_VAGUE_CLASSES = frozenset({"OTHER", "NETWORK", "UNKNOWN", "AMBIG"})
_PASSAGES = {
    "identificationModule.briefTitle": 1,
    "identificationModule.officialTitle": 1,
    "conditionsModule.keywords": 2,
    "descriptionModule.briefSummary": 2,
    "descriptionModule.detailedDescription": 3,
}


def tidy_lines(text: object) -> str:
    """The text without what no text may hold, its lines kept: a line is where a sentence may end."""
    return "\n".join(filter(None, map(tidy, text.splitlines()))) if isinstance(text, str) else ""


def unique(text: str, taken: set[str]) -> str:
    """A record id made of the text that is not taken yet; it is, from then on."""
    base = suggest_record_id(text[:80])[:40].strip("-") or "x"
    found, number = base, 1
    while found in taken:
        number += 1
        found = f"{base}-{number}"
    taken.add(found)
    return found


def outcome(measure: str, frame: str, role: str, path: str, taken: set[str]) -> dict[str, Any]:
    """An outcome as far as its words say it."""
    instrument = named_instrument(measure)
    at = moment(frame)
    return {
        "id": Said(unique(instrument or measure, taken), f"{path}.measure"),
        "role": Said(role, path),
        "instrument": Said(instrument, f"{path}.measure") if instrument else None,
        "definition": Said(measure, f"{path}.measure"),
        "at": Said(at, f"{path}.timeFrame") if at else None,
    }


@lru_cache(4096)
def condition(text: str) -> str:
    """The term of the condition vocabulary that the text names, else the text."""
    conditions: Vocabulary = shipped()["condition"]
    bare = re.sub(r"\s*\([^()]*\)\s*$", "", text)
    for each in (text, bare):
        if found := conditions.find(each):
            return found.code
    return text


_COUNTRIES = {"turkey (türkiye)": "TR", "türkiye (turkey)": "TR"}


@lru_cache(4096)
def country(name: str) -> str | None:
    """The code of a country as registries name it."""
    found = shipped()["country"].find(name) if name else None
    return found.code if found else _COUNTRIES.get(name.casefold())


def named_instrument(measure: str) -> str | None:
    """The one instrument that an outcome's words name, the longest name first; None for none or several."""
    return _instruments().one(measure)


class _Names:
    """The names of instruments, to be found in text."""

    def __init__(self) -> None:
        names: dict[str, str] = {}
        for term in shipped()["instrument"].terms.values():
            if term.code == "other":
                continue
            for name in term.names:
                if name.isascii() and len(name) > 2:
                    names[letters(name)] = term.code
        self._names = names
        longest = sorted(names, key=len, reverse=True)
        self._pattern = re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, longest)) + r")(?!\w)")

    def one(self, text: str) -> str | None:
        """The code that is named alone, or of which the others are parts."""
        codes = {self._names[each] for each in self._pattern.findall(letters(text))}
        terms = shipped()["instrument"].terms
        for code in set(codes):
            parent = terms[code].parent
            codes.discard(parent or "")
        return codes.pop() if len(codes) == 1 else None


@cache
def _instruments() -> _Names:
    return _Names()


def drafts(studies: Iterable[Mapping[str, Any]], source: str = "study") -> Iterator[Draft | Unreadable]:
    """Every study as a draft."""
    for number, study in enumerate(studies, start=1):
        yield draft(study, f"{source} {number}")
