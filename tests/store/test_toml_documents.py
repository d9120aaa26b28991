"""The grammar of TOML 1.0, document by document: what each means, where it stands, why it is refused.

The documents are our own, written to TOML 1.0.0's text (https://toml.io/en/v1.0.0); `test_toml_test` reads
those of toml-test where they are. A `.json` beside a valid one says what it means: what JSON
has not is `{"float": digits}`, `{"date": …}`, `{"time": …}` or `{"datetime": …}`, as Python prints it.
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
import tomlkit
from tomlkit.exceptions import TOMLKitError

from alscli.model.shape import Shape
from alscli.store.layout import lay_out, meaning
from alscli.store.spans import read
from alscli.store.toml import TomlError, parse

DOCUMENTS = Path(__file__).parent / "toml_documents"
VALID = sorted((DOCUMENTS / "valid").glob("*.toml"))
INVALID = sorted((DOCUMENTS / "invalid").glob("*.toml"))
PLACES: dict[str, tuple[str, int]] = json.loads((DOCUMENTS / "invalid" / "places.json").read_text("utf-8"))

valid = pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
invalid = pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)


def tagged(value: Any) -> Any:
    """A value as its `.json` has it."""
    if isinstance(value, dict):
        return {key: tagged(child) for key, child in value.items()}
    if isinstance(value, list):
        return [tagged(child) for child in value]
    if isinstance(value, bool | int | str):
        return value
    return {{"Decimal": "float"}.get(type(value).__name__, type(value).__name__): str(value)}


def test_there_are_documents() -> None:
    assert len(VALID) >= 60
    assert len(INVALID) >= 60
    assert {path.stem for path in INVALID} == set(PLACES)


@valid
def test_what_it_means(path: Path) -> None:
    document = parse(path.read_bytes())
    assert tagged(document.values) == json.loads(path.with_suffix(".json").read_text("utf-8"))
    assert document.text.encode() == path.read_bytes()


def paths(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[tuple[str | int, ...], Any]]:
    children = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    return [(path, value), *(found for key, child in children for found in paths(child, (*path, key)))]


@valid
def test_where_it_stands(path: Path) -> None:
    """A value's text parsed alone gives the value; what has no text of its own is spread over others."""
    document = parse(path.read_bytes())
    for place, value in paths(document.values):
        span, key, header = (getattr(document.spans, part)(place) for part in ("value", "key", "header"))
        if span is not None:
            alone = parse(f"x = {document.text[slice(*span)]}".encode()).values["x"]
            assert tagged(alone) == tagged(value), place
        else:
            assert isinstance(value, dict | list)
            assert not place or key is not None or header is not None or isinstance(value, dict)
        if key is not None:
            assert tomllib.loads(f"{document.text[slice(*key)]} = 1") == {place[-1]: 1}
    for statement in read(document.text):
        tomllib.loads(document.text[statement.start : statement.end])


@valid
def test_its_layout_means_the_same(path: Path) -> None:
    text = path.read_bytes().decode()
    shape = Shape("table")
    laid_out = lay_out(text, shape)
    assert meaning(parse(laid_out.encode()).values, shape) == meaning(parse(text.encode()).values, shape)
    assert lay_out(laid_out, shape) == laid_out
    assert "\r" not in laid_out


@valid
def test_others_read_it_too(path: Path) -> None:
    text = path.read_bytes().decode().removeprefix("\ufeff")
    tomllib.loads(text)
    tomlkit.parse(text)


@invalid
def test_why_and_on_which_line_it_is_refused(path: Path) -> None:
    with pytest.raises(TomlError) as caught:
        parse(path.read_bytes())
    fault = caught.value.fault
    assert [fault.code, fault.line] == PLACES[path.stem], fault
    line = path.read_bytes().decode("utf-8", "replace").split("\n")[fault.line - 1]
    assert 1 <= fault.column <= len(line) + 1, fault


# What TOML 1.1 allows, and so tomlkit from 0.15 and tomllib from Python 3.15 on.
LATER = {
    "a-hexadecimal-escape-of-toml-1-1",
    "a-time-without-seconds",
    "an-escape-of-toml-1-1",
    "an-inline-table-over-lines",
    "an-inline-table-that-ends-in-a-comma",
    "an-inline-table-with-a-comment",
}


@invalid
def test_others_refuse_it_too(path: Path) -> None:
    if path.stem in LATER:
        pytest.skip("TOML 1.1 allows it")
    for loads in (tomllib.loads, tomlkit.parse):
        with pytest.raises((TOMLKitError, ValueError)):
            loads(path.read_bytes().decode())
