"""Studies in other forms of ClinicalTrials.gov, turned into those of API version 2 that they are."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from alscli.registries import ctgov
from alscli.registries.draft import Draft, Oddity, Unreadable


class Translation:
    """A study of version 2 while it is put together.

    `modules` is its protocol section, `results` its posted results, `places` where each path stood,
    `oddities` what could not be taken over. `counted`: whether an element of a list stands at the list's
    place and its own number.
    """

    def __init__(self, *, counted: bool) -> None:
        self.modules: dict[str, Any] = {}
        self.results: dict[str, Any] = {}
        self.places: dict[str, str] = {}
        self.oddities: list[Oddity] = []
        self._counted = counted

    def put(self, path: str, value: Any, place: str) -> None:
        """Set what stands at a path of version 2; nothing is set for nothing."""
        if value in ("", [], {}, None):
            return
        *way, last = path.split(".")
        table = self.modules
        for key in way:
            table = table.setdefault(key, {})
        table[last] = value
        self.places[path] = place

    def place(self, path: str) -> str:
        """Where a path of version 2 stood, as near as is known."""
        bare, rest = path.removeprefix(f"{ctgov.PROTOCOL}."), ""
        while bare:
            if bare in self.places:
                return self.places[bare] + rest
            if below := next((at for each, at in self.places.items() if each.startswith(f"{bare}.")), None):
                return below
            bare, _, last = bare.rpartition(".")
            rest = f".{last}" if self._counted and last.isdecimal() else ""
        return path

    def draft(self, source: str, copy: dict[str, Any], unnamed: str) -> Draft | Unreadable:
        """The study as a draft whose paths are those of the original; `unnamed` says that it has no id."""
        study = {ctgov.PROTOCOL: self.modules}
        found = ctgov.draft(study | {"resultsSection": self.results} if self.results else study, source)
        if isinstance(found, Unreadable):
            return Unreadable(source, f"{unnamed}: nothing says which study it is")
        odd = (Oddity(self.place(each.path), each.message) for each in found.oddities)
        return replace(
            found,
            paths={field: self.place(path) for field, path in found.paths.items()},
            oddities=(*self.oddities, *odd),
            proposals=tuple(replace(each, path=self.place(each.path)) for each in found.proposals),
            copy=copy,
        )
