"""The questions for what a record holds several of: each loop ends with an empty answer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any

from alscli.errors import UsageError
from alscli.interview.answer import absence_named, dose, read, result, term
from alscli.interview.question import (
    Apply,
    Choice,
    Question,
    Surroundings,
    Values,
    choices_of,
    elements,
    entries,
    entry_at,
    of_field,
    path_of,
    place,
    product_choices,
    said,
    terms,
    unique,
)
from alscli.model.identifiers import (
    is_safe_record_id,
    parse_doi,
    parse_pmcid,
    parse_pmid,
    parse_registry_id,
    parse_url,
    suggest_record_id,
)
from alscli.model.path import value_at
from alscli.model.vocabulary import normalize
from alscli.query.filters import product_named

NOBODY = ("placebo", "sham", "nothing")
"""What is given without an intervention."""
_UNTESTED = ("pending", "not_reported", "not_applicable")
_EVERYBODY = "all"
_BEFORE = {"baseline": "baseline", "基线": "baseline", "run in": "run_in"}
"""What an arm is compared with but another arm."""


def _listed(values: Values, name: str, what: str, parts: Sequence[str]) -> str:
    """The running summary of a list: `2 arms: msc (experimental, n 20); placebo`."""
    held = elements(values, name)
    if not held:
        return ""
    shown = []
    for each in held:
        details = [_detail(part, each[part]) for part in parts if each.get(part) is not None]
        label = each.get("id") or each.get("key") or each.get("arm") or _EVERYBODY
        shown.append(f"{label} ({', '.join(details)})" if details else str(label))
    return f"{len(held)} {what}{'s' if len(held) > 1 else ''}: {'; '.join(shown)}"


def _detail(name: str, value: Any) -> str:
    return f"{name.replace('_', ' ')} {said(value)}" if isinstance(value, int) else said(value)


def _absent(values: Values, text: str, *path: str | int) -> str:
    """The absence that stands for the whole of a list, where the text names one and nothing is in it."""
    absence = absence_named(text)
    if absence is None or elements(values, *path) or not entry_at(path).anatomy.absence:
        return ""
    place(values, path, absence.value)
    return absence.value


def _begun(name: str, position: int, words: str) -> Apply:
    """Begin an element with an id, or with words of which the id is made; `words` takes them."""

    def apply(values: Values, text: str) -> str:
        if absent := _absent(values, text, name):
            return absent
        taken = [each["id"] for each in elements(values, name)[:position]]
        if is_safe_record_id(text):
            if text in taken:
                raise UsageError(f"there is a {text} already", "give it another name")
            element: Values = {"id": text}
        else:
            element = {"id": unique(suggest_record_id(text), taken), words: text}
        place(values, (name, position), element)
        return str(element["id"])

    return apply


def _first(name: str, position: int, around: Surroundings) -> tuple[Choice, ...]:
    return choices_of(entries()[name], around) if position == 0 else ()


# -- interventions -----------------------------------------------------------------------------------


def interventions(values: Values, around: Surroundings) -> Iterator[Question]:
    """What is given or done; the product asked for at the beginning is the first."""
    group = "Interventions"
    first = len(elements(values, "interventions"))
    for position in count(first):
        yield Question(
            f"interventions.{position}.product",
            "Another intervention" if position else "Intervention",
            "A product of the collection by id, name or alias; else the name of what is given or done."
            + (" Empty if there is no other." if position else ""),
            _intervention(position, around),
            choices=(
                *product_choices(around),
                *_first("interventions", position, around),
            ),
            group=group,
            summary=_listed(values, "interventions", "intervention", ("name", "cell_type")),
        )
        if position >= len(elements(values, "interventions")):
            return
        if "product" not in values["interventions"][position]:
            prefix = f"interventions.{position}"
            yield of_field(f"{prefix}.modality", group, around, required=True)
            if values["interventions"][position].get("modality") == "cell":
                yield of_field(f"{prefix}.cell_type", group, around, required=True)
                yield of_field(f"{prefix}.donor", group, around, required=True)


def _intervention(position: int, around: Surroundings) -> Apply:
    def apply(values: Values, text: str) -> str:
        if absent := _absent(values, text, "interventions"):
            return absent
        product = product_named(text, around.products)
        name = product.id if product else text
        taken = [each["id"] for each in elements(values, "interventions")[:position]]
        entry = {"id": unique(suggest_record_id(name), taken), "product" if product else "name": name}
        place(values, ("interventions", position), entry)
        return str(entry["id"])

    return apply


def _gives_cells(values: Values, around: Surroundings, id_: str | None) -> bool:
    for each in elements(values, "interventions"):
        if each["id"] == id_:
            product = around.products.get(each.get("product", ""))
            return (each.get("modality") or (product.modality if product else "")) == "cell"
    return False


# -- arms --------------------------------------------------------------------------------------------


def arms(values: Values, around: Surroundings) -> Iterator[Question]:
    """Groups, with what they were given."""
    group = "Arms"
    for position in count():
        prefix = f"arms.{position}"
        yield Question(
            f"{prefix}.id",
            "Another arm" if position else "Arm",
            "A group treated alike, by a short name (active, placebo, low) or by its name in the source; "
            "cohorts of different doses are arms of their own. Empty if there is no other.",
            _begun("arms", position, "label"),
            choices=_first("arms", position, around),
            group=group,
            summary=_listed(values, "arms", "arm", ("role", "n")),
        )
        if position >= len(elements(values, "arms")):
            return
        name = values["arms"][position]["id"]
        yield of_field(f"{prefix}.role", group, around, label=f"Role of {name}")
        yield of_field(f"{prefix}.n", group, around, label=f"People in {name}")
        yield from _given(values, around, position, name)


def _given(values: Values, around: Surroundings, arm: int, name: str) -> Iterator[Question]:
    group = "Arms"
    for position in count():
        prefix = f"arms.{arm}.given.{position}"
        held = elements(values, "arms", arm, "given")
        known = [each["id"] for each in elements(values, "interventions")]
        yield Question(
            f"{prefix}.intervention",
            f"Given to {name}" + (" besides" if position else ""),
            "An intervention by its id; placebo or sham for a line without one; one line for each drug and "
            "each stretch of the schedule. Empty if nothing, or nothing else.",
            _line(arm, position),
            choices=(
                *(Choice(id_, "intervention of this record") for id_ in known),
                *(Choice(word, "no intervention of its own") for word in NOBODY[:2]),
                *(choices_of(entries()["arms.given"], around) if not position else ()),
            ),
            group=group,
            summary=f"given so far: {'; '.join(map(said, held))}" if held else "",
        )
        if position >= len(elements(values, "arms", arm, "given")):
            return
        yield of_field(f"{prefix}.route", group, around)
        line = value_at(values, ("arms", arm, "given", position))
        if "intervention" in line:
            yield _dose(prefix, values, around, line["intervention"])
        yield of_field(f"{prefix}.doses", group, around, label="How many doses")
        yield of_field(f"{prefix}.every", group, around, label="Every")
        if "doses" not in value_at(values, ("arms", arm, "given", position)):
            yield of_field(f"{prefix}.for", group, around, label="For how long")


def _line(arm: int, position: int) -> Apply:
    def apply(values: Values, text: str) -> str:
        path = ("arms", arm, "given")
        if absent := _absent(values, text, *path):
            return absent
        known = [each["id"] for each in elements(values, "interventions")]
        if text.casefold() in NOBODY and text not in known:
            place(values, (*path, position), {})
            return text.casefold()
        found = [id_ for id_ in known if normalize(id_) == normalize(text)]
        if not found:
            raise UsageError(
                f"no intervention {text!r} in this record", f"there are: {', '.join(known)}, placebo"
            )
        place(values, (*path, position), {"intervention": found[0]})
        return str(found[0])

    return apply


def _dose(prefix: str, values: Values, around: Surroundings, intervention: str) -> Question:
    cells = _gives_cells(values, around, intervention)

    def apply(values: Values, text: str) -> str:
        _, arm, _, position = prefix.split(".")
        line = value_at(values, ("arms", int(arm), "given", int(position)))
        if (absence := absence_named(text)) is not None:
            line["low"] = absence.value
            return absence.value
        found = dose(text, around.vocabularies["dose_unit"], cells=cells)
        line.update(found)
        return " ".join([" to ".join(said(found[k]) for k in ("low", "high") if k in found), found["unit"]])

    return Question(
        f"{prefix}.low",
        "Dose",
        "The amount of one administration, as it is printed: 1×10^6/kg, 30 × 10⁶ cells, 100 mg, "
        "100-125 million cells.",
        apply,
        choices=choices_of(entries()["arms.given.low"], around),
        group="Arms",
    )


def _arm_named(text: str, values: Values) -> str:
    """The id of the arm that goes by this id or label; nothing where there is none."""
    wanted = normalize(text)
    for each in elements(values, "arms") if wanted else ():
        if wanted in (normalize(each["id"]), normalize(each.get("label", ""))):
            return str(each["id"])
    return ""


# -- outcomes ----------------------------------------------------------------------------------------


def outcomes(values: Values, around: Surroundings) -> Iterator[Question]:
    """Outcomes, with values by arm and comparisons."""
    group = "Outcomes"
    for position in count():
        prefix = f"outcomes.{position}"
        yield Question(
            f"{prefix}.id",
            "Another outcome" if position else "Outcome",
            "A short name (responder-28w) or the outcome in words; primary ones first. Empty if there is no "
            "other.",
            _begun("outcomes", position, "definition"),
            choices=_first("outcomes", position, around),
            group=group,
            summary=_listed(values, "outcomes", "outcome", ("role", "result")),
        )
        if position >= len(elements(values, "outcomes")):
            return
        for name in (
            "role",
            "instrument",
            "measure",
            "definition",
            "at",
            "population",
            "stat",
            "unit",
            "result",
        ):
            if name not in values["outcomes"][position]:
                yield _of_outcome(prefix, name, around)
        if values["outcomes"][position].get("result") not in _UNTESTED:
            yield from _values(values, around, position)
            yield from _effects(values, around, position)
        yield of_field(f"{prefix}.note", group, around)
        if "values" in values["outcomes"][position] or values["outcomes"][position].get("result"):
            yield from _source(prefix, group, values, around)


def _of_outcome(prefix: str, name: str, around: Surroundings) -> Question:
    labels = {"definition": "In words", "at": "When", "stat": "What the values are", "measure": "Measure"}
    return of_field(
        f"{prefix}.{name}",
        "Outcomes",
        around,
        label=labels.get(name, name.capitalize()),
        required=name == "role",
    )


def _values(values: Values, around: Surroundings, outcome: int) -> Iterator[Question]:
    for arm in [each["id"] for each in elements(values, "arms")] or [_EVERYBODY]:
        yield Question(
            f"outcomes.{outcome}.values.{arm}",
            f"Value in {arm}" if arm != _EVERYBODY else "Value",
            "13 of 19; or a number or bound, then what is known of n, sd, se, ci, iqr, range: -3.77, sd 1.2, "
            "n 95, ci -4.1 to -3.4.",
            _value(outcome, arm),
            choices=choices_of(entries()["outcomes.values.value"], around),
            group="Outcomes",
        )


def _value(outcome: int, arm: str) -> Apply:
    def apply(values: Values, text: str) -> str:
        found = result(text)
        if (
            text.partition(",")[0].strip().endswith("%")
            and values["outcomes"][outcome].get("stat") == "count"
        ):
            raise UsageError(f"{text!r} is no count", "write 33 of 95, or go back with <stat")
        held = elements(values, "outcomes", outcome, "values")
        entry: dict[str, Any] = ({} if arm == _EVERYBODY else {"arm": arm}) | found
        place(values, ("outcomes", outcome, "values", len(held)), entry)
        return said(found)

    return apply


def _effects(values: Values, around: Surroundings, outcome: int) -> Iterator[Question]:
    group = "Outcomes"
    for position in count():
        prefix = f"outcomes.{outcome}.effects.{position}"
        held = elements(values, "outcomes", outcome, "effects")
        pairs = _pairs(values)
        yield Question(
            f"{prefix}.arm",
            "Another comparison" if position else "Comparison",
            "An arm with another, or with its own baseline or run-in: active vs placebo. Empty if there is "
            "none, or no other.",
            _comparison(outcome, position),
            choices=(
                *(Choice(pair, "") for pair in pairs),
                *(choices_of(entries()["outcomes.effects"], around) if not position else ()),
            ),
            group=group,
            summary="; ".join(said(each) for each in held)
            and f"compared so far: {'; '.join(map(said, held))}",
        )
        if position >= len(elements(values, "outcomes", outcome, "effects")):
            return
        yield of_field(f"{prefix}.type", group, around, label="Measure of effect")
        yield of_field(f"{prefix}.est", group, around, label="Estimate")
        yield of_field(f"{prefix}.ci", group, around, label="Confidence interval")
        yield of_field(f"{prefix}.p", group, around, label="p")
        yield of_field(f"{prefix}.method", group, around, label="Test or model")


def _pairs(values: Values) -> list[str]:
    names = [each["id"] for each in elements(values, "arms")]
    between = [f"{one} vs {other}" for one in names for other in names if one != other]
    return [*between[:12], *(f"{one} vs {before}" for one in names for before in ("baseline", "run_in"))]


def _comparison(outcome: int, position: int) -> Apply:
    def apply(values: Values, text: str) -> str:
        path = ("outcomes", outcome, "effects")
        if absent := _absent(values, text, *path):
            return absent
        names = [each["id"] for each in elements(values, "arms")]
        one, other = (*re.split(r" (?:vs?\.?|versus) ", text, maxsplit=1, flags=re.IGNORECASE), "")[:2]
        if not other and len(names) < 2:
            one, other = (names or [""])[0], one
        one = _arm_named(one, values)
        other = _BEFORE.get(normalize(other)) or _arm_named(other, values)
        if (names and not one) or not other or one == other:
            raise UsageError(
                f"{text!r} compares nothing of this record", f"write one of {'; '.join(_pairs(values)[:4])}"
            )
        entry = {"arm": one, "vs": other} if names else {"vs": other}
        place(values, (*path, position), entry)
        return f"{one} vs {other}".strip()

    return apply


# -- safety ------------------------------------------------------------------------------------------


def safety(values: Values, around: Surroundings) -> Iterator[Question]:
    """Harms, counted in people, in one arm or in everybody."""
    group = "Safety"
    for position in count():
        prefix = f"safety.{position}"
        names = [each["id"] for each in elements(values, "arms")]
        yield Question(
            f"{prefix}.arm",
            "Harms also in" if position else "Harms in",
            "An arm, or all for everybody. Empty if nothing is said of harms, or nothing more.",
            _harms(position),
            choices=(
                *(Choice(name, "arm") for name in names),
                Choice(_EVERYBODY, "everybody"),
                *_first("safety", position, around),
            ),
            group=group,
            summary=_listed(values, "safety", "line", ("n", "deaths", "sae_patients")),
        )
        if position >= len(elements(values, "safety")):
            return
        labels = {
            "n": "People at risk",
            "deaths": "Deaths",
            "sae_patients": "People with a serious event",
            "sae_related_patients": "… with one held to be related",
            "ae_patients": "People with any event",
            "statement": "In words",
        }
        for name, label in labels.items():
            yield of_field(f"{prefix}.{name}", group, around, label=label)
        yield from _source(prefix, group, values, around)


def _harms(position: int) -> Apply:
    def apply(values: Values, text: str) -> str:
        if absent := _absent(values, text, "safety"):
            return absent
        if text.casefold() in (_EVERYBODY, "everybody", "everyone"):
            place(values, ("safety", position), {})
            return _EVERYBODY
        arm = _arm_named(text, values)
        if not arm:
            names = [*(each["id"] for each in elements(values, "arms")), _EVERYBODY]
            raise UsageError(f"no arm {text!r} in this record", f"there are: {', '.join(names)}")
        place(values, ("safety", position), {"arm": arm})
        return arm

    return apply


# -- sources -----------------------------------------------------------------------------------------


def _source(prefix: str, group: str, values: Values, around: Surroundings) -> Iterator[Question]:
    """Which source says so, where there are several, and where in it."""
    keys = [each["key"] for each in elements(values, "refs")]
    if "registry_id" in values:
        keys = ["registry", *keys]
    if len(keys) > 1:
        lists = (*elements(values, "outcomes"), *elements(values, "safety"))
        before = [said(each["src"]) for each in lists if "src" in each]
        yield Question(
            f"{prefix}.src",
            "Which source",
            f"{entries()['src'].meaning}: {', '.join(keys)}; several with commas.",
            _cited(f"{prefix}.src", keys, around),
            default=before[-1] if before else "",
            choices=[Choice(key, "source of this record") for key in keys],
            group=group,
        )
    yield of_field(f"{prefix}.loc", group, around, label="Where in the source")


def _cited(key: str, keys: Sequence[str], around: Surroundings) -> Apply:
    def apply(values: Values, text: str) -> str:
        found = read(text, entries()["src"], around.vocabularies)
        strange = [each for each in ([found] if isinstance(found, str) else found) if each not in keys]
        if strange:
            raise UsageError(f"no source {strange[0]!r} in this record", f"there are: {', '.join(keys)}")
        place(values, path_of(key), found)
        return said(found)

    return apply


def references(values: Values, around: Surroundings) -> Iterator[Question]:
    """The sources; one is needed where there is no registry entry."""
    group = "Sources"
    for position in count():
        required = position == 0 and "registry_id" not in values
        yield Question(
            f"refs.{position}.source",
            "Another source" if position else "Source",
            "A DOI, a PubMed number, a PMC id or an address, in any form; several of one paper with blanks "
            "between them." + ("" if required else " Empty if there is no other than the registry entry."),
            _reference(position),
            required=required,
            group=group,
            summary=_listed(values, "refs", "source", ("kind",)),
        )
        if position >= len(elements(values, "refs")):
            return
        yield _kind_of_reference(position, values["refs"][position], around)
        yield _key_of_reference(position, values["refs"][position])
        yield of_field(f"refs.{position}.title", group, around, label="Title of the source")
        yield of_field(f"refs.{position}.published", group, around)


def _reference(position: int) -> Apply:
    def apply(values: Values, text: str) -> str:
        entry = identified(text)
        taken = [each["key"] for each in elements(values, "refs")[:position]]
        found = said(list(entry.values()))
        key = unique(suggest_record_id(next(iter(entry.values())))[:30].strip("-"), [*taken, "registry"])
        place(values, ("refs", position), {"key": key, **entry})
        values.setdefault("src", key)
        return found

    return apply


_IDENTIFIERS = (("doi", parse_doi), ("pmcid", parse_pmcid), ("pmid", parse_pmid), ("url", parse_url))


def identified(text: str) -> Values:
    """A reference with the identifiers that `text` is: doi, pmid, pmcid or url, or several of them."""
    for pieces in ([text], text.replace(",", " ").split()):
        found: Values = {}
        for piece in pieces:
            for name, parse in _IDENTIFIERS:
                if (value := parse(piece)) is not None:
                    found.setdefault(name, value)
                    break
            else:
                break
        else:
            if found:
                return {name: found[name] for name in ("doi", "pmid", "pmcid", "url") if name in found}
    raise UsageError(f"{text!r} is no DOI, PubMed number, PMC id or address")


def _kind_of_reference(position: int, ref: Values, around: Surroundings) -> Question:
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
        choices=terms("ref_kind", around),
        group="Sources",
    )


def _key_of_reference(position: int, ref: Values) -> Question:
    def apply(values: Values, text: str) -> str:
        key = suggest_record_id(text)
        held = values["refs"]
        if key in [each["key"] for each in held[:position]] or key == "registry":
            raise UsageError(f"the key {key} is taken", "give another, such as author and year")
        if values.get("src") == held[position]["key"]:
            values["src"] = key
        held[position]["key"] = key
        return key

    return Question(
        f"refs.{position}.key",
        "Key",
        "The name by which facts cite it: author and year, as petrou2021.",
        apply,
        required=True,
        default=ref["key"],
        group="Sources",
    )
