"""`import`, `sync`, `add --from` and `diff --registry` on files of ClinicalTrials.gov."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from alscli.cli import main
from alscli.store.copies import Copy, find, written
from alscli.store.toml import parse


def study(number: str = "NCT03280056", **more: Any) -> dict[str, Any]:
    """An entry as ClinicalTrials.gov's API gives it; `more` are modules' members by their name."""
    made: dict[str, dict[str, Any]] = {
        "identificationModule": {"nctId": number, "briefTitle": f"Cells in ALS, {number[-3:]}"},
        "statusModule": {
            "overallStatus": "COMPLETED",
            "statusVerifiedDate": "2021-10",
            "startDateStruct": {"date": "2017-08-28", "type": "ACTUAL"},
            "primaryCompletionDateStruct": {"date": "2020-10-30", "type": "ACTUAL"},
            "completionDateStruct": {"date": "2020-10-30", "type": "ACTUAL"},
            "studyFirstSubmitDate": "2017-08-01",
        },
        "sponsorCollaboratorsModule": {"leadSponsor": {"name": "Example Hospital", "class": "OTHER"}},
        "conditionsModule": {"conditions": ["Amyotrophic Lateral Sclerosis"]},
        "designModule": {
            "studyType": "INTERVENTIONAL",
            "phases": ["PHASE3"],
            "designInfo": {"allocation": "NA", "interventionModel": "SINGLE_GROUP"},
            "enrollmentInfo": {"count": 263, "type": "ACTUAL"},
        },
        "armsInterventionsModule": {"interventions": [{"type": "DRUG", "name": "Examplamine"}]},
        "contactsLocationsModule": {
            "centralContacts": [{"name": "A. Person", "phone": "555-0100", "email": "person@example.org"}]
        },
    }
    for name, members in more.items():
        made[name] = {**made.get(name, {}), **members}
    return {"protocolSection": made}


def counted(number: int, kind: str = "ACTUAL") -> dict[str, Any]:
    return {"enrollmentInfo": {"count": number, "type": kind}}


Save = Callable[..., str]


@pytest.fixture
def save(tmp_path: Path) -> Save:
    """Writes studies to a file, and gives its name."""

    def write(*studies: dict[str, Any], name: str = "studies.json") -> str:
        path = tmp_path / name
        path.write_text(json.dumps(list(studies)), "utf-8")
        return str(path)

    return write


@pytest.fixture
def records(collection_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The small collection; the current folder is above it."""
    monkeypatch.chdir(collection_folder.parent)
    return collection_folder


def run(*arguments: str) -> int:
    return main(["--as-of", "2026-11-22", *arguments])


def items(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[tuple[str, str]]:
    """What becomes of each entry: action and id."""
    capsys.readouterr()
    run("import", "--format", "json", *arguments)
    told = json.loads(capsys.readouterr().out)
    assert told["schema"] == "alscli/import/1"
    assert all(item["why"] for item in told["items"])
    return [(item["action"], item["id"]) for item in told["items"]]


def contents(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def values(records: Path, id_: str) -> dict[str, Any]:
    return parse((records / "trials" / f"{id_}.toml").read_bytes()).values


def test_a_new_trial_is_undecided_and_nobody_has_verified_it(records: Path, save: Save) -> None:
    assert run("import", save(study("NCT09000001"))) == 0
    held = values(records, "nct09000001")
    assert held["screening"] == {"decision": "undecided"}
    assert "verified" not in held
    assert held["src"] == "registry"
    assert held["enrollment"] == {"enrolled": 263}
    kept = find(records, "nct09000001")
    assert kept is not None
    assert kept.registry_id == "NCT09000001"
    assert b"555-0100" not in (records / "registry" / "nct09000001.json").read_bytes()
    assert b"person@" not in (records / "registry" / "nct09000001.json").read_bytes()
    assert run("validate", "nct09000001", "--fail-on", "error") == 0


def test_a_second_run_changes_nothing(records: Path, save: Save, capsys: pytest.CaptureFixture[str]) -> None:
    file = save(study("NCT09000001"), study("NCT09000002"))
    assert items(capsys, file) == [("create", "nct09000001"), ("create", "nct09000002")]
    before = contents(records)
    assert items(capsys, file) == [("unchanged", "nct09000001"), ("unchanged", "nct09000002")]
    assert contents(records) == before


def test_the_plan_writes_nothing(records: Path, save: Save, capsys: pytest.CaptureFixture[str]) -> None:
    before = contents(records)
    assert run("import", save(study("NCT09000001")), "--dry-run") == 0
    assert contents(records) == before
    assert capsys.readouterr().out == "create\tNCT09000001\tnct09000001\tnew\n"


def test_every_action(records: Path, save: Save, capsys: pytest.CaptureFixture[str]) -> None:
    first, second, third = (study(f"NCT0900000{n}") for n in (1, 2, 3))
    assert run("import", save(first, second, third)) == 0
    assert run("set", "nct09000002", "enrollment.enrolled=196") == 0
    assert run("exclude", "nct09000003", "--reason", "not_als") == 0
    named = study("NCT09000004", identificationModule={"secondaryIdInfos": [{"id": "NCT09000001"}]})
    named["protocolSection"]["identificationModule"]["secondaryIdInfos"][0]["type"] = "REGISTRY"
    other = study("NCT09000005", conditionsModule={"conditions": ["Crohn Disease"]})
    file = save(
        study("NCT09000001", designModule=counted(260)),
        study("NCT09000002", designModule=counted(260)),
        third,
        named,
        other,
        study("NCT09000001"),
        {"protocolSection": {"statusModule": {}}},
    )
    assert items(capsys, file, "--only", "condition=渐冻症") == [
        ("update", "nct09000001"),
        ("conflict", "nct09000002"),
        ("skip", ""),
        ("duplicate", "nct09000001"),
        ("skip", ""),
        ("duplicate", "nct09000001"),
        ("error", ""),
    ]
    assert values(records, "nct09000001")["enrollment"] == {"enrolled": 260}
    assert values(records, "nct09000002")["enrollment"] == {"enrolled": 196}, "left to `sync`"


def test_a_broken_entry_is_told_and_the_others_come_in(
    records: Path, save: Save, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("import", save(study("NCT09000001"), {"protocolSection": {}}, study("NCT09000002"))) == 1
    assert {"nct09000001", "nct09000002"} <= {path.stem for path in (records / "trials").iterdir()}
    assert "error\t" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none.json"], "none.json does not exist"),
        (["records"], "records is a folder"),
        (["FILE", "--only", "status=completed"], "--only: 'status=completed' is not known"),
        (["FILE", "--only", "condition=Alz"], "--only: 'Alz' is no condition"),
        (["FILE", "--format", "xml"], "--format: 'xml' is not known"),
    ],
)
def test_usage(
    records: Path, save: Save, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    file = save(study("NCT09000001"))
    assert run("import", *(file if each == "FILE" else each for each in arguments)) == 2
    assert message in capsys.readouterr().err


def test_an_id_that_is_taken_gets_a_number(records: Path, save: Save) -> None:
    shutil.copy(records / "trials" / "valor.toml", records / "trials" / "nct09000001.toml")
    path = records / "trials" / "nct09000001.toml"
    path.write_text(
        path.read_text("utf-8")
        .replace('id = "valor"', 'id = "nct09000001"')
        .replace("NCT02623699", "NCT02623698"),
        "utf-8",
    )
    assert run("import", save(study("NCT09000001"))) == 0
    assert (records / "trials" / "nct09000001-2.toml").exists()


def test_many_entries_are_written_in_parts(
    records: Path, save: Save, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alscli.cli.importing.BATCH", 3)
    assert run("import", save(*(study(f"NCT090000{n:02}") for n in range(10)))) == 0
    assert len(list((records / "registry").iterdir())) == 10


# -- sync ---------------------------------------------------------------------------------------------


def test_nurown(records: Path, save: Save, capsys: pytest.CaptureFixture[str]) -> None:
    """The registry said 263, who were screened, and 196 later."""
    assert run("import", save(study("NCT09000001"))) == 0
    later = save(study("NCT09000001", designModule=counted(196)))
    capsys.readouterr()
    assert run("sync", "--from", later, "--check") == 1
    assert "enrollment.enrolled  263 → 196" in capsys.readouterr().out
    assert values(records, "nct09000001")["enrollment"] == {"enrolled": 263}
    assert run("sync", "nct09000001", "--from", later, "--yes") == 0
    assert values(records, "nct09000001")["enrollment"] == {"enrolled": 196}
    assert run("sync", "--from", later, "--check") == 0, "nothing is stale"


def test_mayo(records: Path, save: Save, capsys: pytest.CaptureFixture[str]) -> None:
    """60, 69 and 75 planned; the curator keeps the paper's 60."""
    assert run("import", save(study("NCT09000001", designModule=counted(60, "ESTIMATED")))) == 0
    path = records / "trials" / "nct09000001.toml"
    text = path.read_text("utf-8").replace(
        "planned = 60", 'planned = { n = 60, src = "paper", loc = "protocol" }  # as the paper says'
    )
    ref = '[[refs]]\nkey = "paper"\nkind = "article"\ndoi = "10.1000/one"\n\n[screening]'
    path.write_text(text.replace("[screening]", ref), "utf-8")
    for number in (69, 75):
        file = save(study("NCT09000001", designModule=counted(number, "ESTIMATED")))
        capsys.readouterr()
        assert run("sync", "--from", file, "--yes") == 0
        assert "enrollment.planned: disputed: 60" in capsys.readouterr().out
    held = values(records, "nct09000001")
    assert held["enrollment"]["planned"]["n"] == 60
    assert [each["value"] for each in held["disputes"][0]["values"]] == [60, 69, 75]
    assert "# as the paper says" in path.read_text("utf-8")
    assert run("validate", "nct09000001", "--fail-on", "error") == 0
    capsys.readouterr()
    assert run("diff", "--registry", "nct09000001", "--exit-code") == 1
    assert "enrollment.planned" in capsys.readouterr().out


def test_sync_asks(records: Path, save: Save, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("import", save(study("NCT09000001"))) == 0
    later = save(study("NCT09000001", designModule=counted(196)))
    assert run("sync", "--from", later) == 2
    assert "use --yes" in capsys.readouterr().err


def test_what_only_another_registry_has_is_said(records: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = records / "trials" / "valor.toml"
    path.write_text(path.read_text("utf-8").replace("NCT02623699", "ISRCTN80181452"), "utf-8")
    assert run("sync", "valor", "--check") == 1, "nothing was compared"
    assert "give their files with --from" in capsys.readouterr().err


def test_the_rule_speaks_as_soon_as_the_copy_changes(
    records: Path, save: Save, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("import", save(study("NCT09000001"))) == 0

    def warned() -> bool:
        capsys.readouterr()
        run("validate", "--select", "XR003")
        return "263, and the registry says 196" in capsys.readouterr().out

    assert not warned()
    kept = find(records, "nct09000001")
    assert kept is not None
    changed = copy.deepcopy(kept.values) | {"enrollment": {"enrolled": 196}}
    place = records / "registry" / "nct09000001.json"
    before = place.read_bytes()
    place.write_bytes(written(Copy(kept.registry, kept.registry_id, changed, kept.payload)))
    assert warned()
    place.write_bytes(before)
    assert not warned()
    place.unlink()
    assert not warned()


# -- add ----------------------------------------------------------------------------------------------


def test_add_from_a_payload(records: Path, save: Save, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("add", "cells-phase3", "--from", save(study("NCT09000001"))) == 0
    assert values(records, "cells-phase3")["registry_id"] == "NCT09000001"
    assert values(records, "cells-phase3")["screening"] == {"decision": "include"}
    assert find(records, "cells-phase3") is not None
    assert run("add", "--from", save(study("NCT09000001"))) == 1
    assert "already" in capsys.readouterr().err


def test_what_add_is_told_besides_is_not_what_the_registry_said(records: Path, save: Save) -> None:
    own = ["--set", "title=Another title", "--set", "enrollment.enrolled=5", "--set", "phase=1"]
    assert run("add", "one", "--from", save(study("NCT09000001")), *own) == 0
    assert run("import", save(study("NCT09000002"))) == 0
    assert values(records, "one")["title"] == "Another title"
    assert values(records, "one")["enrollment"]["enrolled"] == 5
    kept, plain = find(records, "one"), find(records, "nct09000002")
    assert kept is not None
    assert plain is not None
    assert kept.values["title"] == "Cells in ALS, 001"
    assert kept.values["enrollment"] == plain.values["enrollment"] == {"enrolled": 263}
    assert kept.values["phase"] == plain.values["phase"]


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_add_offline_says_what_to_do(records: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = contents(records)
    assert run("add", "NCT09000001", "--no-input") == 3
    assert contents(records) == before
    assert "download it as JSON at https://clinicaltrials.gov/study/NCT09000001" in capsys.readouterr().err


def test_the_copy_goes_with_its_record(records: Path, save: Save) -> None:
    assert run("import", save(study("NCT09000001"))) == 0
    assert run("rename", "nct09000001", "cells-phase3") == 0
    assert find(records, "nct09000001") is None
    assert find(records, "cells-phase3") is not None
    assert run("exclude", "cells-phase3", "--reason", "not_als") == 0
    assert find(records, "cells-phase3") is None
