"""`set`, `edit`, `rename`, `exclude` and `verify`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alscli.cli.options import Given, Where, takes_filters
from alscli.cli.session import Session, write
from alscli.errors import AlscliError, RefusedError, UsageError

if TYPE_CHECKING:
    from alscli.check.report import Report
    from alscli.interview.amendment import Amendment
    from alscli.interview.workpiece import Workpiece
    from alscli.store.collection import Entry, Record, Snapshot
    from alscli.store.transaction import Step

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would change, and write nothing.")]
Id = Annotated[str, typer.Argument(metavar="ID", help="Id, former id or registry id of the record.")]


@takes_filters
def set_(
    context: typer.Context,
    filters: Given,
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ID|FIELD=VALUE]...", help="Records, and what to set in them."),
    ] = None,
    unset: Annotated[
        list[str] | None, typer.Option(metavar="FIELD", help="Remove a field.", show_default=False)
    ] = None,
    append: Annotated[
        list[str] | None,
        typer.Option(metavar="FIELD=VALUE", help="Add to a list; a table as TOML.", show_default=False),
    ] = None,
    where: Where = None,
    yes: Yes = False,
    dry_run: DryRun = False,
) -> int:
    """Set fields of records, and leave every other byte as it is.

    Words with = are assignments, others name records; or filters choose them, and what would change is shown
    and asked about first. A value is read as `add` reads it: terms in any language, lists with commas. It
    is all or nothing: no record is written where one would gain an error.

    \b
    Examples:
      alscli set NCT03280056 status=completed enrollment.randomized=196
      alscli set --country China --append 'tags=multicentre' --dry-run
    """
    from alscli.interview.amendment import Amendment

    session: Session = context.obj
    names = [word for word in words or [] if "=" not in word]
    pairs = [word for word in words or [] if "=" in word]
    filtered = bool(filters or where)
    if not (pairs or unset or append):
        raise UsageError("nothing to set", "alscli set ID FIELD=VALUE")
    if names and filtered:
        raise UsageError("records are named, or filters choose them", f"leave {names[0]} out, or the filters")
    if not names and not filtered:
        raise UsageError("no record is named", "alscli set ID FIELD=VALUE, or filters as in `alscli list`")
    asks = filtered and not yes and not dry_run
    if asks:
        _need_terminal("set asks before it writes what filters choose")
    amendment = Amendment(unset or (), pairs, append or ())
    with _begun(session, locks=not asks) as before:
        records = _filtered(session, before, filters, where) if filtered else _named(before, names)
        if filtered and not records:
            session.say("no trial matches")
            return 0
        change = _change(session, before, _amended(session, records, amendment))
        return _carried_out(session, change, dry_run=dry_run, asks=asks)


def _amended(session: Session, records: Iterable[Record], amendment: Amendment) -> list[Step]:
    from alscli.interview.amendment import amended
    from alscli.store.transaction import Step

    steps = []
    for record in records:
        text = _text(record)
        try:
            after = amended(text, amendment, record.entry.kind, session.collection.vocabularies)
        except AlscliError as error:
            error.message = f"{record.entry.id}: {error.message}"
            raise
        steps.append(Step(record.entry.path, text.encode(), after.encode()))
    return steps


def _filtered(
    session: Session, snapshot: Snapshot, filters: Given, where: Sequence[str] | None
) -> list[Record]:
    """The records of the trials that filters choose, as they are in the snapshot."""
    from alscli.query import database
    from alscli.query.filters import columns

    with session.asked(filters, where) as (index, chosen):
        rows = list(database.select(index.connection, columns("id", ()), *chosen, "t.id"))
    chosen_ids = {str(row["id"]) for row in rows}
    models = {id(trial) for name, trial in snapshot.trials.items() if name in chosen_ids}
    return [record for record in snapshot.records if id(record.model) in models]


# -- edit ---------------------------------------------------------------------------------------------


def edit(context: typer.Context, id: Id) -> int:  # noqa: A002
    """Open a record in your editor, and check it before it is written.

    The editor ($VISUAL, else $EDITOR) works on a copy, which is kept as a draft wherever it is not written.
    `alscli edit ledger` opens the ledger.

    \b
    Examples:
      alscli edit nurown-phase3
      EDITOR='code --wait' alscli edit ledger
    """
    from alscli.interview.editor import open_in_editor
    from alscli.interview.workpiece import workpiece
    from alscli.store.collection import read_bytes

    session: Session = context.obj
    with _begun(session, locks=True) as before:
        (record,) = _named(before, [id])
    entry = record.entry
    copy = workpiece(session.collection.root, entry.kind, entry.path)
    try:
        held = read_bytes(entry.path)
    except OSError as error:
        raise RefusedError(f"cannot read {entry.path}: {error.strerror or error}") from None
    if not _resumed(session, copy, entry, held):
        copy.begin(held, session.collection.root / f"{entry.kind}.schema.json")
    while True:
        try:
            open_in_editor(copy.path)
        except RefusedError as error:
            raise _left(copy, error) from None
        status = _taken_back(session, entry, copy, held)
        if status is not None:
            return status


def _resumed(session: Session, copy: Workpiece, entry: Entry, held: bytes) -> bool:
    """Whether the person goes on with a copy that an earlier `edit` left."""
    from alscli.store.collection import shown

    if not copy.is_begun:
        return False
    if copy.content == held:
        return False
    stale = "" if copy.base == held else f"; {shown(entry.path)} has changed since"
    if not sys.stdin.isatty():
        raise RefusedError(
            f"a draft of {entry.id} is kept in {copy.path}{stale}",
            "`alscli edit` at a terminal goes on with it; remove it to begin anew",
        )
    answer = _ask(session, f"An edited {entry.id} is kept as a draft{stale}. Go on with it? y/n/discard")
    if answer.startswith("y"):
        return True
    if answer != "discard":
        raise RefusedError("nothing was changed", f"the draft is kept in {copy.path}")
    copy.discard()
    return False


def _taken_back(session: Session, entry: Entry, copy: Workpiece, held: bytes) -> int | None:
    """Check what the editor left, and write it; None where the person goes back to the editor."""
    from alscli.store.transaction import Step, commit
    from alscli.store.write import locked

    data = copy.content
    if data is None or data == held:
        copy.discard()
        session.say("nothing was changed; an editor that returns at once needs an option to wait")
        return 0
    try:
        change = _change(session, session.collection.load(), [Step(entry.path, held, data)], whole=True)
        _show_changes(session, change)
        # A draft of an older version takes back what was changed since: that is asked about.
        choice = _choice(session, change, entry, asks=copy.base != held)
        if choice == "w":
            with locked(session.collection.root):
                commit(session.collection.root, change.steps)
    except AlscliError as error:
        raise _left(copy, error) from None
    except KeyboardInterrupt:
        session.say(f"\nnothing was written; the draft is kept in {copy.path}")
        return 130
    if choice == "e":
        return None
    if choice == "d":
        session.say(f"nothing was written; the draft is kept in {copy.path}")
        return 1
    copy.discard()
    session.say("discarded; nothing was written" if choice == "x" else _wrote(change))
    return 0


def _choice(session: Session, change: _Change, entry: Entry, *, asks: bool) -> str:
    """What to do with the edited record: w to write, e to edit again, d to keep the draft, x to discard."""
    from alscli.check.finding import Severity

    record = next(r for r in change.after.records if r.entry.path == entry.path)
    _show_findings(session, change.gained)
    wrong = change.gained.fails(Severity.ERROR)
    if not asks and not change.gained.fails(Severity.WARNING):
        return "w"
    if not sys.stdin.isatty():
        if not wrong:
            return "w"
        raise RefusedError("the record has errors; nothing was written", "")
    ways = "e: edit again, w: write it, d: keep as a draft, x: discard"
    if record.document is None:
        ways = ways.replace(" w: write it,", "")  # a file that is no TOML hides what it says
    elif wrong:
        ways = ways.replace("w: write it", "write anyway: write it with its errors")
    while True:
        answer = _ask(session, ways) or "e"
        if answer in ("write anyway", "w") and (answer == "write anyway" or not wrong) and record.document:
            return "w"
        if answer in ("e", "d", "x"):
            return answer


def _left(copy: Workpiece, error: AlscliError) -> AlscliError:
    """The error, with where the draft is; a copy that nobody changed is forgotten."""
    if not copy.is_begun:
        copy.discard()
        return RefusedError(f"{error.message}; nothing was changed", error.hint)
    return RefusedError(error.message, f"the draft is kept in {copy.path}; `alscli edit` goes on with it")


# -- rename, exclude, verify --------------------------------------------------------------------------


def rename(
    context: typer.Context,
    id: Id,  # noqa: A002
    new: Annotated[str, typer.Argument(metavar="NEW", help="The new id.")],
    dry_run: DryRun = False,
) -> int:
    """Give a record another id, and keep everything that refers to it.

    Its file, its id, related studies, interventions and the ledger change together or not at all; the old
    id is kept in former_ids, and still finds the record.

    \b
    Examples:
      alscli rename nct03280056 nurown-phase3
      alscli rename nurown debamestrocel --dry-run
    """
    from alscli.model.identifiers import is_safe_record_id, suggest_record_id
    from alscli.store.renaming import renamed

    session: Session = context.obj
    with _begun(session, locks=True) as before:
        (record,) = _named(before, [id])
        if record.entry.kind == "ledger":
            raise UsageError("the ledger has no other name", "name a trial or a product")
        if record.entry.id == new:
            session.say(f"it is called {new} already; nothing to change")
            return 0
        if not is_safe_record_id(new):
            raise UsageError(
                f"{new!r} is no id for a record",
                f"lower-case letters and digits joined by hyphens: {suggest_record_id(new)}",
            )
        _refuse_taken(before, record, new)
        steps = renamed(session.collection, before, record, new)
        moved = {record.entry.path: steps[0].path}
        change = _change(session, before, steps, moved=moved)
        status = _carried_out(session, change, dry_run=dry_run, brief=True)
        _say_where_named(session, change.after, record.entry.id)
        return status


def _refuse_taken(snapshot: Snapshot, record: Record, new: str) -> None:
    from alscli.interview.proposal import refuse_taken
    from alscli.store.collection import assemble

    refuse_taken(assemble(other for other in snapshot.records if other is not record), new)


def _say_where_named(session: Session, snapshot: Snapshot, old: str) -> None:
    """Name the files whose words still mention the old id: words are for people to change."""
    import re

    from alscli.store.collection import shown

    word = re.compile(rf"(?<![\w-]){re.escape(old)}(?![\w-])")
    places = []
    for record in snapshot.records:
        lines = record.document.text.split("\n") if record.document else []
        if any(word.search(line) for line in lines if not line.startswith("former_ids =")):
            places.append(shown(record.entry.path))
    if places:
        more = f" and {len(places) - 5} more" if len(places) > 5 else ""
        session.say(f"words still mention {old}: {', '.join(places[:5])}{more}")


def exclude(
    context: typer.Context,
    id: Id,  # noqa: A002
    reason: Annotated[
        str, typer.Option(metavar="CODE", help="Why, a term of `alscli values excluded_reason`.")
    ],
    why: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Why, in words.", show_default=False)
    ] = None,
    stage: Annotated[
        str | None,
        typer.Option(metavar="CODE", help="A term of `alscli values excluded_stage`.", show_default=False),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Also where other records refer to it.")] = False,
    dry_run: DryRun = False,
) -> int:
    """Move a record to the ledger, with the reason.

    Its file goes; the ledger gets its id, title, registry ids and sources. Where other records refer to it,
    --yes leads them to its registry id, or removes that line where it has none.

    \b
    Examples:
      alscli exclude xs228-sci --reason not_als --why "Spinal cord injury"
      alscli exclude NCT06976229 --reason 非ALS --stage registry --dry-run
    """
    from alscli.interview.answer import term
    from alscli.store.collection import shown
    from alscli.store.exclusion import Exclusion, entered, excluded, referrers

    session: Session = context.obj
    terms = session.collection.vocabularies
    exclusion = Exclusion(
        term(reason, terms["excluded_reason"]),
        term(stage, terms["excluded_stage"]) if stage is not None else None,
        why.strip() or None if why is not None else None,
    )
    with _begun(session, locks=True) as before:
        try:
            (record,) = _named(before, [id])
        except UsageError:
            if (entry := entered(before, id)) is None:
                raise
            as_ = "" if entry == id else f", as {entry}"
            session.say(f"{id} is excluded already{as_}; nothing to change")
            return 0
        if record.entry.kind == "ledger":
            raise UsageError("the ledger is no record", "name a trial or a product")
        others = [shown(other.entry.path) for other in referrers(before, record)]
        if others and not yes:
            raise RefusedError(
                f"{', '.join(others[:5])}{' …' if len(others) > 5 else ''} "
                f"refer{'s' if len(others) == 1 else ''} to {record.entry.id}; nothing was changed",
                "change them first, or use --yes, which leads them to its registry id",
            )
        change = _change(session, before, excluded(session.collection, before, record, exclusion))
        return _carried_out(session, change, dry_run=dry_run, brief=True)


def verify(
    context: typer.Context,
    id: Id,  # noqa: A002
    against: Annotated[
        list[str] | None,
        typer.Option(
            metavar="REF", help="Source that it was compared with; or `registry`.", show_default=False
        ),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(metavar="WHO", help="Who compared; else as git knows you.", show_default=False),
    ] = None,
    review: Annotated[
        bool, typer.Option("--review", help="You checked the comparison of somebody else.")
    ] = False,
    dry_run: DryRun = False,
) -> int:
    """Stamp that you compared a record with its sources.

    Writes [verified] with the day, who, and against what. With --review a second person is entered as
    reviewer; a new comparison forgets an old review.

    \b
    Examples:
      alscli verify nurown-phase3 --against registry,cudkowicz2022 --by @curator
      alscli verify nurown-phase3 --review --by @reviewer
    """
    from alscli.store.transaction import Step

    session: Session = context.obj
    sources = [key.strip() for given in against or [] for key in given.split(",") if key.strip()]
    if review and sources:
        raise UsageError("--review checks what somebody else compared", "leave --against out")
    if not review and not sources:
        raise UsageError("say what you compared it with", "--against registry, or a key of its [[refs]]")
    who = _person(session, by)
    with _begun(session, locks=True) as before:
        (record,) = _named(before, [id])
        if record.entry.kind == "ledger" or record.model is None:
            raise RefusedError(
                f"{record.entry.id} is no readable trial or product", "`alscli validate` says what is wrong"
            )
        text = _text(record)
        after = _reviewed(record, who) if review else _compared(session, before, record, who, sources)
        change = _change(session, before, [Step(record.entry.path, text.encode(), after.encode())])
        return _carried_out(session, change, dry_run=dry_run)


def _person(session: Session, by: str | None) -> str:
    from alscli.store.git import setting

    root = session.collection.root
    handle = setting(root, "github.user") if by is None else None
    name = by.strip() if by is not None else f"@{handle}" if handle else setting(root, "user.name")
    if not name:
        raise UsageError("nobody knows who you are", "say --by @handle")
    if "@" in name.lstrip("@"):
        raise UsageError(f"{name} is an e-mail address", "records hold no contacts: use a handle or a name")
    return name


def _compared(session: Session, snapshot: Snapshot, record: Record, who: str, sources: Sequence[str]) -> str:
    from alscli.model.format import MODELS, shape_of
    from alscli.model.nearness import did_you_mean
    from alscli.store.edit import set_value, unset

    values = record.document.values if record.document else {}
    registered = ["registry"] if "registry_id" in values else []
    known = {*registered, *(ref.key for ref in getattr(record.model, "refs", [])), *snapshot.shared_refs}
    for key in sources:
        if key not in known:
            raise UsageError(
                f"--against: {record.entry.id} has no reference {key!r}",
                did_you_mean(key, sorted(known)) or "add it to [[refs]] first",
            )
    shape = shape_of(MODELS[record.entry.kind])
    text = _text(record)
    stamp = {"on": session.as_of.isoformat(), "by": who, "against": sorted(set(sources))}
    held = values.get("verified")
    if not isinstance(held, dict):
        return set_value(text, ("verified",), stamp, shape)
    if "reviewed_by" in held:
        text = unset(text, ("verified", "reviewed_by"), shape)
    for key, value in stamp.items():
        if held.get(key) != value:
            text = set_value(text, ("verified", key), value, shape)
    return text


def _reviewed(record: Record, who: str) -> str:
    from alscli.model.format import MODELS, shape_of
    from alscli.store.edit import set_value

    verified = getattr(record.model, "verified", None)
    if verified is None:
        raise RefusedError(
            f"nobody has compared {record.entry.id} with its sources yet",
            f"alscli verify {record.entry.id} --against REF",
        )
    if verified.by.casefold() == who.casefold():
        raise RefusedError(f"{who} made the comparison", "a review is by somebody else: --by @handle")
    if verified.reviewed_by == who:
        return _text(record)
    return set_value(_text(record), ("verified", "reviewed_by"), who, shape_of(MODELS[record.entry.kind]))


# -- what they share ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Change:
    """Files that change, the collection before and after, and the findings that only the latter has."""

    steps: list[Step]
    before: Snapshot
    after: Snapshot
    gained: Report


@contextmanager
def _begun(session: Session, *, locks: bool) -> Iterator[Snapshot]:
    """The collection as it is, under its lock unless a person is to be asked meanwhile."""
    from alscli.store.write import locked

    with locked(session.collection.root) as undone:
        session.tell_undone(undone)
        snapshot = session.collection.load()
        if locks:
            yield snapshot
            return
    yield snapshot


def _named(snapshot: Snapshot, names: Iterable[str]) -> list[Record]:
    """The records with these names, each once; `ledger` is the ledger."""
    from alscli.store.collection import resolve

    ledger = next((record for record in snapshot.records if record.entry.kind == "ledger"), None)
    found: dict[Path, Record] = {}
    for name in names:
        is_ledger = name == "ledger" and ledger is not None
        record = ledger if is_ledger else resolve(name, snapshot.records, beginning=False)
        assert record is not None  # noqa: S101
        found[record.entry.path] = record
    return list(found.values())


def _text(record: Record) -> str:
    from alscli.store.collection import shown

    if record.document is None:
        assert record.fault is not None  # noqa: S101
        raise RefusedError(
            f"{shown(record.entry.path)}:{record.fault.line}:{record.fault.column}: {record.fault.message}",
            f"`alscli edit {record.entry.id}` opens it",
        )
    return record.document.text


def _change(
    session: Session,
    before: Snapshot,
    steps: Sequence[Step],
    *,
    moved: Mapping[Path, Path] | None = None,
    whole: bool = False,
) -> _Change:
    """What these steps make of the collection; `whole`: what a changed file has already counts as gained."""
    from alscli.check.gain import gained, grown
    from alscli.store.collection import FOLDERS, Entry

    collection = session.collection
    wanted = [step for step in steps if step.before != step.after]
    kinds = {collection.root / folder: kind for kind, folder in FOLDERS.items()}
    records = [
        collection.understand(Entry(step.path, kinds.get(step.path.parent, "ledger")), step.after)
        for step in wanted
        if step.after is not None and step.path.suffix == ".toml"  # a registry copy is no record
    ]
    gone = [step.path for step in wanted if step.after is None]
    after = grown(before, records, gone)
    report = gained(
        collection,
        before,
        after,
        as_of=session.as_of,
        renamed=moved,
        whole={step.path for step in wanted} if whole else (),
    )
    return _Change(wanted, before, after, report)


def _carried_out(
    session: Session, change: _Change, *, dry_run: bool, asks: bool = False, brief: bool = False
) -> int:
    """Show a change, and write it, all or nothing, unless it brings an error or the person says no.

    `brief`: a line a record is enough, unless nothing is written.
    """
    from alscli.check.finding import Severity
    from alscli.store.transaction import commit
    from alscli.store.write import locked

    root = session.collection.root
    if not change.steps:
        session.say("nothing to change")
        return 0
    _show_changes(session, change, brief=brief and not dry_run)
    _show_findings(session, change.gained)
    if change.gained.fails(Severity.ERROR):
        raise RefusedError("that would bring errors; nothing was written", "mend them, or use `alscli edit`")
    if dry_run:
        session.say("--dry-run: nothing was written")
        return 0
    if asks:
        try:
            answer = _ask(session, f"Write {_counted(len(change.steps), 'record')}? y/n")
        except KeyboardInterrupt:
            session.say("\nnothing was written")
            return 130
        if not answer.startswith("y"):
            session.say("nothing was written")
            return 1
    with locked(root) if asks else nullcontext():
        commit(root, change.steps)
    session.say(_wrote(change))
    return 0


def _show_changes(session: Session, change: _Change, *, brief: bool = False) -> None:
    """What changes by field, or how much, on stdout."""
    from alscli.store.compare import Version, record_changes
    from alscli.views import changes as view

    paths = {step.path for step in change.steps}
    old, new = (
        {
            record.entry.id: Version(
                record.entry.kind,
                record.document.values if record.document else None,
                f"line {record.fault.line}: {record.fault.message}" if record.fault else "",
            )
            for record in side.records
            if record.entry.path in paths
        }
        for side in (change.before, change.after)
    )
    room = session.columns if session.on_terminal else None
    found = record_changes(old, new)
    lines = view.stat(found) if brief else view.text(found, room, color=session.colored(sys.stdout))
    for line in lines:
        write(line)


def _show_findings(session: Session, report: Report) -> None:
    """The errors and warnings of a report; notes are for `validate`."""
    from dataclasses import replace

    from alscli.check.finding import Severity
    from alscli.check.reporters.text import render

    sys.stdout.flush()
    grave = replace(report, findings=[f for f in report.findings if f.severity is not Severity.NOTE])
    for line in render(grave, color=session.colored(sys.stderr)):
        print(line, file=sys.stderr)


def _wrote(change: _Change) -> str:
    """`wrote records/trials/valor.toml`, or how many files."""
    from alscli.store.collection import shown

    verbs = {True: "removed", False: "wrote"}
    if len(change.steps) <= 3:
        return "\n".join(f"{verbs[step.after is None]} {shown(step.path)}" for step in change.steps)
    removed = sum(step.after is None for step in change.steps)
    tail = f", removed {_counted(removed, 'file')}" if removed else ""
    return f"wrote {_counted(len(change.steps) - removed, 'file')}{tail}"


def _need_terminal(what: str) -> None:
    if not sys.stdin.isatty():
        raise UsageError(
            f"{what}, and stdin is no terminal", "use --yes, or --dry-run to see what would change"
        )


def _ask(session: Session, question: str) -> str:
    """What the person answers, in lower case; the end of input is Ctrl-C."""
    from alscli.interview.terminal import PlainTerminal

    sys.stdout.flush()
    terminal = PlainTerminal(color=session.colored(sys.stderr))
    try:
        return terminal.ask(question, "", ()).strip().casefold()
    except EOFError:
        raise KeyboardInterrupt from None


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"
