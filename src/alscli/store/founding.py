"""Starting a collection."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

from alscli.errors import CollectionError, RefusedError
from alscli.model.format import MODELS, marker_shape, schema_comment, shape_of
from alscli.model.vocabulary import shipped
from alscli.store.canonical import dump
from alscli.store.collection import FOLDERS, LEDGER, MARKER, shown
from alscli.store.schemas import schema_path, schema_text

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
      - run: |
          {command} validate --as-of "$(git log -1 --format=%cs)"
          {command} fmt --check
"""


def found(folder: Path, title: str, scope: list[str], *, dry_run: bool = False) -> list[str]:
    """Write what a collection needs into `folder`; return the paths. What exists is never touched.

    Raises RefusedError where `folder` is a collection already, or the title is blank.
    """
    if (folder / MARKER).exists():
        raise RefusedError(f"{shown(folder)} is a collection already", "`alscli add` adds a trial to it")
    if not title.strip():
        raise RefusedError("the title is blank", "give one with --title TEXT")
    files = {path: text for path, text in _files(folder, title, scope).items() if not path.exists()}
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
    return files | _recipes(folder)


def _recipes(folder: Path) -> dict[Path, str]:
    """What runs the checks before a commit and on a pull request, for a repository beside the folder."""
    name = folder.name or "."
    command = f"alscli --records {shlex.quote(name)}"
    hook = {
        "validate": f"{command} validate",
        "fmt": f"{command} fmt --check",
        "files": rf"^{re.escape(name)}/.*\.toml$" if folder.name else r"\.toml$",
    }
    # A string of JSON is one of YAML.
    quoted = {key: json.dumps(text, ensure_ascii=False) for key, text in hook.items()}
    return {
        folder.parent / ".pre-commit-config.yaml": _PRE_COMMIT.format(**quoted),
        folder.parent / ".github" / "workflows" / "records.yml": _WORKFLOW.format(command=command),
    }


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
    except OSError as error:
        raise CollectionError(f"cannot write {shown(path)}: {error.strerror or error}") from error
