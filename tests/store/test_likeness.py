"""Groups of trials that may be one: what makes them, what does not, what silences them."""

from __future__ import annotations

import json
import random
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alscli.cli import main
from alscli.cli.deduping import ids_named_in
from alscli.model.identifiers import REGISTRIES, find_registry_ids
from alscli.store.likeness import ALIKE, Face, alike, groups

ONE = Face(
    id="one",
    number="NCT01254539",
    registry="ctgov",
    keys=frozenset({"NCT01254539"}),
    titles=("Clinical trial on the use of autologous bone marrow stem cells in ALS",),
    sponsor="fundacion para la formacion",
    products=frozenset({"bm-mnc"}),
    phase="1/2",
    start="2010-10",
    size=63,
)
TWIN = replace(
    ONE,
    id="twin",
    number="2009-016772-42",
    registry="eudract",
    keys=frozenset({"2009-016772-42"}),
    titles=("Clinical trial of the use of autologous bone-marrow stem cells in ALS patients",),
)


def score(one: Face, other: Face) -> int:
    """The score of two; 0 where they are not alike."""
    return next((pair.score for pair in alike([one, other])), 0)


def test_one_trial_in_two_registries() -> None:
    (group,) = groups([ONE, TWIN])
    assert group.ids == ("one", "twin")
    (pair,) = group.pairs
    assert pair.score >= 90
    assert {"same sponsor", "product bm-mnc", "start 2010-10", "63 people"} <= set(pair.reasons)


def test_a_shared_id_is_certain() -> None:
    other = Face("other", number="2009-016772-42", keys=frozenset({"2009-016772-42", "NCT01254539"}))
    (pair,) = alike([ONE, other])
    assert (pair.score, pair.reasons) == (100, ("both have NCT01254539",))


def test_an_id_in_a_text() -> None:
    other = Face("other", keys=frozenset({"ChiCTR2000034346"}), mentions=frozenset({"NCT01254539"}))
    (pair,) = alike([ONE, other])
    assert pair.score >= ALIKE
    assert pair.reasons[0] == "other names NCT01254539"


def test_a_follow_up_is_another_trial() -> None:
    later = replace(TWIN, titles=(f"Long-term follow-up of the {TWIN.titles[0]}",), start="2012-01", size=40)
    assert score(ONE, later) == 0


@pytest.mark.parametrize(
    "other",
    [
        replace(TWIN, titles=("A study of tofersen",), products=frozenset()),
        replace(TWIN, start="2016-10", size=200, titles=("Use of bone marrow stem cells in MS",)),
        replace(TWIN, number="NCT09000001", registry="ctgov", sponsor="another", start="2014-02", size=10),
    ],
)
def test_others(other: Face) -> None:
    assert score(ONE, other) == 0


@pytest.mark.parametrize("name", ["one", "NCT01254539"])
def test_what_is_said_to_be_related_is_silent(name: str) -> None:
    assert score(ONE, replace(TWIN, related=frozenset({name}))) == 0
    shared = replace(TWIN, keys=TWIN.keys | ONE.keys, related=frozenset({name}))
    assert score(ONE, shared) == 0


def test_chinese_titles() -> None:
    one = Face(
        "one", titles=("脐带间充质干细胞治疗肌萎缩侧索硬化的临床研究",), sponsor="x", start="2012-03", size=30
    )
    other = replace(one, id="other", titles=("脐带间充质干细胞治疗肌萎缩侧索硬化临床研究",))
    assert score(one, other) >= ALIKE


def test_order_does_not_matter() -> None:
    faces = [ONE, TWIN, replace(ONE, id="third", keys=frozenset({"x123456"}))]
    found = groups(faces)
    random.Random(1).shuffle(faces)
    assert groups(faces) == found
    assert found[0].ids == ("one", "third", "twin")


def test_a_crowd_is_not_compared_pair_by_pair() -> None:
    crowd = [
        replace(ONE, id=f"t{n}", keys=frozenset({f"k{n:06}"}), titles=(f"Cells {n}",)) for n in range(500)
    ]
    assert list(alike(crowd)) == []


def test_the_command(
    collection_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(collection_folder.parent)
    copied = collection_folder / "trials" / "valor-again.toml"
    shutil.copy(collection_folder / "trials" / "valor.toml", copied)
    text = copied.read_text("utf-8").replace('id = "valor"', 'id = "valor-again"', 1)
    copied.write_text(text.replace('registry_id = "NCT02623699"', 'registry_id = "NCT09000009"'), "utf-8")

    def asked() -> list[list[str]]:
        capsys.readouterr()
        assert main(["dedupe", "--format", "json"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert told["schema"] == "alscli/dedupe/1"
        return [group["ids"] for group in told["groups"]]

    assert ["valor", "valor-again"] in asked()
    before = copied.read_bytes()
    assert main(["dedupe", "--exit-code"]) == 1
    assert "both have 233as101" in capsys.readouterr().out
    assert copied.read_bytes() == before, "nothing is merged"
    silence = 'related={id="valor", rel="distinct", why="another cohort"}'
    assert main(["set", "valor-again", "--append", silence]) == 0
    assert all("valor-again" not in ids for ids in asked())


_PIECES = [
    *(each.example for each in REGISTRIES),
    *("nct03280056", "NCT 03280056", "NCT‑03280056", "NCT0328005", "function", "distinct 12"),
    *("ＮＣＴ03280056", "xNCT01234567", "1NCT01234567", "NCTNCT01234567"),
    *("2011‐006254‐85", "EUCTR2011-006254-85-ES", "2019", "123456789", "electromyography", "per-protocol"),
    *("HCoV-NL63", "NTR1234", "nct", "渐冻症", "https://clinicaltrials.gov/study/NCT01254539"),
]


@given(st.lists(st.lists(st.sampled_from(_PIECES), max_size=4).map(" ".join), max_size=4))
@settings(max_examples=50, deadline=None)
def test_the_short_way_finds_the_ids_that_the_long_way_finds(texts: list[str]) -> None:
    wanted = {number.key for text in texts for number in find_registry_ids(text)}
    assert ids_named_in(" | ".join(texts)) == wanted
