"""The records of this repository: valid on the day they were committed, canonical, sourced, unique."""

from __future__ import annotations

import os
import subprocess
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from alscli.check.engine import check, select
from alscli.check.finding import Severity
from alscli.model.evidence import assess
from alscli.query.database import build
from alscli.query.database import select as database_select
from alscli.query.filters import condition
from alscli.query.tables import TRIALS
from alscli.store.collection import Collection, Snapshot, names_of
from alscli.store.tidying import laid_out
from alscli.views.record import cited_keys

Program = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def collection(shipped_records: Path) -> Collection:
    return Collection(shipped_records)


@pytest.fixture(scope="module")
def snapshot(collection: Collection) -> Snapshot:
    return collection.load()


def day_of_commit(folder: Path) -> date:
    """The day of the last commit; today where there is none (an archive of the sources)."""
    command = ["git", "log", "-1", "--format=%cs"]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return datetime.now(UTC).date()
    return date.fromisoformat(done.stdout.strip()) if done.stdout.strip() else datetime.now(UTC).date()


def test_every_file_holds_a_record(snapshot: Snapshot) -> None:
    assert [str(record.entry.path) for record in snapshot.unreadable] == []
    assert len(snapshot.trials) >= 20
    assert snapshot.ledger is not None


def test_no_errors(collection: Collection, snapshot: Snapshot) -> None:
    report = check(collection, snapshot, as_of=day_of_commit(collection.root), codes=select([], []))
    errors = [
        f"{f.path}:{f.line}: {f.code} {f.message}" for f in report.findings if f.severity is Severity.ERROR
    ]
    assert errors == []


def test_every_file_is_in_canonical_layout(snapshot: Snapshot) -> None:
    changed = [r.entry.id for r in snapshot.records if r.document and laid_out(r) != r.document.text]
    assert changed == []


def test_no_name_belongs_to_two_records(snapshot: Snapshot) -> None:
    names = Counter(name for r in snapshot.records if r.entry.kind != "ledger" for name in names_of(r))
    assert [name for name, count in names.items() if count > 1] == []


def test_every_fact_leads_to_a_source(snapshot: Snapshot) -> None:
    for trial in snapshot.trials.values():
        assert trial.registry_id or trial.refs, trial.id
        assert trial.src, trial.id
    for record in [*snapshot.trials.values(), *snapshot.products.values()]:
        known = {ref.key for ref in record.refs} | set(snapshot.shared_refs) | {"registry"}
        assert set(cited_keys(record)) <= known, record.id


def test_every_cited_record_exists(snapshot: Snapshot) -> None:
    for trial in snapshot.trials.values():
        for intervention in trial.interventions if isinstance(trial.interventions, list) else []:
            assert intervention.product is None or intervention.product in snapshot.products, trial.id


def test_no_warnings(collection: Collection, snapshot: Snapshot) -> None:
    """What a curator can mend is mended, or waived with a reason."""
    report = check(collection, snapshot, as_of=day_of_commit(collection.root), codes=select([], []))
    warnings = [f"{f.path}: {f.code} {f.message}" for f in report.findings if f.severity is Severity.WARNING]
    assert warnings == []


def test_the_register_has_its_size(snapshot: Snapshot) -> None:
    assert len(snapshot.trials) >= 75
    assert len(snapshot.products) >= 25
    assert snapshot.ledger is not None
    assert len(snapshot.ledger.excluded) >= 12
    assert len(snapshot.ledger.claims) >= 15
    assert all(trial.title_zh for trial in snapshot.trials.values())


@pytest.mark.parametrize("id_", ["alsummit", "nurown-phase3", "valor", "tbn-phase2"])
def test_missed_primary_endpoints_are_said(snapshot: Snapshot, id_: str) -> None:
    assert assess(snapshot.trials[id_], snapshot.shared_refs).primary == "not_met"


def test_the_randomized_trials_of_the_cochrane_review(collection: Collection, snapshot: Snapshot) -> None:
    """CD011742 (2019) found two: Oh 2018 with 64 people and Berry 2019 with 48."""
    given = {"cell_type": ["BM-MSC"], "design": ["rct"]}
    where = condition(given, collection.vocabularies, snapshot.products)
    connection = build(snapshot, collection.vocabularies)
    columns = [column for column in TRIALS.columns if column.name in ("id", "completion", "enrollment")]
    rows = list(database_select(connection, columns, where.sql, where.parameters, "t.id"))
    before = {
        str(row["id"]): row["enrollment"] for row in rows if str(row["completion"] or "9999") < "2019-07"
    }
    assert before == {"lenzumestrocel-phase2": 64, "nurown-phase2": 48}


def test_the_table_of_the_readme_is_that_of_the_records(alscli: Program, shipped_records: Path) -> None:
    readme = shipped_records / "README.md"
    start, end = (
        "<!-- generated by `ALSCLI_UPDATE=1 pytest tests/test_shipped_records.py` -->\n",
        "<!-- end -->",
    )
    text = readme.read_text("utf-8")
    columns = "id,registry_id,phase,status,interventions,enrollment,evidence"
    table = alscli(shipped_records.parent, "list", "--format", "markdown", "--columns", columns).stdout
    before, after = text.index(start) + len(start), text.index(end)
    expected = f"{text[:before]}\n{table}\n{text[after:]}"
    if os.environ.get("ALSCLI_UPDATE"):
        readme.write_text(expected, "utf-8")
    else:
        assert text == expected
