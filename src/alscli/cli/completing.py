"""What a shell offers while a command is typed: ids, fields, columns, terms, as metavars say.

`alscli --install-completion` installs it for the shell that it runs in.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from alscli.errors import AlscliError

Offer = Callable[[str], Iterable[str]]
"""What may stand where this much is typed."""


def words_typed() -> list[str]:
    """The command line as far as it is typed, as bash gives it or the other shells do."""
    return (os.environ.get("COMP_WORDS") or os.environ.get("_TYPER_COMPLETE_ARGS") or "").split()


def join_words() -> int:
    """Join the words that Bash has split at `=` and `:`; how many characters of the last one it completes.

    Bash replaces only what follows the last of these signs, so nothing else may be offered there.
    """
    given = os.environ.get("COMP_WORDS")
    if given is None:
        return sys.maxsize
    words = given.split("\n")[: int(os.environ.get("COMP_CWORD") or 0) + 1]
    joined: list[str] = []
    for word, before in zip(words, ["", *words], strict=False):
        if word and joined and (_is_break(word) or _is_break(before)):
            joined[-1] += word
        else:
            joined.append(word)
    os.environ["COMP_WORDS"] = "\n".join(joined)
    os.environ["COMP_CWORD"] = str(len(joined) - 1)
    return 0 if _is_break(words[-1]) else len(words[-1].lstrip("\"'"))


def _is_break(word: str) -> bool:
    return bool(word) and not word.strip("=:")


def attach(parameters: Sequence[Any], command: str, completed: int) -> None:
    """Let the parameters of a command offer what belongs there; see `join_words` for `completed`."""
    for parameter in parameters:
        offer = _offer_for(parameter, command)
        if offer is not None:
            # Typer's own way needs the function's signature; this one takes any command as it is.
            parameter._custom_shell_complete = _completer(offer, completed)  # noqa: SLF001


def _completer(offer: Offer, completed: int) -> Callable[[Any, Any, str], list[str]]:
    def complete(context: Any, parameter: Any, typed: str) -> list[str]:
        stays = max(0, len(typed) - completed)
        try:
            return [word[stays:] for word in offer(typed) if word.startswith(typed)]
        except (AlscliError, OSError):  # no collection here, or none that can be read
            return []

    return complete


def _offer_for(parameter: Any, command: str) -> Offer | None:
    from alscli.query.filters import FILTERS

    metavar = parameter.metavar or ""
    if metavar == "VALUE":
        found = next((each for each in FILTERS if each.name == parameter.name), None)
        if found is not None and found.how == "product":
            return lambda typed: _ids("product")
        return (lambda typed: _terms(found.vocabulary)) if found and found.vocabulary else None
    if metavar in ("[FIELD]", "FIELD") and command == "values":
        return lambda typed: _vocabularies()
    return _BY_METAVAR.get(metavar) if command != "add" or metavar != "[ID]" else None


def _ids(*kinds: str) -> list[str]:
    from alscli.store.collection import find

    words = words_typed()
    pairs = (word.partition("=")[::2] for word in words)
    named = [
        value or after
        for (name, value), after in zip(pairs, [*words[1:], ""], strict=True)
        if name == "--records"
    ]
    given = named[0] if named else os.environ.get("ALSCLI_RECORDS")
    collection = find(Path(given) if given else None, Path.cwd())
    return [entry.id for entry in collection.entries() if entry.kind in (kinds or ("trial", "product"))]


def _fields(typed: str) -> list[str]:
    from alscli.model.format import fields

    return [entry.path.replace("[]", "") for entry in fields("trial")]


def _assignments(typed: str) -> list[str]:
    """Fields with their equals sign; behind it, and where only one field is left, what the field takes."""
    from alscli.model.absence import Absence
    from alscli.model.format import fields

    name, equals, _ = typed.partition("=")
    entries = {entry.path.replace("[]", ""): entry for entry in fields("trial")}
    begun = [path for path in entries if path == name or (not equals and path.startswith(name))]
    if len(begun) != 1:
        return [f"{path}=" for path in begun]
    (path,) = begun
    anatomy = entries[path].anatomy
    terms = _terms(anatomy.vocabulary) if anatomy.vocabulary else []
    absences = list(Absence) if anatomy.absence else []
    return [*([] if equals else [f"{path}="]), *(f"{path}={word}" for word in (*terms, *absences))]


def _ids_or_assignments(typed: str) -> list[str]:
    return [*_ids(), *_assignments(typed)]


def _columns(typed: str) -> list[str]:
    """Columns of the table of trials, after those that stand before the last comma."""
    from alscli.query.tables import TRIALS

    before, comma, _ = typed.rpartition(",")
    return [f"{before}{comma}{column.name}" for column in TRIALS.columns]


def _terms(vocabulary: str) -> list[str]:
    from alscli.model.vocabulary import shipped

    return list(shipped()[vocabulary].terms)


def _vocabularies() -> list[str]:
    from alscli.model.vocabulary import shipped

    return list(shipped())


_BY_METAVAR: dict[str, Offer] = {
    **dict.fromkeys(("ID", "ID...", "[ID]", "[ID]..."), lambda typed: _ids()),
    "[ID|FIELD=VALUE]...": _ids_or_assignments,
    "FIELD=VALUE": _assignments,
    **dict.fromkeys(("FIELD", "[FIELD]", "[NAME]"), _fields),
    **dict.fromkeys(("A,B", "A,-B", "[BY]..."), _columns),
}
