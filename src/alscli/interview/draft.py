"""Unfinished interviews, kept where git does not see them: every answer is saved as it is given."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from alscli.errors import CollectionError

SCHEMA = "alscli/draft/1"


@dataclass(frozen=True)
class Draft:
    """The answers of one interview, by the keys of its questions, in order.

    `former` holds answers that were taken back; they are offered again, and not saved.
    """

    path: Path
    answers: dict[str, str]
    former: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What the interview is about, as far as the answers tell."""
        answers = self.answers
        return next(
            (answers[key] for key in ("id", "registry_id", "title") if answers.get(key)), self.path.stem
        )

    @property
    def saved(self) -> datetime:
        """When the last answer was saved (UTC)."""
        return datetime.fromtimestamp(self.path.stat().st_mtime, UTC)

    def save(self) -> None:
        """Write the answers, whole or not at all."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            temporary = self.path.with_suffix(f".{os.getpid()}.tmp")
            text = json.dumps({"schema": SCHEMA, "answers": self.answers}, ensure_ascii=False, indent=2)
            temporary.write_text(text + "\n", encoding="utf-8")
            temporary.replace(self.path)
        except OSError as error:
            raise CollectionError(
                f"cannot keep the draft {self.path}: {error.strerror or error}",
                "set XDG_STATE_HOME to a folder that you may write to",
            ) from error

    def take_back(self, key: str) -> None:
        """Forget one answer, but offer it again."""
        if key in self.answers:
            self.former[key] = self.answers.pop(key)
            self.save()

    def discard(self) -> None:
        """Forget the answers."""
        self.path.unlink(missing_ok=True)


def folder(root: Path) -> Path:
    """Where the drafts of the collection in `root` lie."""
    given = os.environ.get("XDG_STATE_HOME", "")
    state = Path(given) if Path(given).is_absolute() else Path.home() / ".local" / "state"
    name = hashlib.sha256(os.fsencode(root.resolve())).hexdigest()[:32]
    return state / "alscli" / "drafts" / name


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
        answers = held.get("answers") if isinstance(held, dict) and held.get("schema") == SCHEMA else None
        if isinstance(answers, dict) and all(isinstance(text, str) for text in answers.values()):
            found.append(Draft(path, answers))
    return sorted(found, key=lambda draft: draft.saved, reverse=True)
