"""The XML that primary registries send to WHO: ChiCTR, ReBEC, REPEC, IRCT, TCTR and others, and its JSON.

The fields are those of WHO's DTD of 2009 (`trials/trial/main/trial_id` …); ChiCTR writes `Triall`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from alscli.model.identifiers import is_canonical, parse_registry_id
from alscli.registries import wording
from alscli.registries.assembly import LONGEST_NAME, Assembly
from alscli.registries.draft import Draft, Unreadable
from alscli.registries.payload import (
    Entry,
    at,
    decode,
    json_entries,
    plain_text,
    several,
    xml_entries,
)
from alscli.registries.words import moment

_TAGS = ("trial", "Triall", "Trial")
_KINDS = {
    "drug": "DRUG",
    "device": "DEVICE",
    "biological/vaccine": "BIOLOGICAL",
    "procedure/surgery": "PROCEDURE",
    "radiation": "RADIATION",
    "behavioural": "BEHAVIORAL",
    "behavioral": "BEHAVIORAL",
    "genetic": "GENETIC",
    "dietary supplement": "DIETARY_SUPPLEMENT",
}
"""ReBEC's codes of interventions in ClinicalTrials.gov's words."""


def is_mine(head: bytes) -> bool:
    """Whether a file that begins so is of WHO's format for primary registries, or JSON of it."""
    text = decode(head)[0].lstrip()
    if text.startswith("<"):
        return "<trial_id" in text and "<main" in text
    return (
        text.startswith(("{", "["))
        and re.search(r'"main"\s*:\s*\{', text) is not None
        and '"trial_id"' in text
    )


def drafts(data: bytes) -> Iterator[Draft | Unreadable]:
    """Every trial of a payload."""
    text = decode(data[:2000])[0].lstrip()
    entries = xml_entries(data, _TAGS) if text.startswith("<") else json_entries(data)
    for entry in entries:
        yield entry if isinstance(entry, Unreadable) else _draft(entry)


class _Trial:
    """One trial: its main fields, and those that repeat."""

    def __init__(self, tree: dict[str, Any]) -> None:
        self.tree = tree
        self._main = {name.casefold(): value for name, value in (at(tree, "main") or {}).items()}

    def main(self, name: str) -> str:
        """A field of `main` as text; of several values, the first."""
        value = self._main.get(name)
        return plain_text(value[0] if isinstance(value, list) and value else value)

    def all(self, path: str) -> list[str]:
        """The texts at a path outside of `main`."""
        return [text for each in several(self.tree, path) if (text := plain_text(each))]


def _draft(entry: Entry) -> Draft | Unreadable:
    if not isinstance(entry.tree.get("main"), dict):
        return Unreadable(f"entry {entry.number}", "has no <main>")
    trial = _Trial(entry.tree)
    said = trial.main("trial_id")
    known = parse_registry_id(said)
    if known is None or not is_canonical(known.value):
        shown = wording.shorten(said, 40)
        why = f"“{shown}” is no registry's number" if said else "has no trial_id"
        return Unreadable(f"entry {entry.number} ({shown})" if said else f"entry {entry.number}", why)
    assembly = Assembly(known, "main.trial_id")
    assembly.remark("", entry.remark)
    public, scientific = trial.main("public_title"), trial.main("scientific_title")
    assembly.titles(public, scientific, ("main.public_title", "main.scientific_title"))
    _acronym(assembly, trial)
    ids = [trial.main("utrn"), *trial.all("secondary_ids.secondary_id.sec_id")]
    assembly.put("secondary_ids", wording.ids(ids, known.value), "secondary_ids")
    _conditions(assembly, trial)
    _kind(assembly, trial, f"{public} {scientific}")
    _status_and_dates(assembly, trial)
    assembly.countries(
        (name for each in trial.all("countries.country2") for name in re.split(r"[;\n]", each)),
        "countries.country2",
    )
    _people(assembly, trial, known.registry.code)
    _organizations(assembly, trial)
    _interventions(assembly, trial)
    for role, path in (
        ("primary", "primary_outcome.prim_outcome"),
        ("secondary", "secondary_outcome.sec_outcome"),
    ):
        for text in trial.all(path):
            for definition, time in _outcomes(text, known.registry.code):
                assembly.outcome(role, definition, time, path)
    assembly.passage(trial.main("i_freetext"), "main.i_freetext", 0)
    assembly.passage(public, "main.public_title", 1)
    assembly.passage(scientific, "main.scientific_title", 1)
    return assembly.draft(entry.tree)


def _acronym(assembly: Assembly, trial: _Trial) -> None:
    """ReBEC writes `CAST: Corticosteroids for Autism`, the acronym and what it stands for."""
    for name in ("acronym", "scientific_acronym"):
        short = trial.main(name).partition(":")[0].strip()
        if not wording.is_nothing(short):
            assembly.put("acronym", wording.one_line(short), f"main.{name}")
            return


def _conditions(assembly: Assembly, trial: _Trial) -> None:
    for path, texts in (
        ("main.hc_freetext", [trial.main("hc_freetext")]),
        ("health_condition_keyword.hc_keyword", trial.all("health_condition_keyword.hc_keyword")),
    ):
        found = wording.conditions(part for each in texts for part in re.split(r"[;\n]", each))
        if found:
            assembly.put("conditions", found, path)
            return


def _kind(assembly: Assembly, trial: _Trial, titles: str) -> None:
    kind = wording.study_type(trial.main("study_type"))
    assembly.put("study_type", kind.value, "main.study_type")
    assembly.remark("main.study_type", kind.remark)
    found = wording.design(trial.main("study_design"), kind.value or "", titles)
    assembly.design(found, "main.study_design")
    assembly.phase(wording.phase(trial.main("phase")), "main.phase")


def _status_and_dates(assembly: Assembly, trial: _Trial) -> None:
    assembly.status(trial.main("recruitment_status"), "main.recruitment_status")
    registered = assembly.date(
        "registered", trial.main("date_registration"), "main.date_registration", "actual"
    )
    if registered:
        assembly.put("status_as_of", registered, "main.date_registration")
        assembly.remark(
            "main.date_registration", "dates the status: the entry has no date of its last change"
        )
    kind = {"actual": "actual", "anticipated": "estimated"}.get(
        trial.main("type_enrolment").casefold(), "unknown"
    )
    assembly.date("start", trial.main("date_enrolment"), "main.date_enrolment", kind)
    completed = trial.main("results_date_completed")
    assembly.date("completion", completed, "main.results_date_completed", "unknown")
    assembly.date("results_posted", trial.main("results_date_posted"), "main.results_date_posted", "actual")


def _people(assembly: Assembly, trial: _Trial, registry: str) -> None:
    assembly.people("enrolled", trial.main("results_actual_enrolment"), "main.results_actual_enrolment")
    assembly.people("planned", trial.main("target_size"), "main.target_size")
    least, greatest = (plain_text(at(trial.tree, f"criteria.{name}")) for name in ("agemin", "agemax"))
    assembly.ages(least, greatest, "criteria.agemin")
    gender = plain_text(at(trial.tree, "criteria.gender"))
    # ReBEC's form offers "-" for both, as its code (bireme/opentrials) says.
    assembly.sex("both" if gender == "-" and registry == "rebec" else gender, "criteria.gender")


def _organizations(assembly: Assembly, trial: _Trial) -> None:
    sponsor = trial.main("primary_sponsor")
    assembly.sponsor(sponsor, "main.primary_sponsor")
    others = wording.names("\n".join(trial.all("secondary_sponsor.sponsor_name")), (sponsor,))
    assembly.organizations("collaborators", others, "secondary_sponsor.sponsor_name")
    funders = wording.names("\n".join(trial.all("source_support.source_name")), (sponsor, *others))
    assembly.organizations("funders", funders, "source_support.source_name")


def _interventions(assembly: Assembly, trial: _Trial) -> None:
    text = trial.main("i_freetext")
    if wording.is_nothing(text):
        return
    codes = {code.casefold() for code in trial.all("intervention_code.i_code")}
    kinds = {_KINDS[code] for code in codes if code in _KINDS}
    kind = kinds.pop() if len(kinds) == 1 else "OTHER"
    if assembly.registry in ("chictr", "itmctr"):
        assembly.groups(text, "main.i_freetext")
    elif len(text) <= LONGEST_NAME and "\n" not in text:
        assembly.intervention(text, (), "main.i_freetext", kind=kind)
    else:
        assembly.remark("main.i_freetext", "interventions in prose: left to the curator")


def _outcomes(text: str, registry: str) -> Iterator[tuple[str, str | None]]:
    if registry in ("chictr", "itmctr"):
        for part in text.split(";"):
            yield part, None
        return
    framed = re.fullmatch(r"(.*?)\s*\[\s*Time ?frame:?\s*(.*?)\s*\]?", text, re.DOTALL | re.IGNORECASE)
    if framed:
        yield framed[1], moment(framed[2])
        return
    for item in wording.items(text):
        yield item, None
