"""Paths: what people read and type for a place in a record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from pathlib import Path as FilePath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alscli.errors import UsageError
from alscli.model.format import MODELS, shape_of
from alscli.model.path import Path, identity_of, labels, name_of, put, resolve, split
from alscli.model.shape import Shape
from alscli.store.toml import parse

TRIAL = shape_of(MODELS["trial"])
RECORD: dict[str, Any] = {
    "schema": 1,
    "id": "a",
    "enrollment": {"randomized": 196, "treated": {"n": 189, "src": "x"}},
    "arms": [{"id": "active", "given": [{"doses": 1}, {"doses": 2}]}, {"id": "placebo"}],
    "outcomes": [
        {
            "id": "responder-28w",
            "values": [
                {"arm": "active", "label": "≥ 1.25: yes", "at": "28w"},
                {"arm": "active"},
                {"label": "bulbar"},
                {"value": 1},
            ],
            "effects": [{"arm": "active", "vs": "placebo", "p": 1}, {"arm": "active", "vs": "placebo"}],
        }
    ],
    "countries": ["CN", "US"],
}


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (("status",), "status"),
        (("enrollment", "randomized"), "enrollment.randomized"),
        (("enrollment", "treated", "n"), "enrollment.treated.n"),
        (("arms", 0, "given", 1, "doses"), "arms.active.given.1.doses"),
        (("outcomes", 0, "effects", 0, "p"), "outcomes.responder-28w.effects.active:placebo.p"),
        (("outcomes", 0, "effects", 1), "outcomes.responder-28w.effects.active:placebo#2"),
        (("outcomes", 0, "values", 0), 'outcomes.responder-28w.values.active:"≥ 1.25: yes":28w'),
        (("outcomes", 0, "values", 1), "outcomes.responder-28w.values.active"),
        (("outcomes", 0, "values", 2), "outcomes.responder-28w.values.:bulbar"),
        (("outcomes", 0, "values", 3), "outcomes.responder-28w.values.#1"),
        (("countries", 1), "countries.1"),
    ],
)
def test_a_path_and_its_name(path: Path, name: str) -> None:
    assert name_of(path, RECORD, TRIAL) == name
    assert resolve(name, RECORD, TRIAL) == path


def test_a_position_will_do_for_an_element_with_a_name() -> None:
    assert resolve("arms.1.n", RECORD, TRIAL) == ("arms", 1, "n")


def test_a_path_that_leads_nowhere_is_named_as_far_as_it_goes() -> None:
    assert name_of(("arms", 7, "n"), RECORD, TRIAL) == "arms.7.n"
    assert name_of(("nonsense", "x.y"), RECORD, TRIAL) == 'nonsense."x.y"'


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("enrolment.planned", "no field enrolment.planned", "enrollment"),
        ("arms.actve.n", "arms has no element actve", "it holds active, placebo"),
        ("refs.x", "refs has no element x", "it holds nothing"),
        ("", "no field ", ""),
        ("arms..n", "arms has no element ", "active"),
        ("status.x", "no field status.x", ""),
        ("countries.5", "countries has no element 5", "0, 1"),
    ],
)
def test_a_name_that_stands_for_nothing(name: str, message: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        resolve(name, RECORD, TRIAL)
    assert caught.value.message == message
    assert hint in caught.value.hint


def walk(node: Any, shape: Shape, path: Path = ()) -> Iterator[Path]:
    """Every place in a record that the format knows."""
    if isinstance(node, Mapping):
        for key, value in node.items():
            if key in shape.keys:
                yield (*path, key)
                yield from walk(value, shape.keys[key], (*path, key))
    elif isinstance(node, list):
        for position, element in enumerate(node):
            yield (*path, position)
            yield from walk(element, shape, (*path, position))


def test_every_place_of_every_shipped_record_can_be_named(shipped_records: FilePath) -> None:
    for kind, folder in (("trial", "trials"), ("product", "products"), ("ledger", ".")):
        shape = shape_of(MODELS[kind])  # type: ignore[index]
        for file in (shipped_records / folder).glob("ledger.toml" if kind == "ledger" else "*.toml"):
            values = parse(file.read_bytes()).values
            for path in walk(values, shape):
                assert resolve(name_of(path, values, shape), values, shape) == path


hostile = st.text(st.sampled_from('ab.:"\\# 1二\n'), max_size=5)
VALUES = TRIAL.keys["outcomes"].keys["values"]
elements = st.lists(st.fixed_dictionaries({}, optional=dict.fromkeys(VALUES.identity, hostile)), max_size=6)


@given(elements)
def test_labels_are_unique_and_lead_back(values: list[dict[str, str]]) -> None:
    record: dict[str, Any] = {"outcomes": [{"id": "x", "values": values}]}
    names = labels(values, VALUES)
    assert len(set(names)) == len(values)
    for position in range(len(values)):
        path = ("outcomes", 0, "values", position, "n")
        assert resolve(name_of(path, record, TRIAL), record, TRIAL) == path


@pytest.mark.parametrize(
    ("ids", "names"),
    [
        (["a", "b"], ["a", "b"]),
        (["a", "b", "a"], ["a", "b", "a#2"]),
        (["a", None], ["a", "#1"]),
        (["a b", "c"], ['"a b"', "c"]),
        ([1, "1"], ["1", "1#2"]),
        (["", "a"], ["#1", "a"]),
        ([], []),
    ],
)
def test_labels_of_elements_with_one_key(ids: list[Any], names: list[str]) -> None:
    elements = [{} if each is None else {"id": each} for each in ids]
    assert labels(elements, Shape("tables", identity=("id",))) == names


@given(elements)
def test_put_makes_an_element_with_the_identity_that_its_name_gives(values: list[dict[str, str]]) -> None:
    old: dict[str, Any] = {"outcomes": [{"id": "x", "values": values}]}
    for position, element in enumerate(values):
        if identity_of(element, VALUES) is None or identity_of(element, VALUES) in [
            identity_of(other, VALUES) for other in values[:position]
        ]:
            continue
        made: dict[str, Any] = {}
        put(name_of(("outcomes", 0, "values", position, "n"), old, TRIAL), 5, made, TRIAL)
        (found,) = made["outcomes"][0]["values"]
        assert found.pop("n") == 5
        assert found == {key: value for key, value in element.items() if value}


def test_put_and_resolve_agree() -> None:
    for name, value in [
        ("status", "completed"),
        ("enrollment.planned", 5),
        ("enrollment.treated.n", 190),
        ("arms.active.n", 95),
        ("outcomes.responder-28w.effects.active:placebo.p", 3),
        ("outcomes.new.result", "met"),
        ("arms.third.given.0.doses", 3),
        ("refs.doe2020.kind", "article"),
        ("safety.#1.deaths", 0),
        ("outcomes.responder-28w.values.#2.n", 5),
    ]:
        record = deepcopy(RECORD)
        path = put(name, value, record, TRIAL)
        assert resolve(name, record, TRIAL) == path
        here: Any = record
        for part in path:
            here = here[part]
        assert here == value


def test_putting_a_source_beside_a_bare_number_keeps_the_number() -> None:
    record = deepcopy(RECORD)
    put("enrollment.randomized.src", "registry", record, TRIAL)
    assert record["enrollment"]["randomized"] == {"n": 196, "src": "registry"}


def test_a_value_takes_the_place_of_an_absence() -> None:
    record: dict[str, Any] = {"enrollment": "not_reported", "arms": "not_reported"}
    put("enrollment.planned", 5, record, TRIAL)
    put("arms.a.n", 5, record, TRIAL)
    assert record == {"enrollment": {"planned": 5}, "arms": [{"id": "a", "n": 5}]}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("enrolment.planned", "no field enrolment.planned"),
        ("status.on", "no field status.on"),
        ("arms.new.given.5.doses", "no element 5"),
        ("safety.#2.deaths", "no element #2"),
        ("arms.new.nonsense", "no field arms.new.nonsense"),
    ],
)
def test_what_cannot_be_put(name: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        put(name, 1, deepcopy(RECORD), TRIAL)
    assert caught.value.message.startswith(message)


def test_put_mends_what_has_the_wrong_type_on_the_way() -> None:
    record: dict[str, Any] = {"arms": [1], "dates": 5}
    put("arms.0.n", 5, record, TRIAL)
    put("dates.start.on", "2020", record, TRIAL)
    assert record == {"arms": [{"n": 5}], "dates": {"start": {"on": "2020"}}}


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("a.b", ["a", "b"]),
        ('a."b.c"', ["a", '"b.c"']),
        (r'a."b\".c".d', ["a", r'"b\".c"', "d"]),
        (r'"a\\".b', [r'"a\\"', "b"]),
        ("a.", ["a", ""]),
        ("", [""]),
        ('"open.end', ['"open.end']),
    ],
)
def test_parts_of_a_name(name: str, parts: list[str]) -> None:
    assert split(name) == parts
