"""A trial and the product it names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from alscli.check.finding import Problem
from alscli.check.rule import rule
from alscli.check.rules.dates import disputed
from alscli.check.subject import Subject
from alscli.model.trial import Intervention
from alscli.model.values import known, listed

_TAKEN = ("modality", "cell_type", "donor", "genetic_modification")


@rule("XR002", "warning", "trial", about=("interventions[].product",))
def differs_from_product(subject: Subject) -> Iterator[Problem]:
    """A trial states a modality, cell type, donor or modification other than its product's, and not why.

    What the trial does not state is taken from the product, so a statement of its own is an exception. A
    narrower term passes; so does one that a dispute is about, or that the trial's `note` names beside the
    product's.

    Example: `donor = "autologous"` in a trial of XS228, an allogeneic product
    Remedy: leave the key out, or say in `note` or in a dispute why this trial differs.
    """
    for i, intervention in enumerate(listed(subject.trial.interventions)):
        for key, own, its in denials(subject, intervention):
            yield Problem(("interventions", i, key), f"{own}, yet {intervention.product} is {its}")


def denials(subject: Subject, intervention: Intervention) -> Iterator[tuple[str, str, str]]:
    """What a trial states otherwise than the product that it names, and not why: key, both terms."""
    trial, product = subject.trial, subject.snapshot.products.get(intervention.product or "")
    for key in _TAKEN if product is not None else ():
        own, its = known(getattr(intervention, key)), known(getattr(product, key))
        if own is None or its is None or own == its or its in subject.vocabularies[key].ancestors(own):
            continue
        if not disputed(trial, f"interventions.{intervention.id}.{key}") and not _names(trial.note, own, its):
            yield key, own, its


@lru_cache(maxsize=64)
def _names(note: str | None, *terms: str) -> bool:
    if note is None:
        return False
    return all(re.search(rf"\b{re.escape(term)}\b", note, re.IGNORECASE) for term in terms)
