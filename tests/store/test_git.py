"""git's objects, read without touching anything."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from alscli.errors import CollectionError, UsageError
from alscli.store.git import Repository, blob_name, repository

Git = Callable[..., str]


@pytest.fixture
def work(tmp_path: Path, git: Git) -> Path:
    """A repository with one commit of `records/trials/a.toml`."""
    folder = tmp_path / "work"
    (folder / "records" / "trials").mkdir(parents=True)
    (folder / "records" / "trials" / "a.toml").write_bytes(b"id = 1\n")
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "first")
    return folder


def contents(repo: Repository, revision: str, folder: Path) -> dict[str, bytes]:
    blobs = repo.blobs(revision, folder)
    held = dict(repo.contents(blobs.values()))
    return {path: held[name] for path, name in blobs.items()}


def metadata(folder: Path) -> dict[str, tuple[int, str]]:
    """Every file of `.git`: when it was written, and what it holds."""
    return {
        str(path): (path.stat().st_mtime_ns, hashlib.sha256(path.read_bytes()).hexdigest())
        for path in (folder / ".git").rglob("*")
        if path.is_file()
    }


def test_the_work_tree_and_its_commit(work: Path, git: Git) -> None:
    repo = repository(work / "records")
    assert repo.top == work
    assert repo.head() == git(work, "rev-parse", "HEAD").strip() == repo.commit("main")


@pytest.mark.parametrize(
    "name", ["", "nothing", "--help", "-h", "HEAD:records", "HEAD~5", "a..b", "\n", "@{u}"]
)
def test_a_name_that_is_no_commit(name: str, work: Path) -> None:
    assert repository(work).commit(name) is None


def test_before_the_first_commit(tmp_path: Path, git: Git) -> None:
    git(tmp_path, "init", "-q")
    repo = repository(tmp_path)
    assert repo.commit("HEAD") is None
    assert repo.blobs(repo.head(), tmp_path) == {}


def test_in_a_repository_of_sha_256(tmp_path: Path, git: Git) -> None:
    git(tmp_path, "init", "-q", "--object-format=sha256")
    repo = repository(tmp_path)
    assert repo.blobs(repo.head(), tmp_path) == {}
    (tmp_path / "a.toml").write_bytes(b"a = 1\n")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "first")
    assert contents(repo, repo.head(), tmp_path) == {"a.toml": b"a = 1\n"}


def test_no_repository(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="in no git repository"):
        repository(tmp_path)


def test_git_s_own_words(tmp_path: Path, git: Git) -> None:
    git(tmp_path, "init", "-q", "--bare")
    with pytest.raises(CollectionError, match="work tree"):
        repository(tmp_path)
    with pytest.raises(CollectionError, match="git: fatal"):
        Repository(tmp_path).run("ls-tree", "nothing")


def test_no_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CollectionError, match="git is not installed"):
        repository(tmp_path)


def test_blobs_of_a_folder_and_of_the_top(work: Path) -> None:
    repo = repository(work)
    assert contents(repo, "HEAD", work / "records") == {"trials/a.toml": b"id = 1\n"}
    assert contents(repo, "HEAD", work) == {"records/trials/a.toml": b"id = 1\n"}
    assert repo.blobs("HEAD", work / "records" / "products") == {}
    assert dict(repo.contents([])) == {}


def test_names_with_blanks_and_chinese_and_patterns(work: Path, git: Git) -> None:
    folder = work / "记录 of [ALS]*"
    (folder / "trials").mkdir(parents=True)
    names = ["渐冻症 一.toml", "a\tb.toml", 'quote".toml', "*.toml", "plain.toml"]
    for name in names:
        (folder / "trials" / name).write_text(name, "utf-8")
    git(work, "add", "-A")
    git(work, "commit", "-qm", "names")
    found = contents(repository(folder), "HEAD", folder)
    assert found == {f"trials/{name}": name.encode() for name in names}


def test_the_contents_of_a_blob_are_exact(work: Path, git: Git) -> None:
    data = bytes(range(256)) * 100 + b"\n\n"
    (work / "records" / "raw").write_bytes(data)
    (work / "records" / "empty").write_bytes(b"")
    git(work, "add", "-A")
    git(work, "commit", "-qm", "bytes")
    found = contents(repository(work), "HEAD", work / "records")
    assert (found["raw"], found["empty"]) == (data, b"")
    assert repository(work).blobs("HEAD", work / "records")["raw"] == blob_name(data)


def test_links_and_submodules_are_no_files(work: Path, tmp_path: Path, git: Git) -> None:
    (work / "records" / "link.toml").symlink_to("trials/a.toml")
    git(work, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(work), "records/inner")
    git(work, "add", "-A")
    git(work, "commit", "-qm", "links")
    assert set(repository(work).blobs("HEAD", work / "records")) == {"trials/a.toml"}
    inner = work / "records" / "inner" / "records"
    repo = repository(inner)
    assert repo.top == work / "records" / "inner"
    assert set(repo.blobs("HEAD", inner)) == {"trials/a.toml"}


def test_a_lost_object(work: Path) -> None:
    repo = repository(work)
    (name,) = repo.blobs("HEAD", work).values()
    (work / ".git" / "objects" / name[:2] / name[2:]).unlink()
    with pytest.raises(CollectionError, match="is missing"):
        list(repo.contents([name]))


def test_from_a_hook_of_another_work_tree(work: Path, git: Git, monkeypatch: pytest.MonkeyPatch) -> None:
    # git names its own folder and index to a hook; asked for a folder, we mean that folder.
    other = work.parent / "other"
    git(work, "worktree", "add", "-q", str(other))
    monkeypatch.setenv("GIT_DIR", str(work / ".git" / "worktrees" / "other"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(work / ".git" / "worktrees" / "other" / "index"))
    repo = repository(other / "records")
    assert repo.top == other
    assert set(repo.blobs("HEAD", other / "records")) == {"trials/a.toml"}


def test_nothing_is_written(
    work: Path, git: Git, alscli: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    (work / "records" / "alscli.toml").write_text("schema = 1\n")
    path = work / "records" / "trials" / "a.toml"
    before = metadata(work)
    # The index is stale now; `git status` would refresh it.
    os.utime(path, (1, 1))
    assert alscli(work, "diff").returncode == 0
    assert alscli(work, "diff", "HEAD").returncode == 0
    assert metadata(work) == before
    path.write_text("id = 2\n")
    assert "id" in alscli(work, "diff", "HEAD").stdout
    assert metadata(work) == before
