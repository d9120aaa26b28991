"""Interventions: what cells are, whose, what was done to them, and doses and routes that can be."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from decimal import Decimal

from alscli.check.finding import Problem
from alscli.check.rule import rule
from alscli.check.rules.products import denials
from alscli.check.subject import Subject
from alscli.model.intervention import Therapy
from alscli.model.path import Path
from alscli.model.product import Product
from alscli.model.trial import Given, Intervention
from alscli.model.values import known

Own = Intervention | Product


def _kinds(subject: Subject, cell_type: str | None) -> tuple[str, ...]:
    """The cell type and those above it."""
    return () if cell_type is None else (cell_type, *subject.vocabularies["cell_type"].ancestors(cell_type))


@rule("IV001", "error", "trial", "product", about=("interventions[].modality", "modality"))
def cells_undescribed(subject: Subject) -> Iterator[Problem]:
    """A cell therapy without its cell type or donor.

    "Stem cells" alone cannot be compared with anything. With `product`, the product's file says it.

    Example: `modality = "cell"` and a name
    Remedy: add `cell_type` and `donor`, or `"not_reported"` where the source does not say.
    """
    for path, own, whole in subject.therapies:
        if known(whole.modality) != "cell" or (isinstance(own, Intervention) and own.product is not None):
            continue
        missing = [key for key in ("cell_type", "donor") if getattr(whole, key) is None]
        if missing:
            words = " and ".join(f"`{key}`" for key in missing)
            yield Problem((*path, missing[0]), f"a cell therapy without {words}", at="header")


def _denies_product(subject: Subject, own: Own, *keys: str) -> bool:
    """Whether the trial says otherwise than the product that it names, which XR002 tells."""
    return isinstance(own, Intervention) and any(key in keys for key, _, _ in denials(subject, own))


# From tissue of birth, of a fetus or of an embryo: an adult with ALS is not the donor. Cord blood as
# harvested (UCB-MNC) may have been banked. NurOwn is made from the patient's own marrow.
_OF_OTHERS = frozenset(
    {"UC-MSC", "UCB-MSC", "PL-MSC", "fetal-spinal-NSC", "fetal-brain-NSC", "NPC-GDNF", "ESC"}
)
_OWN = frozenset({"MSC-NTF"})


@rule(
    "IV002",
    "warning",
    "trial",
    "product",
    about=("interventions[].donor", "interventions[].cell_type", "donor", "cell_type"),
)
def donor_implausible(subject: Subject) -> Iterator[Problem]:
    """Cells whose kind does not fit their donor.

    Cells of birth tissue, fetus or embryo are not the patient's own, unless cord blood was banked; NurOwn's
    always are.

    Example: autologous `UC-MSC`, allogeneic `MSC-NTF`
    Remedy: compare with the source; the cell type is wrong as often as the donor.
    """
    for path, own, whole in subject.therapies:
        if (own.donor is None and own.cell_type is None) or not _of_another(subject, whole):
            continue
        if not _denies_product(subject, own, "donor", "cell_type"):
            key = "donor" if own.donor is not None else "cell_type"
            yield Problem((*path, key), f"{whole.donor} {whole.cell_type} is implausible")


def _of_another(subject: Subject, whole: Therapy | Product) -> bool:
    """Whether the cells are of a kind that does not come from such a donor."""
    donor, cell_type = known(whole.donor), known(whole.cell_type)
    if donor is None or cell_type is None:
        return False
    kinds = _kinds(subject, cell_type)
    return (donor != "allogeneic" and not _OF_OTHERS.isdisjoint(kinds)) or (
        donor != "autologous" and not _OWN.isdisjoint(kinds)
    )


_MODIFIED = {
    "NPC-GDNF": frozenset({"transduced", "edited"}),
    "iPSC": frozenset({"reprogrammed", "transduced", "edited"}),
    "MSC-NTF": frozenset({"none"}),
}


@rule(
    "IV003",
    "warning",
    "trial",
    "product",
    about=(
        "interventions[].genetic_modification",
        "interventions[].cell_type",
        "genetic_modification",
        "cell_type",
    ),
)
def modification_implausible(subject: Subject) -> Iterator[Problem]:
    """A genetic modification that does not fit the kind of cells.

    Progenitors that release GDNF were transduced with its gene, and induced pluripotent cells were
    reprogrammed; NurOwn is induced by factors, which is `none`.

    Example: `NPC-GDNF` with `genetic_modification = "none"`
    Remedy: compare with the source.
    """
    for path, own, whole in subject.therapies:
        done, cell_type = known(whole.genetic_modification), known(whole.cell_type)
        if done is None or (own.genetic_modification is None and own.cell_type is None):
            continue
        for kind in _kinds(subject, cell_type):
            if kind not in _MODIFIED or done in _MODIFIED[kind]:
                continue
            if not _denies_product(subject, own, "genetic_modification", "cell_type"):
                key = "genetic_modification" if own.genetic_modification is not None else "cell_type"
                wanted = " or ".join(sorted(_MODIFIED[kind]))
                yield Problem((*path, key), f"{cell_type} with modification {done}, not {wanted}")


def _amounts(given: Given) -> dict[str, int | Decimal]:
    """The amounts that are known, `low` before `high`."""
    amounts = {"low": given.low, "high": given.high}
    return {key: amount for key, amount in amounts.items() if isinstance(amount, (int, Decimal))}


@rule("IV004", "error", "trial", about=("arms[].given[].low", "arms[].given[].high"))
def dose_impossible(subject: Subject) -> Iterator[Problem]:
    """An amount of zero or less, or a least amount above the greatest.

    Of an implausible amount IV005 says more than its order does.

    Example: `low = 125_000_000, high = 100_000_000`
    Remedy: compare with the source; a placebo has no amount.
    """
    therapies = _of_known_kind(subject)
    for path, given in subject.given:
        amounts = _amounts(given)
        for key, amount in amounts.items():
            if amount <= 0:
                yield Problem((*path, key), f"an amount of {amount}")
        least, greatest = _plausible(subject, given, therapies) or (0, math.inf)
        fits = all(least <= amount <= greatest for amount in amounts.values())
        if fits and len(amounts) == 2 and amounts["low"] > amounts["high"] > 0:
            words = f"{amounts['high']:,}, less than the least amount {amounts['low']:,}"
            yield Problem((*path, "high"), words)


_PLAUSIBLE: dict[str, dict[str, tuple[int, int]]] = {
    "cells": {
        "": (
            10**5,
            10**9,
        ),  # one injection into the cord holds 10^5; infusions of cultured cells stay below 10^9
        "MNC": (10**5, 10**11),  # a harvest is given as it comes, and a marrow or an apheresis holds 10^10
        "HSC": (10**5, 10**11),  # counted as CD34+ or as all nucleated cells of the graft
        "Treg": (10**5, 10**10),  # expanded like other T cells
        "other-cell": (10**5, 10**11),
    },
    "cells/kg": {
        "": (10**4, 10**8),
        "MNC": (10**4, 10**9),
        "HSC": (10**4, 10**9),
        "other-cell": (10**4, 10**9),  # expanded lymphocytes as well
    },
    "vg": {"": (10**9, 10**17)},  # from an injection into the eye to one into the blood of an adult
    "vg/kg": {"": (10**9, 10**16)},
    "particles": {"": (10**6, 10**14)},  # vesicles, as counted by nanoparticle tracking
}
"""The least and greatest plausible amount of one administration, by unit and cell type (`""`: any other).

Wide on purpose: a lost exponent misses them by powers of ten.
"""


@rule("IV005", "warning", "trial", about=("arms[].given[].unit",))
def dose_implausible(subject: Subject) -> Iterator[Problem]:
    """An amount outside what is plausible for its unit and cell type.

    10^5 to 10^9 cultured cells, 10^4 to 10^8 a kilogram; more for cells that are given as harvested, or of
    whose kind nothing is known; and wide ranges for vectors and vesicles. An exponent lost in print is the
    common cause. Cells without a `cell_type` are IV001's; where IV002, IV007, XR001 or XR002 doubts what is
    given, this rule is silent.

    Example: "30 × 106 cells" read as 30 times 106, 3,180
    Remedy: look at the source, in print and not as copied text.
    """
    therapies = _of_known_kind(subject)
    for path, given in subject.given:
        plausible = _plausible(subject, given, therapies)
        if plausible is None:
            continue
        least, greatest = plausible
        outside = {key: n for key, n in _amounts(given).items() if n > 0 and not least <= n <= greatest}
        if len({amount < least for amount in outside.values()}) == 1:
            outside = dict(list(outside.items())[:1])  # of a range, both ends by the same slip
        for key, amount in outside.items():
            words = f"{amount:,} {given.unit}, outside {_power(least)} to {_power(greatest)}"
            yield Problem((*path, key), words, help="was an exponent lost?")


def _plausible(
    subject: Subject, given: Given, therapies: Mapping[str, Therapy | Product]
) -> tuple[int, int] | None:
    """The least and greatest plausible amount of a line; None where nothing is known of it."""
    ranges, named = _PLAUSIBLE.get(known(given.unit) or ""), given.intervention
    if ranges is None or (named is not None and named not in therapies):
        return None
    if named is not None and _misfits(therapies[named], given):
        return None  # IV007's
    cell_type = known(therapies[named].cell_type) if named is not None else None
    kinds = (*_kinds(subject, cell_type or "other-cell"), "")
    return next(ranges[kind] for kind in kinds if kind in ranges)


def _described(subject: Subject) -> Iterator[tuple[Path, Own, Therapy | Product]]:
    """The therapies that doses and routes can be held against, as `Subject.therapies`.

    Not those of which IV001 misses the cell type, nor those that are other than their product (XR002).
    """
    for path, own, whole in subject.therapies:
        undescribed = known(whole.modality) == "cell" and whole.cell_type is None
        if not undescribed and not _denies_product(subject, own, "modality", "cell_type"):
            yield path, own, whole


def _of_known_kind(subject: Subject) -> dict[str, Therapy | Product]:
    """The therapies whose cells are what they are said to be, by id: IV002 does not doubt them."""
    return {own.id: whole for _, own, whole in _described(subject) if not _of_another(subject, whole)}


def _power(number: int) -> str:
    return f"10^{Decimal(number).adjusted()}"


@rule("IV006", "note", "trial", about=("arms[].given[].doses", "arms[].given[].every"))
def schedule_incomplete(subject: Subject) -> Iterator[Problem]:
    """Several doses without their interval, or an interval without the number of doses.

    A length of treatment (`for`) stands for the one or the other.

    Example: `doses = 3` alone
    Remedy: add `every` or `doses`, or `"not_reported"`.
    """
    for path, given in subject.given:
        doses = known(given.doses)
        if doses is not None and doses > 1 and given.every is None and given.lasting is None:
            yield Problem((*path, "doses"), f"{doses} doses, and no interval")
        elif known(given.every) is not None and given.lasting is None:
            if given.doses is None:
                yield Problem((*path, "every"), f"every {given.every}, and no number of doses")
            elif doses == 1:
                yield Problem((*path, "every"), f"one dose, every {given.every}")


_SWALLOWED = frozenset({"oral", "inhaled", "intranasal", "transdermal"})
_INJECTED = frozenset({"intravenous", "intra_arterial", "subcutaneous", "intramuscular", "intrathecal"})
_MACHINES = frozenset({"bci", "exoskeleton"})
_CELLS = frozenset({"cells", "cells/kg"})
_NOT_OF_CELLS = frozenset({"mg", "mg/kg", "vg", "vg/kg", "particles", "IU", "IU/m2"})
_WITHOUT_CELLS = frozenset({"small_molecule", "aso", "sirna", "antibody", "ev", "biologic", "device"})
_UNFIT = {
    "cell": frozenset({"oral", "transdermal", "wearable"}),
    "ev": frozenset({"implanted", "wearable"}),
    "gene": frozenset({"oral", "transdermal", "wearable"}),
    "aso": frozenset({"wearable"}),
    "sirna": frozenset({"wearable"}),
    "antibody": frozenset({"wearable"}),
    "small_molecule": frozenset({"wearable"}),
    "bci": _SWALLOWED | _INJECTED,
    "exoskeleton": _SWALLOWED | _INJECTED | {"implanted", "intraspinal", "intracerebral", "epidural"},
}


@rule(
    "IV007", "warning", "trial", about=("arms[].given[].route", "arms[].given[].low", "arms[].given[].unit")
)
def route_unfit(subject: Subject) -> Iterator[Problem]:
    """A way into the body that the kind of therapy cannot take, or an amount that it does not have.

    A machine has no amount. Only cells have one in cells, and those into which a gene therapy brings its gene
    outside of the body (it has a `cell_type`, `donor` or `genetic_modification`); cells have none in
    milligrams, vector genomes, particles or international units, unless tissue or vesicles are given. Where
    several routes or amounts misfit and no line fits, the finding is at the trial's `modality`, or at its
    `product`, which gives the modality: a product of a wrong kind is found once in each of its trials. Cells
    without a `cell_type` are IV001's, an amount of zero or less is IV004's, and a modality other than the
    product's is XR002's.

    Example: cells by mouth; an exoskeleton or cells in milligrams; a small molecule in cells
    Remedy: mend the route, the unit or the modality.
    """
    lines: dict[str, list[tuple[Path, Given]]] = defaultdict(list)
    for path, given in subject.given:
        if given.intervention is not None:
            lines[given.intervention].append((path, given))
    for path, own, whole in _described(subject) if lines else ():
        modality = known(whole.modality) or ""
        its = [(line, given, _misfits(whole, given)) for line, given in lines.pop(own.id, ())]
        misfits = [misfit for _, _, of_line in its for misfit in of_line]
        if len(misfits) > 1 and all(of_line or known(given.route) is None for _, given, of_line in its):
            key = "modality" if own.modality is not None else "product"
            words = ", ".join(dict.fromkeys(what for _, what in misfits))
            yield Problem((*path, key), f"{modality}, yet what is given says otherwise: {words}")
            continue
        for line, _, of_line in its:
            for key, what in of_line[:1]:
                yield Problem((*line, key), f"{what}, for a therapy of kind {modality}")


def _misfits(whole: Therapy | Product, given: Given) -> list[tuple[str, str]]:
    """What a therapy of this kind cannot have, by key: its route, an amount."""
    modality, route, unit = known(whole.modality) or "", known(given.route), known(given.unit)
    misfits = [("route", route)] if route is not None and route in _UNFIT.get(modality, ()) else []
    if modality in _MACHINES:
        amounts = [key for key in ("low", "unit") if known(getattr(given, key)) is not None]
        misfits += [(key, "an amount") for key in amounts[:1]]
    elif unit in _CELLS and _is_without_cells(modality, whole):
        misfits.append(("unit", "an amount of cells"))
    elif _is_of_cells_alone(whole) and unit in _NOT_OF_CELLS and all(n > 0 for n in _amounts(given).values()):
        misfits.append(("unit", f"an amount in {unit}"))
    return misfits


_TISSUES = frozenset({"OEC", "fetal-brain-NSC", "fetal-spinal-NSC", "MSC-EV", "other-cell"})
"""What is also given as tissue, by weight, or as vesicles."""


def _is_of_cells_alone(whole: Therapy | Product) -> bool:
    return known(whole.modality) == "cell" and known(whole.cell_type) not in _TISSUES


def _is_without_cells(modality: str, whole: Therapy | Product) -> bool:
    """Whether no cells are given; a gene may have been brought into cells outside of the body."""
    if modality == "gene":
        return (whole.cell_type, whole.donor, whole.genetic_modification) == (None, None, None)
    return modality in _WITHOUT_CELLS
