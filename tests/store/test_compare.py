"""Changes by field: none of a record with itself; applied to the old record they give the new one."""

from __future__ import annotations

from copy import deepcopy
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alscli.model.format import MODELS, shape_of
from alscli.model.path import labels
from alscli.model.shape import Shape
from alscli.store.compare import (
    Change,
    RecordChange,
    Version,
    apply,
    changes,
    is_renamed,
    is_same,
    leaves,
    record_changes,
)
from alscli.store.toml import parse

TRIAL = shape_of(MODELS["trial"])


def one(old: dict[str, Any], new: dict[str, Any]) -> Change:
    """The only change between two trials."""
    (found,) = changes(old, new, "trial")
    return found


# -- laws --------------------------------------------------------------------------------------------

scalars = st.one_of(
    st.sampled_from(["a", "b", "not_reported"]),
    st.integers(0, 3),
    st.booleans(),
    st.sampled_from([Decimal("1.5"), Decimal("-0.20")]),
)


def tables(shape: Shape) -> st.SearchStrategy[dict[str, Any]]:
    """Tables with keys of the format, whatever their values."""
    return st.fixed_dictionaries({}, optional={key: values(below) for key, below in shape.keys.items()})


def values(shape: Shape) -> st.SearchStrategy[Any]:
    if shape.kind in ("tables", "inline_tables"):
        return st.lists(st.deferred(lambda: tables(shape)), max_size=3) | scalars
    if shape.keys:
        return st.deferred(lambda: tables(shape)) | scalars
    return scalars | st.lists(st.sampled_from("abc"), max_size=3)


# A part of the format that has one of everything: sets, tables, bare numbers, lists in lists.
KEYS = ("status", "countries", "enrollment", "related", "arms", "outcomes", "safety", "refs")
PART = Shape("table", {key: TRIAL.keys[key] for key in KEYS})


def plain(node: Any, shape: Shape) -> Any:
    """What a record means: bare counts as tables, sets without order, elements by label."""
    if type(node) is int and "n" in shape.keys:
        node = {"n": node}
    if isinstance(node, dict):
        return {key: plain(value, shape.keys.get(key, Shape("value"))) for key, value in node.items()}
    if shape.kind in ("tables", "inline_tables") and isinstance(node, list):
        element = Shape("inline", shape.keys, shape.identity)
        pairs = zip(labels(node, shape), node, strict=True)
        return {label: plain(each, element) for label, each in pairs if each is not None}
    if shape.kind == "set" and isinstance(node, list):
        return sorted(map(str, node))
    return node


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(tables(PART))
def test_a_record_does_not_differ_from_itself(record: dict[str, Any]) -> None:
    assert changes(record, deepcopy(record), "trial") == []


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(tables(PART), tables(PART))
def test_there_and_back_are_the_same_changes(old: dict[str, Any], new: dict[str, Any]) -> None:
    there = {(c.field, str(c.old), str(c.new)) for c in changes(old, new, "trial")}
    back = {(c.field, str(c.new), str(c.old)) for c in changes(new, old, "trial")}
    assert there == back


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(tables(PART), tables(PART))
def test_applying_the_changes_gives_the_other_record(old: dict[str, Any], new: dict[str, Any]) -> None:
    before = deepcopy(old)
    made = apply(old, changes(old, new, "trial"), "trial")
    assert changes(made, new, "trial") == []
    assert old == before
    held = leaves(made, "trial")
    for name, value in leaves(new, "trial").items():
        bare = held.get(f"{name}.n")  # a bare count, where a count with its source stood
        assert is_same(value, held.get(name)) or is_same(value, bare) or value in ([], {}), name


def test_shipped_records_one_made_of_the_other(shipped_records: Path) -> None:
    paths = sorted((shipped_records / "trials").glob("*.toml"))[:12]
    records = [parse(path.read_bytes()).values for path in paths]
    for old in records:
        assert changes(old, old, "trial") == []
        for new in records:
            made = apply(old, changes(old, new, "trial"), "trial")
            assert plain(made, TRIAL) == plain(new, TRIAL)


EDITS = {
    "status": "recruiting",
    "countries": ["US", "CN"],
    "enrollment": {"planned": 40, "treated": {"n": 39, "src": "x"}, "screened": "not_reported"},
    "arms": [{"id": "a", "n": 5, "given": [{"doses": 1}, {"doses": 2}]}, {"id": "b"}],
    "outcomes": [{"id": "x", "values": [{"arm": "a", "value": Decimal("1.5")}], "effects": "not_reported"}],
}
ALTERNATIVES: dict[str, list[Any]] = {
    "status": ["completed", None],
    "countries": [["US"], "not_reported", None],
    "enrollment": [
        {"planned": 41, "treated": {"n": 39}, "screened": 5},
        {"planned": {"n": 40, "src": "y"}, "treated": 38},
        {"planned": "not_reported"},
        "not_reported",
        None,
    ],
    "arms": [
        [{"id": "a", "n": 6, "given": [{"doses": 1}]}, {"id": "c"}],
        [{"id": "b", "n": 1}, {"id": "a", "given": "not_reported"}],
        [],
        None,
    ],
    "outcomes": [
        [
            {
                "id": "x",
                "values": [{"arm": "a", "at": "28w", "value": 2}],
                "effects": [{"arm": "a", "vs": "b"}],
            }
        ],
        [{"id": "x.y", "result": "met"}, {"id": "x", "result": "not_met"}],
        None,
    ],
}


@given(
    st.fixed_dictionaries({}, optional={k: st.sampled_from([EDITS[k], *v]) for k, v in ALTERNATIVES.items()}),
    st.fixed_dictionaries({}, optional={k: st.sampled_from([EDITS[k], *v]) for k, v in ALTERNATIVES.items()}),
)
def test_the_changes_applied_to_the_old_record_give_the_new_one(
    old: dict[str, Any], new: dict[str, Any]
) -> None:
    old, new = ({key: value for key, value in side.items() if value is not None} for side in (old, new))
    made = apply(old, changes(old, new, "trial"), "trial")
    assert plain(made, TRIAL) == plain(new, TRIAL)


# -- one change at a time ----------------------------------------------------------------------------


def test_numbers_by_value_and_types_apart() -> None:
    assert changes({"sites": 5}, {"sites": Decimal("5.0")}, "trial") == []
    for old, new in [(1, True), (0, False), (5, "5"), (True, False), (["5"], "5")]:
        assert one({"sites": old}, {"sites": new}) == Change("sites", old, new, "minor")


def test_a_set_has_no_order_and_another_list_has() -> None:
    assert changes({"countries": ["CN", "US"]}, {"countries": ["US", "CN"]}, "trial") == []
    found = one({"countries": ["CN", "US"]}, {"countries": ["US", "SG"]})
    assert found.unordered
    assert found.field == "countries"
    found = one({"conditions": ["ALS", "PD"]}, {"conditions": ["PD", "ALS"]})
    assert not found.unordered


@pytest.mark.parametrize(
    ("old", "new", "field", "before", "after"),
    [
        (189, 196, "enrollment.treated", 189, 196),
        (189, {"n": 196}, "enrollment.treated", 189, 196),
        ({"n": 189, "src": "x"}, {"n": 196, "src": "x"}, "enrollment.treated", 189, 196),
        (189, {"n": 189, "src": "x"}, "enrollment.treated.src", None, "x"),
        (None, 196, "enrollment.treated", None, 196),
        (196, None, "enrollment.treated", 196, None),
        (196, "not_reported", "enrollment.treated", 196, "not_reported"),
        ("not_reported", 196, "enrollment.treated", "not_reported", 196),
        (196, {}, "enrollment.treated", 196, {}),
        (196, {"n": "many"}, "enrollment.treated", 196, {"n": "many"}),
        ({"src": "x"}, 196, "enrollment.treated", {"src": "x"}, 196),
    ],
)
def test_a_bare_number_and_a_table_with_n(
    old: object, new: object, field: str, before: object, after: object
) -> None:
    sides = [{"enrollment": {} if value is None else {"treated": value}} for value in (old, new)]
    found = one(*sides)
    assert (found.field, found.old, found.new) == (field, before, after)
    assert changes(*[{"enrollment": {"treated": value}} for value in (189, {"n": 189})], "trial") == []


def test_elements_go_by_their_identity_wherever_they_stand() -> None:
    a, b = {"id": "a", "n": 5}, {"id": "b", "n": 7}
    assert changes({"arms": [a, b]}, {"arms": [b, a]}, "trial") == []
    found = one({"arms": [a, b]}, {"arms": [b, a | {"n": 6}]})
    assert (found.field, found.old, found.new) == ("arms.a.n", 5, 6)
    assert one({"arms": [a]}, {"arms": [a, b]}) == Change("arms.b", None, b, "minor")
    assert one({"arms": [a, b]}, {"arms": [b]}) == Change("arms.a", a, None, "minor")


def test_elements_without_identity_go_by_position() -> None:
    arms = [{"arms": [{"id": "a", "given": [{"doses": n} for n in doses]}]} for doses in ((1, 2), (1, 3))]
    assert one(*arms).field == "arms.a.given.1.doses"


def test_one_without_identity_among_others_is_the_same_wherever_it_stands() -> None:
    everybody, active = {"deaths": 1}, {"arm": "active", "deaths": 0}
    assert changes({"safety": [everybody]}, {"safety": [active, everybody]}, "trial") == [
        Change("safety.active", None, active, "major")
    ]
    found = one({"safety": [everybody, active]}, {"safety": [active, {"deaths": 2}]})
    assert (found.field, found.old, found.new) == ("safety.#1.deaths", 1, 2)


def test_an_element_cannot_take_the_name_of_another() -> None:
    old = {"arms": [{"id": "1"}, {"n": 1}, {"n": 2}, {"id": "#2"}]}
    new = {"arms": [{"n": 1}, {"id": "#2"}, {"n": 2}, {"id": "1"}]}
    assert changes(old, new, "trial") == []
    assert list(leaves(old, "trial")) == ["arms.1.id", "arms.#1.n", "arms.#2.n", 'arms."#2".id']


def test_an_identity_that_is_there_twice() -> None:
    one_value = {"arm": "a", "value": 1}
    old = {"outcomes": [{"id": "x", "values": [one_value, one_value]}]}
    new = {"outcomes": [{"id": "x", "values": [one_value, one_value | {"value": 2}]}]}
    assert one(old, new).field == "outcomes.x.values.a#2.value"


def test_what_no_record_may_hold_is_compared_all_the_same() -> None:
    assert one({"arms": [1]}, {"arms": [2]}).new == 2
    assert one({"arms": {"id": 1}}, {"arms": []}).field == "arms"
    assert one({"colour": {"a": 1}}, {"colour": {"a": 2}}).field == "colour"


@pytest.mark.parametrize(
    ("field", "value", "weight"),
    [
        ("status", "completed", "major"),
        ("phase", "2", "major"),
        ("why_stopped", "money", "major"),
        ("enrollment", {"planned": 5}, "major"),
        ("safety", [{"deaths": 1}], "major"),
        ("title", "New", "minor"),
        ("dates", {"start": {"on": "2020"}}, "minor"),
        ("outcomes", [{"id": "p", "role": "primary", "definition": "other"}], "major"),
        ("outcomes", [{"id": "s", "role": "secondary", "definition": "other"}], "major"),
        ("refs", [{"key": "x"}], "minor"),
    ],
)
def test_weights(field: str, value: Any, weight: str) -> None:
    assert {change.weight for change in changes({}, {field: value}, "trial")} == {weight}


@pytest.mark.parametrize(
    ("role", "key", "weight"),
    [
        ("primary", "definition", "major"),
        ("primary", "note", "major"),
        ("secondary", "definition", "minor"),
        ("secondary", "result", "major"),
        ("secondary", "values", "major"),
        ("post_hoc", "effects", "major"),
        ("secondary", "role", "minor"),
    ],
)
def test_weights_in_outcomes(role: str, key: str, weight: str) -> None:
    outcome = {"id": "x", "role": role}
    assert one({"outcomes": [outcome]}, {"outcomes": [outcome | {key: "changed"}]}).weight == weight


@pytest.mark.parametrize(
    ("element", "weight"),
    [
        ({"id": "s", "role": "secondary"}, "minor"),
        ({"id": "s", "role": "secondary", "result": "met"}, "major"),
        ({"id": "s", "role": "post_hoc", "values": [{"arm": "a", "value": 1}]}, "major"),
        ({"id": "p", "role": "primary"}, "major"),
    ],
)
def test_weights_of_an_outcome_that_came_or_went(element: dict[str, Any], weight: str) -> None:
    other = {"id": "o", "role": "secondary"}
    sides = [{"outcomes": [other]}, {"outcomes": [other, element]}]
    assert one(*sides).weight == one(*reversed(sides)).weight == weight


def test_a_retraction_is_major() -> None:
    ref = {"key": "x", "kind": "article"}
    assert one({"refs": [ref]}, {"refs": [ref | {"notice": "y"}]}).weight == "major"


def test_becoming_the_primary_outcome_is_major() -> None:
    sides = [{"outcomes": [{"id": "x", "role": role}]} for role in ("secondary", "primary")]
    assert one(*sides).weight == "major"
    assert one(*reversed(sides)).weight == "major"


def test_an_event_of_a_product_is_major() -> None:
    event = {"agency": "FDA", "type": "approval", "on": "2023"}
    (found,) = changes({"events": []}, {"events": [event]}, "product")
    assert (found.field, found.weight) == ("events.FDA:approval", "major")


# -- records -----------------------------------------------------------------------------------------


def version(values: dict[str, Any] | None, kind: Any = "trial", fault: str = "") -> Version:
    return Version(kind, values, fault)


def compared(old: dict[str, Version], new: dict[str, Version]) -> list[tuple[str, str, str | None]]:
    return [(found.id, found.change, found.was) for found in record_changes(old, new)]


A = {"schema": 1, "id": "a", "title": "A trial of cells", "phase": "1", "status": "completed", "sites": 4}


def test_added_removed_changed_and_unchanged() -> None:
    old = {"a": version(A), "b": version({"id": "b"}), "same": version({"id": "same"})}
    new = {"a": version(A | {"phase": "2"}), "c": version({"id": "c", "phase": "3"}), "same": old["same"]}
    assert compared(old, new) == [("a", "changed", None), ("b", "removed", None), ("c", "added", None)]
    (changed, *_) = record_changes(old, new)
    assert [change.field for change in changed.fields] == ["phase"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (A, A | {"id": "z"}),
        (A, A | {"id": "z", "title": "Renamed"}),
        (A | {"registry_id": "NCT01"}, {"id": "z", "registry_id": "NCT01"}),
        (A, {"id": "z", "former_ids": ["a"]}),
    ],
    ids=["content", "nearly", "registry id", "former id"],
)
def test_a_rename(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert compared({"a": version(before)}, {"z": version(after)}) == [("z", "renamed", "a")]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (A | {"registry_id": "NCT01"}, A | {"id": "z", "registry_id": "NCT02"}),
        (A | {"registry_id": "NCT01"}, A | {"id": "z"}),
        (A, {"id": "z", "title": "Another"}),
        ({"id": "a"}, {"id": "z"}),
    ],
)
def test_no_rename(before: dict[str, Any], after: dict[str, Any]) -> None:
    found = compared({"a": version(before)}, {"z": version(after)})
    assert found == [("a", "removed", None), ("z", "added", None)]


def test_a_product_does_not_become_a_trial() -> None:
    found = compared({"a": version(A)}, {"z": version(A | {"id": "z"}, "product")})
    assert [change for _, change, _ in found] == ["removed", "added"]


def test_one_record_is_the_former_of_one_only() -> None:
    new = {"y": version(A | {"id": "y"}), "z": version(A | {"id": "z"})}
    found = compared({"a": version(A)}, new)
    assert found == [("y", "renamed", "a"), ("z", "added", None)]


def test_what_cannot_be_read_is_said() -> None:
    broken = version(None, fault="1:1: TX001 no value")
    (found,) = record_changes({"a": version(A)}, {"a": broken})
    assert found == RecordChange("a", "trial", "unreadable", note="new: 1:1: TX001 no value")
    (found,) = record_changes({"a": broken}, {})
    assert found.note == "old: 1:1: TX001 no value"
    (found,) = record_changes({"a": broken}, {"a": broken})
    assert found.note.startswith("old: ")
    assert "; new: " in found.note


def test_a_pair_that_is_certain_comes_before_one_that_is_alike() -> None:
    old = {"a": version(A), "b": version({"id": "b", "title": "B"})}
    new = {
        "y": version(A | {"id": "y", "former_ids": ["b"]}),
        "z": version(A | {"id": "z", "title": "Other"}),
    }
    assert compared(old, new) == [("y", "renamed", "b"), ("z", "renamed", "a")]


def test_the_most_alike_is_the_renamed_one() -> None:
    new = {"y": version(A | {"id": "y", "title": "Other"}), "z": version(A | {"id": "z"})}
    assert compared({"a": version(A)}, new) == [("y", "added", None), ("z", "renamed", "a")]


def test_many_that_went_beside_many_that_came() -> None:
    old = {f"a{n}": version(A | {"id": f"a{n}", "title": f"T {n}", "sites": n}) for n in range(300)}
    new = {f"b{n}": version(A | {"id": f"b{n}", "title": f"T {n}", "sites": n}) for n in range(300)}
    assert set(compared(old, new)) == {(f"b{n}", "renamed", f"a{n}") for n in range(300)}


def test_whether_a_record_is_another_one_under_a_new_name() -> None:
    assert is_renamed("a", version(A), version(A | {"id": "b"}))
    assert is_renamed("a", version({"id": "a"}), version({"former_ids": ["a"]}))
    assert not is_renamed("a", version(A), version({"id": "b", "title": "B"}))
    assert not is_renamed("a", version(None, fault="broken"), version(A))


@pytest.mark.parametrize(("number", "age"), [(0, "older"), (2, "newer")])
def test_another_version_of_the_format_is_said(number: int, age: str) -> None:
    (found,) = record_changes({"a": version(A | {"schema": number, "old_key": 1})}, {"a": version(A)})
    assert [change.field for change in found.fields] == ["schema", "old_key"]
    assert found.note == f"old: schema {number}, {age} than this program's 1; compared by names of fields"


# -- facts -------------------------------------------------------------------------------------------


def test_every_fact_by_its_field() -> None:
    record = {
        "unknown": {"a": 1},
        "countries": ["US", "CN"],
        "enrollment": {"treated": {"n": 5, "src": "x"}, "planned": 6},
        "arms": [{"id": "a", "given": [{"doses": 1}]}, {"n": 2}],
        "outcomes": [],
    }
    assert leaves(record, "trial") == {
        "countries": ["CN", "US"],
        "enrollment.planned": 6,
        "enrollment.treated": 5,
        "enrollment.treated.src": "x",
        "arms.a.id": "a",
        "arms.a.given.0.doses": 1,
        "arms.#1.n": 2,
        "outcomes": [],
        "unknown": {"a": 1},
    }


def test_the_same_value() -> None:
    assert is_same(5, Decimal("5.0"))
    assert not any(is_same(1, value) for value in (True, "1"))
    assert not is_same("5", 5)
    assert is_same(None, None)
