"""The manifest of an export: from what it was made, by what, and the checksums of its files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from alscli import __version__
from alscli.errors import AlscliError
from alscli.store.git import repository
from alscli.store.shapes import schema_version

SCHEMA = "alscli/manifest/1"


def describe(
    root: Path,
    files: Sequence[Path],
    *,
    format: str,  # noqa: A002
    options: Mapping[str, Any],
    counts: Mapping[str, int],
    unreadable: Sequence[Path],
    title: str | None,
    licence: str | None,
) -> str:
    """The manifest of files that were made from the collection at `root`; no time of day stands in it."""
    commit, dirty = state(root)
    manifest = {
        "schema": SCHEMA,
        "program": {"name": "alscli", "version": __version__},
        "record_schema": schema_version(),
        "collection": {"title": title, "licence": licence, "commit": commit, "dirty": dirty},
        "unreadable": [path.relative_to(root).as_posix() for path in unreadable],
        "format": format,
        "options": dict(options),
        "counts": dict(counts),
        "files": [{"path": path.name, **checksum(path)} for path in files],
    }
    return json.dumps(manifest, ensure_ascii=False, indent=1) + "\n"


def checksum(path: Path) -> dict[str, Any]:
    """Size and SHA-256 of a file, as a Data Package names them."""
    with path.open("rb") as stream:
        return {
            "bytes": path.stat().st_size,
            "hash": f"sha256:{hashlib.file_digest(stream, 'sha256').hexdigest()}",
        }


def state(root: Path) -> tuple[str | None, bool | None]:
    """The commit that is checked out, and whether the files differ from it; None where git knows none."""
    try:
        work_tree = repository(root)
        commit = work_tree.commit("HEAD")
        changes = work_tree.run("status", "--porcelain", "-z", "--", work_tree.inside(root) or ".")
    except AlscliError:
        return None, None
    return commit, bool(changes.strip(b"\0"))
