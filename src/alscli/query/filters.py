"""Filters: what `--cell-type MSC --year 2020..` means, as a condition in SQL.

A filter given several times means any of its values; several filters mean all of them. A term is found by
code, label or synonym, and finds what lies below it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, TypeVar

from alscli.errors import UsageError
from alscli.query.tables import TRIALS, Column, TableShape

if TYPE_CHECKING:
    import sqlite3

    from alscli.model.vocabulary import Vocabulary
    from alscli.store.collection import Collection

# Every command with filters imports this module: what one filter needs is imported where it is used.

N = TypeVar("N", bound="Named")


class Filter(NamedTuple):
    """One option: which column it looks at, how, and in which vocabulary its values are."""

    option: str
    column: str
    how: Literal["term", "terms", "text", "range", "least", "most", "product", "registry", "words"]
    help: str
    vocabulary: str = ""

    @property
    def name(self) -> str:
        """The option as a Python name."""
        return self.option.replace("-", "_")


class Named(Protocol):
    """A product as far as its names go."""

    @property
    def id(self) -> str:
        """Its id."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def name_zh(self) -> str | None:
        """Its Chinese name."""

    @property
    def aliases(self) -> Sequence[str]:
        """Its other names."""


class _Names(NamedTuple):
    id: str
    name: str
    name_zh: str | None
    aliases: tuple[str, ...]


def products_in(connection: sqlite3.Connection) -> dict[str, Named]:
    """The products of the collection by id, with their names."""
    import json

    rows = connection.execute("SELECT id, name, name_zh, aliases FROM products ORDER BY id")
    return {row[0]: _Names(row[0], row[1], row[2], tuple(json.loads(row[3] or "[]"))) for row in rows}


def product_named(text: str, products: Mapping[str, N]) -> N | None:
    """The product that goes by this id, name or alias."""
    from alscli.model.vocabulary import normalize

    wanted = normalize(text)
    for plain in (True, False):  # a Chinese name is compared last: that loads OpenCC
        for product in products.values():
            names = (product.id, product.name, product.name_zh or "", *product.aliases)
            if wanted and any(name.isascii() is plain and normalize(name) == wanted for name in names):
                return product
    return None


FILTERS = (
    Filter("cell-type", "cell_types", "terms", "cells given, and all below: MSC finds BM-MSC", "cell_type"),
    Filter("modality", "modalities", "terms", "kind of therapy", "modality"),
    Filter("route", "routes", "terms", "way into the body", "route"),
    Filter("donor", "donors", "terms", "whose cells", "donor"),
    Filter("phase", "phase", "term", "phase; 2 finds 1/2 and 2/3 too", "phase"),
    Filter("status", "status", "term", "recruitment status", "status"),
    Filter("design", "design", "term", "design", "design"),
    Filter("masking", "masking", "term", "how many roles are masked", "masking"),
    Filter("country", "countries", "terms", "country by code or name", "country"),
    Filter("sponsor", "sponsor", "text", "part of the name of the sponsor or a collaborator"),
    Filter("sponsor-class", "sponsor_class", "term", "what kind of organization", "sponsor_class"),
    Filter("condition", "conditions", "terms", "condition studied", "condition"),
    Filter("subtype", "subtypes", "terms", "form of the disease", "subtype"),
    Filter("product", "products", "product", "product by id, name or alias"),
    Filter("instrument", "instruments", "terms", "scale or test of an outcome", "instrument"),
    Filter("primary", "primary_results", "terms", "result of any primary endpoint", "result"),
    Filter("evidence", "evidence_level", "range", "OCEBM level: 2 or 2..3"),
    Filter("registry", "registry", "registry", "registry of the id (ctgov, isrctn, chictr …)"),
    Filter("year", "year", "range", "year of the start, else of the registration: 2020 or 2020..2025"),
    Filter("min-enrollment", "enrollment", "least", "at least so many people"),
    Filter("max-enrollment", "enrollment", "most", "at most so many people"),
    Filter("decision", "decision", "term", "include (the default) or undecided", "decision"),
    Filter("text", "title", "words", "words in titles, names, ids, sponsors and notes"),
)

EVERY_DECISION = {"decision": ["include", "undecided"]}
"""Filter values that leave nothing out."""

_SEARCHED = " || ' ' || ".join(
    f"coalesce(t.{name}, '')"
    for name in (
        *("id", "registry_id", "secondary_ids", "title", "title_zh", "acronym", "interventions", "products"),
        *("conditions", "sponsor", "sponsor_zh", "collaborators", "note"),
    )
)
"""What `--text` looks into, in SQL."""

_RANGE = r"([0-9]{0,9})(\.\.)?([0-9]{0,9})"
_ENDLESS = 10**9
_MOST = 500  # SQLite takes an expression of a thousand parts


class Condition(NamedTuple):
    """A condition in SQL over `trials t`, with its parameters."""

    sql: str
    parameters: tuple[object, ...] = ()

    def also(self, other: Condition) -> Condition:
        """Both conditions."""
        return Condition(f"({self.sql}) AND ({other.sql})", (*self.parameters, *other.parameters))


def condition(
    given: Mapping[str, Sequence[str]], vocabularies: Mapping[str, Vocabulary], products: Mapping[str, Named]
) -> Condition:
    """The condition that these filter values make; keys are `Filter.name`.

    Undecided records are left out unless `decision` asks for them. Raises UsageError for a value that no
    filter understands.
    """
    parts: list[Condition] = []
    for each in FILTERS:
        values = dict.fromkeys(given.get(each.name) or ())
        if len(values) > _MOST:
            raise UsageError(f"--{each.option}: more than {_MOST} values", "leave some out, or use --where")
        if values:
            alternatives = [_one(each, value, vocabularies, products) for value in values]
            sql = " OR ".join(part.sql for part in alternatives)
            parts.append(Condition(f"({sql})", tuple(p for part in alternatives for p in part.parameters)))
    if not given.get("decision"):
        # With a plus SQLite reads the table in its order, not row by row by the index on `decision`.
        parts.append(Condition("+t.decision = 'include'"))
    return Condition(
        " AND ".join(part.sql for part in parts), tuple(p for part in parts for p in part.parameters)
    )


def asked(
    collection: Collection,
    connection: sqlite3.Connection,
    given: Mapping[str, Sequence[str]],
    where: Iterable[str] = (),
) -> Condition:
    """The condition that filters and SQL expressions make, in a database that has learned what it needs."""
    products = products_in(connection) if "product" in given else {}
    teach(connection)
    chosen = condition(given, collection.vocabularies if given else {}, products)
    for expression in where:
        chosen = narrowed(chosen, expression)
    return chosen


def narrowed(condition: Condition, expression: str) -> Condition:
    """The condition and an SQL expression over `trials` that somebody typed.

    To be evaluated within `guard.guarded`. Raises UsageError for what is not one expression.
    """
    from alscli.query.guard import one_condition

    return condition.also(Condition(one_condition(expression)))


def rows_of_trials(table: TableShape, trials: Condition, *, every_product: bool) -> Condition:
    """The condition on the rows of a table that go with some trials: those rows refer to no others.

    Products are those of the trials, or every one; what the ledger holds goes with any trials.
    """
    chosen = f"(SELECT t.id FROM trials t WHERE {trials.sql})"  # noqa: S608
    used = f"(SELECT i.product FROM interventions i WHERE i.trial IN {chosen})"  # noqa: S608
    if table is TRIALS or "trial" in table.key:
        return Condition(f"{table.key[0]} IN {chosen}", trials.parameters)
    of_products = Condition("1") if every_product else Condition(f"{{}} IN {used}", trials.parameters)
    if table.name in ("products", "events"):
        return of_products._replace(sql=of_products.sql.format(table.key[0]))
    if "kind" not in table.key:
        return Condition("1")
    owner = table.key[1]
    sql = f"CASE kind WHEN 'trial' THEN {owner} IN {chosen} WHEN 'product' THEN {of_products.sql} ELSE 1 END"
    return Condition(sql.format(owner), (*trials.parameters, *of_products.parameters))


def _one(
    each: Filter, value: str, vocabularies: Mapping[str, Vocabulary], products: Mapping[str, Named]
) -> Condition:
    from alscli.model.nearness import did_you_mean
    from alscli.model.vocabulary import normalize

    column = f't."{each.column}"'
    match each.how:
        case "term":
            return _member(column, codes(each, value, vocabularies))
        case "terms":
            return _shares(column, codes(each, value, vocabularies))
        case "product":
            product = product_named(value, products)
            if product is None:
                hint = did_you_mean(value, products) or "`alscli values product` lists them"
                raise UsageError(f"--product: no product {value!r}", hint)
            return _shares(column, [product.id])
        case "registry":
            return _member(column, [_registry(value)])
        case "range":
            low, high = _bounds(each, value)
            return Condition(f"{column} BETWEEN ? AND ?", (low, high))
        case "least":
            return Condition(f"{column} >= ?", (_whole(each, value),))
        case "most":
            return Condition(f"{column} <= ?", (_whole(each, value),))
        case "text":
            columns = ("sponsor", "sponsor_zh", "collaborators")
            alternatives = " OR ".join(f"instr(normal(t.{name}), ?)" for name in columns)
            return Condition(alternatives, (normalize(value),) * len(columns))
        case "words":
            return Condition(f"holds({_SEARCHED}, ?)", (normalize(value),))


def teach(connection: sqlite3.Connection) -> None:
    """Give the database two functions on names in the form in which they are compared.

    `normal(text)` is that form; `holds(text, words)`, whether all the words, which have it, are in the text.
    """
    connection.create_function("normal", 1, _normal, deterministic=True)
    connection.create_function("holds", 2, _holds, deterministic=True)


def _normal(text: object) -> str | None:
    from alscli.model.vocabulary import normalize

    return None if text is None else normalize(str(text))


def _holds(text: object, words: object) -> bool:
    held = _normal(text) or ""
    return all(word in held for word in str(words or "").split())


def codes(each: Filter, value: str, vocabularies: Mapping[str, Vocabulary]) -> list[str]:
    """The codes that a value of this filter finds, itself and those below; UsageError for no term."""
    import re

    vocabulary = vocabularies[each.vocabulary]
    if found := vocabulary.filter(value):
        return sorted(found)
    if each.option == "condition" and value.strip():
        return [value]  # a registry's own words are allowed there
    labels = {code: vocabulary.terms[code].en for code in vocabulary.nearest(value)}
    near = [
        code if code.casefold() == re.sub("[ -]", "_", label.casefold()) else f"{code} ({label})"
        for code, label in labels.items()
    ]
    hint = (
        f"did you mean {' or '.join(near)}?" if near else f"`alscli values {each.vocabulary}` lists the terms"
    )
    raise UsageError(f"--{each.option}: {value!r} is no term of {each.vocabulary}", hint)


def _member(column: str, codes: Sequence[str]) -> Condition:
    return Condition(f"{column} IN ({', '.join('?' * len(codes))})", tuple(codes))


def _shares(column: str, codes: Sequence[str]) -> Condition:
    places = ", ".join("?" * len(codes))
    sql = f"EXISTS (SELECT 1 FROM json_each({column}) e WHERE e.value IN ({places}))"  # noqa: S608
    return Condition(sql, tuple(codes))


def _registry(value: str) -> str:
    """The code of the registry with this code, name or beginning of its numbers."""
    from alscli.model.identifiers import REGISTRIES
    from alscli.model.nearness import did_you_mean

    codes_ = {registry.code: registry.code for registry in REGISTRIES}
    for registry in REGISTRIES:
        for name in (registry.name, registry.prefix):
            codes_.setdefault(name.casefold(), registry.code)
    if not value or value.casefold() not in codes_:
        known = [registry.code for registry in REGISTRIES]
        raise UsageError(f"--registry: no registry {value!r}", did_you_mean(value, known))
    return codes_[value.casefold()]


def _bounds(each: Filter, value: str) -> tuple[int, int]:
    import re

    match = re.fullmatch(_RANGE, value.strip())
    if match is None or not (match[1] or match[3]) or (not match[2] and match[3]):
        least, most = (2020, 2025) if each.name == "year" else (2, 3)
        hint = f"write {least}, {least}..{most}, {least}.. or ..{most}"
        raise UsageError(f"--{each.option}: {value!r} is no range", hint)
    low = int(match[1] or 0)
    high = int(match[3] or _ENDLESS) if match[2] else low
    if low > high:
        raise UsageError(f"--{each.option}: {value!r} ends before it begins", f"write {high}..{low}")
    return low, high


def _whole(each: Filter, value: str) -> int:
    import re

    if re.fullmatch("[0-9]{1,18}", value.strip()) is None:
        raise UsageError(f"--{each.option}: {value!r} is no whole number", "write, for example, 40")
    return int(value)


def columns(text: str | None, default: Sequence[str]) -> list[Column]:
    """The columns that a comma-separated list names; `+a,b` adds to the default.

    Raises UsageError with the nearest names.
    """
    if text is None:
        return [_column(name) for name in default]
    adding = text.startswith("+")
    wanted = [_column(name.strip()) for name in text.lstrip("+").split(",") if name.strip()]
    if not wanted:
        raise UsageError("--columns names no column", f"columns: {', '.join(TRIALS.names)}")
    return list(dict.fromkeys([*(_column(name) for name in default if adding), *wanted]))


def grouping(names: Iterable[str]) -> list[Column]:
    """The columns to count by; a filter's name (cell-type) stands for its column (cell_types).

    Raises UsageError with the nearest names.
    """
    by_filter = {each.name: each.column for each in FILTERS if each.column in TRIALS.names}
    parts = [part.strip().replace("-", "_") for name in names for part in name.split(",") if part.strip()]
    return [
        _column(name if name in TRIALS.names else by_filter.get(name, name)) for name in dict.fromkeys(parts)
    ]


def _column(name: str) -> Column:
    name = name.replace("-", "_")
    for column in TRIALS.columns:
        if column.name == name:
            return column
    from alscli.model.nearness import nearest

    near = nearest(name, TRIALS.names)
    hint = f"did you mean {' or '.join(near)}?" if near else f"columns: {', '.join(TRIALS.names)}"
    raise UsageError(f"no column {name!r}", hint)


def ordering(text: str | None) -> str:
    """The ORDER BY for a list such as `-start,id`; what is absent comes last, the id decides the rest."""
    keys: list[str] = []
    for part in (text or "id").split(","):
        name = part.strip()
        descending = name.startswith("-")
        if not name.strip("-+"):
            raise UsageError("--sort names no column", "write columns with commas between, such as -start,id")
        (column,) = columns(name.lstrip("-+"), ())
        way = "DESC" if descending else "ASC"
        # The id is never absent, and alone it is the order of the table: nothing has to be sorted.
        empty = [] if column.name == "id" else [f'(t."{column.name}" IS NULL)']
        keys += [*empty, f't."{column.name}" {way}']
    by_id = any(key.startswith('t."id"') for key in keys)
    return ", ".join(keys if by_id else [*keys, "t.id"])
