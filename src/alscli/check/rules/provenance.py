"""Provenance: what a number rests on, whether it can be found there, and who has looked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from typing import TYPE_CHECKING

from alscli.check.finding import Problem
from alscli.check.format import shown
from alscli.check.rule import Register, rule
from alscli.check.subject import Subject
from alscli.model.nearness import nearest
from alscli.model.product import Product
from alscli.model.provenance import Dispute, Ref
from alscli.model.trial import Trial

if TYPE_CHECKING:
    from alscli.check.gist import Gist
    from alscli.check.rule import Told


_SECONDARY = frozenset({"news", "review", "aggregator", "advocacy", "seed"})
_NOT_PRIMARY = _SECONDARY | {"erratum"}
_PAGED = frozenset({"article", "preprint", "thesis", "protocol"})


_COMPARED = 100
"""Keys that are compared with one another; in more a slip is not looked for."""


def _kinds(subject: Subject, keys: tuple[str, ...] | None) -> list[str]:
    """The kinds of these sources; none where one of them is unknown."""
    refs = subject.refs
    if not keys or any(key != "registry" and key not in refs for key in keys):
        return []
    return ["registry" if key == "registry" else refs[key].kind for key in keys]


@rule("PV002", "note", "trial")
def secondary_sources_alone(subject: Subject) -> Iterator[Problem]:
    """A number that rests only on secondary sources.

    News, reviews, aggregators, patient organizations and seeds repeat what others say, and lose digits and
    denominators on the way. Silent where two references share a key (SM006).

    Example: Barczewska 2020: the medians of survival are printed only in a seed
    Remedy: look for the number in the paper or the registry; none where it is not there.
    """
    if "refs" in subject.twins:
        return
    trial = subject.trial
    inherited = False
    for path, line in subject.numbers:
        if line.src is None:
            inherited = True
        elif (kinds := _kinds(subject, line.src)) and _SECONDARY.issuperset(kinds):
            yield Problem((*path, "src"), f"rests on {_words(kinds)} alone")
    if inherited and (kinds := _kinds(subject, trial.src)) and _SECONDARY.issuperset(kinds):
        yield Problem(("src",), f"numbers rest on {_words(kinds)} alone")


def _words(kinds: list[str]) -> str:
    return " and ".join(sorted(set(kinds)))


@rule("PV003", "warning", "trial", "product", "ledger")
def place_unknown(subject: Subject) -> Iterator[Problem]:
    """An article that nothing leads to, or a number without its place in a source that has pages.

    An article needs its DOI, PubMed number or PubMed Central id; where it has none, volume and pages will
    do. A number from articles, preprints, theses and protocols needs `loc`; so does one from any source
    whose `pages` are given. Where another source stands beside them, such as the registry, it does not.
    Silent where two references share a key (SM006), and where PV001 doubts the key of the article.

    Example: `src = "cudkowicz2022"` with values and no `loc`
    Remedy: add `doi`; add `loc`, such as "abstract" or "table 2".
    """
    refs: list[Ref] = subject.model.refs  # type: ignore[attr-defined]
    if "refs" in subject.twins:
        return
    for r, ref in enumerate(refs):
        if ref.kind == "article" and not (ref.doi or ref.pmid or ref.pmcid or (ref.volume and ref.pages)):
            if _meant(subject.unresolved, [ref.key]) and ref.key not in subject.cites:
                continue
            yield Problem(
                ("refs", r), "an article without DOI, PubMed number, or volume and pages", at="header"
            )
    if not isinstance(subject.model, Trial):
        return
    for path, line in subject.numbers:
        keys = line.src or subject.trial.src
        if line.loc is None and keys and all(_has_pages(subject, key) for key in keys):
            yield Problem((*path, "loc"), f"numbers of {' and '.join(keys)} without `loc`", at="header")


def _has_pages(subject: Subject, key: str) -> bool:
    ref = subject.refs.get(key)
    return ref is not None and (ref.kind in _PAGED or ref.pages is not None)


@rule("PV004", "warning", "trial", "product")
def no_primary_source(subject: Subject) -> Iterator[Problem]:
    """A record without a primary source.

    A registry id is one, and `registry` as a source says that there is one. So is any reference of the
    record, or of the ledger if the record cites it, that is not news, review, aggregator, patient
    organization, seed or erratum. A product without any reference is left alone, as is a record that cites
    what is not there (PV001).

    Example: a trial known from one news article
    Remedy: look for the registry entry or the paper; waive it where there is none.
    """
    model: Trial | Product = subject.model  # type: ignore[assignment]
    if not subject.record.readable or (isinstance(model, Trial) and model.registry_id is not None):
        return
    if "registry" in subject.cites or any(ref.kind not in _NOT_PRIMARY for ref in model.refs):
        return
    refs = subject.refs
    keys = subject.cites & refs.keys()
    kinds = {refs[key].kind for key in keys} | {ref.kind for ref in model.refs}
    if kinds and kinds <= _NOT_PRIMARY and not subject.unresolved:
        yield Problem(("refs",), f"no primary source, only {_words(list(kinds))}", at="header")


@rule("PV005", "warning", "trial", "product", "ledger")
def notice_not_cited(subject: Subject) -> Iterator[Problem]:
    """A source with an erratum or a retraction is cited, and the notice nowhere.

    The corrected number may be another one. One citation of the notice in the record is enough.

    Example: NurOwn phase 3: the paper of 2022 cited without its erratum
    Remedy: read the notice, and cite it beside what it changes or confirms.
    """
    refs = subject.refs
    if not subject.record.readable:
        return
    noticed = [refs[key] for key in subject.cites if key in refs and refs[key].notice is not None]
    notices = {ref.key: ref.notice for ref in noticed if ref.notice in refs}
    if not notices or "refs" in subject.twins:
        return
    citations = [(path, key) for path, key in subject.cited if "notice" not in path[2:3]]
    facts = [(path, key) for path, key in citations if path[:1] != ("verified",)]
    there = {key for _, key in facts}
    told: set[str] = set()
    for path, key in facts:
        notice = notices.get(key)
        if notice is not None and notice not in there and key not in told:
            told.add(key)
            yield Problem(path, f"{key} has a notice, {notice}, which is not cited")


@rule("PV006", "warning", "trial", "product", about=("disputes",))
def dispute_open(subject: Subject) -> Iterator[Problem]:
    """A dispute that has been open for more than 90 days.

    A dispute without a date is left alone, and one that a merge left is TX006's.

    Example: `ruling = "open: check full text"` with `on = "2026-01-05"`
    Remedy: rule; where it cannot be decided, say so in the ruling without beginning with `open`.
    """
    disputes: list[Dispute] = subject.model.disputes  # type: ignore[attr-defined]
    for d, dispute in enumerate(disputes):
        if dispute.on is None or dispute.ruling == "merge" or not dispute.is_open:
            continue
        days = (subject.as_of - dispute.on.latest).days
        if days > 90:
            yield Problem(("disputes", d, "on"), f"{dispute.field}: open for {days} days")


@rule("PV007", "note", "trial", "product")
def never_verified(subject: Subject) -> Iterator[Problem]:
    """Nobody has compared the record with its sources.

    Example: a record as `add` or an import left it
    Remedy: compare it, then `alscli verify ID --against REF`.
    """
    model: Trial | Product = subject.model  # type: ignore[assignment]
    if model.verified is None:
        yield Problem(("verified",), "never verified", at="header")


@rule("PV008", "note", "trial", "product")
def reference_unused(subject: Subject) -> Iterator[Problem]:
    """A reference that nothing in its record cites.

    Where a citation names no reference and this one may be meant, PV001 says so; where two share a key, SM006
    does; where a part of the record cannot be read, it may cite it. Silent where nobody has verified the
    record (PV007), who could name what it was compared with.

    Example: a paper in `[[refs]]`, and no `src` with its key
    Remedy: cite it where it belongs, or remove it.
    """
    model: Trial | Product = subject.model  # type: ignore[assignment]
    if not subject.record.readable or "refs" in subject.twins or model.verified is None:
        return
    keys = set(subject.cites)
    if isinstance(model, Trial):
        keys.update(model.screening.found_in)
    keys |= _meant(subject.unresolved, [ref.key for ref in model.refs if ref.key not in keys])
    for position, ref in enumerate(model.refs):
        if ref.key not in keys:
            yield Problem(("refs", position, "key"), f"nothing cites {shown(ref.key)}")


def _meant(missing: Set[str], unused: Sequence[str]) -> set[str]:
    """Those of the unused keys that a citation of a missing one may mean; none where there are very many."""
    few = len(unused) <= _COMPARED and len(missing) <= _COMPARED
    return {near for key in missing for near in nearest(key, unused)} if few else set()


@rule("PV009", "note", "collection")
def shared_reference_unused(gists: Sequence[Gist], register: Register) -> Iterator[Told]:
    """A reference of the ledger that no record cites.

    Any record can cite it, or name it in `found_in`; where a file cannot be read, this rule is silent. Where
    a citation names no reference and this one may be meant, PV001 says so; where two share a key, SM006 does.

    Example: the ledger's reference to an article that no claim and no trial names
    Remedy: cite it where it belongs, or remove it.
    """
    if register.unreadable:
        return
    used = {key for gist in gists for key in gist.cites}
    missing = {key for gist in gists for key in gist.unresolved}
    for gist in gists:
        unused = [key for key in gist.refs if key not in used]
        if not unused or len(set(gist.refs)) < len(gist.refs):
            continue
        meant = _meant(missing, unused)
        for position, key in enumerate(gist.refs):
            if key not in used and key not in meant:
                yield gist, Problem(("refs", position, "key"), f"no record cites {shown(key)}")
