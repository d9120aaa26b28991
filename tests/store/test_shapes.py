"""The shapes that are kept are those of the models, and nothing but a shortcut."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from alscli.model.format import MODELS, shape_of
from alscli.model.trial import SCHEMA_VERSION
from alscli.store import shapes

KINDS = list(MODELS)


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("ALSCLI_CACHE", str(tmp_path))
    forget()
    yield tmp_path / "shapes.json"
    forget()


def forget() -> None:
    for function in (shapes._kept, shapes._known):
        function.cache_clear()


def check() -> None:
    assert {kind: shapes.shape(kind) for kind in KINDS} == {kind: shape_of(MODELS[kind]) for kind in KINDS}
    assert shapes.schema_version() == SCHEMA_VERSION
    assert list(shapes.shape("trial").keys) == list(shape_of(MODELS["trial"]).keys)  # in order


def test_read_off_and_kept(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check()
    forget()
    monkeypatch.setattr(shapes, "_read_off", lambda: pytest.fail("they are kept"))
    check()
    assert [path.name for path in place.parent.iterdir()] == ["shapes.json"]


def test_read_off_again_where_the_models_changed(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check()
    old = place.read_bytes()
    forget()
    monkeypatch.setattr(shapes, "_context", lambda: "another program")
    check()
    assert place.read_bytes() != old


@pytest.mark.parametrize("data", [b"", b"\xff", b"1\n{}", b"1223242144\n{}", b"[]", b"x\n" * 9])
def test_a_cache_that_holds_nonsense(place: Path, data: bytes) -> None:
    place.write_bytes(data)
    check()
    forget()
    check()
    assert place.read_bytes() != data


def test_a_cache_that_was_changed_by_hand(place: Path) -> None:
    check()
    place.write_bytes(place.read_bytes().replace(b"status", b"sttaus"))
    forget()
    check()


def test_nowhere_to_keep_them(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = place.with_name("file")
    blocked.write_text("")
    monkeypatch.setenv("ALSCLI_CACHE", str(blocked))
    check()
