"""Exports beside other people's programs on the same rows, and how time and memory grow.

    python benchmarks/export.py [COUNT] [FOLDER]
    python benchmarks/export.py --growth [FOLDER]

CSV of COUNT trials (10,000) beside `sqlite3 -csv` on the exported database; Parquet beside DuckDB's `COPY`
from that CSV; SQLite, which holds every table, beside a database that DuckDB makes of all their CSV. Each of
theirs has the start of an empty Typer app added, or that of Python with DuckDB in it. The index is warm, as
after any question; of several runs, taken in turns, the fastest counts.

With --growth: time and greatest memory of each export of 1,000, 10,000 and 100,000 trials, each a file of
its own. Making those files and their first index takes minutes, and is not counted.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from synthetic import make

SOURCE = Path(__file__).parent.parent / "src"
REPEATS = 5
COUNTS = (1_000, 10_000, 100_000)
EMPTY = """
import typer
app = typer.Typer()
@app.command()
def main(name: str = "x") -> None:
    print(name)
app()
"""
PROGRAM = "import sys\nfrom alscli.cli import main\nsys.exit(main())\n"
PARQUET = "import duckdb\nduckdb.execute(\"COPY (FROM 'alscli.csv') TO 'duckdb.parquet'\")\n"
DATABASE = """
import duckdb, pathlib
pathlib.Path('duckdb.db').unlink(missing_ok=True)
connection = duckdb.connect('duckdb.db')
for path in sorted(pathlib.Path('all').glob('*.csv')):
    if path.read_bytes().count(b'\\n') > 1:
        connection.execute(f"CREATE TABLE {path.stem} AS FROM read_csv('{path}', header = true)")
"""
EXPORTS = {
    "csv": ("csv", "-o", "alscli.csv"),
    "json": ("json", "-o", "alscli.json"),
    "jsonl": ("jsonl", "-o", "alscli.jsonl"),
    "sqlite": ("sqlite", "-o", "alscli.sqlite"),
    "parquet": ("parquet", "-o", "alscli.parquet"),
    "csv --all": ("csv", "--all", "-o", "all"),
    "xlsx": ("xlsx", "-o", "alscli.xlsx"),
    "fhir": ("fhir", "-o", "fhir.json"),
    "bibtex": ("bibtex", "-o", "alscli.bib"),
}


class Cost(NamedTuple):
    """Seconds from start to end, and MiB that the process held at most."""

    seconds: float
    memory: float


def cost(command: list[str], folder: Path) -> Cost:
    """What running it costs."""
    environment = os.environ | {"PYTHONPATH": str(SOURCE)}
    started = time.perf_counter()
    child = subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    assert child.stderr is not None
    said = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{command} ended with {child.returncode}: {said.decode()}")
    return Cost(time.perf_counter() - started, usage.ru_maxrss / 1024)


def least(commands: dict[str, list[str]], folder: Path, repeats: int) -> dict[str, Cost]:
    """The least cost of several runs of each, taken in turns."""
    costs: dict[str, Cost] = {}
    for _ in range(repeats):
        for name, command in commands.items():
            costs[name] = min(costs.get(name, Cost(1e9, 0)), cost(command, folder))
    return costs


def ours(records: Path) -> list[str]:
    """The beginning of a command of ours on these records."""
    return [sys.executable, "-c", PROGRAM, "--records", str(records), "-q"]


def made(count: int, folder: Path) -> Path:
    """The records, made where they are not there, with a warm index."""
    records = folder / "records"
    if not records.is_dir() or sum(1 for _ in (records / "trials").iterdir()) != count:
        folder.mkdir(parents=True, exist_ok=True)
        make(count, folder)
    cost([*ours(records), "list", "--count"], folder)
    return records


def compare(count: int, folder: Path) -> None:
    """Against the budgets."""
    export = [*ours(made(count, folder)), "export"]
    for name in ("csv", "sqlite", "csv --all"):
        cost([*export, *EXPORTS[name]], folder)
    commands = {name: [*export, *EXPORTS[name]] for name in ("csv", "json", "jsonl", "sqlite", "parquet")}
    commands["empty"] = [sys.executable, "-c", EMPTY]
    commands["duckdb parquet"] = [sys.executable, "-c", PARQUET]
    commands["duckdb database"] = [sys.executable, "-c", DATABASE]
    if sqlite := shutil.which("sqlite3"):
        commands["sqlite3 -csv"] = [sqlite, "-csv", "-header", "alscli.sqlite", "SELECT * FROM trials"]
    times = {name: each.seconds for name, each in least(commands, folder, REPEATS).items()}
    for name, taken in times.items():
        print(f"{name:16} {taken:7.3f} s")
    if sqlite:
        budget = 4 * times["sqlite3 -csv"] + times["empty"]
        print(f"csv      {times['csv'] / budget:5.2f} of 4 × sqlite3 -csv + an empty Typer app")
    pairs = [("parquet", "duckdb parquet"), ("sqlite", "duckdb parquet"), ("sqlite", "duckdb database")]
    for name, theirs in pairs:
        print(f"{name:8} {times[name] / (2 * times[theirs]):5.2f} of 2 × {theirs}")


def grow(folder: Path) -> None:
    """How time and memory grow with the trials."""
    found: dict[int, dict[str, Cost]] = {}
    for count in COUNTS:
        place = folder / str(count)
        export = [*ours(made(count, place)), "export"]
        commands = {name: [*export, *options] for name, options in EXPORTS.items()}
        found[count] = least(commands, place, 1 if count == COUNTS[-1] else 3)
    print(f"{'':10}" + "".join(f"{count:>22,}" for count in COUNTS))
    for name in EXPORTS:
        cells = [f"{each.seconds:8.2f} s {each.memory:6.0f} MiB" for each in (found[c][name] for c in COUNTS)]
        print(f"{name:10}" + "".join(f"{cell:>22}" for cell in cells))


def main(arguments: list[str]) -> None:
    growth = "--growth" in arguments
    words = [word for word in arguments if word != "--growth"]
    count = 10_000 if growth or not words else int(words.pop(0))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(words[0]) if words else Path(scratch)
        if growth:
            grow(folder)
        else:
            compare(count, folder)


if __name__ == "__main__":
    main(sys.argv[1:])
