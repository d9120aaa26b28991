"""Sources as RIS, for reference managers: a tag a line, CRLF."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from alscli.export.references import Source

_TYPES = {
    "article": "JOUR",
    "review": "JOUR",
    "erratum": "JOUR",
    "preprint": "UNPB",
    "thesis": "THES",
    "abstract": "CPAPER",
    "regulator": "RPRT",
    "news": "NEWS",
}


def render(sources: Iterable[Source]) -> Iterator[str]:
    """A record a source, with a blank line behind it."""
    for source in sources:
        lines = [f"{tag}  - {' '.join(text.split())}" for tag, text in _tags(source) if text]
        yield "\r\n".join([*lines, "ER  - ", "", ""])


def _tags(source: Source) -> Iterator[tuple[str, str]]:
    kind = _TYPES.get(source.kind, "ELEC")
    yield "TY", kind
    yield "ID", source.key
    for name in source.authors:
        yield "AU", f"{name.family}, {name.given}" if name.given else name.family
    yield "TI", source.title
    yield ("PB" if kind in ("THES", "RPRT") else "T2"), source.journal
    yield "VL", source.volume
    yield "IS", source.issue
    first, _, last = source.pages.partition("-")
    yield "SP", first
    yield "EP", last
    yield "PY", source.published[:4]
    yield "DA", _slashed(source.published)
    yield "DO", source.doi
    yield "AN", source.pmid
    yield "C2", source.pmcid
    yield "UR", source.address
    yield "Y2", _slashed(source.retrieved)
    yield "LA", source.lang
    yield "KW", source.kind
    yield "N1", "cited by " + ", ".join(source.cited_by) if source.cited_by else ""


def _slashed(date: str) -> str:
    """A partial date as YYYY/MM/DD/, each part of which may be missing."""
    parts = re.split("-", date) if date else []
    return "/".join([*parts, *[""] * (4 - len(parts))]) if parts else ""
