"""Removal: records that were there at another revision and are gone without a trace."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from pathlib import Path

from alscli.check.finding import Finding, Severity
from alscli.check.rule import state
from alscli.store.collection import MARKER

state(
    "XR004",
    "error",
    """A record of the base revision is gone, and the ledger does not say why.

    Checked with `--changed-since`. What was once included and then dropped belongs in the ledger, with the
    reason; a renamed record keeps its old id in `former_ids`. More than one record, and more than a tenth
    of them, gone at once is reported whatever the ledger says.

    Example: `trials/xs228-iit.toml` deleted by a script that meant to sort the folder
    Remedy: restore the file, or use `alscli exclude` or `alscli rename`, which keep the trace.
    """,
)


def removed(
    base: Mapping[str, Path], here: Container[str], explained: Container[str] | None, root: Path
) -> Iterator[Finding]:
    """What XR004 says of the records of `base`: their ids, and the files they had.

    `here` are the ids that there are now, former ones too; `explained` those in the ledger, None where it
    cannot be read. A finding stands at the file that is gone, in line 1, or at the collection's marker.
    """
    gone = {name: path for name, path in base.items() if name not in here}
    for name, path in gone.items():
        if explained is not None and name not in explained:
            yield _finding(path, path.stem, f"{name} is gone, and the ledger has no entry for it")
    if len(gone) > max(1, len(base) / 10):
        yield _finding(root / MARKER, None, f"{len(gone)} of {len(base)} records are gone")


def _finding(path: Path, record: str | None, message: str) -> Finding:
    return Finding(
        code="XR004",
        severity=Severity.ERROR,
        path=path,
        record=record,
        field=None,
        message=message,
        line=1,
        column=1,
        end_line=1,
        end_column=1,
        help="restore it, or say in the ledger why",
    )
