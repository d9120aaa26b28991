"""Archives in parts: the same files with the same data, whatever their number."""

from __future__ import annotations

import io
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alscli.registries import archive, reading
from alscli.registries.archive import parts


def packed(files: list[tuple[str, bytes]], comment: bytes = b"", before: bytes = b"") -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in files:
            made.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
        made.comment = comment
    return before + held.getvalue()


def contents(data: bytes) -> list[tuple[str, bytes]]:
    found = []
    for part in parts(io.BytesIO(data)):
        with zipfile.ZipFile(part) as read:
            found += [(member.filename, read.read(member)) for member in read.infolist()]
    return found


@given(
    files=st.lists(st.tuples(st.text("abcé/", min_size=1, max_size=5), st.binary(max_size=30)), max_size=40),
    comment=st.binary(max_size=20).filter(lambda each: b"PK" not in each),  # which `zipfile` cannot read
    before=st.binary(max_size=20),
)
@settings(max_examples=50)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_the_parts_hold_what_the_whole_holds(
    files: list[tuple[str, bytes]], comment: bytes, before: bytes
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(archive, "FILES", 7)
        data = packed(files, comment, before)
        with zipfile.ZipFile(io.BytesIO(data)) as whole:
            expected = [(member.filename, whole.read(member)) for member in whole.infolist()]
        assert contents(data) == expected


@pytest.mark.parametrize("count", [499, 500, 501, 1700])
def test_as_many_parts_as_it_takes(count: int) -> None:
    data = packed([(f"{number}.json", b"[]") for number in range(count)])
    assert len(list(parts(io.BytesIO(data)))) == -(-count // archive.FILES)
    assert [name for name, _ in contents(data)] == [f"{number}.json" for number in range(count)]


def test_more_files_than_an_old_archive_can_have() -> None:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as out:
        for number in range(66_000):
            made = zipfile.ZipInfo(f"{number}")
            out.writestr(made, b"")
    count = sum(len(zipfile.ZipFile(part).filelist) for part in parts(held))
    assert count == 66_000
    assert len(list(parts(held))) == 132


@given(data=st.data())
@settings(max_examples=50)
def test_a_damaged_list_is_no_more_than_that(data: st.DataObject) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(archive, "FILES", 3)
        whole = bytearray(packed([(f"{number}.json", b"[]") for number in range(10)]))
        at = data.draw(st.integers(0, len(whole) - 1))
        whole[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
        list(reading.read(bytes(whole)))
