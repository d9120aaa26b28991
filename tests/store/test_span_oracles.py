"""Positions against other parsers: tree-sitter-toml says where things stand, tomlkit what an edit changes."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import tomlkit
import tree_sitter
import tree_sitter_toml
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from toml_texts import documents

from alscli.store.spans import Key, Value, locate, read
from alscli.store.toml import parse

RECORDS = Path(__file__).parents[2] / "records"
SHIPPED = sorted(RECORDS.rglob("*.toml"))
DOCUMENTS = sorted((Path(__file__).parent / "toml_documents" / "valid").glob("*.toml"))

GRAMMAR = tree_sitter.Parser(tree_sitter.Language(tree_sitter_toml.language()))
Node = tree_sitter.Node


def text_of(path: Path) -> str:
    return path.read_bytes().decode()


# tree-sitter: the same tree of statements, keys and values, each from the same character to the same.


class Characters:
    """Turns tree-sitter's places, which count bytes, into characters."""

    def __init__(self, text: str) -> None:
        self._at = {0: 0}
        offset = 0
        for position, character in enumerate(text, 1):
            offset += len(character.encode())
            self._at[offset] = position

    def __call__(self, node: Node) -> tuple[int, int]:
        return self._at[node.start_byte], self._at[node.end_byte]


def parts(node: Node) -> list[Node]:
    """The parts of a key; a dotted one nests to the left."""
    return (
        [part for child in node.children for part in parts(child)]
        if node.type == "dotted_key"
        else ([node] if node.type in ("bare_key", "quoted_key") else [])
    )


def theirs(text: str) -> list[object]:
    """The statements of a text as tree-sitter sees them."""
    place = Characters(text)
    root = GRAMMAR.parse(text.encode()).root_node
    assert not root.has_error, "the grammar refuses a valid document"

    def key(node: Node) -> list[tuple[int, int]]:
        return [place(part) for part in parts(node)]

    def value(node: Node) -> object:
        children: list[object] = []
        if node.type == "array":
            children = [(None, value(child)) for child in node.named_children if child.type != "comment"]
        elif node.type == "inline_table":
            children = [pair(child) for child in node.named_children if child.type == "pair"]
        kind = {"array": "array", "inline_table": "inline"}.get(node.type, "scalar")
        return (*place(node), kind, children)

    def pair(node: Node) -> tuple[object, object]:
        name, stated = (child for child in node.named_children if child.type != "comment")
        return key(name), value(stated)

    found: list[object] = []

    def enter(node: Node) -> None:
        if node.type == "pair":
            found.append(("pair", *pair(node)))
        elif node.type in ("table", "table_array_element"):
            opening, name, closing = node.children[0], node.named_children[0], node.children[2]
            kind = "table" if node.type == "table" else "tables"
            found.append((kind, key(name), (place(opening)[0], place(closing)[1])))
            for child in node.named_children[1:]:
                enter(child)

    for child in root.named_children:
        enter(child)
    return found


def ours(text: str) -> list[object]:
    """The statements of a text in the same form."""

    def key(one: Key) -> list[tuple[int, int]]:
        return [tuple(span) for span in one.spans]

    def value(one: Value) -> object:
        children = [(inner if inner is None else key(inner), value(child)) for inner, child in one.children]
        return (one.start, one.end, one.kind, children)

    return [(s.kind, key(s.key), (s.start, s.end) if s.value is None else value(s.value)) for s in read(text)]


@settings(max_examples=150, deadline=None)
@given(documents())
def test_everything_stands_where_tree_sitter_says(text: str) -> None:
    assert ours(text) == theirs(text)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_everything_in_a_document_stands_where_tree_sitter_says(path: Path) -> None:
    if path.stem == "blanks-after-a-line-ending-backslash":
        pytest.skip("the grammar takes the backslash for an escape, where TOML 1.0 allows blanks after it")
    assert ours(text_of(path)) == theirs(text_of(path))


def test_everything_in_the_shipped_records_stands_where_tree_sitter_says() -> None:
    for path in SHIPPED:
        assert ours(text_of(path)) == theirs(text_of(path)), path


# tomlkit has no positions, but changes one value and leaves the rest: the difference is where it stands.

MARK = 987_654_321


def rewritten(text: str, path: tuple[str | int, ...]) -> str:
    """The text after tomlkit has put the mark in the place of the value at `path`."""
    document = tomlkit.parse(text)
    container = document
    for part in path[:-1]:
        container = container[part]  # type: ignore[index, assignment]
    container[path[-1]] = MARK  # type: ignore[index]
    return document.as_string()


def keeps(text: str) -> bool:
    """Whether tomlkit writes a text as it read it.

    It loses the blanks before some keys and headers, and gathers tables that stand apart; and it takes a byte
    order mark for part of the first key.
    """
    return not text.startswith("\ufeff") and tomlkit.parse(text).as_string() == text


def assert_tomlkit_agrees(text: str, paths: list[tuple[str | int, ...]]) -> None:
    spans = locate(text)
    for path in paths:
        span = spans.value(path)
        assert span is not None
        assert rewritten(text, path) == f"{text[: span.start]}{MARK}{text[span.end :]}", path


def places(text: str) -> list[tuple[str | int, ...]]:
    """The paths of all values that have a text of their own."""
    return list(locate(text)._values)


@settings(max_examples=100, deadline=None)
@given(documents(), st.randoms(use_true_random=False))
def test_a_value_stands_where_tomlkit_changes_it(text: str, chance: random.Random) -> None:
    text = text.removeprefix("\ufeff")
    assume(keeps(text))
    found = places(text)
    assert_tomlkit_agrees(text, chance.sample(found, min(len(found), 6)))


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_a_value_in_a_document_stands_where_tomlkit_changes_it(path: Path) -> None:
    text = text_of(path)
    if not keeps(text):
        pytest.skip("tomlkit does not write it as it read it")
    assert_tomlkit_agrees(text, places(text))


def test_a_value_in_the_shipped_records_stands_where_tomlkit_changes_it() -> None:
    chance = random.Random(0)
    for path in chance.sample(SHIPPED, min(len(SHIPPED), 60)):
        text = text_of(path)
        assert keeps(text), path
        found = places(text)
        assert_tomlkit_agrees(text, chance.sample(found, min(len(found), 3)))


# The law that no oracle is needed for.


def test_a_value_in_the_shipped_records_parsed_alone_is_the_value() -> None:
    for path in SHIPPED:
        document = parse(path.read_bytes())
        for place, span in document.spans._values.items():
            value = document.values
            for part in place:
                value = value[part]  # type: ignore[index]
            alone = parse(f"x = {document.text[slice(*span)]}".encode()).values["x"]
            assert repr(alone) == repr(value), (path, place)
