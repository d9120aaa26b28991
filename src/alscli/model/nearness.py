"""The nearest of some names, for the second line of an error."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(text: str, names: Iterable[str], limit: int = 3) -> list[str]:
    """Names that `text` may be a slip of, best first; none when nothing is near."""
    from rapidfuzz import fuzz, process, utils

    found = process.extract(
        text[:200],
        list(names),
        scorer=fuzz.ratio,
        processor=utils.default_process,
        limit=limit,
        score_cutoff=65,
    )
    return [name for name, _, _ in found]


def did_you_mean(text: str, names: Iterable[str]) -> str:
    """A hint that names the nearest, or lists what there is."""
    names = list(names)
    near = nearest(text, names)
    if near:
        return f"did you mean {' or '.join(near)}?"
    return f"there are: {', '.join(names)}" if names else ""
