"""Findings as SARIF 2.1.0 (OASIS), which code hosts and editors read."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from alscli import __version__
from alscli.check.engine import catalogue
from alscli.check.finding import Finding
from alscli.check.report import Report
from alscli.check.rule import Rule
from alscli.store.collection import shown

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_ROOT = "%SRCROOT%"


def render(report: Report) -> str:
    """The report as one SARIF log with one run; every rule of the catalogue is described in it."""
    rules = catalogue()
    places = {code: place for place, code in enumerate(rules)}
    run = {
        "tool": {
            "driver": {
                "name": "alscli",
                "version": __version__,
                "rules": [_rule(rule) for rule in rules.values()],
            }
        },
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The working directory of the run."}}},
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding, places[finding.code]) for finding in report.findings],
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, ensure_ascii=False, indent=2)


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.code,
        "name": "".join(word.capitalize() for word in rule.name.split("_")),
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": rule.documentation},
        "help": {"text": rule.documentation},
        "defaultConfiguration": {"level": rule.severity.value},
    }


def _result(finding: Finding, place: int) -> dict[str, Any]:
    location: dict[str, Any] = {
        "physicalLocation": {"artifactLocation": _artifact(finding), "region": _region(finding)}
    }
    if finding.field:
        location["logicalLocations"] = [{"fullyQualifiedName": f"{finding.record}.{finding.field}"}]
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": place,
        "level": finding.severity.value,
        "message": {"text": finding.message},
        "locations": [location],
        "partialFingerprints": {"finding/v1": _fingerprint(finding)},
    }
    if finding.replacement is not None:
        change = {
            "artifactLocation": _artifact(finding),
            "replacements": [
                {"deletedRegion": _region(finding), "insertedContent": {"text": finding.replacement}}
            ],
        }
        result["fixes"] = [
            {"description": {"text": f"Write {finding.replacement}."}, "artifactChanges": [change]}
        ]
    return result


def _artifact(finding: Finding) -> dict[str, str]:
    path = PurePath(os.path.relpath(finding.path)).as_posix()
    return {"uri": quote(path.encode("utf-8", "surrogateescape"), safe="/~"), "uriBaseId": _ROOT}


def _region(finding: Finding) -> dict[str, int]:
    return {
        "startLine": finding.line,
        "startColumn": finding.column,
        "endLine": finding.end_line,
        "endColumn": finding.end_column,
    }


def _fingerprint(finding: Finding) -> str:
    """What stays the same when lines above the finding come and go."""
    cause = "\0".join((finding.code, shown(finding.path), finding.field or "", finding.message))
    return hashlib.sha256(cause.encode("utf-8", "surrogatepass")).hexdigest()[:32]
