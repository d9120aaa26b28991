"""Exports beside other people's programs on the same rows, as ratios against the budgets.

    python benchmarks/export.py [COUNT] [FOLDER]

CSV of COUNT trials (10,000) beside `sqlite3 -csv` on the exported database; Parquet beside DuckDB's `COPY`
from that CSV; SQLite, which holds every table, beside a database that DuckDB makes of all their CSV. Each of
theirs has the start of an empty Typer app added, or that of Python with DuckDB in it. The index is warm, as
after any question; of several runs, taken in turns, the fastest counts.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from synthetic import make

SOURCE = Path(__file__).parent.parent / "src"
REPEATS = 5
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


def seconds(command: list[str], folder: Path) -> float:
    """How long it takes, from its start to its end."""
    environment = os.environ | {"PYTHONPATH": str(SOURCE)}
    started = time.perf_counter()
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
    return time.perf_counter() - started


def fastest(commands: dict[str, list[str]], folder: Path) -> dict[str, float]:
    """The fastest of several runs of each, taken in turns."""
    times: dict[str, float] = {}
    for _ in range(REPEATS):
        for name, command in commands.items():
            times[name] = min(times.get(name, 1e9), seconds(command, folder))
    return times


def main(count: int, folder: Path) -> None:
    records = folder / "records"
    if not records.is_dir() or sum(1 for _ in (records / "trials").iterdir()) != count:
        make(count, folder)
    ours = [sys.executable, "-c", PROGRAM, "--records", str(records), "-q", "export"]
    for format_ in ("csv", "sqlite"):  # builds the index too
        seconds([*ours, format_, "-o", f"alscli.{format_}"], folder)
    seconds([*ours, "csv", "--all", "-o", "all"], folder)
    sqlite = shutil.which("sqlite3")
    commands = {
        "empty": [sys.executable, "-c", EMPTY],
        "csv": [*ours, "csv", "-o", "alscli.csv"],
        "json": [*ours, "json", "-o", "alscli.json"],
        "jsonl": [*ours, "jsonl", "-o", "alscli.jsonl"],
        "sqlite": [*ours, "sqlite", "-o", "alscli.sqlite"],
        "parquet": [*ours, "parquet", "-o", "alscli.parquet"],
        "duckdb parquet": [sys.executable, "-c", PARQUET],
        "duckdb database": [sys.executable, "-c", DATABASE],
    }
    if sqlite:
        commands["sqlite3 -csv"] = [sqlite, "-csv", "-header", "alscli.sqlite", "SELECT * FROM trials"]
    times = fastest(commands, folder)
    for name, taken in times.items():
        print(f"{name:16} {taken:7.3f} s")
    if sqlite:
        budget = 4 * times["sqlite3 -csv"] + times["empty"]
        print(f"csv      {times['csv'] / budget:5.2f} of 4 × sqlite3 -csv + an empty Typer app")
    for name, theirs in (("parquet", "duckdb parquet"), ("sqlite", "duckdb database")):
        print(f"{name:8} {times[name] / (2 * times[theirs]):5.2f} of 2 × {theirs}")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"greatest memory of any of them: {peak:.0f} MiB")


if __name__ == "__main__":
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    if len(sys.argv) > 2:
        main(number, Path(sys.argv[2]))
    else:
        with tempfile.TemporaryDirectory() as place:
            main(number, Path(place))
