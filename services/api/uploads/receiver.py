"""Writes an upload's body to the store as it arrives; counts its bytes and detects its format from them."""

import re
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Final

from common.formats.format_detection import SNIFF_BYTES, detect_format
from common.formats.format_specs import FormatSpec, input_formats
from common.inspection.limits import ImageLimits
from common.model import image_ids
from common.model.records import Manifest, now
from common.store import StagedUpload, Store
from services.api.http.problem_codes import ProblemCode
from services.api.http.problems import Problem
from services.api.uploads.image_info import check_image
from services.api.uploads.recipe_selection import SelectedRecipe

_MAX_FILENAME: Final = 255
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@dataclass
class StagedFile:
    """One file of an upload, not yet visible."""

    image_id: str
    filename: str | None
    upload: StagedUpload
    head: bytes = b""
    format: FormatSpec | None = None


@dataclass
class UploadReceiver:
    """Receives the files of one request; `stack` removes what was staged when the request fails."""

    store: Store
    stack: AsyncExitStack
    max_bytes: int
    max_files: int
    limits: ImageLimits
    owner: str | None = None
    client: str | None = None
    admit_another: Callable[[], None] = lambda: None  # the request was admitted with its first file
    files: list[StagedFile] = field(default_factory=list)

    async def begin(self, filename: str | None) -> None:
        """Begin a file."""
        if len(self.files) == self.max_files:
            raise Problem(
                ProblemCode.TOO_MANY_FILES,
                f"at most {self.max_files} files in one upload",
                limit=self.max_files,
            )
        if self.files:
            self.admit_another()
        image_id = image_ids.new()
        upload = await self.stack.enter_async_context(self.store.stage(image_id))
        self.files.append(StagedFile(image_id, clean_filename(filename), upload))

    async def write(self, data: bytes) -> None:
        """Write some bytes of the file."""
        file = self.files[-1]
        if file.upload.size + len(data) > self.max_bytes:
            raise Problem(
                ProblemCode.UPLOAD_TOO_LARGE,
                f"a file may have {self.max_bytes} bytes at most",
                limit=self.max_bytes,
            )
        if file.format is None:
            file.head = (file.head + data)[:SNIFF_BYTES]
            if len(file.head) == SNIFF_BYTES:
                file.format = _detect_format(file.head)
        await file.upload.write(data)

    async def end(self) -> None:
        """End the file, which is complete."""
        file = self.files[-1]
        if not file.upload.size:
            raise Problem(ProblemCode.EMPTY_FILE, "the file is empty")
        spec = file.format = file.format or _detect_format(file.head)
        await file.upload.inspect(lambda opened: check_image(opened, spec, self.limits))

    async def commit(self, choice: SelectedRecipe) -> None:
        """Make all files durable and visible."""
        for file in self.files:
            await file.upload.commit(self._manifest(file, choice))

    def _manifest(self, file: StagedFile, choice: SelectedRecipe) -> Manifest:
        return Manifest(
            image_id=file.image_id,
            filename=file.filename,
            media_type=file.format.media_type if file.format else "application/octet-stream",
            bytes=file.upload.size,
            sha256=file.upload.sha256,
            recipe=choice.recipe,
            preset=choice.preset,
            owner=self.owner,
            client=self.client,
            received_at=now(),
        )


def clean_filename(name: str | None) -> str | None:
    """Return the last part of the name without control and direction characters; it is never used as a path."""
    if name is None:
        return None
    base = _CONTROL.sub("", name.replace("\\", "/").rsplit("/", 1)[-1]).strip()
    return base[:_MAX_FILENAME] or None


def _detect_format(head: bytes) -> FormatSpec:
    spec = detect_format(head)
    if spec is None:
        allowed = tuple(each.media_type for each in input_formats())
        raise Problem(
            ProblemCode.UNSUPPORTED_FORMAT,
            f"the bytes are no image of a format that is taken: {', '.join(allowed)}",
            allowed=allowed,
        )
    return spec
