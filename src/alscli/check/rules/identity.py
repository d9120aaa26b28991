"""Identity: ids, registry ids, and one trial that stands in two files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from alscli.check.finding import Problem
from alscli.check.format import shown
from alscli.check.rule import Subject, rule, state
from alscli.model.identifiers import RegistryId, is_safe_record_id, parse_registry_id
from alscli.model.product import Product
from alscli.model.provenance import Dated
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
        wanted = f"or name the file {model.id}.toml" if safe else f"name the file {model.id}.toml"
        yield Problem(
            ("id",),
            f"the id is {shown(model.id)} and the file is {stem}.toml",
            suggestions=(stem,) if safe else (),
            replacement=f'"{stem}"' if safe else None,
            help=wanted,
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
        other = first.setdefault(number.value, subject)
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
    for subject in _trials(subjects):
        for position, text in enumerate(listed(subject.trial.secondary_ids)):
            number = parse_registry_id(text)
            owner = owners.get(number.key) if number else None
            if owner is not None and owner is not subject and not _are_related(subject.trial, owner.trial):
                yield (
                    subject,
                    Problem(
                        ("secondary_ids", position), f"{text} is the registry id of {owner.record.entry.id}"
                    ),
                )


def _are_related(one: Trial, other: Trial) -> bool:
    def names(trial: Trial) -> set[str | None]:
        return {trial.id, trial.registry_id, *listed(trial.secondary_ids)} - {None}

    return any(r.id in names(other) for r in one.related) or any(r.id in names(one) for r in other.related)


@rule("ID005", "warning", "collection")
def near_duplicate(subjects: list[Subject], snapshot: Snapshot) -> Iterator[Pair]:
    """Two records with equal product, sponsor and phase, starts within 90 days and sizes within 10 %.

    One trial is often entered twice: from the registry and from a paper.

    Example: NSI-566's n = 12 and n = 15 reports of one phase 1 trial
    Remedy: merge them; or state `related` with `rel = "distinct"` and why.
    """
    groups: dict[tuple[frozenset[str], str, str], list[Subject]] = defaultdict(list)
    for subject in _trials(subjects):
        trial = subject.trial
        products = frozenset(i.product or i.name or "" for i in listed(trial.interventions)) - {""}
        sponsor = known(trial.sponsor)
        if products and sponsor is not None:
            groups[(products, normalize(sponsor.name), trial.phase)].append(subject)
    for group in groups.values():
        for position, subject in enumerate(group):
            for other in group[:position]:
                if _look_alike(subject.trial, other.trial):
                    message = (
                        f"looks like {other.record.entry.id}: same product, sponsor, phase, start and size"
                    )
                    yield subject, Problem(("id",), message, help="merge them, or state `related`")


def _look_alike(one: Trial, other: Trial) -> bool:
    if _are_related(one, other):
        return False
    starts = [known(dates.start) if (dates := known(trial.dates)) else None for trial in (one, other)]
    sizes = [_size(trial) for trial in (one, other)]
    if not (starts[0] and starts[1] and sizes[0] and sizes[1]):
        return False
    return _near(starts[0], starts[1]) and abs(sizes[0] - sizes[1]) * 10 <= max(sizes[0], sizes[1])


def _near(one: Dated, other: Dated) -> bool:
    gap = max(one.on.earliest, other.on.earliest) - min(one.on.latest, other.on.latest)
    return gap.days <= 90


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
    return ("name",)


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
        if number is None or number.key == number.value:
            continue
        other = first.setdefault(number.key, subject)
        if other is not subject and other.trial.registry_id != subject.trial.registry_id:
            message = f"{number.value} and {other.trial.registry_id} in {other.record.entry.id} are one trial"
            yield subject, Problem(("registry_id",), message)


PLATFORMS = {"NCT04297683": "HEALEY ALS Platform"}
_PLATFORM_WORDS = ("healey", "platform", "master protocol")


@rule("ID009", "warning", "trial")
def regimen_without_platform(subject: Subject) -> Iterator[Problem]:
    """A regimen of a platform trial without `related` to the platform.

    Regimens share controls; counted as trials of their own they count the controls again.

    Example: the regimens of the HEALEY ALS Platform, as NCT04414345
    Remedy: `related = [{ id = "NCT04297683", rel = "regimen_of" }]`
    """
    trial = subject.trial
    if trial.registry_id in PLATFORMS or any(related.rel == "regimen_of" for related in trial.related):
        return
    text = f"{trial.title} {trial.scientific_title or ''} {trial.acronym or ''}".casefold()
    if "regimen" in text and any(word in text for word in _PLATFORM_WORDS):
        yield Problem(
            ("title",), "reads as a regimen of a platform, and `related` names none with regimen_of"
        )
