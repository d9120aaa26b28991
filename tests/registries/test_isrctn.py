"""ISRCTN's XML and JSON of it, each field against what the payload says, by hand."""

from __future__ import annotations

import json
from typing import Any
from xml.sax.saxutils import escape

import pytest
from expected import check, oddities, payload, read, unreadable

from alscli.registries import isrctn
from alscli.registries.draft import Draft


def as_xml(tree: dict[str, Any], attributes: str, parties: str) -> bytes:
    """The API's XML of a trial that is at hand as JSON only."""

    def element(name: str, value: Any) -> str:
        if isinstance(value, list):
            return "".join(element(name, each) for each in value)
        inner = (
            "".join(element(*each) for each in value.items())
            if isinstance(value, dict)
            else escape(str(value))
        )
        named = 'isrctn dateAssigned="2015-03-19T10:00:00.000Z"' if name == "isrctn" else name
        return f"<{named}>{inner}</{name}>"

    trial = "".join(
        element(*each) for each in tree.items() if each[0] not in ("ctrname", "record_last_import")
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<allTrials xmlns="http://www.67bricks.com/isrctn" totalCount="1">'
        f"<fullTrial><trial {attributes}>{trial}</trial>{parties}</fullTrial></allTrials>"
    ).encode()


NEUROSIS = {
    "id": "isrctn80181452",
    "title": "Neonatal European Study of Inhaled Steroids",
    "scientific_title": "Efficacy and safety of inhaled budesonide in very preterm infants at risk for "
    "bronchopulmonary "
    "dysplasia: a phase III trial",
    "acronym": "NEuroSIS",
    "secondary_ids": ["Grand_Award_Health-F5_2009-223060", "NCT01035190"],
    "conditions": ["Bronchopulmonary dysplasia"],
    "study_type": "interventional",
    "design": "rct",
    "allocation": "randomized",
    "model": "parallel",
    "control": "placebo",
    "purpose": "treatment",
    "phase": "3",
    "status": "completed",
    "status_as_of": "2026-03-08",
    "dates": {
        "start": {"on": "2010-04-01", "type": "actual"},
        "completion": {"on": "2012-03-31", "type": "actual"},
    },
    "countries": ["CZ", "DE", "FI", "FR", "GB", "IL", "NL"],
    "enrollment": {"planned": 850},
    "eligibility": {"sex": "all"},
    "sponsor": None,
    "interventions.0.name": "Budesonide",
    "outcomes.0.definition": "Combination of BPD or death at 36 weeks gestational age",
    "outcomes.1.definition": "All cause mortality at 36 weeks gestational age",
    "outcomes.13.definition": "Infants requiring re-intubation",
    "outcomes.14": None,
}
MINT = {
    "scientific_title": "The use of milrinone in neonates with persistent pulmonary hypertension of the "
    "newborn: a "
    "randomised controlled trial pilot study",
    "secondary_ids": ["2014-002988-16", "MINT-2014-01"],
    "status": "terminated",
    "why_stopped": "Participant recruitment issue",
    "masking": "double",
    "enrollment": {"planned": 20, "enrolled": 9},
    "countries": ["IE"],
    "dates.completion.on": "2020-02-01",
    "interventions.0.name": "Milrinone",
}


def test_json() -> None:
    (draft,) = read(isrctn.drafts, payload("isrctn_80181452.json")).values()
    check(draft, NEUROSIS)
    assert "completed follows from the dates as of 2026-03-08" in oddities(draft)
    assert "sponsor is only an internal number" in oddities(draft)
    (draft,) = read(isrctn.drafts, payload("isrctn_12949496.json")).values()
    check(draft, MINT)


def test_xml() -> None:
    tree = json.loads(payload("isrctn_12949496.json"))
    tree["trialDescription"]["primaryOutcomes"] = {
        "outcomeMeasure": {"variable": "ALSFRS-R", "method": "Scale", "timepoints": "24 weeks"}
    }
    tree["trialDescription"]["primaryOutcome"] = ""
    tree["externalRefs"]["irasNumber"] = "1005191"
    data = as_xml(
        tree,
        'lastUpdated="2022-11-18T15:09:37.845816062Z" version="12"',
        "<contact><title>Dr</title><surname>Doe</surname><contactDetails><email>d@x.org</email></contactDetails>"
        '</contact><sponsor id="a"><organisation>University College Cork</organisation>'
        "<sponsorType>University/education</sponsorType></sponsor>"
        '<sponsor id="b"><organisation>Another</organisation></sponsor>'
        '<funder id="c"><name>EU</name></funder>',
    ).replace(b"<gender>", b'<lowerAgeLimit unit="years" value="18.0">18 Years</lowerAgeLimit><gender>')
    (draft,) = read(isrctn.drafts, data).values()
    check(
        draft,
        MINT
        | {
            "secondary_ids": ["2014-002988-16", "IRAS 1005191", "MINT-2014-01"],
            "status_as_of": "2022-11-18",
            "dates.registered": {"on": "2015-03-19", "type": "actual"},
            "sponsor": {
                "name": "University College Cork",
                "class": "academic",
                "collaborators": [{"name": "Another"}],
                "funders": [{"name": "EU"}],
            },
            "eligibility": {"age": [18], "sex": "all"},
            "outcomes.0.instrument": "ALSFRS-R",
            "outcomes.0.at": "24w",
        },
    )
    assert "Doe" not in json.dumps(draft.copy)
    assert isrctn.is_mine(data[:4096])
    again = json.dumps(draft.copy).encode()
    assert isrctn.is_mine(again)
    assert read(isrctn.drafts, again)[draft.registry_id].values == draft.values


@pytest.mark.parametrize(
    ("as_of", "override", "status"),
    [
        ("2010-01-01", "", "not_yet_recruiting"),
        ("2011-01-01", "", "recruiting"),
        ("2012-03-31", "", "recruiting"),
        ("2012-04-01", "", "completed"),
        ("2011-01-01", "Suspended", "suspended"),
        ("2011-01-01", "Stopped", "terminated"),
        ("2010-01-01", "Stopped", "withdrawn"),
    ],
)
def test_the_status_follows_from_dates(as_of: str, override: str, status: str) -> None:
    tree = json.loads(payload("isrctn_80181452.json"))
    tree["trialDesign"]["overallStatusOverride"] = override
    (draft,) = read(isrctn.drafts, as_xml(tree, f'lastUpdated="{as_of}T00:00:00Z"', "")).values()
    assert draft.values["status"] == status
    assert draft.values["status_as_of"] == as_of


def test_the_end_of_recruitment() -> None:
    tree = json.loads(payload("isrctn_80181452.json"))
    tree["trialDesign"]["overallEndDate"] = "2015-01-01T00:00:00.000Z"
    (draft,) = read(isrctn.drafts, as_xml(tree, 'lastUpdated="2013-01-01"', "")).values()
    assert draft.values["status"] == "active_not_recruiting"
    assert draft.values["dates"]["completion"] == {"on": "2015-01-01", "type": "estimated"}


def test_a_newer_form_of_the_design() -> None:
    tree = json.loads(payload("isrctn_80181452.json"))
    tree["trialDesign"] |= {
        "studyDesign": "",
        "secondaryStudyDesign": "Not applicable",
        "trialTypes": "",
        "interventionalTrialDesign": {
            "allocation": "Non-randomized controlled trial",
            "masking": "Open (masking not used)",
            "control": "Active",
            "assignment": "Parallel",
            "purposes": {"purpose": "Supportive care"},
        },
    }
    (draft,) = read(isrctn.drafts, json.dumps(tree).encode()).values()
    check(
        draft,
        {
            "design": "nrct",
            "allocation": "non_randomized",
            "masking": "none",
            "model": "parallel",
            "control": "active",
            "purpose": "supportive_care",
        },
    )


def test_what_cannot_be_read_is_said() -> None:
    tree = json.loads(payload("isrctn_80181452.json"))
    assert unreadable(isrctn.drafts, json.dumps(tree | {"isrctn": "8018"}).encode()) == [
        "entry 1: “8018” is no ISRCTN number"
    ]
    tree.pop("isrctn")
    assert unreadable(isrctn.drafts, json.dumps(tree).encode()) == ["entry 1: has no isrctn"]
    data = as_xml(json.loads(payload("isrctn_80181452.json")), "", "")
    assert "is cut" in unreadable(isrctn.drafts, data[:-40])[0]
    bomb = data.replace(b"<allTrials", b'<!DOCTYPE a [<!ENTITY b "c">]><allTrials', 1)
    assert "declares XML entities" in unreadable(isrctn.drafts, bomb)[0]
    nested = data.replace(b"<acronym>NEuroSIS</acronym>", b"<a>" * 500 + b"</a>" * 500)
    assert "nested deeper" in unreadable(isrctn.drafts, nested)[0]


def test_missing_parts_are_no_crash() -> None:
    whole = json.loads(payload("isrctn_80181452.json"))
    for name in whole:
        if name != "isrctn":
            for value in ("", None, [], {}, "text", [{}]):
                (draft,) = read(isrctn.drafts, json.dumps(whole | {name: value}).encode()).values()
                assert isinstance(draft, Draft)


def test_is_mine() -> None:
    assert isrctn.is_mine(payload("isrctn_80181452.json")[:4096])
    for name in ("who_rebec.xml", "who_tctr.json", "ictrp.xml", "ictrp.csv", "ctis_2022.json", "euctr.txt"):
        assert not isrctn.is_mine(payload(name)[:4096])
