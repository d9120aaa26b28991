"""Text on a terminal: nothing obeyed, nothing wider than it may be, nothing lost."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from alscli.text import STYLES, fit, link, one_line, pad, paint, plain, width, wrap

hostile = st.text(
    st.one_of(st.characters(), st.sampled_from("\x1b\x07\x9b\t\r\n\u202e\u2066\u200f\x7f 渐冻，。ab")),
    max_size=60,
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred", r"\x1b[31mred"),
        ("a\tb", r"a\x09b"),
        ("a\r\nb", "a\\x0d\nb"),
        ("\u202egnirts", r"\u202egnirts"),
        ("\x9b31m", r"\x9b31m"),
        ("\ud800", r"\ud800"),
        ("[/red] 渐冻症", "[/red] 渐冻症"),
    ],
)
def test_what_a_terminal_would_obey_is_spelled_out(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_one_line() -> None:
    assert one_line("a\tb\r\nc\n\nd\x1b") == r"a b c d\x1b"
    assert one_line("a\u2028b\x0bc\x85d\u2029\ne") == "a b c d e"


@given(hostile)
def test_no_control_is_left(text: str) -> None:
    for character in plain(text).replace("\n", "") + one_line(text):
        assert character.isprintable() or character not in "\x1b\x07\x9b\t\r\n\u202e\u2066\u200f\x7f"
    assert "\n" not in one_line(text)
    assert plain(plain(text)) == plain(text)


@given(hostile.map(one_line), st.integers(0, 40))
def test_a_text_cut_to_fit(text: str, columns: int) -> None:
    cut = fit(text, columns)
    assert width(cut) <= columns or (width(text) <= columns and cut == text)
    if width(text) <= columns:
        assert cut == text
    elif columns:
        assert cut.endswith("…")
        assert text.startswith(cut[:-1])
    assert width(pad(cut, columns)) == max(columns, width(cut))


@given(hostile, st.integers(1, 100), st.sampled_from(["", "  ", "    "]))
def test_wrapped_lines_lose_nothing_but_blanks(text: str, columns: int, indent: str) -> None:
    lines = wrap(text, columns, indent)
    assert "".join("".join(lines).split()) == "".join(
        plain(re.sub(r"[\t\r\v\f\x85\u2028\u2029]", "\n", text)).split()
    )
    assert all(width(line) <= max(columns, 10 + len(indent)) for line in lines)
    assert all(line.startswith(indent) or not line for line in lines)


def test_where_lines_break() -> None:
    assert wrap("one two three four five", 20) == ["one two three four", "five"]
    assert wrap("渐冻症渐冻症渐冻症渐冻症，渐冻症", 20) == ["渐冻症渐冻症渐冻症渐", "冻症，渐冻症"]
    assert wrap("x" * 45, 20) == ["x" * 20, "x" * 20, "x" * 5]
    assert wrap("a\n\nb", 20, "  ") == ["  a", "", "  b"]
    assert wrap("", 20) == [""]
    assert wrap("a\tb\r\nc\u2028d\re", 20) == ["a b", "c", "d", "e"]
    assert wrap("sixteen columns at least", 16) == ["sixteen columns", "at least"]


def test_punctuation_stays_with_the_character_before_it() -> None:
    assert not any(line.startswith(("，", "。")) for line in wrap("渐冻症，" * 20 + "。", 23))


@given(st.text(st.sampled_from("ab渐\u0301👨‍👩‍👧é"), max_size=20))
def test_width_is_that_of_rich(text: str) -> None:
    assert width(text) == cell_len(text)


def test_color_only_where_it_is_wanted() -> None:
    url = "https://example.org/"
    assert paint("x", "bad", color=False) == "x"
    assert paint("", "bad", color=True) == ""
    for style, code in STYLES.items():
        assert paint("x", style, color=True) == f"{code}x\x1b[0m"
    assert link("x", url, color=False) == link("x", None, color=True) == "x"
    assert link("x", url, color=True) == f"\x1b]8;;{url}\x1b\\x\x1b]8;;\x1b\\"
