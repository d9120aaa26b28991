"""`add`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alscli.cli.session import Session, write
from alscli.errors import AlscliError, RefusedError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from alscli.interview.dialog import Terminal
    from alscli.interview.draft import Draft
    from alscli.interview.proposal import Proposal
    from alscli.interview.question import Surroundings
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
            help="A file of a registry, TOML or JSON of the format, JSON Lines; - is stdin.",
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
      alscli add --from study.json --set phase=I/II期 --no-input
      alscli add --from records.jsonl --dry-run
    """
    from alscli.cli.fetching import copies
    from alscli.interview.assignment import bytes_of

    session: Session = context.obj
    if kind not in ("trial", "product"):
        raise UsageError(f"--kind: {kind!r} is not known", "there are: trial, product")
    if drafts:
        return _list_drafts(session)
    snapshot = session.whole(to_write=not dry_run)
    if not set_ and source is None and not no_input and kind == "trial":
        return _interviewed(session, snapshot, id, dry_run=dry_run)
    given = bytes_of(source) if source is not None else None
    registered = _registered(session, snapshot, kind, id, given, fetches=not set_)
    listed = _given(session, kind, id, given, set_ or [], registered)  # type: ignore[arg-type]
    return _scripted(session, snapshot, kind, listed, copies(registered), dry_run=dry_run)  # type: ignore[arg-type]


def _list_drafts(session: Session) -> int:
    from alscli.interview.draft import unfinished

    found = unfinished(session.collection.root)
    for draft in found:
        write(f"{draft.name}\t{draft.size}\t{draft.saved:%Y-%m-%d %H:%M}\t{draft.path}")
    session.say(f"{len(found)} unfinished; `alscli add` resumes one" if found else "no unfinished record")
    return 0


# -- in scripts --------------------------------------------------------------------------------------


def _registered(
    session: Session,
    snapshot: Snapshot,
    kind: str,
    id_: str | None,
    given: tuple[bytes, str] | None,
    *,
    fetches: bool,
) -> list[Registered]:
    """What a registry says, in the file that is given or over the network; none where it is not asked."""
    from alscli.cli.fetching import drafts_in, fetched, told
    from alscli.interview.proposal import refuse_registered

    found: list[Registered] = []
    if kind == "trial" and given is not None:
        found = drafts_in(*given)
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
    given: tuple[bytes, str] | None,
    pairs: list[str],
    registered: Sequence[Registered],
) -> list[dict[str, Any]]:
    """The values that `--from`, the id and `--set` state, later ones over earlier ones."""
    from copy import deepcopy

    from alscli.interview.assignment import assign, records_in
    from alscli.model.identifiers import parse_registry_id, suggest_record_id

    listed: list[dict[str, Any]] = [deepcopy(draft.values) for draft in registered]
    if not listed:
        listed = records_in(*given) if given is not None else [{}]
    if id_ is not None and given is not None and len(listed) > 1:
        raise UsageError(f"{given[1]} holds {len(listed)} records, and {id_} names one", "leave the id out")
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
    copied: Mapping[str, bytes],
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
    return _written(session, proposals, copied)


def _written(session: Session, proposals: Sequence[Proposal], copied: Mapping[str, bytes]) -> int:
    """Write the records, and the registry copies of those that have one, by registry id."""
    from alscli.interview.proposal import write as write_proposals
    from alscli.store.collection import shown
    from alscli.store.copies import place
    from alscli.store.transaction import Step
    from alscli.store.write import content

    steps = []
    for proposal in proposals:
        data = copied.get(str(getattr(proposal.record.model, "registry_id", None)))
        if data is not None:
            path = place(session.collection.root, proposal.entry.id)
            steps.append(Step(path, content(path), data))
    for path in write_proposals(proposals, session.collection, steps):
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
    from alscli.interview.proposal import propose
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
            _fill(session, draft, around, terminal)
        terminal.say(KEYS, "quiet")
        status: int | None = None
        shown: Mapping[str, Any] | None = None
        while status is None:
            try:
                values = _edited(draft) or interview(draft, around, terminal)
                proposal = propose(session.collection, snapshot, "trial", values, session.as_of)
            except RefusedError as error:
                terminal.say(f"{error.message}; {error.hint}", "bad")
                if draft.edited:
                    status = _reopened(draft, terminal)
                else:
                    draft.take_back("id")
                continue
            _show(session, proposal, shown)
            shown = _values(proposal)
            status = _finish(session, draft, proposal, around, terminal, dry_run=dry_run)
        return status
    except (KeyboardInterrupt, EOFError):
        if draft is not None and not (draft.answers or draft.edited) and len(draft.former) < 2:
            draft.discard()  # a number that is here already, taken back
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


def _fill(session: Session, draft: Draft, around: Surroundings, terminal: Terminal) -> None:
    """Fill the draft with what the registry says, where it can be asked; the person goes on from there."""
    from alscli.cli.fetching import confirmed, copies, fetched, told
    from alscli.model.format import MODELS, schema_comment, shape_of
    from alscli.model.identifiers import suggest_record_id
    from alscli.store.canonical import dump

    number = draft.answers.get("registry_id", "")
    try:
        around.refuse_registered(number)
    except AlscliError:
        return  # the first question says so
    try:
        found = fetched(session, number) if number else None
    except AlscliError as error:
        terminal.say(f"{error.message}; {error.hint}", "warn")
        return
    if found is None:
        return
    for line in told([found], proposals=False):
        terminal.say(line, "quiet")
    draft.copies.update({number: data.decode() for number, data in copies([found]).items()})
    ours = {"schema": 1, "id": suggest_record_id(found.registry_id), "screening": {"decision": "include"}}
    for values in confirmed(found, terminal):
        text = dump({"src": "registry", **values, **ours}, shape_of(MODELS["trial"]), schema_comment("trial"))
        draft.edited[:] = text.split("\n")
        draft.save()


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
        words = f"Resume {draft.name} ({draft.size}, {draft.saved:%Y-%m-%d %H:%M} UTC)? y/n/discard"
        while (answer := terminal.ask(words, "y", ()).strip().casefold() or "y") not in ("n", "no"):
            if answer in ("y", "yes"):
                return draft
            if answer == "discard":
                draft.discard()
                break
            terminal.say("y goes on with it, n leaves it for later; write discard in full", "warn")
    return None


def _edited(draft: Draft) -> dict[str, Any]:
    """The values of the text that a registry or an editor made; raises RefusedError where it is no TOML."""
    from alscli.store.toml import TomlError, parse

    try:
        return parse("\n".join(draft.edited).encode()).values
    except TomlError as error:
        raise RefusedError(f"the text is no TOML: {error.message}", "it is kept") from None


def _reopened(draft: Draft, terminal: Terminal) -> int | None:
    """Ask what to do with a text that makes no record; None to look at the draft again."""
    while True:
        terminal.say(
            "open it in the editor, answers: back to the questions, keep as a draft, discard", "quiet"
        )
        match _asked(terminal, ("open", "answers", "keep", "discard"), default="open"):
            case "open", _:
                _open(draft, "", terminal)
                return None
            case "answers", _:
                draft.edited.clear()
                draft.save()
                return None
            case "keep" | "discard" as way, _:
                return _left(draft, terminal, keeps=way == "keep")


def _left(draft: Draft, terminal: Terminal, *, keeps: bool) -> int:
    if keeps:
        terminal.say("kept as a draft; the next `alscli add` offers to resume it")
    else:
        draft.discard()
        terminal.say("discarded; no file was written")
    return 0


def _finish(
    session: Session,
    draft: Draft,
    proposal: Proposal,
    around: Surroundings,
    terminal: Terminal,
    *,
    dry_run: bool,
) -> int | None:
    """Ask what to do with the record; None to go on with the interview."""
    from alscli.interview.dialog import mend
    from alscli.store.compare import leaves

    names = list(leaves(_values(proposal), "trial"))
    while True:
        terminal.say("save, edit FIELD, show all, open in the editor, keep as a draft, discard", "quiet")
        match _asked(terminal, ("save", "edit", "show", "open", "keep", "discard"), names):
            case "show", _:
                _show(session, proposal, None)
            case "edit", "":
                terminal.say(f"edit FIELD, such as: {', '.join(names[1:9])} …", "quiet")
            case "edit", field:
                if mend(draft, field, around, terminal):
                    return None
            case "open", _:
                if _open(draft, proposal.text, terminal):
                    return None
            case "keep" | "discard" as way, _:
                return _left(draft, terminal, keeps=way == "keep")
            case "save", _ if not proposal.is_valid:
                terminal.say("it has errors; edit the fields, or keep it as a draft", "bad")
            case "save", _ if dry_run:
                terminal.say("--dry-run: nothing was written")
                return 0
            case "save", _ if _is_saved(session, proposal, draft, terminal):
                draft.discard()
                return 0


def _values(proposal: Proposal) -> Mapping[str, Any]:
    return proposal.record.document.values if proposal.record.document else {}


def _show(session: Session, proposal: Proposal, shown: Mapping[str, Any] | None) -> None:
    """Print the record, or what has changed since it was `shown`, and what the rules say of it."""
    from alscli.interview.terminal import painted
    from alscli.store.compare import Version, record_changes
    from alscli.views.changes import fields

    color = session.colored(sys.stderr)
    if shown is None:
        lines: Iterable[str] = [painted(proposal.text, color=color)]
    else:
        sides = ({"": Version("trial", values)} for values in (shown, _values(proposal)))
        lines = (
            line
            for each in record_changes(*sides)
            for line in fields(each.fields, session.columns, color=color)
        )
    for line in ("", *lines):
        print(line, file=sys.stderr)
    _show_findings(session, proposal)


_REST = {"show": ("all",), "open": ("in the editor", "it in the editor"), "keep": ("as a draft",)}
"""What the prompts say after a word, for those who type all of it."""


def _asked(
    terminal: Terminal, words: Sequence[str], names: Sequence[str] = (), default: str = ""
) -> tuple[str, str]:
    """One of these words, or the beginning of one, and the field that follows; nothing where it is none.

    `<` goes back to the last question, `<FIELD` to a field. What cannot be taken back is written in full.
    """
    from alscli.interview.dialog import BACK
    from alscli.interview.question import Choice

    offered = [*(word for word in words if word != "edit"), *(f"edit {name}" for name in names)]
    answer = terminal.ask("What now", default, [Choice(word, "") for word in offered]).strip() or default
    if answer.startswith(BACK) and "edit" in words:
        return "edit", answer.removeprefix(BACK).strip() or "note"
    begun, _, field = answer.partition(" ")
    word = next((each for each in words if begun and each.startswith(begun.casefold())), "")
    if word and (word == "edit" or not field or field in _REST.get(word, ())):
        if word != "discard" or begun.casefold() == word:
            return word, field.strip()
        terminal.say("write discard in full", "warn")
    elif answer:
        hint = f"; edit {answer}?" if "edit" in words else ""
        terminal.say(f"{answer!r} is none of these{hint}", "warn")
    return "", ""


def _open(draft: Draft, text: str, terminal: Terminal) -> bool:
    """Let the person change the whole text; whether it is another now, which is the draft from then on."""
    from alscli.interview.editor import open_in_editor

    path = draft.path.with_suffix(".toml")
    try:
        opened = "\n".join(draft.edited) or text
        path.write_text(opened, encoding="utf-8", newline="\n")
        open_in_editor(path)
        changed = path.read_text("utf-8")
        path.unlink()
        if changed != opened:
            draft.edited[:] = changed.split("\n") if changed.strip() else []
            draft.save()
            return True
        terminal.say("nothing was changed", "quiet")
    except AlscliError as error:
        terminal.say(f"{error.message}; {error.hint}; the answers are kept", "bad")
    except (OSError, UnicodeDecodeError) as error:
        terminal.say(f"{path}: {error}; the answers are kept", "bad")
    return False


def _is_saved(session: Session, proposal: Proposal, draft: Draft, terminal: Terminal) -> bool:
    try:
        _written(session, [proposal], {number: text.encode() for number, text in draft.copies.items()})
    except AlscliError as error:
        terminal.say(f"{error.message}; {error.hint}; the answers are kept", "bad")
        return False
    return True
