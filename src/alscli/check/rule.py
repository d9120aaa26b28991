"""A rule: one function with a code, a severity and a docstring that is its documentation."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from alscli.check.finding import Problem, Severity
from alscli.check.presence import stated, tree
from alscli.check.subject import Subject
from alscli.model.format import FileKind

Scope = Literal["trial", "product", "ledger", "collection"]


@dataclass(frozen=True, slots=True)
class Register:
    """The collection as a whole, for rules that read many records.

    `scope` are the conditions that it covers, as terms; `trial_files` how many files hold trials, readable or
    not; `unreadable` how many files of any kind are not.
    """

    scope: frozenset[str] = frozenset()
    trial_files: int = 0
    unreadable: int = 0


if TYPE_CHECKING:
    from alscli.check.gist import Gist

    Told = tuple[Gist, Problem]
    """A problem with the gist of the record that it is in."""

RecordRule = Callable[[Subject], "Iterable[Problem]"]
CollectionRule = Callable[["Sequence[Gist]", Register], "Iterable[Told]"]
R = TypeVar("R", RecordRule, CollectionRule)


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of the catalogue. `check` is None for the codes that reading a file gives (TX, SM).

    `about` names fields as `alscli fields` does; where a record states none of them, the rule is silent. Of
    several findings with the same words in one record, a rule that is told `once` keeps the first.
    """

    code: str
    severity: Severity
    name: str
    documentation: str
    scopes: tuple[Scope, ...]
    check: Any
    about: tuple[str, ...] = ()
    waivable: bool = True
    once: bool = False

    @property
    def summary(self) -> str:
        """The first line of the documentation."""
        return self.documentation.partition("\n")[0]


CATALOGUE: dict[str, Rule] = {}
"""Every rule by code, filled by the modules of `check.rules` as they are imported."""


class Ruleset:
    """Some of the rules, ready to be asked about many records."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._rules = tuple(rules)
        kinds = {scope for rule in self._rules for scope in rule.scopes}
        self._of_kind = {kind: [rule for rule in self._rules if kind in rule.scopes] for kind in kinds}
        self._fields = {
            kind: tree(f for rule in of for f in rule.about) for kind, of in self._of_kind.items()
        }

    def __iter__(self) -> Iterator[Rule]:
        return iter(self._rules)

    @property
    def across(self) -> list[Rule]:
        """Those that compare records."""
        return self._of_kind.get("collection", [])

    def about(self, kind: FileKind, values: Mapping[str, Any]) -> list[Rule]:
        """Those that may find something in a record of this kind with these values."""
        return self._about(kind, frozenset(stated(values, self._fields.get(kind, {}))))

    @lru_cache(maxsize=4096)  # noqa: B019 - a few rulesets live as long as the program
    def _about(self, kind: FileKind, there: frozenset[str]) -> list[Rule]:
        rules = self._of_kind.get(kind, [])
        return [rule for rule in rules if not rule.about or not there.isdisjoint(rule.about)]


def rule(
    code: str,
    severity: Severity | str,
    *scopes: Scope,
    about: tuple[str, ...] = (),
    waivable: bool = True,
    once: bool = False,
) -> Callable[[R], R]:
    """Enter a function into the catalogue; its docstring is what `explain` prints.

    A function over `collection` gets the gists of all readable records and the register, and yields each
    problem with its gist; any other gets one subject. `about` are fields of which at least one must be
    stated for the function to find anything: it is not asked about other records, which is most of them.
    """

    def enter(function: R) -> R:
        documentation = inspect.cleandoc(function.__doc__ or "")
        CATALOGUE[code] = Rule(
            code,
            Severity(severity),
            function.__name__,
            documentation,
            scopes,
            function,
            about,
            waivable,
            once,
        )
        return function

    return enter


def state(code: str, severity: Severity | str, documentation: str) -> None:
    """Enter a code that reading a file gives; nothing can waive it."""
    CATALOGUE[code] = Rule(
        code, Severity(severity), code, inspect.cleandoc(documentation), (), None, waivable=False
    )
