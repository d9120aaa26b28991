"""The pager: only on a terminal, only where the screen is too short, quiet where there is none."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from alscli.cli.paging import pager

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="programs of POSIX")


@pytest.mark.parametrize(
    ("environment", "command"),
    [
        ({"PAGER": "cat"}, []),
        ({"PAGER": ""}, []),
        ({"PAGER": "no-such-program -x"}, []),
        ({"PAGER": "'"}, []),
        ({"PAGER": "sh -c 'cat -n'"}, ["sh", "-c", "cat -n"]),
    ],
)
def test_which_pager(environment: dict[str, str], command: list[str]) -> None:
    assert pager(environment) == command


def shown(folder: Path, lines: int, pager_: str, *arguments: str) -> str:
    """What a person sees on a terminal with so many lines."""
    import pexpect

    own = {name: value for name, value in os.environ.items() if name not in ("LINES", "COLUMNS")}
    child = pexpect.spawn(
        sys.executable,
        ["-m", "alscli", *arguments],
        cwd=str(folder),
        env={**own, "PAGER": pager_, "TERM": "dumb"},
        dimensions=(lines, 100),
        encoding="utf-8",
        timeout=60,
    )
    output: str = child.read()
    assert child.wait() == 0
    return output.replace("\r\n", "\n")


def test_a_long_list_goes_through_the_pager(collection_folder: Path) -> None:
    marked = "sh -c 'sed s/^/P:/'"
    long = shown(collection_folder.parent, 5, marked, "list", "--columns", "id")
    assert "P:valor" in long
    assert "6 of 6 trials" in long
    assert "P:6 of 6" not in long  # counts stay out of the pager
    assert "P:" not in shown(collection_folder.parent, 50, marked, "list", "--columns", "id")


def test_a_pager_that_is_left_early(collection_folder: Path) -> None:
    assert "id" in shown(collection_folder.parent, 5, "head -1", "list", "--columns", "id")
    shown(collection_folder.parent, 5, "true", "show", "valor")
    assert "valor" in shown(collection_folder.parent, 5, "no-such-pager", "list", "--columns", "id")
