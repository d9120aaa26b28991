"""The engine: places in the text, selection, waivers, and files that are no records."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from alscli.check.engine import catalogue, check, select
from alscli.check.finding import Finding, Severity
from alscli.check.report import Report
from alscli.errors import UsageError
from alscli.store.collection import Collection

RECORD = """\
schema = 1
id = "example"
title = "Cells in ALS"
registry_id = "NCT00000001"
conditions = ["ALS"]
study_type = "interventional"
design = "single_arm"
phase = "1"
status = "completed"
status_as_of = "2019"
src = "registry"

[dates]
start = { on = "2018-02", type = "actual" }
completion = { on = "2019-02", type = "actual" }

[[arms]]
id = "first"
n = 3

[[arms]]
id = "second"
n = 4

[screening]
decision = "include"
"""
ALL = select([], ["TX005"])


@pytest.fixture
def found(tmp_path: Path) -> Callable[..., list[Finding]]:
    """Checks a trial, given as text or bytes, alone in a collection."""

    def run(
        text: str | bytes = RECORD, codes: frozenset[str] = ALL, as_of: str = "2026-11-22"
    ) -> list[Finding]:
        return report(tmp_path, {"trials/example.toml": text}, codes, as_of).findings

    return run


def report(
    root: Path, files: dict[str, str | bytes], codes: frozenset[str] = ALL, as_of: str = "2026-11-22"
) -> Report:
    (root / "alscli.toml").write_text("schema = 1\n", encoding="utf-8")
    for name, text in files.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    collection = Collection(root)
    return check(collection, collection.load(), as_of=date.fromisoformat(as_of), codes=codes)


def errors(findings: list[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.severity is Severity.ERROR]


def place(finding: Finding) -> tuple[int, int, int, int]:
    return finding.line, finding.column, finding.end_line, finding.end_column


def test_a_sound_record_has_no_errors(found: Callable[..., list[Finding]]) -> None:
    assert errors(found()) == []


@pytest.mark.parametrize(
    ("old", "new", "code", "where", "field", "pointed_at"),
    [
        ('"completed"', '"complete"', "SM004", (9, 10, 9, 20), "status", '"complete"'),
        ("n = 4", "n = 4.5", "SM003", (23, 5, 23, 8), "arms.second.n", "4.5"),
        ("n = 4", "size = 4", "SM001", (23, 1, 23, 5), "arms.second.size", "size"),
        ('id = "second"\n', "", "SM002", (21, 1, 21, 9), "arms.#1.id", "[[arms]]"),
        ('on = "2018-02", ', "", "SM002", (14, 9, 14, 28), "dates.start.on", '{ type = "actual" }'),
        ('phase = "1"\n', "", "SM002", (1, 1, 1, 1), "phase", ""),
        ('"2018-02"', '"2018-13"', "DT001", (14, 16, 14, 25), "dates.start.on", '"2018-13"'),
        ('"2018-02"', '"2020-02"', "DT002", (15, 21, 15, 30), "dates.completion.on", '"2019-02"'),
        ('"ALS"]', '"ALS", ""]', "SM005", (5, 22, 5, 24), "conditions.1", '""'),
        ('"Cells in ALS"', '"🧠 in ALS"\nacronym = 5', "SM003", (4, 11, 4, 12), "acronym", "5"),
        (
            "title =",
            'sponsor = { "🧠" = 5, name = "x" }\ntitle =',
            "SM001",
            (3, 13, 3, 16),
            "sponsor.🧠",
            '"🧠"',
        ),
        (
            "n = 4",
            "given = [\n  { doses = 0 },\n]",
            "SM005",
            (24, 13, 24, 14),
            "arms.second.given.0.doses",
            "0",
        ),
        (
            "n = 4",
            "given = [\n  { doses = 2 },\n  3,\n]",
            "SM003",
            (25, 3, 25, 4),
            "arms.second.given.1",
            "3",
        ),
        (
            "[dates]\nstart",
            "[dates]\nregistered.on = 5\nstart",
            "SM003",
            (14, 17, 14, 18),
            "dates.registered.on",
            "5",
        ),
    ],
)
@pytest.mark.parametrize("ends", ["\n", "\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["", "BOM"])
def test_a_finding_is_at_its_place(
    old: str,
    new: str,
    code: str,
    where: tuple[int, int, int, int],
    field: str,
    pointed_at: str,
    ends: str,
    mark: str,
    found: Callable[..., list[Finding]],
) -> None:
    text = RECORD.replace(old, new, 1)
    assert text != RECORD
    finding = next(finding for finding in found((mark + text).replace("\n", ends)) if finding.code == code)
    assert place(finding) == where
    assert finding.field == field
    assert finding.source == text.split("\n")[finding.line - 1]
    assert finding.source[finding.column - 1 : finding.end_column - 1] == pointed_at


def test_a_finding_carries_what_mends_it(found: Callable[..., list[Finding]]) -> None:
    [finding] = errors(found(RECORD.replace('"completed"', '"recruting"')))
    assert finding.message == "'recruting' is not a status; did you mean 'recruiting'?"
    assert finding.value == "recruting"
    assert finding.suggestions == ("recruiting",)
    assert finding.replacement == '"recruiting"'
    assert finding.record == "example"


@pytest.mark.parametrize(
    ("field", "meant"),
    [
        ("enrolment.treated", "enrollment.treated"),
        ("arms.frist.n", "arms.first.n"),
        ("dates.strat", "dates.start"),
    ],
)
def test_of_a_disputed_field_the_whole_is_proposed(
    found: Callable[..., list[Finding]], field: str, meant: str
) -> None:
    dispute = f'[[disputes]]\nfield = "{field}"\nvalues = [\n  {{ value = 1 }},\n]\n\n[screening]'
    (finding,) = found(RECORD.replace("[screening]", dispute), select(["XR001"], []))
    assert finding.suggestions == (meant,)


@pytest.mark.parametrize(
    ("data", "code", "line", "column"),
    [
        (b"\x7fELF\x02\x01" * 1000, "TX002", 1, 1),
        ('schema = 1\ntitle = "caf\u00e9"\n'.encode("latin-1"), "TX002", 2, 13),
        ('schema = 1\ntitle = "渐冻症"\n'.encode("gb18030"), "TX002", 2, 10),
        (RECORD.encode("utf-16"), "TX002", 1, 1),
        (b'title = "Cells"\rid = "example"\n', "TX002", 1, 16),
        (RECORD.encode() + b"# " + b"x" * (1 << 20), "TX003", 1, 1),
        (b"schema = 1\nx = " + b"[" * 500 + b"]" * 500, "TX003", 2, 37),
        (b"schema = 1\nx = " + b"[" * 100_000, "TX003", 2, 37),
        (b".".join([b"a"] * 500) + b" = 1", "TX003", 1, 1),
        (b"schema = 1\r\n\r\nid = example\r\n", "TX001", 3, 6),
        ("schema = 1\ntitle = '🧠' x".encode(), "TX001", 2, 13),
        (b"\xef\xbb\xbfschema 1", "TX001", 1, 8),
        (b"id = 1\nid = 2\n", "TX001", 2, 7),
    ],
    ids=lambda item: None if isinstance(item, bytes) else str(item),
)
def test_a_file_that_is_no_toml_is_one_finding(
    data: bytes, code: str, line: int, column: int, found: Callable[..., list[Finding]]
) -> None:
    [finding] = found(data)
    assert (finding.code, finding.line, finding.column) == (code, line, column)
    assert finding.record == "example"
    assert finding.field is None


def test_an_empty_file_misses_every_required_key(found: Callable[..., list[Finding]]) -> None:
    findings = errors(found(b""))
    assert {(finding.code, finding.line, finding.column) for finding in findings} == {("SM002", 1, 1)}
    assert {finding.field for finding in findings} >= {"schema", "id", "title", "screening"}


def test_a_folder_in_the_place_of_a_file_is_one_finding(tmp_path: Path) -> None:
    (tmp_path / "trials" / "odd.toml").mkdir(parents=True)
    [finding] = report(tmp_path, {}).findings
    assert finding.code == "TX002"


def test_a_broken_file_hides_no_other(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "trials/a.toml": b"\xff",
        "trials/b.toml": RECORD.replace('"1"', '"one"').replace("example", "b"),
        "trials/c.toml": RECORD.replace("2019-02", "2017-02").replace("example", "c"),
        "ledger.toml": "schema = 2\n",
    }
    findings = report(tmp_path, files).findings
    found = [(finding.path.name, finding.code) for finding in errors(findings)]
    assert found == [("ledger.toml", "SM007"), ("a.toml", "TX002"), ("b.toml", "SM004"), ("c.toml", "DT002")]


def test_a_rule_over_the_collection_sees_what_is_not_reported(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {f"trials/{name}.toml": RECORD.replace("example", name) for name in "ab"}
    report(tmp_path, files)
    collection = Collection(tmp_path)
    only = {str(tmp_path / "trials" / "b.toml")}
    found = check(collection, collection.load(), as_of=date(2026, 11, 22), codes=ALL, only=only)
    assert found.checked == 1
    assert [(finding.path.name, finding.code) for finding in errors(found.findings)] == [("b.toml", "ID003")]


def test_a_report_counts_and_fails_by_severity(tmp_path: Path) -> None:
    broken = report(tmp_path, {"trials/example.toml": RECORD.replace("2019-02", "2017-02")})
    assert broken.count(Severity.ERROR) == 1
    assert broken.fails(Severity.ERROR)
    sound = report(tmp_path, {"trials/example.toml": RECORD}, select(["DT"], []))
    assert not sound.fails(Severity.WARNING)
    assert sound.fails(Severity.NOTE) == bool(sound.findings)


def test_findings_are_sorted_by_file_and_place(found: Callable[..., list[Finding]]) -> None:
    text = RECORD.replace("n = 4", "n = -4").replace('"1"', '"one"').replace("n = 3", "m = 3")
    lines = [finding.line for finding in found(text)]
    assert lines == sorted(lines)
    assert len(lines) >= 3


def test_codes_are_selected_by_beginning() -> None:
    assert select(["EN00", "dt002"], ["EN001"]) == {*(c for c in catalogue() if c[:2] == "EN"), "DT002"} - {
        "EN001"
    }
    assert select([], []) == set(catalogue())
    assert select([], ["EN"]) == {code for code in catalogue() if not code.startswith("EN")}


@pytest.mark.parametrize("code", ["EN999", "", "EN0011", "all"])
def test_an_unknown_code_is_refused(code: str) -> None:
    with pytest.raises(UsageError):
        select([code], [])
    with pytest.raises(UsageError):
        select([], [code])


def test_only_selected_codes_are_reported(found: Callable[..., list[Finding]]) -> None:
    text = RECORD.replace('"1"', '"one"').replace("2019-02", "2017-02")
    assert {finding.code for finding in found(text, select(["DT002"], []))} == {"DT002"}


WAIVED = (
    RECORD.replace("2019-02", "2017-02")
    + '\n[[waivers]]\nrule = "DT002"\nwhy = "so the registry"\nuntil = "2026-11-22"\n'
)


def test_a_waiver_stands_to_the_end_of_its_last_day(found: Callable[..., list[Finding]]) -> None:
    assert errors(found(WAIVED, as_of="2026-11-22")) == []
    late = errors(found(WAIVED, as_of="2026-11-23"))
    assert [finding.code for finding in late] == ["DT002", "WV002"]


def test_a_waiver_is_not_idle_because_its_rule_was_not_selected(found: Callable[..., list[Finding]]) -> None:
    idle = WAIVED.replace("2017-02", "2019-02")
    assert [finding.code for finding in found(idle, select(["WV", "DT002"], []))] == ["WV001"]
    assert found(idle, select(["WV"], [])) == []


@pytest.mark.parametrize("broken", ["ledger.toml", "products/thing.toml"])
def test_no_waiver_is_idle_while_a_shared_file_is_broken(broken: str, tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "trials/example.toml": WAIVED.replace("2017-02", "2019-02"),
        broken: b"\xff",
    }
    assert [finding.code for finding in report(tmp_path, files).findings if finding.code[:2] == "WV"] == []


def test_messages_hold_nothing_that_a_terminal_obeys(found: Callable[..., list[Finding]]) -> None:
    nasty = r'"\u001b]0;x\u0007\u202e"'
    text = RECORD.replace('"registry"', nasty).replace("n = 4", f"{nasty} = 4").replace('"1"', nasty)
    text = text.replace('"Cells in ALS"', nasty) + f'\n[[refs]]\nkey = {nasty[:-1]}x"\nkind = {nasty}\n'
    text += f"\n[[waivers]]\nrule = {nasty}\n"
    findings = found(text)
    assert {finding.code for finding in findings} >= {"SM001", "SM004", "TX004", "WV001"}
    for finding in findings:
        assert finding.message.isprintable()
        assert finding.help.isprintable()


def test_a_text_too_large_for_the_canonical_layout_hides_no_other(tmp_path: Path) -> None:
    """Just below the greatest size, with keys that the layout would put on lines of their own."""
    line = '{ at="28w", value=30 },'
    values = "".join([line] * ((1 << 20) // len(line) - 100))
    outcome = f'[[outcomes]]\nid = "a"\nrole = "primary"\nresult = "descriptive"\nvalues = [{values}]\n'
    text = RECORD.replace("[screening]", f"{outcome}\n[screening]")
    assert len(text) < 1 << 20
    files = {"trials/example.toml": text, "trials/other.toml": "schema = "}
    found = report(tmp_path, files, select([], []), "2026-11-22").findings
    assert "TX001" in {finding.code for finding in found if finding.path.stem == "other"}
    (layout,) = (finding for finding in found if finding.code == "TX005")
    assert "larger than 1 MiB" in layout.message


def test_many_findings_in_one_list_take_no_longer_each(found: Callable[..., list[Finding]]) -> None:
    """The names of a list's elements are worked out once: ten thousand findings are a matter of seconds."""
    values = "".join(f'  {{ arm = "b{number}x", n = 3 }},\n' for number in range(10_000))
    outcome = f'[[outcomes]]\nid = "a"\nrole = "primary"\nvalues = [\n{values}]\n'
    problems = found(RECORD.replace("[screening]", f"{outcome}\n[screening]"))
    fields = [finding.field for finding in problems if finding.code == "XR001"]
    assert len(set(fields)) == 10_000
