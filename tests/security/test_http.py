"""Hostile HTTP, written byte by byte: the answer is a problem in JSON or a clean end, and the API stays ready."""

import socket
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import msgspec
import pytest

from services.api.server.protocol import HEAD_SECONDS
from services.api.server.request_head import MAX_HEAD_BYTES
from tests.security.target import API_MEMORY, Target
from tests.security.wire import (
    Reply,
    converse,
    form_of,
    replies,
    request,
)
from tests.support.http.raw_http import FORM_TYPE, RawRequest
from tests.support.images.drawings import photograph
from tests.support.images.minimal_gif import GIF
from tests.support.ports import HOST
from tests.support.waiting import wait_until

CHUNKED = ("Content-Type: image/gif", "Transfer-Encoding: chunked")
RAW = ("Content-Type: image/gif", f"Content-Length: {len(GIF)}")
OFFER = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA")
SECOND = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
FILE = b'Content-Disposition: form-data; name="file"; filename="a.gif"\r\n\r\n'


@pytest.fixture(autouse=True)
def _ready_afterwards(target: Target) -> Iterator[None]:
    yield
    target.check()
    wait_until(lambda: target.stack.settled("incoming"), "nothing stays of it")


@pytest.fixture(scope="module")
def image_id(target: Target) -> str:
    """An image that is completed."""
    outcomes = target.feed([("sound", "photo.jpg", photograph(320, 240))])
    assert outcomes.completed == 1
    return outcomes.ids["sound"]


def sized(length: str) -> bytes:
    return request("POST", "/upload", "Content-Type: image/gif", f"Content-Length: {length}", body=GIF)


def chunks(body: bytes, *headers: str) -> bytes:
    return request("POST", "/upload", *CHUNKED, *headers, body=body)


SPOKEN: dict[str, tuple[bytes, str]] = {
    "a length that is no number": (sized("many"), "malformed_request"),
    "a negative length": (sized("-1"), "malformed_request"),
    "a length beyond all numbers": (sized("9" * 40), "malformed_request"),
    "a length with a sign": (sized("+35"), "malformed_request"),
    "a length in hexadecimal": (sized("0x23"), "malformed_request"),
    "two lengths": (sized("35\r\nContent-Length: 36"), "malformed_request"),
    "no length": (request("POST", "/upload", "Content-Type: image/gif", body=b""), "empty_file"),
    "no length, and yet a body": (
        request("POST", "/upload", "Content-Type: image/gif", body=GIF).replace(b"Connection: close\r\n", b""),
        "empty_file",
    ),
    "a length and chunks": (chunks(b"0\r\n\r\n" + SECOND, "Content-Length: 5"), "malformed_request"),
    "chunks and a length": (
        request("POST", "/upload", "Content-Length: 5", *CHUNKED, body=b"0\r\n\r\n" + SECOND),
        "malformed_request",
    ),
    "chunks of another coding": (
        request("POST", "/upload", "Content-Type: image/gif", "Transfer-Encoding: xchunked", body=b"0\r\n\r\n"),
        "malformed_request",
    ),
    "a coding after chunked": (
        request("POST", "/upload", "Content-Type: image/gif", "Transfer-Encoding: chunked, identity", body=GIF),
        "malformed_request",
    ),
    "a chunk of no size": (chunks(b"\r\nGIF\r\n0\r\n\r\n"), "malformed_request"),
    "a chunk whose size is no number": (chunks(b"zz\r\nGIF\r\n0\r\n\r\n"), "malformed_request"),
    "a chunk beyond all numbers": (chunks(b"f" * 30 + b"\r\nGIF"), "malformed_request"),
    "a chunk of a negative size": (chunks(b"-3\r\nGIF\r\n0\r\n\r\n"), "malformed_request"),
    "a chunk longer than it says": (chunks(b"3\r\nGIF89a\r\n0\r\n\r\n"), "malformed_request"),
    "an endless chunk extension": (chunks(b"3;" + b"x" * 900_000 + b"\r\nGIF\r\n0\r\n\r\n"), "head_too_large"),
    "endless trailers": (chunks(b"0\r\n" + b"X: y\r\n" * 150_000 + b"\r\n"), "head_too_large"),
    "an endless path": (request("GET", "/" + "a" * 40_000), "head_too_large"),
    "an endless query": (request("GET", "/images?cursor=" + "a" * 40_000), "head_too_large"),
    "an endless field": (request("GET", "/healthz", "X: " + "y" * 40_000), "head_too_large"),
    "ten thousand fields": (request("GET", "/healthz", *(f"X{n}: y" for n in range(10_000))), "head_too_large"),
    "no HTTP": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(600), "malformed_request"),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "malformed_request"),
    "an unknown version": (b"GET /healthz HTTP/9.9\r\nHost: x\r\n\r\n", "malformed_request"),
    "an unknown method": (request("BREW", "/upload"), "malformed_request"),
    "a method of another trade": (request("PROPFIND", "/images"), "method_not_allowed"),
    "TRACE": (request("TRACE", "/images"), "method_not_allowed"),
    "CONNECT": (request("CONNECT", "example.org:443"), "malformed_request"),
    "PUT": (request("PUT", "/upload", "Content-Length: 35", body=GIF), "method_not_allowed"),
    "OPTIONS of everything": (request("OPTIONS", "*"), "not_found"),
    "OPTIONS": (request("OPTIONS", "/upload"), "method_not_allowed"),
    "lines without a carriage return": (b"GET /healthz HTTP/1.1\nHost: x\n\n", "malformed_request"),
    "a field that goes on in the next line": (request("GET", "/healthz", "X: y\r\n z"), "malformed_request"),
    "a space before the colon": (request("GET", "/healthz", "X : y"), "malformed_request"),
    "a zero byte in a field": (request("GET", "/healthz", "X: y\0z"), "malformed_request"),
    "a lonely carriage return in a field": (request("GET", "/healthz", "X: y\rZ: a"), "malformed_request"),
    "a path that is not ASCII": (request("GET", "/status/\xff\xfe"), "malformed_request"),
    "a query that is not ASCII": (request("GET", "/images?cursor=\xff\xfe"), "malformed_request"),
    "a host with a path": (request("GET", "/images/", host="evil.example/images/x?"), "malformed_request"),
    "two hosts": (request("GET", "/healthz", "Host: evil.example"), "malformed_request"),
    "the same host twice": (request("GET", "/healthz", f"Host: {HOST}"), "malformed_request"),
    "no host": (request("GET", "/healthz").replace(b"Host", b"Not-Host"), "malformed_request"),
    "a host with a space": (request("GET", "/healthz", host="a b"), "malformed_request"),
    "two hosts and an upgrade": (request("GET", "/healthz", "Host: x", *OFFER), "malformed_request"),
    "two lengths and an upgrade": (sized("35\r\nContent-Length: 36\r\nUpgrade: h2c"), "malformed_request"),
    "two slashes": (request("GET", "//evil.example/healthz/"), "not_found"),
    "a form without a boundary": (
        request("POST", "/upload", "Content-Type: multipart/form-data", "Content-Length: 35", body=GIF),
        "malformed_multipart",
    ),
    "a form with a boundary of another alphabet": (
        request("POST", "/upload", "Content-Type: multipart/form-data; boundary=\xe9\xff", "Content-Length: 0"),
        "malformed_multipart",
    ),
    "ten thousand parts": (form_of(*[FILE + GIF] * 10_000), "too_many_files"),
    "ten thousand unknown parts": (form_of(*[FILE.replace(b"file", b"x", 1) + GIF] * 10_000), "unknown_field"),
    "a huge head of a part": (form_of(b"X: " + b"y" * 100_000 + b"\r\n" + FILE + GIF), "multipart_limit"),
    "a thousand fields in a part": (form_of(b"X: y\r\n" * 1000 + FILE + GIF), "multipart_limit"),
    "a parameter that is repeated a thousand times": (
        form_of(b"Content-Disposition: form-data" + b'; name="file"' * 200 + b"\r\n\r\n" + GIF),
        "",
    ),
    "an image in another coding": (
        request("POST", "/upload", "Content-Type: image/gif", "Content-Encoding: gzip", body=b"\x1f\x8b\x08").replace(
            b"Content-Encoding", b"Content-Length: 3\r\nContent-Encoding"
        ),
        "unsupported_format",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", SPOKEN)
def test_what_is_no_proper_request_is_a_problem(target: Target, kind: str) -> None:
    spoken, code = SPOKEN[kind]

    answers = converse(target.stack.api.port, spoken)

    assert answers, "the connection was closed without a word"
    assert answers[0].code == code, answers[0]


def test_nothing_is_smuggled_behind_a_request(target: Target) -> None:
    smuggled = b"DELETE /images HTTP/1.1\r\nHost: x\r\n\r\n"
    schemas = {
        "CL.TE": request(
            "POST", "/upload", "Content-Type: image/gif", "Content-Length: 6", "Transfer-Encoding: chunked",
            body=b"0\r\n\r\n" + smuggled,
        ),
        "TE.CL": request(
            "POST", "/upload", "Content-Type: image/gif", "Transfer-Encoding: chunked", "Content-Length: 4",
            body=b"%x\r\n%b\r\n0\r\n\r\n" % (len(smuggled), smuggled),
        ),
        "TE.TE": request(
            "POST", "/upload", "Content-Type: image/gif", "Transfer-Encoding: chunked",
            "Transfer-Encoding: identity", body=b"0\r\n\r\n" + smuggled,
        ),
        "TE with a tab": request(
            "POST", "/upload", "Content-Type: image/gif", "Transfer-Encoding:\x0bchunked", "Content-Length: 5",
            body=b"0\r\n\r\n" + smuggled,
        ),
    }  # fmt: skip
    for kind, spoken in schemas.items():
        # Whoever wants to smuggle keeps the connection.
        answers = converse(target.stack.api.port, spoken.replace(b"Connection: close\r\n", b""))
        assert [answer.status for answer in answers] == [400], kind


@pytest.mark.parametrize(
    "offer", [OFFER, ("Connection: upgrade", "Upgrade: websocket")], ids=["h2c", "websocket"]
)
@pytest.mark.parametrize("is_chunked", [False, True], ids=["sized", "chunked"])
@pytest.mark.parametrize("size", [10**6, 100, 1], ids=lambda size: f"{size} bytes at once")
def test_an_offer_of_another_protocol_is_ignored_and_the_body_read(
    target: Target, offer: tuple[str, ...], is_chunked: bool, size: int
) -> None:
    body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(GIF), GIF) if is_chunked else GIF
    head = request("POST", "/upload", *offer, *(CHUNKED if is_chunked else RAW)).replace(
        b"Connection: close\r\n", b""
    )
    spoken = head + body + request("GET", "/healthz", *offer).replace(b"Connection: close\r\n", b"") + SECOND
    pieces = [spoken[at : at + size] for at in range(0, len(spoken), size)]

    answers = converse(target.stack.api.port, *pieces)

    assert [answer.status for answer in answers] == [202, 200, 200]


def test_curl_uploads_with_an_offer_of_http_2(target: Target, tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(photograph(1200, 900))
    url = f"http://{HOST}:{target.stack.api.port}/upload"
    form = ["curl", "--silent", "--http2", "--form", f"file=@{tmp_path / 'photo.jpg'}", url]
    raw = [
        "curl", "--silent", "--http2", "--header", "Content-Type: image/jpeg", "--header", "Transfer-Encoding: chunked",
        "--data-binary", f"@{tmp_path / 'photo.jpg'}", url,
    ]  # fmt: skip

    for command in (form, raw):
        answer = msgspec.json.decode(
            subprocess.run(command, capture_output=True, check=True, timeout=60).stdout
        )
        assert answer["status"] == "uploaded"


def test_pipelined_requests_are_answered_in_their_order(target: Target) -> None:
    paths = ["/healthz", "/nothing", "/images?limit=0", "/presets"] * 25
    kept = [f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode() for path in paths]

    answers = converse(target.stack.api.port, b"".join(kept) + SECOND)

    assert [answer.status for answer in answers] == [200, 404, 422, 200] * 25 + [200]


def test_requests_by_the_thousand_on_a_connection_wait_unparsed(target: Target) -> None:
    """Each connection has one request in work, and a few that wait; the rest is not even read."""
    burst = b"GET / HTTP/1.1\r\nHost:\r\n\r\n" * 10_000
    with ExitStack() as stack:
        connections = [
            stack.enter_context(socket.create_connection((HOST, target.stack.api.port), timeout=20))
            for _ in range(20)
        ]
        for connection in connections:
            connection.sendall(burst)

        assert converse(target.stack.api.port, SECOND)[0].status == 200
        assert all(connection.recv(12) == b"HTTP/1.1 404" for connection in connections)
        assert max(target.peaks("api")) < API_MEMORY


def test_requests_behind_a_body_are_answered_in_their_order(target: Target) -> None:
    upload = request("POST", "/upload", *RAW, body=GIF).replace(b"Connection: close\r\n", b"")
    kept = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /nothing HTTP/1.1\r\nHost: x\r\n\r\n"

    answers = converse(target.stack.api.port, (upload + kept * 20) * 3 + SECOND)

    assert [answer.status for answer in answers] == ([202] + [200, 404] * 20) * 3 + [200]


@pytest.mark.parametrize(
    "nonsense", [b"NONSENSE\0\r\n\r\n", b"GET /" + b"a" * 600_000], ids=["nonsense", "endless"]
)
def test_nonsense_behind_a_request_does_not_touch_its_answer(target: Target, nonsense: bytes) -> None:
    upload = request("POST", "/upload", *RAW, body=GIF)

    answers = converse(target.stack.api.port, upload.replace(b"Connection: close\r\n", b"") + nonsense)

    assert answers[0].status == 202
    assert {answer.status for answer in answers[1:]} <= {400, 431}


@pytest.mark.parametrize("path", ["/healthz", "/presets", "/openapi.json", "/images", "/status/x"])
def test_head_has_no_body(target: Target, path: str) -> None:
    with socket.create_connection((HOST, target.stack.api.port), timeout=20) as connection:
        connection.sendall(request("HEAD", path))
        received = b""
        while data := connection.recv(65536):
            received += data

    assert received.startswith(b"HTTP/1.1 404" if path == "/status/x" else b"HTTP/1.1 200")
    assert received.endswith(b"\r\n\r\n")


def test_an_upload_may_ask_to_be_told_to_go_on(target: Target) -> None:
    fields = (*RAW, "Expect: 100-continue")

    assert [
        reply.status
        for reply in converse(target.stack.api.port, request("POST", "/upload", *fields, body=GIF))
    ] == [100, 202]


def test_ten_thousand_ranges_cost_nothing(target: Target, image_id: str) -> None:
    port, path = target.stack.api.port, f"/images/{image_id}/large"
    whole = converse(port, request("GET", path))[0]

    many = converse(port, request("GET", path, "Range: bytes=" + ",".join(["0-0"] * 10_000)))[0]
    some = converse(port, request("GET", path, "Range: bytes=" + ",".join(["0-0"] * 5_000)))[0]
    one = converse(port, request("GET", path, "Range: bytes=0-9"))[0]

    assert (many.status, many.code) == (431, "head_too_large")
    assert (some.status, some.body) == (200, whole.body), "RFC 9110 lets a server ignore the field"
    assert (one.status, one.body) == (206, whole.body[:10])


TRAVERSALS = (
    "../../../../etc/passwd", "..%2f..%2f..%2f..%2fetc%2fpasswd", "%2e%2e/%2e%2e/etc/passwd", "..%5c..%5cetc%5cpasswd",
    "%252e%252e%252fetc%252fpasswd", "..%c0%af..%c0%afetc/passwd", "%2fetc%2fpasswd", "....//....//etc/passwd",
    "file:%2f%2f%2fetc%2fpasswd", "large%00.jpg", "large%0d%0aX-Injected:%20yes", "%0d%0aX-Injected:%20yes",
    "manifest.json", "result.json", "..", ".", "%20", "%ff%fe", "~root", "a" * 3000,
)  # fmt: skip
PLACES = (
    ("GET", "/status/{}"), ("GET", "/images/{}"), ("DELETE", "/images/{}"), ("GET", "/images/{}/large"),
    ("GET", "/images/{}/original"), ("POST", "/images/{}/retry"), ("GET", "/images/IMAGE/{}"),
    ("GET", "/images/IMAGE/large/{}"), ("GET", "/images?cursor={}"), ("GET", "/images?status={}"),
    ("GET", "/images?limit={}"), ("POST", "/images/retry?since={}"),
    ("POST", "/images/retry?since=2026-01-01T00:00:00Z&cursor={}"), ("POST", "/upload?preset={}"),
    ("POST", "/upload?recipe={}"), ("GET", "/{}"), ("GET", "/openapi.json/{}"),
)  # fmt: skip


@pytest.mark.parametrize("method, place", PLACES)
def test_no_path_leads_anywhere_else(target: Target, image_id: str, method: str, place: str) -> None:
    for payload in TRAVERSALS:
        path = place.replace("IMAGE", image_id).format(payload)
        answers = converse(
            target.stack.api.port, request(method, path, "Content-Type: image/gif", "Content-Length: 0")
        )
        assert len(answers) == 1, path
        assert answers[0].status in (400, 404, 405, 415, 422), (path, answers[0])


@pytest.mark.parametrize("payload", TRAVERSALS)
def test_a_file_name_and_a_key_are_never_a_path(target: Target, payload: str) -> None:
    port, before = target.stack.api.port, set(target.stack.folder.iterdir())
    part = b'Content-Disposition: form-data; name="file"; filename="%b"\r\n\r\n%b\r\n' % (
        payload.encode(),
        GIF,
    )

    named = converse(port, form_of(part, headers=[f"Idempotency-Key: {payload[:200]}"]))[0]
    raw = converse(
        port,
        request(
            "POST",
            f"/upload?filename={payload}",
            "Content-Type: image/gif",
            f"Content-Length: {len(GIF)}",
            body=GIF,
        ),
    )[0]

    for reply in (named, raw):
        assert reply.status == 202, reply
        assert b"passwd" not in reply.body
    assert set(target.stack.folder.iterdir()) == before
    assert {path.name for path in target.stack.store.iterdir()} == {
        "images",
        "incoming",
        "outbox",
        "unfinished",
        "events",
        "keys",
        "store",
    }


def test_a_field_of_ours_cannot_be_forged_by_a_file_name(target: Target) -> None:
    name = b'a.gif"\r\nX-Injected: yes\r\n\r\n"'
    part = b'Content-Disposition: form-data; name="file"; filename="%b"\r\n\r\n%b\r\n' % (name, GIF)
    converse(target.stack.api.port, form_of(part))  # whatever that is, it must be answered

    names = ["a%0d%0aX-Injected:%20yes.gif", "a%22;%20x=%22.gif", "%e2%80%aegif.exe", "%f0%9f%92%a9.gif"]
    for name_ in names:
        path = f"/upload?filename={name_}"
        reply = converse(
            target.stack.api.port,
            request("POST", path, *RAW, body=GIF),
        )[0]
        image_id = target.http.get("/images", params={"limit": "1"}).json()["images"][0]["image_id"]
        assert image_id.encode() in reply.body
        original = converse(target.stack.api.port, request("GET", f"/images/{image_id}/original"))[0]
        assert original.status == 200
        assert original.headers["content-disposition"].startswith("attachment; filename")


def test_aborted_bodies_leave_nothing(target: Target) -> None:
    fields = (f"Content-Type: {FORM_TYPE}", "Content-Length: 1000000")
    for sent in (0, 1, 100, 5_000, 300_000):
        for _ in range(5):
            with RawRequest(target.stack.api.port, *fields) as aborted:
                aborted.send([b"--darkroom-boundary\r\n" + FILE + GIF, bytes(sent)])
                aborted.reset()

    wait_until(lambda: target.stack.settled("incoming"), "nothing stays of them")


def _drip(port: int, first: bytes, drop: bytes) -> list[Reply]:
    """Send something, and then a little every second, forever."""
    with socket.create_connection((HOST, port), timeout=1) as connection:
        connection.sendall(first)
        received, deadline = b"", time.monotonic() + 120
        while time.monotonic() < deadline:
            try:
                if not (data := connection.recv(65536)):
                    return replies(received)
                received += data
            except TimeoutError:
                connection.sendall(drop)
            except ConnectionResetError:
                return replies(received)
    raise AssertionError(f"the connection was held for two minutes by {drop!r} after {first[:60]!r}")


UPLOAD = b"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Type: image/gif\r\n"
DRIPS: dict[str, tuple[bytes, bytes, list[int]]] = {
    "nothing": (b"", b"", [408]),
    "a head": (b"GET /healthz HTTP/1.1\r\n", b"X: y\r\n", [408]),
    "a method": (b"G", b"", [408]),
    "empty lines": (b"", b"\r\n", [408]),
    "empty lines after a request": (b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", b"\r\n", [200]),
    "the next head": (b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", b"G", [200, 400]),
    "a body that nobody waits for": (b"POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\n", b"x", [404]),
    "a body of one byte a second": (UPLOAD + b"Content-Length: 99999\r\n\r\nGIF", b"8", [408]),
    "chunks of one byte": (UPLOAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nGIF\r\n", b"1\r\nx\r\n", [408]),
}  # fmt: skip


def test_whoever_drips_is_given_up(target: Target) -> None:
    port = target.stack.api.port

    with ThreadPoolExecutor(len(DRIPS)) as pool:
        answered = list(pool.map(lambda drip: _drip(port, drip[0], drip[1]), DRIPS.values()))

    assert HEAD_SECONDS < 30
    assert MAX_HEAD_BYTES < 65536
    for (kind, (_, _, statuses)), answers in zip(DRIPS.items(), answered, strict=True):
        assert [answer.status for answer in answers] == statuses, kind
