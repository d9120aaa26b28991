"""The formats of `validate`: each says the same findings, and is well-formed whatever the text."""

from __future__ import annotations

import json
import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree as ET

import jsonschema
import pytest
import sarif_pydantic
from hypothesis import given, settings
from hypothesis import strategies as st

from alscli.check.engine import catalogue, check, select
from alscli.check.finding import Finding, Severity
from alscli.check.report import Report
from alscli.check.reporters import github, jsonl, junit, sarif
from alscli.check.reporters import json as json_reporter
from alscli.check.reporters import text as text_reporter
from alscli.store.collection import Collection

SMALL = Path(__file__).parent.parent / "collection"


def finding(
    message: str = "11 treated, more than the 10 randomized",
    severity: str = "error",
    path: str = "records/trials/a.toml",
    code: str = "EN001",
    **more: Any,
) -> Finding:
    place = {"line": 5, "column": 3, "end_line": 5, "end_column": 8} | more
    return Finding(code, Severity(severity), Path(path), "a", "enrollment.treated", message, **place)


def report(*findings: Finding, files: tuple[str, ...] = ()) -> Report:
    paths = [Path(path) for path in files] or sorted({found.path for found in findings})
    return Report(list(findings), list(map(str, paths)), date(2026, 11, 22))


SEVERITIES = ("error", "warning", "note")
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
FINDINGS = st.builds(
    finding,
    TEXTS,
    st.sampled_from(SEVERITIES),
    TEXTS.filter(lambda text: text.strip("./\0") and "\0" not in text),
    st.sampled_from(["TX001", "SM004", "EN001"]),
    suggestions=st.lists(TEXTS, max_size=2).map(tuple),
    replacement=st.none() | TEXTS,
)
REPORTS = st.lists(FINDINGS, max_size=4).map(lambda found: report(*found))


@pytest.fixture(scope="module")
def small() -> Report:
    """What is found in the small collection."""
    collection = Collection(SMALL)
    return check(collection, collection.load(), as_of=date(2026, 11, 22), codes=select([], []))


# -- text ---------------------------------------------------------------------------------------------


def test_what_weighs_most_stands_last() -> None:
    found = report(
        finding("grave", "error", "a.toml"),
        finding("true", "note", "a.toml"),
        finding("to mend", "warning", "b.toml"),
        finding("graver", "error", "b.toml"),
    )
    heads = [line for line in text_reporter.render(found, color=False) if line[:1] in "ab"]
    assert [line.rpartition(" EN001 ")[2] for line in heads if line] == [
        "note true",
        "warning to mend",
        "error grave",
        "error graver",
    ]


def test_many_notes_are_a_line_each() -> None:
    notes = [finding(f"note {number}", "note", source='phase = "3"') for number in range(21)]
    lines = list(text_reporter.render(report(*notes, finding("bad", source='phase = "3"')), color=False))
    assert lines[:21] == [f"records/trials/a.toml:5:3: EN001 note note {number}" for number in range(21)]
    assert lines[22:25] == ["  |", '5 | phase = "3"', "  |   ^^^^^"]
    few = list(text_reporter.render(report(*notes[1:]), color=False))
    assert sum("^^^^^" in line for line in few) == 20


# -- json, jsonl --------------------------------------------------------------------------------------


def test_json_lines_are_the_findings_of_json(small: Report) -> None:
    whole = json.loads(json_reporter.render(small))
    lines = list(jsonl.render(small))
    assert [json.loads(line) for line in lines] == whole["findings"]
    assert whole["summary"] == {name: small.count(Severity(name)) for name in SEVERITIES}
    assert whole["checked"] == small.checked == 11


@settings(deadline=None, max_examples=60)
@given(REPORTS)
def test_a_finding_is_one_line_of_json(found: Report) -> None:
    lines = list(jsonl.render(found))
    assert all("\n" not in line and "\r" not in line for line in lines)
    assert [json.loads(line)["message"] for line in lines] == [one.message for one in found.findings]


# -- github -------------------------------------------------------------------------------------------


def test_workflow_command() -> None:
    (line,) = github.render(report(finding()))
    assert line == (
        "::error file=records/trials/a.toml,line=5,endLine=5,col=3,endColumn=8,title=EN001"
        "::11 treated, more than the 10 randomized"
    )


def test_note_is_a_notice_and_columns_only_within_one_line() -> None:
    (line,) = github.render(report(finding(severity="note", end_line=7)))
    assert line.startswith("::notice file=records/trials/a.toml,line=5,endLine=7,title=EN001::")


@settings(deadline=None, max_examples=60)
@given(REPORTS)
def test_no_text_breaks_out_of_a_workflow_command(found: Report) -> None:
    lines = list(github.render(found))
    for line, one in zip(lines, found.findings, strict=True):
        parts = re.fullmatch(r"::(error|warning|notice) ([^:]*)::(.*)", line, re.DOTALL)
        assert parts
        assert "\n" not in line
        assert "\r" not in line
        properties = dict(part.split("=", 1) for part in parts[2].split(","))
        assert properties["title"] == one.code
        if one.message.isprintable():
            message = parts[3].replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")
            assert message == one.message


# -- junit --------------------------------------------------------------------------------------------

# What the schema of Jenkins' xUnit plugin (junit-10.xsd) admits, as far as it is used: attributes by
# element, the required ones first, and the elements that may stand in it.
JUNIT = {
    "testsuites": ((), ("name", "time", "tests", "failures", "disabled", "errors"), {"testsuite"}),
    "testsuite": (
        ("name", "tests", "failures", "errors"),
        ("skipped", "time", "timestamp", "hostname", "id", "package"),
        {"properties", "testcase", "system-out", "system-err"},
    ),
    "testcase": (
        ("name", "classname"),
        ("time",),
        {"skipped", "error", "failure", "system-out", "system-err"},
    ),
    "failure": ((), ("message", "type"), set()),
    "system-out": ((), (), set()),
}


def assert_is_junit(element: ET.Element) -> None:
    needed, allowed, children = JUNIT[element.tag]
    assert set(needed) <= set(element.keys()) <= {*needed, *allowed}
    for child in element:
        assert child.tag in children
        assert_is_junit(child)
    if element.tag == "testsuite":
        cases = element.findall("testcase")
        assert int(element.attrib["tests"]) == len(cases)
        assert int(element.attrib["failures"]) == sum(case.find("failure") is not None for case in cases)


def parsed(found: Report, fail_on: str = "error") -> ET.Element:
    text = "\n".join(junit.render(found, Severity(fail_on)))
    root = ET.fromstring(text.encode())
    assert_is_junit(root)
    return root


def test_a_record_is_a_test_case(small: Report) -> None:
    root = parsed(small, "note")
    cases = list(root.iter("testcase"))
    assert len(cases) == small.checked
    failed = {case.attrib["name"] for case in cases if case.find("failure") is not None}
    assert failed == {one.path.name for one in small.findings}


def test_what_does_not_fail_is_output() -> None:
    found = report(finding("bad"), finding("less bad", "warning"), files=("records/trials/a.toml",))
    case = parsed(found).find(".//testcase")
    assert case is not None
    failure, output = case
    assert failure.attrib == {"message": "bad", "type": "EN001"}
    assert output.text == "records/trials/a.toml:5:3: EN001 warning less bad"
    assert len(parsed(found, "warning").findall(".//failure")) == 1


def test_a_finding_in_a_file_that_is_gone_has_its_test_case() -> None:
    found = report(finding(path="records/trials/gone.toml"), files=("records/trials/a.toml",))
    assert len(parsed(found).findall(".//testcase")) == 2


@settings(deadline=None, max_examples=60)
@given(REPORTS, st.sampled_from(SEVERITIES))
def test_junit_is_well_formed_for_every_text(found: Report, fail_on: str) -> None:
    parsed(found, fail_on)


# -- sarif --------------------------------------------------------------------------------------------

# The constraints of SARIF 2.1.0 (OASIS, 2023) on what is written here; no package ships its schema. Closed,
# so that nothing is written which this does not know.
_TEXT = {
    "type": "object",
    "required": ["text"],
    "properties": {"text": {"type": "string"}},
    "additionalProperties": False,
}
_COUNT = {"type": "integer", "minimum": 1}
_LEVEL = {"enum": ["none", "note", "warning", "error"]}
_ARTIFACT = {
    "type": "object",
    "required": ["uri"],
    "properties": {
        "uri": {"type": "string", "pattern": r"^([A-Za-z0-9\-._~/!$&'()*+,;=@]|%[0-9A-F]{2})+$"},
        "uriBaseId": {"type": "string"},
    },
    "additionalProperties": False,
}
_REGION = {
    "type": "object",
    "required": ["startLine"],
    "properties": dict.fromkeys(["startLine", "startColumn", "endLine", "endColumn"], _COUNT),
    "additionalProperties": False,
}
_REPLACEMENT = {
    "type": "object",
    "required": ["deletedRegion"],
    "properties": {"deletedRegion": _REGION, "insertedContent": _TEXT},
    "additionalProperties": False,
}
_RULE = {
    "type": "object",
    "required": ["id"],
    "properties": {
        "id": {"type": "string"},
        "name": {"type": "string"},
        **dict.fromkeys(["shortDescription", "fullDescription", "help"], _TEXT),
        "defaultConfiguration": {
            "type": "object",
            "properties": {"level": _LEVEL},
            "additionalProperties": False,
        },
    },
    "additionalProperties": False,
}


def _objects(properties: dict[str, Any], required: list[str], least: int = 0) -> dict[str, Any]:
    item = {"type": "object", "required": required, "properties": properties, "additionalProperties": False}
    return {"type": "array", "items": item, "minItems": least}


_CHANGES = _objects(
    {"artifactLocation": _ARTIFACT, "replacements": {"type": "array", "items": _REPLACEMENT, "minItems": 1}},
    ["artifactLocation", "replacements"],
    1,
)
_LOCATIONS = _objects(
    {
        "physicalLocation": {
            "type": "object",
            "required": ["artifactLocation"],
            "properties": {"artifactLocation": _ARTIFACT, "region": _REGION},
            "additionalProperties": False,
        },
        "logicalLocations": _objects({"fullyQualifiedName": {"type": "string"}}, ["fullyQualifiedName"], 1),
    },
    [],
    1,
)
_RESULTS = _objects(
    {
        "ruleId": {"type": "string"},
        "ruleIndex": {"type": "integer", "minimum": 0},
        "level": _LEVEL,
        "message": _TEXT,
        "locations": _LOCATIONS,
        "partialFingerprints": {"type": "object", "additionalProperties": {"type": "string"}},
        "fixes": _objects({"description": _TEXT, "artifactChanges": _CHANGES}, ["artifactChanges"], 1),
    },
    ["message"],
)
_DRIVER = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": {"type": "string"},
        "version": {"type": "string"},
        "rules": {"type": "array", "items": _RULE, "uniqueItems": True},
    },
    "additionalProperties": False,
}
_RUNS = _objects(
    {
        "tool": {
            "type": "object",
            "required": ["driver"],
            "properties": {"driver": _DRIVER},
            "additionalProperties": False,
        },
        "originalUriBaseIds": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "properties": {"description": _TEXT},
                "additionalProperties": False,
            },
        },
        "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
        "results": _RESULTS,
    },
    ["tool"],
    1,
)
SARIF = {
    "type": "object",
    "required": ["version", "runs"],
    "properties": {"$schema": {"type": "string"}, "version": {"const": "2.1.0"}, "runs": _RUNS},
    "additionalProperties": False,
}


def run_of(found: Report) -> dict[str, Any]:
    log = json.loads(sarif.render(found))
    jsonschema.validate(log, SARIF)
    # Another program's model of SARIF reads everything that is written, and writes it as it read it.
    read = sarif_pydantic.Sarif.model_validate(log)
    assert read.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_unset=True) == log
    run: dict[str, Any] = log["runs"][0]
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    return run


def test_sarif_of_the_small_collection(small: Report) -> None:
    run = run_of(small)
    assert len(run["results"]) == len(small.findings)
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == list(catalogue())
    prints = [result["partialFingerprints"]["finding/v1"] for result in run["results"]]
    assert len(set(prints)) == len({(f.code, f.path, f.field, f.message) for f in small.findings})


def test_sarif_offers_the_replacement_as_a_fix() -> None:
    found = finding(code="SM004", replacement='"recruiting"', path="records/trials/名 a#%.toml")
    (result,) = run_of(report(found))["results"]
    place = result["locations"][0]["physicalLocation"]
    assert place["region"] == {"startLine": 5, "startColumn": 3, "endLine": 5, "endColumn": 8}
    assert unquote(place["artifactLocation"]["uri"]) == "records/trials/名 a#%.toml"
    assert result["locations"][0]["logicalLocations"] == [{"fullyQualifiedName": "a.enrollment.treated"}]
    (change,) = result["fixes"][0]["artifactChanges"]
    assert change["replacements"] == [
        {"deletedRegion": place["region"], "insertedContent": {"text": '"recruiting"'}}
    ]


@settings(deadline=None, max_examples=60)
@given(REPORTS)
def test_sarif_holds_for_every_text(found: Report) -> None:
    results = run_of(found)["results"]
    assert [result["message"]["text"] for result in results] == [one.message for one in found.findings]


def test_a_file_name_that_is_not_utf_8_does_not_stop_a_report() -> None:
    found = report(finding(path="records/trials/\udcff.toml"))
    assert "%FF.toml" in sarif.render(found)
    assert parsed(found).find(".//testcase") is not None
    assert len([*github.render(found), *jsonl.render(found)]) == 2
    json_reporter.render(found)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Decimal("-0.20"), "-0.2"),
        (Decimal("NaN"), '"NaN"'),
        (Decimal("-Infinity"), '"-Infinity"'),
        (True, "true"),
    ],
)
def test_json_has_a_word_for_every_value(value: object, shown: str) -> None:
    """Not a number is no JSON; it is said as text."""
    found = finding()._replace(value=value)
    for text in (json_reporter.render(report(found)), *jsonl.render(report(found))):
        assert f'"value": {shown}' in text or f'"value":{shown}' in text
        json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
