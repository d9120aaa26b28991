"""What is recognized as canonical is what a new record with these values would be, byte for byte."""

from __future__ import annotations

import re
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alscli.model.format import MODELS, FileKind, schema_comment, shape_of
from alscli.store import recognition
from alscli.store.canonical import dump
from alscli.store.recognition import is_canonical, recognizes
from alscli.store.toml import TomlError, parse

RECORDS = Path(__file__).parents[2] / "records"
TRIALS = {path.stem: path.read_text("utf-8") for path in sorted((RECORDS / "trials").glob("*.toml"))}
RECORD = TRIALS["nurown-phase3"]
HEAD = f"{schema_comment('trial')}\nschema = 1\n"


def is_dumped(text: str, kind: FileKind = "trial") -> bool:
    return text == dump(parse(text.encode()).values, shape_of(MODELS[kind]), schema_comment(kind))


def is_recognized(text: str, kind: FileKind = "trial") -> bool:
    return recognizes(parse(text.encode()), kind)


@pytest.mark.parametrize("name", TRIALS)
def test_canonical_records_are_recognized(name: str) -> None:
    text = TRIALS[name]
    assert is_recognized(text) == (is_dumped(text) and '"""' not in text)


def test_escaped_quotes_and_backslashes_are_recognized() -> None:
    written = r'title = "\\ of \"Nu\\\"Own\""' + "\n"
    assert is_dumped(HEAD + written)
    assert is_recognized(HEAD + written)


def test_products_and_the_ledger_are_recognized() -> None:
    for path in (RECORDS / "products").glob("*.toml"):
        assert is_recognized(path.read_text("utf-8"), "product"), path.name
    text = (RECORDS / "ledger.toml").read_text("utf-8")
    assert is_recognized(text, "ledger") == is_dumped(text, "ledger")


@pytest.mark.parametrize(
    "written",
    [
        # Numbers with other digits, signs or bases.
        *("sites = 10000", "sites = 1_000", "sites = 1_00_00", "sites = +5", "sites = -0", "sites = 0x1F"),
        *("enrollment = 0.00000001", "enrollment = 1e5", "enrollment = 1_0.5"),
        # Strings in other quotes, with escapes, on several lines, with what does not show.
        *("title = 'a'", 'title = "a\\u0062"', 'title = """a"""', 'title = "a\u200bb"'),
        # Space and commas, comments, empty lines.
        *(
            'title = "a\tb"',
            'title ="a"',
            'title = "a" ',
            'title = "a" # b',
            'title = "a"\n',
            '\ntitle = "a"',
            'title = "a"\r',
        ),
        *('countries = ["CN",]', 'countries = ["CN", ]', 'countries = [ "CN" ]', 'countries = ["CN","US"]'),
        *("related = [{}]", "related = [\n]", 'related = [{ id = "a" }]', "dates = {}", "dates = {  }"),
        *('[dates]\nstart = {on = "2020"}', '[dates]\nstart = {  on = "2020" }', "[dates]\nstart = {  }"),
        # Order of keys and of what is sorted; tables written otherwise.
        *('title = "a"\nid = "b"', 'countries = ["US", "CN"]', 'tags = ["b", "a"]'),
        *('[dates]\nstart = { type = "actual", on = "2020" }', "[enrollment]\n[dates]", "[ dates ]"),
        *('[[refs]]\nkey = "b"\n\n[[refs]]\nkey = "a"', '[screening]\nfound_in = ["b", "a"]'),
        *('dates.start = { on = "2020" }', '[dates.start]\non = "2020"', '"title" = "a"'),
    ],
)
def test_what_is_written_otherwise_is_not(written: str) -> None:
    text = f"{HEAD}{written}\n"
    assert not is_dumped(text)
    assert not is_recognized(text)


NOISE = [
    "\t",
    ' "',
    '"',
    "'",
    "\\",
    '\\\\"',
    " ",
    ", ",
    "[",
    "]",
    "{ ",
    " }",
    "\n",
    "\n\n",
    "0",
    "_",
    ".",
    "-",
    "# ",
    "\r",
]
TOKENS = re.compile(r'"[^"\n]*"|[0-9._]+|[a-z_]+ = |, |[\[\]{}\n]| ')


@settings(max_examples=600, deadline=None)
@given(st.data())
def test_what_is_recognized_is_what_would_be_written(data: st.DataObject) -> None:
    """Tokens of real records deleted, doubled, exchanged or replaced, and lines of them."""
    text = TRIALS[data.draw(st.sampled_from(sorted(TRIALS)))]
    for _ in range(data.draw(st.integers(1, 3))):
        parts = [each.span() for each in TOKENS.finditer(text)] if data.draw(st.booleans()) else _lines(text)
        place = st.integers(0, len(parts) - 1)
        (start, end), (other, stop) = parts[data.draw(place)], parts[data.draw(place)]
        new = data.draw(st.sampled_from(["", text[other:stop], text[start:end] * 2, *NOISE]))
        text = text[:start] + new + text[end:]
    with suppress(TomlError):
        document = parse(text.encode())
        assert not recognizes(document, "trial") or is_dumped(text)


def _lines(text: str) -> list[tuple[int, int]]:
    return [each.span() for each in re.finditer(r"[^\n]*\n", text)]


def test_the_pattern_is_made_when_it_pays_and_changes_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [RECORD, RECORD.replace(" = ", "  = ", 1)]
    before = [is_canonical(parse(text.encode()), "trial") for text in texts]
    asked: list[str] = []
    monkeypatch.setattr(recognition, "recognizes", lambda document, kind: asked.append(kind) or False)
    monkeypatch.setattr(recognition, "_asked", {"trial": recognition._WORTH - 1})
    after = [is_canonical(parse(text.encode()), "trial") for text in texts]
    assert before == after == [True, False]
    assert asked == ["trial"]


@pytest.mark.parametrize(("texts", "asked"), [(1200, 0), (1201, 1)])
def test_where_many_texts_will_come_the_pattern_is_made_at_once(
    texts: int, asked: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    recognized: list[str] = []
    monkeypatch.setattr(recognition, "recognizes", lambda document, kind: recognized.append(kind) or True)
    monkeypatch.setattr(recognition, "_asked", Counter())
    recognition.expect("trial", texts)
    assert is_canonical(parse(RECORD.encode()), "trial")
    assert len(recognized) == asked
