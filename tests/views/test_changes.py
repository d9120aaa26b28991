"""Changes by field: for a terminal, for scripts, for a pull request."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alscli.store.compare import Change, RecordChange
from alscli.views import changes as view

CHANGED = RecordChange(
    "valor",
    "trial",
    "changed",
    (
        Change("status", "recruiting", "completed", "major"),
        Change("countries", ["CN"], ["CN", "US"], "minor", unordered=True),
        Change("sites", None, 5, "minor"),
    ),
)
HOSTILE = "a\x1b[31m\n|`\u202e"


def test_old_and_new_beside_each_other() -> None:
    assert list(view.text([CHANGED], None, color=False)) == [
        "~ valor",
        "  ! status     recruiting → completed",
        "    countries  · → US",
        "    sites      (nothing) → 5",
        "",
    ]


def test_below_each_other_where_the_terminal_is_narrow() -> None:
    assert list(view.text([CHANGED], 30, color=False))[1:4] == [
        "  ! status",
        "      - recruiting",
        "      + completed",
    ]


def test_other_kinds_of_change() -> None:
    records = [
        RecordChange(
            "a", "trial", "added", (Change("title", None, "T", "minor"), Change("id", None, "a", "minor"))
        ),
        RecordChange("b", "product", "removed", (Change("refs", [{"key": "x"}], None, "minor"),)),
        RecordChange("c", "trial", "renamed", (), "old"),
        RecordChange("d", "trial", "unreadable", note="new: 1:1: TX001 no value"),
    ]
    assert list(view.text(records, None, color=False)) == [
        "+ a added",
        "    title: T",
        "",
        "- b (product) removed",
        "    refs: 1",
        "",
        "> c (was old) renamed",
        "",
        "! d unreadable: new: 1:1: TX001 no value",
        "",
    ]
    assert list(view.stat(records))[:2] == ["+ a    2 fields", "- b    1 field "]
    assert view.totals(records) == "4 records: 1 added, 1 removed, 1 renamed, 1 unreadable"


def test_totals() -> None:
    assert view.totals([]) == "no differences"
    assert view.totals([CHANGED]) == "1 record: 1 changed (1 major field)"


def test_values_on_one_line() -> None:
    assert view.said({"n": 5, "src": ["a", "b"], "ok": True}) == "{ n = 5, src = a, b, ok = true }"
    assert view.said(Decimal("-0.20")) == "-0.20"


def test_json() -> None:
    answer = json.loads(view.as_json([CHANGED]))
    assert answer["schema"] == "alscli/diff/1"
    (record,) = answer["records"]
    assert (record["id"], record["change"]) == ("valor", "changed")
    assert record["fields"][0] == {
        "field": "status",
        "old": "recruiting",
        "new": "completed",
        "weight": "major",
    }
    number = RecordChange("a", "trial", "renamed", (Change("x", Decimal("0.5"), None, "minor"),), "b", "n")
    (record,) = json.loads(view.as_json([number]))["records"]
    assert (record["was"], record["note"], record["fields"][0]["old"]) == ("b", "n", 0.5)


def test_markdown() -> None:
    assert view.markdown([CHANGED]) == (
        "**1 record: 1 changed (1 major field)**\n"
        "\n### `valor` changed\n\n"
        "| | field | old | new |\n"
        "| --- | --- | --- | --- |\n"
        "| major | `status` | recruiting | completed |\n"
        "|  | `countries` | · | US |\n"
        "|  | `sites` | (nothing) | 5 |\n"
    )


@given(st.integers(0, 400), st.integers(1_000, 70_000))
def test_markdown_fits_a_comment(number: int, limit: int) -> None:
    record = RecordChange("x", "trial", "changed", (Change("title", "a" * 500, "|" * 500, "minor"),))
    text = view.markdown([record] * number, limit)
    assert len(text) <= limit
    shown = text.count("### `x`")
    assert (f"{number - shown} more records are not shown" in text) == (shown < number)


def test_nothing_in_a_change_is_obeyed() -> None:
    change = Change(f"outcomes.{HOSTILE}.result", HOSTILE, [HOSTILE], "major")
    records = [
        RecordChange(HOSTILE, "trial", what, (change,), HOSTILE, HOSTILE)  # type: ignore[arg-type]
        for what in ("changed", "added", "renamed", "unreadable")
    ]
    for lines in (view.text(records, 60, color=False), view.stat(records), [view.totals(records)]):
        for line in lines:
            assert not set("\x1b\n\u202e") & set(line)
    text = view.markdown(records)
    assert "\x1b" not in text
    assert "\u202e" not in text
    for line in text.splitlines():
        if line.startswith("| major"):
            assert line.replace(r"\|", "").count("|") == 5


def test_numbers_that_json_does_not_have() -> None:
    values = (Decimal("1e400"), Decimal("nan"), Decimal("-inf"), 10**400)
    record = RecordChange("a", "trial", "changed", tuple(Change("x", None, v, "minor") for v in values))
    text = view.as_json([record])
    news = [
        each["new"] for each in json.loads(text, parse_constant=lambda name: 1 / 0)["records"][0]["fields"]
    ]
    assert news == ["1E+400", "NaN", "-Infinity", 10**400]


def test_markdown_of_one_record_that_is_too_long_says_how_many_fields_are_not_shown() -> None:
    fields = tuple(Change(f"refs.r{n}.title", "old " * 20, "new " * 20, "minor") for n in range(2_000))
    big = RecordChange("big", "trial", "changed", fields, note="a note")
    small = RecordChange("small", "trial", "removed", (Change("title", "Small", None, "minor"),))
    text = view.markdown([small, big, small])
    assert len(text) <= view.MARKDOWN_LIMIT
    assert text.startswith("**3 records: 2 removed, 1 changed**")
    assert "### `small` removed\n\nSmall\n" in text
    shown = text.count("| `refs.r")
    assert 100 < shown < 2_000
    assert f"_{2_000 - shown} more fields of this record are not shown._" in text
    assert text.endswith("### `small` removed\n\nSmall\n")  # there is still room for it
    assert "_2 more records are not shown" in view.markdown([big, big, big])


@given(st.integers(1, 200), st.integers(500, 20_000), st.integers(1, 300))
def test_markdown_fits_whatever_the_fields(number: int, limit: int, size: int) -> None:
    change = Change("outcomes." + "x" * size, "a|" * size, None, "major")
    text = view.markdown([RecordChange("x", "trial", "changed", (change,) * number)] * 3, limit)
    assert len(text) <= limit


def test_markdown_in_lines() -> None:
    assert view.markdown_stat([]) == "**no differences**\n"
    assert view.markdown_stat([CHANGED]).splitlines()[2:] == [
        "| record | change | fields | major |",
        "| --- | --- | ---: | ---: |",
        "| `valor` | changed | 3 | 1 |",
    ]


def test_wide_characters_are_aligned() -> None:
    changes = (Change("title_zh", "渐冻症", "肌萎缩侧索硬化", "minor"), Change("phase", "1", "2", "major"))
    lines = list(view.fields(changes, 40, color=False))
    assert lines == ["    title_zh  渐冻症 → 肌萎缩侧索硬化", "  ! phase     1 → 2"]
    assert list(view.fields(changes, 24, color=False))[2] == "      + 肌萎缩侧索硬化"
    assert list(view.fields(changes, 20, color=False))[2:4] == ["      + 肌萎缩侧索硬", "        化"]


def test_of_two_long_texts_one_sees_where_they_differ() -> None:
    same = "The same words again and again, which nobody wants to read twice. " * 3
    change = Change("note", f"{same}Six sites. {same}", f"{same}Seven sites. {same}", "minor")
    assert list(view.fields([change], 80, color=False)) == [
        "    note",
        "      - …wants to read twice. Six sites. The same words…",
        "      + …wants to read twice. Seven sites. The same words…",
    ]
    added = Change("note", same, f"{same}Seven sites.", "minor")
    assert list(view.fields([added], 80, color=False)) == [
        "    note",
        "      - …wants to read twice.",
        "      + …wants to read twice. Seven sites.",
    ]


texts = st.text(st.sampled_from("ab 症"), max_size=200)


@given(texts, texts, texts, texts)
def test_what_differs_is_never_left_out(head: str, old: str, new: str, tail: str) -> None:
    sides = view._parted(head + old + tail, head + new + tail)
    for side, whole in zip(sides, (head + old + tail, head + new + tail), strict=True):
        assert side.strip("…") in whole
    if old != new:
        assert sides[0] != sides[1]


def test_what_came_is_not_contrasted_with_nothing() -> None:
    ref = {"key": "mnda", "title": "Sites that recruit, as the association lists them on its page of trials"}
    (name, *lines) = view.fields([Change("refs.mnda", None, ref, "minor")], 60, color=False)
    assert name == "    refs.mnda"
    assert [line[:8] for line in lines] == ["      + ", "        "]
    (line,) = view.fields([Change("refs.mnda", ref, None, "minor")], 200, color=False)
    assert line.endswith(" → (nothing)")


def test_a_long_value_takes_some_lines_and_no_more() -> None:
    lines = list(view.fields([Change("note", None, "word " * 500, "minor")], 60, color=False))
    assert len(lines) == 7
    assert lines[-1].endswith("…")
    assert all(len(line) <= 60 for line in lines)


@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [
        (["a", "b"], ["a", "b", "c"], ("·", "c")),
        (["a", "b"], ["b"], ("a", "·")),
        (["a", "b"], ["b", "a"], ("a, b", "b, a")),
        (["a", "b"], ["c", "b", "a"], ("a, b", "c, b, a")),
        (["a"], ["b"], ("a", "b")),
        (["a"], ["a", "a"], ("a", "a, a")),
    ],
)
def test_of_lists_what_came_and_went(old: list[str], new: list[str], shown: tuple[str, str]) -> None:
    assert view.sides(Change("src", old, new, "minor")) == shown
