"""Analyzes the pixels of an image: colors, placeholder, hash and tags, from one sample of it."""

from PIL import Image

from common.model.reports import ImageReport, SourceReport
from services.worker.analysis.classification import find_tags
from services.worker.analysis.palette import average_color, find_palette
from services.worker.analysis.phash import phash
from services.worker.analysis.sample import make_sample
from services.worker.analysis.thumbhash import thumbhash
from services.worker.imaging.geometry import Box


def analyze_image(image: Image.Image, frame: Box, source: SourceReport, *, animated: bool) -> ImageReport:
    """Return the report on the image that lies in the `frame` of a decoded one, in RGB or RGBA.

    It is the same whatever the image was decoded for, as long as that was at `sample_scale` or larger.
    """
    size = (source.width, source.height)
    sample = make_sample(image, frame, size)
    return ImageReport(
        average_color=average_color(sample),
        palette=find_palette(sample),
        thumbhash=thumbhash(sample, size),
        phash=phash(sample),
        tags=find_tags(sample, size, animated=animated),
    )
