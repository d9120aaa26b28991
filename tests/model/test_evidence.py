"""The honest line, computed from small records."""

from __future__ import annotations

from typing import Any

import pytest

from alscli.model.evidence import Evidence, assess
from alscli.model.provenance import Ref
from alscli.model.trial import Trial

REFS = [
    {"key": "paper", "kind": "article", "doi": "10.1000/x"},
    {"key": "news", "kind": "press", "url": "https://example.org/"},
    {"key": "review", "kind": "review", "doi": "10.1000/y"},
    {"key": "protocol", "kind": "protocol", "doi": "10.1000/z"},
    {"key": "talk", "kind": "abstract", "doi": "10.1000/w"},
]


def trial(**values: Any) -> Trial:
    small = {
        "schema": 1,
        "id": "small",
        "title": "A small record",
        "registry_id": "NCT03280056",
        "conditions": ["ALS"],
        "study_type": "interventional",
        "design": "rct",
        "phase": "3",
        "status": "completed",
        "status_as_of": "2024",
        "src": "registry",
        "screening": {"decision": "include"},
        "refs": REFS,
    }
    return Trial.model_validate(small | values)


def outcome(role: str = "primary", result: str | None = None, **values: Any) -> dict[str, Any]:
    stated = {"result": result} if result else {}
    return {"id": values.pop("id", role), "role": role, **stated, **values}


def evidence(*outcomes: dict[str, Any], **values: Any) -> Evidence:
    named = [each | {"id": f"o{number}"} for number, each in enumerate(outcomes)]
    return assess(trial(outcomes=named, **values))


# -- the five lines of the record format -------------------------------------------------------------


def test_nurown_phase3() -> None:
    found = evidence(outcome("primary", "not_met", src="paper"), allocation="randomized", masking="quadruple")
    assert found.line == "OCEBM 2 · RCT, quadruple-masked · peer-reviewed · primary endpoint not met"


def test_alsummit() -> None:
    found = evidence(outcome("primary", "not_met", src="news"), masking="quadruple")
    assert found.line == "OCEBM – · RCT, quadruple-masked · press release · primary endpoint not met"


def test_sev_intranasal() -> None:
    found = evidence(outcome("primary", "pending"), masking="double", status="recruiting")
    assert found.line == "no result yet · RCT, double-masked · primary endpoint pending"


def test_shigematsu_case() -> None:
    found = assess(
        trial(
            design="case_report",
            masking="none",
            src="paper",
            safety=[{"n": 1, "deaths": 0, "statement": "No serious event."}],
        )
    )
    assert found.line == "OCEBM 4 · case report (n = 1) · peer-reviewed · no primary endpoint recorded"


def test_words_on_safety_without_a_count_are_no_result() -> None:
    found = assess(trial(design="single_arm", src="paper", safety=[{"statement": "Well tolerated."}]))
    assert found.line == "no result recorded · single arm · no primary endpoint recorded"


def test_an_entry_without_posted_results_tells_the_plan_not_the_result() -> None:
    both = outcome("primary", "not_met", src=["news", "registry"])
    assert evidence(both, registry_id="NCT01234567").publication == "press release"
    posted = {"dates": {"results_posted": {"on": "2024-02"}}}
    assert evidence(both, registry_id="NCT01234567", **posted).publication == "registry results"


def test_petrou_2021() -> None:
    found = evidence(
        outcome("primary", "descriptive", instrument="adverse-events", src="paper"),
        outcome("primary", "nominal", src="paper"),
        design="single_arm",
        masking="none",
    )
    assert found.line == (
        "OCEBM 4 · single arm, open label · peer-reviewed · 2 primary endpoints: 1 safety reported, 1 nominal"
    )
    assert found.primary == "mixed"
    assert found.primaries == ("descriptive", "nominal")


# -- level -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "level"),
    [
        ({"design": "rct"}, 2),
        ({"design": "rct", "allocation": "randomized"}, 2),
        ({"design": "rct", "allocation": "not_reported"}, 2),
        ({"design": "dose_escalation", "allocation": "randomized"}, 2),
        ({"design": "rct", "allocation": "non_randomized"}, 4),
        ({"design": "nrct"}, 3),
        ({"design": "single_arm", "control": "standard_care"}, 3),
        ({"design": "single_arm", "control": "external"}, 4),
        ({"design": "dose_escalation", "control": "dose"}, 4),
        ({"design": "external_control"}, 4),
        ({"design": "cohort"}, 4),
        ({"design": "case_series"}, 4),
    ],
)
def test_the_level_follows_from_the_design_alone(values: dict[str, str], level: int) -> None:
    for result in ("met", "not_met"):
        assert evidence(outcome("primary", result, src="paper"), **values).level == level


# -- publication -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("src", "publication", "level"),
    [
        ("paper", "peer-reviewed", 2),
        ("registry", "registry results", 2),
        ("talk", "conference abstract", 2),
        ("news", "press release", None),
        ("review", "secondary sources only", None),
        (["news", "paper"], "peer-reviewed", 2),
        ("nobody-knows", "secondary sources only", None),
    ],
)
def test_the_best_kind_of_the_sources_that_the_result_cites(
    src: str | list[str], publication: str, level: int | None
) -> None:
    found = evidence(outcome("primary", "met", src=src))
    assert (found.publication, found.level) == (publication, level)


def test_references_that_no_result_cites_do_not_count() -> None:
    found = evidence(outcome("primary", "met", src="news"), outcome("secondary", "met", src="paper"))
    assert found.publication == "press release"
    assert found.line.startswith("OCEBM –")


def test_without_a_primary_result_any_result_counts() -> None:
    assert evidence(outcome("secondary", "met", src="paper")).publication == "peer-reviewed"
    found = evidence(outcome("primary", "not_reported"), outcome("secondary", "met", src="talk"))
    assert found.line.endswith("conference abstract · primary endpoint not reported")


def test_the_ledger_s_references_and_the_record_s_own_before_them() -> None:
    shared = {key: Ref(key=key, kind="article") for key in ("seed", "news")}
    named = trial(outcomes=[outcome("primary", "met", src="seed")])
    assert assess(named, shared).publication == "peer-reviewed"
    assert (
        assess(trial(outcomes=[outcome("primary", "met", src="news")]), shared).publication == "press release"
    )


def test_a_fact_without_a_source_takes_that_of_the_record() -> None:
    assert evidence(outcome("primary", "met"), src="paper").publication == "peer-reviewed"
    assert evidence(outcome("primary", "met")).publication == "registry results"


# -- what counts as a result -------------------------------------------------------------------------


@pytest.mark.parametrize("result", ["pending", "not_reported", "not_applicable"])
def test_no_result(result: str) -> None:
    # What is stated as without a result stays so, whatever numbers stand below it.
    found = evidence(outcome("primary", result, values=[{"value": 5}]))
    assert not found.reported
    assert found.line.startswith("no result recorded · ")


@pytest.mark.parametrize(
    ("status", "words"),
    [
        *((status, "no result yet") for status in ("not_yet_recruiting", "recruiting", "suspended")),
        *((status, "no result recorded") for status in ("completed", "withdrawn", "unknown", "available")),
    ],
)
def test_results_are_awaited_while_a_trial_goes_on(status: str, words: str) -> None:
    assert assess(trial(status=status)).line.startswith(f"{words} · ")


def test_numbers_are_a_result() -> None:
    assert evidence(outcome("primary", values=[{"value": 5}])).reported
    assert evidence(outcome("primary", effects=[{"p": "<0.05"}])).reported
    assert not evidence(outcome("primary", values=[{"value": "not_reported"}])).reported
    assert not evidence(outcome("primary")).reported
    assert evidence(outcome("primary")).primary_words == "primary endpoint without a recorded result"


@pytest.mark.parametrize("extra", [{"subgroup": {"label": "mild"}}, {}])
@pytest.mark.parametrize("role", ["secondary", "other_prespecified", "post_hoc", "unspecified"])
def test_a_subgroup_or_later_analysis_never_decides(role: str, extra: dict[str, Any]) -> None:
    alone = evidence(outcome("primary", "not_met", src="paper"))
    with_more = evidence(
        outcome("primary", "not_met", src="paper"), outcome(role, "met", src="paper", **extra)
    )
    assert with_more == alone


def test_several_primaries_of_one_result() -> None:
    found = evidence(outcome("primary", "not_met", src="paper"), outcome("primary", "not_met", src="paper"))
    assert found.primary == "not_met"
    assert found.primary_words == "2 primary endpoints: not met"


@pytest.mark.parametrize("absent", ["not_reported", "not_applicable"])
def test_absent_lists(absent: str) -> None:
    found = assess(trial(outcomes=absent, safety=absent, masking=absent))
    assert found.line == "no result recorded · RCT · no primary endpoint recorded"
