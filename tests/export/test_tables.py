"""Every table as CSV: whole, or as far as it goes with the trials that the filters find."""

from __future__ import annotations

import csv as reference
from pathlib import Path

import pytest

from alscli.cli import main
from alscli.export import csv
from alscli.query.tables import TABLES

Tables = dict[str, list[dict[str, str]]]


def exported(records: Path, folder: Path, *filters: str) -> Tables:
    """All tables, read again."""
    arguments = ["--records", str(records), "-q", "export", "csv", "--all", "-o", str(folder), *filters]
    assert main(arguments) == 0
    found: Tables = {}
    for path in sorted(folder.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as stream:
            found[path.stem] = list(reference.DictReader(stream, strict=True))
    return found


def absent(cell: str) -> bool:
    return cell in ("", "not_reported", "not_applicable")


def assert_whole(tables: Tables) -> None:
    """Every key is there once, and every reference leads somewhere."""
    keys = {name: [tuple(row[c] for c in TABLES[name].key) for row in rows] for name, rows in tables.items()}
    for name, shape in TABLES.items():
        assert len(set(keys[name])) == len(keys[name])
        for reference_ in shape.references:
            for row in tables[name]:
                values = tuple(row[column] for column in reference_.columns)
                assert any(map(absent, values)) or values in keys[reference_.table], (name, values)


def test_all_tables_of_the_shipped_records(shipped_records: Path, tmp_path: Path) -> None:
    tables = exported(shipped_records, tmp_path / "all")
    assert set(tables) == set(TABLES)
    assert_whole(tables)
    assert all(row["decision"] == "include" for row in tables["trials"])
    assert {"nurown", "tofersen"} <= {row["id"] for row in tables["products"]}
    assert tables["claims"]
    assert tables["excluded"]


def test_tables_go_with_the_trials(shipped_records: Path, tmp_path: Path) -> None:
    tables = exported(shipped_records, tmp_path / "some", "--product", "nurown")
    assert_whole(tables)
    trials = {row["id"] for row in tables["trials"]}
    assert "nurown-phase3" in trials
    assert "valor" not in trials
    assert {row["trial"] for row in tables["outcomes"]} <= trials
    assert [row["id"] for row in tables["products"]] == ["nurown"]
    assert {row["product"] for row in tables["events"]} == {"nurown"}
    owners = {(row["kind"], row["record"]) for row in tables["refs"]}
    assert owners <= {("trial", id_) for id_ in trials} | {("product", "nurown"), ("ledger", "ledger")}


@pytest.mark.parametrize("name", ["outcomes", "absences", "events"])
def test_one_table_is_the_one_of_all(name: str, collection_folder: Path, tmp_path: Path) -> None:
    exported(collection_folder, tmp_path / "all", "--cell-type", "MSC")
    one = tmp_path / "one.csv"
    records = ["--records", str(collection_folder), "-q"]
    assert main([*records, "export", "csv", "--table", name, "--cell-type", "MSC", "-o", str(one)]) == 0
    assert one.read_bytes() == (tmp_path / "all" / f"{name}.csv").read_bytes()


def test_the_marks_stand_at_the_beginning_only(collection_folder: Path, tmp_path: Path) -> None:
    options = ["--table", "claims", "--bom", "-o", str(tmp_path / "claims.csv")]
    assert main(["--records", str(collection_folder), "-q", "export", "csv", *options]) == 0
    text = (tmp_path / "claims.csv").read_text("utf-8")
    assert text.startswith("\ufeffid,")
    assert text.count("\ufeff") == 1


def test_the_header_where_there_are_no_rows(
    collection_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, shape in TABLES.items():
        arguments = ["export", "csv", "--table", name, "--cell-type", "OEC"]
        assert main(["--records", str(collection_folder), *arguments]) == 0
        out, err = capsys.readouterr()
        assert out.startswith("".join(csv.render(shape.columns, [])))
        assert ("only its header" in err) == (out.count("\r\n") == 1)
