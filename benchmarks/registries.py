"""Reading a zip of studies beside orjson and our writer on the same studies, and memory as the zip grows.

    pip install orjson
    python benchmarks/registries.py ZIP [--times 10]

ZIP is a download of ClinicalTrials.gov (JSON, one file a study). Prints seconds, the ratio that the budget
names (at most 3), and the peak of memory for the zip and for one with its studies repeated under other ids.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

from alscli.model.format import MODELS, schema_comment, shape_of
from alscli.registries import reading
from alscli.registries.draft import Draft
from alscli.store.layout import dump

REPEATS = 3
SHAPE = shape_of(MODELS["trial"])
PEAK = """
import resource, sys
from pathlib import Path
from alscli.registries import reading
count = sum(1 for _ in reading.read(Path(sys.argv[1])))
print(count, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10)
"""


def best(work: Callable[[], Any]) -> tuple[float, Any]:
    """The best of several runs, in seconds of this process, and what it gave."""
    least, found = float("inf"), None
    for _ in range(REPEATS):
        started = time.process_time()
        found = work()
        least = min(least, time.process_time() - started)
    return least, found


def parsed(path: Path) -> list[Any]:
    with zipfile.ZipFile(path) as archive:
        return [orjson.loads(archive.read(name)) for name in archive.namelist()]


def written(drafts: list[Draft], folder: Path) -> None:
    for each in drafts:
        values = each.values | {"screening": {"decision": "undecided"}}
        text = dump(values, SHAPE, schema_comment("trial"))
        (folder / f"{each.values['id']}.toml").write_text(text, encoding="utf-8")
        copy = json.dumps(each.copy, ensure_ascii=False, indent=1)
        (folder / f"{each.values['id']}.json").write_text(copy, encoding="utf-8")


def repeated(path: Path, times: int, target: Path) -> None:
    """The zip with its studies so many times, each time under other numbers."""
    with (
        zipfile.ZipFile(path) as archive,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as out,
    ):
        count = 0
        for _ in range(times):
            for name in archive.namelist():
                count += 1
                text = re.sub(rb"NCT\d{8}", b"NCT%08d" % count, archive.read(name), count=1)
                out.writestr(f"NCT{count:08}.json", text)


def peak(path: Path) -> tuple[int, int]:
    done = subprocess.run([sys.executable, "-c", PEAK, str(path)], capture_output=True, text=True, check=True)
    count, mebibytes = done.stdout.split()
    return int(count), int(mebibytes)


def main(path: Path, times: int) -> None:
    """Measure one zip."""
    with tempfile.TemporaryDirectory() as place:
        parsing, studies = best(lambda: parsed(path))
        reading_, found = best(lambda: list(reading.read(path)))
        drafts = [each for each in found if isinstance(each, Draft)]
        writing, _ = best(lambda: written(drafts, Path(place)))
        print(f"{len(studies)} studies, {len(drafts)} drafts")
        print(f"orjson {parsing:.2f} s, our writer {writing:.2f} s, read {reading_:.2f} s")
        print(
            f"(read + write) / (orjson + write) = {(reading_ + writing) / (parsing + writing):.2f}, at most 3"
        )
        large = Path(place) / "large.zip"
        repeated(path, times, large)
        for each in (path, large):
            count, mebibytes = peak(each)
            print(f"{count} entries: {mebibytes} MiB at most")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("zip", type=Path)
    parser.add_argument("--times", type=int, default=10)
    given = parser.parse_args()
    main(given.zip, given.times)
