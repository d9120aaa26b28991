"""A rule: one function with a code, a severity and a docstring that is its documentation."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from alscli.check.citation import cited
from alscli.check.finding import Problem, Severity
from alscli.check.presence import stated, tree
from alscli.model.field import Table
from alscli.model.format import FileKind
from alscli.model.path import Path
from alscli.model.product import Product
from alscli.model.provenance import Ref
from alscli.model.trial import Trial
from alscli.model.vocabulary import Vocabularies
from alscli.store.collection import Record, Snapshot

Scope = Literal["trial", "product", "ledger", "collection"]


@dataclass(frozen=True, slots=True)
class Names:
    """What records may cite by name, as far as the files tell, even where a file is broken.

    Trials and products go by their id and by the name of their file. `shared_refs` are the keys of the
    ledger's references; None where the ledger cannot be read that far.
    """

    trials: frozenset[str]
    products: frozenset[str]
    shared_refs: frozenset[str] | None


@dataclass(frozen=True)
class Subject:
    """A record under examination, and what surrounds it.

    `record` holds the document with its raw values; `snapshot` every other record, `names` what can be
    cited of them; `as_of` is the day that counts as today.
    """

    record: Record
    model: Table
    snapshot: Snapshot
    names: Names
    vocabularies: Vocabularies
    as_of: date

    @property
    def trial(self) -> Trial:
        """The record as a trial."""
        return self.model  # type: ignore[return-value]

    @property
    def product(self) -> Product:
        """The record as a product."""
        return self.model  # type: ignore[return-value]

    @property
    def values(self) -> dict[str, Any]:
        """The parsed file."""
        return self.record.document.values if self.record.document else {}

    @cached_property
    def cited(self) -> list[tuple[Path, str]]:
        """Every citation in the file: the path of the key of a reference, and the key."""
        return cited(self.values)

    @cached_property
    def refs(self) -> dict[str, Ref]:
        """References that the record can cite, by key: the ledger's and its own."""
        own: Iterable[Ref] = getattr(self.model, "refs", ())
        return self.snapshot.shared_refs | {ref.key: ref for ref in own}


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

    `about` names fields as `alscli fields` does; where a record states none of them, the rule is silent.
    """

    code: str
    severity: Severity
    name: str
    documentation: str
    scopes: tuple[Scope, ...]
    check: Any
    about: tuple[str, ...] = ()
    waivable: bool = True

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

    @property
    def across(self) -> list[Rule]:
        """Those that compare records."""
        return self._of_kind.get("collection", [])

    def about(self, kind: FileKind, values: Mapping[str, Any]) -> list[Rule]:
        """Those that may find something in a record of this kind with these values."""
        rules = self._of_kind.get(kind, [])
        there = stated(values, self._fields.get(kind, {}))
        return [rule for rule in rules if not rule.about or not there.isdisjoint(rule.about)]


def rule(
    code: str, severity: Severity | str, *scopes: Scope, about: tuple[str, ...] = (), waivable: bool = True
) -> Callable[[R], R]:
    """Enter a function into the catalogue; its docstring is what `explain` prints.

    A function over `collection` gets the gists of all readable records and the register, and yields each
    problem with its gist; any other gets one subject. `about` are fields of which at least one must be
    stated for the function to find anything: it is not asked about other records, which is most of them.
    """

    def enter(function: R) -> R:
        documentation = inspect.cleandoc(function.__doc__ or "")
        CATALOGUE[code] = Rule(
            code, Severity(severity), function.__name__, documentation, scopes, function, about, waivable
        )
        return function

    return enter


def state(code: str, severity: Severity | str, documentation: str) -> None:
    """Enter a code that reading a file gives; nothing can waive it."""
    CATALOGUE[code] = Rule(
        code, Severity(severity), code, inspect.cleandoc(documentation), (), None, waivable=False
    )
