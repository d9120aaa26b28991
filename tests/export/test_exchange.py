"""FHIR, PRISMA and metafor: what they say is what the register says, or they refuse."""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from alscli.cli import main
from alscli.export.fhir import SYSTEMS

Export = Callable[..., Path]

# -- FHIR ----------------------------------------------------------------------------------------------

R5 = json.loads((Path(__file__).parent / "fhir_r5.json").read_text("utf-8"))
"""The bindings and codes of FHIR R5, which fhir.resources does not check."""


@pytest.fixture(scope="module")
def bundle(shipped_records: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    path = tmp_path_factory.mktemp("fhir") / "bundle.json"
    assert main(["--records", str(shipped_records), "-q", "export", "fhir", "-o", str(path)]) == 0
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def resources(bundle: dict[str, Any]) -> list[dict[str, Any]]:
    return [entry["resource"] for entry in bundle["entry"]]


def studies(bundle: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {each["id"]: each for each in resources(bundle) if each["resourceType"] == "ResearchStudy"}


def elements(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Every element with its path as HL7 names it."""
    for each in value if isinstance(value, list) else [value]:
        if isinstance(each, dict):
            for name, below in each.items():
                yield f"{path}.{name}", below
                yield from elements(below, f"{path}.{name}")


def codings(value: Any) -> list[tuple[str | None, str]]:
    """System and code of a code, of a concept or of several."""
    if isinstance(value, str):
        return [(None, value)]
    concepts = value if isinstance(value, list) else [value]
    return [(each["system"], each["code"]) for concept in concepts for each in concept.get("coding", ())]


@pytest.mark.filterwarnings("default")
def test_fhir_resources_takes_it(bundle: dict[str, Any]) -> None:
    from fhir.resources.bundle import Bundle

    assert len(Bundle.model_validate(bundle).entry) > 100


def test_codes_are_in_their_value_sets(bundle: dict[str, Any]) -> None:
    found: dict[str, set[tuple[str | None, str]]] = {"Bundle.type": {(None, bundle["type"])}}
    uncoded: set[str] = set()
    for resource in resources(bundle):
        for path, value in elements(resource, resource["resourceType"]):
            if path in R5["bindings"]:
                found.setdefault(path, set()).update(codings(value))
                if not codings(value):
                    uncoded.add(path)
    assert found.keys() == R5["bindings"].keys()
    for path, pairs in found.items():
        values = R5["value_sets"][R5["bindings"][path]["value_set"]]
        assert {system for system, _ in pairs} <= {None, values["system"]}, path
        assert {code for _, code in pairs} <= set(values["codes"]), path
    # Where a term has no code of HL7's, words alone are allowed: these sets are not required.
    assert {R5["bindings"][path]["strength"] for path in uncoded} <= {"extensible", "preferred", "example"}


def test_other_codes(bundle: dict[str, Any]) -> None:
    import pycountry

    bound = {each["system"] for each in R5["value_sets"].values()}
    systems = {SYSTEMS["country"], SYSTEMS["mondo"]}
    for study in studies(bundle).values():
        for path, value in elements(study, "ResearchStudy"):
            if path.endswith((".region", ".condition")):
                assert {system for system, _ in codings(value)} <= systems - bound
        assert all(pycountry.countries.get(alpha_2=code) for _, code in codings(study.get("region", [])))


def test_what_hl7_demands_of_any_resource(bundle: dict[str, Any]) -> None:
    urls = [entry["fullUrl"] for entry in bundle["entry"]]
    assert len(set(urls)) == len(urls)

    def walk(value: Any) -> None:
        assert value not in (None, "", [], {})
        for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            walk(each)

    walk(bundle)
    referred = set(re.findall(r'"reference": "([^"]*)"', json.dumps(bundle)))
    assert referred <= set(urls)
    shared = {
        entry["fullUrl"] for entry in bundle["entry"] if entry["resource"]["resourceType"] != "ResearchStudy"
    }
    assert shared == referred  # and nothing that no study refers to
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


@pytest.mark.filterwarnings("default")
def test_ids_too_long_for_fhir(export: Export, collection_folder: Path) -> None:
    from fhir.resources.bundle import Bundle

    written(collection_folder, id_="x" * 80)
    path = collection_folder / "trials" / f"{'x' * 80}.toml"
    path.write_text(path.read_text("utf-8").replace('"high"', f'"{"h" * 80}"'), "utf-8")
    text = export("fhir").read_text("utf-8")
    entry = Bundle.model_validate_json(text).entry[0]
    assert len(entry.resource.id) == len(entry.resource.comparisonGroup[0].linkId) == 36
    assert entry.resource.comparisonGroup[0].name == "h" * 80


def test_what_studies_share_stands_once(bundle: dict[str, Any]) -> None:
    citations = [each for each in resources(bundle) if each["resourceType"] == "Citation"]
    dois = [
        identifier["value"].casefold()
        for each in citations
        for identifier in each["citedArtifact"].get("identifier", ())
        if identifier["system"] == "https://doi.org"
    ]
    assert "10.1002/mus.27472" in dois
    assert len(dois) == len(set(dois))
    variables = [each for each in resources(bundle) if each["resourceType"] == "EvidenceVariable"]
    title = "revised ALS functional rating scale, change from a reference, at 28w"
    (change,) = [each for each in variables if each["title"] == title]
    assert change["handling"] == "continuous"
    (time,) = change["characteristic"][0]["timeFromEvent"]
    assert (time["quantity"]["value"], time["quantity"]["code"]) == (196, "d")
    assert all(each["description"] for each in variables if each["title"].startswith("other "))


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
    assert found["excluded_automatic"] == "NA"  # nor what a machine left out


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
    assert row["ni"] == "108"
    assert math.isclose(
        float(row["sei"]), width / (2 * 1.982597), rel_tol=1e-5
    )  # t of 106 degrees of freedom
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
{more}
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
        ("AALS", "responder", "md", "est = 10", "est = -5", ["10", "-5"]),
        ("overall-survival", "incidence", "rr", "est = 2.0", "est = 0.5", [f"-{LOG_2}", LOG_2]),
        ("overall-survival", "survival_rate", "rd", "est = 0.1", "est = -0.2", ["0.1", "-0.2"]),
        ("ALSFRS-R", "slope", "md", "est = 0.5, p = 0.04", "est = -0.25", ["0.5", "-0.25"]),
        ("ALSFRS-R", "change", "smd", "est = 0.5", "est = -0.25", ["0.5", "-0.25"]),
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
    written(collection_folder, instrument=instrument, measure=measure, type=type_, high=high, low=low)
    rows = effects(export("metafor"))
    assert [float(row["yi"]) for row in rows] == [float(y) for y in yi]
    assert {row["external_control"] for row in rows} == {row["shared_control"] for row in rows} == {"true"}
    assert {row["repeated"] for row in rows} == {"false"}
    assert [row["se_from"] for row in rows] == ["ci" if "ci" in high else "p" if "p =" in high else "", ""]
    assert rows[0]["ni"] == "50"


def written(folder: Path, more: str = "", *, alone: bool = True, id_: str = "x", **words: str) -> None:
    """The trial above in the collection, with what else its outcome says, perhaps alone."""
    if alone:
        for path in (folder / "trials").iterdir():
            path.unlink()
    given = {
        "instrument": "ALSFRS-R",
        "measure": "change",
        "type": "md",
        "high": "est = 1",
        "low": "est = 2",
        "more": more,
    }
    text = TRIAL.replace('"x"', f'"{id_}"').format(**given | words)
    (folder / "trials" / f"{id_}.toml").write_text(text, "utf-8")


@pytest.mark.parametrize(
    ("high", "type_", "sei", "origin"),
    [
        ("est = 2, ci = [0, 4]", "md", 0.994711, "ci"),  # t of 48 degrees of freedom at 0.975: 2.010635
        ("est = 2, ci = [0, 4], level = 90", "md", 1.192444, "ci"),  # at 0.95: 1.677224
        ("est = 2, ci = [1, 4]", "or", 0.353653, "ci"),  # log 4 / (2 * 1.959964)
        ("est = 2, p = 0.05", "md", 0.994711, "p"),
        ("est = 2, p = 0.05, sides = 1", "md", 1.192444, "p"),
        ("est = 2, p = 0.05", "or", 0.353653, "p"),  # log 2 / 1.959964
        ('est = 2, p = "<0.05"', "md", None, ""),
        ('est = 2, p = 0.05, method = "Wilcoxon rank sum"', "md", None, ""),
        ("est = 0, p = 0.9", "md", None, ""),
    ],
)
def test_the_standard_error(
    high: str, type_: str, sei: float | None, origin: str, export: Export, collection_folder: Path
) -> None:
    """Numbers of R 4.2: `qt(0.975, 48)`, `qnorm(0.975)`."""
    measure = "responder" if type_ == "or" else "change"
    written(collection_folder, type=type_, measure=measure, high=high, low="est = 1")
    (row, _) = effects(export("metafor"))
    assert row["se_from"] == origin
    assert (float(row["sei"]) if row["sei"] else None) == (sei and pytest.approx(sei, rel=1e-5))


@pytest.mark.parametrize(
    ("first", "second", "named"),
    [
        ({"measure": "slope", "more": 'unit = "points a month"'},
         {"measure": "slope", "more": 'unit = "points a year"'}, '--unit "points a month"'),
        ({"measure": "slope"}, {"measure": "slope"}, "what nobody recorded is not pooled"),
        ({"instrument": "NfL", "more": 'matrix = "serum"\nunit = "pg/mL"'},
         {"instrument": "NfL", "more": 'matrix = "CSF"\nunit = "pg/mL"'}, "--matrix serum"),
        ({"instrument": "ALSFRS-R"}, {"instrument": "ALSFRS"}, "--instrument ALSFRS-R"),
        ({"measure": "change"}, {"measure": "score"}, "--measure change"),
        ({"measure": "responder", "type": "rd", "more": 'stat = "percent"'},
         {"measure": "responder", "type": "rd", "more": 'unit = "share"'}, "--unit %"),
        ({"type": "md"}, {"type": "smd"}, "--effect md"),
    ],
    ids=["units", "no unit", "matrices", "scales", "measures", "shares", "types"],
)  # fmt: skip
def test_metafor_does_not_pool(
    first: dict[str, str],
    second: dict[str, str],
    named: str,
    export: Export,
    collection_folder: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    written(collection_folder, **first)
    written(collection_folder, **second, alone=False, id_="y")
    export("metafor", status=2)
    err = capsys.readouterr().err
    assert "effects of 2 kinds are not pooled" in err
    assert named in err


def test_one_unit_in_two_spellings_is_one(export: Export, collection_folder: Path) -> None:
    written(collection_folder, measure="slope", more='unit = "points/month"')
    written(collection_folder, measure="slope", more='unit = "points per month"', alone=False, id_="y")
    assert {row["unit"] for row in effects(export("metafor"))} == {"points a month"}
    assert len(effects(export("metafor", "--unit", "Points / month"))) == 4
    written(collection_folder, more='unit = "points"')
    written(collection_folder, alone=False, id_="y")  # a change is in the instrument's unit
    assert len(effects(export("metafor"))) == 4


def test_control_against_treatment_is_turned_round(export: Export, collection_folder: Path) -> None:
    written(collection_folder)
    path = collection_folder / "trials" / "x.toml"
    text = path.read_text("utf-8")
    path.write_text(text.replace('arm = "high", vs = "none"', 'arm = "none", vs = "high"'), "utf-8")
    turned, plain = effects(export("metafor"))
    assert (turned["arm"], turned["vs"], turned["yi"], turned["flipped"]) == ("high", "none", "-1", "true")
    assert (turned["n1i"], turned["n2i"], turned["est"]) == ("20", "30", "1")
    assert (plain["arm"], plain["yi"], plain["flipped"]) == ("low", "2", "false")


def test_one_database_of_controls_in_two_trials(export: Export, collection_folder: Path) -> None:
    for id_, label in (
        ("x", "matched PRO-ACT patients"),
        ("y", "placebo in the PRO-ACT database"),
        ("z", ""),
    ):
        written(collection_folder, low="p = 0.5", alone=id_ == "x", id_=id_)
        path = collection_folder / "trials" / f"{id_}.toml"
        labeled = f'role = "external_control"\nlabel = "{label or "patients of the clinic"}"'
        path.write_text(path.read_text("utf-8").replace('role = "external_control"', labeled), "utf-8")
    rows = {row["study"]: row for row in effects(export("metafor"))}
    assert [rows[id_]["shared_control"] for id_ in "xyz"] == ["true", "true", "false"]


def test_two_analyses_of_the_same_arms_are_marked(
    export: Export, collection_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = """
[[outcomes]]
id = "o-pp"
role = "secondary"
instrument = "ALSFRS-R"
measure = "change"
at = "6m"
population = "pp"
effects = [{ arm = "high", vs = "none", type = "md", est = 1.5, ci = [-1, 2] }]
"""
    written(collection_folder, more)
    output = collection_folder.parent / "effects.csv"
    assert main(["--records", str(collection_folder), "export", "metafor", "-o", str(output)]) == 0
    assert [row["repeated"] for row in effects(output)] == ["true", "false", "true"]
    err = capsys.readouterr().err
    assert "several rows compare the same arms, keep one of each: x" in err
    assert "1 of 3 intervals are not symmetric" in err
    assert "left out: 1 against baseline or run-in" in err


def test_metafor_refuses_what_has_no_direction(
    collection_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written(collection_folder, instrument="biomarker", more='matrix = "CSF"\nunit = "x"', alone=False)
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
        (["--matrix", "blod"], "did you mean blood"),
        (["--at", "28 weeks"], "is no time"),
        (["--measure", "xyz"], "no term of measure"),
    ],
)
def test_words_that_are_not_known(
    options: list[str], said: str, collection_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--records", str(collection_folder), "export", "metafor", *options]) == 2
    assert said in capsys.readouterr().err


def test_instruments_that_are_many_go_by_their_definition(
    export: Export, collection_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    many = {"instrument": "adverse-events", "measure": "incidence", "type": "rr"}
    written(collection_folder, **many, more='definition = "falls"')
    written(collection_folder, **many, more='definition = "Falls"', alone=False, id_="y")
    assert len(effects(export("metafor"))) == 4
    written(collection_folder, **many, more='definition = "pneumonia"', alone=False, id_="y")
    export("metafor", status=2)
    written(collection_folder, **many, alone=False, id_="y")
    export("metafor", status=2)


def test_regimens_of_one_platform_share_its_controls(export: Export, collection_folder: Path) -> None:
    for id_ in "xyz":
        written(collection_folder, low="p = 0.5", alone=id_ == "x", id_=id_)
        if id_ != "z":
            path = collection_folder / "trials" / f"{id_}.toml"
            related = 'src = ["a"]\nrelated = [{ id = "NCT04297683", rel = "regimen_of" }]\n'
            path.write_text(path.read_text("utf-8").replace('src = ["a"]\n', related, 1), "utf-8")
    rows = {row["study"]: row for row in effects(export("metafor"))}
    assert [rows[id_]["shared_control"] for id_ in "xyz"] == ["true", "true", "false"]


def test_a_p_too_small_for_a_level_in_percent_gives_no_error(export: Export, collection_folder: Path) -> None:
    written(collection_folder, high="est = 2, p = 0.00000000000000001", low="est = 1")
    (row, _) = effects(export("metafor"))
    assert (row["sei"], row["se_from"]) == ("", "")
