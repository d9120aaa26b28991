"""ClinicalTrials.gov: real studies beside what their records must say, written by hand from the payloads."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from alscli.model.format import MODELS, schema_comment, shape_of
from alscli.model.vocabulary import shipped
from alscli.registries import ctgov, ctgov_csv, reading
from alscli.registries.draft import Draft, Unreadable
from alscli.store.canonical import dump

PAYLOADS = Path(__file__).parent / "payloads"
LEGACY = sorted((PAYLOADS / "ctgov_legacy").glob("*.json"))


def drafts(path: Path) -> dict[str, Draft]:
    found = list(reading.read(path))
    assert not [each for each in found if isinstance(each, Unreadable)]
    return {each.registry_id: each for each in found if isinstance(each, Draft)}


@pytest.fixture(scope="module")
def legacy() -> dict[str, Draft]:
    return {number: draft for path in LEGACY for number, draft in drafts(path).items()}


@pytest.fixture(scope="module")
def from_zip() -> dict[str, Draft]:
    return drafts(PAYLOADS / "ctgov_sample.zip")


@pytest.fixture(scope="module")
def from_csv() -> dict[str, Draft]:
    return drafts(PAYLOADS / "ctgov_sample.csv")


def study(**modules: Any) -> dict[str, Any]:
    """A study of which only what a test is about is said."""
    least = {
        "identificationModule": {"nctId": "NCT00000001", "briefTitle": "A study"},
        "statusModule": {"overallStatus": "RECRUITING", "statusVerifiedDate": "2026-01"},
        "designModule": {"studyType": "INTERVENTIONAL"},
    }
    return {"protocolSection": least | modules}


def read(payload: dict[str, Any]) -> Draft:
    found = ctgov.draft(payload, "test")
    assert isinstance(found, Draft)
    return found


# -- twins ------------------------------------------------------------------------------------------


def test_the_zip_and_its_csv_twin_say_the_same(
    from_zip: dict[str, Draft], from_csv: dict[str, Draft]
) -> None:
    assert len(from_zip) == 80
    assert set(from_zip) == set(from_csv)
    for number, draft in from_zip.items():
        ours, twin = draft.values, from_csv[number].values
        for key in ("title", "acronym", "status", "status_as_of", "phase", "study_type", "conditions"):
            assert ours.get(key) == twin.get(key), (number, key)
        for key in ("allocation", "model", "masking", "masked", "purpose", "countries", "sites"):
            assert ours.get(key) == twin.get(key), (number, key)
        assert [*ours.get("enrollment", {}).values()] == [*twin.get("enrollment", {}).values()], number
        for key in ("start", "primary_completion", "completion", "results_posted"):
            dates = [each.get("dates", {}).get(key, {}).get("on") for each in (ours, twin)]
            assert dates[0] == dates[1], (number, key)


def test_every_value_has_a_place_in_the_payload(from_zip: dict[str, Draft]) -> None:
    for draft in from_zip.values():
        assert leaves(draft.values) - {"schema"} == set(draft.paths)
        for place in draft.paths.values():
            assert find(draft.copy, place) is not None, place


def leaves(values: dict[str, Any]) -> set[str]:
    def walk(node: Any, at: str) -> Iterator[str]:
        if isinstance(node, dict):
            for key, each in node.items():
                yield from walk(each, f"{at}.{key}" if at else key)
        elif isinstance(node, list) and node and isinstance(node[0], dict):
            for number, each in enumerate(node):
                yield from walk(each, f"{at}.{number}")
        else:
            yield at

    return set(walk(values, ""))


def find(payload: Any, path: str) -> Any:
    for key in path.split("."):
        payload = payload[int(key)] if isinstance(payload, list) else payload.get(key)
        if payload is None:
            return None
    return payload


# -- records ----------------------------------------------------------------------------------------


def test_every_draft_is_a_record_of_the_format(legacy: dict[str, Draft], from_zip: dict[str, Draft]) -> None:
    for draft in (*legacy.values(), *from_zip.values(), *drafts(PAYLOADS / "ctgov_results.json").values()):
        values = draft.values | {"screening": {"decision": "undecided"}}
        model = MODELS["trial"].model_validate(values, context={"vocabularies": shipped()})
        assert model.registry_id == draft.registry_id  # type: ignore[attr-defined]


def test_the_records_pass_the_check_without_error(
    legacy: dict[str, Draft], from_zip: dict[str, Draft], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from alscli.cli import main

    (tmp_path / "trials").mkdir()
    (tmp_path / "alscli.toml").write_text('schema = 1\nname = "test"\n')
    for draft in (*legacy.values(), *from_zip.values()):
        values = draft.values | {"screening": {"decision": "undecided"}}
        text = dump(values, shape_of(MODELS["trial"]), schema_comment("trial"))
        (tmp_path / "trials" / f"{draft.values['id']}.toml").write_text(text, encoding="utf-8")
    arguments = [
        "--records",
        str(tmp_path),
        "--as-of",
        "2026-11-22",
        "validate",
        "--no-cache",
        "--format",
        "json",
    ]
    main(arguments)
    found = json.loads(capsys.readouterr().out)
    findings = found if isinstance(found, list) else found["findings"]
    assert findings
    assert [each for each in findings if each["severity"] == "error"] == []


# Written by hand from the payloads: phase, status, its date, design, people, start, completion, registered,
# age, countries, masking, arms with their roles, number of primary and secondary outcomes.
EXPECTED: dict[str, dict[str, Any]] = {
    "NCT01051882": {
        "phase": "1/2",
        "status": "completed",
        "status_as_of": "2019-01-10",
        "design": "nrct",
        "enrollment": {"enrolled": 12},
        "start": {"on": "2011-06"},
        "completion": {"on": "2013-03", "type": "actual"},
        "registered": {"on": "2010-01-17", "type": "actual"},
        "age": [20, 75],
        "countries": ["IL"],
        "masking": "none",
        "arms": [("msc-ntf-cells-im", "experimental"), ("msc-ntf-cells-it", "experimental")],
        "outcomes": (2, 8),
        "conditions": ["ALS"],
        "sponsor": "industry",
    },
    "NCT01142856": {
        "phase": "1",
        "status": "completed",
        "status_as_of": "2012-05-03",
        "design": "single_arm",
        "enrollment": {"enrolled": 1},
        "start": {"on": "2010-06"},
        "completion": {"on": "2011-04", "type": "actual"},
        "registered": {"on": "2010-06-10", "type": "actual"},
        "age": [18],
        "countries": ["US"],
        "masking": "none",
        "arms": [("all", None)],
        "outcomes": (1, 1),
        "conditions": ["ALS"],
        "sponsor": None,
    },
    "NCT01494480": {
        "phase": "2",
        "status": "unknown",
        "status_as_of": "2012-06-20",
        "design": "single_arm",
        "enrollment": {"planned": 30},
        "start": {"on": "2012-03"},
        "completion": {"on": "2015-04", "type": "estimated"},
        "registered": {"on": "2011-12-07", "type": "actual"},
        "age": [20, 65],
        "countries": ["CN"],
        "masking": "none",
        "arms": [("stem-cell-transplantation", "experimental")],
        "outcomes": (2, 3),
        "conditions": ["ALS"],
        "sponsor": None,
    },
    "NCT01609283": {
        "phase": "1",
        "status": "completed",
        "status_as_of": "2019-09-03",
        "design": "dose_escalation",
        "enrollment": {"enrolled": 27},
        "start": {"on": "2012-05"},
        "completion": {"on": "2019-01-31", "type": "actual"},
        "registered": {"on": "2012-05-18", "type": "actual"},
        "age": [18],
        "countries": ["US"],
        "masking": "none",
        "arms": [("autologous-mesenchymal-stem-cells", "experimental")],
        "outcomes": (1, 7),
        "conditions": ["ALS"],
        "sponsor": None,
    },
    "NCT01771640": {
        "phase": "1",
        "status": "completed",
        "status_as_of": "2018-03-07",
        "design": "single_arm",
        "enrollment": {"enrolled": 8},
        "start": {"on": "2013-08"},
        "completion": {"on": "2014-12", "type": "actual"},
        "registered": {"on": "2013-01-16", "type": "actual"},
        "age": [18, 65],
        "countries": ["IR"],
        "masking": "none",
        "arms": [("stem-cell-reciepient", "experimental")],
        "outcomes": (3, 2),
        "conditions": ["ALS"],
        "sponsor": "government",
    },
    "NCT02017912": {
        "phase": "2",
        "status": "completed",
        "status_as_of": "2018-07-18",
        "design": "rct",
        "enrollment": {"enrolled": 48},
        "start": {"on": "2014-05"},
        "completion": {"on": "2016-07", "type": "actual"},
        "registered": {"on": "2013-12-17", "type": "actual"},
        "age": [18, 75],
        "countries": ["US"],
        "masking": "triple",
        "arms": [("autologous-msc-ntf-cells", "active_comparator"), ("excipient", "placebo_comparator")],
        "outcomes": (1, 2),
        "conditions": ["ALS"],
        "sponsor": "industry",
    },
    "NCT02290886": {
        "phase": "1/2",
        "status": "completed",
        "status_as_of": "2022-04-06",
        "design": "rct",
        "enrollment": {"enrolled": 52},
        "start": {"on": "2014-07", "type": "actual"},
        "completion": {"on": "2022-03-02", "type": "actual"},
        "registered": {"on": "2014-10-09", "type": "actual"},
        "age": [18],
        "countries": ["ES"],
        "masking": "triple",
        "arms": [
            ("placebo", "placebo_comparator"),
            ("1-million-of-msc", "experimental"),
            ("2-million-of-msc", "experimental"),
            ("4-million-of-msc", "experimental"),
        ],
        "outcomes": (3, 6),
        "conditions": ["ALS"],
        "sponsor": None,
    },
    "NCT03268603": {
        "phase": "2",
        "status": "recruiting",
        "status_as_of": "2022-02-16",
        "design": "single_arm",
        "enrollment": {"planned": 60},
        "start": {"on": "2017-10-10", "type": "actual"},
        "completion": {"on": "2022-12", "type": "estimated"},
        "registered": {"on": "2017-08-30", "type": "actual"},
        "age": [18],
        "countries": ["US"],
        "masking": "none",
        "arms": [("mesenchymal-stromal-cells", "experimental")],
        "outcomes": (1, 1),
        "conditions": ["ALS"],
        "sponsor": None,
    },
    "NCT03280056": {
        "phase": "3",
        "status": "completed",
        "status_as_of": "2021-10-06",
        "design": "rct",
        "enrollment": {"enrolled": 263},
        "start": {"on": "2017-08-28", "type": "actual"},
        "completion": {"on": "2020-10-30", "type": "actual"},
        "registered": {"on": "2017-08-29", "type": "actual"},
        "age": [18, 60],
        "countries": ["US"],
        "masking": "quadruple",
        "arms": [("nurown-msc-ntf-cells", "active_comparator"), ("placebo", "placebo_comparator")],
        "outcomes": (1, 1),
        "conditions": ["ALS"],
        "sponsor": "industry",
    },
    "NCT04514952": {
        "phase": "na",
        "status": "no_longer_available",
        "status_as_of": "2022-09-26",
        "design": "expanded_access",
        "enrollment": None,
        "start": None,
        "completion": None,
        "registered": {"on": "2020-08-12", "type": "actual"},
        "age": None,
        "countries": ["US"],
        "masking": None,
        "arms": [("all", None)],
        "outcomes": (0, 0),
        "conditions": ["ALS"],
        "sponsor": None,
    },
    "NCT04745299": {
        "phase": "3",
        "status": "recruiting",
        "status_as_of": "2022-03-09",
        "design": "rct",
        "enrollment": {"planned": 115},
        "start": {"on": "2021-03-23", "type": "actual"},
        "completion": {"on": "2026-05-03", "type": "estimated"},
        "registered": {"on": "2021-01-27", "type": "actual"},
        "age": [25, 75],
        "countries": ["KR"],
        "masking": "quadruple",
        "arms": [
            ("single-cycle-administration-group", "experimental"),
            ("multiple-administation-group", "experimental"),
            ("control-group", "placebo_comparator"),
        ],
        "outcomes": (1, 3),
        "conditions": ["ALS"],
        "sponsor": "industry",
    },
    "NCT05003921": {
        "phase": "1",
        "status": "suspended",
        "status_as_of": "2022-10-07",
        "design": "single_arm",
        "enrollment": {"planned": 20},
        "start": {"on": "2022-12", "type": "estimated"},
        "completion": {"on": "2025-09", "type": "estimated"},
        "registered": {"on": "2021-08-06", "type": "actual"},
        "age": None,
        "countries": ["AG"],
        "masking": "none",
        "arms": [("treatment-group", "experimental")],
        "outcomes": (1, 1),
        "conditions": ["ALS"],
        "sponsor": None,
    },
}


@pytest.mark.parametrize("number", EXPECTED)
def test_a_real_study_gives_what_a_person_reads_in_it(number: str, legacy: dict[str, Draft]) -> None:
    values = legacy[number].values
    dates = values.get("dates", {})
    roles = [each["role"] for each in values.get("outcomes", [])]
    plain = ("phase", "status", "status_as_of", "design", "enrollment", "countries", "masking", "conditions")
    found = {key: values.get(key) for key in plain}
    found |= {key: dates.get(key) for key in ("start", "completion", "registered")}
    found["age"] = values.get("eligibility", {}).get("age")
    found["arms"] = [(each["id"], each.get("role")) for each in values.get("arms", [])]
    found["outcomes"] = (roles.count("primary"), roles.count("secondary"))
    found["sponsor"] = values["sponsor"].get("class")
    assert found == EXPECTED[number]


def test_arms_name_what_they_are_given_and_a_placebo_names_nothing(legacy: dict[str, Draft]) -> None:
    given = {arm["id"]: arm.get("given") for arm in legacy["NCT04745299"].values["arms"]}
    assert given == {
        "single-cycle-administration-group": [
            {"intervention": "lenzumestrocel"},
            {"intervention": "riluzole"},
        ],
        "multiple-administation-group": [{"intervention": "lenzumestrocel"}, {"intervention": "riluzole"}],
        "control-group": [{"intervention": "riluzole"}],
    }


def test_the_one_intervention_of_a_flat_study_goes_to_the_arms_that_it_names() -> None:
    flat = {
        "NCTId": ["NCT00000001"],
        "BriefTitle": ["A study"],
        "StudyType": ["Interventional"],
        "InterventionType": ["Biological"],
        "InterventionName": ["Cells"],
        "InterventionArmGroupLabel": ["Treated"],
        "ArmGroupLabel": ["Treated", "Control"],
        "ArmGroupInterventionName": ["Biological: Cells"],
    }
    (draft,) = reading.read(json.dumps(flat).encode())
    assert isinstance(draft, Draft)
    assert [arm.get("given") for arm in draft.values["arms"]] == [[{"intervention": "cells"}], None]


def test_the_places_of_a_flat_study_are_its_own_fields(legacy: dict[str, Draft]) -> None:
    draft = legacy["NCT03280056"]
    assert draft.paths["enrollment.enrolled"] == "EnrollmentCount"
    assert draft.paths["dates.start.on"] == "StartDate"
    assert draft.paths["arms.1.label"] == "ArmGroupLabel.1"
    assert draft.copy["EnrollmentCount"] == ["263"]


def test_a_draft_reads_the_same_from_its_copy(
    legacy: dict[str, Draft], from_zip: dict[str, Draft], from_csv: dict[str, Draft]
) -> None:
    for draft in (*legacy.values(), *[*from_zip.values()][:20], *[*from_csv.values()][:20]):
        (again,) = reading.read(json.dumps(draft.copy).encode())
        assert again == draft


# -- posted results ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def posted() -> Draft:
    (draft,) = drafts(PAYLOADS / "ctgov_results.json").values()
    return draft


# The same study as the API gave it before 2024, as far as it is read: names from the table of piece names at
# https://clinicaltrials.gov/data-api/about-api/study-data-structure.
BEFORE = {
    "ProtocolSection": {
        "IdentificationModule": {"NCTId": "NCT00000001", "BriefTitle": "A study"},
        "StatusModule": {"OverallStatus": "Completed", "StatusVerifiedDate": "March 2020"},
        "DesignModule": {"StudyType": "Interventional"},
        "ConditionsModule": {"ConditionList": {"Condition": ["ALS"]}},
        "ArmsInterventionsModule": {
            "ArmGroupList": {
                "ArmGroup": [
                    {"ArmGroupLabel": "Cells", "ArmGroupType": "Experimental"},
                    {"ArmGroupLabel": "Saline", "ArmGroupType": "Placebo Comparator"},
                ]
            }
        },
        "OutcomesModule": {
            "PrimaryOutcomeList": {
                "PrimaryOutcome": [
                    {"PrimaryOutcomeMeasure": "Change in ALSFRS-R", "PrimaryOutcomeTimeFrame": "28 weeks"}
                ]
            }
        },
    },
    "ResultsSection": {
        "OutcomeMeasuresModule": {
            "OutcomeMeasureList": {
                "OutcomeMeasure": [
                    {
                        "OutcomeMeasureType": "Primary",
                        "OutcomeMeasureTitle": "Change in ALSFRS-R",
                        "OutcomeMeasureReportingStatus": "Posted",
                        "OutcomeMeasureParamType": "Least Squares Mean",
                        "OutcomeMeasureDispersionType": "Standard Error",
                        "OutcomeMeasureUnitOfMeasure": "score on a scale",
                        "OutcomeMeasureTimeFrame": "28 weeks",
                        "OutcomeGroupList": {
                            "OutcomeGroup": [
                                {"OutcomeGroupId": "OG000", "OutcomeGroupTitle": "Cells"},
                                {"OutcomeGroupId": "OG001", "OutcomeGroupTitle": "Saline"},
                            ]
                        },
                        "OutcomeDenomList": {
                            "OutcomeDenom": [
                                {
                                    "OutcomeDenomUnits": "Participants",
                                    "OutcomeDenomCountList": {
                                        "OutcomeDenomCount": [
                                            {
                                                "OutcomeDenomCountGroupId": "OG000",
                                                "OutcomeDenomCountValue": "95",
                                            },
                                            {
                                                "OutcomeDenomCountGroupId": "OG001",
                                                "OutcomeDenomCountValue": "94",
                                            },
                                        ]
                                    },
                                }
                            ]
                        },
                        "OutcomeClassList": {
                            "OutcomeClass": [
                                {
                                    "OutcomeCategoryList": {
                                        "OutcomeCategory": [
                                            {
                                                "OutcomeMeasurementList": {
                                                    "OutcomeMeasurement": [
                                                        {
                                                            "OutcomeMeasurementGroupId": "OG000",
                                                            "OutcomeMeasurementValue": "-5.52",
                                                            "OutcomeMeasurementSpread": "0.67",
                                                        },
                                                        {
                                                            "OutcomeMeasurementGroupId": "OG001",
                                                            "OutcomeMeasurementValue": "-5.88",
                                                            "OutcomeMeasurementSpread": "0.67",
                                                        },
                                                    ]
                                                }
                                            }
                                        ]
                                    }
                                }
                            ]
                        },
                        "OutcomeAnalysisList": {
                            "OutcomeAnalysis": [
                                {
                                    "OutcomeAnalysisGroupIdList": {
                                        "OutcomeAnalysisGroupId": ["OG000", "OG001"]
                                    },
                                    "OutcomeAnalysisPValue": "0.693",
                                    "OutcomeAnalysisStatisticalMethod": "ANCOVA",
                                    "OutcomeAnalysisParamType": "Mean Difference (Final Values)",
                                    "OutcomeAnalysisParamValue": "0.36",
                                    "OutcomeAnalysisCIPctValue": "95",
                                    "OutcomeAnalysisCILowerLimit": "-1.43",
                                    "OutcomeAnalysisCIUpperLimit": "2.15",
                                }
                            ]
                        },
                    }
                ]
            }
        },
        "AdverseEventsModule": {
            "EventGroupList": {
                "EventGroup": [
                    {
                        "EventGroupId": "EG000",
                        "EventGroupTitle": "Cells",
                        "EventGroupDeathsNumAffected": "10",
                        "EventGroupSeriousNumAffected": "23",
                        "EventGroupSeriousNumAtRisk": "95",
                    },
                    {
                        "EventGroupId": "EG001",
                        "EventGroupTitle": "Saline",
                        "EventGroupDeathsNumAffected": "2",
                        "EventGroupSeriousNumAffected": "many",
                        "EventGroupSeriousNumAtRisk": "94",
                    },
                ]
            }
        },
    },
}


def test_posted_results_of_the_api_before() -> None:
    (draft,) = reading.read(json.dumps({"Study": BEFORE}).encode())
    assert isinstance(draft, Draft)
    (outcome,) = draft.values["outcomes"]
    assert outcome == {
        "id": "alsfrs-r",
        "role": "primary",
        "instrument": "ALSFRS-R",
        "definition": "Change in ALSFRS-R",
        "at": "28w",
        "stat": "ls_mean",
        "unit": "score on a scale",
        "values": [
            {"arm": "cells", "n": 95, "value": Decimal("-5.52"), "se": Decimal("0.67")},
            {"arm": "saline", "n": 94, "value": Decimal("-5.88"), "se": Decimal("0.67")},
        ],
        "effects": [
            {
                "arm": "cells",
                "vs": "saline",
                "type": "md",
                "est": Decimal("0.36"),
                "ci": [Decimal("-1.43"), Decimal("2.15")],
                "p": Decimal("0.693"),
                "method": "ANCOVA",
            }
        ],
    }
    assert draft.values["safety"] == [
        {"arm": "cells", "n": 95, "deaths": 10, "sae_patients": 23},
        {"arm": "saline", "n": 94, "deaths": 2},
    ]
    measure = "Study.ResultsSection.OutcomeMeasuresModule.OutcomeMeasureList.OutcomeMeasure.0"
    assert (
        draft.paths["outcomes.0.effects.0.p"]
        == f"{measure}.OutcomeAnalysisList.OutcomeAnalysis.0.OutcomeAnalysisPValue"
    )
    assert find(draft.copy, draft.paths["outcomes.0.values.1.value"]) == "-5.88"
    for place in draft.paths.values():
        assert find(draft.copy, place) is not None, place
    assert "'many' is no number of people" in "\n".join(each.message for each in draft.oddities)


def test_posted_results_become_values_of_arms(posted: Draft) -> None:
    first, second, third = posted.values["outcomes"]
    arms = [each["id"] for each in posted.values["arms"]]
    drug, control = (next(arm for arm in arms if word in arm) for word in ("lcz696", "enalapril"))
    assert (first["role"], first["at"], first["stat"]) == ("primary", "12w", "ls_mean")
    assert first["values"] == [
        {"arm": drug, "n": 12, "value": Decimal("15.1"), "se": Decimal("2.15")},
        {"arm": control, "n": 13, "value": Decimal("12.2"), "se": Decimal("2.00")},
    ]
    assert str(first["values"][1]["se"]) == "2.00"
    assert second["values"][2] == {
        "arm": drug,
        "at": "12w",
        "n": 9,
        "value": Decimal("-1.4"),
        "sd": Decimal("3.13"),
    }
    assert third["stat"] == "median"
    assert third["values"][1]["iqr"] == [Decimal("-123.50"), Decimal("363.00")]


def test_a_difference_that_the_values_bear_out_is_an_effect(posted: Draft) -> None:
    (effect,) = posted.values["outcomes"][0]["effects"]
    assert "enalapril" in effect["vs"]
    assert effect["type"] == "md"
    assert (effect["est"], effect["p"]) == (Decimal("2.9"), Decimal("0.3432"))
    assert effect["ci"] == [Decimal("-3.29"), Decimal("9.01")]
    assert "result" not in posted.values["outcomes"][0]
    assert posted.values["outcomes"][1]["result"] == "descriptive"


def test_an_estimate_whose_direction_nothing_says_is_left_out() -> None:
    payload = json.loads((PAYLOADS / "ctgov_results.json").read_text("utf-8"))
    analysis = payload["resultsSection"]["outcomeMeasuresModule"]["outcomeMeasures"][0]["analyses"][0]
    analysis |= {"paramType": "Odds Ratio (OR)", "pValue": "<0.001"}
    draft = read(payload)
    (effect,) = draft.values["outcomes"][0]["effects"]
    assert "est" not in effect
    assert effect["p"] == "<0.001"
    assert any("direction is not said" in each.message for each in draft.oddities)


def test_harms_are_counted_by_arm(posted: Draft) -> None:
    first = posted.values["safety"][0]
    assert (first["n"], first["deaths"], first["sae_patients"]) == (13, 0, 1)


@pytest.mark.parametrize(
    ("printed", "p"),
    [
        ("0.45", Decimal("0.45")),
        ("<0.001", "<0.001"),
        ("< .0001", "<0.0001"),
        ("0.010", Decimal("0.010")),
        ("=0.05", Decimal("0.05")),
        ("NS", None),
        ("1.2", None),
        ("", None),
        (None, None),
    ],
)
def test_p_values_keep_their_digits(printed: object, p: object) -> None:
    from alscli.registries.ctgov_results import printed_p

    assert printed_p(printed) == p
    assert str(printed_p(printed)) == str(p)


# -- what the format does not know ------------------------------------------------------------------


def test_enumerations_of_the_future_are_reported_left_out_and_kept_in_the_copy() -> None:
    payload = study(
        statusModule={"overallStatus": "PAUSED_BY_AI", "statusVerifiedDate": "2031-01"},
        designModule={
            "studyType": "SIMULATION",
            "phases": ["PHASE5"],
            "designInfo": {
                "allocation": "QUANTUM",
                "interventionModel": "SPIRAL",
                "maskingInfo": {"masking": "QUINTUPLE", "whoMasked": ["PARTICIPANT", "ROBOT"]},
            },
            "enrollmentInfo": {"count": 3, "type": "HOPED"},
        },
        armsInterventionsModule={
            "armGroups": [{"label": "A", "type": "TWIN", "interventionNames": ["Nanobot: N"]}],
            "interventions": [{"type": "NANOBOT", "name": "N"}],
        },
    )
    before = copy.deepcopy(payload)
    draft = read(payload)
    values = draft.values
    assert not {"allocation", "model", "masking"} & set(values)
    assert values["masked"] == ["participant"]
    assert values["status"] == "unknown"
    assert (values["phase"], values["phase_label"]) == ("na", "PHASE5")
    assert values["interventions"][0]["modality"] == "not_reported"
    assert "role" not in values["arms"][0]
    named = " ".join(each.message for each in draft.oddities)
    for word in ("PAUSED_BY_AI", "SIMULATION", "PHASE5", "QUANTUM", "SPIRAL", "QUINTUPLE", "ROBOT", "HOPED"):
        assert word in named
    assert draft.copy == before == payload
    MODELS["trial"].model_validate(
        values | {"screening": {"decision": "undecided"}}, context={"vocabularies": shipped()}
    )


def test_contacts_are_dropped_and_addresses_in_texts_too() -> None:
    payload = study(
        contactsLocationsModule={
            "centralContacts": [{"name": "Jane Doe", "phone": "555-0100", "email": "jane@example.org"}],
            "overallOfficials": [{"name": "Jane Doe"}],
            "locations": [{"facility": "Clinic", "country": "Italy", "contacts": [{"name": "Jane Doe"}]}],
        },
        sponsorCollaboratorsModule={
            "leadSponsor": {"name": "Clinic", "class": "OTHER"},
            "responsibleParty": {"type": "SPONSOR", "investigatorFullName": "Jane Doe"},
        },
        descriptionModule={"briefSummary": "Write to jane.doe@example.org to take part."},
    )
    draft = read(payload)
    everything = json.dumps([draft.copy, draft.values], default=str)
    for word in ("Jane", "555-0100", "example.org"):
        assert word not in everything
    assert draft.values["countries"] == ["IT"]


def test_withdrawn_studies_have_no_result_and_others_wait_for_theirs() -> None:
    outcomes = {"primaryOutcomes": [{"measure": "ALSFRS-R", "timeFrame": "Baseline, 28 weeks"}]}
    for status, result in (("WITHDRAWN", "not_applicable"), ("RECRUITING", "pending")):
        modules = {"overallStatus": status, "statusVerifiedDate": "2026-01"}
        (outcome,) = read(study(statusModule=modules, outcomesModule=outcomes)).values["outcomes"]
        assert (outcome["instrument"], outcome["at"], outcome["result"]) == ("ALSFRS-R", "28w", result)


@pytest.mark.parametrize(
    ("least", "greatest", "age"),
    [
        ("18 Years", "75 Years", [18, 75]),
        ("18 Years", None, [18]),
        (None, "75 Years", [0, 75]),
        ("6 Months", "12 Months", [Decimal("0.5"), 1]),
        ("N/A", "N/A", None),
        ("80 Years", "18 Years", None),
        ("grown up", None, None),
    ],
)
def test_ages(least: str | None, greatest: str | None, age: object) -> None:
    module = {key: each for key, each in (("minimumAge", least), ("maximumAge", greatest)) if each}
    assert read(study(eligibilityModule=module)).values.get("eligibility", {}).get("age") == age


@pytest.mark.parametrize(
    ("frame", "at"),
    [
        ("28 weeks following the first treatment", "28w"),
        ("Baseline, Week 12", "12w"),
        ("up to 12 months", "0d..12m"),
        ("Baseline", "0d"),
        ("three months", "3m"),
        ("1, 3 and 6 months post treatment", None),
        ("Week 4 and Week 6", None),
        ("through study completion, an average of 1 year", None),
        ("", None),
    ],
)
def test_a_time_frame_is_taken_where_it_says_one_time(frame: str, at: str | None) -> None:
    from alscli.registries.words import moment

    assert moment(frame) == at


def test_the_wrong_shapes_of_json_are_reported_one_by_one() -> None:
    payload = study(
        conditionsModule={"conditions": "ALS"},
        armsInterventionsModule={
            "armGroups": {"label": "A"},
            "interventions": [None, {"name": 3}, {"name": "B"}],
        },
        designModule={"studyType": ["INTERVENTIONAL"], "phases": [1], "enrollmentInfo": {"count": "many"}},
        outcomesModule={"primaryOutcomes": [{"timeFrame": "1 week"}, 4]},
        contactsLocationsModule={"locations": [{"country": 7}, {"country": "Atlantis"}]},
        eligibilityModule=[],
    )
    draft = read(payload)
    assert "enrollment" not in draft.values
    assert "outcomes" not in draft.values
    assert draft.values["sites"] == 2
    assert len(draft.oddities) >= 8


@pytest.mark.parametrize(
    "identity", [None, {}, {"nctId": None}, {"nctId": ["NCT00000001"]}, {"nctId": "NCT1"}, "NCT00000001"]
)
def test_a_study_without_a_number_is_unreadable(identity: object) -> None:
    payload = study()
    payload["protocolSection"]["identificationModule"] = identity
    found = ctgov.draft(payload, "entry 3")
    assert isinstance(found, Unreadable)
    assert found.source == "entry 3"


@pytest.mark.parametrize(
    ("place", "country"),
    [
        ("Clinic, Atlanta, Georgia, 30303, United States", "US"),
        ("Hospital, Seoul, Korea, Republic of", "KR"),
        ("Royan Institute, Tehran, Iran, Islamic Republic of", "IR"),
        ("Queen Mary, Hong Kong, China", "CN"),
    ],
)
def test_the_country_of_a_place_in_a_csv(place: str, country: str) -> None:
    row = {"NCT Number": "NCT00000001", "Study Title": "A", "Locations": place}
    draft = ctgov_csv.draft(row, "row 2")
    assert isinstance(draft, Draft)
    assert draft.values["countries"] == [country]
    assert draft.paths["countries"] == "Locations"
