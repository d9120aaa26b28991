"""Copies: a record beside what its registry said when it was last asked."""

from __future__ import annotations

import os
from collections.abc import Iterator

from alscli.check.finding import Problem
from alscli.check.format import shown
from alscli.check.rule import rule
from alscli.check.subject import Subject
from alscli.errors import CollectionError
from alscli.store.copies import FOLDER, differing, find, keys_of


@rule("XR003", "warning", "trial")
def differs_from_registry(subject: Subject) -> Iterator[Problem]:
    """A fact that the record takes from its registry, and that the registry copy gives otherwise.

    The copy in `registry/` is what the registry said when it was last asked. Compared are facts whose source
    is `registry`, not wording, nor what a curator judges or arranges (design, arms, outcomes), nor a date
    that is only less precise; a field with a dispute is left alone, and so is what only one of the two holds.

    Example: `enrolled = 263` with `src = "registry"`, where the copy has 196
    Remedy: take over the registry's value, name the other source, or record both in `[[disputes]]`; `alscli
    diff --registry ID` shows all fields, `alscli sync ID` asks the registry again.
    """
    path = subject.record.entry.path
    folder = os.path.dirname(os.path.dirname(path))  # noqa: PTH120 - of each trial, and most have no copy
    if not os.path.exists(f"{folder}/{FOLDER}/{path.stem}.json"):  # noqa: PTH110
        return
    try:
        copy = find(path.parent.parent, path.stem)
    except CollectionError:
        yield Problem((), f"its registry copy {FOLDER}/{path.stem}.json cannot be read")
        return
    if copy is None:
        return
    for field, own, registered in differing(subject.values, copy):
        yield Problem(
            keys_of(field, subject.values), f"{shown(own)}, and the registry says {shown(registered)}"
        )
