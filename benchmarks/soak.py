"""Random and mutated inputs through read, validate, mend, show, list and export: nothing may fall over.

    python benchmarks/soak.py 200000 [SEED]

An input is bytes, text in the shape of TOML, or a shipped record with changes; it takes the place of a
trial, a product or the ledger of a small collection. No exception other than an AlscliError may come out,
nothing may take longer than a second, and nothing is written. What fails is kept in `soak-failures/`.
"""

from __future__ import annotations

import copy
import os
import random
import sys
import time
import tomllib
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date
from functools import cache, partial
from itertools import islice
from pathlib import Path
from typing import Any

from alscli.check.engine import check, conclude, rules_of, select
from alscli.check.examination import Examination, Surroundings, examine, names_in
from alscli.check.finding import Severity
from alscli.check.mending import mend
from alscli.check.report import Report
from alscli.check.reporters import github, jsonl, junit, sarif, text
from alscli.check.reporters import json as json_reporter
from alscli.errors import AlscliError
from alscli.export import csv
from alscli.model.product import Product
from alscli.model.trial import Trial
from alscli.query import database
from alscli.query.filters import teach
from alscli.query.tables import TRIALS
from alscli.store.collection import Collection, Entry, Record, Snapshot, assemble
from alscli.views import record as record_view
from alscli.views import table

ROOT = Path(__file__).parent.parent
RECORDS = ROOT / "records"
SMALL = ROOT / "tests" / "collection"
AS_OF = date(2026, 11, 22)
LONGEST = 1.0
"""Seconds of one processor that one input may take; what waits for a processor is no fault of ours."""


# -- inputs -------------------------------------------------------------------------------------------

TOKENS = (
    '"', "'", '"""', "'''", "[", "]", "[[", "]]", "{", "}", "=", ".", ",", "#", "\n", "\r\n", "\r", "\t",
    "\\", "\\u0000", "\\ud800", "\\U0010ffff", "\u0000", "\u001b[31m", "\u007f", "\u0085", "\u202e",
    "\u200b", "\ufeff", "𝒳", "鞘内注射", "1e400", "-1e-400", "inf", "nan", "-0", "0x1f", "9" * 30, "9" * 5000,
    "1_000", "00", "1979-05-27", "07:32:00", "1979-05-27T07:32:00Z", "true", "false", "not_reported",
    "not_applicable", "registry", "=cmd()", "[/red]", "NCT00000001", "<0.001", "-3m..0d", "2020-02-30",
    "a.b.c", "id = ", "src = ", "[[arms]]\n", "[dates]\n", "[[refs]]\nkey = ", "schema = 2",
    'ruling = "merge"', '[[waivers]]\nrule = "DT002"\n',
)  # fmt: skip


@cache
def shipped() -> tuple[tuple[str, str], ...]:
    """The kind and text of every shipped record."""
    return tuple(
        (kind, path.read_text("utf-8"))
        for kind, pattern in (("trial", "trials/*"), ("product", "products/*"), ("ledger", "ledger.toml"))
        for path in sorted(RECORDS.glob(pattern))
    )


@cache
def stated() -> dict[str, tuple[Any, ...]]:
    """Every key that stands in a shipped record, with the values that it has there."""
    found: dict[str, dict[str, Any]] = {}

    def walk(values: Any) -> None:
        for key, child in values.items() if isinstance(values, dict) else ():
            found.setdefault(key, {})[repr(child)] = child
        for child in (
            values.values() if isinstance(values, dict) else values if isinstance(values, list) else ()
        ):
            walk(child)

    for _, one in shipped():
        walk(tomllib.loads(one))
    return {key: tuple(values.values()) for key, values in sorted(found.items())}


@cache
def keys() -> tuple[str, ...]:
    """Every key that stands in a shipped record."""
    return tuple(stated())


@cache
def scalars() -> tuple[Any, ...]:
    """Every text, number and truth value that stands in a shipped record."""
    values = (value for values in stated().values() for value in values)
    return tuple(value for value in values if not isinstance(value, (dict, list)))


def noise(chance: random.Random) -> bytes:
    """Bytes of any kind."""
    size = int(chance.expovariate(1 / 200))
    if chance.random() < 0.5:
        return chance.randbytes(size)
    return "".join(chance.choice(TOKENS) for _ in range(size // 4)).encode("utf-8", "surrogatepass")


def literal(value: Any) -> str:
    """A value as TOML writes it, on one line."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        escaped = "".join(
            character if character.isprintable() and character not in '"\\' else f"\\U{ord(character):08x}"
            for character in value
            if not "\ud800" <= character <= "\udfff"
        )
        return f'"{escaped}"'
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{literal(key)} = {literal(child)}' for key, child in value.items())}}}"
    return str(value)


def page(values: dict[str, Any], name: str = "") -> str:
    """A table as TOML, tables below it with headers."""
    lines, tables = [], []
    for key, value in values.items():
        path = f"{name}.{literal(key)}" if name else literal(key)
        if isinstance(value, dict):
            tables.append(f"[{path}]\n{page(value, path)}")
        elif isinstance(value, list) and value and all(isinstance(child, dict) for child in value):
            tables += [f"[[{path}]]\n{page(child, path)}" for child in value]
        else:
            lines.append(f"{literal(key)} = {literal(value)}\n")
    return "".join(lines + tables)


def any_value(chance: random.Random, depth: int = 0) -> Any:
    """A value of any type."""
    pick = chance.random()
    if pick < 0.45 or depth > 3:
        return chance.choice(scalars())
    if pick < 0.6:
        return chance.choice(TOKENS)
    if pick < 0.75:
        return chance.choice([0, -1, 1, 2**63 - 1, 1.5, -0.0, True, 10**17, 1e300, date(2020, 1, 1), "", " "])
    if pick < 0.88:
        return [any_value(chance, depth + 1) for _ in range(chance.randrange(4))]
    return any_table(chance, depth + 1)


def any_table(chance: random.Random, depth: int = 0) -> dict[str, Any]:
    """A table with keys that the format mostly knows."""
    names = [chance.choice(keys() if chance.random() < 0.9 else TOKENS) for _ in range(chance.randrange(8))]
    return {name: any_value(chance, depth + 1) for name in names}


def toml_shaped(chance: random.Random) -> bytes:
    """Valid TOML, mostly, of tables that make no sense."""
    return page(any_table(chance)).encode()


def mangled(chance: random.Random) -> bytes:
    """The text of a record with pieces cut, doubled, moved and inserted."""
    _, changed = chance.choice(shipped())
    for _ in range(1 + int(chance.expovariate(0.7))):
        at = chance.randrange(len(changed) + 1)
        end = min(len(changed), at + int(chance.expovariate(1 / 12)))
        other = chance.randrange(len(changed) + 1)
        match chance.randrange(5):
            case 0:
                changed = changed[:at] + changed[end:]
            case 1:
                changed = changed[:at] + chance.choice(TOKENS) + changed[at:]
            case 2:
                changed = changed[:other] + changed[at:end] + changed[other:]
            case 3:
                lines = changed.split("\n")
                line = chance.randrange(len(lines))
                lines.insert(chance.randrange(len(lines)), lines.pop(line))
                changed = "\n".join(lines)
            case _:
                changed = changed[:at] + chance.choice(TOKENS) + changed[end:]
    return changed.encode("utf-8", "surrogatepass")


def spots(values: Any) -> list[tuple[Any, Any]]:
    """Every place in parsed values: the container and the key or position."""
    found = []
    items = values.items() if isinstance(values, dict) else enumerate(values)
    for key, child in items:
        found.append((values, key))
        if isinstance(child, (dict, list)):
            found += spots(child)
    return found


def schema_shaped(chance: random.Random) -> bytes:
    """A record whose values are replaced, removed, doubled and exchanged; its keys stay known."""
    values = tomllib.loads(chance.choice(shipped())[1])
    for _ in range(1 + int(chance.expovariate(0.5))):
        places = spots(values)
        if not places:
            break
        container, key = chance.choice(places)
        match chance.randrange(12):
            case 0:
                del container[key]
            case 1 if isinstance(container, list):
                container.append(container[key])
            case 2:
                container[key] = chance.choice(scalars())
            case 3:
                container[key] = any_value(chance)
            case 4 if isinstance(container, dict):
                other = chance.choice(keys())
                container[other] = chance.choice(stated()[other])
            case 5 if type(container[key]) is int:
                container[key] = chance.choice([0, -1, container[key] + 1, container[key] * 1000, 10**17])
            case _ if isinstance(key, str):
                container[key] = chance.choice(stated().get(key, (0,)))
            case _:
                chance.shuffle(container)
        values = copy.deepcopy(values)  # a value taken twice must not be one value in two places
    return page(values).encode()


WAYS: tuple[tuple[Callable[[random.Random], bytes], float], ...] = (
    (noise, 0.1),
    (toml_shaped, 0.2),
    (mangled, 0.3),
    (schema_shaped, 0.4),
)


def inputs(seed: int) -> Iterator[tuple[str, str, bytes]]:
    """Inputs without end: how each was made, the kind of record that it is taken for, its bytes."""
    chance = random.Random(seed)
    while True:
        (way,) = chance.choices([way for way, _ in WAYS], [weight for _, weight in WAYS])
        data = way(chance)
        yield way.__name__, chance.choices(["trial", "product", "ledger"], [8, 2, 1])[0], data


# -- the way through the program ----------------------------------------------------------------------


@cache
def surroundings() -> tuple[Collection, tuple[Record, ...]]:
    """A small collection: two products with trials of theirs, and the ledger."""
    collection = Collection(SMALL)
    names = ("nurown", "nurown-phase2", "np001-treg", "np001-treg-phase1", "ledger")
    return collection, tuple(collection.read(e) for e in collection.entries() if e.id in names)


@cache
def all_codes() -> frozenset[str]:
    """Every rule."""
    return select([], [])


def go_through(kind: str, data: bytes, *, thoroughly: bool = True) -> Record:
    """Read, validate, show, list and export one input, in memory; thoroughly: in all formats, and mend it."""
    collection, beside = surroundings()
    place = {"trial": "trials/soak.toml", "product": "products/soak-product.toml", "ledger": "ledger.toml"}[
        kind
    ]
    entry = Entry(SMALL / place, kind)  # type: ignore[arg-type]
    record = collection.understand(entry, data)
    snapshot = assemble([*(other for other in beside if other.entry.path != entry.path), record])

    def findings(of: Snapshot) -> Report:
        return check(collection, of, as_of=AS_OF, codes=all_codes(), only={str(entry.path)})

    report = findings(snapshot) if thoroughly or kind != "trial" else _beside_trials(record, snapshot)
    list(text.render(report, color=True))
    if thoroughly:
        _print(report)
        mended = mend(collection, snapshot, findings, findings)
        assert all(one.after.document is not None for one in mended.files)
    _show(record, snapshot)
    connection = database.build(snapshot)
    teach(connection)
    rows = list(database.select(connection, TRIALS.columns, "1", (), "t.id"))
    for lines in (csv.render(TRIALS.columns, rows), table.tsv(TRIALS.columns, rows)):
        assert all(isinstance(line, str) for line in lines)
    connection.close()
    return record


@cache
def _examined() -> tuple[Examination, ...]:
    """The collection without an input; no trial changes what is found in another by itself."""
    collection, beside = surroundings()
    snapshot = assemble(beside)
    around = Surroundings(snapshot, names_in(snapshot, snapshot.trials), collection.vocabularies, AS_OF)
    return tuple(examine(record, around, rules_of(all_codes()), all_codes()) for record in beside)


def _beside_trials(record: Record, snapshot: Snapshot) -> Report:
    """What is found in a trial, where what surrounds it is known."""
    collection, beside = surroundings()
    around = Surroundings(snapshot, names_in(snapshot, snapshot.trials), collection.vocabularies, AS_OF)
    examined = [*_examined(), examine(record, around, rules_of(all_codes()), all_codes())]
    records = {str(one.entry.path): one for one in (*beside, record)}
    only = {str(record.entry.path)}
    return conclude(examined, around, records.__getitem__, collection.root, codes=all_codes(), only=only)


def _print(report: Report) -> None:
    list(github.render(report))
    list(jsonl.render(report))
    list(junit.render(report, Severity.WARNING))
    json_reporter.render(report)
    sarif.render(report)


def _show(record: Record, snapshot: Snapshot) -> None:
    if record.document is not None:
        record_view.as_json(record.entry.kind, record.document.values)
    if isinstance(record.model, Trial):
        record_view.trial(record.model, snapshot, 80, color=True)
    elif isinstance(record.model, Product):
        record_view.product(record.model, snapshot, 80, color=False)


@dataclass
class Failure:
    """An input that an exception came out of, or that took too long."""

    way: str
    kind: str
    data: bytes
    what: str


def soak(seed: int, count: int, limit: float = LONGEST) -> tuple[list[Failure], dict[str, int], float]:
    """Send inputs through; return what failed, how many were records, and the longest time in seconds.

    An input fails where an exception comes out of it, and where it takes longer than `limit` seconds.
    """
    failures: list[Failure] = []
    counts = {"inputs": 0, "TOML": 0, "records": 0}
    longest = 0.0
    for number, (way, kind, data) in enumerate(islice(inputs(seed), count)):
        started = time.process_time()
        try:
            record = go_through(kind, data, thoroughly=number % 5 == 0)
            counts["TOML"] += record.document is not None
            counts["records"] += record.readable
        except AlscliError:
            pass
        except Exception:
            failures.append(Failure(way, kind, data, traceback.format_exc()))
        took = time.process_time() - started
        longest = max(longest, took)
        if took > limit:
            failures.append(Failure(way, kind, data, f"took {took:.2f} s"))
        counts["inputs"] += 1
    return failures, counts, longest


def main() -> int:
    """Run the soak on all processors and say what came of it."""
    count, seed = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0
    workers = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    share = 500
    started = time.perf_counter()
    seeds = [seed * 1_000_000 + part for part in range(-(-count // share))]
    failures: list[Failure] = []
    counts: dict[str, int] = {}
    longest = 0.0
    with ProcessPoolExecutor(workers) as pool:
        for found, numbers, took in pool.map(partial(soak, count=share), seeds):
            failures += found
            longest = max(longest, took)
            counts = {name: counts.get(name, 0) + number for name, number in numbers.items()}
    folder = Path("soak-failures")
    for number, failure in enumerate(failures):
        folder.mkdir(exist_ok=True)
        (folder / f"{number}-{failure.way}-{failure.kind}.toml").write_bytes(failure.data)
        (folder / f"{number}-{failure.way}-{failure.kind}.txt").write_text(failure.what, "utf-8")
    words = ", ".join(f"{number:,} {name}" for name, number in counts.items())
    print(
        f"{words}; {len(failures)} failures; longest {longest:.2f} s; {time.perf_counter() - started:.0f} s"
    )
    for failure in failures[:20]:
        print(failure.way, failure.kind, failure.what.strip().splitlines()[-1])
    return 1 if failures else 0


if __name__ == "__main__":
    raise SystemExit(main())
