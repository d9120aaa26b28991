"""The past of a record for people and scripts: nothing in a commit or a record is obeyed."""

from __future__ import annotations

import json

import pytest

from alscli.model.vocabulary import shipped
from alscli.store.collection import Snapshot
from alscli.store.compare import Change, RecordChange, Version, record_changes
from alscli.store.git import Commit
from alscli.store.past import Origin, Step
from alscli.text import width
from alscli.views import changelog
from alscli.views import history as view

HOSTILE = "a\x1b[31m\n|`*\u202e"
COMMIT = Commit("0123456789abcdef", (), "李 华", "2026-11-22T12:00:00+08:00", "Sites: 渐冻症", {})
CHANGE = Change("sites", 4, 5, "minor")


def step(
    what: str = "changed", *fields: Change, commit: Commit = COMMIT, was: str = "", note: str = ""
) -> Step:
    record = RecordChange("valor", "trial", what, fields, was or None, note)  # type: ignore[arg-type]
    return Step(commit, record, (), None)


@pytest.mark.parametrize(
    ("one", "line"),
    [
        (step("added", CHANGE), "  added with 1 fields"),
        (step("removed", CHANGE), "  removed"),
        (step("removed", CHANGE, note="now b"), "  removed: now b"),
        (step("renamed", CHANGE, was="a"), "  renamed from a"),
        (step("unreadable", note="new: 1:1 x"), "  unreadable: new: 1:1 x"),
        (step("changed", CHANGE, note="in a merge"), "  in a merge"),
        (step("changed", CHANGE), "    sites  4 → 5"),
    ],
)
def test_what_a_commit_did(one: Step, line: str) -> None:
    head, said, *_ = view.text([one], None, whole=True, color=False)
    assert head == "2026-11-22  0123456789  李 华  Sites: 渐冻症"
    assert said == line


def test_on_a_terminal_every_line_fits() -> None:
    fields = (Change("outcomes." + "x" * 80, "渐冻症" * 30, "b" * 200, "major"), CHANGE)
    commit = COMMIT._replace(subject="渐" * 90)
    steps = [step(what, *fields, commit=commit, note="n" * 90) for what in ("changed", "added", "renamed")]
    for room in (40, 60, 100):
        assert all(width(line) <= room for line in view.text(steps, room, whole=True, color=False))
        origins = [Origin("outcomes." + "x" * 80, "渐" * 90, commit), Origin("sites", 5, None)]
        assert all(width(line) <= room for line in view.blame(origins, room, color=False))


def test_blame_in_columns() -> None:
    lines = list(
        view.blame(
            [Origin("title", "Trial", COMMIT), Origin("countries", ["CN", "US"], None)], None, color=False
        )
    )
    assert lines == [
        "2026-11-22  李 华          0123456789  title      Trial",
        "            not committed              countries  CN, US",
    ]


def test_blame_where_there_is_little_room() -> None:
    origins = [Origin("title", "Trial", COMMIT), Origin("sites", 6, COMMIT), Origin("phase", "2", None)]
    assert list(view.blame(origins, 60, color=False)) == [
        "2026-11-22  0123456789  李 华",
        "  title  Trial",
        "  sites  6",
        "not committed",
        "  phase  2",
    ]


def test_nothing_is_obeyed() -> None:
    commit = COMMIT._replace(author=HOSTILE, subject=HOSTILE)
    steps = [
        step(
            "renamed", Change(HOSTILE, HOSTILE, [HOSTILE], "major"), commit=commit, was=HOSTILE, note=HOSTILE
        )
    ]
    origins = [Origin(HOSTILE, HOSTILE, commit)]
    pages = [
        view.text(steps, None, whole=True, color=False),
        view.markdown(HOSTILE, steps, whole=True),
        view.blame(origins, None, color=False),
        view.blame_markdown(HOSTILE, origins),
    ]
    for page in pages:
        for line in page:
            assert not set("\x1b\n\u202e") & set(line)
            if line.startswith(("| major", "| 2026")):
                assert line.replace(r"\|", "").count("|") in (5, 6)
    assert json.loads(view.as_json("a", None, steps))["commits"][0]["author"] == HOSTILE
    assert json.loads(view.blame_json("a", origins))["fields"][0]["value"] == HOSTILE


# -- the changelog -----------------------------------------------------------------------------------


def end(**records: Version) -> changelog.End:
    return changelog.End("0123456789", "2026-11-22", records, Snapshot(()))


def lines(old: changelog.End, new: changelog.End) -> list[str]:
    news = changelog.news(record_changes(old.versions, new.versions), old, new, shipped())
    assert json.loads(changelog.as_json(news, old, new))["schema"] == "alscli/changelog/1"
    return list(changelog.markdown(news, old, new))


def trial(**values: object) -> Version:
    return Version("trial", {"id": "a", "title": "A", "status": "recruiting", "phase": "1"} | values)


def test_a_trial_that_is_not_decided_is_no_news() -> None:
    undecided = {"decision": "undecided"}
    assert lines(end(), end(a=trial(screening=undecided)))[-1] == "Nothing changed that concerns a reader."
    was, now = trial(screening=undecided), trial()
    assert "## New trials" in lines(end(a=was), end(a=now))
    assert lines(end(a=now), end(a=was))[-1] == "- **a** A: no longer decided"


def test_every_trial_stands_with_its_honest_line_or_with_why_not() -> None:
    for new in (
        trial(status="completed"),
        trial(outcomes=[{"id": "x", "role": "post_hoc", "result": "nominal"}]),
    ):
        page = lines(end(a=trial()), end(a=new))
        at = page.index(next(line for line in page if line.startswith("- **a** A")))
        assert page[at + 1] == "  - _no honest line: the record has errors_"


def test_events_of_a_product() -> None:
    one = {"on": "2020", "agency": "FDA", "type": "approval"}
    two = {"on": "2021", "agency": "EMA", "type": "approval", "outcome": "granted"}
    old = Version("product", {"id": "p", "name": "P", "events": [one]})
    new = Version("product", {"id": "p", "name": "P", "events": [one | {"on": "2019"}, two]})
    assert [line for line in lines(end(p=old), end(p=new)) if line.startswith("- ")] == [
        "- **p** P: 2019 FDA: approval (entry changed)",
        "- **p** P: 2021 EMA: approval, granted",
    ]


def test_claims_and_their_verdicts() -> None:
    claim = {"id": "c", "text": "It *heals*", "verdict": "unsupported", "why": "no trial"}
    old, new = Version("ledger", {}), Version("ledger", {"claims": [claim]})
    page = lines(end(ledger=old), end(ledger=new))
    assert page[-2].startswith(r"- “It \*heals\*”: ")
    assert page[-1] == "  - no trial"


def test_nothing_of_a_hostile_record_is_obeyed() -> None:
    values = {
        "id": HOSTILE,
        "title": HOSTILE,
        "status": HOSTILE,
        "registry_id": HOSTILE,
        "why_stopped": HOSTILE,
        "enrollment": {"planned": HOSTILE},
        "outcomes": [{"id": HOSTILE, "role": HOSTILE, "result": HOSTILE}],
    }
    page = lines(end(a=trial()), end(a=Version("trial", values)))
    assert len(page) > 10
    for line in page:
        assert not set("\x1b\n\u202e") & set(line)


@pytest.mark.parametrize("value", [1, True, "x", [], [1], {}, {"a": 1}, [{"a": 1}], [{"id": {"b": 1}}]])
def test_what_no_record_may_hold(value: object) -> None:
    keys = (
        "title",
        "status",
        "phase",
        "registry_id",
        "screening",
        "outcomes",
        "safety",
        "events",
        "former_ids",
    )
    for key in keys:
        for kind in ("trial", "product"):
            new = Version(kind, {"id": "a", key: value})  # type: ignore[arg-type]
            assert lines(end(a=Version(kind, {"id": "a"})), end(a=new))  # type: ignore[arg-type]
    for key in ("excluded", "claims"):
        assert lines(end(), end(ledger=Version("ledger", {key: value})))
