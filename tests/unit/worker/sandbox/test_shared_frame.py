"""Pixels in shared memory: what is written is what is mapped, and nothing is mapped that is not what it should be."""

import fcntl
import os
from collections.abc import Callable

import msgspec
import pytest
from PIL import ImageDraw

from common.inspection.limits import ImageLimits
from services.worker.decoding.source_image import DecodedFrame
from services.worker.sandbox.channel import ChannelError
from services.worker.sandbox.messages import FrameInfo
from services.worker.sandbox.shared_frame import map_frame, write_frame
from tests.support.images.drawings import scene

LIMITS = ImageLimits(max_pixels=1_000_000)


def frame(mode: str = "RGB", *, profile: bytes | None = None) -> DecodedFrame:
    image = scene(333, 77).convert(mode)
    return DecodedFrame(
        image=image, size=(666, 154), frame=(0.0, 0.0, 333.0, 76.5), profile=profile, duration=40
    )


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("profile", [None, b"a profile"])
def test_a_mapped_frame_is_the_one_that_was_written(mode: str, profile: bytes | None) -> None:
    written = frame(mode, profile=profile)
    mapped = map_frame(*write_frame(written), LIMITS)
    assert (mapped.image.mode, mapped.image.size) == (mode, (333, 77))
    assert mapped.image.tobytes() == written.image.tobytes()
    assert mapped.image.resize((50, 20)).tobytes() == written.image.resize((50, 20)).tobytes()
    assert (mapped.size, mapped.frame, mapped.profile, mapped.duration) == (
        (666, 154), (0.0, 0.0, 333.0, 76.5), profile, 40
    )  # fmt: skip


def test_a_mapped_frame_is_copied_before_it_is_changed() -> None:
    mapped = map_frame(*write_frame(frame()), LIMITS).image
    before = mapped.copy()
    ImageDraw.Draw(mapped).rectangle((0, 0, 50, 50), fill=(1, 2, 3))
    assert mapped.getpixel((5, 5)) == (1, 2, 3)
    assert before.getpixel((5, 5)) != (1, 2, 3)


def test_nobody_can_change_what_was_written() -> None:
    _, file = write_frame(frame())
    for change in (lambda: os.write(file, b"x"), lambda: os.ftruncate(file, 0)):
        with pytest.raises(PermissionError):
            change()
    os.close(file)


LIES: dict[str, Callable[[FrameInfo], FrameInfo]] = {
    "more rows": lambda info: msgspec.structs.replace(info, height=info.height + 1),
    "fewer rows": lambda info: msgspec.structs.replace(info, height=info.height - 1),
    "a profile": lambda info: msgspec.structs.replace(info, profile_bytes=1),
    "too many pixels": lambda info: msgspec.structs.replace(info, width=2**20, height=2**20),
    "too large an original": lambda info: msgspec.structs.replace(info, size=(2**20, 2**20)),
    "a place outside": lambda info: msgspec.structs.replace(info, frame=(0.0, 0.0, 999.0, 9.0)),
    "no place": lambda info: msgspec.structs.replace(info, frame=(9.0, 0.0, 9.0, 9.0)),
    "not a number": lambda info: msgspec.structs.replace(info, frame=(float("nan"), 0.0, 9.0, 9.0)),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_description_that_is_not_true_is_refused(lie: str) -> None:
    info, file = write_frame(frame())
    with pytest.raises(ChannelError):
        map_frame(LIES[lie](info), file, LIMITS)
    assert is_closed(file)


@pytest.mark.parametrize("kind", ["not sealed", "a file", "a pipe"])
def test_what_is_not_sealed_shared_memory_is_refused(kind: str) -> None:
    """Its pixels could change, or vanish, under the worker that reads them."""
    info, file = write_frame(frame())
    os.close(file)
    file = {
        "not sealed": lambda: os.memfd_create("open", os.MFD_ALLOW_SEALING),
        "a file": lambda: os.open("/tmp", os.O_TMPFILE | os.O_RDWR),
        "a pipe": lambda: os.pipe()[0],
    }[kind]()
    if kind != "a pipe":
        os.ftruncate(file, info.width * info.height * 4)
    with pytest.raises(ChannelError):
        map_frame(info, file, LIMITS)
    assert is_closed(file)


def test_every_seal_is_asked_for() -> None:
    info, file = write_frame(frame())
    seals = fcntl.fcntl(file, fcntl.F_GET_SEALS)
    assert seals == fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
    assert map_frame(info, file, LIMITS).image.im is not None


def is_closed(file: int) -> bool:
    try:
        os.fstat(file)
    except OSError:
        return True
    os.close(file)
    return False
