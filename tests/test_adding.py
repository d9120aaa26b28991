"""`add`: what a registry gives, texts from an editor, and what becomes of them when the person goes away."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from alscli.cli import fetching, main
from alscli.interview.draft import Draft, unfinished
from alscli.registries import reading
from alscli.registries.draft import Draft as Registered
from alscli.registries.draft import Proposal
from alscli.store.copies import find
from alscli.store.toml import parse

NUMBER = "NCT09000001"
STUDY = {
    "protocolSection": {
        "identificationModule": {"nctId": NUMBER, "briefTitle": "Cells in ALS"},
        "statusModule": {
            "overallStatus": "COMPLETED",
            "lastUpdatePostDateStruct": {"date": "2021-10-01", "type": "ACTUAL"},
            "startDateStruct": {"date": "2017-08-28", "type": "ACTUAL"},
        },
        "conditionsModule": {"conditions": ["Amyotrophic Lateral Sclerosis"]},
        "designModule": {
            "studyType": "INTERVENTIONAL",
            "phases": ["PHASE3"],
            "designInfo": {"allocation": "NA", "interventionModel": "SINGLE_GROUP"},
            "enrollmentInfo": {"count": 263, "type": "ACTUAL"},
        },
        "armsInterventionsModule": {"interventions": [{"type": "DRUG", "name": "Examplamine"}]},
    }
}


class Person(io.StringIO):
    """Somebody at a terminal who answers so, one after the other; then the line is cut."""

    def __init__(self, *answers: str) -> None:
        super().__init__("".join(f"{answer}\n" for answer in answers))

    def isatty(self) -> bool:
        return True


Sit = Callable[..., int]


@pytest.fixture
def work(collection_folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.chdir(collection_folder.parent)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setattr(os, "fsync", lambda _: None)
    for name in ("VISUAL", "EDITOR"):
        monkeypatch.delenv(name, raising=False)
    return collection_folder


@pytest.fixture
def sit(work: Path, monkeypatch: pytest.MonkeyPatch) -> Sit:
    """`sit("add", answers=[…])`: somebody at a terminal."""

    def run(*arguments: str, answers: list[str]) -> int:
        monkeypatch.setattr(sys, "stdin", Person(*answers))
        return main(["--as-of", "2026-11-22", *arguments])

    return run


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """ClinicalTrials.gov answers, with one study."""

    def answer(session: object, text: str) -> Registered | None:
        (found,) = reading.read(json.dumps(STUDY).encode())
        assert isinstance(found, Registered)
        return found

    monkeypatch.setattr(fetching, "fetched", answer)


def written(work: Path, name: str) -> dict[str, Any]:
    return parse((work / "trials" / f"{name}.toml").read_bytes()).values


# -- what a registry gives ----------------------------------------------------------------------------


@pytest.mark.usefixtures("registry")
def test_a_fetched_record_is_kept_with_its_copy_also_when_it_is_resumed(
    work: Path, sit: Sit, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sit("add", NUMBER, answers=[]) == 130
    assert "kept as a draft" in capsys.readouterr().err
    assert sit("add", "--drafts", answers=[]) == 0
    assert capsys.readouterr().out.startswith(f"{NUMBER}\ta whole record\t")
    assert sit("add", answers=["y", "save"]) == 0
    assert f"Resume {NUMBER} (a whole record, " in capsys.readouterr().err
    assert written(work, "nct09000001")["title"] == "Cells in ALS"
    copy = find(work, "nct09000001")
    assert copy is not None
    assert copy.registry_id == NUMBER
    assert unfinished(work) == []


@pytest.mark.usefixtures("registry")
def test_fields_of_a_fetched_record_are_edited_by_name(
    work: Path, sit: Sit, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = [
        "edit status",
        "Recruting",
        "?",
        "招募中",
        "edit title_zh",
        "细胞",
        "edit sites",
        "4",
        "edit sites",
    ]
    answers += [
        "-",
        "edit nothing",
        "edit id",
        "valor",
        "cells-phase3",
        "edit phase",
        "",
        "edit conditions",
        "<",
    ]
    answers += ["edit enrollment.enrolled.loc", "results", "save"]
    assert sit("add", NUMBER, answers=answers) == 0
    said = capsys.readouterr().err
    assert "did you mean recruiting" in said
    assert "status [completed]: " in said
    assert "no field 'nothing'" in said
    assert "the id valor is taken" in said
    assert "in the editor:" not in said
    record = written(work, "cells-phase3")
    assert (record["status"], record["title_zh"], record["phase"]) == ("recruiting", "细胞", "3")
    assert record["enrollment"]["enrolled"] == {"n": 263, "loc": "results"}
    assert "sites" not in record
    assert find(work, "cells-phase3") is not None


WORDS = (
    Proposal("interventions.0.name", "cells", "Examplamine cells", "arms.interventionList.0", "high"),
    Proposal("sites", 4, "in four hospitals", "descriptionModule.briefSummary", "low"),
    Proposal("follow_up", "6m", "for 6 months", "descriptionModule.briefSummary", "medium"),
    Proposal("title_zh", "细胞", "细胞", "identificationModule.briefTitle", "low"),
    Proposal("arms.0.given.0.doses", 2, "two doses", "arms.armGroups.0.description", "low"),
)


@pytest.fixture
def wordy(monkeypatch: pytest.MonkeyPatch) -> None:
    """ClinicalTrials.gov answers, and says something in words only."""

    def answer(session: object, text: str) -> Registered | None:
        (found,) = reading.read(json.dumps(STUDY).encode())
        assert isinstance(found, Registered)
        return replace(found, proposals=WORDS)

    monkeypatch.setattr(fetching, "fetched", answer)


@pytest.mark.usefixtures("wordy")
def test_what_a_registry_says_in_words_is_asked_about_until_there_is_an_answer(
    work: Path, sit: Sit, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sit("add", NUMBER, answers=["?", "perhaps", "n", "yes", "N", "", "n", "save"]) == 0
    said = capsys.readouterr().err
    assert "interventions.examplamine.name = cells? y/n [y]: " in said
    assert "y takes it over, n leaves it out, > leaves out the rest" in said
    assert "“Examplamine cells” (interventionList.0, high confidence)" in said
    record = written(work, "nct09000001")
    assert record["interventions"][0]["name"] == "Examplamine"
    assert (record["sites"], record["title_zh"]) == (4, "细胞")
    assert "follow_up" not in record


@pytest.mark.usefixtures("wordy")
def test_the_rest_of_the_words_is_left_out(work: Path, sit: Sit) -> None:
    assert sit("add", NUMBER, answers=["y", ">", "save"]) == 0
    record = written(work, "nct09000001")
    assert record["interventions"][0]["name"] == "cells"
    assert not {"sites", "follow_up", "title_zh"} & record.keys()


@pytest.mark.usefixtures("wordy")
def test_what_was_fetched_and_confirmed_is_kept_where_the_person_goes_away(
    work: Path, sit: Sit, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sit("add", NUMBER, answers=["n", "y"]) == 130
    assert "kept as a draft" in capsys.readouterr().err
    assert sit("add", answers=["y", "save"]) == 0
    record = written(work, "nct09000001")
    assert record["sites"] == 4
    assert "follow_up" not in record
    assert find(work, "nct09000001") is not None


@pytest.mark.usefixtures("registry")
def test_the_copy_of_another_trial_is_not_kept(work: Path, sit: Sit) -> None:
    assert sit("add", NUMBER, answers=["edit registry_id", "NCT09000002", "save"]) == 0
    assert written(work, "nct09000001")["registry_id"] == "NCT09000002"
    assert find(work, "nct09000001") is None


def test_what_a_registry_gives_is_read_once(
    work: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pipe = tmp_path / "pipe.json"
    pipe.write_text(json.dumps(STUDY), encoding="utf-8")
    with pipe.open("rb") as stream:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(stream, encoding="utf-8"))
        assert main(["add", "--from", "-", "cells", "--set", "status_as_of=2021"]) == 0
    assert written(work, "cells")["registry_id"] == NUMBER
    seen = []
    opened = io.open

    def count(file: Any, *rest: Any, **options: Any) -> Any:
        seen.append(str(file))
        return opened(file, *rest, **options)

    monkeypatch.setattr(io, "open", count)
    real = os.open

    def count_too(file: Any, *rest: Any, **options: Any) -> int:
        seen.append(str(file))
        return real(file, *rest, **options)

    monkeypatch.setattr(os, "open", count_too)
    assert main(["add", "--from", str(pipe), "more"]) == 1  # it is here already
    assert seen.count(str(pipe)) == 1


# -- texts from an editor -----------------------------------------------------------------------------


@pytest.mark.usefixtures("registry")
def test_a_text_that_is_no_toml_is_kept_and_opened_again(
    work: Path, sit: Sit, editor: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    editor('title = "Cells in ALS"=>title = "Cells by hand')
    assert sit("add", NUMBER, answers=["open", "keep"]) == 0
    said = capsys.readouterr().err
    assert "TX001" in said
    assert "kept as a draft" in said
    (draft,) = unfinished(work)
    assert 'title = "Cells by hand' in draft.edited
    editor('by hand=>by hand"')
    assert sit("add", answers=["y", "", "save"]) == 0
    assert written(work, "nct09000001")["title"] == "Cells by hand"
    assert find(work, "nct09000001") is not None


@pytest.mark.usefixtures("registry")
def test_a_text_whose_id_is_taken_is_kept_and_opened_again(
    work: Path, sit: Sit, editor: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    editor('id = "nct09000001"=>id = "valor"', "Cells in ALS=>Cells by hand", '"valor"\nt=>"valor-2"\nt')
    editor('\nid = "nct09000001"=>\nid = "valor"', "Cells in ALS=>Cells by hand")
    assert sit("add", NUMBER, answers=["open"]) == 130
    assert "the id valor is taken" in capsys.readouterr().err
    (draft,) = unfinished(work)
    assert 'title = "Cells by hand"' in draft.edited
    editor('id = "valor"=>id = "by-hand"')
    assert sit("add", answers=["y", "open", "save"]) == 0
    assert written(work, "by-hand")["title"] == "Cells by hand"


@pytest.mark.parametrize(
    ("answers", "status", "kept"),
    [(["nonsense", "discard"], 0, 0), (["keep"], 0, 1), ([], 130, 1), (["answers"], 130, 1)],
)
def test_what_a_person_does_with_a_text_that_is_no_record(
    work: Path, sit: Sit, capsys: pytest.CaptureFixture[str], answers: list[str], status: int, kept: int
) -> None:
    Draft(_place(work), {"title": "Cells"}, {}, ["title = "]).save()
    assert sit("add", answers=["y", *answers]) == status
    found = unfinished(work)
    assert len(found) == kept
    said = capsys.readouterr().err
    assert ("Registry id" in said) is (answers == ["answers"])
    assert not kept or bool(found[0].edited) is (answers != ["answers"])


def test_at_the_end_only_what_is_offered_is_done(
    work: Path, sit: Sit, registry: None, capsys: pytest.CaptureFixture[str]
) -> None:
    """`status` is not s for save, and `design` and `d` discard nothing."""
    answers = [
        "status",
        "design",
        "d",
        "dis",
        "outcomes",
        "kind",
        "save it",
        "<",
        "in words",
        "<title",
        "T",
        "keep",
    ]
    assert sit("add", NUMBER, answers=answers) == 0
    said = capsys.readouterr().err
    assert "'status' is none of these; edit status?" in said
    assert "write discard in full" in said
    (draft,) = unfinished(work)
    assert not list(work.glob("trials/nct0900*"))
    values = parse("\n".join(draft.edited).encode()).values
    assert (values["note"], values["title"]) == ("in words", "T")
    assert sit("add", answers=["d", "maybe", "y", "sa"]) == 0
    assert "write discard in full" in capsys.readouterr().err
    assert list(work.glob("trials/nct0900*"))


def test_an_edit_shows_what_it_changed_and_show_everything(
    work: Path, sit: Sit, registry: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sit("add", NUMBER, answers=["edit status", "recruiting", "show all", "keep as a draft"]) == 0
    first, _, rest = capsys.readouterr().err.partition("What now: ")
    changed, _, rest = rest.partition("What now: ")
    assert 'phase = "3"' in first
    assert "status  completed → recruiting" in changed
    assert "in 1 record" in changed
    assert "conditions = " not in changed
    whole, _, _ = rest.partition("What now: ")
    assert 'phase = "3"' in whole


def test_a_number_that_is_here_already_leaves_no_draft(
    work: Path, sit: Sit, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sit("add", "NCT03280056", answers=[]) == 130
    said = capsys.readouterr().err
    assert "is already in" in said
    assert "nothing was answered; no file was written" in said
    assert unfinished(work) == []


def test_another_record_is_begun_or_the_draft_discarded(
    work: Path, sit: Sit, capsys: pytest.CaptureFixture[str]
) -> None:
    Draft(_place(work), {"title": "Cells"}).save()
    assert sit("add", answers=["n"]) == 130
    assert len(unfinished(work)) == 1
    assert sit("add", answers=["discard"]) == 130
    assert unfinished(work) == []
    assert "nothing was answered" in capsys.readouterr().err


def _place(work: Path) -> Path:
    from alscli.interview.draft import folder

    return folder(work) / "1.json"


# -- help ---------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("registry")
def test_the_examples_of_the_help_work(work: Path, sit: Sit, capsys: pytest.CaptureFixture[str]) -> None:
    """But for the network and the files that they name."""
    import shlex

    assert main(["add", "--help"]) == 0
    shown = capsys.readouterr().out.partition("Examples:\n")[2].split("\n\n")[0]
    lines = [shlex.split(line)[1:] for line in shown.splitlines() if line.strip()]
    assert len(lines) >= 2
    (work.parent / "study.json").write_text(json.dumps(STUDY), encoding="utf-8")
    record = parse((work / "trials" / "valor.toml").read_bytes()).values
    record |= {"id": "new", "registry_id": "NCT09000009"}
    (work.parent / "records.jsonl").write_text(json.dumps(record, default=float) + "\n", encoding="utf-8")
    before = sorted(work.rglob("*.toml"))
    for words in lines:
        assert sit(*words, answers=["save"]) == 0, words
        for path in set(work.rglob("*.toml")) - set(before):
            path.unlink()


def test_a_file_that_is_too_large(work: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from alscli.interview import assignment

    monkeypatch.setattr(assignment, "_MAX_SEVERAL", 10)
    (tmp_path / "large.json").write_text("{" + " " * 20 + "}", encoding="utf-8")
    assert main(["add", "--from", str(tmp_path / "large.json")]) == 2
