"""Which fields a file states: a rule about fields that nobody states need not be asked.

Fields are named as `alscli fields` names them: `outcomes[].effects[].p`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Node:
    """A key that somebody asks for, or that leads to one; `below` are the keys of its table."""

    path: str
    below: dict[str, Node] = field(default_factory=dict)


def tree(paths: Iterable[str]) -> dict[str, Node]:
    """The fields as nodes below the keys of the file."""
    roots: dict[str, Node] = {}
    for path in paths:
        level, way = roots, ""
        for part in path.split("."):
            way = f"{way}.{part}" if way else part
            level = level.setdefault(part.removesuffix("[]"), Node(way.removesuffix("[]"))).below
    return roots


def stated(values: Mapping[str, Any], nodes: Mapping[str, Node]) -> set[str]:
    """Those of the fields that the parsed file states in at least one place, whatever it says there."""
    found: set[str] = set()
    _collect([values], nodes, found)
    return found


def _collect(tables: list[Mapping[str, Any]], nodes: Mapping[str, Node], found: set[str]) -> None:
    keys = tables[0].keys() if len(tables) == 1 else set().union(*tables)
    for key, node in nodes.items():
        if key not in keys:
            continue
        found.add(node.path)
        if node.below:
            inner: list[Mapping[str, Any]] = []
            for table in tables:
                value = table.get(key)
                if value.__class__ is dict:
                    inner.append(value)
                elif value.__class__ is list:
                    inner += [element for element in value if element.__class__ is dict]
            _collect(inner, node.below, found)
