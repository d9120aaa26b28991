"""The help of every command teaches by examples, and the examples are true."""

from __future__ import annotations

import re
import shlex

import pytest
import typer

from alscli.cli import main, program
from alscli.cli.commands import COMMANDS


def examples(text: str) -> list[str]:
    """The lines below `Examples:`."""
    block = re.search(r"^  Examples:\n((?:    .+\n)+)", text, re.MULTILINE)
    return [line.strip() for line in block[1].splitlines()] if block else []


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_two_examples_that_the_command_understands(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([name, "--help"]) == 0
    shown = capsys.readouterr().out
    assert "\\b" not in shown
    found = examples(shown)
    assert len(found) >= 2
    assert any(name in shlex.split(example) for example in found)
    for example in found:
        for command in example.split(" | "):
            words = shlex.split(command)
            if "alscli" in words[:2]:
                assert_understood(words[words.index("alscli") + 1 :])


def assert_understood(words: list[str]) -> None:
    """The parser knows every option of the line and takes its values."""
    name, *arguments = words
    group = program([name])
    context = typer.Context(group)
    command = group.get_command(context, name)  # type: ignore[attr-defined]
    command.make_context(name, arguments, parent=context)
