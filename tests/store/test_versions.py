"""Records at two points: the working tree against a commit, two commits, folders, files."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from alscli.store.collection import Collection
from alscli.store.compare import RecordChange, record_changes
from alscli.store.git import INDEX, repository
from alscli.store.versions import (
    between,
    everything,
    file_version,
    folder_versions,
    kind_of,
    snapshot_of,
)

Git = Callable[..., str]
Program = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def records(collection_folder: Path, git: Git) -> Path:
    git(collection_folder.parent, "init", "-q")
    commit(collection_folder, git)
    return collection_folder


def commit(root: Path, git: Git) -> None:
    git(root.parent, "add", "-A")
    git(root.parent, "commit", "-q", "--allow-empty", "-m", "state")


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def since(root: Path, old: str = "HEAD", new: str | None = None) -> list[RecordChange]:
    return record_changes(*between(repository(root), root, old, new))


def said(found: list[RecordChange]) -> list[tuple[str, str, list[str]]]:
    return [(each.id, each.change, [change.field for change in each.fields]) for each in found]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("trials/a.toml", "trial"),
        ("products/a.toml", "product"),
        ("ledger.toml", "ledger"),
        ("alscli.toml", None),
        ("trials/.a.toml", None),
        ("trials/a.toml~", None),
        ("trials/deep/a.toml", None),
        ("vocab/status.toml", None),
        ("", None),
    ],
)
def test_the_kind_follows_from_the_place(path: str, kind: str | None) -> None:
    assert kind_of(path) == kind


def test_nothing_changed(records: Path) -> None:
    assert since(records) == []
    assert between(repository(records), records, "HEAD", None) == ({}, {})


def test_the_working_tree_against_a_commit(records: Path, git: Git) -> None:
    edit(records / "trials" / "valor.toml", "sites = 32", "sites = 33")
    shutil.copy(records / "products" / "nurown.toml", records / "products" / "copy.toml")
    (records / "trials" / "nurown-phase2.toml").unlink()
    (records / "trials" / ".hidden.toml").write_text("[")
    edit(records / "ledger.toml", "schema = 1", "schema = 1 # as before")
    assert [each[:2] for each in said(since(records))] == [
        ("copy", "added"),
        ("nurown-phase2", "removed"),
        ("valor", "changed"),
    ]
    # What is in the index or not makes no difference.
    git(records.parent, "add", "-A")
    assert len(since(records)) == 3
    commit(records, git)
    assert since(records) == []
    assert said(since(records, "HEAD~1", "HEAD"))[-1] == ("valor", "changed", ["sites"])
    assert said(since(records, "HEAD", "HEAD~1"))[0][:2] == ("copy", "removed")


def test_line_ends_and_layout_are_no_change(records: Path) -> None:
    path = records / "trials" / "valor.toml"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert since(records) == []


def test_a_rename_that_git_does_not_know_of(records: Path) -> None:
    path = records / "trials" / "valor.toml"
    edit(path, 'id = "valor"', 'id = "valor-phase3"')
    path.rename(path.with_name("valor-phase3.toml"))
    (found,) = since(records)
    assert (found.id, found.change, found.was) == ("valor-phase3", "renamed", "valor")
    assert [change.field for change in found.fields] == ["id"]


def test_what_cannot_be_read_on_one_side(records: Path) -> None:
    (records / "trials" / "valor.toml").write_text("[")
    (records / "trials" / "folder.toml").mkdir()
    found = since(records)
    assert [(each.id, each.change) for each in found] == [("folder", "unreadable"), ("valor", "unreadable")]
    assert found[0].note == "new: cannot be read: not a regular file"
    assert found[1].note.startswith("new: 1:")


def test_before_the_first_commit(collection_folder: Path, git: Git) -> None:
    git(collection_folder.parent, "init", "-q")
    repo = repository(collection_folder)
    found = record_changes(*between(repo, collection_folder, repo.head(), None))
    assert {each.change for each in found} == {"added"}
    assert len(found) == 11


def test_a_collection_at_the_top_of_its_repository(collection_folder: Path, git: Git) -> None:
    git(collection_folder, "init", "-q")
    git(collection_folder, "add", "-A")
    git(collection_folder, "commit", "-qm", "records")
    assert since(collection_folder) == []
    edit(collection_folder / "trials" / "valor.toml", "sites = 32", "sites = 33")
    assert said(since(collection_folder)) == [("valor", "changed", ["sites"])]


def test_a_collection_in_a_submodule(records: Path, tmp_path: Path, git: Git, alscli: Program) -> None:
    outer = tmp_path / "outer"
    outer.mkdir()
    git(outer, "init", "-q")
    git(outer, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(records.parent), "data")
    git(outer, "commit", "-qm", "data")
    inner = outer / "data" / "records"
    assert since(inner) == []
    edit(inner / "trials" / "valor.toml", "sites = 32", "sites = 33")
    assert said(since(inner)) == [("valor", "changed", ["sites"])]
    assert "valor" in alscli(outer / "data", "diff").stdout


def test_a_name_in_chinese_with_a_blank(collection_folder: Path, git: Git, alscli: Program) -> None:
    root = collection_folder.parent / "记 录"
    collection_folder.rename(root)
    git(root.parent, "init", "-q")
    commit(root, git)
    edit(root / "trials" / "valor.toml", "sites = 32", "sites = 33")
    assert said(since(root)) == [("valor", "changed", ["sites"])]
    assert "sites  32 → 33" in alscli(root.parent, "--records", "记 录", "diff").stdout


def test_folders_and_files(collection_folder: Path, tmp_path: Path) -> None:
    versions = folder_versions(collection_folder)
    assert len(versions) == 11
    assert versions["valor"].kind == "trial"
    assert record_changes(versions, folder_versions(collection_folder)) == []
    assert (
        file_version(tmp_path / "nothing.toml", "trial").fault == "cannot be read: No such file or directory"
    )
    path = tmp_path / "bad.toml"
    path.write_bytes(b"\xff")
    assert "TX002" in file_version(path, "trial").fault


def test_the_index_against_a_commit(records: Path, git: Git) -> None:
    path = records / "trials" / "valor.toml"
    edit(path, "sites = 32", "sites = 33")
    assert since(records, "HEAD", INDEX) == []
    git(records.parent, "add", "-A")
    edit(path, "sites = 33", "sites = 34")
    assert said(since(records, "HEAD", INDEX)) == [("valor", "changed", ["sites"])]
    (found,) = since(records, "HEAD", INDEX)
    assert found.fields[0].new == 33


def test_a_record_that_is_a_link(records: Path, git: Git) -> None:
    path = records / "trials" / "link.toml"
    path.symlink_to("valor.toml")
    commit(records, git)
    assert since(records) == []  # what it leads to is no matter of this record
    (found,) = since(records, "HEAD~1", "HEAD")
    assert (found.id, found.change, found.note) == ("link", "unreadable", "new: a symbolic link")
    path.unlink()
    shutil.copy(records / "trials" / "valor.toml", path)
    (found,) = since(records)
    assert found.note == "old: a symbolic link"


def test_a_record_that_is_a_submodule(records: Path, git: Git) -> None:
    git(
        records.parent,
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "add",
        "-q",
        str(records.parent),
        "sub",
    )
    git(records.parent, "mv", "sub", "records/trials/sub.toml")
    git(records.parent, "commit", "-qm", "sub")
    (found,) = since(records, "HEAD~1", "HEAD")
    assert (found.id, found.note) == ("sub", "new: a submodule")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\x00\xff" * 100, "TX002"),
        (b"title = 'x'\n" * (1 << 18), "TX003 larger than 1 MiB"),
        (b"[" * 1000, "TX00"),
    ],
    ids=["binary", "vast", "deep"],
)
def test_what_is_no_record_at_the_path_of_one(records: Path, git: Git, data: bytes, why: str) -> None:
    path = records / "trials" / "valor.toml"
    path.write_bytes(data)
    commit(records, git)
    edit(records / "trials" / "nurown-phase3.toml", "sites = 6", "sites = 7")
    commit(records, git)
    other, broken = since(records, "HEAD~2", "HEAD")
    assert (broken.id, broken.change) == ("valor", "unreadable")
    assert why in broken.note
    assert [change.field for change in other.fields] == ["sites"]


def test_a_product_and_a_trial_of_one_name_are_told_apart(records: Path) -> None:
    shutil.copy(records / "products" / "nurown.toml", records / "products" / "valor.toml")
    edit(records / "trials" / "valor.toml", "sites = 32", "sites = 33")
    assert [each[:2] for each in said(since(records))] == [("valor", "changed"), ("valor (product)", "added")]


def test_everything_of_some_kinds(records: Path) -> None:
    repo = repository(records)
    edit(records / "products" / "nurown.toml", 'name = "NurOwn"', 'name = "Other"')
    names = {"nurown", "np001-treg", "nsi-566", "tofersen", "ledger"}
    for point, name in (("HEAD", "NurOwn"), (INDEX, "NurOwn"), (None, "Other")):
        found = everything(repo, records, point, "product", "ledger")
        assert set(found) == names
        assert (found["nurown"].values or {})["name"] == name


def test_the_models_of_versions(records: Path) -> None:
    versions = folder_versions(records)
    edit(records / "trials" / "valor.toml", 'phase = "3"', 'phase = "33"')
    (records / "trials" / "nurown-phase3.toml").write_text("[")
    now = folder_versions(records)
    assert (
        len(snapshot_of(versions, Collection(records)).trials)
        == len(snapshot_of(now, Collection(records)).trials) + 2
    )
    assert snapshot_of(now, Collection(records)).ledger is not None
