"""`validate` and `explain`."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from alscli.cli.session import Session, write, write_data
from alscli.errors import UsageError

FORMATS = ("text", "json")


def validate(
    context: typer.Context,
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PATHS]...", help="Files, folders or ids; everything where none is given."),
    ] = None,
    format: Annotated[str, typer.Option(metavar="FORMAT", help="text or json.")] = "text",  # noqa: A002
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
    statistics: Annotated[bool, typer.Option("--statistics", help="Only how often each rule spoke.")] = False,
) -> int:
    """Check records against every rule.

    Every problem of every file in one run, each with its place and its remedy. Exit status 1 where a finding
    is an error (or what --fail-on says).
    """
    from alscli.check.engine import check
    from alscli.check.engine import select as select_codes
    from alscli.check.finding import Severity
    from alscli.check.reporters import json as json_reporter
    from alscli.check.reporters import text as text_reporter

    session: Session = context.obj
    started = time.perf_counter()
    if format not in FORMATS:
        raise UsageError(f"--format: {format!r} is not known", f"there are: {', '.join(FORMATS)}")
    if fail_on not in [severity.value for severity in Severity]:
        raise UsageError(f"--fail-on: {fail_on!r} is no severity", "there are: error, warning, note")
    codes = select_codes(_split(select), _split(ignore))
    collection = session.collection
    snapshot = collection.load()
    only = _chosen(paths or [], snapshot.records) if paths else None
    report = check(collection, snapshot, as_of=session.as_of, codes=codes, only=only)
    if statistics:
        for line in _statistics(report):
            write(line)
    elif format == "json":
        write_data(json_reporter.render(report))
    else:
        for line in text_reporter.render(report, color=session.colored(sys.stdout)):
            write(line)
    session.say(text_reporter.summary(report, time.perf_counter() - started))
    return 1 if report.fails(Severity(fail_on)) else 0


def _split(values: list[str] | None) -> list[str]:
    return [code.strip() for value in values or [] for code in value.split(",") if code.strip()]


def _chosen(names: list[str], records: object) -> frozenset[str]:
    """The paths of the records that files, folders or ids name; raises UsageError for what names nothing."""
    from collections.abc import Sequence
    from typing import cast

    from alscli.store.collection import LEDGER, Record, resolve, shown

    known = cast("Sequence[Record]", records)
    chosen: set[str] = set()
    for name in names:
        path = Path(name)
        if not path.exists():
            if path.suffix == ".toml" or "/" in name:
                raise UsageError(f"{name} does not exist", "name a file, a folder or an id of the collection")
            if name == Path(LEDGER).stem:
                chosen |= {str(r.entry.path) for r in known if r.entry.kind == "ledger"}
            else:
                chosen.add(str(resolve(name, known, beginning=True).entry.path))
            continue
        inside = {str(r.entry.path) for r in known if r.entry.path.resolve().is_relative_to(path.resolve())}
        if not inside:
            raise UsageError(
                f"{shown(path)} holds no record of this collection", "records lie in trials/ and products/"
            )
        chosen |= inside
    return frozenset(chosen)


def _statistics(report: object) -> list[str]:
    from collections import Counter
    from typing import cast

    from alscli.check.engine import Report, catalogue

    counts = Counter(finding.code for finding in cast("Report", report).findings)
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
    """
    from alscli.check.engine import catalogue, select
    from alscli.text import paint

    session: Session = context.obj
    color = session.colored(sys.stdout)
    if code is None or len(code) < 5:
        chosen = select([code] if code else [], [])
        for name, rule in catalogue().items():
            if name in chosen:
                write(f"{paint(name, rule.severity.value, color)}  {rule.severity.value:<7}  {rule.summary}")
        return 0
    (name,) = select([code], [])
    rule = catalogue()[name]
    write(f"{paint(name, rule.severity.value, color)} ({rule.severity.value})")
    write("")
    write(rule.documentation)
    if not rule.waivable:
        write("")
        write("Cannot be waived.")
    return 0
