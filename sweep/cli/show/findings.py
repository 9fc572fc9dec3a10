"""Prints what `doctor` has found: lines for people, and JSON with the same content."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from recipe_sweep.sweep.cli.show.json_text import json_text
from recipe_sweep.sweep.cli.streams import tell
from recipe_sweep.sweep.monitoring.doctor import Finding, Severity
from recipe_sweep.sweep.planning.opening import Target


def print_findings(findings: Sequence[Finding]) -> None:
    """Print each finding with its remedy, and say so if there is no problem."""
    for finding in findings:
        tell(f"{finding.severity}: {finding.text}" + (f"\n  {finding.remedy}" if finding.remedy else ""))
    if not any(finding.severity is Severity.PROBLEM for finding in findings):
        tell("no problem found")


def start_json(cluster: Path, grid: str | None, findings: Sequence[Finding]) -> str:
    """Write whether a launch can start, as JSON. `grid` is None if only machines were looked at."""
    sound = all(finding.severity is not Severity.PROBLEM for finding in findings)
    content = {"cluster": str(cluster), "grid": grid, "sound": sound, "findings": [vars(finding) for finding in findings]}
    return json_text(content)


def findings_json(target: Target, findings: Sequence[Finding]) -> str:
    """Write the findings as JSON."""
    content = {
        "name": target.grid.name,
        "directory": str(target.paths.root),
        "sound": all(finding.severity is not Severity.PROBLEM for finding in findings),
        "findings": [vars(finding) for finding in findings],
    }
    return json_text(content)
