"""The interview: with a list of answers for a terminal, and on a real one."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest

from alscli.errors import UsageError
from alscli.interview.answer import absence_named
from alscli.interview.dialog import interview, mend
from alscli.interview.draft import Draft
from alscli.interview.parts import identified
from alscli.interview.proposal import refuse_registered, refuse_taken
from alscli.interview.question import Choice, Surroundings, product_choices
from alscli.interview.remarks import remarks
from alscli.interview.terminal import PlainTerminal, RichTerminal, matching, painted, terminal
from alscli.store.collection import Collection

Program = Callable[..., subprocess.CompletedProcess[str]]


class Script:
    """A terminal at which answers are waiting; remembers what was asked and said."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []
        self.defaults: list[str] = []
        self.said: list[str] = []

    def ask(self, label: str, default: str, choices: Sequence[Choice]) -> str:
        self.asked.append(label)
        self.defaults.append(default)
        if not self.answers:
            raise EOFError
        return self.answers.pop(0)

    def say(self, text: str, style: str = "") -> None:
        self.said.append(text)


@pytest.fixture(autouse=True)
def _no_power_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: None)  # it takes its time, and nobody pulls the plug here


@pytest.fixture
def around(collection_folder: Path) -> Surroundings:
    collection = Collection(collection_folder)
    snapshot = collection.load()
    return Surroundings(
        collection.vocabularies,
        snapshot.products,
        cache(partial(refuse_registered, snapshot)),
        cache(partial(refuse_taken, snapshot)),
    )


@pytest.fixture
def draft(tmp_path: Path) -> Draft:
    return Draft(tmp_path / "drafts" / "1.json", {})


ANSWERS = {
    "Registry id": "nct01640067",
    "Title": "Human neural stem cells",
    "Sponsor": "Azienda Ospedaliera Santa Maria",
    "Id of the record": "mazzini-hnsc",
    "Source": "https://doi.org/10.1093/stcltm/szz016",
    "Key": "mazzini2019",
    "Design": "单臂",
    "Phase": "I期",
    "Status": "已完成",
    "Status as of": "2019年",
    "Allocation": "non_randomized",
    "Masking": "none",
    "Control": "not_reported",
    "Countries": "Italy",
    "Sites (number)": "2",
    "Registered": "2011-12-28",
    "Completion": "2015",
    "Planned": "18",
    "Treated": "18",
    "Age": "20-75",
    "Intervention": "human neural stem cells",
    "Modality": "cell",
    "Cell type": "fetal-brain-NSC",
    "Donor": "异体",
    "Arm": "Three lower doses",
    "Role of three-lower-doses": "experimental",
    "People in three-lower-doses": "18",
    "Given to three-lower-doses": "human-neural-stem-cells",
    "Route": "脊髓内",
    "Dose": "2.25–4.5 × 10⁶ cells",
    "How many doses": "1",
    "Outcome": "safety",
    "Role": "primary",
    "Instrument": "adverse events",
    "Result": "descriptive",
    "Value in three-lower-doses": "0 of 18",
    "Comparison": "baseline",
    "p": "<0.05",
    "Which source": "mazzini2019",
    "Harms in": "all",
    "People at risk": "18",
    "Deaths": "not reported",
    "What a reader must know": "An example.",
}
"""Answers by the label of their question; every other question is left empty."""
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
    "eligibility": {"age": [20, 75]},
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
    "arms": [
        {
            "id": "three-lower-doses",
            "label": "Three lower doses",
            "role": "experimental",
            "n": 18,
            "given": [
                {
                    "intervention": "human-neural-stem-cells",
                    "route": "intraspinal",
                    "low": 2_250_000,
                    "high": 4_500_000,
                    "unit": "cells",
                    "doses": 1,
                }
            ],
        }
    ],
    "outcomes": [
        {
            "id": "safety",
            "role": "primary",
            "instrument": "adverse-events",
            "result": "descriptive",
            "values": [{"arm": "three-lower-doses", "n": 18, "value": 0}],
            "effects": [{"arm": "three-lower-doses", "vs": "baseline", "p": "<0.05"}],
            "src": "mazzini2019",
        }
    ],
    "safety": [{"n": 18, "deaths": "not_reported", "src": "mazzini2019"}],
    "note": "An example.",
    "refs": [{"key": "mazzini2019", "kind": "article", "doi": "10.1093/stcltm/szz016"}],
    "src": "registry",
    "screening": {"decision": "include"},
}
GROUPS = [
    "Identity",
    "Sources",
    "The study",
    "Design",
    "Where and how long",
    "When",
    "People",
    "Who could take part",
    "Sponsor",
    "Interventions",
    "Arms",
    "Outcomes",
    "Safety",
    "At the end",
]


class Person(Script):
    """A terminal at which somebody answers by the labels, a list one after the other.

    Interrupts before the question of number `stop`; at the end of a list the answer is of `ANSWERS` again.
    """

    def __init__(self, answers: dict[str, str | list[str]] | None = None, stop: int = -1) -> None:
        super().__init__()
        self.by_label = {
            label: [text] if isinstance(text, str) else list(text) for label, text in (answers or {}).items()
        }
        self.stop = stop

    def ask(self, label: str, default: str, choices: Sequence[Choice]) -> str:
        if len(self.asked) == self.stop:
            raise KeyboardInterrupt
        assert len(self.asked) < 300, self.asked[-9:]
        self.asked.append(label)
        self.defaults.append(default)
        name = label.removesuffix(" (optional)")
        own = self.by_label.get(name)
        if own:
            return own.pop(0)
        return ANSWERS.get(name, "")


# -- with a script -----------------------------------------------------------------------------------


def test_the_whole_interview(around: Surroundings, draft: Draft) -> None:
    person = Person()
    assert interview(draft, around, person) == RECORD
    assert person.asked[:2] == ["Registry id (optional)", "Title"]
    assert person.defaults[person.asked.index("Id of the record")] == "nct01640067"
    assert "= NCT01640067" in person.said
    assert "= 2_250_000 to 4_500_000 cells" in person.said
    assert [text[1:] for text in person.said if text.startswith("\n")] == GROUPS
    assert "1 arm: three-lower-doses (experimental, n 18)" in person.said


def test_without_a_registry_id_a_source_is_needed(around: Surroundings, draft: Draft) -> None:
    person = Person(
        {
            "Registry id": "",
            "Why no registry id": "none_found",
            "Source": ["", "34890069"],
            "Outcome": "",
            "Harms in": "",
        }
    )
    record = interview(draft, around, person)
    assert (record["registration"], record["src"]) == ("none_found", "mazzini2019")
    assert record["refs"] == [{"pmid": "34890069", "key": "mazzini2019", "kind": "article"}]
    assert "this one is needed; ? explains, < goes back" in person.said


def test_a_duplicate_is_refused_before_anything_else(around: Surroundings, draft: Draft) -> None:
    person = Person(
        {
            "Registry id": ["https://clinicaltrials.gov/study/NCT03280056", "nct01640067"],
            "Id of the record": ["valor", "mazzini-hnsc"],
        },
        stop=8,
    )
    with pytest.raises(KeyboardInterrupt):
        interview(draft, around, person)
    assert person.asked[:2] == ["Registry id (optional)"] * 2
    assert "NCT03280056 is already in" in person.said[1]
    assert person.said[1].endswith("`alscli show nurown-phase3` shows it")
    assert any("the id valor is taken by" in text for text in person.said)
    assert draft.answers["id"] == "mazzini-hnsc"


def test_an_answer_that_is_none_is_asked_again(around: Surroundings, draft: Draft) -> None:
    person = Person(
        {
            "Design": ["", "five arms", "单臂"],
            "Status": ["recruting", "recruiting"],
            "Status as of": ["March", "2019"],
            "Title": ["x" * 10_001, "\udcff", ">", "A\n title"],
            "Dose": ["1×10^6 spoons", "30 × 10⁶"],
            "Given to three-lower-doses": ["nurown", "placebo"],
            "Comparison": ["x vs y", "Three lower doses VS Baseline"],
            "What the values are": "count",
            "Value in three-lower-doses": ["1 ± 2", "not met", "33%", "1, sd 2"],
            "Harms in": ["arm-9", "Three Lower Doses"],
            "Source": ["hello", "10.1000/x"],
            "Key": ["registry", "x"],
            "Which source": ["nobody", "x", "registry, x"],
        }
    )
    record = interview(draft, around, person)
    told = " ".join(person.said)
    for problem in (
        "'five arms' is no term of design",
        "'recruting' is no term of status; did you mean recruiting",
        "'March' is not a date",
        "10,001 characters",
        "no UTF-8",
        "no intervention 'nurown' in this record; there are: human-neural-stem-cells, placebo",
        "'x vs y' compares nothing",
        "± is a standard deviation or a standard error; write sd 1.2 or se 1.2",
        "no arm 'arm-9'",
        "'not met' is not a number, or a bound such as <0.001; write 13 of 19",
        "'33%' is no count; write 33 of 95",
        "'five arms' is no term of design; ? lists the terms",
        "'hello' is no DOI",
        "no source 'nobody' in this record; there are: registry, x",
        "the key registry is taken",
    ):
        assert problem in told
    assert record["title"] == "A title"
    assert record["status"] == "recruiting"
    assert record["outcomes"][0]["effects"] == [{"arm": "three-lower-doses", "vs": "baseline", "p": "<0.05"}]
    assert record["safety"][0]["arm"] == "three-lower-doses"
    assert record["outcomes"][0]["values"] == [{"arm": "three-lower-doses", "value": 1, "sd": 2}]


def test_help(around: Surroundings, draft: Draft) -> None:
    person = Person({"Registry id": "?", "Design": "?"}, stop=25)
    with pytest.raises(KeyboardInterrupt):
        interview(draft, around, person)
    assert person.said[1].startswith("The id in its primary registry, in any form")
    assert any(text.startswith("  rct ") for text in person.said)
    assert sum("< goes back" in text for text in person.said) == 2


def test_back_and_forth(around: Surroundings, draft: Draft) -> None:
    person = Person(
        {
            "Registry id": ["<", ANSWERS["Registry id"]],
            "Sponsor": "<",
            "Product": ["", "<", ""],
            "Title": [ANSWERS["Title"], "Other"],
        }
    )
    assert interview(draft, around, person) == RECORD | {"title": "Other"}
    assert "this is the first question" in person.said
    labels = ["Registry_id", "Title", "Product", "Sponsor", "Product", "Title", "Product", "Sponsor"]
    assert [label.removesuffix(" (optional)") for label in person.asked[1:9]] == [
        label.replace("_", " ") for label in labels
    ]
    assert person.defaults[6] == "Human neural stem cells"  # what was taken back is offered again


def test_back_to_the_very_first_question(around: Surroundings, draft: Draft) -> None:
    with pytest.raises(KeyboardInterrupt):
        interview(draft, around, Person(stop=70))
    before = len(draft.answers)

    class Returning(Script):
        def ask(self, label: str, default: str, choices: Sequence[Choice]) -> str:
            if label == "Registry id":
                raise KeyboardInterrupt
            return "<"

    with pytest.raises(KeyboardInterrupt):
        interview(draft, around, Returning())
    assert draft.answers == {}
    again = Draft(draft.path, {}, _saved(draft)["former"])
    assert len(again.former) == before
    assert interview(again, around, Person()) == RECORD


@pytest.mark.parametrize(
    ("way", "label"),
    [
        ("<title", "Title"),
        ("< enrollment.planned", "Planned"),
        ("<arms.three-lower-doses.n", "People in three-lower-doses"),
        ("<dates.start", "Start (optional)"),
        ("<Sites (number)", "Sites (number)"),
        ("<people in Three lower doses", "People in three-lower-doses"),
        ("<loc", "Where in the source (optional)"),  # of several the last
        ("<which source", "Which source"),
    ],
)
def test_back_to_a_field_by_name(way: str, label: str, around: Surroundings, draft: Draft) -> None:
    person = Person({"What a reader must know": ["<nothing", way]})
    assert interview(draft, around, person) == RECORD
    place = person.asked.index("What a reader must know (optional)") + 2
    assert person.asked[place] in (label, label + " (optional)")
    assert person.asked[place + 1 :] == ["What a reader must know (optional)"]
    (said,) = (text for text in person.said if "'nothing' is not answered yet" in text)
    assert len(said) < 100


def test_a_group_is_skipped_and_an_answer_emptied(around: Surroundings, draft: Draft) -> None:
    person = Person(
        {
            "Planned": ">",
            "Conditions": "-",
            "Countries": ["<", "Italy"],
            "Status as of": "2019",
            "Outcome": ">",
            "Purpose": "<",
        }
    )
    person.by_label["Conditions"] = ["-", "ALS"]
    record = interview(draft, around, person)
    assert "enrollment" not in record
    assert "outcomes" not in record
    assert "Screened (optional)" not in person.asked
    assert record["conditions"] == ["ALS"]


def test_back_to_what_other_questions_hang_on(around: Surroundings, draft: Draft) -> None:
    """Going back past an intervention takes its details with it; a stopped trial is asked why."""
    person = Person(
        {
            "Donor": "<interventions.0.product",
            "Intervention": ["cells", "nurown"],
            "Given to three-lower-doses": "nurown",
        }
    )
    record = interview(draft, around, person)
    assert record["interventions"] == [{"id": "nurown", "product": "nurown"}]
    person = Person({"Status": ["terminated", "completed"], "Why stopped": "<status"})
    draft = Draft(draft.path, {})
    assert interview(draft, around, person) == RECORD
    assert "Why stopped (optional)" in person.asked


@pytest.mark.parametrize("stop", [1, 7, 40, 76, 85, 90, 98])
def test_a_resumed_draft_gives_the_same_record(stop: int, around: Surroundings, draft: Draft) -> None:
    first = Person(stop=stop)
    with pytest.raises(KeyboardInterrupt):
        interview(draft, around, first)
    saved = _saved(draft)
    again = Draft(draft.path, saved["answers"], saved["former"])
    assert len(again.answers) == stop
    second = Person()
    second.asked = first.asked.copy()
    assert interview(again, around, second) == RECORD


def _saved(draft: Draft) -> dict[str, dict[str, str]]:
    import json

    held: dict[str, dict[str, str]] = json.loads(draft.path.read_text("utf-8"))
    return held


def test_what_was_taken_meanwhile_is_said_and_asked_again(around: Surroundings, draft: Draft) -> None:
    draft.answers.update(
        {"registry_id": "NCT03280056", "title": "T", "product": "", "sponsor.name": "", "id": "valor"}
    )
    person = Person({"Id of the record": ["", "mazzini-hnsc"]}, stop=8)
    with pytest.raises(KeyboardInterrupt):
        interview(draft, around, person)
    assert "NCT03280056 is already in" in person.said[0]
    assert person.defaults[0] == "NCT03280056"
    assert any("the id valor is taken" in text for text in person.said)
    assert draft.answers["id"] == "mazzini-hnsc"


def test_a_full_disk_loses_nothing(around: Surroundings, draft: Draft, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    draft = Draft(tmp_path / "file" / "1.json", {})
    person = Person()
    assert interview(draft, around, person) == RECORD
    assert any("cannot keep the draft" in text and "kept until you leave" in text for text in person.said)


def test_several_of_everything_get_names_of_their_own(around: Surroundings, draft: Draft) -> None:
    person = Person(
        {
            "Intervention": "cells",
            "Another intervention": ["cells", "NurOwn", ""],
            "Another source": ["https://clinicaltrials.gov/study/NCT01640067", "PMC9305113 34890069", ""],
            "Key": ["a", "", ""],
            "Arm": "Low dose!",
            "Another arm": ["low dose", "low-dose", "high", ""],
            "Given to low-dose": "placebo",
            "Outcome": "Slope of the scale",
            "Another outcome": ["slope of the SCALE", ""],
            "Role": ["primary", "secondary"],
            "Harms in": "low-dose",
            "Harms also in": ["all", ""],
            "Which source": ["a", "a, registry", "a", "a"],
            "Comparison": ["low-dose vs high", ""],
            "Another comparison": ["high vs baseline", ""],
        }
    )
    record = interview(draft, around, person)
    assert [each["id"] for each in record["interventions"]] == ["cells", "cells-2", "nurown"]
    assert [(each["key"], each["kind"]) for each in record["refs"]] == [
        ("a", "article"),
        ("nct01640067", "registry"),
        ("34890069", "article"),
    ]
    assert record["refs"][2]["pmid"] == "34890069"
    assert [each["id"] for each in record["arms"]] == ["low-dose", "low-dose-2", "high"]
    assert [each["id"] for each in record["outcomes"]] == ["slope-of-the-scale", "slope-of-the-scale-2"]
    assert [each.get("arm") for each in record["safety"]] == ["low-dose", None]
    assert [each["vs"] for each in record["outcomes"][0]["effects"]] == ["high", "baseline"]


@pytest.mark.parametrize(
    ("word", "absence"),
    [
        ("not_reported", "not_reported"),
        ("Not reported", "not_reported"),
        ("未报告", "not_reported"),
        ("未報告", "not_reported"),
        ("NR", "not_reported"),
        ("n/a", "not_applicable"),
        ("不适用", "not_applicable"),
    ],
)
def test_an_absence_is_understood_at_every_question_in_every_form(
    word: str, absence: str, around: Surroundings, draft: Draft
) -> None:
    answers: dict[str, str | list[str]] = dict.fromkeys(
        ["Dose", "Route", "Comparison", "Value in three-lower-doses", "Sites (number)"], word
    )
    record = interview(draft, around, Person(answers))
    arm, outcome = record["arms"][0], record["outcomes"][0]
    assert arm["given"][0]["low"] == arm["given"][0]["route"] == absence
    assert outcome["effects"] == absence
    assert outcome["values"] == [{"arm": "three-lower-doses", "value": absence}]
    assert record["sites"] == absence
    other = Draft(draft.path, {})
    lists: dict[str, str | list[str]] = {
        "Given to three-lower-doses": word,
        "Outcome": word,
        "Harms in": word,
    }
    record = interview(other, around, Person(lists))
    assert record["arms"][0]["given"] == record["outcomes"] == record["safety"] == absence
    assert absence_named(word) == absence


@pytest.mark.parametrize("label", ["Intervention", "Arm", "Outcome", "Harms in"])
def test_a_whole_list_that_is_not_reported(label: str, around: Surroundings, draft: Draft) -> None:
    field = {"Intervention": "interventions", "Arm": "arms", "Outcome": "outcomes", "Harms in": "safety"}[
        label
    ]
    person = Person({label: "未报告", "Given to three-lower-doses": "placebo"})
    assert interview(draft, around, person)[field] == "not_reported"


def test_defaults_come_from_the_product(around: Surroundings, draft: Draft) -> None:
    person = Person(
        {
            "Product": "NurOwn",
            "Sponsor": "",
            "Given to three-lower-doses": "nurown",
            "Dose": "1×10^6/kg",
            "Intervention": "",
        }
    )
    record = interview(draft, around, person)
    assert record["interventions"] == [{"id": "nurown", "product": "nurown"}]
    assert record["sponsor"] == {"name": "BrainStorm Cell Therapeutics"}
    assert record["arms"][0]["given"][0]["unit"] == "cells/kg"  # since the product is of cells
    person = Person({"Product": ["nothing", ""]})
    assert interview(Draft(draft.path, {}), around, person) == RECORD
    assert any("no product 'nothing' in the collection" in text for text in person.said)


def test_remarks_of_rules_and_look_alikes(collection_folder: Path, draft: Draft) -> None:
    collection = Collection(collection_folder)
    snapshot = collection.load()
    around = Surroundings(
        collection.vocabularies,
        snapshot.products,
        lambda number: None,
        lambda id_: None,
        remarks(collection, snapshot, date(2026, 11, 22)),
    )
    title = snapshot.trials["nurown-phase3"].title
    person = Person(
        {
            "Start": "2020",
            "Title": f"{title}, again",
            "Product": "nurown",
            "Sponsor": "",
            "Given to three-lower-doses": "nurown",
            "Conditions": "ALS, ASL",
        }
    )
    interview(draft, around, person)
    told = "\n".join(person.said)
    assert "DT002 error: completion 2015 is before start 2020 (alscli explain DT002)" in told
    assert "SM008 note: 'ASL' is no term of condition" in told
    assert "it may be here already:\n  nurown-phase3 (NCT03280056, phase 3, completed): title" in told
    assert "% alike, product nurown, same sponsor" in told
    assert "also of product nurown: nurown-phase2" in told


def test_a_field_is_mended_by_name(around: Surroundings, draft: Draft) -> None:
    interview(draft, around, Person())
    for name, texts, path, value in (
        ("eligibility.genes", ["not_reported"], ("eligibility", "genes"), "not_reported"),
        (
            "arms.three-lower-doses.given.0.for",
            ["a while", "every 6 months"],
            ("arms", 0, "given", 0, "for"),
            "6m",
        ),
        ("arms.three-lower-doses.background", ["riluzole"], ("arms", 0, "background"), ["riluzole"]),
        ("tags", ["iit"], ("tags",), ["iit"]),
    ):
        assert mend(draft, name, around, Script(*texts))
        here: Any = interview(draft, around, Person())
        for part in path:
            here = here[part]
        assert here == value
    person = Script()
    assert not mend(draft, "loc", around, person)
    assert person.said == ["'loc' may be outcomes.safety.loc, safety.#1.loc"]
    person = Script()
    assert not mend(draft, "colour", around, person)
    assert "no field 'colour'" in person.said[0]
    assert not person.asked
    person = Script("?", "-")
    mend(draft, "tags", around, person)
    assert person.defaults == ["iit", "iit"]
    assert person.said[0].startswith("Marks; ")
    assert "tags" not in interview(draft, around, Script())
    assert mend(draft, "title", around, Script())
    assert interview(draft, around, Person({"Title": "Another"}))["title"] == "Another"


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
    assert interview(draft, own, Person({"Design": "Platform trial"}))["design"] == "platform"


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


def test_what_is_typed_finds_choices() -> None:
    choices = [Choice("a", "the letter", ("ALS",)), Choice("rct", "randomized 随机"), Choice("b", "has als")]
    assert [each.code for each in matching("al", choices)] == ["a", "b"]
    assert [each.code for each in matching("随机", choices)] == ["rct"]
    assert [each.code for each in matching("", choices)] == ["a", "rct", "b"]


def test_a_product_is_found_by_its_chinese_name(around: Surroundings) -> None:
    named = around.products["nurown"].model_copy(update={"name_zh": "分泌神经营养因子的细胞", "aliases": []})
    found = matching("神经营养", product_choices(replace(around, products={"nurown": named})))
    assert [each.code for each in found] == ["nurown"]


def test_colors_of_a_record() -> None:
    text = '#:schema x\n[dates]\nid = "a \\" b"\n  { n = 1, at = "2w" },\n'
    assert painted(text, color=False) == text
    colored = painted(text, color=True)
    assert "\x1b[1m[dates]" in colored
    assert '\x1b[32m"a \\" b"' in colored
    assert "\x1b[" not in painted("\x1b[31m", color=True)


def test_a_terminal_that_can_do_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    assert type(terminal(color=True)) is RichTerminal


def test_nobody_at_the_terminal(collection_folder: Path, alscli: Program) -> None:
    done = alscli(collection_folder.parent, "add", stdin="")
    assert done.returncode == 2
    assert "stdin is no terminal" in done.stderr


def test_an_arm_is_not_named_by_nothing() -> None:
    from alscli.interview.parts import _comparison

    values: dict[str, Any] = {"arms": [{"id": "active"}, {"id": "placebo"}], "outcomes": [{"id": "o"}]}
    with pytest.raises(UsageError, match="compares nothing"):
        _comparison(0, 0)(values, "placebo")
    assert values["outcomes"] == [{"id": "o"}]
