"""Unfinished interviews: kept outside the collection, whole or not at all, offered again."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from alscli.errors import CollectionError
from alscli.interview.draft import Draft, folder, start, unfinished
from alscli.store.write import kept_for


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def test_answers_are_kept_in_order(tmp_path: Path) -> None:
    draft = start(tmp_path)
    assert not draft.path.exists()
    draft.answers.update({"title": "渐冻症", "id": "b", "acronym": ""})
    draft.save()
    (found,) = unfinished(tmp_path)
    assert list(found.answers.items()) == [("title", "渐冻症"), ("id", "b"), ("acronym", "")]
    assert (found.name, found.path) == ("b", draft.path)
    assert [path.suffix for path in folder(tmp_path).iterdir()] == [".json"]
    found.discard()
    found.discard()
    assert unfinished(tmp_path) == []


def test_what_is_taken_back_is_offered_again_and_saved(tmp_path: Path) -> None:
    draft = start(tmp_path)
    draft.answer("title", "A")
    draft.take_back("title")
    draft.take_back("phase")
    assert (draft.answers, draft.former) == ({}, {"title": "A"})
    (found,) = unfinished(tmp_path)
    assert (found.answers, found.former, found.edited) == ({}, {"title": "A"}, [])
    assert found.name == "A"
    found.answer("title", "B")
    found.edited.append("id = 1")
    found.save()
    (found,) = unfinished(tmp_path)
    assert (found.answers, found.former, found.edited) == ({"title": "B"}, {}, ["id = 1"])


def test_the_last_saved_comes_first(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        draft = Draft(folder(tmp_path) / f"{number}.json", {"id": f"d{number}"})
        draft.save()
        os.utime(draft.path, (number, number))
    assert [draft.name for draft in unfinished(tmp_path)] == ["d3", "d2", "d1"]


def test_each_collection_has_its_own(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    (tmp_path / "link").symlink_to(one)
    draft = start(one)
    draft.answers["id"] = "a"
    draft.save()
    assert unfinished(other) == []
    assert len(unfinished(tmp_path / "link")) == 1


@pytest.mark.parametrize(
    "text",
    ["", "[", "[]", '{"schema": "alscli/draft/2", "answers": {}}', '{"schema": "alscli/draft/1"}', "\udcff"],
)
def test_what_is_no_draft_is_passed_over(text: str, tmp_path: Path) -> None:
    draft = start(tmp_path)
    draft.save()
    (folder(tmp_path) / "odd.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    (folder(tmp_path) / "numbers.json").write_text(
        json.dumps({"schema": "alscli/draft/1", "answers": {"a": 1}})
    )
    assert [found.path for found in unfinished(tmp_path)] == [draft.path]


def test_no_place_for_drafts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    with pytest.raises(CollectionError, match="cannot keep the draft"):
        start(tmp_path).save()
    assert unfinished(tmp_path) == []


def test_a_relative_state_folder_is_ignored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The XDG Base Directory Specification: paths must be absolute, others are to be ignored.
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert folder(tmp_path).is_relative_to(tmp_path / "home" / ".local" / "state")


def test_drafts_lie_where_everything_of_the_collection_lies(tmp_path: Path) -> None:
    assert folder(tmp_path) == kept_for(tmp_path, "drafts")
    assert folder(tmp_path).name == kept_for(tmp_path, "journals").name
