"""Where keys, values and headers stand."""

from __future__ import annotations

import tomllib
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from toml_texts import documents

from alscli.store.spans import locate, read

if TYPE_CHECKING:
    from alscli.store.spans import Path, Span

RECORD = """\
schema = 1
"quoted key" = 'x'
[dates]
start = { on = "2017-08-28", type.x = "actual" }
[[outcomes]]
id = "a"
values = [
  { arm = "active", n = 95 }, # one
  { arm = "placebo", n = 94 },
]
[outcomes.subgroup]
label = "≥31 😀" # comment
[[outcomes]]
id = "b"
"""


def test_a_table_without_a_header_stands_where_one_below_it_does() -> None:
    text = "a = 1\n[b.c.d]\n[[e.f]]\ng = 1\n[e.h]\n[b]\n"
    spans = locate(text)
    places = {path: spans.position(spans.place(path).start) for path in (("b", "c"), ("e",), ("b",), ("x",))}
    assert places == {("b", "c"): (2, 1), ("e",): (3, 1), ("b",): (6, 1), ("x",): (1, 1)}
    assert spans.header(("e",)) is None


@pytest.mark.parametrize("prefix", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("path", "line", "column", "text"),
    [
        (("schema",), 1, 10, "1"),
        (("quoted key",), 2, 16, "'x'"),
        (("dates",), 3, 1, "[dates]"),
        (("dates", "start", "on"), 4, 16, '"2017-08-28"'),
        (("dates", "start", "type", "x"), 4, 39, '"actual"'),
        (("dates", "start", "type"), 4, 30, "type"),
        (("dates", "start", "src"), 4, 1, "start"),
        (("dates", "completion"), 3, 1, "[dates]"),
        (("outcomes",), 5, 1, "[[outcomes]]"),
        (("outcomes", 0, "values", 1), 9, 3, '{ arm = "placebo", n = 94 }'),
        (("outcomes", 0, "values", 1, "n"), 9, 26, "94"),
        (("outcomes", 0, "values", 1, "sd"), 9, 3, '{ arm = "placebo", n = 94 }'),
        (("outcomes", 0, "subgroup"), 11, 1, "[outcomes.subgroup]"),
        (("outcomes", 0, "subgroup", "label"), 12, 9, '"≥31 😀"'),
        (("outcomes", 1), 13, 1, "[[outcomes]]"),
        (("outcomes", 1, "role"), 13, 1, "[[outcomes]]"),
        (("title",), 1, 1, ""),
        ((), 1, 1, ""),
    ],
)
def test_place(prefix: str, end: str, path: Path, line: int, column: int, text: str) -> None:
    source = prefix + RECORD.replace("\n", end)
    spans = locate(source)
    span = spans.place(path)
    assert (*spans.position(span.start), source[span.start : span.end]) == (line, column, text)


def test_only_line_feeds_end_lines() -> None:
    text = 'a = "\u2028\u0085\x0b"'.replace("\x0b", "") + "\r\n\tb\t=\t1"
    spans = locate(text)
    assert spans.position(spans.place(("b",)).start) == (2, 6)
    assert spans.position(len(text)) == (2, 7)


@pytest.mark.parametrize("text", ["", "\ufeff", "# only a comment", "\r\n \t\r\n"])
def test_text_without_statements(text: str) -> None:
    assert read(text) == []
    assert locate(text).position(locate(text).place(("id",)).start) == (1, 1)


@pytest.mark.parametrize(
    "literal",
    [
        '""""""',
        '"""\\""""',
        '""""a""b"""""',
        "''''a''b'''''",
        "''",
        '"\\\\"',
        "1979-05-27 07:32:00",
        "[ # ]\n]",
        "{ }",
    ],
)
def test_the_ends_of_awkward_literals(literal: str) -> None:
    text = f"x = {literal} # ]'\"\ny = [{literal},{literal}]"
    spans = locate(text)
    for path in (("x",), ("y", 0), ("y", 1)):
        assert text[slice(*spans.value(path) or ())] == literal


def paths(value: Any, path: Path = ()) -> list[tuple[Path, Any]]:
    children = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    return [(path, value), *(found for key, child in children for found in paths(child, (*path, key)))]


def value_at(text: str, span: Span) -> Any:
    return tomllib.loads(f"x = {text[span.start : span.end]}", parse_float=Decimal)["x"]


@settings(max_examples=150, deadline=None)
@given(documents())
def test_the_text_at_a_path_means_the_value_at_that_path(text: str) -> None:
    values = tomllib.loads(text.removeprefix("\ufeff"), parse_float=Decimal)
    spans = locate(text)
    seen = 0
    for path, value in paths(values):
        span, key, header = spans.value(path), spans.key(path), spans.header(path)
        if span:
            seen += 1
            assert repr(value_at(text, span)) == repr(value)
        else:
            assert isinstance(value, dict | list), "only tables and arrays of tables may be spread"
        if key:
            assert tomllib.loads(f"{text[key.start : key.end]} = 1") == {path[-1]: 1}
        if header:
            names = [part for part in path if isinstance(part, str)]
            assert header_names(text[header.start : header.end]) == names
    assert seen == len(spans._values)


def header_names(header: str) -> list[str]:
    table: Any = tomllib.loads(header)
    names = []
    while table:
        ((name, table),) = table.items()
        names.append(name)
        table = table[0] if isinstance(table, list) else table
    return names


@settings(max_examples=200, deadline=None)
@given(documents())
def test_statements_cover_the_text(text: str) -> None:
    at = int(text.startswith("\ufeff"))
    for statement in read(text):
        gap = text[at : statement.start]
        assert all(line.strip().startswith("#") or not line.strip() for line in gap.split("\n"))
        at = statement.end
    assert "\n" not in text[at:].strip() or text[at:].strip().startswith("#")
