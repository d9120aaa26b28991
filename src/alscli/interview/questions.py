"""The questions that make a trial record, in order; each knows how its answer enters the record."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from pydantic import ValidationError

from alscli.errors import UsageError
from alscli.interview.answer import read, term
from alscli.model.format import MODELS, FieldEntry, fields, shape_of
from alscli.model.identifiers import (
    is_safe_record_id,
    parse_doi,
    parse_pmcid,
    parse_pmid,
    parse_registry_id,
    parse_url,
    suggest_record_id,
)
from alscli.model.path import put
from alscli.model.product import Product
from alscli.model.trial import Trial
from alscli.model.vocabulary import Vocabularies
from alscli.query.filters import product_named

Values = dict[str, Any]
Apply = Callable[[Values, str], str]
SHAPE = shape_of(MODELS["trial"])


@dataclass(frozen=True)
class Surroundings:
    """What the questions look at beside the answers: terms, products, ids that are taken."""

    vocabularies: Vocabularies
    products: Mapping[str, Product]
    refuse_registered: Callable[[str], None]
    refuse_taken: Callable[[str], None]


@dataclass(frozen=True)
class Question:
    """One question.

    `apply` puts the answer into the record and returns it in canonical form, or raises UsageError.
    """

    key: str
    label: str
    help: str
    apply: Apply
    required: bool = False
    default: str = ""
    choices: Sequence[tuple[str, str]] = field(default_factory=tuple)
    group: str = ""


@cache
def _entries() -> dict[str, FieldEntry]:
    return {entry.path.replace("[]", ""): entry for entry in fields("trial")}


_PLAN: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("The study", ("title", "title_zh", "acronym", "conditions", "subtypes")),
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
            "masking",
            "control",
        ),
    ),
    ("Where", ("countries", "sites")),
    ("When", ("dates.registered.on", "dates.start.on", "dates.completion.on")),
    (
        "People",
        (
            "enrollment.planned",
            "enrollment.screened",
            "enrollment.enrolled",
            "enrollment.randomized",
            "enrollment.treated",
        ),
    ),
    ("Sponsor", ("sponsor.name", "sponsor.class")),
)
_STOPPED = ("terminated", "suspended", "withdrawn")


def questions(values: Values, around: Surroundings) -> Iterator[Question]:
    """The questions for a record of which `values` are known, from the first to the last."""
    yield _registry_id(around)
    if "registry_id" not in values:
        yield _of_field("registration", "Identity", values, around)
    yield _record_id(values, around)
    for group, paths in _PLAN:
        for path in paths:
            if _applies(path, values):
                yield _of_field(path, group, values, around)
    yield from _interventions(values, around)
    yield from _refs(values, around)


def _applies(path: str, values: Values) -> bool:
    if path == "why_stopped":
        return values.get("status") in _STOPPED
    if path == "sponsor.class":
        return "sponsor" in values
    return True


def _registry_id(around: Surroundings) -> Question:
    def apply(values: Values, text: str) -> str:
        number = read(text, _entries()["registry_id"], around.vocabularies)
        around.refuse_registered(number)
        values["registry_id"] = number
        return str(number)

    return Question(
        "registry_id",
        "Registry id",
        "The id in its primary registry, in any form: NCT03280056, a link, lower case. Empty if it has none.",
        apply,
        group="Identity",
    )


def _record_id(values: Values, around: Surroundings) -> Question:
    def apply(values: Values, text: str) -> str:
        if not is_safe_record_id(text):
            raise UsageError(
                f"{text!r} is no id",
                f"lower-case letters and digits joined by hyphens: {suggest_record_id(text)}",
            )
        around.refuse_taken(text)
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


_DEFAULTS = {"conditions": "ALS", "study_type": "interventional"}


def _of_field(path: str, group: str, values: Values, around: Surroundings) -> Question:
    entry = _entries()[path]

    def apply(values: Values, text: str) -> str:
        value = read(text, entry, around.vocabularies)
        accept(values, path, value, around.vocabularies)
        return _said(value)

    label = (
        path.removesuffix(".on")
        .replace("dates.", "")
        .replace("enrollment.", "")
        .replace("sponsor.", "sponsor ")
    )
    kind = entry.type_name if not entry.anatomy.vocabulary else ""
    return Question(
        path,
        label.replace("_", " ").capitalize().replace("zh", "(Chinese)"),
        f"{entry.meaning}.{f' A {kind}.' if kind else ''}",
        apply,
        required=entry.required and "." not in path,
        default=_DEFAULTS.get(path, ""),
        choices=_choices(entry.anatomy.vocabulary or ("condition" if path == "conditions" else ""), around),
        group=group,
    )


def _said(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _choices(vocabulary: str, around: Surroundings) -> tuple[tuple[str, str], ...]:
    if not vocabulary:
        return ()
    terms = around.vocabularies[vocabulary].terms.values()
    return tuple((item.code, f"{item.en} {item.zh_hans}") for item in terms)


def accept(values: Values, path: str, value: Any, vocabularies: Vocabularies) -> None:
    """Put a value at a path, if the format takes it; raises UsageError with the format's own words."""
    put(path, value, values, SHAPE)
    try:
        Trial.model_validate(values, context={"vocabularies": vocabularies})
    except ValidationError as error:
        where = tuple(path.split("."))
        for problem in error.errors(include_url=False):
            location = tuple(str(part) for part in problem["loc"])
            if location[: len(where)] == where and problem["type"] != "missing":
                raise UsageError(f"{path}: {problem['msg']}") from None


def _interventions(values: Values, around: Surroundings) -> Iterator[Question]:
    known = values.get("interventions", [])
    for position, intervention in enumerate([*known, {}]):
        prefix = f"interventions.{position}"
        more = position > 0
        yield Question(
            f"{prefix}.product",
            "Another intervention" if more else "Intervention",
            "A product of the collection by id, name or alias; else the name of what is given or done."
            + (" Empty if there is no other." if more else ""),
            _apply_intervention(position, around),
            choices=tuple((product.id, product.name) for product in around.products.values()),
            group="Interventions",
        )
        if intervention and "product" not in intervention:
            yield _of_intervention(position, "modality", values, around, required=True)
            if intervention.get("modality") == "cell":
                yield _of_intervention(position, "cell_type", values, around, required=True)
                yield _of_intervention(position, "donor", values, around, required=True)


def _apply_intervention(position: int, around: Surroundings) -> Apply:
    def apply(values: Values, text: str) -> str:
        listed = values.setdefault("interventions", [])
        product = product_named(text, around.products)
        name = product.id if product else text
        entry: Values = {"id": _unique(suggest_record_id(name), [i["id"] for i in listed])}
        entry["product" if product else "name"] = name
        listed[position:] = [entry]
        return name

    return apply


def _unique(name: str, taken: Sequence[str]) -> str:
    number, unique = 2, name
    while unique in taken:
        unique = f"{name}-{number}"
        number += 1
    return unique


def _of_intervention(
    position: int, name: str, values: Values, around: Surroundings, *, required: bool
) -> Question:
    entry = _entries()[f"interventions.{name}"]

    def apply(values: Values, text: str) -> str:
        values["interventions"][position][name] = value = read(text, entry, around.vocabularies)
        return _said(value)

    return Question(
        f"interventions.{position}.{name}",
        name.replace("_", " ").capitalize(),
        f"{entry.meaning}.",
        apply,
        required=required,
        choices=_choices(entry.anatomy.vocabulary or "", around),
        group="Interventions",
    )


def _refs(values: Values, around: Surroundings) -> Iterator[Question]:
    known = values.get("refs", [])
    for position, ref in enumerate([*known, {}]):
        required = position == 0 and "registry_id" not in values
        yield Question(
            f"refs.{position}.source",
            "Another source" if position else "Source",
            "A DOI, a PubMed number, a PMC id or an address, in any form."
            + ("" if required else " Empty if there is no other."),
            _apply_ref(position),
            required=required,
            group="Sources",
        )
        if ref:
            yield _kind_of_ref(position, ref, around)


def _apply_ref(position: int) -> Apply:
    def apply(values: Values, text: str) -> str:
        entry = identified(text)
        listed = values.setdefault("refs", [])
        entry["key"] = _unique(
            suggest_record_id(next(iter(entry.values())))[:30].strip("-"), [r["key"] for r in listed]
        )
        listed[position:] = [entry]
        if position == 0:
            values["src"] = "registry" if "registry_id" in values else entry["key"]
        return next(str(value) for key, value in entry.items() if key != "key")

    return apply


def identified(text: str) -> Values:
    """A reference with the identifier that `text` is: doi, pmid, pmcid or url."""
    for name, parse in (("doi", parse_doi), ("pmcid", parse_pmcid), ("pmid", parse_pmid), ("url", parse_url)):
        found = parse(text)
        if found is not None:
            return {name: found}
    raise UsageError(f"{text!r} is no DOI, PubMed number, PMC id or address")


def _kind_of_ref(position: int, ref: Values, around: Surroundings) -> Question:
    def apply(values: Values, text: str) -> str:
        values["refs"][position]["kind"] = kind = term(text, around.vocabularies["ref_kind"])
        return kind

    scholarly = any(name in ref for name in ("doi", "pmid", "pmcid"))
    registered = parse_registry_id(str(ref.get("url", ""))) is not None
    return Question(
        f"refs.{position}.kind",
        "Kind of source",
        "What kind of source it is; decides how far it can be trusted.",
        apply,
        required=True,
        default="article" if scholarly else "registry" if registered else "",
        choices=_choices("ref_kind", around),
        group="Sources",
    )
