"""JSON and SQLite give the records back, whole or as far as filters go; two runs give the same bytes."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import tomllib
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alscli.cli import main
from alscli.query.database import restored
from alscli.query.tables import TABLES, Row, Rows

OWNERS = ("trial", "product", "record", "id")
FILTERS = {
    "--phase": st.sampled_from(["1", "1/2", "2", "3", "not_applicable"]),
    "--status": st.sampled_from(["completed", "recruiting", "withdrawn", "unknown"]),
    "--cell-type": st.sampled_from(["MSC", "NSC", "iPSC"]),
    "--country": st.sampled_from(["US", "CN", "KR"]),
    "--decision": st.just("include"),
    "--product": st.sampled_from(["nurown", "tofersen", "lenzumestrocel"]),
}


def from_json(folder: Path) -> Rows:
    rows: Rows = {}
    for name, shape in TABLES.items():
        document = json.loads((folder / f"{name}.json").read_text("utf-8"), parse_float=Decimal)
        lists = {column.name for column in shape.columns if column.type == "list"}
        rows[name] = [
            {key: tuple(v) if key in lists and isinstance(v, list) else v for key, v in row.items()}
            for row in document["rows"]
        ]
    return rows


def from_sqlite(path: Path) -> Rows:
    connection = sqlite3.connect(path)
    rows: Rows = {}
    for name, shape in TABLES.items():
        columns = ", ".join(("written", *shape.names))
        found = connection.execute(f"SELECT {columns} FROM {name} ORDER BY {', '.join(shape.key)}")
        rows[name] = list(restored(found, shape.columns))
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.close()
    return rows


def printed(rows: list[Row]) -> list[dict[str, object]]:
    """The rows with the digits of their numbers: equal decimals may be of other digits."""
    return [{name: str(c) if isinstance(c, Decimal) else c for name, c in row.items()} for row in rows]


@settings(max_examples=8)
@given(st.sets(st.sampled_from(sorted(FILTERS)), max_size=2), st.data())
def test_json_and_sqlite_and_back(
    shipped_records: Path,
    rows_in: Callable[[Path], Rows],
    tmp_path_factory: pytest.TempPathFactory,
    names: set[str],
    data: st.DataObject,
) -> None:
    shipped = rows_in(shipped_records)
    filters = {name: data.draw(FILTERS[name], name) for name in sorted(names)}
    folder = tmp_path_factory.mktemp("back")
    chosen = [word for pair in filters.items() for word in pair]
    command = ["--records", str(shipped_records), "-q", "export"]
    assert main([*command, "json", "--all", "-o", str(folder / "all"), *chosen]) == 0
    assert main([*command, "sqlite", "-o", str(folder / "all.sqlite"), *chosen]) == 0
    one, other = from_json(folder / "all"), from_sqlite(folder / "all.sqlite")
    trials = {row["id"] for row in one["trials"]}
    for name, shape in TABLES.items():
        assert printed(one[name]) == printed(other[name])
        if "trial" in shape.key:
            want = [row for row in shipped[name] if row["trial"] in trials]
        elif name == "trials":
            want = [row for row in shipped[name] if row["id"] in trials]
            assert len(want) == len(trials)
        else:
            some = {tuple(row[column] for column in shape.key) for row in one[name]}
            want = [row for row in shipped[name] if tuple(row[column] for column in shape.key) in some]
        assert printed(one[name]) == printed(want), name
    if not filters:
        assert len(trials) == len(shipped["trials"])


def test_no_fact_of_a_record_is_lost(shipped_records: Path, tmp_path: Path) -> None:
    command = ["--records", str(shipped_records), "-q", "export", "json", "--all", "-o", str(tmp_path)]
    assert main([*command, "--decision", "include", "--decision", "undecided"]) == 0
    told: dict[str, set[str]] = defaultdict(set)
    for rows in from_json(tmp_path).values():
        for row in rows:
            owner = next((str(row[name]) for name in OWNERS if name in row), "ledger")
            for cell in row.values():
                told[owner].update(map(str, cell) if isinstance(cell, tuple) else [str(cell)])

    def walk(owner: str, path: tuple[str, ...], value: Any) -> None:
        if isinstance(value, dict):
            for name, below in value.items():
                walk(owner, (*path, name), below)
        elif isinstance(value, list):
            for below in value:
                walk(owner, path, below)
        else:
            text = str(value)
            bound = text.lstrip("<>=")  # the operator has a column of its own
            listed = "disputes" in path and any(text in other for other in told[owner])
            assert text in told[owner] or bound in told[owner] or listed, (owner, path)

    for below in ("trials", "products"):
        for path in sorted((shipped_records / below).glob("*.toml")):
            walk(path.stem, (), tomllib.loads(path.read_text("utf-8"), parse_float=Decimal))
    told["ledger"] = set().union(*told.values())
    walk(
        "ledger", (), tomllib.loads((shipped_records / "ledger.toml").read_text("utf-8"), parse_float=Decimal)
    )


FOLDERS = ("csv", "parquet", "json")


def test_two_processes_make_the_same_bytes(kept_records: Path, tmp_path: Path) -> None:
    """Whatever the time zone, the language, the order of hashes and the folder they start in."""
    made = []
    script = "\n".join(
        [
            "import sys",
            "from alscli.cli import main",
            "def export(*words): assert main(['--records', sys.argv[1], '-q', 'export', *words]) == 0",
            *(f"export({name!r}, '--all', '-o', {f'all-{name}'!r}, '--manifest')" for name in FOLDERS),
            *(f"export({name!r}, '-o', {f'all.{name}'!r}, '--manifest')" for name in ("xlsx", "sqlite")),
        ]
    )
    for zone, language, seed in (("Asia/Kathmandu", "C", "1"), ("America/St_Johns", "C.UTF-8", "2")):
        folder = tmp_path / seed
        folder.mkdir()
        environment = os.environ | {"TZ": zone, "LC_ALL": language, "PYTHONHASHSEED": seed}
        command = [sys.executable, "-c", script, str(kept_records)]
        subprocess.run(command, cwd=folder, env=environment, check=True)
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        made.append({path.relative_to(folder).as_posix(): path.read_bytes() for path in files})
    assert made[0].keys() == made[1].keys()
    assert [name for name, data in made[0].items() if made[1][name] != data] == []
    assert len(made[0]) == len(FOLDERS) * (len(TABLES) + 1) + 1 + 4
