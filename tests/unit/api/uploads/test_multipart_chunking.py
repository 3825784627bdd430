"""A form cut by the network in many places at once, wherever hypothesis finds it hurts."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as some
from starlette.requests import Request

from common.inspection.limits import ImageLimits
from common.presets.presets import DEFAULT
from services.api.limits.upload_timeouts import UploadTimeouts
from services.api.uploads import multipart
from services.api.uploads.receiver import UploadReceiver
from tests.support.images.minimal_gif import GIF
from tests.support.store.memory import memory_stores

BOUNDARY = "-a--boundary"
TAILS = some.lists(
    some.sampled_from([b"\r\n", b"--", b"\r\n--", BOUNDARY.encode(), BOUNDARY[:-1].encode(), b"\0", b"x"])
)


class NoSelection:
    """Nothing is asked for but the default."""

    def say(self, field: str, text: str) -> None:
        raise AssertionError((field, text, DEFAULT))


async def received(pieces: list[bytes]) -> bytes:
    async def body() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/upload",
        "query_string": b"",
        "headers": [(b"content-type", f'multipart/form-data; boundary="{BOUNDARY}"'.encode())],
    }
    request = Request(scope)
    request.stream = body  # type: ignore[method-assign,assignment]
    stores = memory_stores()
    async with AsyncExitStack() as stack:
        limits = ImageLimits(max_pixels=10**6, max_frames=100, max_total_pixels=10**8)
        receiver = UploadReceiver(stores.images, stack, max_bytes=10**6, max_files=2, limits=limits)
        await multipart.receive(request, receiver, NoSelection(), UploadTimeouts(5.0, 60.0, 0))  # type: ignore[arg-type]
        (file,) = receiver.files
        return await file.upload.inspect(lambda opened: opened.read())


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(tail=TAILS, cuts=some.lists(some.integers(min_value=0, max_value=400), max_size=12))
def test_a_file_comes_through_whatever_it_holds_and_however_it_is_cut(
    tail: list[bytes], cuts: list[int]
) -> None:
    # What would end the part is no part of a file.
    image = (GIF + b"".join(tail)).replace(b"\r\n--" + BOUNDARY.encode(), b"\r\n--y")
    head = (
        b'--%b\r\nContent-Disposition: form-data; name="file"; filename="a.gif"\r\n\r\n' % BOUNDARY.encode()
    )
    form = head + image + b"\r\n--%b--\r\n" % BOUNDARY.encode()
    edges = [0, *sorted(min(cut, len(form)) for cut in cuts), len(form)]
    pieces = [form[start:end] for start, end in pairwise(edges)]

    assert asyncio.run(received(pieces)) == image
