"""Random and mutated inputs through the program: no traceback, no hang over a second, nothing written.

5,000 here; `benchmarks/soak.py` sends as many as you like.
"""

from __future__ import annotations

import hashlib
import random
import shutil
from pathlib import Path

import pytest
import soak

from alscli.check.engine import check
from alscli.cli import main
from alscli.store.collection import Entry, assemble

PARTS, SHARE = 20, 250


@pytest.mark.parametrize("part", range(PARTS))
def test_nothing_falls_over(part: int) -> None:
    # The second of the contract is measured by the soak: here coverage and other tests take their time.
    failures, counts, _ = soak.soak(part, SHARE, limit=30)
    assert [(failure.data, failure.what) for failure in failures] == []
    assert counts["inputs"] == SHARE
    assert counts["records"] > SHARE / 20, "too few inputs are records to try the rules"


@pytest.mark.parametrize("way", [way for way, _ in soak.WAYS])
def test_inputs_are_the_same_for_the_same_seed(way: object) -> None:
    first, second = random.Random(5), random.Random(5)
    assert [way(first) for _ in range(20)] == [way(second) for _ in range(20)]  # type: ignore[operator]


def test_the_short_way_finds_what_the_long_way_finds() -> None:
    """Most inputs are examined beside records whose examination is kept."""
    collection, beside = soak.surroundings()
    entry = Entry(soak.SMALL / "trials" / "soak.toml", "trial")
    only = {str(entry.path)}
    for _, (_, kind, data) in zip(range(40), soak.inputs(23), strict=False):
        if kind == "trial":
            record = collection.understand(entry, data)
            snapshot = assemble([*beside, record])
            long = check(collection, snapshot, as_of=soak.AS_OF, codes=soak.all_codes(), only=only)
            assert soak._beside_trials(record, snapshot) == long


def tree(root: Path) -> dict[str, tuple[int, str]]:
    """Every file with its time and content."""
    return {
        path.relative_to(root).as_posix(): (
            path.stat().st_mtime_ns,
            hashlib.sha256(path.read_bytes()).hexdigest(),
        )
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


COMMANDS = (
    ("validate",),
    ("validate", "--format", "sarif"),
    ("validate", "--fix", "--diff"),
    ("list",),
    ("list", "--format", "json"),
    ("export", "csv"),
    ("show", "soak"),
    ("diff",),
    ("fmt", "--check"),
)


def test_the_program_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Whole commands over inputs on disk end with a status of the contract and leave every file alone."""
    root = Path(shutil.copytree(soak.SMALL, tmp_path / "records"))
    monkeypatch.chdir(tmp_path)
    chance = random.Random(11)
    for _, (_, kind, data) in zip(range(40), soak.inputs(17), strict=False):
        folder = "products" if kind == "product" else "trials"
        (root / folder / "soak.toml").write_bytes(data)
        before = tree(root)
        command = chance.choice(COMMANDS)
        assert main(command) in (0, 1, 2, 3)
        assert "internal failure" not in capfd.readouterr().err
        assert tree(root) == before
        (root / folder / "soak.toml").unlink()
