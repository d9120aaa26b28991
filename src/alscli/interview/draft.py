"""Unfinished interviews, kept where git does not see them: every answer is saved as it is given."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alscli.errors import CollectionError
from alscli.store.write import kept_for

SCHEMA = "alscli/draft/1"


@dataclass(frozen=True)
class Draft:
    """The answers of one interview, by the keys of its questions, in order.

    `former` holds answers that were taken back; they are offered again. `edited` is the record's text, line
    by line, where a registry gave it or a person went on in an editor; `copies` the registry copies that are
    kept with the record, by registry id.
    """

    path: Path
    answers: dict[str, str]
    former: dict[str, str] = field(default_factory=dict)
    edited: list[str] = field(default_factory=list)
    copies: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What the interview is about, as far as the answers tell."""
        answers = self.former | self.answers
        return next(
            (answers[key] for key in ("id", "registry_id", "title") if answers.get(key)), self.path.stem
        )

    @property
    def size(self) -> str:
        """How much there is, in words."""
        number = sum(bool(answer) for answer in self.answers.values())
        return "a whole record" if self.edited else f"{number} answer{'' if number == 1 else 's'}"

    @property
    def saved(self) -> datetime:
        """When the last answer was saved (UTC)."""
        return datetime.fromtimestamp(self.path.stat().st_mtime, UTC)

    def answer(self, key: str, text: str) -> None:
        """Keep an answer at once."""
        self.answers[key] = text
        self.former.pop(key, None)
        self.save()

    def save(self) -> None:
        """Write the answers, whole or not at all, so that a power cut loses none of them."""
        names = ("answers", "former", "edited", "copies")
        held = {"schema": SCHEMA, **{name: getattr(self, name) for name in names}}
        temporary = self.path.with_suffix(f".{os.getpid()}.tmp")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with temporary.open("w", encoding="utf-8", newline="\n") as stream:
                stream.write(json.dumps(held, ensure_ascii=False, indent=2) + "\n")
                stream.flush()
                os.fsync(stream.fileno())
            temporary.replace(self.path)
        except OSError as error:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise CollectionError(
                f"cannot keep the draft {self.path}: {error.strerror or error}",
                "make room, or set XDG_STATE_HOME to a folder that you may write to",
            ) from error

    def take_back(self, key: str) -> None:
        """Forget one answer, but offer it again."""
        if key in self.answers:
            self.former[key] = self.answers.pop(key)
            self.save()

    def discard(self) -> None:
        """Forget the answers, and the text that an editor may have left."""
        self.path.unlink(missing_ok=True)
        self.path.with_suffix(".toml").unlink(missing_ok=True)


def folder(root: Path) -> Path:
    """Where the drafts of the collection in `root` lie."""
    return kept_for(root, "drafts")


def start(root: Path) -> Draft:
    """A new draft, not saved before its first answer."""
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    return Draft(folder(root) / f"{stamp}-{os.getpid()}.json", {})


def unfinished(root: Path) -> list[Draft]:
    """The drafts of the collection, the last saved first; what is no draft is passed over."""
    found: list[Draft] = []
    place = folder(root)
    for path in place.glob("*.json") if place.is_dir() else ():
        try:
            held = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(held, dict) and held.get("schema") == SCHEMA and _are_texts(held.get("answers")):
            edited = held.get("edited")
            lines = _texts(dict(enumerate(edited))) if isinstance(edited, list) else {}
            texts = [_texts(held.get(name)) for name in ("former", "copies")]
            found.append(Draft(path, held["answers"], texts[0], list(lines.values()), texts[1]))
    return sorted(found, key=lambda draft: draft.saved, reverse=True)


def _are_texts(held: Any) -> bool:
    return isinstance(held, dict) and all(isinstance(text, str) for text in held.values())


def _texts(held: Any) -> dict[Any, str]:
    """Texts by name; none where something else stands there."""
    return held if _are_texts(held) else {}
