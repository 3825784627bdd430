"""What the pixels of a picture say: colours, placeholder, hash and tags, from a sample of 100 pixels a side."""

from PIL import Image

from common.reports import PictureReport, SourceReport
from services.worker.report.colours import average, palette
from services.worker.report.phash import phash
from services.worker.report.tags import tags
from services.worker.report.thumbhash import thumbhash

_SIDE = 100  # pixels: a sample larger than that says nothing more, and costs milliseconds


def picture_report(image: Image.Image, source: SourceReport, *, moves: bool) -> PictureReport:
    """The report on a picture in RGB or RGBA; `moves` if it is an animation."""
    sample = image.reduce(max(1, -(-max(image.size) // _SIDE)))
    return PictureReport(
        average_colour=average(sample),
        palette=palette(sample),
        thumbhash=thumbhash(sample, (source.width, source.height)),
        phash=phash(sample),
        tags=tags(image, sample, (source.width, source.height), moves=moves),
    )
