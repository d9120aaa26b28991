"""Merges by field at full size: 200 edits on two branches with plain git, random merges against their laws.

    python benchmarks/merge.py [--merges N] [--seed S] [RECORDS]

Prints what git alone and what the driver make of the same branches, the times, and every broken law.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "store"))

from record_edits import Edit, additions, apply, commented, edits  # noqa: E402

from alscli.model.format import MODELS as KINDS  # noqa: E402
from alscli.model.format import FileKind, shape_of  # noqa: E402
from alscli.store.compare import changes  # noqa: E402
from alscli.store.layout import meaning  # noqa: E402
from alscli.store.merge import merge  # noqa: E402
from alscli.store.toml import parse  # noqa: E402

EDITS = 200
OVERLAPS = 20
_GIT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    **{f"GIT_{who}_NAME": "Curator" for who in ("AUTHOR", "COMMITTER")},
    **{f"GIT_{who}_EMAIL": "curator@example.org" for who in ("AUTHOR", "COMMITTER")},
}


def kind_of(path: Path) -> FileKind:
    return "product" if path.parent.name == "products" else "trial"


def git(folder: Path, *arguments: str) -> int:
    command = ["git", "-c", "init.defaultBranch=main", *arguments]
    done = subprocess.run(command, cwd=folder, env=os.environ | _GIT, capture_output=True, check=False)
    return done.returncode


def field_changes(old: str, new: str, kind: FileKind) -> dict[str, str]:
    found = changes(parse(old.encode()).values, parse(new.encode()).values, kind)
    return {change.field: repr(change) for change in found}


def branches(
    records: Path, overlaps: int, chance: random.Random
) -> tuple[Path, dict[Path, tuple[str, set[str]]]]:
    """A clone with two branches of edits; the paths, with their text before and the fields edited on both."""
    folder = Path(tempfile.mkdtemp(prefix="alscli-merge-"))
    shutil.copytree(records, folder / "records")
    git(folder, "init", "-q")
    subprocess.run(
        [sys.executable, "-m", "alscli", "--quiet", "install-git"],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    for hook in (folder / ".git" / "hooks").glob("pre-*"):
        hook.unlink()
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "records")
    paths = [
        *(folder / "records" / "trials").glob("*.toml"),
        *(folder / "records" / "products").glob("*.toml"),
    ]
    chance.shuffle(paths)
    texts = {path: path.read_text("utf-8") for path in paths[: EDITS // 8]}
    left: dict[Path, list[Edit]] = {path: [] for path in texts}
    right: dict[Path, list[Edit]] = {path: [] for path in texts}
    both: dict[Path, set[str]] = {path: set() for path in texts}
    pool = [(path, one) for path, text in texts.items() for one in edits(text, kind_of(path), chance)]
    chance.shuffle(pool)
    for number, (path, one) in enumerate(pool[:EDITS]):
        (left, right)[number % 2][path].append(one)
    more = [(path, one) for path, one in pool[EDITS:] if one.do == "set"]
    for path, one in more[:overlaps]:
        other = f"{one.value} !" if isinstance(one.value, str) else one.value + 1
        left[path].append(one)
        right[path].append(Edit(one.field, one.do, one.path, other))
        both[path].add(one.field)
    for name, chosen in (("left", left), ("right", right)):
        git(folder, "switch", "-qc", name, "main")
        for path, text in texts.items():
            path.write_text(apply(text, chosen[path], kind_of(path)), "utf-8")
        git(folder, "commit", "-qam", name)
    return folder, {path: (text, both[path]) for path, text in texts.items()}


def with_git(records: Path, overlaps: int, chance: random.Random) -> None:
    folder, paths = branches(records, overlaps, chance)
    fields = sum(len(both) for _, both in paths.values())
    print(f"{EDITS} edits in {len(paths)} records on two branches, {fields} more fields edited on both")
    attributes = folder / "records" / ".gitattributes"
    held = attributes.read_bytes()
    attributes.write_bytes(b"")
    started = time.perf_counter()
    git(folder, "merge", "-q", "-m", "both", "left")
    alone = time.perf_counter() - started
    spoiled = [path for path in paths if b"<<<<<<<" in path.read_bytes()]
    print(f"  git alone: {len(spoiled)} records with conflict markers ({alone:.1f} s)")
    git(folder, "reset", "-q", "--hard", "right")
    attributes.write_bytes(held)
    started = time.perf_counter()
    status = git(folder, "merge", "-q", "-m", "both", "left")
    took = time.perf_counter() - started
    wrong = 0
    for path, (_, both) in paths.items():
        values = parse(path.read_bytes()).values
        disputed = {d["field"] for d in values.get("disputes", []) if d.get("ruling") == "merge"}
        wrong += disputed != both
    conflicts = sum(bool(both) for _, both in paths.values())
    print(f"  alscli: exit status {status}, {conflicts} records with disputes, {wrong} wrong ({took:.1f} s)")
    shutil.rmtree(folder)


def law(base: str, kind: FileKind, chance: random.Random) -> tuple[float, list[str]]:
    """One random merge of non-overlapping edits; its time and the laws that it breaks."""
    base = commented(base, chance, chance.randrange(6))
    pool = edits(base, kind, chance)
    size = min(len(pool) // 2, chance.randrange(1, 20))
    sides = [pool[:size], pool[size : 2 * size]]
    if "[[refs]]" in base:
        sides = [[*side, *additions(kind, chance, chance.randrange(3))] for side in sides]
    ours, theirs = (commented(apply(base, side, kind), chance, chance.randrange(3)) for side in sides)
    started = time.perf_counter()
    result = merge(base.encode(), ours.encode(), theirs.encode(), kind)
    took = time.perf_counter() - started
    swapped = merge(base.encode(), theirs.encode(), ours.encode(), kind)
    broken = [f"conflict {conflict.field}" for conflict in result.conflicts]
    shape = shape_of(KINDS[kind])
    if meaning(parse(result.data).values, shape) != meaning(parse(swapped.data).values, shape):
        broken.append("not symmetric")
    wanted = field_changes(base, ours, kind) | field_changes(base, theirs, kind)
    found = field_changes(base, result.data.decode(), kind)
    broken += sorted(name for name in {*wanted, *found} if wanted.get(name) != found.get(name))
    new = set(re.findall(r"# comment \d+", ours + theirs)) - set(re.findall(r"# comment \d+", base))
    broken += [f"lost {comment}" for comment in new if comment not in result.data.decode()]
    return took, broken


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("records", nargs="?", type=Path, default=ROOT / "records")
    parser.add_argument("--merges", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(argv)
    for overlaps in (0, OVERLAPS):
        with_git(given.records, overlaps, random.Random(given.seed))
    paths = [*(given.records / "trials").glob("*.toml"), *(given.records / "products").glob("*.toml")]
    paths.sort()
    times: list[float] = []
    failures = 0
    for number in range(given.merges):
        chance = random.Random(f"{given.seed} {number}")
        path = chance.choice(paths)
        took, broken = law(path.read_text("utf-8"), kind_of(path), chance)
        times.append(took)
        failures += bool(broken)
        if broken:
            print(f"  merge {number} of {path.name}: {'; '.join(broken)}")
    if times:
        median, worst = statistics.median(times) * 1e3, max(times) * 1e3
        print(f"{len(times)} random merges, {failures} against a law; {median:.0f} ms, worst {worst:.0f} ms")
    return 1 if failures else 0


if __name__ == "__main__":
    raise SystemExit(main())
