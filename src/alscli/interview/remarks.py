"""What a person should know right after an answer: the rules that it breaks, the records that look alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

from alscli.check.engine import rules_of, select
from alscli.check.examination import Surroundings, examine, names_in
from alscli.check.finding import Finding, Severity
from alscli.interview.likeness import look_alikes, told
from alscli.interview.question import PRODUCT, Question, Values
from alscli.model.format import MODELS, schema_comment, shape_of
from alscli.model.path import Path
from alscli.store.canonical import dump
from alscli.store.collection import FOLDERS, Collection, Entry, Snapshot

_TELLING = ("title", PRODUCT, "sponsor.name")
"""Questions whose answer may tell that the trial is here already."""
_MISSING = "SM002"
"""What is missing is asked for."""
_NO_TERM = "SM008"
"""A note, and yet of what was typed just now."""


def remarks(
    collection: Collection, snapshot: Snapshot, as_of: date
) -> Callable[[Question, Values], Sequence[str]]:
    """The remarks on the answer to a question, given the values with it; what was told elsewhere is not."""
    around = Surroundings(snapshot, names_in(snapshot, snapshot.trials), collection.vocabularies, as_of)
    codes = select([], [])
    rules = rules_of(codes)
    shown: dict[str, list[str]] = {}
    at: dict[str, str] = {}

    def remark(question: Question, values: Values) -> list[str]:
        lines = [
            line
            for finding in broken(question.path, values)
            if at.setdefault(line := _line(finding), question.key) == question.key
        ]
        if question.key in _TELLING:
            alike = look_alikes(values, snapshot.trials)
            new = {id_: reasons for id_, reasons in alike.items() if shown.get(id_) != reasons}
            shown.update(alike)
            lines += told(new, snapshot.trials)
        return lines

    def broken(path: Path, values: Values) -> list[Finding]:
        entry = Entry(collection.root / FOLDERS["trial"] / f"{values.get('id', 'new')}.toml", "trial")
        text = dump(values, shape_of(MODELS["trial"]), schema_comment("trial"))
        examined = examine(collection.understand(entry, text.encode()), around, rules, codes)
        return [
            finding
            for finding in examined.findings
            if (finding.severity is not Severity.NOTE or finding.code == _NO_TERM)
            and finding.code != _MISSING
            and _is_about(finding.keys, path)
        ]

    return remark


def _line(finding: Finding) -> str:
    return f"{finding.code} {finding.severity.value}: {finding.message} (alscli explain {finding.code})"


def _is_about(keys: Path, path: Path) -> bool:
    """Whether a finding is about the answered field itself, or the table that it is the value of."""
    return keys[: len(path)] == path or (path[-1] == "on" and keys == path[:-1])
