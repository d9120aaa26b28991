"""What became of one record: through renames, merges, and versions that cannot be read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from alscli.errors import UsageError
from alscli.store.git import repository
from alscli.store.past import SHALLOW, Step, check_field, committed, narrowed, origins, past
from alscli.store.versions import file_version

Git = Callable[..., str]

RECORD = """schema = 1
id = "a"
title = "A trial of cells"
registry_id = "NCT00000001"
conditions = ["ALS"]
phase = "1"
status = "recruiting"
countries = ["CN", "US"]
sites = 4

[enrollment]
planned = 40
"""


class Work:
    """A repository with one record at `trials/a.toml`, and what a test does to it."""

    def __init__(self, top: Path, git: Git) -> None:
        self.top, self.git, self.name = top, git, "trials/a.toml"
        (top / "trials").mkdir(parents=True)
        git(top, "init", "-q")
        self.put(RECORD)
        self.commit("added")

    @property
    def text(self) -> str:
        return (self.top / self.name).read_text("utf-8")

    def put(self, text: str | bytes, name: str = "") -> None:
        data = text.encode() if isinstance(text, str) else text
        (self.top / (name or self.name)).write_bytes(data)

    def edit(self, *pairs: tuple[str, str], subject: str = "edit") -> None:
        text = self.text
        for old, new in pairs:
            assert old in text
            text = text.replace(old, new)
        self.put(text)
        self.commit(subject)

    def move(self, name: str, *pairs: tuple[str, str], subject: str = "moved") -> None:
        text = self.text
        (self.top / name).parent.mkdir(parents=True, exist_ok=True)
        self.git(self.top, "mv", self.name, name)
        self.name = name
        self.put(text)
        self.edit(*pairs, subject=subject)

    def commit(self, subject: str) -> None:
        self.git(self.top, "add", "-A")
        self.git(self.top, "commit", "-q", "--allow-empty", "-m", subject)

    def past(self, start: str = "HEAD") -> list[Step]:
        return past(repository(self.top), start, self.name)

    def said(self) -> list[tuple[str, str, list[str]]]:
        """Subject, what happened, fields; of a record that came only that it did."""
        return [
            (
                step.commit.subject,
                step.record.change,
                [] if step.record.change == "added" else [change.field for change in step.record.fields],
            )
            for step in self.past()
        ]

    def origins(self) -> dict[str, str | None]:
        """Field to the subject of the commit that gave it its value."""
        current = file_version(self.top / self.name, "trial")
        found = origins(self.past(), current, committed(repository(self.top), "HEAD", self.name, self.past()))
        return {each.field: each.commit.subject if each.commit else None for each in found}


@pytest.fixture
def work(tmp_path: Path, git: Git) -> Work:
    return Work(tmp_path / "work", git)


ADDED = ("added", "added", [])


def test_the_newest_first_and_only_what_changed_a_field(work: Work) -> None:
    work.edit(('"recruiting"', '"completed"'), ("sites = 4", "sites = 5"), subject="first")
    work.edit(("sites = 5", "# a comment\nsites =   5"), subject="layout")
    work.edit(('["CN", "US"]', '["US", "CN"]'), subject="order of a set")
    work.edit(("planned = 40", "planned = { n = 41, src = 'x' }"), subject="second")
    assert work.said() == [
        ("second", "changed", ["enrollment.planned", "enrollment.planned.src"]),
        ("first", "changed", ["status", "sites"]),
        ADDED,
    ]
    found = work.origins()
    assert (found["sites"], found["title"], found["countries"]) == ("first", "added", "added")
    assert (found["enrollment.planned"], found["enrollment.planned.src"]) == ("second", "second")


def test_a_value_that_came_back_is_of_the_commit_that_brought_it_back(work: Work) -> None:
    for number, subject in ((5, "five"), (4, "four"), (6, "six"), (4, "four again")):
        work.put(RECORD.replace("sites = 4", f"sites = {number}"))
        work.commit(subject)
    assert work.origins()["sites"] == "four again"
    work.put(RECORD.replace("sites = 4", "sites = 9"))
    assert work.origins()["sites"] is None


def test_one_field_and_what_is_below_it(work: Work) -> None:
    work.edit(("planned = 40", "planned = 41\ntreated = 3"), subject="first")
    work.edit(("sites = 4", "sites = 5"), subject="second")
    steps = work.past()
    below = [
        (s.commit.subject, [(c.field, c.old, c.new) for c in s.record.fields])
        for s in narrowed(steps, "enrollment")
    ]
    assert below == [
        ("first", [("enrollment.planned", 40, 41), ("enrollment.treated", None, 3)]),
        ("added", [("enrollment", None, {"planned": 40})]),
    ]
    one = [
        (s.commit.subject, [(c.field, c.old, c.new) for c in s.record.fields])
        for s in narrowed(steps, "enrollment.planned")
    ]
    assert one == [
        ("first", [("enrollment.planned", 40, 41)]),
        ("added", [("enrollment.planned", None, 40)]),
    ]
    assert narrowed(steps, "arms") == []
    assert narrowed(steps, "site") == []  # no beginning of a name


def test_fields_that_the_format_has() -> None:
    for name in (
        "status",
        "enrollment.planned",
        "outcomes.anything.effects.a:b.p",
        'disputes."dates.start".ruling',
    ):
        check_field(name, "trial")
    for name in ("statsu", "enrollment.planed", "outcomes.x.valus"):
        with pytest.raises(UsageError, match="no field"):
            check_field(name, "trial")


# -- renames -----------------------------------------------------------------------------------------


def test_through_a_rename_of_the_id(work: Work) -> None:
    work.edit(("sites = 4", "sites = 5"), subject="before")
    work.move("trials/b.toml", ('id = "a"', 'id = "b"\nformer_ids = ["a"]'), ("sites = 5", "sites = 6"))
    work.edit(("sites = 6", "sites = 7"), subject="after")
    assert work.said() == [
        ("after", "changed", ["sites"]),
        ("moved", "renamed", ["id", "former_ids", "sites"]),
        ("before", "changed", ["sites"]),
        ADDED,
    ]
    assert work.past()[1].record.was == "a"
    assert work.origins()["id"] == "moved"
    assert work.origins()["title"] == "added"


@pytest.mark.parametrize("name", ["trials/b.toml", "records/trials/a.toml", "记 录/trials/渐冻 症.toml"])
def test_through_a_rename_of_the_file_alone(work: Work, name: str) -> None:
    work.edit(("sites = 4", "sites = 5"), subject="before")
    work.move(name)
    assert [each[:2] for each in work.said()] == [
        ("moved", "renamed"),
        ("before", "changed"),
        ("added", "added"),
    ]


def test_there_and_back(work: Work) -> None:
    work.move("trials/b.toml", subject="there")
    work.move("trials/a.toml", subject="back")
    work.edit(("sites = 4", "sites = 5"))
    assert [each[:2] for each in work.said()] == [
        ("edit", "changed"),
        ("back", "renamed"),
        ("there", "renamed"),
        ("added", "added"),
    ]


def test_another_record_is_not_the_former_one_however_alike(work: Work) -> None:
    other = RECORD.replace("NCT00000001", "NCT00000002").replace('id = "a"', 'id = "b"')
    (work.top / work.name).unlink()
    work.name = "trials/b.toml"
    work.put(other)
    work.commit("another")
    assert work.said() == [("another", "added", [])]


def test_of_many_that_were_renamed_at_once_the_right_one(work: Work) -> None:
    for number in range(30):
        text = RECORD.replace("NCT00000001", f"NCT1{number:07d}").replace('id = "a"', f'id = "old-{number}"')
        work.put(text, f"trials/old-{number}.toml")
    work.commit("thirty")
    for number in range(30):
        path = work.top / "trials" / f"old-{number}.toml"
        path.rename(work.top / "trials" / f"new-{number}.toml")
        text = path.with_name(f"new-{number}.toml").read_text().replace(f'"old-{number}"', f'"new-{number}"')
        path.with_name(f"new-{number}.toml").write_text(text)
    work.commit("renamed")
    work.name = "trials/new-17.toml"
    assert [(step.record.change, step.record.was) for step in work.past()] == [
        ("renamed", "old-17"),
        ("added", None),
    ]


def test_a_former_id_that_went_in_an_earlier_commit(work: Work) -> None:
    text = work.text
    (work.top / work.name).unlink()
    work.commit("gone")
    work.name = "trials/b.toml"
    work.put(text.replace('id = "a"', 'id = "b"\nformer_ids = ["a"]'))
    work.commit("here again")
    assert [each[:2] for each in work.said()] == [
        ("here again", "added"),
        ("gone", "removed"),
        ("added", "added"),
    ]


def test_a_record_that_is_gone(work: Work) -> None:
    (work.top / work.name).unlink()
    work.commit("gone")
    gone, added = work.past()
    assert (gone.record.change, gone.now, added.record.change) == ("removed", None, "added")
    work.put(RECORD)
    work.commit("here again")
    assert [each[1] for each in work.said()] == ["added", "removed", "added"]


def test_where_a_record_went(work: Work) -> None:
    work.move("trials/b.toml", ('id = "a"', 'id = "b"'))
    work.name = "trials/a.toml"
    gone, *_ = work.past()
    assert (gone.record.change, gone.record.note) == ("removed", "now b")


def test_a_file_of_another_folder_with_the_same_name_is_another_record(work: Work) -> None:
    (work.top / "other" / "trials").mkdir(parents=True)
    work.put(RECORD, "other/trials/a.toml")
    work.edit(("sites = 4", "sites = 5"))
    work.name = "other/trials/a.toml"
    assert work.said() == [("edit", "added", [])]


# -- what cannot be read -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "broken", [b"[", b"\x00\xff\xfe", b"x = '1'\n" * (1 << 18)], ids=["toml", "binary", "vast"]
)
def test_a_version_that_cannot_be_read(work: Work, broken: bytes) -> None:
    work.put(broken)
    work.commit("broken")
    work.put(broken + b" ")
    work.commit("still broken")
    work.put(RECORD.replace("sites = 4", "sites = 5"))
    work.commit("mended")
    assert work.said() == [
        ("mended", "changed", ["sites"]),
        ("still broken", "unreadable", []),
        ("broken", "unreadable", []),
        ADDED,
    ]
    assert work.past()[0].record.note.startswith("readable again, compared with the last version that was")
    assert (work.origins()["sites"], work.origins()["title"]) == ("mended", "added")


def test_a_record_that_could_never_be_read_before(work: Work) -> None:
    work.name = "trials/b.toml"
    work.put("[")
    work.commit("broken")
    work.put(RECORD)
    work.commit("mended")
    mended, broken = work.past()
    assert (mended.record.change, broken.record.change) == ("changed", "unreadable")
    assert mended.record.note.startswith("readable again")
    assert work.origins()["title"] == "mended"


def test_a_link_for_a_while(work: Work) -> None:
    path = work.top / work.name
    path.unlink()
    path.symlink_to("elsewhere.toml")
    work.commit("link")
    path.unlink()
    work.put(RECORD)
    work.commit("file")
    file, link, _ = work.past()
    assert link.record.note == "new: a symbolic link"
    assert file.record.change == "changed"


@pytest.mark.parametrize(("number", "age"), [(0, "older"), (2, "newer")])
def test_a_version_of_another_format(work: Work, number: int, age: str) -> None:
    work.edit(("schema = 1", f"schema = {number}"), ("sites = 4", "sites = 5\nplaces = 3"), subject="other")
    work.edit((f"schema = {number}", "schema = 1"), ("\nplaces = 3", ""), subject="ours")
    ours, other, _ = work.past()
    assert [change.field for change in ours.record.fields] == ["schema", "places"]
    assert (
        ours.record.note == f"old: schema {number}, {age} than this program's 1; compared by names of fields"
    )
    assert other.record.note.startswith("new: schema")
    assert work.origins()["sites"] == "other"


# -- branches ----------------------------------------------------------------------------------------


def branched(work: Work, mine: tuple[str, str], theirs: tuple[str, str]) -> None:
    git = work.git
    git(work.top, "checkout", "-qb", "side")
    work.edit(theirs, subject="theirs")
    git(work.top, "checkout", "-q", "main")
    work.edit(mine, subject="mine")


def test_a_merge_is_no_change_of_its_own(work: Work) -> None:
    branched(work, ("sites = 4", "sites = 5"), ('"A trial of cells"', '"Theirs"'))
    work.git(work.top, "merge", "-q", "--no-edit", "side")
    assert {each[0] for each in work.said()} == {"mine", "theirs", "added"}
    assert (work.origins()["sites"], work.origins()["title"]) == ("mine", "theirs")


def test_what_a_merge_made_itself(work: Work) -> None:
    branched(work, ("sites = 4", "sites = 5"), ("sites = 4", "sites = 6"))
    work.git(work.top, "merge", "-q", "-s", "ours", "--no-commit", "side")
    work.edit(("sites = 5", "sites = 7"), ('"1"', '"2"'), subject="merge")
    assert work.said()[0] == ("merge", "changed", ["phase", "sites"])
    assert work.past()[0].record.note == "in a merge"
    assert work.origins()["sites"] == "merge"


def test_a_value_that_is_reverted_and_not_committed(work: Work) -> None:
    work.edit(("sites = 4", "sites = 5"))
    work.put(RECORD)
    assert work.origins()["sites"] is None
    assert work.origins()["title"] == "added"


def test_a_side_that_lost_is_not_told(work: Work) -> None:
    branched(work, ("sites = 4", "sites = 5"), ("sites = 4", "sites = 6"))
    work.git(work.top, "merge", "-q", "-s", "ours", "--no-edit", "side")
    assert [each[0] for each in work.said()] == ["mine", "added"]
    assert work.origins()["sites"] == "mine"


def test_of_a_conflict_the_side_that_was_taken(work: Work) -> None:
    branched(work, ("sites = 4", "sites = 5\n"), ("sites = 4", "sites = 6"))
    work.git(work.top, "merge", "-q", "-s", "ours", "--no-commit", "side")
    work.edit(("sites = 5\n", "sites = 6"), ('"recruiting"', '"completed"'), subject="merge")
    found = work.origins()
    assert (found["sites"], found["status"]) == ("theirs", "merge")


# -- what is not there -------------------------------------------------------------------------------


def test_a_shallow_clone_is_said(work: Work, git: Git, tmp_path: Path) -> None:
    work.edit(("sites = 4", "sites = 5"), subject="second")
    work.edit(("sites = 5", "sites = 6"), subject="third")
    git(tmp_path, "clone", "-q", "--depth=2", work.top.as_uri(), "clone")
    third, second = past(repository(tmp_path / "clone"), "HEAD", work.name)
    assert third.record.change == "changed"
    assert (second.record.change, second.record.note) == ("added", SHALLOW)


def test_a_record_that_was_never_committed(work: Work) -> None:
    work.name = "trials/new.toml"
    work.put(RECORD)
    assert work.past() == []
    assert set(work.origins().values()) == {None}


def test_only_blobs_that_changed_are_read_and_by_one_process(
    work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(20):
        work.put(RECORD.replace('id = "a"', f'id = "x{number}"'), f"trials/x{number}.toml")
        work.put(RECORD.replace("sites = 4", f"sites = {number + 10}"))
        work.commit(f"{number}")
    from alscli.store import git as git_module

    read: list[str] = []
    started: list[str] = []
    content, run, popen = git_module._content, git_module._git, git_module._open
    monkeypatch.setattr(git_module, "_content", lambda *a: read.append(a[1]) or content(*a))
    monkeypatch.setattr(git_module, "_git", lambda f, *a, **k: started.append(a[0]) or run(f, *a, **k))
    monkeypatch.setattr(git_module, "_open", lambda f, *a: started.append(a[0]) or popen(f, *a))
    assert len(work.past()) == 21
    assert len(read) == len(set(read)) == 21
    assert sorted(started) == ["cat-file", "log", "rev-parse", "rev-parse"]
