"""The Data Package: Frictionless takes it, and finds the faults that are planted in it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from alscli.cli import main
from alscli.query.tables import TABLES

pytestmark = pytest.mark.filterwarnings("default")


def faults(folder: Path) -> list[str]:
    """The kinds of faults that Frictionless finds."""
    import frictionless

    report = frictionless.validate(str(folder / "datapackage.json"))
    return [*(e.type for e in report.errors), *(e.type for task in report.tasks for e in task.errors)]


def test_frictionless_takes_other_spellings(export: Callable[..., Path]) -> None:
    assert faults(export("tsv", "--all", "--null", "NA", "--bom", "--list-separator", ";")) == []


def test_frictionless_takes_shipped_records(shipped_records: Path, tmp_path: Path) -> None:
    command = ["--records", str(shipped_records), "-q", "export", "csv", "--all", "-o", str(tmp_path / "all")]
    assert main([*command, "--product", "nurown"]) == 0
    assert faults(tmp_path / "all") == []


@pytest.mark.parametrize(
    ("table", "old", "new", "kind"),
    [
        ("trials", b",completed,", b",finished,", "constraint-error"),
        ("arms", b"nurown-phase3,1,", b"nurown-phase4,1,", "foreign-key"),
        ("arms", b"nurown-phase3,1,", b"nurown-phase3,one,", "type-error"),
        ("trials", b",2014-", b",14-", "constraint-error"),
        ("products", b"\r\nnurown,", b"\r\nnp001-treg,", "primary-key"),
    ],
)
def test_frictionless_finds_a_planted_fault(
    table: str, old: bytes, new: bytes, kind: str, package: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(package, tmp_path / "all"))
    path = folder / f"{table}.csv"
    data = path.read_bytes()
    assert old in data
    path.write_bytes(data.replace(old, new, 1))
    described = json.loads((folder / "datapackage.json").read_text("utf-8"))
    needed = {table, *(reference.table for reference in TABLES[table].references)}
    described["resources"] = [each for each in described["resources"] if each["name"] in needed]
    for resource in described["resources"]:  # checksums would tell at once
        del resource["bytes"], resource["hash"]
    (folder / "datapackage.json").write_text(json.dumps(described), "utf-8")
    assert kind in faults(folder)


def test_a_changed_file_is_not_the_one_described(package: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(package, tmp_path / "all"))
    with (folder / "claims.csv").open("ab") as stream:
        stream.write(b"x")
    described = json.loads((folder / "datapackage.json").read_text("utf-8"))
    described["resources"] = [each for each in described["resources"] if each["name"] == "claims"]
    (folder / "datapackage.json").write_text(json.dumps(described), "utf-8")
    assert "hash-count" in faults(folder)


def test_it_says_what_columns_mean(package: Path) -> None:
    described = json.loads((package / "datapackage.json").read_text("utf-8"))
    assert described["licenses"] == [{"name": "CC0-1.0"}]
    assert [resource["name"] for resource in described["resources"]] == list(TABLES)
    fields = {f["name"]: f for f in described["resources"][1]["schema"]["fields"]}
    assert fields["age_min"] == {
        "name": "age_min",
        "type": "number",
        "description": "least age in years",
        "unit": "a",
    }
    assert "actual" in fields["start_type"]["constraints"]["enum"]
    assert fields["routes"]["separator"] == "|"
    assert "enum" not in fields["conditions"].get("constraints", {})
