"""Every format: the same rows in all of them, the same bytes each time, whole or not at all."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import islice, repeat
from pathlib import Path
from typing import Any

import pytest

from alscli.cli import main
from alscli.export.formats import BOOKS, DOCUMENTS, FORMATS, TABULAR
from alscli.query.database import restored
from alscli.query.filters import Condition
from alscli.query.tables import TABLES, Rows

Export = Callable[..., Path]
METAFOR = ["--instrument", "ALSFRS-R", "--measure", "change", "--effect", "md", "--at", "28w"]


def options(format_: str) -> list[str]:
    return METAFOR if format_ == "metafor" else []


@pytest.fixture
def expected(kept_records: Path, rows_in: Callable[[Path], Rows]) -> Rows:
    """The rows of the small collection, by table in the order of its key."""
    return rows_in(kept_records)


# -- the same bytes ------------------------------------------------------------------------------------


@pytest.mark.parametrize("format_", FORMATS)
def test_two_runs_make_the_same_bytes_in_any_time_zone(
    format_: str, export: Export, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    for number, zone in enumerate(["UTC", "Pacific/Kiritimati"]):
        monkeypatch.setenv("TZ", zone)
        if hasattr(time, "tzset"):
            time.tzset()
        made.append(export(format_, *options(format_), name=f"{number}.{format_}").read_bytes())
    monkeypatch.undo()
    if hasattr(time, "tzset"):
        time.tzset()
    assert made[0] == made[1]
    assert made[0]


# -- and back ------------------------------------------------------------------------------------------


def test_json_and_back(export: Export, expected: Rows) -> None:
    folder = export("json", "--all")
    for name, shape in TABLES.items():
        document = json.loads((folder / f"{name}.json").read_text("utf-8"), parse_float=Decimal)
        assert (document["schema"], document["table"]) == ("alscli/export/1", name)
        lists = {column.name for column in shape.columns if column.type == "list"}
        rows = [
            {key: tuple(v) if key in lists and isinstance(v, list) else v for key, v in row.items()}
            for row in document["rows"]
        ]
        assert rows == expected[name]
        assert [list(row) for row in rows] == [list(shape.names)] * len(rows)
        for row, want in zip(rows, expected[name], strict=True):  # digits as printed
            for column, cell in row.items():
                assert not isinstance(cell, Decimal) or str(cell) == str(want[column])
        assert document["count"] == len(rows)


def test_a_line_of_json_a_row(export: Export, expected: Rows) -> None:
    lines = export("jsonl").read_text("utf-8").splitlines()
    rows = [json.loads(line, parse_float=Decimal) for line in lines]
    assert {row.pop("schema") for row in rows} == {"alscli/trials.row/1"}
    assert [row["id"] for row in rows] == [row["id"] for row in expected["trials"]]
    assert [row["age_min"] for row in rows] == [row["age_min"] for row in expected["trials"]]


@pytest.mark.parametrize("option", ["--quiet", "--no-cache"])
def test_sqlite_and_back(option: str, export: Export, expected: Rows) -> None:
    connection = sqlite3.connect(export("sqlite", option))
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    for name, shape in TABLES.items():
        columns = ", ".join(("written", *shape.names))
        found = connection.execute(f"SELECT {columns} FROM {name} ORDER BY {', '.join(shape.key)}")
        assert list(restored(found, shape.columns)) == expected[name]
    meanings = connection.execute("SELECT meaning FROM meanings WHERE \"column\" = 'vc_pct_min'")
    assert meanings.fetchall() == [("least vital capacity at entry, % of predicted",)]
    connection.close()


def test_duckdb_counts_the_same_rows(export: Export, expected: Rows) -> None:
    import duckdb

    folders = {format_: export(format_, "--all") for format_ in ("csv", "tsv", "parquet")}
    with duckdb.connect() as connection:
        for name in TABLES:
            counts = [
                connection.execute(
                    f"SELECT count(*) FROM '{(folder / f'{name}.{format_}').as_posix()}'"
                ).fetchone()
                for format_, folder in folders.items()
                if expected[name] or format_ == "parquet"
            ]
            assert {count for (count,) in counts} == {len(expected[name])}, name  # type: ignore[misc]


def test_pyarrow_reads_types_and_lists(export: Export, expected: Rows) -> None:
    from pyarrow import parquet

    table = parquet.read_table(export("parquet"))
    assert table.schema.field("age_min").metadata == {b"meaning": b"least age in years"}
    assert [str(table.schema.field(n).type) for n in ("year", "start", "sells")] == [
        "int64",
        "string",
        "bool",
    ]
    for row, want in zip(table.to_pylist(), expected["trials"], strict=True):
        for name, cell in want.items():
            assert row[name] == (list(cell) if isinstance(cell, tuple) else cell)


def test_absences_are_told_from_nothing(export: Export, collection_folder: Path) -> None:
    path = collection_folder / "trials" / "np001-treg-phase1.toml"
    lines = [
        line for line in path.read_text("utf-8").splitlines() if not line.startswith(("sites =", "mask"))
    ]
    place = next(number for number, line in enumerate(lines) if line.startswith("title ="))
    lines[place:place] = ['sites = "not_reported"', 'masked = "not_applicable"']
    path.write_text("\n".join(lines), "utf-8")
    first, *rows = export("tsv", "--null", "NULL").read_text("utf-8").splitlines()
    found = [dict(zip(first.split("\t"), row.split("\t"), strict=True)) for row in rows]
    (row,) = [row for row in found if row["id"] == "np001-treg-phase1"]
    assert (row["sites"], row["masked"], row["masking"]) == ("not_reported", "not_applicable", "NULL")
    document = json.loads(export("json").read_text("utf-8"))
    (of_json,) = [row for row in document["rows"] if row["id"] == "np001-treg-phase1"]
    assert [of_json[name] for name in ("sites", "masked", "masking")] == [
        "not_reported",
        "not_applicable",
        None,
    ]
    for output, query in (("sqlite", "trials"), ("parquet", "'{}'")):
        path = export(output)
        (written,) = _one(
            path, f"SELECT written FROM {query.format(path.as_posix())} WHERE id = 'np001-treg-phase1'"
        )
        assert json.loads(written) | {"sites": "not_reported", "masked": "not_applicable"} == json.loads(
            written
        )


def _one(path: Path, query: str) -> tuple[str, ...]:
    import duckdb

    if path.suffix == ".sqlite":
        connection = sqlite3.connect(path)
        found = connection.execute(query).fetchone()
        connection.close()
    else:
        with duckdb.connect() as database:
            found = database.execute(query).fetchone()
    assert found is not None
    return tuple(found)


def test_tabs_and_line_ends_are_quoted(export: Export, with_title: Callable[[str], None]) -> None:
    import csv

    with_title("a\tb\r\nc\rd")
    with export("tsv", "--null", "NA").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t", strict=True))
    assert "a\tb\r\nc\rd" in [row["title"] for row in rows]


# -- markdown ------------------------------------------------------------------------------------------


def test_markdown_is_a_table_or_a_page_a_trial(export: Export) -> None:
    lines = export("markdown", name="trials.md").read_text("utf-8").splitlines()
    assert lines[0].startswith("| id | registry id |")
    assert len(lines) == 8
    pages = export("markdown", "--product", "nurown", name="pages")
    assert sorted(path.name for path in pages.iterdir()) == ["nurown-phase2.md", "nurown-phase3.md"]
    assert "primary endpoint not met" in (pages / "nurown-phase3.md").read_text("utf-8")


# -- whole or not at all -------------------------------------------------------------------------------


@pytest.mark.parametrize("format_", ["parquet", "sqlite", "xlsx", "json"])
def test_a_failure_leaves_the_old_file(
    format_: str, export: Export, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from alscli.export.selection import Selection

    output = export(format_)
    before = output.read_bytes()
    told: list[str] = []

    def breaking(self: Selection, table: str, count: int) -> None:
        told.append(table)
        if len(told) > 1:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(Selection, "tell", breaking)
    export(format_, status=3)
    assert output.read_bytes() == before
    assert not [path for path in tmp_path.iterdir() if path.name.endswith(".tmp")]


def test_a_failure_leaves_the_old_folder(export: Export, monkeypatch: pytest.MonkeyPatch) -> None:
    from alscli.export.selection import Selection

    folder = export("csv", "--all", name="all")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    given = Selection.stored

    def breaking(self: Selection, table: str):  # type: ignore[no-untyped-def]
        if table == "claims":
            raise OSError(28, "No space left on device")
        return given(self, table)

    monkeypatch.setattr(Selection, "stored", breaking)
    export("csv", "--all", "--null", "NA", name="all", status=3)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


# -- however many --------------------------------------------------------------------------------------


@pytest.mark.parametrize("format_", ["csv", "tsv", "json", "jsonl"])
def test_rows_without_end(format_: str) -> None:
    """What is written needs no more than the rows before it: the first of an endless table come at once."""
    from alscli.export.formats import Spelling, table_text
    from alscli.export.selection import Selection

    class Endless(Selection):
        def stored(self, table: str) -> Iterator[tuple[Any, ...]]:
            held = (None, *("x" if column.type == "text" else None for column in TABLES[table].columns))
            return repeat(held)

    selection = Endless(sqlite3.connect(":memory:"), Condition("1"), {})
    pieces = table_text(format_, selection, "arms", Spelling())
    assert sum(piece.count("\n") for piece in islice(pieces, 10)) > 100
    selection.connection.close()


def test_progress_is_told_at_a_terminal(
    at_terminal: Callable[..., Any], kept_records: Path, tmp_path: Path
) -> None:
    script = (
        "import sys, alscli.cli.publishing as p; from alscli.cli import main; p._SHOWN = 3;"
        "sys.exit(main(['--records', sys.argv[1], 'export', sys.argv[2], '--all', '-o', sys.argv[3]]))"
    )
    for format_ in ("csv", "sqlite"):
        child = at_terminal(tmp_path, "-c", script, str(kept_records), format_, f"all-{format_}")
        child.expect(r"\d rows of trials\x1b\[K\r")
        child.expect(r"\d rows of arms\x1b\[K\r")
        child.expect("wrote 24 tables")


# -- what does not go ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["sqlite", "--table", "arms"], "sqlite has no single table"),
        (["ris", "--table", "refs"], "ris has no single table"),
        (["fhir", "--all"], "fhir has no tables"),
        (["csv", "--at", "28w"], "--at is for metafor"),
        (["csv", "--manifest"], "--manifest writes a file beside the export"),
        (["prisma", "--phase", "3"], "prisma counts the whole collection"),
        (["json", "--bom"], "--bom is for csv and tsv"),
        (["csv", "--null", "a\nb"], "--null takes one line"),
        (["bibtx"], "did you mean bibtex"),
    ],
)
def test_what_does_not_go(
    arguments: list[str], said: str, collection_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--records", str(collection_folder), "export", *arguments]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("format_", ["xlsx", "parquet"])
def test_a_missing_package_is_named(
    format_: str, export: Export, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("alscli.export.formats.find_spec", lambda name: None)
    export(format_, status=2)
    assert f"pip install 'alscli[{format_}]'" in capsys.readouterr().err


def test_nothing_found_is_an_empty_file_and_a_word(
    collection_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for format_ in FORMATS:
        if format_ in ("prisma", "metafor"):
            continue
        command = ["export", format_, "--cell-type", "OEC", "-o", str(tmp_path / f"none.{format_}")]
        assert main(["--records", str(collection_folder), *command]) == 0
        said = capsys.readouterr().err
        assert "no " in said or format_ in BOOKS, format_
        assert (tmp_path / f"none.{format_}").exists()


def test_every_format_is_of_one_kind() -> None:
    assert sorted(FORMATS) == sorted({*TABULAR, *BOOKS, *DOCUMENTS})


# -- the manifest --------------------------------------------------------------------------------------


def test_the_manifest_says_from_what_it_was_made(
    export: Export, collection_folder: Path, git: Callable[..., str], tmp_path: Path
) -> None:
    import hashlib

    work = collection_folder.parent
    for command in (("init", "-q"), ("add", "-A"), ("commit", "-qm", "records")):
        git(work, *command)
    output = export("csv", "--manifest", "--phase", "3", name="trials.csv")
    manifest = json.loads((tmp_path / "trials.csv.manifest.json").read_text("utf-8"))
    assert manifest["collection"] == {
        "title": "A small collection for tests",
        "licence": "CC0-1.0",
        "commit": git(work, "rev-parse", "HEAD").strip(),
        "dirty": False,
    }
    assert manifest["options"]["filters"] == {"phase": ["3"]}
    assert manifest["counts"] == {"trials": output.read_text("utf-8").count("\n") - 1}
    digest = hashlib.sha256(output.read_bytes()).hexdigest()
    assert manifest["files"] == [
        {"path": "trials.csv", "bytes": output.stat().st_size, "hash": f"sha256:{digest}"}
    ]
    path = collection_folder / "trials" / "valor.toml"
    path.write_text(path.read_text("utf-8") + "# seen\n", "utf-8")
    folder = export("csv", "--all", "--manifest", name="all")
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    assert manifest["collection"]["dirty"] is True
    assert len(manifest["files"]) == len(TABLES) + 1
    for each in manifest["files"]:
        data = (folder / each["path"]).read_bytes()
        assert (each["bytes"], each["hash"]) == (len(data), f"sha256:{hashlib.sha256(data).hexdigest()}")
    assert list(manifest["counts"]) == list(TABLES)


def test_a_manifest_outside_git(export: Export, tmp_path: Path) -> None:
    export("csv", "--manifest", name="trials.csv")
    manifest = json.loads((tmp_path / "trials.csv.manifest.json").read_text("utf-8"))
    assert manifest["collection"]["commit"] is None
