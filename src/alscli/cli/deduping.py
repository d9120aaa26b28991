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
    " coalesce(enrollment_enrolled, enrollment_randomized, enrollment_planned) AS size"
)
_TEXTS = (
    "SELECT id AS trial, note AS text FROM trials WHERE note IS NOT NULL"
    " UNION ALL SELECT id, eligibility_note FROM trials WHERE eligibility_note IS NOT NULL"
    " UNION ALL SELECT trial, note FROM outcomes WHERE note IS NOT NULL"
    " UNION ALL SELECT trial, definition FROM outcomes WHERE definition IS NOT NULL"
    " UNION ALL SELECT record, coalesce(title, '') || ' ' || coalesce(url, '') FROM refs WHERE kind = 'trial'"
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
    faces = list(_faces(connection))
    found = groups(faces)
    titles = dict(connection.execute("SELECT id, title FROM trials"))
    if format == "json":
        write_data(_json(found, len(faces)))
    else:
        color = session.colored(sys.stdout)
        room = session.columns if session.on_terminal else None
        write_lines(_lines(found, titles, room, color=color), session)
        session.say(f"{len(found)} group{'' if len(found) == 1 else 's'} among {len(faces)} trials")
    return 1 if exit_code and found else 0


def _faces(connection: sqlite3.Connection) -> Iterator[Face]:
    from alscli.store.likeness import Face, fold

    mentions = _mentions(connection)
    asked = connection.execute(f"SELECT {_COLUMNS} FROM trials")  # noqa: S608 - a constant
    names = [column[0] for column in asked.description]
    for values in asked:
        row = dict(zip(names, values, strict=True))
        ids = [text for text in (row["registry_id"], *_listed(row["secondary_ids"])) if text]
        titles = [row[name] for name in ("title", "title_zh", "scientific_title") if row[name]]
        yield Face(
            id=row["id"],
            number=row["registry_id"] or "",
            registry=row["registry"] or "",
            keys=frozenset(key for text in ids if (key := _key(text))),
            mentions=frozenset(mentions[row["id"]] | _named(titles)),
            titles=tuple(titles),
            sponsor=fold(row["sponsor"] or ""),
            products=frozenset(_listed(row["products"])),
            cells=frozenset(_listed(row["cell_types"])),
            phase="" if row["phase"] in ("na", None) else row["phase"],
            start=row["start"] or "",
            size=row["size"],
            related=frozenset(_related(_listed(row["related"]))),
        )


def _listed(text: str | None) -> list[str]:
    held: Any = json.loads(text) if text and text != "[]" else []
    return [item for item in held if isinstance(item, str)] if isinstance(held, list) else []


def _related(pairs: Iterable[str]) -> Iterator[str]:
    """What a trial is related to: a record's id, or a registry id as keys are written."""
    for pair in pairs:
        name = pair.partition(":")[2]
        yield name
        yield _key(name)


def _key(text: str) -> str:
    """An id in the form in which two spellings are equal; empty for what many trials may have."""
    from alscli.model.identifiers import is_canonical, parse_registry_id

    if text.startswith("NCT") and is_canonical(text):  # most are, and reading any spelling takes a while
        return text
    parsed = parse_registry_id(text)
    if parsed is not None:
        return parsed.key
    plain = "".join(character for character in text.casefold() if character.isalnum())
    digits = sum(character.isdecimal() for character in plain)
    return plain if len(plain) >= 6 and digits >= 2 else ""


def _mentions(connection: sqlite3.Connection) -> dict[str, set[str]]:
    """The registry ids in the texts of each trial."""
    found: dict[str, set[str]] = defaultdict(set)
    for trial, text in connection.execute(_TEXTS):
        found[trial] |= _named([text])
    return found


_EU = re.compile(r"20[0-9]{2}\W?[0-9]{6}")
_FOUR = re.compile(r"[0-9]{4}")


def _named(texts: Iterable[str]) -> set[str]:
    """The registry ids in texts, as keys; looking for them takes a while, and hardly any text has one."""
    from alscli.model.identifiers import find_registry_ids

    return {number.key for text in texts if _may_name(text) for number in find_registry_ids(text)}


def _may_name(text: str) -> bool:
    exact, others = _prefixes()
    if any(prefix in text for prefix in exact):
        return True
    if not _FOUR.search(text):
        return False
    small = text.casefold()
    return any(prefix in small for prefix in others) or _EU.search(text) is not None


@cache
def _prefixes() -> tuple[list[str], list[str]]:
    """With what the ids of registries begin: those that count in this spelling alone, and the others."""
    from alscli.model.identifiers import REGISTRIES

    named = [each for each in REGISTRIES if each.prefix]
    exact = [each.prefix for each in named if each.exact_in_text]
    return [*exact, "NTR"], [each.prefix.casefold() for each in named if not each.exact_in_text]


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
            line = f"     {id_}: {one_line(titles.get(id_) or '')}"
            yield fit(line, room) if room else line
        for pair in group.pairs:
            yield f"     {pair.one} ~ {pair.other}: {', '.join(pair.reasons)}"
        yield ""
