"""Findings for people: place, code, message, the line with a mark under the fault, a hint."""

from __future__ import annotations

from collections.abc import Iterator

from alscli.check.finding import Finding, Severity
from alscli.check.report import Report
from alscli.store.collection import shown
from alscli.text import one_line, paint, plain, width

_LONGEST = 120
_FEW = 20
"""Notes that are shown with their lines."""


def render(report: Report, *, color: bool) -> Iterator[str]:
    """The lines of a report without its summary.

    What weighs most stands last, where people look; notes are a line each where there are many.
    """
    framed = report.count(Severity.NOTE) <= _FEW
    path, file = None, ""
    for finding in sorted(report.findings, key=lambda finding: -finding.severity.rank):
        if finding.path is not path:
            path, file = finding.path, shown(finding.path)
        yield _head(finding, file, color=color)
        if framed or finding.severity is not Severity.NOTE:
            yield from _frame(finding, color=color)
            hint = f"{plain(finding.help)}; " if finding.help else ""
            yield f"{' ' * len(str(finding.line))} = help: {hint}alscli explain {finding.code}"
            yield ""


def _head(finding: Finding, file: str, *, color: bool) -> str:
    place = f"{file}:{finding.line}:{finding.column}:"
    code = paint(f"{finding.code} {finding.severity}", finding.severity, color)
    return f"{paint(place, 'heading', color)} {code} {plain(finding.message)}"


def _frame(finding: Finding, *, color: bool) -> Iterator[str]:
    """The line of the fault, cut around it where it is long, with a mark under it."""
    if not finding.source:
        return
    margin = " " * len(str(finding.line))
    start = finding.column - 1
    end = finding.end_column - 1 if finding.end_line == finding.line else len(finding.source)
    offset = max(0, start - _LONGEST // 2) if len(finding.source) > _LONGEST else 0
    line = finding.source[offset : offset + _LONGEST]
    before = one_line(finding.source[offset:start])
    marked = one_line(finding.source[start : min(end, offset + _LONGEST)])
    mark = "^" * max(width(marked), 1)
    yield f"{margin} |"
    yield f"{finding.line} | {one_line(line)}"
    yield f"{margin} | {' ' * width(before)}{paint(mark, finding.severity, color)}"


def summary(report: Report, seconds: float | None = None) -> str:
    """`1 error, 2 warnings in 71 records (0.21 s)`."""
    counts = [
        f"{number} {severity.value}{'s' if number != 1 else ''}"
        for severity in Severity
        if (number := report.count(severity))
    ]
    records = f"{report.checked} record{'s' if report.checked != 1 else ''}"
    took = f" ({seconds:.2f} s)" if seconds is not None else ""
    return f"{', '.join(counts) or 'nothing found'} in {records}{took}"
