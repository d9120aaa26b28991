"""Filters: each once, and the laws of their combination."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alscli.errors import UsageError
from alscli.query.database import build, count, select
from alscli.query.filters import FILTERS, columns, condition, ordering, teach
from alscli.query.tables import TRIALS
from alscli.store.collection import Collection, Snapshot

SMALL = Path(__file__).parent.parent / "collection"
EVERY = "barczewska-2020 np001-treg-phase1 nsi566-phase2 nurown-phase2 nurown-phase3 valor"
ALL = set(EVERY.split())
Find = Callable[..., set[str]]


@pytest.fixture(scope="module")
def opened() -> Iterator[tuple[sqlite3.Connection, Collection, Snapshot]]:
    collection = Collection(SMALL)
    snapshot = collection.load()
    connection = build(snapshot)
    teach(connection)
    yield connection, collection, snapshot
    connection.close()


@pytest.fixture(scope="module")
def find(opened: tuple[sqlite3.Connection, Collection, Snapshot]) -> Find:
    """The ids that filters find: `find(phase=["2"])`."""
    connection, collection, snapshot = opened

    def run(**given: list[str]) -> set[str]:
        where = condition(given, collection.vocabularies, snapshot.products)
        rows = select(connection, columns("id", ()), where.sql, where.parameters, ordering(None))
        return {str(row["id"]) for row in rows}

    return run


@pytest.mark.parametrize(
    ("name", "value", "ids"),
    [
        ("cell_type", "MSC-NTF", "nurown-phase2 nurown-phase3"),
        ("cell_type", "MSC", "barczewska-2020 nurown-phase2 nurown-phase3"),
        ("cell_type", "NSC", "nsi566-phase2"),
        ("cell_type", "间充质干细胞", "barczewska-2020 nurown-phase2 nurown-phase3"),
        ("cell_type", "間充質幹細胞", "barczewska-2020 nurown-phase2 nurown-phase3"),
        ("modality", "aso", "valor"),
        ("modality", "反义寡核苷酸", "valor"),
        ("route", "intraspinal", "nsi566-phase2"),
        ("route", "鞘内", "barczewska-2020 np001-treg-phase1 nurown-phase2 nurown-phase3 valor"),
        ("donor", "allogeneic", "barczewska-2020 nsi566-phase2"),
        ("phase", "2", "nsi566-phase2 nurown-phase2"),
        ("phase", "Phase III", "nurown-phase3 valor"),
        ("phase", "III期", "nurown-phase3 valor"),
        ("status", "Recruiting", "np001-treg-phase1"),
        ("design", "rct", "nurown-phase2 nurown-phase3 valor"),
        ("masking", "quadruple", "nurown-phase3 valor"),
        ("country", "US", "nsi566-phase2 nurown-phase2 nurown-phase3"),
        ("country", "中国", "np001-treg-phase1"),
        ("country", "Poland", "barczewska-2020"),
        ("sponsor", "brainstorm", "nurown-phase2 nurown-phase3"),
        ("sponsor", "CALIFORNIA institute", "nurown-phase3"),
        ("sponsor_class", "industry", EVERY),
        ("sponsor_class", "government", ""),
        ("condition", "als", EVERY),
        ("condition", "肌萎缩侧索硬化", EVERY),
        ("condition", "no such disease", ""),
        ("subtype", "SOD1", "valor"),
        ("product", "NurOwn", "nurown-phase2 nurown-phase3"),
        ("product", "debamestrocel", "nurown-phase2 nurown-phase3"),
        ("product", "BIIB067", "valor"),
        ("instrument", "NfL", "valor"),
        ("primary", "not_met", "nurown-phase3 valor"),
        ("primary", "pending", "np001-treg-phase1"),
        ("evidence", "2", "nurown-phase2 nurown-phase3 valor"),
        ("evidence", "3..4", "barczewska-2020 nsi566-phase2"),
        ("registry", "ctgov", "np001-treg-phase1 nsi566-phase2 nurown-phase2 nurown-phase3 valor"),
        ("registry", "NCT", "np001-treg-phase1 nsi566-phase2 nurown-phase2 nurown-phase3 valor"),
        (
            "registry",
            "clinicaltrials.gov",
            "np001-treg-phase1 nsi566-phase2 nurown-phase2 nurown-phase3 valor",
        ),
        ("year", "2017", "nurown-phase3"),
        ("year", "2017..", "np001-treg-phase1 nurown-phase3 valor"),
        ("year", "..2014", "nsi566-phase2 nurown-phase2"),
        ("year", "2014..2018", "nurown-phase2 nurown-phase3"),
        ("min_enrollment", "100", "nurown-phase3 valor"),
        ("max_enrollment", "15", "np001-treg-phase1 nsi566-phase2"),
        ("decision", "include", EVERY),
        ("decision", "undecided", ""),
        ("text", "nurown repeated", "nurown-phase3"),
        ("text", "NCT02623699", "valor"),
        ("text", "托夫生", "valor"),
        ("text", "重複鞘內", "nurown-phase3"),
    ],
)
def test_each_filter(name: str, value: str, ids: str, find: Find) -> None:
    assert find(**{name: [value]}) == set(ids.split())


def test_every_filter_is_tried_above() -> None:
    (mark,) = [mark for mark in test_each_filter.pytestmark if mark.name == "parametrize"]  # type: ignore[attr-defined]
    assert {name for name, *_ in mark.args[1]} >= {each.name for each in FILTERS}


def test_every_filter_looks_at_a_column() -> None:
    assert {each.column for each in FILTERS} <= set(TRIALS.names)


@pytest.mark.parametrize(
    ("name", "value", "hint"),
    [
        ("phase", "five", "alscli values phase"),
        ("status", "recruting", "did you mean recruiting?"),
        ("cell_type", "MSCs-NTFF", "MSC"),
        ("cell_type", "", ""),
        ("condition", " ", ""),
        ("country", "Chinaa", "did you mean CN (China)"),
        ("product", "nurwon", "nurown"),
        ("product", "", ""),
        ("registry", "ctgv", "ctgov"),
        ("registry", "", "ctgov"),
        ("year", "20x0", "2020..2025"),
        ("year", "..", "2020..2025"),
        ("year", "", "2020..2025"),
        ("year", "2020-2025", "2020..2025"),
        ("year", "9" * 30, "2020..2025"),
        ("year", "2025..2020", "2020..2025"),
        ("evidence", "two", ""),
        ("min_enrollment", "-1", ""),
        ("min_enrollment", "9" * 30, ""),
        ("max_enrollment", "many", ""),
        ("max_enrollment", "²", ""),
    ],
)
def test_values_that_no_filter_understands(name: str, value: str, hint: str, find: Find) -> None:
    with pytest.raises(UsageError) as caught:
        find(**{name: [value]})
    assert hint in caught.value.hint


def test_blank_text_leaves_nothing_out(find: Find) -> None:
    assert find(text=[" "]) == find() == ALL
    assert find(text=["nurown", " "]) == ALL


def test_many_words_and_many_values(find: Find) -> None:
    text = " ".join(["nurown"] * 3_000)
    assert find(text=[text]) == find(text=["nurown"]) != set()
    assert find(text=[f"{text} nonsense"]) == set()
    assert find(phase=["3"] * 3_000) == find(phase=["3"])
    with pytest.raises(UsageError, match="--sponsor: more than 500 values"):
        find(sponsor=[f"s{number}" for number in range(501)])


def test_quotes_and_wildcards_are_text(find: Find) -> None:
    for text in ("'", '"', "%", "_", "\\", "') OR 1 --", "[/red]"):
        assert find(sponsor=[f"no such {text}"]) == set()
        assert find(text=[f"no-such-{text}-word"]) == set()


# -- laws --------------------------------------------------------------------------------------------

POOL = {
    "cell_type": ["MSC", "NSC", "Treg"],
    "modality": ["cell", "aso"],
    "route": ["intrathecal", "intraspinal"],
    "phase": ["1", "2", "3", "na"],
    "status": ["completed", "recruiting", "unknown"],
    "country": ["US", "CN", "PL"],
    "sponsor": ["brainstorm", "bio"],
    "evidence": ["2", "3..4"],
    "year": ["..2014", "2015..2018", "2019.."],
    "min_enrollment": ["10", "50"],
    "max_enrollment": ["15", "100"],
    "primary": ["met", "not_met", "pending"],
    "text": ["nurown", "als"],
}
chosen = st.dictionaries(st.sampled_from(sorted(POOL)), st.just(None), max_size=3).flatmap(
    lambda names: st.fixed_dictionaries(
        {name: st.lists(st.sampled_from(POOL[name]), min_size=1, max_size=2) for name in names}
    )
)
extra = st.sampled_from([(name, value) for name, values in POOL.items() for value in values])


@settings(deadline=None)
@given(chosen, extra)
def test_another_filter_never_adds_and_another_value_never_removes(
    find: Find, given: dict[str, list[str]], more: tuple[str, str]
) -> None:
    name, value = more
    before, grown = find(**given), find(**given | {name: [*given.get(name, []), value]})
    if name in given:
        assert before <= grown
    else:
        assert grown <= before
        assert grown == before & find(**{name: [value]})
    assert find(**dict(reversed(given.items()))) == before


@given(st.lists(st.sampled_from(POOL["phase"]), min_size=1))
def test_several_values_find_what_each_finds(find: Find, values: list[str]) -> None:
    assert find(phase=values) == set().union(*(find(phase=[value]) for value in values))


@given(st.lists(st.sampled_from(POOL["text"]), min_size=1))
def test_several_words_in_several_values(find: Find, values: list[str]) -> None:
    assert find(text=values, phase=["3"]) <= find(phase=["3"])


# -- columns and order -------------------------------------------------------------------------------


def test_columns() -> None:
    assert [column.name for column in columns(None, ("id", "phase"))] == ["id", "phase"]
    assert [column.name for column in columns("phase, id", ("id",))] == ["phase", "id"]
    assert [column.name for column in columns("+phase,id", ("id",))] == ["id", "phase"]
    assert [column.name for column in columns("age-min,id,id", ())] == ["age_min", "id"]


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("phse", "no column 'phse'", "phase"),
        ("id,words", "no column 'words'", ""),
        (",", "--columns names no column", "columns: id"),
        ("", "--columns names no column", "columns: id"),
        ('"; DROP TABLE trials', "no column", ""),
    ],
)
def test_columns_that_are_none(text: str, message: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        columns(text, ("id",))
    assert message in caught.value.message
    assert hint in caught.value.hint


@pytest.mark.parametrize("text", ["nonsense", "id,", ",", "-", "id;id"])
def test_orders_that_are_none(text: str) -> None:
    with pytest.raises(UsageError):
        ordering(text)


@pytest.mark.parametrize("column", [column.name for column in TRIALS.columns])
@pytest.mark.parametrize("sign", ["", "-"])
def test_what_is_absent_comes_last_in_either_direction(
    column: str, sign: str, opened: tuple[sqlite3.Connection, Collection, Snapshot]
) -> None:
    connection, *_ = opened
    order = ordering(f"{sign}{column}")
    cells = [cell for (cell,) in connection.execute(f'SELECT t."{column}" FROM trials t ORDER BY {order}')]
    present = [cell for cell in cells if cell is not None]
    assert cells == present + [None] * (len(cells) - len(present))
    assert present == sorted(present, reverse=bool(sign))


def test_the_id_decides_where_nothing_else_does(
    opened: tuple[sqlite3.Connection, Collection, Snapshot],
) -> None:
    connection, *_ = opened
    rows = list(select(connection, columns("id,status", ()), "1", (), ordering("-status")))
    completed = [row["id"] for row in rows if row["status"] == "completed"]
    assert completed == sorted(completed)  # type: ignore[type-var]
    assert count(connection) == len(rows)
