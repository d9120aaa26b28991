"""Places known from values alone are those that reading the text finds, wherever the text is canonical."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from alscli.model.format import MODELS, FileKind, schema_comment, shape_of
from alscli.model.shape import Shape
from alscli.store.canonical import Place, Places, dump
from alscli.store.spans import Span, Spans
from alscli.store.toml import parse

RECORDS = Path(__file__).parents[2] / "records"
VALUE = Shape("value")


def values(names: str) -> dict[str, Shape]:
    return dict.fromkeys(names.split(), VALUE)


SHAPE = Shape(
    "table",
    {
        **values("id n"),
        "set": Shape("set"),
        "inline": Shape(
            "inline", {**values("x y"), "set": Shape("set"), "in": Shape("inline", values("y x"))}
        ),
        "lines": Shape(
            "inline_tables", {**values("arm n"), "in": Shape("inline", values("b a"))}, (), ("arm",)
        ),
        "note": VALUE,
        "table": Shape(
            "table",
            {**values("a"), "deep": Shape("table", values("b")), "many": Shape("tables", values("c"))},
        ),
        "many": Shape(
            "tables",
            {
                **values("id"),
                "lines": Shape("inline_tables", values("arm")),
                "sub": Shape("table", values("label")),
                "many": Shape("tables", values("id"), (), ("id",)),
            },
        ),
    },
)

KEYS = st.sampled_from(
    [*SHAPE.keys, "arm", "x", "y", "a", "b", "deep", "sub", "in", "zzz", "odd key", "重", ""]
)
SCALARS = st.one_of(
    st.text(st.sampled_from("ab \"\\\n\t'=#]重😀\u202e"), max_size=5),
    st.integers(-(10**6), 10**6),
    st.decimals(allow_nan=False, places=2, min_value=-99, max_value=99),
    st.booleans(),
)
ANY = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(KEYS, inner, max_size=3),
        st.lists(st.dictionaries(KEYS, inner, max_size=2), min_size=1, max_size=3),
    ),
    max_leaves=12,
)
CANONICAL = st.dictionaries(KEYS, ANY, max_size=6)


def paths(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every path in a value, and of each container one that leads nowhere."""
    if isinstance(value, dict):
        inner = [found for key, child in value.items() for found in paths(child, (*path, key))]
        return [path, (*path, "missing"), *inner]
    if isinstance(value, list):
        inner = [found for at, child in enumerate(value) for found in paths(child, (*path, at))]
        return [path, (*path, len(value)), *inner]
    return [path]


def where(spans: Spans, span: Span | None) -> Place | None:
    """A span as a place; None where there is none."""
    if span is None:
        return None
    line, column = spans.position(span.start)
    return Place(line - 1, column - 1, column - 1 + span.end - span.start)


def assert_agree(values: dict[str, Any], shape: Shape, comment: str) -> int:
    """The number of values whose places were known without parsing the text."""
    text = dump(values, shape, comment)
    document = parse(text.encode())
    assert dump(document.values, shape, comment) == text, "the layout of a new record is canonical"
    if '"""' in text:
        with pytest.raises(ValueError, match="several lines"):
            Places(text, document.values, shape)
        return 0
    places, spans, lines = Places(text, document.values, shape), document.spans, text.split("\n")
    known = 0
    for path in paths(document.values):
        if not path:
            continue
        found = places.find(path)
        if found == (None, None, None):  # over several lines, or nothing: the text is asked
            continue
        expected = (spans.header(path), spans.key(path), spans.value(path))
        header, key, value = (where(spans, span) for span in expected)
        if header is not None:
            assert found == (header, None, None), path
        else:
            assert found == (None, key, value), path
        line = next(place.line for place in found if place is not None)
        assert places.text_of(line) in (None, lines[line])
        known += 1
    return known


@settings(max_examples=200, deadline=None)
@given(CANONICAL, st.sampled_from(["", "#:schema x"]))
@example({"many": [{"many": [{"id": "b"}, {"id": "a"}]}, {"sub": {}}], "table": {"deep": {"b": 1}}}, "")
@example({"note": 'a\n"""\n', "lines": [{"arm": "b", "in": {"a": 1, "b": [2]}}, {}], "zzz": {"x": [{}]}}, "")
def test_places_of_drawn_records(values: dict[str, Any], comment: str) -> None:
    assert_agree(values, SHAPE, comment)


@pytest.mark.parametrize("kind", list(MODELS))
def test_places_of_every_shipped_record(kind: FileKind) -> None:
    folder = {"trial": "trials/*.toml", "product": "products/*.toml", "ledger": "ledger.toml"}[kind]
    shape = shape_of(MODELS[kind])
    known = everything = 0
    for path in sorted(RECORDS.glob(folder)):
        values = parse(path.read_bytes()).values
        known += assert_agree(values, shape, schema_comment(kind))
        everything += len(paths(values))
    assert known > everything / 3, "most places are known"


def is_there(value: Any, path: tuple[str | int, ...]) -> bool:
    for part in path:
        if not (part in value if isinstance(value, dict) else int(part) < len(value)):
            return False
        value = value[part]
    return True


def test_what_is_on_one_line_is_always_known() -> None:
    record = {
        "id": "x",
        "inline": {"x": [1, [2, {"k": "é"}]], "in": {"y": 1, "x": 2}},
        "lines": [{"arm": "a", "in": {"a": 1}}],
        "table": {"a": 1, "deep": {"b": 2}},
        "many": [{"id": "m", "sub": {"label": "l"}}],
    }
    places = Places(dump(record, SHAPE), record, SHAPE)
    assert places.text_of(1) is None, "nothing was found there yet"
    unknown = [path for path in paths(record) if places.find(path) == (None, None, None)]
    assert [path for path in unknown if is_there(record, path)] == [(), ("lines",)]
    assert places.text_of(0) == 'id = "x"'
