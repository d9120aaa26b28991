"""Three texts of one record to one text: each piece from the side that changed it, comments and all.

A piece is a header, a pair, or a line of an array. It is known by the name that its path has, so that pieces
that moved, or that stand beside changed ones, are still the same pieces. What the woven text says is for the
caller to check: this is about bytes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from alscli.model.path import labels
from alscli.model.shape import Shape
from alscli.store.toml import Document

if TYPE_CHECKING:
    from alscli.store.spans import Path, Statement

_COMMA = re.compile(r"[ \t]*,")
_PLAIN = Shape("value")
END = "\0"
"""The label of what follows the last statement."""


@dataclass
class Piece:
    """A piece of a text: `lead` (blank lines and comments above), `body`, `trail` (the rest of its line).

    `inner` are the pairs below a header, or the lines of an array; None for what has no pieces of its own.
    `path` is where it stands in the document's values.
    """

    label: str
    path: Path
    lead: str
    body: str
    trail: str
    inner: list[Piece] | None = None

    @property
    def text(self) -> str:
        """The piece without what stands above it."""
        return self.body + self.trail + "".join(piece.lead + piece.text for piece in self.inner or ())

    @property
    def comments(self) -> list[str]:
        """The comments above it and behind it, each with its `#`."""
        lines = [line.strip() for line in (*self.lead.split("\n"), self.trail.strip(" \t,"))]
        return [line for line in lines if line.startswith("#")]


def pieces(document: Document, shape: Shape) -> list[Piece]:
    """The headers of a text in their order, each with its pairs; the first stands for the root."""
    text = document.text
    names = dict(_names(document.values, shape, (), ""))
    root = Piece("", (), "", "", "", [])
    blocks = [root]
    at = 0
    for statement in document.spans.statements:
        line, end = text.rfind("\n", 0, statement.start) + 1, _next_line(text, statement.end)
        lead, label = text[at:line], names.get(statement.path, str(statement.path))
        if statement.value is None:
            body = text[line : statement.end]
            blocks.append(Piece(label, statement.path, lead, body, text[statement.end : end], []))
        else:
            pair = _array(text, statement, label, lead, names) or Piece(
                label, statement.path, lead, text[line : statement.end], text[statement.end : end]
            )
            inner = blocks[-1].inner
            assert inner is not None  # noqa: S101 - a block by construction
            inner.append(pair)
        at = end
    return [*blocks, Piece(END, (), text[at:], "", "")]


def _names(value: Any, shape: Shape, path: Path, name: str) -> Iterator[tuple[Path, str]]:
    """Every path into a value with its name, in one pass."""
    yield path, name
    if isinstance(value, dict):
        for key, child in value.items():
            yield from _names(child, shape.keys.get(key, _PLAIN), (*path, key), f"{name}.{key}".lstrip("."))
    elif isinstance(value, list):
        for position, (label, child) in enumerate(zip(labels(value, shape), value, strict=True)):
            own = label if isinstance(child, (dict, list)) else f"={child}"
            yield from _names(child, shape, (*path, position), f"{name}.{own}")


def names(values: dict[str, Any], shape: Shape) -> frozenset[str]:
    """The names of everything that these values hold."""
    return frozenset(name for _, name in _names(values, shape, (), ""))


def _next_line(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end + 1


def _array(text: str, statement: Statement, label: str, lead: str, names: dict[Path, str]) -> Piece | None:
    """A pair whose value is an array with a line for each element; None for any other pair."""
    value = statement.value
    if value is None or value.kind != "array" or not value.children:
        return None
    at = _next_line(text, value.start)
    whole = Piece(
        label,
        statement.path,
        lead,
        text[text.rfind("\n", 0, statement.start) + 1 : value.start + 1],
        text[value.start + 1 : at],
        [],
    )
    elements: list[Piece] = []
    for position, (_, child) in enumerate(value.children):
        line, end = text.rfind("\n", 0, child.start) + 1, _next_line(text, child.end)
        if line < at or text[line : child.start].strip():
            return None
        comma = _COMMA.match(text, child.end)
        stop = comma.end() if comma else child.end
        path = (*statement.path, position)
        if "\n" in text[child.start : stop]:
            return None
        elements.append(
            Piece(
                names.get(path, f"{label}.{position}"), path, text[at:line], text[line:stop], text[stop:end]
            )
        )
        at = end
    close = text.rfind("\n", 0, value.end) + 1
    if close < at:
        return None
    end = _next_line(text, value.end)
    last = Piece(label + END, statement.path, text[at:close], text[close : value.end], text[value.end : end])
    whole.inner = [*elements, last]
    return whole


Rank = Callable[[str], Any]


def interleave(
    base: Sequence[str], ours: Sequence[str], theirs: Sequence[str], rank: Rank = str
) -> list[str]:
    """What is on either side, in the order of the side that moved something (ours where both did).

    What only one side has follows what it follows there; of two runs at one place, the one whose first has
    the lower rank comes first, so that it does not matter which side is ours.
    """
    shared = set(base) & set(ours) & set(theirs)

    def order(labels: Sequence[str]) -> list[str]:
        return [label for label in labels if label in shared]

    moved = order(ours) != order(base)
    spine, other = (ours, theirs) if moved or order(theirs) == order(base) else (theirs, ours)
    result, inside, there = list(spine), set(spine), set(other)
    at, run = 0, list[str]()
    for label in [*other, None]:
        if label is not None and label not in inside:
            run.append(label)
            continue
        if run:
            alone = next((n for n, own in enumerate(result[at:]) if own in there), len(result) - at)
            place = at + alone if alone and rank(result[at]) < rank(run[0]) else at
            result[place:place] = run
            run = []
        if label is not None:
            at = result.index(label) + 1
    return result


@dataclass
class _Loom:
    """`kept` are the names that the woven text is to hold; `rank` their canonical order."""

    kept: Set[str]
    rank: Rank
    woven: list[str] = field(default_factory=list)

    def weave(self, base: list[Piece], ours: list[Piece], theirs: list[Piece]) -> None:
        before, one, other = (
            {piece.label: piece for piece in side if piece.label.removesuffix(END) in self.kept}
            for side in (base, ours, theirs)
        )
        known = {line for piece in base for line in _comments(piece)}
        orphans = _orphans(ours, one, known) | _orphans(theirs, other, known)
        for label in interleave(list(before), list(one), list(other), self.rank):
            self.woven += orphans.pop(label, ())
            self._piece(before.get(label), one.get(label), other.get(label))
        self.woven += orphans.pop(END, ())

    def _piece(self, base: Piece | None, ours: Piece | None, theirs: Piece | None) -> None:
        one = ours or theirs
        assert one is not None  # noqa: S101 - it is on one of the sides
        if ours is None or theirs is None:
            self.woven += [one.lead, one.body, one.trail]
            self.weave([], one.inner or [], one.inner or [])
            return
        lead = _lead(base.lead if base else "", ours.lead, theirs.lead)
        if len({side.inner is None for side in (base, ours, theirs) if side}) == 2:
            whole, _ = _chosen(base.text if base else None, ours.text, theirs.text)
            self.woven += [lead, whole]
            return
        body, _ = _chosen(base.body if base else None, ours.body, theirs.body)
        trail, torn = _chosen(base.trail if base else None, ours.trail, theirs.trail)
        if torn and "#" in theirs.trail:
            lead += _indent(body) + theirs.trail.strip() + "\n"
        self.woven += [lead, body, trail]
        self.weave(base.inner or [] if base else [], ours.inner or [], theirs.inner or [])


def _comments(piece: Piece) -> Iterator[str]:
    """The comments of a piece and of those inside, each as a line."""
    yield from (f"{comment}\n" for comment in piece.comments)
    for inner in piece.inner or ():
        yield from _comments(inner)


def _orphans(side: list[Piece], kept: Mapping[str, Piece], known: Set[str]) -> dict[str, list[str]]:
    """New comments of pieces that are gone, by the label of the piece that follows."""
    found: dict[str, list[str]] = {}
    pending: list[str] = []
    for piece in side:
        if piece.label not in kept:
            pending += [line for line in _comments(piece) if line not in known]
        elif pending:
            found[piece.label], pending = pending, []
    return found | ({END: pending} if pending else {})


def _chosen(base: str | None, ours: str, theirs: str) -> tuple[str, bool]:
    """The text of the side that changed it, and whether both did, in two ways."""
    if base == ours:
        return theirs, False
    return ours, theirs not in (ours, base)


def _lead(base: str, ours: str, theirs: str) -> str:
    """Blank lines and comments above a piece; where both sides changed them, the new comments of both."""
    chosen, torn = _chosen(base, ours, theirs)
    if not torn:
        return chosen
    known = {line.strip() for line in (base + ours).split("\n")}
    added = [line for line in theirs.splitlines(keepends=True) if line.strip() and line.strip() not in known]
    return ours + "".join(added)


def _indent(body: str) -> str:
    return body[: len(body) - len(body.lstrip(" \t"))]


def weave(base: Document, ours: Document, theirs: Document, shape: Shape, kept: Set[str]) -> str:
    """The text with every piece that `kept` names, from the side that changed it; ours where both did.

    The texts have LF line ends, no byte order mark, and end with a line end where they are not empty.
    """
    ranks = {key: number for number, key in enumerate(shape.keys)}

    def rank(label: str) -> tuple[int, str]:
        return ranks.get(label.split(".", 1)[0].rstrip(END), len(ranks)), label

    loom = _Loom(kept | {"", END}, rank)
    loom.weave(pieces(base, shape), pieces(ours, shape), pieces(theirs, shape))
    return "".join(loom.woven)
