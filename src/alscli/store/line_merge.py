"""git's own merge, line by line, for what cannot be merged by field."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from alscli.errors import CollectionError


def merge_lines(
    base: bytes, ours: bytes, theirs: bytes, labels: tuple[str, str, str] = ("base", "ours", "theirs")
) -> bytes:
    """What `git merge-file` makes of three versions, with conflict markers where it must.

    `labels` name the three at the markers. Raises CollectionError where git cannot merge them (binary).
    """
    with tempfile.TemporaryDirectory(prefix="alscli-") as folder:
        names = ("ours", "base", "theirs")
        for name, data in zip(names, (ours, base, theirs), strict=True):
            Path(folder, name).write_bytes(data)
        marks = [part for at in (1, 0, 2) for part in ("-L", labels[at] or ("base", "ours", "theirs")[at])]
        try:
            done = subprocess.run(  # noqa: S603 - arguments are a list
                ["git", "merge-file", "-p", *marks, *names],  # noqa: S607 - the git of the PATH
                cwd=folder,
                capture_output=True,
                check=False,
            )
        except FileNotFoundError:
            raise CollectionError("git is not installed", "install git") from None
    if not 0 <= done.returncode <= 127:
        words = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise CollectionError(f"git merge-file: {words[0] if words else 'failed'}")
    return done.stdout
