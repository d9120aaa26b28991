"""Screening: why a study is in the collection or not, and numbers that add up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from alscli.check.finding import Problem
from alscli.check.format import shown
from alscli.check.rule import Register, rule
from alscli.check.subject import Subject
from alscli.model.ledger import Ledger
from alscli.model.vocabulary import shipped

if TYPE_CHECKING:
    from alscli.check.gist import Gist
    from alscli.check.rule import Told


@rule("SC001", "error", "ledger")
def exclusion_without_reason(subject: Subject) -> Iterator[Problem]:
    """An exclusion without a coded reason.

    A flow diagram counts reasons, and nobody can check a decision that gives none.

    Example: `[[excluded]]` with an id and a title
    Remedy: add `reason`, a term of `alscli values excluded_reason`.
    """
    ledger: Ledger = subject.model  # type: ignore[assignment]
    for e, excluded in enumerate(ledger.excluded):
        if excluded.reason is None:
            yield Problem(("excluded", e, "reason"), "excluded without a reason", at="header")


@rule("SC002", "warning", "collection")
def flow_adds_up(gists: Sequence[Gist], register: Register) -> Iterator[Told]:
    """The new hits of all searches are not the trials and the excluded together.

    What a search found must have become one or the other. Silent unless every search says how many of its
    hits were new.

    Example: 18 new hits, 9 trials and 8 excluded
    Remedy: enter the study that is missing, or its exclusion; mend `new`.
    """
    for gist in gists:
        if gist.new_hits is not None and gist.new_hits != register.trial_files + gist.excluded:
            entered = f"{register.trial_files} trials and {gist.excluded} excluded"
            words = f"{gist.new_hits} new hits, yet {entered}"
            yield gist, Problem(("searches",), words, at="header")


_ANYBODY = frozenset({"healthy", "mixed"})


@rule("SC003", "warning", "collection")
def included_out_of_scope(gists: Sequence[Gist], register: Register) -> Iterator[Told]:
    """Included, although none of its conditions is in the scope of the collection.

    The scope stands in `alscli.toml`; a condition below one of it counts. Healthy volunteers and mixed
    groups are left alone, and so are words that may be a slip of a term in scope: SM008 names it.

    Example: XS228 in spinal cord injury (NCT06976229), in a collection on ALS
    Remedy: enter it in the ledger as `not_als`, or mend its conditions.
    """
    if not register.scope:
        return
    allowed = register.scope | _ANYBODY
    for gist in gists:
        if not gist.included or not gist.conditions or any(allowed.intersection(c) for c in gist.conditions):
            continue
        if not any(allowed.intersection(_near(condition)) for condition in gist.conditions):
            words = " and ".join(shown(condition[0]) for condition in gist.conditions)
            yield gist, Problem(("conditions",), f"included, yet {words} is out of scope")


def _near(condition: Sequence[str]) -> set[str]:
    """The terms that a condition in other words may mean, with what stands above them."""
    vocabulary = shipped()["condition"]
    if condition[0] in vocabulary.terms:
        return set()
    near = vocabulary.slips(condition[0])
    return {*near, *(above for code in near for above in vocabulary.ancestors(code))}
