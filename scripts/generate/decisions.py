"""Makes the list of decisions in docs/adr/index.md from the files beside it."""

import re
from pathlib import Path
from typing import Final

from scripts.generate.artifacts import ROOT, Artifact, markdown_table, page_with

FOLDER: Final = ROOT / "docs/adr"
_TITLE: Final = re.compile(r"^# (?P<number>\d+)\. (?P<title>.+)$", re.MULTILINE)
_DATE: Final = re.compile(r"^Date: (?P<date>\d{4}-\d{2}-\d{2})$", re.MULTILINE)


def decision_artifacts() -> tuple[Artifact, ...]:
    """Return the page that lists the decisions."""
    rows = [_row(path) for path in decisions()]
    table = markdown_table(("number", "decision", "date"), rows)
    return (page_with(FOLDER / "index.md", {"decisions": table}),)


def decisions() -> list[Path]:
    """Return the files of the decisions by number."""
    return sorted(FOLDER.glob("[0-9]*.md"))


def _row(path: Path) -> tuple[str, str, str]:
    """Return number, linked title and date. Raises ValueError when the file has not the shape of a decision."""
    text = path.read_text()
    title, date = _TITLE.search(text), _DATE.search(text)
    if title is None or date is None or int(title["number"]) != int(path.name.split("-")[0]):
        raise ValueError(
            f"{path.name} must begin with `# NUMBER. TITLE`, with the number of its name, and `Date: YYYY-MM-DD`"
        )
    return title["number"], f"[{title['title']}]({path.name})", date["date"]
