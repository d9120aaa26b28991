"""`alscli validate` beside `taplo lint` and `tombi lint` with our schema, on the same files, in one run.

    python benchmarks/validate.py [COUNT]

Prints seconds, and the ratios that the budget names. Pages are warm: every tool reads once before it counts.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from synthetic import make

REPEATS = 3


def once(command: list[str], folder: Path, environment: Mapping[str, str]) -> float:
    """Seconds of one run."""
    started = time.perf_counter()
    subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)
    return time.perf_counter() - started


def seconds(
    commands: Mapping[str, list[str]], folder: Path, environment: Mapping[str, str]
) -> dict[str, float]:
    """The best of several runs of each, in turns: what else the machine does at that time meets them all."""
    turns = [[once(each, folder, environment) for each in commands.values()] for _ in range(REPEATS)]
    return dict(zip(commands, map(min, zip(*turns, strict=True)), strict=True))


def main(count: int) -> None:
    """Measure at one size."""
    with tempfile.TemporaryDirectory() as place:
        root = make(count, Path(place))
        one = make(1, Path(place) / "one")
        environment = os.environ | {"ALSCLI_CACHE": str(Path(place) / "cache")}
        ours = [
            sys.executable,
            "-m",
            "alscli",
            "--records",
            str(root),
            "--as-of",
            "2026-11-22",
            "validate",
            "-q",
        ]
        schema = (root / "trial.schema.json").as_uri()
        taplo = ["taplo", "lint", "--schema", schema, "trials/*.toml"]
        tombi = ["tombi", "lint", "--offline", "trials"]
        alone = [*ours[:4], str(one), *ours[5:], "--no-cache"]
        peers = {"cold": [*ours, "--no-cache"], "taplo": taplo, "tombi": tombi}
        found = seconds(peers, root, environment)
        once(ours, root, environment)  # fills the cache
        found |= seconds({"unchanged": ours, "collection of one": alone}, root, environment)
        changed = min((root / "trials").iterdir())
        times = []
        for number in range(REPEATS):
            changed.write_text(changed.read_text("utf-8") + f"# {number}\n", "utf-8")
            times.append(once(ours, root, environment))
        found["one changed"] = min(times)
    for name, took in found.items():
        print(f"{name:<18} {took:8.2f} s")
    faster = min(found["taplo"], found["tombi"])
    print(f"cold / faster peer           {found['cold'] / faster:6.2f}   budget 0.5")
    print(f"unchanged / cold             {found['unchanged'] / found['cold']:6.2f}   budget 0.15")
    beyond = found["one changed"] / (found["unchanged"] + found["collection of one"])
    print(f"one changed / (unchanged + one record) {beyond:6.2f}   budget 1")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
