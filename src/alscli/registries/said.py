"""Values with the place of the payload that says them, until a draft parts the two."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufeff]")


@dataclass(frozen=True, slots=True)
class Said:
    """A value of the record, and the path of the payload where it stands."""

    value: Any
    path: str


def part(tree: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """The values of a tree whose leaves are `Said`, and record path → payload path for each of them.

    Tables and lists that hold nothing are left out.
    """
    paths: dict[str, str] = {}
    return _part(tree, "", paths) or {}, paths


def _part(node: Any, at: str, paths: dict[str, str]) -> Any:
    if isinstance(node, Said):
        paths[at] = node.path
        return node.value
    prefix = f"{at}." if at else ""
    if isinstance(node, dict):
        # A class of our own is what a field is named, `class_` what a keyword can be.
        found = {key: _part(each, prefix + key, paths) for key, each in node.items() if each is not None}
        return {key: value for key, value in found.items() if value is not None} or None
    if isinstance(node, list):
        kept = [each for each in node if each is not None]
        return [_part(each, f"{prefix}{number}", paths) for number, each in enumerate(kept)] or None
    return node


def tidy(text: object) -> str:
    """The text of a payload on one line, without what no text may hold (NUL, halves of characters)."""
    if not isinstance(text, str):
        return ""
    line = " ".join(text.split())
    return line if line.isprintable() else " ".join(_UNFIT.sub("", line).split())


def letters(text: str) -> str:
    """The letters and digits of a text, in lower case with one blank between: what two spellings share."""
    return _OTHERS.sub(" ", text.casefold()).strip()


_OTHERS = re.compile(r"[\W_]+")
