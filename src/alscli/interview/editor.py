"""The person's own editor."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alscli.errors import RefusedError

_DEFAULT = "notepad" if sys.platform == "win32" else "vi"


def open_in_editor(path: Path) -> None:
    """Open a file in `$VISUAL`, else `$EDITOR`, and wait until the person closes it.

    Raises RefusedError where the editor cannot be started or fails.
    """
    named = next((os.environ[n] for n in ("VISUAL", "EDITOR") if os.environ.get(n, "").strip()), _DEFAULT)
    hint = "set VISUAL or EDITOR to an editor that waits, such as `nano` or `code --wait`"
    try:
        command = words(named, windows=sys.platform == "win32")
        with _interrupts_left_to_it():
            status = subprocess.run([*command, os.fspath(path)], check=False).returncode  # noqa: S603
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise RefusedError(f"the editor {named!r} does not start: {reason}", hint) from None
    if status:
        raise RefusedError(f"the editor {named!r} ended with {status}", hint)


def words(named: str, *, windows: bool) -> list[str]:
    """The program and its arguments; raises ValueError for a quote that does not end.

    In Windows a backslash is a part of a path, and `code` is found as `code.cmd`. A path with blanks needs no
    quotes where it is a program as it stands.
    """
    if (whole := shutil.which(named.strip())) is not None:
        return [whole]
    lexer = shlex.shlex(named, posix=True)
    lexer.whitespace_split, lexer.commenters = True, ""
    if windows:
        lexer.escape, lexer.quotes = "", '"'
    program, *arguments = lexer
    return [shutil.which(program) or program, *arguments]


@contextmanager
def _interrupts_left_to_it() -> Iterator[None]:
    """Ctrl-C means something in an editor; it must not end us under it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    former = signal.signal(signal.SIGINT, lambda *_: None)  # not SIG_IGN, which the editor would inherit
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, former)
