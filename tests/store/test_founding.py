"""Starting a collection: everything it needs, nothing overwritten, recipes that work."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from alscli.errors import CollectionError, RefusedError
from alscli.model.ledger import Marker
from alscli.store.collection import Collection, find
from alscli.store.founding import found
from alscli.store.schemas import write_schemas
from alscli.store.tidying import laid_out, tidy
from alscli.store.toml import parse

FILES = {
    "alscli.toml",
    "ledger.toml",
    "trial.schema.json",
    "product.schema.json",
    "ledger.schema.json",
    "trials/.gitkeep",
    "products/.gitkeep",
    ".gitignore",
}


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(autouse=True)
def _inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_what_is_founded_is_a_collection(tmp_path: Path) -> None:
    written = found(Path("records"), "Trials in ALS", ["ALS", "PLS"])
    assert files(tmp_path) == {f"records/{name}" for name in FILES} | {
        ".pre-commit-config.yaml",
        ".github/workflows/records.yml",
    }
    assert set(written) == files(tmp_path)
    collection = find(None, tmp_path)
    marker = Marker.model_validate(parse((tmp_path / "records" / "alscli.toml").read_bytes()).values)
    assert (marker.title, marker.scope) == ("Trials in ALS", ["ALS", "PLS"])
    (ledger,) = collection.load().records
    assert ledger.readable
    assert laid_out(ledger) == ledger.document.text  # type: ignore[union-attr]
    assert write_schemas(collection) == []


def test_a_dry_run_writes_nothing_and_says_the_same(tmp_path: Path) -> None:
    said = found(Path("records"), "T", [], dry_run=True)
    assert files(tmp_path) == set()
    assert found(Path("records"), "T", []) == said


def test_what_exists_is_not_touched_and_not_said_to_be_written(tmp_path: Path) -> None:
    (tmp_path / "records" / "trials").mkdir(parents=True)
    (tmp_path / ".pre-commit-config.yaml").write_text("mine")
    (tmp_path / "records" / "ledger.toml").write_text("mine")
    written = found(Path("records"), "T", [])
    assert not {".pre-commit-config.yaml", "records/ledger.toml"} & set(written)
    assert (tmp_path / ".pre-commit-config.yaml").read_text() == "mine"
    assert (tmp_path / "records" / "ledger.toml").read_text() == "mine"


def test_a_collection_is_not_founded_twice() -> None:
    found(Path("records"), "T", [])
    with pytest.raises(RefusedError, match="is a collection already"):
        found(Path("records"), "T", [])


def test_a_blank_title(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="title is blank"):
        found(Path("records"), " ", [])
    assert files(tmp_path) == set()


def test_a_place_that_cannot_be_a_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CollectionError, match="cannot write"):
        found(Path("file"), "T", [])
    with pytest.raises(CollectionError, match="cannot write"):
        found(Path("file") / "records", "T", [])


@pytest.mark.parametrize("title", ['a "quoted" title', "渐冻症\n试验", "back\\slash", "\x1b[31m", "{folder}"])
def test_any_title(title: str, tmp_path: Path) -> None:
    found(Path("records"), title, [title])
    values = parse((tmp_path / "records" / "alscli.toml").read_bytes()).values
    assert (values["title"], values["scope"]) == (title, [title])


def recipes(tmp_path: Path, name: str) -> tuple[str, str]:
    found(Path(name), "T", [])
    hooks = (tmp_path / ".pre-commit-config.yaml").read_text("utf-8")
    return hooks, (tmp_path / ".github" / "workflows" / "records.yml").read_text("utf-8")


@pytest.mark.parametrize(
    ("name", "path", "other"),
    [
        ("records", "records/trials/valor.toml", "other/records/trials/valor.toml"),
        ("my records", "my records/trials/valor.toml", "my  records/valor.toml"),
        ("记录", "记录/ledger.toml", "记录.toml"),
        ("a.b", "a.b/ledger.toml", "axb/ledger.toml"),
        (".", "trials/valor.toml", "trials/valor.tomlx"),
    ],
)
def test_the_hook_runs_for_the_records_and_for_nothing_else(
    name: str, path: str, other: str, tmp_path: Path
) -> None:
    hooks, workflow = recipes(tmp_path, name)
    for pattern in re.findall(r"files: (.*)", hooks):
        assert re.search(json.loads(pattern), path)
        assert not re.search(json.loads(pattern), other)
        assert not re.search(json.loads(pattern), path + ".orig")
    entries = [shlex.split(json.loads(entry)) for entry in re.findall(r"entry: (.*)", hooks)]
    assert entries == [
        ["alscli", "--records", name, "validate"],
        ["alscli", "--records", name, "fmt", "--check"],
    ]
    commands = [shlex.split(line) for line in workflow.splitlines() if line.strip().startswith("alscli")]
    assert [command[:3] for command in commands] == [["alscli", "--records", name]] * 2


# -- schemas and layout --------------------------------------------------------------------------------


def test_stale_schemas_are_written_anew(collection_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(collection_folder.parent)
    path = collection_folder / "trial.schema.json"
    fresh = path.read_bytes()
    path.write_text("{}")
    (collection_folder / "ledger.schema.json").unlink()
    assert set(write_schemas(Collection(collection_folder))) == {
        "records/trial.schema.json",
        "records/ledger.schema.json",
    }
    assert path.read_bytes() == fresh


def test_a_schema_with_the_collection_s_own_terms(collection_folder: Path) -> None:
    (collection_folder / "vocab").mkdir()
    (collection_folder / "vocab" / "design.toml").write_text(
        'field = "design"\n[[terms]]\ncode = "platform"\nen = "platform trial"\n'
    )
    assert write_schemas(Collection(collection_folder))
    schema = json.loads((collection_folder / "trial.schema.json").read_text("utf-8"))
    assert "platform" in schema["$defs"]["term-design"]["enum"]


def test_canonical_layout_is_written_once(collection_folder: Path) -> None:
    collection = Collection(collection_folder)
    entry = next(entry for entry in collection.entries() if entry.id == "valor")
    fresh = entry.path.read_bytes()
    entry.path.write_bytes(fresh.replace(b"sites = 32", b"sites   =   32"))
    assert tidy(collection, entry)
    assert entry.path.read_bytes() == fresh
    assert not tidy(collection, entry)
    entry.path.write_bytes(b"[")
    with pytest.raises(RefusedError, match="is no TOML"):
        tidy(collection, entry)
    assert entry.path.read_bytes() == b"["
