"""Values from a script: `--set` pairs and whole records."""

from __future__ import annotations

import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from alscli.errors import CollectionError, UsageError
from alscli.interview.assignment import assign, bytes_of, entry_of, records_in
from alscli.model.vocabulary import shipped


def assigned(*pairs: str) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for pair in pairs:
        assign(values, pair, "trial", shipped())
    return values


@pytest.mark.parametrize(
    ("pair", "values"),
    [
        ("phase=II期", {"phase": "2"}),
        ("title=a = b", {"title": "a = b"}),
        (" title = x ", {"title": "x"}),
        ("enrollment.planned=40", {"enrollment": {"planned": 40}}),
        ("refs.doe2020.doi=https://doi.org/10.1000/x", {"refs": [{"key": "doe2020", "doi": "10.1000/x"}]}),
        (
            "outcomes.a.effects.x:y.p=<0.05",
            {"outcomes": [{"id": "a", "effects": [{"arm": "x", "vs": "y", "p": "<0.05"}]}]},
        ),
        ('interventions."a.b".name=x', {"interventions": [{"id": "a.b", "name": "x"}]}),
        ("dates.start.on=2020年3月", {"dates": {"start": {"on": "2020-03"}}}),
        ("enrollment=not_reported", {"enrollment": "not_reported"}),
        ("arms.a.given.0.for=12 weeks", {"arms": [{"id": "a", "given": [{"for": "12w"}]}]}),
    ],
)
def test_a_pair(pair: str, values: dict[str, Any]) -> None:
    assert assigned(pair) == values


def test_pairs_one_after_the_other() -> None:
    assert assigned("enrollment.treated=40", "enrollment.treated.src=registry", "enrollment.planned=50") == {
        "enrollment": {"treated": {"n": 40, "src": "registry"}, "planned": 50}
    }
    assert assigned("phase=1", "phase=2") == {"phase": "2"}


@pytest.mark.parametrize(
    ("pair", "message"),
    [
        ("phase", "no FIELD=VALUE"),
        ("=2", "no FIELD=VALUE"),
        ("enrolment.planned=4", "no field 'enrolment.planned'"),
        ("arms.a.colour=red", "no field 'arms.a.colour'"),
        ("phase=five", "no term of phase"),
        ("sites=five", "sites: 'five' is no number"),
        ("arms.a.given.7.doses=1", "no element 7"),
    ],
)
def test_pairs_that_say_nothing(pair: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        assigned(pair)


def test_the_field_of_a_path() -> None:
    assert entry_of("outcomes.x.values.a:b.value", "trial").path == "outcomes[].values[].value"
    assert entry_of("events.FDA:approval.on", "product").path == "events[].on"


# -- whole records -----------------------------------------------------------------------------------


def read_sources(source: str) -> list[dict[str, Any]]:
    return records_in(*bytes_of(source))


def source(tmp_path: Path, data: bytes) -> dict[str, Any]:
    path = tmp_path / "given"
    path.write_bytes(data)
    (found,) = read_sources(str(path))
    return found


def test_toml_and_json(tmp_path: Path) -> None:
    expected = {"id": "a", "outcomes": [{"values": [{"value": Decimal("-0.20")}]}]}
    assert source(tmp_path, b'id = "a"\n[[outcomes]]\nvalues = [{ value = -0.20 }]\n') == expected
    found = source(tmp_path, b'\n {"id": "a", "outcomes": [{"values": [{"value": -0.20}]}]}')
    assert found == expected
    assert str(found["outcomes"][0]["values"][0]["value"]) == "-0.20"


def test_the_envelope_of_show(tmp_path: Path) -> None:
    data = json.dumps({"schema": "alscli/trial/1", "trial": {"id": "a"}}).encode()
    assert source(tmp_path, data) == {"id": "a"}
    assert source(tmp_path, b'{"schema": 1, "id": "a"}') == {"schema": 1, "id": "a"}


def test_several(tmp_path: Path) -> None:
    path = tmp_path / "given"
    path.write_text('{"id": "a"}\n\n{"schema": "alscli/trial/1", "trial": {"id": "b"}}\n', "utf-8")
    assert read_sources(str(path)) == [{"id": "a"}, {"id": "b"}]
    path.write_text(' [ {"id": "a"}, {"id": "b"} ]', "utf-8")
    assert read_sources(str(path)) == [{"id": "a"}, {"id": "b"}]


def test_stdin(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stdin:
        buffer = io.BytesIO(b'id = "a"')

    monkeypatch.setattr("sys.stdin", Stdin)
    assert read_sources("-") == [{"id": "a"}]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"{", "is no JSON"),
        (b'{"a": NaN}', "NaN is no number"),
        (b'{"a": -Infinity}', "Infinity is no number"),
        (b"{" * 100_000, "is no JSON"),
        (b'{"a": "\xff"}', "is no JSON"),
        (b"x = ", "TX001"),
        (b"[1, 2]", "TX001"),
        (b"", "holds no record"),
        (b"[]", "holds no record"),
        (b"<xml/>", "is XML or HTML"),
        (b'{"id": "a"}\n{"id": ', "given:2 is no JSON"),
        (b'{"id": "a"}\n[]', "given:2 holds what is no record"),
        (b'[{"id": "a"}, 5]', "holds what is no record"),
        (
            b'{"protocolSection": {}}',
            r"ClinicalTrials.gov gives out, but no trial in it can be read",
        ),
        (b'{"studies": []}', "ClinicalTrials.gov gives out"),
        (b'{"ctNumber": "2022-500244-37-00"}', "EU CTIS gives out"),
        (b'{"id": "a"}\n{"TrialID": "x"}', "given:2 is what the ICTRP gives out"),
        (b"\xff", "TX002"),
        (b"# " + b"x" * (1 << 20), "larger than 1 MiB"),
    ],
)
def test_what_is_no_record(data: bytes, message: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=message):
        source(tmp_path, data)


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        read_sources(str(tmp_path / "nothing"))
    with pytest.raises(CollectionError, match="not a regular file"):
        read_sources(str(tmp_path))


def test_null_says_nothing(tmp_path: Path) -> None:
    assert source(tmp_path, b'{"id": "a", "title": null, "dates": {"start": null}}') == {
        "id": "a",
        "dates": {},
    }
