"""Each rule on records that break it and on near misses.

`records/CODE-what.toml` is a record; `records/CODE-what/` is a small collection. A comment
`# expect: CODE` at the end of a line says that this line, and no other, gets this finding; at the head of a
file `# as-of: 2026-11-22` sets the day. Every error and warning must be expected, and every note of CODE.
"""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from alscli.check.engine import catalogue, check, rules_of, select
from alscli.check.examination import Surroundings, examine, examine_all, names_in
from alscli.check.finding import Severity
from alscli.store.collection import Collection

RECORDS = Path(__file__).parent / "records"
EXPECT = re.compile(r"#.*?expect: ([A-Z0-9, ]+)")
AS_OF = re.compile(r"^# as-of: (\S+)", re.MULTILINE)
CASES = sorted(path for path in RECORDS.iterdir() if not path.name.startswith("."))


def lay_down(case: Path, root: Path) -> None:
    """Make a collection of one case under `root`."""
    (root / "alscli.toml").write_text("schema = 1\nscope = ['ALS']\n", encoding="utf-8")
    files = sorted(file for file in case.rglob("*") if file.is_file()) if case.is_dir() else [case]
    for file in files:
        if case.is_dir():
            target = root / file.relative_to(case)
        elif file.name.endswith(".ledger.toml"):
            target = root / "ledger.toml"
        elif file.name.endswith(".product.toml"):
            target = root / "products" / "example.toml"
        else:
            target = root / "trials" / "example.toml"
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(file.read_bytes())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_rule_on_record(case: Path, tmp_path: Path) -> None:
    lay_down(case, tmp_path)
    code = case.name[:5]
    texts = {p: p.read_bytes().decode("utf-8-sig", "replace") for p in tmp_path.rglob("*.toml")}
    day = next((m[1] for text in texts.values() if (m := AS_OF.search(text))), "2026-11-22")
    expected = {
        (path.relative_to(tmp_path).as_posix(), number, wanted.strip())
        for path, text in texts.items()
        for number, line in enumerate(text.split("\n"), 1)
        if (match := EXPECT.search(line))
        for wanted in match[1].split(",")
    }
    collection = Collection(tmp_path)
    report = check(collection, collection.load(), as_of=date.fromisoformat(day), codes=select([], []))
    found = {
        (finding.path.relative_to(tmp_path).as_posix(), finding.line, finding.code)
        for finding in report.findings
        if finding.severity is not Severity.NOTE or finding.code == code
    }
    assert found == expected


def test_examined_together_and_alone_is_the_same(tmp_path: Path) -> None:
    """Records of all cases, the broken and the waived among them; a rule is asked about many at a time."""
    (tmp_path / "alscli.toml").write_text("schema = 1\nscope = ['ALS']\n", encoding="utf-8")
    (tmp_path / "trials").mkdir()
    for case in (case for case in CASES if case.is_file() and case.name.count(".") == 1):
        (tmp_path / "trials" / f"{case.stem.lower()}.toml").write_bytes(case.read_bytes())
    collection = Collection(tmp_path)
    snapshot, codes = collection.load(), select([], [])
    around = Surroundings(
        snapshot, names_in(snapshot, snapshot.trials), collection.vocabularies, date(2026, 11, 22)
    )
    rules = rules_of(codes)
    together = list(examine_all(snapshot.records, around, rules, codes))
    assert len(together) > 400
    assert together == [examine(record, around, rules, codes) for record in snapshot.records]


# XR004 compares two revisions: `test_command.py`.
@pytest.mark.parametrize("code", [code for code in catalogue() if code != "XR004"])
def test_every_rule_has_a_breaking_and_a_passing_record(code: str) -> None:
    cases = [case for case in CASES if case.name.startswith(code)]
    texts = {
        case: "".join(p.read_text("utf-8") for p in [case, *case.rglob("*.toml")] if p.is_file())
        for case in cases
    }
    breaking = [case for case, text in texts.items() if re.search(rf"expect: .*{code}", text)]
    passing = [case for case in cases if case not in breaking]
    assert breaking, f"no record breaks {code}"
    assert passing, f"no near miss of {code}"


@pytest.mark.parametrize("code", list(catalogue()))
def test_documentation_has_its_parts(code: str) -> None:
    text = catalogue()[code].documentation
    assert text.partition("\n")[0].endswith("."), "the first line is a sentence"
    assert "Example: " in text
    assert "Remedy: " in text
