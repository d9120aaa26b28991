"""Three ways to one: the last registry copy, the new one, and the record, by field.

What the record took from the registry and nobody has touched follows the registry. What a curator holds
otherwise is never overwritten: where the registry has moved, both values become a dispute; where it has not,
the record stays as it is.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from alscli.model.absence import Absence
from alscli.model.format import MODELS, shape_of
from alscli.model.path import labels, put, split
from alscli.model.shape import Shape
from alscli.store.compare import is_same, leaves
from alscli.store.copies import disputed, is_fact, sources_at

SHAPE = shape_of(MODELS["trial"])
Fate = Literal["follows", "disputed", "stays"]

_NEVER = frozenset({"schema", "id", "former_ids", "src", "screening", "verified", "waivers", "disputes"})
"""Keys that no registry has a say in."""
_KEPT = frozenset({"id", "key", "role", "name", "kind", "rel", "n"})
"""Keys without which an element of a list is none."""
_REQUIRED = frozenset({"title", "conditions", "study_type", "design", "phase", "status", "status_as_of"})
_SOURCED = frozenset({"interventions", "arms", "outcomes", "safety"})
"""Lists whose elements can name a source of their own."""


@dataclass(frozen=True, slots=True)
class Move:
    """What becomes of one field: what the last copy, the new one and the record say; None is nothing."""

    field: str
    was: Any
    now: Any
    held: Any
    fate: Fate
    why: str = ""


@dataclass(frozen=True)
class Reconciled:
    """The record as it is to be, and what becomes of each field that the three do not agree on."""

    values: dict[str, Any]
    moves: tuple[Move, ...]

    def of(self, fate: Fate) -> list[Move]:
        """The fields with this fate."""
        return [move for move in self.moves if move.fate == fate]


def reconcile(
    held: Mapping[str, Any], last: Mapping[str, Any] | None, new: Mapping[str, Any], as_of: date
) -> Reconciled:
    """The record brought into step with what the registry says now.

    `held` are the values of the record, `last` and `new` those read from the last copy (None: there is none)
    and from the new one; `as_of` dates new disputes. What the registry says for the first time fills what the
    record does not hold, where the record can name the registry as its source.
    """
    return _Three(held, last, new, as_of).reconciled()


@dataclass
class _Three:
    held: Mapping[str, Any]
    last: Mapping[str, Any] | None
    new: Mapping[str, Any]
    as_of: date

    def __post_init__(self) -> None:
        self.wanted: dict[str, Any] = copy.deepcopy(dict(self.held))
        self.was, self.now, self.have = (_facts(side) for side in (self.last or {}, self.new, self.held))
        self.moves: list[Move] = []
        self.settled: set[str] = set()
        self.lists: dict[tuple[int, str], dict[str, Any] | str | None] = {}

    def reconciled(self) -> Reconciled:
        for field in dict.fromkeys([*self.now, *self.was]):
            if split(field)[0] in _NEVER or split(field)[-1] == "src":
                continue
            element = _element(field)
            if element is not None and element.name not in self.settled and self._whole(element):
                self.settled.add(element.name)
            if element is None or element.name not in self.settled:
                self._field(field)
        return Reconciled(self.wanted, tuple(self.moves))

    # Elements of lists that are not on every side.

    def _whole(self, element: _Element) -> bool:
        """Settle what becomes of an element that one of the sides lacks; False where all sides have it."""
        was, now, here = (self._within(side, element) for side in (self.last or {}, self.new, self.held))
        if now is None and here is not None:
            why = "the registry no longer gives it"
            self._move(element.name, was, None, here, "stays", why)
            return True
        if here is not None:
            return was is None and self.last is not None and is_same(now, here)
        if was is not None or now is None:
            if was is not None and now is not None and not is_same(was, now):
                self._move(element.name, was, now, None, "stays", "the record has left it out")
            return True
        self._add(element, now)
        return True

    def _add(self, element: _Element, now: Any) -> None:
        theirs, ours = self._list(self.last or {}, element.path), self._list(self.held, element.path)
        if isinstance(ours, str) or (ours is None and self._absence_above(element.path)):
            self._move(element.name, None, now, ours, "stays", "the record says that there is none")
        elif ours and not (theirs and set(theirs) <= set(ours)):
            if element.path not in self.settled:
                self.settled.add(element.path)
                self._move(element.path, None, now, None, "stays", "the record has a list of its own")
        elif not self._cites_registry(element.path) and element.path not in _SOURCED:
            self._move(element.name, None, now, None, "stays", "the record rests on another source")
        else:
            added = copy.deepcopy(now)
            if not self._cites_registry(element.path):
                added["src"] = "registry"
            _append(self.wanted, element.path, added)
            self._move(element.name, None, now, None, "follows")

    def _within(self, side: Mapping[str, Any], element: _Element) -> Any:
        """The element as it is on a side; None where it is not."""
        found = self._list(side, element.path)
        return found.get(element.label) if isinstance(found, dict) else None

    def _list(self, side: Mapping[str, Any], path: str) -> dict[str, Any] | str | None:
        """The elements of a list by label; the word that stands for the list; None where there is none."""
        key = id(side), path
        if side and key in self.lists:
            return self.lists[key]
        found: Any = _at(side, path)
        if isinstance(found, list):
            found = dict(zip(labels(found, _shape_at(path)), found, strict=True))
        self.lists[key] = found
        return self.lists[key]

    # Single facts.

    def _field(self, field: str) -> None:
        was, now, held = (side.get(field) for side in (self.was, self.now, self.have))
        if held is None and now is not None:
            self._fill(field, was, now)
        elif held is None or (now is not None and is_same(now, held)):
            return
        elif self._is_untouched(field, was, held):
            self._follow(field, was, now, held)
        elif now is not None:
            self._keep(field, was, now, held)

    def _is_untouched(self, field: str, was: Any, held: Any) -> bool:
        """Whether the record says what the registry said, and because it said so."""
        if held == Absence.NOT_REPORTED and (was is None or not is_same(was, self.now.get(field))):
            return self._cites_registry(field)
        return was is not None and is_same(was, held) and self._cites_registry(field)

    def _cites_registry(self, field: str) -> bool:
        sources = sources_at(self.held, field)
        return "registry" in sources or not sources

    def _fill(self, field: str, was: Any, now: Any) -> None:
        """The registry states what the record does not hold."""
        if was is not None:
            if not is_same(was, now):
                self._move(field, was, now, None, "stays", "the record has left it out")
            return
        if (above := self._absence_above(field)) is not None:
            self._move(field, was, now, above, "stays", "the record says that there is none")
        elif self._cites_registry(field):
            self._set(field, now)
            self._move(field, was, now, None, "follows")
        elif (table := _own_table(field)) is not None and not self._holds(table):
            self._set(field, now)
            _name_source(self.wanted, table)
            self._move(field, was, now, None, "follows")
        else:
            self._move(field, was, now, None, "stays", "the record rests on another source")

    def _absence_above(self, field: str) -> Any:
        parts = split(field)
        return next(
            (self.have[name] for n in range(1, len(parts)) if (name := ".".join(parts[:n])) in self.have),
            None,
        )

    def _holds(self, table: str) -> bool:
        return any(field == table or field.startswith(f"{table}.") for field in self.have)

    def _follow(self, field: str, was: Any, now: Any, held: Any) -> None:
        if now is not None:
            self._set(field, now)
            self._move(field, was, now, held, "follows")
        elif field in _REQUIRED or field.startswith("enrollment.") or self._is_part(field):
            if not field.startswith("enrollment."):  # what was planned stays true
                self._move(field, was, None, held, "stays", "the registry no longer gives it")
        else:
            _remove(self.wanted, field)
            self._move(field, was, None, held, "follows")

    def _is_part(self, field: str) -> bool:
        return _element(field) is not None and split(field)[-1] in _KEPT

    def _keep(self, field: str, was: Any, now: Any, held: Any) -> None:
        """The record says otherwise than the registry."""
        disputes = disputed(self.wanted, field)
        if any(_states(dispute, now) for dispute in disputes):
            return
        moved = self.last is not None and (was is None or not is_same(was, now))
        if not moved or not is_fact(field) or not _can_be_stated(held, now):
            self._move(field, was, now, held, "stays", "the record says otherwise")
            return
        story = f"the registry says {_said(now)} now" + (
            f", and said {_said(was)}" if was is not None else ""
        )
        if disputes:
            _widen(disputes[0], now, story, self.as_of)
        else:
            sources = [key for key in sources_at(self.held, field) if key != "registry"]
            own: dict[str, Any] = {"value": held}
            own |= (
                {"src": sources[0] if len(sources) == 1 else sources} if sources else {"loc": "this record"}
            )
            dispute = {
                "field": field,
                "values": [own, {"value": now, "src": "registry"}],
                "ruling": f"open: {story}",
                "on": self.as_of.isoformat(),
            }
            self.wanted.setdefault("disputes", []).append(dispute)
        self._move(field, was, now, held, "disputed", story)

    def _set(self, field: str, value: Any) -> None:
        table = _at(self.wanted, field)
        if isinstance(table, dict) and "n" in table:
            table["n"] = copy.deepcopy(value)
            table.pop("loc", None)  # said where the old number stood
            return
        put(field, copy.deepcopy(value), self.wanted, SHAPE)
        above = _at(self.wanted, ".".join(split(field)[:-1]))
        if field.startswith("dates.") and isinstance(above, dict):
            above.pop("loc", None)

    def _move(self, field: str, was: Any, now: Any, held: Any, fate: Fate, why: str = "") -> None:
        self.moves.append(Move(field, was, now, held, fate, why))


def _facts(values: Mapping[str, Any]) -> dict[str, Any]:
    """Every single fact by its field; an empty table is none."""
    return {name: value for name, value in leaves(values, "trial").items() if not isinstance(value, Mapping)}


@dataclass(frozen=True)
class _Element:
    """An element of a list of tables: the list's name, and the element's label in it."""

    path: str
    label: str

    @property
    def name(self) -> str:
        return f"{self.path}.{self.label}"


def _element(field: str) -> _Element | None:
    """The element of the outermost list of tables that a field is a part of."""
    shape, parts = SHAPE, split(field)
    for place, part in enumerate(parts[:-1]):
        shape = shape.keys.get(part, Shape("value"))
        if shape.kind in ("tables", "inline_tables"):
            return _Element(".".join(parts[: place + 1]), parts[place + 1])
    return None


def _shape_at(name: str) -> Shape:
    shape = SHAPE
    for part in split(name):
        shape = shape.keys.get(part, Shape("value"))
    return shape


def _at(values: Any, name: str) -> Any:
    """What stands at a name; None for nothing."""
    here, shape = values, SHAPE
    for part in split(name) if name else []:
        if isinstance(here, list):
            names = labels(here, shape)
            here = here[names.index(part)] if part in names else None
        elif isinstance(here, Mapping):
            here, shape = here.get(part), shape.keys.get(part, Shape("value"))
        else:
            return None
    return here


def _append(values: dict[str, Any], path: str, element: Any) -> None:
    *above, last = split(path)
    here = values
    for part in above:
        here = here.setdefault(part, {})
    here.setdefault(last, []).append(element)


def _remove(values: dict[str, Any], field: str) -> None:
    """Take a fact away, and the table that is none without it."""
    parts = split(field)
    if parts[0] == "dates" and parts[-1] == "on":
        parts = parts[:-1]
    above = _at(values, ".".join(parts[:-1]))
    if isinstance(above, dict):
        above.pop(parts[-1], None)
        if not above and len(parts) > 1 and isinstance(_at(values, ".".join(parts[:-2])), dict):
            _remove(values, ".".join(parts[:-1]))


def _own_table(field: str) -> str | None:
    """The table that a fact can have for itself, with a source of its own; None where there is none."""
    parts = split(field)
    if parts[0] in ("dates", "enrollment"):
        return ".".join(parts[:2])
    return parts[0] if parts[0] in ("sponsor", "eligibility") else None


def _name_source(values: dict[str, Any], table: str) -> None:
    *above, last = split(table)
    here = _at(values, ".".join(above)) if above else values
    if not isinstance(here[last], dict):
        here[last] = {"n": here[last]}
    here[last]["src"] = "registry"


def _can_be_stated(*values: Any) -> bool:
    return not any(isinstance(value, Mapping) for value in values)


def _states(dispute: Mapping[str, Any], value: Any) -> bool:
    stated = dispute.get("values")
    return isinstance(stated, Sequence) and any(
        isinstance(each, Mapping) and is_same(each.get("value"), value) for each in stated
    )


def _widen(dispute: Any, value: Any, story: str, as_of: date) -> None:
    """A dispute with one more value; a ruling that did not know it is open again, and kept."""
    ruling = dispute.get("ruling")
    before = f"; ruled before: {ruling}" if ruling and not ruling.startswith("open") else ""
    dispute["values"] = [*dispute.get("values", ()), {"value": value, "src": "registry"}]
    dispute["ruling"] = f"open: {story}{before}"
    dispute["on"] = as_of.isoformat()


def _said(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def sentences(reconciled: Reconciled) -> Iterator[str]:
    """What does not follow, a line a field, for a person."""
    for move in reconciled.moves:
        if move.fate != "follows":
            said = "nothing" if move.now is None else _brief(move.now)
            held = "nothing" if move.held is None else _brief(move.held)
            if move.fate == "disputed":
                yield f"{move.field}: disputed: {held} here; {move.why}"
            else:
                yield f"{move.field}: stays: {held}; the registry says {said} ({move.why})"


def _brief(value: Any) -> str:
    if isinstance(value, Mapping):
        return str(next((value[key] for key in ("label", "name", "definition", "id") if key in value), "…"))
    text = _said(value)
    return text if len(text) <= 60 else f"{text[:59]}…"
