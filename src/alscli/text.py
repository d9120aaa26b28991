"""Text for a terminal: what data may not do to it, how wide it is, how it is colored."""

from __future__ import annotations

import re
from functools import cache

_OBEYED = "[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\u061c\ud800-\udfff]"


def plain(text: str) -> str:
    r"""The text with everything that a terminal would obey spelled out, such as `\x1b`; line ends stay."""
    return text if text.isprintable() else re.sub(_OBEYED, _spelled, text)


def one_line(text: str) -> str:
    """The text on one line, fit for a cell: tabs and line ends as blanks, controls spelled out."""
    return text if text.isprintable() else plain(re.sub(r"[\t\r\n\v\f\x85\u2028\u2029]+", " ", text))


def _spelled(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def width(text: str) -> int:
    """Columns on a terminal; a Chinese character takes two."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def fit(text: str, columns: int) -> str:
    """The text cut to so many columns, `…` at the end where something is missing."""
    if width(text) <= columns:
        return text
    if columns <= 1:
        return "…"[:columns]
    if text.isascii():
        return text[: columns - 1] + "…"
    from rich.cells import set_cell_size

    return set_cell_size(text, columns - 1).rstrip() + "…"


def pad(text: str, columns: int) -> str:
    """The text filled with blanks to so many columns."""
    return text + " " * (columns - width(text))


def wrap(text: str, columns: int, indent: str = "") -> list[str]:
    """Lines of at most so many columns, each after `indent`; breaks at blanks and between wide characters."""
    room = columns - width(indent)
    text = re.sub(r"\r\n?|[\v\f\x85\u2028\u2029]", "\n", text).replace("\t", " ")
    return [
        (indent + paragraph[start:end]).rstrip()
        for paragraph in plain(text).split("\n")
        for start, end in line_spans(paragraph, room)
    ]


def line_spans(text: str, room: int) -> list[tuple[int, int]]:
    """Where the lines of a paragraph begin and end that are at most so many columns wide, 10 at least."""
    room = max(room, 10)
    spans: list[tuple[int, int]] = []
    start = end = 0
    for piece in _pieces(text):
        if end > start and width(text[start : end + len(piece.rstrip())]) > room:
            spans.append((start, end))
            start = end + len(piece) - len(piece.lstrip())
        end += len(piece)
        while width(text[start:end].rstrip()) > room:
            cut = start + len(fit(text[start:end], room + 1)) - 1
            spans.append((start, cut))
            start = cut
    return [*spans, (start, end)]


_WIDE = "\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef"


@cache
def _piece() -> re.Pattern[str]:
    """Compiling it takes 4 ms, so only when met."""
    return re.compile(rf"[{_WIDE}][，。；：、！？）」』”％]*|[^\s{_WIDE}]+\s*|\s+")


def _pieces(text: str) -> list[str]:
    """Words with the blanks behind them; wide characters stand alone, with the punctuation that follows."""
    return _piece().findall(text)


STYLES = {
    "heading": "\x1b[1m",
    "quiet": "\x1b[2m",
    "good": "\x1b[32m",
    "bad": "\x1b[31m",
    "warn": "\x1b[33m",
    "accent": "\x1b[36m",
    "error": "\x1b[1;31m",
    "warning": "\x1b[1;33m",
    "note": "\x1b[1;34m",
}


def paint(text: str, style: str, color: bool) -> str:
    """The text in a style, where color is wanted."""
    return f"{STYLES[style]}{text}\x1b[0m" if color and text else text


def link(text: str, url: str | None, color: bool) -> str:
    """The text as a link (OSC 8), where color is wanted; terminals that know no links show the text."""
    return f"\x1b]8;;{url}\x1b\\{text}\x1b]8;;\x1b\\" if color and url else text
