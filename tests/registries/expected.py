"""What the tests of the readers share: payloads, and expectations written by hand from them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from alscli.model.format import MODELS, schema_comment, shape_of
from alscli.model.trial import Trial
from alscli.registries.draft import Draft, Unreadable
from alscli.store.canonical import dump
from alscli.store.toml import parse

PAYLOADS = Path(__file__).parent / "payloads"
Drafts = Callable[[bytes], Iterator[Draft | Unreadable]]


def payload(name: str) -> bytes:
    return (PAYLOADS / name).read_bytes()


def read(drafts: Drafts, data: bytes) -> dict[str, Draft]:
    """The drafts by id; nothing may be unreadable."""
    found = list(drafts(data))
    assert not [each for each in found if isinstance(each, Unreadable)]
    return {each.registry_id: each for each in found if isinstance(each, Draft)}


def unreadable(drafts: Drafts, data: bytes) -> list[str]:
    return [f"{each.source}: {each.why}" for each in drafts(data) if isinstance(each, Unreadable)]


def at(values: Any, path: str) -> Any:
    for name in path.split("."):
        if isinstance(values, list):
            values = values[int(name)] if int(name) < len(values) else None
        else:
            values = values.get(name) if isinstance(values, dict) else None
    return values


def check(draft: Draft, expected: dict[str, Any]) -> None:
    """Every expected field, `None` for one that must not be there; and what holds of every draft."""
    found = {path: at(draft.values, path) for path in expected}
    wrong = {path: (found[path], expected[path]) for path in expected if found[path] != expected[path]}
    assert not wrong, wrong
    sound(draft)


def sound(draft: Draft) -> None:
    """The record passes the model once it is screened; paths lead to values; the copy is JSON."""
    values = draft.values | {"screening": {"decision": "undecided"}}
    text = dump(values, shape_of(MODELS["trial"]), schema_comment("trial"))
    Trial.model_validate(parse(text.encode()).values)
    for path in draft.paths:
        assert at(draft.values, path) is not None, path
    kept = json.dumps(draft.copy)
    assert "@" not in kept.replace('"@', "")
    assert not {"screening", "verified"} & set(draft.values)


def oddities(draft: Draft) -> str:
    return "\n".join(f"{each.path}: {each.message}" for each in draft.oddities)
