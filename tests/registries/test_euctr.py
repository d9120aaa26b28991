"""EU CTR's text download, each field against what the payload says, by hand."""

from __future__ import annotations

import json

import pytest
from expected import check, oddities, payload, read, unreadable

from alscli.registries import euctr
from alscli.registries.draft import Draft


@pytest.fixture(scope="module")
def drafts() -> dict[str, Draft]:
    return read(euctr.drafts, payload("euctr.txt"))


def changed(*pairs: tuple[str, str]) -> dict[str, Draft]:
    text = payload("euctr.txt").decode()
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    return read(euctr.drafts, text.encode())


def test_a_gene_therapy_in_two_member_states(drafts: dict[str, Draft]) -> None:
    check(
        drafts["2022-002568-62"],
        {
            "id": "2022-002568-62",
            "title": "A study to test whether AVB-101 is both safe and efficacious in a sub-population of "
            "genetically "
            "defined FTD patients that currently have no other treatment options",
            "scientific_title": "A Phase 1/2 Open-Label, Ascending Dose, Multicenter Study to Evaluate the "
            "Safety and "
            "Preliminary Efficacy of AVB-101 Administered by Bilateral Intrathalamic Infusion in Subjects "
            "With "
            "Frontotemporal Dementia With Progranulin Mutations (FTD-GRN)",
            "secondary_ids": ["AVB-PGRN-001"],
            "conditions": ["Frontotemporal Dementia With Progranulin Mutations (FTD-GRN)"],
            "study_type": "interventional",
            "design": "dose_escalation",
            "allocation": None,
            "masking": "none",
            "control": "none",
            "phase": "1/2",
            "status": "unknown",
            "status_as_of": "2023-06-16",
            "dates": {"registered": {"on": "2023-01-16", "type": "actual"}},
            "enrollment": {"planned": 15},
            "eligibility": {"age": [18], "sex": "all"},
            "sponsor": {
                "name": "AviadoBio Ltd",
                "class": "industry",
                "funders": [{"name": "AviadoBio Limited"}],
            },
            "interventions.0.name": "Recombinant AAV-9 vector expressing the human progranulin protein",
            "interventions.0.aliases": ["AVB-101"],
            "interventions.0.modality": "gene",
            "interventions.1": None,
            "outcomes.0.role": "primary",
        },
    )
    assert "“Ongoing” (recruitment may be ongoing or finished)" in oddities(drafts["2022-002568-62"])
    assert {"ES", "SE", "US"} <= set(drafts["2022-002568-62"].values["countries"])


def test_a_randomized_trial(drafts: dict[str, Draft]) -> None:
    check(
        drafts["2021-002179-21"],
        {
            "secondary_ids": ["AB21004"],
            "conditions": ["AD"],
            "design": "rct",
            "allocation": "randomized",
            "model": "parallel",
            "masking": "double",
            "control": "placebo",
            "purpose": "treatment",
            "phase": "3",
            "enrollment": {"planned": 600},
            "eligibility": {"age": [18], "sex": "all"},
            "sponsor": {"name": "ABScience", "class": "industry"},
            "interventions.0.name": "Masitinib",
            "interventions.0.aliases": ["Masitinib mesilate", "AB1010"],
            "interventions.1": None,
            "outcomes.0.at": "24w",
        },
    )


def test_bait_in_a_field_is_no_trouble(drafts: dict[str, Draft]) -> None:
    assert "JSON_ERROR_HERE" in json.dumps(drafts["2022-002568-62"].copy)
    assert "JSON_ERROR_HERE" not in json.dumps(drafts["2022-002568-62"].values)


def test_member_states_that_differ() -> None:
    ended = (
        "P. End of Trial Status: Ongoing\n",
        "P. End of Trial Status: Completed\nP. Date of the global end of the trial: 2024-05-01\n",
    )
    drafts = changed(ended)
    assert {each.values["status"] for each in drafts.values()} == {"completed"}
    assert drafts["2021-002179-21"].values["dates"]["completion"] == {"on": "2024-05-01", "type": "actual"}
    text = payload("euctr.txt").decode().replace(*ended, 1)
    some = read(euctr.drafts, text.encode())["2022-002568-62"]
    assert some.values["status"] == "unknown"
    assert "member states differ (Spain: Completed; Sweden: Ongoing)" in oddities(some)
    assert "completion" not in some.values["dates"]


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("Completed", "completed"), ("Prematurely Ended", "terminated"), ("Temporarily Halted", "suspended"),
        ("Restarted", "unknown"), ("Not Authorised", "withdrawn"), ("Prohibited by CA", "terminated"),
        ("Trial now transitioned", "unknown"), ("GB - no longer in EU/EEA", "unknown"),
        ("Suspended by CA", "suspended"),
    ],
)  # fmt: skip
def test_statuses(said: str, status: str) -> None:
    for draft in changed(("Trial Status: Ongoing", f"Trial Status: {said}")).values():
        assert draft.values["status"] == status


def test_text_of_another_language_stands_back() -> None:
    assert "Estudio" not in json.dumps(read(euctr.drafts, payload("euctr.txt"))["2022-002568-62"].values)


def test_contacts_are_in_no_copy() -> None:
    drafts = changed(("D. IMP Identification", "B.5 Contact point\nB.5.2 Functional name of contact point: "
    "Jane Doe\nB.5.6 E-mail: jane@x.org\n\nD. IMP Identification"))  # fmt: skip
    for draft in drafts.values():
        kept = json.dumps(draft.copy)
        assert "Jane" not in kept
        assert "x.org" not in kept


def test_a_copy_reads_as_what_it_was_copied_from(drafts: dict[str, Draft]) -> None:
    for draft in drafts.values():
        data = json.dumps(draft.copy).encode()
        assert euctr.is_mine(data)
        assert read(euctr.drafts, data)[draft.registry_id].values == draft.values


def test_what_cannot_be_read_is_said() -> None:
    text = payload("euctr.txt").decode()
    bad = text.replace("2021-002179-21", "2021-00217").encode()
    assert unreadable(euctr.drafts, bad) == ["entry 3: “2021-00217” is no EudraCT number"]
    cut = text[: text.rindex("A. Protocol Information")].encode()
    assert unreadable(euctr.drafts, cut) == [
        "entry 3 (2021-002179-21): is cut: almost nothing of the record is there"
    ]
    assert unreadable(euctr.drafts, b"Some text") == ["file: holds no EudraCT Number"]


def test_line_ends_encodings_and_long_lines() -> None:
    data = payload("euctr.txt")
    crlf = read(euctr.drafts, data.replace(b"\n", b"\r\n"))
    assert crlf["2022-002568-62"].values == read(euctr.drafts, data)["2022-002568-62"].values
    latin = data.decode().encode("cp1252", "replace")
    assert "not UTF-8" in oddities(read(euctr.drafts, latin)["2022-002568-62"])
    assert euctr.is_mine(data[:4096])
    long = data.replace(b"A.3.1 Title", b"A.3.1 " + b"(" * 200_000 + b" Title")
    assert set(read(euctr.drafts, long)) == {"2022-002568-62", "2021-002179-21"}


def test_is_mine() -> None:
    for name in ("isrctn_12949496.json", "who_tctr.json", "ictrp.xml", "ictrp.csv", "ctis_2022.json"):
        assert not euctr.is_mine(payload(name)[:4096])
