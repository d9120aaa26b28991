"""git's objects, read without touching anything."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from alscli.errors import CollectionError, UsageError
from alscli.store.git import INDEX, Blob, Repository, Touched, blob_name, repository

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


# -- the index ---------------------------------------------------------------------------------------


def test_what_is_in_the_index(work: Path, git: Git) -> None:
    path = work / "records" / "trials" / "a.toml"
    path.write_text("id = 2\n")
    repo = repository(work)
    assert contents(repo, INDEX, work / "records") == {"trials/a.toml": b"id = 1\n"}
    git(work, "add", "-A")
    path.write_text("id = 3\n")
    assert contents(repo, INDEX, work / "records") == {"trials/a.toml": b"id = 2\n"}
    assert contents(repo, INDEX, work) == {"records/trials/a.toml": b"id = 2\n"}


def test_what_is_no_file_and_what_is_in_a_merge(work: Path, git: Git) -> None:
    folder = work / "records" / "trials"
    (folder / "link.toml").symlink_to("a.toml")
    git(work, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(work), "records/inner")
    git(work, "add", "-A")
    git(work, "commit", "-qm", "links")
    repo = repository(work)
    for point in ("HEAD", INDEX):
        faults = {path: blob.fault for path, blob in repo.files(point, work / "records").items()}
        assert faults == {"trials/a.toml": "", "trials/link.toml": "a symbolic link", "inner": "a submodule"}
    git(work, "checkout", "-qb", "side")
    (folder / "a.toml").write_text("id = 2\n")
    git(work, "commit", "-qam", "side")
    git(work, "checkout", "-q", "main")
    (folder / "a.toml").write_text("id = 3\n")
    git(work, "commit", "-qam", "main")
    with pytest.raises(subprocess.CalledProcessError):
        git(work, "merge", "-q", "side")
    assert repo.files(INDEX, work / "records")["trials/a.toml"].fault == "in an unresolved merge"


# -- the log -----------------------------------------------------------------------------------------


def test_the_log_of_a_file(work: Path, git: Git) -> None:
    path = work / "records" / "trials" / "a.toml"
    path.write_text("id = 2\n")
    (work / "other").write_text("x")
    git(work, "add", "-A")
    git(work, "commit", "-qm", "zweiter: 第二\n\nbody", "--author", "李 华 <li@example.org>")
    git(work, "rm", "-q", str(path))
    git(work, "commit", "-qm", "gone")
    repo = repository(work)
    gone, second, first = repo.log(["HEAD"], "records/trials/a.toml")
    one, two = (blob_name(f"id = {n}\n".encode()) for n in (1, 2))
    assert (second.subject, second.author, second.on[:19]) == (
        "zweiter: 第二",
        "李 华",
        "2026-11-22T12:00:00",
    )
    assert gone.parents == (second.name,)
    assert second.short == second.name[:10]
    name = "records/trials/a.toml"
    assert first.touched(name) == Touched(name, (None,), Blob(one))
    assert second.touched(name) == Touched(name, (Blob(one),), Blob(two))
    assert gone.touched(name) == Touched(name, (Blob(two),), None)
    assert gone.touched("elsewhere") is None
    assert [each.path for each in second.came()] == ["other"]  # the rest of the commit is there too
    assert [each.path for each in gone.went()] == [name]
    assert list(repo.log(["HEAD"], "nothing")) == []
    assert repo.was_there("HEAD", name)
    assert not repo.was_there("HEAD", "nothing")


def test_a_merge_is_there_for_what_it_made_itself(work: Path, git: Git) -> None:
    path = work / "records" / "trials" / "a.toml"
    git(work, "checkout", "-qb", "side")
    path.write_text("id = 2\n")
    git(work, "commit", "-qam", "side")
    git(work, "checkout", "-q", "main")
    path.write_text("id = 3\n")
    git(work, "commit", "-qam", "main")
    git(work, "merge", "-q", "-s", "ours", "--no-commit", "side")
    path.write_text("id = 4\n")
    git(work, "commit", "-qam", "merge")
    name = "records/trials/a.toml"
    merge, *others = repository(work).log(["HEAD"], name)
    made = [Blob(blob_name(f"id = {n}\n".encode())) for n in (3, 2, 4)]
    assert merge.touched(name) == Touched(name, (made[0], made[1]), made[2])
    assert [commit.subject for commit in others] == ["main", "side", "first"]


@pytest.mark.parametrize(
    "setting",
    [
        "log.follow=true",
        "log.showRoot=false",
        "log.showSignature=true",
        "color.ui=always",
        "diff.renames=copies",
        "log.date=relative",
        "diff.noprefix=true",
        "log.diffMerges=first-parent",
        "core.abbrev=4",
        "core.quotePath=true",
        "i18n.logOutputEncoding=latin-1",
    ],
)
def test_the_log_whatever_a_person_has_configured(work: Path, git: Git, setting: str) -> None:
    folder = work / "记 录"
    folder.mkdir()
    git(work, "mv", "records/trials/a.toml", "记 录/a.toml")
    git(work, "commit", "-qm", "über 移")
    git(work, "config", *setting.split("="))
    (moved,) = repository(work).log(["HEAD"], "记 录/a.toml")
    assert moved.subject == "über 移"
    assert [each.path for each in moved.went()] == ["records/trials/a.toml"]
    (first,) = repository(work).log([moved.parents[0]], "records/trials/a.toml")
    assert first.touched("records/trials/a.toml") is not None


def test_names_days_and_where_branches_parted(work: Path, git: Git) -> None:
    git(work, "tag", "v1.0")
    git(work, "branch", "side")
    git(work, "commit", "-q", "--allow-empty", "-m", "second")
    repo = repository(work)
    assert set(repo.names()) == {"HEAD", "main", "side", "v1.0"}
    head = repo.head()
    assert repo.described(head) == (head[:10], "2026-11-22")
    assert repo.merge_base("main", "side") == repo.commit("v1.0")
    git(work, "checkout", "-q", "--orphan", "apart")
    git(work, "commit", "-q", "--allow-empty", "-m", "apart")
    assert repo.merge_base("main", "apart") is None
    assert repo.shallow() == frozenset()


def test_a_shallow_clone(work: Path, git: Git, tmp_path: Path) -> None:
    git(work, "commit", "-q", "--allow-empty", "-m", "second")
    git(tmp_path, "clone", "-q", "--depth=1", work.as_uri(), "clone")
    repo = repository(tmp_path / "clone")
    assert repo.shallow() == {repo.head()}


# -- objects -----------------------------------------------------------------------------------------


def test_objects_one_process_for_many(work: Path, git: Git) -> None:
    names = []
    for number in range(200):
        (work / f"{number}").write_text(f"{number}\n" * number)
        names.append(blob_name(f"{number}\n".encode() * number))
    git(work, "add", "-A")
    with repository(work).objects() as objects:
        assert objects.read(names[7]) == b"7\n" * 7
        found = dict(objects.read_all(names))
        assert [found[name] for name in names] == [f"{n}\n".encode() * n for n in range(200)]
        assert objects.read(names[3]) == b"3\n" * 3


def test_of_a_vast_object_only_the_beginning(work: Path, git: Git) -> None:
    data = b"# \x00" * (1 << 20)
    (work / "vast").write_bytes(data)
    git(work, "add", "-A")
    repo = repository(work)
    one = blob_name(b"id = 1\n")
    found = dict(repo.contents([blob_name(data), one]))
    assert len(found[blob_name(data)]) == (1 << 20) + 1
    assert found[one] == b"id = 1\n"


def test_what_is_no_blob(work: Path) -> None:
    repo = repository(work)
    with pytest.raises(CollectionError, match="is a commit, not a file"):
        list(repo.contents([repo.head()]))
    with pytest.raises(CollectionError, match="is missing"):
        list(repo.contents(["nothing"]))
