"""CSV: RFC 4180, harmless in a spreadsheet, the same values when read again, whole or not at all."""

from __future__ import annotations

import csv as reference
import io
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alscli.errors import CollectionError, UsageError
from alscli.export import csv, target
from alscli.model.values import Absence
from alscli.query.rows import trial_rows
from alscli.query.tables import TRIALS, Cell, Column, Row
from alscli.store.collection import Collection

Program = Callable[..., subprocess.CompletedProcess[str]]
posix = pytest.mark.skipif(sys.platform == "win32", reason="no such files")


def read_again(text: str) -> list[list[str]]:
    return list(reference.reader(io.StringIO(text, newline=""), strict=True))


# -- cells -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-1+1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "＝1+1",
        "＋1",
        "－1",
        "＠x",
        "'=1",
        "''=1",
        "-5",
    ],
)
def test_text_that_a_spreadsheet_would_run(text: str) -> None:
    assert csv.harmless(text) == csv.text_of(text) == f"'{text}"
    assert csv.plain_text(csv.harmless(text)) == text


@pytest.mark.parametrize("text", ["a=1", " =1", "'quoted'", "'", "1", "ALS", "渐冻症", "", "=", "'="])
def test_text_that_it_would_not(text: str) -> None:
    assert csv.harmless(text) == text
    assert csv.plain_text(text) == text


@pytest.mark.parametrize("number", [-5, Decimal("-0.20"), 0, 10**12])
def test_numbers_are_left_alone(number: int | Decimal) -> None:
    assert csv.text_of(number) == str(number)


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (None, ""),
        (Absence.NOT_REPORTED, "not_reported"),
        (True, "true"),
        (False, "false"),
        ((), ""),
        (("CN", "US"), "CN|US"),
        (("a|b", "c\\d"), "a\\|b|c\\\\d"),
        (("=1", "2"), "'=1|2"),
    ],
)
def test_other_cells(cell: Cell, text: str) -> None:
    assert csv.text_of(cell) == text


tricky = st.text(st.sampled_from("a|;'\\=+-@\t\r\n ＝渐\""), max_size=6)


@given(tricky | st.text())
def test_plain_text_undoes_harmless(text: str) -> None:
    assert csv.plain_text(csv.harmless(text)) == text
    assert len(text) < 2 or not csv.harmless(text).startswith(tuple("=+-@\t\r\n＝＋－＠"))


@given(st.lists((tricky | st.text()).filter(bool)).map(tuple), st.sampled_from("|;,渐"))
def test_split_undoes_the_joining(elements: tuple[str, ...], separator: str) -> None:
    assert csv.split(csv.text_of(elements, separator), separator) == elements


# -- the file ----------------------------------------------------------------------------------------

COLUMNS = (Column("id", "text", ""), Column("n", "integer", ""), Column("names", "list", ""))
rows = st.lists(
    st.fixed_dictionaries(
        {
            "id": tricky | st.text(st.characters(exclude_characters="\0")),
            "n": st.none() | st.integers() | st.sampled_from(list(Absence)),
            "names": st.lists(tricky.filter(bool)).map(tuple),
        }
    )
)


@given(rows)
def test_a_csv_reader_gives_the_same_values_again(data: list[Row]) -> None:
    header, *records = read_again("".join(csv.render(COLUMNS, data)))
    assert header == ["id", "n", "names"]
    assert len(records) == len(data)
    for (id_, n, names), row in zip(records, data, strict=True):
        assert csv.plain_text(id_) == row["id"]
        assert n == ("" if row["n"] is None else str(row["n"]))
        assert csv.split(names) == row["names"]


def test_records_end_in_crlf() -> None:
    data: list[Row] = [{"id": 'a"b,c', "n": 1, "names": ()}]
    assert list(csv.render(COLUMNS, data)) == ["id,n,names\r\n", '"a""b,c",1,\r\n']


def test_the_shipped_records_and_back(shipped_records: Path) -> None:
    data = list(trial_rows(Collection(shipped_records).load()))
    header, *records = read_again("".join(csv.render(TRIALS.columns, data)))
    assert tuple(header) == TRIALS.names
    for record, row in zip(records, data, strict=True):
        for column, text in zip(TRIALS.columns, record, strict=True):
            cell = row[column.name]
            if isinstance(cell, Absence) or cell is None:
                assert text == ("" if cell is None else cell.value)
            elif column.type == "list":
                assert csv.split(text) == cell
            elif column.type in ("text", "date"):
                assert csv.plain_text(text) == cell
            elif column.type != "boolean":
                assert Decimal(text) == cell


def test_the_same_header_for_any_trials(collection_folder: Path, alscli: Program) -> None:
    folder = collection_folder.parent
    filters = [(), ("--cell-type", "MSC"), ("--status", "withdrawn"), ("--phase", "1")]
    answers = [alscli(folder, "export", "csv", *each).stdout for each in filters]
    assert {answer.splitlines()[0] for answer in answers} == {",".join(TRIALS.names)}
    assert len(read_again(answers[2])) == 1
    assert answers[0] == alscli(folder, "export", "csv").stdout


def test_options_of_the_command(collection_folder: Path, alscli: Program, tmp_path: Path) -> None:
    folder = collection_folder.parent
    done = alscli(folder, "export", "csv", "--bom", "-o", "out.csv", "--list-separator", ";", "--null", "NA")
    assert done.returncode == 0
    data = (folder / "out.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbfid,")
    assert b"\r\n" in data
    assert b"\n" not in data.replace(b"\r\n", b"")
    header, first, *_ = read_again(data.decode("utf-8-sig"))
    cells = dict(zip(header, first, strict=True))
    assert cells["acronym"] == "NA"
    assert ";" in cells["src"] or "|" not in cells["src"]
    for wrong in ("", "||", "\\", '"', "\n"):
        assert alscli(folder, "export", "csv", f"--list-separator={wrong}").returncode == 2
    assert alscli(folder, "export", "cvs").returncode == 2
    assert alscli(folder, "export", "csv", "--table", "arm").returncode == 2


def test_list_as_csv_is_harmless_too(collection_folder: Path, alscli: Program) -> None:
    path = collection_folder / "trials" / "valor.toml"
    path.write_text(path.read_text("utf-8").replace('acronym = "VALOR"', 'acronym = "=VALOR()"'), "utf-8")
    done = alscli(
        collection_folder.parent, "list", "--format", "csv", "--columns", "id,acronym", "--text", "biib067"
    )
    assert read_again(done.stdout) == [["id", "acronym"], ["valor", "'=VALOR()"]]


# -- the place it goes to ----------------------------------------------------------------------------


def failing() -> Iterator[bytes]:
    yield b"new"
    raise CollectionError("no more")


def test_a_failure_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_bytes(b"old")
    with pytest.raises(CollectionError, match="no more"):
        target.write(path, failing())
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_disk_that_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    path = tmp_path / "out.csv"
    path.write_bytes(b"old")
    monkeypatch.setattr("alscli.export.target.os.fsync", full)
    with pytest.raises(CollectionError, match="No space left"):
        target.write(path, [b"new"])
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@posix
def test_the_mode_of_the_old_file_and_the_umask_of_a_new_one(tmp_path: Path) -> None:
    old, new = tmp_path / "old.csv", tmp_path / "new.csv"
    old.write_bytes(b"")
    old.chmod(0o640)
    before = os.umask(0o027)
    try:
        target.write(old, [b"x"])
        target.write(new, [b"x"])
    finally:
        os.umask(before)
    assert [path.stat().st_mode & 0o777 for path in (old, new)] == [0o640, 0o640]


@posix
def test_a_link_is_followed_and_stays(tmp_path: Path) -> None:
    real, link = tmp_path / "real.csv", tmp_path / "link.csv"
    link.symlink_to(real)
    target.write(link, [b"x"])
    target.write(link, [b"y"])
    assert link.is_symlink()
    assert real.read_bytes() == b"y"
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    with pytest.raises(CollectionError):
        target.write(loop, [b"x"])


@posix
def test_a_device_or_a_pipe_is_not_replaced(tmp_path: Path) -> None:
    target.write(Path(os.devnull), [b"x"])
    assert not Path(os.devnull).is_file()
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=target.write, args=(pipe, [b"a", b"b"]))
    writer.start()
    assert pipe.read_bytes() == b"ab"
    writer.join()
    assert pipe.is_fifo()


def test_no_place(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="is a folder"):
        target.write(tmp_path, [b"x"])
    with pytest.raises(UsageError, match="does not exist"):
        target.write(tmp_path / "nowhere" / "out.csv", [b"x"])
    with pytest.raises(CollectionError, match="cannot write"):
        target.write(tmp_path / "file" / "out.csv", [b"x"])
