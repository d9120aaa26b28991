"""The format as data: its schemas say what the models say, and other people's tools read them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from copy import deepcopy
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from alscli.model.field import Table
from alscli.model.format import (
    MODELS,
    FileKind,
    anatomy,
    fields,
    json_schema,
    key_of,
    marker_schema,
    marker_shape,
    shape_of,
)
from alscli.model.ledger import Marker
from alscli.model.values import Absence
from alscli.model.vocabulary import shipped
from alscli.store.schemas import schema_text
from alscli.store.toml import parse

KINDS: tuple[FileKind, ...] = get_args(FileKind)
FILES = {"trial": "trials/*.toml", "product": "products/*.toml", "ledger": "ledger.toml"}
SCHEMAS = {kind: Draft202012Validator(json_schema(kind, shipped())) for kind in KINDS}


# -- the files ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_the_schema_files_are_the_generated_ones(kind: FileKind, shipped_records: Path) -> None:
    written = (shipped_records / f"{kind}.schema.json").read_bytes()
    assert written == schema_text(kind, shipped()).encode()


@pytest.mark.parametrize("kind", KINDS)
def test_schemas_are_valid(kind: FileKind) -> None:
    Draft202012Validator.check_schema(json_schema(kind, shipped()))
    Draft202012Validator.check_schema(marker_schema())


def test_schemas_spell_out_terms_once_and_keep_the_mapping() -> None:
    schema = json_schema("trial", shipped())
    assert schema["properties"]["status"]["$ref"] == "#/$defs/term-status"
    assert schema["properties"]["status"]["x-trds"] == "18"
    assert "recruiting" in schema["$defs"]["term-status"]["enum"]
    assert schema["additionalProperties"] is False
    text = json.dumps(schema)
    for word in ("x-vocabulary", "x-facet", '"null"', "default"):
        assert word not in text, word


def test_the_schemas_take_every_shipped_record(shipped_records: Path) -> None:
    for kind, pattern in FILES.items():
        for path in shipped_records.glob(pattern):
            values = parse(path.read_bytes()).values
            assert not list(SCHEMAS[kind].iter_errors(values)), path.name  # type: ignore[index]
    Draft202012Validator(marker_schema()).validate(
        parse((shipped_records / "alscli.toml").read_bytes()).values
    )


# -- somebody else's reading -------------------------------------------------------------------------

Tool = Callable[[Path], list[str]]


def check_jsonschema(path: Path) -> list[str]:
    return ["check-jsonschema", "--schemafile", str(path.parent.parent / "trial.schema.json"), str(path)]


def tombi(path: Path) -> list[str]:
    return ["tombi", "lint", "--offline", str(path)]


def taplo(path: Path) -> list[str]:
    return ["taplo", "lint", "--schema", (path.parent.parent / "trial.schema.json").as_uri(), str(path)]


@pytest.mark.parametrize("tool", [check_jsonschema, tombi, taplo])
@pytest.mark.parametrize(
    ("fault", "finds"),
    [
        (None, ""),
        (('status = "completed"', 'status = "done"'), "not_yet_recruiting"),
        (('phase = "3"', 'phase = "3"\ncolour = "red"'), "colour"),
        (('status_as_of = "2022-09-22"', 'status_as_of = "Sept 2022"'), ""),
        (("sites = 32", "sites = -1"), ""),
    ],
)
def test_other_tools_read_our_schema(
    tool: Tool, fault: tuple[str, str] | None, finds: str, collection_folder: Path
) -> None:
    command = tool(collection_folder / "trials" / "valor.toml")
    if shutil.which(command[0]) is None and not os.environ.get("ALSCLI_TEST_ALL"):
        pytest.skip(f"{command[0]} is not installed")
    if fault is not None:
        path = collection_folder / "trials" / "valor.toml"
        text = path.read_text("utf-8")
        assert fault[0] in text
        path.write_text(text.replace(*fault), "utf-8")
    done = subprocess.run(
        command, cwd=collection_folder.parent, capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode == 0) == (fault is None), done.stdout + done.stderr
    assert finds in done.stdout + done.stderr


@pytest.mark.skipif(
    shutil.which("check-jsonschema") is None and not os.environ.get("ALSCLI_TEST_ALL"),
    reason="check-jsonschema is not installed",
)
@pytest.mark.parametrize("kind", KINDS)
def test_check_jsonschema_takes_every_shipped_record(kind: FileKind, shipped_records: Path) -> None:
    paths = [str(path) for path in shipped_records.glob(FILES[kind])]
    command = ["check-jsonschema", "--schemafile", str(shipped_records / f"{kind}.schema.json"), *paths]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


# -- the model and the schema agree ------------------------------------------------------------------

GOOD: dict[str, list[Any]] = {
    "text": ["x", "a long title", "渐冻症"],
    "date": ["2020", "2020-02", "2020-02-29"],
    "duration": ["28w", "0.5y"],
    "time": ["0d", "-3m..0d"],
    "number": [0, -5, Decimal("-0.20")],
    "whole number": [1, 40],
    "number or bound": [5, Decimal("0.45"), "<0.001", ">=60"],
    "range": [[25], [18, 60]],
    "two numbers": [[Decimal("-3.25"), 1]],
    "true or false": [True, False],
    "registry id": ["NCT03280056"],
    "source keys": ["registry", ["a", "b"]],
    "any value": ["x", 5, True, [1, 2]],
    "DOI": ["10.1002/mus.27472"],
    "PubMed number": ["34890069"],
    "PubMed Central id": ["PMC9305113"],
    "address": ["https://example.org/"],
}
FOR_KEY = {"schema": [1], "id": ["a-1"], "former_ids": ["b-2"], "lang": ["en", "zh-Hans"]}
BAD = [True, -1, 0, Decimal("2.5"), "not_reported", "?", [], ["?"], {}, {"?": 1}, [{}], "2020-13-77"]

# Where a schema cannot say what the model says: spelling of identifiers, the calendar, the order of two
# numbers or times, text that is blank or one of the two words for an absence.
LENIENT = {"text", "time", "range", "two numbers", "registry id", "source keys", "any value"}
LENIENT |= {"DOI", "PubMed number", "PubMed Central id", "address"}


@st.composite
def tables(draw: st.DrawFn, model: type[Table]) -> dict[str, Any]:
    """Values that the model takes."""
    made: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        what, key = anatomy(model, name), key_of(name, field)
        if not field.is_required() and not draw(st.sampled_from([True, False, False])):
            continue
        if what.absence and draw(st.booleans()):
            made[key] = draw(st.sampled_from([absence.value for absence in Absence]))
            continue
        if what.table is not None:
            one = tables(what.table)
        elif what.vocabulary is not None:
            one = st.sampled_from(list(shipped()[what.vocabulary].terms))
        else:
            one = st.sampled_from(FOR_KEY.get(key, GOOD[what.type_name]))
        made[key] = draw(st.lists(one, min_size=1, max_size=2) if what.many else one)
    if model.__name__ == "Trial":
        made.setdefault("registry_id", "NCT03280056")
    if model.__name__ == "Intervention":
        made.setdefault("modality", "cell")
    return made


def places(node: Any) -> list[tuple[Any, Any]]:
    """Every container and key in it."""
    pairs = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [place for key, value in pairs for place in [(node, key), *places(value)]]


def problems(kind: FileKind, values: dict[str, Any]) -> list[Any]:
    try:
        MODELS[kind].model_validate(values)
    except ValidationError as error:
        return error.errors(include_url=False)
    return []


TYPE_OF = {
    kind: {entry.path.replace("[]", ""): entry.anatomy.type_name for entry in fields(kind)} for kind in KINDS
}


def is_expressible(kind: FileKind, problem: Any) -> bool:
    """Whether a schema could find this."""
    if problem["type"] in ("missing", "extra_forbidden", "term"):
        return True
    if problem["type"] in ("impossible_date", "record_id", "registry_id", "one_of"):
        return False
    path = ".".join(part for part in problem["loc"] if isinstance(part, str))
    return TYPE_OF[kind].get(path) not in LENIENT


@pytest.mark.parametrize("kind", KINDS)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(data=st.data())
def test_model_and_schema_agree(kind: FileKind, data: st.DataObject) -> None:
    values = deepcopy(data.draw(tables(MODELS[kind])))
    assert not problems(kind, values)
    assert not list(SCHEMAS[kind].iter_errors(values))

    container, key = data.draw(st.sampled_from(places(values)))
    fault = data.draw(st.sampled_from(["value", "key", "gone"]))
    if fault == "value":
        container[key] = data.draw(st.sampled_from(BAD))
    elif fault == "gone":
        del container[key]
    elif isinstance(container, dict):
        container["colour"] = "red"
    found = problems(kind, values)
    if not found:
        assert not list(SCHEMAS[kind].iter_errors(values))
    elif any(is_expressible(kind, problem) for problem in found):
        assert list(SCHEMAS[kind].iter_errors(values)), found


# -- the table of fields -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_is_described_and_has_its_place_in_the_layout(kind: FileKind) -> None:
    for entry in fields(kind):
        assert entry.meaning, entry.path
        shape = shape_of(MODELS[kind])
        for key in entry.path.replace("[]", "").split("."):
            shape = shape.keys[key]
        assert shape.kind == entry.kind
    names = [entry.path for entry in fields(kind)]
    assert len(set(names)) == len(names)


def test_lists_with_identity_are_those_of_the_design() -> None:
    def with_identity(kind: FileKind) -> dict[str, tuple[str, ...]]:
        return {e.path.replace("[]", ""): e.facet.identity for e in fields(kind) if e.facet.identity}

    assert with_identity("trial") == {
        "related": ("id",),
        "sponsor.collaborators": ("name",),
        "sponsor.funders": ("name",),
        "interventions": ("id",),
        "arms": ("id",),
        "outcomes": ("id",),
        "outcomes.values": ("arm", "label", "at"),
        "outcomes.effects": ("arm", "vs"),
        "safety": ("arm", "at"),
        "disputes": ("field",),
        "refs": ("key",),
        "waivers": ("rule", "field"),
    }
    assert with_identity("product")["events"] == ("agency", "type", "indication")


def test_what_a_trial_needs() -> None:
    needed = [entry.path for entry in fields("trial") if entry.required and "." not in entry.path]
    assert needed == (
        [
            "schema",
            "id",
            "title",
            "conditions",
            "study_type",
            "design",
            "phase",
            "status",
            "status_as_of",
            "screening",
        ]
    )
    needed = [entry.path for entry in fields("product") if entry.required and "." not in entry.path]
    assert needed == ["schema", "id", "name", "modality"]


@pytest.mark.parametrize(
    ("path", "type_name", "absence"),
    [
        ("enrollment.planned", "whole number", True),
        ("outcomes[].values[].value", "number or bound", True),
        ("arms[].given[].for", "duration", True),
        ("countries", "list of term of country", True),
        ("status", "term of status", False),
        ("dates.start.on", "date", False),
    ],
)
def test_types_in_words(path: str, type_name: str, absence: bool) -> None:
    (entry,) = [entry for entry in fields("trial") if entry.path == path]
    assert (entry.type_name, entry.anatomy.absence) == (type_name, absence)


def test_the_marker() -> None:
    assert list(marker_shape().keys) == ["schema", "title", "scope", "licence", "maintainer"]
    with pytest.raises(ValidationError):
        Marker.model_validate({"schema": 1, "owner": "x"})


def test_a_newer_schema_is_named_as_such() -> None:
    for version, kind in ((2, "newer_schema"), (0, "shape"), ("1", "type"), (True, "type")):
        (problem,) = [p for p in problems("ledger", {"schema": version}) if p["loc"] == ("schema",)]
        assert problem["type"] == kind
