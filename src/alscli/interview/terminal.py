"""Asking on a terminal: with completion while typing, or plain lines where the terminal cannot do that."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from alscli.interview.dialog import Terminal
from alscli.interview.question import Choice
from alscli.text import paint, plain, wrap

if TYPE_CHECKING:
    from prompt_toolkit import PromptSession

_LAST = re.compile(r"[^,;，；、]*$")


def matching(typed: str, choices: Sequence[Choice]) -> Iterator[Choice]:
    """The choices that what is typed may become: those that begin so first, then those that hold it."""
    wanted = typed.strip().casefold()
    rest = []
    for choice in choices:
        names = [choice.code, *choice.names, choice.meaning]
        if any(name.casefold().startswith(wanted) for name in names):
            yield choice
        elif any(wanted in name.casefold() for name in names):
            rest.append(choice)
    yield from rest


class PlainTerminal:
    """Lines on stdin and stderr, for a `dumb` terminal."""

    def __init__(self, *, color: bool) -> None:
        self.color = color

    def ask(self, label: str, default: str, choices: Sequence[Choice]) -> str:
        """See `Terminal.ask`."""
        shown = f" [{plain(default)}]" if default else ""
        print(f"{label}{shown}: ", end="", file=sys.stderr, flush=True)
        line = sys.stdin.readline()
        if not line:
            raise EOFError
        return line.rstrip("\r\n")

    def say(self, text: str, style: str = "") -> None:
        """See `Terminal.say`."""
        columns = max(shutil.get_terminal_size().columns, 20)
        for line in text.split("\n"):
            indent = " " * (len(line) - len(line.lstrip(" ")))
            for piece in wrap(line.lstrip(" "), columns, indent):
                print(paint(piece, style, self.color) if style else piece, file=sys.stderr)


class RichTerminal(PlainTerminal):
    """A prompt with editing keys and completion by code, label and synonym."""

    @cached_property
    def _session(self) -> PromptSession[str]:
        from prompt_toolkit import PromptSession

        return PromptSession()  # one for all: making one takes longer than asking with it

    def ask(self, label: str, default: str, choices: Sequence[Choice]) -> str:
        """See `Terminal.ask`."""
        from prompt_toolkit.completion import CompleteEvent, Completer, Completion
        from prompt_toolkit.document import Document
        from prompt_toolkit.formatted_text import FormattedText

        class Choices(Completer):
            def get_completions(
                self, document: Document, complete_event: CompleteEvent
            ) -> Iterable[Completion]:
                found = _LAST.search(document.text_before_cursor)
                typed = found[0].lstrip() if found else ""
                for choice in matching(typed, choices):
                    yield Completion(choice.code, start_position=-len(typed), display_meta=choice.meaning)

        shown = f" [{plain(default)}]" if default else ""
        sys.stderr.flush()
        return self._session.prompt(
            FormattedText([("bold" if self.color else "", label), ("", f"{shown}: ")]),
            completer=Choices(),
            complete_while_typing=bool(choices),
            reserve_space_for_menu=6 if choices else 0,
        )


def terminal(*, color: bool) -> Terminal:
    """The best terminal that there is here."""
    if os.environ.get("TERM", "dumb") == "dumb" or not sys.stdout.isatty():
        return PlainTerminal(color=color)
    return RichTerminal(color=color)


_KEY = re.compile(r"^(\s*)([A-Za-z_]+)( = )")
_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"')


def painted(text: str, *, color: bool) -> str:
    """The text of a record with its headers, keys and texts in colors, where color is wanted."""
    if not color:
        return plain(text)
    return "\n".join(map(_painted_line, plain(text).split("\n")))


def _painted_line(line: str) -> str:
    if line.startswith("#"):
        return paint(line, "quiet", color=True)
    if line.startswith("["):
        return paint(line, "heading", color=True)
    key = _KEY.match(line)
    start = key.end() if key else 0
    rest = _TEXT.sub(lambda found: paint(found[0], "good", color=True), line[start:])
    return (f"{key[1]}{paint(key[2], 'accent', color=True)}{key[3]}" if key else "") + rest
