"""Other people's SQL: every question is answered or refused in words; nothing is written."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from alscli.errors import UsageError
from alscli.query.database import build
from alscli.query.filters import teach
from alscli.query.guard import LONGEST, ask
from alscli.query.tables import TABLES
from alscli.store.collection import Collection
from alscli.views.answers import answer_rows, rows_as_json, schema_lines

SMALL = Path(__file__).parent.parent / "collection"


@pytest.fixture(scope="module")
def connection() -> Iterator[sqlite3.Connection]:
    opened = build(Collection(SMALL).load())
    opened.execute("CREATE TABLE own (a)")  # as an index has some
    teach(opened)
    yield opened
    opened.close()


def test_an_answer(connection: sqlite3.Connection) -> None:
    answer = ask(connection, "SELECT id, enrollment FROM trials WHERE enrollment > 100 ORDER BY enrollment")
    assert answer.names == ("id", "enrollment")
    assert answer.rows == [("valor", 108), ("nurown-phase3", 196)]


def test_tables_join_by_their_keys(connection: sqlite3.Connection) -> None:
    answer = ask(
        connection,
        """
        SELECT e.trial, o.result, e.p FROM effects e
        JOIN outcomes o ON o.trial = e.trial AND o.id = e.outcome
        WHERE o.role = 'primary' AND e.trial = 'nurown-phase3'
        """,
    )
    assert answer.rows == [("nurown-phase3", "not_met", 0.45)]


def test_a_column_of_another_table_is_said_to_be_one(connection: sqlite3.Connection) -> None:
    with pytest.raises(UsageError) as caught:
        ask(connection, "SELECT trial FROM refs")
    assert caught.value.hint is not None
    assert caught.value.hint.startswith("it is a column of identifiers,")


def test_lists_are_json(connection: sqlite3.Connection) -> None:
    query = "SELECT value, count(*) AS n FROM trials, json_each(cell_types) GROUP BY value ORDER BY n DESC"
    assert ask(connection, query).rows[0] == ("MSC-NTF", 2)


REFUSED = [
    ("INSERT INTO trials (id) VALUES ('x')", "only reading"),
    ("UPDATE trials SET id = 'x'", "only reading"),
    ("DELETE FROM trials", "only reading"),
    ("DROP TABLE trials", "only reading"),
    ("CREATE TABLE x (a)", "only reading"),
    ("CREATE TEMP TABLE x (a)", "only reading"),
    ("CREATE VIRTUAL TABLE x USING fts5(a)", "only reading"),
    ("ALTER TABLE trials ADD x", "only reading"),
    ("ATTACH 'x.db' AS x", "only reading"),
    ("DETACH main", "only reading"),
    ("VACUUM", "only reading"),
    ("VACUUM INTO 'x.db'", "only reading"),
    ("REINDEX", "only reading"),
    ("ANALYZE", "only reading"),
    ("BEGIN", "only reading"),
    ("SAVEPOINT a", "only reading"),
    ("PRAGMA user_version = 3", "only reading"),
    ("PRAGMA writable_schema = ON", "only reading"),
    ("PRAGMA table_info(trials)", "only reading"),
    ("SELECT * FROM pragma_table_info('trials')", "only reading"),
    ("WITH a AS (SELECT 1) INSERT INTO trials (id) SELECT * FROM a", "only reading"),
    ("SELECT load_extension('x')", "load_extension is not available"),
    ("SELECT fts3_tokenizer('x')", "fts3_tokenizer is not available"),
    ("SELECT randomblob(1000000000)", "randomblob is not available"),
    ("SELECT zeroblob(1000000000)", "longer than"),
    ("SELECT hex(zeroblob(900000))", "longer than"),
    ("SELECT replace(hex(zeroblob(1000)), '00', hex(zeroblob(1000)))", "longer than"),
    ("SELECT readfile('x')", "no function 'readfile'"),
    ("SELECT writefile('x', 'y')", "no function 'writefile'"),
    ("SELECT 1; SELECT 2", "more than one statement"),
    ("SELECT ?", "parameter"),
    ("", "there is no query"),
    ("-- nothing", "there is no query"),
    (";", "there is no query"),
    ("SELEC 1", "syntax error"),
    ("SELECT", "incomplete input"),
    ("SELECT 'a", "unrecognized token"),
    ("SELECT fase FROM trials", "no column 'fase'"),
    ('SELECT "fase" FROM trials', "no column 'fase'"),
    ("SELECT t.fase FROM trials t", "no column 't.fase'"),
    ("SELECT * FROM trails", "no table 'trails'"),
    ("SELECT sql FROM sqlite_master", "no table 'sqlite_master'"),
    ("SELECT * FROM own", "no table 'own'"),
    ("SELECT lenght(id) FROM trials", "no function 'lenght'"),
    ("SELECT id FROM trials, arms", "ambiguous"),
    ("SELECT json_extract('{', '$')", "malformed JSON"),
    ("SELECT 'a\0b'", "null character"),
    ("SELECT " + "(" * 5000 + "1" + ")" * 5000, "SQL:"),
    ("SELECT " + "1+" * 50_001 + "1", "SQL:"),
]


@pytest.mark.parametrize(("query", "message"), REFUSED, ids=[query[:50] for query, _ in REFUSED])
def test_what_is_refused(
    query: str, message: str, connection: sqlite3.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = list(connection.iterdump())
    with pytest.raises(UsageError) as caught:
        ask(connection, query)
    assert message in caught.value.message
    assert caught.value.hint
    assert caught.value.exit_status == 2
    assert list(tmp_path.iterdir()) == []
    assert list(connection.iterdump()) == before


ENDLESS = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c)"


@pytest.mark.parametrize(
    "query",
    [
        f"{ENDLESS} SELECT count(*) FROM c",
        f"{ENDLESS} SELECT x FROM c ORDER BY x",
        "SELECT count(*) FROM refs a, refs b, refs c, refs d, refs e",
    ],
)
def test_what_runs_for_ever_is_stopped(query: str, connection: sqlite3.Connection) -> None:
    started = time.monotonic()
    with pytest.raises(UsageError, match=r"more than 0\.3 s"):
        ask(connection, query, seconds=0.3)
    assert time.monotonic() - started < 10


@pytest.mark.parametrize(
    "query", [f"{ENDLESS} SELECT x FROM c", f"{ENDLESS} SELECT zeroblob({LONGEST - 100}) FROM c"]
)
def test_an_answer_without_end_is_cut_off(query: str, connection: sqlite3.Connection) -> None:
    with pytest.raises(UsageError, match=r"the answer has more|takes more than"):
        ask(connection, query)


def test_a_pattern_does_not_explode(connection: sqlite3.Connection) -> None:
    query = "SELECT printf('%.*c', 400000, 'a') LIKE '%a%a%a%a%a%a%a%b'"
    assert ask(connection, query).rows == [(0,)]


def test_afterwards_the_connection_is_as_before(connection: sqlite3.Connection) -> None:
    with pytest.raises(UsageError):
        ask(connection, "SELECT zeroblob(1000000000)")
    assert connection.execute("SELECT length(zeroblob(2000000))").fetchone() == (2_000_000,)
    connection.execute("CREATE TEMP TABLE made (a)")
    connection.execute("DROP TABLE made")


def test_slow_steps_are_counted_in_seconds(connection: sqlite3.Connection) -> None:
    """SQLite asks the progress handler after so many steps, and each of these takes long."""
    started = time.monotonic()
    slow = "SELECT max(normal(hex(zeroblob(200000)) || a.path)) FROM citations a, citations b"
    with pytest.raises(UsageError, match=r"more than 0\.3 s"):
        ask(connection, slow, seconds=0.3)
    assert time.monotonic() - started < 5


def test_what_does_not_fit_into_memory_is_not_put_on_the_disk() -> None:
    """In a process of its own: SQLite never raises the limit again."""
    code = (
        "import sqlite3; from alscli.errors import UsageError; from alscli.query import guard\n"
        "guard.MEMORY = 20_000_000; connection = sqlite3.connect(':memory:')\n"
        f"query = '{ENDLESS} SELECT x, zeroblob(400000 + x % 7) FROM c ORDER BY x DESC'\n"
        "try: guard.ask(connection, query)\n"
        "except UsageError as error: print(error.message)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "the query needs more than 20 MB of memory\n"


def test_every_kind_of_value(connection: sqlite3.Connection) -> None:
    answer = ask(
        connection, "SELECT 1 AS a, 2.50 AS a, x'00ff' AS b, NULL AS c, 1e999 AS d, cast(x'ff' AS text) AS e"
    )
    columns, rows = answer_rows(answer)
    assert [column.name for column in columns] == ["a", "a_2", "b", "c", "d", "e"]
    (row,) = json.loads(rows_as_json(columns, rows))["rows"]
    assert row == {"a": 1, "a_2": 2.5, "b": "x'00ff'", "c": None, "d": "inf", "e": "\ufffd"}


def test_the_schema_names_every_table_and_column(connection: sqlite3.Connection) -> None:
    listed = [line.split("\t")[:2] for line in schema_lines(None, "tsv", 80, color=False)][1:]
    assert {tuple(entry) for entry in listed} >= {
        (name, column) for name, shape in TABLES.items() for column in shape.names
    }
    for table, column in listed:
        connection.execute(f"SELECT {column} FROM {table} LIMIT 0")
    with pytest.raises(UsageError, match="no table 'trails'"):
        list(schema_lines("trails", "tsv", 80, color=False))
