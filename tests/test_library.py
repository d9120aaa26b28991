"""The register in a notebook."""

from __future__ import annotations

from pathlib import Path

import pytest

import alscli
from alscli.errors import UsageError


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
