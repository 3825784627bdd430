"""Looks up the pinned dependencies among known vulnerabilities, and fails when one is found.

Without a network, or with an index that only serves packages, a dependency cannot be looked up. It is then named as not
audited and never counted as clean; the exit code is 0, since a check must also run offline.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[1]
REQUIREMENTS: Final = ("requirements.txt", "requirements-local.txt")
_SECONDS: Final = 120


def main() -> int:
    """Audit what a user installs, and return the exit code."""
    return max(_audit(name) for name in REQUIREMENTS)


def _audit(name: str) -> int:
    try:
        found = _run_pip_audit(ROOT / name)
    except (subprocess.TimeoutExpired, json.JSONDecodeError):
        print(f"{name}: NOT AUDITED, no advisory service answered")
        return 0
    code, told = judge(found)
    print(f"{name}: {told}")
    return code


def _run_pip_audit(path: Path) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "pip_audit", "-r", str(path), "--require-hashes", "--disable-pip"]
    options = ["--format", "json", "--progress-spinner", "off", "--timeout", "10"]
    asked = subprocess.run(
        [*command, *options], capture_output=True, text=True, timeout=_SECONDS, check=False
    )
    found: list[dict[str, Any]] = json.loads(asked.stdout)["dependencies"]
    return found


def judge(dependencies: Sequence[dict[str, Any]]) -> tuple[int, str]:
    """Return the exit code and a sentence for pip-audit's findings."""
    unknown = [each["name"] for each in dependencies if "skip_reason" in each]
    lines = [
        f"{each['name']} {each['version']}: {vulnerability['id']}, fixed in "
        f"{', '.join(vulnerability['fix_versions']) or 'no release yet'}"
        for each in dependencies
        for vulnerability in each.get("vulns", ())
    ]
    if lines:
        return 1, "\n  ".join([f"{len(lines)} known vulnerabilities", *lines])
    if len(unknown) == len(dependencies):
        return 0, "NOT AUDITED, no advisory service answered"
    if unknown:
        return 0, f"none known, but NOT AUDITED: {', '.join(unknown)}"
    return 0, f"none known in {len(dependencies)} packages"


if __name__ == "__main__":
    raise SystemExit(main())
