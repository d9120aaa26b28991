"""A check of the files of a collection, fast: only what changed since the last run is examined.

An examination depends on the file and on a context: program, terms, products, ledger, the ids that exist,
today. Many stale files are examined by several processes.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from array import array
from collections.abc import Collection as Container
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cached_property, partial
from itertools import chain
from pathlib import Path
from typing import Any

from alscli import __version__
from alscli.check.engine import catalogue, conclude, rules_of
from alscli.check.examination import Examination, Surroundings, examine_all, names_in
from alscli.check.finding import Finding, Severity
from alscli.check.gist import Gist
from alscli.check.report import Report
from alscli.store.cache import Cache, Kept, Stamp, digest, is_settled, now, stamp
from alscli.store.collection import MARKER, Collection, Entry, File, assemble, taken
from alscli.store.copies import stamps
from alscli.store.processes import spread
from alscli.store.recognition import expect

CHUNK = 40
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
    seen = {str(entry.path): stamp(entry.path) for entry in entries} if cached else {}
    copies = stamps(collection.root) if cached else {}
    beside = [taken(entry) for entry in entries if entry.kind != "trial"]  # after the stamps, never before
    state: _State | None = None
    if cached:
        state = _State(entries, seen, copies, at, _context(collection, as_of, entries, beside))
    whole = codes == frozenset(catalogue())
    if state is not None and whole and (report := _known(collection, state, as_of)) is not None:
        return report if only is None else _part(report, only)

    snapshot = assemble(collection.understand_all(beside))
    names = names_in(snapshot, [entry.id for entry in entries if entry.kind == "trial"])
    around = Surroundings(snapshot, names, collection.vocabularies, as_of)
    if state is None:
        fresh = _examined(collection, around, entries)
        examined, all_read = {path: examination for path, (examination, _) in fresh}, False
    else:
        examined, all_read = _examinations(collection, around, state)
    examined |= _examined_again(collection, around, entries, examined)
    places = {str(entry.path): entry for entry in entries}
    report = conclude(
        [examined[path] for path in places],
        around,
        lambda path: collection.read(places[path]),
        collection.root,
        codes=codes,
        all_rules=True,
    )
    if state is not None and whole and all_read:
        _keep(collection, state, report)
    return report if only is None else _part(report, only)


@dataclass(frozen=True)
class _State:
    """A collection as it was found: its files, the registry copies beside them, a time before that, the rest.

    `context` is a digest of all that examinations depend on beside the file.
    """

    entries: list[Entry]
    seen: dict[str, Stamp | None]
    copies: dict[str, Stamp]
    at: int
    context: str

    def copy_of(self, entry: Entry) -> Stamp | None:
        """What tells a change of the registry copy that a trial is compared with."""
        return self.copies.get(entry.id) if self.copies and entry.kind == "trial" else None

    @cached_property
    def fingerprint(self) -> str | None:
        """What tells the whole collection from any other; None where a file cannot be looked at."""
        import hashlib

        stamps = [*self.seen.values(), *(self.copy_of(entry) or _NO_COPY for entry in self.entries)]
        hashed = hashlib.blake2b(self.context.encode(), digest_size=16)
        hashed.update("\0".join(self.seen).encode("utf-8", "surrogateescape"))
        try:
            hashed.update(array("q", chain.from_iterable(stamps)).tobytes())  # type: ignore[arg-type]
        except (TypeError, OverflowError):  # no stamp, or a date after 2262
            return None
        return hashed.hexdigest()


_NO_COPY = Stamp(-1, 0, 0)


def _part(report: Report, only: Container[str]) -> Report:
    return Report(
        [finding for finding in report.findings if str(finding.path) in only],
        [path for path in report.files if path in only],
        report.as_of,
    )


def _examinations(
    collection: Collection, around: Surroundings, state: _State
) -> tuple[dict[str, Examination], bool]:
    """The examination of every file, kept or new, and whether all the new ones could be read."""
    cache = Cache(collection.root, "check", state.context)
    kept = cache.load()
    fit = [entry for entry in state.entries if _is_fit(entry, kept, state)]
    texts = ",".join([kept[str(entry.path)].content for entry in fit])
    examined: dict[str, Examination] = {}
    aged: dict[str, Kept] = {}
    for entry, (values, of) in zip(fit, json.loads(f"[{texts}]"), strict=True):  # at once, in half the time
        path, copy = str(entry.path), state.copy_of(entry)
        if of == (None if copy is None else list(copy)):  # else examined beside another registry copy
            examined[path] = _restored(values, entry)
            seen, held = state.seen[path], kept[path]
            if seen is not None and not is_settled(seen.changed, seen.touched, held.read_at):
                aged[path] = held._replace(read_at=state.at)  # it was read again to be sure
    stale = [entry for entry in state.entries if str(entry.path) not in examined]
    fresh = dict(_examined(collection, around, stale, hashed=True))
    new = {str(entry.path) for entry in stale}
    cache.store(aged | _to_keep(fresh, stale, state), set(kept) - new - set(examined))
    cache.close()
    examined |= {path: examination for path, (examination, _) in fresh.items()}
    return examined, all(of is not None for _, of in fresh.values())


def _is_fit(entry: Entry, kept: Mapping[str, Kept], state: _State) -> bool:
    """Whether the file is the one whose examination was kept."""
    seen, held = state.seen[str(entry.path)], kept.get(str(entry.path))
    return held is not None and seen is not None and held.is_fresh(entry.path, seen)


Fresh = tuple[str, tuple[Examination, bytes | None]]
"""A path, its examination, and the digest of the bytes that were examined where it is wanted.

The digest is None where no bytes could be read.
"""


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


def _examined(
    collection: Collection, around: Surroundings, entries: Sequence[Entry], *, hashed: bool = False
) -> Iterator[Fresh]:
    expect("trial", len(entries))
    work = partial(_examine_all, collection, around, entries, hashed=hashed)
    found = chain.from_iterable(spread(work, range(len(entries)), CHUNK))
    for entry, (values, of) in zip(entries, found, strict=True):
        yield str(entry.path), (_restored(values, entry), of)


def _examine_all(
    collection: Collection,
    around: Surroundings,
    entries: Sequence[Entry],
    numbers: Iterable[int],
    *,
    hashed: bool = False,
) -> list[tuple[list[Any], bytes | None]]:
    """The examinations of the entries with these numbers, with digests, as what takes least to hand over."""
    codes = frozenset(catalogue())
    rules = rules_of(codes)
    digests: list[bytes | None] = []

    def files() -> Iterator[File]:
        for number in numbers:
            entry, data = taken(entries[number])
            digests.append(None if isinstance(data, OSError) else digest(data) if hashed else b"")
            yield entry, data

    found = list(examine_all(collection.understand_all(files()), around, rules, codes))
    return [(_values(each), of) for each, of in zip(found, digests, strict=True)]


def _to_keep(
    fresh: Mapping[str, tuple[Examination, bytes | None]], stale: Iterable[Entry], state: _State
) -> dict[str, Kept]:
    found: dict[str, Kept] = {}
    for entry in stale:
        path = str(entry.path)
        examination, of = fresh[path]
        if of is not None and (seen := state.seen[path]) is not None:
            content = _as_json([_values(examination), state.copy_of(entry)])
            found[path] = Kept(seen, state.at, of, content)
    return found


# -- a whole report, where nothing has changed ---------------------------------------------------------


def _known(collection: Collection, state: _State, as_of: date) -> Report | None:
    """The last report of all rules, where every file is the same as then."""
    if not state.entries or (whole := state.fingerprint) is None:
        return None
    cache = Cache(collection.root, "report", whole)
    kept = cache.load().get(os.fspath(collection.root))
    cache.close()
    if kept is None:
        return None
    paths = [entry.path for entry in state.entries]
    findings = [_finding(values, paths[file]) for file, values in json.loads(kept.content)]
    return Report(findings, list(map(str, paths)), as_of)


def _keep(collection: Collection, state: _State, report: Report) -> None:
    """Keep the report, unless a file is so young that it may have changed unseen."""
    whole = state.fingerprint
    if whole is None or not all(
        seen is not None and is_settled(seen.changed, seen.touched, state.at)
        for seen in (*state.seen.values(), *state.copies.values())
    ):
        return
    numbers = {entry.path: number for number, entry in enumerate(state.entries)}
    content = _as_json([[numbers[finding.path], _plain(finding)] for finding in report.findings])
    cache = Cache(collection.root, "report", whole)
    cache.store({os.fspath(collection.root): Kept(Stamp(0, 0, 0), state.at, b"", content)})
    cache.close()


# -- an examination as plain values -------------------------------------------------------------------


def _values(examination: Examination) -> list[Any]:
    """What an examination says beside the file that it is of, as JSON knows it."""
    left, gist = examination.left, examination.gist
    return [
        [_plain(finding) for finding in examination.findings],
        None if left is None else [_plain(finding) for finding in left],
        None if gist is None else gist.as_list(),
    ]


def _as_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)


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


def _restored(values: list[Any], entry: Entry) -> Examination:
    """The examination of which `_values` gave these."""
    findings, left, gist = values
    return Examination(
        str(entry.path),
        entry.kind,
        tuple(_finding(values, entry.path) for values in findings),
        Gist.from_list(str(entry.path), entry.kind, entry.id, gist) if gist is not None else None,
        None if left is None else tuple(_finding(values, entry.path) for values in left),
    )


def _finding(values: list[Any], path: Path) -> Finding:
    code, severity, record, field, message, line, column, end_line, end_column, value, *rest = values
    suggestions, replacement, safe, help_, keys, source = rest
    return Finding(
        code,
        _SEVERITIES[severity],
        path,
        record,
        field,
        message,
        line,
        column,
        end_line,
        end_column,
        Decimal(value["decimal"]) if value.__class__ is dict else value,
        tuple(suggestions),
        replacement,
        safe,
        help_,
        tuple(keys),
        source,
    )


_SEVERITIES = {severity.value: severity for severity in Severity}


# -- what an examination depends on -------------------------------------------------------------------


def _context(
    collection: Collection,
    as_of: date,
    entries: Iterable[Entry],
    beside: Iterable[File],
) -> str:
    """A digest of all that an examination depends on but the file."""
    import hashlib

    hashed = hashlib.blake2b(digest_size=16)
    for part in (__version__, sys.version, as_of.isoformat(), *_program(), *_terms(collection)):
        hashed.update(part.encode() + b"\0")
    for entry, data in beside:
        hashed.update(os.fsencode(entry.path) + b"\0")
        hashed.update(digest(data if isinstance(data, bytes) else str(data).encode()))
    for entry in entries:
        if entry.kind == "trial":
            hashed.update(os.fsencode(entry.id) + b"\0")
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
