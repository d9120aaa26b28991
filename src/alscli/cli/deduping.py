"""`dedupe`."""

from __future__ import annotations

import json
import re
import sqlite3
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alscli.cli.paging import write_lines
from alscli.cli.session import Session, write_data
from alscli.errors import UsageError
from alscli.text import fit, one_line, paint

if TYPE_CHECKING:
    from alscli.store.likeness import Face, Group

FORMATS = ("text", "json")
_COLUMNS = (
    "id, registry_id, registry, secondary_ids, title, title_zh, scientific_title, sponsor, products,"
    " cell_types, phase, start, related,"
    " coalesce(enrollment_enrolled, enrollment_randomized, enrollment_planned)"
)
# A bar between two texts: no id runs over it.
_TEXTS = (
    "SELECT trial, group_concat(text, ' | ') FROM ("
    "SELECT id AS trial, title AS text FROM trials"
    " UNION ALL SELECT id, title_zh FROM trials"
    " UNION ALL SELECT id, scientific_title FROM trials"
    " UNION ALL SELECT id, note FROM trials"
    " UNION ALL SELECT id, eligibility_note FROM trials"
    " UNION ALL SELECT trial, note FROM outcomes"
    " UNION ALL SELECT trial, definition FROM outcomes"
    " UNION ALL SELECT record, title FROM refs WHERE kind = 'trial'"
    " UNION ALL SELECT record, url FROM refs WHERE kind = 'trial'"
    ") GROUP BY trial"
)


def dedupe(
    context: typer.Context,
    format: Annotated[str, typer.Option(metavar="FORMAT", help="text or json.")] = "text",  # noqa: A002
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with 1 where there are such groups.")
    ] = False,
) -> int:
    """Show groups of trials that may be one, with the reasons.

    By ids that they share or name, then by title, product, sponsor, dates and size; follow-ups and extensions
    are told apart. Nothing is merged. A pair that is two trials is silenced by saying how they are related:

    \b
    Examples:
      alscli set valor --append 'related={id="atlas", rel="distinct", why="other cohort"}'
      alscli dedupe --format json
    """
    from alscli.store.likeness import groups

    session: Session = context.obj
    if format not in FORMATS:
        raise UsageError(f"--format: {format!r} is not known", f"there are: {', '.join(FORMATS)}")
    connection = session.index().connection
    faces = _faces(connection)
    found = groups(faces)
    titles = {face.id: face.titles[0] if face.titles else "" for face in faces}
    if format == "json":
        write_data(_json(found, len(faces)))
    else:
        color = session.colored(sys.stdout)
        room = session.columns if session.on_terminal else None
        write_lines(_lines(found, titles, room, color=color), session)
        session.say(f"{len(found)} group{'' if len(found) == 1 else 's'} among {len(faces)} trials")
    return 1 if exit_code and found else 0


def _faces(connection: sqlite3.Connection) -> list[Face]:
    from alscli.store.likeness import Face, fold

    mentions = {trial: ids_named_in(text) for trial, text in connection.execute(_TEXTS)}
    rows = connection.execute(f"SELECT {_COLUMNS} FROM trials").fetchall()  # noqa: S608 - a constant
    known = {row[0] for row in rows}
    faces = []
    for row in rows:
        id_, number, registry, secondary, title, title_zh, scientific, sponsor, *others = row
        products, cells, phase, start, related, size = others
        ids = [number, *_listed(secondary)] if number else _listed(secondary)
        face = Face(
            id=id_,
            number=number or "",
            registry=registry or "",
            keys=frozenset(key for text in ids if (key := _key(text))),
            mentions=mentions.get(id_, frozenset()),
            titles=tuple(text for text in (title, title_zh, scientific) if text),
            sponsor=fold(sponsor or ""),
            products=frozenset(_listed(products)),
            cells=frozenset(_listed(cells)),
            phase="" if phase in ("na", None) else phase,
            start=start or "",
            size=size,
            related=frozenset(_related(_listed(related), known)),
        )
        faces.append(face)
    return faces


def _listed(text: str | None) -> list[str]:
    if not text or text == "[]":
        return []
    held: Any = json.loads(text)
    return [item for item in held if isinstance(item, str)] if isinstance(held, list) else []


def _related(pairs: Iterable[str], known: set[str]) -> Iterator[str]:
    """What a trial is related to: a record's id, or a registry id as keys are written."""
    for pair in pairs:
        name = pair.partition(":")[2]
        yield name if name in known else _key(name)


def _key(text: str) -> str:
    """An id in the form in which two spellings are equal; empty for what many trials may have."""
    from alscli.model.identifiers import parse_registry_id

    if _NCT.fullmatch(text):  # most are, and reading any spelling takes a while
        return text
    parsed = parse_registry_id(text)
    if parsed is not None:
        return parsed.key
    plain = "".join(character for character in text.casefold() if character.isalnum())
    digits = sum(character.isdecimal() for character in plain)
    return plain if len(plain) >= 6 and digits >= 2 else ""


_NCT = re.compile(r"(?<![A-Za-z0-9])NCT[0-9]{8}(?![A-Za-z0-9])")
_NUMBER = re.compile(r"\W{0,4}[0-9]{8}(?![A-Za-z0-9])")
_WIDE = re.compile("[\uff10-\uff19\uff21-\uff5a]")
_EU = re.compile(r"20[0-9]{2}\W{1,2}[0-9]{6}")


def ids_named_in(text: str) -> frozenset[str]:
    """The registry ids in texts that bars part, as keys."""
    from alscli.model.identifiers import find_registry_ids

    found = _plainly_named(text)
    if found is None:
        found = []
        for part in text.split(" | "):
            plain = _plainly_named(part)
            found += [each.key for each in find_registry_ids(part)] if plain is None else plain
    return frozenset(found)


def _plainly_named(text: str) -> list[str] | None:
    """The ids in a text of which all are NCT numbers, well written; None where a closer look is needed.

    Looking for ids of any kind takes a while, and hardly any text has one.
    """
    if _WIDE.search(text):
        return None
    small = text.lower()
    for part, prefixes in _prefixes().items():
        if part in small:
            for prefix, pattern, exact in prefixes:
                searched = text if exact else small
                if prefix in searched and pattern.search(searched):
                    return None
    if _EU.search(text):
        return None
    found = _NCT.findall(text) if "NCT" in text else []
    after = small.split("nct")[1:]
    return found if len(found) == sum(_NUMBER.match(each) is not None for each in after) else None


@cache
def _prefixes() -> dict[str, list[tuple[str, re.Pattern[str], bool]]]:
    """With what ids but NCT begin, how they go on, and whether they count in this spelling alone.

    By three letters that several have: most texts have none of them.
    """
    from alscli.model.identifiers import REGISTRIES

    found: dict[str, list[tuple[str, re.Pattern[str], bool]]] = defaultdict(list)
    named = [(each.prefix, each.pattern, each.exact_in_text) for each in REGISTRIES if each.prefix != "NCT"]
    for prefix, pattern, exact in [*named, ("NTR", "NTR[0-9]", True)]:
        small = prefix.casefold()
        part = next((each for each in ("ctr", "rct") if each in small), small)
        if exact:
            found[part].append((prefix, re.compile(pattern), True))
        elif prefix:
            found[part].append((small, re.compile(re.escape(small) + "[^0-9]{0,8}[0-9]"), False))
    return dict(found)


def _json(found: Iterable[Group], total: int) -> str:
    listed = [
        {
            "ids": group.ids,
            "score": group.score,
            "pairs": [
                {"ids": [pair.one, pair.other], "score": pair.score, "reasons": pair.reasons}
                for pair in group.pairs
            ],
        }
        for group in found
    ]
    envelope = {"schema": "alscli/dedupe/1", "total": total, "count": len(listed), "groups": listed}
    return json.dumps(envelope, ensure_ascii=False, indent=2) + "\n"


def _lines(found: Iterable[Group], titles: dict[str, str], room: int | None, *, color: bool) -> Iterator[str]:
    for group in found:
        yield paint(f"{group.score:3}  {', '.join(group.ids)}", "heading", color)
        for id_ in group.ids:
            line = f"     {id_}: {one_line(titles[id_])}"
            yield fit(line, room) if room else line
        for pair in group.pairs:
            yield f"     {pair.one} ~ {pair.other}: {', '.join(pair.reasons)}"
        yield ""
