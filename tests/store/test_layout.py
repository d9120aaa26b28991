"""Canonical layout: samples, comments, conversions, and the laws that it keeps."""

from __future__ import annotations

import tomllib
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toml_texts import untidy

from alscli.model.shape import Shape
from alscli.store.canonical import dump
from alscli.store.layout import lay_out, meaning
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
        "dates": Shape("table", {"start": Shape("inline", values("on type src"))}),
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
    },
)

CANONICAL = """\
#:schema ../trial.schema.json
# Typed from the paper.

schema = 1
# The register's own title.
title = "A \\"title\\"" # as printed
n = 125_000
countries = ["CN", "US"]
note = \"\"\"
one
two\"\"\"

[dates]
start = { on = "2017-08", type = "actual" }

[[outcomes]]
id = "b"
subgroup = { label = "≥31", n = 100 }
values = [
  # first
  { arm = "active", n = 95, value = -0.20 }, # one
  { arm = "placebo", n = 94 },
]
# end of b

[[outcomes]]
id = "a"

# about x
[[refs]]
key = "x"

[[refs]]
key = "y"
kind = "article"

# The end.
"""


def test_the_canonical_text_stays_as_it_is() -> None:
    assert lay_out(CANONICAL, SHAPE) == CANONICAL


def test_a_new_record_is_written_in_it() -> None:
    text = dump(parse(CANONICAL.encode()).values, SHAPE, "#:schema ../trial.schema.json")
    assert text == "".join(
        line + "\n"
        for line in CANONICAL.replace(" # as printed", "").replace(" # one", "").splitlines()
        if not line.strip().startswith("#") or line.startswith("#:schema")
    ).replace("json\n\n", "json\n").removesuffix("\n")


@pytest.mark.parametrize(
    ("written", "laid_out"),
    [
        ("title = 'x'\r\nid = 'y'\r\n", 'id = "y"\ntitle = "x"\n'),
        ("\ufeffid = 'y'", 'id = "y"\n'),
        ("n = 1_00_000\n", "n = 100_000\n"),
        ("n = 1_000\n", "n = 1_000\n"),
        ("n = 0xFFFFF\n", "n = 0xFFFFF\n"),
        ("n = -0.2000000\n", "n = -0.2000000\n"),
        ("n = 100000.50\n", "n = 100000.50\n"),
        ('n="""one line"""\n', 'n = "one line"\n'),
        ("n='''two\nlines'''\n", 'n = """\ntwo\nlines"""\n'),
        ("n='C:\\dir'\n", 'n = "C:\\\\dir"\n'),
        ('n = "caf\\u00e9"\n', 'n = "café"\n'),
        (
            'n = "not_reported"\ncountries = "not_reported"\n',
            'n = "not_reported"\ncountries = "not_reported"\n',
        ),
        ("countries = [\n  'US',\n  'CN',\n]\n", 'countries = ["CN", "US"]\n'),
        ("countries = ['US', # a\n 'CN'] # b\n", 'countries = [\n  "CN",\n  "US", # a\n] # b\n'),
        ("dates.start.on = '2017'\n", '[dates]\nstart = { on = "2017" }\n'),
        (
            "dates = { start = { type = 'actual', on = '2017' } }\n",
            '[dates]\nstart = { on = "2017", type = "actual" }\n',
        ),
        (
            "[dates.start]\n# day unknown\non = '2017' # month?\n",
            '[dates]\n# day unknown\n# month?\nstart = { on = "2017" }\n',
        ),
        ("refs = [{ key = 'b' }, { key = 'a' }]\n", '[[refs]]\nkey = "a"\n\n[[refs]]\nkey = "b"\n'),
        (
            "[[outcomes]]\n[[outcomes.values]] # v\narm = 'a'\n",
            '[[outcomes]]\nvalues = [\n  { arm = "a" }, # v\n]\n',
        ),
        ("[[outcomes]]\nvalues = []\n", "[[outcomes]]\nvalues = []\n"),
        ("# a\n\n# b\nn = 1\n", "# a\n\n# b\nn = 1\n"),
        ("# a\n#:schema x\nn = 1\n", "#:schema x\n# a\nn = 1\n"),
        ("", ""),
        ("# only\n", "# only\n"),
        ("zzz = [1,2,  3]\nn = 1\n", "n = 1\nzzz = [1,2,  3]\n"),
        ("zzz.a = 1\nzzz.b.c = 2\nn = 1\n", "n = 1\nzzz.a = 1\nzzz.b.c = 2\n"),
        ("[zzz]\na = 1\n[dates]\n", "[dates]\n\n[zzz]\na = 1\n"),
        ("'odd key' = 1\n", '"odd key" = 1\n'),
        # Broken shapes stay what they are.
        ("dates = 'x'\n", 'dates = "x"\n'),
        ("refs = ['a', 1]\n", "refs = ['a', 1]\n"),
        ("title = { a = 1 }\n", "title = { a = 1 }\n"),
        ("[[title]]\na = 1\n", "[[title]]\na = 1\n"),
        ("[refs]\nkey = 'a'\n", '[refs]\nkey = "a"\n'),
        ("[[outcomes]]\nvalues = [1, { arm = 'a' }]\n", "[[outcomes]]\nvalues = [1, { arm = 'a' }]\n"),
        ("countries = ['b', 1]\n", 'countries = ["b", 1]\n'),
    ],
)
def test_layout(written: str, laid_out: str) -> None:
    assert lay_out(written, SHAPE) == laid_out
    assert lay_out(laid_out, SHAPE) == laid_out


def test_comments_go_with_what_they_stand_above_when_it_is_sorted() -> None:
    text = "# about n\nn = 1 # one\n# end of root\n\n"
    text += '# y\n[[refs]] # y\nkey = "y"\n# end of y\n\n[[refs]]\nkey = "x"\n'
    assert lay_out("# about schema\nschema = 1\n" + text, SHAPE) == (
        "# about schema\nschema = 1\n# about n\nn = 1 # one\n# end of root\n\n"
        '[[refs]]\nkey = "x"\n\n# y\n[[refs]] # y\nkey = "y"\n# end of y\n'
    )


def test_the_schema_line_is_kept_or_added() -> None:
    assert lay_out("#:schema mine\nn = 1\n", SHAPE, "#:schema ours") == "#:schema mine\nn = 1\n"
    assert lay_out("n = 1\n", SHAPE, "#:schema ours") == "#:schema ours\nn = 1\n"
    assert lay_out("", SHAPE, "#:schema ours") == "#:schema ours\n"


def test_a_schema_line_of_another_kind_of_record_is_not_kept() -> None:
    for copied in ("../product.schema.json", "trial.schema.json", "ledger.schema.json"):
        text = f"#:schema {copied}\nn = 1\n"
        assert (
            lay_out(text, SHAPE, "#:schema ../trial.schema.json") == "#:schema ../trial.schema.json\nn = 1\n"
        )
    mine = "#:schema https://example.org/trial.schema.json\nn = 1\n"
    assert lay_out(mine, SHAPE, "#:schema ../trial.schema.json") == mine


def test_escapes_stay_only_where_they_are_needed() -> None:
    assert lay_out('title = "\\u0069 \\U00000041"\n', SHAPE) == 'title = "i A"\n'
    needed = 'title = "a \\"b\\" \\\\ \\u200b \\n"\n'
    assert lay_out(needed, SHAPE) == needed


def test_what_is_not_toml_is_refused() -> None:
    with pytest.raises(TomlError):
        lay_out("n = \n", SHAPE)


@pytest.mark.parametrize(
    "text", ['"', '""""', "\\", 'a\n"""b"', '\n"', "\u202e\u200b\x01\r", "\t", "\n", "😀\n'''", "\ufeff"]
)
def test_awkward_strings_come_back(text: str) -> None:
    record = {"title": text, "countries": [text], "dates": {"start": {"on": text}}, text: text}
    written = dump(record, SHAPE)
    assert tomllib.loads(written) == record
    assert lay_out(written, SHAPE) == written


def test_what_does_not_show_is_written_as_its_number() -> None:
    assert dump({"title": "a\u202eb\u200bc\U000e0001"}, SHAPE) == 'title = "a\\u202Eb\\u200Bc\\U000E0001"\n'


def test_numbers_are_written_with_their_digits() -> None:
    text = dump(
        {"n": [Decimal("-0.20"), Decimal("1E+2"), 125000000, 1.5, True, Decimal("Infinity"), 9999]}, SHAPE
    )
    assert text == "n = [-0.20, 1E+2, 125_000_000, 1.5, true, inf, 9999]\n"


NAMES = st.sampled_from(
    [*SHAPE.keys, *SHAPE.keys["outcomes"].keys, "start", "arm", "key", "zzz", '"odd key"']
)
TEXTS = untidy(NAMES)


@settings(max_examples=200, deadline=None)
@given(TEXTS)
def test_layout_changes_no_meaning_loses_no_comment_and_is_done_once(text: str) -> None:
    laid_out = lay_out(text, SHAPE)
    assert meaning(parse(laid_out.encode()).values, SHAPE) == meaning(parse(text.encode()).values, SHAPE)
    assert lay_out(laid_out, SHAPE) == laid_out
    assert laid_out.count("#") == text.count("#")
    assert "\r" not in laid_out
    assert "\n\n\n" not in laid_out


@settings(max_examples=200, deadline=None)
@given(TEXTS)
def test_a_new_record_says_what_it_was_given(text: str) -> None:
    record = parse(text.encode()).values
    written = dump(record, SHAPE)
    assert meaning(parse(written.encode()).values, SHAPE) == meaning(record, SHAPE)
    assert lay_out(written, SHAPE) == written


@settings(max_examples=200, deadline=None)
@given(TEXTS)
def test_a_new_record_and_a_file_with_a_comment_are_written_alike(text: str) -> None:
    """The two writers, of plain values and of text with comments, agree wherever both can speak."""
    written = dump(parse(text.encode()).values, SHAPE)
    commented = lay_out(f"{written}\n# the end\n", SHAPE)
    assert commented.removesuffix("# the end\n").rstrip("\n") == written.rstrip("\n")
