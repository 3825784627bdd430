"""What the pixels of a picture say: colors, placeholder, hash and tags, from a sample of 100 pixels a side."""

from PIL import Image

from common.model.reports import ImageReport, SourceReport
from services.worker.analysis.classification import tags
from services.worker.analysis.palette import average, palette
from services.worker.analysis.phash import phash
from services.worker.analysis.thumbhash import thumbhash

_SIDE = 100  # pixels: a sample larger than that says nothing more, and costs milliseconds


def analyze_image(image: Image.Image, source: SourceReport, *, moves: bool) -> ImageReport:
    """The report on a picture in RGB or RGBA; `moves` if it is an animation."""
    sample = image.reduce(max(1, -(-max(image.size) // _SIDE)))
    return ImageReport(
        average_color=average(sample),
        palette=palette(sample),
        thumbhash=thumbhash(sample, (source.width, source.height)),
        phash=phash(sample),
        tags=tags(image, sample, (source.width, source.height), moves=moves),
    )
