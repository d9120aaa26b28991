"""The shapes of the three kinds of record, without the models where the user's cache has them.

Importing the models takes three times as long as reading the history of a record. What is kept is only read
off the models again where one of their files has changed; where it cannot be kept, it is read off each time.
"""

from __future__ import annotations

import json
import os
import zlib
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alscli import __version__
from alscli.model.shape import Shape

if TYPE_CHECKING:
    from alscli.model.format import FileKind

KINDS: tuple[FileKind, ...] = ("trial", "product", "ledger")


def shape(kind: FileKind) -> Shape:
    """The order of keys of a kind of record, and the layout of everything below."""
    return _known()[kind]


def schema_version() -> int:
    """The version of the format that this program writes."""
    return int(_kept()["schema"])


@cache
def _known() -> dict[str, Shape]:
    return {kind: _shape(held) for kind, held in _kept()["shapes"].items()}


@cache
def _kept() -> dict[str, Any]:
    context = _context()
    with suppress(OSError, ValueError, KeyError, TypeError, IndexError):
        path = _path()
        sum_, _, text = path.read_text("utf-8").partition("\n")
        if int(sum_) == zlib.crc32(text.encode()):
            found: dict[str, Any] = json.loads(text)
            if found["context"] == context:
                return found
    made = _read_off() | {"context": context}
    with suppress(OSError):
        _keep(_path(), json.dumps(made, separators=(",", ":")))
    return made


def _path() -> Path:
    from alscli.store.cache import folder

    return folder() / "shapes.json"


def _context() -> str:
    """All that shapes depend on: the program, and the files of the models as they are."""
    folder = Path(__file__).parent.parent / "model"
    with suppress(OSError), os.scandir(folder) as listing:
        files = sorted(
            (item.name, item.stat().st_size, item.stat().st_mtime_ns)
            for item in listing
            if item.name.endswith(".py")
        )
        return repr((__version__, str(folder), files))
    return ""


def _read_off() -> dict[str, Any]:
    from alscli.model.format import MODELS, shape_of
    from alscli.model.trial import SCHEMA_VERSION

    return {"schema": SCHEMA_VERSION, "shapes": {kind: _plain(shape_of(MODELS[kind])) for kind in KINDS}}


def _plain(shape: Shape) -> list[Any]:
    below = {key: _plain(each) for key, each in shape.keys.items()}
    return [shape.kind, below, list(shape.identity), list(shape.sort)]


def _shape(plain: list[Any]) -> Shape:
    kind, keys, identity, sort = plain
    return Shape(kind, {key: _shape(each) for key, each in keys.items()}, tuple(identity), tuple(sort))


def _keep(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        temporary.write_text(f"{zlib.crc32(text.encode())}\n{text}", "utf-8")
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
