"""One record for a reader."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from alscli.model.product import Product
from alscli.model.trial import Trial
from alscli.store.collection import Collection, Snapshot
from alscli.text import width
from alscli.views import record as view


def trial(**values: Any) -> Trial:
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
        "src": "registry",
        "screening": {"decision": "include"},
    }
    return Trial.model_validate(small | values)


def page(record: Trial, snapshot: Snapshot | None = None, room: int = 100) -> str:
    return "\n".join(view.trial(record, snapshot or Snapshot(()), room, color=False))


def outcome(id_: str, role: str, result: str, **values: Any) -> dict[str, Any]:
    return {"id": id_, "role": role, "result": result, "instrument": "ALSFRS-R", **values}


def test_the_honest_line_comes_first() -> None:
    text = page(trial(outcomes=[outcome("a", "primary", "not_met")]))
    assert text.startswith("OCEBM 2 · RCT · registry results · primary endpoint not met\n")


def test_no_subgroup_without_the_primary_result_beside_it() -> None:
    outcomes = [
        outcome("post", "post_hoc", "nominal"),
        outcome(
            "sub",
            "secondary",
            "nominal",
            subgroup={"label": "mild", "n": 20, "prespecified": False, "family": 9},
        ),
        outcome("second", "secondary", "met"),
        outcome("first", "primary", "not_met"),
    ]
    text = page(trial(outcomes=outcomes))
    order = [
        text.index(word) for word in ("Primary outcome", "Other outcomes", "Subgroups and post hoc analyses")
    ]
    assert order == sorted(order)
    below = text[order[-1] :]
    assert "To be read with the result of the trial: primary endpoint not met." in below
    assert "in mild, n = 20, not prespecified, one of 9 cut-offs tested" in below
    assert below.index("To be read") < below.index("nominal")


def test_a_result_with_its_numbers() -> None:
    stated = outcome(
        "first",
        "primary",
        "not_met",
        at="28w",
        stat="percent",
        values=[
            {"arm": "active", "n": 95, "value": 33, "ci": [Decimal("20.0"), 40]},
            {"arm": "p", "value": ">60"},
        ],
        effects=[
            {
                "arm": "active",
                "vs": "p",
                "type": "or",
                "est": Decimal("1.330"),
                "p": "<0.05",
                "level": 90,
                "sides": 1,
            },
            {"arm": "active", "vs": "run_in", "ci": [1, 2]},
            {"vs": "baseline", "p": Decimal("0.20")},
            {"type": "md", "est": -5},
        ],
        src=["registry"],
        loc="table 2",
    )
    text = page(trial(outcomes=[stated]))
    assert "ALSFRS-R at 28w: not met" in text
    assert "active 33 % (n = 95, CI 20.0 to 40) · p >60 %" in text
    assert "active vs p: odds ratio 1.330, p < 0.05, one-sided" in text
    assert "active vs run-in: 95 % CI 1 to 2" in text
    assert "    all vs baseline: p = 0.20\n" in text
    assert "    mean difference -5\n" in text, "of one group against itself: nobody to name"
    assert "[registry, table 2]" in text


def test_a_schedule_without_an_amount_is_shown() -> None:
    given = [
        {"route": "intrathecal", "doses": 3, "every": "2w"},
        {"route": "oral", "for": "12w"},
        {"route": "intravenous", "doses": 1},
    ]
    text = page(trial(arms=[{"id": "p", "given": given}]))
    assert "    placebo, intrathecal, 3 doses, every 2w\n" in text
    assert "    placebo, oral, for 12w\n" in text
    assert "    placebo, intravenous, 1 dose" in text


def test_disputes_are_in_view() -> None:
    disputes = [
        {
            "field": "enrollment",
            "values": [{"value": 263, "src": "registry", "loc": "p. 3"}, {"value": [1, True]}],
        },
        {"field": "phase", "values": [{"value": "2"}], "ruling": "the paper"},
    ]
    text = page(trial(disputes=disputes))
    assert "Where sources disagree\n  enrollment (open)\n    263 [registry, p. 3]\n    1, yes\n" in text
    assert "  phase\n    2\n    ruling: the paper" in text


def test_absences_are_said() -> None:
    text = page(
        trial(
            countries="not_reported",
            sites="not_applicable",
            enrollment={"planned": "not_reported", "treated": 5},
            dates={"start": "not_reported", "completion": {"on": "2020", "type": "estimated"}},
            safety=[{"deaths": "not_reported", "ae_patients": 3, "n": 5, "at": "28w", "statement": "Mild."}],
            why_stopped="not_reported",
        )
    )
    assert "countries     not reported · not applicable sites" in text
    assert "people        planned not reported · 5 treated" in text
    assert "start not reported · completion 2020 (estimated)" in text
    assert "all of 5 at 28w: deaths not reported, with any event 3" in text
    assert "stopped: not reported" in text


def test_undecided_unregistered_unverified() -> None:
    text = page(trial(registry_id=None, registration="none_found", refs=[{"key": "a", "kind": "article"}]))
    assert "no registry id (none found)" in text
    assert text.endswith("never verified against a source")
    text = page(
        trial(screening={"decision": "undecided"}, verified={"on": "2026", "by": "@c", "against": ["a"]})
    )
    assert "undecided: not yet reviewed" in text
    assert text.endswith("verified 2026 by @c against a")


@pytest.mark.parametrize("room", [20, 40, 80, 200])
def test_every_shipped_record_fits_and_is_plain(room: int, shipped_records: Path) -> None:
    snapshot = Collection(shipped_records).load()
    for each in snapshot.trials.values():
        lines = view.trial(each, snapshot, room, color=False)
        assert not any("\x1b" in line for line in lines)
        if room >= 80:
            assert all(width(line) <= room for line in lines), each.id
    for product in snapshot.products.values():
        lines = view.product(product, snapshot, room, color=False)
        assert product.name in "\n".join(lines) or room < 80


HOSTILE = "\x1b[31m\x07\u202e[/red]"


def test_nothing_in_a_record_is_obeyed() -> None:
    product = Product.model_validate(
        {
            "schema": 1,
            "id": "p",
            "name": HOSTILE,
            "name_zh": HOSTILE,
            "aliases": [HOSTILE],
            "developer": HOSTILE,
            "modality": "cell",
            "events": [{"type": "approval", "outcome": HOSTILE, "indication": HOSTILE, "src": HOSTILE}],
            "note": HOSTILE,
        }
    )
    text = {"note": HOSTILE, "loc": HOSTILE}
    record = trial(
        title=HOSTILE,
        title_zh=HOSTILE,
        acronym=HOSTILE,
        conditions=[HOSTILE],
        phase_label=HOSTILE,
        why_stopped=HOSTILE,
        background=[HOSTILE],
        note=HOSTILE,
        src=HOSTILE,
        sponsor={"name": HOSTILE, "name_zh": HOSTILE, "collaborators": [{"name": HOSTILE}]},
        eligibility={"genes": [HOSTILE], "note": HOSTILE},
        interventions=[
            {"id": "a", "product": "p", "aliases": [HOSTILE]},
            {"id": "b", "name": HOSTILE, "modality": "aso"},
        ],
        arms=[{"id": "a", "label": HOSTILE, "background": [HOSTILE], "given": [{"intervention": HOSTILE}]}],
        outcomes=[
            outcome(
                "x",
                "secondary",
                "met",
                definition=HOSTILE,
                subgroup={"label": HOSTILE},
                unit=HOSTILE,
                values=[{"arm": HOSTILE, "label": HOSTILE, "value": 1}],
                effects=[{"arm": HOSTILE, "vs": HOSTILE, "method": HOSTILE}],
                src=HOSTILE,
                **text,
            )
        ],
        safety=[{"arm": HOSTILE, "statement": HOSTILE, "src": HOSTILE, "loc": HOSTILE}],
        disputes=[{"field": HOSTILE, "values": [{"value": HOSTILE, "src": HOSTILE}], "ruling": HOSTILE}],
        related=[{"id": HOSTILE, "rel": "extension", "why": HOSTILE}],
        refs=[
            {
                "key": HOSTILE,
                "kind": "article",
                "title": HOSTILE,
                "authors": [HOSTILE] * 4,
                "journal": HOSTILE,
            }
        ],
        verified={"on": "2026", "by": HOSTILE, "against": [HOSTILE]},
    )
    snapshot = Snapshot((), {"small": record}, {"p": product})
    for color in (False, True):
        lines = view.trial(record, snapshot, 100, color=color) + view.product(
            product, snapshot, 100, color=color
        )
        for line in lines:
            assert HOSTILE not in line
            assert "\x07" not in line
            assert "\u202e" not in line
            assert color or "\x1b" not in line
        assert "[/red]" in "".join(lines)


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (100, None, "100"),
        (Decimal("0.5"), 2, "0.5–2"),
        (500_000, 1_000_000, "500,000–1,000,000"),
        (1_000_000, None, "1 × 10⁶"),
        (100_000_000, 125_000_000, "1–1.25 × 10⁸"),
        (50_000_000, 125_000_000, "5–12.5 × 10⁷"),
        (Decimal("1.2E+14"), None, "1.2 × 10¹⁴"),
        (12_345_678, None, "12,345,678"),
    ],
)
def test_amounts_as_people_write_them(low: int | Decimal, high: int | None, words: str) -> None:
    assert view._amount(low, high) == words


def test_a_source_leads_to_its_address() -> None:
    refs = [
        {
            "key": "a-paper",
            "kind": "article",
            "title": "A paper " * 9,
            "url": "https://example.org/" + "x" * 50,
        }
    ]
    record = trial(refs=refs, src=["registry", "a-paper"])
    colored = view.trial(record, Snapshot(()), 60, color=True)
    assert sum(f"\x1b]8;;{refs[0]['url']}\x1b\\a-paper\x1b]8;;\x1b\\" in line for line in colored) == 1
    lines = view.trial(record, Snapshot(()), 60, color=False)
    start = lines.index("Sources")
    assert lines[start + 1].startswith("  a-paper (article): A paper")
    assert 50 < len(lines[start + 1]) <= 60, "the first line is as wide as the others"
    assert all(line.startswith("      ") and width(line) <= 60 for line in lines[start + 2 : start + 5])


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"journal": "Lancet", "volume": "391", "pages": "1-9"}, "Lancet 391:1-9. 1994"),
        ({"journal": "Lancet", "pages": "e12"}, "Lancet e12. 1994"),
        ({"journal": "Lancet", "volume": "330(9)"}, "Lancet 330(9). 1994"),
        ({}, "1994"),
    ],
)
def test_a_source_without_an_address_says_where_it_was_printed(values: dict[str, str], words: str) -> None:
    refs = [{"key": "old", "kind": "article", "published": "1994", **values}]
    text = page(trial(refs=refs, src=["old"]))
    assert f"  old (article): {words}\n" in f"{text}\n"


def test_json_of_a_record() -> None:
    values = {"id": "a", "value": Decimal("-0.20"), "title": "渐冻症"}
    assert json.loads(view.as_json("trial", values)) == {
        "schema": "alscli/trial/1",
        "trial": {"id": "a", "value": -0.2, "title": "渐冻症"},
    }


def test_a_product_with_its_trials() -> None:
    product = Product.model_validate(
        {
            "schema": 1,
            "id": "p",
            "name": "Product",
            "modality": "cell",
            "donor": "not_reported",
            "events": [{"on": "2023", "agency": "FDA", "type": "approval"}, {"type": "ind_cleared"}],
        }
    )
    record = trial(interventions=[{"id": "a", "product": "p"}])
    text = "\n".join(view.product(product, Snapshot((), {"small": record}, {"p": product}), 100, color=False))
    assert "kind          cell\n" in text
    assert "2023        FDA approval" in text
    assert "small: phase 3, completed: " in text
    assert "no result recorded · RCT · no primary endpoint recorded" in " ".join(text.split())
    assert "Product: regulators and developer" in page(record, Snapshot((), {}, {"p": product}))


def test_markdown_shows_data_as_text() -> None:
    record = trial(
        title="A *bold* [link](http://x.example) | <b>\u202e",
        outcomes=[outcome("first", "primary", "not_met"), outcome("post", "post_hoc", "nominal")],
    )
    lines = view.markdown(record, Snapshot(()))
    text = "\n".join(lines)
    assert lines[0] == r"# A \*bold\* \[link\](http://x.example) \| \<b\>\\u202e"
    assert "**OCEBM 2 · RCT · registry results · primary endpoint not met**" in text
    assert text.index("## Primary outcome") < text.index("## Subgroups and post hoc analyses")
    assert "[NCT03280056](https://clinicaltrials.gov/study/NCT03280056)" in text
