"""The nearest of some names, for the second line of an error."""

from __future__ import annotations

from collections.abc import Iterable

LISTED = 25
"""More names than these are not listed in a hint."""


def nearest(text: str, names: Iterable[str], limit: int = 3) -> list[str]:
    """Names that `text` may be a slip or a part of, best first; none when nothing is near."""
    from rapidfuzz import fuzz, process, utils

    names = list(names)
    found = process.extract(
        text[:200], names, scorer=fuzz.ratio, processor=utils.default_process, limit=limit, score_cutoff=65
    )
    near = [name for name, _, _ in found]
    if not near and len(text) > 3:
        near = sorted((name for name in names if text.casefold() in name.casefold()), key=len)[:limit]
    return near


def did_you_mean(text: str, names: Iterable[str]) -> str:
    """A hint that names the nearest, or lists what there is where that is not much."""
    names = list(names)
    near = nearest(text, names)
    if near:
        return f"did you mean {' or '.join(near)}?"
    return f"there are: {', '.join(names)}" if 0 < len(names) <= LISTED else ""
