"""`import`."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alscli.cli.session import Session, write
from alscli.errors import CollectionError, UsageError
from alscli.text import fit, one_line, pad, plain

if TYPE_CHECKING:
    from alscli.registries.draft import Draft, Unreadable
    from alscli.registries.plan import Choice, Item
    from alscli.store.collection import Snapshot
    from alscli.store.transaction import Step

FORMATS = ("text", "json")
BATCH = 200
"""Entries that are written together, all or none: what bounds the memory, and what a Ctrl-C can cost."""
_QUIET = frozenset({"unchanged", "skip"})
_ODD = 10
"""Oddities that are shown to a person; JSON has all of them."""


def import_(
    context: typer.Context,
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="What registries give out.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan, and write nothing.")] = False,
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FIELD=TERM",
            help="Only entries with this condition, modality or type, as in condition=ALS.",
            show_default=False,
        ),
    ] = None,
    format: Annotated[str, typer.Option(metavar="FORMAT", help="text or json.")] = "text",  # noqa: A002
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> int:
    """Bring in trials from files of registries.

    Says what becomes of each entry and why (create, update, conflict, unchanged, duplicate, skip, error), and
    asks at a terminal before it writes. New records are undecided, and nobody has verified them; the copy of
    each entry is kept in registry/. What a curator has changed is left alone: `alscli sync` shows it.

    \b
    Examples:
      alscli import ctg-studies.json.zip --only condition=ALS --dry-run
      alscli import ICTRP-Results.xml --only 'modality=细胞' --format json
    """
    from alscli.registries.plan import choice

    session: Session = context.obj
    if format not in FORMATS:
        raise UsageError(f"--format: {format!r} is not known", f"there are: {', '.join(FORMATS)}")
    chosen = choice(only or [], session.collection.vocabularies)
    paths = [present(name) for name in files]
    snapshot = session.whole(to_write=not dry_run)
    session.warn_unreadable([record.entry.path for record in snapshot.unreadable])
    asks = sys.stdin.isatty() and not (yes or dry_run or format == "json")
    plan = _Listing(session, format)
    if dry_run or asks:
        plan.show(item for item in _items(session, snapshot, chosen, paths))
        if dry_run:
            plan.conclude("--dry-run: nothing was written")
            return plan.status
        if not plan.changes:
            plan.conclude("nothing to write")
            return plan.status
        plan.conclude("")
        if not is_agreed(session, plan.changes):
            return 1
        written = _written(session, _items(session, snapshot, chosen, paths))
        for _ in written:
            pass
        session.say(f"wrote {counted(plan.changes)}")
        return plan.status
    plan.show(_written(session, _items(session, snapshot, chosen, paths)))
    plan.conclude(f"wrote {counted(plan.changes)}" if plan.changes else "nothing to write")
    return plan.status


def present(name: str) -> Path:
    """The file of this name; raises UsageError where it is none."""
    path = Path(name)
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist" if not path.exists() else "is no file"
        raise UsageError(f"{name} {what}", "name files that a registry gave out")
    return path


def _items(session: Session, snapshot: Snapshot, chosen: Choice, paths: Iterable[Path]) -> Iterator[Item]:
    """The plan, entry by entry, read anew each time: files may hold more than memory does."""
    from alscli.registries.plan import Plan

    plan = Plan(session.collection, snapshot, session.as_of, chosen)
    shows = sys.stderr.isatty() and not session.quiet
    number = 0
    for path in paths:
        for item in plan.items(path.name, entries(path)):
            number += 1
            if shows and number % 100 == 0:
                print(f"\r{number} entries", end="", file=sys.stderr, flush=True)
            yield item
    if shows and number >= 100:
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def entries(path: Path) -> Iterator[Draft | Unreadable]:
    """What a file of a registry holds, entry by entry."""
    from alscli.registries.reading import read

    try:
        yield from read(path)
    except OSError as error:
        raise CollectionError(f"cannot read {path}: {error.strerror or error}") from error


def _written(session: Session, items: Iterable[Item]) -> Iterator[Item]:
    """The items, each after it is written with those around it."""
    waiting: list[Item] = []
    try:
        for item in items:
            waiting.append(item)
            if len(waiting) == BATCH:
                yield from _flushed(session, waiting)
                waiting = []
        yield from _flushed(session, waiting)
    except KeyboardInterrupt:
        session.say("\ninterrupted; what was written is whole, and the same command goes on with the rest")
        raise


def _flushed(session: Session, items: list[Item]) -> list[Item]:
    carry_out(session, [step for item in items for step in item.steps])
    return items


def carry_out(session: Session, steps: list[Step]) -> None:
    """Write these files together, all or none."""
    from alscli.store.transaction import commit
    from alscli.store.write import locked

    if not steps:
        return
    root = session.collection.root
    with locked(root):
        for folder in {step.path.parent for step in steps}:
            folder.mkdir(exist_ok=True)
        commit(root, steps)


def is_agreed(session: Session, number: int) -> bool:
    """Whether the person wants so many records written."""
    from alscli.interview.terminal import PlainTerminal

    sys.stdout.flush()
    terminal = PlainTerminal(color=session.colored(sys.stderr))
    try:
        answer = terminal.ask(f"Write {counted(number)}? y/n", "", ()).strip().casefold()
    except (EOFError, KeyboardInterrupt):
        answer = ""
    if not answer.startswith("y"):
        session.say("nothing was written")
        return False
    return True


def counted(number: int) -> str:
    """`3 records`."""
    return f"{number} record{'' if number == 1 else 's'}"


class _Listing:
    """Items on stdout as they come, and what they add up to."""

    def __init__(self, session: Session, format_: str) -> None:
        self._session, self._format = session, format_
        self._counts: Counter[str] = Counter()
        self._odd: list[str] = []
        self._odd_count = 0
        if format_ == "json":
            sys.stdout.write('{"schema": "alscli/import/1", "items": [')

    @property
    def changes(self) -> int:
        """How many records are written, or would be."""
        return self._counts["create"] + self._counts["update"]

    @property
    def status(self) -> int:
        """The exit status: 1 where an entry cannot be read."""
        return 1 if self._counts["error"] else 0

    def show(self, items: Iterable[Item]) -> None:
        """Print each item."""
        for item in items:
            first = not self._counts
            self._counts[item.action] += 1
            if item.action in ("create", "update"):
                self._odd_count += len(item.oddities)
                self._odd += [f"{item.registry_id}: {odd}" for odd in item.oddities][: _ODD - len(self._odd)]
            if self._format == "json":
                sys.stdout.write(
                    ("" if first else ",") + "\n  " + json.dumps(item.as_json(), ensure_ascii=False)
                )
            elif not (self._session.on_terminal and item.action in _QUIET):
                self._line(item)

    def _line(self, item: Item) -> None:
        named = item.registry_id or item.source
        if not self._session.on_terminal:
            write("\t".join(one_line(text) for text in (item.action, named, item.id, item.why)))
            return
        same = item.id == item.registry_id.casefold()
        shown = f"{pad(item.action, 9)}  {one_line(named)}{'' if same or not item.id else f' ({item.id})'}"
        write(fit(f"{shown}: {one_line(item.why)}", self._session.columns))

    def conclude(self, last: str) -> None:
        """Print what the items add up to."""
        from alscli.registries.plan import ACTIONS

        counts = {action: self._counts[action] for action in ACTIONS}
        if self._format == "json":
            sys.stdout.write(f'\n], "counts": {json.dumps(counts)}}}\n')
        for line in self._odd:
            self._session.say(plain(f"  {line}"))
        if self._odd_count > len(self._odd):
            self._session.say(f"  and {self._odd_count - len(self._odd)} more; --format json has all of them")
        told = ", ".join(f"{number} {action}" for action, number in counts.items() if number)
        self._session.say(told or "no entry")
        if last:
            self._session.say(last)
