"""FHIR, PRISMA and metafor: what they say is what the register says, or they refuse."""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from alscli.cli import main
from alscli.export.fhir import SYSTEMS

Export = Callable[..., Path]

# -- FHIR ----------------------------------------------------------------------------------------------

CODES = {
    "status": "overall-study active active-but-not-recruiting administratively-completed approved "
    "closed-to-accrual closed-to-accrual-and-intervention completed disapproved enrolling-by-invitation "
    "in-review not-yet-recruiting recruiting temporarily-closed-to-accrual "
    "temporarily-closed-to-accrual-and-intervention terminated withdrawn",
    "phase": "n-a early-phase-1 phase-1 phase-1-phase-2 phase-2 phase-2-phase-3 phase-3 phase-4",
    "purpose": "treatment prevention diagnostic supportive-care screening health-services-research "
    "basic-science device-feasibility",
    "arm_role": "active-comparator placebo-comparator sham-comparator no-intervention experimental "
    "other-arm-type",
    "outcome_role": "primary secondary exploratory",
    "party": "sponsor lead-sponsor sponsor-investigator primary-investigator collaborator funding-source "
    "general-contact recruitment-contact sub-investigator study-director study-chair irb",
    "organization": "nih fda government nonprofit academic industry",
}
"""The codes of HL7's code systems (FHIR R5), which fhir.resources does not check."""


@pytest.fixture(scope="module")
def bundle(shipped_records: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    path = tmp_path_factory.mktemp("fhir") / "bundle.json"
    assert main(["--records", str(shipped_records), "-q", "export", "fhir", "-o", str(path)]) == 0
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def studies(bundle: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {entry["resource"]["id"]: entry["resource"] for entry in bundle["entry"]}


def codings(value: Any) -> list[tuple[str, str]]:
    if isinstance(value, list):
        return [pair for each in value for pair in codings(each)]
    if not isinstance(value, dict):
        return []
    own = [(value["system"], value["code"])] if "code" in value else []
    return own + [pair for each in value.values() for pair in codings(each)]


@pytest.mark.filterwarnings("default")
def test_fhir_resources_takes_it(bundle: dict[str, Any]) -> None:
    from fhir.resources.bundle import Bundle

    assert len(Bundle.model_validate(bundle).entry) > 100


def test_codes_are_in_their_value_sets(bundle: dict[str, Any]) -> None:
    names = {system: name for name, system in SYSTEMS.items()}
    pairs = set(codings(bundle))
    assert {names[system] for system, _ in pairs} == set(SYSTEMS)
    for system, code in pairs:
        if names[system] in CODES:
            assert code in CODES[names[system]].split()
    assert {study["status"] for study in studies(bundle).values()} == {"active"}


def test_what_hl7_demands_of_any_resource(bundle: dict[str, Any]) -> None:
    urls = [entry["fullUrl"] for entry in bundle["entry"]]
    assert len(set(urls)) == len(urls)

    def walk(value: Any) -> None:
        assert value not in (None, "", [], {})
        for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            walk(each)

    walk(bundle)
    for id_, study in studies(bundle).items():
        assert re.fullmatch(r"[A-Za-z0-9\-.]{1,64}", id_)
        period = study.get("period", {})
        assert period.get("start", "")[:4] <= period.get("end", "9999")[:4]
        assert "not_reported" not in json.dumps(study.get("comparisonGroup", []))


def test_a_study(bundle: dict[str, Any]) -> None:
    study = studies(bundle)["nurown-phase3"]
    assert study["identifier"][0] == {"use": "official", "type": {"text": "ctgov"}, "value": "NCT03280056"}
    assert study["phase"]["coding"][0]["code"] == "phase-3"
    assert study["progressStatus"][0]["state"]["coding"][0]["code"] == "completed"
    assert study["recruitment"]["actualNumber"] == 196
    assert {"text": "Evidence: " + study["note"][0]["text"].removeprefix("Evidence: ")} == study["note"][0]
    assert "primary endpoint not met" in study["note"][0]["text"]
    assert any(note["text"].startswith("Sources disagree on") for note in study["note"])
    assert any("10.1002/mus.27472" in a.get("document", {}).get("url", "") for a in study["relatedArtifact"])
    roles = {group["name"]: group["type"]["coding"][0]["code"] for group in study["comparisonGroup"]}
    assert "placebo-comparator" in roles.values()


# -- PRISMA --------------------------------------------------------------------------------------------


def counts(path: Path) -> dict[str, str]:
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0]) == ["data", "node", "box", "description", "boxtext", "tooltips", "url", "n"]
    assert len({row["box"] for row in rows}) == 22
    return {row["data"]: row["n"] for row in rows}


def test_prisma_adds_up(shipped_records: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "prisma.csv"
    assert main(["--records", str(shipped_records), "export", "prisma", "-o", str(path)]) == 0
    found = counts(path)
    number = {name: int(n) for name, n in found.items() if n.isdecimal()}
    assert number["dbr_sought_reports"] == number["records_screened"] - number["records_excluded"]
    undecided = number["dbr_assessed"] - number["new_studies"]
    assert f"{undecided} assessed records are undecided" in capsys.readouterr().err
    assert number["total_studies"] == number["new_studies"]
    assert found["register_results"] == "NA"  # the ledger names no search


def test_prisma_counts_searches_and_reasons(
    export: Export, collection_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = counts(export("prisma"))
    ledger = collection_folder / "ledger.toml"
    added = """
[[excluded]]
id = "x-one"
title = "one"
reason = "wrong_modality"
stage = "full_text"

[[excluded]]
id = "x-two"
title = "two"
reason = "duplicate"

[[excluded]]
id = "x-three"
title = "three"
reason = "no_source"
stage = "full_text"

[[searches]]
id = "s-one"
on = "2026-01-01"
source = "ClinicalTrials.gov"
query = "ALS"
hits = 40

[[searches]]
id = "s-two"
on = "2026-01-01"
source = "PubMed"
query = "ALS"
hits = 60
"""
    ledger.write_text(ledger.read_text("utf-8") + added, "utf-8")
    found = counts(export("prisma"))
    grown = {
        name: int(n) - int(before[name])
        for name, n in found.items()
        if n.isdecimal() and before[name].isdecimal()
    }
    assert (found["register_results"], found["database_results"]) == ("40", "60")
    assert grown["duplicates"] == 1
    assert grown["records_screened"] == grown["dbr_sought_reports"] == 2
    assert grown["dbr_notretrieved_reports"] == grown["dbr_assessed"] == 1
    assert re.search(r"wrong (modality|kind)[^,;]*, \d|, 1$", found["dbr_excluded"])
    assert grown["new_studies"] == 0


# -- metafor -------------------------------------------------------------------------------------------

PICKED = ["--instrument", "ALSFRS-R", "--measure", "change", "--effect", "md", "--at", "28w"]


def effects(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, strict=True))


def test_metafor_of_one_kind(export: Export) -> None:
    rows = {row["study"]: row for row in effects(export("metafor", *PICKED))}
    row = rows["valor"]
    assert (row["measure"], row["flipped"], row["shared_control"]) == ("MD", "false", "false")
    assert float(row["yi"]) == float(row["est"]) > 0
    width = float(row["ci_high"]) - float(row["ci_low"])
    assert math.isclose(float(row["sei"]), width / (2 * 1.959964), rel_tol=1e-5)
    assert math.isclose(float(row["vi"]), float(row["sei"]) ** 2, rel_tol=1e-4)
    assert int(row["ni"]) == int(row["n1i"]) + int(row["n2i"])


@pytest.mark.parametrize(
    "options",
    [[], PICKED[:2], PICKED[:4], ["--effect", "md"], ["--instrument", "ALSFRS-R", "--at", "28w"]],
    ids=["anything", "an instrument", "no time", "a type", "no measure"],
)
def test_metafor_refuses_to_mix(
    options: list[str], shipped_records: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--records", str(shipped_records), "export", "metafor", *options]) == 2
    out, err = capsys.readouterr()
    assert not out
    assert re.search(r"effects of \d+ kinds are not pooled: ", err)
    assert "choose one, such as: --instrument" in err


LOG_2 = "0.693147"
TRIAL = """schema = 1
id = "x"
title = "x"
conditions = ["ALS"]
study_type = "interventional"
design = "external_control"
phase = "2"
status = "completed"
status_as_of = "2026-01"
src = ["a"]

[[arms]]
id = "high"
role = "experimental"
n = 20

[[arms]]
id = "low"
role = "experimental"
n = 21

[[arms]]
id = "none"
role = "external_control"
n = 30

[[outcomes]]
id = "o"
role = "primary"
instrument = "{instrument}"
measure = "{measure}"
at = "6m"
effects = [
  {{ arm = "high", vs = "none", type = "{type}", {high} }},
  {{ arm = "low", vs = "none", type = "{type}", {low} }},
  {{ arm = "low", vs = "baseline", type = "{type}", est = 9 }},
]

[[refs]]
key = "a"
kind = "article"
doi = "10.1000/x"

[screening]
decision = "include"
"""


@pytest.mark.parametrize(
    ("instrument", "measure", "type_", "high", "low", "yi"),
    [
        ("AALS", "change", "md", "est = -2.0, ci = [-4.0, 0.0]", "est = 1.5", ["2", "-1.5"]),
        ("ALSFRS-R", "slope", "md", "est = 0.5, p = 0.04", "est = -0.25", ["0.5", "-0.25"]),
        ("overall-survival", "time_to_event", "hr", "est = 0.5, ci = [0.2, 1]", "est = 2",
         [LOG_2, f"-{LOG_2}"]),
        ("NfL", "change", "ratio_gm", "est = 0.5", "est = 1.0", [LOG_2, "0"]),
        ("AALS", "responder", "or", "est = 2.0", "est = 0.5", [LOG_2, f"-{LOG_2}"]),
        ("adverse-events", "incidence", "rr", "est = 2.0", "est = 0.5", [f"-{LOG_2}", LOG_2]),
    ],
)  # fmt: skip
def test_positive_is_benefit(
    instrument: str,
    measure: str,
    type_: str,
    high: str,
    low: str,
    yi: list[str],
    export: Export,
    collection_folder: Path,
) -> None:
    for path in (collection_folder / "trials").iterdir():
        path.unlink()
    text = TRIAL.format(instrument=instrument, measure=measure, type=type_, high=high, low=low)
    (collection_folder / "trials" / "x.toml").write_text(text, "utf-8")
    rows = effects(export("metafor"))
    assert [float(row["yi"]) for row in rows] == [float(y) for y in yi]
    assert {row["external_control"] for row in rows} == {row["shared_control"] for row in rows} == {"true"}
    assert [row["se_from"] for row in rows] == ["ci" if "ci" in high else "p" if "p =" in high else "", ""]
    assert rows[0]["ni"] == "50"


def test_metafor_refuses_what_has_no_direction(
    collection_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = TRIAL.format(instrument="biomarker", measure="change", type="md", high="est = 1", low="est = 2")
    (collection_folder / "trials" / "x.toml").write_text(text, "utf-8")
    command = [
        "--records",
        str(collection_folder),
        "export",
        "metafor",
        "--instrument",
        "biomarker",
        "--at",
        "6m",
    ]
    assert main(command) == 2
    assert "nobody has said whether more is better: biomarker" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--effect", "mdd"], "no term of effect_type"),
        (["--at", "28 weeks"], "is no time"),
        (["--measure", "xyz"], "no term of measure"),
    ],
)
def test_words_that_are_not_known(
    options: list[str], said: str, collection_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--records", str(collection_folder), "export", "metafor", *options]) == 2
    assert said in capsys.readouterr().err
