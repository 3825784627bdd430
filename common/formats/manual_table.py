"""The manual's table of formats, rendered from `common.formats.format_specs`."""

from typing import Final

from common.formats.format_specs import FORMATS, FormatSpec

_HEADINGS: Final = (
    "Format", "Media type", "Extension", "Taken", "Made", "Transparency", "Default quality", "Remarks"
)  # fmt: skip


def render_formats_table() -> str:
    """Return the table in Markdown, a row a format, ending in a line break."""
    rows = [_HEADINGS, tuple("---" for _ in _HEADINGS), *(_cells(spec) for spec in FORMATS)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in rows)


def _cells(spec: FormatSpec) -> tuple[str, ...]:
    return (
        spec.label,
        f"`{spec.media_type}`",
        f"`.{spec.extension}`",
        _use(spec.input, animated=spec.input_animation),
        _use(spec.output, animated=spec.output_animation),
        "yes" if spec.alpha else "no",
        "" if spec.default_quality is None else str(spec.default_quality),
        spec.note,
    )


def _use(used: bool, *, animated: bool) -> str:
    if not used:
        return "no"
    return "still, animated" if animated else "still"
