"""The report of one run over a collection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from alscli.check.finding import Finding, Severity


@dataclass(frozen=True)
class Report:
    """The findings of one run, in order, over `files`."""

    findings: list[Finding]
    files: Sequence[str]
    as_of: date

    @property
    def checked(self) -> int:
        """How many files were checked."""
        return len(self.files)

    def count(self, severity: Severity) -> int:
        """How many findings are of this severity."""
        return sum(finding.severity is severity for finding in self.findings)

    def fails(self, fail_on: Severity) -> bool:
        """Whether a finding is of this severity or a greater one."""
        return any(finding.severity.rank <= fail_on.rank for finding in self.findings)
