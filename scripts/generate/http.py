"""Makes the list of problem codes in docs/http.md from the table that the API raises them by."""

from scripts.generate.artifacts import ROOT, Artifact, page_with
from services.api.http.problem_codes import markdown_table


def http_artifacts() -> tuple[Artifact, ...]:
    """Return the page of the HTTP interface."""
    return (page_with(ROOT / "docs/http.md", {"problem codes": markdown_table()}),)
