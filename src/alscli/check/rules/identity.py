"""Identity: ids, registry ids, and one trial that stands in two files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from alscli.check.finding import Problem
from alscli.check.format import shown
from alscli.check.rule import Subject, rule, state
from alscli.model.identifiers import RegistryId, is_safe_record_id, parse_registry_id
from alscli.model.product import Product
from alscli.model.trial import Trial
from alscli.model.values import known, listed
from alscli.model.vocabulary import normalize
from alscli.store.collection import Snapshot

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

Pair = tuple[Subject, Problem]


def _trials(subjects: Iterable[Subject]) -> list[Subject]:
    return [subject for subject in subjects if isinstance(subject.model, Trial)]


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
            help=f"`alscli rename`, or name the file {model.id}.toml",
        )


@rule("ID003", "error", "collection", waivable=False)
def one_registry_id_one_file(subjects: list[Subject], snapshot: Snapshot) -> Iterator[Pair]:
    """One registry id in two files.

    The trial would be counted twice.

    Example: NCT03280056 in `nurown-phase3.toml` and in `brainstorm-2017.toml`
    Remedy: keep one file and move what the other knows into it; `alscli exclude` keeps the trace.
    """
    first: dict[str, Subject] = {}
    for subject in _trials(subjects):
        number = _registered(subject.trial)
        if number is None:
            continue
        # Versions of an EU CT number are for ID008; an ANZCTR number is the same with and without its `p`.
        other = first.setdefault(number.value if number.registry.code == "ctis" else number.key, subject)
        if other is not subject:
            yield subject, Problem(("registry_id",), f"{number.value} is already in {other.record.entry.id}")


def _registered(trial: Trial) -> RegistryId | None:
    return parse_registry_id(trial.registry_id) if trial.registry_id else None


@rule("ID004", "warning", "collection")
def secondary_id_elsewhere(subjects: list[Subject], snapshot: Snapshot) -> Iterator[Pair]:
    """A secondary id of one record is the registry id of another.

    Most often one trial in two registries, entered twice.

    Example: a record with the EudraCT number whose `secondary_ids` name the NCT number of another record
    Remedy: merge the two records; or say with `related` what the other study is.
    """
    owners = {number.key: s for s in _trials(subjects) if (number := _registered(s.trial))}
    told: set[tuple[str, str]] = set()
    for subject in _trials(subjects):
        for position, text in enumerate(listed(subject.trial.secondary_ids)):
            number = parse_registry_id(text)
            owner = owners.get(number.key) if number else None
            if owner is None or owner is subject or _are_related(subject.trial, owner.trial):
                continue
            here, there = subject.record.entry.id, owner.record.entry.id
            if (there, here) not in told:
                told.add((here, there))
                message = f"{shown(text)} is the registry id of {there}"
                yield subject, Problem(("secondary_ids", position), message)


def _are_related(one: Trial, other: Trial) -> bool:
    def names(trial: Trial) -> set[str | None]:
        return {trial.id, trial.registry_id, *listed(trial.secondary_ids)} - {None}

    return any(r.id in names(other) for r in one.related) or any(r.id in names(one) for r in other.related)


@rule("ID005", "warning", "collection")
def near_duplicate(subjects: list[Subject], snapshot: Snapshot) -> Iterator[Pair]:
    """Two records with equal product, sponsor and phase, starts within 90 days and sizes within 10 %.

    One trial is often entered twice: from the registry and from a paper. Silent about two records that
    `related` joins, and where a registry id in both files says more (ID003, ID004, ID008).

    Example: NurOwn phase 3 from ClinicalTrials.gov (196 people) and again from its paper (189 people)
    Remedy: merge them; or state `related` with `rel = "distinct"` and why.
    """
    groups: dict[tuple[frozenset[str], str, str], list[_Trace]] = defaultdict(list)
    for subject in _trials(subjects):
        trial = subject.trial
        products = frozenset(i.product or normalize(i.name or "") for i in listed(trial.interventions)) - {""}
        dates, sponsor, size = known(trial.dates), known(trial.sponsor), _size(trial)
        start = known(dates.start) if dates is not None else None
        if products and sponsor is not None and start is not None and size:
            traces = groups[(products, normalize(sponsor.name), trial.phase)]
            trace = _Trace(subject, start.on.earliest.toordinal(), start.on.latest.toordinal(), size)
            other = next((earlier for earlier in traces if _look_alike(trace, earlier)), None)
            traces.append(trace)
            if other is not None:
                message = f"same product, sponsor, phase, start and size as {other.subject.record.entry.id}"
                yield subject, Problem(("id",), message, help="merge them, or state `related`")


class _Trace(NamedTuple):
    """A trial, the first and last day on which it may have started, and its size."""

    subject: Subject
    earliest: int
    latest: int
    size: int


def _look_alike(one: _Trace, other: _Trace) -> bool:
    return (
        abs(one.size - other.size) * 10 <= max(one.size, other.size)
        and max(one.earliest, other.earliest) - min(one.latest, other.latest) <= 90
        and not _are_related(one.subject.trial, other.subject.trial)
        and not _share_a_number(one.subject.trial, other.subject.trial)
    )


def _share_a_number(one: Trial, other: Trial) -> bool:
    def numbers(trial: Trial) -> set[str]:
        texts = [trial.registry_id or "", *listed(trial.secondary_ids)]
        return {number.key for text in texts if (number := parse_registry_id(text)) is not None}

    first, second = _registered(one), _registered(other)
    return (first is not None and first.key in numbers(other)) or (
        second is not None and second.key in numbers(one)
    )


def _size(trial: Trial) -> int | None:
    """The most exact number of participants that the record has."""
    enrollment = known(trial.enrollment)
    if enrollment is None:
        return None
    for count in (enrollment.randomized, enrollment.enrolled, enrollment.treated, enrollment.planned):
        if (people := known(count)) is not None:
            return people.n
    return None


@rule("ID006", "warning", "collection")
def shared_alias(subjects: list[Subject], snapshot: Snapshot) -> Iterator[Pair]:
    """One name for products of different modality.

    A search for the name finds both, and readers take one for the other.

    Example: NP001 is a regulatory T cell product and Neuvivo's sodium chlorite
    Remedy: keep the name where its source has it, and say in the `note` of both what else it means.
    """
    holders: dict[str, list[Subject]] = defaultdict(list)
    for subject in subjects:
        if isinstance(subject.model, Product):
            names = {
                normalize(n)
                for n in (subject.product.name, subject.product.name_zh, *subject.product.aliases)
                if n
            }
            for name in names:
                holders[name].append(subject)
    for name, sharing in sorted(holders.items()):
        for subject in sharing[1:]:
            other = sharing[0]
            if subject.product.modality != other.product.modality and not (
                subject.product.note and other.product.note
            ):
                message = (
                    f"{shown(name)} is also a name of {other.record.entry.id} ({other.product.modality})"
                )
                yield subject, Problem(_alias_path(subject.product, name), message)


def _alias_path(product: Product, name: str) -> tuple[str | int, ...]:
    for position, alias in enumerate(product.aliases):
        if normalize(alias) == name:
            return ("aliases", position)
    return ("name",) if normalize(product.name) == name else ("name_zh",)


@rule("ID007", "warning", "trial")
def registration_unexplained(subject: Subject) -> Iterator[Problem]:
    """Neither a registry id nor a reason why there is none.

    An unregistered trial is a finding of its own; readers must know whether somebody looked.

    Example: a case series without `registration = "none_found"`
    Remedy: add `registry_id`, or `registration` with `none_found`, `not_required` or `not_registered`.
    """
    if subject.trial.registry_id is None and subject.trial.registration is None:
        yield Problem(("registry_id",), "no `registry_id`, and no `registration` that says why", at="header")


@rule("ID008", "warning", "collection")
def eu_number_versions(subjects: list[Subject], snapshot: Snapshot) -> Iterator[Pair]:
    """One EU CT number with different versions in two files.

    The last group of an EU CT number counts versions of one application, not trials.

    Example: 2022-500244-37-00 and 2022-500244-37-01
    Remedy: keep one file, with the latest version.
    """
    first: dict[str, Subject] = {}
    for subject in _trials(subjects):
        number = _registered(subject.trial)
        if number is None or number.registry.code != "ctis":
            continue
        other = first.setdefault(number.key, subject)
        if other.trial.registry_id != subject.trial.registry_id:
            message = f"{number.value} and {other.trial.registry_id} in {other.record.entry.id} are one trial"
            yield subject, Problem(("registry_id",), message)


_PLATFORMS = frozenset({"NCT04297683"})
"""Registry ids of platforms: the HEALEY ALS Platform Trial."""
_PLATFORM_WORDS = ("healey", "platform", "master protocol")


@rule("ID009", "warning", "trial")
def regimen_without_platform(subject: Subject) -> Iterator[Problem]:
    """A regimen of a platform trial without `related` to the platform.

    Regimens share controls; counted as trials of their own they count the controls again.

    Example: the regimens of the HEALEY ALS Platform, as NCT04414345
    Remedy: `related = [{ id = "NCT04297683", rel = "regimen_of" }]`
    """
    trial = subject.trial
    if trial.registry_id in _PLATFORMS or any(related.rel == "regimen_of" for related in trial.related):
        return
    text = f"{trial.title} {trial.scientific_title or ''} {trial.acronym or ''}".casefold()
    if "regimen" in text and any(word in text for word in _PLATFORM_WORDS):
        yield Problem(
            ("title",), "reads as a regimen of a platform, and `related` names none with regimen_of"
        )


@rule("ID010", "error", "collection", waivable=False)
def one_id_one_record(subjects: list[Subject], snapshot: Snapshot) -> Iterator[Pair]:
    """One id for a trial and a product.

    Commands name records by id, whatever their kind.

    Example: `trials/np001-treg.toml` beside `products/np001-treg.toml`
    Remedy: rename the trial: `np001-treg-phase1`.
    """
    products = set(snapshot.products)
    for subject in _trials(subjects):
        if subject.trial.id in products:
            yield subject, Problem(("id",), f"{shown(subject.trial.id)} is also the id of a product")
