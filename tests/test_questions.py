"""The questions of the documentation have the answers that stand below them.

`ALSCLI_UPDATE=1 pytest tests/test_questions.py` writes what the program answers now.
"""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

import pytest

from alscli.cli import main

PAGE = Path(__file__).parent.parent / "docs" / "questions.md"
QUESTION = re.compile(r'^\$ alscli (sql [^"]*"[^"]*")\n(.*?)^```$', re.MULTILINE | re.DOTALL)


@pytest.fixture
def answers(
    shipped_records: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> list[str]:
    """What the program prints for each question of the page."""
    monkeypatch.chdir(shipped_records.parent)
    monkeypatch.setenv("COLUMNS", "100")
    found = []
    for command, _ in QUESTION.findall(PAGE.read_text("utf-8")):
        assert main(shlex.split(command)) == 0, capsys.readouterr().err
        found.append(capsys.readouterr().out)
    return found


def test_every_answer_is_that_of_the_records(answers: list[str]) -> None:
    text = PAGE.read_text("utf-8")
    if os.environ.get("ALSCLI_UPDATE"):
        following = iter(answers)
        text = QUESTION.sub(lambda match: f"$ alscli {match[1]}\n{next(following)}```", text)
        PAGE.write_text(text, "utf-8")
    assert [answer for _, answer in QUESTION.findall(text)] == answers


def test_ten_questions_and_no_empty_answer(answers: list[str]) -> None:
    assert len(answers) == text_of_blocks() == 10
    assert all(answer.count("\n") >= 2 for answer in answers)


def text_of_blocks() -> int:
    """How many examples the page has, found or not."""
    return PAGE.read_text("utf-8").count("```console")
