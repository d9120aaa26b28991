"""The documents of toml-test, the test suite of TOML itself (https://github.com/toml-lang/toml-test, MIT).

`ALSCLI_TOML_TEST` names its folder `tests`; `.ci/run` takes it from the source package of tomlkit.
"""

from __future__ import annotations

import json
import os
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from test_toml_documents import paths, tagged

from alscli.model.shape import Shape
from alscli.store.layout import lay_out, meaning
from alscli.store.toml import TomlError, parse

FOLDER = Path(os.environ.get("ALSCLI_TOML_TEST", ""))
LISTED = FOLDER / "files-toml-1.0.0"
FILES = LISTED.read_text("utf-8").split() if "ALSCLI_TOML_TEST" in os.environ else []
VALID = [name for name in FILES if name.startswith("valid/") and name.endswith(".toml")]
INVALID = [name for name in FILES if name.startswith("invalid/") and name.endswith(".toml")]

valid = pytest.mark.parametrize("name", VALID)
invalid = pytest.mark.parametrize("name", INVALID)


def test_there_are_documents() -> None:
    if not FILES:
        pytest.skip("ALSCLI_TOML_TEST does not say where toml-test is")
    assert len(VALID) > 150
    assert len(INVALID) > 300


def told(value: Any) -> Any:
    """A value as toml-test tags it."""
    match value:
        case dict():
            return {key: told(child) for key, child in value.items()}
        case list():
            return [told(child) for child in value]
        case bool():
            return {"type": "bool", "value": str(value).lower()}
        case int():
            return {"type": "integer", "value": str(value)}
        case str():
            return {"type": "string", "value": value}
        case Decimal():
            return {"type": "float", "value": _number(value)}
    return {"type": _KINDS[type(value), getattr(value, "tzinfo", None) is not None], "value": value}


_KINDS = {
    (datetime, True): "datetime",
    (datetime, False): "datetime-local",
    (date, False): "date-local",
    (time, False): "time-local",
}
_READ = {
    "float": lambda text: _number(text),
    "datetime": datetime.fromisoformat,
    "datetime-local": datetime.fromisoformat,
    "date-local": date.fromisoformat,
    "time-local": time.fromisoformat,
}


def _number(value: Decimal | str) -> Decimal | str:
    """A number, or `nan`, which is equal to nothing and whose sign TOML leaves open."""
    return "nan" if Decimal(value).is_nan() else Decimal(value)


def expected(value: Any) -> Any:
    """What toml-test says, with numbers and times that can be compared."""
    if isinstance(value, list):
        return [expected(child) for child in value]
    if set(value) != {"type", "value"} or not isinstance(value["value"], str):
        return {key: expected(child) for key, child in value.items()}
    read = _READ.get(value["type"], str)
    return {"type": value["type"], "value": read(value["value"])}


@valid
def test_what_it_means(name: str) -> None:
    data = (FOLDER / name).read_bytes()
    wanted = expected(json.loads((FOLDER / name).with_suffix(".json").read_text("utf-8")))
    assert told(parse(data).values) == wanted


@valid
def test_where_it_stands(name: str) -> None:
    document = parse((FOLDER / name).read_bytes())
    for place, value in paths(document.values):
        span = document.spans.value(place)
        if span is not None:
            alone = parse(f"x = {document.text[slice(*span)]}".encode()).values["x"]
            assert repr(tagged(alone)) == repr(tagged(value)), place
        else:
            assert isinstance(value, dict | list)


@valid
def test_its_layout_means_the_same(name: str) -> None:
    text, shape = (FOLDER / name).read_bytes().decode(), Shape("table")
    laid_out = lay_out(text, shape)
    assert meaning(parse(laid_out.encode()).values, shape) == meaning(parse(text.encode()).values, shape)
    assert lay_out(laid_out, shape) == laid_out


@invalid
def test_it_is_refused_at_a_place_within_it(name: str) -> None:
    data = (FOLDER / name).read_bytes()
    with pytest.raises(TomlError) as caught:
        parse(data)
    lines = data.decode("utf-8", "replace").split("\n")
    fault = caught.value.fault
    assert 1 <= fault.line <= len(lines)
    assert 1 <= fault.column <= len(lines[fault.line - 1]) + 1
