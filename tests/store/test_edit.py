"""Edits: one value changes, and every other byte stays."""

from __future__ import annotations

import copy
import tomllib
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from toml_texts import documents, untidy

from alscli.errors import AlscliError, RefusedError
from alscli.model.shape import Shape
from alscli.store import edit as editing
from alscli.store.canonical import dump
from alscli.store.edit import append, set_value, unset
from alscli.store.layout import meaning
from alscli.store.spans import Path
from alscli.store.toml import TomlError, parse

VALUE = Shape("value")


def values(names: str) -> dict[str, Shape]:
    return dict.fromkeys(names.split(), VALUE)


SHAPE = Shape(
    "table",
    {
        **values("schema id title n"),
        "countries": Shape("set"),
        "note": VALUE,
        "dates": Shape("table", {"start": Shape("inline", values("on type src")), **values("src")}),
        "outcomes": Shape(
            "tables",
            {
                "id": VALUE,
                "subgroup": Shape("inline", values("label n")),
                "values": Shape("inline_tables", values("arm n value"), ("arm",)),
                "note": VALUE,
            },
            ("id",),
        ),
        "refs": Shape("tables", values("key kind"), ("key",), ("key",)),
        "screening": Shape("table", values("decision")),
    },
)

ODD = """\
#:schema x
title   =   'A'    # odd spacing
# about n
n=1
countries = ["CN", "US"]

[dates]
start = {on="2017" ,  type="actual"}
# end of dates

# about b
[[outcomes]] # b
id = "b"
values = [
  # first
  { arm = "active" }, # one
    { arm = "placebo" }
]


[[refs]]
key = "x"
"""


@pytest.mark.parametrize(
    ("path", "value", "before", "after"),
    [
        (("title",), "B", "'A' ", '"B" '),
        (("n",), 125000, "n=1\n", "n=125_000\n"),
        (("n",), Decimal("-0.20"), "n=1\n", "n=-0.20\n"),
        (("note",), "one\ntwo", '"US"]\n', '"US"]\nnote = """\none\ntwo"""\n'),
        (("schema",), 1, "title   =", "schema = 1\ntitle   ="),
        (("id",), "a", "title   =", 'id = "a"\ntitle   ='),
        (("dates", "start", "on"), "2018-01", '"2017"', '"2018-01"'),
        (("dates", "start", "src"), "x", '"actual"', '"actual", src = "x"'),
        (("dates", "start"), "not_reported", '{on="2017" ,  type="actual"}', '"not_reported"'),
        (("dates", "src"), "y", 'actual"}\n', 'actual"}\nsrc = "y"\n'),
        (
            ("outcomes", 0, "subgroup"),
            {"n": 3, "label": "l"},
            'id = "b"\n',
            'id = "b"\nsubgroup = { label = "l", n = 3 }\n',
        ),
        (("outcomes", 0, "subgroup", "n"), 3, 'id = "b"\n', 'id = "b"\nsubgroup = { n = 3 }\n'),
        (("outcomes", 0, "values", 0, "n"), 95, '"active" }', '"active", n = 95 }'),
        (("outcomes", 0, "note"), "x", "  }\n]\n".replace("  }", '" }'), '" }\n]\nnote = "x"\n'),
        (
            ("screening", "decision"),
            "include",
            'key = "x"\n',
            'key = "x"\n\n[screening]\ndecision = "include"\n',
        ),
        (("outcomes", 1, "id"), "c", "]\n\n\n[[refs", ']\n\n[[outcomes]]\nid = "c"\n\n\n[[refs'),
        (("refs", 0, "kind"), "a", 'key = "x"\n', 'key = "x"\nkind = "a"\n'),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_set(path: Path, value: Any, before: str, after: str, end: str) -> None:
    assert ODD.count(before) == 1
    text = ODD.replace("\n", end)
    assert set_value(text, path, value, SHAPE) == ODD.replace(before, after).replace("\n", end)


@pytest.mark.parametrize(
    ("path", "value", "before", "after"),
    [
        (("countries",), "DE", '"CN", "US"', '"CN", "DE", "US"'),
        (("countries",), "AU", '"CN"', '"AU", "CN"'),
        (
            ("outcomes", 0, "values"),
            {"n": 1, "arm": "x"},
            '"placebo" }\n',
            '"placebo" },\n  { arm = "x", n = 1 }\n',
        ),
        (("refs",), {"key": "a"}, "]\n\n\n[[refs]]", ']\n\n[[refs]]\nkey = "a"\n\n\n[[refs]]'),
        (("refs",), {"key": "z"}, 'key = "x"\n', 'key = "x"\n\n[[refs]]\nkey = "z"\n'),
        (("outcomes", 0, "note"), "x", '" }\n]\n', '" }\n]\nnote = ["x"]\n'),
    ],
)
def test_append(path: Path, value: Any, before: str, after: str) -> None:
    assert ODD.count(before) == 1
    assert append(ODD, path, value, SHAPE) == ODD.replace(before, after)


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        (("title",), "title   =   'A'    # odd spacing\n", ""),
        (("n",), "n=1\n", ""),
        (("countries", 0), '"CN", ', ""),
        (("dates", "start", "on"), 'on="2017" ,  ', ""),
        (("dates", "start", "type"), ' ,  type="actual"', ""),
        (("dates",), '\n[dates]\nstart = {on="2017" ,  type="actual"}\n# end of dates\n', ""),
        (("outcomes", 0, "values", 0), '  { arm = "active" }, # one\n', ""),
        (("outcomes", 0, "values", 1), '\n    { arm = "placebo" }', ""),
        (("refs",), '\n\n\n[[refs]]\nkey = "x"', ""),
        (("refs", 0, "key"), '\n\n\n[[refs]]\nkey = "x"', ""),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_unset(path: Path, before: str, after: str, end: str) -> None:
    assert ODD.count(before) == 1
    assert unset(ODD.replace("\n", end), path, SHAPE) == ODD.replace(before, after).replace("\n", end)


def test_a_table_that_an_unset_empties_goes_unless_it_has_comments() -> None:
    text = "[dates]\nsrc = 'x'\n\n[[refs]]\nkey = 'x'\n# why\n"
    assert unset(text, ("dates", "src"), SHAPE) == "[[refs]]\nkey = 'x'\n# why\n"
    assert unset(text, ("refs", 0, "key"), SHAPE) == "[dates]\nsrc = 'x'\n\n[[refs]]\n# why\n"


@pytest.mark.parametrize(
    ("text", "path", "value", "result"),
    [
        ("", ("n",), 1, "n = 1\n"),
        ("#:schema x", ("n",), 1, "#:schema x\nn = 1\n"),
        ("n = 1", ("note",), "x", 'n = 1\nnote = "x"'),
        ("\ufeffn = 1", ("id",), "x", '\ufeffid = "x"\nn = 1'),
        ("", ("dates", "start", "on"), "1", '[dates]\nstart = { on = "1" }\n'),
        (
            "dates.src = 'x'\n",
            ("dates", "start", "on"),
            "1",
            "dates.src = 'x'\ndates.start = { on = \"1\" }\n",
        ),
        (
            "[dates.start]\non = 'x'\n",
            ("dates", "src"),
            "1",
            "[dates]\nsrc = \"1\"\n\n[dates.start]\non = 'x'\n",
        ),
        (
            "[dates.start]\non = 'x'\n",
            ("dates", "start", "src"),
            "1",
            "[dates.start]\non = 'x'\nsrc = \"1\"\n",
        ),
        (
            "dates = { start.on = 'x' }\n",
            ("dates", "start", "src"),
            "1",
            "dates = { start.on = 'x', start.src = \"1\" }\n",
        ),
        ("refs = [{ key = 'x' }]\n", ("refs", 0, "kind"), "a", "refs = [{ key = 'x', kind = \"a\" }]\n"),
        ("countries = []\n", ("countries", 0), "US", 'countries = ["US"]\n'),
        ("'odd key' = 1\n", ("odd key",), 2, "'odd key' = 2\n"),
        ("", ("odd key",), 2, '"odd key" = 2\n'),
        ("[[refs]]\nkey = 'x'\n", ("refs",), [{"key": "y"}], '[[refs]]\nkey = "y"\n'),
    ],
)
def test_set_in_other_syntax(text: str, path: Path, value: Any, result: str) -> None:
    assert set_value(text, path, value, SHAPE) == result


@pytest.mark.parametrize(
    ("path", "value"),
    [(("n", "src"), "x"), (("refs", 2, "key"), "x"), (("countries", 5), "x"), (("n", 0), 1)],
)
def test_paths_that_lead_nowhere(path: Path, value: object) -> None:
    with pytest.raises(RefusedError) as caught:
        set_value(ODD, path, value, SHAPE)
    assert caught.value.hint
    with pytest.raises(RefusedError):
        unset(ODD, path, SHAPE)


def test_what_is_no_list_takes_no_element() -> None:
    with pytest.raises(RefusedError):
        append(ODD, ("title",), "x", SHAPE)


def test_what_is_not_toml_is_refused() -> None:
    for edit in (lambda: set_value("n = \n", ("n",), 1, SHAPE), lambda: unset("n = \n", ("n",), SHAPE)):
        with pytest.raises(TomlError):
            edit()


@pytest.mark.parametrize(
    ("text", "path", "result"),
    [
        ("n = [1,]\n", ("n", 0), ""),
        ("n = [1 , # one\n]\nid = 1\n", ("n", 0), "n = [ # one\n]\nid = 1\n"),
        ("n = [\n  1\n  , # one\n  2\n  ,\n]\n", ("n", 0), "n = [\n  2\n  ,\n]\n"),
        ("n = [\n  1\n  , # one\n  2\n  ,\n]\n", ("n", 1), "n = [\n  1\n  ,\n]\n"),
        ("n = [\n  1 # one\n]\n", ("n", 0), ""),
        ("n = [\n  1, # one\n  2 # two\n]\n", ("n", 1), "n = [\n  1, # one\n]\n"),
        ("n = [\n  # kept\n  1\n  ,\n]\n", ("n", 0), "n = [\n  # kept\n  \n]\n"),
        ("n = [[1, 2], [3]]\n", ("n", 0, 1), "n = [[1], [3]]\n"),
        ("n = [[1], [3]]\n", ("n", 0, 0), "n = [[3]]\n"),
        ("a.b.c = 1\n", ("a", "b", "c"), ""),
        ("a.b.c = 1\na.d = 2\n", ("a", "b", "c"), "a.d = 2\n"),
        ("[a.b.c]\n[d]\n", ("a", "b", "c"), "[d]\n"),
        ("[[outcomes.refs]]\nkey = 1\n[d]\n", ("outcomes", "refs", 0, "key"), "[d]\n"),
        ("a = { b.c = 1, d = 2 }\n", ("a", "b", "c"), "a = { d = 2 }\n"),
        ("a = { b.c = 1, b.d = 2, e = 3 }\n", ("a", "b"), "a = { e = 3 }\n"),
        ("a = { b = { c = 1, d = 2 } }\n", ("a", "b", "c"), "a = { b = { d = 2 } }\n"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_unset_in_other_syntax(text: str, path: Path, result: str, end: str) -> None:
    assert unset(text.replace("\n", end), path, SHAPE) == result.replace("\n", end)


@pytest.mark.parametrize(
    ("text", "value", "result"),
    [
        ("countries = [\n  'US'\n]\n", "CN", "countries = [\n  \"CN\",\n  'US'\n]\n"),
        ("countries = [ # c\n  'US' ]\n", "VN", "countries = [ # c\n  'US',\n  \"VN\" ]\n"),
        ("countries = [\n  'CN', 'US'\n]\n", "DE", "countries = [\n  'CN',\n  \"DE\", 'US'\n]\n"),
        (
            "countries = [\n  'CN'\n  ,\n  'US'\n]\n",
            "DE",
            "countries = [\n  'CN',\n  \"DE\"\n  ,\n  'US'\n]\n",
        ),
        ("countries = ['CN',\n'US']\n", "AU", "countries = [\"AU\", 'CN',\n'US']\n"),
        ("countries = [[\n], # x\n'US']\n", "VN", "countries = [\"VN\", [\n], # x\n'US']\n"),
    ],
)
def test_append_in_other_syntax(text: str, value: str, result: str) -> None:
    assert append(text, ("countries",), value, SHAPE) == result


@pytest.mark.parametrize(
    ("text", "path", "value", "result"),
    [
        ("# only\n", ("dates", "src"), "x", '# only\n\n[dates]\nsrc = "x"\n'),
        ("", ("dates",), {"src": "x"}, '[dates]\nsrc = "x"\n'),
        ("", ("refs",), [{"key": "y"}, {"key": "x"}], '[[refs]]\nkey = "y"\n\n[[refs]]\nkey = "x"\n'),
        ("[refs]\n", ("dates",), {"src": "x"}, '[dates]\nsrc = "x"\n\n[refs]\n'),
        ("# top\n\n[refs]\n", ("dates",), {"src": "x"}, '# top\n\n[dates]\nsrc = "x"\n\n[refs]\n'),
        ("dates = {}\n", ("dates", "src"), "x", 'dates = { src = "x" }\n'),
        ("dates = { zzz = 1 }\n", ("dates", "src"), "x", 'dates = { src = "x", zzz = 1 }\n'),
        (
            "n = [{ a.b = [{ c = 1 }] }]\n",
            ("n", 0, "a", "b", 0, "d"),
            2,
            "n = [{ a.b = [{ c = 1, d = 2 }] }]\n",
        ),
        ("n = [{ a = 1 }, { b = 1 }]\n", ("n", 1, "c"), 2, "n = [{ a = 1 }, { b = 1, c = 2 }]\n"),
    ],
)
def test_set_where_there_is_little(text: str, path: Path, value: Any, result: str) -> None:
    assert set_value(text, path, value, SHAPE) == result


def test_elements_that_are_tables_take_no_other() -> None:
    with pytest.raises(RefusedError) as caught:
        append(ODD, ("refs",), "x", SHAPE)
    assert caught.value.hint


def test_an_edit_that_would_say_something_else_is_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever mistake an edit may hold: what it gives is read again, and compared."""
    monkeypatch.setattr(editing, "_replace", lambda document, *_: document.text.replace("'A'", "'B'"))
    with pytest.raises(AlscliError, match="more than it should"):
        set_value(ODD, ("n",), 2, SHAPE)


def test_a_text_that_looks_like_a_comment_is_none() -> None:
    text = 'title = """\n#"""\n# about n\nn = 1\n\n[[refs]]\nkey = """\n#"""\n# y\n[[refs]]\nkey = "y"\n'
    assert unset(text, ("refs", 1), SHAPE) == text[: text.index("# y")]
    assert set_value(text, ("title",), "x", SHAPE) == text.replace('"""\n#"""\n# about', '"x"\n# about')
    assert append(text, ("refs",), {"key": "z"}, SHAPE) == f'{text}\n[[refs]]\nkey = "z"\n'


# Laws, over records in canonical layout and in the odd dress that editors and people give them.

TEXTS = st.text(st.sampled_from("ab #\"'\\=[]重😀\n,"), max_size=5)
NUMBERS = st.one_of(
    st.integers(-(10**6), 10**9), st.decimals(allow_nan=False, places=2, min_value=-99, max_value=99)
)
SCALARS = st.one_of(TEXTS, NUMBERS, st.booleans())


def tables(names: str, value: st.SearchStrategy[Any] = SCALARS) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=dict.fromkeys(names.split(), value)).filter(bool)


RECORDS = st.fixed_dictionaries(
    {"schema": st.just(1)},
    optional={
        "id": TEXTS,
        "title": TEXTS,
        "n": SCALARS,
        "countries": st.lists(TEXTS, min_size=1, max_size=3, unique=True).map(sorted),
        "note": TEXTS,
        "dates": st.fixed_dictionaries({"start": tables("on type src")}, optional={"src": TEXTS}),
        "outcomes": st.lists(
            st.fixed_dictionaries(
                {"id": TEXTS},
                optional={
                    "subgroup": tables("label n"),
                    "values": st.lists(tables("arm n value"), min_size=1, max_size=3),
                    "note": TEXTS,
                },
            ),
            min_size=1,
            max_size=3,
        ),
        "refs": st.lists(tables("key kind", TEXTS), min_size=1, max_size=3).map(
            lambda refs: sorted(refs, key=lambda ref: (0, ref["key"]) if "key" in ref else (1, ""))
        ),
        "zzz": tables("a b"),
    },
)


@st.composite
def dressed(draw: st.DrawFn) -> tuple[dict[str, Any], str]:
    """A record and its text, with comments and blank lines where nothing forbids them."""
    record = draw(RECORDS)
    lines = []
    text = dump(record, SHAPE, draw(st.sampled_from(["", "#:schema x"])))
    inside = False
    for line in text.splitlines(keepends=True):
        inside = inside != (line.count('"""') % 2 == 1)
        if not inside and not line.rstrip("\n").endswith('"""') and '"""' not in line:
            lines.append(draw(st.sampled_from(["", "", "", "", "# above\n", "\n", "# apart\n\n"])))
            line = line.rstrip("\n") + draw(st.sampled_from(["", "", "", " # beside", "  "])) + "\n"
        lines.append(line)
    text = "".join(lines)
    assume(tomllib.loads(text))
    if draw(st.booleans()):
        text = text.rstrip("\n")
    if draw(st.booleans()):
        text = text.replace("\n", "\r\n")
    return record, draw(st.sampled_from(["", "\ufeff"])) + text


def paths(value: Any, path: Path = ()) -> list[Path]:
    children = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    return [path, *(found for key, child in children for found in paths(child, (*path, key)))]


def at(value: Any, path: Path) -> Any:
    for part in path:
        value = value[part]
    return value


def without(value: Any, path: Path) -> Any:
    value = copy.deepcopy(value)
    del at(value, path[:-1])[path[-1]]
    return value


@settings(max_examples=120, deadline=None)
@given(dressed(), st.data())
def test_a_set_changes_one_value_and_set_back_gives_the_bytes_back(
    example: tuple[dict[str, Any], str], data: st.DataObject
) -> None:
    record, text = example
    path = data.draw(
        st.sampled_from([p for p in paths(record) if p and not isinstance(at(record, p), dict | list)])
    )
    new = data.draw(SCALARS)
    changed = set_value(text, path, new, SHAPE)
    expected = copy.deepcopy(parse(text.encode()).values)
    at(expected, path[:-1])[path[-1]] = new
    assert meaning(parse(changed.encode()).values, None) == meaning(expected, None)
    assert set_value(changed, path, at(record, path), SHAPE) == text


@settings(max_examples=120, deadline=None)
@given(dressed(), st.data())
def test_an_unset_key_is_gone_and_nothing_else(
    example: tuple[dict[str, Any], str], data: st.DataObject
) -> None:
    record, text = example
    path = data.draw(st.sampled_from([p for p in paths(record) if p]))
    values = parse(unset(text, path, SHAPE).encode()).values
    if len(at(record, path[:-1])) > 1:  # else what it empties goes too, unless it has comments
        assert meaning(values, None) == meaning(without(record, path), None)


@settings(max_examples=120, deadline=None)
@given(dressed(), st.data())
def test_a_key_that_was_added_and_unset_leaves_the_bytes_as_they_were(
    example: tuple[dict[str, Any], str], data: st.DataObject
) -> None:
    record, text = example
    tables = [p for p in paths(record) if isinstance(at(record, p), dict)]
    parent = data.draw(st.sampled_from(tables))
    key = data.draw(
        st.sampled_from(
            ["schema", "id", "title", "n", "note", "src", "arm", "key", "screening", "new", "a b"]
        )
    )
    assume(key not in at(record, parent))
    path = (*parent, key)
    value: Any = {"decision": "include"} if key == "screening" else data.draw(SCALARS)
    changed = set_value(text, path, value, SHAPE)
    assert meaning(at(parse(changed.encode()).values, path), None) == meaning(value, None)
    assert unset(changed, path, SHAPE) == text


@settings(max_examples=120, deadline=None)
@given(dressed(), st.data())
def test_an_element_that_was_appended_and_unset_leaves_the_bytes_as_they_were(
    example: tuple[dict[str, Any], str], data: st.DataObject
) -> None:
    record, text = example
    lists = [p for p in paths(record) if isinstance(at(record, p), list)]
    assume(lists)
    path = data.draw(st.sampled_from(lists))
    element: Any = {"key": "m"} if isinstance(at(record, path)[0], dict) else "m"
    changed = append(text, path, element, SHAPE)
    index = at(parse(changed.encode()).values, path).index(element)
    assume(at(record, path).count(element) == 0)
    assert unset(changed, (*path, index), SHAPE) == text


# Laws, over any valid text, however odd: an edit is made or refused, and never says something else.

WRITTEN = st.sampled_from([*SHAPE.keys, "start", "arm", "key", "zzz", '"odd key"'])
ANY_TEXT = st.one_of(untidy(WRITTEN), documents())
NEW = st.sampled_from([1, "x", "a\nb", [1], ["a", "b"], {"key": "q"}, [{"key": "q"}], {"on": "1"}, [], {}])
NEW_KEYS = st.sampled_from(["id", "start", "values", "key", "dates", "refs", "outcomes", "zzz", "odd key"])


@settings(max_examples=150, deadline=None)
@given(ANY_TEXT, NEW, st.data())
def test_any_value_of_any_text_can_be_set_and_unset(text: str, value: Any, data: st.DataObject) -> None:
    record = parse(text.encode()).values
    found = [path for path in paths(record) if path]
    assume(found)
    path = data.draw(st.sampled_from(found))
    with suppress(RefusedError):
        set_value(text, path, value, SHAPE)
    rest = parse(unset(text, path, SHAPE).encode()).values
    if len(at(record, path[:-1])) > 1:
        assert meaning(rest, None) == meaning(without(record, path), None)


@settings(max_examples=150, deadline=None)
@given(ANY_TEXT, NEW, NEW_KEYS, st.data())
def test_any_table_of_any_text_takes_a_key_and_any_list_an_element(
    text: str, value: Any, key: str, data: st.DataObject
) -> None:
    record = parse(text.encode()).values
    table = data.draw(st.sampled_from([p for p in paths(record) if isinstance(at(record, p), dict)]))
    if key not in at(record, table):
        set_value(text, (*table, key), value, SHAPE)
        deep = data.draw(st.sampled_from([0, "id", "start", "values"]))
        set_value(text, (*table, key, deep), value, SHAPE)
    lists = [p for p in paths(record) if isinstance(at(record, p), list)]
    if lists:
        with suppress(RefusedError):
            append(text, data.draw(st.sampled_from(lists)), value, SHAPE)
