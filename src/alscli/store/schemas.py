"""The JSON Schemas of a collection, generated, so that editors complete and check while typing."""

from __future__ import annotations

import json
from pathlib import Path

from alscli.model.format import MODELS, FileKind, json_schema
from alscli.model.vocabulary import Vocabularies
from alscli.store.collection import Collection, read_bytes, shown
from alscli.store.write import replace


def schema_text(kind: FileKind, vocabularies: Vocabularies) -> str:
    """The schema of a kind of file, as it stands in its file."""
    return json.dumps(json_schema(kind, vocabularies), ensure_ascii=False, indent=2) + "\n"


def schema_path(root: Path, kind: FileKind) -> Path:
    """Where the schema of a kind of file lies."""
    return root / f"{kind}.schema.json"


def _is_schema(name: str) -> bool:
    return name in {schema_path(Path(), kind).name for kind in MODELS}


def write_schemas(collection: Collection) -> list[str]:
    """Bring the three schema files up to date; return the paths of those that changed."""
    written: list[str] = []
    for kind in MODELS:
        path = schema_path(collection.root, kind)
        data = schema_text(kind, collection.vocabularies).encode()
        before = read_bytes(path) if path.exists() else None
        if before != data:
            replace(path, data, expected=before, root=collection.root, allowed=_is_schema)
            written.append(shown(path))
    return written
