"""The projection: a record becomes rows of typed tables. The only way from records to rows.

A cell holds text, a whole number, a decimal number, a boolean, a tuple of texts, None where nobody looked,
or an `Absence` where somebody looked and it is not there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal, TypeVar

from alscli.model.evidence import Evidence, assess
from alscli.model.field import Table
from alscli.model.identifiers import parse_registry_id
from alscli.model.intervention import Therapy, therapy_of
from alscli.model.product import Product
from alscli.model.provenance import Dated
from alscli.model.trial import Organization, Trial
from alscli.model.values import Absence, T, known, listed
from alscli.store.collection import Snapshot

Cell = str | int | Decimal | bool | tuple[str, ...] | Absence | None
Row = dict[str, Cell]
U = TypeVar("U")
ColumnType = Literal["text", "date", "integer", "number", "boolean", "list"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, the type of its cells and what they mean. `date` is text, perhaps partial."""

    name: str
    type: ColumnType
    meaning: str


@dataclass(frozen=True, slots=True)
class TableShape:
    """A table: its name, what one row is, and its columns in order."""

    name: str
    meaning: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return tuple(column.name for column in self.columns)


def _columns(text: str) -> tuple[Column, ...]:
    """Columns from lines of name, type and meaning."""
    rows = (line.split(None, 2) for line in text.strip().splitlines())
    return tuple(Column(name, kind, meaning) for name, kind, meaning in rows)  # type: ignore[arg-type]


TRIALS = TableShape(
    "trials",
    "one human study",
    _columns(
        """
        id                      text    name of the record
        registry_id             text    id in its primary registry
        title                   text    public title
        title_zh                text    Chinese title
        acronym                 text    acronym
        evidence                text    the honest line, computed
        evidence_level          integer OCEBM 2011 level by design; empty without a result or from press alone
        publication             text    best kind of source of the primary outcome's result
        primary_result          text    result of the primary endpoint; mixed where several differ
        primary_results         list    results of all primary endpoints
        primary_summary         text    the same in words, with counts where several differ
        phase                   text    phase
        phase_label             text    phase as printed
        status                  text    recruitment status
        status_as_of            date    date of the source that gives the status
        why_stopped             text    why it stopped early
        study_type              text    kind of study
        design                  text    design
        allocation              text    how people came to their arm
        model                   text    how arms relate
        masking                 text    how many roles are masked
        masked                  list    which roles are masked
        purpose                 text    primary purpose
        control                 text    what it is compared with
        background              list    what everybody took besides
        conditions              list    conditions studied
        subtypes                list    forms of the disease
        modalities              list    kinds of therapy, from interventions and their products
        cell_types              list    cells given, from interventions and their products
        donors                  list    whose cells, from interventions and their products
        routes                  list    ways into the body, of all arms
        products                list    ids of products
        interventions           list    names of what is given or done
        arm_count               integer number of arms recorded
        doses                   list    amount, number and interval of each line of the schedule
        countries               list    countries of recruitment
        country_count           integer number of countries
        sites                   integer number of sites
        sponsor                 text    responsible organization
        sponsor_zh              text    its Chinese name
        sponsor_class           text    what kind of organization
        collaborators           list    other responsible organizations
        funders                 list    who pays
        participants_pay        boolean whether participants pay
        sells                   boolean whether the sponsor sells the therapy
        year                    integer year of the start, else of the registration
        registered              date    first submitted to the registry
        start                   date    first enrollment
        start_type              text    actual, estimated or unknown
        primary_completion      date    last data for the primary outcome
        primary_completion_type text    actual, estimated or unknown
        completion              date    last data of the study
        completion_type         text    actual, estimated or unknown
        results_posted          date    results first posted in the registry
        follow_up               text    length of follow-up
        enrollment              integer people by the most exact denominator on file
        enrollment_kind         text    which denominator that is
        enrollment_planned      integer people planned
        enrollment_screened     integer people assessed for eligibility
        enrollment_enrolled     integer people enrolled, as the registry counts
        enrollment_randomized   integer people allocated by chance
        enrollment_treated      integer people given at least one dose
        enrollment_completed    integer people followed to the end
        enrollment_analyzed     integer people in the primary analysis
        age_min                 number  least age in years
        age_max                 number  greatest age in years
        sex                     text    sex
        genes                   list    genes of which a variant is required
        outcome_count           integer number of outcomes recorded
        instruments             list    scales and tests of the outcomes
        dispute_count           integer disputes recorded
        open_dispute_count      integer disputes without a ruling
        registry                text    which registry the id is of
        registration            text    why there is no registry id
        secondary_ids           list    ids in other registries and of the sponsor
        related                 list    studies that belong with it, as relation:id
        tags                    list    marks
        decision                text    include or undecided
        found_in                list    searches and seeds that named it
        verified_on             date    when somebody last compared it with its sources
        verified_by             text    who
        src                     list    keys of the references behind the record
        note                    text    what a reader must know
        file                    text    path of the file from the collection's folder
        """
    ),
)

TABLES: dict[str, TableShape] = {TRIALS.name: TRIALS}


def trial_rows(snapshot: Snapshot) -> Iterator[Row]:
    """A row of `trials` for each readable trial, in order of id."""
    for identifier in sorted(snapshot.trials):
        yield trial_row(snapshot.trials[identifier], snapshot)


def trial_row(trial: Trial, snapshot: Snapshot) -> Row:
    """The row of one trial; its keys are the columns of `TRIALS` in order."""
    evidence = assess(trial, snapshot.shared_refs)
    cells = (
        _identity(trial)
        | _evidence(evidence)
        | _design(trial)
        | _given(trial, snapshot.products)
        | _people(trial)
        | _times(trial)
        | _bookkeeping(trial)
    )
    return {name: cells[name] for name in TRIALS.names}


def _identity(trial: Trial) -> Row:
    registered = parse_registry_id(trial.registry_id) if trial.registry_id else None
    return {
        "id": trial.id,
        "registry_id": trial.registry_id,
        "registry": registered.registry.code if registered else None,
        "registration": trial.registration,
        "secondary_ids": _texts(trial.secondary_ids),
        "title": trial.title,
        "title_zh": trial.title_zh,
        "acronym": trial.acronym,
        "related": tuple(f"{related.rel}:{related.id}" for related in trial.related),
        "conditions": tuple(trial.conditions),
        "subtypes": _texts(trial.subtypes),
    }


def _evidence(evidence: Evidence) -> Row:
    return {
        "evidence": evidence.line,
        "evidence_level": evidence.level,
        "publication": evidence.publication,
        "primary_result": evidence.primary,
        "primary_summary": evidence.primary_words,
        "primary_results": evidence.primaries,
    }


def _design(trial: Trial) -> Row:
    return {
        "phase": trial.phase,
        "phase_label": trial.phase_label,
        "status": trial.status,
        "status_as_of": str(trial.status_as_of),
        "why_stopped": trial.why_stopped,
        "study_type": trial.study_type,
        "design": trial.design,
        "allocation": trial.allocation,
        "model": trial.model,
        "masking": trial.masking,
        "masked": _texts(trial.masked),
        "purpose": trial.purpose,
        "control": trial.control,
        "background": _texts(trial.background),
        "age_min": _of(_part(trial.eligibility, "age"), lambda age: age.low),
        "age_max": _of(_part(trial.eligibility, "age"), lambda age: age.high),
        "sex": _part(trial.eligibility, "sex"),
        "genes": _texts(_part(trial.eligibility, "genes")),
        "outcome_count": len(listed(trial.outcomes)),
        "instruments": _of(trial.outcomes, lambda outcomes: _distinct(o.instrument for o in outcomes)),
    }


def _given(trial: Trial, products: Mapping[str, Product]) -> Row:
    therapies = [therapy_of(intervention, products) for intervention in listed(trial.interventions)]
    lines = [given for arm in listed(trial.arms) for given in listed(arm.given)]
    interventions, arms = trial.interventions, trial.arms
    return {
        "modalities": _of(interventions, lambda _: _inherited(therapies, "modality")),
        "cell_types": _of(interventions, lambda _: _inherited(therapies, "cell_type")),
        "donors": _of(interventions, lambda _: _inherited(therapies, "donor")),
        "products": _of(interventions, lambda _: _distinct(each.product for each in therapies)),
        "interventions": _of(interventions, lambda _: _distinct(each.name for each in therapies)),
        "arm_count": len(listed(arms)),
        "routes": _of(arms, lambda _: _distinct(line.route for line in lines if line.intervention)),
        "doses": _of(arms, lambda _: _distinct(dose_in_words(line) or None for line in lines)),
    }


def dose_in_words(given: object) -> str:
    """Amount, number and interval of one line of a schedule: `100 mg × 3, every 2w`."""
    low, high, unit, doses, every, lasting = (
        known(getattr(given, name)) for name in ("low", "high", "unit", "doses", "every", "lasting")
    )
    amount = "" if low is None else f"{low:,}" + (f"–{high:,}" if high is not None else "")
    words = " ".join(part for part in (amount, unit if amount else "") if part)
    if not words:
        return ""
    words += f" × {doses}" if doses is not None else ""
    words += f", every {every}" if every is not None else ""
    return words + (f", for {lasting}" if lasting is not None else "")


_DENOMINATORS = ("planned", "screened", "enrolled", "randomized", "treated", "completed", "analyzed")
_EXACT = ("randomized", "enrolled", "treated", "analyzed", "completed", "planned")


def _people(trial: Trial) -> Row:
    sponsor = trial.sponsor
    counts: Row = {
        name: _of(_part(trial.enrollment, name), lambda people: people.n) for name in _DENOMINATORS
    }
    row: Row = {f"enrollment_{name}": count for name, count in counts.items()}
    kind = next((name for name in _EXACT if isinstance(counts[name], int)), None)
    row["enrollment"] = counts[kind] if kind else _absent(trial.enrollment)
    row["enrollment_kind"] = kind
    return row | {
        "countries": _texts(trial.countries),
        "country_count": _of(trial.countries, len),
        "sites": trial.sites,
        "sponsor": _part(sponsor, "name"),
        "sponsor_zh": _part(sponsor, "name_zh"),
        "sponsor_class": _part(sponsor, "class_"),
        "collaborators": _of(_part(sponsor, "collaborators"), _names),
        "funders": _of(_part(sponsor, "funders"), _names),
        "participants_pay": _part(sponsor, "participants_pay"),
        "sells": _part(sponsor, "sells"),
    }


def _names(organizations: list[Organization]) -> tuple[str, ...]:
    return tuple(organization.name for organization in organizations)


def _times(trial: Trial) -> Row:
    row: Row = {}
    for name in ("registered", "start", "primary_completion", "completion", "results_posted"):
        dated: Dated | Absence | None = _part(trial.dates, name)
        row[name] = _of(dated, lambda one: str(one.on))
        row[f"{name}_type"] = dated.type if isinstance(dated, Dated) else None
    first = known(row["start"]) or known(row["registered"])
    row["year"] = int(str(first)[:4]) if first else None
    row["follow_up"] = _of(trial.follow_up, str)
    return row


def _bookkeeping(trial: Trial) -> Row:
    verified = trial.verified
    return {
        "dispute_count": len(trial.disputes),
        "open_dispute_count": sum(dispute.is_open for dispute in trial.disputes),
        "tags": tuple(trial.tags),
        "decision": trial.screening.decision,
        "found_in": tuple(trial.screening.found_in),
        "verified_on": str(verified.on) if verified else None,
        "verified_by": verified.by if verified else None,
        "src": trial.src or (),
        "note": trial.note,
        "file": f"trials/{trial.id}.toml",
    }


def _texts(value: list[str] | Absence | None) -> tuple[str, ...] | Absence | None:
    return tuple(value) if isinstance(value, list) else value


def _distinct(values: Iterable[str | Absence | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for item in values if (value := known(item)) is not None))


def _inherited(therapies: list[Therapy], name: str) -> tuple[str, ...] | Absence:
    """The distinct terms; the absence that all share, where there is no term."""
    values = {getattr(therapy, name): None for therapy in therapies}
    if len(values) == 1 and isinstance(only := next(iter(values)), Absence):
        return only
    return _distinct(values)


def _of(value: T | Absence | None, read: Callable[[T], U]) -> U | Absence | None:
    """What `read` makes of a value; the same absence, or None, where there is none."""
    return value if value is None or isinstance(value, Absence) else read(value)


def _absent(value: object) -> Absence | None:
    return value if isinstance(value, Absence) else None


def _part(table: Table | Absence | None, name: str) -> Any:
    """A field of a table; the same absence, or None, where there is no table."""
    return _of(table, lambda present: getattr(present, name))
