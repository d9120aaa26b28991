"""What `$VISUAL` and `$EDITOR` may say."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from alscli.errors import RefusedError
from alscli.interview.editor import open_in_editor, words


@pytest.mark.parametrize(
    ("named", "windows", "expected"),
    [
        ("nano", False, ["nano"]),
        ("code --wait", False, ["code", "--wait"]),
        ("'/opt/my editor/ed' -w", False, ["/opt/my editor/ed", "-w"]),
        (r"/opt/my\ editor/ed -w", False, ["/opt/my editor/ed", "-w"]),
        ("code --wait", True, ["code", "--wait"]),
        (r'"C:\Program Files\Code\Code.exe" --wait', True, [r"C:\Program Files\Code\Code.exe", "--wait"]),
        (r"C:\Windows\notepad.exe", True, [r"C:\Windows\notepad.exe"]),
        (
            r'C:\tools\vim.exe -c "set nu" -u "D:\my rc"',
            True,
            [r"C:\tools\vim.exe", "-c", "set nu", "-u", r"D:\my rc"],
        ),
        (r"C:\it's\ed.exe", True, [r"C:\it's\ed.exe"]),
    ],
)
def test_the_words_of_a_command(
    named: str, windows: bool, expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert words(named, windows=windows) == expected


def test_a_program_is_found_under_its_full_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", {"code": r"C:\bin\code.cmd"}.get)
    assert words("code --wait", windows=True) == [r"C:\bin\code.cmd", "--wait"]
    assert words("code", windows=True) == [r"C:\bin\code.cmd"]


@pytest.mark.parametrize("named", ["'nano", '"nano'])
def test_a_quote_that_does_not_end(named: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VISUAL", named)
    with pytest.raises(RefusedError, match="does not start"):
        open_in_editor(tmp_path / "a")


@pytest.mark.skipif(sys.platform == "win32", reason="a script without a suffix")
def test_a_program_whose_path_has_blanks_needs_no_quotes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As people write it on Windows; where the whole is no program, the first word is."""
    program = tmp_path / "my editor" / "ed it"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$#" > "{tmp_path}/said"\n')
    program.chmod(0o755)
    monkeypatch.setenv("VISUAL", os.fspath(program))
    open_in_editor(tmp_path / "a file")
    assert (tmp_path / "said").read_text() == "1\n"
