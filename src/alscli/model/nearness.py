"""The nearest of some names, for the second line of an error."""

from __future__ import annotations

from collections.abc import Iterable

LISTED = 25
"""More names than these are not listed in a hint."""


def likest(text: str, names: Iterable[str], cutoff: float) -> list[tuple[str, float]]:
    """The names that `text` may be a slip of, with their likeness (0 to 100), best first.

    First those in which two neighbors are swapped or one letter is another, then those with one letter more
    or less, then whatever is at least `cutoff` alike.
    """
    from rapidfuzz import fuzz, process
    from rapidfuzz.distance import OSA

    names = list(names)
    alike = process.extract(text, names, scorer=fuzz.ratio, limit=None, score_cutoff=cutoff)
    scores = {name: score for name, score, _ in alike}
    ranks: dict[str, int] = {}
    for name, _, _ in process.extract(text, names, scorer=OSA.distance, limit=None, score_cutoff=1):
        is_swapped = sorted(name) == sorted(text)
        if is_swapped or len(name) == len(text) > 2:
            scores.setdefault(name, fuzz.ratio(text, name))
        ranks[name] = 0 if len(name) == len(text) else 1
    return sorted(scores.items(), key=lambda one: (ranks.get(one[0], 2), -one[1]))


def nearest(text: str, names: Iterable[str], limit: int = 3) -> list[str]:
    """Names that `text` may be a slip or a part of, best first; none when nothing is near."""
    from rapidfuzz import utils

    names = sorted(names) if isinstance(names, set | frozenset) else list(names)
    plain: dict[str, list[str]] = {}
    for name in names:
        plain.setdefault(utils.default_process(name), []).append(name)
    key = utils.default_process(text[:200])
    near = [name for form, _ in likest(key, plain, 65) for name in plain[form]] if key else []
    if not near and len(text) > 3:
        near = sorted((name for name in names if text.casefold() in name.casefold()), key=len)
    return near[:limit]


def did_you_mean(text: str, names: Iterable[str]) -> str:
    """A hint that names the nearest, or lists what there is where that is not much."""
    names = sorted(names) if isinstance(names, set | frozenset) else list(names)
    near = nearest(text, names)
    if near:
        return f"did you mean {' or '.join(near)}?"
    return f"there are: {', '.join(names)}" if 0 < len(names) <= LISTED else ""
