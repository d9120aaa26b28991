"""Where facts come from: references, disputes, waivers, verification. Shared by the three kinds of file."""

from __future__ import annotations

import re
from typing import Annotated

from alscli.model.field import Table, Term, optional, required, several
from alscli.model.identifiers import parse_doi, parse_pmcid, parse_pmid, parse_url
from alscli.model.values import Date, Sources, Stated, Text, canonical, matching

Doi = Annotated[
    str,
    canonical(
        "DOI", parse_doi, "a DOI such as 10.1002/mus.27472, without https://doi.org/", r"^10\.[0-9]{4,9}/\S+$"
    ),
]
Pmid = Annotated[
    str,
    canonical(
        "PubMed number", parse_pmid, 'a PubMed number in quotes, such as "34890069"', r"^[1-9][0-9]{0,7}$"
    ),
]
Pmcid = Annotated[
    str,
    canonical(
        "PubMed Central id", parse_pmcid, "a PubMed Central id such as PMC9305113", r"^PMC[1-9][0-9]{3,7}$"
    ),
]
Url = Annotated[
    str,
    canonical(
        "address", parse_url, "an address that begins with https:// or http://", r"^[Hh][Tt]{2}[Pp][Ss]?://"
    ),
]

_OPEN = re.compile(r"\s*open(?!\w|-|\s?label)", re.IGNORECASE)

SRC = "Keys of the references behind this; `registry` is the entry of `registry_id`"
LOC = "Where in the source: page, table, abstract, section"


class Ref(Table):
    """A source: a registry entry, a paper, a press release, an article."""

    key: Text = required("Name by which facts cite this source, unique in the file")
    kind: Annotated[str, Term("ref_kind")] = required(
        "What kind of source; decides how far it can be trusted"
    )
    title: Text | None = optional("Title of the source")
    authors: list[Text] = several("Authors, each as `Family, Given` or as printed", kind="value")
    journal: Text | None = optional("Journal, site or publisher")
    volume: Text | None = optional("Volume, with the issue in brackets where there is one")
    pages: Text | None = optional("Pages or article number")
    published: Date | None = optional("When it appeared")
    doi: Doi | None = optional("Digital object identifier")
    pmid: Pmid | None = optional("PubMed number")
    pmcid: Pmcid | None = optional("PubMed Central id")
    url: Url | None = optional("Address, where no identifier leads to it")
    lang: (
        Annotated[str, matching(r"^[a-z]{2,3}(-[A-Za-z]+)?$", "a language code such as en or zh", "language")]
        | None
    ) = optional("Language (ISO 639)")
    retrieved: Date | None = optional("When the curator read it")
    notice: Text | None = optional("Key of the erratum or retraction of this source")


class DisputedValue(Table):
    """What one source states."""

    value: Stated = required("The value, as this source gives it")
    src: Sources | None = optional(SRC)
    loc: Text | None = optional(LOC)


class Dispute(Table):
    """Sources that disagree, all kept, with a ruling."""

    field: Text = required("Path of the field they disagree on, such as enrollment.randomized")
    values: list[DisputedValue] = required("What each source states", kind="inline_tables")
    ruling: Text | None = optional(
        "Which value the record holds and why; missing or beginning with `open` is open"
    )
    on: Date | None = optional("When it was ruled, or opened")

    @property
    def is_open(self) -> bool:
        """Whether nobody has ruled yet."""
        return self.ruling is None or self.ruling == "merge" or _OPEN.match(self.ruling) is not None


class Waiver(Table):
    """A finding that a curator has judged to be no fault of this record."""

    rule: Text = required("Code of the rule, such as DT008")
    field: Text | None = optional("Path of the field; missing means every finding of the rule in this file")
    why: Text | None = optional("The reason, which a reader can check")
    by: Text | None = optional("Who judged")
    until: Date | None = optional("When the judgement must be looked at again")


class Verified(Table):
    """That somebody compared the record with sources; never written by a program on its own."""

    on: Date = required("When it was compared")
    by: Text = required("Who compared")
    reviewed_by: Text | None = optional("Who checked the comparison")
    against: list[Text] = several("Keys of the references it was compared with, or `registry`", kind="set")


class Dated(Table):
    """A date of the trial and whether it is past."""

    on: Date = required("The date: YYYY, YYYY-MM or YYYY-MM-DD")
    type: Annotated[str, Term("date_type")] | None = optional("actual, estimated or unknown")
    src: Sources | None = optional(SRC)
    loc: Text | None = optional(LOC)
