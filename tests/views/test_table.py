"""Tables: fitted to the terminal, or for scripts."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alscli.model.values import Absence
from alscli.query.tables import Cell, Column, Row
from alscli.text import width
from alscli.views import trials
from alscli.views.table import (
    csv_lines,
    escaped,
    fitted,
    json_line,
    json_object,
    markdown,
    natural_width,
    text_of,
    tsv,
)

COLUMNS = (Column("id", "text", ""), Column("title", "text", ""), Column("age_min", "number", ""))
ROWS: list[Row] = [
    {"id": "a", "title": "A title of some length", "age_min": 18},
    {"id": "bbbbbb", "title": "一个渐冻症试验", "age_min": None},
]


def lines(room: int) -> list[str]:
    return list(fitted(COLUMNS, ROWS, room))


def test_a_table_with_room() -> None:
    assert lines(80) == [
        "id      title                   age min",
        "a       A title of some length       18",
        "bbbbbb  一个渐冻症试验",
    ]
    assert natural_width(COLUMNS, ROWS) == 39


def test_heads_of_numbers_give_way_before_the_widest_text() -> None:
    assert lines(35) == [
        "id      title                   age",
        "                                min",
        "a       A title of some length   18",
        "bbbbbb  一个渐冻症试验",
    ]
    assert lines(26) == [
        "id      title          age",
        "                       min",
        "a       A title of s…   18",
        "bbbbbb  一个渐冻症试…",
    ]


def test_many_numbers_on_a_narrow_terminal() -> None:
    """What tells the rows apart is cut last."""
    named = ("n", "not_reported", "not_applicable", "missing", "of", "percent")
    columns = (Column("field", "text", ""), *(Column(name, "integer", "") for name in named))
    row: Row = {"field": "primary_completion"} | dict.fromkeys(named, 121)
    assert list(fitted(columns, [row], 60)) == [
        "field               n    not    not    missing  of   percent",
        "                         repo…  appl…",
        "primary_completion  121    121    121      121  121      121",
    ]
    assert list(fitted(columns, [row], 50)) == [
        "field         n    not    not    miss…  of   perc…",
        "                   repo…  appl…",
        "primary_com…  121    121    121    121  121    121",
    ]


texts = st.text(st.sampled_from("ab 渐冻\x1b\t\n\u202e[/red]"), max_size=30)
rows = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.text("abc", min_size=1, max_size=12),
            "title": texts,
            "age_min": st.none() | st.integers(0, 99),
        }
    ),
    max_size=5,
)


@given(rows, st.integers(24, 120))
def test_no_line_is_wider_than_the_room(data: list[Row], room: int) -> None:
    found = list(fitted(COLUMNS, data, room))
    assert len(found) - len(data) in (1, 2)
    for line in found:
        assert width(line) <= room
        assert "\x1b" not in line
        assert "\n" not in line


@given(rows)
def test_scripts_get_every_row_on_one_line(data: list[Row]) -> None:
    for found in (list(tsv(COLUMNS, data)), list(markdown(COLUMNS, data))[1:]):
        assert len(found) == len(data) + 1
        assert not any("\n" in line or "\x1b" in line for line in found)
    for line in tsv(COLUMNS, data):
        assert line.count("\t") == 2


@pytest.mark.parametrize(
    ("cell", "text", "value"),
    [
        (None, "", None),
        (Absence.NOT_REPORTED, "not_reported", "not_reported"),
        (True, "yes", True),
        (False, "no", False),
        (5, "5", 5),
        (Decimal("0.50"), "0.50", 0.5),
        (("a", "b"), "a, b", ["a", "b"]),
        ((), "", []),
        ("a\tb\x1b", r"a b\x1b", "a\tb\x1b"),
    ],
)
def test_cells(cell: Cell, text: str, value: object) -> None:
    column = Column("x", "text", "")
    assert text_of(cell) == text
    assert json_object([column], {"x": cell}) == {"x": value}
    assert json.loads(json_line([column], {"x": cell})) == {"x": value}


def test_headers_may_be_left_out() -> None:
    assert next(iter(tsv(COLUMNS, ROWS))) == "id\ttitle\tage_min"
    assert next(iter(tsv(COLUMNS, ROWS, header=False))).startswith("a\t")
    assert next(iter(csv_lines(COLUMNS, ROWS, header=False))) == "a,A title of some length,18"
    assert list(csv_lines(COLUMNS, [])) == ["id,title,age_min"]


def test_csv_is_harmless_and_its_numbers_are_left_alone() -> None:
    row: Row = {"id": "=1+1", "title": "-x", "age_min": Decimal("-0.5")}
    assert list(csv_lines(COLUMNS, [row], header=False)) == ["'=1+1,'-x,-0.5"]


def test_markdown_shows_text_as_it_is() -> None:
    assert escaped("a|b `c` <d> [e](f) *g* _h_ \\") == r"a\|b \`c\` \<d\> \[e\](f) \*g\* \_h\_ \\"
    assert list(markdown(COLUMNS, ROWS[:1])) == [
        "| id | title | age min |",
        "| --- | --- | --- |",
        "| a | A title of some length | 18 |",
    ]


# -- trials ------------------------------------------------------------------------------------------

TRIAL_COLUMNS = (Column("id", "text", ""), Column("status", "text", ""), Column("evidence", "text", ""))
TRIAL: list[Row] = [
    {
        "id": "valor",
        "status": "terminated",
        "registry_id": "NCT02623699",
        "evidence": "OCEBM 2 · RCT, quadruple-masked · peer-reviewed · primary endpoint not met",
    }
]


def test_the_honest_line_is_never_cut() -> None:
    wide = list(trials.render(TRIAL_COLUMNS, TRIAL, 120, color=False))
    assert wide[1] == f"valor  terminated  {TRIAL[0]['evidence']}"
    narrow = list(trials.render(TRIAL_COLUMNS, TRIAL, 40, color=False))
    assert narrow[:2] == ["id     status", "valor  terminated"]
    assert " ".join(line.strip() for line in narrow[2:]) == TRIAL[0]["evidence"]
    assert all(width(line) <= 40 for line in narrow)


def test_a_missed_endpoint_is_marked_and_ids_are_links() -> None:
    _, line = trials.render(TRIAL_COLUMNS, TRIAL, 120, color=True)
    assert "\x1b[33mnot met\x1b[0m" in line
    assert "\x1b]8;;https://clinicaltrials.gov/study/NCT02623699" in line
    assert "\x1b[31mterminated" in line


def test_how_many_of_how_many() -> None:
    assert trials.heading(8, 8, 12, 0) == "8 of 12 trials"
    assert trials.heading(5, 8, 12, 2) == "8 of 12 trials, the first 5 shown, 2 undecided left out"
