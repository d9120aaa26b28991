"""Presence: rules that a record states nothing for are not asked, and would have found nothing."""

from __future__ import annotations

from typing import Any

import further_mutations  # noqa: F401 - its kinds enter among the others
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mutations import faults
from test_mutations import AS_OF, CODES, RECORDS, shipped

from alscli.check.engine import catalogue, rules_of
from alscli.check.examination import Surroundings, names_in, subject_of
from alscli.check.presence import stated, tree
from alscli.model.format import fields
from alscli.store.collection import Collection, Entry

FIELDS = {entry.path for kind in ("trial", "product", "ledger") for entry in fields(kind)}


def test_fields_are_found_wherever_they_are_stated() -> None:
    nodes = tree(
        ["title", "dates", "dates.start.on", "outcomes[].values", "outcomes[].values[].n", "arms[].given"]
    )
    values: dict[str, Any] = {
        "dates": {"start": {"on": "2020"}},
        "outcomes": [{"id": "a"}, {"values": [{"arm": "x"}, {"n": 3}]}],
        "arms": [{"id": "x"}],
    }
    assert stated(values, nodes) >= {
        "dates",
        "dates.start.on",
        "outcomes[].values",
        "outcomes[].values[].n",
    }
    assert stated(values, nodes).isdisjoint({"title", "arms[].given"})


@pytest.mark.parametrize(
    "values",
    [
        {"outcomes": "none"},
        {"outcomes": {"values": 3}},
        {"outcomes": [3, "n", {"values": "n"}]},
        {"outcomes": [[{"values": [{"n": 3}]}]]},
    ],
)
def test_what_is_no_table_states_nothing_below(values: dict[str, Any]) -> None:
    assert "outcomes[].values[].n" not in stated(values, tree(["outcomes[].values[].n"]))


@given(st.sets(st.sampled_from(sorted(FIELDS)), max_size=8), st.randoms(use_true_random=False))
def test_order_of_the_fields_does_not_matter(paths: set[str], random: Any) -> None:
    shuffled = sorted(paths)
    random.shuffle(shuffled)
    _, snapshot = shipped()
    for record in snapshot.records[:3]:
        assert record.document is not None
        assert stated(record.document.values, tree(sorted(paths))) == stated(
            record.document.values, tree(shuffled)
        )


@pytest.mark.parametrize("code", [code for code, rule in catalogue().items() if rule.about])
def test_rules_are_about_fields_of_the_format(code: str) -> None:
    assert set(catalogue()[code].about) <= FIELDS


def told_unasked(collection: Collection, around: Surroundings, entry: Entry, text: bytes) -> set[str]:
    """The rules that find something in a readable record although they are not asked."""
    record = collection.understand(entry, text)
    subject = subject_of(record, around)
    if subject is None or not record.readable:
        return set()
    ruleset = rules_of(CODES)
    asked = {rule.code for rule in ruleset.about(entry.kind, subject.values)}
    others = [rule for rule in catalogue().values() if rule.check is not None and rule.code not in asked]
    return {rule.code for rule in others if entry.kind in rule.scopes and list(rule.check(subject))}


def test_rules_that_are_not_asked_would_find_nothing() -> None:
    collection, snapshot = shipped()
    names = names_in(snapshot, snapshot.trials)
    around = Surroundings(snapshot, names, collection.vocabularies, AS_OF)
    entries = {entry.path: entry for entry in collection.entries()}
    texts = {(RECORDS / fault.path, fault.data) for fault in faults(RECORDS)}
    texts |= {(path, path.read_bytes()) for path in entries}
    for path, text in texts:
        assert told_unasked(collection, around, entries[path], text) == set(), path
