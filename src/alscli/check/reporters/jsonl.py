"""Findings as JSON Lines: one finding a line, in the words of the `json` format."""

from __future__ import annotations

import json
from collections.abc import Iterator

from alscli.check.report import Report
from alscli.check.reporters.json import entry, plain_value


def render(report: Report) -> Iterator[str]:
    """A line a finding; no line where nothing is found."""
    for finding in report.findings:
        yield json.dumps(entry(finding), ensure_ascii=False, default=plain_value)
