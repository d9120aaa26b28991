"""`history` beside `git log --follow -p`, and `diff` over many revisions, on a clone with a made past.

    python benchmarks/history.py [COMMITS] [RECORDS]

Prints seconds, and the ratios that the budget names. The past is made with `git fast-import`: records change
by field, break and are mended, get comments, go, come, and are renamed, on main and on branches that merge.
"""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from synthetic import make

REPEATS = 5
EMPTY = "import typer; app = typer.Typer(); app.command()(lambda: None); app(standalone_mode=False)"
AUTHORS = ("Ada <ada@example.org>", "李 华 <li@example.org>", 'O\'Neil "Bo" <bo@example.org>')
STATUSES = ("recruiting", "completed", "terminated", "unknown", "withdrawn")


@dataclass
class Past:
    """A past in the making: the files of the branch, and the stream for `git fast-import`."""

    random: random.Random
    files: dict[str, bytes]
    stream: list[bytes] = field(default_factory=list)
    count: int = 0

    def commit(self, branch: str, changed: dict[str, bytes | None], merge: str = "") -> None:
        """One commit on a branch; None is a file that goes."""
        self.count += 1
        who = self.random.choice(AUTHORS)
        words = f"Commit {self.count}: 修改 {len(changed)}".encode()
        self.stream.append(
            f"commit refs/heads/{branch}\nmark :{self.count}\n"
            f"author {who} {1_700_000_000 + 3600 * self.count} +0000\n"
            f"committer C <c@example.org> {1_700_000_000 + 3600 * self.count} +0000\n"
            f"data {len(words)}\n".encode()
            + words
            + b"\n"
            + merge.encode()
        )
        for path, data in changed.items():
            if data is None:
                self.stream.append(f'D "{path}"\n'.encode())
            else:
                self.stream.append(f'M 100644 inline "{path}"\ndata {len(data)}\n'.encode() + data + b"\n")


def lay(root: Path, commits: int, most: int = 5, seed: int = 7) -> None:
    """Put `root` into a new repository in the folder above: so many commits, of at `most` so many edits."""
    top = root.parent
    made = random.Random(seed)
    files = {
        path.relative_to(top).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }
    past = Past(made, files)
    past.commit("main", dict(files))
    while past.count < commits:
        if past.count % 10 == 9 and past.count + 3 <= commits:
            _branch(past)
        else:
            _apply(past, "main", _edits(past, sorted(_trials(past)), made.randint(1, most)))
    git(top, "init", "-q")
    subprocess.run(
        ["git", "fast-import", "--quiet"],
        cwd=top,
        input=b"".join(past.stream),
        check=True,
        capture_output=True,
    )
    git(top, "symbolic-ref", "HEAD", "refs/heads/main")
    git(top, "reset", "-q", "--hard")


def _trials(past: Past) -> list[str]:
    return [path for path in past.files if "/trials/" in path]


def _apply(past: Past, branch: str, changed: dict[str, bytes | None]) -> None:
    for path, data in changed.items():
        if data is None:
            del past.files[path]
        else:
            past.files[path] = data
    past.commit(branch, changed)


def _branch(past: Past) -> None:
    """A commit on a side branch, one on main, and their merge; they touch different records."""
    paths = sorted(_trials(past))
    middle = len(paths) // 2
    base = past.count
    side = _edits(past, paths[:middle], 2, calm=True)
    past.stream.append(f"reset refs/heads/side\nfrom :{base}\n".encode())
    past.commit("side", side)
    tip = past.count
    _apply(past, "main", _edits(past, paths[middle:], 2, calm=True))
    past.files |= {path: data for path, data in side.items() if data is not None}
    past.commit("main", side, merge=f"merge :{tip}\n")


def _edits(past: Past, paths: list[str], count: int, *, calm: bool = False) -> dict[str, bytes | None]:
    """Edits of some records; calm ones keep every record where it is."""
    changed: dict[str, bytes | None] = {}
    for path in past.random.sample(paths, min(count, len(paths))):
        text = past.files[path].decode()
        what = past.random.random()
        if calm or what < 0.8 or path in changed:
            changed[path] = _edited(past.random, text).encode()
        elif what < 0.84:
            changed[path] = (text + "[broken").encode()
        elif what < 0.94:
            changed |= _renamed(past, path, text)
        elif len(paths) > 20:
            changed[path] = None
    return changed


def _edited(made: random.Random, text: str) -> str:
    text = text.removesuffix("[broken")
    match made.randrange(5):
        case 0:
            return re.sub(r"(?m)^status = .*", f'status = "{made.choice(STATUSES)}"', text, count=1)
        case 1:
            line = f"sites = {made.randint(1, 99)}"
            if re.search(r"(?m)^sites = ", text):
                return re.sub(r"(?m)^sites = .*", line, text, count=1)
            return text.replace("\nstatus = ", f"\n{line}\nstatus = ", 1)
        case 2:
            return re.sub(r"(?m)^planned = \d+$", f"planned = {made.randint(5, 500)}", text, count=1)
        case 3:
            return re.sub(
                r'(?m)^title = ".*', f'title = "标题 {made.randint(1, 999)}, with words"', text, count=1
            )
        case _:
            return text + f"# a comment {made.random()}\n"


def _renamed(past: Past, path: str, text: str) -> dict[str, bytes | None]:
    old = Path(path).stem
    new = f"renamed-{past.count}-{old}"[:80].rstrip("-")
    text = re.sub(r'(?m)^id = ".*"$', f'id = "{new}"\nformer_ids = ["{old}"]', text, count=1)
    text = re.sub(r"(?m)^(former_ids = .*\n)former_ids = .*\n", r"\1", text)
    return {path: None, str(Path(path).with_stem(new).as_posix()): text.encode()}


def git(folder: Path, *arguments: str) -> str:
    """The output of a git command."""
    done = subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True)
    return done.stdout.decode("utf-8", "surrogateescape")


def seconds(command: list[str], folder: Path) -> float:
    """The best of several runs."""
    best = float("inf")
    for _ in range(REPEATS):
        started = time.perf_counter()
        subprocess.run(command, cwd=folder, capture_output=True, check=True)
        best = min(best, time.perf_counter() - started)
    return best


def main(commits: int, records: int) -> None:
    """Measure at one size."""
    with tempfile.TemporaryDirectory() as place:
        os.environ["ALSCLI_CACHE"] = str(Path(place) / "cache")
        root = make(records, Path(place))
        lay(root, commits, most=16)
        git(root.parent, "gc", "-q")
        paths = [path.relative_to(root.parent).as_posix() for path in sorted((root / "trials").iterdir())]
        counts = {
            path: len(git(root.parent, "log", "--format=%h", "--", path).split()) for path in paths[:150]
        }
        path = max(counts, key=lambda path: counts[path])
        ours = [sys.executable, "-m", "alscli", "-q"]
        found = {
            "empty Typer app": seconds([sys.executable, "-c", EMPTY], root),
            "git log --follow -p": seconds(["git", "log", "--follow", "-p", "--", path], root.parent),
            "history": seconds([*ours, "history", Path(path).stem], root.parent),
            "blame": seconds([*ours, "blame", Path(path).stem], root.parent),
        }
        back = f"HEAD~{min(200, commits * 2 // 3)}"
        found[f"diff {back}"] = seconds([*ours, "diff", back], root.parent)
        found[f"diff {back} HEAD"] = seconds([*ours, "diff", back, "HEAD"], root.parent)
        found["changelog"] = seconds([*ours, "changelog", f"{back}..HEAD"], root.parent)
        stat = subprocess.run(
            [*ours, "diff", back, "HEAD", "--stat"], cwd=root.parent, capture_output=True, check=True
        )
        changed = len(stat.stdout.splitlines())
    print(f"{commits} commits, {records} records; {counts[path]} commits touch {Path(path).stem}")
    for name, took in found.items():
        print(f"{name:<22} {took:8.3f} s")
    allowed = 2 * found["git log --follow -p"] + found["empty Typer app"]
    print(f"history / (2 git log + empty app)        {found['history'] / allowed:6.2f}   budget 1")
    took = found[f"diff {back} HEAD"] * 1000 / changed
    print(f"diff, seconds per 1,000 changed ({changed})  {took:6.2f}   budget 2")


if __name__ == "__main__":
    main(*[int(text) for text in (*sys.argv[1:], "300", "2000")[:2]])
