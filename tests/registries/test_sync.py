"""The last copy, the new copy and the record: what follows, what is disputed, what stays."""

from __future__ import annotations

import copy
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alscli.model.format import MODELS, schema_comment, shape_of
from alscli.registries.sync import reconcile, sentences
from alscli.store.canonical import dump
from alscli.store.compare import leaves
from alscli.store.merge import bring
from alscli.store.toml import parse

DAY = date(2026, 11, 22)
SHAPE = shape_of(MODELS["trial"])


def entry(**more: Any) -> dict[str, Any]:
    """What a registry says."""
    said: dict[str, Any] = {
        "title": "Cells in ALS",
        "registry_id": "NCT03280056",
        "conditions": ["ALS"],
        "study_type": "interventional",
        "design": "rct",
        "phase": "3",
        "status": "completed",
        "status_as_of": "2021-10-06",
        "src": "registry",
        "dates": {"start": {"on": "2017-08-28", "type": "actual"}},
        "enrollment": {"enrolled": 263},
    }
    return said | more


def record(said: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A record that says what the registry says, and more."""
    return {
        "schema": 1,
        "id": "first",
        **copy.deepcopy(said),
        "screening": {"decision": "undecided"},
        **more,
    }


def test_what_nobody_touched_follows_the_registry() -> None:
    last, new = entry(), entry(enrollment={"enrolled": 196}, status_as_of="2024-02-29")
    found = reconcile(record(last), last, new, DAY)
    assert found.values["enrollment"] == {"enrolled": 196}
    assert found.values["status_as_of"] == "2024-02-29"
    assert [move.field for move in found.of("follows")] == ["status_as_of", "enrollment.enrolled"]
    assert "disputes" not in found.values


def test_nurown_a_curated_enrollment_becomes_a_dispute() -> None:
    last, new = entry(), entry(enrollment={"enrolled": 196})
    held = record(last, enrollment={"enrolled": {"n": 200, "src": "paper", "loc": "p. 3"}, "screened": 263})
    found = reconcile(held, last, new, DAY)
    assert found.values["enrollment"] == held["enrollment"], "never overwritten"
    assert found.values["disputes"] == [
        {
            "field": "enrollment.enrolled",
            "values": [{"value": 200, "src": "paper"}, {"value": 196, "src": "registry"}],
            "ruling": "open: the registry says 196 now, and said 263",
            "on": "2026-11-22",
        }
    ]


def test_nurown_a_curator_who_was_ahead_of_the_registry_is_no_conflict() -> None:
    last, new = entry(), entry(enrollment={"enrolled": 196})
    held = record(last, enrollment={"screened": 263, "enrolled": 196})
    assert reconcile(held, last, new, DAY).moves == ()


def test_mayo_the_third_count_widens_the_dispute() -> None:
    counts = [entry(registry_id="NCT03268603", enrollment={"planned": n}) for n in (60, 69, 75)]
    held = record(counts[0])
    held = reconcile(held, counts[0], counts[1], DAY).values
    assert held["enrollment"] == {"planned": 69}
    held["enrollment"] = {"planned": {"n": 60, "src": "paper"}}
    held = reconcile(held, counts[1], counts[2], DAY).values
    (dispute,) = held["disputes"]
    assert [each["value"] for each in dispute["values"]] == [60, 75]
    dispute["ruling"] = "60 were planned at first"
    held = reconcile(held, counts[2], entry(enrollment={"planned": 80}), DAY).values
    (dispute,) = held["disputes"]
    assert [each["value"] for each in dispute["values"]] == [60, 75, 80]
    assert dispute["ruling"].startswith("open: the registry says 80 now")
    assert "60 were planned at first" in dispute["ruling"]
    assert held["enrollment"]["planned"]["n"] == 60


def test_a_value_in_a_dispute_already_is_left_alone() -> None:
    last, new = entry(), entry(enrollment={"enrolled": 196})
    dispute = {"field": "enrollment", "values": [{"value": 263}, {"value": 196}], "ruling": "both true"}
    held = record(last, enrollment={"enrolled": {"n": 200, "src": "paper"}}, disputes=[dispute])
    assert reconcile(held, last, new, DAY).values == held


def test_a_difference_that_the_registry_did_not_make_stays() -> None:
    last = entry()
    held = record(last, phase="2/3")
    found = reconcile(held, last, last, DAY)
    assert found.values == held
    assert list(sentences(found)) == [
        "phase: stays: 2/3; the registry says 3 (the record says otherwise)",
    ]


def test_words_are_never_disputed() -> None:
    last, new = entry(), entry(title="A longer title")
    found = reconcile(record(last, title="Cells"), last, new, DAY)
    assert found.values["title"] == "Cells"
    assert "disputes" not in found.values


def test_what_was_planned_stays_when_the_registry_counts_people() -> None:
    last, new = entry(enrollment={"planned": 200}), entry(enrollment={"enrolled": 196})
    found = reconcile(record(last), last, new, DAY)
    assert found.values["enrollment"] == {"planned": 200, "enrolled": 196}


def test_what_the_registry_takes_back_goes() -> None:
    completion = {"on": "2020-10", "type": "estimated"}
    last = entry(dates={"start": {"on": "2017-08-28", "type": "actual"}, "completion": completion})
    found = reconcile(record(last), last, entry(), DAY)
    assert found.values["dates"] == {"start": {"on": "2017-08-28", "type": "actual"}}


def test_a_first_copy_fills_and_names_its_source() -> None:
    held = record(entry(), src="paper", dates={"start": {"on": "2017", "type": "actual"}})
    del held["enrollment"]
    found = reconcile(held, None, entry(), DAY)
    assert found.values["enrollment"] == {"enrolled": {"n": 263, "src": "registry"}}
    assert found.values["dates"] == held["dates"]
    assert found.of("disputed") == []


@pytest.mark.parametrize("word", ["not_reported", "not_applicable"])
def test_a_word_for_nothing(word: str) -> None:
    last, new = entry(), entry(sites=6)
    found = reconcile(record(last, sites=word), last, new, DAY)
    assert found.values["sites"] == (6 if word == "not_reported" else "not_applicable")
    assert reconcile(record(new, sites=word), new, new, DAY).values["sites"] == word, "the curator's own word"


def test_lists_that_the_record_arranges_anew_are_left_alone() -> None:
    theirs = [{"id": "nurown", "name": "NurOwn", "modality": "cell"}]
    more = [*theirs, {"id": "saline", "modality": "drug"}]
    last, new = entry(interventions=theirs), entry(interventions=more)
    own = [{"id": "mscntf", "product": "nurown"}]
    assert reconcile(record(last, interventions=own), last, new, DAY).values["interventions"] == own
    followed = reconcile(record(last), last, new, DAY).values["interventions"]
    assert [each["id"] for each in followed] == ["nurown", "saline"]


def test_the_text_keeps_comments_and_digits() -> None:
    last, new = entry(), entry(enrollment={"enrolled": 196}, sites=6)
    text = dump(record(last), SHAPE, schema_comment("trial")).replace(
        'phase = "3"', 'phase = "3"  # not 2/3, see the paper'
    )
    after = bring(text, reconcile(parse(text.encode()).values, last, new, DAY).values, SHAPE)
    assert [line for line in after.split("\n") if line not in text.split("\n")] == [
        "sites = 6",
        "enrolled = 196",
    ]
    assert [line for line in text.split("\n") if line not in after.split("\n")] == ["enrolled = 263"]


FACTS = st.fixed_dictionaries(
    {},
    optional={
        "phase": st.sampled_from(["2", "3"]),
        "status": st.sampled_from(["completed", "terminated"]),
        "sites": st.sampled_from([1, 2, "not_reported"]),
        "countries": st.lists(st.sampled_from(["US", "CN", "IT"]), unique=True, min_size=1),
        "enrollment": st.dictionaries(
            st.sampled_from(["planned", "enrolled"]), st.integers(0, 3), min_size=1
        ),
    },
)


@settings(max_examples=50, deadline=None)
@given(FACTS, FACTS, FACTS)
def test_laws(last: dict[str, Any], new: dict[str, Any], own: dict[str, Any]) -> None:
    last, new = ({k: v for k, v in each.items() if v != "not_reported"} for each in (last, new))
    held = {"src": "registry", **own}
    found = reconcile(held, last, new, DAY)
    again = reconcile(found.values, new, new, DAY)
    assert again.values == found.values, "a second time changes nothing"
    assert not again.of("follows")
    assert not again.of("disputed")
    for move in found.of("disputed"):
        assert leaves(found.values, "trial")[move.field] == move.held, "never overwritten"
    assert reconcile({"src": "registry", **new}, last, new, DAY).of("disputed") == []
