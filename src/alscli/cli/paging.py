"""Lines on a terminal: through the pager of the person where they are more than the screen holds."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping

from alscli.cli.session import Session, write, write_all

_LESS = "FRX"
"""Quit where one screen will do, keep colors and links, leave the text on the screen."""


def write_lines(lines: Iterable[str], session: Session) -> None:
    """Write the lines to stdout; on a terminal that is too short for them, show them in a pager."""
    if not session.on_terminal:
        write_all(lines)
        return
    shown = list(lines)
    command = pager(os.environ)
    if len(shown) < shutil.get_terminal_size((80, 24)).lines or not command or not _paged(shown, command):
        for line in shown:
            write(line)


def pager(environment: Mapping[str, str]) -> list[str]:
    """The pager's command line: that of PAGER, else less; none where it is empty, `cat` or not there."""
    import shlex

    try:
        command = shlex.split(environment.get("PAGER", "less"))
    except ValueError:
        return []
    if not command or command == ["cat"] or shutil.which(command[0]) is None:
        return []
    return command


def _paged(lines: list[str], command: list[str]) -> bool:
    """Whether the pager took the lines; one that is left early took what it wanted."""
    import subprocess

    environment = {"LESS": _LESS, "LV": "-c"} | os.environ
    try:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, env=environment)  # noqa: S603
    except OSError:
        return False
    assert process.stdin is not None  # noqa: S101
    try:
        with process.stdin as stream:
            stream.write("".join(f"{line}\n" for line in lines).encode("utf-8", "replace"))
    except BrokenPipeError:
        pass
    while True:
        try:
            process.wait()
        except KeyboardInterrupt:  # that of the pager, which stays
            continue
        return True
