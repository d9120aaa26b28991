"""Programs of other people read the exports: LibreOffice, R with metafor, csvclean, the shell of SQLite.

Where one is not installed its test is skipped, but not where everything must run: `.ci/run` installs them, or
says that Debian's packages cannot be had.
"""

from __future__ import annotations

import csv
import io
import math
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from alscli.cli import main
from alscli.export.csv import text_of
from alscli.model.absence import Absence
from alscli.query.tables import TABLES, Cell, Rows

Export = Callable[..., Path]
RowsIn = Callable[[Path], Rows]

NASTY = '=HYPERLINK("x"), "quoted"\n渐冻症 | 2014-05 \\ end'


def program(name: str) -> str:
    """The path of a program, which only a machine that must run every test must have."""
    path = shutil.which(name)
    if path is None and (not os.environ.get("ALSCLI_TEST_ALL") or os.environ.get("ALSCLI_WITHOUT_JUDGES")):
        pytest.skip(f"{name} is not installed")
    assert path is not None, f"{name} is not installed"
    return path


def run(*command: str | Path, stdin: str | None = None) -> str:
    done = subprocess.run(
        [str(word) for word in command],
        input=stdin,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, strict=True))


# -- LibreOffice ---------------------------------------------------------------------------------------

SHEETS = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1"
"""Commas, quotes, UTF-8, as shown, every sheet: the filter options of LibreOffice 7.2 and later."""


def shown(text: str, cell: Cell) -> bool:
    """Whether LibreOffice shows the cell as it was: text as it is, numbers as numbers."""
    if isinstance(cell, bool):
        return text == str(cell).upper()
    if isinstance(cell, int | Decimal):
        return Decimal(text) == cell
    return text == (cell if isinstance(cell, str) and not isinstance(cell, Absence) else text_of(cell))


def test_libreoffice_shows_every_cell_as_it_was(
    export: Export,
    with_title: Callable[[str], None],
    collection_folder: Path,
    tmp_path: Path,
    rows_in: RowsIn,
) -> None:
    soffice = program("soffice")
    with_title(NASTY)
    book = export("xlsx", "--all")
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    run(soffice, profile, "--headless", "--convert-to", SHEETS, "--outdir", tmp_path / "csv", book)
    for name, rows in rows_in(collection_folder).items():
        found = read(tmp_path / "csv" / f"export-{name}.csv")
        assert len(found) == len(rows), name
        for row, want in zip(found, rows, strict=True):
            assert row.keys() == want.keys()
            changed = [column for column, cell in want.items() if not shown(row[column], cell)]
            assert not changed, (name, row)


# -- R -------------------------------------------------------------------------------------------------

READ = r"""
for (path in sort(list.files(commandArgs(TRUE)[1], "\\.csv$", full.names = TRUE))) {
  d <- read.csv(path, na.strings = c("", "not_reported", "not_applicable"), encoding = "UTF-8")
  kinds <- vapply(d, function(x) class(x)[1], "")
  columns <- paste(names(d), kinds, sep = "=", collapse = ",")
  cat(tools::file_path_sans_ext(basename(path)), nrow(d), columns, "\n")
}
"""
KINDS = {
    "integer": {"integer", "logical"},  # a column of nothing is logical to R
    "number": {"numeric", "integer", "logical"},
    "boolean": {"logical", "character"},  # R takes true and false in small letters for both
    "date": {"character", "integer", "numeric", "logical"},
}


def test_r_reads_every_table(package: Path, kept_records: Path, tmp_path: Path, rows_in: RowsIn) -> None:
    script = tmp_path / "read.R"
    script.write_text(READ, "utf-8")
    expected = rows_in(kept_records)
    lines = run(program("Rscript"), "--vanilla", script, package).splitlines()
    assert len(lines) == len(TABLES)
    for line in lines:
        name, count, columns = line.split(None, 2)
        assert int(count) == len(expected[name])
        kinds = dict(pair.split("=") for pair in columns.strip().split(","))
        assert tuple(kinds) == TABLES[name].names
        for column in TABLES[name].columns:
            assert kinds[column.name] in KINDS.get(column.type, {"character", "logical", kinds[column.name]})


POOLED = r"""
suppressPackageStartupMessages(library(metafor))
for (path in commandArgs(TRUE)) {
  d <- read.csv(path)
  m <- rma(yi, sei = sei, data = d, measure = unique(d$measure), slab = study, method = "EE")
  cat(m$k, coef(m), m$se, "\n")
}
"""


def test_metafor_pools_it(shipped_records: Path, tmp_path: Path) -> None:
    kinds = [
        ("ALSFRS-R", "change", "md", "--at", "28w"),
        ("AALS", "change", "md"),
        ("overall-survival", "time_to_event", "hr", "--product", "tofersen"),
    ]
    files = [tmp_path / f"{number}.csv" for number in range(len(kinds))]
    command = ["--records", str(shipped_records), "-q", "export", "metafor"]
    for (instrument, measure, effect, *more), path in zip(kinds, files, strict=True):
        kind = ["--instrument", instrument, "--measure", measure, "--effect", effect]
        assert main([*command, *kind, *more, "-o", str(path)]) == 0
    script = tmp_path / "pool.R"
    script.write_text(POOLED, "utf-8")
    lines = run(program("Rscript"), "--vanilla", script, *files).splitlines()
    for path, line in zip(files, lines, strict=True):
        rows = [row for row in read(path) if row["sei"]]
        weights = [1 / float(row["vi"]) for row in rows]
        mean = sum(w * float(row["yi"]) for w, row in zip(weights, rows, strict=True)) / sum(weights)
        count, estimate, error = line.split()
        assert int(count) == len(rows) > 0
        assert math.isclose(float(estimate), mean, rel_tol=1e-4)
        assert math.isclose(float(error), sum(weights) ** -0.5, rel_tol=1e-4)


# -- csvclean, sqlite3 ---------------------------------------------------------------------------------


def test_csvclean_finds_nothing(export: Export, with_title: Callable[[str], None]) -> None:
    csvclean = program("csvclean")
    with_title(NASTY)
    path = export("csv")
    cleaned = run(csvclean, "--length-mismatch", path)
    assert list(csv.reader(io.StringIO(cleaned))) == list(csv.reader(io.StringIO(path.read_text("utf-8"))))
    path.write_text(path.read_text("utf-8").replace("valor,NCT02623699,", "valor,NCT02623699,,", 1), "utf-8")
    broken = subprocess.run([csvclean, "--length-mismatch", str(path)], capture_output=True, check=False)
    assert broken.returncode == 1
    assert b"Expected" in broken.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="the shell of SQLite is seldom there")
def test_the_shell_of_sqlite_reads_csv_and_database(
    export: Export, package: Path, kept_records: Path, rows_in: RowsIn
) -> None:
    """The CSV of each table, read by SQLite, has the rows of that table in the database."""
    shell = program("sqlite3")
    database = export("sqlite")
    script = ["PRAGMA integrity_check;", "PRAGMA foreign_key_check;", ".mode csv"]
    expected = []
    for name, rows in rows_in(kept_records).items():
        script.append(f'.import "{(package / f"{name}.csv").as_posix()}" read_{name}')
        script.append(f"SELECT '{name}', (SELECT count(*) FROM {name}), (SELECT count(*) FROM read_{name});")
        expected.append(f"{name},{len(rows)},{len(rows)}")
    assert run(shell, database, stdin="\n".join(script)).split() == ["ok", *expected]
