"""Full text: words, phrases, beginnings, in English and in both scripts of Chinese."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alscli.errors import UsageError
from alscli.model.vocabulary import shipped
from alscli.query.database import build
from alscli.query.index import open_index
from alscli.query.search import FIELDS, Found, index, search
from alscli.store.collection import Collection, assemble

SMALL = Path(__file__).parent.parent / "collection"


@pytest.fixture(scope="module")
def connection() -> Iterator[sqlite3.Connection]:
    snapshot = Collection(SMALL).load()
    opened = build(snapshot)
    index(opened, shipped())
    yield opened
    opened.close()


def ids(connection: sqlite3.Connection, query: str) -> list[str]:
    return [each.id for each in search(connection, query)[0]]


@pytest.mark.parametrize(
    ("query", "id_"),
    [
        ("鞘内", "nurown-phase3"),
        ("鞘內", "nurown-phase3"),  # Traditional finds Simplified
        ("间充质干细胞", "nurown-phase2"),
        ("intrathecal", "nurown-phase3"),  # by the label of its route
        ("NurOwn", "nurown"),
        ("debamestrocel", "nurown-phase3"),
        ("BrainStorm", "nurown-phase2"),
        ("NCT03280056", "nurown-phase3"),
        ("msc-ntf", "nurown-phase3"),
        ("Cudkowicz", "nurown-phase3"),  # an author of a source
        ("pre-treat*", "nurown-phase3"),
        ('"pre-treatment slope"', "nurown-phase3"),
        ("72 hours", "window-72-hours"),  # a claim
        ("stroke insidious", "window-72-hours"),
        ("regenerative era", "de-marchi-2025"),  # what was left out
        ("ＶＡＬＯＲ", "valor"),
    ],
)
def test_what_is_found(connection: sqlite3.Connection, query: str, id_: str) -> None:
    assert id_ in ids(connection, query)


@pytest.mark.parametrize("query", ["nurow", '"slope pre-treatment"', "内鞘", "nurown zebra", "zebra"])
def test_what_is_not_found(connection: sqlite3.Connection, query: str) -> None:
    assert ids(connection, query) == []


def test_the_best_comes_first(connection: sqlite3.Connection) -> None:
    found, total = search(connection, "tofersen")
    assert found[0].field == "title"
    assert total == len(found) > 1
    assert search(connection, "tofersen", limit=1) == (found[:1], total)


def test_the_matching_words_are_shown(connection: sqlite3.Connection) -> None:
    (found,) = (each for each in search(connection, "鞘內 治疗")[0] if each.id == "nurown-phase3")
    words = {found.excerpt[start:end] for start, end in found.marks}
    assert words == {"鞘内", "治疗"}
    assert found.field in FIELDS


@pytest.mark.parametrize("query", ["", "   ", "***", "-", '""', "（）"])
def test_no_word_at_all(connection: sqlite3.Connection, query: str) -> None:
    with pytest.raises(UsageError, match="holds no word"):
        search(connection, query)


@pytest.mark.parametrize(
    "query", ["OR", "a AND", "NEAR(a b)", "title:x", "a^2", "-a", "') x", "a*b*", "“鞘内"]
)
def test_the_language_of_the_index_is_only_words(connection: sqlite3.Connection, query: str) -> None:
    search(connection, query)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=40))
def test_any_text_is_a_query_or_holds_no_word(connection: sqlite3.Connection, query: str) -> None:
    try:
        found, _ = search(connection, query)
    except UsageError:
        return
    for each in found:
        assert all(0 <= start < end <= len(each.excerpt) for start, end in each.marks)


def test_undecided_trials_only_when_asked(collection_folder: Path) -> None:
    path = collection_folder / "trials" / "valor.toml"
    path.write_text(
        path.read_text("utf-8").replace('decision = "include"', 'decision = "undecided"'), "utf-8"
    )
    collection = Collection(collection_folder)
    snapshot = assemble(collection.read(entry) for entry in collection.entries())
    connection = build(snapshot)
    index(connection, shipped())
    assert "valor" not in ids(connection, "tofersen")
    assert [each.id for each in search(connection, "tofersen", ["undecided"])[0]] == ["valor"]
    connection.close()


def test_every_title_finds_its_record(connection: sqlite3.Connection) -> None:
    found: list[Found] = []
    for record in Collection(SMALL).load().trials.values():
        found, _ = search(connection, record.title.replace('"', " "))
        assert record.id in [each.id for each in found]


def test_the_kept_index_finds_what_the_files_hold(collection_folder: Path) -> None:
    collection = Collection(collection_folder)

    def found(query: str) -> list[str]:
        connection = open_index(collection).connection
        index(connection, collection.vocabularies)
        again = open_index(collection).connection
        assert ids(connection, query) == ids(again, query)
        with pytest.raises(sqlite3.OperationalError):
            connection.execute("DELETE FROM documents")
        connection.close()
        again.close()
        return ids(build_anew(collection), query)

    def build_anew(collection: Collection) -> sqlite3.Connection:
        connection = build(collection.load(), collection.vocabularies)
        index(connection, collection.vocabularies)
        return connection

    path = collection_folder / "trials" / "valor.toml"
    before = path.read_text("utf-8")
    assert "valor" in found("tofersen")
    path.write_text(re.sub('(?m)^title = ".*"$', 'title = "Of zebras"', before), "utf-8")
    connection = open_index(collection).connection
    index(connection, collection.vocabularies)
    assert ids(connection, "zebras") == ["valor"] == found("zebras")
    connection.close()
    path.rename(path.with_name("valour.toml"))
    path.with_name("valour.toml").write_text(before.replace('id = "valor"', 'id = "valour"', 1), "utf-8")
    connection = open_index(collection).connection
    index(connection, collection.vocabularies)
    assert "valour" in ids(connection, "tofersen")
    assert "valor" not in ids(connection, "tofersen")
    assert ids(connection, "zebras") == []
    connection.close()
    (collection_folder / "products" / "tofersen.toml").touch()
    product = collection_folder / "products" / "tofersen.toml"
    product.write_text(product.read_text("utf-8") + "\n", "utf-8")
    assert "valour" in found("tofersen")
