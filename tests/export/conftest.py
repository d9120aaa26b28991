"""Exports that several tests read again."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from alscli.cli import main
from alscli.export.formats import BOOKS
from alscli.query.rows import snapshot_rows
from alscli.query.tables import TABLES, Rows
from alscli.store.collection import Collection

Export = Callable[..., Path]


@pytest.fixture(scope="session")
def kept_records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small collection in no repository, whose index is made once; never written to."""
    folder = tmp_path_factory.mktemp("kept") / "records"
    return Path(shutil.copytree(Path(__file__).parent.parent / "collection", folder))


@pytest.fixture
def export(request: pytest.FixtureRequest, kept_records: Path, tmp_path: Path) -> Export:
    """Exports the small collection: `export("tsv", "--table", "arms")` is the file, `--all` the folder.

    It is the one of `collection_folder` where a test takes that, to change it.
    """
    changed = "collection_folder" in request.fixturenames
    records: Path = request.getfixturevalue("collection_folder") if changed else kept_records

    def run(format_: str, *options: str, name: str = "", status: int = 0) -> Path:
        folder = "--all" in options and format_ not in BOOKS
        output = tmp_path / (name or f"export{'-' if folder else '.'}{format_}")
        command = ["--records", str(records), "-q", "export", format_, "-o", str(output), *options]
        assert main(command) == status
        return output

    return run


@pytest.fixture
def with_title(collection_folder: Path) -> Callable[[str], None]:
    """Gives a trial of the small collection this title: `with_title("=1+1")`."""

    def change(title: str) -> None:
        import tomli_w

        path = collection_folder / "trials" / "np001-treg-phase1.toml"
        lines = path.read_text("utf-8").splitlines()
        new = tomli_w.dumps({"title": title}).strip()
        path.write_text("\n".join(new if line.startswith("title = ") else line for line in lines), "utf-8")

    return change


@pytest.fixture(scope="session")
def rows_in() -> Callable[[Path], Rows]:
    """The rows of a collection, by table in the order of its key: what an export of it must hold."""

    @cache
    def rows(records: Path) -> Rows:
        found: Rows = {name: [] for name in TABLES}
        for made in snapshot_rows(Collection(records).load()):
            for name, some in made.items():
                found[name] += some
        found["trials"] = [row for row in found["trials"] if row["decision"] == "include"]
        for name, some in found.items():
            some.sort(key=lambda row: [row[column] for column in TABLES[name].key])  # type: ignore[arg-type,return-value]
        return found

    return rows


@pytest.fixture(scope="session")
def package(kept_records: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small collection as a Data Package; never written to."""
    folder = tmp_path_factory.mktemp("package")
    assert main(["--records", str(kept_records), "-q", "export", "csv", "--all", "-o", str(folder)]) == 0
    return folder
