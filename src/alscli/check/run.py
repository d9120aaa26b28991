"""A check of the files of a collection, fast: only what changed since the last run is examined.

An examination depends on the file and on a context: program, terms, products, ledger, the ids that exist,
today. Many stale files are examined by several processes.
"""

from __future__ import annotations

import gc
import hashlib
import json
import os
import sys
from collections.abc import Collection as Container
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from alscli import __version__
from alscli.check.engine import Report, catalogue, conclude, rules_of
from alscli.check.examination import Examination, Surroundings, examine, names_in
from alscli.check.finding import Finding, Severity
from alscli.check.gist import Gist
from alscli.store.cache import Cache, Kept, Stamp, digest, now, stamp
from alscli.store.collection import MARKER, Collection, Entry, Record, assemble, read_bytes
from alscli.store.copies import stamps
from alscli.store.processes import spread

CHUNK = 250
"""Files that a process examines at a time."""


def check_files(
    collection: Collection,
    *,
    as_of: date,
    codes: frozenset[str],
    only: Container[str] | None = None,
    cached: bool = True,
) -> Report:
    """Check every file of the collection, and report on those in `only` (paths as text; all where None).

    The same report as `check` gives over a snapshot, whether from the cache or not.
    """
    collecting = gc.isenabled()
    gc.disable()  # models hold no cycles, and walking a million of them takes half the time
    try:
        return _check_files(collection, as_of=as_of, codes=codes, only=only, cached=cached)
    finally:
        if collecting:
            gc.enable()


def _check_files(
    collection: Collection, *, as_of: date, codes: frozenset[str], only: Container[str] | None, cached: bool
) -> Report:
    at = now()
    entries = list(collection.entries())
    beside = [collection.read(entry) for entry in entries if entry.kind != "trial"]
    snapshot = assemble(beside)
    names = names_in(snapshot, [entry.id for entry in entries if entry.kind == "trial"])
    around = Surroundings(snapshot, names, collection.vocabularies, as_of)
    cache = Cache(collection.root, "check", _context(collection, around, beside)) if cached else None
    kept = cache.load() if cache is not None else {}

    copies = stamps(collection.root)
    examined: dict[str, Examination] = {}
    stale: list[tuple[Entry, Stamp | None]] = []
    for entry in entries:
        path = str(entry.path)
        seen = stamp(entry.path)
        held = kept.get(path)
        if held is not None and seen is not None and held.is_fresh(entry.path, seen):
            restored = _restored(held.content, entry, copies.get(entry.id))
            if restored is not None:
                examined[path] = restored
                continue
        stale.append((entry, seen))
    fresh = dict(_examined(collection, around, [entry for entry, _ in stale]))
    if cache is not None:
        seen_at = {str(entry.path): seen for entry, seen in stale}
        cache.store(_to_keep(fresh, seen_at, at, copies), set(kept) - set(seen_at) - set(examined))
        cache.close()
    examined |= {path: examination for path, (examination, _) in fresh.items()}
    examined |= _examined_again(collection, around, entries, examined)

    places = {str(entry.path): entry for entry in entries}
    ordered = [examined[path] for path in places]
    return conclude(
        ordered, around, lambda path: collection.read(places[path]), collection.root, codes=codes, only=only
    )


Fresh = tuple[str, tuple[Examination, bytes | None]]
"""A path, its examination, and the digest of the bytes that were examined; None where none could be read."""


def _examined_again(
    collection: Collection,
    around: Surroundings,
    entries: Iterable[Entry],
    examined: Mapping[str, Examination],
) -> dict[str, Examination]:
    """The trials that may cite another by an id that is not the name of its file, which is known only now."""
    gists = [found.gist for found in examined.values() if found.gist is not None and found.kind == "trial"]
    trials = around.names.trials | {gist.id for gist in gists}
    if trials == around.names.trials:
        return {}
    wider = replace(around, names=replace(around.names, trials=trials))
    settled = {gist.path for gist in gists if around.names.trials.issuperset(gist.related)}
    doubtful = [entry for entry in entries if entry.kind == "trial" and str(entry.path) not in settled]
    return {path: examination for path, (examination, _) in _examined(collection, wider, doubtful)}


def _examined(collection: Collection, around: Surroundings, entries: Sequence[Entry]) -> Iterator[Fresh]:
    for found in spread(partial(_examine_all, collection, around), entries, CHUNK):
        yield from found


def _examine_all(collection: Collection, around: Surroundings, entries: Sequence[Entry]) -> list[Fresh]:
    return list(_examine_some(collection, around, entries))


def _examine_some(collection: Collection, around: Surroundings, entries: Iterable[Entry]) -> Iterator[Fresh]:
    rules = rules_of(frozenset(catalogue()))
    for entry in entries:
        record, of = _read(collection, entry)
        yield str(entry.path), (examine(record, around, rules), of)


def _read(collection: Collection, entry: Entry) -> tuple[Record, bytes | None]:
    try:
        data = read_bytes(entry.path)
    except OSError:
        return collection.read(entry), None
    return collection.understand(entry, data), digest(data)


def _to_keep(
    fresh: Mapping[str, tuple[Examination, bytes | None]],
    seen_at: Mapping[str, Stamp | None],
    at: int,
    copies: Mapping[str, Stamp],
) -> dict[str, Kept]:
    return {
        path: Kept(
            seen,
            at,
            of,
            _written(examination, copies.get(Path(path).stem) if examination.kind == "trial" else None),
        )
        for path, (examination, of) in fresh.items()
        if of is not None and (seen := seen_at[path]) is not None
    }


# -- an examination as text ---------------------------------------------------------------------------


def _written(examination: Examination, copy: Stamp | None) -> str:
    gist = examination.gist.as_list() if examination.gist is not None else None
    findings = [_plain(finding) for finding in examination.findings]
    return json.dumps(
        [findings, gist, examination.waives, copy], ensure_ascii=False, separators=(",", ":"), default=str
    )


def _plain(finding: Finding) -> list[object]:
    return [
        finding.code,
        finding.severity.value,
        finding.record,
        finding.field,
        finding.message,
        finding.line,
        finding.column,
        finding.end_line,
        finding.end_column,
        {"decimal": str(finding.value)} if isinstance(finding.value, Decimal) else finding.value,
        finding.suggestions,
        finding.replacement,
        finding.safe,
        finding.help,
        finding.keys,
        finding.source,
    ]


def _restored(text: str, entry: Entry, copy: Stamp | None) -> Examination | None:
    """The examination; None where it was made beside another registry copy."""
    findings, gist, waives, of = json.loads(text)
    if of != (list(copy) if copy is not None and entry.kind == "trial" else None):
        return None
    return Examination(
        str(entry.path),
        entry.kind,
        tuple(_finding(values, entry.path) for values in findings),
        Gist.from_list(gist) if gist is not None else None,
        waives,
    )


def _finding(values: list[Any], path: Path) -> Finding:
    code, severity, record, field, message, line, column, end_line, end_column, value, *rest = values
    suggestions, replacement, safe, help_, keys, source = rest
    return Finding(
        code=code,
        severity=Severity(severity),
        path=path,
        record=record,
        field=field,
        message=message,
        line=line,
        column=column,
        end_line=end_line,
        end_column=end_column,
        value=Decimal(value["decimal"]) if isinstance(value, dict) else value,
        suggestions=tuple(suggestions),
        replacement=replacement,
        safe=safe,
        help=help_,
        keys=tuple(keys),
        source=source,
    )


# -- what an examination depends on -------------------------------------------------------------------


def _context(collection: Collection, around: Surroundings, beside: Iterable[Record]) -> str:
    """A digest of all that an examination depends on but the file."""
    hashed = hashlib.blake2b(digest_size=16)
    for part in (__version__, sys.version, around.as_of.isoformat(), *_program(), *_terms(collection)):
        hashed.update(part.encode() + b"\0")
    for record in beside:
        hashed.update(os.fsencode(record.entry.path) + b"\0")
        hashed.update((record.document.text if record.document else str(record.fault)).encode() + b"\0")
    for name in sorted(around.names.trials):
        hashed.update(os.fsencode(name) + b"\0")
    return hashed.hexdigest()


def _program() -> Iterator[str]:
    """The program's own files, so that a rule that was edited speaks at once."""
    package = Path(__file__).parent.parent
    for folder in (".", "check", "check/rules", "model", "store", "vocab"):
        for item in sorted((package / folder).iterdir()):
            if item.suffix in (".py", ".toml"):
                seen = stamp(item)
                yield f"{item.name} {seen}"


def _terms(collection: Collection) -> Iterator[str]:
    for path in (collection.root / MARKER, *sorted((collection.root / "vocab").glob("*.toml"))):
        try:
            yield path.read_bytes().hex()
        except OSError:
            yield ""
