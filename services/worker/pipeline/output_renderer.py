"""Renders an output's files: transforms the image or its frames once, then encodes them in each format."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

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
    """Holds one finished file; `path` is its place beneath the image's URL, `report` says how it was made."""

    name: str
    filename: str
    path: str
    media_type: str
    width: int
    height: int
    data: bytes
    report: OutputReport


class _RenderedOutput(NamedTuple):
    """Holds an output before encoding: the image or its first frame, its frames if it is animated, and the options."""

    image: Image.Image
    animation: FrameSequence | None
    options: EncodeOptions


class OutputRenderer:
    """Renders outputs of an original; `check` is called between steps and may raise."""

    def __init__(
        self, original: DecodedSource, operations: Operations, limits: ImageLimits, check: Callable[[], None]
    ) -> None:
        self._original = original
        self._operations = operations
        self._limits = limits
        self._check = check

    def render(self, output: Output) -> Iterator[OutputFile]:
        """Yield the output's files, one a format; the first is charged with the operations they share.

        Raises ImageError where the recipe cannot be applied to the image, and what `check` raises.
        """
        started = time.perf_counter()
        rendered = self._transform(output)
        for name in output.formats:
            chosen = (
                choose_format(
                    rendered.image, is_animated=rendered.animation is not None, lossless=output.lossless
                )
                if name == "auto"
                else name
            )
            yield self._encode(output, chosen, rendered, started)
            self._check()
            started = time.perf_counter()

    def _transform(self, output: Output) -> _RenderedOutput:
        with translate_render_errors(output.name):
            first_frame = self._original.first_frame(keep_profile="icc" in output.keep)
            transformed = transform_frame(output.operations, first_frame, self._operations, self._check)
            animation = self._animation(output, first_frame, transformed)
        options = EncodeOptions(
            lossless=output.lossless,
            attribution=self._original.attribution if "copyright" in output.keep else None,
            profile=first_frame.profile,
        )
        return _RenderedOutput(transformed.image, animation, options)

    def _animation(
        self, output: Output, first_frame: DecodedFrame, transformed: TransformedImage
    ) -> FrameSequence | None:
        """Return the output's frames, if it is to be animated and one of its formats can be."""
        count = self._original.frame_count
        if count == 1 or not output.animated or not any(_can_animate(name) for name in output.formats):
            return None
        pixels, most = (
            transformed.image.width * transformed.image.height * count,
            self._limits.max_total_pixels,
        )
        if pixels > most:
            raise InvalidRecipeError(
                f"the output {output.name} would have {pixels} pixels in all its frames, more than {most}"
            )

        def frames() -> Iterator[Frame]:
            for decoded in self._original.frames(keep_profile="icc" in output.keep):
                is_first = decoded is first_frame
                image = transformed.image if is_first else self._transform_later(output, decoded, transformed)
                yield Frame(image, decoded.duration)

        return FrameSequence(frames, count=count, loop_count=self._original.loop_count)

    def _transform_later(self, output: Output, decoded: DecodedFrame, first: TransformedImage) -> Image.Image:
        """Return a later frame after the operations as they were resolved for the first."""
        with translate_render_errors(output.name):
            return transform_frame(first.operations, decoded, self._operations, self._check).image

    def _encode(self, output: Output, name: Format, rendered: _RenderedOutput, started: float) -> OutputFile:
        spec, image = find_format(name), rendered.image
        frames = rendered.animation if spec.output_animation else None

        def encode_at(quality: int) -> bytes:
            self._check()
            options = replace(rendered.options, quality=quality)
            return encode(image if frames is None else frames, name, options)

        quality = None if output.lossless and spec.lossless_option else spec.default_quality
        with translate_render_errors(output.name):
            data, reached = _encode_within_limit(
                encode_at, quality and (output.quality or quality), output, name
            )
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
                format=name,
                quality=reached,
                frames=1 if frames is None else frames.count,
                bytes_saved=self._original.source.bytes - len(data),
                duration_ms=round((time.perf_counter() - started) * 1000, 1),
                warnings=self._operations.warn(output.operations),
            ),
        )


def choose_format(image: Image.Image, *, is_animated: bool, lossless: bool = False) -> Format:
    """Return the format that suits a finished image, for `auto`."""
    if is_animated:
        return "webp"
    if is_drawing(image):
        return "png"
    return "webp" if lossless or image.mode == "RGBA" else "jpeg"


def _can_animate(name: Format | Literal["auto"]) -> bool:
    return name == "auto" or find_format(name).output_animation


def _encode_within_limit(
    encode_at: Callable[[int], bytes], quality: int | None, output: Output, name: Format
) -> tuple[bytes, int | None]:
    """Return the file, and its quality if the format has one: the best that `max_bytes` allows."""
    if quality is None or output.max_bytes is None:
        data, reached = encode_at(quality or 0), quality
    else:
        data, reached = find_quality_for_size(encode_at, quality, output.max_bytes)
    if output.max_bytes is not None and len(data) > output.max_bytes:
        how = "" if quality is None else " at the lowest quality"
        raise InvalidRecipeError(
            f"the output {output.name} takes {len(data)} bytes as {name}{how}, more than {output.max_bytes}"
        )
    return data, reached
