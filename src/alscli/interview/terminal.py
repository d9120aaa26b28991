"""Asking on a terminal: with completion while typing, or plain lines where the terminal cannot do that."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence

from alscli.interview.dialog import Terminal
from alscli.text import paint, plain


class PlainTerminal:
    """Lines on stdin and stderr, for a `dumb` terminal."""

    def __init__(self, *, color: bool) -> None:
        self.color = color

    def ask(self, label: str, default: str, choices: Sequence[tuple[str, str]]) -> str:
        """See `Terminal.ask`."""
        shown = f" [{default}]" if default else ""
        print(f"{label}{shown}: ", end="", file=sys.stderr, flush=True)
        line = sys.stdin.readline()
        if not line:
            raise EOFError
        return line.rstrip("\r\n")

    def say(self, text: str, style: str = "") -> None:
        """See `Terminal.say`."""
        print(paint(plain(text), style, self.color) if style else plain(text), file=sys.stderr)


class RichTerminal(PlainTerminal):
    """A prompt with editing keys and completion by code, label and synonym."""

    def ask(self, label: str, default: str, choices: Sequence[tuple[str, str]]) -> str:
        """See `Terminal.ask`."""
        from prompt_toolkit import prompt
        from prompt_toolkit.completion import CompleteEvent, Completer, Completion
        from prompt_toolkit.document import Document
        from prompt_toolkit.formatted_text import FormattedText

        class Choices(Completer):
            def get_completions(
                self, document: Document, complete_event: CompleteEvent
            ) -> Iterable[Completion]:
                typed = document.text_before_cursor.rpartition(",")[2].strip().casefold()
                for code, meaning in choices:
                    if typed in code.casefold() or (typed and typed in meaning.casefold()):
                        yield Completion(code, start_position=-len(typed), display_meta=meaning)

        shown = f" [{default}]" if default else ""
        return prompt(
            FormattedText([("bold", label), ("", f"{shown}: ")]),
            completer=Choices() if choices else None,
            complete_while_typing=True,
            reserve_space_for_menu=6 if choices else 0,
        )


def terminal(*, color: bool) -> Terminal:
    """The best terminal that there is here."""
    if os.environ.get("TERM", "dumb") == "dumb" or not sys.stdout.isatty():
        return PlainTerminal(color=color)
    return RichTerminal(color=color)
