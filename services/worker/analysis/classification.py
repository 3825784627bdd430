"""Tags an image by its shape and its pixels, by the rules in docs/recipes.md."""

from collections.abc import Iterator, Sequence

from PIL import Image, ImageChops

from services.worker.imaging.geometry import Size

_PANORAMA = 2.0  # the longer side, at least so many times the shorter
_SQUARE = 1.01  # at most
_DARK, _BRIGHT = 64, 192  # mean lightness (luma), 0 to 255
_GRAY = 12  # the largest difference of channels, 0 to 255, that is still no color
_NEARLY_ALL = 0.99
_COLORFUL = 80  # mean difference of channels
_PROBE = 32  # pixels a side
_FLAT_COLORS = 16
_DRAWING, _PHOTOGRAPH = 0.75, 0.25  # the share of the image that its most frequent colors take
_DRAWING_SAMPLE = 0.5  # the same of a sample, in which the edges of letters and lines are blurred


def find_tags(sample: Image.Image, size: Size, *, animated: bool) -> tuple[str, ...]:
    """Return the tags of an image of that full size."""
    found = [*_shape(size), *_light(sample), *_kind(sample)]
    if sample.mode == "RGBA":  # images are decoded without an alpha that hides nothing
        found.append("transparent")
    if animated:
        found.append("animated")
    return tuple(found)


def is_drawing(image: Image.Image) -> bool:
    """Return whether flat colors make up most of an image whose pixels are not averaged."""
    return _measure_flatness(image) >= _DRAWING


def is_photograph(image: Image.Image) -> bool:
    """Return whether hardly anything in the image is of a flat color."""
    return _measure_flatness(image) <= _PHOTOGRAPH


def _measure_flatness(image: Image.Image) -> float:
    """Return the share, 0 to 1, that the 16 most frequent colors take: drawings have few, photographs many."""
    size = (min(_PROBE, image.width), min(_PROBE, image.height))
    probe = image.resize(size, Image.Resampling.NEAREST)  # averaging would mix new colors
    counts = sorted((count for count, _ in probe.getcolors(_PROBE * _PROBE) or ()), reverse=True)
    return sum(counts[:_FLAT_COLORS]) / (probe.width * probe.height)


def _shape(size: Size) -> Iterator[str]:
    width, height = size
    ratio = max(size) / min(size)
    if ratio <= _SQUARE:
        yield "square"
    else:
        yield "landscape" if width > height else "portrait"
    if ratio >= _PANORAMA:
        yield "panorama"


def _light(sample: Image.Image) -> Iterator[str]:
    mask = sample.getchannel("A") if sample.mode == "RGBA" else None
    colors = sample if mask is None else sample.convert("RGB")
    lightness = _mean(colors.convert("L").histogram(mask))
    if lightness < _DARK:
        yield "dark"
    if lightness > _BRIGHT:
        yield "bright"
    difference = _spread(colors).histogram(mask)
    if sum(difference[: _GRAY + 1]) >= _NEARLY_ALL * sum(difference):
        yield "monochrome"
    if _mean(difference) >= _COLORFUL:
        yield "colorful"


def _kind(sample: Image.Image) -> Iterator[str]:
    share = _measure_flatness(sample)
    if share >= _DRAWING_SAMPLE:
        yield "drawing"
    elif share <= _PHOTOGRAPH:
        yield "photograph"


def _spread(colors: Image.Image) -> Image.Image:
    """Return for each pixel the largest channel less the smallest."""
    red, green, blue = colors.split()
    high = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    low = ImageChops.darker(ImageChops.darker(red, green), blue)
    return ImageChops.subtract(high, low)


def _mean(histogram: Sequence[int]) -> float:
    count = sum(histogram)
    return sum(value * number for value, number in enumerate(histogram)) / count if count else 0.0
