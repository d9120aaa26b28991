"""Proposals from free text: what real registry entries say of cells, donor, route and dose."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alscli.registries import reading
from alscli.registries.draft import Draft, Proposal
from alscli.registries.inference import (
    Amount,
    Passage,
    Product,
    amounts,
    dose_count,
    interval,
    intervention_modality,
    is_placebo,
    product_proposals,
    proposals,
)

PAYLOADS = Path(__file__).parent / "payloads" / "ctgov_legacy"

# What is to be proposed of these entries: cell type, donor, routes, then dose, number and interval. "-" where
# nothing is: the text has none, or several (cohorts, a schedule of stretches), or can be read in two ways.
# The rules were made with these texts at hand, so this keeps what works; it does not measure how well.
TO_PROPOSE: dict[str, tuple[str, str, set[str], object, object, object]] = {
    "NCT01142856": ("AD-MSC", "autologous", {"intrathecal"}, "-", 1, "-"),
    "NCT01494480": ("UC-MSC", "allogeneic", {"intrathecal"}, "-", 4, "-"),
    "NCT01609283": ("AD-MSC", "autologous", {"intrathecal"}, "-", "-", "-"),
    "NCT01771640": ("BM-MSC", "autologous", {"intrathecal"}, "-", "-", "-"),
    "NCT01777646": ("MSC-NTF", "autologous", {"intramuscular", "intrathecal"}, "-", "-", "-"),
    "NCT02017912": ("MSC-NTF", "autologous", {"intramuscular", "intrathecal"}, "-", "-", "-"),
    "NCT02492516": ("AD-MSC", "allogeneic", {"intravenous"}, (2_000_000, "cells/kg"), "-", "-"),
    "NCT02881476": ("WJ-MSC", "allogeneic", {"intrathecal"}, "-", "-", "-"),
    "NCT02917681": ("BM-MSC", "autologous", {"intrathecal"}, "-", 2, "-"),
    "NCT02987413": ("BM-MSC", "autologous", {"intrathecal"}, (100_000_000, "cells"), 2, "30d"),
    "NCT03268603": ("AD-MSC", "autologous", {"intrathecal"}, "-", 4, "3m"),
    "NCT03280056": ("MSC-NTF", "autologous", {"intrathecal"}, "-", 3, "-"),
    "NCT03296501": ("SVF", "autologous", {"intraspinal", "intrathecal"}, "-", "-", "-"),
    "NCT04514952": ("AD-MSC", "autologous", {"intravenous"}, (200_000_000, "cells"), "-", "-"),
    "NCT04651855": ("WJ-MSC", "allogeneic", {"intrathecal"}, "-", 3, "-"),
    "NCT04745299": ("BM-MSC", "autologous", {"intrathecal"}, "-", "-", "-"),
    "NCT04821479": ("BM-MSC", "autologous", {"intrathecal"}, (1_000_000, "cells/kg"), 4, "3m"),
    "NCT05003921": ("UC-MSC", "allogeneic", {"intrathecal"}, (50_000_000, "cells"), 3, "2m"),
}


def read(number: str) -> Draft:
    (draft,) = reading.read(PAYLOADS / f"{number}.json")
    assert isinstance(draft, Draft)
    return draft


def stated(found: tuple[Proposal, ...] | list[Proposal], key: str) -> set[Any]:
    return {each.value for each in found if each.field.rpartition(".")[2] == key}


def routes(found: tuple[Proposal, ...]) -> set[Any]:
    lines = [line for each in found if isinstance(each.value, list) for line in each.value]
    return stated(found, "route") | {line["route"] for line in lines}


@pytest.mark.parametrize("number", TO_PROPOSE)
def test_real_entries(number: str) -> None:
    cell_type, donor, ways, dose, count, every = TO_PROPOSE[number]
    found = read(number).proposals
    assert stated(found, "cell_type") <= {cell_type, "MSC"}
    assert stated(found, "cell_type")
    assert stated(found, "donor") == {donor}
    assert routes(found) == ways
    low, unit = stated(found, "low"), stated(found, "unit")
    assert (low, unit) == (({dose[0]}, {dose[1]}) if isinstance(dose, tuple) else (set(), set()))
    assert stated(found, "doses") == ({count} - {"-"})
    assert stated(found, "every") == ({every} - {"-"})


def test_cohorts_that_are_arms_have_a_dose_each() -> None:
    found = {each.field: each.value for each in read("NCT02290886").proposals}
    assert [found[f"arms.{arm}.given.0.low"] for arm in (1, 2, 3)] == [1_000_000, 2_000_000, 4_000_000]
    assert {found[f"arms.{arm}.given.0.unit"] for arm in (1, 2, 3)} == {"cells/kg"}


def test_two_interventions_of_two_routes_keep_apart() -> None:
    found = {each.field: each.value for each in read("NCT01051882").proposals}
    assert found["arms.0.given.0.route"] == "intramuscular"
    assert found["arms.1.given.0.route"] == "intrathecal"
    assert (found["arms.0.given.0.low"], found["arms.1.given.0.low"]) == (24_000_000, 60_000_000)


def test_a_proposal_quotes_words_that_stand_where_it_says() -> None:
    for number in TO_PROPOSE:
        draft = read(number)
        for each in draft.proposals:
            text: Any = draft.copy
            for key in each.path.split("."):
                text = text[int(key)] if isinstance(text, list) else text[key]
            text = " ".join(text) if isinstance(text, list) else text
            first = each.words.split(" … ")[0].split()[0]
            assert first in text, (number, each)


def test_no_proposal_is_written() -> None:
    for number in TO_PROPOSE:
        values = read(number).values
        for intervention in values["interventions"]:
            assert intervention.get("cell_type") in (None, "not_reported")
            assert "product" not in intervention
        for arm in values.get("arms", []):
            assert all(set(line) == {"intervention"} for line in arm.get("given", []))


# -- doses ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "low", "high", "unit"),
    [
        ("1×10^6 cells/kg", 1_000_000, None, "cells/kg"),
        ("2 x 10⁶ MSCs per kg body weight", 2_000_000, None, "cells/kg"),
        ("30 × 106 cells", 30_000_000, None, "cells"),
        ("100-125 x 10'6 cells", 100_000_000, 125_000_000, "cells"),
        ("1x E6 cells", 1_000_000, None, "cells"),
        ("15±3×106 cells", 15_000_000, None, "cells"),
        ("1 ×10(8) mesenchymal stem cells", 100_000_000, None, "cells"),
        ("94x106 cells", 94_000_000, None, "cells"),
        ("60 million cells", 60_000_000, None, "cells"),
        ("2 million MSC / kg", 2_000_000, None, "cells/kg"),
        ("0.5 x 10^6 cells", 500_000, None, "cells"),
        ("1\\*10\\^8 cells", 100_000_000, None, "cells"),
        ("每次注射5000万个细胞", 50_000_000, None, "cells"),
        ("1×10^6个/kg", 1_000_000, None, "cells"),
        ("1亿个细胞", 100_000_000, None, "cells"),
        ("4.2 x 10^13 vg/kg", 42_000_000_000_000, None, "vg/kg"),
        ("30,000,000 mesenchymal stem cell", 30_000_000, None, "cells"),
        ("1,5-3,0 x 10E6 MSC", 1_500_000, 3_000_000, "cells"),
    ],
)
def test_amounts(text: str, low: int, high: int | None, unit: str) -> None:
    ((amount, words),) = amounts(text)
    assert (amount.low, amount.high) == (low, high)
    assert amount.unit == ("cells/kg" if "个/kg" in text else unit)
    assert words


@pytest.mark.parametrize(
    "text",
    [
        "1×10?個細胞",  # the exponent is lost
        "1 × 10 cells",
        "single intrathecal dose of 10x6 cells",  # which of the two is the exponent?
        "24 sites of injection",
        "within 24 months, 106 patients",
        "3 million people live with it",
        "1×10^99 cells",
        "in 2010, 50 patients",
        "",
    ],
)
def test_what_says_no_amount(text: str) -> None:
    assert amounts(text) == []


def test_a_unit_far_away_still_makes_it_per_kilogram() -> None:
    ((amount, _),) = amounts("1×106 MSC, each injection per Kg BW")
    assert amount == Amount(1_000_000, None, "cells/kg")


@given(st.decimals(min_value=Decimal("0.1"), max_value=500, places=1), st.integers(4, 12))
@settings(max_examples=50, deadline=None)
def test_any_spelling_of_one_amount_is_one_amount(number: Decimal, power: int) -> None:
    spellings = [f"{number} x 10^{power} cells", f"{number}×10{power} cells", f"{number} * 10'{power} cells"]
    found = {amounts(text)[0][0].low for text in spellings}
    assert found == {number.scaleb(power)}


@given(st.text(max_size=200))
@settings(max_examples=50, deadline=None)
def test_no_text_breaks_a_reader(text: str) -> None:
    amounts(text)
    interval(text)
    dose_count(text)
    record = {"interventions": [{"id": "x", "name": "cells", "modality": "cell"}]}
    proposals(record, [Passage("p", text, "interventions.0", 0), Passage("q", text, "", 1)])


# -- schedules --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "every"),
    [
        ("injections every 3 months", "3m"),
        ("three intrathecal injections at two-month intervals", "2m"),
        ("two doses 30 days apart", "30d"),
        ("infusions given every month", "1m"),
        ("每3个月鞘内注射一次", "3m"),
        ("the injection will be performed once per month", "1m"),
        ("administered at bi-monthly intervals", None),
        ("twice in a 26-day interval, then three injections every three months", None),
        ("assessed every 3 months", None),
        ("calls for registration, two months apart each", None),
    ],
)
def test_intervals(text: str, every: str | None) -> None:
    found = interval(text)
    assert (found[0] if found else None) == every


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Three Intrathecal administrations of NurOwn", 3),
        ("Four intrathecal (IT) administrations", 4),
        ("single intrathecal injection", 1),
        ("accepted 4 times stem cell transplantations, 3-5 days between two treatments", 4),
        ("共3次鞘内注射", 3),
        ("one injection on each visit, for a total of 10 infusions", 10),
        ("once intracavernous injection of 15,000,000 cells", 1),
        ("cells in saline, injected once at baseline", 1),
        ("given once a month", None),
        ("Once the eligibility is confirmed, infusions begin", None),
        ("injections twice, followed by three times", None),
        ("two or three injections", None),
        ("24 patients were treated", None),
    ],
)
def test_counts(text: str, count: int | None) -> None:
    found = dose_count(text)
    assert (found[0] if found else None) == count


# -- cells, donors, routes --------------------------------------------------------------------------


def asked(
    text: str, title: str = "", summary: str = "", name: str = "cells", modality: str = "cell"
) -> dict[str, Any]:
    """The proposals for a study of one arm and one intervention with these texts, by last key."""
    record = {
        "design": "single_arm",
        "interventions": [{"id": "x", "name": name, "modality": modality}],
        "arms": [{"id": "a", "given": [{"intervention": "x"}]}],
    }
    passages = [Passage("description", text, "interventions.0", 0)]
    passages += [Passage("title", title, "", 1)] if title else []
    passages += [Passage("summary", summary, "", 2)] if summary else []
    return {each.field.rpartition(".")[2]: each for each in proposals(record, passages)}


@pytest.mark.parametrize(
    ("text", "cell_type"),
    [
        ("NurOwn, autologous bone marrow derived mesenchymal stem cells", "MSC-NTF"),
        ("mesenchymal stem cells isolated from Wharton's jelly of the umbilical cord", "WJ-MSC"),
        ("adipose tissue-derived mesenchymal stromal cells", "AD-MSC"),
        ("HB-adMSCs", "AD-MSC"),
        ("人脐带间充质干细胞鞘内注射", "UC-MSC"),
        ("骨髓间充质干细胞", "BM-MSC"),
        ("自体外周血单个核细胞", "PBMC"),
        ("NSI-566 human spinal cord-derived neural stem cells", "fetal-spinal-NSC"),
        ("expanded autologous regulatory T cells", "Treg"),
        ("CNS10-NPC-GDNF", "NPC-GDNF"),
    ],
)
def test_the_most_precise_name_wins(text: str, cell_type: str) -> None:
    assert asked(text)["cell_type"].value == cell_type


def test_stem_cells_alone_count_where_they_name_what_is_given() -> None:
    record = {"interventions": [{"id": "x", "name": "stem cells", "modality": "cell"}]}
    named = proposals(record, [Passage("interventions.0.name", "stem cells", "interventions.0", 0)])
    assert stated(named, "cell_type") == {"other-cell"}
    assert "cell_type" not in asked(
        "shock waves that are held to recruit stem cells", modality="not_reported"
    )


def test_a_device_is_no_cell_whatever_its_description_says() -> None:
    assert "cell_type" not in asked(
        "may activate mesenchymal stem cells", name="shock waves", modality="device"
    )


def test_what_is_excluded_is_not_what_is_given() -> None:
    found = asked("cells", summary="Prior stem cell therapy is excluded. No history of embryonic stem cells.")
    assert "cell_type" not in found


def test_two_kinds_of_cells_that_do_not_agree_are_nobodys() -> None:
    assert "cell_type" not in asked("neural stem cells and regulatory T cells")


@pytest.mark.parametrize(
    ("text", "donor", "confidence"),
    [
        ("autologous MSCs", "autologous", "high"),
        ("mesenchymal stem cells from the patient's own bone marrow", "autologous", "high"),
        ("allogeneic umbilical cord mesenchymal stem cells", "allogeneic", "high"),
        ("umbilical cord mesenchymal stem cells", "allogeneic", "medium"),
        ("umbilical cord mesenchymal stem cells in autologous serum", "allogeneic", "medium"),
        ("自体骨髓间充质干细胞", "autologous", "high"),
        ("异体脐带间充质干细胞", "allogeneic", "high"),
    ],
)
def test_donors(text: str, donor: str, confidence: str) -> None:
    found = asked(text)["donor"]
    assert (found.value, found.confidence) == (donor, confidence)


def test_both_donors_are_none() -> None:
    assert "donor" not in asked("autologous or allogeneic mesenchymal stem cells")
    assert "donor" not in asked("autologous or allogeneic umbilical cord mesenchymal stem cells")


def test_a_title_says_whose_cells_they_are_where_nothing_says_which() -> None:
    found = asked("HYNR-CS", title="Safety of HLA-haplo matched allogenic bone marrow derived stem cells")
    assert found["donor"].value == "allogeneic"
    assert "cell_type" not in found
    assert "donor" not in asked("tablets", title="After autologous transplantation", modality="not_reported")


@pytest.mark.parametrize(
    ("text", "route"),
    [
        ("injected by lumbar puncture", "intrathecal"),
        ("a single intrathechal injection of MSC", "intrathecal"),
        ("injected into the lumbar spinal cord", "intraspinal"),
        ("intra venous injection of MSC", "intravenous"),
        ("infused intravenously after bone marrow aspiration", "intravenous"),
        ("腰椎穿刺注射干细胞", "intrathecal"),
        ("鞘内注射", "intrathecal"),
        ("静脉输注间充质干细胞", "intravenous"),
        ("cells infused through a peripheral vein", "intravenous"),
    ],
)
def test_routes(text: str, route: str) -> None:
    assert asked(text)["route"].value == route


@pytest.mark.parametrize(
    "text",
    [
        "CSF is collected by lumbar puncture",
        "bone marrow aspiration",
        "no contraindication to lumbar puncture",
    ],
)
def test_a_harvest_is_no_route(text: str) -> None:
    assert "route" not in asked(text)


def test_two_routes_are_two_lines() -> None:
    found = asked("combined intramuscular and intrathecal administration of MSC")
    assert {line["route"] for line in found["given"].value} == {"intramuscular", "intrathecal"}
    assert not {"low", "doses", "every"} & set(found)


def test_milligrams_of_a_drug() -> None:
    found = asked("100 mg intrathecally", name="tofersen", modality="aso")
    assert (found["low"].value, found["unit"].value, found["route"].value) == (100, "mg", "intrathecal")
    assert "cell_type" not in found


@pytest.mark.parametrize(
    ("kind", "name", "modality"),
    [
        ("BIOLOGICAL", "MSC_NTF cells transplantation", "cell"),
        ("PROCEDURE", "stem cell transplantation", "cell"),
        ("DRUG", "Riluzole", "not_reported"),
        ("DRUG", "tocilizumab", "antibody"),
        ("OTHER", "Bone Marrow aspiration", "other"),
        ("DEVICE", "Diaphragm pacing", "device"),
        ("BIOLOGICAL", "MSC exosomes", "ev"),
        ("NANOBOT", "N", None),
    ],
)
def test_modalities(kind: str, name: str, modality: str | None) -> None:
    assert intervention_modality(kind, name) == modality


@pytest.mark.parametrize(
    ("name", "feigned"),
    [
        ("Placebo", True),
        ("Excipient", True),
        ("Normal saline", True),
        ("sham procedure", True),
        ("安慰剂", True),
        ("MSC in saline", False),
        ("Lenzumestrocel", False),
    ],
)
def test_placebos(name: str, feigned: bool) -> None:
    assert is_placebo(name) is feigned


# -- products ---------------------------------------------------------------------------------------


def test_products_go_by_name_and_house() -> None:
    draft = read("NCT03280056")
    nurown = Product("nurown", ("NurOwn", "debamestrocel"))
    (found,) = product_proposals(draft, [nurown, Product("neuronata", ("Neuronata-R", "lenzumestrocel"))])
    assert (found.field, found.value, found.confidence) == ("interventions.0.product", "nurown", "medium")
    brainstorm = Product("nurown", ("NurOwn",), "BrainStorm Cell Therapeutics")
    (found,) = product_proposals(draft, [brainstorm])
    assert found.confidence == "high"


def test_one_alias_of_two_products_names_none() -> None:
    draft = read("NCT03280056")
    twins = [Product("one", ("NurOwn",), "A House"), Product("two", ("nurown",), "B House")]
    assert product_proposals(draft, twins) == []
