"""One run of the program: its global options, its streams, the collection it works on."""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import contextmanager, nullcontext
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from alscli.query.filters import Condition
    from alscli.query.index import Index
    from alscli.store.collection import Collection, Snapshot

COLORS = ("auto", "always", "never")


class Session:
    """What every command needs: options that hold for all of them, and where output goes.

    `as_of` is the day that counts as today (UTC); `cached`, whether what is known of unchanged files may be
    used.
    """

    def __init__(
        self,
        records: Path | None = None,
        color: str = "auto",
        *,
        quiet: bool = False,
        cached: bool = True,
        as_of: date | None = None,
    ) -> None:
        self.records = records
        self.color = color
        self.quiet = quiet
        self.cached = cached
        self.as_of = as_of or datetime.now(UTC).date()

    @cached_property
    def collection(self) -> Collection:
        """The collection, found when first asked for."""
        from alscli.store.collection import find

        return find(self.records, Path.cwd())

    def whole(self, *, to_write: bool) -> Snapshot:
        """The collection; one that is to be changed without what a killed process left half done."""
        from alscli.store.write import locked

        if not to_write:
            return self.collection.load()
        with locked(self.collection.root) as undone:
            self.tell_undone(undone)
            return self.collection.load()

    def tell_undone(self, files: int) -> None:
        """Say of how many files a killed process's change was taken back."""
        if files:
            what = "1 file" if files == 1 else f"{files} files"
            self.say(f"a change of {what} was interrupted, and is taken back first")

    def colored(self, stream: TextIO) -> bool:
        """Whether to color what goes to this stream."""
        if self.color != "auto":
            return self.color == "always"
        if os.environ.get("NO_COLOR"):
            return False
        if os.environ.get("CLICOLOR_FORCE", "0") != "0":
            return True
        return stream.isatty() and os.environ.get("TERM") != "dumb"

    @property
    def on_terminal(self) -> bool:
        """Whether a person reads stdout."""
        return sys.stdout.isatty()

    @property
    def columns(self) -> int:
        """Width of the terminal."""
        return max(shutil.get_terminal_size((80, 24)).columns, 20)

    def say(self, text: str) -> None:
        """A line for the person, not for the pipe: counts, hints, progress."""
        if not self.quiet:
            sys.stdout.flush()  # so that the two streams keep their order in one file
            print(text, file=sys.stderr)

    def index(self) -> Index:
        """The projection of the collection, from the cache where that is right."""
        from alscli.query.index import open_index

        index = open_index(self.collection, cached=self.cached)
        self.warn_unreadable(index.unreadable)
        return index

    @contextmanager
    def asked(
        self, filters: Mapping[str, Sequence[str]], where: Sequence[str] | None
    ) -> Iterator[tuple[Index, Condition]]:
        """The projection, and the condition that filters and --where make; guarded if there is a --where."""
        from alscli.query.filters import asked
        from alscli.query.guard import guarded

        index = self.index()
        chosen = asked(self.collection, index.connection, filters, where or ())
        with guarded(index.connection, tables=("trials",)) if where else nullcontext():
            yield index, chosen

    def chosen_format(self, format_: str | None, formats: Sequence[str]) -> str:
        """The format asked for; a table where a person reads, else tsv, where none is."""
        return check_format(format_ or ("table" if self.on_terminal else "tsv"), formats)

    def warn_unreadable(self, paths: Sequence[Path]) -> None:
        """Say which files hold no record, so that nobody takes the rest for the whole."""
        from alscli.store.collection import shown

        if not paths:
            return
        names = [shown(path) for path in paths]
        listed = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        what = (
            "file holds no readable record and is"
            if len(names) == 1
            else "files hold no readable record and are"
        )
        print(f"warning: {len(names)} {what} left out: {listed}", file=sys.stderr)
        print("  `alscli validate` says what is wrong", file=sys.stderr)


def check_format(format_: str, formats: Sequence[str]) -> str:
    """The format, which must be one of these; raises UsageError."""
    from alscli.errors import UsageError

    if format_ not in formats:
        raise UsageError(f"--format: {format_!r} is not known", f"there are: {', '.join(formats)}")
    return format_


def write(text: str) -> None:
    """Text to stdout, with a line end."""
    sys.stdout.write(text + "\n")


def write_all(lines: Iterable[str]) -> None:
    """Lines to stdout, each with a line end."""
    sys.stdout.writelines(f"{line}\n" for line in lines)


def write_data(text: str) -> None:
    """Machine-readable text to stdout, as it is; on a terminal without what that would obey."""
    if sys.stdout.isatty():
        from alscli.text import plain

        text = plain(text)
    sys.stdout.write(text)
