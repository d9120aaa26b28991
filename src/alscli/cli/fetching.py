"""What a registry says of one trial, for `add`: fetched or read from a file, and what its words suggest."""

from __future__ import annotations

import copy
import re
from typing import TYPE_CHECKING, Any

from alscli.cli.session import Session
from alscli.errors import RefusedError
from alscli.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from alscli.interview.dialog import Terminal
    from alscli.registries.draft import Draft


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


def drafts_in(data: bytes, name: str) -> list[Draft]:
    """The trials in a file that a registry gave out; none where it is something else."""
    from alscli.registries.draft import Draft
    from alscli.registries.reading import read

    return [entry for entry in read(data, name) if isinstance(entry, Draft)]


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


def confirmed(draft: Draft, terminal: Terminal) -> Iterator[dict[str, Any]]:
    """The values of a draft, and again after each that its words suggest and the person confirms."""
    from alscli.interview.question import SHAPE
    from alscli.model.path import put

    values = copy.deepcopy(draft.values)
    yield values
    if draft.proposals:
        terminal.say("\nThe registry says this in words only. Is it so?", "heading")
    for each in draft.proposals:
        place = re.search(r"[^.]+(?:\.\d+)?$", each.path)
        where = f"{place[0]}, " if place else ""
        terminal.say(f"“{one_line(each.words)}” ({where}{each.confidence} confidence)", "quiet")
        answer = ""
        while answer[:1] not in ("y", "n", ">"):
            if answer:
                terminal.say("y takes it over, n leaves it out, > leaves out the rest", "quiet")
            words = f"{_named(each.field, values)} = {each.value}? y/n"
            answer = terminal.ask(words, "y", ()).strip().casefold() or "y"
        if answer.startswith(">"):
            return
        if answer.startswith("y"):
            put(each.field, each.value, values, SHAPE)
            yield values


def _named(field: str, values: dict[str, Any]) -> str:
    """A field by the names of the elements on the way, where they are there."""
    from alscli.errors import UsageError
    from alscli.interview.question import SHAPE
    from alscli.model.path import name_of, resolve

    try:
        return name_of(resolve(field, values, SHAPE), values, SHAPE)
    except UsageError:
        return field


def copies(drafts: Iterable[Draft]) -> dict[str, bytes]:
    """The file of the copy of each draft, by its registry id."""
    from alscli.registries.plan import copy_of
    from alscli.store.copies import written

    return {draft.registry_id: written(copy_of(draft)) for draft in drafts}
