"""Identity: ids, registry ids, and one trial that stands in two files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from alscli.check.expression import deferred
from alscli.check.finding import Problem
from alscli.check.format import shown
from alscli.check.rule import Register, rule, state
from alscli.check.subject import Subject
from alscli.model.identifiers import is_safe_record_id
from alscli.model.product import Product
from alscli.model.trial import Trial

if TYPE_CHECKING:
    from alscli.check.gist import Gist
    from alscli.check.rule import Told


state(
    "ID002",
    "error",
    """An id that has the shape of no known registry.

    Only the form is checked: no registry publishes how a check digit is computed. Compare with the
    registry before trusting an id.

    Example: `registry_id = "NCT0711831"`: ClinicalTrials.gov uses 8 digits
    Remedy: copy the id from the registry's page; an id of no registry belongs in `secondary_ids`.
    """,
)


@rule("ID001", "error", "trial", "product", waivable=False)
def id_is_file_name(subject: Subject) -> Iterator[Problem]:
    """The record's `id` is not the name of its file, or not in kebab-case.

    People and other records name a record by its id and find it by its file.

    Example: `id = "nurown-3"` in `nurown-phase3.toml`
    Remedy: `alscli rename` changes both, and every reference.
    """
    model: Trial | Product = subject.model  # type: ignore[assignment]
    stem = subject.record.entry.id
    if model.id != stem:
        safe = is_safe_record_id(stem)
        yield Problem(
            ("id",),
            f"the id is {shown(model.id)} and the file is {shown(f'{stem}.toml')}",
            suggestions=(stem,) if safe else (),
            replacement=f'"{stem}"' if safe else None,
            safe=True,
            help=f"`alscli rename`, or name the file {model.id}.toml",
        )


@rule("ID003", "error", "collection", waivable=False)
def one_registry_id_one_file(gists: Sequence[Gist], register: Register) -> Iterator[Told]:
    """One registry id in two files.

    The trial would be counted twice.

    Example: NCT03280056 in `nurown-phase3.toml` and in `brainstorm-2017.toml`
    Remedy: keep one file and move what the other knows into it; `alscli exclude` keeps the trace.
    """
    first: dict[str, Gist] = {}
    for gist in gists:
        if gist.number:
            # Versions of an EU CT number are for ID008; an ANZCTR number is one with and without its `p`.
            other = first.setdefault(gist.number if gist.versioned else gist.key, gist)
            if other is not gist:
                yield gist, Problem(("registry_id",), f"{gist.number} is already in {other.file}")


@rule("ID004", "warning", "collection")
def secondary_id_elsewhere(gists: Sequence[Gist], register: Register) -> Iterator[Told]:
    """A secondary id of one record is the registry id of another.

    Most often one trial in two registries, entered twice.

    Example: a record with the EudraCT number whose `secondary_ids` name the NCT number of another record
    Remedy: merge the two records; or say with `related` what the other study is.
    """
    owners = {gist.key: gist for gist in gists if gist.key}
    told: set[tuple[str, str]] = set()
    for gist in gists:
        for position, text, key in gist.secondary:
            owner = owners.get(key) if key else None
            if owner is None or owner is gist or gist.is_related_to(owner):
                continue
            if (owner.file, gist.file) not in told:
                told.add((gist.file, owner.file))
                message = f"{shown(text)} is the registry id of {owner.file}"
                yield gist, Problem(("secondary_ids", position), message)


@rule("ID005", "warning", "collection")
def near_duplicate(gists: Sequence[Gist], register: Register) -> Iterator[Told]:
    """Two records with equal product, sponsor and phase, starts within 90 days and sizes within 10 %.

    One trial is often entered twice: from the registry and from a paper. Silent about two records that
    `related` joins, and where a registry id in both files says more (ID003, ID004, ID008).

    Example: NurOwn phase 3 from ClinicalTrials.gov (196 people) and again from its paper (189 people)
    Remedy: merge them; or state `related` with `rel = "distinct"` and why.
    """
    families: dict[tuple[str, ...], list[Gist]] = defaultdict(list)
    for gist in gists:
        if gist.kin:
            family = families[gist.kin]
            other = next((earlier for earlier in family if _look_alike(gist, earlier)), None)
            family.append(gist)
            if other is not None:
                message = f"same product, sponsor, phase, start and size as {other.file}"
                yield gist, Problem(("id",), message, help="merge them, or state `related`")


def _look_alike(one: Gist, other: Gist) -> bool:
    return (
        abs(one.size - other.size) * 10 <= max(one.size, other.size)
        and max(one.first, other.first) - min(one.last, other.last) <= 90
        and not one.is_related_to(other)
        and not one.shares_a_number_with(other)
    )


@rule("ID006", "warning", "collection")
def shared_alias(gists: Sequence[Gist], register: Register) -> Iterator[Told]:
    """One name for products of different modality.

    A search for the name finds both, and readers take one for the other.

    Example: NP001 is a regulatory T cell product and Neuvivo's sodium chlorite
    Remedy: keep the name where its source has it, and say in the `note` of both, with the name, what else it
    means.
    """
    holders: dict[str, list[tuple[Gist, str, int]]] = defaultdict(list)
    for gist in gists:
        for name, key, position in gist.names:
            holders[name].append((gist, key, position))
    for name, sharing in sorted(holders.items()):
        other = sharing[0][0]
        for gist, key, position in sharing[1:]:
            if gist.modality != other.modality and not (name in gist.note and name in other.note):
                message = f"{shown(name)} is also a name of {other.file} ({other.modality})"
                yield gist, Problem((key,) if position < 0 else (key, position), message)


@rule("ID007", "warning", "trial")
def registration_unexplained(subject: Subject) -> Iterator[Problem]:
    """Neither a registry id nor a reason why there is none.

    An unregistered trial is a finding of its own; readers must know whether somebody looked. Silent where
    there is no reference either: then the record needs a source first (SM002).

    Example: a case series without `registration = "none_found"`
    Remedy: add `registry_id`, or `registration` with `none_found`, `not_required` or `not_registered`.
    """
    if lacks_registration(subject):
        yield Problem(("registry_id",), "no `registry_id`, and no `registration` that says why", at="header")


def lacks_registration(subject: Subject) -> bool:
    """Whether the record is a trial that neither has a registry id nor says why."""
    model = subject.model
    return isinstance(model, Trial) and model.registry_id is None and model.registration is None


@rule("ID008", "warning", "collection")
def eu_number_versions(gists: Sequence[Gist], register: Register) -> Iterator[Told]:
    """One EU CT number with different versions as the registry ids of two files.

    The last group of an EU CT number counts versions of one application, not trials.

    Example: 2022-500244-37-00 and 2022-500244-37-01
    Remedy: keep one file, with the latest version.
    """
    first: dict[str, Gist] = {}
    for gist in gists:
        if gist.versioned:
            other = first.setdefault(gist.key, gist)
            if other.number != gist.number:
                message = f"{gist.number} and {other.number} in {other.file} are one trial"
                yield gist, Problem(("registry_id",), message)


_PLATFORMS = frozenset({"NCT04297683"})
"""Registry ids of platforms: the HEALEY ALS Platform Trial."""
_PLATFORM = deferred(r"healey|platform (?:trial|study|protocol)|master protocol")


@rule("ID009", "warning", "trial")
def regimen_without_platform(subject: Subject) -> Iterator[Problem]:
    """A regimen of a platform trial without `related` to the platform.

    Regimens share controls; counted as trials of their own they count the controls again. Expanded access
    shares none.

    Example: the regimens of the HEALEY ALS Platform, as NCT04414345
    Remedy: `related = [{ id = "NCT04297683", rel = "regimen_of" }]`
    """
    trial = subject.trial
    names = {key: (getattr(trial, key) or "").casefold() for key in ("title", "scientific_title", "acronym")}
    regimens = [key for key, name in names.items() if "regimen" in name]
    if not regimens or trial.registry_id in _PLATFORMS or trial.design == "expanded_access":
        return
    if any(related.rel in ("regimen_of", "expanded_access") for related in trial.related):
        return
    platforms = [key for key, name in names.items() if _PLATFORM.search(name)]
    if platforms:
        key = next((key for key in regimens if key in platforms), regimens[0])
        yield Problem((key,), "reads as a regimen of a platform, and `related` names none with regimen_of")


@rule("ID010", "error", "collection", waivable=False)
def one_id_one_record(gists: Sequence[Gist], register: Register) -> Iterator[Told]:
    """One id for a trial and a product.

    Commands name records by id, whatever their kind.

    Example: `trials/np001-treg.toml` beside `products/np001-treg.toml`
    Remedy: rename the trial: `np001-treg-phase1`.
    """
    products = {gist.id for gist in gists if gist.kind == "product"}
    for gist in gists:
        if gist.kind == "trial" and gist.id in products:
            yield gist, Problem(("id",), f"{shown(gist.id)} is also the id of a product")
