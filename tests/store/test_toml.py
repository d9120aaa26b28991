"""TOML text: what is read, what is refused, and where."""

from __future__ import annotations

import datetime as dt
import tomllib
from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alscli.store.toml import MAX_BYTES, MAX_DEPTH, Fault, TomlError, parse


def fault_of(text: str | bytes) -> Fault:
    with pytest.raises(TomlError) as caught:
        parse(text.encode() if isinstance(text, str) else text)
    return caught.value.fault


def test_numbers_keep_the_digits_of_their_source() -> None:
    values = parse(b"est = -0.20\nn = 100_000_000\np = 1e-3\n").values
    assert str(values["est"]) == "-0.20"
    assert values["n"] == 100_000_000
    assert values["p"] == Decimal("0.001")


@pytest.mark.parametrize(
    ("literal", "value"),
    [
        ("99999999999999999999999999", 99999999999999999999999999),
        ("0xDEAD_beef", 0xDEADBEEF),
        ("-inf", Decimal("-Infinity")),
        ("1979-05-27 07:32:00Z", dt.datetime(1979, 5, 27, 7, 32, tzinfo=dt.UTC)),
        ("07:32:00", dt.time(7, 32)),
        ('"""\r\na\r\nb"""', "a\nb"),
        ('""""q""""', '"q"'),
    ],
)
def test_values(literal: str, value: object) -> None:
    assert parse(f"a = {literal}\r\n".encode()).values == {"a": value}


def test_a_byte_order_mark_is_kept_in_the_text_and_counts_in_no_position() -> None:
    document = parse("\ufeffa = 1\n".encode())
    assert document.values == {"a": 1}
    assert document.text.encode() == "\ufeffa = 1\n".encode()
    assert document.spans.position(document.spans.place(("a",)).start) == (1, 5)
    assert fault_of("\ufeffa = x\n").column == 5
    assert fault_of("\ufeff\ufeffa = 1\n").code == "TX001"


@pytest.mark.parametrize(
    ("text", "code", "line", "column"),
    [
        ("a = 1\nb = \n", "TX001", 2, 5),
        ('title_zh = "重复鞘内给药😀" x\n', "TX001", 1, 22),
        ("a = 1\na = 2\n", "TX001", 2, 6),
        ("a = 'b\"\nc = 1\n", "TX001", 1, 8),
        ("a = 'b\"\nc = 'd'\n", "TX001", 1, 8),
        ("a = 'b", "TX001", 1, 7),
        (b"a = 1\nb = '\xe9'\n", "TX002", 2, 6),
        (b"a = '\xed\xa0\x80'\n", "TX002", 1, 6),
        (b"\xff\xfea\x00", "TX002", 1, 1),
        ("a = 1\n# 中\x7f\n", "TX002", 2, 4),
        ("a = 'x\x00'\n", "TX002", 1, 7),
        ("a = 1\rb = 2\n", "TX002", 1, 6),
        ("a = 1e9999\n", "TX003", 1, 5),
        ("a = 1e-99999999999999999999\n", "TX003", 1, 5),
        ("b = 'e'\na = " + "9" * 5000, "TX003", 2, 5),
        ("a = 1\nb = 0x" + "f" * 5000, "TX003", 2, 5),
        ("a = " + "[" * 33 + "]" * 33, "TX003", 1, 37),
        ("a = " + "[" * 100_000, "TX003", 1, 37),
        ("a = " + "{a=" * 100_000, "TX003", 1, 101),
        ("x = 1\n" + ".".join("a" * 100_000) + " = 1", "TX003", 2, 1),
        ("[" + ".".join("a" * 5_000) + "]", "TX003", 1, 2),
    ],
)
def test_a_fault_has_its_code_and_place(text: str | bytes, code: str, line: int, column: int) -> None:
    fault = fault_of(text)
    assert (fault.code, fault.line, fault.column) == (code, line, column), fault


@pytest.mark.parametrize(
    "text", ["a = {\n b = 1 }\n", "a = { b = 1, }\n", 'a = "\\e"\n', 'a = "\\x41"\n', "a = 07:32\n"]
)
def test_what_only_toml_1_1_allows_is_refused(text: str) -> None:
    assert fault_of(text).code == "TX001"


def test_the_limits_are_exact() -> None:
    parse(b"a = " + b"[" * (MAX_DEPTH) + b"]" * (MAX_DEPTH))
    parse(("a." * (MAX_DEPTH - 1) + "a = {}\n").encode())
    assert fault_of("a." * MAX_DEPTH + "a = {}\n").code == "TX003"
    assert fault_of("[" + "a." * 19 + "a]\n" + "b." * 19 + "b = 1\n").code == "TX003"
    parse(b"#" * MAX_BYTES)
    assert fault_of(b"#" * (MAX_BYTES + 1)).code == "TX003"


def test_brackets_in_strings_and_comments_do_not_nest() -> None:
    text = "".join(f'a{i} = "[[[" # [[[\nb{i} = """\n[[["""\nc{i} = \'{{{{\'\n' for i in range(400))
    assert len(parse(text.encode()).values) == 1200


def test_many_tables_are_not_deep_ones() -> None:
    assert len(parse(b"[[refs]]\nkey = ['a']\n" * 2000).values["refs"]) == 2000


def test_brackets_after_a_broken_string_harm_no_parser() -> None:
    assert fault_of('a = "abc\\\nb = "' + "[" * 30_000 + "]" * 30_000 + '"\n').code == "TX001"


PIECES = st.one_of(
    st.sampled_from("ab=.,[]{}\"'\\#1-_e \t\n\r\ufeff\x00中😀"),
    st.sampled_from(
        ['"""', "'''", "[[", "]]", "\r\n", "\\u00", "0x", "1.5", "1979-05-27", "T07:32:00", "inf", "true"]
    ),
    st.sampled_from(["a = 1\n", "[t]\n", "[[l]]\n", "x = { y = [1] }\n"]),
)


@settings(max_examples=200)
@given(st.lists(PIECES, max_size=25).map("".join))
def test_every_text_is_read_as_the_standard_library_reads_it_or_refused_as_it_is(text: str) -> None:
    try:
        expected = tomllib.loads(text.removeprefix("\ufeff"), parse_float=Decimal)
    except ValueError:
        fault = fault_of(text)
        assert 1 <= fault.line <= text.count("\n") + 1
        assert fault.column >= 1
    else:
        assert repr(parse(text.encode()).values) == repr(expected)


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_else(data: bytes) -> None:
    with suppress(TomlError):
        parse(data)
