"""`add`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alscli.cli.session import Session, write
from alscli.errors import AlscliError, RefusedError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alscli.interview.dialog import Terminal
    from alscli.interview.draft import Draft
    from alscli.interview.proposal import Proposal
    from alscli.interview.question import Choice, Surroundings
    from alscli.model.format import FileKind
    from alscli.registries.draft import Draft as Registered
    from alscli.store.collection import Snapshot


def add(
    context: typer.Context,
    id: Annotated[  # noqa: A002
        str | None, typer.Argument(metavar="[ID]", help="Id of the new record, or its registry id.")
    ] = None,
    kind: Annotated[str, typer.Option(metavar="KIND", help="trial or product.")] = "trial",
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="FIELD=VALUE", help="Set a field, such as enrollment.planned=40."),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="FILE",
            help="What a registry gives out, TOML or JSON of the format, JSON Lines; - is stdin.",
            show_default=False,
        ),
    ] = None,
    no_input: Annotated[
        bool, typer.Option("--no-input", help="Never ask; fail with what is missing.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the record, and write nothing.")] = False,
    drafts: Annotated[bool, typer.Option("--drafts", help="List unfinished records.")] = False,
) -> int:
    """Add a record, asked for field by field.

    The number of a trial at ClinicalTrials.gov fetches what that says; what it says in words only is asked
    about. In scripts values come from --set and --from: several records are added together or not at all.

    Every answer is checked at once and kept as a draft, which the next `add` offers to resume; nothing is
    written to the collection before the whole record is shown, free of errors, and confirmed.

    \b
    Examples:
      alscli add https://clinicaltrials.gov/study/NCT04821479
      alscli add NCT04821479 --set title="Repeated injections" --set phase=I/II期 --no-input
      alscli add --from records.jsonl --dry-run
    """
    session: Session = context.obj
    if kind not in ("trial", "product"):
        raise UsageError(f"--kind: {kind!r} is not known", "there are: trial, product")
    if drafts:
        return _list_drafts(session)
    snapshot = session.whole(to_write=not dry_run)
    if not set_ and source is None and not no_input and kind == "trial":
        return _interviewed(session, snapshot, id, dry_run=dry_run)
    registered = _registered(session, snapshot, kind, id, source, fetches=not set_)
    listed = _given(session, kind, id, source, set_ or [], registered)  # type: ignore[arg-type]
    return _scripted(session, snapshot, kind, listed, registered, dry_run=dry_run)  # type: ignore[arg-type]


def _list_drafts(session: Session) -> int:
    from alscli.interview.draft import unfinished

    found = unfinished(session.collection.root)
    for draft in found:
        write(f"{draft.name}\t{len(draft.answers)} answers\t{draft.saved:%Y-%m-%d %H:%M}\t{draft.path}")
    session.say(f"{len(found)} unfinished; `alscli add` resumes one" if found else "no unfinished record")
    return 0


# -- in scripts --------------------------------------------------------------------------------------


def _registered(
    session: Session, snapshot: Snapshot, kind: str, id_: str | None, source: str | None, *, fetches: bool
) -> list[Registered]:
    """What a registry says, in the file that is given or over the network; none where it is not asked."""
    from alscli.cli.fetching import drafts_in, fetched, told
    from alscli.interview.proposal import refuse_registered

    found: list[Registered] = []
    if kind == "trial" and source is not None:
        found = drafts_in(source)
    elif kind == "trial" and fetches and id_ is not None:
        refuse_registered(snapshot, id_)
        draft = fetched(session, id_)
        found = [draft] if draft is not None else []
    for line in told(found, proposals=True):
        session.say(f"  {line}")
    return found


def _given(
    session: Session,
    kind: FileKind,
    id_: str | None,
    source: str | None,
    pairs: list[str],
    registered: Sequence[Registered],
) -> list[dict[str, Any]]:
    """The values that `--from`, the id and `--set` state, later ones over earlier ones."""
    from copy import deepcopy

    from alscli.interview.assignment import assign, read_sources
    from alscli.model.identifiers import parse_registry_id, suggest_record_id

    listed: list[dict[str, Any]] = [deepcopy(draft.values) for draft in registered]
    if not listed:
        listed = read_sources(source) if source is not None else [{}]
    if id_ is not None and len(listed) > 1:
        raise UsageError(f"{source} holds {len(listed)} records, and {id_} names one", "leave the id out")
    number = parse_registry_id(id_) if id_ else None
    for values in listed:
        if number is not None:
            values.setdefault("registry_id", number.value)
            values.setdefault("id", suggest_record_id(number.value))
        elif id_ is not None:
            values["id"] = id_
        elif registered:
            values.setdefault("id", suggest_record_id(str(values.get("registry_id"))))
        values.setdefault("schema", 1)
        for pair in pairs:
            assign(values, pair, kind, session.collection.vocabularies)
        if kind == "trial":
            values.setdefault("screening", {"decision": "include"})
            if "src" not in values and "registry_id" in values:
                values["src"] = "registry"
    return listed


def _scripted(
    session: Session,
    snapshot: Snapshot,
    kind: FileKind,
    listed: list[dict[str, Any]],
    registered: Sequence[Registered],
    *,
    dry_run: bool,
) -> int:
    from alscli.interview.proposal import propose_all

    proposals = propose_all(session.collection, snapshot, kind, listed, session.as_of)
    failing = [proposal for proposal in proposals if not proposal.is_valid]
    if failing:
        for proposal in failing:
            _show_findings(session, proposal)
        if len(listed) == 1:
            what = "the record has errors; nothing was written"
        else:
            what = f"{len(failing)} of {len(listed)} records have errors; none was written"
        raise RefusedError(what, "mend them and run the command again")
    if dry_run:
        sys.stdout.write("\n".join(proposal.text for proposal in proposals))
        return 0
    return _written(session, proposals, registered)


def _written(session: Session, proposals: Sequence[Proposal], registered: Sequence[Registered] = ()) -> int:
    from alscli.cli.fetching import copies
    from alscli.interview.proposal import write as write_proposals
    from alscli.store.collection import shown

    ids = {(p.record.document.values if p.record.document else {}).get("registry_id"): p for p in proposals}
    kept = {ids[d.registry_id].entry.id: d for d in registered if d.registry_id in ids}
    for path in write_proposals(proposals, session.collection, copies(session, kept)):
        session.say(f"wrote {shown(path)}")
    return 0


def _show_findings(session: Session, proposal: Proposal) -> None:
    from alscli.check.reporters.text import render, summary

    for line in render(proposal.report, color=session.colored(sys.stderr)):
        print(line, file=sys.stderr)
    print(summary(proposal.report), file=sys.stderr)


# -- on a terminal -----------------------------------------------------------------------------------


def _interviewed(session: Session, snapshot: Snapshot, id_: str | None, *, dry_run: bool) -> int:
    from alscli.interview.dialog import KEYS, interview
    from alscli.interview.draft import start
    from alscli.interview.terminal import terminal as terminal_here

    if not sys.stdin.isatty():
        raise UsageError(
            "add asks a person, and stdin is no terminal", "use --set FIELD=VALUE, --from FILE or --no-input"
        )
    terminal = terminal_here(color=session.colored(sys.stderr))
    around = _surroundings(session, snapshot)
    draft: Draft | None = None
    try:
        draft = _resumed(session, terminal) or start(session.collection.root)
        registered: list[Registered] = []
        if id_ is not None and not draft.answers:
            _begin_with(draft, id_)
            registered = _filled(session, draft, around, terminal)
        terminal.say(KEYS, "quiet")
        while True:
            values = _edited(draft, terminal) or interview(draft, around, terminal)
            status = _finish(session, snapshot, draft, values, around, terminal, registered, dry_run=dry_run)
            if status is not None:
                return status
    except (KeyboardInterrupt, EOFError):
        kept = draft is not None and draft.path.exists()
        said = (
            "kept as a draft; the next `alscli add` offers to resume it" if kept else "nothing was answered"
        )
        terminal.say(f"\n{said}; no file was written")
        return 130


def _begin_with(draft: Draft, id_: str) -> None:
    from alscli.model.identifiers import parse_registry_id

    if parse_registry_id(id_) is not None:
        draft.answers["registry_id"] = id_
    else:
        draft.former["id"] = id_


def _filled(session: Session, draft: Draft, around: Surroundings, terminal: Terminal) -> list[Registered]:
    """Fill the draft with what the registry says, where it can be asked; the person goes on from there."""
    from alscli.cli.fetching import confirmed, fetched, told
    from alscli.model.format import MODELS, schema_comment, shape_of
    from alscli.model.identifiers import suggest_record_id
    from alscli.store.layout import dump

    number = draft.answers.get("registry_id", "")
    try:
        around.refuse_registered(number)
    except AlscliError:
        return []  # the first question says so
    try:
        found = fetched(session, number) if number else None
    except AlscliError as error:
        terminal.say(f"{error.message}; {error.hint}", "warn")
        return []
    if found is None:
        return []
    for line in told([found], proposals=False):
        terminal.say(line, "quiet")
    values = {"id": suggest_record_id(found.registry_id), **confirmed(found, terminal)}
    values |= {"schema": 1, "screening": {"decision": "include"}}
    values.setdefault("src", "registry")
    draft.edited[:] = dump(values, shape_of(MODELS["trial"]), schema_comment("trial")).split("\n")
    draft.save()
    return [found]


def _surroundings(session: Session, snapshot: Snapshot) -> Surroundings:
    from functools import cache, partial

    from alscli.interview.proposal import refuse_registered, refuse_taken
    from alscli.interview.question import Surroundings
    from alscli.interview.remarks import remarks

    return Surroundings(
        session.collection.vocabularies,
        snapshot.products,
        cache(partial(refuse_registered, snapshot)),  # asked again with every answer
        cache(partial(refuse_taken, snapshot)),
        remarks(session.collection, snapshot, session.as_of),
    )


def _resumed(session: Session, terminal: Terminal) -> Draft | None:
    from alscli.interview.draft import unfinished

    for draft in unfinished(session.collection.root):
        kept = f"{len(draft.answers)} answers, {draft.saved:%Y-%m-%d %H:%M} UTC"
        words = f"Resume {draft.name} ({kept})? y/n/discard"
        answer = terminal.ask(words, "y", ()).strip().casefold() or "y"
        if answer.startswith("y"):
            return draft
        if answer.startswith("d"):
            draft.discard()
    return None


def _edited(draft: Draft, terminal: Terminal) -> dict[str, Any] | None:
    """The values of the text that a person has made of it in an editor, if it is TOML."""
    from alscli.store.toml import TomlError, parse

    if not draft.edited:
        return None
    try:
        return parse("\n".join(draft.edited).encode()).values
    except TomlError as error:
        terminal.say(f"the edited text: {error.message}; it is kept, the answers are shown", "bad")
        return None


_WAYS = "save, edit FIELD, open in the editor, keep as a draft, discard"


def _finish(
    session: Session,
    snapshot: Snapshot,
    draft: Draft,
    values: dict[str, Any],
    around: Surroundings,
    terminal: Terminal,
    registered: Sequence[Registered],
    *,
    dry_run: bool,
) -> int | None:
    """Show the record and ask what to do with it; None to go on with the interview."""
    from alscli.interview.proposal import propose
    from alscli.interview.terminal import painted

    try:
        proposal = propose(session.collection, snapshot, "trial", values, session.as_of)
    except RefusedError as error:
        terminal.say(f"{error.message}; {error.hint}", "bad")
        if draft.edited:
            terminal.ask("Enter opens the text in the editor, Ctrl-C keeps it as a draft", "", ())
            _open(draft, "", terminal)
        else:
            draft.take_back("id")
        return None
    print("\n" + painted(proposal.text, color=session.colored(sys.stderr)), file=sys.stderr)
    _show_findings(session, proposal)
    while True:
        terminal.say(_WAYS, "quiet")
        choice = terminal.ask("What now", "", _ways(draft)).strip()
        word, _, field = choice.partition(" ")
        match word[:1].casefold():
            case "e" if field.strip():
                _mended(draft, field.strip(), around, terminal)
                return None
            case "e":
                terminal.say(f"edit FIELD, such as: {', '.join(draft.answers)}", "quiet")
            case "o":
                _open(draft, proposal.text, terminal)
                return None
            case "k":
                terminal.say("kept as a draft; the next `alscli add` offers to resume it")
                return 0
            case "d":
                draft.discard()
                terminal.say("discarded; no file was written")
                return 0
            case "s" if not proposal.is_valid:
                terminal.say("it has errors; edit the fields, or keep it as a draft", "bad")
            case "s" if dry_run:
                terminal.say("--dry-run: nothing was written")
                return 0
            case "s" if _is_saved(session, proposal, terminal, registered):
                draft.discard()
                return 0


def _ways(draft: Draft) -> tuple[Choice, ...]:
    from alscli.interview.question import Choice

    fields = () if draft.edited else tuple(Choice(f"edit {key}", "answer again") for key in draft.answers)
    return (
        Choice("save", "write the file"),
        *(Choice(word, "") for word in ("open", "keep", "discard")),
        *fields,
    )


def _mended(draft: Draft, field: str, around: Surroundings, terminal: Terminal) -> None:
    from alscli.interview.dialog import mend

    if draft.edited:
        terminal.say("the text was changed in the editor: open it there again", "warn")
    elif not mend(draft, field, around, terminal):
        terminal.say("`alscli fields` lists the fields", "quiet")


def _open(draft: Draft, text: str, terminal: Terminal) -> None:
    """Let the person change the whole text; what comes back is the draft from then on."""
    from alscli.interview.editor import open_in_editor

    path = draft.path.with_suffix(".toml")
    try:
        opened = "\n".join(draft.edited) or text
        path.write_text(opened, encoding="utf-8", newline="\n")
        open_in_editor(path)
        changed = path.read_text("utf-8")
        if changed != opened:
            draft.edited[:] = changed.split("\n")
            draft.save()
        path.unlink()
    except AlscliError as error:
        terminal.say(f"{error.message}; {error.hint}; nothing is lost", "bad")
    except (OSError, UnicodeDecodeError) as error:
        terminal.say(f"{path}: {error}; the answers are kept", "bad")


def _is_saved(
    session: Session, proposal: Proposal, terminal: Terminal, registered: Sequence[Registered]
) -> bool:
    try:
        _written(session, [proposal], registered)
    except AlscliError as error:
        terminal.say(f"{error.message}; {error.hint}; the answers are kept", "bad")
        return False
    return True
