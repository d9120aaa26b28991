"""Sources as CSL-JSON, which citation processors read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from alscli.export.references import Name, Source

_TYPES = {
    "article": "article-journal",
    "review": "article-journal",
    "erratum": "article-journal",
    "preprint": "article",
    "thesis": "thesis",
    "abstract": "paper-conference",
    "regulator": "report",
    "news": "article-newspaper",
}


def render(sources: Iterable[Source]) -> Iterator[str]:
    """An array with an object a source, a line each."""
    yield "["
    for place, source in enumerate(sources):
        yield ("," if place else "") + "\n" + json.dumps(_item(source), ensure_ascii=False)
    yield "\n]\n"


def _item(source: Source) -> dict[str, Any]:
    kind = _TYPES.get(source.kind, "webpage")
    item: dict[str, Any] = {
        "id": source.key,
        "type": kind,
        "title": source.title,
        "author": [_name(name) for name in source.authors],
        "publisher" if kind in ("thesis", "report") else "container-title": source.journal,
        "volume": source.volume,
        "issue": source.issue,
        "page": source.pages,
        "issued": _date(source.published),
        "accessed": _date(source.retrieved),
        "DOI": source.doi,
        "PMID": source.pmid,
        "PMCID": source.pmcid,
        "URL": source.address,
        "language": source.lang,
        "genre": source.kind if source.kind in ("press", "registry", "preprint", "thesis") else "",
        "note": "cited by " + ", ".join(source.cited_by) if source.cited_by else "",
    }
    return {name: value for name, value in item.items() if value}


def _name(name: Name) -> dict[str, str]:
    return {"family": name.family, "given": name.given} if name.given else {"literal": name.family}


def _date(date: str) -> dict[str, list[list[int]]]:
    return {"date-parts": [[int(part) for part in date.split("-")]]} if date else {}
