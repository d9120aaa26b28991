"""The workbook: openpyxl reads the cells as they were; nothing runs, nothing becomes a number or a date."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from alscli.cli import main
from alscli.export import xlsx
from alscli.query.tables import TABLES

Export = Callable[..., Path]


def read(path: Path) -> Any:
    openpyxl = pytest.importorskip("openpyxl")
    return openpyxl.load_workbook(path)


def cells(sheet: Any) -> list[dict[str, Any]]:
    head, *rows = sheet.iter_rows()
    names = [cell.value for cell in head]
    return [dict(zip(names, row, strict=True)) for row in rows]


def trial(book: Any, id_: str) -> dict[str, Any]:
    (row,) = [row for row in cells(book["trials"]) if row["id"].value == id_]
    return row


def test_ids_dates_and_numbers(export: Export) -> None:
    row = trial(read(export("xlsx")), "nurown-phase3")
    assert (row["registry_id"].value, row["registry_id"].data_type) == ("NCT03280056", "s")
    assert (row["start"].data_type, row["start"].number_format) == ("s", "@")
    assert (row["enrollment"].value, row["enrollment"].data_type) == (196, "n")
    assert row["reported"].value is True
    assert row["countries"].value == "US"


def test_numbers_show_the_decimals_that_were_printed(export: Export) -> None:
    rows = cells(read(export("xlsx", "--table", "effects"))["effects"])
    (row,) = [row for row in rows if row["trial"].value == "valor" and row["est"].value == 1.4][:1]
    assert row["est"].number_format == "0.0"


def test_every_table_has_its_sheet(export: Export) -> None:
    book = read(export("xlsx", "--all"))
    assert book.sheetnames == list(TABLES)
    for name, shape in TABLES.items():
        assert [cell.value for cell in book[name][1]] == list(shape.names)


@pytest.mark.parametrize(
    "title", ["=1+1", "@SUM(A1)", "+1", "-1", "https://example.org", "2014-05-01", "007", "1e5"]
)
def test_text_stays_text(title: str, export: Export, with_title: Callable[[str], None]) -> None:
    with_title(title)
    row = trial(read(export("xlsx")), "np001-treg-phase1")
    assert (row["title"].value, row["title"].data_type, row["title"].hyperlink) == (title, "s", None)


def test_a_cell_that_is_too_long_is_cut_and_said_so(
    collection_folder: Path,
    with_title: Callable[[str], None],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with_title("x" * 40_000)
    output = tmp_path / "long.xlsx"
    assert main(["--records", str(collection_folder), "export", "xlsx", "-o", str(output)]) == 0
    said = capsys.readouterr().err
    assert "cut: title of np001-treg-phase1 in trials has 40,000 characters" in said
    value = trial(read(output), "np001-treg-phase1")["title"].value
    assert len(value) == xlsx.LIMIT
    assert value.endswith("x…")


def test_no_clock_in_it(export: Export) -> None:
    with ZipFile(export("xlsx", "--all")) as archive:
        assert len({member.date_time for member in archive.infolist()}) == 1
        assert b"1980-01-01T00:00:00Z" in archive.read("docProps/core.xml")


def test_more_rows_than_a_sheet_holds(
    export: Export, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(xlsx, "ROWS", 4)
    export("xlsx", status=2)
    assert "trials has more rows than a sheet holds (3)" in capsys.readouterr().err
