"""Makes the tables of docs/http.md from the API's own: its routes and its problem codes."""

from typing import Final

from scripts.generate.artifacts import ROOT, Artifact, markdown_table, page_with
from services.api.auth.authentication import Access
from services.api.http import problem_codes
from services.api.routes import ROUTES

_WHO: Final = {
    Access.ANYONE: "anyone",
    Access.KEY: "an API key",
    Access.KEY_OR_SIGNED_URL: "an API key or a signed URL",
}


def http_artifacts() -> tuple[Artifact, ...]:
    """Return the page of the HTTP interface, with its tables of requests and of problem codes."""
    sections = {"requests": _requests(), "problem codes": problem_codes.markdown_table()}
    return (page_with(ROOT / "docs/http.md", sections),)


def _requests() -> str:
    rows = ((f"`{route.method} {route.path}`", _WHO[route.access], route.summary) for route in ROUTES)
    return markdown_table(("request", "who may, where keys are configured", "what"), rows)
