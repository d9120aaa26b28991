"""Sources as BibTeX, in UTF-8; titles keep their capitals, organizations their order of words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from alscli.export.references import Name, Source

_TYPES = {
    "article": "article",
    "review": "article",
    "erratum": "article",
    "thesis": "phdthesis",
    "abstract": "inproceedings",
    "regulator": "techreport",
}
_PLACES = {
    "article": "journal",
    "phdthesis": "school",
    "inproceedings": "booktitle",
    "techreport": "institution",
    "misc": "howpublished",
}
_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\textbraceleft{}",
    "}": r"\textbraceright{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{character: f"\\{character}" for character in "%&#$_"},
}


def render(sources: Iterable[Source]) -> Iterator[str]:
    """An entry a source, with a blank line behind it."""
    for source in sources:
        kind = _TYPES.get(source.kind, "misc")
        kind = "misc" if kind == "article" and not source.journal else kind
        lines = [f"  {name} = {{{text}}}," for name, text in _fields(source, kind) if text]
        yield "\n".join([f"@{kind}{{{source.key},", *lines, "}\n\n"])


def _fields(source: Source, kind: str) -> Iterator[tuple[str, str]]:
    yield "author", " and ".join(map(_name, source.authors))
    yield "title", f"{{{_escaped(source.title)}}}" if source.title else ""
    yield _PLACES[kind], _escaped(source.journal)
    yield "volume", _escaped(source.volume)
    yield "number", _escaped(source.issue)
    yield "pages", _escaped(re.sub(r"(?<=\w)-(?=\w)", "--", source.pages))
    yield "year", source.published[:4]
    yield "date", source.published
    yield "doi", _verbatim(source.doi)
    yield "pmid", source.pmid
    yield "pmcid", source.pmcid
    yield "url", _verbatim(source.address)
    yield "urldate", source.retrieved
    yield "language", source.lang
    yield "keywords", _escaped(source.kind)
    yield "note", _escaped("cited by " + ", ".join(source.cited_by)) if source.cited_by else ""


def _name(name: Name) -> str:
    if not name.given:
        return f"{{{_escaped(name.family)}}}"
    return f"{_escaped(name.family)}, {_escaped(name.given)}"


def _escaped(text: str) -> str:
    return "".join(_SPECIAL.get(character, character) for character in " ".join(text.split()))


def _verbatim(address: str) -> str:
    """An address or DOI, which is no text to TeX; only a brace would end it."""
    return address.replace("{", "%7B").replace("}", "%7D")
