"""Findings as JUnit XML, which most systems of continuous integration show: a record is a test case.

There is no standard. This keeps to what the schema of Jenkins' xUnit plugin (junit-10.xsd) admits.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from html import escape

from alscli.check.finding import Finding, Severity
from alscli.check.report import Report
from alscli.store.collection import relative, shown
from alscli.text import plain

_FORBIDDEN = re.compile("[\ufffe\uffff]")  # in XML 1.0, beside the controls that `plain` spells out


def render(report: Report, fail_on: Severity) -> Iterator[str]:
    """The lines of the document.

    Findings at or above `fail_on` are a record's failure: one element for all of them, because readers
    look at the first only. The others are its output.
    """
    cases: dict[str, list[Finding]] = {relative(path): [] for path in report.files}
    for finding in report.findings:
        cases.setdefault(relative(finding.path), []).append(finding)
    failed = sum(any(_fails(finding, fail_on) for finding in findings) for findings in cases.values())
    totals = f'tests="{len(cases)}" failures="{failed}" errors="0"'
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield f'<testsuites name="alscli validate" {totals}>'
    yield f'  <testsuite name="alscli validate" {totals} skipped="0">'
    for path, findings in sorted(cases.items()):
        yield from _case(path, findings, fail_on)
    yield "  </testsuite>"
    yield "</testsuites>"


def _case(path: str, findings: list[Finding], fail_on: Severity) -> Iterator[str]:
    folder, _, name = path.rpartition("/")
    opening = f"<testcase classname={_attribute(folder or '.')} name={_attribute(name)}"
    if not findings:
        yield f"    {opening}/>"
        return
    yield f"    {opening}>"
    parts: dict[bool, list[Finding]] = defaultdict(list)
    for finding in findings:
        parts[_fails(finding, fail_on)].append(finding)
    if failures := parts[True]:
        first = failures[0]
        more = f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
        attributes = f"message={_attribute(first.message + more)} type={_attribute(first.code)}"
        yield f"      <failure {attributes}>{_text(failures)}</failure>"
    if others := parts[False]:
        yield f"      <system-out>{_text(others)}</system-out>"
    yield "    </testcase>"


def _fails(finding: Finding, fail_on: Severity) -> bool:
    return finding.severity.rank <= fail_on.rank


def _text(findings: list[Finding]) -> str:
    return "\n".join(
        _escaped(f"{shown(f.path)}:{f.line}:{f.column}: {f.code} {f.severity.value} {f.message}")
        for f in findings
    )


def _attribute(text: str) -> str:
    """In quotes. A bare line end in an attribute would be read as a blank."""
    return '"' + _escaped(text).replace("\n", "&#10;") + '"'


def _escaped(text: str) -> str:
    return escape(_FORBIDDEN.sub("\ufffd", plain(text)))
