"""Edits of one field each, as curators make them, drawn at random; for tests and benchmarks of merges."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from alscli.model.format import MODELS, FileKind, shape_of
from alscli.model.path import labels
from alscli.model.shape import Shape
from alscli.store import edit
from alscli.store.spans import Path
from alscli.store.toml import parse

PROSE = {"title", "title_zh", "scientific_title", "definition", "note", "statement", "loc", "why", "method"}
_PLAIN = Shape("value")


@dataclass(frozen=True)
class Edit:
    """What is done (`set`, `unset`, `append`) to the field that goes by this name."""

    field: str
    do: str
    path: Path
    value: Any = None

    def apply(self, text: str, kind: FileKind) -> str:
        shape = shape_of(MODELS[kind])
        if self.do == "unset":
            return edit.unset(text, self.path, shape)
        if self.do == "append":
            return edit.append(text, self.path, self.value, shape)
        return edit.set_value(text, self.path, self.value, shape)


def edits(text: str, kind: FileKind, chance: random.Random) -> list[Edit]:
    """One edit of every field that can be edited without breaking the record, in random order.

    Of a table that has a source, either what is measured or the place in the source: these belong together.
    """
    values = parse(text.encode()).values
    found = list(_edits(values, shape_of(MODELS[kind]), (), "", chance))
    chance.shuffle(found)
    return found


def _edits(
    values: dict[str, Any],
    shape: Shape,
    path: Path,
    name: str,
    chance: random.Random,
    *,
    numbers: bool = True,
) -> Iterator[Edit]:
    numbers = numbers and not ("loc" in values and chance.random() < 0.3)
    for key, inner in shape.keys.items():
        bare = key == "n" and name.startswith("enrollment.")  # goes by the name of its table, as in `diff`
        here, at = name if bare else f"{name}.{key}".lstrip("."), (*path, key)
        value = values.get(key)
        if key in shape.identity or key in ("schema", "id", "key") or (key == "loc" and numbers):
            continue
        if value is None:
            if key == "note" and inner.kind == "value":
                yield Edit(here, "set", at, f"new {chance.randrange(10**6)}")
        elif isinstance(value, dict):
            yield from _edits(value, inner, at, here, chance, numbers=numbers)
        elif inner.kind in ("tables", "inline_tables") and isinstance(value, list):
            element = Shape("inline", inner.keys, inner.identity)
            names = labels(value, inner)
            if numbers and inner.identity and len(set(names)) == len(names):
                for position, (label, child) in enumerate(zip(names, value, strict=True)):
                    place = (*at, position)
                    yield from _edits(child, element, place, f"{here}.{label}", chance, numbers=numbers)
        elif key in PROSE:
            yield Edit(here, "unset" if key == "note" and chance.random() < 0.3 else "set", at, value + " …")
        elif numbers:
            yield from _numbers(value, at, here, chance)


def _numbers(value: Any, path: Path, name: str, chance: random.Random) -> Iterator[Edit]:
    if type(value) is int:
        yield Edit(name, "set", path, value + chance.randrange(1, 9))
    elif type(value) is Decimal and "E" not in str(value):
        yield Edit(name, "set", path, Decimal(f"{value}{'' if '.' in str(value) else '.'}1"))


def additions(kind: FileKind, chance: random.Random, number: int) -> list[Edit]:
    """New elements, each with a name of its own."""
    return [
        Edit(
            f"refs.{name}",
            "append",
            ("refs",),
            {"key": name, "kind": "news", "url": f"https://example.org/{name}"},
        )
        for name in (f"{chance.choice('abxyz')}{chance.randrange(10**6)}" for _ in range(number))
    ]


def apply(text: str, chosen: Sequence[Edit], kind: FileKind) -> str:
    """The text with these edits; what adds comes last, so that no position moves before it is used."""
    for one in sorted(chosen, key=lambda each: each.do == "append"):
        text = one.apply(text, kind)
    return text


def commented(text: str, chance: random.Random, number: int) -> str:
    """The text with comments above or behind statements, each unlike any other."""
    for _ in range(number):
        statements = parse(text.encode()).spans.statements
        chosen = chance.choice(statements)
        line = text.rfind("\n", 0, chosen.start) + 1
        end = text.find("\n", chosen.end)
        comment = f"# comment {chance.randrange(10**9)}"
        if chance.random() < 0.5 or "#" in text[chosen.end : end]:
            text = f"{text[:line]}{comment}\n{text[line:]}"
        else:
            text = f"{text[:end]}  {comment}{text[end:]}"
    return text
