"""Finding a collection, reading what lies in it whatever it is, and resolving ids."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from alscli.errors import CollectionError, UsageError
from alscli.model.trial import Trial
from alscli.store.collection import (
    Collection,
    assemble,
    find,
    is_record_name,
    names_of,
    read_bytes,
    resolve,
    shown,
)
from alscli.store.toml import MAX_BYTES

Program = Callable[..., subprocess.CompletedProcess[str]]
SMALL = """\
schema = 1
id = "{id}"
title = "{title}"
registry_id = "{number}"
conditions = ["ALS"]
study_type = "interventional"
design = "single_arm"
phase = "1"
status = "completed"
status_as_of = "2020"
src = "registry"

[screening]
decision = "include"
"""
posix = pytest.mark.skipif(sys.platform == "win32", reason="no such files")


def small(
    root: Path, id_: str, *, title: str = "A trial", number: str = "NCT01234567", more: str = ""
) -> Path:
    path = root / "trials" / f"{id_}.toml"
    text = SMALL.format(id=id_, title=title, number=number)
    path.write_text(text.replace("[screening]", f"{more}\n[screening]"), "utf-8")
    return path


def tree(root: Path) -> dict[str, str]:
    """Every file below a folder with a hash of what it holds."""
    found: dict[str, str] = {}
    for folder, _, names in os.walk(root):
        for name in names:
            path = Path(folder, name)
            plain = path.is_file() and not path.is_symlink()
            found[str(path)] = hashlib.sha256(path.read_bytes() if plain else b"").hexdigest()
    return found


# -- finding -----------------------------------------------------------------------------------------


def test_upwards_from_anywhere(collection_folder: Path) -> None:
    work = collection_folder.parent
    below = work / "src" / "deep"
    below.mkdir(parents=True)
    for start in (work, below, collection_folder, collection_folder / "trials"):
        assert find(None, start).root == collection_folder


def test_the_nearest_wins(collection_folder: Path, tmp_path: Path) -> None:
    inner = collection_folder / "trials" / "records"
    inner.mkdir()
    (inner / "alscli.toml").write_text("schema = 1\n")
    assert find(None, collection_folder / "trials").root == inner


def test_a_folder_that_is_named(collection_folder: Path, tmp_path: Path) -> None:
    assert find(collection_folder, tmp_path).root == collection_folder
    assert find(collection_folder.parent, tmp_path).root == collection_folder


@pytest.mark.parametrize(
    ("name", "problem"),
    [("nowhere", "does not exist"), (".", "holds no alscli.toml"), ("x" * 5000, "does not")],
)
def test_a_folder_that_is_none(
    name: str, problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=problem):
        find(Path(name), tmp_path)


def test_nothing_found(tmp_path: Path) -> None:
    (tmp_path / "records" / "alscli.toml").mkdir(parents=True)  # a folder is no marker
    with pytest.raises(CollectionError, match="no collection here"):
        find(None, tmp_path)


def test_alscli_records_and_the_option_before_it(
    collection_folder: Path, tmp_path: Path, alscli: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALSCLI_RECORDS", str(collection_folder))
    assert alscli(tmp_path, "list", "--count").stdout == "6\n"
    other = tmp_path / "other"
    assert alscli(tmp_path, "init", str(other)).returncode == 0
    assert alscli(tmp_path, "list", "--count", "--records", str(other)).stdout == "0\n"
    monkeypatch.setenv("ALSCLI_RECORDS", "nowhere")
    assert alscli(tmp_path, "list", "--count").returncode == 2


# -- entries -----------------------------------------------------------------------------------------


def test_what_is_a_record_file(collection_folder: Path) -> None:
    before = [entry.path for entry in Collection(collection_folder).entries()]
    for name in (
        ".hidden.toml",
        ".valor.123.tmp",
        "valor.toml~",
        "valor.toml.orig",
        "#valor.toml#",
        "notes.md",
    ):
        (collection_folder / "trials" / name).write_text("[")
    (collection_folder / "trials" / "folder").mkdir()
    (collection_folder / "other.toml").write_text("[")
    assert [entry.path for entry in Collection(collection_folder).entries()] == before
    assert [path.name for path in before][:2] == ["ledger.toml", "np001-treg.toml"]
    assert is_record_name("Valor.toml")


def test_an_empty_collection(tmp_path: Path) -> None:
    assert list(Collection(tmp_path).entries()) == []
    assert Collection(tmp_path).load().trials == {}


def test_a_file_where_a_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "trials").write_text("")
    with pytest.raises(CollectionError, match="cannot read"):
        list(Collection(tmp_path).entries())


# -- hostile files -----------------------------------------------------------------------------------


def a_fifo(path: Path) -> None:
    os.mkfifo(path)


def a_folder(path: Path) -> None:
    path.mkdir()


def a_loop(path: Path) -> None:
    path.symlink_to(path)


def a_dangling_link(path: Path) -> None:
    path.symlink_to("nowhere")


def a_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def a_huge_file(path: Path) -> None:
    path.write_bytes(b"# " + b"x" * 5_000_000)


def a_deep_file(path: Path) -> None:
    path.write_text("x = " + "[" * 500 + "]" * 500)


def a_deep_table(path: Path) -> None:
    path.write_text("x" + ".x" * 500 + " = 1")


def a_vast_number(path: Path) -> None:
    path.write_text("schema = " + "9" * 5000)


def some_bytes(path: Path) -> None:
    path.write_bytes(b"\xff\x00\xfe" * 50)


def nothing(path: Path) -> None:
    path.write_bytes(b"")


HOSTILE = [
    a_fifo,
    a_folder,
    a_loop,
    a_dangling_link,
    a_device,
    a_huge_file,
    a_deep_file,
    a_deep_table,
    a_vast_number,
    some_bytes,
    nothing,
]


@posix
@pytest.mark.parametrize("make", HOSTILE)
def test_a_file_that_cannot_be_read_is_a_record_with_a_fault(
    make: Callable[[Path], None], collection_folder: Path
) -> None:
    make(collection_folder / "trials" / "bad.toml")
    snapshot = Collection(collection_folder).load()
    (bad,) = snapshot.unreadable
    assert bad.entry.id == "bad"
    assert bad.fault or bad.errors
    assert len(snapshot.trials) == 6


@posix
def test_no_descriptor_is_left_open(collection_folder: Path) -> None:
    a_folder(collection_folder / "trials" / "bad.toml")
    first = os.open(os.devnull, os.O_RDONLY)
    os.close(first)
    for _ in range(5):
        with pytest.raises(OSError, match="not a regular file"):
            read_bytes(collection_folder / "trials" / "bad.toml")
    last = os.open(os.devnull, os.O_RDONLY)
    os.close(last)
    assert first == last


@posix
def test_everything_hostile_at_once_hides_no_other_record(
    collection_folder: Path, alscli: Program, tmp_path: Path
) -> None:
    for make in HOSTILE:
        make(collection_folder / "trials" / f"{make.__name__.replace('_', '-')}.toml")
    title = r"\u001b[31mred\u001b]8;;http://x\u0007 \u202egnirts [/red] [bold] a\tb\nc =1+1 | \u009b31m"
    small(collection_folder, "escape", title=title)
    before = tree(collection_folder)
    folder = collection_folder.parent
    environment = {"list": 7, "export": 7}

    for arguments in (
        ("list",),
        ("list", "--format", "markdown"),
        ("list", "--text", "red"),
        ("export", "csv"),
    ):
        done = alscli(folder, *arguments)
        assert done.returncode == (1 if arguments[0] == "export" else 0), done.stderr
        assert "valor" in done.stdout or "--text" in arguments
        assert "escape" in done.stdout
        assert "11 files hold no readable record" in done.stderr
        assert "Traceback" not in done.stderr
    done = alscli(folder, "list", "--format", "json")
    answer = json.loads(done.stdout)
    assert (answer["total"], answer["unreadable"]) == (environment["list"], 11)
    done = alscli(folder, "show", "escape")
    assert done.returncode == 0
    assert r"\x1b[31mred" in done.stdout
    assert "[/red] [bold]" in done.stdout
    for obeyed in ("\x1b", "\u202e", "\x07", "\x9b"):
        assert obeyed not in done.stdout
    done = alscli(folder, "show", "a-fifo")
    assert (done.returncode, "holds no readable record" in done.stderr) == (3, True)
    for arguments in (("validate",), ("fmt", "--check"), ("diff", "escape", "valor")):
        assert "Traceback" not in alscli(folder, *arguments).stderr
    assert alscli(folder, "export", "csv", "--keep-going").returncode == 0
    assert tree(collection_folder) == before


def test_reading_refused_by_the_system(collection_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: object, flags: int) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("alscli.store.collection.os.open", refuse)
    snapshot = Collection(collection_folder).load()
    assert len(snapshot.unreadable) == len(snapshot.records) == 11
    assert snapshot.unreadable[0].fault.message == "cannot be read: Permission denied"  # type: ignore[union-attr]


def test_a_big_file_is_not_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "big.toml"
    path.write_bytes(b"x" * (MAX_BYTES * 5))
    assert len(read_bytes(path)) == MAX_BYTES + 1


def test_file_names_are_shown_as_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert shown(tmp_path / "trials" / "a.toml") == "trials/a.toml"
    assert shown(tmp_path / "\x1b[31m\n\udcff.toml") == r"\x1b[31m \udcff.toml"


# -- records -----------------------------------------------------------------------------------------


def test_own_terms_of_a_collection(collection_folder: Path) -> None:
    path = small(collection_folder, "spatial")
    path.write_text(path.read_text().replace('["ALS"]', '["ALS"]\ntags = ["iit"]'), "utf-8")
    path.write_text(path.read_text().replace('"single_arm"', '"platform"'), "utf-8")
    assert not Collection(collection_folder).read(next(_entries(collection_folder, "spatial"))).readable
    (collection_folder / "vocab").mkdir()
    (collection_folder / "vocab" / "design.toml").write_text(
        'field = "design"\n[[terms]]\ncode = "platform"\nen = "platform trial"\n'
    )
    record = Collection(collection_folder).read(next(_entries(collection_folder, "spatial")))
    assert isinstance(record.model, Trial)
    assert record.model.design == "platform"


def _entries(root: Path, id_: str):  # type: ignore[no-untyped-def]
    return (entry for entry in Collection(root).entries() if entry.id == id_)


def test_of_two_files_with_one_id_the_first_counts(collection_folder: Path) -> None:
    path = small(collection_folder, "aaa")
    path.write_text(path.read_text().replace('id = "aaa"', 'id = "valor"'), "utf-8")
    snapshot = Collection(collection_folder).load()
    assert snapshot.trials["valor"].title == "A trial"
    assert len(assemble(reversed(snapshot.records)).trials) == 6


def test_references_that_records_share(collection_folder: Path) -> None:
    snapshot = Collection(collection_folder).load()
    assert snapshot.ledger is not None
    assert set(snapshot.shared_refs) == {ref.key for ref in snapshot.ledger.refs}
    (collection_folder / "ledger.toml").unlink()
    assert Collection(collection_folder).load().shared_refs == {}


# -- resolving ---------------------------------------------------------------------------------------


@pytest.fixture
def ids(collection_folder: Path) -> Callable[..., str]:
    small(
        collection_folder,
        "renamed",
        number="2023-507290-17-00",
        more='former_ids = ["old-name"]\n'
        'secondary_ids = ["EudraCT 2011-000362-35", "UMIN000034954", "local-7"]',
    )
    small(collection_folder, "nurown-phase3-extra", number="NCT09999999")
    records = Collection(collection_folder).load().records

    def run(text: str, *, beginning: bool = True) -> str:
        return resolve(text, records, beginning=beginning).entry.id

    return run


@pytest.mark.parametrize(
    ("text", "id_"),
    [
        ("valor", "valor"),
        ("VALOR", "valor"),
        ("nurown-phase3", "nurown-phase3"),  # exact before beginning
        ("nurown", "nurown"),  # a product
        ("NCT03280056", "nurown-phase3"),
        ("nct03280056", "nurown-phase3"),
        ("https://clinicaltrials.gov/study/NCT03280056", "nurown-phase3"),
        ("NCT 0328 0056", "nurown-phase3"),
        ("233AS101", "valor"),
        ("old-name", "renamed"),
        ("2023-507290-17-00", "renamed"),
        ("2023-507290-17", "renamed"),
        ("2011-000362-35", "renamed"),
        ("JPRN-UMIN000034954", "renamed"),
        ("Local-7", "renamed"),
    ],
)
def test_an_exact_name(text: str, id_: str, ids: Callable[..., str]) -> None:
    assert ids(text, beginning=False) == id_


@pytest.mark.parametrize(
    ("text", "id_"), [("val", "valor"), ("barc", "barczewska-2020"), ("nct02623", "valor")]
)
def test_a_beginning(text: str, id_: str, ids: Callable[..., str]) -> None:
    assert ids(text) == id_
    with pytest.raises(UsageError):
        ids(text, beginning=False)


def test_a_beginning_of_several(ids: Callable[..., str]) -> None:
    with pytest.raises(UsageError, match="ambiguous") as caught:
        ids("nurown-p")
    assert caught.value.hint == "it may mean nurown-phase2, nurown-phase3, nurown-phase3-extra"


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("valour", "valor"),
        ("nurown-phase4", "nurown-phase"),
        ("", "alscli list"),
        ("not_reported", "alscli list"),
    ],
)
def test_no_such_record(text: str, hint: str, ids: Callable[..., str]) -> None:
    with pytest.raises(UsageError, match="no record") as caught:
        ids(text)
    assert hint in caught.value.hint


def test_names_of_what_cannot_be_read(collection_folder: Path) -> None:
    path = small(collection_folder, "odd", number="NCT01111111")
    path.write_text(
        path.read_text()
        .replace('title = "A trial"', "title = 5")
        .replace('src = "registry"', 'former_ids = 7\nsecondary_ids = [1, "x"]'),
        "utf-8",
    )
    (record,) = Collection(collection_folder).load().unreadable
    assert names_of(record) == {"odd", "nct01111111", "x"}
    a_deep_file(path)
    (record,) = Collection(collection_folder).load().unreadable
    assert names_of(record) == {"odd"}
