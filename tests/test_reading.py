"""`list`, `show`, `compare`, `values` on odd collections, odd terminals and odd streams."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from alscli.cli import main
from alscli.text import width

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(collection_folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the program beside a copy of the small collection: status, stdout, stderr."""
    monkeypatch.chdir(collection_folder.parent)
    monkeypatch.setenv("COLUMNS", "80")

    def done(*arguments: str) -> tuple[int, str, str]:
        status = main(arguments)
        told = capsys.readouterr()
        return status, told.out, told.err

    return done


# -- streams -------------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="streams of POSIX")
@pytest.mark.parametrize(
    ("streams", "status", "stdout", "stderr"),
    [
        (">&-", 3, "", "error: the output cannot be written"),
        (">&- 2>&-", 3, "", ""),
        ("2>&-", 0, "id\nbarczewska-2020\n", ""),
        ("<&-", 0, "id\nbarczewska-2020\n", "6 of 6 trials, the first 1 shown"),
    ],
)
def test_closed_streams(streams: str, status: int, stdout: str, stderr: str, collection_folder: Path) -> None:
    command = f'"$0" -m alscli list --columns id --limit 1 {streams}'
    done = subprocess.run(
        ["sh", "-c", command, sys.executable],
        cwd=collection_folder.parent,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert (done.returncode, done.stdout) == (status, stdout)
    assert done.stderr.startswith(stderr)
    assert bool(done.stderr) == bool(stderr)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk(collection_folder: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "alscli", "list"],
            cwd=collection_folder.parent,
            stdout=full,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            check=False,
        )
    assert done.returncode == 3
    assert done.stderr.startswith("error: the output cannot be written: No space left on device\n  look at")


@pytest.mark.skipif(sys.platform == "win32", reason="locales of POSIX")
def test_the_output_is_utf_8_whatever_the_locale(collection_folder: Path) -> None:
    for environment in ({"LC_ALL": "C", "PYTHONUTF8": "0"}, {"PYTHONIOENCODING": "latin-1"}):
        done = subprocess.run(
            [sys.executable, "-m", "alscli", "search", "鞘内", "--limit", "1"],
            cwd=collection_folder.parent,
            env=os.environ | environment,
            capture_output=True,
            check=True,
        )
        assert "鞘内" in done.stdout.decode()


# -- show ----------------------------------------------------------------------------------------------


def test_a_page_takes_what_it_needs_from_other_records(run: Run, collection_folder: Path) -> None:
    status, whole, _ = run("show", "nurown-phase3")
    assert status == 0
    assert "NurOwn (MSC-NTF, autologous)" in whole
    assert "NurOwn: regulators and developer" in whole
    status, page, _ = run("show", "nurown")
    assert status == 0
    assert page.index("nurown-phase2: phase 2") < page.index("nurown-phase3: phase 3")
    for path in (collection_folder / "trials").glob("*.toml"):
        if path.stem not in ("nurown-phase2", "nurown-phase3"):
            path.unlink()
    assert run("show", "nurown-phase3")[1] == whole
    assert run("show", "nurown")[1] == page


def test_what_a_page_lacks_is_said(run: Run, collection_folder: Path) -> None:
    (collection_folder / "trials" / "nurown-phase2.toml").write_text("id = ", "utf-8")
    status, page, warning = run("show", "nurown")
    assert status == 0
    assert "nurown-phase2" not in page
    assert "1 file holds no readable record and is left out: records/trials/nurown-phase2.toml" in warning
    (collection_folder / "products" / "nurown.toml").write_text("id = ", "utf-8")
    assert "records/products/nurown.toml" in run("show", "nurown-phase3")[2]
    assert run("show", "nurown")[0] == 3
    assert run("show", "nurown-phase2")[2].startswith("error: records/trials/nurown-phase2.toml holds no")


def test_the_ledger_has_no_page(run: Run) -> None:
    assert run("show", "ledger")[::2] == (
        2,
        "error: the ledger has no page\n  ask for --format toml or json, or use `alscli sql`\n",
    )
    assert run("show", "ledger", "--format", "toml")[1].startswith("#:schema")
    assert '"schema": "alscli/ledger/1"' in run("show", "ledger", "--format", "json")[1]


def test_several_conditions_must_all_hold(run: Run) -> None:
    one, other = ("--where", "phase = '3'"), ("--where", "enrollment > 150")
    assert run("list", *one, "--format", "ids")[1] == "nurown-phase3\nvalor\n"
    assert run("list", *one, *other, "--format", "ids")[1] == "nurown-phase3\n"
    assert run("stats", "phase", *one, *other)[1] == "phase\tn\tof\tpercent\n3\t1\t1\t100.0\n"
    for broken in ("1) or (1", ""):
        assert run("list", *one, "--where", broken)[0] == 2


# -- tables --------------------------------------------------------------------------------------------


def test_a_status_is_not_cut_for_the_head_of_a_number(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "68")
    _, out, _ = run("list", "--format", "table")
    head, *lines = out.splitlines()
    assert head.endswith("…")
    assert sum("completed " in line for line in lines) > 3
    assert all(width(line) <= 68 for line in lines)


def test_too_many_columns_stand_below_each_other(run: Run) -> None:
    _, out, _ = run("sql", "SELECT * FROM trials WHERE id = 'valor'", "--format", "table")
    assert "\nregistry id              NCT02623699\n" in out
    assert max(map(width, out.splitlines())) <= 80
    columns = "id,title,status,phase,country_count,sites,year,masking,design,model,purpose,note"
    _, out, _ = run("list", "--format", "table", "--columns", columns, "--limit", "2")
    assert out.count("\nstatus") == 2
    assert max(map(width, out.splitlines())) <= 80


def test_the_columns_of_a_report_fit(run: Run) -> None:
    for report in ("overdue", "primary", "completeness"):
        _, out, _ = run("stats", "--report", report, "--format", "table")
        assert all(width(line) <= 80 for line in out.splitlines())
    _, out, _ = run("stats", "cell_type", "--format", "tsv")
    assert "\n(none)\t" in out


@pytest.mark.parametrize("arguments", [(), ("--report", "primary"), ("--report", "completeness"), ("phase",)])
def test_no_header(run: Run, arguments: tuple[str, ...]) -> None:
    whole, rest = run("stats", *arguments)[1], run("stats", *arguments, "--no-header")[1]
    assert whole.partition("\n")[2] == rest


def test_compare_by_ids_of_any_kind(run: Run) -> None:
    _, out, _ = run("compare", "NCT03280056", "valor", "--format", "json")
    assert '"ids": [\n    "nurown-phase3",\n    "valor"\n  ]' in out
    assert run("compare", "valor", "nurown")[2].startswith("error: 'nurown' is no readable trial")
    assert run("compare", "valor", "VALOR")[2].startswith("error: there is only one trial")


# -- values --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "held", "not_held"),
    [
        ("title", "\nSafety and efficacy of repeated", "\nA randomized placebo-controlled phase 3 study"),
        ("sponsor.name", "\nBiogen\t1\n", "industry"),
        ("enrollment.randomized", "\n196\t1\n", "{"),  # also where it stands with its source
        ("dates.start", "\n2017-08-28\t1\n", "{"),
        ("product", "\nnurown\t2\n", "{"),
    ],
)
def test_what_the_collection_holds(run: Run, field: str, held: str, not_held: str) -> None:
    status, out, _ = run("values", field)
    assert status == 0
    assert held in out
    assert not_held not in out


def test_a_table_says_what_it_holds(run: Run) -> None:
    _, out, _ = run("fields", "enrollment")
    assert "\n  holds     planned, screened, enrolled, randomized, treated, completed, analyzed\n" in out
    _, out, _ = run("fields", "outcomes[]")
    assert "\n  holds     id, role, instrument," in out
    assert "holds" not in run("fields", "status")[1]


def test_what_a_field_means_is_not_cut(run: Run) -> None:
    _, out, _ = run("fields", "--format", "table")
    assert "\nenrollment.randomized.n  whole number, required\n    People\n" in out
    assert "…" not in out
    assert max(map(width, out.splitlines())) <= 80


def test_a_table_has_no_values(run: Run) -> None:
    assert run("values", "sponsor")[::2] == (
        2,
        "error: sponsor is a table\n  name one of its fields: sponsor.name, sponsor.name_zh, sponsor.class,"
        " sponsor.collaborators, sponsor.collaborators.name, sponsor.collaborators.class, sponsor.funders,"
        " sponsor.funders.name\n",
    )


@pytest.mark.parametrize("table", ["arms", "safety", "events", "disputes", "verified", "outcomes.values"])
def test_a_table_that_holds_a_number_has_no_values_either(run: Run, table: str) -> None:
    status, _, err = run("values", table)
    assert status == 2
    assert f"{table} is a table" in err


@pytest.mark.parametrize("fact", ["enrollment.randomized", "dates.start"])
def test_a_number_or_date_with_its_source_has_values(run: Run, fact: str) -> None:
    assert run("values", fact)[0] == 0


def test_terms_for_a_script_are_not_indented(run: Run) -> None:
    _, out, _ = run("values", "cell_type")
    assert out.startswith("code\tparent\ten")
    assert "\nBM-MSC\tMSC\tbone-marrow" in out
    _, out, _ = run("values", "cell_type", "--format", "table")
    assert "\n  BM-MSC" in out


# -- search --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("10.1002/mus.27472", "nurown-phase3"),  # the DOI of a source
        ("doi 10.1002", ""),
    ],
)
def test_a_source_is_found_by_its_number(run: Run, words: str, found: str) -> None:
    assert (f"\ntrial\t{found}\tSafety" in run("search", words)[1]) is bool(found)


def test_long_excerpts_take_several_lines(run: Run) -> None:
    _, out, _ = run("search", "鞘内", "--format", "table", "--color", "always")
    assert "\x1b[33m鞘内\x1b[0m" in out
    plain = out.replace("\x1b[33m", "").replace("\x1b[36m", "").replace("\x1b[0m", "")
    assert max(map(width, plain.splitlines())) <= 80


# -- terminals -----------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")
@pytest.mark.parametrize(
    "arguments",
    [
        ("list",),
        ("show", "nurown-phase3"),
        ("compare", "nurown-phase3", "valor", "barczewska-2020"),
        ("stats", "--report", "primary"),
        ("sql", "SELECT * FROM trials LIMIT 2"),
        ("explain", "EN001"),
    ],
)
def test_on_a_narrow_terminal_every_line_fits(
    arguments: tuple[str, ...], collection_folder: Path, at_terminal: Callable[..., Any]
) -> None:
    child = at_terminal(collection_folder.parent, "-m", "alscli", *arguments, columns=64, PAGER="")
    lines = child.read().replace("\r", "").splitlines()
    assert len(lines) > 5
    assert [line for line in lines if width(line) > 64 and "one with several kinds" not in line] == []
