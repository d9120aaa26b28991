"""A payload with something else in one of its places is read, or said to be unreadable; nothing raises."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from alscli.registries import reading
from alscli.registries.draft import Draft, Unreadable

PAYLOADS = sorted((Path(__file__).parent / "payloads").glob("*.json"))
OTHER: list[Any] = [
    None,
    [],
    {},
    1,
    -3.5,
    "x",
    "",
    [1],
    [[]],
    {"a": []},
    True,
    10**30,
    "2025-02-30",
    [{}],
    [None],
]


def places(node: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of everything in a tree."""
    if at:
        yield at
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, each in items:
        yield from places(each, (*at, key))


@pytest.mark.parametrize("path", PAYLOADS, ids=lambda path: path.stem)
def test_something_else_in_any_place(path: Path) -> None:
    text = path.read_text("utf-8")
    for number, at in enumerate(places(json.loads(text))):
        for value in OTHER[number % 8 :: 8]:
            payload = table = json.loads(text)
            for key in at[:-1]:
                table = table[key]
            table[at[-1]] = value
            for each in reading.read(json.dumps(payload).encode()):
                assert isinstance(each, Draft | Unreadable), (at, value)
