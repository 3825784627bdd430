"""Bodies that are large, endless, lying, slow or cut off: memory stays flat and the limit holds in mid-stream."""

import itertools
import shutil
import sys
from collections.abc import Iterable

import pytest

from tests.support.http.raw_http import (
    FORM_HEAD,
    FORM_TYPE,
    JPEG_MAGIC,
    RawRequest,
    chunked,
    form,
    form_length,
)
from tests.support.images.drawings import photograph
from tests.support.processes.stack import Stack, StackFactory
from tests.support.waiting import wait_until

LIMIT = 1024**2
GIGABYTE = 1024**3
FORM = f"Content-Type: {FORM_TYPE}"
RAW = "Content-Type: image/jpeg"


@pytest.fixture
def stack(start_stack: StackFactory) -> Stack:
    return start_stack(workers=0, MAX_UPLOAD_BYTES=str(LIMIT), UPLOAD_IDLE_SECONDS="1")


def endless(size: int = 64 * LIMIT) -> Iterable[bytes]:
    """What nobody should have to take to the end."""
    return itertools.chain([JPEG_MAGIC], itertools.repeat(bytes(65536), size // 65536))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read from /proc")
def test_a_gigabyte_passes_through_without_passing_through_memory(start_stack: StackFactory) -> None:
    stack = start_stack(workers=1, MAX_UPLOAD_BYTES=str(GIGABYTE))
    headers = (FORM, f"Content-Length: {form_length(GIGABYTE)}")

    with RawRequest(stack.api.port, *headers) as request, stack.client() as client:
        request.send(form(GIGABYTE, photograph(320, 240)))
        answer = request.answer()

        assert answer.status == 202, answer.body
        # An image with a long tail is an image still: decoders read to its end and no further.
        finished = client.wait_completed(answer.json()["image_id"])
        assert finished["details"]["bytes"] == GIGABYTE
    assert stack.api.child.peak_memory_bytes() < 120 * 1024**2
    shutil.rmtree(stack.store)


def test_a_file_of_just_the_limit_is_taken(stack: Stack) -> None:
    with RawRequest(stack.api.port, FORM, f"Content-Length: {form_length(LIMIT)}") as request:
        request.send(form(LIMIT))

        assert request.answer().status == 202


@pytest.mark.parametrize("media_type", [FORM, RAW], ids=["form", "raw"])
@pytest.mark.parametrize("length", ["honest", "too large", "missing"])
def test_the_limit_answers_in_mid_stream_whatever_the_length_says(
    stack: Stack, media_type: str, length: str
) -> None:
    head = [FORM_HEAD] if media_type == FORM else []
    body = itertools.chain(head, endless())
    total = 64 * LIMIT + len(JPEG_MAGIC) + len(FORM_HEAD if head else b"")
    said = {
        "honest": f"Content-Length: {total}",
        "too large": f"Content-Length: {total * 100}",
        "missing": "Transfer-Encoding: chunked",
    }
    with RawRequest(stack.api.port, media_type, said[length]) as request:
        sent = request.send_until_answered(chunked(body) if length == "missing" else body)
        answer = request.answer()

    assert answer.status == 413
    assert answer.json()["code"] == "upload_too_large"
    assert answer.json()["limit"] == LIMIT
    assert sent < 32 * LIMIT, "the answer came only when everything was sent"
    wait_until(lambda: stack.settled("incoming"), "nothing stays of it")


def test_a_client_that_listens_only_when_it_has_sent_everything_hears_the_refusal(stack: Stack) -> None:
    size = 20 * LIMIT
    with RawRequest(stack.api.port, FORM, f"Content-Length: {form_length(size)}") as request:
        assert request.send(form(size)) == form_length(size)
        answer = request.answer()

    assert answer.status == 413
    assert answer.json()["code"] == "upload_too_large"


def test_a_length_that_is_too_small_cuts_the_body_there(stack: Stack) -> None:
    with RawRequest(stack.api.port, FORM, "Content-Length: 5000") as request:
        request.send([FORM_HEAD, JPEG_MAGIC, bytes(4000), bytes(8000)])
        answer = request.answer()

    # By the application, since the form has no end, or by the server, since what follows is no request.
    assert answer.status == 400
    wait_until(lambda: stack.settled("incoming"), "nothing stays of it")
    assert stack.settled("outbox")
    assert stack.api.ready()


def test_a_body_that_stops_coming_is_given_up(stack: Stack) -> None:
    with RawRequest(stack.api.port, FORM, "Content-Length: 100000") as request:
        request.send([FORM_HEAD, JPEG_MAGIC])
        answer = request.answer()

    assert (answer.status, answer.json()["code"]) == (408, "upload_timeout")
    wait_until(lambda: stack.settled("incoming"), "nothing stays of it")


def test_a_client_that_vanishes_in_mid_body_leaves_nothing(stack: Stack) -> None:
    with RawRequest(stack.api.port, FORM, "Content-Length: 900000") as request:
        request.send([FORM_HEAD, JPEG_MAGIC, bytes(300_000)])
        wait_until(lambda: not stack.settled("incoming"), "the upload has begun")
        request.reset()

    wait_until(lambda: stack.settled("incoming"), "nothing stays of it")
    assert stack.settled("outbox")
    assert not list((stack.store / "images").iterdir())


def test_an_upload_on_its_way_when_the_api_is_asked_to_stop_is_finished(stack: Stack) -> None:
    data = photograph(320, 240) + bytes(600_000)  # more than is kept in memory
    with RawRequest(stack.api.port, RAW, f"Content-Length: {len(data)}") as request:
        request.send([data[:300_000]])
        wait_until(lambda: not stack.settled("incoming"), "the upload has begun")
        stack.api.child.terminate()
        request.send([data[300_000:]])
        answer = request.answer()

    assert answer.status == 202
    stack.api.child.wait()
    assert not stack.settled("unfinished"), "published, and to be developed"


def test_an_api_that_was_asked_to_stop_ends_with_success(stack: Stack) -> None:
    assert stack.api.stop() == 0
