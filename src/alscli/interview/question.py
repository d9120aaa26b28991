"""One question of the interview: how its answer is read, checked by the format, and put into the record."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from typing import Any, NamedTuple

from pydantic import ValidationError

from alscli.errors import UsageError
from alscli.interview.answer import read
from alscli.model.absence import Absence
from alscli.model.format import MODELS, FieldEntry, fields, shape_of
from alscli.model.path import Path, value_at
from alscli.model.product import Product
from alscli.model.trial import Trial
from alscli.model.vocabulary import Vocabularies

Values = dict[str, Any]
Apply = Callable[[Values, str], str]
SHAPE = shape_of(MODELS["trial"])
PRODUCT = "product"
"""Key of the question for a product, which is asked for before the other interventions."""


class Choice(NamedTuple):
    """An answer that is offered: what is typed, what it means, and what else finds it."""

    code: str
    meaning: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Surroundings:
    """What the questions look at beside the answers: terms, products, ids that are taken.

    `remark` gives what a person should know after an answer: rules that it breaks, records that look alike;
    its arguments are the question and the values with the answer in them. `offered` keeps the terms of each
    vocabulary as choices.
    """

    vocabularies: Vocabularies
    products: Mapping[str, Product]
    refuse_registered: Callable[[str], None]
    refuse_taken: Callable[[str], None]
    remark: Callable[[Question, Values], Sequence[str]] = lambda question, values: ()
    offered: dict[str, tuple[Choice, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Question:
    """One question.

    `apply` puts the answer into the record and returns it in canonical form, or raises UsageError. `path`
    is where it stands in the record; `summary` says what a list holds so far.
    """

    key: str
    label: str
    help: str
    apply: Apply
    required: bool = False
    default: str = ""
    choices: Sequence[Choice] = field(default_factory=tuple)
    group: str = ""
    summary: str = ""

    @property
    def path(self) -> Path:
        """Where the answer stands in the record: keys and positions; the element where it fills several."""
        path = path_of(self.key) if self.key != PRODUCT else ("interventions", 0, "product")
        keys = ".".join(part for part in path if isinstance(part, str))
        return path if keys in entries() else path[:-1]


def path_of(key: str) -> Path:
    """The path that a question's key is."""
    return tuple(int(part) if part.isdecimal() else part for part in key.split("."))


@cache
def entries() -> dict[str, FieldEntry]:
    """The fields of a trial by path, without marks of lists."""
    return {entry.path.replace("[]", ""): entry for entry in fields("trial")}


def entry_at(path: Path) -> FieldEntry:
    """The field at a path."""
    return entries()[".".join(part for part in path if isinstance(part, str))]


def of_field(
    key: str,
    group: str,
    around: Surroundings,
    *,
    label: str = "",
    required: bool = False,
    default: str = "",
    choices: Sequence[Choice] = (),
) -> Question:
    """The question for one field, wherever it is in the record."""
    path = path_of(key)
    entry = entry_at(path)

    def apply(values: Values, text: str) -> str:
        value = read(text, entry, around.vocabularies)
        place(values, path, value)
        return said(value)

    return Question(
        key,
        label or str(path[-1]).replace("_", " ").capitalize(),
        help_of(entry),
        apply,
        required=required,
        default=default,
        choices=(*choices, *choices_of(entry, around)),
        group=group,
    )


def help_of(entry: FieldEntry) -> str:
    """What a field means, and of which type it is."""
    kind = "" if entry.anatomy.vocabulary or entry.type_name == "text" else f" A {entry.type_name}."
    return f"{entry.meaning}.{kind}"


def place(values: Values, path: Path, value: Any) -> None:
    """Set what stands at a path of keys and positions, with the tables and elements on the way."""
    here: Any = values
    for part, following in pairwise(path):
        if isinstance(part, int):
            here = here[part]
        else:
            here = here.setdefault(part, [] if isinstance(following, int) else {})
    last = path[-1]
    if isinstance(last, int):
        here[last:] = [value]
    else:
        here[last] = value


def elements(values: Values, *path: str | int) -> list[Any]:
    """The elements of a list of the record; none where it is missing or absent."""
    found = value_at(values, path)
    return found if isinstance(found, list) else []


def refuse_misfit(values: Values, path: Path, vocabularies: Vocabularies) -> None:
    """Raise UsageError, with the format's own words, where it does not take what stands at `path`."""
    try:
        Trial.model_validate(values, context={"vocabularies": vocabularies})
    except ValidationError as error:
        where = tuple(map(str, path))
        for problem in error.errors(include_url=False):
            location = tuple(str(part) for part in problem["loc"])
            if location[: len(where)] == where and problem["type"] != "missing":
                raise UsageError(f"{'.'.join(location)}: {problem['msg']}") from None


def said(value: Any) -> str:
    """A value as it is shown back."""
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, dict):
        return ", ".join(f"{key} {said(part)}" for key, part in value.items())
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:_}" if isinstance(value, int) and abs(value) >= 10_000 else str(value)


_ABSENCES = (
    Choice(Absence.NOT_REPORTED.value, "looked for, and not there 未报告"),
    Choice(Absence.NOT_APPLICABLE.value, "cannot be there 不适用"),
)


def choices_of(entry: FieldEntry, around: Surroundings) -> tuple[Choice, ...]:
    """The terms that a field takes, and the two absences where it may be absent."""
    name = entry.anatomy.vocabulary or ("condition" if entry.path == "conditions" else "")
    absences = _ABSENCES if entry.anatomy.absence else ()
    if entry.anatomy.type_name == "true or false":
        return (Choice("yes", "是"), Choice("no", "否"), *absences)
    return (*terms(name, around), *absences) if name else absences


def terms(name: str, around: Surroundings) -> tuple[Choice, ...]:
    """The terms of a vocabulary."""
    if name not in around.offered:
        found = around.vocabularies[name].terms.values()
        around.offered[name] = tuple(
            Choice(item.code, f"{item.en} {item.zh_hans}", item.names) for item in found
        )
    return around.offered[name]


def product_choices(around: Surroundings) -> tuple[Choice, ...]:
    """The products of the collection."""
    return tuple(
        Choice(each.id, each.name, (*each.aliases, *([each.name_zh] if each.name_zh else [])))
        for each in around.products.values()
    )


def unique(name: str, taken: Sequence[str]) -> str:
    """The name, numbered where it is taken."""
    number, free = 2, name
    while free in taken:
        free = f"{name}-{number}"
        number += 1
    return free
