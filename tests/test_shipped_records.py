"""The records of this repository: valid on the day they were committed, canonical, sourced, unique."""

from __future__ import annotations

import subprocess
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from alscli.check.engine import check, select
from alscli.check.finding import Severity
from alscli.store.collection import Collection, Snapshot, names_of
from alscli.store.tidying import laid_out
from alscli.views.record import cited_keys


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
