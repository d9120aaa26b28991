"""Files that went wrong on the way, or that mean ill: told with their place, and the rest comes in."""

from __future__ import annotations

import io
import json
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import pytest

from alscli.cli import main
from alscli.registries import reading
from alscli.registries.draft import Unreadable
from alscli.store.copies import find
from alscli.store.toml import parse


def study(number: int, title: str = "Cells in ALS", **more: Any) -> dict[str, Any]:
    """An entry as ClinicalTrials.gov's API gives it; `more` are members of its modules."""
    modules: dict[str, dict[str, Any]] = {
        "identificationModule": {"nctId": f"NCT0900000{number}", "briefTitle": title},
        "statusModule": {"overallStatus": "COMPLETED", "statusVerifiedDate": "2021-10"},
        "conditionsModule": {"conditions": ["ALS"]},
        "designModule": {"studyType": "INTERVENTIONAL", "phases": ["PHASE1"]},
    }
    for name, members in more.items():
        modules[name] = {**modules.get(name, {}), **members}
    return {"protocolSection": modules}


def coded(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def packed(files: dict[str, bytes]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return held.getvalue()


GOOD = coded(study(1))
ROW = (
    b"NCT Number,Study Title,Study Status,Conditions,Study Type,Funder Type,Sponsor,Last Update Posted\r\n"
    b'NCT09000001,"Cells in ALS",COMPLETED,ALS,INTERVENTIONAL, | ,A Hospital,2021-10-01\r\n'
)
WHO = (
    "<Trials_downloaded_from_ICTRP><Trial><TrialID>NCT09000001</TrialID><Public_title>{}</Public_title>"
    "<Recruitment_Status>Recruiting</Recruitment_Status><Date_registration>01/10/2021</Date_registration>"
    "<Study_type>Interventional</Study_type><Condition>ALS</Condition></Trial></Trials_downloaded_from_ICTRP>"
)
LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE Trials_downloaded_from_ICTRP [<!ENTITY a "ha">'
    + "".join(
        f'<!ENTITY a{n} "{f"&a{n - 1 if n > 1 else chr(0)};" * 10}">'.replace("\0", "") for n in range(1, 9)
    )
    + "]>"
)


@pytest.fixture
def records(collection_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The small collection; the current folder is above it."""
    monkeypatch.chdir(collection_folder.parent)
    return collection_folder


def run(*arguments: str) -> int:
    return main(["--as-of", "2026-11-22", *arguments])


def around(records: Path) -> set[str]:
    """Every file but those of the collection."""
    top = records.parent.parent
    return {p.as_posix() for p in top.rglob("*") if not p.is_relative_to(records)}


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("bomb.zip", packed({"bomb.json": b" " * (40 << 20), "a.json": GOOD}), "times its size"),
        ("up.zip", packed({"../../NCT2.json": coded(study(2)), "a.json": GOOD}), "leads out of the archive"),
        ("page.zip", packed({"x.json": b"<html><title>502</title></html>", "a.json": GOOD}), "a web page"),
        ("cut.json", b"[" + GOOD + b"," + coded(study(2))[:90], "is cut"),
        ("mixed.json", b"[" + GOOD + b',{"protocolSection": {"identificationModule": 7}}]', "nctId"),
        ("field.json", b"[" + GOOD + b"," + coded(study(2, "x" * (20 << 20))) + b"]", "larger than 16 MiB"),
        ("cell.csv", ROW + b"NCT09000002," + b"x" * (10 << 20) + b",COMPLETED,ALS,,,,\r\n", "row 3"),
        ("rows.csv", ROW + b"NCT09000002,cut off he", "has 2 cells under 8 columns"),
        ("deep.json", b"[" + GOOD + b"," + b'{"a":' * 3000 + b"1" + b"}" * 3000 + b"]", "nested"),
    ],
    ids=lambda each: each if isinstance(each, str) and "." in each else "",
)
def test_the_rest_comes_in(
    records: Path, capsys: pytest.CaptureFixture[str], name: str, data: bytes, told: str
) -> None:
    (records.parent / name).write_bytes(data)
    before = around(records)
    assert run("import", name, "--format", "json") == 1
    items = json.loads(capsys.readouterr().out)["items"]
    errors = [each for each in items if each["action"] == "error"]
    assert any(told in each["why"] or told in each["source"] for each in errors), errors
    assert all(each["source"].startswith(name) for each in errors), "the place is named"
    assert [each["id"] for each in items if each["action"] == "create"] == ["nct09000001"]
    assert (records / "trials" / "nct09000001.toml").exists()
    assert around(records) == before, "nothing is written beside the collection"


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (LAUGHS.encode() + WHO.format("&a8;").encode(), "declares XML entities"),
        (
            b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>'
            + WHO.format("&f;").encode(),
            "declares XML entities",
        ),
        (b"<!DOCTYPE html><html><head><title>Sign in</title></head></html>", "'Sign in'"),
        (b'{"error": {"code": 500}}', "an error message"),
        (b"\x00" * 4096, "nothing but zeros"),
    ],
    ids=["laughs", "entity", "html", "error", "nuls"],
)
def test_nothing_comes_in(records: Path, capsys: pytest.CaptureFixture[str], data: bytes, told: str) -> None:
    (records.parent / "file.json").write_bytes(data)
    before = set(records.rglob("*"))
    assert run("import", "file.json") == 1
    assert told in capsys.readouterr().out
    assert set(records.rglob("*")) == before


@pytest.mark.parametrize(
    "data",
    [
        b"["
        + coded(study(1, "D\x00éjà")).replace("é".encode(), b"\xe9").replace("à".encode(), b"\xe0")
        + b"]",
        ROW.replace(b"Cells in ALS", b"D\x00\xe9j\xe0"),
        ROW.replace(b"Cells in ALS", b"D\xe9j\xe0").decode("cp1252").encode("utf-16"),
        b'<?xml version="1.0" encoding="UTF-8"?>' + WHO.format("D\x00éjà").encode("cp1252"),
    ],
    ids=["json", "csv", "utf-16", "xml"],
)
def test_wrong_encodings_and_nuls(records: Path, data: bytes) -> None:
    """What says UTF-8 and is Windows-1252, and a table as Excel saves Unicode text."""
    (records.parent / "file").write_bytes(data)
    assert run("import", "file", "--yes") == 0
    held = parse((records / "trials" / "nct09000001.toml").read_bytes()).values
    assert held["title"] == "Déjà"
    assert b"\\u0000" not in (records / "registry" / "nct09000001.json").read_bytes()


def test_two_hundred_megabytes_in_one_field(tmp_path: Path) -> None:
    path = tmp_path / "large.json"
    with path.open("wb") as file:
        file.write(b"[" + GOOD + b', {"protocolSection": {"descriptionModule": {"briefSummary": "')
        for _ in range(200):
            file.write(b"x" * (1 << 20))
        file.write(b'"}}}, ' + coded(study(3)) + b"]")
    tracemalloc.start()
    found = list(reading.read(path))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    path.unlink()
    assert [getattr(each, "registry_id", "") for each in found] == ["NCT09000001", "", "NCT09000003"]
    assert isinstance(found[1], Unreadable)
    assert "larger than" in found[1].why
    assert peak < 160 << 20


def test_a_version_of_the_future(records: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Enumerations that nobody knows yet: kept in the copy, told, and left out of the record."""
    future = study(
        1,
        statusModule={"overallStatus": "PAUSED_BY_AI"},
        designModule={"phases": ["PHASE5"], "designInfo": {"allocation": "QUANTUM", "newInfo": {"a": [1]}}},
        armsInterventionsModule={"interventions": [{"type": "NANOBOT", "name": "N1"}]},
        eligibilityModule={"sex": "ANY"},
    )
    future["hologramSection"] = {"frames": 3}
    (records.parent / "future.json").write_bytes(coded(future))
    assert run("import", "future.json", "--format", "json") == 0
    (item,) = json.loads(capsys.readouterr().out)["items"]
    odd = "\n".join(item["oddities"])
    text = (records / "trials" / "nct09000001.toml").read_text("utf-8")
    for word in ("PAUSED_BY_AI", "QUANTUM", "NANOBOT", "ANY", "PHASE5"):
        assert word in odd
        assert f'"{word}"' not in text.replace('phase_label = "PHASE5"', "")
    kept = find(records, "nct09000001")
    assert kept is not None
    assert kept.payload == future


def test_a_table_of_few_columns(records: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where nothing dates the status it is of the last day that the entry knows, or of today."""
    (records.parent / "few.csv").write_bytes(
        b"NCT Number,Study Title,Study Status,Conditions,Start Date,Completion Date\n"
        b"NCT09000001,A,COMPLETED,ALS,2019-03,2020-10-30\n"
        b"NCT09000002,B,RECRUITING,ALS,,2031-01\n"
    )
    assert run("import", "few.csv", "--yes") == 0
    days = [
        parse((records / "trials" / f"nct0900000{n}.toml").read_bytes()).values["status_as_of"]
        for n in (1, 2)
    ]
    assert days == ["2020-10-30", "2026-11-22"]
    assert "status_as_of: taken as 2020-10-30" in capsys.readouterr().err
    assert run("import", "few.csv", "--format", "json") == 0
    items = json.loads(capsys.readouterr().out)["items"]
    assert {each["action"] for each in items} == {"unchanged"}


def test_a_header_with_a_line_end_of_its_own(records: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (records.parent / "mac.csv").write_bytes(ROW.replace(b"Study Title,", b"Study\rTitle,"))
    assert run("import", "mac.csv", "--yes") == 1
    assert "mac.csv: row 2\t\thas 8 cells under 2 columns" in capsys.readouterr().out


def test_sync_that_compared_nothing_fails(records: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (records.parent / "page.json").write_bytes(b"<html><title>502</title></html>")
    for how in ("--check", "--dry-run"):
        assert run("sync", "--from", "page.json", how) == 1
        told = capsys.readouterr().err
        assert "a web page" in told
        assert "nothing was compared" in told


def test_sync_with_an_entry_that_cannot_be_read(records: Path) -> None:
    (records.parent / "one.json").write_bytes(GOOD)
    assert run("import", "one.json", "--yes") == 0
    assert run("sync", "--from", "one.json", "--check") == 0
    (records.parent / "two.json").write_bytes(b"[" + GOOD + b', {"protocolSection": {}}]')
    assert run("sync", "--from", "two.json", "--check") == 1
