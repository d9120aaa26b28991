"""Registry copies: written the same way each time, read back to the digit."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alscli.errors import CollectionError, RefusedError
from alscli.store.copies import Copy, find, place, read, sources_at, written

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(0.001, 1e9) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(st.text(), JSON, max_size=3))
def test_what_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, payload: dict[str, object]
) -> None:
    copy = Copy("ctgov", "NCT03280056", {"outcomes": [{"p": Decimal("0.450")}]}, payload)
    try:
        data = written(copy)
    except RefusedError:
        assert any(0xD800 <= ord(c) <= 0xDFFF for c in json.dumps(payload, ensure_ascii=False))
        return
    path = tmp_path_factory.mktemp("copy") / "one.json"
    path.write_bytes(data)
    again = read(path)
    assert (again.registry_id, again.values) == (copy.registry_id, copy.values)
    assert json.loads(data)["payload"] == payload
    assert str(again.values["outcomes"][0]["p"]) == "0.450"
    assert written(again) == data
    assert json.loads(data)["schema"] == "alscli/registry-copy/1"


def test_a_change_is_one_line() -> None:
    def lines(status: str) -> list[str]:
        payload = {"protocolSection": {"statusModule": {"overallStatus": status, "hasExpandedAccess": False}}}
        return written(Copy("ctgov", "NCT03280056", {}, payload)).decode().split("\n")

    old, new = lines("RECRUITING"), lines("COMPLETED")
    assert len(set(old) - set(new)) == 1


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b'{"schema": "alscli/registry-copy/1"}',
        b'{"schema": "alscli/registry-copy/2", "registry": "a", "registry_id": "b", "values": {}}',
        b"\xff\xfe",
        b"[" * 100_000,
        b"<html></html>",
    ],
)
def test_what_is_no_copy(data: bytes, tmp_path: Path) -> None:
    path = place(tmp_path, "one")
    assert find(tmp_path, "one") is None
    path.parent.mkdir()
    path.write_bytes(data)
    with pytest.raises(CollectionError, match="registry copy"):
        find(tmp_path, "one")


def test_the_source_of_a_field() -> None:
    values = {
        "src": "registry",
        "enrollment": {"treated": {"n": 189, "src": "paper"}, "enrolled": 196},
        "outcomes": [
            {"id": "alsfrs-r", "src": ["paper", "registry"], "values": [{"arm": "active", "value": 3}]}
        ],
    }
    assert sources_at(values, "phase") == ("registry",)
    assert sources_at(values, "enrollment.treated") == ("paper",)
    assert sources_at(values, "enrollment.enrolled") == ("registry",)
    assert sources_at(values, "outcomes.alsfrs-r.values.active.value") == ("paper", "registry")
    assert sources_at({}, "phase") == ()
