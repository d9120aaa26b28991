"""Full text: every record, claim and exclusion as words, found by word, phrase and beginning.

Text is cut into words, and into single characters where it is Chinese, each in the form in which names are
compared (`normalize`): so two characters are found as a phrase, and Traditional finds Simplified.
"""

from __future__ import annotations

import json
import re
import sqlite3
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from alscli.errors import UsageError
from alscli.model.absence import Absence
from alscli.model.vocabulary import Vocabularies, normalize
from alscli.query.database import table_rows
from alscli.query.tables import TABLES, Cell, Column, Row, Rows

FIELDS = ("title", "names", "terms", "text", "sources")
_WEIGHTS = (8, 6, 3, 2, 1)
_TOLD = ("title", "text", "names", "terms", "sources")
"""Of two passages with the same words, that of the earlier field is shown."""
FOUND = (
    Column("kind", "text", "trial, product, claim or excluded"),
    Column("id", "text", "name of the record, or of the entry of the ledger"),
    Column("title", "text", "what it is"),
    Column("field", "text", "where the words stand"),
    Column("excerpt", "text", "the words among their neighbors"),
    Column("matches", "list", "the words as they stand there"),
)
_ROOM = 90
_BORDER = " \ue000 "
"""Between two passages, so that no phrase runs over; a word for FTS5, and never one of ours."""

_DEFINITIONS = (
    "CREATE TABLE IF NOT EXISTS documents (number INTEGER PRIMARY KEY, kind TEXT, id TEXT, decision TEXT,"
    " title TEXT, passages TEXT, UNIQUE (kind, id))",
    f"CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5({', '.join(FIELDS)}, tokenize = 'unicode61')",
)
_SOURCES = {
    "trial": (
        "trials",
        "identifiers",
        "interventions",
        "organizations",
        "outcomes",
        "safety",
        "disputes",
        "refs",
    ),
    "product": ("products", "events", "refs"),
    "claim": ("claims",),
    "excluded": ("excluded",),
}
"""The kinds of documents, and the tables they are made of; the first has a row for each."""


@dataclass(frozen=True, slots=True)
class Document:
    """What can be found: a record or an entry of the ledger, as passages under the names of FIELDS."""

    kind: str
    id: str
    title: str
    passages: tuple[tuple[str, str], ...]
    decision: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A document with the place where the words of the query stand; `marks` are spans of the excerpt."""

    kind: str
    id: str
    title: str
    field: str
    excerpt: str
    marks: tuple[tuple[int, int], ...]

    def row(self) -> Row:
        """The cells of FOUND."""
        matches = tuple(dict.fromkeys(self.excerpt[start:end] for start, end in self.marks))
        return {
            "kind": self.kind,
            "id": self.id,
            "title": self.title,
            "field": self.field,
            "excerpt": self.excerpt,
            "matches": matches,
        }


def index(connection: sqlite3.Connection, vocabularies: Vocabularies) -> None:
    """Make findable what is not yet; `forget` has taken out what changed."""
    if not _lacking(connection):
        return
    (reading,) = connection.execute("PRAGMA query_only").fetchone()
    connection.execute("PRAGMA query_only = OFF")
    connection.execute("BEGIN IMMEDIATE")
    try:
        for statement in _DEFINITIONS:
            connection.execute(statement)
        for kind in _SOURCES:
            for rows in _rows_of(connection, kind):
                for document in documents(rows, vocabularies):
                    _add(connection, document)
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    finally:
        connection.execute(f"PRAGMA query_only = {reading}")


def forget(connection: sqlite3.Connection, trials: Iterable[str]) -> None:
    """Take trials out of what can be found, where anything can be."""
    if not _exists(connection):
        return
    for id_ in trials:
        found = connection.execute("SELECT number FROM documents WHERE kind = 'trial' AND id = ?", (id_,))
        for (number,) in found.fetchall():
            connection.execute("DELETE FROM words WHERE rowid = ?", (number,))
            connection.execute("DELETE FROM documents WHERE number = ?", (number,))


def _exists(connection: sqlite3.Connection) -> bool:
    found = connection.execute("SELECT count(*) FROM sqlite_schema WHERE name IN ('documents', 'words')")
    return bool(found.fetchone()[0] == len(_DEFINITIONS))


def _new(kind: str) -> str:
    """The query for the ids of a kind that have no document."""
    known = f"SELECT id FROM documents WHERE kind = '{kind}'"  # noqa: S608
    return f"SELECT id FROM {_SOURCES[kind][0]} WHERE id NOT IN ({known})"  # noqa: S608


def _lacking(connection: sqlite3.Connection) -> bool:
    if not _exists(connection):
        return True
    return any(connection.execute(f"{_new(kind)} LIMIT 1").fetchone() for kind in _SOURCES)


def _rows_of(connection: sqlite3.Connection, kind: str) -> Iterator[Rows]:
    """The rows of each record of a kind that has no document yet."""
    found: dict[Cell, Rows] = {}
    for name in _SOURCES[kind]:
        owner = next(column for column in (kind, "record", "id") if column in TABLES[name].key)
        also = f" AND kind = '{kind}'" if "kind" in TABLES[name].key else ""
        for row in table_rows(connection, name, f"{owner} IN ({_new(kind)}){also}"):
            found.setdefault(row[owner], {}).setdefault(name, []).append(row)
    yield from found.values()


def _add(connection: sqlite3.Connection, document: Document) -> None:
    entry = (document.kind, document.id, document.decision, document.title)
    number = connection.execute(
        "INSERT INTO documents (kind, id, decision, title, passages) VALUES (?, ?, ?, ?, ?)",
        (*entry, json.dumps(document.passages, ensure_ascii=False)),
    ).lastrowid
    bodies = [
        _BORDER.join(" ".join(_words(text)) for field, text in document.passages if field == name)
        for name in FIELDS
    ]
    connection.execute(
        f"INSERT INTO words (rowid, {', '.join(FIELDS)}) VALUES (?{', ?' * len(FIELDS)})",  # noqa: S608
        (number, *bodies),
    )


# -- documents --------------------------------------------------------------------------------------


def documents(rows: Rows, vocabularies: Vocabularies) -> Iterator[Document]:
    """What the rows of one record make findable."""
    for row in rows.get("trials", ()):
        yield _trial(row, rows, vocabularies)
    for row in rows.get("products", ()):
        yield _product(row, rows, vocabularies)
    for kind, name, title, text in _OF_LEDGER:
        for row in rows.get(name, ()):
            passages = _passages(title=[row[title]], names=[row["id"], row["cites"]], text=[row[text]])
            yield Document(kind, str(row["id"]), str(row[title]), passages)


_OF_LEDGER = (("claim", "claims", "text", "why"), ("excluded", "excluded", "title", "note"))
_TRIAL_TERMS = {
    "cell_types": "cell_type",
    "routes": "route",
    "modalities": "modality",
    "conditions": "condition",
    "subtypes": "subtype",
    "instruments": "instrument",
}


def _trial(row: Row, rows: Rows, vocabularies: Vocabularies) -> Document:
    labels = [_labels(row[column], vocabularies, name) for column, name in _TRIAL_TERMS.items()]
    passages = _passages(
        title=[row[name] for name in ("title", "title_zh", "scientific_title", "acronym")],
        names=[
            row["id"],
            *(each["id"] for each in rows.get("identifiers", ())),
            *(each[name] for each in rows.get("interventions", ()) for name in ("name", "aliases")),
            *(each[name] for each in rows.get("organizations", ()) for name in ("name", "name_zh")),
        ],
        terms=labels,
        text=[
            *(row[name] for name in ("note", "why_stopped", "eligibility_note")),
            *(each[name] for each in rows.get("outcomes", ()) for name in ("definition", "subgroup", "note")),
            *(each["statement"] for each in rows.get("safety", ())),
            *(each["ruling"] for each in rows.get("disputes", ())),
        ],
        sources=_sources(rows),
    )
    return Document("trial", str(row["id"]), str(row["title"]), passages, str(row["decision"]))


def _product(row: Row, rows: Rows, vocabularies: Vocabularies) -> Document:
    events = rows.get("events", ())
    passages = _passages(
        title=[row["name"], row["name_zh"]],
        names=[row[name] for name in ("id", "aliases", "developer", "developer_zh")],
        terms=[
            _labels(row["modality"], vocabularies, "modality"),
            _labels(row["cell_type"], vocabularies, "cell_type"),
            *(_labels(each["type"], vocabularies, "event") for each in events),
        ],
        text=[
            row["note"],
            row["indications"],
            *(each[name] for each in events for name in ("indication", "outcome")),
        ],
        sources=_sources(rows),
    )
    return Document("product", str(row["id"]), str(row["name"]), passages)


def _sources(rows: Rows) -> list[Cell]:
    return [ref[name] for ref in rows.get("refs", ()) for name in _OF_SOURCES]


_OF_SOURCES = ("title", "authors", "journal", "doi", "pmid", "pmcid")


def _labels(cell: Cell, vocabularies: Vocabularies, name: str) -> tuple[str, ...]:
    """Every name of the terms, so that English finds Chinese and a synonym either."""
    terms = vocabularies[name].terms
    codes = cell if isinstance(cell, tuple) else (cell,)
    found = (terms[code] for code in codes if isinstance(code, str) and code in terms)
    return tuple(each for term in found for each in (term.code, term.en, term.zh_hans, *term.synonyms))


def _passages(**cells: Iterable[Cell]) -> tuple[tuple[str, str], ...]:
    found: dict[tuple[str, str], None] = {}
    for field, values in cells.items():
        for value in values:
            for text in value if isinstance(value, tuple) else (value,):
                if isinstance(text, str) and not isinstance(text, Absence):
                    found[field, unicodedata.normalize("NFC", text)] = None
    return tuple(found)


# -- words ------------------------------------------------------------------------------------------

_WORD = re.compile("[\u3400-\u9fff\uf900-\ufaff]|[^\\W_\u3400-\u9fff\uf900-\ufaff]+")


@lru_cache(1 << 16)
def _plain(word: str) -> str:
    return normalize(word)


def _words(text: str) -> list[str]:
    return [_plain(match[0]) for match in _WORD.finditer(text)]


@dataclass(frozen=True, slots=True)
class _Phrase:
    """Words that stand one after the other; the last may be a beginning."""

    words: tuple[str, ...]
    open: bool

    def expression(self) -> str:
        """In the language of FTS5."""
        return f'"{" ".join(self.words)}"{" *" if self.open else ""}'

    def spans(self, words: Sequence[tuple[str, int, int]]) -> Iterator[tuple[int, int]]:
        """Where in a text it stands, by character."""
        size = len(self.words)
        for start in range(len(words) - size + 1):
            here = [word for word, _, _ in words[start : start + size]]
            last = here[-1].startswith(self.words[-1]) if self.open else here[-1] == self.words[-1]
            if last and here[:-1] == list(self.words[:-1]):
                yield words[start][1], words[start + size - 1][2]


_UNIT = re.compile(r'[“"]([^“”"]*)[”"](\*?)|(\S+)')


def _phrases(query: str) -> list[_Phrase]:
    phrases: list[_Phrase] = []
    for match in _UNIT.finditer(query):
        text = match[1] if match[3] is None else match[3].strip('“”"')
        words = tuple(word for word in _words(text) if word)
        if words:
            phrases.append(_Phrase(words, text.endswith("*") or match[2] == "*"))
    if not phrases:
        raise UsageError(
            f"{query!r} holds no word", 'write words, "a phrase", or the beginning of a word with *'
        )
    return phrases


def search(
    connection: sqlite3.Connection, query: str, decisions: Sequence[str] = (), limit: int | None = None
) -> tuple[list[Found], int]:
    """What holds all the words, the best first, and how many there are without the limit.

    Undecided trials are left out unless `decisions` (of which then only trials are found) names them.
    Raises UsageError for a query without a word.
    """
    phrases = _phrases(query)
    expression = " AND ".join(phrase.expression() for phrase in phrases)
    wanted = (
        f"d.decision IN ({', '.join('?' * len(decisions))})" if decisions else "d.decision IS NOT 'undecided'"
    )
    statement = (
        "SELECT d.kind, d.id, d.title, d.passages FROM words JOIN documents d ON d.number = words.rowid"  # noqa: S608
        f" WHERE words MATCH ? AND {wanted}"
        f" ORDER BY bm25(words, {', '.join(map(str, _WEIGHTS))}), d.kind, d.id"
    )
    rows = connection.execute(statement, (expression, *decisions)).fetchall()
    return [_found(phrases, *row) for row in rows[:limit]], len(rows)


def _found(phrases: list[_Phrase], kind: str, id_: str, title: str, stored: str) -> Found:
    """The passage in which most of the phrases stand, cut to what is around the first."""
    best: tuple[int, str, str, list[tuple[int, int]]] = (0, FIELDS[0], title, [])
    passages: list[tuple[str, str]] = json.loads(stored)
    for field, text in sorted(passages, key=lambda passage: _TOLD.index(passage[0])):
        words = [(_plain(match[0]), *match.span()) for match in _WORD.finditer(text)]
        spans = [list(phrase.spans(words)) for phrase in phrases]
        held = sum(map(bool, spans))
        if held > best[0]:
            best = held, field, text, sorted({span for each in spans for span in each})
    _, field, text, marks = best
    excerpt, shift = _around(text, marks[0][0] if marks else 0)
    lead = 1 if shift else 0
    moved = [(start - shift + lead, end - shift + lead) for start, end in marks]
    excerpt = "…" * lead + excerpt
    kept = tuple((start, end) for start, end in moved if start >= lead and end <= len(excerpt))
    return Found(kind, id_, title, field, excerpt, kept)


def _around(text: str, place: int) -> tuple[str, int]:
    """Part of the text with `place` in it, and where it begins."""
    text = re.sub(r"\s", " ", text)
    if len(text) <= _ROOM:
        return text, 0
    start = max(0, min(place - _ROOM // 3, len(text) - _ROOM))
    if start and (blank := text.find(" ", start, place)) >= 0:
        start = blank + 1
    end = start + _ROOM
    if end >= len(text):
        return text[start:], start
    if (blank := text.rfind(" ", place + 1, end)) > start:
        end = blank
    return text[start:end] + "…", start
