"""ClinicalTrials.gov's API before 2024: full studies with modules in capitals, and flat lists of fields.

Both are turned into the study of API version 2 that they were, with the place of every value kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations, pairwise
from typing import Any

from alscli.registries import ctgov
from alscli.registries.ctgov_csv import code, day
from alscli.registries.draft import Draft, Oddity, Unreadable
from alscli.registries.payload import at
from alscli.registries.said import tidy
from alscli.registries.translation import Translation


def is_study(value: object) -> bool:
    """Whether a JSON value is a study of that API."""
    if not isinstance(value, dict):
        return False
    return "ProtocolSection" in _inner(value) or (
        isinstance(value.get("NCTId"), list) and "BriefTitle" in value
    )


def _inner(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """The study within its place in a reply, where it has one."""
    study = value.get("Study")
    return study if isinstance(study, dict) else value


def draft(value: Mapping[str, Any], source: str) -> Draft | Unreadable:
    """One study as a draft."""
    nested = _inner(value)
    prefix = "Study." if nested is not value else ""
    protocol = nested.get("ProtocolSection")
    study = Translation(counted=True)
    if isinstance(protocol, dict):
        _from_modules(study, protocol, f"{prefix}ProtocolSection")
    else:
        _from_lists(study, value)
    results = nested.get("ResultsSection")
    if isinstance(results, dict):
        study.results = _translated(study, results, _RESULTS, f"{prefix}ResultsSection", "resultsSection")
    elif value.get("OutcomeMeasureTitle"):
        message = "flat lists do not say which number is whose: posted results left out, see the copy"
        study.oddities.append(Oddity("OutcomeMeasureTitle", message))
    return study.draft(source, _kept(value), "has no NCTId that is an NCT number")


_CONTACTS = (
    "CentralContact",
    "LocationContact",
    "OverallOfficial",
    "PointOfContact",
    "ResponsiblePartyInvestigator",
    "ResponsiblePartyOldNameTitle",
    "ConditionAncestor",
    "ConditionBrowse",
    "InterventionAncestor",
    "InterventionBrowse",
)


def _kept(value: Any) -> Any:
    """The study without contacts, computed modules and the empty lists that stand for what is not said."""
    if isinstance(value, dict):
        found = {key: _kept(each) for key, each in value.items() if not key.startswith(_CONTACTS)}
        return {key: each for key, each in found.items() if each not in ([], {}) and key not in _COMPUTED}
    if isinstance(value, list):
        return [_kept(each) for each in value]
    return ctgov.kept(value)


_COMPUTED = frozenset({"Rank", "VersionHolder", "DerivedSection"})


# One row: the path of version 2, the module and field before it, and how it is read.
_TEXTS = {
    "identificationModule.nctId": ("IdentificationModule", "NCTId"),
    "identificationModule.briefTitle": ("IdentificationModule", "BriefTitle"),
    "identificationModule.officialTitle": ("IdentificationModule", "OfficialTitle"),
    "identificationModule.acronym": ("IdentificationModule", "Acronym"),
    "identificationModule.orgStudyIdInfo.id": ("IdentificationModule.OrgStudyIdInfo", "OrgStudyId"),
    "statusModule.whyStopped": ("StatusModule", "WhyStopped"),
    "statusModule.expandedAccessInfo.nctId": ("StatusModule.ExpandedAccessInfo", "ExpandedAccessNCTId"),
    "sponsorCollaboratorsModule.leadSponsor.name": (
        "SponsorCollaboratorsModule.LeadSponsor",
        "LeadSponsorName",
    ),
    "sponsorCollaboratorsModule.leadSponsor.class": (
        "SponsorCollaboratorsModule.LeadSponsor",
        "LeadSponsorClass",
    ),
    "descriptionModule.briefSummary": ("DescriptionModule", "BriefSummary"),
    "descriptionModule.detailedDescription": ("DescriptionModule", "DetailedDescription"),
    "eligibilityModule.minimumAge": ("EligibilityModule", "MinimumAge"),
    "eligibilityModule.maximumAge": ("EligibilityModule", "MaximumAge"),
}
_CODES = {
    "statusModule.overallStatus": ("StatusModule", "OverallStatus"),
    "statusModule.lastKnownStatus": ("StatusModule", "LastKnownStatus"),
    "statusModule.startDateStruct.type": ("StatusModule.StartDateStruct", "StartDateType"),
    "statusModule.primaryCompletionDateStruct.type": (
        "StatusModule.PrimaryCompletionDateStruct",
        "PrimaryCompletionDateType",
    ),
    "statusModule.completionDateStruct.type": ("StatusModule.CompletionDateStruct", "CompletionDateType"),
    "statusModule.resultsFirstPostDateStruct.type": (
        "StatusModule.ResultsFirstPostDateStruct",
        "ResultsFirstPostDateType",
    ),
    "designModule.studyType": ("DesignModule", "StudyType"),
    "designModule.enrollmentInfo.type": ("DesignModule.EnrollmentInfo", "EnrollmentType"),
    "designModule.designInfo.allocation": ("DesignModule.DesignInfo", "DesignAllocation"),
    "designModule.designInfo.interventionModel": ("DesignModule.DesignInfo", "DesignInterventionModel"),
    "designModule.designInfo.primaryPurpose": ("DesignModule.DesignInfo", "DesignPrimaryPurpose"),
    "designModule.designInfo.maskingInfo.masking": (
        "DesignModule.DesignInfo.DesignMaskingInfo",
        "DesignMasking",
    ),
    "eligibilityModule.sex": ("EligibilityModule", "Gender"),
}
_DATES = {
    "statusModule.statusVerifiedDate": ("StatusModule", "StatusVerifiedDate"),
    "statusModule.lastUpdateSubmitDate": ("StatusModule", "LastUpdateSubmitDate"),
    "statusModule.lastUpdatePostDateStruct.date": (
        "StatusModule.LastUpdatePostDateStruct",
        "LastUpdatePostDate",
    ),
    "statusModule.studyFirstSubmitDate": ("StatusModule", "StudyFirstSubmitDate"),
    "statusModule.startDateStruct.date": ("StatusModule.StartDateStruct", "StartDate"),
    "statusModule.primaryCompletionDateStruct.date": (
        "StatusModule.PrimaryCompletionDateStruct",
        "PrimaryCompletionDate",
    ),
    "statusModule.completionDateStruct.date": ("StatusModule.CompletionDateStruct", "CompletionDate"),
    "statusModule.resultsFirstPostDateStruct.date": (
        "StatusModule.ResultsFirstPostDateStruct",
        "ResultsFirstPostDate",
    ),
}
_LISTS = {
    "conditionsModule.conditions": ("ConditionsModule.ConditionList", "Condition"),
    "conditionsModule.keywords": ("ConditionsModule.KeywordList", "Keyword"),
    "identificationModule.nctIdAliases": ("IdentificationModule.NCTIdAliasList", "NCTIdAlias"),
}
_CODE_LISTS = {
    "designModule.phases": ("DesignModule.PhaseList", "Phase"),
    "designModule.designInfo.maskingInfo.whoMasked": (
        "DesignModule.DesignInfo.DesignMaskingInfo.DesignWhoMaskedList",
        "DesignWhoMasked",
    ),
    "designModule.designInfo.observationalModel": (
        "DesignModule.DesignInfo.DesignObservationalModelList",
        "DesignObservationalModel",
    ),
}
# Lists of tables: path, place of the list, and its fields with their keys of version 2.
_TABLES: dict[str, tuple[str, dict[str, str]]] = {
    "identificationModule.secondaryIdInfos": (
        "IdentificationModule.SecondaryIdInfoList.SecondaryIdInfo",
        {"SecondaryId": "id", "SecondaryIdType": "type"},
    ),
    "sponsorCollaboratorsModule.collaborators": (
        "SponsorCollaboratorsModule.CollaboratorList.Collaborator",
        {"CollaboratorName": "name", "CollaboratorClass": "class"},
    ),
    "armsInterventionsModule.armGroups": (
        "ArmsInterventionsModule.ArmGroupList.ArmGroup",
        {"ArmGroupLabel": "label", "ArmGroupType": "type", "ArmGroupDescription": "description"},
    ),
    "armsInterventionsModule.interventions": (
        "ArmsInterventionsModule.InterventionList.Intervention",
        {"InterventionName": "name", "InterventionType": "type", "InterventionDescription": "description"},
    ),
    "outcomesModule.primaryOutcomes": (
        "OutcomesModule.PrimaryOutcomeList.PrimaryOutcome",
        {
            "PrimaryOutcomeMeasure": "measure",
            "PrimaryOutcomeTimeFrame": "timeFrame",
        },
    ),
    "outcomesModule.secondaryOutcomes": (
        "OutcomesModule.SecondaryOutcomeList.SecondaryOutcome",
        {
            "SecondaryOutcomeMeasure": "measure",
            "SecondaryOutcomeTimeFrame": "timeFrame",
        },
    ),
    "outcomesModule.otherOutcomes": (
        "OutcomesModule.OtherOutcomeList.OtherOutcome",
        {
            "OtherOutcomeMeasure": "measure",
            "OtherOutcomeTimeFrame": "timeFrame",
        },
    ),
    "contactsLocationsModule.locations": (
        "ContactsLocationsModule.LocationList.Location",
        {"LocationFacility": "facility", "LocationCountry": "country"},
    ),
    "referencesModule.references": (
        "ReferencesModule.ReferenceList.Reference",
        {"ReferencePMID": "pmid", "ReferenceType": "type", "ReferenceCitation": "citation"},
    ),
}
_CODED = frozenset(
    {"SecondaryIdType", "CollaboratorClass", "ArmGroupType", "InterventionType", "ReferenceType"}
)
# Lists within a table, of full studies only.
_INNER = {
    "armsInterventionsModule.armGroups": (
        ("ArmGroupInterventionList", "ArmGroupInterventionName", "interventionNames"),
    ),
    "armsInterventionsModule.interventions": (
        ("InterventionOtherNameList", "InterventionOtherName", "otherNames"),
        ("InterventionArmGroupLabelList", "InterventionArmGroupLabel", "armGroupLabels"),
    ),
}


Shape = Mapping[str, tuple[str, Any]]
"""Key before → key of version 2, and how its value is read: by a function; a list within a table by the name
of that list, with the shape of its elements where they are tables; a table by its shape."""


def _count(value: Any) -> Any:
    """Numbers of people are text in this version."""
    digits = tidy(value)
    return int(digits) if digits.isdecimal() and digits.isascii() and len(digits) < 10 else value


def _denominators(name: str) -> tuple[str, Any]:
    count = {f"{name}CountGroupId": ("groupId", _as_is), f"{name}CountValue": ("value", _as_is)}
    below = {f"{name}Units": ("units", _as_is), f"{name}CountList": ("counts", (f"{name}Count", count))}
    return "denoms", (name, below)


def _words(value: Any, field: str) -> Any:
    return code(value) if field in _CODED and isinstance(value, str) else value


def _from_modules(study: Translation, protocol: Mapping[str, Any], root: str) -> None:
    for fields, read in ((_TEXTS, _as_is), (_CODES, _code), (_DATES, _day)):
        for path, (module, field) in fields.items():
            study.put(path, read(at(protocol, f"{module}.{field}")), f"{root}.{module}.{field}")
    for fields, read in ((_LISTS, _as_is), (_CODE_LISTS, _code)):
        for path, (module, field) in fields.items():
            found = at(protocol, f"{module}.{field}")
            listed = [read(each) for each in found] if isinstance(found, list) else None
            _put_listed(study, path, listed, f"{root}.{module}.{field}")
    place = "DesignModule.EnrollmentInfo.EnrollmentCount"
    study.put("designModule.enrollmentInfo.count", _count(at(protocol, place)), f"{root}.{place}")
    for path, (place, keys) in _TABLES.items():
        found = at(protocol, place)
        tables = []
        for each in found if isinstance(found, list) else []:
            if isinstance(each, dict):
                table = {key: _words(each[name], name) for name, key in keys.items() if name in each}
                for outer, inner, key in _INNER.get(path, ()):
                    if isinstance(listed := at(each, f"{outer}.{inner}"), list):
                        table[key] = listed
                tables.append(table)
        study.put(path, tables, f"{root}.{place}")
        for number in range(len(tables)):
            for name, key in keys.items():
                study.places[f"{path}.{number}.{key}"] = f"{root}.{place}.{number}.{name}"


def _put_listed(study: Translation, path: str, listed: list[Any] | None, place: str) -> None:
    single = path.endswith("observationalModel")
    study.put(path, listed[0] if single and listed else listed, place)


def _as_is(value: Any) -> Any:
    return value


def _code(value: Any) -> Any:
    return code(value) if isinstance(value, str) else value


def _day(value: Any) -> Any:
    return day(value) if isinstance(value, str) else value


def _translated(
    study: Translation, found: Mapping[str, Any], shape: Shape, place: str, path: str
) -> dict[str, Any]:
    """A table of posted results with the keys of version 2; what is no table is left for its reader."""
    made: dict[str, Any] = {}
    for name, (key, how) in shape.items():
        if name not in found:
            continue
        spot, own = f"{place}.{name}", f"{path}.{key}" if key else path
        if callable(how):
            made[key] = how(found[name])
        elif isinstance(how, str):
            spot, made[key] = f"{spot}.{how}", at(found[name], how)
        elif isinstance(how, tuple):
            inner, below = how
            spot, listed = f"{spot}.{inner}", at(found[name], inner)
            made[key] = listed
            if isinstance(listed, list):
                made[key] = [
                    _translated(study, each, below, f"{spot}.{number}", f"{own}.{number}")
                    if isinstance(each, dict)
                    else each
                    for number, each in enumerate(listed)
                ]
        elif isinstance(found[name], dict):
            made[key] = _translated(study, found[name], how, spot, own)
        study.places[own] = spot
    return made


def _from_lists(study: Translation, value: Mapping[str, Any]) -> None:
    """Fields as lists over the whole study: a list that is shorter than its fellows cannot be told apart."""

    def listed(field: str) -> list[Any]:
        found = value.get(field)
        return found if isinstance(found, list) else []

    for fields, read in ((_TEXTS, _as_is), (_CODES, _code), (_DATES, _day)):
        for path, (_, field) in fields.items():
            found = listed(field)
            study.put(path, read(found[0]) if found else None, field)
    for fields, read in ((_LISTS, _as_is), (_CODE_LISTS, _code)):
        for path, (_, field) in fields.items():
            _put_listed(study, path, [read(each) for each in listed(field)], field)
    count = listed("EnrollmentCount")
    study.put("designModule.enrollmentInfo.count", _count(count[0] if count else None), "EnrollmentCount")
    for path, (_, keys) in _TABLES.items():
        _put_tables(study, path, keys, {field: listed(field) for field in keys})
    _put_links(
        study,
        [tidy(each) for each in listed("ArmGroupInterventionName")],
        [tidy(each) for each in listed("InterventionArmGroupLabel")],
    )
    interventions = study.modules.get("armsInterventionsModule", {}).get("interventions", [])
    if len(interventions) == 1 and listed("InterventionOtherName"):
        interventions[0]["otherNames"] = listed("InterventionOtherName")


def _put_tables(
    study: Translation, path: str, fields: Mapping[str, str], lists: Mapping[str, list[Any]]
) -> None:
    size = len(lists[next(iter(fields))])
    if path == "contactsLocationsModule.locations":
        size = max(map(len, lists.values()))
    tables: list[dict[str, Any]] = [{} for _ in range(size)]
    for field, key in fields.items():
        if len(lists[field]) == size:
            for number, (table, each) in enumerate(zip(tables, lists[field], strict=True)):
                table[key] = _words(each, field)
                study.places[f"{path}.{number}.{key}"] = f"{field}.{number}"
        elif lists[field]:
            message = f"has {len(lists[field])} entries for {size}: whose they are is not said: left out"
            study.oddities.append(Oddity(field, message))
    study.put(path, tables, next(iter(fields)))


def _put_links(study: Translation, names: list[str], labels: list[str]) -> None:
    """What each arm is given, where the two flat lists of links fit together in one way."""
    module = study.modules.get("armsInterventionsModule", {})
    arms, interventions = module.get("armGroups", []), module.get("interventions", [])
    if not arms or not names:
        return
    if len(interventions) == 1:
        interventions[0]["armGroupLabels"] = labels
        return
    ways = list(_partings(names, labels, arms, interventions))
    if len(ways) != 1:
        study.oddities.append(
            Oddity("ArmGroupInterventionName", "can be shared among the arms in several ways: left out")
        )
        return
    for arm, given in zip(arms, ways[0], strict=True):
        arm["interventionNames"] = given


_MOST_WAYS = 5000


def _partings(
    names: list[str], labels: list[str], arms: list[dict[str, Any]], interventions: list[dict[str, Any]]
) -> Iterator[list[list[str]]]:
    """Every way to cut the names into one run an arm that the labels of the interventions bear out."""
    if len(arms) > len(names):
        # Some arm is given nothing: only one arm that needs nothing could be told.
        return
    own = {tidy(each.get("name")): number for number, each in enumerate(interventions)}
    tried = 0
    for cuts in combinations(range(1, len(names)), len(arms) - 1):
        tried += 1
        if tried > _MOST_WAYS:
            return
        edges = [0, *cuts, len(names)]
        runs = [names[start:end] for start, end in pairwise(edges)]
        if any(len(set(run)) < len(run) for run in runs):
            continue
        given: list[set[str]] = [set() for _ in interventions]
        for arm, run in zip(arms, runs, strict=True):
            for name in run:
                number = own.get(name.partition(": ")[2], own.get(name))
                if number is not None:
                    given[number].add(tidy(arm.get("label")))
        at, fits = 0, True
        for each in given:
            fits = fits and set(labels[at : at + len(each)]) == each
            at += len(each)
        if fits and at == len(labels):
            yield runs


_MEASUREMENT: Shape = {
    "OutcomeMeasurementGroupId": ("groupId", _as_is),
    "OutcomeMeasurementValue": ("value", _as_is),
    "OutcomeMeasurementSpread": ("spread", _as_is),
    "OutcomeMeasurementLowerLimit": ("lowerLimit", _as_is),
    "OutcomeMeasurementUpperLimit": ("upperLimit", _as_is),
}
_CATEGORY: Shape = {
    "OutcomeCategoryTitle": ("title", _as_is),
    "OutcomeMeasurementList": ("measurements", ("OutcomeMeasurement", _MEASUREMENT)),
}
_CLASS: Shape = {
    "OutcomeClassTitle": ("title", _as_is),
    "OutcomeClassDenomList": _denominators("OutcomeClassDenom"),
    "OutcomeCategoryList": ("categories", ("OutcomeCategory", _CATEGORY)),
}
_ANALYSIS: Shape = {
    "OutcomeAnalysisGroupIdList": ("groupIds", "OutcomeAnalysisGroupId"),
    "OutcomeAnalysisPValue": ("pValue", _as_is),
    "OutcomeAnalysisStatisticalMethod": ("statisticalMethod", _as_is),
    "OutcomeAnalysisParamType": ("paramType", _as_is),
    "OutcomeAnalysisParamValue": ("paramValue", _as_is),
    "OutcomeAnalysisCIPctValue": ("ciPctValue", _as_is),
    "OutcomeAnalysisCILowerLimit": ("ciLowerLimit", _as_is),
    "OutcomeAnalysisCIUpperLimit": ("ciUpperLimit", _as_is),
}
_MEASURE: Shape = {
    "OutcomeMeasureType": ("type", _code),
    "OutcomeMeasureTitle": ("title", _as_is),
    "OutcomeMeasureTimeFrame": ("timeFrame", _as_is),
    "OutcomeMeasureReportingStatus": ("reportingStatus", _code),
    "OutcomeMeasureParamType": ("paramType", _code),
    "OutcomeMeasureDispersionType": ("dispersionType", _as_is),
    "OutcomeMeasureUnitOfMeasure": ("unitOfMeasure", _as_is),
    "OutcomeGroupList": (
        "groups",
        ("OutcomeGroup", {"OutcomeGroupId": ("id", _as_is), "OutcomeGroupTitle": ("title", _as_is)}),
    ),
    "OutcomeDenomList": _denominators("OutcomeDenom"),
    "OutcomeClassList": ("classes", ("OutcomeClass", _CLASS)),
    "OutcomeAnalysisList": ("analyses", ("OutcomeAnalysis", _ANALYSIS)),
}
_EVENTS: Shape = {
    "EventGroupId": ("id", _as_is),
    "EventGroupTitle": ("title", _as_is),
    "EventGroupDeathsNumAffected": ("deathsNumAffected", _count),
    "EventGroupSeriousNumAffected": ("seriousNumAffected", _count),
    "EventGroupSeriousNumAtRisk": ("seriousNumAtRisk", _count),
}
_RESULTS: Shape = {
    "OutcomeMeasuresModule": (
        "outcomeMeasuresModule",
        {"OutcomeMeasureList": ("outcomeMeasures", ("OutcomeMeasure", _MEASURE))},
    ),
    "AdverseEventsModule": (
        "adverseEventsModule",
        {"EventGroupList": ("eventGroups", ("EventGroup", _EVENTS))},
    ),
}
