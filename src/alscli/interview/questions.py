"""The questions that make a trial record, in order: first what tells whether it is here already.

The questions are made one after the other while `values` grows: each sees the answers before it.
"""

from __future__ import annotations

from collections.abc import Iterator

from alscli.errors import UsageError
from alscli.interview.answer import read
from alscli.interview.parts import arms, interventions, outcomes, references, safety
from alscli.interview.question import (
    PRODUCT,
    Question,
    Surroundings,
    Values,
    elements,
    entries,
    of_field,
    product_choices,
)
from alscli.model.absence import known
from alscli.model.identifiers import is_safe_record_id, suggest_record_id
from alscli.query.filters import product_named

_PLAN: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("The study", ("title_zh", "scientific_title", "acronym", "secondary_ids", "conditions", "subtypes")),
    (
        "Design",
        (
            "study_type",
            "design",
            "phase",
            "phase_label",
            "status",
            "status_as_of",
            "why_stopped",
            "allocation",
            "model",
            "masking",
            "masked",
            "purpose",
            "control",
            "background",
        ),
    ),
    ("Where and how long", ("countries", "sites", "follow_up")),
    (
        "When",
        (
            "dates.registered.on",
            "dates.start.on",
            "dates.primary_completion.on",
            "dates.completion.on",
            "dates.results_posted.on",
        ),
    ),
    (
        "People",
        (
            "enrollment.planned",
            "enrollment.screened",
            "enrollment.enrolled",
            "enrollment.randomized",
            "enrollment.treated",
            "enrollment.completed",
            "enrollment.analyzed",
        ),
    ),
    (
        "Who could take part",
        (
            "eligibility.age",
            "eligibility.sex",
            "eligibility.symptom_months",
            "eligibility.alsfrs_r",
            "eligibility.vc_pct",
            "eligibility.note",
        ),
    ),
    ("Sponsor", ("sponsor.class",)),
)
_LABELS = {
    "title_zh": "Title (Chinese)",
    "secondary_ids": "Other ids",
    "sites": "Sites (number)",
    "eligibility.symptom_months": "Months since onset",
    "eligibility.alsfrs_r": "ALSFRS-R at entry",
    "eligibility.vc_pct": "Vital capacity, % of predicted",
    "eligibility.note": "What else decides",
    "sponsor.class": "Kind of sponsor",
}
_DEFAULTS = {"study_type": "interventional"}
_STOPPED = ("terminated", "suspended", "withdrawn")
_MASKED = ("single", "double", "triple", "quadruple")


def questions(values: Values, around: Surroundings) -> Iterator[Question]:
    """The questions for a record whose `values` are filled in between, from the first to the last."""
    yield _registry_id(around)
    if "registry_id" not in values:
        yield of_field("registration", "Identity", around, label="Why no registry id")
    yield of_field("title", "Identity", around, required=True)
    yield _product(around)
    yield of_field("sponsor.name", "Identity", around, label="Sponsor", default=_developer(values, around))
    yield _record_id(values, around)
    yield from references(values, around)
    for group, paths in _PLAN:
        for path in paths:
            if _applies(path, values):
                yield _of_plan(path, group, values, around)
    yield from interventions(values, around)
    yield from arms(values, around)
    yield from outcomes(values, around)
    yield from safety(values, around)
    yield of_field("note", "At the end", around, label="What a reader must know")


def _applies(path: str, values: Values) -> bool:
    if path == "why_stopped":
        return values.get("status") in _STOPPED
    if path == "masked":
        return values.get("masking") in _MASKED
    if path == "sponsor.class":
        return "sponsor" in values
    return True


def _of_plan(path: str, group: str, values: Values, around: Surroundings) -> Question:
    *_, name = path.removesuffix(".on").split(".")
    default = _DEFAULTS.get(path, "")
    if path == "conditions":
        default = ", ".join(_indications(values, around)) or "ALS"
    return of_field(
        path,
        group,
        around,
        label=_LABELS.get(path, name.replace("_", " ").capitalize()),
        required=entries()[path].required and "." not in path,
        default=default,
    )


def _registry_id(around: Surroundings) -> Question:
    def apply(values: Values, text: str) -> str:
        number = read(text, entries()["registry_id"], around.vocabularies)
        around.refuse_registered(number)
        values["registry_id"] = number
        values["src"] = "registry"
        return str(number)

    return Question(
        "registry_id",
        "Registry id",
        "The id in its primary registry, in any form: NCT03280056, a link, lower case. Empty if it has none.",
        apply,
        group="Identity",
    )


def _product(around: Surroundings) -> Question:
    def apply(values: Values, text: str) -> str:
        product = product_named(text, around.products)
        if product is None:
            raise UsageError(
                f"no product {text!r} in the collection",
                "leave it empty; what is given is asked for further on",
            )
        values["interventions"] = [{"id": product.id, "product": product.id}]
        return product.id

    return Question(
        PRODUCT,
        "Product",
        "The product of the collection that it studies, by id, name or alias. Empty if it is none of them.",
        apply,
        choices=product_choices(around),
        group="Identity",
    )


def _developer(values: Values, around: Surroundings) -> str:
    """Who develops the product: the likeliest sponsor."""
    for each in elements(values, "interventions"):
        product = around.products.get(each.get("product", ""))
        if product is not None and (developer := known(product.developer)) is not None:
            return developer
    return ""


def _indications(values: Values, around: Surroundings) -> list[str]:
    """The conditions that the product is developed for and the vocabulary knows, where it has one alone."""
    for each in elements(values, "interventions"):
        product = around.products.get(each.get("product", ""))
        if product is not None and isinstance(product.indications, list):
            found = [around.vocabularies["condition"].find(text) for text in product.indications]
            codes = [term.code for term in found if term is not None]
            if len(codes) == len(product.indications) == 1:
                return codes
    return []


def check_new_id(text: str, around: Surroundings) -> None:
    """Raise UsageError for what is no id of a record, and RefusedError for one that is taken."""
    if not is_safe_record_id(text):
        raise UsageError(
            f"{text!r} is no id",
            f"lower-case letters and digits joined by hyphens: {suggest_record_id(text)}",
        )
    around.refuse_taken(text)


def _record_id(values: Values, around: Surroundings) -> Question:
    def apply(values: Values, text: str) -> str:
        check_new_id(text, around)
        values["id"] = text
        return text

    number = values.get("registry_id")
    return Question(
        "id",
        "Id of the record",
        "Names the record and its file: product or author, then what tells it apart, as nurown-phase3.",
        apply,
        required=True,
        default=suggest_record_id(number) if isinstance(number, str) else "",
        group="Identity",
    )
