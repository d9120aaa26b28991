"""One cause, one finding: a single wrong value gives one finding, and no rule fires because of it.

A collection of three full files (`full/`) is broken at one place at a time: every field of the format gets
a value of a wrong type, form or term, and every key that is required is taken away.
"""

from __future__ import annotations

import copy
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from functools import cache
from operator import delitem, setitem
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from alscli.check import broken, examination
from alscli.check.broken import BROKEN, BrokenError, meant_keys, readable_part
from alscli.check.engine import check, select
from alscli.check.finding import Finding
from alscli.model.field import Table
from alscli.model.format import MODELS, FieldEntry, FileKind, fields, schema_comment, shape_of
from alscli.model.path import Path as FieldPath
from alscli.model.provenance import Ref, Verified
from alscli.model.trial import Arm, Counted, Given, Trial, Value
from alscli.model.vocabulary import shipped
from alscli.store.canonical import Place, Places, dump
from alscli.store.collection import Collection, Entry, Record, assemble
from alscli.store.toml import Document

FULL = Path(__file__).parent / "full"
FILES: dict[FileKind, str] = {
    "trial": "trials/full.toml",
    "product": "products/thing.toml",
    "ledger": "ledger.toml",
}
CODES = select([], ["TX005"])
READING = select(["TX", "SM", "ID001", "ID002", "DT001"], [])
WRONG: tuple[Any, ...] = (
    5,
    True,
    Decimal("0.5"),
    " ",
    "no such thing ~",
    "2025-02-30",
    "2025-02-30x",
    [5],
    [],
)


@cache
def full(kind: FileKind) -> dict[str, Any]:
    """The values of one of the full files."""
    return tomllib.loads((FULL / FILES[kind]).read_text("utf-8"), parse_float=Decimal)


def read(kind: FileKind, values: dict[str, Any]) -> Record:
    """The record that a file with these values is; where they stand in it is of no interest here."""
    entry, document = Entry(FULL / FILES[kind], kind), Document("# é", values, "é")
    try:
        model = MODELS[kind].model_validate(values, context={"vocabularies": shipped()})
    except ValidationError as error:
        return Record(entry, document, errors=error.errors(include_url=False))
    return Record(entry, document, model=model)


@cache
def whole(kind: FileKind) -> Record:
    """One of the full files as a record."""
    return read(kind, full(kind))


def findings(changed: Record) -> list[Finding]:
    """What is found in the collection when this record takes the place of its file."""
    records = [changed if changed.entry.kind == kind else whole(kind) for kind in FILES]
    return check(Collection(FULL), assemble(records), as_of=date(2026, 11, 22), codes=CODES).findings


def named(found: list[Finding]) -> Counter[tuple[str, str | None, str]]:
    """Findings by code, place and message, without lines, which the layout moves."""
    return Counter((f"{finding.record} {finding.code}", finding.field, finding.message) for finding in found)


@cache
def before() -> Counter[tuple[str, str | None, str]]:
    """The findings of the unbroken collection."""
    return named(findings(whole("trial")))


def places(entry: FieldEntry, values: Any) -> Iterator[FieldPath]:
    """Where a field stands in these values, every element of a list included."""
    paths: list[FieldPath] = [()]
    for part in entry.path.split("."):
        key = part.removesuffix("[]")
        paths = [(*path, key) for path in paths if key in at(path, values)]
        if part.endswith("[]"):
            paths = [(*path, position) for path in paths for position in range(len(at(path, values)))]
        paths = [path for path in paths if part == entry.path.split(".")[-1] or is_table(at(path, values))]
    yield from paths


def at(path: FieldPath, values: Any) -> Any:
    for part in path:
        values = values[part]
    return values


def is_table(value: Any) -> bool:
    return isinstance(value, dict)


def changed(path: FieldPath, values: Any, change: Callable[[Any, Any], None]) -> Any:
    """A copy of these values after `change(container, key)` at a path."""
    copied = copy.deepcopy(values)
    change(at(path[:-1], copied), path[-1])
    return copied


def every_place() -> list[tuple[FileKind, FieldPath]]:
    """Every place of the full files, lists element by element where they hold no tables."""
    found: list[tuple[FileKind, FieldPath]] = []
    for kind in FILES:
        for entry in fields(kind):
            for path in places(entry, full(kind)):
                found.append((kind, path))
                value = at(path, full(kind))
                if isinstance(value, list) and entry.anatomy.table is None:
                    found += [(kind, (*path, position)) for position in range(len(value))]
    return found


PLACES = every_place()


def assert_one_cause_one_finding(record: Record, path: FieldPath) -> None:
    new = set(named(findings(record)) - before())
    reading = [name for name in new if name[0].partition(" ")[2] in READING]
    others = [
        name
        for name in new
        if name not in reading and not name[0].endswith(waived_by(record.entry.kind, path))
    ]
    assert others == [], path
    assert len(reading) == 1, path


def test_the_full_files_hold_every_field_and_no_error() -> None:
    for kind in FILES:
        missing = {entry.path for entry in fields(kind) if not any(places(entry, full(kind)))}
        assert missing == set()
    assert not [name for name in before() if name[0].partition(" ")[2] in READING]


def waived_by(kind: FileKind, path: FieldPath) -> tuple[str, ...]:
    """The rules whose findings come back when the waiver at this path can no longer be read."""
    if path[0] != "waivers" or (len(path) > 2 and path[2] != "rule"):
        return ()
    return tuple(waiver["rule"] for waiver in full(kind)["waivers"])


def name(item: object) -> str:
    return ".".join(map(str, item)) if isinstance(item, tuple) else str(item)


@pytest.mark.parametrize(("kind", "path"), PLACES, ids=name)
def test_a_wrong_value_is_one_finding(kind: FileKind, path: FieldPath) -> None:
    tried = 0
    for wrong in WRONG:
        record = read(
            kind, changed(path, full(kind), lambda table, key, wrong=wrong: setitem(table, key, wrong))
        )
        if not record.readable:
            assert_one_cause_one_finding(record, path)
            tried += 1
    takes_anything = path[0] == "disputes" and "value" in path
    assert tried or takes_anything, "no wrong value was wrong here"


KEYS = [(kind, path) for kind, path in PLACES if isinstance(path[-1], str)]


@pytest.mark.parametrize(("kind", "path"), KEYS, ids=name)
def test_a_missing_or_misspelled_key_is_one_finding(kind: FileKind, path: FieldPath) -> None:
    without = changed(path, full(kind), delitem)
    if not (record := read(kind, without)).readable:
        assert_one_cause_one_finding(record, path)
    key = str(path[-1])
    misspelled = changed(path, without, lambda table, _: setitem(table, key + key[-1], at(path, full(kind))))
    assert_one_cause_one_finding(read(kind, misspelled), path)


LISTS = [
    (kind, path)
    for kind, path in PLACES
    if isinstance(found := at(path, full(kind)), list) and all(map(is_table, found)) and path[-1] != "waivers"
]


@pytest.mark.parametrize(("kind", "path"), LISTS, ids=name)
@pytest.mark.parametrize("left", [0, 1])
def test_a_list_header_in_the_singular_is_one_finding(kind: FileKind, path: FieldPath, left: int) -> None:
    """Where all elements stand below it, or the last while the others are in their list."""
    elements = at(path, full(kind))
    split = max(len(elements) - 1, 0) if left else 0
    values = changed(
        path,
        full(kind),
        lambda table, key: setitem(table, key, elements[:split]) if split else delitem(table, key),
    )
    at(path[:-1], values)[singular(str(path[-1]))] = elements[split:]
    assert_one_cause_one_finding(read(kind, values), path)


def singular(key: str) -> str:
    """What somebody may write in place of the name of a list."""
    return key.removesuffix("es" if key.endswith("ches") else "s") if key.endswith("s") else f"{key}s"


def believed(values: dict[str, Any]) -> list[Any]:
    """The waivers of a trial that has errors in them."""
    part: Any = readable_part(Trial, values, [("waivers",)], {"vocabularies": shipped()})
    waivers: list[Any] = part.waivers
    return waivers


def test_a_waiver_below_a_misspelled_header_is_believed() -> None:
    waivers = full("trial")["waivers"]
    values = changed(("waivers",), full("trial"), lambda table, key: setitem(table, key, waivers[:-1]))
    values["waiver"] = [*waivers[-1:], {"why": "of no rule"}, 5]
    *found, of_no_rule, no_table = believed(values)
    assert [waiver.rule for waiver in found] == [waiver["rule"] for waiver in waivers]
    assert of_no_rule.rule is BROKEN
    assert no_table is BROKEN


@pytest.mark.parametrize("header", ["waivers", "waiver"])
def test_waivers_below_the_header_of_a_table_are_one(header: str) -> None:
    values = changed(("waivers",), full("trial"), delitem)
    values[header] = {"rul": "PV003", "reason": "seen", "untl": "2030"}
    [waiver] = believed(values)
    assert (waiver.rule, waiver.why, str(waiver.until)) == ("PV003", "seen", "2030")


def test_an_unknown_key_of_a_waiver_may_be_its_reason() -> None:
    values = changed(("waivers",), full("trial"), lambda table, key: setitem(table, key, [{}, {}]))
    values["waivers"] = [{"rule": "PV003", "justification": "seen"}, {"rule": "PV003"}]
    unknown, missing = believed(values)
    assert unknown.why is BROKEN
    assert missing.why is None


MEANT: list[tuple[type[Table], dict[str, Any], str, str]] = [
    (Verified, {"op": "2026-01-01", "by": "a"}, "op", "on"),
    (Verified, {"bd": "a", "on": "2026-01-01"}, "bd", "by"),
    (Verified, {"person": "a", "on": "2026-01-01"}, "person", "by"),
    (Counted, {"m": 40}, "m", "n"),
    (Counted, {"people": 40}, "people", "n"),
    (Arm, {"di": "valor"}, "di", "id"),
    (Arm, {"in": "valor", "colour": "red"}, "in", "id"),
    (Value, {"ta": "28w", "arm": "a"}, "ta", "at"),
    (Value, {"At": "28w"}, "At", "at"),
    (Given, {"Low": 1}, "Low", "low"),
    (Arm, {"id": "a", "source": "x"}, "source", "src"),
    (Arm, {"id": "a", "location": "p. 3"}, "location", "loc"),
    (Arm, {"id": "a", "page": "p. 3"}, "page", "loc"),
    (Ref, {"key": "a", "kind": "article", "page": "3"}, "page", "pages"),
    (Trial, {"references": [{"key": "a", "kind": "article", "note": "x"}]}, "references", "refs"),
    (Trial, {"groups": [{"id": "a", "label": "A", "n": 3}]}, "groups", "arms"),
    (Trial, {"treatments": [{"id": "a", "modality": "device"}]}, "treatments", "interventions"),
    (Trial, {"timeline": {"start": {}, "completion": {}}}, "timeline", "dates"),
    (Trial, {"disease": ["ALS"]}, "disease", "conditions"),
    (Trial, {"conditions": ["ALS"], "stage": 1}, "stage", "schema"),
    (Ref, {"name": "a", "kind": "article"}, "name", "key"),
    (Trial, {"status": "completed", "statsu": "completed"}, "statsu", "status"),
    (Trial, {"scientfic_titel": "Cells in ALS"}, "scientfic_titel", "scientific_title"),
    (Trial, {"nct-number": "NCT00000001"}, "nct-number", "registry_id"),
    (Trial, {"ref": "paper"}, "ref", "src"),
    (Trial, {"ref": [{"key": "a", "kind": "article"}]}, "ref", "refs"),
    (Given, {"doses": 3, "interval": "2w"}, "interval", "every"),
    (Given, {"every": "2w", "duration": "28w"}, "duration", "for"),
    (Given, {"dose": 100}, "dose", "low"),
    (Given, {"low": 100, "dose": 3}, "dose", "doses"),
    (Given, {"product": "x"}, "product", "intervention"),
    (Arm, {"id": "a", "kind": "placebo"}, "kind", "role"),
    (Value, {"id": "placebo"}, "id", "arm"),
]


@pytest.mark.parametrize(("model", "values", "key", "meant"), MEANT, ids=lambda item: str(item)[:20])
def test_what_an_unknown_key_means(model: type[Table], values: dict[str, Any], key: str, meant: str) -> None:
    assert meant_keys(model, values)[key][0] == meant


def test_an_unknown_key_that_may_be_several_is_none_of_them() -> None:
    assert meant_keys(Verified, {"q": "2026"}) == {"q": ()}
    assert meant_keys(Verified, {"q": "a", "z": "b", "on": "2026"}) == {"q": (), "z": ()}
    assert meant_keys(Trial, {"lists": [{"id": "a"}]}) == {"lists": ()}
    assert meant_keys(Counted, {"q": "many"}) == {"q": ()}


def test_what_is_only_alike_and_stands_there_is_not_meant() -> None:
    assert meant_keys(Given, {"trout": "x", "z": 1})["trout"] == ("route",)
    assert meant_keys(Given, {"trout": "x", "z": 1, "route": "y"})["trout"] == ()


def test_every_path_is_taken_once_for_each_of_its_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many broken elements no element goes through the paths of the others."""
    taken: list[int] = []
    by_first = broken._by_first

    def counted(paths: list[FieldPath]) -> dict[str | int, list[FieldPath]]:
        taken.append(len(paths))
        return by_first(paths)

    monkeypatch.setattr(broken, "_by_first", counted)
    for many in (10, 40):
        taken.clear()
        arms = [{"id": "a", "role": "othr", "n": "1,200"} for _ in range(many)]
        paths: list[FieldPath] = [("arms", at, key) for at in range(many) for key in ("role", "n")]
        part: Any = readable_part(Trial, {**full("trial"), "arms": arms}, paths, {"vocabularies": shipped()})
        assert all(arm.role is BROKEN and arm.n is BROKEN and arm.id == "a" for arm in part.arms)
        assert sum(taken) == 3 * len(paths)


def test_the_places_of_many_findings_are_read_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are the same as when each is sought, and not more than some are sought."""
    values = [{"arm": f"a{at}", "n": at, "value": "k,5"} for at in range(70)]
    outcome = {"id": "a", "role": "secondary", "instrument": "ALSFRS-R", "values": values}
    text = dump({"schema": 1, "outcomes": [outcome]}, shape_of(Trial), schema_comment("trial"))
    collection = Collection(FULL)
    record = collection.understand(Entry(FULL / FILES["trial"], "trial"), text.encode())
    sought = 0
    find = Places.find

    def counted(places: Places, path: FieldPath) -> tuple[Place | None, Place | None, Place | None]:
        nonlocal sought
        sought += 1
        return find(places, path)

    monkeypatch.setattr(Places, "find", counted)
    found = {}
    for most in (10, 1000):
        sought = 0
        monkeypatch.setattr(examination, "_MANY", most)
        found[most] = check(collection, assemble([record]), as_of=date(2026, 11, 22), codes=CODES).findings
        assert sought <= 10 if most == 10 else sought > len(values)
    assert found[10] == found[1000]


def test_several_wrong_values_are_as_many_findings() -> None:
    """Breaking many places at once hides none of them."""
    values = changed(("status",), full("trial"), lambda table, key: setitem(table, key, "stopped"))
    values = changed(("arms", 1, "n"), values, lambda table, key: setitem(table, key, "thirty"))
    values = changed(("dates", "start", "on"), values, lambda table, key: setitem(table, key, "2018-02-30"))
    values = changed(
        ("outcomes", 0, "effects", 1, "p"), values, lambda table, key: setitem(table, key, "n.s.")
    )
    new = set(named(findings(read("trial", values))) - before())
    assert {(code, field) for code, field, _ in new} == {
        ("full SM004", "status"),
        ("full SM003", "arms.placebo.n"),
        ("full DT001", "dates.start.on"),
        ("full SM005", "outcomes.change.effects.active:baseline.p"),
    }


def test_the_rest_of_a_broken_record_is_checked() -> None:
    values = changed(("status",), full("trial"), lambda table, key: setitem(table, key, "stopped"))
    values = changed(("enrollment", "completed", "n"), values, lambda table, key: setitem(table, key, 59))
    new = set(named(findings(read("trial", values))) - before())
    assert {code for code, _, _ in new} == {"full SM004", "full EN001"}


USES: dict[str, Callable[[Any], Any]] = {
    "attribute": lambda x: x.on,
    "element": lambda x: x[0],
    "in": lambda x: "a" in x,
    "in a set": lambda x: x in {"a", "b"},
    "equal": lambda x: x == 1,
    "greater": lambda x: x > 1,
    "sum": lambda x: 1 + x,
    "difference": lambda x: x - 1,
    "text": "{}".format,
    **{str(function): function for function in (str, len, bool, hash, int, float, iter, abs, sorted)},
}


@pytest.mark.parametrize("use", USES.values(), ids=list(USES))
def test_a_broken_value_cannot_be_used(use: Callable[[Any], Any]) -> None:
    with pytest.raises(BrokenError):
        use(BROKEN)


def test_the_readable_part_is_as_the_model_reads_it() -> None:
    values = changed(("arms", 0, "n"), full("trial"), lambda table, key: setitem(table, key, "thirty"))
    part = readable_part(Trial, values, [("arms", 0, "n")], {"vocabularies": shipped()})
    sound = Trial.model_validate(full("trial"))
    assert part.arms[0].n is BROKEN
    assert part.arms[1] == sound.arms[1]
    rest = set(Trial.model_fields) - {"arms"}
    assert {name: getattr(part, name) for name in rest} == {name: getattr(sound, name) for name in rest}


EXTREMES: tuple[Any, ...] = (
    *(0, -1, 10**300, -(10**300), Decimal("1E+900"), Decimal("-1E-900"), Decimal("0E-900"), Decimal("-0.0")),
    *("0001-01-01", "9999-12-31", "9999", "0d", "-9y..9y", "99999999999999y", "<0", ">-1", "not_reported"),
    *(
        "registry",
        "a",
        "\u001b[2J",
        "\u202e",
        "NCT00000001",
        "ALS",
        "percent",
        "count",
        "category",
        "responder",
    ),
    *([0, 10**300], [Decimal("1E-900"), 1], [], ["registry"], False),
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(PLACES), st.sampled_from(EXTREMES + WRONG)), min_size=1, max_size=8)
)
def test_no_rule_raises(changes: list[tuple[tuple[FileKind, FieldPath], Any]]) -> None:
    """Whatever stands in a file, right or wrong, alone or with others."""
    kind = changes[0][0][0]
    values = copy.deepcopy(full(kind))
    for (other, path), value in changes:
        try:
            if other == kind:
                setitem(at(path[:-1], values), path[-1], value)
        except (TypeError, LookupError):  # an earlier change took the place away
            continue
    record = read(kind, values)
    found = findings(record)
    broken = [name for name in named(found) if name[0].partition(" ")[2] in READING]
    assert record.readable or broken
