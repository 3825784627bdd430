"""A generated file, or the generated part of a page, and how to tell that it is stale."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]


@dataclass(frozen=True)
class Artifact:
    """A file with the whole text that it should have."""

    path: Path
    content: str


def stale(artifacts: Iterable[Artifact]) -> list[Artifact]:
    """Return the artifacts whose files are missing or differ."""
    return [each for each in artifacts if not each.path.exists() or each.path.read_text() != each.content]


def page_with(path: Path, sections: dict[str, str]) -> Artifact:
    """Return a page with its generated sections replaced.

    Each section stands between `<!-- generated: NAME -->` and `<!-- end of NAME -->`. Raises ValueError when the
    page has no such lines.
    """
    text = path.read_text()
    for name, body in sections.items():
        begin, end = f"<!-- generated: {name} -->\n", f"<!-- end of {name} -->"
        head, found, rest = text.partition(begin)
        _, closed, tail = rest.partition(end)
        if not found or not closed:
            raise ValueError(f"{path.relative_to(ROOT)} has no section {begin.strip()}")
        text = f"{head}{begin}\n{body}\n{end}{tail}"
    return Artifact(path, text)


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown; a cell must hold neither a line break nor a bar."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
