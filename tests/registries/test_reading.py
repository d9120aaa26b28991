"""Files as registries, browsers and strangers leave them: what can be read comes in, the rest is named."""

from __future__ import annotations

import gzip
import io
import json
import tracemalloc
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alscli.registries import reading
from alscli.registries.draft import Draft, Unreadable

PAYLOADS = Path(__file__).parent / "payloads"


def study(number: int, **more: Any) -> dict[str, Any]:
    identity = {"nctId": f"NCT{number:08}", "briefTitle": f"Étude {number}"}
    status = {"overallStatus": "COMPLETED", "statusVerifiedDate": "2025-06"}
    design = {"studyType": "INTERVENTIONAL", "phases": ["PHASE1"]}
    modules = {"identificationModule": identity, "statusModule": status, "designModule": design}
    return {"protocolSection": modules | more}


def packed(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, method)  # of no day: its bytes name a test
    return data.getvalue()


def encoded(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def ids(data: bytes | Path) -> list[str]:
    return [each.registry_id for each in reading.read(data) if isinstance(each, Draft)]


def faults(data: bytes | Path) -> list[Unreadable]:
    return [each for each in reading.read(data) if isinstance(each, Unreadable)]


ONE, TWO, THREE = (f"NCT0000000{number}" for number in (1, 2, 3))
STUDIES = [study(1), study(2), study(3)]


# -- frames -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        encoded(STUDIES),
        encoded({"studies": STUDIES}),
        encoded({"totalCount": 3, "studies": STUDIES, "nextPageToken": "abc"}),
        encoded({"nextPageToken": "a", "totalCount": 3, "studies": STUDIES}),
        encoded({"studies": STUDIES, "futureKey": [1]}),
        encoded({"futureKey": {"a": 1}, "studies": STUDIES}),
        b"\n".join(map(encoded, STUDIES)),
        b"\r\n\r\n".join(map(encoded, STUDIES)) + b"\n",
        b"".join(map(encoded, STUDIES)),
        json.dumps(STUDIES, indent=4).encode(),
        b"\xef\xbb\xbf" + encoded(STUDIES),
        json.dumps(STUDIES).encode("utf-16"),
        packed({f"{number}.json": encoded(each) for number, each in enumerate(STUDIES)}),
        packed({"all.json": encoded(STUDIES)}),
        packed(
            {
                "a/b/1.json": encoded(STUDIES[0]),
                "a/": b"",
                "rest.jsonl": b"\n".join(map(encoded, STUDIES[1:])),
            }
        ),
    ],
    ids=lambda data: repr(data[:24]),
)
def test_every_frame_gives_the_same_studies(data: bytes) -> None:
    assert ids(data) == [ONE, TWO, THREE]
    assert not faults(data)


def test_the_kind_is_told_from_the_content_and_not_from_the_name(tmp_path: Path) -> None:
    path = tmp_path / "notes.pdf"
    path.write_bytes(encoded(STUDIES))
    assert ids(path) == [ONE, TWO, THREE]


@pytest.mark.parametrize("name", ["ctgov_sample.zip", "ctgov_sample.csv"])
def test_real_downloads(name: str) -> None:
    assert len(ids(PAYLOADS / name)) == 80


def test_other_registries_are_told_apart() -> None:
    expected = {
        "ctis_2024.json": "ctis",
        "isrctn_80181452.json": "isrctn",
        "euctr.txt": "eudract",
        "who_chictr.xml": "chictr",
    }
    for name, registry in expected.items():
        found = list(reading.read(PAYLOADS / name))
        assert {each.registry for each in found if isinstance(each, Draft)} == {registry}, name


def test_an_archive_of_several_kinds() -> None:
    names = ("ctis_2024.json", "who_chictr.xml", "ctgov_sample.csv")
    found = list(reading.read(packed({name: (PAYLOADS / name).read_bytes() for name in names})))
    assert len(found) >= 82
    assert not [each for each in found if isinstance(each, Unreadable)]


# -- broken entries ---------------------------------------------------------------------------------


def test_a_list_cut_in_the_middle_gives_what_is_whole() -> None:
    data = encoded(STUDIES)
    whole = len(encoded(STUDIES[:2]))
    for end in (whole + 30, len(data) - 5):
        assert ids(data[:end]) == [ONE, TWO]
        (fault,) = faults(data[:end])
        assert "cut" in fault.why
        assert "entry 3" in fault.source
    (fault,) = faults(data[:-1])
    assert ids(data[:-1]) == [ONE, TWO, THREE]
    assert "not closed" in fault.why


def test_every_cut_is_noticed() -> None:
    data = encoded(STUDIES)
    for end in range(1, len(data), 7):
        assert faults(data[:end]), end


@pytest.mark.parametrize(
    "broken",
    [
        b'{"protocolSection": {"identificationModule": nonsense}}',
        b'{"protocolSection": {"identificationModule": {"nctId": "NCT00000009",,}}}',
        b'{"protocolSection": {"x": NaN, "identificationModule": {"nctId": "NCT00000009"}}}',
        b'{"protocolSection": ' + b"[" * 100_000 + b"}",
        b'{"protocolSection": {"n": ' + b"9" * 6000 + b"}}",
    ],
    ids=["a bare word", "two commas", "NaN", "a hundred thousand brackets", "a number of 6,000 digits"],
)
@pytest.mark.parametrize("frame", [b"[%s,\n%s,\n%s]", b"%s\n%s\n%s\n"], ids=["list", "lines"])
def test_a_broken_entry_does_not_take_the_others_with_it(frame: bytes, broken: bytes) -> None:
    data = frame % (encoded(STUDIES[0]), broken, encoded(STUDIES[2]))
    assert ids(data) == [ONE, THREE]
    (fault,) = faults(data)
    assert "entry 2" in fault.source


def test_entries_that_are_no_studies_are_named_one_by_one() -> None:
    data = encoded([STUDIES[0], 3, None, [STUDIES[1]], {"protocolSection": []}, {"a": 1}, STUDIES[2]])
    assert ids(data) == [ONE, THREE]
    assert [each.source for each in faults(data)] == [f"input: entry {number}" for number in range(2, 7)]


def test_bytes_that_are_no_utf_8_are_read_as_windows_1252() -> None:
    data = (
        encoded([STUDIES[0]])[:-1]
        + b", "
        + json.dumps(STUDIES[1], ensure_ascii=False).encode("cp1252")
        + b"]"
    )
    titles = [each.values["title"] for each in reading.read(data) if isinstance(each, Draft)]
    assert titles == ["Étude 1", "Étude 2"]


def test_nuls_and_halves_of_characters_do_not_reach_the_record() -> None:
    text = json.dumps([study(1, descriptionModule={"briefSummary": "x"})])
    data = text.replace("\\u00c9tude", "A\x00B\\u0000C\\ud800D").encode()
    (draft,) = reading.read(data)
    assert isinstance(draft, Draft)
    assert draft.values["title"] == "ABCD 1"
    json.dumps([draft.copy, draft.values], default=str, ensure_ascii=False).encode("utf-8")
    assert "\\u0000" not in json.dumps(draft.copy)


def test_a_field_of_many_megabytes_is_refused_and_the_next_study_read() -> None:
    huge = study(2, descriptionModule={"briefSummary": "x" * (reading.MAX_ENTRY + 1000)})
    data = encoded([STUDIES[0], huge, STUDIES[2]])
    assert ids(data) == [ONE, THREE]
    (fault,) = faults(data)
    assert "larger than" in fault.why


# -- what is no data --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "empty"),
        (b"   \n", "empty"),
        (b"\x00" * 5000, "zeros"),
        (b"<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head></html>", "502 Bad Gateway"),
        (b"\n<html><body>Sorry</body></html>", "web page"),
        (b'<?xml version="1.0"?><rss><item/></rss>', "rss"),
        (b"%PDF-1.7 ...", "PDF"),
        (b"Dear colleague,\nplease find attached", "Dear colleague"),
        (b'{"error": "Rate limit exceeded"}', "Rate limit exceeded"),
        (b"{}", "none"),
        (b'"text"', "text"),
        (b"{", "cut"),
        (b"[", "not closed"),
        (gzip.compress(encoded(STUDIES)), "gzip"),
        (b"\x89PNG\r\n\x1a\n\x9c\x9d\xb0\xfe\x00\x00", ""),
    ],
)
def test_what_is_no_data_is_named(data: bytes, word: str) -> None:
    (fault,) = faults(data)
    assert word in fault.why
    assert ids(data) == []


def test_an_empty_page_is_no_fault() -> None:
    assert list(reading.read(b'{"studies": []}')) == []
    assert list(reading.read(b"[]")) == []


# -- archives ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["../NCT1.json", "/etc/passwd", "a/../../b.json", "..\\b.json", "C:\\b.json"]
)
def test_names_that_lead_out_of_the_archive_are_not_read(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    monkeypatch.chdir(inside)
    data = packed({name: encoded(STUDIES[0]), "fine.json": encoded(STUDIES[1])})
    assert ids(data) == [TWO]
    (fault,) = faults(data)
    assert "leads out" in fault.why
    assert [*tmp_path.rglob("*")] == [inside]


def test_a_bomb_is_not_unpacked() -> None:
    bomb = packed({"bomb.json": b" " * (20 << 20), "fine.json": encoded(STUDIES[0])})
    tracemalloc.start()
    found = list(reading.read(bomb))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [type(each) for each in found] == [Unreadable, Draft]
    assert peak < 8 << 20


def test_a_bomb_that_lies_about_its_size_is_stopped() -> None:
    data = bytearray(packed({"bomb.json": b"[" + b" " * (4 << 20)}))
    size = (4 << 20) + 1
    for at in (data.find(size.to_bytes(4, "little")), data.rfind(size.to_bytes(4, "little"))):
        data[at : at + 4] = (100).to_bytes(4, "little")
    (fault,) = faults(bytes(data))
    assert fault.source.endswith("bomb.json")


def test_archives_within_archives_and_encrypted_ones_are_named() -> None:
    data = bytearray(packed({"inner.zip": packed({"a.json": encoded(STUDIES[0])})}))
    assert "archive within an archive" in faults(bytes(data))[0].why
    locked = bytearray(packed({"a.json": encoded(STUDIES[0])}, zipfile.ZIP_STORED))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        locked[locked.find(signature) + offset] |= 1
    assert "encrypted" in faults(bytes(locked))[0].why


def test_a_damaged_file_of_an_archive_does_not_take_the_others_with_it() -> None:
    data = bytearray(
        packed({"a.json": encoded(STUDIES[0]), "b.json": encoded(STUDIES[1])}, zipfile.ZIP_STORED)
    )
    data[data.find(b"NCT00000001") + 3] ^= 1
    assert ids(bytes(data)) == [TWO]
    assert len(faults(bytes(data))) == 1
    assert "broken archive" in faults(bytes(data[:-30]))[0].why


def test_memory_stays_flat_however_many_studies_there_are(tmp_path: Path) -> None:
    def peak(count: int) -> int:
        path = tmp_path / f"{count}.json"
        with path.open("wb") as file:
            file.write(b"[")
            for number in range(1, count + 1):
                large = study(number, descriptionModule={"briefSummary": "x" * 3000})
                file.write((b"," if number > 1 else b"") + encoded(large))
            file.write(b"]")
        tracemalloc.start()
        assert sum(1 for _ in reading.read(path)) == count
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(5)
    assert peak(400) < 2 * peak(100) + (1 << 20)


# -- CSV --------------------------------------------------------------------------------------------


def test_rows_of_a_csv_stand_alone() -> None:
    data = (
        b"NCT Number,Study Title,Study Status\r\n"
        b'NCT00000001,"Two\r\nlines",COMPLETED\r\n'
        b"NCT00000002,cut\r\n"
        b"no number,C,COMPLETED\r\n"
        b"\r\n"
        b"NCT00000003,D\xe9j\xe0,Active\xc2\xa0not recruiting\r\n"
    )
    found = list(reading.read(data))
    assert [type(each) for each in found] == [Draft, Unreadable, Unreadable, Draft]
    first, last = (each for each in found if isinstance(each, Draft))
    assert first.values["title"] == "Two lines"
    assert last.values["title"] == "Déjà"


def test_the_classic_csv_speaks_in_words() -> None:
    data = (
        b"Rank,NCT Number,Title,Status,Phases,Study Type,Enrollment,Study Designs,Age,Gender,Start Date,"
        b"Completion Date,Sponsor/Collaborators,Funded Bys,Last Update Posted,Conditions\n"
        b'1,NCT00000001,A,"Active, not recruiting",Phase 1|Phase 2,Interventional,20,'
        b"Allocation: N/A|Intervention Model: Single Group Assignment|Masking: None (Open Label)|"
        b"Primary Purpose: Treatment,"
        b'"18 Years to 75 Years   (Adult, Older Adult)",All,"September 1, 2011",September 2011,'
        b'Mayo Clinic|NIH,Other,"February 16, 2022",ALS|Amyotrophic Lateral Sclerosis\n'
    )
    (draft,) = reading.read(data)
    assert isinstance(draft, Draft)
    values = draft.values
    assert (values["status"], values["phase"], values["design"]) == (
        "active_not_recruiting",
        "1/2",
        "single_arm",
    )
    assert (values["masking"], values["purpose"], values["conditions"]) == ("none", "treatment", ["ALS"])
    assert values["dates"] == {"start": {"on": "2011-09-01"}, "completion": {"on": "2011-09"}}
    assert values["eligibility"] == {"age": [18, 75], "sex": "all"}
    assert values["sponsor"] == {"name": "Mayo Clinic", "collaborators": [{"name": "NIH"}]}
    assert values["status_as_of"] == "2022-02-16"
    assert any("Enrollment" in each.path for each in draft.oddities)  # planned or enrolled is not said


# -- laws -------------------------------------------------------------------------------------------


def _mutated(data: bytes, at: int, what: bytes) -> bytes:
    at %= max(len(data), 1)
    return data[:at] + what + data[at + len(what) :]


@given(st.integers(min_value=0), st.binary(min_size=1, max_size=6), st.sampled_from(range(4)))
@settings(max_examples=50, deadline=None)
def test_no_damage_breaks_the_reader(at: int, what: bytes, kind: int) -> None:
    frames: list[bytes] = [
        encoded(STUDIES),
        packed({"a.json": encoded(STUDIES[0]), "b.json": encoded(STUDIES[1])}),
        b"\n".join(map(encoded, STUDIES)),
        b"NCT Number,Study Title\nNCT00000001,A\n",
    ]
    for each in reading.read(_mutated(frames[kind], at, what)):
        assert isinstance(each, (Draft, Unreadable))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def _paths(node: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield at
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, each in items:
        yield from _paths(each, (*at, key))


REAL = json.loads((PAYLOADS / "ctgov_results.json").read_text("utf-8"))
PLACES = [path for path in _paths(REAL) if path]


@given(st.sampled_from(PLACES), JSON)
@settings(max_examples=50, deadline=None)
def test_any_value_in_any_place_of_a_study_is_survived(path: tuple[Any, ...], value: Any) -> None:
    payload = json.loads(json.dumps(REAL))
    table = payload
    for key in path[:-1]:
        table = table[key]
    table[path[-1]] = value
    for each in reading.read(json.dumps(payload).encode()):
        assert isinstance(each, (Draft, Unreadable))
