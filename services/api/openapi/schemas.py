"""Defines what the API takes and answers in JSON, beside records and statuses; the OpenAPI document shows these."""

from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from common.model.records import (
    Attempt,
    Manifest,
    Result,
    Status,
)
from common.recipes.recipe import Recipe

MAX_EXPIRES_IN: Final = 31_536_000  # a year; a server's own maximum is usually shorter


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """An image that was accepted, or is to be developed again; `status_url` is a path on this API."""

    image_id: str
    status: Status = "uploaded"
    message: str = "The image was accepted and will be developed."
    status_url: str


def status_url(image_id: str) -> str:
    """Return the path of the image's status on this API."""
    return f"/status/{image_id}"


def accepted_image(image_id: str) -> Accepted:
    """Return the answer about one image."""
    return Accepted(image_id=image_id, status_url=status_url(image_id))


class AcceptedMany(msgspec.Struct, frozen=True, kw_only=True):
    """The images of an upload of several files, in their order."""

    images: list[Accepted]


class ImageRecord(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of an image; `attempt` and `result` are null until there is one."""

    image_id: str
    status: Status
    manifest: Manifest
    attempt: Attempt | None
    result: Result | None


class ImageSummary(msgspec.Struct, frozen=True, kw_only=True):
    """An image in a list."""

    image_id: str
    status: Status
    status_url: str
    filename: str | None
    received_at: datetime
    error: str | None
    error_code: str | None


class ImageList(msgspec.Struct, frozen=True, kw_only=True):
    """A page of images, newest first; null as `next_cursor` is the end."""

    images: list[ImageSummary]
    next_cursor: str | None


class Retried(msgspec.Struct, frozen=True, kw_only=True):
    """The images that were opened again; go on with `next_cursor` until it is null."""

    retried: list[str]
    next_cursor: str | None


class PresetView(msgspec.Struct, frozen=True, kw_only=True):
    """A preset: a recipe that uploads ask for by its name."""

    name: str
    description: str
    recipe: Recipe


class PresetList(msgspec.Struct, frozen=True, kw_only=True):
    """All presets, in the order of their file."""

    presets: list[PresetView]


class SignatureRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a signed URL is to allow, and for how many seconds; `max_bytes` bounds each file of an upload."""

    method: Literal["GET", "POST"]
    path: Annotated[str, Meta(max_length=256)]
    expires_in: Annotated[int, Meta(ge=1, le=MAX_EXPIRES_IN)] | None = None
    max_bytes: Annotated[int, Meta(ge=1, le=2**53 - 1)] | None = None


class SignedUrl(msgspec.Struct, frozen=True, kw_only=True):
    """A path with its signed query, and the Unix second at which it expires."""

    url: str
    expires: int


class ProblemDetails(msgspec.Struct, frozen=True, kw_only=True):
    """Any refusal (RFC 9457): `code` is stable and for programs, `detail` for people. Some carry further members."""

    type: str
    title: str
    status: int
    code: str
    detail: str
