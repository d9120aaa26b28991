"""What a shell offers while a command is typed: ids, fields, columns, terms, as metavars say.

`alscli --install-completion` installs it for the shell that it runs in.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from alscli.errors import AlscliError

Offer = Callable[[str], Iterable[str]]
"""What may stand where this much is typed."""


def words_typed() -> list[str]:
    """The command line as far as it is typed, as bash gives it or the other shells do."""
    return (os.environ.get("COMP_WORDS") or os.environ.get("_TYPER_COMPLETE_ARGS") or "").split()


def attach(parameters: Sequence[Any], command: str) -> None:
    """Let the parameters of a command offer what belongs there."""
    for parameter in parameters:
        offer = _offer_for(parameter, command)
        if offer is not None:
            # Typer's own way needs the function's signature; this one takes any command as it is.
            parameter._custom_shell_complete = _completer(offer)  # noqa: SLF001


def _completer(offer: Offer) -> Callable[[Any, Any, str], list[str]]:
    def complete(context: Any, parameter: Any, typed: str) -> list[str]:
        try:
            return [word for word in offer(typed) if word.startswith(typed)]
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
    named = words[words.index("--records") + 1 :][:1] if "--records" in words else []
    given = named[0] if named else os.environ.get("ALSCLI_RECORDS")
    collection = find(Path(given) if given else None, Path.cwd())
    return [entry.id for entry in collection.entries() if entry.kind in (kinds or ("trial", "product"))]


def _fields(typed: str) -> list[str]:
    from alscli.model.format import fields

    return [entry.path.replace("[]", "") for entry in fields("trial")]


def _assignments(typed: str) -> list[str]:
    """Fields with their equals sign; behind it, the terms of the field."""
    from alscli.model.format import fields

    name, equals, _ = typed.partition("=")
    entries = {entry.path.replace("[]", ""): entry for entry in fields("trial")}
    if not equals:
        return [f"{path}=" for path in entries]
    entry = entries.get(name)
    if entry is None or entry.anatomy.vocabulary is None:
        return []
    return [f"{name}={code}" for code in _terms(entry.anatomy.vocabulary)]


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
