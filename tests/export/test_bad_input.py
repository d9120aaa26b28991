"""What cannot be written, or not there: a clear answer, nothing half-written, the old file as it was."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from alscli.cli import main
from alscli.export import target
from alscli.export.formats import ENDINGS, FORMATS
from alscli.query.tables import TABLES

Export = Callable[..., Path]
posix = pytest.mark.skipif(sys.platform == "win32", reason="no such files")
METAFOR = ["--instrument", "ALSFRS-R", "--measure", "change", "--effect", "md", "--at", "28w"]
CONTROLS = "".join(map(chr, range(0x20))) + "\x7f\x80\x9f\u2028\ufeff\ufffe\uffff"


# -- what a cell holds ---------------------------------------------------------------------------------


@pytest.mark.parametrize("escape", [b'"\\ud800"', b'"\xed\xa0\x80"'], ids=["escaped", "as bytes"])
@pytest.mark.parametrize("format_", ["csv", "xlsx", "sqlite", "json", "bibtex"])
def test_a_lone_surrogate_is_no_record_and_the_rest_is_written(
    escape: bytes, format_: str, export: Export, collection_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = collection_folder / "trials" / "valor.toml"
    path.write_bytes(path.read_bytes().replace(b'acronym = "VALOR"', b"acronym = " + escape))
    written = export(format_, status=1)
    assert "1 file holds no readable record and is left out" in capsys.readouterr().err
    if format_ == "csv":
        assert "nurown-phase3" in written.read_text("utf-8")
    export(format_, "--keep-going", status=0)


@pytest.mark.filterwarnings("default")
def test_control_characters_spoil_no_file(
    export: Export, with_title: Callable[[str], None], collection_folder: Path
) -> None:
    import bibtexparser
    import openpyxl
    import rispy
    from fhir.resources.bundle import Bundle
    from openpyxl.utils.escape import unescape
    from pyarrow import parquet

    title = f"a{CONTROLS}_x0041_ z"
    with_title(title)

    def of(rows: list[dict[str, Any]]) -> Any:
        return next(row["title"] for row in rows if row["id"] == "np001-treg-phase1")

    head, *rows = openpyxl.load_workbook(export("xlsx"))["trials"].iter_rows(values_only=True)
    cells = [dict(zip(head, row, strict=True)) for row in rows]
    assert unescape(of(cells)) == title.replace("\r", "\r")
    assert of(json.loads(export("json").read_text("utf-8"))["rows"]) == title
    assert of(parquet.read_table(export("parquet")).to_pylist()) == title
    assert len(Bundle.model_validate_json(export("fhir").read_text("utf-8")).entry) > 1
    bib, ris = export("bibtex").read_text("utf-8"), export("ris").read_bytes().decode()
    assert not set(CONTROLS[:-4]) - {"\n"} & set(bib)
    assert not set(CONTROLS[:-4]) - set("\r\n") & set(ris)
    assert len(bibtexparser.loads(bib).entries) == len(rispy.loads(ris)) > 1


# -- where it goes -------------------------------------------------------------------------------------


@pytest.mark.parametrize("format_", FORMATS)
def test_names_that_say_something_else(
    format_: str, export: Export, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = "ris" if format_ != "ris" else "bib"
    export(format_, name=f"x.{wrong}", status=2)
    err = capsys.readouterr().err
    assert f"x.{wrong} is named like" in err
    assert f"x.{ENDINGS[format_][0]}" in err
    assert list(tmp_path.glob("x*")) == []


@pytest.mark.parametrize(
    "name", ["trials", "trials.txt", "trials.2026-11-22", "TRIALS.CSV", ".hidden", "试验"]
)
def test_names_that_say_nothing_are_taken(name: str, export: Export) -> None:
    assert export("csv", name=name).read_text("utf-8").startswith("id,")


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["csv", "-o", "{folder}"], 2, "is a folder"),
        (["xlsx", "-o", "{folder}"], 2, "is a folder"),
        (["csv", "-o", "{folder}/no/x.csv"], 2, "does not exist"),
        (["csv", "-o", "{folder}/file/x.csv"], 3, "cannot write"),
        (["csv", "--all", "-o", "{folder}/all.csv"], 2, "--all writes a folder"),
        (["csv", "-o", ""], 2, "--output names nothing"),
        (["csv", "--all", "-o", ""], 2, "--output names nothing"),
        (["markdown", "-o", ""], 2, "--output names nothing"),
        (["csv", "--all", "-o", "-"], 2, "--all -o FOLDER"),
        (["csv", "--all", "-o", "{folder}/file"], 2, "is no folder"),
        (["csv", "--all", "-o", "{folder}/file/x"], 3, "cannot write"),
        (["csv", "--all", "-o", "{folder}/missing/x"], 2, "does not exist"),
        (["csv", "--all"], 2, "--all -o FOLDER"),
        (["csv", "--table", "trials", "--all", "-o", "x"], 2, "--all writes every table"),
        (["csv", "--table", "efects"], 2, "did you mean effects"),
        (["csv", "--table", "xyz"], 2, "there are: records, trials"),
        (["csv", "--phase", "nine"], 2, "is no term of phase"),
        (["xls"], 2, "did you mean xlsx"),
    ],
)
def test_places_and_words_that_are_not_there(
    arguments: list[str],
    status: int,
    said: str,
    kept_records: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "file").write_text("kept", "utf-8")
    command = [argument.format(folder=tmp_path) for argument in arguments]
    assert main(["--records", str(kept_records), "export", *command]) == status
    lines = capsys.readouterr().err.splitlines()
    assert said in "".join(lines)
    assert len(lines) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@posix
@pytest.mark.skipif(not Path("/proc/self").exists(), reason="no folder in which not even root may write")
@pytest.mark.parametrize("format_", ["csv", "parquet", "xlsx", "sqlite"])
def test_a_folder_in_which_nobody_may_write(
    format_: str, kept_records: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--records", str(kept_records), "export", format_, "-o", "/proc/self/x"]) in (2, 3)
    err = capsys.readouterr().err
    assert "/proc/self" in err
    assert "Traceback" not in err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.parametrize("format_", FORMATS)
def test_a_full_device(format_: str, kept_records: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = METAFOR if format_ == "metafor" else []
    assert main(["--records", str(kept_records), "export", format_, *options, "-o", "/dev/full"]) == 3
    assert "cannot write /dev/full: No space left on device" in capsys.readouterr().err


def test_a_disk_that_is_full_at_the_last_file_leaves_the_old_folder(
    export: Export, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = export("csv", "--all", name="all")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    synced: list[int] = []

    def full(descriptor: int) -> None:
        synced.append(descriptor)
        if len(synced) == len(TABLES):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("alscli.export.target.os.fsync", full)
    export("csv", "--all", "--null", "NA", name="all", status=3)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize("name", ["x" * 240, "试" * 80])
def test_a_long_name(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"{name}.csv"
    target.write(path, [b"whole"])
    assert path.read_bytes() == b"whole"


def test_a_dash_is_stdout(kept_records: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["--records", str(kept_records), "export", "csv"]
    assert main([*command, "-o", "-"]) == main(command) == 0
    first, second = capsys.readouterr().out.split("id,registry_id,")[1:]
    assert first == second
    assert not Path("-").exists()


# -- a reader that goes away ---------------------------------------------------------------------------


@posix
@pytest.mark.parametrize("format_", ["csv", "json"])
def test_a_reader_that_goes_away(format_: str, shipped_records: Path) -> None:
    """`alscli export csv | head -1` ends quietly."""
    command = [sys.executable, "-m", "alscli", "--records", str(shipped_records), "export", format_]
    program = subprocess.Popen(
        [*command, "--table", "citations"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ
    )
    assert program.stdout is not None
    assert program.stderr is not None
    assert program.stdout.read(10)
    program.stdout.close()
    assert program.stderr.read() == b""
    assert program.wait() == 141
    program.stderr.close()
