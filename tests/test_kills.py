"""Processes that are killed, and processes that write at once: nothing is lost, nothing is between.

`ALSCLI_KILLS` says at how many random moments to kill (20), `ALSCLI_ROUNDS` how often two processes write.
"""

from __future__ import annotations

import json
import os
import pickle
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from alscli.cli import main
from alscli.interview import proposal
from alscli.store import transaction
from alscli.store.collection import Collection
from alscli.store.toml import parse
from alscli.store.transaction import Step
from alscli.store.write import kept_for

MOMENTS = int(os.environ.get("ALSCLI_KILLS", "20"))
ROUNDS = int(os.environ.get("ALSCLI_ROUNDS", "3"))
FILES = 50
TRIAL = """\
#:schema ../trial.schema.json
schema = 1
id = "t{0}"  # kept
title = "Trial {0}"
registration = "none_found"
conditions = ["ALS"]
study_type = "interventional"
design = "single_arm"
phase = "1"
status = "completed"
status_as_of = "2020"
{1}src = "source"

[[interventions]]
id = "cells"
product = "cells"

[[refs]]
key = "source"
kind = "article"
doi = "10.1000/{0}"

[screening]
decision = "include"
"""
WRITER = """\
import os, pickle, sys
from pathlib import Path
os.fsync = lambda _: None  # a kill, unlike a power cut, loses nothing of what was written
from alscli.store.transaction import commit
from alscli.store.write import locked
root, steps = pickle.loads(Path(sys.argv[1]).read_bytes())
with locked(root):
    print("now", flush=True)
    commit(root, steps)
print("done", flush=True)
"""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no kill -9")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "records"
    for folder in ("trials", "products"):
        (root / folder).mkdir(parents=True)
    (root / "alscli.toml").write_text("schema = 1\n", encoding="utf-8")
    product = 'schema = 1\nid = "cells"\nname = "Cells"\nmodality = "cell"\n'
    (root / "products" / "cells.toml").write_text(product, encoding="utf-8")
    for number in range(FILES):
        related = 'related = [\n  { id = "t0", rel = "same_product" },\n]\n' if number else ""
        text = TRIAL.format(number, related)
        (root / "trials" / f"t{number}.toml").write_text(text, encoding="utf-8")
    new = (parse(TRIAL.format(f"new{number}", "").encode()).values for number in range(FILES))
    lines = "".join(json.dumps(values) + "\n" for values in new)
    (tmp_path / "new.jsonl").write_text(lines, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "fsync", lambda _: None)
    return root


def held(root: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in root.rglob("*.toml")}


def lay(root: Path, contents: dict[Path, bytes]) -> None:
    for path in root.rglob("*"):
        if not path.is_dir() and path not in contents:
            path.unlink()
    for path, data in contents.items():
        path.write_bytes(data)


def planned(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> list[Step]:
    """What a command would write, all at once."""
    kept: list[Step] = []
    with monkeypatch.context() as patched:
        for module in (transaction, proposal):
            patched.setattr(module, "commit", lambda _, steps: kept.extend(steps))
        assert main(arguments) == 0
    return kept


COMMANDS = {
    "add": ["add", "--from", "new.jsonl"],
    "set": ["set", *(f"t{number}" for number in range(FILES)), "status=terminated", "why_stopped=money"],
    "rename": ["rename", "t0", "first"],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_killed_process_leaves_each_file_as_before_or_after(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    arguments = COMMANDS[command]
    before = held(root)
    steps = planned(arguments, monkeypatch)
    assert len(steps) >= FILES
    assert held(root) == before
    job = tmp_path / "job"
    job.write_bytes(pickle.dumps((root, steps)))
    after = {**before, **{step.path: step.after for step in steps if step.after is not None}}
    for step in steps:
        if step.after is None:
            del after[step.path]
    longest = killed(job, 60)
    assert held(root) == after
    chance = random.Random(command)
    for moment in range(-(-MOMENTS // len(COMMANDS))):
        lay(root, before)
        killed(job, chance.uniform(0, longest))
        for path, data in held(root).items():
            assert data in (before.get(path), after.get(path))
        entries = [entry.path for entry in Collection(root).entries()]
        assert set(entries) <= {*before, *after}
        if moment % 4 == 0:
            added = command == "add" and held(root) == after and not kept_for(root, "journals").exists()
            assert main(arguments) == (1 if added else 0), "whoever adds again is told that it is there"
            assert held(root) == after
            assert not [path for path in root.rglob("*") if path.suffix == ".tmp"]
            assert not kept_for(root, "journals").exists()


def killed(job: Path, after: float) -> float:
    """Start writing, and kill it after so many seconds; how long it wrote."""
    with subprocess.Popen([sys.executable, "-c", WRITER, str(job)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"now\n"
        begun = time.perf_counter()
        try:
            process.wait(after)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
        return time.perf_counter() - begun


OFTEN = """\
import sys
from alscli.cli import main
name, rounds = sys.argv[1], int(sys.argv[2])
for number in range(rounds):
    assert main(["--quiet", "set", "cells", "--append", f"aliases={name}{number}"]) == 0
    assert main(["--quiet", "set", "t1", "t10", f"sites={number}", f"tags=", "--dry-run"]) == 2
    assert main(["--quiet", "set", "t1", "t10", "--append", f"secondary_ids={name}-{number}"]) == 0
    values = ["title=x", "conditions=ALS", "study_type=interventional", "design=single_arm", "phase=1",
        "status=completed", "status_as_of=2020", "registration=none_found", "src=s", "refs.s.kind=news",
        "refs.s.url=https://example.org/", "interventions.c.product=cells"]
    pairs = [part for value in values for part in ("--set", value)]
    assert main(["--quiet", "add", f"{name}{number}", *pairs, "--no-input"]) == 0
"""


def test_two_who_add_and_set_at_once_lose_nothing(root: Path) -> None:
    for path in sorted(root.glob("trials/*.toml"))[12:]:
        path.unlink()
    names = ("left", "right")
    command = [sys.executable, "-c", OFTEN]
    running = [
        subprocess.Popen([*command, name, str(ROUNDS)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for name in names
    ]
    for process in running:
        said, _ = process.communicate()
        assert process.returncode == 0, said.decode()
    snapshot = Collection(root).load()
    assert not snapshot.unreadable
    everything = [(name, number) for name in names for number in range(ROUNDS)]
    assert set(snapshot.products["cells"].aliases) == {f"{name}{number}" for name, number in everything}
    for id_ in ("t1", "t10"):
        assert set(snapshot.trials[id_].secondary_ids) == {f"{name}-{number}" for name, number in everything}
    assert {f"{name}{number}" for name, number in everything} <= set(snapshot.trials)
    assert not [path for path in root.rglob("*") if path.suffix == ".tmp"]


def test_the_command_line_killed_as_it_starts_and_as_it_works(
    root: Path, alscli_process: Callable[..., subprocess.Popen[bytes]]
) -> None:
    before = held(root)
    for seconds in (0.05, 0.6):
        process = alscli_process(*COMMANDS["set"])
        try:
            process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
        states = [data == before[path] for path, data in held(root).items()]
        assert len(states) == len(before)
    assert main(COMMANDS["set"]) == 0
    assert all(
        b'why_stopped = "money"' in d for path, d in held(root).items() if path.parent.name == "trials"
    )


@pytest.fixture
def alscli_process(tmp_path: Path) -> Callable[..., subprocess.Popen[bytes]]:
    def start(*arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "alscli", *arguments]
        return subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    return start
