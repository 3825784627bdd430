"""Runs the fork server: a process of one thread that has loaded Pillow, and forks a decoder in milliseconds.

Started as `python -m services.worker.sandbox.child.forkserver`, with the socket to the worker as its standard input. A
worker itself must not fork, since it has threads. The fork server reads no image.
"""

import codecs
import gc
import os
import select
import signal
import socket
import sys
from collections.abc import Callable
from typing import Final

from common.errors import DarkroomError
from services.worker.decoding.image_header import configure_pillow
from services.worker.sandbox.channel import Channel, ChannelError, close_all
from services.worker.sandbox.child.confinement import confine, die_with_parent
from services.worker.sandbox.child.decode_server import serve
from services.worker.sandbox.messages import (
    MAX_PROFILE_BYTES,
    Configuration,
    Forked,
    Order,
    Ready,
    Reap,
    Reaped,
    Request,
)
from services.worker.sandbox.shared_frame import BYTES_PER_PIXEL

# Python loads a codec's module on its first use, and a confined decoder can load nothing any more.
_CODECS: Final = (
    "ascii",
    "latin-1",
    "utf-8",
    "utf-8-sig",
    "utf-16",
    "utf-16-be",
    "utf-16-le",
    "utf-32",
    "cp1252",
)

# A killed process is gone within milliseconds, unless the kernel waits for a disk on its behalf.
_REAP_MILLISECONDS: Final = 1000

Serve = Callable[[Channel[Request]], None]


def main(serve_requests: Serve = serve) -> None:
    """Fork decoders that run `serve_requests`, until the worker closes the socket or ends."""
    orders: Channel[Order] = Channel(socket.socket(fileno=os.dup(0)), Order)
    try:
        _serve_worker(orders, serve_requests)
    except ChannelError:
        return  # the worker has ended


def _serve_worker(orders: Channel[Order], serve_requests: Serve) -> None:
    configuration, _ = orders.receive()
    if not isinstance(configuration, Configuration):
        raise ChannelError("the first message is no configuration")
    die_with_parent(configuration.parent)
    # Whoever stops the worker, by a key or for the whole group, leaves its decoders to finish what it finishes.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    configure_pillow(configuration.limits)
    for name in _CODECS:
        codecs.lookup(name)
    gc.freeze()  # what is loaded stays shared with every decoder
    unreaped: set[int] = set()
    while True:
        _carry_out(orders, configuration, serve_requests, unreaped)


def _carry_out(
    orders: Channel[Order], configuration: Configuration, serve_requests: Serve, unreaped: set[int]
) -> None:
    order, files = orders.receive()
    if isinstance(order, Reap):
        unreaped.add(order.pid)
        orders.send(Reaped(_reap(order.pid, unreaped)))
        return
    parent, pid = os.getpid(), os.fork()
    if pid == 0:
        _run_decoder(parent, orders, files[0], configuration, serve_requests)
    close_all(files)
    pidfd = os.pidfd_open(pid)
    orders.send(Forked(pid), (pidfd,))
    os.close(pidfd)


def _reap(pid: int, unreaped: set[int]) -> int:
    """Return how a killed decoder ended. One that has not ended in time stays in `unreaped`, for the next call."""
    exit_code: int = -signal.SIGKILL
    _wait_ended(pid)
    for each in tuple(unreaped):
        try:
            ended, status = os.waitpid(each, os.WNOHANG)
        except ChildProcessError:  # the child of a fork server before this one, with which it died
            unreaped.discard(each)
            continue
        if ended:
            unreaped.discard(each)
        if ended == pid:
            exit_code = os.waitstatus_to_exitcode(status)
    return exit_code


def _wait_ended(pid: int) -> None:
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    poll.poll(_REAP_MILLISECONDS)
    os.close(pidfd)


def _run_decoder(
    parent: int, orders: Channel[Order], file: int, configuration: Configuration, serve_requests: Serve
) -> None:
    """Serve as a decoder, and never return: the caller would continue as a second fork server."""
    code = 1
    try:
        die_with_parent(parent)
        orders.close()
        _replace_standard_streams()
        channel: Channel[Request] = Channel(socket.socket(fileno=file), Request)
        frame_bytes = configuration.limits.max_pixels * BYTES_PER_PIXEL + MAX_PROFILE_BYTES
        confinement = confine(memory_bytes=configuration.memory_bytes, frame_bytes=frame_bytes)
        channel.send(Ready(confinement))
        serve_requests(channel)
        code = 0
    except DarkroomError:
        code = 2
    finally:
        os._exit(code)


def _replace_standard_streams() -> None:
    """Replace the standard streams: here standard input is the socket to the worker, and a decoder writes no log."""
    sys.stdin = sys.stdout = sys.stderr = None  # as in any process without a terminal
    null = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(null, number)
    os.close(null)


if __name__ == "__main__":
    main()
