"""A collection of any size with real-size records: the shipped trials, again and again under other ids.

    python benchmarks/synthetic.py 10000 FOLDER

Every copy has its own id, registry id and sponsor, and names only records of its own generation, so that the
rules across records find what they would find in a true register of that size, not thousands of duplicates.
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

RECORDS = Path(__file__).parent.parent / "records"
_ID = re.compile(r'^id = "(.*)"$', re.MULTILINE)
_REGISTRY_ID = re.compile(r'^registry_id = "[^"]+"$', re.MULTILINE)
_SECONDARY = re.compile(r"^secondary_ids = .*\n", re.MULTILINE)
_SPONSOR = re.compile(r'^(\[sponsor\]\nname = "[^"]*)"', re.MULTILINE)
_RELATED = re.compile(r'\{ id = "([a-z][a-z0-9-]*)", rel')


def make(count: int, folder: Path) -> Path:
    """Write a collection with `count` trials into `folder/records`; return that folder."""
    root = folder / "records"
    shutil.rmtree(root, ignore_errors=True)
    (root / "trials").mkdir(parents=True)
    shutil.copytree(RECORDS / "products", root / "products")
    for name in (
        "alscli.toml",
        "ledger.toml",
        "trial.schema.json",
        "product.schema.json",
        "ledger.schema.json",
    ):
        shutil.copy(RECORDS / name, root / name)
    texts = [path.read_text("utf-8") for path in sorted((RECORDS / "trials").glob("*.toml"))]
    for number in range(count):
        generation, position = divmod(number, len(texts))
        # The last generation may lack records, so what it names is of the one before.
        last_whole = min(generation, count // len(texts) - 1)
        of_related = f"-g{last_whole}" if last_whole > 0 else ""
        id_, text = _copy(texts[position], generation, number, of_related)
        (root / "trials" / f"{id_}.toml").write_text(text, "utf-8")
    return root


def _copy(text: str, generation: int, number: int, of_related: str) -> tuple[str, str]:
    """One trial of a generation; `of_related` ends the ids of the studies that it belongs with."""
    match = _ID.search(text)
    assert match is not None
    if generation == 0:
        return match[1], text
    id_ = f"{match[1]}-g{generation}"
    text = _ID.sub(f'id = "{id_}"', text, count=1)
    text = _REGISTRY_ID.sub(f'registry_id = "NCT{90_000_000 + number:08d}"', text)
    text = _SECONDARY.sub("", text)
    text = _SPONSOR.sub(rf'\1 {generation}"', text)
    return id_, _RELATED.sub(lambda m: f'{{ id = "{m[1]}{of_related}", rel', text)


if __name__ == "__main__":
    print(make(int(sys.argv[1]), Path(sys.argv[2])))
