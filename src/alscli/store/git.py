"""git's objects, read with the git program's plumbing; nothing is checked out and nothing is locked."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from alscli.errors import CollectionError, UsageError

# A hook inherits them from the git that runs it; they would name another place than the folder asked for.
_NOT_INHERITED = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE")


@dataclass(frozen=True, slots=True)
class Repository:
    """A git work tree; `top` is its root."""

    top: Path

    def run(self, *arguments: str, data: bytes | None = None) -> bytes:
        """The output of a git command; raises CollectionError with git's own words."""
        return _output(self._start(*arguments, data=data))

    def _start(self, *arguments: str, data: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
        return _git(self.top, *arguments, data=data)

    def commit(self, revision: str) -> str | None:
        """The commit that a revision names; None where it names none."""
        if not revision or revision.startswith("-"):
            return None
        result = self._start("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        return result.stdout.decode().strip() if result.returncode == 0 else None

    def head(self) -> str:
        """The current commit, or the empty tree before the first one."""
        return self.commit("HEAD") or self.run("hash-object", "-t", "tree", "--stdin").decode().strip()

    def blobs(self, revision: str, folder: Path) -> dict[str, str]:
        """The files below `folder` at a revision: path from `folder` to the name of its blob."""
        inside = folder.resolve().relative_to(self.top.resolve()).as_posix()
        prefix = "" if inside == "." else f"{inside}/"
        listing = self.run("ls-tree", "-r", "-z", "--full-tree", revision, "--", inside)
        found: dict[str, str] = {}
        for line in listing.split(b"\0"):
            if line:
                meta, _, path = line.partition(b"\t")
                mode, kind, name = meta.decode().split()
                if kind == "blob" and mode != "120000":
                    found[os.fsdecode(path).removeprefix(prefix)] = name
        return found

    def contents(self, names: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """The contents of blobs, in one process: name and bytes of each."""
        wanted = list(dict.fromkeys(names))
        if not wanted:
            return
        output = self.run("cat-file", "--batch", data="".join(f"{name}\n" for name in wanted).encode())
        at = 0
        for name in wanted:
            line_end = output.index(b"\n", at)
            *_, size_or_missing = output[at:line_end].split()
            if size_or_missing == b"missing":
                raise CollectionError(f"git: object {name} is missing", "`git fsck` says what is lost")
            size = int(size_or_missing)
            yield name, output[line_end + 1 : line_end + 1 + size]
            at = line_end + 2 + size


def _git(folder: Path, *arguments: str, data: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    environment = {name: value for name, value in os.environ.items() if name not in _NOT_INHERITED}
    environment |= {"GIT_OPTIONAL_LOCKS": "0", "GIT_LITERAL_PATHSPECS": "1", "LC_ALL": "C"}
    try:
        return subprocess.run(  # noqa: S603 - arguments are a list
            ["git", *arguments],  # noqa: S607 - the git of the PATH
            cwd=folder,
            input=data or b"",
            capture_output=True,
            env=environment,
            check=False,
        )
    except FileNotFoundError:
        raise CollectionError(
            "git is not installed", "install git, or compare files and folders instead"
        ) from None


def _output(result: subprocess.CompletedProcess[bytes]) -> bytes:
    if result.returncode != 0:
        words = result.stderr.decode("utf-8", "replace").strip().splitlines()
        raise CollectionError(f"git: {words[0] if words else 'failed'}")
    return result.stdout


def repository(folder: Path) -> Repository:
    """The work tree that holds `folder`; raises UsageError where it is in none."""
    result = _git(folder, "rev-parse", "--show-toplevel")
    if b"not a git repository" in result.stderr:
        raise UsageError(
            "the collection is in no git repository", "name two records, files or folders, or run `git init`"
        )
    return Repository(Path(os.fsdecode(_output(result).removesuffix(b"\n"))))


def blob_name(data: bytes) -> str:
    """The name that git (SHA-1) gives to a file with these bytes."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
