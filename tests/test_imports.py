"""What a command does not need it does not import: start-up is what people wait for."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

RUN = """
import sys
from alscli.cli import main
status = main(sys.argv[1:])
sys.stdout.flush()
print("\\n".join(sorted(sys.modules)), file=sys.stderr)
sys.exit(status)
"""
TERMINAL = {"rich", "prompt_toolkit"}


def imported(folder: Path, *arguments: str) -> set[str]:
    """The modules in memory when the program ends, its output going to a pipe."""
    done = subprocess.run(
        [sys.executable, "-c", RUN, *arguments], cwd=folder, capture_output=True, encoding="utf-8", check=True
    )
    assert done.stdout
    return set(done.stderr.split())


def test_the_version_needs_nothing(tmp_path: Path) -> None:
    assert not imported(tmp_path, "--version") & {
        *TERMINAL,
        "pydantic",
        "sqlite3",
        "opencc",
        "rapidfuzz",
        "toml_rs",
    }


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--format", "json"),
        ("--cell-type", "MSC", "--status", "completed", "--sort", "-year"),
        ("--country", "Poland", "--year", "2014.."),
        ("--product", "tofersen", "--columns", "+title_zh"),
    ],
)
def test_a_list_for_a_pipe(arguments: tuple[str, ...], collection_folder: Path) -> None:
    found = imported(collection_folder.parent, "list", *arguments)
    assert "pydantic" in found
    assert not found & {*TERMINAL, "rapidfuzz", "opencc", "tomli_w", "jsonschema"}


def test_a_list_of_what_did_not_change_reads_rows_only(collection_folder: Path) -> None:
    imported(collection_folder.parent, "list")
    found = imported(collection_folder.parent, "list")
    heavy = {"pydantic", "tomllib", "toml_rs", "tomli", "json", "csv", "decimal", "unicodedata"}
    assert not found & {*TERMINAL, *heavy, "rapidfuzz", "opencc", "tomli_w"}


def test_proposals_are_made_only_for_what_is_wrong(collection_folder: Path) -> None:
    found = imported(collection_folder.parent, "list") | imported(collection_folder.parent, "validate")
    assert "alscli.model.values" in found
    assert "alscli.model.forms" not in found


@pytest.mark.parametrize(
    "words", ["alscli ", "alscli li", "alscli list --c"], ids=["nothing", "command", "option"]
)
def test_completion_reads_nothing(words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_ALSCLI_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(words.count(" ")))
    found = imported(tmp_path)
    assert not found & {*TERMINAL, "pydantic", "tomllib", "toml_rs", "sqlite3", "rapidfuzz", "opencc", "json"}


@pytest.mark.parametrize(
    "arguments",
    [("export", "csv"), ("validate", "records/trials/valor.toml"), ("diff", "valor", "nurown-phase3")],
)
def test_only_add_asks(arguments: tuple[str, ...], collection_folder: Path) -> None:
    assert "prompt_toolkit" not in imported(collection_folder.parent, *arguments)


def test_an_interruption_while_the_program_loads_ends_it_quietly(tmp_path: Path) -> None:
    (tmp_path / "typer.py").write_text("raise KeyboardInterrupt\n", "utf-8")
    found = subprocess.run(
        [sys.executable, "-m", "alscli", "list"],
        env=os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"},
        capture_output=True,
        check=False,
    )
    assert (found.returncode, found.stdout, found.stderr) == (130, b"", b"")
