"""What arguments name: commits, ranges of them, records; with the nearest name where they name nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from alscli.errors import UsageError

if TYPE_CHECKING:
    from alscli.cli.session import Session
    from alscli.store.collection import Entry, Record
    from alscli.store.git import Repository


def repository_of(session: Session) -> Repository:
    """The repository that the collection is in; raises UsageError where it is in none."""
    from alscli.store.git import repository

    return repository(session.collection.root)


def commit_named(repository: Repository, text: str) -> str:
    """The commit that a revision names; raises UsageError with the nearest branch or tag."""
    commit = repository.commit(text)
    if commit is None:
        raise unknown(repository, text)
    return commit


def unknown(repository: Repository, text: str, names: list[str] | None = None) -> UsageError:
    """That `text` names no commit, or none of these names either, and what may be meant."""
    from alscli.model.nearness import nearest

    what = f"{text!r} is no revision" + (", record, file or folder" if names is not None else "")
    if repository.commit("HEAD") is None:
        return UsageError(what, "there is no commit yet: `git commit` makes the first one")
    near = nearest(text, [*repository.names(), *(names or [])])
    if near:
        return UsageError(what, f"did you mean {' or '.join(near)}?")
    if repository.shallow():
        return UsageError(what, "this clone is shallow: `git fetch --unshallow` brings the earlier commits")
    return UsageError(what, "name a commit, a branch or a tag; `git log --oneline` lists them")


def is_range(text: str) -> bool:
    """Whether an argument is written `A..B` or `A...B`, and is no path."""
    return ".." in text and text != ".." and not text.startswith(("../", "./", "/")) and not exists(text)


def ends_of(repository: Repository, text: str) -> tuple[str, str]:
    """The two commits of `A..B`; of `A...B` the one where they parted, and B. What is left out is HEAD."""
    separator = "..." if "..." in text else ".."
    old, new = (commit_named(repository, part or "HEAD") for part in text.split(separator, 1))
    if separator == "...":
        base = repository.merge_base(old, new)
        if base is None:
            raise UsageError(
                f"{text}: they have no commit in common", "write A..B to compare them as they are"
            )
        old = base
    return old, new


def exists(text: str) -> bool:
    """Whether the text is the path of something that is there."""
    try:
        return Path(text).exists()
    except (OSError, ValueError):
        return False


def entry_named(session: Session, text: str, *, spelled: bool = False) -> Entry | None:
    """The record that an id, a former id or a registry id in any spelling names; None for none or several.

    With `spelled` only a name that some record holds as it is spelled here, which is faster to know.
    """
    found = entry_with_id(session, text)
    if found is not None:
        return found
    from alscli.store.collection import resolve

    try:
        return resolve(text, _read(session, text if spelled else ""), beginning=False).entry
    except UsageError:
        return None


def entry_begun(session: Session, text: str) -> Entry:
    """The same, or the one record that begins so; raises UsageError with the nearest names."""
    found = entry_named(session, text, spelled=True)
    if found is not None:
        return found
    from alscli.store.collection import resolve

    return resolve(text, _read(session)).entry


def entry_with_id(session: Session, text: str) -> Entry | None:
    """The record whose file has this name."""
    from alscli.store.collection import FOLDERS, LEDGER, Entry, is_record_name

    root = session.collection.root
    if text == "ledger" and exists(str(root / LEDGER)):
        return Entry(root / LEDGER, "ledger")
    if "/" in text or "\\" in text or not is_record_name(f"{text}.toml"):
        return None
    for kind, folder in FOLDERS.items():
        path = root / folder / f"{text}.toml"
        if exists(str(path)):
            return Entry(path, kind)
    return None


def _read(session: Session, spelled: str = "") -> list[Record]:
    """Every record with this text for a value, as far as names go: not examined, which takes longer."""
    from alscli.store.collection import Record, read_bytes
    from alscli.store.toml import TomlError, parse

    wanted = [f"{quote}{spelled.casefold()}{quote}".encode() for quote in "\"'"] if spelled else [b""]
    records: list[Record] = []
    for entry in session.collection.entries():
        try:
            data = read_bytes(entry.path)
            if any(each in data.lower() for each in wanted) or entry.id.casefold() == spelled.casefold():
                records.append(Record(entry, parse(data)))
        except (OSError, TomlError):
            records.append(Record(entry, None))
    return records
