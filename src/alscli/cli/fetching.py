"""What a registry says of one trial, for `add`: fetched or read from a file, and what its words suggest."""

from __future__ import annotations

import copy
import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alscli.cli.session import Session
from alscli.errors import RefusedError
from alscli.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from alscli.interview.dialog import Terminal
    from alscli.registries.draft import Draft
    from alscli.store.transaction import Step

LARGEST = 64 * 1024 * 1024
"""Bytes of a file that `add` reads; more trials than that are an import."""


def only_entry(data: bytes, number: str) -> Draft:
    """The one entry of an answer; raises RefusedError where it is none of this number."""
    from alscli.registries.draft import Draft
    from alscli.registries.reading import read

    found = list(read(data))
    if len(found) == 1 and isinstance(found[0], Draft) and found[0].registry_id == number:
        return found[0]
    why = getattr(found[0], "why", "it is of another study") if found else "it is empty"
    raise RefusedError(f"the registry's answer for {number} cannot be used: {why}", "try again later")


def fetched(session: Session, text: str) -> Draft | None:
    """What ClinicalTrials.gov says of the trial with this number; None where the text is no number of its."""
    from alscli.model.identifiers import parse_registry_id
    from alscli.registries.http import Registry

    number = parse_registry_id(text)
    if number is None or number.registry.code != "ctgov":
        return None
    session.say(f"asking ClinicalTrials.gov for {number.value} …")
    with Registry() as registry:
        data = registry.study(number.value)
    return only_entry(data or b"", number.value)


def drafts_in(source: str) -> list[Draft]:
    """The trials in a file that a registry gave out, or on stdin for `-`; none where it is something else."""
    from alscli.registries.draft import Draft
    from alscli.registries.reading import read

    if source == "-":
        data = sys.stdin.buffer.read(LARGEST + 1)
        sys.stdin = io.TextIOWrapper(io.BytesIO(data), encoding="utf-8")  # to be read again as TOML or JSON
    else:
        path = Path(source)
        if not path.is_file() or path.stat().st_size > LARGEST:
            return []
        data = path.read_bytes()
    return [entry for entry in read(data) if isinstance(entry, Draft)]


def told(drafts: Iterable[Draft], *, proposals: bool) -> list[str]:
    """What could not be taken over, and, where nobody is asked, what the words suggest and is not written."""
    lines = []
    for draft in drafts:
        lines += [f"{draft.registry_id}: {odd.path}: {odd.message}" for odd in draft.oddities]
        if proposals:
            lines += [
                f"{draft.registry_id}: not written: {each.field} = {each.value} ({each.words!r})"
                for each in draft.proposals
            ]
    return [one_line(line) for line in lines]


def confirmed(draft: Draft, terminal: Terminal) -> dict[str, Any]:
    """The values of a draft, with those that its words suggest and the person confirms, one by one."""
    from alscli.interview.question import SHAPE
    from alscli.model.path import put

    values = copy.deepcopy(draft.values)
    if draft.proposals:
        terminal.say("\nThe registry says this in words only. Is it so?", "heading")
    for each in draft.proposals:
        terminal.say(
            f"“{one_line(each.words)}” ({each.path.rpartition('.')[2]}, {each.confidence} confidence)",
            "quiet",
        )
        answer = terminal.ask(f"{each.field} = {each.value}? y/n", "y", ()).strip().casefold() or "y"
        if answer.startswith("y"):
            put(each.field, each.value, values, SHAPE)
    return values


def copies(session: Session, drafts: dict[str, Draft]) -> list[Step]:
    """The steps that keep the copy of each draft, by the id of its record."""
    from alscli.registries.plan import copy_of
    from alscli.store.copies import place, written
    from alscli.store.transaction import Step

    root = session.collection.root
    steps = []
    for id_, draft in drafts.items():
        path = place(root, id_)
        steps.append(Step(path, path.read_bytes() if path.exists() else None, written(copy_of(draft))))
    return steps
