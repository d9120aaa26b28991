"""Findings as workflow commands, which GitHub shows beside the lines of a pull request.

The syntax and its escapes are those of GitHub's documentation, "Workflow commands for GitHub Actions".
"""

from __future__ import annotations

from collections.abc import Iterator

from alscli.check.finding import Finding, Severity
from alscli.check.report import Report
from alscli.store.collection import relative
from alscli.text import plain

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def render(report: Report) -> Iterator[str]:
    """A command a finding."""
    for finding in report.findings:
        properties = ",".join(f"{name}={_property(value)}" for name, value in _properties(finding).items())
        yield f"::{_COMMANDS[finding.severity]} {properties}::{_data(finding.message)}"


def _properties(finding: Finding) -> dict[str, str]:
    """Where the finding is. Columns hold within one line only; GitHub refuses them otherwise."""
    place = {"file": relative(finding.path), "line": finding.line, "endLine": finding.end_line}
    if finding.line == finding.end_line:
        place |= {"col": finding.column, "endColumn": finding.end_column}
    return {name: str(value) for name, value in (place | {"title": finding.code}).items()}


def _data(text: str) -> str:
    return plain(text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A"))


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
