"""`add` through a real pseudo-terminal: what a person types, and what stands in the file afterwards."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from alscli.interview.dialog import interview
from alscli.interview.draft import Draft, folder, unfinished
from alscli.interview.proposal import refuse_registered, refuse_taken
from alscli.interview.question import SHAPE, Choice, Surroundings
from alscli.store.canonical import dump
from alscli.store.collection import Collection
from alscli.store.toml import parse

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")

Start = Callable[..., Any]
Steps = list[tuple[str, str]]
ANSWERS: dict[str, Sequence[str]] = {
    "Registry id": ["https://clinicaltrials.gov/study/nct09999999?term=ALS"],
    "Title": ["Cells in ALS, two arms"],
    "Product": ["分泌神经营养因子的间充质干细胞"],
    "Id of the record": ["cells-two-arms"],
    "Source": ["https://doi.org/10.1000/xyz"],
    "Key": ["doe2020"],
    "Another source": ["PMID: 34890069"],
    "Design": ["随机对照试验"],
    "Phase": ["II期"],
    "Status": ["已完成"],
    "Status as of": ["2020年3月5日"],
    "Allocation": ["随机"],
    "Masking": ["Quadruple"],
    "Control": ["安慰剂"],
    "Countries": ["中国, Israel"],
    "Start": ["2018"],
    "Completion": ["2020-01"],
    "Randomized": ["40"],
    "Age": ["18-60"],
    "Arm": ["active"],
    "Another arm": ["placebo"],
    "Role of active": ["experimental"],
    "Role of placebo": ["安慰剂对照"],
    "People in active": ["20"],
    "People in placebo": ["not reported"],
    "Given to active": ["nurown"],
    "Given to placebo": ["placebo"],
    "Route": ["鞘内注射", "intrathecal"],
    "Dose": ["1×10^6/kg"],
    "How many doses": ["3", "3"],
    "Every": ["every 2 months", "每2个月"],
    "Outcome": ["responder-28w"],
    "Another outcome": ["slope", "sae"],
    "Role": ["primary", "secondary", "secondary"],
    "Instrument": ["ALSFRS-R", "alsfrs r", "adverse events"],
    "Measure": ["responder", "slope", "incidence"],
    "When": ["28 weeks", "0d..28w", ""],
    "What the values are": ["count", "mean"],
    "Result": ["not_met", "not_significant", "descriptive"],
    "Value in active": ["7 of 20", "-1.10, sd 0.5, n 20", "1 of 20"],
    "Value in placebo": ["6 of 20", "-1.20, se 0.1, n 20", "2 of 20"],
    "Comparison": ["active vs placebo"],
    "Measure of effect": ["odds ratio"],
    "Estimate": ["1.26"],
    "Confidence interval": ["0.35 to 4.5"],
    "p": ["0.72"],
    "Which source": ["doe2020"] * 4,
    "Where in the source": ["table 2"] * 4,
    "Harms in": ["active"],
    "People at risk": ["20"],
    "People with a serious event": ["1"],
}
"""Answers by the label of their question, one after the other; every other question is left empty."""


class Rehearsal:
    """Somebody who answers without a terminal, to know in which order the questions come."""

    def __init__(self) -> None:
        self.left = {label: list(texts) for label, texts in ANSWERS.items()}
        self.steps: Steps = []
        self.groups: list[int] = []

    def ask(self, label: str, default: str, choices: Sequence[Choice]) -> str:
        texts = self.left.get(label.removesuffix(" (optional)"))
        self.steps.append((label, texts.pop(0) if texts else ""))
        return self.steps[-1][1]

    def say(self, text: str, style: str = "") -> None:
        if style == "heading":
            self.groups.append(len(self.steps))


def shortened(steps: Steps, groups: list[int]) -> Steps:
    """The same with the rest of each group skipped where nothing more is answered in it."""
    short: Steps = []
    for start, end in zip(groups, [*groups[1:], len(steps)], strict=True):
        given = [n for n in range(start, end) if steps[n][1] or "optional" not in steps[n][0]]
        answered = max(given, default=start - 1)
        rest = steps[answered + 1 : answered + 2] if answered + 1 < end else []
        short += [*steps[start : answered + 1], *((label, ">") for label, _ in rest)]
    return short


@pytest.fixture
def rehearsed(collection_folder: Path, tmp_path: Path) -> tuple[Rehearsal, dict[str, Any]]:
    """The questions with their answers, and the record that they make; its draft is `rehearsal.json`."""
    collection = Collection(collection_folder)
    snapshot = collection.load()
    around = Surroundings(
        collection.vocabularies,
        snapshot.products,
        partial(refuse_registered, snapshot),
        partial(refuse_taken, snapshot),
    )
    person = Rehearsal()
    values = interview(Draft(tmp_path / "rehearsal.json", {}), around, person)
    record = parse(dump(values, SHAPE).encode()).values
    assert not any(person.left.values()), "answers without a question"
    return person, record


def type_in(child: Any, label: str, answer: str) -> None:
    child.expect_exact(label)
    child.expect_exact(":")
    child.send(answer + "\r")


def finish(child: Any, way: str) -> int:
    type_in(child, "What now", way)
    child.expect_exact(["wrote", "kept", "discarded"])
    child.wait()
    status: int = child.exitstatus
    return status


@pytest.mark.parametrize(("term", "columns"), [("xterm", 60), ("dumb", 80)])
def test_a_whole_record_with_mistakes_and_ways_back(
    term: str,
    columns: int,
    at_terminal: Start,
    collection_folder: Path,
    rehearsed: tuple[Rehearsal, dict[str, Any]],
) -> None:
    """Two arms and three outcomes; a duplicate is refused, Chinese terms and a pasted address are read."""
    person, record = rehearsed
    steps = shortened(person.steps, person.groups)
    child = at_terminal(collection_folder.parent, "-m", "alscli", "add", term=term, columns=columns)
    type_in(child, "Registry id", "clinicaltrials.gov/study/NCT03280056")
    child.expect_exact("is already in")
    for label, answer in steps:
        if label == "Status":
            type_in(child, "Status", "recruting")
            child.expect_exact("did you mean recruiting")
            type_in(child, "Status", "<")
            type_in(child, "Phase label", "<")
            type_in(child, "Phase", "?")
            child.expect_exact("early phase 1")
            type_in(child, "Phase", "")
            type_in(child, "Phase label", "")
        if label == "Dose (optional)":
            type_in(child, label, "100 spoons")
            child.expect_exact("is no")
        type_in(child, label, answer)
        if label == "Dose (optional)":
            child.expect_exact("= 1_000_000 cells/kg")
    child.expect_exact("in 1 record")
    assert finish(child, "save") == 0
    written = parse((collection_folder / "trials" / "cells-two-arms.toml").read_bytes()).values
    assert written == record
    assert [len(record[name]) for name in ("arms", "outcomes", "refs")] == [2, 3, 2]
    assert unfinished(collection_folder) == []


_AGAIN = "from alscli.cli import main\nwhile main(['add']) == 130: print('and again', flush=True)"


def test_ctrl_c_at_every_prompt_and_resumed(
    at_terminal: Start, collection_folder: Path, rehearsed: tuple[Rehearsal, dict[str, Any]]
) -> None:
    """Every prompt is left with Ctrl-C once, with something typed; the next `add` goes on there."""
    person, record = rehearsed
    steps = person.steps
    for path in (collection_folder / "trials").iterdir():  # each start reads them
        path.unlink()
    child = at_terminal(collection_folder.parent, "-c", _AGAIN, term="dumb")
    for number, (label, answer) in enumerate(steps):
        child.expect_exact(label)
        child.expect_exact(":")
        child.send("half an ans")
        child.sendintr()
        child.expect_exact("no file was written")
        child.expect_exact("and again")
        if number:
            type_in(child, "Resume", "y")
        type_in(child, label, answer)
    child.expect_exact("What now:")
    child.sendintr()
    child.expect_exact("kept as a draft")
    type_in(child, "Resume", "")
    assert finish(child, "save") == 0
    assert parse((collection_folder / "trials" / "cells-two-arms.toml").read_bytes()).values == record


@pytest.mark.parametrize("end", ["eof", "kill", "hangup"])
def test_whatever_ends_it_only_the_answer_being_typed_is_lost(
    end: str, at_terminal: Start, collection_folder: Path
) -> None:
    child = at_terminal(collection_folder.parent, "-m", "alscli", "add")
    type_in(child, "Registry id", "nct09999999")
    type_in(child, "Title", "Cells in ALS")
    child.expect_exact("Product")
    child.expect_exact(":")
    if end == "eof":
        child.sendeof()
    else:
        child.kill(signal.SIGKILL if end == "kill" else signal.SIGHUP)
    child.wait()
    (draft,) = unfinished(collection_folder)
    assert draft.answers == {"registry_id": "nct09999999", "title": "Cells in ALS"}
    draft.discard()
    assert end != "eof" or child.exitstatus == 130


def test_what_can_be_done_at_the_end(
    at_terminal: Start,
    collection_folder: Path,
    tmp_path: Path,
    rehearsed: tuple[Rehearsal, dict[str, Any]],
    alscli: Callable[..., Any],
) -> None:
    """Keep, edit a field that was asked for and one that was not, open in an editor, save."""
    _, record = rehearsed
    folder(collection_folder).mkdir(parents=True)
    (tmp_path / "rehearsal.json").rename(folder(collection_folder) / "1.json")
    listed = alscli(collection_folder.parent, "add", "--drafts").stdout
    (draft,) = unfinished(collection_folder)
    assert listed.startswith(f"cells-two-arms\t{sum(map(bool, draft.answers.values()))} answers\t")

    editor = tmp_path / "editor.py"
    editor.write_text(
        "import pathlib, sys\n"
        "file = pathlib.Path(sys.argv[1])\n"
        "file.write_text(file.read_text('utf-8').replace('two arms', 'edited by hand'), 'utf-8')\n"
    )
    named = f"{sys.executable} {editor}"
    child = at_terminal(collection_folder.parent, "-m", "alscli", "add", VISUAL="false", EDITOR=named)
    type_in(child, "Resume", "y")
    type_in(child, "What now", "edit enrollment.randomized")
    type_in(child, "Randomized", "41")
    child.expect_exact("in 1 record")
    type_in(child, "What now", "edit arms.active.background")
    type_in(child, "arms.active.background", "riluzole")
    child.expect_exact("in 1 record")
    type_in(child, "What now", "edit colour")
    child.expect_exact("no field")
    type_in(child, "What now", "open")
    child.expect_exact("the editor 'false' ended with 1")
    type_in(child, "What now", "keep")
    child.wait()
    child = at_terminal(collection_folder.parent, "-m", "alscli", "add", EDITOR=named, VISUAL="")
    type_in(child, "Resume", "y")
    type_in(child, "What now", "open")
    child.expect_exact("edited by hand")
    assert finish(child, "save") == 0
    written = parse((collection_folder / "trials" / "cells-two-arms.toml").read_bytes()).values
    assert written["title"] == "Cells in ALS, edited by hand"
    assert written["enrollment"] == {"randomized": 41}
    assert written["arms"][0].pop("background") == ["riluzole"]
    same = {"title": record["title"], "enrollment": record["enrollment"]}
    assert written | same == record


def test_errors_keep_a_record_from_being_written(at_terminal: Start, collection_folder: Path) -> None:
    answers = {
        "registry_id": "nct09999999",
        "title": "T",
        "id": "wrong",
        "conditions": "ALS",
        "study_type": "interventional",
        "design": "single_arm",
        "phase": "1",
        "status": "completed",
        "status_as_of": "2020",
        "dates.start.on": "2020",
        "dates.completion.on": "2019",
    }
    place = folder(collection_folder)
    place.mkdir(parents=True)
    (place / "1.json").write_text(json.dumps({"schema": "alscli/draft/1", "answers": answers}))
    child = at_terminal(collection_folder.parent, "-m", "alscli", "add", term="dumb")
    type_in(child, "Resume wrong", "y")
    groups = 0
    while child.expect_exact([" (optional):", "What now:"]) == 0:
        groups += 1
        child.send(">\r")
    assert groups > 5
    child.send("save\r")
    child.expect_exact("it has errors")
    assert finish(child, "discard") == 0
    assert not (collection_folder / "trials" / "wrong.toml").exists()
    assert unfinished(collection_folder) == []


def test_what_is_pasted_is_taken_as_one_line_or_refused(at_terminal: Start, collection_folder: Path) -> None:
    child = at_terminal(collection_folder.parent, "-m", "alscli", "add")
    type_in(child, "Registry id", "nct09999999")
    child.expect_exact("Title")
    child.expect_exact(":")
    child.send("\x1b[200~Cells\r\n  in ALS\x1b[201~\r")
    type_in(child, "Product", "")
    child.expect_exact("Sponsor")
    child.expect_exact(":")
    os.write(child.child_fd, b"a \xff sponsor\r")
    child.expect_exact("no UTF-8")
    child.sendintr()
    child.wait()
    (draft,) = unfinished(collection_folder)
    assert draft.answers["title"] == "Cells in ALS"
    draft.discard()
