"""Every command as a person sees it: transcripts that are run, in `transcripts/` and in the documentation.

A transcript is text with lines `$ command`, the output (stdout and stderr as they come), and `[exit N]`
where the status is not 0. A line `...` stands for any lines. It is always the same day (`TODAY`), unless
a command says another. Times such as `(0.21 s)` are not compared.
`ALSCLI_UPDATE=1 pytest tests/test_transcripts.py` writes what the program says now.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parent
TRANSCRIPTS = sorted((HERE / "transcripts").glob("*.txt"))
TODAY = "2026-11-22"
TIME = re.compile(r"\(\d+\.\d\d s\)")
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def parsed(text: str) -> list[tuple[str, str]]:
    """Commands with what stands below each."""
    pieces = re.split(r"^\$ (.+)$", text, flags=re.MULTILINE)
    return [
        (command, output.removeprefix("\n"))
        for command, output in zip(pieces[1::2], pieces[2::2], strict=True)
    ]


def run(command: str, folder: Path, programs: Path) -> str:
    """What the command prints, with its status where that is not 0."""
    environment = os.environ | {
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "COLUMNS": "100",
        "EDITOR": "false",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "LC_ALL": "C.UTF-8",
        **{f"GIT_{who}_NAME": "Curator" for who in ("AUTHOR", "COMMITTER")},
        **{f"GIT_{who}_EMAIL": "curator@example.org" for who in ("AUTHOR", "COMMITTER")},
    }
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    output = done.stdout.decode("utf-8")
    if output and not output.endswith("\n"):
        output += "\n"
    return output + (f"[exit {done.returncode}]\n" if done.returncode else "")


def matches(expected: str, actual: str) -> bool:
    """Whether the output is as expected, `...` standing for any lines."""
    pattern = re.escape(TIME.sub("(T)", expected.rstrip("\n") + "\n"))
    pattern = re.sub(r"(?m)^\\\.\\\.\\\.\\?\n", "(?:.*\n)*?", pattern)
    return re.fullmatch(pattern, TIME.sub("(T)", actual.rstrip("\n") + "\n")) is not None


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `alscli` in it, as an installation would have, for which it is always the same day."""
    folder = tmp_path_factory.mktemp("bin")
    script = folder / "alscli"
    command = f'"{sys.executable}" -m alscli --as-of {TODAY}'
    script.write_text(f'#!/bin/sh\nexec {command} "$@"\n', encoding="utf-8")
    script.chmod(0o755)
    return folder


def lay_out(folder: Path, records: Path, git: object) -> None:
    """A repository with these records, committed."""
    shutil.copytree(records, folder / "records")
    for arguments in (("init", "-q"), ("add", "-A"), ("commit", "-qm", "records")):
        git(folder, *arguments)  # type: ignore[operator]


@pytest.mark.skipif(sys.platform == "win32", reason="the transcripts are of a POSIX shell")
@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
def test_transcript(path: Path, tmp_path: Path, programs: Path, git: object) -> None:
    lay_out(tmp_path, HERE / "collection", git)
    text = path.read_bytes().decode("utf-8")
    if os.environ.get("ALSCLI_UPDATE"):
        head = text.partition("$ ")[0]
        done = [
            f"$ {command}\n{TIME.sub('(0.01 s)', run(command, tmp_path, programs))}\n"
            for command, _ in parsed(text)
        ]
        path.write_bytes((head + "".join(done).rstrip("\n") + "\n").encode())
        return
    for command, expected in parsed(text):
        actual = run(command, tmp_path, programs)
        assert matches(expected, actual), f"$ {command}\n{actual}"


@pytest.mark.skipif(sys.platform == "win32", reason="the examples are of a POSIX shell")
def test_examples_of_the_readme(tmp_path: Path, programs: Path, git: object) -> None:
    lay_out(tmp_path, ROOT / "records", git)
    blocks = BLOCK.findall((ROOT / "README.md").read_text("utf-8"))
    assert blocks
    for command, expected in (pair for block in blocks for pair in parsed(block)):
        actual = run(command, tmp_path, programs)
        assert matches(expected, actual), f"$ {command}\n{actual}"
