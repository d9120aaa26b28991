"""What the shells are offered while a command is typed, and how quickly it is installed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from alscli.cli import main

Program = Callable[..., subprocess.CompletedProcess[str]]
ABSENT = ["not_applicable", "not_reported"]


@pytest.fixture
def offered(
    collection_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., list[str]]:
    """What a shell is offered for the last word of a line."""
    monkeypatch.chdir(collection_folder.parent)

    def offer(line: str | list[str], shell: str = "bash", at: int = -1) -> list[str]:
        monkeypatch.setenv("_ALSCLI_COMPLETE", f"complete_{shell}")
        if shell == "bash":
            words = line.split(" ") if isinstance(line, str) else line
            monkeypatch.setenv("COMP_WORDS", "\n".join(words))
            monkeypatch.setenv("COMP_CWORD", str(range(len(words))[at]))
        else:
            assert isinstance(line, str)
            monkeypatch.delenv("COMP_WORDS", raising=False)
            monkeypatch.setenv("_TYPER_COMPLETE_ARGS", line)
            monkeypatch.setenv("_TYPER_COMPLETE_FISH_ACTION", "get-args")
        with pytest.raises(SystemExit):
            main([])
        return capsys.readouterr().out.split()

    return offer


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("alscli val", ["validate", "values"]),
        ("alscli list --cell", ["--cell-type"]),
        ("alscli show nur", ["nurown", "nurown-phase2", "nurown-phase3"]),
        ("alscli --records records show val", ["valor"]),
        ("alscli list --phase 1", ["1", "1/2"]),
        ("alscli list --cell-type WJ", ["WJ-MSC"]),
        ("alscli list --product n", ["np001-treg", "nsi-566", "nurown"]),
        ("alscli list --columns id,enrollment_r", ["id,enrollment_randomized"]),
        ("alscli add --set enrollment.planned.l", ["enrollment.planned.loc="]),
        ("alscli add --set masking=qu", ["masking=quadruple"]),
        ("alscli fields sponsor.cl", ["sponsor.class"]),
        ("alscli values dose", ["dose_unit"]),
        ("alscli show nothing-like-it", []),
    ],
)
def test_what_is_offered(line: str, words: list[str], offered: Callable[..., list[str]]) -> None:
    for shell in ("bash", "zsh", "fish"):
        found = " ".join(offered(line, shell))
        for word in words:
            assert word in found
        assert shell != "bash" or sorted(found.split()) == sorted(words)


@pytest.mark.parametrize(
    ("words", "at", "left"),
    [
        # what Bash makes of the words, since `=` and `:` end one; and what is to follow them
        (
            ["alscli", "set", "valor", "masking", "="],
            -1,
            ["double", "none", "quadruple", "single", "triple", *ABSENT],
        ),
        (["alscli", "set", "valor", "masking", "=", "qu"], -1, ["quadruple"]),
        (["alscli", "add", "--set", "masking", "=", "q"], -1, ["quadruple"]),
        (["alscli", "add", "--set", "=", "masking", "=", "q"], -1, ["quadruple"]),
        (["alscli", "list", "--cell-type", "=", "WJ"], -1, ["WJ-MSC"]),
        (["alscli", "list", "--product", "=", "nu", "--phase", "2"], -3, ["nurown"]),
        (
            ["alscli", "set", "valor", "phase", "=", "2", "sit"],
            -1,
            ["sites=", *(f"sites={each}" for each in ABSENT)],
        ),
        (["alscli", "set", "valor", "sites", "="], -1, ABSENT),
        (["alscli", "set", "valor", "sites", "=", ""], -1, None),  # a blank stands before the cursor
        (["alscli", "set", "valor", "title", "=", "T"], -1, []),
        (["alscli", "set", "val"], -1, ["valor"]),
        (["alscli", "--records", "=", "records", "show", "val"], -1, ["valor"]),
        (["alscli", "--records", "=", "nowhere", "show", "val"], -1, []),
        (["alscli", "set", ""], -1, None),
        (["alscli", "show", "x", ":", "y"], -1, []),
    ],
)
def test_bash_splits_words_at_equals_signs(
    words: list[str],
    at: int,
    left: list[str] | None,
    offered: Callable[..., list[str]],
) -> None:
    found = offered(words, at=at)
    if left is None:
        assert "valor" in found
        assert "phase=" in found
    else:
        assert sorted(found) == sorted(left)


def test_outside_a_collection(
    offered: Callable[..., list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert not any(offered("alscli show n"))
    assert not any(offered("alscli --records /nowhere show n"))


@pytest.mark.skipif(sys.platform == "win32", reason="bash")
def test_bash_takes_the_script(collection_folder: Path, tmp_path: Path) -> None:
    """The script that `--install-completion` puts in place, in a bash that has just started."""
    program = tmp_path / "alscli"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m alscli "$@"\n')
    program.chmod(0o755)
    ask = (
        "source <(alscli --show-completion bash); COMP_WORDS=(alscli show nurown-p); COMP_CWORD=2; "
        '_alscli_completion alscli; echo "${COMPREPLY[@]}"; '
        "COMP_WORDS=(alscli set valor phase = 1); COMP_CWORD=5; "
        '_alscli_completion alscli; echo "${COMPREPLY[@]}"'
    )
    done = subprocess.run(
        ["bash", "--norc", "-c", ask],
        cwd=collection_folder.parent,
        env=os.environ | {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.stdout.split("\n")[:2] == ["nurown-phase2 nurown-phase3", "1 1/2"], done.stderr
