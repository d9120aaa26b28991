"""A record on its way into the collection: checked in it, refused or written, never over another."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from alscli.errors import CollectionError, RefusedError
from alscli.interview.proposal import Proposal, propose, propose_all, refuse_registered, refuse_taken, write
from alscli.store.collection import Collection

Program = Callable[..., subprocess.CompletedProcess[str]]
DAY = date(2026, 11, 22)
VALUES: dict[str, Any] = {
    "schema": 1,
    "id": "mazzini-hnsc",
    "title": "Human neural stem cell transplantation in ALS",
    "registry_id": "NCT01640067",
    "conditions": ["ALS"],
    "study_type": "interventional",
    "design": "single_arm",
    "phase": "1",
    "status": "completed",
    "status_as_of": "2019",
    "src": "registry",
    "screening": {"decision": "include"},
}


def proposed(root: Path, **values: Any) -> Proposal:
    collection = Collection(root)
    return propose(collection, collection.load(), "trial", VALUES | values, DAY)


def written(proposal: Proposal, collection: Collection) -> Path:
    (path,) = write([proposal], collection)
    return path


def test_a_proposal_and_its_file(collection_folder: Path) -> None:
    proposal = proposed(collection_folder)
    assert proposal.is_valid
    assert not proposal.entry.path.exists()
    path = written(proposal, Collection(collection_folder))
    assert path == collection_folder / "trials" / "mazzini-hnsc.toml"
    assert path.read_text("utf-8") == proposal.text
    assert proposal.text.startswith("#:schema ../trial.schema.json\nschema = 1\nid = ")
    assert "mazzini-hnsc" in Collection(collection_folder).load().trials


def test_what_is_wrong_with_it(collection_folder: Path) -> None:
    proposal = proposed(collection_folder, status="recruting")
    assert not proposal.is_valid
    assert [finding.code for finding in proposal.report.findings if finding.field == "status"] == ["SM004"]
    # Findings of other records are not this one's.
    (collection_folder / "trials" / "valor.toml").write_text("[")
    assert proposed(collection_folder).is_valid


@pytest.mark.parametrize("id_", [None, 5, "", "Upper", "../escape", "a/b", "con", "a" * 200, ".hidden"])
def test_what_is_no_id(id_: object, collection_folder: Path) -> None:
    with pytest.raises(RefusedError, match="is no id for a record"):
        proposed(collection_folder, id=id_)


@pytest.mark.parametrize(
    "values",
    [
        {"id": "valor"},
        {"id": "nurown"},  # a product
        {"id": "nct03280056"},
        {"registry_id": "NCT03280056"},
        {"registry_id": "NCT02623699", "id": "other"},
    ],
)
def test_what_is_taken(values: dict[str, str], collection_folder: Path) -> None:
    with pytest.raises(RefusedError, match=r"is taken by|is already in"):
        proposed(collection_folder, **values)


def test_a_registry_id_in_another_spelling_or_place(collection_folder: Path) -> None:
    written(proposed(collection_folder, registry_id="2023-507290-17-00"), Collection(collection_folder))
    path = collection_folder / "trials" / "odd.toml"
    path.write_text('title = 5\nregistry_id = "x"\nsecondary_ids = ["EudraCT 2011-000362-35", 7]\n')
    (collection_folder / "trials" / "worse.toml").write_text("secondary_ids = 5\nregistry_id = [1]\n")
    snapshot = Collection(collection_folder).load()
    for number in ("2023-507290-17-01", "2023-507290-17-00"):
        with pytest.raises(RefusedError, match=r"mazzini-hnsc\.toml: Human neural"):
            refuse_registered(snapshot, number)
    with pytest.raises(RefusedError, match=r"odd\.toml: 5"):
        refuse_registered(snapshot, "2011-000362-35")
    refuse_registered(snapshot, "NCT09999999")
    refuse_registered(snapshot, "no id at all")
    with pytest.raises(RefusedError, match=r"odd\.toml"):
        refuse_taken(snapshot, "odd")
    refuse_taken(snapshot, "ledger")


def test_what_toml_cannot_hold(collection_folder: Path) -> None:
    for values in ({"tags": [None]}, {"title": "\ud800"}):
        with pytest.raises(RefusedError, match="cannot be written as TOML"):
            proposed(collection_folder, **values)


def test_text_that_tries_to_leave_its_place(collection_folder: Path) -> None:
    title = 'A "trial"\n[screening]\ndecision = """x""" \\ \x1b[31m \x00 \u2028'
    proposal = proposed(collection_folder, title=title)
    assert proposal.record.document is not None
    assert proposal.record.document.values["title"] == title


def test_somebody_was_faster(collection_folder: Path) -> None:
    first, second = proposed(collection_folder), proposed(collection_folder)
    same_number = proposed(collection_folder, id="another-id")
    written(first, Collection(collection_folder))
    text = first.entry.path.read_text("utf-8")
    with pytest.raises(RefusedError, match="is taken by"):
        written(second, Collection(collection_folder))
    with pytest.raises(RefusedError, match="NCT01640067 is already in"):
        written(same_number, Collection(collection_folder))
    assert first.entry.path.read_text("utf-8") == text
    assert not same_number.entry.path.exists()


def test_several_are_judged_beside_one_another_and_written_together(collection_folder: Path) -> None:
    collection = Collection(collection_folder)
    snapshot = collection.load()
    both = [
        VALUES,
        VALUES
        | {
            "id": "second",
            "registry_id": "NCT09999999",
            "related": [{"id": "mazzini-hnsc", "rel": "extension"}],
        },
    ]
    one, other = propose_all(collection, snapshot, "trial", both, DAY)
    assert one.is_valid
    assert other.is_valid
    assert [path.stem for path in write([one, other], collection)] == ["mazzini-hnsc", "second"]
    for wrong in ({"id": "mazzini-hnsc"}, {"id": "other"}):
        with pytest.raises(RefusedError, match=r"is taken by|is already in"):
            propose_all(collection, snapshot, "trial", [VALUES, VALUES | wrong], DAY)


def test_of_several_none_is_written_where_one_cannot_be(collection_folder: Path) -> None:
    collection = Collection(collection_folder)
    both = [VALUES, VALUES | {"id": "second", "registry_id": "NCT09999999"}]
    proposals = propose_all(collection, collection.load(), "trial", both, DAY)
    before = sorted(collection_folder.rglob("*"))
    (collection_folder / "trials" / "second.toml").mkdir()
    with pytest.raises((RefusedError, CollectionError)):
        write(proposals, collection)
    (collection_folder / "trials" / "second.toml").rmdir()
    assert sorted(collection_folder.rglob("*")) == before


def test_without_an_id_everything_missing_is_found(collection_folder: Path) -> None:
    collection = Collection(collection_folder)
    (proposal,) = propose_all(collection, collection.load(), "trial", [{}], DAY)
    missing = [finding.message for finding in proposal.report.findings if finding.code == "SM002"]
    for name in ("id", "title", "conditions", "design", "phase", "status"):
        assert any(f"`{name}`" in message for message in missing)


def test_the_folder_is_made_where_it_is_missing(collection_folder: Path, tmp_path: Path) -> None:
    root = tmp_path / "empty"
    root.mkdir()
    assert written(proposed(root), Collection(root)).exists()


def test_of_two_at_once_one_wins_and_the_other_is_told(collection_folder: Path, alscli: Program) -> None:
    pairs = [f"{key}={value}" for key, value in VALUES.items() if isinstance(value, str)]
    pairs += ["conditions=ALS", "schema=1"]
    arguments = [word for pair in pairs for word in ("--set", pair)]
    answers: list[subprocess.CompletedProcess[str]] = []

    def add() -> None:
        answers.append(alscli(collection_folder.parent, "add", *arguments))

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.returncode for answer in answers) == [0, 1, 1, 1]
    for answer in answers:
        if answer.returncode:
            assert "is taken by" in answer.stderr or "is already in" in answer.stderr
    assert "mazzini-hnsc" in Collection(collection_folder).load().trials
