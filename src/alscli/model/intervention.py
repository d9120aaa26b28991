"""What an intervention is, with what it takes from its product."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from alscli.model.product import Product
from alscli.model.trial import Intervention
from alscli.model.values import Absence, Maybe, T


@dataclass(frozen=True, slots=True)
class Therapy:
    """An intervention as readers see it: the trial's own statement, else that of its product."""

    name: str
    aliases: tuple[str, ...]
    product: str | None
    modality: str | Absence | None
    cell_type: str | Absence | None
    donor: str | Absence | None
    genetic_modification: str | Absence | None
    mechanism: list[str] | Absence | None
    target: list[str] | Absence | None


def therapy_of(intervention: Intervention, products: Mapping[str, Product]) -> Therapy:
    """The therapy that an intervention is; an unknown product adds nothing."""
    product = products.get(intervention.product or "")
    if product is None:
        return Therapy(
            intervention.name or intervention.product or intervention.id,
            tuple(intervention.aliases),
            intervention.product,
            intervention.modality,
            intervention.cell_type,
            intervention.donor,
            intervention.genetic_modification,
            intervention.mechanism,
            intervention.target,
        )
    chinese = (product.name_zh,) if product.name_zh else ()
    return Therapy(
        intervention.name or product.name,
        (*intervention.aliases, *product.aliases, *chinese),
        product.id,
        _own(intervention.modality, product.modality),
        _own(intervention.cell_type, product.cell_type),
        _own(intervention.donor, product.donor),
        _own(intervention.genetic_modification, product.genetic_modification),
        _own(intervention.mechanism, product.mechanism),
        _own(intervention.target, product.target),
    )


def _own(stated: Maybe[T], inherited: Maybe[T]) -> Maybe[T]:
    return inherited if stated is None else stated
