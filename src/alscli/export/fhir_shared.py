"""What studies share, as FHIR R5 resources: sources (Citation) and what is measured (EvidenceVariable)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from alscli.export.references import Source
from alscli.model.absence import known
from alscli.model.effect import BROAD
from alscli.model.vocabulary import Vocabulary
from alscli.query.tables import Cell, Row

NAMESPACE = uuid.UUID("5ab5f3a9-1d0c-5c5b-9a53-6f2d8c1d7e10")
TITLE = "http://hl7.org/fhir/title-type"
EVENT = "http://hl7.org/fhir/evidence-variable-event"
_UCUM = "http://unitsofmeasure.org"
_IDENTIFIERS = {
    "doi": "https://doi.org",
    "pmid": "https://pubmed.ncbi.nlm.nih.gov",
    "pmcid": "https://www.ncbi.nlm.nih.gov/pmc",
}
_HANDLING = {
    **dict.fromkeys(("score", "change", "percent_change", "slope", "rank"), "continuous"),
    **dict.fromkeys(("responder", "survival_rate", "incidence"), "dichotomous"),
    "category": "polychotomous",
}


def place(name: str) -> str:
    """The `fullUrl` of what goes by this name in a Bundle, always the same."""
    return f"urn:uuid:{uuid.uuid5(NAMESPACE, name)}"


def without_empty(values: dict[str, Any]) -> dict[str, Any]:
    """What has a value: FHIR knows no empty element."""
    return {name: value for name, value in values.items() if value not in (None, "", [], {})}


def citation(source: Source) -> dict[str, Any]:
    """A source."""
    authors = ", ".join(f"{name.family} {name.given}".strip() for name in source.authors)
    form = {
        "publishedIn": without_empty({"title": source.journal}),
        "volume": source.volume,
        "issue": source.issue,
        "articleDate": source.published,
        "pageString": source.pages,
    }
    artifact = {
        "identifier": [
            {"system": system, "value": value}
            for name, system in _IDENTIFIERS.items()
            if (value := getattr(source, name))
        ],
        "dateAccessed": source.retrieved,
        "title": [{"type": [{"coding": [{"system": TITLE, "code": "primary"}]}], "text": source.title}]
        if source.title
        else [],
        "publicationForm": [form] if (form := without_empty(form)) else [],
        "webLocation": [{"url": source.address}] if source.address else [],
        "classification": [{"type": {"text": "kind of source"}, "classifier": [{"text": source.kind}]}],
        "contributorship": {"summary": [{"value": authors}]} if authors else {},
    }
    id_ = str(uuid.uuid5(NAMESPACE, citation_name(source.key)))
    return {
        "resourceType": "Citation",
        "id": id_,
        "status": "active",
        "citedArtifact": without_empty(artifact),
    }


def citation_name(key: str) -> str:
    """By what name a source goes in a Bundle."""
    return f"citation/{key}"


def variable_name(outcome: Row) -> str | None:
    """By what name goes what an outcome measures, the same for all that measure it; None where none says."""
    names = ["instrument", "measure", "matrix", "at"]
    broad = outcome["instrument"] in BROAD
    words = [str(known(outcome[name]) or "") for name in (*names, *(["definition"] if broad else []))]
    return f"variable/{'/'.join(words)}" if words[0] and words[-1 if broad else 0] else None


def variable(outcome: Row, vocabularies: Mapping[str, Vocabulary]) -> dict[str, Any]:
    """What an outcome measures: instrument, what is made of its readings, and when."""
    words = [_words(vocabularies, name, outcome[name]) for name in ("instrument", "measure", "matrix")]
    at = known(outcome["at"])
    title = ", ".join(word for word in (*words, f"at {at}" if at else "") if word)
    characteristic = without_empty(
        {"definitionCodeableConcept": {"text": words[0]}, "timeFromEvent": _times(outcome)}
    )
    return without_empty(
        {
            "resourceType": "EvidenceVariable",
            "id": str(uuid.uuid5(NAMESPACE, variable_name(outcome) or "")),
            "title": title,
            "status": "active",
            "description": outcome["definition"] if outcome["instrument"] in BROAD else None,
            "characteristic": [characteristic],
            "handling": _HANDLING.get(str(outcome["measure"])),
        }
    )


def _words(vocabularies: Mapping[str, Vocabulary], name: str, code: Cell) -> str:
    term = vocabularies[name].terms.get(str(known(code)))
    return term.en if term is not None else ""


def _times(outcome: Row) -> list[dict[str, Any]]:
    """From the start of treatment, as far as the record counts from there."""
    low, high = _days(outcome["at_start"]), _days(outcome["at_end"])
    if low is None or high is None:
        return []
    event = {"coding": [{"system": EVENT, "code": "treatment-start"}]}
    when = {"quantity": low} if low == high else {"range": {"low": low, "high": high}}
    return [{"description": str(outcome["at"]), "eventCodeableConcept": event, **when}]


def _days(cell: Cell) -> dict[str, Any] | None:
    if cell is None or isinstance(cell, str | tuple):
        return None
    value = int(cell) if cell == int(cell) else float(cell)
    return {"value": value, "unit": "d", "system": _UCUM, "code": "d"}
