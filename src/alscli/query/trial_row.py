"""The row of a trial: what it states, and what is computed from it, its products and its references."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeVar

from alscli.model.evidence import Evidence, assess
from alscli.model.field import Table
from alscli.model.identifiers import parse_registry_id
from alscli.model.intervention import therapy_of
from alscli.model.product import Product
from alscli.model.provenance import Dated, Ref, Verified
from alscli.model.trial import Organization, Trial
from alscli.model.values import Absence, T, known, listed
from alscli.query.tables import TRIALS, Row

U = TypeVar("U")


def trial_row(trial: Trial, products: Mapping[str, Product], shared_refs: Mapping[str, Ref]) -> Row:
    """The row of one trial; its keys are the columns of `TRIALS` in order."""
    evidence = assess(trial, shared_refs)
    cells = (
        _identity(trial)
        | _evidence(evidence)
        | _design(trial)
        | _eligibility(trial)
        | _given(trial, products)
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
        "former_ids": tuple(trial.former_ids),
        "title_zh": trial.title_zh,
        "scientific_title": trial.scientific_title,
        "acronym": trial.acronym,
        "related": tuple(f"{related.rel}:{related.id}" for related in trial.related),
        "conditions": tuple(trial.conditions),
        "subtypes": _texts(trial.subtypes),
    }


def _evidence(evidence: Evidence) -> Row:
    return {
        "evidence": evidence.line,
        "reported": evidence.reported,
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
        "outcome_count": len(listed(trial.outcomes)),
        "instruments": _of(trial.outcomes, lambda outcomes: _distinct(o.instrument for o in outcomes)),
    }


def _eligibility(trial: Trial) -> Row:
    rules = trial.eligibility
    row: Row = {
        "sex": _part(rules, "sex"),
        "genes": _texts(_part(rules, "genes")),
        "eligibility_note": _part(rules, "note"),
    }
    for name in ("age", "symptom_months", "alsfrs_r", "vc_pct"):
        row[f"{name}_min"] = _of(_part(rules, name), lambda limits: limits.low)
        row[f"{name}_max"] = _of(_part(rules, name), lambda limits: limits.high)
    return row


def _given(trial: Trial, products: Mapping[str, Product]) -> Row:
    therapies = [therapy_of(intervention, products) for intervention in listed(trial.interventions)]
    lines = [given for arm in listed(trial.arms) for given in listed(arm.given)]
    untold = [_absent(arm.given) for arm in listed(trial.arms)]
    routes = [line.route for line in lines if line.intervention]
    doses = [dose_in_words(line) or _absent(line.low) for line in lines]
    interventions, arms = trial.interventions, trial.arms
    return {
        "modalities": _of(interventions, lambda _: _distinct(each.modality for each in therapies)),
        "cell_types": _of(interventions, lambda _: _distinct(each.cell_type for each in therapies)),
        "donors": _of(interventions, lambda _: _distinct(each.donor for each in therapies)),
        "products": _of(interventions, lambda _: _distinct(each.product for each in therapies)),
        "interventions": _of(interventions, lambda _: _distinct(each.name for each in therapies)),
        "arm_count": len(listed(arms)),
        "routes": _of(arms, lambda _: _distinct([*routes, *untold])),
        "doses": _of(arms, lambda _: _distinct([*doses, *untold])),
    }


Number = int | Decimal


def _digits(low: Number, high: Number | None) -> str:
    return f"{low:,}" + (f"–{high:,}" if high is not None else "")


def dose_in_words(given: object, written: Callable[[Number, Number | None], str] = _digits) -> str:
    """Amount, number and interval of one line of a schedule: `100 mg × 3, every 2w`.

    Nothing where the line gives no amount. `written` makes text of an amount, or of the least and the
    greatest.
    """
    return "" if known(getattr(given, "low", None)) is None else schedule_in_words(given, written)


def schedule_in_words(given: object, written: Callable[[Number, Number | None], str] = _digits) -> str:
    """What `dose_in_words` says, and as much of it where no amount is given: `3 doses, every 2w`."""
    low, high, unit, doses, every, lasting = (
        known(getattr(given, name)) for name in ("low", "high", "unit", "doses", "every", "lasting")
    )
    words = "" if low is None else " ".join(part for part in (written(low, high), unit) if part)
    if doses is not None:
        words = f"{words} × {doses}" if words else f"{doses} dose{'' if doses == 1 else 's'}"
    parts = (words, every and f"every {every}", lasting and f"for {lasting}")
    return ", ".join(part for part in parts if part)


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
    row["follow_up_days"] = _of(trial.follow_up, lambda length: in_days(length.days))
    return row


def _bookkeeping(trial: Trial) -> Row:
    return {
        "dispute_count": len(trial.disputes),
        "open_dispute_count": sum(dispute.is_open for dispute in trial.disputes),
        "tags": tuple(trial.tags),
        "decision": trial.screening.decision,
        "found_in": tuple(trial.screening.found_in),
        **verification(trial.verified),
        "src": trial.src or (),
        "note": trial.note,
        "file": f"trials/{trial.id}.toml",
    }


def verification(verified: Verified | None) -> Row:
    """The cells of who compared a record with its sources."""
    return {
        "verified_on": str(verified.on) if verified else None,
        "verified_by": verified.by if verified else None,
        "reviewed_by": verified.reviewed_by if verified else None,
        "verified_against": tuple(verified.against) if verified else None,
    }


def in_days(days: Fraction) -> int | Decimal:
    """Days as a number; those that no decimal can give (an hour is 1/24) to six places."""
    if days.denominator == 1:
        return int(days)
    return round(Decimal(days.numerator) / Decimal(days.denominator), 6).normalize()


def _texts(value: list[str] | Absence | None) -> tuple[str, ...] | Absence | None:
    return tuple(value) if isinstance(value, list) else value


def _distinct(values: Iterable[str | Absence | None]) -> tuple[str, ...] | Absence:
    """The distinct texts; where there is none, the absence that stands in place of one."""
    found = dict.fromkeys(values)
    if texts := tuple(value for item in found if (value := known(item)) is not None):
        return texts
    return next((absence for absence in Absence if absence in found), ())


def _of(value: T | Absence | None, read: Callable[[T], U]) -> U | Absence | None:
    """What `read` makes of a value; the same absence, or None, where there is none."""
    return value if value is None or isinstance(value, Absence) else read(value)


def _absent(value: object) -> Absence | None:
    return value if isinstance(value, Absence) else None


def _part(table: Table | Absence | None, name: str) -> Any:
    """A field of a table; the same absence, or None, where there is no table."""
    return _of(table, lambda present: getattr(present, name))
