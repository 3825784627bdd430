"""The HTTP protocol of uvicorn with what it lacks: a bound, in bytes and in seconds, on all that is not a body."""

import asyncio
from http import HTTPStatus
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from services.api.http.problem_codes import ProblemCode
from services.api.http.problems import PROBLEM_MEDIA_TYPE, encode_problem
from services.api.http.security_headers import SECURITY_HEADERS
from services.api.server.connections import ConnectionTracker, network_of
from services.api.server.pipelining import MAX_PIPELINED, PipeliningFlow, ReceivedBytes
from services.api.server.request_head import MAX_HEAD_BYTES, UpgradeIgnoringParser, find_host_fault

HEAD_SECONDS: Final = 10.0
LINGER_SECONDS: Final = 2.0  # for a client to finish talking
WRITE_BUFFER_BYTES: Final = 16 * 1024  # beyond what the kernel holds; more has a client that does not read
_TOO_LARGE: Final = f"the head of the request has more than {MAX_HEAD_BYTES} bytes"


class HardenedHttpProtocol(HttpToolsProtocol):
    """Closes connections whose request head (or chunk sizes, or trailers) never ends, in bytes or in time.

    So it does with those that drip what nobody waits for, between requests or after an answer, with those that do not
    read what they asked for, and with those of which there are too many: `tracker` is shared by all connections.
    Requests that come faster than they are answered wait unparsed, and the connection is not read meanwhile.
    """

    def __init__(self, *args: Any, tracker: ConnectionTracker, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._tracker = tracker
        self.parser: UpgradeIgnoringParser = UpgradeIgnoringParser(self)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._without_body = 0  # bytes since the last that belonged to a body
        self._in_head = True
        self._in_body = False
        self._refused = False
        self._received = ReceivedBytes()
        self._deadline: asyncio.TimerHandle | None = None
        self._stall_timer: asyncio.TimerHandle | None = None
        self._arm()
        super().connection_made(transport)
        self.flow = PipeliningFlow(transport, self._received)
        transport.set_write_buffer_limits(high=WRITE_BUFFER_BYTES)
        self._network = network_of(self.client[0]) if self.client else "unknown"
        fault = self._tracker.open(self._network)
        if fault:
            self._refuse(ProblemCode.TOO_MANY_CONNECTIONS, fault)
            if not self._tracker.may_linger:
                transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        self.cancel_stall_timer()
        self._tracker.close(self._network)
        self._received.clear()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._received.add(data)
        self._parse_received()

    def _parse_received(self) -> None:
        while self._received and not self._refused and not self.transport.is_closing():
            if len(self.pipeline) >= MAX_PIPELINED:
                self.flow.pause_reading()
                return
            self._parse(self._received.take(in_body=self._in_body))
        self._received.clear()

    def _parse(self, data: bytes) -> None:
        self._without_body += len(data)
        super().data_received(data)
        if self.transport.is_closing() or self._refused:
            return
        if self._without_body > MAX_HEAD_BYTES:
            self._refuse(ProblemCode.HEAD_TOO_LARGE, _TOO_LARGE)
        elif not self._answering():
            self._arm()  # these bytes have ended uvicorn's own wait for the next request, whatever they are

    def on_message_begin(self) -> None:
        self._in_head = True
        self._disarm()
        self._arm()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        # A head that came in one piece with its end was not counted yet.
        if len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers) > MAX_HEAD_BYTES:
            self._refuse(ProblemCode.HEAD_TOO_LARGE, _TOO_LARGE)
            raise ValueError(_TOO_LARGE)  # ends the parsing
        if self.parser.has_upgrade_offer():
            return
        fault = find_host_fault(self.headers, self.parser.get_http_version())
        if fault:
            self._refuse(ProblemCode.MALFORMED_REQUEST, fault)
            raise ValueError(fault)
        super().on_headers_complete()  # raises for an address that is none: still a matter of the head
        self._in_head, self._in_body = False, True
        self._disarm()

    def on_body(self, body: bytes) -> None:
        self._without_body = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        if self.parser.has_upgrade_offer():
            return
        self._without_body = 0
        self._in_body = False
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._parse_received()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stall_timer = self.loop.call_later(self._tracker.limits.stall_seconds, self.transport.abort)
        self._tracker.stall(self.transport)

    def resume_writing(self) -> None:
        self.cancel_stall_timer()
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        if not self._refused:
            self._refuse(ProblemCode.MALFORMED_REQUEST, msg)

    def _refuse(self, problem_code: ProblemCode, detail: str) -> None:
        """Answer below the application, which has not seen this request yet, or is no longer listening to it."""
        self._refused = True
        self._disarm()
        before = self._answering()
        if before and self._in_head:
            # An answer now would be taken for that to the request before, which is still being made.
            self.cycle.keep_alive = False
            return
        if before and (self.cycle.response_started or self.pipeline):
            self.transport.close()
            return
        if before:
            self.cycle.disconnected = True  # nobody hears the application any more
            self.cycle.message_event.set()
        self.transport.write(_answer(problem_code, detail))
        # A connection closed with bytes unread is reset, and the answer lost with it (RFC 9112, 9.6).
        self.transport.write_eof()
        self._deadline = self.loop.call_later(LINGER_SECONDS, self.transport.close)

    def _answering(self) -> bool:
        """Return whether the request that came last waits for its answer, or for the rest of it."""
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and not cycle.response_complete

    def on_head_timeout(self) -> None:
        self._deadline = None
        if self._in_head and not self.transport.is_closing():
            detail = f"the head of the request did not arrive within {HEAD_SECONDS:g} s"
            self._refuse(ProblemCode.HEAD_TIMEOUT, detail)
        else:
            self.transport.close()

    def _arm(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(HEAD_SECONDS, self.on_head_timeout)

    def _disarm(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def cancel_stall_timer(self) -> None:
        self._tracker.resume(self.transport)
        if self._stall_timer is not None:
            self._stall_timer.cancel()
            self._stall_timer = None


def _answer(problem_code: ProblemCode, detail: str) -> bytes:
    body = encode_problem(problem_code, detail)
    headers = {
        "content-type": PROBLEM_MEDIA_TYPE,
        "content-length": str(len(body)),
        "cache-control": "no-store",
        **SECURITY_HEADERS,
        "connection": "close",
    }
    phrase = HTTPStatus(problem_code.status).phrase
    lines = [
        f"HTTP/1.1 {problem_code.status} {phrase}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
