"""The sources behind a selection, each once, under a key that does not depend on the selection."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain, count
from typing import NamedTuple

from alscli.export.selection import Selection
from alscli.model.identifiers import REGISTRIES, doi_url, pmcid_url, pmid_url
from alscli.query.filters import Condition
from alscli.query.tables import Cell, Row

_SAME = ("doi", "pmid", "pmcid")
_FIELDS = ("title", "journal", "volume", "pages", "published", *_SAME, "url", "lang", "retrieved")


class Name(NamedTuple):
    """An author: family and given names, or only `family` where the whole is one name."""

    family: str
    given: str = ""


class Source(NamedTuple):
    """A source; `kind` is a term of `ref_kind`, `issue` stands apart from the volume."""

    key: str
    kind: str
    authors: tuple[Name, ...] = ()
    title: str = ""
    journal: str = ""
    volume: str = ""
    issue: str = ""
    pages: str = ""
    published: str = ""
    doi: str = ""
    pmid: str = ""
    pmcid: str = ""
    url: str = ""
    lang: str = ""
    retrieved: str = ""
    cited_by: tuple[str, ...] = ()

    @property
    def address(self) -> str:
        """Where it is to be read; nothing where nobody knows."""
        if self.url or not (self.doi or self.pmid or self.pmcid):
            return self.url
        if self.doi:
            return doi_url(self.doi)
        return pmcid_url(self.pmcid) if self.pmcid else pmid_url(self.pmid)


def gather(selection: Selection) -> list[Source]:
    """The sources of the trials, in order of key: papers, pages and the entries in registries.

    A source that several records cite stands once. Of the ledger's shared sources those are taken that the
    trials cite, or all where nothing was filtered.
    """
    every = replace(selection, trials=Condition("1"), narrowed=False, counts={})
    chosen = {_place(row) for row in _rows(selection)}
    if selection.narrowed:
        cited = {str(row["ref"]) for row in selection.rows("citations") if row["kind"] != "ledger"}
        chosen = {place for place in chosen if place[0] != "ledger" or place[2] in cited}
    citing: dict[str, set[str]] = {}
    for row in every.rows("citations"):
        if row["kind"] != "ledger":
            citing.setdefault(str(row["ref"]), set()).add(str(row["record"]))
    sources: dict[str, Source] = {}
    for group in _groups(_rows(every)):
        key = _unused(group, sources)
        sources[key] = _source(key, group, citing)
        if not any(_place(row) in chosen for row in group):
            sources[key] = sources[key]._replace(kind="")
    found = [source for _, source in sorted(sources.items()) if source.kind]
    selection.counts["references"] = len(found)
    return found


def _rows(selection: Selection) -> Iterator[Row]:
    """The registry entry of each trial, then the references."""
    trials = {row["id"]: (row["title"], row["registered"]) for row in selection.rows("trials")}
    names: dict[Cell, str] = {registry.code: registry.name for registry in REGISTRIES}
    for row in selection.rows("identifiers"):
        if row["role"] == "primary" and row["url"]:
            title, registered = trials[row["trial"]]
            yield dict.fromkeys((*_FIELDS, "authors")) | {
                "kind": "trial",
                "record": row["trial"],
                "key": row["id"],
                "ref_kind": "registry",
                "title": title,
                "published": registered,
                "journal": names.get(row["registry"], row["registry"]),
                "url": row["url"],
            }
    yield from selection.rows("refs")


def _place(row: Row) -> tuple[str, str, str]:
    return str(row["kind"]), str(row["record"]), str(row["key"])


def _groups(rows: Iterable[Row]) -> list[list[Row]]:
    """The rows that are of one source: with one identifier, or with one address and no identifier."""
    groups: list[list[Row]] = []
    places: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        names = [(name, str(row[name]).casefold()) for name in _SAME if row[name]]
        names = names or ([("url", str(row["url"]))] if row["url"] else [])
        group = next((places[name] for name in names if name in places), None)
        if group is None:
            group = []
            groups.append(group)
        group.append(row)
        for name in names:
            places.setdefault(name, group)
    return groups


def _unused(group: list[Row], taken: Iterable[str]) -> str:
    """The key that the source has in the first record with it, with the record's id where that is taken."""
    record, key = str(group[0]["record"]), str(group[0]["key"])
    for name in chain((key, f"{key}-{record}"), (f"{key}-{record}-{number}" for number in count(2))):
        plain = re.sub(r"[^A-Za-z0-9:.-]+", "-", name).strip("-") or "source"
        if plain not in taken:
            return plain
    raise AssertionError(key)


def _source(key: str, group: list[Row], citing: Mapping[str, set[str]]) -> Source:
    """What the first row says, and of the others what it leaves out; `citing` is of shared sources."""
    records = {str(row["record"]) for row in group if row["kind"] != "ledger"}
    for row in group:
        if row["kind"] == "ledger":
            records |= citing.get(str(row["key"]), {"ledger"})
    best = {name: next((_printed(row[name]) for row in group if row[name]), "") for name in _FIELDS}
    authors = next((row["authors"] for row in group if row["authors"]), ())
    volume, _, issue = best["volume"].partition("(")
    return Source(
        key,
        str(group[0]["ref_kind"]),
        tuple(_name(_printed(author)) for author in authors) if isinstance(authors, tuple) else (),
        **best | {"volume": volume.strip(), "issue": issue.rstrip(")").strip()},
        cited_by=tuple(sorted(records)),
    )


def _printed(cell: Cell) -> str:
    """The text without control characters, which none of the formats can hold."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f]+", " ", str(cell))


_INITIALS = re.compile(r"(\S.*?) ([A-Z](?:[ .-]?[A-Z]){0,3}\.?)")


def _name(author: str) -> Name:
    """`Family, Given`, `Family AB` as PubMed prints it, or a name of one piece."""
    family, comma, given = author.partition(",")
    if comma and family.strip() and given.strip():
        return Name(family.strip(), given.strip())
    match = _INITIALS.fullmatch(author)
    if match is not None and not match[1].isupper():
        return Name(match[1], " ".join(f"{letter}." for letter in re.findall("[A-Z]", match[2])))
    return Name(author)
