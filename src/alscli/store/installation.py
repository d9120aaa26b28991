"""What a clone needs so that git merges and shows records by field, and checks them before a commit.

Settings of a clone are not shared with others: everybody who wants them runs `alscli install-git`. What is
shared is `.gitattributes`; a clone without the settings merges and shows records line by line, as before.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from alscli.errors import CollectionError, RefusedError
from alscli.store.collection import FOLDERS, LEDGER, shown
from alscli.store.git import Repository
from alscli.store.write import explained, locked, replace

ATTRIBUTES = ".gitattributes"
HOOKS = ("pre-commit", "pre-merge-commit")
"""git runs the second before it commits a merge without conflicts, and not the first."""

_DRIVER = "merge=alscli diff=alscli"
_MARK = "# Written by `alscli install-git`; `alscli install-git --uninstall` removes it."
_HOOK = """\
#!/bin/sh
{mark}
check() {{ {command} --records {records} --quiet "$@"; }}
git diff --cached --quiet -- {records} && exit 0
check validate > /dev/null || {{
  git rev-parse --quiet --verify HEAD > /dev/null && check validate --changed-since HEAD >&2
  echo "nothing committed: the collection has errors; 'alscli validate' lists them all" >&2
  exit 1
}}
check fmt --check >&2 || {{
  echo "nothing committed: these are not in canonical layout; 'alscli fmt' mends them" >&2
  exit 1
}}
"""


@dataclass(frozen=True)
class Step:
    """One thing to do, in words; `act` does it, None where it is done already or left to people."""

    words: str
    act: Callable[[], None] | None = None
    note: str = ""


@dataclass(frozen=True)
class Installation:
    """What is set up in one clone, for one collection, with one interpreter."""

    repository: Repository
    root: Path
    interpreter: str

    def steps(self) -> Iterator[Step]:
        """What is to be done, and what is done already."""
        for name, value in self._settings().items():
            held = self._setting(name)
            words = f"{name} = {value}"
            yield Step(words) if held == value else Step(f"set {words}", self._setter(name, value))
        yield self._attributes()
        yield from self._hooks()

    def undoing(self) -> Iterator[Step]:
        """What is to be removed; what others have written stays."""
        for name in self._settings():
            if (held := self._setting(name)) is not None:
                yield Step(f"unset {name} = {held}", self._unsetter(name))
        path = self.root / ATTRIBUTES
        lines = self._attribute_lines()
        left = [line for line in lines if line.strip() not in _wanted()]
        if left != lines:
            yield Step(f"remove our lines from {shown(path)}", lambda: self._write_attributes(left))
        folder = self._hook_folder()
        for name in HOOKS:
            hook = folder / name
            if _is_ours(hook):
                yield Step(f"remove {shown(hook)}", hook.unlink)

    def _settings(self) -> dict[str, str]:
        # git expands % in the driver, and in nothing else; -P: no module of the working tree is ours.
        command = self.command
        return {
            "merge.alscli.name": "records by field",
            "merge.alscli.driver": f"{command.replace('%', '%%')} merge-driver -- %O %A %B %P %S %X %Y",
            "diff.alscli.textconv": f"{command} textconv",
        }

    @property
    def command(self) -> str:
        """How a shell starts this program."""
        return f"{shlex.quote(Path(self.interpreter).as_posix())} -P -m alscli"

    def _setting(self, name: str) -> str | None:
        try:
            listed = self.repository.run("config", "--local", "-z", "--get-all", name)
        except CollectionError:  # it is not set
            return None
        return listed.decode("utf-8", "replace").removesuffix("\0")

    def _setter(self, name: str, value: str) -> Callable[[], None]:
        return lambda: self._configure("--replace-all", name, value)

    def _unsetter(self, name: str) -> Callable[[], None]:
        return lambda: self._configure("--unset-all", name)

    def _configure(self, *arguments: str) -> None:
        try:
            self.repository.run("config", "--local", *arguments)
        except CollectionError as error:
            raise CollectionError(
                f"the settings of the clone cannot be written: {error.message}",
                "what was done before this stays; mend it and run the command again",
            ) from error

    # -- .gitattributes --

    def _attributes(self) -> Step:
        path = self.root / ATTRIBUTES
        if path.is_symlink():
            raise RefusedError(
                f"{shown(path)} is a symbolic link, which git does not follow", "put a file in its place"
            )
        lines = self._attribute_lines()
        held = {line.strip() for line in lines}
        missing = [line for line in _wanted() if line not in held]
        if not missing:
            return Step(f"{shown(path)} names the records")
        words = f"{'add to' if lines else 'write'} {shown(path)}: {b'; '.join(missing).decode()}"
        end = b"\r\n" if lines and lines[0].endswith(b"\r\n") else b"\n"
        if lines and not lines[-1].endswith(b"\n"):
            lines[-1] += end
        added = [line + end for line in missing]
        return Step(words, lambda: self._write_attributes([*lines, *added]), "commit it: others share it")

    def _attribute_lines(self) -> list[bytes]:
        """The lines as git cuts them, each with its end."""
        path = self.root / ATTRIBUTES
        try:
            return [line for line in re.split(rb"(?<=\n)", path.read_bytes()) if line]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise CollectionError(f"cannot read {shown(path)}: {error.strerror or error}") from error

    def _write_attributes(self, lines: list[bytes]) -> None:
        path = self.root / ATTRIBUTES
        with locked(self.root), explained(path):
            held = path.read_bytes() if path.exists() else None
            if lines:
                data = b"".join(lines)
                replace(path, data, expected=held, root=self.root, allowed=lambda name: name == ATTRIBUTES)
            else:
                path.unlink(missing_ok=True)

    # -- hooks --

    def _hooks(self) -> Iterator[Step]:
        folder = self._hook_folder()
        text = self._hook_text()
        shared = not folder.is_relative_to(self._git_folder())
        for name in HOOKS:
            path = folder / name
            if not shared and _is_ours(path):
                held = path.read_text("utf-8")
                yield (
                    Step(f"{shown(path)} checks the records")
                    if held == text
                    else Step(f"write {shown(path)}", _hook_writer(path, text))
                )
            elif not shared and not os.path.lexists(path):
                yield Step(f"write {shown(path)}: checks the records", _hook_writer(path, text))
            else:
                why = "core.hooksPath serves other clones too" if shared else "it exists and is not ours"
                yield Step(
                    f"leave {shown(path)} as it is: {why}",
                    note=f"to check there, add: {self.command} --records {self._records()} validate",
                )

    def _hook_text(self) -> str:
        return _HOOK.format(mark=_MARK, command=self.command, records=self._records())

    def _records(self) -> str:
        """The collection's folder as a shell reads it, from the root of the work tree, where hooks run."""
        inside = self.root.resolve().relative_to(self.repository.top.resolve()).as_posix()
        return shlex.quote(f"./{inside}" if inside.startswith("-") else inside)

    def _hook_folder(self) -> Path:
        return self._named("hooks")

    def _git_folder(self) -> Path:
        return self._resolved(self.repository.run("rev-parse", "--git-common-dir"))

    def _named(self, name: str) -> Path:
        return self._resolved(self.repository.run("rev-parse", "--git-path", name))

    def _resolved(self, output: bytes) -> Path:
        return (self.repository.top / os.fsdecode(output.removesuffix(b"\n"))).resolve()


def _wanted() -> list[bytes]:
    patterns = [*(f"/{folder}/*.toml" for folder in FOLDERS.values()), f"/{LEDGER}"]
    return [f"{pattern} {_DRIVER}".encode() for pattern in patterns]


def _is_ours(hook: Path) -> bool:
    try:
        return _MARK in hook.read_text("utf-8").splitlines()[:2]
    except (OSError, UnicodeDecodeError):
        return False


def _hook_writer(path: Path, text: str) -> Callable[[], None]:
    def write() -> None:
        temporary = path.parent / f".{path.name}.{os.getpid()}.tmp"
        with explained(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                temporary.write_text(text, "utf-8", newline="\n")
                temporary.chmod(0o755)
                temporary.replace(path)
            finally:
                temporary.unlink(missing_ok=True)

    return write
