"""References: bibtexparser, rispy and a citation processor read them; each source once, under a kept key."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alscli.export import bibtex, csl_json, ris
from alscli.export.references import Name, Source, _name

pytestmark = pytest.mark.filterwarnings("default")
Export = Callable[..., Path]

PAPER = Source(
    "a2020",
    "article",
    (Name("van den Berg", "Leonard H"), Name("乔利军"), Name("Gomori", "J. M.")),
    "Cells & {more} in ALS: 50% of $x_1$ ~ \\alpha^2 #1",
    "Muscle & Nerve",
    "65",
    "3",
    "291-302",
    "2021-12",
    "10.1002/mus.27472",
    "34890069",
    "PMC9305113",
    lang="en",
    retrieved="2026-11-22",
    cited_by=("nurown-phase3",),
)
PRESS = Source(
    "b", "press", title="A press release", url="https://example.org/{a}?b=1&c=%20", published="2020"
)


def entries(text: str) -> list[dict[str, str]]:
    import bibtexparser
    from bibtexparser.bparser import BibTexParser

    parser = BibTexParser(common_strings=True, ignore_nonstandard_types=False)
    found: list[dict[str, str]] = bibtexparser.loads(text, parser).entries
    return found


def test_bibtex() -> None:
    text = "".join(bibtex.render([PAPER, PRESS]))
    paper, press = entries(text)
    assert (paper["ENTRYTYPE"], paper["ID"], paper["year"]) == ("article", "a2020", "2021")
    assert paper["author"] == "van den Berg, Leonard H and {乔利军} and Gomori, J. M."
    assert paper["journal"] == r"Muscle \& Nerve"
    assert (paper["volume"], paper["number"], paper["pages"]) == ("65", "3", "291--302")
    assert paper["title"].startswith(
        r"{Cells \& \textbraceleft{}more\textbraceright{} in ALS: 50\% of \$x\_1\$"
    )
    assert press["url"] == "https://example.org/%7Ba%7D?b=1&c=%20"
    assert press["ENTRYTYPE"] == "misc"


@settings(max_examples=50, deadline=None)
@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1).filter(str.strip))
def test_no_title_breaks_out_of_bibtex(title: str) -> None:
    (entry,) = "".join(bibtex.render([PRESS._replace(title=title, url="")])).split("@misc")[1:]
    depth = 0
    for place, character in enumerate(entry):
        before = entry[place - 1] if place else ""
        depth += (character == "{") - (character == "}")
        assert depth >= 0
        assert not (character in "%&#$_" and before != "\\")
    assert depth == 0


def test_ris() -> None:
    import rispy

    paper, press = rispy.loads("".join(ris.render([PAPER, PRESS])))
    assert paper["type_of_reference"] == "JOUR"
    assert paper["authors"] == ["van den Berg, Leonard H", "乔利军", "Gomori, J. M."]
    assert (paper["start_page"], paper["end_page"]) == ("291", "302")
    assert (paper["year"], paper["date"]) == ("2021", "2021/12//")
    assert (paper["doi"], paper["accession_number"]) == ("10.1002/mus.27472", "34890069")
    assert press["type_of_reference"] == "ELEC"
    assert press["urls"] == ["https://example.org/{a}?b=1&c=%20"]


def test_a_line_end_in_a_title_makes_no_tag() -> None:
    text = "".join(ris.render([PRESS._replace(title="a\r\nER  - \r\nTY  - JOUR")]))
    assert text.count("\r\nER  - ") == 1


def test_csl_json() -> None:
    paper, press = json.loads("".join(csl_json.render([PAPER, PRESS])))
    assert paper["issued"] == {"date-parts": [[2021, 12]]}
    assert paper["author"][1] == {"literal": "乔利军"}
    assert paper["DOI"] == "10.1002/mus.27472"
    assert press["type"] == "webpage"
    assert json.loads("".join(csl_json.render([]))) == []


def test_a_citation_processor_makes_a_bibliography(export: Export) -> None:
    from citeproc import (
        Citation,
        CitationItem,
        CitationStylesBibliography,
        CitationStylesStyle,
        formatter,
    )
    from citeproc.source.json import CiteProcJSON

    items = json.loads(export("csl-json").read_text("utf-8"))
    style = CitationStylesStyle("harvard-cite-them-right", validate=False)
    book = CitationStylesBibliography(style, CiteProcJSON(items), formatter.plain)
    for item in items:
        book.register(Citation([CitationItem(item["id"])]))
    text = [str(line) for line in book.bibliography()]
    assert len(text) == len(items)
    assert any(("NurOwn" in line and "2022" in line) or "Muscle" in line for line in text)


def test_every_reader_finds_the_same_sources(export: Export) -> None:
    import rispy

    def made(format_: str) -> str:
        return export(format_, "--product", "nurown").read_bytes().decode()

    keys = [item["id"] for item in json.loads(made("csl-json"))]
    assert keys == sorted(set(keys))
    assert [record["id"] for record in rispy.loads(made("ris"))] == keys
    assert [entry["ID"] for entry in entries(made("bibtex"))] == keys
    assert "NCT03280056" in keys


def items(export: Export, *options: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(export("csl-json", *options).read_text("utf-8"))
    return found


def test_keys_do_not_depend_on_the_selection(export: Export) -> None:
    every = {item["id"]: item for item in items(export)}
    for product in ("nurown", "tofersen", "np001-treg"):
        try:
            some = items(export, "--product", product)
        except AssertionError:
            continue
        assert some
        for item in some:
            assert every[item["id"]] == item


def test_a_source_of_two_records_stands_once(export: Export) -> None:
    dois = [item["DOI"].casefold() for item in items(export) if "DOI" in item]
    assert len(dois) == len(set(dois))
    assert any("," in item["note"] for item in items(export))


@pytest.mark.parametrize(
    ("printed", "name"),
    [
        ("Cudkowicz, Merit E", Name("Cudkowicz", "Merit E")),
        ("Cudkowicz ME", Name("Cudkowicz", "M. E.")),
        ("van den Berg LH", Name("van den Berg", "L. H.")),
        ("Fernández-Sánchez VE", Name("Fernández-Sánchez", "V. E.")),
        ("乔利军", Name("乔利军")),
        ("Brainstorm Cell Therapeutics", Name("Brainstorm Cell Therapeutics")),
        ("FDA", Name("FDA")),
        ("US FDA", Name("US FDA")),
    ],
)
def test_names(printed: str, name: Name) -> None:
    assert _name(printed) == name
