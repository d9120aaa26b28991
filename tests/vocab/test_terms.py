"""Every term of the design is shipped, and the data keep the laws of a vocabulary."""

from __future__ import annotations

import pytest

from alscli.model.vocabulary import Term, normalize, shipped

CODES = {
    "condition": "ALS CD SLE SSc RA UC psoriasis MS PD SCI stroke AD FTD MSA healthy mixed",
    "subtype": (
        "sporadic familial SOD1 C9orf72 FUS TARDBP VAPB bulbar limb slow_progressor fast_progressor PLS"
    ),
    "cell_type": (
        "MSC BM-MSC MSC-NTF AD-MSC UC-MSC WJ-MSC UCB-MSC PL-MSC DP-MSC Muse NSC fetal-spinal-NSC "
        "fetal-brain-NSC NPC-GDNF iPSC iPSC-MNP iPSC-NPC iPSC-astrocyte iPSC-GPC ESC ESC-astrocyte HSC "
        "MNC BM-MNC PBMC UCB-MNC SVF OEC Treg MSC-EV other-cell"
    ),
    "modality": (
        "cell ev gene aso sirna small_molecule antibody biologic bci exoskeleton device rehabilitation "
        "procedure supplement other"
    ),
    "route": (
        "intrathecal intraspinal intracerebroventricular intracerebral intravenous intramuscular "
        "intranasal intra_arterial epidural subcutaneous oral implanted wearable intracisternal inhaled "
        "transdermal other"
    ),
    "donor": "autologous allogeneic mixed",
    "genetic_modification": "none transduced edited reprogrammed",
    "study_type": "interventional observational expanded_access",
    "design": (
        "rct nrct single_arm dose_escalation external_control cohort surveillance case_series "
        "case_report expanded_access qualitative"
    ),
    "phase": "na early1 1 1/2 2 2/3 3 4",
    "status": (
        "not_yet_recruiting recruiting enrolling_by_invitation active_not_recruiting completed suspended "
        "terminated withdrawn available no_longer_available temporarily_not_available "
        "approved_for_marketing withheld unknown"
    ),
    "allocation": "randomized non_randomized na",
    "model": "single_group parallel crossover factorial sequential",
    "masking": "none single double triple quadruple",
    "masked": "participant care_provider investigator outcomes_assessor",
    "purpose": (
        "treatment prevention diagnostic ect supportive_care screening health_services_research "
        "basic_science device_feasibility other"
    ),
    "control": "placebo sham active standard_care no_treatment dose external none",
    "arm_role": (
        "experimental active_comparator placebo_comparator sham_comparator no_intervention standard_care "
        "external_control other"
    ),
    "outcome_role": "primary secondary other_prespecified post_hoc unspecified",
    "result": "met not_met nominal not_significant descriptive pending not_reported not_applicable",
    "instrument": (
        "ALSFRS-R ALSFRS AALS MRC vital-capacity FVC SVC MIP MEP SNIP CAFS NfL pNfH MCP-1 biomarker "
        "MiToS King's overall-survival HHD grip EIM ALSAQ-40 ECAS CNS-BFS ROADS adverse-events "
        "decode-accuracy WER walk-2min walk-6min intelligibility ROM SF-36 EQ-5D feasibility imaging "
        "electrophysiology pharmacokinetics other"
    ),
    "measure": (
        "score change percent_change slope responder category rank time_to_event survival_rate incidence "
        "qualitative"
    ),
    "matrix": "serum plasma CSF blood urine tissue",
    "population": "itt mitt pp safety completers pooled",
    "stat": "mean ls_mean median geometric_mean count percent",
    "effect_type": "md smd or rr rate_ratio hr rd ratio_gm",
    "dose_unit": "cells cells/kg mg mg/kg vg vg/kg ml IU IU/m2 particles",
    "date_type": "actual estimated unknown",
    "sponsor_class": "industry academic hospital government nonprofit individual unknown",
    "rel": (
        "precursor extension long_term_follow_up expanded_access regimen_of same_participants "
        "same_product healthy_volunteers distinct"
    ),
    "decision": "include undecided",
    "excluded_reason": (
        "not_als not_human not_a_study not_interventional wrong_modality out_of_window no_source "
        "duplicate retracted removed"
    ),
    "excluded_stage": "registry title_abstract full_text",
    "verdict": "unsupported overstated outdated contradicted out_of_scope",
    "ref_kind": (
        "registry protocol article preprint thesis abstract regulator press company funder_report news "
        "review aggregator advocacy seed erratum"
    ),
    "sex": "all female male",
    "event": (
        "ind_submitted ind_accepted ind_cleared ind_amendment cta_authorized nhc_filing clinical_hold "
        "hold_lifted orphan fast_track rmat breakthrough prime care_pilot spa refuse_to_file "
        "filed_over_protest adcom bla_submitted nda_submitted maa_submitted bla_withdrawn maa_withdrawn "
        "crl chmp_opinion priority_review conditional_approval accelerated_approval approval "
        "approval_withdrawn hospital_exemption eap reimbursed topline licence first_dose discontinued "
        "designation_refused variation_submitted"
    ),
    "agency": "FDA EMA EC MHRA NMPA NHC NHSA MFDS PMDA MHLW HC TGA IL-MOH",
    "registration": "none_found not_required not_registered",
    "tag": "iit",
}

FIELDS = sorted([*CODES, "country"])

PARENTS = {
    "BM-MSC": "MSC",
    "MSC-NTF": "BM-MSC",
    "AD-MSC": "MSC",
    "UC-MSC": "MSC",
    "WJ-MSC": "UC-MSC",
    "UCB-MSC": "MSC",
    "PL-MSC": "MSC",
    "DP-MSC": "MSC",
    "Muse": "MSC",
    "fetal-spinal-NSC": "NSC",
    "fetal-brain-NSC": "NSC",
    "NPC-GDNF": "NSC",
    "iPSC-MNP": "iPSC",
    "iPSC-NPC": "iPSC",
    "iPSC-astrocyte": "iPSC",
    "iPSC-GPC": "iPSC",
    "ESC-astrocyte": "ESC",
    "BM-MNC": "MNC",
    "PBMC": "MNC",
    "UCB-MNC": "MNC",
}

# ClinicalTrials.gov API v2 enumerations: every value has exactly one term.
CTGOV = {
    "status": (
        "ACTIVE_NOT_RECRUITING COMPLETED ENROLLING_BY_INVITATION NOT_YET_RECRUITING RECRUITING SUSPENDED "
        "TERMINATED WITHDRAWN AVAILABLE NO_LONGER_AVAILABLE TEMPORARILY_NOT_AVAILABLE "
        "APPROVED_FOR_MARKETING WITHHELD UNKNOWN"
    ),
    "phase": "NA EARLY_PHASE1 PHASE1 PHASE2 PHASE3 PHASE4",
    "study_type": "EXPANDED_ACCESS INTERVENTIONAL OBSERVATIONAL",
    "allocation": "RANDOMIZED NON_RANDOMIZED NA",
    "model": "SINGLE_GROUP PARALLEL CROSSOVER FACTORIAL SEQUENTIAL",
    "masking": "NONE SINGLE DOUBLE TRIPLE QUADRUPLE",
    "masked": "PARTICIPANT CARE_PROVIDER INVESTIGATOR OUTCOMES_ASSESSOR",
    "purpose": (
        "TREATMENT PREVENTION DIAGNOSTIC ECT SUPPORTIVE_CARE SCREENING HEALTH_SERVICES_RESEARCH "
        "BASIC_SCIENCE DEVICE_FEASIBILITY OTHER"
    ),
    "arm_role": "EXPERIMENTAL ACTIVE_COMPARATOR PLACEBO_COMPARATOR SHAM_COMPARATOR NO_INTERVENTION OTHER",
    "outcome_role": "PRIMARY SECONDARY OTHER_PRE_SPECIFIED POST_HOC",
    "date_type": "ACTUAL ESTIMATED",
    "sex": "FEMALE MALE ALL",
}


def every_term() -> list[tuple[str, Term]]:
    return [(field, term) for field in shipped() for term in shipped()[field].terms.values()]


def test_the_fields_are_those_of_the_design() -> None:
    assert list(shipped()) == FIELDS


@pytest.mark.parametrize("field", CODES)
def test_the_terms_are_those_of_the_design_in_file_order(field: str) -> None:
    assert sorted(shipped()[field].terms) == sorted(CODES[field].split())


@pytest.mark.parametrize("field", FIELDS)
def test_a_file_is_named_after_its_field_and_says_what_it_means(field: str) -> None:
    assert shipped()[field].field == field
    assert shipped()[field].meaning


@pytest.mark.parametrize("field", FIELDS)
def test_no_name_is_shared_no_parent_is_missing_and_none_is_circular(field: str) -> None:
    shipped()[field].check()


@pytest.mark.parametrize("field", FIELDS)
def test_no_code_stands_twice_in_a_file(field: str) -> None:
    normalized = [normalize(code) for code in shipped()[field].terms]
    assert len(set(normalized)) == len(normalized)


def test_every_term_has_three_labels() -> None:
    for field, term in every_term():
        assert term.en.strip(), (field, term.code)
        assert term.zh_hans.strip(), (field, term.code)
        assert term.zh_hant.strip(), (field, term.code)


def test_every_name_finds_its_own_term() -> None:
    for field, term in every_term():
        for name in term.names:
            assert shipped()[field].find(name) is term, (field, term.code, name)


def test_simplified_labels_have_no_traditional_character() -> None:
    opencc = pytest.importorskip("opencc")
    simplified = opencc.OpenCC("t2s").convert
    assert [term.zh_hans for _, term in every_term() if simplified(term.zh_hans) != term.zh_hans] == []


def test_traditional_labels_read_as_the_simplified_ones_where_both_are_the_same_words() -> None:
    opencc = pytest.importorskip("opencc")
    simplified = opencc.OpenCC("t2s").convert
    others = {
        (field, term.code)
        for field, term in every_term()
        if field != "country" and simplified(term.zh_hant) != term.zh_hans
    }
    assert others == {("cell_type", "iPSC")}  # 誘導性多能 in Taiwan, 诱导多能 on the mainland


def test_cell_types_stand_where_the_design_puts_them() -> None:
    terms = shipped()["cell_type"].terms
    assert {code: term.parent for code, term in terms.items() if term.parent} == PARENTS


@pytest.mark.parametrize("field", CTGOV)
def test_every_value_of_clinicaltrials_gov_has_exactly_one_term(field: str) -> None:
    mapped = [term.maps_to["ctgov"] for term in shipped()[field].terms.values() if "ctgov" in term.maps_to]
    assert sorted(mapped) == sorted(CTGOV[field].split())


@pytest.mark.parametrize("field", [*CTGOV, "sponsor_class", "stat"])
def test_a_value_of_clinicaltrials_gov_finds_the_term_that_maps_to_it(field: str) -> None:
    for term in shipped()[field].terms.values():
        if "ctgov" in term.maps_to:
            assert shipped()[field].find(term.maps_to["ctgov"]) is term


@pytest.mark.parametrize(
    ("code", "low", "high", "better"),
    [
        ("ALSFRS-R", 0, 48, "higher"),
        ("ALSFRS", 0, 40, "higher"),
        ("AALS", 30, 164, "lower"),
        ("MRC", 0, 5, "higher"),
        ("FVC", 0, 200, "higher"),
        ("SVC", 0, 200, "higher"),
        ("SNIP", None, None, "higher"),
        ("CAFS", 1, None, "higher"),
        ("NfL", 0, None, "lower"),
        ("MiToS", 0, 5, "lower"),
        ("King's", 1, 5, "lower"),
        ("overall-survival", None, None, "longer"),
        ("ALSAQ-40", 0, 100, "lower"),
        ("ECAS", 0, 136, "higher"),
        ("CNS-BFS", 21, 105, "lower"),
        ("ROADS", 0, 146, "higher"),
    ],
)
def test_an_instrument_has_its_range_and_direction(code: str, low: object, high: object, better: str) -> None:
    extra = shipped()["instrument"].terms[code].extra
    assert (extra.get("low"), extra.get("high"), extra["better"]) == (low, high, better)


def test_instruments_use_no_key_that_nobody_reads() -> None:
    known = {"low", "high", "better", "unit", "warn_high", "note", "matrix_required", "range_confirmed"}
    for term in shipped()["instrument"].terms.values():
        assert set(term.extra) <= known
        assert term.extra.get("better", "higher") in {"higher", "lower", "longer"}


def test_vital_capacity_warns_above_150_percent() -> None:
    terms = shipped()["instrument"].terms
    assert {code for code, term in terms.items() if term.extra.get("warn_high") == 150} == {
        "vital-capacity",
        "FVC",
        "SVC",
    }


def test_every_kind_of_reference_is_primary_or_secondary() -> None:
    terms = shipped()["ref_kind"].terms
    secondary = {"news", "review", "aggregator", "advocacy", "seed", "erratum"}
    assert {code for code, term in terms.items() if term.extra["primary"] is False} == secondary
    assert {code for code, term in terms.items() if term.extra["primary"] is True} == set(terms) - secondary


def test_events_name_agencies_that_exist() -> None:
    for term in shipped()["event"].terms.values():
        assert set(term.extra) <= {"agencies", "agency_optional"}
        assert set(term.extra.get("agencies", ())) <= set(shipped()["agency"].terms)


def test_which_agency_can_take_which_step() -> None:
    events = shipped()["event"].terms
    assert events["rmat"].extra["agencies"] == ["FDA"]
    assert "NMPA" in events["ind_accepted"].extra["agencies"]
    assert "NMPA" in events["ind_cleared"].extra["agencies"]
    assert events["nhc_filing"].extra["agencies"] == ["NHC"]
    assert events["prime"].extra["agencies"] == ["EMA"]
    optional = {code for code, term in events.items() if term.extra.get("agency_optional")}
    assert optional == {"topline", "licence", "first_dose", "discontinued"}
