"""How complete and how fresh a collection is, and which results are overdue."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta

from alscli.model.values import Absence, PartialDate
from alscli.query.counts import OF, PERCENT, N, count_by, percent
from alscli.query.database import select
from alscli.query.filters import Condition
from alscli.query.tables import TRIALS, Column, Row

MAIN = (
    "registry_id",
    "phase",
    "status",
    "modalities",
    "start",
    "primary_completion",
    "enrollment",
    "countries",
    "sponsor",
    "sponsor_class",
    "cell_types",
    "donors",
    "routes",
    "doses",
    "masking",
    "control",
    "instruments",
    "primary_result",
)
"""The fields by which trials are compared."""

COMPLETENESS = (
    Column("field", "text", "column of `trials`"),
    Column("n", "integer", "trials in which it is known"),
    Column("not_reported", "integer", "trials whose sources do not say"),
    Column("not_applicable", "integer", "trials that cannot have it"),
    Column("missing", "integer", "trials in which nobody looked"),
    OF,
    Column("percent", "number", "known, in % of all"),
    Column("answered", "number", "known, or absent with a reason, in % of all"),
)
SIZE = (Column("what", "text", "what is counted"), N, OF, PERCENT)
OVERDUE = (
    Column("id", "text", "name of the record"),
    Column("registry_id", "text", "id in its primary registry"),
    Column("status", "text", "recruitment status"),
    Column("ended", "date", "actual primary completion, else completion"),
    Column("days", "integer", "days since a year after that"),
    Column("enrollment", "integer", "people by the most exact denominator on file"),
    Column("sponsor", "text", "responsible organization"),
)
PRIMARY = ("evidence_level", "cell_types")
_OF_CELLS = ("cell_types", "donors")
_WITH_CELLS = frozenset({"cell", "ev"})
_RECRUITING = frozenset({"recruiting", "not_yet_recruiting", "enrolling_by_invitation"})
_COMPUTED = frozenset(
    """
    id evidence evidence_level publication primary_results primary_summary reported modalities arm_count
    country_count year enrollment_kind outcome_count dispute_count open_dispute_count registry file
    follow_up_days
    """.split()  # noqa: SIM905
)


def completeness(
    connection: sqlite3.Connection, where: Condition, names: Sequence[str] | None = None
) -> list[Row]:
    """A row of `COMPLETENESS` for each field: in how many trials it is known, absent, or not looked for.

    Where none of the therapies is made of cells or vesicles, the kind of cells and the donor do not apply.
    """
    columns = [
        column
        for column in TRIALS.columns
        if (column.name not in _COMPUTED if names is None else column.name in names)
    ]
    asked = [column for column in TRIALS.columns if column in columns or column.name == "modalities"]
    held = list(select(connection, asked, where.sql, where.parameters, "t.id"))
    return [_completeness(column.name, held) for column in columns]


def _completeness(name: str, held: Sequence[Row]) -> Row:
    counts: Counter[Absence | None] = Counter()
    for row in held:
        cell = row[name]
        if isinstance(cell, Absence):
            counts[cell] += 1
        elif cell is None or cell == ():
            counts[Absence.NOT_APPLICABLE if name in _OF_CELLS and _is_without_cells(row) else None] += 1
    total, missing = len(held), counts[None]
    known = total - counts.total()
    return {
        "field": name,
        "n": known,
        "not_reported": counts[Absence.NOT_REPORTED],
        "not_applicable": counts[Absence.NOT_APPLICABLE],
        "missing": missing,
        "of": total,
        "percent": percent(known, total),
        "answered": percent(total - missing, total),
    }


def _is_without_cells(row: Row) -> bool:
    modalities = row["modalities"]
    return isinstance(modalities, tuple) and bool(modalities) and _WITH_CELLS.isdisjoint(modalities)


def size(connection: sqlite3.Connection) -> list[Row]:
    """A row of `SIZE` for each kind of thing that the collection holds."""
    counted = (
        ("trials", "trials WHERE decision = 'include'"),
        ("trials undecided", "trials WHERE decision = 'undecided'"),
        ("products", "products"),
        ("looked at and left out", "excluded"),
        ("claims", "claims"),
        ("searches", "searches"),
        ("sources", "refs"),
        ("disputes", "disputes"),
        ("open disputes", "disputes WHERE open"),
    )
    return [
        {
            "what": what,
            "n": connection.execute(f"SELECT count(*) FROM {source}").fetchone()[0],  # noqa: S608
            "of": None,
            "percent": None,
        }
        for what, source in counted
    ]


def staleness(connection: sqlite3.Connection, where: Condition, as_of: date) -> list[Row]:
    """Rows of `SIZE`: how many trials were verified, how many must be again, whose status is old.

    Verification holds for 365 days, 180 while a trial recruits; a status for 365 days while it recruits.
    """
    names = ("status", "status_as_of", "verified_on")
    columns = [column for column in TRIALS.columns if column.name in names]
    rows = list(select(connection, columns, where.sql, where.parameters, "t.id"))
    recruiting = [row for row in rows if row["status"] in _RECRUITING]
    verified = [row for row in rows if row["verified_on"]]
    due = sum(
        _age(row["verified_on"], as_of) > (180 if row["status"] in _RECRUITING else 365) for row in verified
    )
    old = sum(_age(row["status_as_of"], as_of) > 365 for row in recruiting)
    return [
        _share("ever verified against a source", len(verified), len(rows)),
        _share("verified, and due again", due, len(verified)),
        _share("recruiting, with a status older than a year", old, len(recruiting)),
    ]


def _share(what: str, n: int, of: int) -> Row:
    return {"what": what, "n": n, "of": of, "percent": percent(n, of)}


def _age(text: object, as_of: date) -> int:
    """Days since the latest day that the date can mean."""
    return (as_of - PartialDate.parse(str(text)).latest).days


def overdue(connection: sqlite3.Connection, where: Condition, as_of: date) -> tuple[list[Row], int]:
    """Rows of `OVERDUE`, the longest overdue first, and of how many trials they are.

    Those are interventional, registered, not withdrawn, and were completed more than a year ago (42 CFR
    11.44, the EU Clinical Trials Regulation and WHO ask for results within a year). Results of any kind
    count, posted or published. Delays can be certified, and phase 1 may be exempt.
    """
    names = "id registry_id status study_type reported results_posted enrollment sponsor".split()  # noqa: SIM905
    names += ["primary_completion", "primary_completion_type", "completion", "completion_type"]
    columns = [column for column in TRIALS.columns if column.name in names]
    rows: list[Row] = []
    asked = 0
    for row in select(connection, columns, where.sql, where.parameters, "t.id"):
        ended = _ended(row)
        if ended is None or row["study_type"] != "interventional":
            continue
        if row["registry_id"] is None or row["status"] == "withdrawn":
            continue
        late = (as_of - _a_year_after(PartialDate.parse(ended).latest)).days
        if late <= 0:
            continue
        asked += 1
        if not row["reported"] and (
            row["results_posted"] is None or isinstance(row["results_posted"], Absence)
        ):
            rows.append(
                {column.name: row.get(column.name) for column in OVERDUE} | {"ended": ended, "days": late}
            )
    return sorted(rows, key=_longest_first), asked


def _longest_first(row: Row) -> tuple[int, str]:
    return -int(str(row["days"])), str(row["id"])


def _ended(row: Row) -> str | None:
    """Primary completion, or completion where that is all there is, if it has happened."""
    for name in ("primary_completion", "completion"):
        if (on := row[name]) is not None and not isinstance(on, Absence):
            return str(on) if row[f"{name}_type"] == "actual" else None
    return None


def _a_year_after(day: date) -> date:
    try:
        return day.replace(year=day.year + 1)
    except ValueError:  # 29 February, or the last year of the calendar
        return day + timedelta(days=365) if day.year < date.max.year else date.max


def primary_results(
    connection: sqlite3.Connection, where: Condition
) -> tuple[tuple[Column, ...], list[Row], int]:
    """Trials by evidence level and cell type with the results of their primary endpoints, and how many."""
    by = [column for column in TRIALS.columns if column.name in (*PRIMARY, "primary_result")]
    counts = count_by(connection, by, where)
    order = [column.name for column in counts.columns]
    places = [order.index(name) for name in (*PRIMARY, "primary_result")]
    found: dict[tuple[object, ...], Row] = {}
    results = dict.fromkeys(str(values[places[2]] or "none_recorded") for values, _ in counts.rows)
    shown = [name for name in _RESULTS if name in results]
    for values, n in counts.rows:
        level, cells, result = (values[place] for place in places)
        row = found.setdefault(
            (level, cells),
            {"evidence_level": level, "cell_types": cells, "n": 0} | dict.fromkeys(shown, 0),
        )
        for name in ("n", str(result or "none_recorded")):
            row[name] = int(str(row[name])) + n
    columns = (
        *(column for name in PRIMARY for column in counts.columns if column.name == name),
        N,
        *(Column(name, "integer", f"trials whose primary endpoint is {name}") for name in shown),
    )
    rows = sorted(
        found.values(), key=lambda row: (str(row["evidence_level"] or "~"), str(row["cell_types"] or "~"))
    )
    return columns, rows, counts.total


_RESULTS = (
    "met",
    "not_met",
    "nominal",
    "not_significant",
    "descriptive",
    "mixed",
    "pending",
    "not_reported",
    "not_applicable",
    "none_recorded",
)
