"""The interview: with a list of answers for a terminal, and on a real one."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from alscli.interview.dialog import interview
from alscli.interview.draft import Draft, unfinished
from alscli.interview.proposal import refuse_registered, refuse_taken
from alscli.interview.questions import Surroundings, identified
from alscli.interview.terminal import PlainTerminal, RichTerminal, terminal
from alscli.store.collection import Collection
from alscli.store.toml import parse

Program = Callable[..., subprocess.CompletedProcess[str]]


class Script:
    """A terminal at which answers are waiting; remembers what was asked and said."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []
        self.defaults: list[str] = []
        self.said: list[str] = []

    def ask(self, label: str, default: str, choices: Sequence[tuple[str, str]]) -> str:
        self.asked.append(label)
        self.defaults.append(default)
        if not self.answers:
            raise EOFError
        return self.answers.pop(0)

    def say(self, text: str, style: str = "") -> None:
        self.said.append(text)


@pytest.fixture
def around(collection_folder: Path) -> Surroundings:
    collection = Collection(collection_folder)
    snapshot = collection.load()
    return Surroundings(
        collection.vocabularies,
        snapshot.products,
        lambda number: refuse_registered(snapshot, number),
        lambda id_: refuse_taken(snapshot, id_),
    )


@pytest.fixture
def draft(tmp_path: Path) -> Draft:
    return Draft(tmp_path / "drafts" / "1.json", {})


WHOLE = [
    "nct01640067",  # registry id
    "mazzini-hnsc",
    "Human neural stem cells",
    "",  # Chinese title
    "",  # acronym
    "",  # conditions: ALS
    "",  # subtypes
    "",  # study type: interventional
    "单臂",
    "I期",
    "",  # phase label
    "已完成",
    "2019年",
    "non_randomized",
    "none",
    "not_reported",  # control
    "Italy",
    "2",
    "2011-12-28",
    "",
    "2015",
    "18",  # planned
    "",
    "",
    "",
    "18",  # treated
    "Azienda Ospedaliera Santa Maria",
    "",
    "human neural stem cells",
    "cell",
    "fetal-brain-NSC",
    "异体",
    "",  # no other intervention
    "https://doi.org/10.1093/stcltm/szz016",
    "",  # article
    "",  # no other source
]
RECORD: dict[str, Any] = {
    "schema": 1,
    "id": "mazzini-hnsc",
    "title": "Human neural stem cells",
    "registry_id": "NCT01640067",
    "conditions": ["ALS"],
    "study_type": "interventional",
    "design": "single_arm",
    "phase": "1",
    "status": "completed",
    "status_as_of": "2019",
    "allocation": "non_randomized",
    "masking": "none",
    "control": "not_reported",
    "countries": ["IT"],
    "sites": 2,
    "dates": {"registered": {"on": "2011-12-28"}, "completion": {"on": "2015"}},
    "enrollment": {"planned": 18, "treated": 18},
    "sponsor": {"name": "Azienda Ospedaliera Santa Maria"},
    "interventions": [
        {
            "id": "human-neural-stem-cells",
            "name": "human neural stem cells",
            "modality": "cell",
            "cell_type": "fetal-brain-NSC",
            "donor": "allogeneic",
        }
    ],
    "refs": [{"key": "10-1093-stcltm-szz016", "kind": "article", "doi": "10.1093/stcltm/szz016"}],
    "src": "registry",
    "screening": {"decision": "include"},
}


# -- with a script -----------------------------------------------------------------------------------


def test_the_whole_interview(around: Surroundings, draft: Draft) -> None:
    script = Script(*WHOLE)
    assert interview(draft, around, script) == RECORD
    assert script.answers == []
    assert script.asked[:2] == ["Registry id (optional)", "Id of the record"]
    assert script.defaults[1] == "nct01640067"
    assert "= NCT01640067" in script.said
    assert [text for text in script.said if not text.startswith("=")] == [
        "Identity",
        "The study",
        "Design",
        "Where",
        "When",
        "People",
        "Sponsor",
        "Interventions",
        "Sources",
    ]


def test_without_a_registry_id_a_source_is_needed(around: Surroundings, draft: Draft) -> None:
    answers = ["", "none_found", *WHOLE[1:33], "", "34890069", "", ""]
    script = Script(*answers)
    record = interview(draft, around, script)
    assert (record["registration"], record["src"]) == ("none_found", "34890069")
    assert record["refs"] == [{"pmid": "34890069", "key": "34890069", "kind": "article"}]
    assert "this one is needed; ? explains, < goes back" in script.said


def test_a_duplicate_is_refused_before_anything_else(around: Surroundings, draft: Draft) -> None:
    script = Script("https://clinicaltrials.gov/study/NCT03280056", "nct01640067", "valor", "mazzini-hnsc")
    with pytest.raises(EOFError):
        interview(draft, around, script)
    assert script.asked[:2] == ["Registry id (optional)"] * 2
    assert "NCT03280056 is already in" in script.said[1]
    assert script.said[1].endswith("`alscli show nurown-phase3` shows it")
    assert any("the id valor is taken by" in text for text in script.said)
    assert draft.answers == {"registry_id": "nct01640067", "id": "mazzini-hnsc"}


def test_an_answer_that_is_none_is_asked_again(around: Surroundings, draft: Draft) -> None:
    answers = [*WHOLE[:8], "", "five arms", "单臂", "five", "1", "", "recruting", "recruiting", "March"]
    script = Script(*answers)
    with pytest.raises(EOFError):
        interview(draft, around, script)
    assert "'five arms' is no term of design" in " ".join(script.said)
    assert "'recruting' is no term of status; did you mean recruiting" in " ".join(script.said)
    assert "'March' is not a date" in " ".join(script.said)
    assert draft.answers["status"] == "recruiting"
    assert "status_as_of" not in draft.answers


def test_help(around: Surroundings, draft: Draft) -> None:
    script = Script("?", *WHOLE[:8], "?")
    with pytest.raises(EOFError):
        interview(draft, around, script)
    assert script.said[1].startswith("The id in its primary registry, in any form")
    assert any(text.startswith("  rct ") for text in script.said)
    assert sum(text.startswith("< goes back") for text in script.said) == 2


def test_back_and_forth(around: Surroundings, draft: Draft) -> None:
    script = Script("<", *WHOLE[:3], "<", "<", "other-id", "", *WHOLE[3:])
    record = interview(draft, around, script)
    assert record == RECORD | {"id": "other-id"}
    assert "this is the first question" in script.said
    # What was taken back is offered again.
    assert script.asked[4:8] == ["Title (Chinese) (optional)", "Title", "Id of the record", "Title"]
    assert script.defaults[4:8] == ["", "Human neural stem cells", "mazzini-hnsc", "Human neural stem cells"]


def test_back_to_what_other_questions_hang_on(around: Surroundings, draft: Draft) -> None:
    """Going back past an intervention takes its details with it; a stopped trial is asked why."""
    script = Script(*WHOLE[:31], "<", "<", "<", "nurown", "", *WHOLE[33:])
    record = interview(draft, around, script)
    assert record["interventions"] == [{"id": "nurown", "product": "nurown"}]
    script = Script(*WHOLE[:11], "terminated", "2019", "<", "<", "completed", "2019")
    draft = Draft(draft.path, {})
    with pytest.raises(EOFError):
        interview(draft, around, script)
    assert "Why stopped (optional)" in script.asked
    assert draft.answers["status"] == "completed"


def test_back_goes_to_the_question_before_this_one(around: Surroundings, draft: Draft) -> None:
    draft.answers.update({"registry_id": "nct01640067", "title": "T", "title_zh": ""})
    script = Script("<", "nct01640068", "mazzini-hnsc")
    with pytest.raises(EOFError):
        interview(draft, around, script)
    assert script.asked == [
        "Id of the record",
        "Registry id",  # with the answer before as its default
        "Id of the record",
        "Acronym (optional)",
    ]
    assert draft.answers["registry_id"] == "nct01640068"


@pytest.mark.parametrize("stop", [1, 5, 17, 29, 32, len(WHOLE) - 1])
def test_a_resumed_draft_gives_the_same_record(stop: int, around: Surroundings, draft: Draft) -> None:
    with pytest.raises(EOFError):
        interview(draft, around, Script(*WHOLE[:stop]))
    again = Draft(draft.path, _saved(draft))
    assert len(again.answers) == stop
    assert interview(again, around, Script(*WHOLE[stop:])) == RECORD


def _saved(draft: Draft) -> dict[str, str]:
    import json

    answers: dict[str, str] = json.loads(draft.path.read_text("utf-8"))["answers"]
    return answers


def test_what_was_taken_meanwhile_is_said_and_asked_again(around: Surroundings, draft: Draft) -> None:
    draft.answers.update({"registry_id": "NCT03280056", "id": "valor"})
    script = Script("nct01640067", "", "mazzini-hnsc")
    with pytest.raises(EOFError):
        interview(draft, around, script)
    assert "NCT03280056 is already in" in script.said[0]
    assert script.defaults[0] == "NCT03280056"
    assert sum("the id valor is taken" in text for text in script.said) >= 1
    assert draft.answers["id"] == "mazzini-hnsc"


def test_ctrl_c_keeps_what_was_answered(around: Surroundings, draft: Draft) -> None:
    class Impatient(Script):
        def ask(self, label: str, default: str, choices: Sequence[tuple[str, str]]) -> str:
            if not self.answers:
                raise KeyboardInterrupt
            return super().ask(label, default, choices)

    with pytest.raises(KeyboardInterrupt):
        interview(draft, around, Impatient(*WHOLE[:3]))
    assert list(_saved(draft)) == ["registry_id", "id", "title"]


def test_several_interventions_and_sources_get_names_of_their_own(around: Surroundings, draft: Draft) -> None:
    cells = ["cells", "cell", "MSC", "autologous"]
    sources = ["10.1000/x", "", "https://clinicaltrials.gov/study/NCT01640067", "", "10.1000/x", "review", ""]
    record = interview(draft, around, Script(*WHOLE[:28], *cells, *cells, "NurOwn", "", *sources))
    assert [each["id"] for each in record["interventions"]] == ["cells", "cells-2", "nurown"]
    assert [each["key"] for each in record["refs"]] == ["10-1000-x", "nct01640067", "10-1000-x-2"]
    assert [each["kind"] for each in record["refs"]] == ["article", "registry", "review"]


def test_terms_of_the_collection_count(collection_folder: Path, around: Surroundings, draft: Draft) -> None:
    (collection_folder / "vocab").mkdir()
    (collection_folder / "vocab" / "design.toml").write_text(
        'field = "design"\n[[terms]]\ncode = "platform"\nen = "platform trial"\n'
    )
    own = Surroundings(
        Collection(collection_folder).vocabularies,
        around.products,
        around.refuse_registered,
        around.refuse_taken,
    )
    script = Script(*WHOLE[:8], "Platform trial", *WHOLE[9:])
    assert interview(draft, own, script)["design"] == "platform"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("doi:10.1000/x", {"doi": "10.1000/x"}),
        ("PMC9305113", {"pmcid": "PMC9305113"}),
        ("34890069", {"pmid": "34890069"}),
        ("https://example.org/", {"url": "https://example.org/"}),
    ],
)
def test_what_a_source_is(text: str, found: dict[str, str]) -> None:
    assert identified(text) == found


# -- the terminals -----------------------------------------------------------------------------------


def test_a_dumb_terminal_gets_plain_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import io

    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setattr("sys.stdin", io.StringIO("an answer\r\n"))
    plain = terminal(color=False)
    assert type(plain) is PlainTerminal
    assert plain.ask("Title", "T", ()) == "an answer"
    plain.say("\x1b[31mred", "bad")
    with pytest.raises(EOFError):
        plain.ask("Title", "", ())
    assert capsys.readouterr() == ("", "Title [T]: \\x1b[31mred\nTitle: ")


def test_a_terminal_that_can_do_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    assert type(terminal(color=True)) is RichTerminal


# -- on a pseudo terminal ----------------------------------------------------------------------------

needs_terminal = pytest.mark.skipif(sys.platform == "win32", reason="no pseudo terminals")


@pytest.fixture
def on_terminal(collection_folder: Path) -> Iterator[Callable[..., Any]]:
    pexpect = (
        pytest.importorskip("pexpect") if not os.environ.get("ALSCLI_TEST_ALL") else __import__("pexpect")
    )
    children: list[Any] = []

    def spawn(term: str, *arguments: str) -> Any:
        child = pexpect.spawn(
            sys.executable,
            ["-m", "alscli", *arguments],
            cwd=str(collection_folder.parent),
            env=os.environ | {"TERM": term, "NO_COLOR": "1", "PROMPT_TOOLKIT_NO_CPR": "1"},
            encoding="utf-8",
            timeout=30,
            dimensions=(40, 120),
        )
        children.append(child)
        return child

    yield spawn
    for child in children:
        child.close(force=True)


def type_in(child: Any, label: str, answer: str) -> None:
    child.expect(label)
    child.expect(":")
    child.send(answer + "\r")


@needs_terminal
@pytest.mark.parametrize("term", ["xterm", "dumb"])
def test_add_on_a_terminal_interrupted_and_resumed(
    term: str, on_terminal: Callable[..., Any], collection_folder: Path
) -> None:
    child = on_terminal(term, "add")
    type_in(child, "Registry id", "NCT03280056")
    child.expect("is already in")
    type_in(child, "Registry id", "nct01640067")
    type_in(child, "Id of the record", "mazzini-hnsc")
    type_in(child, "Title", "Human neural stem cells")
    child.expect("Chinese")
    child.expect(":")
    child.sendintr()
    child.expect("kept as a draft")
    child.wait()
    assert child.exitstatus == 130
    assert not (collection_folder / "trials" / "mazzini-hnsc.toml").exists()
    assert [draft.name for draft in unfinished(collection_folder)] == ["mazzini-hnsc"]

    child = on_terminal(term, "add")
    type_in(child, "Resume mazzini-hnsc", "y")
    labels = (
        "Title Acronym Conditions Subtypes Study Design Phase Phase Status Status Allocation Masking Control"
    )
    labels += (
        " Countries Sites Registered Start Completion Planned Screened Enrolled Randomized Treated Sponsor"
    )
    labels += " Sponsor Intervention Modality Cell Donor Another Source Kind Another"
    for label, answer in zip(labels.split(), WHOLE[3:], strict=True):
        type_in(child, label, answer)
    child.expect("decision = ")
    type_in(child, "w: write it", "w")
    child.expect("wrote records/trials/mazzini-hnsc.toml")
    child.wait()
    assert child.exitstatus == 0
    written = parse((collection_folder / "trials" / "mazzini-hnsc.toml").read_bytes()).values
    assert written == RECORD
    assert unfinished(collection_folder) == []


@needs_terminal
def test_the_end_of_input_keeps_the_draft(on_terminal: Callable[..., Any], collection_folder: Path) -> None:
    child = on_terminal("dumb", "add", "NCT01640067")
    type_in(child, "Id of the record", "")
    child.expect("Title")
    child.sendeof()
    child.expect("kept as a draft")
    child.wait()
    (draft,) = unfinished(collection_folder)
    assert draft.answers == {"registry_id": "NCT01640067", "id": "nct01640067"}


@needs_terminal
def test_a_duplicate_named_on_the_command_line(
    on_terminal: Callable[..., Any], collection_folder: Path
) -> None:
    child = on_terminal("dumb", "add", "NCT03280056")
    child.expect("NCT03280056 is already in records/trials/nurown-phase3.toml")
    child.expect("Registry id")
    child.sendintr()
    child.wait()
    assert child.exitstatus == 130


def test_nobody_at_the_terminal(collection_folder: Path, alscli: Program) -> None:
    done = alscli(collection_folder.parent, "add", stdin="")
    assert done.returncode == 2
    assert "stdin is no terminal" in done.stderr
