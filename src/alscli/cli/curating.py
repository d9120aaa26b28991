"""`add` and `fmt`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alscli.cli.session import Session, write
from alscli.errors import AlscliError, RefusedError, UsageError

if TYPE_CHECKING:
    from alscli.interview.dialog import Terminal
    from alscli.interview.draft import Draft
    from alscli.interview.proposal import Proposal
    from alscli.model.format import FileKind
    from alscli.store.collection import Record, Snapshot


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
            "--from", metavar="FILE", help="TOML or JSON of the format; - is stdin.", show_default=False
        ),
    ] = None,
    no_input: Annotated[
        bool, typer.Option("--no-input", help="Never ask; fail with what is missing.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the record, and write nothing.")] = False,
    drafts: Annotated[bool, typer.Option("--drafts", help="List unfinished records.")] = False,
) -> int:
    """Add a record, asked for field by field.

    In scripts its values come from --set and --from.

    Every answer is checked at once and kept as a draft, which the next `add` offers to resume; nothing is
    written to the collection before the whole record is shown, free of errors, and confirmed.
    """
    session: Session = context.obj
    if kind not in ("trial", "product"):
        raise UsageError(f"--kind: {kind!r} is not known", "there are: trial, product")
    if drafts:
        return _list_drafts(session)
    snapshot = session.collection.load()
    if not set_ and source is None and not no_input and kind == "trial":
        return _interviewed(session, snapshot, id, dry_run=dry_run)
    values = _given(session, kind, id, source, set_ or [])  # type: ignore[arg-type]
    return _scripted(session, snapshot, kind, values, dry_run=dry_run)  # type: ignore[arg-type]


def _list_drafts(session: Session) -> int:
    from alscli.interview.draft import unfinished

    found = unfinished(session.collection.root)
    for draft in found:
        write(f"{draft.name}\t{len(draft.answers)} answers\t{draft.saved:%Y-%m-%d %H:%M}")
    session.say(f"{len(found)} unfinished; `alscli add` resumes one" if found else "no unfinished record")
    return 0


def _given(
    session: Session, kind: FileKind, id_: str | None, source: str | None, pairs: list[str]
) -> dict[str, Any]:
    """The values that `--from`, the id and `--set` state, later ones over earlier ones."""
    from alscli.interview.assignment import assign, read_source
    from alscli.model.identifiers import parse_registry_id, suggest_record_id

    values = read_source(source) if source is not None else {}
    number = parse_registry_id(id_) if id_ else None
    if number is not None:
        values.setdefault("registry_id", number.value)
        values.setdefault("id", suggest_record_id(number.value))
    elif id_ is not None:
        values["id"] = id_
    values.setdefault("schema", 1)
    for pair in pairs:
        assign(values, pair, kind, session.collection.vocabularies)
    if kind == "trial":
        values.setdefault("screening", {"decision": "include"})
        if "src" not in values and "registry_id" in values:
            values["src"] = "registry"
    return values


def _scripted(
    session: Session, snapshot: Snapshot, kind: FileKind, values: dict[str, Any], *, dry_run: bool
) -> int:
    from alscli.interview.proposal import propose

    proposal = propose(session.collection, snapshot, kind, values, session.as_of)
    if not proposal.is_valid:
        _show_findings(session, proposal)
        raise RefusedError(
            "the record has errors; nothing was written", "mend them and run the command again"
        )
    if dry_run:
        sys.stdout.write(proposal.text)
        return 0
    return _written(session, proposal)


def _written(session: Session, proposal: Proposal) -> int:
    from alscli.interview.proposal import write as write_proposal
    from alscli.store.collection import shown

    path = write_proposal(proposal, session.collection)
    session.say(f"wrote {shown(path)}")
    return 0


def _show_findings(session: Session, proposal: Proposal) -> None:
    from alscli.check.reporters.text import render, summary

    for line in render(proposal.report, color=session.colored(sys.stderr)):
        print(line, file=sys.stderr)
    print(summary(proposal.report), file=sys.stderr)


def _interviewed(session: Session, snapshot: Snapshot, id_: str | None, *, dry_run: bool) -> int:
    from alscli.interview.dialog import interview
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
        if id_ is not None and not draft.answers:
            _begin_with(draft, id_)
        terminal.say(
            "? explains a question, < goes back, empty skips what is optional, Ctrl-C keeps a draft", "quiet"
        )
        while True:
            values = interview(draft, around, terminal)
            status = _finish(session, snapshot, draft, values, terminal, dry_run=dry_run)
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


def _surroundings(session: Session, snapshot: Snapshot) -> Any:
    from alscli.interview.proposal import refuse_registered, refuse_taken
    from alscli.interview.questions import Surroundings

    return Surroundings(
        session.collection.vocabularies,
        snapshot.products,
        lambda number: refuse_registered(snapshot, number),
        lambda taken: refuse_taken(snapshot, taken),
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


def _finish(
    session: Session,
    snapshot: Snapshot,
    draft: Draft,
    values: dict[str, Any],
    terminal: Terminal,
    *,
    dry_run: bool,
) -> int | None:
    """Show the record and ask what to do with it; None to go on with the interview."""
    from alscli.interview.proposal import propose

    try:
        proposal = propose(session.collection, snapshot, "trial", values, session.as_of)
    except RefusedError as error:
        terminal.say(f"{error.message}; {error.hint}", "bad")
        draft.take_back("id")
        return None
    terminal.say("")
    terminal.say(proposal.text)
    _show_findings(session, proposal)
    while True:
        choice = terminal.ask(
            "w: write it, e FIELD: answer again, d: keep as a draft, x: discard", "", ()
        ).strip()
        word, _, field = choice.partition(" ")
        if word == "e":
            if field not in draft.answers:
                terminal.say(f"fields: {', '.join(draft.answers)}", "quiet")
                continue
            draft.take_back(field)
            return None
        if word == "d":
            terminal.say("kept as a draft; no file was written")
            return 0
        if word == "x":
            draft.discard()
            terminal.say("discarded; no file was written")
            return 0
        if word == "w" and not proposal.is_valid:
            terminal.say("it has errors; answer the fields again, or keep it as a draft", "bad")
        elif word == "w" and dry_run:
            terminal.say("--dry-run: nothing was written")
            return 0
        elif word == "w":
            status = _try_to_write(session, proposal, terminal)
            if status is not None:
                draft.discard()
                return status


def _try_to_write(session: Session, proposal: Proposal, terminal: Terminal) -> int | None:
    try:
        return _written(session, proposal)
    except AlscliError as error:
        terminal.say(f"{error.message}; {error.hint}; the answers are kept", "bad")
        return None


def fmt(
    context: typer.Context,
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[PATHS]...", help="Files or folders; everything where none is given."),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit with 1 where a file would change.")
    ] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Write nothing; show what would change.")] = False,
) -> int:
    """Bring records into canonical layout.

    What they mean stays, and comments stay where they stood.
    """
    from alscli.store.collection import shown
    from alscli.store.tidying import laid_out, tidy

    session: Session = context.obj
    records = _chosen(session, paths or [])
    changed, broken = 0, 0
    for record in records:
        path = shown(record.entry.path)
        if record.document is None:
            broken += 1
            assert record.fault is not None  # noqa: S101
            print(
                f"{path}:{record.fault.line}:{record.fault.column}: {record.fault.message}; left as it is",
                file=sys.stderr,
            )
            continue
        text = laid_out(record)
        if text == record.document.text:
            continue
        changed += 1
        if diff:
            sys.stdout.writelines(_unified(record.document.text, text, path))
        elif check:
            write(f"would change {path}")
        else:
            tidy(session.collection, record.entry)
            write(f"changed {path}")
    would = "would change" if check or diff else "changed"
    session.say(f"{changed} of {len(records)} files {would}" if changed else "nothing to change")
    return 1 if broken or (changed and (check or diff)) else 0


def _chosen(session: Session, paths: list[Path]) -> list[Record]:
    from alscli.store.collection import shown

    collection = session.collection
    entries = list(collection.entries())
    if not paths:
        return [collection.read(entry) for entry in entries]
    chosen = []
    for path in paths:
        if not path.exists():
            raise UsageError(f"{path} does not exist", "name a file or folder of the collection")
        inside = [e for e in entries if e.path.resolve().is_relative_to(path.resolve())]
        if not inside:
            raise UsageError(f"{shown(path)} holds no record of this collection")
        chosen += [entry for entry in inside if entry not in chosen]
    return [collection.read(entry) for entry in chosen]


def _unified(old: str, new: str, path: str) -> list[str]:
    from difflib import unified_diff

    return list(
        unified_diff(old.splitlines(keepends=True), new.splitlines(keepends=True), f"a/{path}", f"b/{path}")
    )
