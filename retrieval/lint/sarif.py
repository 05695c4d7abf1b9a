"""Findings as SARIF, which editors and code hosts show beside the lines.

Static Analysis Results Interchange Format Version 2.1.0, OASIS Standard, 27 March 2020: sections 3.13 (the log), 3.14
(a run), 3.19 and 3.49 (the tool and its rules), 3.27 (results), 3.28 and 3.29 (locations).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from retrieval.lint.finding import Finding, Place, Rule
from retrieval.lint.rules import RULES

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def as_sarif(findings: Sequence[Finding], *, version: str, root: Path) -> dict[str, Any]:
    """Return a log with one run of kefu ``version``; files below ``root`` are named from there on."""
    rules = list(RULES.values())
    places = {rule.code: number for number, rule in enumerate(rules)}
    driver = {"name": "kefu lint", "semanticVersion": version, "rules": list(map(_rule, rules))}
    results = [_result(finding, places[finding.code], root) for finding in findings]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": rule.about},
        "defaultConfiguration": {"level": rule.severity.value},
    }


def _result(finding: Finding, rule: int, root: Path) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": rule,
        "level": RULES[finding.code].severity.value,
        "message": {"text": finding.message},
        "locations": [_location(finding.place, root)],
        "partialFingerprints": {"kefuEntry/v1": _fingerprint(finding)},
    }
    if finding.other:
        result["relatedLocations"] = [_location(finding.other, root) | {"message": {"text": "the other entry"}}]
    return result


def _location(place: Place, root: Path) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": {"uri": _uri(place.file, root)}}
    if place.line:
        physical["region"] = {"startLine": place.line}
    location: dict[str, Any] = {"physicalLocation": physical}
    if place.id:
        location["logicalLocations"] = [{"name": place.id, "kind": "entry"}]
    return location


def _uri(file: str, root: Path) -> str:
    """Return a relative reference from ``root`` where the file is below it, otherwise an absolute address."""
    path = Path(file).absolute()
    below = path.is_relative_to(root.absolute())
    return quote(path.relative_to(root.absolute()).as_posix()) if below else path.as_uri()


def _fingerprint(finding: Finding) -> str:
    """Return what stays the same when lines are added above: the entries concerned, by their ids."""
    places = [finding.place, *([finding.other] if finding.other else [])]
    named = [part for place in places for part in (place.id or place.file, place.language)]
    return hashlib.sha256("\0".join([finding.code, *named]).encode()).hexdigest()[:16]
