"""`validate` and `explain`."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alscli.cli.paging import write_lines
from alscli.cli.session import Session, write_all, write_data
from alscli.errors import CollectionError, UsageError

if TYPE_CHECKING:
    from alscli.check.finding import Severity
    from alscli.check.mending import Mending
    from alscli.check.report import Report
    from alscli.store.collection import Collection, Entry, Record, Snapshot

FORMATS = ("text", "json", "jsonl", "sarif", "github", "junit")


def validate(
    context: typer.Context,
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PATHS]...", help="Files, folders or ids; everything where none is given."),
    ] = None,
    format: Annotated[  # noqa: A002
        str, typer.Option(metavar="FORMAT", help=f"{', '.join(FORMATS[:-1])} or {FORMATS[-1]}.")
    ] = "text",
    select: Annotated[
        list[str] | None,
        typer.Option(metavar="CODES", help="Only these rules or groups, such as DT or DT002,ID."),
    ] = None,
    ignore: Annotated[
        list[str] | None, typer.Option(metavar="CODES", help="Not these rules or groups.")
    ] = None,
    fail_on: Annotated[
        str, typer.Option(metavar="SEVERITY", help="Least severity that makes the exit status 1.")
    ] = "error",
    fix: Annotated[bool, typer.Option("--fix", help="Mend what is safe to mend, then check.")] = False,
    diff: Annotated[
        bool, typer.Option("--diff", help="With --fix: write nothing, show what would change.")
    ] = False,
    changed_since: Annotated[
        str | None,
        typer.Option(
            metavar="REV", help="Only records that differ from this git revision.", show_default=False
        ),
    ] = None,
    statistics: Annotated[bool, typer.Option("--statistics", help="Only how often each rule spoke.")] = False,
) -> int:
    """Check records against every rule.

    Every problem of every file in one run, each with its place and its remedy. Exit status 1 where a finding
    is an error (or what --fail-on says).

    \b
    Examples:
      alscli validate
      alscli validate records/trials/valor.toml --fix --diff
      alscli validate --changed-since main --format github
    """
    from alscli.check.engine import select as select_codes
    from alscli.check.finding import Severity
    from alscli.check.reporters.text import summary
    from alscli.check.run import check_files
    from alscli.store.collection import shown

    session: Session = context.obj
    started = time.perf_counter()
    if format not in FORMATS:
        raise UsageError(f"--format: {format!r} is not known", f"there are: {', '.join(FORMATS)}")
    if fail_on not in [severity.value for severity in Severity]:
        raise UsageError(f"--fail-on: {fail_on!r} is no severity", "there are: error, warning, note")
    if statistics and format != "text":
        raise UsageError("--statistics is a text", "leave out one of --statistics and --format")
    if diff and not fix:
        raise UsageError("--diff shows what --fix would change", "use both, or `alscli diff`")
    codes = select_codes(_split("--select", select), _split("--ignore", ignore))
    if not codes:
        raise UsageError("--ignore leaves no rule of those selected", "`alscli explain` lists them")
    collection = session.collection
    _require_marker(collection)
    only = chosen(paths, collection) if paths else None
    within = [os.path.realpath(path) for path in paths] if paths else None
    if changed_since is not None:
        base = _base(session, changed_since)
        only = base.changed if only is None else only & base.changed

    report = check_files(collection, as_of=session.as_of, codes=codes, only=only, cached=session.cached)
    if not report.checked and next(iter(collection.entries()), None) is None:
        raise UsageError(f"{shown(collection.root)} holds no record", "`alscli add` adds a trial")
    done = ""
    if fix:
        mending, left = _mending(session, codes, only)
        if diff:
            _show_mending(session, mending, len(left.findings))
            return 1 if report.fails(Severity(fail_on)) else 0
        done = _mend(session, mending)
        report = left
    if changed_since is not None and "XR004" in codes:
        report = _with_removed(report, base, collection, within)
    _print(session, report, "statistics" if statistics else format, Severity(fail_on))
    session.say(done + summary(report, time.perf_counter() - started))
    return 1 if report.fails(Severity(fail_on)) else 0


def _print(session: Session, report: Report, form: str, fail_on: Severity) -> None:
    """The report in a format; no other format's module is imported."""
    match form:
        case "statistics":
            lines: Iterable[str] = _statistics(report)
        case "json":
            from alscli.check.reporters import json

            lines = [json.render(report)]
        case "jsonl":
            from alscli.check.reporters import jsonl

            lines = jsonl.render(report)
        case "sarif":
            from alscli.check.reporters import sarif

            lines = [sarif.render(report)]
        case "github":
            from alscli.check.reporters import github

            lines = github.render(report)
        case "junit":
            from alscli.check.reporters import junit

            lines = junit.render(report, fail_on)
        case _:
            from alscli.check.reporters import text

            lines = text.render(report, color=session.colored(sys.stdout))
    write_all(lines)


def _split(option: str, values: list[str] | None) -> list[str]:
    codes = [code.strip() for value in values or [] for code in value.split(",") if code.strip()]
    if values and not codes:
        raise UsageError(f"{option} names no rule", "`alscli explain` lists them")
    return codes


# -- which records ------------------------------------------------------------------------------------


def _require_marker(collection: Collection) -> None:
    """Raise where the collection's marker cannot be read, and with it what the collection covers."""
    from alscli.store.collection import MARKER, read_bytes, shown
    from alscli.store.toml import TomlError, parse

    marker = collection.root / MARKER
    try:
        parse(read_bytes(marker))
    except OSError as error:
        raise CollectionError(f"cannot read {shown(marker)}: {error.strerror or error}") from error
    except TomlError as error:
        raise CollectionError(f"cannot read {shown(marker)}: {error.message}", "mend that line") from error


def chosen(names: Sequence[str], collection: Collection, *, beginning: bool = True) -> frozenset[str]:
    """The paths of the records that files, folders or ids name; raises UsageError for what names nothing.

    `beginning`: the unambiguous start of an id is enough, as it is for commands that only read.
    """
    entries = list(collection.entries())
    real = {_place(entry.path): str(entry.path) for entry in entries}
    return frozenset(
        path for name in names for path in _named(name, collection, entries, real, beginning=beginning)
    )


def _named(
    name: str, collection: Collection, entries: Sequence[Entry], real: dict[str, str], *, beginning: bool
) -> set[str]:
    from alscli.store.collection import resolve, shown

    path = Path(name)
    is_path = path.suffix == ".toml" or "/" in name or os.sep in name
    if not name.strip():
        raise UsageError("an empty name", "name a file, a folder or an id of the collection")
    if os.path.lexists(path):
        target = os.path.realpath(path)
        inside = {real[place] for place in (_place(path), target) if place in real}
        inside |= {own for place, own in real.items() if place.startswith(f"{target}{os.sep}")}
        if inside:
            return inside
        if is_path or name == ".":
            reason = _why_unreadable(path) or "holds no record of this collection"
            raise UsageError(f"{shown(path)} {reason}", "records lie in trials/ and products/")
    elif is_path:
        raise UsageError(f"{name} does not exist", "name a file, a folder or an id of the collection")
    by_id = {str(entry.path) for entry in entries if entry.id == name}
    return by_id or {str(resolve(name, collection.load().records, beginning=beginning).entry.path)}


def _place(path: Path) -> str:
    """Where a file lies, whatever links lead to its folder; a link in place of the file is not followed."""
    return os.path.join(os.path.realpath(path.parent), path.name)  # noqa: PTH118 - thousands at once


def _why_unreadable(path: Path) -> str | None:
    """What keeps a path that exists from being looked at: a loop of links, a link to nothing, permissions."""
    try:
        path.stat()
    except OSError as error:
        return f"cannot be read: {error.strerror or error}"
    return None


@dataclass(frozen=True)
class _Base:
    """A revision to compare with.

    `changed` are the files that differ from it, `files` those of its records by kind and id, and `stated` the
    kinds and ids that changed records say they have or had.
    """

    changed: frozenset[str]
    files: dict[_Named, Path]
    stated: frozenset[_Named]


_Named = tuple[str, str]
"""The kind of a record and its id."""


def _base(session: Session, revision: str) -> _Base:
    from alscli.store.git import repository
    from alscli.store.versions import changed_since, kind_of

    root = session.collection.root
    found = repository(root)
    commit = found.commit(revision)
    if commit is None:
        raise UsageError(f"--changed-since: no revision {revision!r}", "name a commit, a branch or a tag")
    changed = changed_since(found, root, commit)
    kept = [(version.kind, version.values or {}) for version in changed.values()]
    files = {path: kind for path in sorted(found.blobs(commit, root)) if (kind := kind_of(path)) is not None}
    return _Base(
        frozenset(str(root / path) for path in changed),
        {(kind, Path(path).stem): root / path for path, kind in files.items() if kind != "ledger"},
        frozenset(
            (kind, id_)
            for kind, values in kept
            for id_ in (values.get("id"), *_listed(values.get("former_ids")))
            if isinstance(id_, str)
        ),
    )


def _with_removed(report: Report, base: _Base, collection: Collection, within: list[str] | None) -> Report:
    """The report with what XR004 says of records that are gone, from these folders where some are named."""
    from alscli.check.rules.removal import removed

    there: set[_Named] = set(base.stated)
    explained: set[str] | None = set()
    for entry in collection.entries():
        if entry.kind != "ledger":
            there.add((entry.kind, entry.id))
        elif (document := collection.read(entry).document) is None:
            explained = None
        else:
            excluded = _listed(document.values.get("excluded"))
            explained = {str(item.get("id")) for item in excluded if isinstance(item, dict)}
    names = _told_apart(base.files)
    before = {
        names[named]: path
        for named, path in base.files.items()
        if within is None or any(_place(path).startswith(f"{folder}{os.sep}") for folder in within)
    }
    here = {name for named, name in names.items() if named in there}
    found = [*report.findings, *removed(before, here, explained, collection.root)]
    return replace(report, findings=sorted(found, key=lambda finding: finding.order))


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _told_apart(records: Iterable[_Named]) -> dict[_Named, str]:
    """The ids of records; a product beside a trial of the same id, which may not be, is told from it."""
    records = set(records)
    return {
        (kind, id_): f"{id_} (product)" if kind == "product" and ("trial", id_) in records else id_
        for kind, id_ in records
    }


# -- mending ------------------------------------------------------------------------------------------


def _mending(session: Session, codes: frozenset[str], only: frozenset[str] | None) -> tuple[Mending, Report]:
    """What can be mended of what these rules say of these files, and the report of what they say then."""
    from alscli.check.engine import catalogue, check
    from alscli.check.finding import Severity
    from alscli.check.mending import mend

    collection = session.collection
    grave = frozenset(code for code, rule in catalogue().items() if rule.severity is Severity.ERROR)

    def findings(snapshot: Snapshot) -> Report:
        return check(collection, snapshot, as_of=session.as_of, codes=codes, only=only)

    def errors(snapshot: Snapshot) -> Report:
        return check(collection, snapshot, as_of=session.as_of, codes=grave)

    mending = mend(collection, collection.load(), findings, errors)
    return mending, findings(mending.snapshot)


def _mend(session: Session, mending: Mending) -> str:
    """Write what can be mended, and say of each file what was; what to say of all at the end."""
    from alscli.check.mending import write as write_files
    from alscli.store.collection import shown

    _warn_refused(mending)
    found = files = 0
    for one in write_files(session.collection, mending):
        session.say(f"mended {shown(one.after.entry.path)}: {_counted(one.findings, 'finding')}")
        found, files = found + one.findings, files + 1
    return (
        f"mended {_counted(found, 'finding')} in {_counted(files, 'file')}; " if files else "nothing mended; "
    )


def _show_mending(session: Session, mending: Mending, left: int) -> None:
    """What would change, as a unified diff, and how much that is."""
    from difflib import unified_diff

    from alscli.store.collection import shown
    from alscli.text import plain

    for one in mending.files:
        old, new = (_lines(record) for record in (one.before, one.after))
        path = shown(one.after.entry.path)
        for line in unified_diff(old, new, f"a/{path}", f"b/{path}"):
            text = plain(line.rstrip("\n")) + "\n" if session.on_terminal else line
            write_data(text if text.endswith("\n") else f"{text}\n\\ No newline at end of file\n")
    _warn_refused(mending)
    number = sum(one.findings for one in mending.files)
    files = _counted(len(mending.files), "file")
    session.say(f"would mend {_counted(number, 'finding')} in {files}; {left} would be left; nothing written")


def _warn_refused(mending: Mending) -> None:
    from alscli.store.collection import shown
    from alscli.text import plain

    for record, why in mending.refused:
        print(f"warning: {shown(record.entry.path)} is left as it is: {plain(why)}", file=sys.stderr)


def _lines(record: Record) -> list[str]:
    """The lines of a file with their ends; only a line feed ends one."""
    text = record.document.text if record.document else ""
    return [f"{line}\n" for line in text.split("\n")[:-1]] + [last for last in [text.split("\n")[-1]] if last]


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


# -- rules --------------------------------------------------------------------------------------------


def _statistics(report: Report) -> list[str]:
    from collections import Counter

    from alscli.check.engine import catalogue

    counts = Counter(finding.code for finding in report.findings)
    known = catalogue()
    return [
        f"{number:>6}  {code}  {known[code].severity.value:<7}  {known[code].summary}"
        for code, number in counts.most_common()
    ]


def explain(
    context: typer.Context,
    code: Annotated[
        str | None, typer.Argument(metavar="[CODE]", help="Code of a rule, or of a group.")
    ] = None,
) -> int:
    """Explain a rule, or list them all.

    What it checks and why, with an example and the remedy.

    \b
    Examples:
      alscli explain EN003
      alscli explain
    """
    from alscli.check.engine import catalogue, select
    from alscli.text import paint

    session: Session = context.obj
    color = session.colored(sys.stdout)
    lines: list[str] = []
    if code is None or len(code) < 5:
        chosen = select([code] if code else [], [])
        for name, rule in catalogue().items():
            if name in chosen:
                first, *rest = _within(rule.summary, session, " " * 16)
                head = f"{paint(name, rule.severity.value, color)}  {rule.severity.value:<7}  "
                lines += [head + first.lstrip(), *rest]
    else:
        (name,) = select([code], [])
        rule = catalogue()[name]
        lines += [f"{paint(name, rule.severity.value, color)} ({rule.severity.value})", ""]
        lines += _within(rule.documentation, session)
        lines += [] if rule.waivable else ["", "Cannot be waived."]
    write_lines(lines, session)
    return 0


def _within(text: str, session: Session, indent: str = "") -> list[str]:
    """The lines of a text; on a terminal broken anew where they do not fit."""
    if not session.on_terminal:
        return text.split("\n")
    from alscli.text import wrap

    paragraphs = [""]
    for line in text.split("\n"):
        if line and paragraphs[-1] and not line.startswith(("Example: ", "Remedy: ")):
            paragraphs[-1] += f" {line}"
        else:
            paragraphs.append(line)
    return [line for each in paragraphs[1:] for line in wrap(each, session.columns, indent)]
