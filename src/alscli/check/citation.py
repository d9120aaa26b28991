"""Citations: where a record names the keys of its sources."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from alscli.model.path import Path


def cited(values: dict[str, Any]) -> list[tuple[Path, str]]:
    """Every citation of a parsed file: the path of the key of a reference, and the key."""
    found: list[tuple[Path, str]] = []
    _collect(values, (), found)
    return found


def _collect(table: dict[str, Any], path: Path, found: list[tuple[Path, str]]) -> None:
    for key, value in table.items():
        if key in _CITING and (key == "src" or path[:1] in _CITING[key]):
            found += _keys(value, (*path, key))
            continue
        kind = value.__class__
        if kind is str:
            continue
        if kind is list:
            for position, element in enumerate(value):
                if element.__class__ is dict:
                    _collect(element, (*path, key, position), found)
        elif kind is dict:
            _collect(value, (*path, key), found)


_CITING: dict[str, set[Path]] = {
    "src": set(),
    "against": {("verified",)},
    "notice": {("refs",)},
    "refs": {("excluded",), ("claims",)},
}


def _keys(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, list):
        for position, item in enumerate(value):
            if isinstance(item, str):
                yield (*path, position), item
