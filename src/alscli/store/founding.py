"""Starting a collection."""

from __future__ import annotations

from pathlib import Path

from alscli.errors import CollectionError, RefusedError
from alscli.model.format import MODELS, marker_shape, shape_of
from alscli.model.vocabulary import shipped
from alscli.store.collection import FOLDERS, LEDGER, MARKER, shown
from alscli.store.layout import dump
from alscli.store.schemas import schema_comment, schema_path, schema_text

_PRE_COMMIT = """\
repos:
  - repo: local
    hooks:
      - id: alscli-validate
        name: alscli validate
        entry: {validate}
        language: system
        files: {files}
        pass_filenames: false
      - id: alscli-fmt
        name: alscli fmt
        entry: {fmt}
        language: system
        files: {files}
        pass_filenames: false
"""
_WORKFLOW = """\
name: records
on:
  pull_request:
  push:
    branches: [main]
permissions:
  contents: read
jobs:
  validate:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
        with:
          persist-credentials: false
      - uses: actions/setup-python@v5
        with:
          python-version: "3.12"
      - run: python -m pip install alscli
      - run: {validate} --as-of "$(git log -1 --format=%cs)"
      - run: {fmt}
"""


def found(folder: Path, title: str, scope: list[str], *, dry_run: bool = False) -> list[str]:
    """Write what a collection needs into `folder`; return the paths. What exists is never touched.

    Raises RefusedError where `folder` is a collection already.
    """
    if (folder / MARKER).exists():
        raise RefusedError(f"{shown(folder)} is a collection already", "`alscli add` adds a trial to it")
    files = _files(folder, title, scope)
    if not dry_run:
        for path, text in files.items():
            _write(path, text)
    return [shown(path) for path in files]


def _files(folder: Path, title: str, scope: list[str]) -> dict[Path, str]:
    marker = {"schema": 1, "title": title, "scope": scope}
    files = {
        folder / MARKER: dump(marker, marker_shape()),
        folder / LEDGER: dump({"schema": 1}, shape_of(MODELS["ledger"]), schema_comment("ledger")),
    }
    files |= {schema_path(folder, kind): schema_text(kind, shipped()) for kind in MODELS}
    files |= {folder / place / ".gitkeep": "" for place in FOLDERS.values()}
    files[folder / ".gitignore"] = ".*.tmp\n"
    recipes = {
        folder.parent / ".pre-commit-config.yaml": _PRE_COMMIT,
        folder.parent / ".github" / "workflows" / "records.yml": _WORKFLOW,
    }
    name = folder.name
    return files | {path: text.format(folder=name) for path, text in recipes.items() if not path.exists()}


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
    except FileExistsError:
        return
    except OSError as error:
        raise CollectionError(f"cannot write {shown(path)}: {error.strerror or error}") from error
