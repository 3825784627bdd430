"""Chooses which of an output's formats a client gets (RFC 9110, 12.5.1).

A new format is served to whoever names it: browsers that say `*/*` or `image/*` mean what they have always known.
"""

from collections.abc import Sequence

from common.formats.format_specs import output_formats
from common.model.records import OutputRecord


def negotiate(accept: str, files: Sequence[OutputRecord]) -> OutputRecord:
    """Return the one of an output's files for this Accept field: the best that it names, else the most widely known.

    Files of equal quality are preferred in the recipe's order. Nobody is refused: a client that accepts nothing of what
    there is may still know what to do with it.
    """
    qualities = _qualities(accept)
    named = [each for each in files if qualities.get(each.media_type, 0.0) > 0]
    if named:
        return max(named, key=lambda each: qualities[each.media_type])
    allowed = [each for each in files if qualities.get(each.media_type) != 0.0] or files
    return min(allowed, key=lambda each: _age_rank(each.media_type))


def _age_rank(media_type: str) -> int:
    """Return the rank: the lower, the longer browsers have known it; a format that is no longer made comes last."""
    known = [spec.media_type for spec in output_formats()]
    return known.index(media_type) if media_type in known else len(known)


def _qualities(accept: str) -> dict[str, float]:
    """Return the quality of each media range in the field; what cannot be read is left out."""
    found: dict[str, float] = {}
    for item in accept.split(","):
        media_type, *parameters = (part.strip().lower() for part in item.split(";"))
        given = [text.removeprefix("q=") for text in parameters if text.startswith("q=")]
        quality = _parse_quality(given[0]) if given else 1.0
        if quality is not None:
            found[media_type] = quality
    return found


def _parse_quality(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0.0 <= value <= 1.0 else None
