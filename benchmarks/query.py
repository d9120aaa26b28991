"""Questions beside other people's programs on the same records, in one run, as ratios against the budgets.

    python benchmarks/query.py [--large] [FOLDER]

Start-up beside an empty Typer app; a filtered list beside `papis list` (from PyPI, in an environment of its
own) and `recsel` (GNU recutils, where it is installed); with --large 100,000 records beside the
`sqlite3` program and `find`. What was made in FOLDER is used again. Pages are warm; of several runs of each
command, taken in turns, the fastest counts.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from synthetic import make

SOURCE = Path(__file__).parent.parent / "src"
REPEATS = 9
PAPIS = "papis==0.16.1"
EMPTY = """
import typer
app = typer.Typer()
@app.command()
def main(name: str = "x") -> None:
    print(name)
app()
"""
PROGRAM = "import sys\nfrom alscli.cli import main\nsys.exit(main())\n"
COLUMNS = ("id", "registry_id", "phase", "status", "cell_types", "enrollment", "evidence")


class Bench:
    """A folder with the program as an installation would have it, and other programs beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.rmtree(folder / "src", ignore_errors=True)
        shutil.copytree(SOURCE, folder / "src", ignore=shutil.ignore_patterns("__pycache__"))
        (folder / "empty").write_text(EMPTY, "utf-8")
        (folder / "alscli").write_text(PROGRAM, "utf-8")
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        self.environment = kept | {
            "PYTHONPATH": str(folder / "src"),
            "ALSCLI_CACHE": str(folder / "cache"),
            "XDG_CONFIG_HOME": str(folder / "config"),
            "XDG_CACHE_HOME": str(folder / "other-caches"),
            "PAGER": "cat",
        }

    def alscli(self, *arguments: str, records: Path | None = None) -> list[str]:
        """A command line of ours."""
        chosen = ["--records", str(records)] if records else []
        return [sys.executable, str(self.folder / "alscli"), *chosen, *arguments]

    def seconds(self, command: list[str], statuses: tuple[int, ...] = (0,), **extra: str) -> float:
        """How long one run takes, its output going to a pipe; it must end with one of these statuses."""
        started = time.perf_counter()
        done = subprocess.run(command, env=self.environment | extra, capture_output=True, check=False)
        took = time.perf_counter() - started
        assert done.returncode in statuses, (command, done.stderr[-500:])
        return took

    def output(self, command: list[str]) -> str:
        """What the command prints."""
        done = subprocess.run(command, env=self.environment, capture_output=True, check=True)
        return done.stdout.decode()

    def fastest(self, repeats: int = REPEATS, **runs: Callable[[], float]) -> dict[str, float]:
        """The least time of each, taken in turns so that a busy moment harms all of them."""
        found = dict.fromkeys(runs, float("inf"))
        for _ in range(repeats):
            for name, run in runs.items():
                found[name] = min(found[name], run())
        for name, took in found.items():
            print(f"  {name.replace('_', ' '):<28} {took * 1000:9.1f} ms", flush=True)
        return found


def said(what: str, ratio: float, budget: float) -> None:
    """A line: the ratio beside what it may be."""
    print(f"{what:<62} {ratio:6.2f}   budget {budget:<4} {'' if ratio <= budget else 'OVER'}", flush=True)


def records(bench: Bench, count: int) -> Path:
    """A collection of this size, made where it is not there yet."""
    place = bench.folder / str(count)
    if not (place / "records" / "alscli.toml").exists():
        make(count, place)
        time.sleep(2.5)  # files so young are read again to be sure; that is measured by nobody here
    return place / "records"


def start_up(bench: Bench) -> float:
    """Start-up and a short list beside an empty Typer app."""
    thousand = records(bench, 1000)
    bench.seconds(bench.alscli("list", records=thousand))
    empty = [sys.executable, str(bench.folder / "empty")]
    complete = {"_ALSCLI_COMPLETE": "complete_bash"}
    command = complete | {"COMP_WORDS": "alscli li", "COMP_CWORD": "1"}
    option = complete | {"COMP_WORDS": "alscli list --c", "COMP_CWORD": "2"}
    times = bench.fastest(
        25,
        empty_Typer_app=lambda: bench.seconds(empty),
        version=lambda: bench.seconds(bench.alscli("--version")),
        completion_of_a_command=lambda: bench.seconds(bench.alscli(), **command),
        completion_of_an_option=lambda: bench.seconds(bench.alscli(), **option),
        list_of_1000=lambda: bench.seconds(bench.alscli("list", records=thousand)),
    )
    nothing = times["empty_Typer_app"]
    said("--version / empty app", times["version"] / nothing, 1.2)
    said("completion of a command in bash / empty app", times["completion_of_a_command"] / nothing, 1.2)
    said("completion of an option in bash / empty app", times["completion_of_an_option"] / nothing, 1.2)
    said("list of 1,000, warm, piped / empty app", times["list_of_1000"] / nothing, 1.4)
    return nothing


def beside_others(bench: Bench) -> None:
    """A filtered list of 10,000 beside papis and recsel; the same answer is asked of all."""
    root = records(bench, 10_000)
    ours = bench.alscli("list", "--cell-type", "MSC", "--columns", ",".join(COLUMNS[:-1]), records=root)
    rows = json.loads(
        bench.output(bench.alscli("list", "--format", "json", "--columns", "+title", records=root))
    )
    found = set(
        bench.output(bench.alscli("list", "--cell-type", "MSC", "--format", "ids", records=root)).split()
    )
    runs = {"list_of_MSC": lambda: bench.seconds(ours)}
    papis = _papis(bench, rows["trials"], found)
    runs["papis_list"] = lambda: bench.seconds(papis)
    assert set(bench.output(papis).split()) == found
    if shutil.which("recsel"):
        recsel = _recsel(bench, rows["trials"], found)
        runs["recsel"] = lambda: bench.seconds(recsel)
        assert bench.output(recsel).count("\nphase:") == len(found)
    times = bench.fastest(**runs)
    said("list of MSC in 10,000 / papis list", times["list_of_MSC"] / times["papis_list"], 0.5)
    if "recsel" in times:
        said("list of MSC in 10,000 / recsel", times["list_of_MSC"] / times["recsel"], 1.5)
    else:
        print("recsel is not installed (Debian: recutils)")


Trial = dict[str, object]


def _papis(bench: Bench, trials: list[Trial], found: set[str]) -> list[str]:
    """A papis library with the trials as documents, and the command that asks it."""
    place = bench.folder / "papis"
    program = place / "bin" / "papis"
    if not program.exists():
        venv.create(place, with_pip=True)
        subprocess.run([place / "bin" / "pip", "install", "-q", PAPIS], check=True)
    library = bench.folder / "papis-library"
    if not library.exists():
        for number, trial in enumerate(trials):
            folder = library / str(trial["id"])
            folder.mkdir(parents=True)
            lines = [f"{name}: {json.dumps(_text(cell))}\n" for name, cell in trial.items() if name != "id"]
            kind = "MSC" if trial["id"] in found else "other"
            head = f"ref: {trial['id']}\npapis_id: '{number:032x}'\nkind: {kind}\n"
            (folder / "info.yaml").write_text(head + "".join(lines), "utf-8")
    config = bench.folder / "config" / "papis"
    config.mkdir(parents=True, exist_ok=True)
    (config / "config").write_text(
        f"[settings]\ndefault-library = trials\n[trials]\ndir = {library}\n", "utf-8"
    )
    return [str(program), "list", "--all", "--format", "{doc[ref]}", "kind:MSC"]


def _recsel(bench: Bench, trials: list[Trial], found: set[str]) -> list[str]:
    path = bench.folder / "trials.rec"
    with path.open("w", encoding="utf-8") as stream:
        for trial in trials:
            stream.writelines(f"{name}: {_text(cell) or '-'}\n" for name, cell in trial.items())
            stream.write(f"kind: {'MSC' if trial['id'] in found else 'other'}\n\n")
    return ["recsel", "-e", "kind = 'MSC'", "-p", ",".join(COLUMNS[:-1]), str(path)]


def _text(cell: object) -> str:
    return " ".join(map(str, cell)) if isinstance(cell, list) else "" if cell is None else str(cell)


def large(bench: Bench, nothing: float) -> None:
    """A filtered list of 100,000 beside what it cannot do without."""
    root, smaller = records(bench, 100_000), records(bench, 10_000)
    ours = ("list", "--cell-type", "MSC", "--columns", ",".join(COLUMNS))
    bench.seconds(bench.alscli(*ours, records=root))
    database = next(path for path in (bench.folder / "cache").iterdir() if path.stat().st_size > 4 * 10**8)
    codes = ", ".join(f"'{code}'" for code in _below_msc(bench))
    select = (
        f"SELECT {', '.join(COLUMNS)} FROM trials t WHERE EXISTS (SELECT 1 FROM json_each(t.cell_types) e"
        f" WHERE e.value IN ({codes})) AND +decision = 'include' ORDER BY id"
    )
    times = bench.fastest(
        3,
        list_of_100000=lambda: bench.seconds(bench.alscli(*ours, records=root)),
        list_of_10000=lambda: bench.seconds(bench.alscli(*ours, records=smaller)),
        sqlite3=lambda: bench.seconds(["sqlite3", str(database), select]),
        find=lambda: bench.seconds(["find", str(root), "-name", "*.toml", "-printf", "%s %T@ %C@ %p\\n"]),
    )
    least = times["sqlite3"] + times["find"] + nothing
    said("list of 100,000 / (sqlite3 + find + empty app)", times["list_of_100000"] / least, 2)
    said("list of 100,000 / list of 10,000", times["list_of_100000"] / times["list_of_10000"], 10)


def _below_msc(bench: Bench) -> list[str]:
    sys.path.insert(0, str(bench.folder / "src"))
    from alscli.model.vocabulary import shipped

    return sorted(shipped()["cell_type"].filter("MSC"))


def building(bench: Bench) -> None:
    """Making the index, and making it current after one change."""
    root, one = records(bench, 10_000), records(bench, 1)

    def built() -> float:
        shutil.rmtree(bench.folder / "cache", ignore_errors=True)
        return bench.seconds(bench.alscli("list", "--count", records=root))

    times = bench.fastest(
        1,
        first_list=built,
        validate_cold=lambda: bench.seconds(
            bench.alscli("--no-cache", "validate", "-q", records=root), statuses=(0, 1)
        ),
    )
    said("first list of 10,000 / validate cold", times["first_list"] / times["validate_cold"], 1.5)
    changed = min((root / "trials").glob("*.toml"))
    text = changed.read_text("utf-8")
    counting = bench.alscli("list", "--count", records=root)

    def after_a_change() -> float:
        changed.write_text(f"{text}# {time.time_ns()}\n", "utf-8")
        return bench.seconds(counting)

    times = bench.fastest(
        warm=lambda: bench.seconds(counting),
        one_changed=after_a_change,
        collection_of_one=lambda: bench.seconds(bench.alscli("--no-cache", "list", "--count", records=one)),
    )
    changed.write_text(text, "utf-8")
    said(
        "(one of 10,000 changed - warm) / a collection of one, cold",
        (times["one_changed"] - times["warm"]) / times["collection_of_one"],
        1.2,
    )


def on_a_terminal(bench: Bench) -> None:
    """A table of 1,000 on a terminal beside the same list for a pipe."""
    root = records(bench, 1000)
    times = bench.fastest(
        piped=lambda: bench.seconds(bench.alscli("list", records=root)),
        terminal=lambda: _shown(bench, bench.alscli("list", records=root)),
    )
    said("table of 1,000 on a terminal / piped", times["terminal"] / times["piped"], 3)


def _shown(bench: Bench, command: list[str]) -> float:
    import pty

    master, slave = pty.openpty()
    started = time.perf_counter()
    process = subprocess.Popen(command, env=bench.environment, stdout=slave, stderr=slave, stdin=slave)
    os.close(slave)
    with closing(os.fdopen(master, "rb", buffering=0)) as stream:
        for _ in _chunks(stream.fileno()):
            pass
    assert process.wait() == 0
    return time.perf_counter() - started


def _chunks(descriptor: int) -> Iterator[bytes]:
    try:
        while chunk := os.read(descriptor, 1 << 16):
            yield chunk
    except OSError:  # the other side is closed
        return


def main(arguments: list[str]) -> None:
    """Measure everything."""
    places = [argument for argument in arguments if not argument.startswith("-")]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(places[0] if places else temporary).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        bench = Bench(folder)
        nothing = start_up(bench)
        on_a_terminal(bench)
        beside_others(bench)
        building(bench)
        if "--large" in arguments:
            large(bench, nothing)


if __name__ == "__main__":
    main(sys.argv[1:])
