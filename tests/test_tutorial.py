"""The tutorial, done step by step on a pseudo-terminal: what it shows is what the program says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

TUTORIAL = Path(__file__).parent.parent / "docs" / "tutorial.md"
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PROMPT = re.compile(r"(?!Ctrl|[A-Z]{2}\d{3} )((?:… )?[^\W\d].*?(?: \(optional\)| \[[^\]]*\])?): ?(.*)")
"""A label with its answer; what does not end so in the program's output is not typed."""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")


def test_the_tutorial(
    tmp_path: Path, at_terminal: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "alscli"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m alscli "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    place = tmp_path / "collection"
    place.mkdir()
    lines = "".join(BLOCK.findall(TUTORIAL.read_text("utf-8"))).split("\n")
    commands = [number for number, line in enumerate(lines) if line.startswith("$ ")]
    for start, end in zip(commands, [*commands[1:], len(lines)], strict=True):
        command, expected = lines[start].removeprefix("$ "), lines[start + 1 : end]
        if command == "alscli add":
            said = converse(
                at_terminal(
                    place, "-m", "alscli", "--as-of", "2026-11-22", "add", term="dumb", COLUMNS="100"
                ),
                expected,
            )
        else:
            done = subprocess.run(
                ["bash", "-c", command], cwd=place, capture_output=True, encoding="utf-8", check=False
            )
            said = done.stdout + done.stderr
        assert_shown(expected, said)
    assert (place / "records" / "trials" / "petrou-2021.toml").exists()


def converse(child: Any, expected: list[str]) -> str:
    """Type what the lines say wherever they say so; return everything that stood on the terminal."""
    said = ""
    for line in expected:
        prompt = PROMPT.fullmatch(line)
        if prompt is None or line.startswith(("records/", "given so far", "compared so far")):
            continue
        child.expect_exact(f"{prompt[1]}: ")
        said += child.before + child.after
        child.send(prompt[2] + "\r")
    child.expect([__import__("pexpect").EOF])
    return said + str(child.before)


def assert_shown(expected: list[str], said: str) -> None:
    """Every line, in this order and with nothing between them but where the tutorial says `...`."""
    actual = [line.rstrip() for line in said.replace("\r", "").split("\n")]
    wanted = [line.rstrip() for line in expected]
    actual, wanted = ([line for line in lines if line] for lines in (actual, wanted))
    place = 0
    for number, line in enumerate(wanted):
        if line == "...":
            following = wanted[number + 1] if number + 1 < len(wanted) else None
            place = actual.index(following, place) if following else len(actual)
        else:
            assert actual[place : place + 1] == [line]
            place += 1
    assert actual[place:] == []
