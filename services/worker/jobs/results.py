"""Builds results as they are written to the store."""

import time

from common.model.records import (
    Failure,
    OutputRecord,
    Result,
    now,
)
from services.worker.pipeline.output_renderer import OutputFile
from services.worker.pipeline.pipeline import PipelineResult


def completed(image_id: str, attempt: int, started: float, developed: PipelineResult) -> Result:
    """Return the result of an image that was developed; `started` is the monotonic time in seconds."""
    return Result(
        image_id=image_id,
        status="completed",
        attempt=attempt,
        finished_at=now(),
        duration_ms=_milliseconds_since(started),
        outputs=tuple(_output_record(image_id, rendered) for rendered in developed.outputs),
        source=developed.source,
        image=developed.image,
    )


def failed(image_id: str, attempt: int, failure: Failure, started: float | None = None) -> Result:
    """Return the result of an image that could not be developed."""
    return Result(
        image_id=image_id,
        status="failed",
        attempt=attempt,
        finished_at=now(),
        duration_ms=0.0 if started is None else _milliseconds_since(started),
        failure=failure,
    )


def _milliseconds_since(started: float) -> float:
    return round((time.monotonic() - started) * 1000, 1)


def _output_record(image_id: str, rendered: OutputFile) -> OutputRecord:
    return OutputRecord(
        name=rendered.name,
        filename=rendered.filename,
        url=f"/images/{image_id}/{rendered.path}",
        media_type=rendered.media_type,
        width=rendered.width,
        height=rendered.height,
        bytes=len(rendered.data),
        report=rendered.report,
    )
