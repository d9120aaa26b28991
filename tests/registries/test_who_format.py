"""WHO's format for primary registries (ChiCTR, ReBEC, REPEC, TCTR), each field by hand."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from expected import check, oddities, payload, read, unreadable

from alscli.registries import who_format
from alscli.registries.draft import Draft


@pytest.fixture(scope="module")
def rebec() -> dict[str, Draft]:
    return read(who_format.drafts, payload("who_rebec.xml"))


def test_chictr() -> None:
    (draft,) = read(who_format.drafts, payload("who_chictr.xml")).values()
    title = "Survey for Surgery status of a designated Hospital for COVID-19 management in Guangzhou"
    check(
        draft,
        {
            "registry_id": "ChiCTR2000034346",
            "title": title,
            "scientific_title": None,
            "acronym": None,
            "secondary_ids": None,
            "conditions": ["Novel Coronavirus Pneumonia (COVID-19)"],
            "study_type": "observational",
            "phase": "na",
            "status": "completed",
            "status_as_of": "2020-07-02",
            "dates": {
                "registered": {"on": "2020-07-02", "type": "actual"},
                "start": {"on": "2020-04-10", "type": "unknown"},
            },
            "countries": ["CN"],
            "enrollment": {"planned": 3239},
            "eligibility": {"sex": "all"},
            "sponsor.name": "Jianxing He",
            "arms": [{"id": "2019-y", "label": "2019 Y"}, {"id": "2020-y", "label": "2020 Y"}],
            "interventions": None,
            "outcomes.0.definition": "decrease",
        },
    )
    said = oddities(draft)
    assert "“Health services reaserch” taken as observational" in said
    assert "“Completed” may be said of recruitment only" in said
    assert "sum of “2019 Y:2418;2020 Y:821”" in said


def test_repec_and_its_encoding() -> None:
    data = payload("who_repec.xml")
    (draft,) = read(who_format.drafts, data).values()
    check(
        draft,
        {
            "registry_id": "PER-001-95",
            "title": "Evaluation of the Efficacy and Safety of Fluoxetine Compared with Amitriptyline in "
            "the Treatment of "
            "Patients with Major Depression Associated with Anxiety in Latin America.",
            "scientific_title": None,
            "secondary_ids": ["B1-Y-MC-HCIB"],
            "conditions": ["Depressive episode, unspecified"],
            "design": "rct",
            "allocation": "randomized",
            "masking": "double",
            "model": "parallel",
            "phase": "3",
            "status": "completed",
            "dates": {"registered": {"on": "1995-10-27", "type": "actual"}},
            "countries": ["BR", "CO", "MX", "PE", "VE"],
            "enrollment": {"planned": 32},
            "eligibility": None,
            "sponsor": {"name": "ELI LILLY INTERAMERICA INC."},
            "interventions": None,
        },
    )
    assert "01/01/1900” is a filler" in oddities(draft)
    assert b"Hamilton\xb4s scale" in data
    assert "Hamilton´s scale" in json.dumps(draft.copy, ensure_ascii=False)
    quoted = data.replace(b"Hamilton\xb4s", b"Hamilton\x92s")  # Windows-1252, whatever it declares
    (draft,) = read(who_format.drafts, quoted).values()
    assert "Hamilton’s scale" in json.dumps(draft.copy, ensure_ascii=False)


def test_rebec(rebec: dict[str, Draft]) -> None:
    assert list(rebec) == ["RBR-3vmkt2", "RBR-74rr6s", "RBR-4z7cnh", "RBR-2qdv84"]
    check(
        rebec["RBR-3vmkt2"],
        {
            "secondary_ids": ["174/2011", "213/2011", "NCT01099579", "U1111-1121-8947"],
            "conditions": ["HIV"],
            "study_type": "interventional",
            "design": "single_arm",
            "masking": "none",
            "phase": "2",
            "status": "recruiting",
            "dates": {
                "registered": {"on": "2011-06-13", "type": "actual"},
                "start": {"on": "2010-11-01", "type": "actual"},
            },
            "countries": ["BR", "IT", "PL", "RU", "TH", "US", "ZA"],
            "enrollment.planned": 50,
            "eligibility": {"age": [Decimal("0.25"), 5], "sex": "all"},
            "sponsor": {"name": "Bristol-Myers Squibb"},
        },
    )
    check(
        rebec["RBR-74rr6s"],
        {
            "acronym": "PREVER 1 Study",
            "secondary_ids": ["08621", "NCT00970931", "U1111-1119-5061"],
            "conditions": ["Prehypertension"],
            "design": "rct",
            "masking": "double",
            "control": "placebo",
            "phase": "3",
            "dates.registered.on": "2011-03-02",
        },
    )
    assert "study type not given; taken as interventional" in oddities(rebec["RBR-3vmkt2"])


def test_json_of_the_format() -> None:
    (draft,) = read(who_format.drafts, payload("who_tctr.json")).values()
    check(
        draft,
        {
            "registry_id": "TCTR20180508003",
            "acronym": "YP-COPD",
            "secondary_ids": ["U1111-1213-6143"],
            "conditions": ["COPD"],
            "design": "rct",
            "masking": "single",
            "phase": "na",
            "status": "active_not_recruiting",
            "dates": {
                "registered": {"on": "2018-05-07", "type": "actual"},
                "start": {"on": "2018-03-16", "type": "estimated"},
            },
            "countries": ["TH"],
            "enrollment": {"planned": 70},
            "eligibility": {"age": [30, 79], "sex": "all"},
            "sponsor": {
                "name": "Mae Fah Luang University",
                "collaborators": [{"name": "School of Health Science"}],
            },
            "outcomes.0.definition": "Liver and Renal function",
            "outcomes.1.instrument": "FVC",
            "outcomes.2.role": "secondary",
        },
    )


def test_a_copy_reads_as_what_it_was_copied_from(rebec: dict[str, Draft]) -> None:
    for draft in rebec.values():
        data = json.dumps(draft.copy).encode()
        assert who_format.is_mine(data)
        assert read(who_format.drafts, data)[draft.registry_id].values == draft.values


def test_a_broken_entry_spoils_no_other() -> None:
    data = payload("who_rebec.xml").replace(b"<trial_id>RBR-74rr6s", b"<trial_id><b>RBR-74rr6s", 1)
    assert [line.partition(":")[0] for line in unreadable(who_format.drafts, data)] == ["entry 2"]
    nameless = payload("who_rebec.xml").replace(b"RBR-74rr6s", b"RBR 1")
    assert unreadable(who_format.drafts, nameless) == ["entry 2 (RBR 1): “RBR 1” is no registry's number"]
    cut = payload("who_rebec.xml")
    cut = cut[: cut.index(b"RBR-2qdv84") + 100]
    assert unreadable(who_format.drafts, cut) == ["entry 4 (RBR-2qdv84): is cut: its end is missing"]
    assert unreadable(who_format.drafts, b"<trials></trials>") == ["file: holds no <trial>"]
    assert unreadable(who_format.drafts, b"<trials><trial><a/></trial></trials>") == [
        "entry 1: has no <main>"
    ]


def test_a_billion_laughs_is_refused() -> None:
    laughs = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(9))
    bomb = f'<!DOCTYPE trials [<!ENTITY l0 "lol">{laughs}]>'.encode()
    data = payload("who_rebec.xml").replace(b"<trials>", bomb + b"<trials>", 1)
    assert unreadable(who_format.drafts, data) == [
        "file: declares XML entities, which no registry does; not read"
    ]


def test_a_document_type_alone_is_no_harm() -> None:
    data = payload("who_rebec.xml").replace(
        b"<trials>", b'<!DOCTYPE trials SYSTEM "who_ictrp.dtd"><trials>', 1
    )
    assert len(read(who_format.drafts, data)) == 4


def test_is_mine() -> None:
    for name in ("who_rebec.xml", "who_repec.xml", "who_chictr.xml", "who_tctr.json"):
        assert who_format.is_mine(payload(name)[:4096])
    for name in ("isrctn_12949496.json", "ictrp.xml", "ictrp.csv", "ctis_2022.json", "euctr.txt"):
        assert not who_format.is_mine(payload(name)[:4096])
