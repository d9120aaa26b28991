"""Other people's SQL: it reads these tables, within limits, and does nothing else.

An authorizer allows SELECT, reading the tables and the functions below, so that nothing is written, attached,
loaded or set; SQLite's own limits bound the length of values and the memory; a clock bounds the time.
"""

from __future__ import annotations

import re
import sqlite3
import threading
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from alscli.errors import UsageError
from alscli.model.nearness import nearest
from alscli.query.tables import TABLES

SECONDS = 5
"""A query that takes longer is stopped."""
LONGEST = 1_200_000
"""Bytes of one value or row, more than any record has: no function, which nothing can stop, takes long."""
ROWS = 1_000_000
"""Rows of an answer."""
MOST = 100_000_000
"""Bytes of an answer."""
MEMORY = 500_000_000
"""Bytes that a query may need; what does not fit is not put on the disk."""

_LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: LONGEST,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 100_000,
    sqlite3.SQLITE_LIMIT_VDBE_OP: 100_000,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 1_000,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
}
_STEPS = 1_000
_ACTIONS = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_RECURSIVE})
_READABLE = frozenset({*TABLES, "json_each", "json_tree"})
_NAMES = """
    abs acos asin atan atan2 avg ceil ceiling char coalesce concat concat_ws cos count cume_dist date
    datetime degrees dense_rank exp first_value floor format glob group_concat hex holds ifnull iif instr json
    json_array json_array_length json_each json_extract json_group_array json_group_object json_object
    json_quote json_tree json_type json_valid julianday lag last_value lead length like likelihood likely ln
    log log10 log2 lower ltrim max min mod normal nth_value ntile nullif octet_length percent_rank pi pow
    power printf quote radians rank replace round row_number rtrim sign sin sqrt strftime string_agg substr
    substring sum tan time timediff today total trim trunc typeof unicode unixepoch unlikely upper zeroblob
    -> ->>
"""
FUNCTIONS = frozenset(_NAMES.split())


Record = tuple[str | int | float | bytes | None, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a query found: the names of its columns and its rows."""

    names: tuple[str, ...]
    rows: list[Record]


def ask(connection: sqlite3.Connection, query: str, *, seconds: float = SECONDS) -> Answer:
    """The answer to one SELECT that somebody typed.

    Raises UsageError for what is no SELECT over the tables, for unknown names with the nearest, and where it
    takes too long or finds too much.
    """
    text = bracketed(query)
    with guarded(connection, seconds):
        cursor = connection.execute(text)
        if cursor.description is None:
            raise UsageError("there is no query", "write, for example, SELECT id FROM trials")
        names = tuple(column[0] for column in cursor.description)
        return Answer(names, list(_bounded(cursor)))


def _bounded(
    cursor: Iterable[tuple[str | int | float | bytes | None, ...]],
) -> Iterator[tuple[str | int | float | bytes | None, ...]]:
    size = 0
    for number, row in enumerate(cursor):
        size += sum(len(cell) for cell in row if isinstance(cell, (str, bytes)))
        if number >= ROWS or size > MOST:
            raise UsageError(
                f"the answer has more than {ROWS:,} rows or {MOST // 1_000_000} MB",
                "add a LIMIT to the query",
            )
        yield row


@contextmanager
def guarded(
    connection: sqlite3.Connection, seconds: float = SECONDS, tables: Collection[str] = tuple(TABLES)
) -> Iterator[None]:
    """While it lasts, the connection only reads; what SQLite refuses is raised as UsageError.

    `tables` are those whose columns a hint may name.
    """
    # Their first use declares their columns, which the authorizer would take for CREATE TABLE.
    connection.execute("SELECT 1 FROM json_each('[]'), json_tree('[]')").close()
    _bound_memory(connection)
    before = {limit: connection.setlimit(limit, value) for limit, value in _LIMITS.items()}
    end = time.monotonic() + seconds
    connection.set_progress_handler(lambda: time.monotonic() > end, _STEPS)  # lets Ctrl-C through, too
    clock = threading.Timer(seconds, _interrupt, [connection])  # the handler is not asked within slow steps
    clock.daemon = True
    clock.start()
    connection.set_authorizer(_allowed)
    factory, connection.text_factory = connection.text_factory, _decoded
    try:
        yield
    except (sqlite3.Error, sqlite3.Warning, MemoryError, ValueError) as error:
        raise _explained(error, seconds, tables) from None
    finally:
        clock.cancel()
        connection.text_factory = factory
        connection.set_authorizer(None)
        connection.set_progress_handler(None, 0)
        for limit, value in before.items():
            connection.setlimit(limit, value)


def _bound_memory(connection: sqlite3.Connection) -> None:
    """Sort in memory, and no more than `MEMORY` beside what a database in memory takes itself.

    SQLite knows one limit for all of the process, and never raises it.
    """
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    (size,) = connection.execute("PRAGMA page_size").fetchone()
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute(f"PRAGMA hard_heap_limit = {MEMORY + pages * size}")


def _interrupt(connection: sqlite3.Connection) -> None:
    with suppress(sqlite3.Error):  # closed meanwhile
        connection.interrupt()


def _decoded(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _allowed(action: int, first: str | None, second: str | None, *_: str | None) -> int:
    if action == sqlite3.SQLITE_READ:  # without a column, `first` may be a name that the query itself gives
        return sqlite3.SQLITE_OK if not second or first in _READABLE else sqlite3.SQLITE_DENY
    if action in _ACTIONS or (action == sqlite3.SQLITE_FUNCTION and str(second).lower() in FUNCTIONS):
        return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY


# -- the text of a query ----------------------------------------------------------------------------

_LEXEME = re.compile(
    r"""(?P<text>'(?:[^']|'')*')|(?P<name>"(?:[^"]|"")*")|`(?:[^`]|``)*`|\[[^\]]*\]"""
    r"""|(?P<comment>--[^\n]*|/\*.*?(?:\*/|\Z))|(?P<other>['"`\[(\);])""",
    re.DOTALL,
)


def bracketed(query: str) -> str:
    """The query with every name in double quotes between backticks, where SQLite never takes it for text.

    `"no such column"` would else be text, and a condition on it silently always the same.
    """

    def quoted(match: re.Match[str]) -> str:
        if match["name"] is None:
            return match[0]
        return "`" + match[0][1:-1].replace('""', '"').replace("`", "``") + "`"

    return _LEXEME.sub(quoted, query)


def one_condition(text: str, option: str = "--where") -> str:
    """The text as one SQL expression that cannot end the statement around it; raises UsageError.

    Comments are taken out.
    """
    depth = 0
    for match in _LEXEME.finditer(text):
        mark = match["other"]
        depth += {"(": 1, ")": -1}.get(mark or "", 0)
        if depth < 0 or (mark is not None and mark not in "()"):
            raise UsageError(f"{option}: unexpected {mark}", "write one condition, such as phase = '3'")
    if depth:
        raise UsageError(f"{option}: a bracket is not closed", "write one condition, such as phase = '3'")
    bare = _LEXEME.sub(lambda match: " " if match["comment"] else match[0], text).strip()
    if not bare:
        raise UsageError(f"{option} is empty", "write one condition, such as phase = '3'")
    return bracketed(bare)


# -- what SQLite refuses, in words ------------------------------------------------------------------

_UNKNOWN = re.compile(r"no such (column|table|function): (.+)", re.DOTALL)
_READ_ONLY = "write one SELECT over the tables that `alscli sql --schema` lists"
_WORDS = {
    "interrupted": ("the query takes more than {seconds:g} s", "add a condition, or ask for less"),
    "too big": ("a value would be longer than {longest:,} bytes", "ask for less"),
    "not authorized": ("only reading is allowed", _READ_ONLY),
    "authorization denied": ("only reading is allowed", _READ_ONLY),
    "prohibited": ("only reading is allowed", _READ_ONLY),
    "one statement": ("more than one statement", "write one SELECT, without a semicolon inside"),
    "bindings": ("the query has a place for a parameter", "write the value, text in single quotes"),
    "null character": ("the query holds a null character", "take it out"),
}
"""Parts of what SQLite says, and what we say instead."""


def _explained(error: Exception, seconds: float, tables: Collection[str]) -> UsageError:
    text = str(error)
    if (match := _UNKNOWN.fullmatch(text)) is not None:
        return _unknown(match[1], match[2], tables)
    if (match := re.search(r"access to (\w+)\.\w* is prohibited", text)) is not None:
        return _unknown("table", match[1], tables)  # one of our own, which is nobody's business
    if (match := re.search(r"use function: (.+)", text)) is not None:
        return UsageError(f"the function {match[1]} is not available", _READ_ONLY)
    for part, (message, hint) in _WORDS.items():
        if part in text:
            return UsageError(message.format(seconds=seconds, longest=LONGEST), hint)
    if isinstance(error, MemoryError):
        return UsageError(f"the query needs more than {MEMORY // 1_000_000} MB of memory", "ask for less")
    return UsageError(f"SQL: {text}", "`alscli sql --schema` lists the tables and columns")


def _unknown(what: str, name: str, tables: Collection[str]) -> UsageError:
    if what == "column":
        return _no_column(name, tables)
    near = nearest(name, FUNCTIONS if what == "function" else TABLES)
    hint = f"did you mean {' or '.join(near)}?" if near else "`alscli sql --schema` lists what there is"
    return UsageError(f"no {what} {name!r}", hint)


def _no_column(name: str, tables: Collection[str]) -> UsageError:
    column = name.rpartition(".")[2]
    near = nearest(column, dict.fromkeys(each for table in tables for each in TABLES[table].names))
    owners = [table for table, shape in TABLES.items() if column in shape.names]
    if owners and (not near or column in near):
        hint = f"it is a column of {', '.join(owners)}"
        of_trials = next((table for table in owners if "trial" in TABLES[table].key), None)
        if of_trials is not None and "trial" not in {key for table in tables for key in TABLES[table].key}:
            hint += f": id IN (SELECT trial FROM {of_trials} WHERE …)"  # noqa: S608 - said, not run
        return UsageError(f"no column {name!r} here", hint)
    hint = f"did you mean {' or '.join(near)}?" if near else "`alscli sql --schema` lists what there is."
    if "." not in name and len(name) < 40:
        hint += f" Text stands in single quotes: '{name}'"
    return UsageError(f"no column {name!r}", hint)
