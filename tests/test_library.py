"""The register in a notebook."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import alscli
from alscli.errors import UsageError
from alscli.query.tables import TABLES


@pytest.fixture
def collection(collection_folder: Path) -> alscli.Collection:
    return alscli.Collection(collection_folder)


def test_trials_by_filter(collection: alscli.Collection) -> None:
    found = collection.trials(cell_type="间充质干细胞", primary="not_met")
    assert [row["id"] for row in found] == ["nurown-phase3"]
    assert found[0]["enrollment_randomized"] == 196
    assert found[0]["cell_types"] == ["MSC-NTF"]


def test_several_values_mean_any_of_them(collection: alscli.Collection) -> None:
    ids = {row["id"] for row in collection.trials(product=["NurOwn", "Qalsody"])}
    assert ids == {"nurown-phase2", "nurown-phase3", "valor"}


def test_a_table_as_rows(collection: alscli.Collection) -> None:
    (effect,) = [
        row
        for row in collection.table("effects")
        if (row["trial"], row["outcome"]) == ("nurown-phase3", "responder-28w")
    ]
    assert (effect["est"], effect["p"]) == (1.33, 0.45)


def test_rows_hold_plain_values(collection: alscli.Collection) -> None:
    for name in ("trials", "outcomes", "outcome_values", "events", "absences", "claims"):
        for row in collection.table(name):
            assert all(
                value is None or type(value) in (str, int, float, bool, list) for value in row.values()
            )


@pytest.mark.parametrize("ask", [lambda c: c.trials(cel_type="MSC"), lambda c: c.table("outcome")])
def test_what_is_not_there_is_named(collection: alscli.Collection, ask: object) -> None:
    with pytest.raises(UsageError) as caught:
        ask(collection)  # type: ignore[operator]
    assert "did you mean" in caught.value.hint


def test_unreadable_files_are_told(collection_folder: Path) -> None:
    (collection_folder / "trials" / "broken.toml").write_text("[", "utf-8")
    collection = alscli.Collection(collection_folder)
    assert [path.name for path in collection.unreadable] == ["broken.toml"]
    assert len(collection.trials()) == 6


def test_no_collection(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        alscli.Collection(tmp_path / "nowhere")


PAGE = Path(__file__).parent.parent / "docs" / "library.md"
EXAMPLE = re.compile(r"^```python\n(.*?)^```\n(?:\n```text\n(.*?)^```$)?", re.MULTILINE | re.DOTALL)


def test_the_examples_of_the_documentation(
    shipped_records: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """All in one session, as in a notebook; `...` stands for numbers that grow with the register."""
    monkeypatch.chdir(shipped_records.parent)
    session: dict[str, object] = {}
    examples = EXAMPLE.findall(PAGE.read_text("utf-8"))
    assert len(examples) >= 6
    for code, expected in examples:
        exec(compile(code, PAGE.name, "exec"), session)
        printed = capsys.readouterr().out
        assert expected == "...\n" or printed == expected, code


def test_rows_fit_a_frame(shipped_records: Path) -> None:
    """Every row of a table has the same columns in the same order, with one type of value in each."""
    register = alscli.Collection(shipped_records)
    for name in TABLES:
        rows = register.table(name)
        assert len({tuple(row) for row in rows}) <= 1
        for column in rows[0] if rows else ():
            kinds = {type(row[column]) for row in rows} - {type(None)}
            assert kinds <= {int, float} or len(kinds) <= 1, (name, column, kinds)
