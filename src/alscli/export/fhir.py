"""Trials as a FHIR R5 Bundle of ResearchStudy, terms coded where the vocabularies map them.

`status` is that of the resource (`active`), never of recruitment: that is `progressStatus`. Sources are
`relatedArtifact` and Citation, what outcomes measure is EvidenceVariable, each once for all studies; the
honest line and a disagreement of sources are notes.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from alscli.export.fhir_shared import (
    NAMESPACE,
    TITLE,
    citation,
    citation_name,
    place,
    variable,
    variable_name,
    without_empty,
)
from alscli.export.references import Source, gather
from alscli.export.selection import Selection
from alscli.model.absence import known
from alscli.query.tables import Cell, Row

_HL7 = "http://terminology.hl7.org/CodeSystem"
SYSTEMS = {
    "status": "http://hl7.org/fhir/research-study-status",
    "phase": f"{_HL7}/research-study-phase",
    "purpose": f"{_HL7}/research-study-prim-purp-type",
    "arm_role": f"{_HL7}/research-study-arm-type",
    "outcome_role": f"{_HL7}/research-study-objective-type",
    "title": TITLE,
    "party": "http://hl7.org/fhir/research-study-party-role",
    "organization": "http://hl7.org/fhir/research-study-party-organization-type",
    "country": "urn:iso:std:iso:3166",
    "mondo": "http://purl.obolibrary.org/obo/mondo.owl",
}
_PARTIES = {"sponsor": "sponsor", "collaborator": "collaborator", "funder": "funding-source"}
_ORGANIZATIONS = frozenset({"industry", "academic", "government", "nonprofit"})
_PARTS = ("identifiers", "organizations", "arms", "given", "outcomes", "disputes")
_BUNDLE = '"resourceType": "Bundle", "type": "collection"'
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")


def render(selection: Selection) -> Iterator[str]:
    """The Bundle, a resource a line: the studies, then what they refer to."""
    parts = {name: _Following(selection, name) for name in _PARTS}
    sources = gather(replace(selection, narrowed=True, counts={}))
    artifacts = _artifacts(sources)
    variables: dict[str, Row] = {}
    cited: set[str] = set()
    count = 0
    for count, row in enumerate(selection.rows("trials"), 1):
        of_trial = {name: following.of(str(row["id"])) for name, following in parts.items()}
        cited.update(artifact["label"] for artifact in artifacts.get(str(row["id"]), ()))
        for outcome in of_trial["outcomes"]:
            if name := variable_name(outcome):
                variables.setdefault(name, outcome)
        study = _study(row, of_trial, artifacts.get(str(row["id"]), []), selection)
        yield (f'{{{_BUNDLE}, "entry": [\n' if count == 1 else ",\n") + _entry(str(row["id"]), study)
    selection.counts["studies"] = count
    for source in sources:
        if source.key in cited:
            yield ",\n" + _entry(citation_name(source.key), citation(source))
    for name, outcome in sorted(variables.items()):
        yield ",\n" + _entry(name, variable(outcome, selection.vocabularies))
    yield "\n]}\n" if count else f"{{{_BUNDLE}}}\n"  # FHIR knows no empty list


def _entry(name: str, resource: dict[str, Any]) -> str:
    return json.dumps({"fullUrl": place(name), "resource": resource}, ensure_ascii=False)


class _Following:
    """The rows of a table by trial, read as the trials are, in the same order."""

    def __init__(self, selection: Selection, table: str) -> None:
        owner = "record" if table == "disputes" else "trial"
        rows = (row for row in selection.rows(table) if row.get("kind") in (None, "trial"))
        self._groups = groupby(rows, key=lambda row: str(row[owner]))
        self._next: tuple[str, list[Row]] | None = None

    def of(self, trial: str) -> list[Row]:
        """The rows of this trial; those of the trials before it are passed over."""
        while self._next is None or self._next[0] < trial:
            group = next(self._groups, None)
            if group is None:
                return []
            self._next = (group[0], list(group[1]))
        return self._next[1] if self._next[0] == trial else []


def _artifacts(sources: Sequence[Source]) -> dict[str, list[dict[str, Any]]]:
    """The sources of each trial, in short, with the Citation that says more."""
    found: dict[str, list[dict[str, Any]]] = {}
    for source in sources:
        authors = ", ".join(f"{name.family} {name.given}".strip() for name in source.authors)
        parts = (authors, source.title, source.journal, source.published)
        artifact: dict[str, Any] = {
            "type": "citation",
            "label": source.key,
            "citation": ". ".join(part for part in parts if part) or source.address or source.key,
        }
        if source.address:
            artifact["document"] = {"url": source.address}
        artifact["resourceReference"] = {"reference": place(citation_name(source.key))}
        for record in source.cited_by:
            found.setdefault(record, []).append(artifact)
    return found


def _study(
    row: Row, parts: Mapping[str, Sequence[Row]], sources: list[dict[str, Any]], selection: Selection
) -> dict[str, Any]:
    coded = _Coder(selection)
    id_ = str(row["id"])
    status = coded("status", row["status"])
    enrolled = row["enrollment"] if row["enrollment_kind"] != "planned" else None
    study: dict[str, Any] = {
        "resourceType": "ResearchStudy",
        "id": _short(id_),
        "identifier": [_identifier(each) for each in parts["identifiers"]],
        "title": row["title"],
        "label": [
            {"type": {"coding": [{"system": SYSTEMS["title"], "code": code}], "text": words}, "value": text}
            for code, words, text in (
                ("scientific", "scientific title", row["scientific_title"]),
                ("acronym", "acronym", row["acronym"]),
                ("language", "Chinese title", row["title_zh"]),
            )
            if text
        ],
        "relatedArtifact": sources,
        "status": "active",
        "primaryPurposeType": coded("purpose", row["purpose"]),
        "phase": coded("phase", row["phase"]),
        "studyDesign": [
            {"text": text}
            for name in ("study_type", "design", "allocation", "model", "masking")
            if (text := coded.words(name, row[name]))
        ],
        "condition": [coded.condition(each) for each in _list(row["conditions"])],
        "region": [coded.country(each) for each in _list(row["countries"])],
        "period": _period(row["start"], row["completion"]),
        "note": _notes(row, parts["disputes"]),
        "descriptionSummary": row["note"],
        "associatedParty": [_party(each, coded) for each in parts["organizations"]],
        "progressStatus": [{"state": status}] if status else [],
        "whyStopped": {"text": row["why_stopped"]} if known(row["why_stopped"]) else None,
        "recruitment": without_empty(
            {"targetNumber": _whole(row["enrollment_planned"]), "actualNumber": _whole(enrolled)}
        ),
        "comparisonGroup": [_group(each, parts["given"], coded) for each in parts["arms"]],
        "outcomeMeasure": [_outcome(each, coded) for each in parts["outcomes"]],
    }
    return without_empty(study)


class _Coder:
    """Terms as FHIR writes them."""

    def __init__(self, selection: Selection) -> None:
        self._vocabularies = selection.vocabularies

    def __call__(self, field: str, code: Cell) -> dict[str, Any] | None:
        """A term with its code in FHIR, in words where it has none; nothing where there is no term."""
        term = self._vocabularies[field].terms.get(str(known(code)))
        if term is None:
            return None
        concept: dict[str, Any] = {"text": term.en}
        if mapped := term.maps_to.get("fhir"):
            concept = {"coding": [{"system": SYSTEMS[field], "code": mapped}], **concept}
        return concept

    def words(self, field: str, code: Cell) -> str:
        """A term in words."""
        term = self._vocabularies[field].terms.get(str(known(code)))
        return f"{field.replace('_', ' ')}: {term.en}" if term is not None else ""

    def condition(self, code: str) -> dict[str, Any]:
        """A disease, or the registry's words for it."""
        term = self._vocabularies["condition"].terms.get(code)
        if term is None:
            return {"text": code}
        concept: dict[str, Any] = {"text": term.en}
        if mondo := term.maps_to.get("mondo"):
            concept = {"coding": [{"system": SYSTEMS["mondo"], "code": mondo}], **concept}
        return concept

    def country(self, code: str) -> dict[str, Any]:
        """A country."""
        term = self._vocabularies["country"].terms.get(code)
        coding = [{"system": SYSTEMS["country"], "code": code}]
        return {"coding": coding, "text": term.en if term is not None else code}


def _short(id_: str) -> str:
    """The id, or what stands for it where FHIR knows none so long."""
    return id_ if _ID.fullmatch(id_) else str(uuid.uuid5(NAMESPACE, id_))


def _identifier(row: Row) -> dict[str, Any]:
    use = {"primary": "official", "secondary": "secondary", "former": "old"}[str(row["role"])]
    kind = {"text": str(row["registry"])} if row["registry"] else None
    return without_empty({"use": use, "type": kind, "value": row["id"]})


def _party(row: Row, coded: _Coder) -> dict[str, Any]:
    kind = str(known(row["class"]))
    classifier = [{"coding": [{"system": SYSTEMS["organization"], "code": kind}]}]
    role = _PARTIES[str(row["role"])]
    return without_empty(
        {
            "name": row["name"],
            "role": {"coding": [{"system": SYSTEMS["party"], "code": role}]},
            "classifier": classifier if kind in _ORGANIZATIONS else None,
        }
    )


def _group(arm: Row, given: Sequence[Row], coded: _Coder) -> dict[str, Any]:
    doses = [
        f"{row['intervention'] or 'placebo'}: {row['dose'] or 'dose not recorded'}"
        for row in given
        if row["arm"] == arm["id"]
    ]
    return without_empty(
        {
            "linkId": _short(str(arm["id"])),
            "name": arm["label"] or arm["id"],
            "type": coded("arm_role", arm["role"]),
            "description": "; ".join(doses),
        }
    )


def _outcome(row: Row, coded: _Coder) -> dict[str, Any]:
    kind = coded("outcome_role", row["role"])
    words = [str(row[name]) for name in ("instrument", "measure", "at", "result") if known(row[name])]
    parts = [row["definition"], ", ".join(words)]
    variable_ = variable_name(row)
    return without_empty(
        {
            "name": row["id"],
            "type": [kind] if kind else None,
            "description": ". ".join(str(part) for part in parts if part),
            "reference": {"reference": place(variable_)} if variable_ else None,
        }
    )


def _notes(row: Row, disputes: Sequence[Row]) -> list[dict[str, str]]:
    notes = [f"Evidence: {row['evidence']}", f"Status as of {row['status_as_of']}"]
    notes += [f"Sources disagree on {each['field']}: {each['ruling'] or 'open'}" for each in disputes]
    return [{"text": text} for text in notes]


def _period(start: Cell, end: Cell) -> dict[str, str]:
    """Both ends where they are in order as far as both are known."""
    first, last = str(known(start) or ""), str(known(end) or "")
    common = min(len(first), len(last))
    ends = {"start": first, "end": last if first[:common] <= last[:common] else ""}
    return {name: text for name, text in ends.items() if text}


def _whole(cell: Cell) -> int | None:
    return cell if isinstance(cell, int) and not isinstance(cell, bool) else None


def _list(cell: Cell) -> tuple[str, ...]:
    return cell if isinstance(cell, tuple) else ()
