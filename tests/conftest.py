"""What several tests need: the shipped records, a small collection, the program as a process."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# A shell ignores Ctrl-C in what it runs in the background, and `nohup` a hang-up, and so would every program
# under test.
signal.signal(signal.SIGINT, signal.default_int_handler)
if sys.platform != "win32":
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

# The tools that judge our output stand beside Python, also where the environment is not activated.
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"

# Laws are tried on inputs by chance here, and on the same ones wherever everything must run, so that a change
# there is judged by what it did. No law is timed: the machine may have other work.
settings.register_profile(
    "laws",
    deadline=None,
    derandomize="ALSCLI_TEST_ALL" in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("laws")

ROOT = Path(__file__).parent.parent
RECORDS = ROOT / "records"
SMALL = Path(__file__).parent / "collection"


@pytest.fixture(scope="session")
def shipped_records() -> Path:
    """The records of this repository; never written to."""
    return RECORDS


@pytest.fixture
def collection_folder(tmp_path: Path) -> Path:
    """A copy of the small collection, named `records`, to write to; the current folder is its parent."""
    return Path(shutil.copytree(SMALL, tmp_path / "work" / "records"))


@pytest.fixture(scope="session", autouse=True)
def _own_state(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Locks, drafts and caches of the tests never touch those of the person who runs them."""
    os.environ["XDG_STATE_HOME"] = str(tmp_path_factory.mktemp("state"))
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))
    os.environ["ALSCLI_CTGOV"] = "http://127.0.0.1:9"  # nobody answers there: no program asks the network
    for name in ("ALSCLI_RECORDS", "ALSCLI_DEBUG", "NO_COLOR", "CLICOLOR_FORCE"):
        os.environ.pop(name, None)


Git = Callable[..., str]
Program = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def git() -> Git:
    """Runs git in a folder as a person without configuration would: `git(folder, "init")`."""

    def run(folder: Path, *arguments: str) -> str:
        command = ["git", "-c", "init.defaultBranch=main", *arguments]
        done = subprocess.run(
            command, cwd=folder, env=os.environ | _GIT, check=True, capture_output=True, text=True
        )
        return done.stdout

    return run


@pytest.fixture(scope="session")
def alscli() -> Program:
    """Runs the program as a process in a folder: `alscli(folder, "list", stdin=None)`."""

    def run(folder: Path, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "alscli", *arguments],
            cwd=folder,
            input=stdin,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )

    return run


@pytest.fixture
def at_terminal() -> Iterator[Callable[..., Any]]:
    """Starts Python on a pseudo-terminal: `at_terminal(folder, "-m", "alscli", "add", term="dumb")`."""
    pexpect = __import__("pexpect") if os.environ.get("ALSCLI_TEST_ALL") else pytest.importorskip("pexpect")
    children: list[Any] = []

    def start(folder: Path, *arguments: str, term: str = "xterm", columns: int = 100, **more: str) -> Any:
        kept = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
        shown = {"TERM": term, "NO_COLOR": "1", "PROMPT_TOOLKIT_NO_CPR": "1", "PYTHONUTF8": "1"}
        child = pexpect.spawn(
            sys.executable,
            [*arguments],
            cwd=str(folder),
            env=kept | shown | more,
            encoding="utf-8",
            timeout=10,
            dimensions=(50, columns),
        )
        child.delaybeforesend = None
        children.append(child)
        return child

    yield start
    for child in children:
        child.close(force=True)


_EDITOR = """\
import sys
from pathlib import Path
path = Path(sys.argv[-1])
for pair in sys.argv[1:-1]:
    old, _, new = pair.partition("=>")
    path.write_bytes(path.read_bytes().replace(old.encode(), new.encode()))
"""


@pytest.fixture
def editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """An editor that replaces texts: `editor("old=>new")`."""
    program = tmp_path / "an editor.py"
    program.write_text(_EDITOR, encoding="utf-8")

    def use(*pairs: str) -> None:
        words = [sys.executable, str(program), *pairs]
        monkeypatch.setenv("EDITOR", " ".join(f"'{word}'" for word in words))

    return use


_GIT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "Curator",
    "GIT_AUTHOR_EMAIL": "curator@example.org",
    "GIT_COMMITTER_NAME": "Curator",
    "GIT_COMMITTER_EMAIL": "curator@example.org",
    "GIT_AUTHOR_DATE": "2026-11-22T12:00:00Z",
    "GIT_COMMITTER_DATE": "2026-11-22T12:00:00Z",
}
