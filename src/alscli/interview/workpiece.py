"""A record in a person's editor: a copy beside the drafts, so that the collection never holds half of it.

Beside the copy lies what the file held when the copy was made, and the schema that its first line names.
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from alscli.errors import CollectionError
from alscli.interview.draft import folder
from alscli.model.format import FileKind
from alscli.store.write import content


@dataclass(frozen=True, slots=True)
class Workpiece:
    """The copy of one file of a collection."""

    path: Path

    @property
    def base(self) -> bytes | None:
        """What the file held when the copy was made; None where that is not known."""
        return content(self._base)

    @property
    def content(self) -> bytes | None:
        """What the copy holds; None where there is none."""
        return content(self.path)

    @property
    def is_begun(self) -> bool:
        """Whether a copy is here that somebody has changed."""
        content = self.content
        return content is not None and content != self.base

    def begin(self, data: bytes, schema: Path) -> None:
        """Make the copy anew from what the file holds."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._base.write_bytes(data)
            self.path.write_bytes(data)
            with suppress(OSError):  # a collection without schemas
                shutil.copyfile(schema, _schema_place(self.path, schema))
        except OSError as error:
            with suppress(OSError):
                self.discard()  # half a copy would pass for one that somebody has changed
            raise CollectionError(
                f"cannot write {self.path}: {error.strerror or error}",
                "make room, or set XDG_STATE_HOME to a folder that you may write to",
            ) from error

    def discard(self) -> None:
        """Forget the copy."""
        self.path.unlink(missing_ok=True)
        self._base.unlink(missing_ok=True)

    @property
    def _base(self) -> Path:
        return self.path.with_suffix(".before")


def workpiece(root: Path, kind: FileKind, file: Path) -> Workpiece:
    """The place of the copy of a file of the collection in `root`, laid out as the collection is."""
    place = folder(root) / "edited"
    return Workpiece(place / file.name if kind == "ledger" else place / file.parent.name / file.name)


def _schema_place(copy: Path, schema: Path) -> Path:
    """Where the `#:schema` line of a copy leads."""
    return (copy.parent if schema.stem.startswith("ledger") else copy.parent.parent) / schema.name
