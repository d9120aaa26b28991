"""git's objects, read with the git program's plumbing; nothing is checked out and nothing is locked."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import IO, NamedTuple, Self

from alscli.errors import CollectionError, UsageError

# A hook inherits them from the git that runs it; they would name another place than the folder asked for.
_NOT_INHERITED = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE")
_REVISION = "tformat:" + "%x00".join(("%H", "%P", "%aN", "%aI", "%s"))
_LOG = (
    "--date-order",
    "--no-follow",
    "--root",
    "--raw",
    "--no-abbrev",
    "-z",
    "--no-renames",
    "--full-diff",
    "--diff-merges=combined",
    "--no-show-signature",
    "--no-color",
    "--encoding=UTF-8",
    f"--format={_REVISION}",
)
_FILE_MODES = frozenset({"100644", "100755", "100664"})
_LINK = "120000"
_MODULE = "160000"
_AHEAD = 32
"""Names sent to git before their contents are read: what is under way fits into a pipe."""

SHORT = 10
"""Characters of a commit's name that people are shown."""
INDEX = ":"
"""Stands for the index where a revision is asked for."""


class Blob(NamedTuple):
    """What stands at a path: the name of its content, and why that is no file where it is none."""

    name: str
    fault: str = ""


class Touched(NamedTuple):
    """A path that differs between a commit and its parents: what stood there at each, and what stands now."""

    path: str
    old: tuple[Blob | None, ...]
    new: Blob | None


class Commit(NamedTuple):
    """A commit of the log; `on` is the author's date in ISO 8601.

    `raw` has each path that differs from every parent, with git's words on it: read when asked for.
    """

    name: str
    parents: tuple[str, ...]
    author: str
    on: str
    subject: str
    raw: dict[str, str]

    @property
    def short(self) -> str:
        """The beginning of the name, enough for git to know it."""
        return self.name[:SHORT]

    def touched(self, path: str) -> Touched | None:
        """What the commit did to a path; None for nothing."""
        meta = self.raw.get(path)
        return _touched(meta, path) if meta is not None else None

    def came(self) -> list[Touched]:
        """The files that no parent has."""
        return [_touched(meta, path) for path, meta in self.raw.items() if _status(meta) == "A"]

    def went(self) -> list[Touched]:
        """The files that are there no more."""
        return [_touched(meta, path) for path, meta in self.raw.items() if _status(meta) == "D"]


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
        if not revision or revision.startswith("-") or "\0" in revision:
            return None
        result = self._start("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        return result.stdout.decode().strip() if result.returncode == 0 else None

    def head(self) -> str:
        """The current commit, or the empty tree before the first one."""
        return self.commit("HEAD") or self.run("hash-object", "-t", "tree", "--stdin").decode().strip()

    def blobs(self, revision: str, folder: Path) -> dict[str, str]:
        """The files below `folder` at a revision: path from `folder` to the name of its blob."""
        return {path: blob.name for path, blob in self.files(revision, folder).items() if not blob.fault}

    def files(self, revision: str, folder: Path) -> dict[str, Blob]:
        """What stands below `folder` at a revision or in the INDEX, links and submodules too, by path."""
        prefix = self.inside(folder)
        if revision == INDEX:
            listing = self.run("ls-files", "-s", "-z", "--full-name", "--", prefix or ".")
        else:
            listing = self.run("ls-tree", "-r", "-z", "--full-tree", revision, "--", prefix or ".")
        found: dict[str, Blob] = {}
        for line in listing.split(b"\0"):
            if line:
                meta, _, path = line.partition(b"\t")
                mode, *middle, last = meta.decode().split()
                below = os.fsdecode(path).removeprefix(prefix)
                if revision != INDEX:
                    blob = _blob(mode, last)
                elif last == "0":
                    blob = _blob(mode, middle[0])
                else:
                    blob = Blob(middle[0], "in an unresolved merge")
                if blob is not None:
                    found[below] = blob
        return found

    def inside(self, folder: Path) -> str:
        """The path of a folder from the top, with a slash at its end; nothing for the top itself."""
        inside = folder.resolve().relative_to(self.top.resolve()).as_posix()
        return "" if inside == "." else f"{inside}/"

    def contents(self, names: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """The contents of blobs, in one process: name and bytes of each, cut as `Objects.read` does."""
        wanted = list(dict.fromkeys(names))
        if not wanted:
            return
        with self.objects() as objects:
            yield from objects.read_all(wanted)

    def objects(self) -> Objects:
        """A process that reads blobs by name for as long as it is used with `with`."""
        return Objects(self.top)

    def log(self, starts: Iterable[str], path: str) -> Iterator[Commit]:
        """The commits from `starts` back that touch `path` (from the top), the newest first.

        Each with every file that it touches, so that a rename can be seen. A merge is there only if it holds
        at the path what none of its parents does. Renames are not followed.
        """
        listing = self.run("log", *_LOG, *starts, "--", path)
        tokens = os.fsdecode(listing).split("\0")
        at, end = 0, len(tokens) - len(Commit._fields) + 1
        while at < end:
            name, parents, *words = tokens[at : at + 5]
            author, on, subject = map(_text, words)
            at += 5
            raw: dict[str, str] = {}
            while at < len(tokens) and not tokens[at]:  # before what a merge touches
                at += 1
            while at < len(tokens) and tokens[at].startswith((":", "\n:")):
                raw[tokens[at + 1]] = tokens[at]
                at += 2
            yield Commit(name.strip("\n"), tuple(parents.split()), author, on, subject, raw)

    def was_there(self, start: str, path: str) -> bool:
        """Whether any commit from `start` back touches `path` (from the top)."""
        return bool(self.run("rev-list", "-1", start, "--", path).strip())

    def shallow(self) -> frozenset[str]:
        """The commits whose parents a shallow clone does not have; none in a whole one."""
        path = self.top / os.fsdecode(self.run("rev-parse", "--git-path", "shallow").removesuffix(b"\n"))
        try:
            return frozenset(path.read_text("ascii").split())
        except OSError:
            return frozenset()

    def names(self) -> list[str]:
        """The branches and tags, by the names that people type."""
        listing = self.run("for-each-ref", "--format=%(refname:short)")
        return ["HEAD", *os.fsdecode(listing).split("\n")[:-1]]

    def described(self, commit: str) -> tuple[str, str]:
        """The short name of a commit and the day of its author, YYYY-MM-DD."""
        day = self.run("log", "-1", "--no-show-signature", "--no-color", "--format=%as", commit).decode()
        return commit[:SHORT], day.strip()

    def merge_base(self, one: str, other: str) -> str | None:
        """The commit at which two branches parted; None where they have nothing in common."""
        result = self._start("merge-base", one, other)
        return result.stdout.decode().strip() if result.returncode == 0 else None


def _text(field: str) -> str:
    """Text that git read as bytes, where it is not UTF-8 with the usual mark."""
    return os.fsencode(field).decode("utf-8", "replace")


def _status(meta: str) -> str:
    """What the commit did to a file: `A`, `D`, `M` or `T`; several where parents differ in it."""
    return "".join(sorted(set(meta.rpartition(" ")[2])))


def _touched(meta: str, path: str) -> Touched:
    """One entry of `git log --raw -z`; before a merge's stand as many colons as it has parents."""
    colons, _, rest = meta.lstrip("\n").partition(" ")
    count = colons.count(":") + 1
    modes = [colons.lstrip(":"), *rest.split()]
    blobs = [_blob(mode, name) for mode, name in zip(modes[:count], modes[count : 2 * count], strict=True)]
    return Touched(path, tuple(blobs[:-1]), blobs[-1])


def _blob(mode: str, name: str) -> Blob | None:
    if mode == "000000":
        return None
    if mode in _FILE_MODES:
        return Blob(name)
    return Blob(name, "a symbolic link" if mode == _LINK else "a submodule" if mode == _MODULE else "no file")


class Objects:
    """`git cat-file --batch`, one process for all blobs that are asked for while it is open."""

    def __init__(self, top: Path) -> None:
        self._top = top
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._process.kill()  # it only reads, and may have more to say than anybody wants
            self._process.communicate()

    def read(self, name: str) -> bytes:
        """The content of one blob: see `read_all`."""
        ((_, data),) = self.read_all([name])
        return data

    def read_all(self, names: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Name and content of each blob, of a greater one than any record only the beginning.

        Raises CollectionError for an object that is not there.
        """
        process = self._running()
        assert process.stdin is not None  # noqa: S101 - opened as pipes
        assert process.stdout is not None  # noqa: S101
        waiting = iter(names)
        while some := list(islice(waiting, _AHEAD)):
            process.stdin.write("".join(f"{name}\n" for name in some).encode())
            process.stdin.flush()
            for name in some:
                yield name, _content(process.stdout, name)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            self._process = _open(self._top, "cat-file", "--batch")
        return self._process


def _content(stream: IO[bytes], name: str) -> bytes:
    from alscli.store.toml import MAX_BYTES

    *_, kind, size = stream.readline().split() or (b"", b"missing")
    if size == b"missing" or not size.isdigit():
        raise CollectionError(f"git: object {name} is missing", "`git fsck` says what is lost")
    if kind != b"blob":
        raise CollectionError(f"git: object {name} is a {kind.decode()}, not a file")
    left = int(size)
    data = stream.read(min(left, MAX_BYTES + 1))
    left -= len(data)
    while left and (skipped := stream.read(min(left, MAX_BYTES))):
        left -= len(skipped)
    stream.read(1)
    return data


def _environment() -> dict[str, str]:
    environment = {name: value for name, value in os.environ.items() if name not in _NOT_INHERITED}
    return environment | {"GIT_OPTIONAL_LOCKS": "0", "GIT_LITERAL_PATHSPECS": "1", "LC_ALL": "C"}


def _not_installed() -> CollectionError:
    return CollectionError("git is not installed", "install git, or compare files and folders instead")


def _git(folder: Path, *arguments: str, data: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(  # noqa: S603 - arguments are a list
            ["git", *arguments],  # noqa: S607 - the git of the PATH
            cwd=folder,
            input=data or b"",
            capture_output=True,
            env=_environment(),
            check=False,
        )
    except FileNotFoundError:
        raise _not_installed() from None


def _open(folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(  # noqa: S603 - arguments are a list
            ["git", *arguments],  # noqa: S607 - the git of the PATH
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(),
        )
    except FileNotFoundError:
        raise _not_installed() from None


def _output(result: subprocess.CompletedProcess[bytes]) -> bytes:
    if result.returncode != 0:
        words = result.stderr.decode("utf-8", "replace").strip().splitlines()
        hint = next((line.strip() for line in words if line.strip().startswith("git config")), "")
        raise CollectionError(f"git: {words[0] if words else 'failed'}", hint and f"`{hint}`")
    return result.stdout


def repository(folder: Path) -> Repository:
    """The work tree that holds `folder`; raises UsageError where it is in none."""
    result = _git(folder, "rev-parse", "--show-toplevel")
    if b"not a git repository" in result.stderr:
        raise UsageError(
            "the collection is in no git repository",
            "run `git init`, or compare two records, files or folders",
        )
    return Repository(Path(os.fsdecode(_output(result).removesuffix(b"\n"))))


def merge_lines(
    base: bytes, ours: bytes, theirs: bytes, labels: tuple[str, str, str] = ("base", "ours", "theirs")
) -> bytes:
    """What `git merge-file` makes of three versions, with conflict markers where it must.

    `labels` name the three at the markers. Raises CollectionError where git cannot merge them (binary).
    """
    import tempfile

    names = ("base", "ours", "theirs")
    with tempfile.TemporaryDirectory(prefix="alscli-") as folder:
        for name, data in zip(names, (base, ours, theirs), strict=True):
            Path(folder, name).write_bytes(data)
        marks = [part for at in (1, 0, 2) for part in ("-L", labels[at] or names[at])]
        done = _git(Path(folder), "merge-file", "-p", *marks, "ours", "base", "theirs")
    return done.stdout if 0 <= done.returncode <= 127 else _output(done)  # the number of conflicts


def blob_name(data: bytes) -> str:
    """The name that git (SHA-1) gives to a file with these bytes."""
    import hashlib

    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def setting(folder: Path, name: str) -> str | None:
    """What git is configured to, such as `user.name`, in this folder; None where it is not."""
    try:
        result = _git(folder, "config", "--get", name)
    except CollectionError:
        return None
    return result.stdout.decode("utf-8", "replace").strip() or None
