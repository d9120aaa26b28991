"""Import beside orjson and our writer, memory as the zip grows, and `dedupe` beside `list`.

    pip install orjson
    python benchmarks/registries.py ZIP [--csv CSV] [--times 100] [--trials 20000] [--folder FOLDER]

ZIP is a download of ClinicalTrials.gov (JSON, one file a study), CSV the same studies as a table. Prints, as
ratios against the budgets: `alscli import ZIP` beside a program that parses the same files with orjson and
writes the same records and copies with our writer (at most 3); the peak of memory of a plan and of an import
of ZIP and of one with its studies repeated under other numbers (flat); and `alscli dedupe` beside `alscli
list` (at most 10), once with titles that are the same 155 times and once with titles whose every other word
is another. With CSV, how many of status, enrollment, dates and phases the two downloads give otherwise (0).
Commands are run in turns, and of each the fastest counts. What was made in FOLDER is used again.
"""

from __future__ import annotations

import argparse
import os
import pickle
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

from synthetic import make

SOURCE = Path(__file__).parent.parent / "src"
REPEATS = 4
PROGRAM = "import sys\nfrom alscli.cli import main\nsys.exit(main())\n"
PEER = """
import pickle, sys, zipfile
from pathlib import Path
import orjson
from alscli.model.format import MODELS, schema_comment, shape_of
from alscli.store.copies import written
from alscli.store.canonical import dump
zipped, drafts, folder = map(Path, sys.argv[1:])
with zipfile.ZipFile(zipped) as archive:
    for name in archive.namelist():
        orjson.loads(archive.read(name))
shape, comment = shape_of(MODELS["trial"]), schema_comment("trial")
for values, copy in pickle.loads(drafts.read_bytes()):
    (folder / f"{values['id']}.toml").write_text(dump(values, shape, comment), encoding="utf-8")
    (folder / f"{values['id']}.json").write_bytes(written(copy))
"""
_TITLE = re.compile(r'^((?:scientific_)?title = ")(.*)"$', re.MULTILINE)


@dataclass(frozen=True)
class Run:
    """What a program took: seconds, seconds of the processor, MiB at most."""

    wall: float
    cpu: float
    peak: float


class Bench:
    """A folder with the program as an installation would have it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.rmtree(folder / "src", ignore_errors=True)
        shutil.copytree(SOURCE, folder / "src", ignore=shutil.ignore_patterns("__pycache__"))
        (folder / "alscli").write_text(PROGRAM, "utf-8")
        (folder / "peer").write_text(PEER, "utf-8")
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        self.environment = kept | {
            "PYTHONPATH": str(folder / "src"),
            "ALSCLI_CACHE": str(folder / "cache"),
            "XDG_STATE_HOME": str(folder / "state"),
            "PAGER": "cat",
        }

    def run(self, *arguments: str | Path) -> Run:
        """Run a program of the folder, and wait for it."""
        command = [sys.executable, *map(str, arguments)]
        started = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
        seconds = time.perf_counter() - started
        return Run(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)

    def fresh(self) -> None:
        """An empty collection in place of the last one."""
        shutil.rmtree(self.folder / "records", ignore_errors=True)
        self.run("alscli", "init", "records")


def fastest(runs: list[Run]) -> Run:
    return Run(min(run.wall for run in runs), min(run.cpu for run in runs), max(run.peak for run in runs))


def told(name: str, ours: Run, peer: Run, most: int) -> None:
    print(
        f"{name}: {ours.wall / peer.wall:.2f} by the clock ({ours.wall:.2f} s / {peer.wall:.2f} s),"
        f" {ours.cpu / peer.cpu:.2f} of the processor ({ours.cpu:.2f} s / {peer.cpu:.2f} s), at most {most}"
    )


def compare_import(bench: Bench, zipped: Path) -> None:
    """The whole command beside orjson and our writer."""
    from alscli.registries import reading
    from alscli.registries.draft import Draft
    from alscli.registries.plan import copy_of

    drafts = bench.folder / "drafts.pickle"
    found = [each for each in reading.read(zipped) if isinstance(each, Draft)]
    made = [(each.values | {"screening": {"decision": "undecided"}}, copy_of(each)) for each in found]
    drafts.write_bytes(pickle.dumps(made))
    ours, peer = [], []
    for number in range(REPEATS):
        bench.fresh()
        ours.append(bench.run("alscli", "import", zipped, "--yes"))
        folder = bench.folder / f"peer-{number}"
        folder.mkdir(exist_ok=True)
        peer.append(bench.run("peer", zipped, drafts, folder))
        shutil.rmtree(folder)
    told(f"import of {len(made)} studies / (orjson + our writer)", fastest(ours), fastest(peer), 3)


def repeated(path: Path, times: int, target: Path) -> None:
    """The zip with its studies so many times, each time under other numbers."""
    with (
        zipfile.ZipFile(path) as archive,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as out,
    ):
        count = 0
        for _ in range(times):
            for name in archive.namelist():
                count += 1
                text = re.sub(rb"NCT\d{8}", b"NCT%08d" % count, archive.read(name), count=1)
                out.writestr(f"NCT{count:08}.json", text)


def compare_memory(bench: Bench, zipped: Path, times: int) -> None:
    """The peak of a plan and of an import, as the zip grows."""
    large = bench.folder / f"large-{times}.zip"
    if not large.exists():
        repeated(zipped, times, large)
    for what, options in (("plan", ["--dry-run"]), ("import", ["--yes"])):
        peaks = []
        for path in (zipped, large):
            bench.fresh()
            run = bench.run("alscli", "import", path, *options)
            peaks.append(run.peak)
            with zipfile.ZipFile(path) as archive:
                print(f"{what} of {len(archive.namelist())}: {run.peak:.0f} MiB at most, {run.wall:.0f} s")
        print(f"{what}: {peaks[1] / peaks[0]:.2f} times the memory for {times} times the studies")


def vary(root: Path) -> None:
    """Give every other word of the titles another one, by chance, out of all titles."""
    drawn = random.Random(20261122)
    paths = sorted((root / "trials").glob("*.toml"))
    texts = [path.read_text("utf-8") for path in paths[:200]]
    words = [
        word
        for text in texts
        for match in _TITLE.finditer(text)
        for word in match[2].split()
        if word.isalnum()
    ]

    def varied(match: re.Match[str]) -> str:
        kept = [word if drawn.random() < 0.5 else drawn.choice(words) for word in match[2].split()]
        return f'{match[1]}{" ".join(kept)}"'

    for path in paths:
        path.write_text(_TITLE.sub(varied, path.read_text("utf-8")), "utf-8")


def compare_dedupe(bench: Bench, trials: int) -> None:
    """Looking for trials that may be one, beside one pass over the same records."""
    for what in ("titles again and again", "titles of their own"):
        place = bench.folder / what.replace(" ", "-")
        root = place / "records"
        if not root.exists():
            make(trials, place)
            if what == "titles of their own":
                vary(root)
        bench.run("alscli", "--records", root, "list")  # reads the records anew
        lists, ours = [], []
        for _ in range(REPEATS * 2):
            lists.append(bench.run("alscli", "--records", root, "list"))
            ours.append(bench.run("alscli", "--records", root, "dedupe"))
        told(f"dedupe / list, {trials} trials, {what}", fastest(ours), fastest(lists), 10)


def compare_twins(zipped: Path, table: Path) -> None:
    """What the two downloads of the same studies give otherwise."""
    from alscli.registries import reading
    from alscli.registries.draft import Draft

    one, other = (
        {each.registry_id: each.values for each in reading.read(path) if isinstance(each, Draft)}
        for path in (zipped, table)
    )

    def facts(values: dict[str, object]) -> dict[str, object]:
        found = {name: values.get(name) for name in ("status", "status_as_of", "phase", "study_type")}
        dates, people = values.get("dates"), values.get("enrollment")
        for name in ("start", "primary_completion", "completion", "results_posted"):
            found[name] = dates.get(name, {}).get("on") if isinstance(dates, dict) else None
        return found | {"people": [*people.values()] if isinstance(people, dict) else []}

    differ = sum(
        facts(one[number])[name] != facts(other[number])[name]
        for number in one.keys() & other.keys()
        for name in facts(one[number])
    )
    print(f"{len(one)} studies and {len(other)} rows: {len(one.keys() ^ other.keys())} ids of one alone,")
    print(f"  {differ} facts otherwise, at most 0")


def main(zipped: Path, table: Path | None, times: int, trials: int, folder: Path) -> None:
    """Measure what is named."""
    folder.mkdir(parents=True, exist_ok=True)
    bench = Bench(folder)
    if table is not None:
        compare_twins(zipped, table)
    compare_import(bench, zipped)
    if trials:
        compare_dedupe(bench, trials)
    if times:
        compare_memory(bench, zipped, times)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("zip", type=Path)
    parser.add_argument("--csv", type=Path)
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument("--trials", type=int, default=20_000)
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    place = given.folder or Path(tempfile.mkdtemp(prefix="alscli-registries-"))
    main(given.zip.resolve(), given.csv, given.times, given.trials, place.resolve())
