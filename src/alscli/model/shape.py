"""How the tables of a record are laid out: the order of keys, and how each list is written and sorted.

Derived once from the Pydantic models (`model.fields`); read by the layout, the comparison and the paths.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["value", "set", "table", "inline", "tables", "inline_tables"]
"""How a key's value is written:

* `value`: a scalar, or an array of scalars on one line, in its own order
* `set`: an array of scalars on one line, sorted
* `table`: a `[header]` table
* `inline`: an inline table on one line
* `tables`: an array of `[[header]]` tables
* `inline_tables`: an array of inline tables, one element a line
"""


@dataclass(frozen=True, slots=True)
class Shape:
    """One key of the format and everything below it.

    `keys` gives the keys of the table (or of each element) in canonical order. `identity` names the
    keys by which an element of a list is recognized in paths, comparison and merge (empty: by
    position); `sort` names the keys that a list is sorted by (empty: the curator's order is kept).
    """

    kind: Kind
    keys: dict[str, Shape] = field(default_factory=dict)
    identity: tuple[str, ...] = ()
    sort: tuple[str, ...] = ()
    _ranks: list[dict[str, int]] = field(default_factory=list, init=False, repr=False, compare=False)
    _orders: dict[tuple[str, ...], tuple[tuple[str, Shape | None], ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @property
    def rank(self) -> dict[str, int]:
        """The canonical rank of each key; what is unknown comes after them."""
        if not self._ranks:
            self._ranks.append({key: rank for rank, key in enumerate(self.keys)})
        return self._ranks[0]

    def in_order(self, keys: Iterable[str]) -> tuple[tuple[str, Shape | None], ...]:
        """Keys in canonical order with their shapes; unknown keys come last, as given, with None.

        Remembered, since most tables of a collection hold one of a few sets of keys.
        """
        there = tuple(keys)
        found = self._orders.get(there)
        if found is None:
            ordered = sorted(there, key=lambda key: self.rank.get(key, len(self.rank)))
            found = tuple((key, self.keys.get(key)) for key in ordered)
            if len(self._orders) < _REMEMBERED:
                self._orders[there] = found
        return found


_REMEMBERED = 2000
