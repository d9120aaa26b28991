"""`--where`, and filters combined: what they find is what a plain reading of the records finds."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alscli.errors import UsageError
from alscli.model.intervention import therapy_of
from alscli.model.trial import Trial
from alscli.model.values import known, listed
from alscli.model.vocabulary import shipped
from alscli.query.database import build, count, select
from alscli.query.filters import condition, grouping, narrowed, teach
from alscli.query.guard import bracketed, guarded, one_condition
from alscli.query.tables import TRIALS
from alscli.store.collection import Collection, Snapshot
from alscli.store.toml import MAX_BYTES

RECORDS = Path(__file__).parent.parent.parent / "records"


@cache
def register() -> tuple[Snapshot, sqlite3.Connection]:
    snapshot = Collection(RECORDS).load()
    connection = build(snapshot)
    teach(connection)
    return snapshot, connection


def found(where: str | None = None, **filters: list[str]) -> list[str]:
    snapshot, connection = register()
    chosen = condition(filters, shipped(), snapshot.products)
    chosen = chosen if where is None else narrowed(chosen, where)
    with guarded(connection, tables=("trials",)):
        rows = select(connection, TRIALS.columns[:1], chosen.sql, chosen.parameters, "t.id")
        return [str(row["id"]) for row in rows]


# -- combined filters, and the same in plain Python ---------------------------------------------------

CELLS = ["MSC", "BM-MSC", "NSC", "Treg", "MSC-NTF"]
PHASES = ["1", "2", "3", "1/2", "na"]
STATUSES = ["completed", "recruiting", "terminated"]
COUNTRIES = ["US", "CN", "KR", "IT"]
Plain = Callable[[Trial], bool]


def has_cells(trial: Trial, wanted: list[str]) -> bool:
    below = set().union(*(shipped()["cell_type"].filter(code) for code in wanted))
    therapies = [therapy_of(each, register()[0].products) for each in listed(trial.interventions)]
    return any(known(each.cell_type) in below for each in therapies)


def has_people(trial: Trial, least: int) -> bool:
    people = known(trial.enrollment)
    for name in ("randomized", "enrolled", "treated", "analyzed", "completed", "planned"):
        counted = known(getattr(people, name)) if people else None
        if counted is not None:
            return bool(counted.n >= least)
    return False


some = st.lists
values = st.fixed_dictionaries(
    {},
    optional={
        "cell_type": st.lists(st.sampled_from(CELLS), min_size=1, max_size=3),
        "phase": st.lists(st.sampled_from(PHASES), min_size=1, max_size=3),
        "status": st.lists(st.sampled_from(STATUSES), min_size=1, max_size=2),
        "country": st.lists(st.sampled_from(COUNTRIES), min_size=1, max_size=2),
        "min_enrollment": st.lists(st.integers(0, 200).map(str), min_size=1, max_size=2),
    },
)


@settings(max_examples=60, deadline=None)
@given(values)
def test_filters_find_what_a_plain_reading_finds(filters: dict[str, list[str]]) -> None:
    tests: dict[str, Plain] = {
        "cell_type": lambda trial: has_cells(trial, filters["cell_type"]),
        "phase": lambda trial: any(trial.phase in shipped()["phase"].filter(p) for p in filters["phase"]),
        "status": lambda trial: trial.status in filters["status"],
        "country": lambda trial: bool(set(listed(trial.countries)) & set(filters["country"])),
        "min_enrollment": lambda trial: any(has_people(trial, int(n)) for n in filters["min_enrollment"]),
    }
    expected = [
        id_
        for id_, trial in sorted(register()[0].trials.items())
        if trial.screening.decision == "include" and all(tests[name](trial) for name in filters)
    ]
    assert found(**filters) == expected


# -- conditions in SQL --------------------------------------------------------------------------------


def test_a_condition_narrows_the_filters() -> None:
    both = found("enrollment_randomized > 50", cell_type=["MSC"])
    assert both
    assert set(both) <= set(found(cell_type=["MSC"]))
    assert set(both) <= set(found("enrollment_randomized > 50"))


def test_an_or_does_not_reach_beyond_the_condition() -> None:
    assert set(found("1 = 0 OR 1 = 1", phase=["3"])) == set(found(phase=["3"]))


def test_what_is_not_reported_is_no_number() -> None:
    assert not set(found("sites > 0 OR sites <= 0")) - set(found("typeof(sites) = 'integer'"))


def test_undecided_trials_stay_out() -> None:
    snapshot, connection = register()
    undecided = count(connection, "t.decision = 'undecided'")
    assert len(found("1")) == len(snapshot.trials) - undecided


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("fase = '3'", "no column 'fase'"),
        ('"fase" = 3', "no column 'fase'"),
        ('status = "completed"', "no column 'completed'"),
        ("status = completed", "no column 'completed'"),
        ("1) UNION SELECT id FROM trials --", "unexpected )"),
        ("1) OR (1", "unexpected )"),
        ("(1", "bracket is not closed"),
        ("1; DROP TABLE trials", "unexpected ;"),
        ("id = 'a", "unexpected '"),
        ('id = "a', 'unexpected "'),
        ("", "is empty"),
        ("-- nothing", "is empty"),
        ("/* nothing", "is empty"),
        ("id = ?", "parameter"),
        ("id = :id", "parameter"),
        ("count(*) > 1", "aggregate"),
        ("id IN (SELECT name FROM pragma_database_list)", "only reading"),
        ("load_extension('x')", "load_extension is not available"),
        ("randomblob(1000000000)", "randomblob is not available"),
        ("length(zeroblob(1000000000))", "1,200,000 bytes"),
        ("selec", "no column 'selec'"),
        ("id LIKE", "syntax error"),
        ("nope(id)", "no function 'nope'"),
        ("id IN (SELECT id FROM trails)", "no table 'trails'"),
        ("deaths > 0", "no column 'deaths' here"),
        ("id = 'a\0'", "null character"),
    ],
)
def test_conditions_that_are_none(where: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        found(where)
    assert message in caught.value.message
    assert caught.value.hint
    assert count(register()[1]) == len(register()[0].trials)


def test_the_longest_record_can_be_asked_for(collection_folder: Path) -> None:
    path = collection_folder / "trials" / "valor.toml"
    note = f'note = "{"x" * (MAX_BYTES - 50_000)}"'
    path.write_text(
        re.sub("^note = .*$", note, path.read_text("utf-8"), count=1, flags=re.MULTILINE), "utf-8"
    )
    connection = build(Collection(collection_folder).load())
    with guarded(connection):
        (size,) = connection.execute("SELECT length(note) FROM trials WHERE id = 'valor'").fetchone()
    assert size == MAX_BYTES - 50_000
    connection.close()


def test_one_that_runs_for_ever_is_stopped() -> None:
    endless = "(WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT max(x) FROM c) > 0"
    _, connection = register()
    with pytest.raises(UsageError, match=r"more than 0\.2 s"), guarded(connection, 0.2):
        count(connection, one_condition(endless))
    assert count(connection) > 0


def test_a_hint_names_a_column_of_trials() -> None:
    with pytest.raises(UsageError) as caught:
        found("enrolment > 3")
    assert "enrollment" in caught.value.hint


@given(st.text(alphabet="ab'\"`[]();-*/ \n="))
@settings(max_examples=120, deadline=None)
def test_any_text_is_a_condition_or_an_error(text: str) -> None:
    try:
        ids = found(text)
    except UsageError:
        return
    assert set(ids) <= set(register()[0].trials)


@pytest.mark.parametrize(
    ("text", "rewritten"),
    [
        ('"a b"', "`a b`"),
        ('"a""b`c"', '`a"b``c`'),
        ("'\"a\"'", "'\"a\"'"),
        ('-- "a"\n', '-- "a"\n'),
        ('/* "a" */ ["a"] `"a"`', '/* "a" */ ["a"] `"a"`'),
    ],
)
def test_names_in_double_quotes_are_only_names(text: str, rewritten: str) -> None:
    assert bracketed(text) == rewritten


def test_grouping_understands_the_names_of_filters() -> None:
    assert [column.name for column in grouping(["cell-type,phase", "country", "phase"])] == [
        "cell_types",
        "phase",
        "countries",
    ]
    with pytest.raises(UsageError, match="no column 'cell'"):
        grouping(["cell"])
