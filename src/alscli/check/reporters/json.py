"""Findings as JSON, in a versioned envelope that scripts may rely on."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from alscli.check.finding import Finding, Severity
from alscli.check.report import Report
from alscli.store.collection import relative

SCHEMA = "alscli/findings/1"


def render(report: Report) -> str:
    """The report as one JSON object."""
    envelope = {
        "schema": SCHEMA,
        "as_of": report.as_of.isoformat(),
        "checked": report.checked,
        "findings": [entry(finding) for finding in report.findings],
        "summary": {severity.value: report.count(severity) for severity in Severity},
    }
    return json.dumps(envelope, ensure_ascii=False, indent=2, default=plain_value)


def entry(finding: Finding) -> dict[str, Any]:
    """One finding; a key without a value is left out."""
    found: dict[str, Any] = {
        "code": finding.code,
        "severity": finding.severity.value,
        "path": relative(finding.path),
        "record": finding.record,
        "field": finding.field,
        "line": finding.line,
        "column": finding.column,
        "end_line": finding.end_line,
        "end_column": finding.end_column,
        "message": finding.message,
        "value": finding.value,
        "suggestions": list(finding.suggestions),
    }
    if finding.replacement is not None:
        found["fix"] = {"replacement": finding.replacement}
    return found


def plain_value(value: object) -> object:
    """What JSON knows no word for: a Decimal as a number, a date as text."""
    if isinstance(value, Decimal):
        return float(value) if value.is_finite() else str(value)
    return str(value)
