"""Makes an output's files: rendered once, still or moving, then encoded in each of its formats."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from PIL import Image

from common.errors import InvalidRecipeError
from common.formats.format_specs import Format, find_format
from common.inspection.limits import ImageLimits
from common.model.reports import OutputReport
from common.recipes.recipe import Output
from services.worker.analysis.classification import is_drawing
from services.worker.decoding.errors import translate_render_errors
from services.worker.decoding.source_image import DecodedFrame
from services.worker.encoding.encoders import EncodeOptions, encode
from services.worker.encoding.frames import Frame, FrameSequence
from services.worker.encoding.quality_search import find_quality_for_size
from services.worker.operations import Operations
from services.worker.pipeline.source_decoder import DecodedSource
from services.worker.pipeline.transform import TransformedImage, transform_frame


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputFile:
    """One finished file; `path` is its place beneath the image's URL, `report` says how it was made."""

    name: str
    filename: str
    path: str
    media_type: str
    width: int
    height: int
    data: bytes
    report: OutputReport


class OutputRenderer:
    """Makes outputs of an original; `check` is called between steps and may raise."""

    def __init__(
        self, original: DecodedSource, operations: Operations, limits: ImageLimits, check: Callable[[], None]
    ) -> None:
        self._original = original
        self._operations = operations
        self._limits = limits
        self._check = check

    def make(self, output: Output) -> Iterator[OutputFile]:
        """The output's files, one a format; the first is charged with the operations they share."""
        began = time.perf_counter()
        keep_profile = "icc" in output.keep
        with translate_render_errors(output.name):
            decoded = self._original.still(keep_profile=keep_profile)
            made = transform_frame(output.operations, decoded, self._operations, self._check)
            image, reel = made.image, self._reel(output, decoded, made)
        manner = EncodeOptions(
            lossless=output.lossless,
            credits=self._original.credits if "copyright" in output.keep else None,
            profile=decoded.profile,
        )
        for asked in output.formats:
            kind = (
                choose_format(image, moves=reel is not None, lossless=output.lossless)
                if asked == "auto"
                else asked
            )
            yield self._encoded(output, kind, (image, reel), manner, began)
            self._check()
            began = time.perf_counter()

    def _reel(self, output: Output, first: DecodedFrame, made: TransformedImage) -> FrameSequence | None:
        """The output's frames, if it is to move and one of its formats can."""
        count = self._original.count
        if count == 1 or not output.animated or not any(_is_animated(kind) for kind in output.formats):
            return None
        pixels, most = made.image.width * made.image.height * count, self._limits.max_total_pixels
        if pixels > most:
            raise InvalidRecipeError(
                f"the output {output.name} would have {pixels} pixels in all its frames, more than {most}"
            )

        def shots() -> Iterator[Frame]:
            for decoded in self._original.moving(keep_profile="icc" in output.keep):
                frame = made.image if decoded is first else self._frame(output, decoded, made)
                yield Frame(frame, decoded.duration)

        return FrameSequence(shots, count=count, plays=self._original.plays)

    def _frame(self, output: Output, decoded: DecodedFrame, made: TransformedImage) -> Image.Image:
        """A later frame, done to as the first was."""
        with translate_render_errors(output.name):
            return transform_frame(made.operations, decoded, self._operations, self._check).image

    def _encoded(
        self,
        output: Output,
        kind: Format,
        picture: tuple[Image.Image, FrameSequence | None],
        manner: EncodeOptions,
        began: float,
    ) -> OutputFile:
        spec, (image, reel) = find_format(kind), picture
        moving = reel if spec.output_animation else None

        def make(quality: int) -> bytes:
            self._check()
            return encode(image if moving is None else moving, kind, replace(manner, quality=quality))

        quality = None if output.lossless and spec.lossless_option else spec.default_quality
        with translate_render_errors(output.name):
            data, reached = _made(make, quality and (output.quality or quality), output, kind)
        filename = f"{output.name}.{spec.extension}"
        return OutputFile(
            name=output.name,
            filename=filename,
            path=output.name if isinstance(output.format, str) else filename,
            media_type=spec.media_type,
            width=image.width,
            height=image.height,
            data=data,
            report=OutputReport(
                format=kind,
                quality=reached,
                frames=1 if moving is None else moving.count,
                bytes_saved=self._original.source.bytes - len(data),
                duration_ms=round((time.perf_counter() - began) * 1000, 1),
                warnings=self._operations.warn(output.operations),
            ),
        )


def choose_format(image: Image.Image, *, moves: bool, lossless: bool = False) -> Format:
    """The format that suits a finished picture: `auto`."""
    if moves:
        return "webp"
    if is_drawing(image):
        return "png"
    return "webp" if lossless or image.mode == "RGBA" else "jpeg"


def _is_animated(kind: Format | Literal["auto"]) -> bool:
    return kind == "auto" or find_format(kind).output_animation


def _made(
    make: Callable[[int], bytes], quality: int | None, output: Output, kind: Format
) -> tuple[bytes, int | None]:
    """The file, and its quality if the format has one: the best that `max_bytes` allows."""
    if quality is None or output.max_bytes is None:
        data, reached = make(quality or 0), quality
    else:
        data, reached = find_quality_for_size(make, quality, output.max_bytes)
    if output.max_bytes is not None and len(data) > output.max_bytes:
        how = "" if quality is None else " at the lowest quality"
        raise InvalidRecipeError(
            f"the output {output.name} takes {len(data)} bytes as {kind}{how}, more than {output.max_bytes}"
        )
    return data, reached
