"""Text and schema: what reading a file tells (TX, SM), and what its text holds."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from alscli.check.expression import deferred
from alscli.check.finding import Problem
from alscli.check.format import shown
from alscli.check.rule import rule, state
from alscli.check.subject import Subject, named_lists
from alscli.errors import AlscliError
from alscli.model.format import MODELS, schema_comment, shape_of
from alscli.model.identifiers import parse_registry_id, parse_url
from alscli.model.path import Path, value_at
from alscli.model.vocabulary import Vocabulary
from alscli.store.canonical import quote
from alscli.store.spans import Key, Statement, Value
from alscli.store.toml import Document

state(
    "TX001",
    "error",
    """The file is not valid TOML 1.0.

    Nothing else in the file can be checked until it is. The message is the parser's, at its place.

    Example: `title = "unfinished`
    Remedy: mend the line; quotes, brackets and commas are the usual culprits.
    """,
)
state(
    "TX002",
    "error",
    """The file cannot be read as UTF-8 text.

    It holds bytes that are not UTF-8, or a control character that TOML forbids, or it is no regular file.

    Example: a file saved as Latin-1 or GB18030
    Remedy: save the file as UTF-8.
    """,
)
state(
    "TX003",
    "error",
    """The file is larger than 1 MiB or nested deeper than 32 levels.

    No record of a trial is; such a file is a mistake or an attack.

    Example: a registry's bulk download saved as a record
    Remedy: keep one study a file; payloads of registries go through `alscli import`.
    """,
)
state(
    "SM001",
    "error",
    """An unknown key.

    The format is closed: a key that is not of it would be read by nobody.

    Example: `enrolment = 40`
    Remedy: use the name that the message proposes; `alscli fields` lists them all.
    """,
)
state(
    "SM002",
    "error",
    """A required key is missing. Reported at the header of its table, or in line 1.

    A trial needs a source as well: a `registry_id`, or a reference.

    Example: a trial without `status_as_of`
    Remedy: add the key; `alscli fields NAME` says what it holds.
    """,
)
state(
    "SM003",
    "error",
    """A value of the wrong type.

    Example: `planned = "about 40"`
    Remedy: write the type that the message names; put words into `note`.
    """,
)
state(
    "SM004",
    "error",
    """Not a term of its vocabulary.

    Only codes are stored, so that a search finds every record; synonyms and labels are mended by `set` and
    `add`.

    Example: `status = "recruting"`
    Remedy: use the term that the message proposes; `alscli values FIELD` lists them.
    """,
)
state(
    "SM005",
    "error",
    """A value of the wrong form: a date, duration, range, identifier or address.

    Example: `on = "29/08/2017"`
    Remedy: write the form that the message names: `2017-08-29`.
    """,
)
state(
    "SM007",
    "error",
    """The file's `schema` is newer than this program.

    Nothing else of the file is checked, because its format is not known here.

    Example: `schema = 2`
    Remedy: update alscli.
    """,
)
state(
    "WV001",
    "warning",
    """A waiver that waives nothing.

    Its finding is gone, its rule does not exist, or its rule cannot be waived. Silent beside an error of
    the record or a fault of a product that it names, which may be what keeps the finding away.

    Example: a waiver of DT008 in a record whose registration precedes its start
    Remedy: remove the waiver.
    """,
)
state(
    "WV002",
    "error",
    """A waiver past its `until`, or without a reason.

    Such a waiver waives nothing: the finding that it was for is reported as well.

    Example: `until = "2025-06-30"`, a year ago
    Remedy: look at the finding again; mend the record, or renew the waiver and say why.
    """,
)

# Controls (C0 without tab and line ends, C1, bidirectional), zero-width characters, blank letters, tags.
_UNSEEN = (
    "\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ufeff\uffa0\U000e0000-\U000e007f"
)
# The joiners U+200C and U+200D belong to the spelling of Persian and Indic words.
_HIDDEN = deferred(rf"[{_UNSEEN}]|\r(?!\n)|(?<![\u0600-\u0dff])[\u200c\u200d]")
# What the file of any deceptive text holds: one of these, a letter that may look Latin, or its escape.
_SUSPECT = deferred(
    rf"[{_UNSEEN}\u200c\u200d\u0370-\u058f\u13a0-\u13ff\u2c80-\u2cff\ua4d0-\ua4ff\uff21-\uff5a]"
)
_ESCAPE = deferred(r"\\[bfruU]")
_IDENTIFIERS = frozenset({"id", "key", "doi", "url", "registry_id", "secondary_ids", "former_ids"})
_NAMES_CITED = frozenset({"product", "intervention", "arm", "vs"})
_ALIKE = frozenset({"LATIN", "GREEK", "CYRILLIC", "ARMENIAN", "CHEROKEE", "COPTIC", "LISU", "FULLWIDTH"})


def as_seen(text: str) -> str:
    """A text as its reader sees it: without what is invisible, with plain hyphens."""
    return text if text.isascii() else _HIDDEN.sub("", text).translate({0x2010: "-", 0x2011: "-"})


def texts(values: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Every text of a parsed file with its path, depth first."""
    if isinstance(values, str):
        yield path, values
    elif isinstance(values, dict):
        for key, value in values.items():
            yield from texts(value, (*path, key))
    elif isinstance(values, list):
        for position, value in enumerate(values):
            yield from texts(value, (*path, position))


@rule("TX004", "warning", "trial", "product", "ledger")
def deceptive_text(subject: Subject) -> Iterator[Problem]:
    """Text that can deceive a reader.

    Bidirectional controls and zero-width characters, in values or comments, make text read other than it
    is; an identifier that mixes scripts looks like another one. What only cites an identifier is left to
    the rules that look for the cited, and a registry id to ID002.

    Example: a right-to-left override in a title, or a reference's key with a Cyrillic `с`
    Remedy: type the text again.
    """
    document = subject.record.document
    if document is None or not _may_deceive(document):
        return
    sources = {path for path, _ in subject.cited}
    for path, text in texts(document.values):
        if (text.isascii() and text.isprintable()) or path in sources or _cites_a_name(path, text):
            continue
        if found := _HIDDEN.search(text):
            yield Problem(path, f"holds an invisible character: {_name(found)}")
        elif _last_key(path) in _IDENTIFIERS and (scripts := mixed(_last_key(path), text)):
            names = " and ".join(sorted(script.capitalize() for script in scripts))
            yield Problem(path, f"{shown(text)} mixes {names} letters")
    yield from _hidden_in_comments(document)


def _may_deceive(document: Document) -> bool:
    """Whether a look at all its texts is worth while; few documents are."""
    unusual = document.unusual
    return _SUSPECT.search(unusual) is not None or (
        "\\" in unusual and _ESCAPE.search(document.text) is not None
    )


def _cites_a_name(path: Path, text: str) -> bool:
    """Whether XR001 looks for what is named here; a related study's registry id may be of no record."""
    if (path[0], path[-1]) == ("related", "id"):
        return parse_registry_id(text) is None
    return _last_key(path) in _NAMES_CITED


def _hidden_in_comments(document: Document) -> Iterator[Problem]:
    hidden = list(_HIDDEN.finditer(document.text, int(document.text.startswith("\ufeff"))))
    spans = list(_keys_and_scalars(document.spans.statements)) if hidden else []
    starts = [start for start, _ in spans]
    for found in hidden:
        before = bisect_right(starts, found.start()) - 1
        if before < 0 or spans[before][1] <= found.start():
            yield Problem((), f"holds an invisible character: {_name(found)}", span=found.span())


def _keys_and_scalars(statements: list[Statement]) -> Iterator[tuple[int, int]]:
    """Where text stands that is no comment, in the order of the file; beside it only comments can deceive."""
    for statement in statements:
        if statement.value is None:
            yield statement.start, statement.end
        else:
            yield from _of_pair(statement.key, statement.value)


def _of_pair(key: Key | None, value: Value) -> Iterator[tuple[int, int]]:
    if key is not None:
        yield key.spans[0].start, key.spans[-1].end
    if value.kind == "scalar":
        yield value.start, value.end
    for inner, child in value.children:
        yield from _of_pair(inner, child)


def _name(found: re.Match[str]) -> str:
    return unicodedata.name(found.group(), f"U+{ord(found.group()):04X}")


def mixed(key: str, text: str) -> set[str]:
    """The scripts with like letters that stand side by side in one name, where a key holds it.

    In an address the names are those between the dots of its host; a path may be in any language. The
    Greek letters of a compound (`IFNβ-01`) look like none of Latin.
    """
    names = [text]
    if key == "url":
        names = (urlsplit(text).hostname or "").split(".") if parse_url(text) else []
    elif key == "secondary_ids":
        names = [text.translate(_OF_COMPOUNDS)]
    return next((found for name in names if len(found := _scripts(name) & _ALIKE) > 1), set())


_OF_COMPOUNDS = dict.fromkeys(map(ord, "αβγδω"))


def _scripts(text: str) -> set[str]:
    return {unicodedata.name(letter, "?").partition(" ")[0] for letter in text if letter.isalpha()}


def _last_key(path: Path) -> str:
    return next((part for part in reversed(path) if isinstance(part, str)), "")


OUT_OF_ORDER = "not in canonical order from here on"


@rule("TX005", "note", "trial", "product", "ledger")
def canonical_layout(subject: Subject) -> Iterator[Problem]:
    r"""The file is not in canonical layout.

    Two people who write the same record should write the same bytes; otherwise git shows differences where
    there are none. Of elements out of order nothing is told where what they are sorted by is wrong itself.

    Example: keys out of order, `60000000` without underscores, CRLF line ends, a needless `\u0041`
    Remedy: `alscli fmt`
    """
    document = subject.record.document
    if document is None or not subject.record.readable or subject.record.is_canonical:
        return
    from alscli.store.layout import lay_out

    kind = subject.record.entry.kind
    try:
        laid_out = lay_out(document.text, shape_of(MODELS[kind]), schema_comment(kind))
    except AlscliError as error:
        yield Problem((), f"not in canonical layout: {error.message}", span=(0, 0))
        return
    if laid_out != document.text:
        lines, wanted = document.text.split("\n"), laid_out.split("\n")
        pairs = enumerate(zip(lines, wanted, strict=False))
        first = next((n for n, (old, new) in pairs if old != new), min(len(lines), len(wanted)) - 1)
        start = sum(len(line) + 1 for line in lines[:first])
        span = (start, start + len(lines[first].rstrip("\r")))
        words = OUT_OF_ORDER if sorted(lines) == sorted(wanted) else "not in canonical layout from here on"
        yield Problem((), words, help="`alscli fmt` mends it", span=span)


@rule("TX006", "error", "trial", "product", about=("disputes",), waivable=False)
def unresolved_merge(subject: Subject) -> Iterator[Problem]:
    """An unresolved merge.

    Two branches changed one field in two ways; both values stand in a dispute until a person rules.

    Example: `ruling = "merge"`
    Remedy: set the field to the right value and write a ruling, or remove the dispute.
    """
    disputes = subject.trial.disputes if subject.record.entry.kind == "trial" else subject.product.disputes
    for position, dispute in enumerate(disputes):
        if dispute.ruling == "merge":
            yield Problem(
                ("disputes", position, "ruling"), f"two branches disagree on {shown(dispute.field)}"
            )


@rule("SM006", "error", "trial", "product", "ledger", waivable=False)
def duplicate_keys(subject: Subject) -> Iterator[Problem]:
    """One `id` or `key` twice in a list of the record, or one term, name or id twice.

    What cites the name could mean either; a count of terms would count one twice.

    Example: two `[[arms]]` with `id = "active"`, or `countries = ["US", "US"]`
    Remedy: rename one of them, and what cites it; remove the second term.
    """
    for key, name in named_lists(subject.record.entry.kind) if subject.twins else ():
        if key not in subject.twins:
            continue
        seen: set[str] = set()
        for position, element in enumerate(subject.values[key]):
            stated = value_at(element, (name,))
            if isinstance(stated, str) and stated in seen:
                yield Problem((key, position, name), f"{shown(stated)} stands twice in {key}")
            elif isinstance(stated, str):
                seen.add(stated)
    for path, elements in _lists_of_texts(subject.values):
        first: dict[object, int] = {}
        for position, text in enumerate(elements):
            if isinstance(text, str) and first.setdefault(text, position) != position:
                yield Problem((*path, position), f"{shown(text)} stands twice in {'.'.join(path)}")


def _lists_of_texts(values: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], list[Any]]]:
    """The lists of at least two texts, with their paths."""
    for key in _LISTS:
        texts = values.get(key)
        if texts.__class__ is list and len(texts) > 1:
            yield (key,), texts
    for table, key in _LISTS_WITHIN:
        texts = value_at(values, (table, key)) if table in values else None
        if texts.__class__ is list and len(texts) > 1:
            yield (table, key), texts


_LISTS = (
    *("aliases", "background", "conditions", "countries", "former_ids", "indications", "masked"),
    *("mechanism", "secondary_ids", "subtypes", "tags", "target"),
)
_LISTS_WITHIN = (("eligibility", "genes"), ("screening", "found_in"), ("verified", "against"))


@rule("SM008", "note", "trial")
def unknown_condition(subject: Subject) -> Iterator[Problem]:
    """A condition in the registry's own words, no term of the vocabulary.

    Allowed, so that nothing is lost; a filter by condition finds it by these words only.

    Example: `conditions = ["Neuromuscular Diseases"]`
    Remedy: none needed; a term of `alscli values condition` or of `records/vocab/` finds it better.
    """
    vocabulary = subject.vocabularies["condition"]
    for position, condition in enumerate(subject.trial.conditions):
        if condition not in vocabulary.terms:
            yield _no_condition(("conditions", position), condition, vocabulary)


def _no_condition(path: Path, condition: str, vocabulary: Vocabulary) -> Problem:
    message = f"{shown(condition)} is no term of condition"
    term = vocabulary.find(condition)
    if term is not None:
        replacement = quote(term.code) if term.is_named_exactly(condition) else None
        message = f"{message}; the term is {shown(term.code)}"
        return Problem(path, message, suggestions=(term.code,), replacement=replacement, safe=True)
    near, slip = tuple(vocabulary.slips(condition)[:3]), vocabulary.slip(condition)
    hint = f"; did you mean {' or '.join(map(shown, near))}?" if near else ""
    return Problem(path, message + hint, suggestions=near, replacement=quote(slip) if slip else None)
