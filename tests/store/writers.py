"""What other processes do in the tests of writing: a new process imports it by this name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alscli.errors import AlscliError
from alscli.store.write import locked, replace


def add(root: Path, data: bytes, outcome: Any) -> None:
    """Write a file that must not be there; tell what came of it."""
    try:
        replace(root / "trials" / "a.toml", data, expected=None, root=root)
    except AlscliError as error:
        outcome.put(type(error).__name__)
    else:
        outcome.put(data)


def count(root: Path) -> None:
    """Add 25 to the number in a file, one at a time."""
    path = root / "trials" / "a.toml"
    for _ in range(25):
        with locked(root):
            before = path.read_bytes()
            replace(path, b"%d" % (int(before) + 1), expected=before, root=root)
