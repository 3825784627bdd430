"""The audit of dependencies: a finding fails, and what was not asked is never called clean."""

from typing import Any

from scripts.audit import judge

CLEAN: dict[str, Any] = {"name": "one", "version": "1.0", "vulns": []}
UNKNOWN: dict[str, Any] = {"name": "two", "skip_reason": "not found"}
VULNERABLE: dict[str, Any] = {
    "name": "three",
    "version": "3.0",
    "vulns": [{"id": "CVE-2026-0001", "fix_versions": ["3.1"]}],
}


def test_a_finding_fails_and_says_what_fixes_it() -> None:
    code, told = judge([CLEAN, VULNERABLE])

    assert code == 1
    assert "three 3.0: CVE-2026-0001, fixed in 3.1" in told


def test_nothing_asked_is_not_clean() -> None:
    assert judge([UNKNOWN]) == (0, "NOT AUDITED, no advisory service answered")


def test_what_is_unknown_is_named() -> None:
    assert judge([CLEAN, UNKNOWN]) == (0, "none known, but NOT AUDITED: two")


def test_all_asked_and_clean() -> None:
    assert judge([CLEAN]) == (0, "none known in 1 packages")
