"""The projection of a trial into a row."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from alscli.model.product import Product
from alscli.model.trial import Trial
from alscli.model.values import Absence
from alscli.query.rows import trial_rows
from alscli.query.tables import TRIALS, Row
from alscli.query.trial_row import trial_row
from alscli.store.collection import Collection

NR, NA = Absence.NOT_REPORTED, Absence.NOT_APPLICABLE
PRODUCTS = {
    "nurown": Product.model_validate(
        {
            "schema": 1,
            "id": "nurown",
            "name": "NurOwn",
            "modality": "cell",
            "cell_type": "MSC-NTF",
            "donor": "autologous",
        }
    )
}


def row(**values: Any) -> Row:
    small = {
        "schema": 1,
        "id": "small",
        "title": "A small record",
        "registry_id": "NCT03280056",
        "conditions": ["ALS"],
        "study_type": "interventional",
        "design": "rct",
        "phase": "3",
        "status": "completed",
        "status_as_of": "2024",
        "screening": {"decision": "include"},
    }
    return trial_row(Trial.model_validate(small | values), PRODUCTS, {})


def test_the_columns_are_the_same_whatever_the_data() -> None:
    assert tuple(row()) == tuple(row(enrollment="not_reported", arms=[{"id": "a"}])) == TRIALS.names
    assert len(set(TRIALS.names)) == len(TRIALS.names)
    assert all(column.meaning for column in TRIALS.columns)


def test_cells_are_of_the_type_of_their_column(shipped_records: Path) -> None:
    types: dict[str, tuple[type, ...]] = {
        "text": (str,),
        "date": (str,),
        "integer": (int,),
        "number": (int, Decimal),
        "boolean": (bool,),
        "list": (tuple,),
    }
    for found in trial_rows(Collection(shipped_records).load()):
        for column in TRIALS.columns:
            cell = found[column.name]
            assert cell is None or isinstance(cell, (Absence, *types[column.type])), column.name
            assert not (isinstance(cell, bool) and column.type != "boolean"), column.name


def test_rows_come_in_order_of_id(shipped_records: Path) -> None:
    ids = [found["id"] for found in trial_rows(Collection(shipped_records).load())]
    assert ids == sorted(ids)  # type: ignore[type-var]
    assert ids


@pytest.mark.parametrize("absence", [NR, NA, None])
def test_an_absence_is_that_of_every_cell_below_it(absence: Absence | None) -> None:
    names = (
        "enrollment",
        "sponsor",
        "eligibility",
        "dates",
        "interventions",
        "arms",
        "outcomes",
        "countries",
    )
    found = row(**dict.fromkeys(names, absence.value) if absence else {})
    below = (
        "enrollment enrollment_planned enrollment_analyzed sponsor sponsor_zh sponsor_class collaborators "
        "funders participants_pay sells age_min age_max sex genes registered start completion modalities "
        "cell_types donors products interventions routes doses instruments countries country_count"
    )
    assert {name: found[name] for name in below.split()} == dict.fromkeys(below.split(), absence)
    assert found["arm_count"] == found["outcome_count"] == 0
    assert found["year"] is found["enrollment_kind"] is found["start_type"] is None


def test_single_absences() -> None:
    found = row(
        masking="not_reported",
        sites="not_applicable",
        subtypes="not_reported",
        enrollment={"planned": "not_reported", "treated": {"n": 5, "src": "x"}},
        sponsor={"name": "S", "collaborators": "not_reported"},
        eligibility={"age": "not_reported", "genes": "not_applicable"},
    )
    assert (found["masking"], found["sites"], found["subtypes"]) == (NR, NA, NR)
    assert (found["enrollment_planned"], found["enrollment_treated"]) == (NR, 5)
    assert (found["collaborators"], found["funders"]) == (NR, None)
    assert (found["age_min"], found["age_max"], found["genes"], found["sex"]) == (NR, NR, NA, None)


@pytest.mark.parametrize(
    ("counts", "number", "kind"),
    [
        ({"planned": 200}, 200, "planned"),
        ({"planned": 200, "enrolled": 196}, 196, "enrolled"),
        ({"enrolled": 200, "randomized": 196, "treated": 189}, 196, "randomized"),
        ({"treated": 67, "planned": 70}, 67, "treated"),
        ({"randomized": "not_applicable", "treated": 20}, 20, "treated"),
        ({"screened": 263}, None, None),
        ({"randomized": 0}, 0, "randomized"),
    ],
)
def test_the_most_exact_denominator(counts: dict[str, Any], number: int | None, kind: str | None) -> None:
    found = row(enrollment=counts)
    assert (found["enrollment"], found["enrollment_kind"]) == (number, kind)


@pytest.mark.parametrize(
    ("dates", "year"),
    [
        ({"start": {"on": "2017-08"}, "registered": {"on": "2016"}}, 2017),
        ({"registered": {"on": "2016-05-01"}}, 2016),
        ({"start": "not_reported", "registered": {"on": "2016"}}, 2016),
        ({"start": "not_reported"}, None),
        ({"completion": {"on": "2020"}}, None),
    ],
)
def test_the_year(dates: dict[str, Any], year: int | None) -> None:
    assert row(dates=dates)["year"] == year


def test_a_therapy_takes_what_it_does_not_state_from_its_product() -> None:
    found = row(interventions=[{"id": "a", "product": "nurown"}, {"id": "b", "modality": "aso"}])
    assert found["modalities"] == ("cell", "aso")
    assert (found["cell_types"], found["donors"]) == (("MSC-NTF",), ("autologous",))
    assert (found["products"], found["interventions"]) == (("nurown",), ("NurOwn", "b"))
    found = row(interventions=[{"id": "a", "product": "nurown", "name": "cells", "donor": "allogeneic"}])
    assert (found["donors"], found["interventions"]) == (("allogeneic",), ("cells",))


def test_an_unknown_product_adds_nothing() -> None:
    found = row(interventions=[{"id": "a", "product": "unknown"}])
    assert (found["products"], found["interventions"], found["modalities"]) == (
        ("unknown",),
        ("unknown",),
        (),
    )


def test_where_no_intervention_has_a_value_the_absence_stands() -> None:
    cells = {"modality": "cell", "donor": "not_reported"}
    assert row(interventions=[{"id": "a", **cells}, {"id": "b", **cells}])["donors"] == NR
    assert row(interventions=[{"id": "a", **cells}, {"id": "b", "modality": "aso"}])["donors"] == NR
    assert row(interventions=[{"id": "b", "modality": "aso"}])["donors"] == ()
    assert row(interventions=[{"id": "a", **cells}, {"id": "b", "product": "nurown"}])["donors"] == (
        "autologous",
    )


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"low": 100, "unit": "mg", "doses": 3, "every": "2w"}, ("100 mg × 3, every 2w",)),
        (
            {"low": 100_000_000, "high": 125_000_000, "unit": "cells"},
            ("100,000,000–125,000,000 cells",),
        ),
        ({"low": Decimal("0.50"), "unit": "mg", "for": "12w"}, ("0.50 mg, for 12w",)),
        ({"unit": "mg", "doses": 3}, ()),
        ({"low": "not_reported", "doses": 3}, NR),
    ],
)
def test_a_schedule_in_words(given: dict[str, Any], words: tuple[str, ...] | Absence) -> None:
    found = row(arms=[{"id": "a", "given": [{"intervention": "i", "route": "oral", **given}]}])
    assert found["doses"] == words
    assert found["routes"] == ("oral",)


def test_the_route_of_a_placebo_is_no_route_of_a_therapy() -> None:
    found = row(arms=[{"id": "a", "given": [{"route": "oral"}]}])
    assert found["routes"] == ()


def test_disputes_related_and_registry() -> None:
    disputes = [
        {"field": "phase", "values": [{"value": 1}]},
        {"field": "sites", "values": [{"value": 1}], "ruling": "merge"},
        {"field": "status", "values": [{"value": 1}], "ruling": "settled: completed"},
    ]
    found = row(disputes=disputes, related=[{"id": "b", "rel": "extension"}])
    assert (found["dispute_count"], found["open_dispute_count"]) == (3, 2)
    assert found["related"] == ("extension:b",)
    assert (found["registry"], found["file"]) == ("ctgov", "trials/small.toml")
    found = row(registry_id="UMIN000034954")
    assert found["registry"] == "jprn" or isinstance(found["registry"], str)


def test_primary_results() -> None:
    outcomes = [
        {"id": "a", "role": "primary", "result": "met"},
        {"id": "b", "role": "primary", "result": "not_met"},
        {"id": "c", "role": "secondary", "result": "nominal", "instrument": "ALSFRS-R"},
    ]
    found = row(outcomes=outcomes, src="registry")
    assert (found["primary_result"], found["primary_results"]) == ("mixed", ("met", "not_met"))
    assert found["primary_summary"] == "2 primary endpoints: 1 met, 1 not met"
    assert (found["instruments"], found["outcome_count"]) == (("ALSFRS-R",), 3)
    assert (found["evidence_level"], found["publication"]) == (2, "registry results")


def test_verification() -> None:
    found = row(verified={"on": "2026-11-22", "by": "@curator"})
    assert (found["verified_on"], found["verified_by"]) == ("2026-11-22", "@curator")
    assert row()["verified_on"] is None
