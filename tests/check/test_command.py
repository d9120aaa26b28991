"""`validate` as a command: which records it looks at, what it cannot look at, and its exit status."""

from __future__ import annotations

import json
import os
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from alscli.check.engine import check, select
from alscli.cli import main
from alscli.store import collection as collection_module
from alscli.store.collection import Collection, read_bytes

if TYPE_CHECKING:
    from conftest import Git, Program


@pytest.fixture
def folder(collection_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder with `records`, and the current one."""
    monkeypatch.chdir(collection_folder.parent)
    return collection_folder.parent


Lines = pytest.CaptureFixture[str]


def run(capfd: Lines, *arguments: str) -> tuple[int, str, str]:
    status = main(["validate", *arguments])
    captured = capfd.readouterr()
    return status, captured.out, captured.err


def found(capfd: Lines, *arguments: str) -> list[tuple[str, str, int]]:
    """Code, path and line of each finding."""
    _, out, _ = run(capfd, *arguments, "--format", "jsonl")
    entries = [json.loads(line) for line in out.splitlines()]
    return [(entry["code"], entry["path"], entry["line"]) for entry in entries]


# -- names --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "number"),
    [
        ((), 11),
        (("records",), 11),
        (("records/",), 11),
        ((".",), 11),
        (("records/trials",), 6),
        (("records/trials/valor.toml",), 1),
        (("./records/../records/trials/valor.toml", "valor"), 1),
        (("valor", "nurown"), 2),
        (("NCT03280056",), 1),
        (("nurown-phase3", "records/products"), 5),
        (("ledger",), 1),
    ],
)
def test_files_folders_and_ids(folder: Path, capfd: Lines, arguments: tuple[str, ...], number: int) -> None:
    status, out, _ = run(capfd, *arguments, "--format", "json")
    assert json.loads(out)["checked"] == number
    assert status == 0


def test_a_link_to_a_record_is_the_record(folder: Path, capfd: Lines) -> None:
    (folder / "link").symlink_to(folder / "records")
    (folder / "one.toml").symlink_to(folder / "records" / "trials" / "valor.toml")
    for name in ("link/trials/valor.toml", "one.toml"):
        _, out, _ = run(capfd, name, "--format", "json")
        assert json.loads(out)["checked"] == 1


def test_a_folder_with_the_name_of_a_record_does_not_hide_it(folder: Path, capfd: Lines) -> None:
    (folder / "valor").mkdir()
    _, out, _ = run(capfd, "valor", "--format", "json")
    assert json.loads(out)["checked"] == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("records/trials/missing.toml",), "records/trials/missing.toml does not exist"),
        (("missing/",), "missing/ does not exist"),
        (("missing",), "no record 'missing'"),
        (("",), "an empty name"),
        (("empty/",), "empty holds no record of this collection"),
        (("records/trial.schema.json",), "holds no record of this collection"),
        (("outside.toml",), "outside.toml holds no record of this collection"),
        (("loop/",), "loop cannot be read: Too many levels of symbolic links"),
        (("valor", "--select", "ZZ999"), "no rule 'ZZ999'"),
        (("valor", "--ignore", "dt,XX"), "no rule 'XX'"),
        (("valor", "--select", "DT", "--ignore", "DT"), "--ignore leaves no rule of those selected"),
        (("valor", "--select", ","), "--select names no rule"),
        (("valor", "--ignore="), "--ignore names no rule"),
        (("valor", "--statistics", "--format", "json"), "--statistics is a text"),
        (("valor", "--as-of", "20261122"), "'20261122' is no day"),
        (("fifo.toml",), "fifo.toml holds no record of this collection"),
        (("valor", "--format", "xml"), "--format: 'xml' is not known"),
        (("valor", "--fail-on", "never"), "--fail-on: 'never' is no severity"),
        (("valor", "--changed-since", "HEAD"), "the collection is in no git repository"),
    ],
)
def test_what_names_nothing_is_refused(
    folder: Path, capfd: Lines, arguments: tuple[str, ...], words: str
) -> None:
    (folder / "empty").mkdir()
    (folder / "loop").symlink_to(folder / "loop")
    (folder / "outside.toml").write_text("schema = 1\n", "utf-8")
    os.mkfifo(folder / "fifo.toml")
    status, out, err = run(capfd, *arguments)
    assert status == 2
    assert out == ""
    assert words in err
    assert len(err.splitlines()) == 2


def test_a_collection_without_records_is_refused(
    tmp_path: Path, capfd: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "records" / "trials").mkdir(parents=True)
    assert run(capfd)[0] == 3, "no collection"
    (tmp_path / "records" / "alscli.toml").write_text("schema = 1\n", "utf-8")
    status, out, err = run(capfd)
    assert (status, out) == (2, "")
    assert err == "error: records holds no record\n  `alscli add` adds a trial\n"


@pytest.mark.parametrize(
    ("marker", "words"),
    [
        (b"schema = ", "cannot read records/alscli.toml: 1:10: TX001 Invalid value"),
        (b"schema = 1\n# \xff\n", "cannot read records/alscli.toml: 2:3: TX002 not UTF-8: byte 0xff"),
    ],
)
def test_a_collection_whose_marker_is_broken_is_not_checked(
    folder: Path, capfd: Lines, marker: bytes, words: str
) -> None:
    """Its scope would be unknown, and SC003 silent."""
    (folder / "records" / "alscli.toml").write_bytes(marker)
    status, out, err = run(capfd)
    assert (status, out) == (3, "")
    assert words in err


# -- files that are no files ---------------------------------------------------------------------------


def test_what_is_no_readable_file_is_a_finding_and_hides_no_other(folder: Path, capfd: Lines) -> None:
    trials = folder / "records" / "trials"
    os.mkfifo(trials / "fifo.toml")
    (trials / "folder.toml").mkdir()
    (trials / "loop.toml").symlink_to(trials / "loop.toml")
    (trials / "nowhere.toml").symlink_to(folder / "nowhere")
    names = ("fifo", "folder", "loop", "nowhere")
    expected = [("TX002", f"records/trials/{name}.toml", 1) for name in names]
    assert [entry for entry in found(capfd) if entry[0][:2] == "TX"] == expected
    paths = [f"records/trials/{name}.toml" for name in names]
    assert found(capfd, *paths) == expected
    status, _, err = run(capfd, *paths)
    assert status == 1
    assert "4 errors in 4 records" in err


def test_a_file_that_may_not_be_read(folder: Path, capfd: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    """Told by a stand-in: whoever runs the tests as root may read every file."""
    open_file = os.open

    def refuse(path: object, *arguments: object, **options: object) -> int:
        if str(path).endswith("valor.toml"):
            raise PermissionError(13, "Permission denied", str(path))
        return open_file(path, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(collection_module.os, "open", refuse)
    status, out, _ = run(capfd, "valor", "--no-cache")
    assert status == 1
    assert "TX002 error cannot be read: Permission denied" in out


def test_a_file_that_changes_while_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.toml"
    path.write_text("schema = 1\n", "utf-8")
    look = os.fstat
    seen: list[int] = []

    def look_and_change(descriptor: int) -> os.stat_result:
        result = look(descriptor)
        if not seen:
            path.write_text("schema = 1\nid = 'longer'\n", "utf-8")
        seen.append(descriptor)
        return result

    monkeypatch.setattr(collection_module.os, "fstat", look_and_change)
    with pytest.raises(OSError, match="changed while it was read"):
        read_bytes(path)


def test_a_file_that_is_rewritten_all_the_time_never_makes_the_program_fall_over(
    folder: Path, capfd: Lines
) -> None:
    path = folder / "records" / "trials" / "valor.toml"
    text = path.read_text("utf-8")
    done = threading.Event()

    def rewrite() -> None:
        while not done.is_set():
            for part in (text, text[: len(text) // 2], ""):
                path.write_text(part, "utf-8")

    writer = threading.Thread(target=rewrite)
    writer.start()
    try:
        for _ in range(20):
            status, _, err = run(capfd, "valor", "--no-cache")
            assert status in (0, 1)
            assert "internal failure" not in err
    finally:
        done.set()
        writer.join()


# -- changed since -------------------------------------------------------------------------------------


@pytest.fixture
def repository(folder: Path, git: Git) -> Path:
    """The collection, committed."""
    for arguments in (("init", "-q"), ("add", "-A"), ("commit", "-qm", "records")):
        git(folder, *arguments)
    return folder


def test_only_what_changed_is_reported(repository: Path, capfd: Lines) -> None:
    assert found(capfd, "--changed-since", "HEAD") == []
    path = repository / "records" / "trials" / "valor.toml"
    path.write_text(path.read_text("utf-8").replace('status = "completed"', 'status = "complted"'), "utf-8")
    other = repository / "records" / "trials" / "nurown-phase3.toml"
    codes = {(code, place) for code, place, _ in found(capfd, "--changed-since", "HEAD")}
    assert ("SM004", "records/trials/valor.toml") in codes
    assert {place for _, place in codes} == {"records/trials/valor.toml"}
    assert found(capfd, "--changed-since", "HEAD", str(other)) == []


def test_rules_across_records_see_those_that_did_not_change(repository: Path, capfd: Lines) -> None:
    trials = repository / "records" / "trials"
    text = (trials / "nurown-phase3.toml").read_text("utf-8")
    (trials / "zz-again.toml").write_text(text.replace('id = "nurown-phase3"', 'id = "zz-again"'), "utf-8")
    codes = [code for code, _, _ in found(capfd, "--changed-since", "HEAD")]
    assert "ID003" in codes


def remove(repository: Path, name: str) -> None:
    (repository / "records" / "trials" / f"{name}.toml").unlink()


def gone(capfd: Lines) -> list[tuple[str, str, int]]:
    return [entry for entry in found(capfd, "--changed-since", "HEAD") if entry[0] == "XR004"]


def test_a_record_gone_without_a_trace_is_an_error(repository: Path, capfd: Lines) -> None:
    remove(repository, "valor")
    assert gone(capfd) == [("XR004", "records/trials/valor.toml", 1)]
    assert run(capfd, "--changed-since", "HEAD")[0] == 1
    assert "XR004" not in {code for code, _, _ in found(capfd)}, "without a revision nobody knows"
    assert found(capfd, "--changed-since", "HEAD", "--ignore", "XR004") == []


def test_a_record_moved_to_the_ledger_is_no_loss(repository: Path, capfd: Lines) -> None:
    remove(repository, "valor")
    ledger = repository / "records" / "ledger.toml"
    entry = '\n[[excluded]]\nid = "valor"\ntitle = "VALOR"\nreason = "duplicate"\nstage = "full_text"\n'
    ledger.write_text(ledger.read_text("utf-8") + entry, "utf-8")
    assert gone(capfd) == []


def test_a_renamed_record_is_no_loss(repository: Path, capfd: Lines) -> None:
    path = repository / "records" / "trials" / "valor.toml"
    text = path.read_text("utf-8").replace('id = "valor"\n', 'id = "valor-2"\nformer_ids = ["valor"]\n', 1)
    path.with_name("valor-2.toml").write_text(text, "utf-8")
    path.unlink()
    assert gone(capfd) == []


def test_a_file_renamed_without_its_id_is_one_finding(repository: Path, capfd: Lines) -> None:
    path = repository / "records" / "trials" / "valor.toml"
    path.rename(path.with_name("valor-2.toml"))
    codes = [(code, place) for code, place, _ in found(capfd, "--changed-since", "HEAD", "--select", "ID,XR")]
    assert ("ID001", "records/trials/valor-2.toml") in codes
    assert "XR004" not in {code for code, _ in codes}


def test_of_the_records_gone_those_of_the_folders_named_are_reported(repository: Path, capfd: Lines) -> None:
    remove(repository, "valor")
    arguments = ("--changed-since", "HEAD", "--select", "XR004")
    assert found(capfd, *arguments, "nurown-phase3") == []
    assert found(capfd, *arguments, "records/products") == []
    assert len(found(capfd, *arguments, "records/trials")) == 1


def test_a_trial_among_the_products_is_found_and_no_trace_of_the_trial(
    repository: Path, capfd: Lines, git: Git
) -> None:
    git(repository, "mv", "records/trials/valor.toml", "records/products/valor.toml")
    codes = {(code, place) for code, place, _ in found(capfd, "--changed-since", "HEAD")}
    assert ("XR004", "records/trials/valor.toml") in codes
    assert ("SM001", "records/products/valor.toml") in codes
    assert run(capfd, "--changed-since", "HEAD")[0] == 1
    git(repository, "commit", "-qm", "moved")
    assert found(capfd, "--changed-since", "HEAD") == []


def test_a_product_with_the_name_of_a_trial(repository: Path, capfd: Lines, git: Git) -> None:
    products = repository / "records" / "products"
    text = (products / "nurown.toml").read_text("utf-8").replace('id = "nurown"', 'id = "valor"')
    (products / "valor.toml").write_text(text, "utf-8")
    assert json.loads(run(capfd, "--changed-since", "HEAD", "--format", "json")[1])["checked"] == 1
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "two of one name")
    (products / "valor.toml").unlink()
    assert gone(capfd) == [("XR004", "records/products/valor.toml", 1)]


def test_a_product_that_says_it_was_a_trial_does_not_explain_it(repository: Path, capfd: Lines) -> None:
    remove(repository, "valor")
    product = repository / "records" / "products" / "nurown.toml"
    text = product.read_text("utf-8").replace('id = "nurown"\n', 'id = "nurown"\nformer_ids = ["valor"]\n', 1)
    product.write_text(text, "utf-8")
    assert gone(capfd) == [("XR004", "records/trials/valor.toml", 1)]


def test_a_broken_record_is_not_gone(repository: Path, capfd: Lines) -> None:
    (repository / "records" / "trials" / "valor.toml").write_text("id = ", "utf-8")
    assert gone(capfd) == []


def test_a_broken_ledger_gives_one_finding(repository: Path, capfd: Lines) -> None:
    remove(repository, "valor")
    (repository / "records" / "ledger.toml").write_text("[[", "utf-8")
    assert [code for code, _, _ in found(capfd, "--changed-since", "HEAD")] == ["TX001"]


def test_many_records_gone_at_once_are_an_error_by_themselves(repository: Path, capfd: Lines) -> None:
    for name in ("valor", "barczewska-2020"):
        remove(repository, name)
    assert gone(capfd) == [
        ("XR004", "records/alscli.toml", 1),
        ("XR004", "records/trials/barczewska-2020.toml", 1),
        ("XR004", "records/trials/valor.toml", 1),
    ]


def test_a_revision_that_does_not_exist(repository: Path, capfd: Lines) -> None:
    for revision in ("nope", "--all", ""):
        status, _, err = run(capfd, f"--changed-since={revision}")
        assert status == 2
        assert "no revision" in err


# -- formats -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["text", "json", "jsonl", "sarif", "github", "junit"])
def test_every_format_has_the_same_status_and_no_counts_on_stdout(
    folder: Path, capfd: Lines, form: str
) -> None:
    path = folder / "records" / "trials" / "valor.toml"
    path.write_text(path.read_text("utf-8").replace('status = "completed"', 'status = "complted"'), "utf-8")
    status, out, err = run(capfd, "--format", form)
    assert status == 1
    assert out.endswith("\n")
    assert "complted" in out
    assert "in 11 records" in err
    assert "in 11 records" not in out


def test_the_cache_changes_nothing(folder: Path, capfd: Lines) -> None:
    collection = Collection(folder / "records")
    report = check(collection, collection.load(), as_of=datetime.now(UTC).date(), codes=select([], []))
    fresh, again, without = (found(capfd, *more) for more in ((), (), ("--no-cache",)))
    assert fresh == again == without
    assert len(fresh) == len(report.findings)


def test_statistics_of_a_process(folder: Path, alscli: Program) -> None:
    done = alscli(folder, "validate", "--statistics", "--select", "PV")
    assert done.returncode == 0
    assert all(line.split()[1].startswith("PV") for line in done.stdout.splitlines())
