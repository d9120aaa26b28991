"""CTIS in both structures, each field against what the payload says, by hand."""

from __future__ import annotations

import json
from typing import Any

import pytest
from expected import check, oddities, payload, read, unreadable

from alscli.registries import ctis, reading
from alscli.registries.draft import Draft


def changed(name: str, **values: Any) -> Draft:
    """The draft of a payload with other values at its top."""
    (draft,) = read(ctis.drafts, json.dumps(json.loads(payload(name)) | values).encode()).values()
    return draft


def test_the_structure_since_june_2024() -> None:
    (draft,) = read(ctis.drafts, payload("ctis_2024.json")).values()
    check(
        draft,
        {
            "id": "2024-510663-34",
            "registry_id": "2024-510663-34-00",
            "title": "An open label, single arm study to evaluate single and multiple dose "
            "pharmacokinetics, safety and "
            "tolerability, and to explore clinical outcomes of treatment with intravenous (IV) zanamivir "
            "in neonates "
            "and infants under 6 months of age with confirmed complicated influenza infection.",
            "scientific_title": None,
            "secondary_ids": ["200925", "2019-001588-63", "NCT04494412"],
            "conditions": ["Influenza, Human"],
            "study_type": "interventional",
            "design": "single_arm",
            "allocation": None,
            "masking": "none",
            "phase": "2",
            "status": "recruiting",
            "status_as_of": "2025-09-15",
            "dates": {
                "registered": {"on": "2024-03-04", "type": "actual"},
                "start": {"on": "2021-01-29", "type": "actual"},
                "completion": {"on": "2026-12-09", "type": "estimated"},
            },
            "countries": ["ES", "IT"],
            "sites": 6,
            "enrollment": {"planned": 11},
            "eligibility": {"age": [0, 17], "sex": "all"},
            "sponsor": {"name": "Glaxosmithkline Research & Development Limited", "class": "industry"},
            "interventions.0.name": "Dectova 10 mg/mL solution for infusion",
            "interventions.0.aliases": ["zanamivir"],
            "interventions.1": None,
            "outcomes.0.role": "primary",
            "outcomes.0.definition": "Area under the serum concentration-time curve (AUC)",
            "outcomes.1.definition": "Maximum serum concentration (Cmax)",
            "outcomes.3.definition": "Terminal half-life (t1/2)",
            "outcomes.4": None,
        },
    )
    assert draft.paths["status"] == "ctPublicStatusCode"
    assert draft.paths["dates.start.on"] == "startDateEU"


def test_the_structure_before() -> None:
    (draft,) = read(ctis.drafts, payload("ctis_2022.json")).values()
    check(
        draft,
        {
            "registry_id": "2022-500244-37-00",
            "secondary_ids": ["KIN001-204"],
            "conditions": ["COVID-19"],
            "design": "rct",
            "allocation": "randomized",
            "masking": "double",
            "control": "placebo",
            "phase": "2",
            "status": "not_yet_recruiting",
            "status_as_of": "2022-08-03",
            "dates": {
                "registered": {"on": "2022-04-19", "type": "actual"},
                "start": {"on": "2022-06-01", "type": "estimated"},
                "completion": {"on": "2023-12-31", "type": "estimated"},
            },
            "countries": ["CH", "DE"],
            "enrollment": {"planned": 440},
            "eligibility": {"age": [18], "sex": "all"},
            "sponsor": {"name": "Kinarus AG"},
            "interventions.0.name": "pioglitazone hydrochloride",
            "interventions.1.name": "pamapimod",
            "interventions.1.aliases": ["KIN001"],
            "interventions.2": None,
        },
    )
    assert "150; the sum by country is 440, of whom 290 outside" in oddities(draft)
    assert "non-commercial of a “Pharmaceutical company”" in oddities(draft)
    assert sum(each["role"] == "primary" for each in draft.values["outcomes"]) == 1
    assert sum(each["role"] == "secondary" for each in draft.values["outcomes"]) == 8


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (1, "not_yet_recruiting"), (2, "not_yet_recruiting"), (3, "recruiting"), (4, "recruiting"),
        (5, "active_not_recruiting"), (6, "suspended"), (7, "suspended"), (8, "completed"), (9, "terminated"),
        (10, "terminated"), (11, "terminated"), (12, "terminated"), (13, "unknown"),
    ],
)  # fmt: skip
def test_status_codes(code: int, status: str) -> None:
    said = {"ctStatus": "?"} if code == 13 else {}
    assert changed("ctis_2024.json", ctPublicStatusCode=code, **said).values["status"] == status


def test_a_trial_that_never_began_is_withdrawn() -> None:
    draft = changed("ctis_2024.json", ctPublicStatusCode=12, startDateEU=None, events={})
    assert draft.values["status"] == "withdrawn"
    assert {each["result"] for each in draft.values["outcomes"]} == {"not_applicable"}


def test_an_early_termination_is_no_completion() -> None:
    events = {"trialEvents": [{"events": [{"notificationType": "EARLY_TERMINATION", "date": "2025-01-02"}]}]}
    draft = changed("ctis_2024.json", ctPublicStatusCode=8, endDateEU="02/01/2025", events=events)
    assert draft.values["status"] == "terminated"
    assert draft.values["dates"]["completion"] == {"on": "2025-01-02", "type": "actual"}


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("Authorised, recruitment pending", "not_yet_recruiting"), ("Authorised, recruiting", "recruiting"),
        ("Ongoing, recruitment ended", "active_not_recruiting"), ("Temporarily halted", "suspended"),
        ("Ended", "completed"), ("Not authorised", "withdrawn"), ("Authorised", "not_yet_recruiting"),
    ],
)  # fmt: skip
def test_status_in_words(words: str, status: str) -> None:
    assert changed("ctis_2022.json", ctStatus=words).values["status"] == status


@pytest.mark.parametrize(
    ("code", "phase"),
    [("1", "1"), ("2", "1"), ("3", "1"), ("4", "2"), ("5", "3"), ("6", "4"), ("7", "1/2"), ("9", "1/2"),
    ("10", "2/3"),
     ("11", "3")],
)  # fmt: skip
def test_phase_codes(code: str, phase: str) -> None:
    tree = json.loads(payload("ctis_2024.json"))
    category = tree["authorizedApplication"]["authorizedPartI"]["trialDetails"]["trialInformation"][
        "trialCategory"
    ]
    category["trialPhase"] = code
    (draft,) = read(ctis.drafts, json.dumps(tree).encode()).values()
    assert draft.values["phase"] == phase
    assert draft.values.get("phase_label") == ("III/IV" if code == "11" else None)


def test_arrays_and_lines() -> None:
    one, two = (json.loads(payload(name)) for name in ("ctis_2022.json", "ctis_2024.json"))
    ids = ["2022-500244-37-00", "2024-510663-34-00"]
    assert list(read(reading.read, json.dumps([one, two]).encode())) == ids
    lines = "\n".join(map(json.dumps, (one, two)))
    assert list(read(reading.read, lines.encode())) == ids
    broken = lines.replace('{"ctStatus"', '{"ctStatus', 1).encode()
    assert [each.registry_id for each in reading.read(broken) if isinstance(each, Draft)] == ids[1:]
    assert "is no JSON" in unreadable(reading.read, broken)[0]
    cut = json.dumps([one, two]).encode()[:-300]
    assert [each.registry_id for each in reading.read(cut) if isinstance(each, Draft)] == ids[:1]
    assert len(unreadable(reading.read, cut)) == 1


def test_what_cannot_be_read_is_said() -> None:
    def why(tree: Any) -> str:
        return unreadable(ctis.drafts, json.dumps(tree).encode())[0]

    assert why({"ctStatus": 4}) == "entry 1: has no ctNumber"
    assert why({"ctNumber": "2019-001588-63"}) == "entry 1: “2019-001588-63” is no EU CT number"
    assert "download the trial itself" in why({"ctNumber": "2024-510663-34-00", "ctTitle": "An overview"})
    assert why([]) == "file: is no object"
    assert "not valid JSON" in unreadable(ctis.drafts, b"{")[0]
    deep = b'{"ctNumber":' + b"[" * 100_000
    assert "nested too deep" in unreadable(ctis.drafts, deep)[0]


def test_wrong_types_are_no_crash() -> None:
    tree = json.loads(payload("ctis_2024.json"))

    def spoil(value: Any, by: Any) -> Any:
        if isinstance(value, dict):
            return {key: spoil(each, by) if key != "ctNumber" else each for key, each in value.items()}
        if isinstance(value, list):
            return [spoil(each, by) for each in value]
        return by

    for by in (None, 0, True, "", "x" * 300, [], {}, [None], {"a": [1]}, "2025-02-30"):
        for each in ctis.drafts(json.dumps(spoil(tree, by)).encode()):
            assert isinstance(each, Draft)


def test_contacts_are_in_no_copy() -> None:
    contact = {"functionalName": "Jane", "telephone": "+4412345", "functionalEmailAddress": "j@x.org"}
    draft = changed(
        "ctis_2024.json", publicContacts=[contact], comment="ask j@x.org", record_last_import="2026"
    )
    kept = json.dumps(draft.copy)
    assert "Jane" not in kept
    assert "j@x.org" not in kept
    assert "record_last_import" not in kept


def test_is_mine() -> None:
    for name in ("ctis_2022.json", "ctis_2024.json"):
        assert ctis.is_mine(payload(name)[:4096])
        (draft,) = read(ctis.drafts, payload(name)).values()
        assert ctis.is_mine(json.dumps(draft.copy).encode())
        assert read(ctis.drafts, json.dumps(draft.copy).encode())[draft.registry_id].values == draft.values
    for name in ("isrctn_12949496.json", "who_tctr.json", "ictrp.xml", "euctr.txt"):
        assert not ctis.is_mine(payload(name)[:4096])
