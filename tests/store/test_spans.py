"""Where keys, values and headers stand."""

from __future__ import annotations

import json
import tomllib
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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


# Documents with all of the syntax, drawn as text.

NAMES = st.sampled_from(["a", "b", "c", "d-1", "9", "", "a.b", "é", 'q"t', "s p", "#", "]", "😀", "1.5"])
TEXTS = st.text(st.sampled_from("ab #[]{}=,.'\"\\\n\t重😀\u2028"), max_size=8)
SPACE = st.sampled_from(["", " ", "\t", "  "])


@st.composite
def keys(draw: st.DrawFn, name: str) -> str:
    forms = [json.dumps(name, ensure_ascii=draw(st.booleans()) and max(name or "a") < "\uffff")]
    if name and all(c.isascii() and (c.isalnum() or c in "-_") for c in name):
        forms.append(name)
    if "'" not in name:
        forms.append(f"'{name}'")
    return draw(st.sampled_from(forms))


@st.composite
def strings(draw: st.DrawFn) -> str:
    text = draw(TEXTS)
    escaped = json.dumps(text, ensure_ascii=False)[1:-1]
    forms = [f'"{escaped}"', f'"""{escaped}"""', '"""\n' + escaped.replace("\\n", "\n") + '"""']
    forms += ['"""' + escaped + '\\\n   "" ""\\\n"""', f'""""{escaped} """""']
    if "'" not in text:
        forms += [f"'''{text}'''", f"''''{text} '''''"]
        if "\n" not in text:
            forms.append(f"'{text}'")
    return draw(st.sampled_from(forms))


SCALARS = st.one_of(
    strings(),
    st.sampled_from(["0", "-0.20", "+1_000", "0xFF", "1e5", "nan", "-inf", "true", "100_000_000", "6.0E+2"]),
    st.sampled_from(["1979-05-27", "1979-05-27 07:32:00", "1979-05-27t07:32:00.5-07:00", "07:32:00"]),
)


@st.composite
def arrays(draw: st.DrawFn, values: st.SearchStrategy[str]) -> str:
    gap = st.sampled_from(["", " ", "\n", "\n\n  ", " # , ] } '\n\t", "\n# [\n"])
    parts = ["["]
    elements = draw(st.lists(values, max_size=3))
    for index, element in enumerate(elements):
        last = index == len(elements) - 1
        parts += [draw(gap), element, draw(gap), "," if not last or draw(st.booleans()) else ""]
    return "".join(parts) + draw(gap) + "]"


@st.composite
def inlines(draw: st.DrawFn, values: st.SearchStrategy[str]) -> str:
    names = draw(st.lists(NAMES, max_size=3, unique=True))
    pairs = []
    for name in names:
        key = draw(keys(name))
        if draw(st.booleans()):
            key += draw(SPACE) + "." + draw(SPACE) + draw(keys(draw(NAMES)))
        pairs.append(draw(SPACE) + key + draw(SPACE) + "=" + draw(SPACE) + draw(values) + draw(SPACE))
    return "{" + ",".join(pairs) + draw(SPACE) + "}"


VALUES = st.recursive(SCALARS, lambda inner: st.one_of(arrays(inner), inlines(inner)), max_leaves=6)


@st.composite
def documents(draw: st.DrawFn) -> str:
    parts = []
    for _ in range(draw(st.integers(0, 8))):
        dotted = (draw(SPACE) + "." + draw(SPACE)).join(
            draw(keys(name)) for name in draw(st.lists(NAMES, min_size=1, max_size=3))
        )
        left, right = draw(st.sampled_from([("", ""), ("", ""), ("", ""), ("[", "]"), ("[[", "]]")]))
        line = draw(SPACE) + left + draw(SPACE) + dotted + draw(SPACE) + right
        if not left:
            line += "=" + draw(SPACE) + draw(VALUES)
        candidate = "".join(parts) + line + draw(st.sampled_from(["\n", " # ' [\n", "\n\n", "\n# x = 1\n"]))
        try:
            tomllib.loads(candidate)
        except ValueError:
            continue
        parts = [candidate]
    text = "".join(parts)
    if draw(st.booleans()):
        text = text.rstrip("\n")
    if draw(st.booleans()):
        text = text.replace("\n", "\r\n")
    return draw(st.sampled_from(["", "\ufeff"])) + text


def paths(value: Any, path: Path = ()) -> list[tuple[Path, Any]]:
    children = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    return [(path, value), *(found for key, child in children for found in paths(child, (*path, key)))]


def value_at(text: str, span: Span) -> Any:
    return tomllib.loads(f"x = {text[span.start : span.end]}", parse_float=Decimal)["x"]


@settings(max_examples=400, deadline=None)
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
