"""Groups of trials that may be one, with a score and the reasons; only a person merges.

Pairs are looked for where something rare is shared (an id, a product, rare words of the title, sponsor and
month, sponsor and size), never among all. A follow-up or an extension resembles its trial and is another one.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, combinations

ALIKE = 65
"""Score, 0 to 100, from which two trials may be one."""
CROWD = 40
"""A block of more trials tells nothing about any two of them."""
RARE = 4
"""Words of a title that serve as its blocks, the rarest first."""
_SHARED_ID, _MENTIONED = 100, 70

_FOLLOWS = re.compile(
    r"extension|long[- ]?term|follow[- ]?up|roll[- ]?over|continued|open[- ]label access|expanded access"
    r"|compassionate|extended|扩展|擴展|延伸|延长|延長|随访|隨訪|拓展|同情",
    re.IGNORECASE,
)
_CHINESE = re.compile(r"[\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class Face:
    """What of a trial is compared.

    `keys` are its ids, primary and secondary, normalized; `mentions` the ids in its texts; `registry` which
    registry its primary id is of; `start` as YYYY-MM or YYYY-MM-DD; `size` people; `related` the ids that it
    names as related, those of them that it calls distinct among them.
    """

    id: str
    number: str = ""
    registry: str = ""
    keys: frozenset[str] = frozenset()
    mentions: frozenset[str] = frozenset()
    titles: tuple[str, ...] = ()
    sponsor: str = ""
    products: frozenset[str] = frozenset()
    cells: frozenset[str] = frozenset()
    phase: str = ""
    start: str = ""
    size: int | None = None
    related: frozenset[str] = frozenset()

    @property
    def follows(self) -> bool:
        """Whether it calls itself the follow-up or extension of something."""
        return any(_FOLLOWS.search(title) for title in self.titles)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two trials that may be one: score, 0 to 100, and what speaks for it and against it."""

    one: str
    other: str
    score: int
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Trials that pairs connect, with these pairs, the likest first."""

    ids: tuple[str, ...]
    pairs: tuple[Pair, ...]

    @property
    def score(self) -> int:
        """The score of its likest pair."""
        return self.pairs[0].score


def groups(faces: Sequence[Face]) -> list[Group]:
    """The groups of trials that may be one, the likest first."""
    pairs = sorted(alike(faces), key=lambda pair: (-pair.score, pair.one, pair.other))
    leader = {face.id: face.id for face in faces}

    def lead(id_: str) -> str:
        while leader[id_] != id_:
            leader[id_] = leader[leader[id_]]
            id_ = leader[id_]
        return id_

    for pair in pairs:
        leader[lead(pair.one)] = lead(pair.other)
    gathered: dict[str, list[Pair]] = defaultdict(list)
    for pair in pairs:
        gathered[lead(pair.one)].append(pair)
    return [
        Group(tuple(sorted({id_ for pair in found for id_ in (pair.one, pair.other)})), tuple(found))
        for found in gathered.values()
    ]


def alike(faces: Sequence[Face]) -> Iterator[Pair]:
    """Every pair of trials that may be one, and that neither names as related to the other."""
    by_id = {face.id: face for face in faces}
    folded = {face.id: tuple(map(fold, face.titles)) for face in faces}
    for one, other in sorted(_candidates(faces, folded)):
        pair = _compared(by_id[one], by_id[other], folded)
        if pair is not None:
            yield pair


def fold(title: str) -> str:
    """A title as it is compared: no case, no punctuation, one form of each character."""
    if title.isascii():
        return " ".join(title.translate(_ASCII).split())
    return " ".join(re.findall(r"[^\W_]+", unicodedata.normalize("NFKC", title).casefold()))


_ASCII = {code: chr(code).lower() if chr(code).isalnum() else " " for code in range(128)}


# Blocks.


def _candidates(faces: Sequence[Face], folded: Mapping[str, Sequence[str]]) -> set[tuple[str, str]]:
    blocks: dict[tuple[str, str], list[str]] = defaultdict(list)
    for face in faces:
        for key in face.keys:
            blocks["id", key].append(face.id)
        for key in face.mentions - face.keys:
            blocks["mention", key].append(face.id)
    found = {
        pair
        for (kind, _), ids in blocks.items()
        if kind == "id" and len(ids) <= CROWD
        for pair in combinations(sorted(set(ids)), 2)
    }
    for (kind, key), ids in blocks.items():
        owners = blocks.get(("id", key), ()) if kind == "mention" and len(ids) <= CROWD else ()
        found |= {(min(a, b), max(a, b)) for a in ids for b in owners[:CROWD] if a != b}
    for ids in _crowds(faces, folded).values():
        if 1 < len(ids) <= CROWD:
            found |= set(combinations(sorted(set(ids)), 2))
    return found


def _crowds(faces: Sequence[Face], folded: Mapping[str, Sequence[str]]) -> dict[tuple[str, ...], list[str]]:
    words = [{word for title in folded[face.id] for word in _words(title)} for face in faces]
    common = Counter(chain.from_iterable(words))
    rare = {
        word: count
        for word, count in common.items()
        if 1 < count <= CROWD and (len(word) > 2 or word.isdecimal() or not word.isascii())
    }
    crowds: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for face, own in zip(faces, words, strict=True):
        shared = sorted((rare[word], word) for word in own & rare.keys())
        keys: list[tuple[str, ...]] = [("word", word) for _, word in shared[:RARE]]
        keys += [("title", title) for title in dict.fromkeys(folded[face.id])]
        keys += [("product", product) for product in face.products]
        if face.sponsor:
            keys += [("month", face.sponsor, face.start[:7])] if face.start else []
            keys += [("size", face.sponsor, str(face.size))] if face.size else []
        for key in keys:
            crowds[key].append(face.id)
    return crowds


def _words(title: str) -> Iterable[str]:
    """Latin words, and pairs of Chinese characters, which have no blanks between words."""
    words = title.split()
    if title.isascii() or not _CHINESE.search(title):
        return words
    return [
        part
        for word in words
        for part in ([word[at : at + 2] for at in range(len(word) - 1)] if _CHINESE.search(word) else [word])
    ]


# Scores.


def _compared(one: Face, other: Face, folded: Mapping[str, Sequence[str]]) -> Pair | None:
    if _are_related(one, other):
        return None
    if same := one.keys & other.keys:
        return Pair(one.id, other.id, _SHARED_ID, tuple(f"both have {key}" for key in sorted(same)))
    mentions = [
        (f"{a.id} names {key}", b)
        for a, b in ((one, other), (other, one))
        for key in sorted(a.mentions & b.keys)
    ]
    score, reasons = _similarity(one, other, folded)
    if mentions:
        score = max(score, _MENTIONED + (score - ALIKE) // 3 if score > ALIKE else _MENTIONED)
        reasons = [reason for reason, _ in mentions] + reasons
    against, doubts = _doubts(one, other)
    score = min(score - against, 99)
    return Pair(one.id, other.id, score, (*reasons, *doubts)) if score >= ALIKE else None


def _are_related(one: Face, other: Face) -> bool:
    return not one.related.isdisjoint({other.id, *other.keys}) or not other.related.isdisjoint(
        {one.id, *one.keys}
    )


def _similarity(one: Face, other: Face, folded: Mapping[str, Sequence[str]]) -> tuple[int, list[str]]:
    """What speaks for it: 55 for the same title, less for a like one, and the rest by what is the same."""
    from rapidfuzz import fuzz

    ratios = (
        fuzz.token_sort_ratio(a, b, score_cutoff=70)
        for a in folded[one.id]
        for b in folded[other.id]
        if bool(_CHINESE.search(a)) is bool(_CHINESE.search(b))
    )
    title = max(ratios, default=0.0)
    score, reasons = 0.0, []
    if title >= 70:
        score += 15 + 40 * (title - 70) / 30
        reasons.append(f"titles {round(title)} % alike")
    if one.products & other.products:
        score += 15
        reasons.append(f"product {', '.join(sorted(one.products & other.products))}")
    elif one.cells & other.cells:
        score += 5
    if one.sponsor and one.sponsor == other.sponsor:
        score += 15
        reasons.append("same sponsor")
    apart = _months(one.start, other.start)
    if apart is not None and apart <= 2:
        score += 15 if one.start == other.start else 10
        reasons.append(f"start {one.start}" if one.start == other.start else f"starts {apart} months apart")
    if one.size and one.size == other.size:
        score += 10
        reasons.append(f"{one.size} people")
    if one.phase and one.phase == other.phase:
        score += 5
    return round(score), reasons


def _doubts(one: Face, other: Face) -> tuple[int, list[str]]:
    """What speaks against it."""
    against, doubts = 0, []
    if one.follows is not other.follows:
        against += 25
        doubts.append("but one is a follow-up or extension")
    if one.registry and one.registry == other.registry and one.number != other.number:
        against += 10
        doubts.append("but both have an entry in one registry")
    apart = _months(one.start, other.start)
    if apart is not None and apart > 12:
        against += min(apart, 36) // 2
        doubts.append(f"but they start {apart} months apart")
    if one.size and other.size and max(one.size, other.size) > 2 * min(one.size, other.size):
        against += 10
        doubts.append(f"but {one.size} and {other.size} people")
    return against, doubts


def _months(one: str, other: str) -> int | None:
    """Months between two dates; None where one is not known to the month."""
    if len(one) < 7 or len(other) < 7:
        return None
    (year, month), (other_year, other_month) = ((int(each[:4]), int(each[5:7])) for each in (one, other))
    return abs((year - other_year) * 12 + month - other_month)
