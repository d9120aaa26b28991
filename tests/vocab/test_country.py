"""The country file is what its script generates, and names from registries find their codes."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from alscli.model.vocabulary import shipped

SCRIPT = Path(__file__).with_name("generate_country.py")


def test_the_file_is_what_the_script_generates() -> None:
    pytest.importorskip("babel")
    pytest.importorskip("pycountry")
    spec = importlib.util.spec_from_file_location("generate_country", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    assert script.TARGET.read_text(encoding="utf-8") == script.render()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("kr", "KR"),
        ("Korea, Republic of", "KR"),
        ("Korea, Republic Of", "KR"),
        ("South Korea", "KR"),
        ("韩国", "KR"),
        ("韓國", "KR"),
        ("南韓", "KR"),
        ("North Korea", "KP"),
        ("Türkiye", "TR"),
        ("Turkiye", "TR"),
        ("Turkey", "TR"),
        ("USA", "US"),
        ("U.S.A.", "US"),
        ("United States", "US"),
        ("United States of America", "US"),
        ("美国", "US"),
        ("美國", "US"),
        ("UK", "GB"),
        ("Scotland", "GB"),
        ("Taiwan", "TW"),
        ("Taiwan, Province Of China", "TW"),
        ("臺灣", "TW"),
        ("Hong Kong", "HK"),
        ("Iran, Islamic Republic of", "IR"),
        ("Iran (Islamic Republic of)", "IR"),
        ("Russian Federation", "RU"),
        ("Czech Republic", "CZ"),
        ("Czechia", "CZ"),
        ("The Netherlands", "NL"),
        ("Viet Nam", "VN"),
        ("Cote d'Ivoire", "CI"),
        ("china", "CN"),
        ("中国", "CN"),
    ],
)
def test_names_that_registries_use(text: str, code: str) -> None:
    term = shipped()["country"].find(text)
    assert term is not None
    assert term.code == code


@pytest.mark.parametrize("text", ["Wuhan", "Europe", "Asia", "", "Atlantis"])
def test_what_is_no_country(text: str) -> None:
    assert shipped()["country"].find(text) is None


def test_there_are_249() -> None:
    assert len(shipped()["country"].terms) == 249
